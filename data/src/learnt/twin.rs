//! A fitted twin with everything that is needed to ask it, and its file.

use std::fs;
use std::path::{Path, PathBuf};

use flowtwin_lab::digest::sha256;
use flowtwin_lab::{Conditions, Input, Space, in_plain_words};
use flowtwin_twin::{
    Belief, Context, MissingInput, Model, Posterior as _, Surrogate as _, SurrogateSpec, Trial,
};
use serde::{Deserialize, Serialize};

use super::data::Data;
use super::source::Target;
use crate::error::DataError;
use crate::unreadable;

/// Name of the file in a folder.
pub const FILE: &str = "model.json";

/// Layout of the file.
const SCHEMA: u32 = 1;

/// A surrogate fitted to data, with its ranges, its target and its origin.
///
/// Its file is JSON. Every number in it is read back to the last bit, so a twin from a file answers
/// exactly as the one that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twin {
    schema: u32,
    /// Version of flowtwin that fitted it.
    pub flowtwin: String,
    /// What it was learnt from.
    pub origin: Origin,
    /// What it predicts.
    pub target: Target,
    /// What it predicts from, and the ranges it knows.
    pub inputs: Vec<Input>,
    /// Which surrogate it is.
    pub surrogate: SurrogateSpec,
    /// Seed of the fit.
    pub seed: u64,
    model: Model,
}

/// What a twin was learnt from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// File or run folder.
    pub source: String,
    /// SHA-256 of the file, or of the journal in the folder \[hexadecimal\].
    pub sha256: String,
    /// Number of experiments it was fitted to.
    pub experiments: usize,
    /// Whether they were simulated; none if the source does not say.
    pub simulated: Option<bool>,
    /// Lab time of one of them, the mean \[s\]; none if the source does not say.
    pub lab_time_s: Option<f64>,
}

impl Twin {
    /// Fits a surrogate to all experiments of `data` that have an outcome.
    ///
    /// # Errors
    /// If the surrogate cannot be fitted.
    pub fn fit(
        data: &Data,
        surrogate: SurrogateSpec,
        context: &Context,
    ) -> Result<Self, DataError> {
        let (x, outcomes) = data.history(|outcome| outcome).succeeded(data.space.dim());
        let model = surrogate
            .fit(x.view(), &outcomes, context)
            .map_err(|error| DataError::Fit { data: data.source.clone(), error })?;
        Ok(Self {
            schema: SCHEMA,
            flowtwin: env!("CARGO_PKG_VERSION").into(),
            origin: Origin {
                source: data.source.clone(),
                sha256: data.sha256.clone(),
                experiments: outcomes.len(),
                simulated: data.simulated,
                lab_time_s: data.lab_time_s,
            },
            target: data.target.clone(),
            inputs: data.space.inputs().to_vec(),
            surrogate,
            seed: context.streams.seed(),
            model,
        })
    }

    /// Reads a file, or the [`FILE`] of a folder.
    ///
    /// # Errors
    /// If it cannot be read or is not a twin of this layout.
    pub fn load(path: &Path) -> Result<Self, DataError> {
        let path = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        let shown = path.display();
        let text = fs::read_to_string(&path).map_err(|error| {
            let make = "make a model with `flowtwin twin fit DATA --target COLUMN --out FILE`";
            unreadable(&path, &error).or_hint(make)
        })?;
        let twin: Self = serde_json::from_str(&text).map_err(|error| {
            let why = in_plain_words(&error);
            DataError::bad_input(format_args!("{shown} is not a model: {why}"))
        })?;
        if twin.schema != SCHEMA {
            let message =
                format!("{shown} has layout {}; this version reads {SCHEMA}", twin.schema);
            return Err(DataError::bad_input(message));
        }
        Space::new(twin.inputs.clone(), Vec::new())
            .map_err(|error| DataError::bad_input(format_args!("{shown}: {error}")))?;
        Ok(twin)
    }

    /// The text of its file.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a twin is plain data") + "\n"
    }

    /// Writes its file and returns where: `path` itself where it ends in `.json`, else [`FILE`] in
    /// that folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<PathBuf, DataError> {
        let is_file = path.extension().is_some_and(|extension| extension == "json");
        let path = if is_file { path.to_owned() } else { path.join(FILE) };
        super::files::write(&path, &self.text())?;
        Ok(path)
    }

    /// The space of its inputs, with the ranges it knows.
    pub fn space(&self) -> Space {
        Space::new(self.inputs.clone(), Vec::new()).expect("checked when it was made")
    }

    /// What distinguishes it from other twins: target, source and the beginning of the digest of its file.
    pub fn identity(&self) -> String {
        let digest = sha256(self.text().as_bytes());
        let short = &digest[..12];
        format!("twin {short} of {} from {}", self.target.name, self.origin.source)
    }

    /// The fitted surrogate, in the unit cube of the inputs.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Standard deviation of the noise of one measurement, in the unit of the target.
    pub fn noise_sd(&self) -> f64 {
        self.model.noise_sd()
    }

    /// Where conditions lie in the unit cube of the inputs \[d\]. Inputs are matched by name.
    ///
    /// # Errors
    /// If `conditions` lack an input.
    pub fn to_unit(&self, conditions: &Conditions) -> Result<Vec<f64>, MissingInput> {
        Trial::new(&self.space(), conditions, None).map(|trial| trial.x)
    }

    /// What is believed of the target at a point of the unit cube \[d\], noise not included.
    pub fn at(&self, unit: &[f64]) -> Belief {
        self.model.at(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learnt::sample;

    #[test]
    fn a_twin_from_its_file_answers_to_the_last_bit() {
        let twin = sample::twin();
        let read: Twin = serde_json::from_str(&twin.text()).unwrap();
        assert_eq!(read.text(), twin.text());
        for k in 0..50 {
            let x = [f64::from(k) / 49.0, f64::from(k * k % 37) / 36.0];
            let (a, b) = (twin.at(&x), read.at(&x));
            assert_eq!((a.mean.to_bits(), a.sd.to_bits()), (b.mean.to_bits(), b.sd.to_bits()));
        }
    }
}
