//! What an experiment yields.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::conditions::Conditions;
use crate::fault::Fault;
use crate::time::Instant;

/// A processed spectrum: a value at each wavelength.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Name, such as `absorbance` or `emission`.
    pub name: String,
    /// Unit of the values, such as `AU` or `counts`.
    pub unit: String,
    /// Wavelengths \[nm\], ascending; shared by all spectra of one spectrometer.
    pub wavelengths_nm: Arc<[f64]>,
    /// Values, one for each wavelength.
    pub values: Vec<f64>,
}

/// What is wrong with an observation, if anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// A spectrometer clipped in a frame that was used.
    pub saturated: bool,
    /// A temperature was not within its band.
    pub not_settled: bool,
    /// Slugs and carrier could not be distinguished, or did not form a regular train.
    pub irregular: bool,
    /// The features had not become steady.
    pub not_steady: bool,
    /// The lab is a model, learnt from data or an external program, and the conditions are outside its range.
    pub extrapolated: bool,
    /// A feature could not be read off its spectrum, such as the position of a peak where there is none.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unreadable: bool,
    /// Frames are too long, or too many are kept, to show slugs alone: what is kept is diluted with carrier.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unresolved: bool,
    /// The reference was taken before nothing but carrier filled the flow cells.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stale_blank: bool,
    /// Flows and bores are beyond the range in which slugs form and travel as a train, or the liquid would boil, or something in
    /// it fall out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub out_of_regime: bool,
    /// It was withdrawn: a fault that was found later tells that a reading may have been wrong meanwhile.
    #[serde(default, skip_serializing_if = "is_false")]
    pub doubtful: bool,
}

/// Whether a flag says nothing that its absence would not say: it is not written then.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

impl Quality {
    /// The names of the flags that are set.
    pub fn flags(mut self) -> Vec<&'static str> {
        self.named().into_iter().filter_map(|(set, name)| set.then_some(name)).collect()
    }

    /// Sets the flags of these names; words of somebody's own are not ours to understand.
    pub fn of_flags(names: &[impl AsRef<str>]) -> Self {
        let mut quality = Self::default();
        for (flag, name) in quality.named() {
            *flag = names.iter().any(|known| known.as_ref() == name);
        }
        // Nobody says that of an answer: it is what a guard finds later.
        quality.doubtful = false;
        quality
    }

    /// Every flag with its name.
    fn named(&mut self) -> [(&mut bool, &'static str); 10] {
        [
            (&mut self.saturated, "saturated"),
            (&mut self.not_settled, "not_settled"),
            (&mut self.irregular, "irregular"),
            (&mut self.not_steady, "not_steady"),
            (&mut self.extrapolated, "extrapolated"),
            (&mut self.unreadable, "unreadable"),
            (&mut self.unresolved, "unresolved"),
            (&mut self.stale_blank, "stale_blank"),
            (&mut self.out_of_regime, "out_of_regime"),
            (&mut self.doubtful, "doubtful"),
        ]
    }
}

/// What was measured: named features and the spectra they come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Features by name, in the order of the scenario.
    pub features: Vec<(String, f64)>,
    /// The spectra.
    pub spectra: Vec<Spectrum>,
    /// Flags.
    pub quality: Quality,
}

/// A finished experiment, failed ones included.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What was set.
    pub conditions: Conditions,
    /// When the experiment began.
    pub started: Instant,
    /// When it ended.
    pub ended: Instant,
    /// Residence time τ at these conditions \[s\].
    pub residence_time_s: f64,
    /// Nominal reaction time \[s\].
    pub reaction_time_s: f64,
    /// Volume taken from each pump's syringe, by stock \[mL\].
    pub consumed_ml: Vec<(String, f64)>,
    /// The vial that its liquid went into, if any; where it failed, perhaps not as much as was wanted.
    pub vial: Option<String>,
    /// What was measured; nothing in a failed experiment.
    pub outcome: Outcome,
    /// Why it failed, if it did.
    pub fault: Option<Fault>,
}

impl Observation {
    /// The value of a feature; none in a failed experiment.
    pub fn feature(&self, name: &str) -> Option<f64> {
        self.outcome.features.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }

    /// Whether the experiment failed.
    pub fn failed(&self) -> bool {
        self.fault.is_some()
    }

    /// Lab time it took \[s\].
    pub fn lab_time_s(&self) -> f64 {
        self.ended.since(self.started).as_secs()
    }
}
