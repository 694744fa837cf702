//! What instruments other than spectrometers have found.

/// Results of analysers and readings of sensors, in the order in which an [`crate::Analysis`] lists them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readings {
    /// What each analyser found \[mM\] \[analysers\]\[species\].
    pub results: Vec<Vec<f64>>,
    /// What each sensor read, in its unit \[sensors\].
    pub sensors: Vec<f64>,
}

impl Readings {
    /// A result; no number where there is none.
    pub(super) fn result(&self, analyser: usize, species: usize) -> f64 {
        let found = self.results.get(analyser).and_then(|found| found.get(species));
        found.copied().unwrap_or(f64::NAN)
    }

    /// A reading; no number where there is none.
    pub(super) fn sensor(&self, sensor: usize) -> f64 {
        self.sensors.get(sensor).copied().unwrap_or(f64::NAN)
    }
}
