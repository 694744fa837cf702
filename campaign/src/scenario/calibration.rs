//! What a calibration may change: the `[calibration]` table of a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a calibration may change. It is no part of what is run, nor of the journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrationSpec {
    /// The keys that are estimated.
    pub free: Vec<FreeSpec>,
    /// What a calibration knows of its keys, written by `flowtwin calibrate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posterior: Option<PosteriorSpec>,
}

/// How well keys are known, about the values that they have in the scenario: a normal distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PosteriorSpec {
    /// The keys, each of them one of `free`.
    pub keys: Vec<String>,
    /// Their covariance, a row for each key: of natural logarithms where a key is searched by factors, else of parts of its
    /// range.
    pub covariance: Vec<Vec<f64>>,
}

/// A key that is estimated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreeSpec {
    /// The key with the tables it is in, such as `chemistry.product.growth.rate_per_s`; entries of lists by their name or
    /// their number from 1, such as `rig.tube[reactor].volume_ul`.
    pub key: String,
    /// Smallest value that it may take, in the unit of the key; without it a twentieth of its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Largest value; without it twenty times its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Whether it is searched by factors instead of differences; without it wherever it can only be positive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logarithmic: Option<bool>,
}

impl FreeSpec {
    /// A key within its usual range.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), low: None, high: None, logarithmic: None }
    }
}

/// A simulator as a journal records it: the scenario that it is of, and what a calibration may change or knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BelievedSpec {
    /// The scenario, every default filled in.
    pub scenario: Value,
    /// Its free keys.
    pub calibration: CalibrationSpec,
}
