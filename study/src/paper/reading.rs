//! The features of one experiment, as the paper reads them off its spectra.

use flowtwin_lab::Outcome;
use serde::Serialize;

/// Absorbance and emission of one experiment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// Absorbance at 300 nm, the proxy of the yield \[AU\].
    pub abs: f64,
    /// Intensity of the emission at its maximum, the proxy of the quantum yield \[counts\].
    pub pli: f64,
    /// Area of the emission [counts·nm].
    pub pla: f64,
    /// Where the emission has its maximum \[nm\].
    pub peak_nm: f64,
    /// Height of the band at 380 nm \[counts\].
    pub pli_380: f64,
    /// Height of the band at 600 nm \[counts\].
    pub pli_600: f64,
}

/// One of a train of readings without a stop of the flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Time since the flow started, in residence times.
    pub at: f64,
    /// What was read.
    pub reading: Reading,
}

/// A feature of a reading.
pub type Feature = fn(&Reading) -> f64;

impl Reading {
    /// The features of an outcome; NaN where the analysis has no feature of that name.
    pub fn of(outcome: &Outcome) -> Self {
        let feature = |name: &str| {
            outcome.features.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, v)| *v)
        };
        Self {
            abs: feature("abs_300"),
            pli: feature("pli"),
            pla: feature("pla"),
            peak_nm: feature("peak_nm"),
            pli_380: feature("pli_380"),
            pli_600: feature("pli_600"),
        }
    }

    /// The mean of every feature; NaN for no readings.
    pub fn mean(readings: &[Self]) -> Self {
        let of = |feature: Feature| {
            readings.iter().map(feature).fold(0.0, |sum, v| sum + v) / readings.len() as f64
        };
        Self {
            abs: of(|r| r.abs),
            pli: of(|r| r.pli),
            pla: of(|r| r.pla),
            peak_nm: of(|r| r.peak_nm),
            pli_380: of(|r| r.pli_380),
            pli_600: of(|r| r.pli_600),
        }
    }

    /// See [`Reading::abs`].
    pub fn abs(&self) -> f64 {
        self.abs
    }

    /// See [`Reading::pli`].
    pub fn pli(&self) -> f64 {
        self.pli
    }

    /// See [`Reading::pla`].
    pub fn pla(&self) -> f64 {
        self.pla
    }
}
