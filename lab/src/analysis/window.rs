//! A range of wavelengths.

use serde::{Deserialize, Serialize};

/// A range of wavelengths, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Lower end \[nm\].
    pub low_nm: f64,
    /// Upper end \[nm\].
    pub high_nm: f64,
}

impl Window {
    /// The pixels of an ascending grid \[nm\] that lie in the window.
    pub fn pixels(&self, grid: &[f64]) -> std::ops::Range<usize> {
        let first = grid.partition_point(|&nm| nm < self.low_nm);
        let end = grid.partition_point(|&nm| nm <= self.high_nm);
        first..end.max(first)
    }

    /// Mean of `values` over the window; NaN where it holds no pixel.
    pub fn mean(&self, grid: &[f64], values: &[f64]) -> f64 {
        let values = &values[self.pixels(grid)];
        values.iter().sum::<f64>() / values.len() as f64
    }
}
