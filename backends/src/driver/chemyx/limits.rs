//! What a pump can do with the syringe that it is set to.

use flowtwin_lab::{FaultKind, FlowRate};

use crate::transport::garbled;

/// The reply to `read limit parameter`, in µL and µL/min.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Fastest rate [µL/min].
    pub max_ul_per_min: f64,
    /// Slowest rate [µL/min].
    pub min_ul_per_min: f64,
    /// Largest volume \[µL\].
    pub max_ul: f64,
    /// Smallest volume \[µL\].
    pub min_ul: f64,
}

impl Limits {
    /// Limits from the payload: four numbers in one line.
    ///
    /// # Errors
    /// If there are not four numbers.
    pub fn parse(lines: &[String]) -> Result<Self, FaultKind> {
        let numbers: Vec<f64> = lines
            .iter()
            .flat_map(|line| line.split_whitespace())
            .filter_map(|word| word.parse().ok())
            .collect();
        match numbers[..] {
            [max_ul_per_min, min_ul_per_min, max_ul, min_ul] => {
                Ok(Self { max_ul_per_min, min_ul_per_min, max_ul, min_ul })
            }
            _ => Err(garbled(format!("four limits were expected, not {lines:?}"))),
        }
    }

    /// Refuses a rate outside the limits before anything is sent.
    ///
    /// # Errors
    /// `OutOfRange`.
    pub fn check(&self, rate: FlowRate) -> Result<(), FaultKind> {
        // The pump prints its limits with four decimals: half a unit of the last one is no excess.
        let half = 0.5e-4;
        let value = rate.ul_per_min();
        if (self.min_ul_per_min - half..=self.max_ul_per_min + half).contains(&value) {
            return Ok(());
        }
        Err(FaultKind::OutOfRange {
            quantity: "rate".into(),
            value,
            low: self.min_ul_per_min,
            high: self.max_ul_per_min,
            unit: "µL/min".into(),
        })
    }
}
