//! One instrument of a program, as the bench drives it.

use flowtwin_lab::{
    Exposure, FaultKind, FlowRate, Frames, Span, SpectrometerInfo, Temperature, Volume,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{SharedProgram, identity, of, value};
use crate::codec::program::{Kind, MODE, Request, STATUS, What, Who};
use crate::driver::delivery;
use crate::instrument::{
    Analyser, Heater, Identity, Light, Permit, Probe, Pump, Spectrometer, Valve,
};
use crate::transport::{garbled, read_again};

/// Relative difference of a rate, and distance of a set point [K], that are the same.
const SAME: (f64, f64) = (1e-3, 0.1);

/// What a pump is moved by, so that a person sees which it is [µL] [µL/min].
const NUDGE: (f64, f64) = (10.0, 1000.0);
/// An instrument of a program.
#[derive(Clone, Debug)]
pub struct ProgramPart {
    program: SharedProgram,
    name: String,
    kind: Kind,
    bore_mm: Option<f64>,
    exposure: Option<Exposure>,
    /// Number of species that an analyser should find.
    species: Option<usize>,
}

impl ProgramPart {
    /// The instrument `name` of a program.
    pub fn new(program: SharedProgram, name: impl Into<String>, kind: Kind) -> Self {
        let name = name.into();
        Self { program, name, kind, bore_mm: None, exposure: None, species: None }
    }

    /// The same pump with a syringe of this bore \[mm\].
    #[must_use]
    pub fn with_bore(self, bore_mm: Option<f64>) -> Self {
        Self { bore_mm, ..self }
    }

    /// The same analyser, which should find this many species.
    #[must_use]
    pub(crate) fn with_species(self, species: Option<usize>) -> Self {
        Self { species, ..self }
    }

    /// Who it is.
    ///
    /// # Errors
    /// If it does not answer as such an instrument does.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        self.met(identity)
    }

    fn meet(&self) -> Result<(), FaultKind> {
        self.met(|_| ())
    }

    fn met<T>(&self, look: impl FnOnce(&Who) -> T) -> Result<T, FaultKind> {
        let mut program = self.program.borrow_mut();
        program.meet(&self.name, self.kind, self.bore_mm).map(look)
    }

    fn tell(&self, request: Request) -> Result<(), FaultKind> {
        self.meet()?;
        self.program.borrow_mut().ask(&self.name, request).map(drop)
    }

    /// Sends what makes safe at once, and asks afterwards who has heard it: whatever is there must not heat, run or shine.
    fn calm(&self, request: Request) -> Result<(), FaultKind> {
        let heard = self.program.borrow_mut().ask(&self.name, request.clone());
        match heard {
            Ok(_) => self.meet(),
            Err(kind @ (FaultKind::NoReply { .. } | FaultKind::LinkLost { .. })) => Err(kind),
            // A program may have to be asked who it is before anything else.
            Err(_) => self.tell(request),
        }
    }

    fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, FaultKind> {
        self.meet()?;
        of(self.program.borrow_mut().ask(&self.name, request)?)
    }

    /// Asks again where the answer is lost: only for what changes nothing.
    fn read<T: DeserializeOwned>(&self, what: What) -> Result<T, FaultKind> {
        if !self.met(|who| who.reads.contains(&what))? {
            let detail = format!("this program does not read {what}");
            return Err(FaultKind::Unsupported { detail });
        }
        value(self.ask_again(&Request::Read { what })?, what)
    }

    /// Asks again where the answer is lost. A program that was started again meanwhile is asked first who it is.
    fn ask_again(&self, request: &Request) -> Result<Map<String, Value>, FaultKind> {
        read_again(|| {
            self.meet()?;
            self.program.borrow_mut().ask(&self.name, request.clone())
        })
    }

    fn number(&self, what: What) -> Result<f64, FaultKind> {
        let number: f64 = self.read(what)?;
        let is_number = number.is_finite();
        is_number
            .then_some(number)
            .ok_or_else(|| garbled(format!("{number} is not a value of {what}")))
    }

    /// The place of a word that is read in a list of words.
    fn word(&self, what: What, words: &[&str]) -> Result<u8, FaultKind> {
        let word: String = self.read(what)?;
        let place = words.iter().position(|known| *known == word).and_then(|at| at.try_into().ok());
        place.ok_or_else(|| garbled(format!("{word:?} is none of {}", words.join(", "))))
    }

    /// Refuses what is outside the limits of the instrument, before anything is sent.
    fn check(&self, key: &str, value: f64, unit: &str) -> Result<(), FaultKind> {
        let limits = self.met(|who| who.limits.get(key).copied())?;
        let Some([low, high]) = limits.filter(|[low, high]| !(*low..=*high).contains(&value))
        else {
            return Ok(());
        };
        let (quantity, unit) = (key.to_owned(), unit.to_owned());
        Err(FaultKind::OutOfRange { quantity, value, low, high, unit })
    }

    /// Whether the instrument keeps what it was set to, where it can tell.
    fn keeps(&self, what: What, asked: f64, within: f64, unit: &str) -> Result<(), FaultKind> {
        let kept = match self.number(what) {
            Err(FaultKind::Unsupported { .. }) => return Ok(()),
            kept => kept?,
        };
        if (kept - asked).abs() <= within {
            return Ok(());
        }
        let (quantity, unit) = (what.to_string(), unit.to_owned());
        Err(FaultKind::KeptOther { quantity, asked, kept, unit })
    }

    /// Whether a controller is in this mode, where it can tell.
    fn is_in_mode(&self, mode: &str) -> Result<(), FaultKind> {
        let kept: String = match self.read(What::Mode) {
            Err(FaultKind::Unsupported { .. }) => return Ok(()),
            kept => kept?,
        };
        if kept == mode {
            return Ok(());
        }
        Err(FaultKind::Refused { detail: format!("its mode is {kept}, not {mode}") })
    }
}

