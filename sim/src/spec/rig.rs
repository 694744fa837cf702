//! The apparatus: pumps, streams, tube, plate, lights and spectrometers.

use std::collections::BTreeMap;

use flowtwin_lab::{Steps, path, travel_ul};
use serde::{Deserialize, Serialize};

/// The apparatus.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rig {
    /// Its name, as the manifest and reports show it.
    pub name: String,
    /// Temperature of the room [°C].
    #[serde(default = "room")]
    pub ambient_c: f64,
    /// The stream whose line counts in the residence time τ.
    pub timed_stream: String,
    /// The liquid all streams are made of, but for what is dissolved.
    pub liquid: super::Liquid,
    /// Syringe pumps, by name.
    pub pumps: BTreeMap<String, Pump>,
    /// Valves, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub valves: BTreeMap<String, super::Valve>,
    /// Mass-flow controllers that bring gases, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gases: BTreeMap<String, super::Gas>,
    /// Streams: pumps that join and share a line, by name.
    pub streams: BTreeMap<String, Stream>,
    /// The immiscible liquid, or the gas, between the slugs. Without one the liquid flows in one phase and disperses along the tube.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<super::Carrier>,
    /// Where streams and carrier meet and slugs form; needed with a carrier, refused without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segmentation: Option<super::Segmentation>,
    /// How well liquids mix that meet.
    #[serde(default)]
    pub mixing: Mixing,
    /// The tube behind the segmentation, stretch by stretch in the order of flow.
    pub tube: Vec<Stretch>,
    /// Heated plates, by name.
    #[serde(default)]
    pub heaters: BTreeMap<String, Heater>,
    /// Light sources, by name.
    #[serde(default)]
    pub lights: BTreeMap<String, Light>,
    /// Highest pressure that lines, fittings and syringes bear \[kPa\]. Conditions that would take more by an estimate for liquids at room
    /// temperature are no experiments.
    #[serde(default = "bears")]
    pub max_pressure_kpa: f64,
    /// Pressure behind the outlet \[kPa\]: that of the room, or of a back-pressure regulator. It decides where liquids boil.
    #[serde(default = "atmosphere", skip_serializing_if = "is_atmosphere")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 101.325)))]
    pub outlet_kpa: f64,
    /// Spectrometers, by name.
    #[serde(default)]
    pub spectrometers: BTreeMap<String, Spectrometer>,
    /// Instruments that take samples, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub analysers: BTreeMap<String, super::Analyser>,
    /// Sensors in the line, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sensors: BTreeMap<String, super::Sensor>,
    /// Switches that permit to run, by name: the rig is made safe when one of them opens.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub switches: BTreeMap<String, super::Switch>,
}

/// What the largest syringe holds \[mL\].
pub const LARGEST_SYRINGE_ML: f64 = 500.0;

/// A syringe pump with a full syringe, or a pump that draws from a bottle while it delivers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pump {
    /// The stock in its syringe.
    pub stock: String,
    /// Inner diameter of the syringe \[mm\]; left out of a pump that is `continuous`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bore_mm: Option<f64>,
    /// Volume in the syringe at the start of the run \[mL\], 500 at most; or in the bottle of a pump that is `continuous`.
    pub fill_ml: f64,
    /// What makes it a pump that is not emptied: an HPLC, gear or peristaltic pump, which draws from a bottle while it delivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuous: Option<super::Continuous>,
    /// Travel of the lead screw in one turn \[mm\].
    #[serde(default = "lead")]
    pub lead_mm: f64,
    /// Time constant of syringe and tube, as they give way to pressure \[s\].
    #[serde(default = "compliance")]
    pub compliance_s: f64,
    /// Slowest travel of the plunger [µm/min].
    #[serde(default = "slowest")]
    pub slowest_um_per_min: f64,
    /// Fastest travel of the plunger [mm/min].
    #[serde(default = "fastest")]
    pub fastest_mm_per_min: f64,
    /// Force at which its drive stalls \[N\], unknown if not given. With the bore it gives the pressure that the pump can build up: see
    /// `guard.max_pressure_kpa`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thrust_n: Option<f64>,
    /// Most digits of a volume that it takes and tells, with at most three behind the point; not rounded so if not given. In mL
    /// where the volume of a run has no room in µL. A New Era pump has 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<u32>,
    /// What it counts in, if it counts steps of its motor, as Cavro and Hamilton pumps do: its rates and volumes are whole numbers
    /// of these. Not together with `digits`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<PumpSteps>,
    /// What it delivers of what it is told [%]. So are rigs that have moved: the campaign does not know.
    #[serde(default = "hundred", skip_serializing_if = "is_hundred")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 100.0)))]
    pub delivers_percent: f64,
    /// How it refills itself in mid-campaign, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refill: Option<super::PumpRefill>,
}

