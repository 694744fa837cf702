//! What experiments cost.

/// What an experiment costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Lab time, heating and settling included \[s\].
    pub lab_time_s: f64,
    /// All reagents together \[mL\].
    pub reagent_ml: f64,
}
