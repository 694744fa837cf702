//! What a campaign has reached, experiment by experiment.

use flowtwin_lab::Conditions;

use super::merit::Merit;
use super::truth::Truth;

/// What a campaign has reached, as it goes on.
pub(super) struct Reached<'a> {
    merit: &'a Merit,
    conditions: Vec<Conditions>,
    values: Vec<Vec<Option<f64>>>,
    counted: Vec<usize>,
    /// By what was measured.
    pub(super) best: Option<f64>,
    /// By the noise-free values at the conditions of the experiments that count.
    pub(super) true_best: Option<f64>,
}

impl<'a> Reached<'a> {
    /// Nothing yet.
    pub(super) fn new(merit: &'a Merit) -> Self {
        let (conditions, values, counted) = (Vec::new(), Vec::new(), Vec::new());
        Self { merit, conditions, values, counted, best: None, true_best: None }
    }

    /// One more experiment.
    pub(super) fn add(
        &mut self,
        conditions: &Conditions,
        values: Vec<Option<f64>>,
        truth: &mut Truth<'_>,
    ) {
        self.conditions.push(conditions.clone());
        self.values.push(values);
        let counted = self.merit.counts(&self.values);
        if counted == self.counted {
            return;
        }
        self.best = self.merit.of(&self.values);
        let known: Vec<Vec<Option<f64>>> =
            counted.iter().map(|&i| truth.values(&self.conditions[i])).collect();
        self.true_best = self.merit.of(&known);
        self.counted = counted;
    }
}