impl Pump {
    /// The bore of its syringe \[mm\]; 0 of a pump that has none.
    pub(crate) fn syringe_bore_mm(&self) -> f64 {
        self.bore_mm.filter(|_| self.continuous.is_none()).unwrap_or_default()
    }

    /// Volume after which the ripple of its flow repeats \[µL\]: of a turn of the screw, or a stroke.
    pub fn turn_ul(&self) -> f64 {
        match &self.continuous {
            Some(head) => head.stroke_ul,
            None => self.lead_mm * ul_per_mm(self.syringe_bore_mm()),
        }
    }

    /// Its slowest and fastest rate [µL/min].
    pub(crate) fn rates_ul_per_min(&self) -> [f64; 2] {
        if let Some(head) = &self.continuous {
            return [head.slowest_ul_per_min, head.fastest_ul_per_min];
        }
        let area = ul_per_mm(self.syringe_bore_mm());
        [1e-3 * self.slowest_um_per_min * area, 1e3 * self.fastest_mm_per_min * 1e-3 * area]
    }

    /// Pressure at which it stalls \[kPa\], where that is known.
    pub(crate) fn stall_kpa(&self) -> Option<f64> {
        match &self.continuous {
            Some(head) => head.max_kpa,
            None => self.thrust_n.map(|newtons| 1e3 * newtons / ul_per_mm(self.syringe_bore_mm())),
        }
    }

    /// The key of a pump with a syringe that says something else than its default, though this pump has none.
    pub(crate) fn of_a_syringe(&self) -> Option<&'static str> {
        self.continuous.as_ref()?;
        let is_other = |value: f64, default: f64| value.to_bits() != default.to_bits();
        let given = [
            ("bore_mm", self.bore_mm.is_some()),
            ("lead_mm", is_other(self.lead_mm, lead())),
            ("slowest_um_per_min", is_other(self.slowest_um_per_min, slowest())),
            ("fastest_mm_per_min", is_other(self.fastest_mm_per_min, fastest())),
            ("thrust_n", self.thrust_n.is_some()),
            ("steps", self.steps.is_some()),
            ("refill", self.refill.is_some()),
        ];
        given.into_iter().find_map(|(key, is_given)| is_given.then_some(key))
    }
}

/// What a millimetre of the plunger's travel displaces \[µL\]: the area of the bore in mm².
fn ul_per_mm(bore_mm: f64) -> f64 {
    travel_ul(bore_mm, 1e3)
}

/// What a pump counts in that counts steps of its motor. With the bore they give µL and µL/min.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PumpSteps {
    /// Travel of the plunger in one step \[µm\].
    pub um: f64,
    /// The unit of its speed, as travel of the plunger [µm/s].
    pub um_per_s: f64,
}

impl PumpSteps {
    /// What they are with a syringe of this bore \[mm\].
    pub(crate) fn of(&self, bore_mm: f64) -> Steps {
        Steps::of(bore_mm, self.um, self.um_per_s)
    }
}

/// Pumps that meet in a junction and flow through one line to the segmentation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// The pumps that feed it.
    pub pumps: Vec<String>,
    /// The stretch of tube before which it joins what already flows there: a second injection, a quench, a dilution. At the
    /// head of the tube, with the other streams, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joins: Option<String>,
    /// Dead volume of the junction, well mixed \[µL\].
    #[serde(default = "junction")]
    pub junction_ul: f64,
    /// Inner diameter of the line \[mm\].
    pub bore_mm: f64,
    /// Volume of the line at room temperature \[µL\].
    pub cold_ul: f64,
    /// Volume of the line on the heated plate, after the cold part \[µL\].
    #[serde(default)]
    pub hot_ul: f64,
    /// The heater the hot part lies on.
    #[serde(default)]
    pub heater: Option<String>,
    /// Time constant of heat from the plate to the liquid \[s\].
    #[serde(default = "heating")]
    pub heating_s: f64,
    /// Factor on molecular diffusion across the line by static mixers.
    #[serde(default = "radial_enhancement")]
    pub radial_enhancement: f64,
    /// Hydrodynamic radius of what is dissolved (Stokes–Einstein) \[nm\].
    #[serde(default = "hydrodynamic_radius")]
    pub hydrodynamic_radius_nm: f64,
}