impl Pump for ProgramPart {
    fn get_ready(&mut self) -> Result<(), FaultKind> {
        self.meet()
    }

    fn dispense(&mut self, rate: FlowRate, at_most: Volume) -> Result<(), FaultKind> {
        let (rate_ul_per_min, volume_ul) = (rate.ul_per_min(), at_most.ul());
        if rate_ul_per_min <= 0.0 {
            return self.stop();
        }
        self.check("rate_ul_per_min", rate_ul_per_min, "µL/min")?;
        self.check("volume_ul", volume_ul, "µL")?;
        self.tell(Request::Dispense { rate_ul_per_min, volume_ul })?;
        delivery::runs(self, at_most)?;
        self.keeps(What::RateUlPerMin, rate_ul_per_min, SAME.0 * rate_ul_per_min, "µL/min")
    }

    fn withdraw(&mut self, rate: FlowRate, volume: Volume) -> Result<(), FaultKind> {
        let (rate_ul_per_min, volume_ul) = (rate.ul_per_min(), volume.ul());
        self.check("rate_ul_per_min", rate_ul_per_min, "µL/min")?;
        self.check("volume_ul", volume_ul, "µL")?;
        self.tell(Request::Withdraw { rate_ul_per_min, volume_ul })?;
        delivery::runs(self, volume)
    }

    fn stop(&mut self) -> Result<(), FaultKind> {
        let told = self.calm(Request::Stop {});
        delivery::stands_still(self, told)
    }

    fn status(&mut self) -> Result<u8, FaultKind> {
        self.word(What::Status, &STATUS)
    }

    fn dispensed_ul(&mut self) -> Result<f64, FaultKind> {
        self.number(What::DispensedUl)
    }

    fn rate_ul_per_min(&mut self) -> Result<f64, FaultKind> {
        self.number(What::RateUlPerMin)
    }

    fn nudge(&mut self) -> Result<f64, FaultKind> {
        let limits = |key: &str| self.met(|who| who.limits.get(key).copied());
        let (ul, rate) = (limits("volume_ul")?, limits("rate_ul_per_min")?);
        let ul = ul.map_or(NUDGE.0, |[low, _]| NUDGE.0.max(low));
        let rate = rate.map_or(NUDGE.1, |[low, high]| NUDGE.1.max(low).min(high));
        delivery::nudge(self, rate, ul)
    }
}

impl Valve for ProgramPart {
    fn turn(&mut self, position: usize) -> Result<(), FaultKind> {
        self.tell(Request::Turn { position: position + 1 })
    }

    fn position(&mut self) -> Result<Option<usize>, FaultKind> {
        let position: usize = self.read(What::Position)?;
        Ok(position.checked_sub(1))
    }
}

impl Heater for ProgramPart {
    fn heat(&mut self, set_point: Temperature) -> Result<(), FaultKind> {
        let set_point_c = set_point.c();
        self.check("set_point_c", set_point_c, "°C")?;
        self.tell(Request::Heat { set_point_c })?;
        self.keeps(What::SetPointC, set_point_c, SAME.1, "°C")?;
        self.is_in_mode(MODE[1])
    }

    fn off(&mut self) -> Result<(), FaultKind> {
        self.calm(Request::Off {})?;
        self.is_in_mode(MODE[0])
    }

    fn temperature_c(&mut self) -> Result<f64, FaultKind> {
        self.number(What::TemperatureC)
    }

