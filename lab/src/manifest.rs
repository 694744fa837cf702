//! What a lab consists of, with its limits.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::id::{AnalyserId, HeaterId, LightId, PumpId, SensorId, SpectrometerId, ValveId};
use crate::math;
use crate::path::{FlowPath, Standard};
use crate::steps::Steps;

/// What is installed. The simulator and the rig built from one scenario give the same manifest, but for
/// `simulated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the rig.
    pub rig: String,
    /// Whether results are simulated, believed or looked up: not measured by this run. Everything made from them is marked.
    pub simulated: bool,
    /// How the lab is driven.
    pub level: Level,
    /// How many experiments it can have under way, where they are asked for by number ([`crate::Command::Request`]); none where
    /// they are done one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<NonZeroU32>,
    /// Pumps.
    pub pumps: Vec<PumpInfo>,
    /// Valves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub valves: Vec<ValveInfo>,
    /// Heated zones.
    pub heaters: Vec<HeaterInfo>,
    /// Light sources.
    pub lights: Vec<LightInfo>,
    /// Spectrometers.
    pub spectrometers: Vec<SpectrometerInfo>,
    /// Instruments that take samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub analysers: Vec<AnalyserInfo>,
    /// What can be read.
    pub sensors: Vec<SensorInfo>,
    /// The way of the liquid, for residence times.
    pub path: FlowPath,
}

impl Manifest {
    /// The manifest of a lab that does whole experiments by itself, where nothing else is known.
    pub fn of_experiments(rig: impl Into<String>) -> Self {
        Self {
            rig: rig.into(),
            simulated: true,
            level: Level::Experiments,
            at_once: None,
            pumps: Vec::new(),
            valves: Vec::new(),
            heaters: Vec::new(),
            lights: Vec::new(),
            spectrometers: Vec::new(),
            analysers: Vec::new(),
            sensors: Vec::new(),
            path: FlowPath::default(),
        }
    }
}

/// How a lab is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// By commands to instruments; the procedure is ours.
    Instruments,
    /// By whole experiments ([`crate::Command::Begin`]); the procedure is the lab's own.
    Experiments,
}

/// A pump.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PumpInfo {
    /// Its name.
    pub name: PumpId,
    /// The stock in its syringe or bottle.
    pub stock: String,
    /// Inner diameter of the syringe \[mm\]; 0 where there is none.
    pub bore_mm: f64,
    /// Volume in the syringe or bottle, or standard volume in the cylinder of a gas, at the start of the run \[mL\].
    pub fill_ml: f64,
    /// Slowest rate it can run at [µL/min].
    pub min_ul_per_min: f64,
    /// Fastest rate [µL/min].
    pub max_ul_per_min: f64,
    /// Pressure at which it stalls \[kPa\]: of a syringe pump the thrust over the area of the plunger; none if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_kpa: Option<f64>,
    /// What it counts in, if it counts steps of its motor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// How it refills itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refill: Option<RefillInfo>,
    /// Conditions at which it counts volumes, if it is a mass-flow controller of a gas: it has no syringe then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas: Option<Standard>,
}

impl PumpInfo {
    /// Whether it has a syringe: mass-flow controllers and pumps that draw from a bottle while they deliver have none.
    pub fn has_syringe(&self) -> bool {
        self.bore_mm > 0.0
    }

    /// The rate nearest to this one that it can run at, as it is told [µL/min].
    pub fn nearest_ul_per_min(&self, rate: f64) -> f64 {
        let rate = math::round_decimals(rate, 6);
        self.steps.map_or(rate, |steps| {
            steps.nearest_ul_per_min(rate, (self.min_ul_per_min, self.max_ul_per_min))
        })
    }
}

/// How a syringe pump refills itself: its valve is turned to a bottle, and it draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefillInfo {
    /// The valve between syringe, bottle and line.
    pub valve: ValveId,
    /// The position in which the syringe is at the bottle.
    pub at: String,
    /// How fast it draws [µL/min].
    pub ul_per_min: f64,
    /// Time after drawing in which the liquid comes to rest, before the valve is turned back \[s\].
    pub settle_s: f64,
    /// Volume in the bottle at the start of the run \[mL\]; none: nobody keeps count of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bottle_ml: Option<f64>,
}