/// Mixing of liquids that meet: as a time constant that competes with reactions, or as an effectiveness of slugs,
/// η = 1 − exp(−(Q/Q* · L0/L)ⁿ), on all rates. Q is the total flow of slugs and carrier, L the length of the slug, L0 that of one
/// whose flow equals its carrier's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Mixing {
    /// Flow Q* [µL/min]; 0 is perfect mixing.
    pub flow_ul_per_min: f64,
    /// Exponent n.
    pub power: f64,
    /// Time constant τ with which liquids mix where they meet, in slugs and in a single liquid, at a flow of `at_ul_per_min`
    /// \[s\]; 0 is at once. Above 0, `[[chemistry.reactions]]` wait for it, and η does not count for them.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub time_s: f64,
    /// The flow at which `time_s` holds [µL/min]: τ goes as 1/Qᵐ, and as the length of slugs …
    #[serde(skip_serializing_if = "is_600")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 600.0)))]
    pub at_ul_per_min: f64,
    /// … with this exponent m; 1 is a number of circulations in slugs.
    #[serde(skip_serializing_if = "is_one")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 1.0)))]
    pub time_power: f64,
}

impl Default for Mixing {
    fn default() -> Self {
        Self {
            flow_ul_per_min: 260.0,
            power: 1.5,
            time_s: 0.0,
            at_ul_per_min: 600.0,
            time_power: 1.0,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_600(flow: &f64) -> bool {
    flow.to_bits() == 600.0_f64.to_bits()
}

/// A stretch of the tube behind the segmentation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Its name.
    pub name: String,
    /// Inner diameter \[mm\].
    pub bore_mm: f64,
    /// Volume at room temperature \[µL\]; of the empty tube, where it holds a bed.
    pub volume_ul: f64,
    /// Whether the reaction goes on in it, and time in it is reaction time; default false.
    #[serde(default)]
    pub reacts: bool,
    /// The heater it lies on; in the room if there is none.
    #[serde(default)]
    pub heater: Option<String>,
    /// Time constant of heat between liquid and surroundings \[s\].
    pub heat_s: f64,
    /// Whether it is a stirred tank, ideally mixed; default false. For rigs without a carrier.
    #[serde(default, skip_serializing_if = "super::is_false")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub tank: bool,
    /// The bed of particles that it is packed with, if any. For rigs without a carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bed: Option<Bed>,
    /// Péclet number u L/D of the stretch, where it has been measured. By default it is that of laminar flow in a round tube (Taylor 1953;
    /// Aris 1956), or of a bed (Chung and Wen 1968). For rigs without a carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peclet: Option<f64>,
    /// Factor on molecular diffusion across the tube by coils and static mixers. For rigs without a carrier.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 1.0)))]
    pub radial_enhancement: f64,
    /// Hydrodynamic radius of what is dissolved (Stokes–Einstein) \[nm\]. For rigs without a carrier.
    #[serde(default = "hydrodynamic_radius", skip_serializing_if = "is_hydrodynamic_radius")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.6)))]
    pub hydrodynamic_radius_nm: f64,
}

impl Stretch {
    /// Volume that is left to the liquid \[µL\].
    pub(crate) fn liquid_ul(&self) -> f64 {
        self.bed.as_ref().map_or(1.0, |bed| bed.void) * self.volume_ul
    }
}

/// A bed of particles that fills a stretch. Liquid flows between them: residence and reaction times count the void. Rates of reactions on
/// the particles are those for each volume of liquid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bed {
    /// Diameter of the particles \[µm\].
    pub particle_um: f64,
    /// Share of the volume that is left to the liquid; spheres that were poured leave 0.36 to 0.44.
    #[serde(default = "void")]
    pub void: f64,
}

impl Bed {
    /// The bed as the laws of beds know it.
    pub fn packed(&self) -> path::Bed {
        path::Bed { particle_um: self.particle_um, void: self.void }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_atmosphere(kpa: &f64) -> bool {
    kpa.to_bits() == atmosphere().to_bits()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(factor: &f64) -> bool {
    factor.to_bits() == one().to_bits()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_hydrodynamic_radius(nm: &f64) -> bool {
    nm.to_bits() == hydrodynamic_radius().to_bits()
}

/// A heated plate: C dT/dt = P u − UA (T − Ta) − what the liquid takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Heater {
    /// Heat capacity [J/K].
    #[serde(default = "heat_capacity")]
    pub heat_capacity_j_per_k: f64,
    /// Loss to the room [W/K].
    #[serde(default = "heat_loss")]
    pub loss_w_per_k: f64,
    /// Full power \[W\].
    #[serde(default = "full_power")]
    pub power_w: f64,
    /// Lag of the sensor \[s\].
    #[serde(default = "two")]
    pub sensor_s: f64,
    /// Dead time between power and plate \[s\].
    #[serde(default = "dead_time")]
    pub dead_s: f64,
    /// Proportional band of the controller \[K\].
    #[serde(default = "proportional_band")]
    pub proportional_band_k: f64,
    /// Integral time \[s\].
    #[serde(default = "integral_time")]
    pub integral_s: f64,
    /// Derivative time \[s\].
    #[serde(default = "derivative_time")]
    pub derivative_s: f64,
    /// Lowest set point [°C].
    #[serde(default = "lowest_set_point")]
    pub low_c: f64,
    /// Highest set point [°C].
    #[serde(default = "highest_set_point")]
    pub high_c: f64,
    /// The set point that is safe unattended [°C]; from `low_c` to `high_c`.
    #[serde(default = "safe_set_point")]
    pub safe_c: f64,
    /// Temperature at which the instrument's own limit cuts the power for good [°C].
    #[serde(default = "limit")]
    pub limit_c: f64,
    /// By how much the heated zone is hotter than its sensor reads \[K\]. So are rigs that have moved: the
    /// campaign does not know.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub above_sensor_k: f64,
}

/// A light that can be switched or shuttered: one or more sources that fluctuate on their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Light {
    /// What shines in it.
    pub sources: Vec<LightSource>,
    /// Its light, all sources alike, in parts of what `counts` say [%]. So are rigs that have moved: the
    /// campaign does not know.
    #[serde(default = "hundred", skip_serializing_if = "is_hundred")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 100.0)))]
    pub brightness_percent: f64,
}

/// One lamp or diode of a light.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LightSource {
    /// Signal at the maximum of its spectrum, through a clear cell, in one reference integration \[counts\]. Where the light excites
    /// emission it only scatters: see `optics.scatter`.
    pub counts: f64,
    /// Its spectrum, relative to the maximum.
    pub spectrum: super::Shape,
    /// Narrow lines that stand on it, as of a deuterium lamp. They show in the light itself, and excite nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SpectralLine>,
}

/// A line that is much narrower than the slit of any spectrometer: it shows as wide as the slit, and with its area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SpectralLine {
    /// Where it is \[nm\].
    pub at_nm: f64,
    /// Its area, in parts of the maximum of the spectrum, times nanometres: through a slit of 1 nm it is 0.94 times as high \[nm\].
    pub area_nm: f64,
}

/// A spectrometer looking at one stretch of the tube.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Spectrometer {
    /// The stretch it looks at, in the middle of its length.
    pub cell: String,
    /// The light it works with.
    pub light: String,
    /// What it sees.
    pub signal: Signal,
    /// Number of pixels.
    pub pixels: usize,
    /// Wavelength of pixel i \[nm\]: c0 + c1·i + c2·i² + c3·i³, as the instrument stores them;
    /// ascending.
    pub wavelength_coefficients: [f32; 4],
    /// Width of the slit function, full width at half maximum \[nm\].
    pub slit_nm: f64,
    /// Dark offset \[counts\].
    #[serde(default = "offset")]
    pub offset_counts: f64,
    /// Electrons for one count.
    #[serde(default = "gain")]
    pub electrons_per_count: f64,
    /// Largest count.
    #[serde(default = "full_scale")]
    pub full_scale: u16,
    /// Loss of sensitivity towards full scale, in parts of the signal [%].
    #[serde(default = "nonlinearity")]
    pub nonlinearity_percent: f64,
    /// Stray light, in parts of the mean signal [%].
    #[serde(default = "stray")]
    pub stray_percent: f64,
    /// Light of half the wavelength that the grating shows in second order, in parts of it [%]. It has no order-sorting filter then.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub second_order_percent: f64,
    /// Differences of sensitivity between pixels, standard deviation [%]. They stay as they are for the whole run.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub fixed_pattern_percent: f64,
    /// Fringes of thin films before the detector, amplitude [%] …
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub etalon_percent: f64,
    /// … and the optical thickness of the film, n d, which makes fringes every λ²/2nd \[µm\].
    #[serde(default = "film", skip_serializing_if = "is_film")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 10.0)))]
    pub etalon_um: f64,
    /// Dark signal at 25 °C [counts/s]. It doubles every 7 K of `ambient_c`, and has its own noise.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub dark_counts_per_s: f64,
    /// Number of hot pixels, spread at random …
    #[serde(default, skip_serializing_if = "is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0)))]
    pub hot_pixels: usize,
    /// … and how many times the dark signal of the others they have.
    #[serde(default = "hundred", skip_serializing_if = "is_hundred")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 100.0)))]
    pub hot_factor: f64,
    /// By how much its pixels show light of a longer wavelength than the coefficients say \[nm\]. So are rigs that have moved: the
    /// campaign does not know.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub wavelength_offset_nm: f64,
    /// What of a pixel is read together with the next one, as by an amplifier that is not quite fast enough [%]: neighbouring pixels
    /// then have noise in common.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub pixel_lag_percent: f64,
    /// Integration time at which `counts` of lights and emission hold \[ms\].
    #[serde(default = "reference_integration")]
    pub reference_integration_ms: f64,
    /// Shortest integration time \[ms\].
    #[serde(default = "shortest_integration")]
    pub shortest_integration_ms: f64,
    /// Longest integration time \[ms\].
    #[serde(default = "longest_integration")]
    pub longest_integration_ms: f64,
}