    fn power_percent(&mut self) -> Result<f64, FaultKind> {
        self.number(What::PowerPercent)
    }

    fn set_point_c(&mut self) -> Result<f64, FaultKind> {
        self.number(What::SetPointC)
    }

    fn mode(&mut self) -> Result<f64, FaultKind> {
        self.word(What::Mode, &MODE).map(f64::from)
    }
}

impl Light for ProgramPart {
    fn switch(&mut self, on: bool) -> Result<(), FaultKind> {
        match on {
            true => self.tell(Request::Switch { on })?,
            false => self.calm(Request::Switch { on })?,
        }
        match self.is_on() {
            Err(FaultKind::Unsupported { .. }) => Ok(()),
            Ok(kept) if kept == on => Ok(()),
            Ok(kept) => {
                let detail =
                    format!("it is {} after it was switched", if kept { "on" } else { "off" });
                Err(FaultKind::Refused { detail })
            }
            Err(kind) => Err(kind),
        }
    }

    fn is_on(&mut self) -> Result<bool, FaultKind> {
        self.read(What::On)
    }
}

/// How long something takes \[s\].
#[derive(Deserialize)]
struct Takes {
    takes_s: f64,
}

/// The counts of a frame.
#[derive(Deserialize)]
struct Frame {
    counts: Vec<u16>,
}

/// Concentrations \[mM\].
#[derive(Deserialize)]
struct Found {
    #[serde(rename = "concentrations_mm")]
    mm: Vec<f64>,
}

impl ProgramPart {
    fn takes(&self, request: Request) -> Result<Span, FaultKind> {
        let Takes { takes_s } = self.ask(request)?;
        match takes_s.is_finite() && (0.0..1e6).contains(&takes_s) {
            true => Ok(Span::from_secs(takes_s)),
            false => Err(garbled(format!("it takes {takes_s} s"))),
        }
    }
}

/// What a program says that a spectrometer is.
#[derive(Deserialize)]
struct Described {
    pixels: usize,
    wavelength_coefficients: [f32; 4],
    full_scale: u16,
    min_integration_us: u32,
    max_integration_us: u32,
    #[serde(default)]
    nonlinearity: Vec<f32>,
}

impl Spectrometer for ProgramPart {
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind> {
        let Described {
            pixels,
            wavelength_coefficients,
            full_scale,
            min_integration_us,
            max_integration_us,
            nonlinearity,
        } = of(self.ask_again(&Request::Describe {})?)?;
        Ok(SpectrometerInfo {
            name: name.into(),
            pixels,
            wavelength_coefficients,
            full_scale,
            min_integration_us,
            max_integration_us,
            nonlinearity,
        })
    }

    fn arm(&mut self, exposure: Exposure) -> Result<Span, FaultKind> {
        let Exposure { integration_us, frames } = exposure;
        self.exposure = None;
        let takes = self.takes(Request::Arm { integration_us, frames })?;
        self.keeps(What::IntegrationUs, f64::from(integration_us), 0.5, "µs")?;
        self.exposure = Some(exposure);
        Ok(takes)
    }

    fn fetch(&mut self) -> Result<Frames, FaultKind> {
        let Some(exposure) = self.exposure else { return Err(FaultKind::NotReady) };
        let mut counts = Vec::new();
        let mut pixels = None;
        for frame in 0..exposure.frames {
            let one: Frame = self.ask(Request::Fetch { frame })?;
            let of_first = *pixels.get_or_insert(one.counts.len());
            if one.counts.len() != of_first || of_first == 0 {
                let pixels = one.counts.len();
                return Err(garbled(format!(
                    "frame {frame} has {pixels} counts, the first {of_first}"
                )));
            }
            counts.extend(one.counts);
        }
        self.exposure = None;
        Ok(Frames::new(pixels.unwrap_or(1), counts))
    }

    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        self.read(What::IntegrationUs)
    }
}

impl Analyser for ProgramPart {
    fn inject(&mut self) -> Result<Span, FaultKind> {
        self.takes(Request::Inject {})
    }

    fn results(&mut self) -> Result<Vec<f64>, FaultKind> {
        let Found { mm } = self.ask(Request::Results {})?;
        match self.species {
            Some(expected) if expected != mm.len() => {
                Err(garbled(format!("{} results for {expected} species", mm.len())))
            }
            _ => Ok(mm),
        }
    }
}

impl Probe for ProgramPart {
    fn value(&mut self) -> Result<f64, FaultKind> {
        self.number(What::Value)
    }
}

impl Permit for ProgramPart {
    fn granted(&mut self) -> Result<bool, FaultKind> {
        self.read(What::Granted)
    }
}