/// A valve that is turned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValveInfo {
    /// Its name.
    pub name: ValveId,
    /// Its positions, in the order of its ports.
    pub positions: Vec<Position>,
    /// Longest time in which it turns \[s\].
    pub turns_s: f64,
}

/// A position of a valve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Its name.
    pub name: String,
    /// The pumps whose way to the rig is open in it. The others of this valve press against a closed way.
    pub opens: Vec<PumpId>,
}

impl ValveInfo {
    /// The number of a position, from 0.
    pub fn number(&self, position: &str) -> Option<usize> {
        self.positions.iter().position(|known| known.name == position)
    }

    /// Whether the way of a pump leads through this valve.
    pub fn is_in_the_way_of(&self, pump: &PumpId) -> bool {
        self.positions.iter().any(|position| position.opens.contains(pump))
    }

    /// Those of these pumps whose ways lead through this valve.
    pub(crate) fn those_through(&self, pumps: &[PumpId]) -> Vec<PumpId> {
        pumps.iter().filter(|pump| self.is_in_the_way_of(pump)).cloned().collect()
    }

    /// The first position that opens the ways of all these pumps.
    pub fn opening(&self, pumps: &[PumpId]) -> Option<&Position> {
        let opens = |position: &&Position| pumps.iter().all(|pump| position.opens.contains(pump));
        self.positions.iter().find(opens)
    }
}

/// A heated zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeaterInfo {
    /// Its name.
    pub name: HeaterId,
    /// Lowest set point [°C].
    pub low_c: f64,
    /// Highest set point [°C].
    pub high_c: f64,
    /// The set point that is safe unattended [°C].
    pub safe_c: f64,
    /// Whether it is simulated without noise: its reading may then stand still to the last digit. Says nothing of a rig.
    #[serde(default, skip_serializing_if = "crate::observation::is_false")]
    pub still: bool,
}

/// A light source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LightInfo {
    /// Its name.
    pub name: LightId,
}

/// A spectrometer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpectrometerInfo {
    /// Its name.
    pub name: SpectrometerId,
    /// Number of pixels.
    pub pixels: usize,
    /// Wavelength of pixel i \[nm\]: c0 + c1·i + c2·i² + c3·i³; coefficients as the instrument stores them.
    pub wavelength_coefficients: [f32; 4],
    /// Largest count.
    pub full_scale: u16,
    /// Shortest integration time \[µs\].
    pub min_integration_us: u32,
    /// Longest integration time \[µs\].
    pub max_integration_us: u32,
    /// Its response is n0 + n1·c + n2·c² + …, with c the counts above dark, and c over that what a linear one would count;
    /// coefficients as the instrument stores them, none where it is linear.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nonlinearity: Vec<f32>,
}

impl SpectrometerInfo {
    /// What a linear detector would have counted where this one counts `counts` above dark.
    pub fn linear(&self, counts: f64) -> f64 {
        if self.nonlinearity.is_empty() {
            return counts;
        }
        let response =
            self.nonlinearity.iter().rev().fold(0.0, |sum, &n| sum * counts + f64::from(n));
        counts / response
    }

    /// Wavelengths of all pixels \[nm\].
    pub fn wavelengths_nm(&self) -> Vec<f64> {
        let [c0, c1, c2, c3] = self.wavelength_coefficients.map(f64::from);
        (0..self.pixels)
            .map(|i| {
                let p = i as f64;
                c0 + p * (c1 + p * (c2 + p * c3))
            })
            .collect()
    }
}

/// An instrument that takes samples and analyses them, one at a time: HPLC, GC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalyserInfo {
    /// Its name.
    pub name: AnalyserId,
    /// The species that it finds, in the order of its results.
    pub species: Vec<String>,
    /// Time from the injection to the results \[s\].
    pub run_s: f64,
}

/// Something that can be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorInfo {
    /// Its name, such as `plate.temperature`.
    pub name: SensorId,
    /// What it measures, and of which instrument.
    pub kind: SensorKind,
}