/// What reaches a spectrometer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Signal {
    /// The light itself, straight through the cell: absorbance.
    Transmission,
    /// Emission and scattered excitation, at a right angle.
    Emission,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(value: &f64) -> bool {
    value.to_bits() == 0.0_f64.to_bits()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_film(um: &f64) -> bool {
    um.to_bits() == film().to_bits()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_hundred(factor: &f64) -> bool {
    factor.to_bits() == hundred().to_bits()
}

defaults! {
    room: f64 = 23.0;
    bears: f64 = 1000.0;
    atmosphere: f64 = 101.325;
    void: f64 = 0.4;
    lead: f64 = 1.0;
    compliance: f64 = 2.0;
    slowest: f64 = 0.75;
    fastest: f64 = 178.2;
    junction: f64 = 1.0;
    heating: f64 = 1.6;
    radial_enhancement: f64 = 5.0;
    hydrodynamic_radius: f64 = 0.6;
    one: f64 = 1.0;
    two: f64 = 2.0;
    heat_capacity: f64 = 1800.0;
    heat_loss: f64 = 2.5;
    full_power: f64 = 450.0;
    dead_time: f64 = 8.0;
    proportional_band: f64 = 8.0;
    integral_time: f64 = 180.0;
    derivative_time: f64 = 4.0;
    lowest_set_point: f64 = 15.0;
    highest_set_point: f64 = 200.0;
    safe_set_point: f64 = 25.0;
    limit: f64 = 230.0;
    offset: f64 = 1357.0;
    gain: f64 = 2.4;
    full_scale: u16 = 65_535;
    nonlinearity: f64 = 0.5;
    stray: f64 = 0.05;
    film: f64 = 10.0;
    hundred: f64 = 100.0;
    reference_integration: f64 = 20.0;
    shortest_integration: f64 = 6.0;
    longest_integration: f64 = 10_000.0;
}