/// What a sensor measures. The unit of its reading follows from this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorKind {
    /// Temperature of a heated zone [°C].
    Temperature(HeaterId),
    /// Output power of a heater [%].
    Power(HeaterId),
    /// Status of a pump: 0 stopped, 1 running, 2 paused, 3 delayed, 4 stalled.
    Status(PumpId),
    /// Volume a pump has delivered since its last `Dispense`, or drawn since its last `Withdraw` \[µL\], to 1e-4 µL as the
    /// pump reports it.
    Dispensed(PumpId),
    /// A switch that reads 1 while it is safe to run (door closed, emergency stop released), else 0.
    Permit,
    /// A switch that reads 1 while a leak sensor is dry, else 0.
    Leak,
    /// What a sensor in the line measures of the liquid there.
    Probe(Probe),
}

/// What a sensor in the line measures of the liquid there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Probe {
    /// Concentration of this species \[mM\], as of infrared or NMR.
    Concentration(String),
    /// Pressure above that of the room \[kPa\].
    Pressure,
    /// Temperature [°C].
    Temperature,
    /// Electrical conductivity [mS/cm].
    Conductivity,
    /// Flow of what these pumps deliver together [µL/min].
    Flow(Vec<PumpId>),
    /// Volume in a bottle \[mL\].
    Level,
    /// Mass on a balance \[g\].
    Mass,
}

impl Probe {
    /// Unit of the readings.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Concentration(_) => "mM",
            Self::Pressure => "kPa",
            Self::Temperature => "°C",
            Self::Conductivity => "mS/cm",
            Self::Flow(_) => "µL/min",
            Self::Level => "mL",
            Self::Mass => "g",
        }
    }
}

impl SensorKind {
    /// Whether it is a switch that permits to run: it reads 1 while that is so.
    pub fn is_switch(&self) -> bool {
        matches!(self, Self::Permit | Self::Leak)
    }

    /// Unit of the readings.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Temperature(_) => "°C",
            Self::Power(_) => "%",
            Self::Dispensed(_) => "µL",
            Self::Status(_) | Self::Permit | Self::Leak => "",
            Self::Probe(probe) => probe.unit(),
        }
    }
}

impl Manifest {
    /// Each stock, in the order of the pumps, and what its syringes hold together at the start of a run \[mL\].
    pub fn filled_ml(&self) -> Vec<(&str, f64)> {
        let mut filled: Vec<(&str, f64)> = Vec::new();
        for pump in &self.pumps {
            match filled.iter_mut().find(|(stock, _)| *stock == pump.stock) {
                Some((_, ml)) => *ml += pump.fill_ml,
                None => filled.push((&pump.stock, pump.fill_ml)),
            }
        }
        filled
    }

    /// The pump with this name.
    pub fn pump(&self, name: &PumpId) -> Option<&PumpInfo> {
        self.pumps.iter().find(|p| p.name == *name)
    }

    /// The valve with this name.
    pub fn valve(&self, name: &ValveId) -> Option<&ValveInfo> {
        self.valves.iter().find(|v| v.name == *name)
    }

    /// The first valve no position of which opens the ways of all of these pumps that lead through it, in words; none where
    /// they can flow together.
    pub fn shuts(&self, pumps: &[PumpId]) -> Option<String> {
        self.valves.iter().find_map(|valve| {
            let through = valve.those_through(pumps);
            if valve.opening(&through).is_some() {
                return None;
            }
            let names: Vec<&str> = through.iter().map(PumpId::as_str).collect();
            let (valve, names) = (&valve.name, names.join(" and "));
            Some(format!("no position of valve {valve} opens the ways of {names} together"))
        })
    }

    /// The heater with this name.
    pub fn heater(&self, name: &HeaterId) -> Option<&HeaterInfo> {
        self.heaters.iter().find(|h| h.name == *name)
    }

    /// The spectrometer with this name.
    pub fn spectrometer(&self, name: &SpectrometerId) -> Option<&SpectrometerInfo> {
        self.spectrometers.iter().find(|s| s.name == *name)
    }

    /// The analyser with this name.
    pub fn analyser(&self, name: &str) -> Option<&AnalyserInfo> {
        self.analysers.iter().find(|a| a.name.as_str() == name)
    }

    /// The sensor of this kind.
    pub fn sensor(&self, kind: &SensorKind) -> Option<&SensorId> {
        self.sensors.iter().find(|s| s.kind == *kind).map(|s| &s.name)
    }
}
