//! What the outcomes of a campaign depend on, according to a surrogate.

/// What an outcome depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependence {
    /// The outcome, by its place among those that objectives and limits are about.
    pub outcome: usize,
    /// Number of experiments with a value of it.
    pub experiments: usize,
    /// How much of the variance the surrogate predicts of experiments that it has not learnt from: 1 − SSE/SST. Where that is not
    /// above zero, the outcome depends on nothing that can be told.
    pub held_out_r2: f64,
    /// What each input does, in their order.
    pub effects: Vec<Effect>,
}

/// What an input does to an outcome on average over the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Name of the input, with its unit as suffix.
    pub input: String,
    /// The names that are chosen from; none where it is a number.
    pub options: Vec<String>,
    /// The mean prediction along the range, or for each option.
    pub response: Vec<Response>,
}

/// The mean prediction with an input set, over what the others were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Response {
    /// Value of the input in its unit; the number of the option, from 0.
    pub at: f64,
    /// Mean prediction, in the unit of the outcome.
    pub mean: f64,
    /// Prediction below which one in ten lies.
    pub low: f64,
    /// Prediction above which one in ten lies.
    pub high: f64,
}

impl Effect {
    /// How far the mean prediction moves, in the unit of the outcome.
    pub fn span(&self) -> f64 {
        let means = || self.response.iter().map(|response| response.mean);
        means().fold(f64::NEG_INFINITY, f64::max) - means().fold(f64::INFINITY, f64::min)
    }
}

impl Dependence {
    /// Whether experiments that were not learnt from are predicted better than by the mean.
    pub fn is_told(&self) -> bool {
        self.held_out_r2 > 0.0
    }

    /// Share of each input in what moves the outcome: its span over the sum of all spans, from 0 to 1.
    pub fn shares(&self) -> Vec<f64> {
        let spans: Vec<f64> = self.effects.iter().map(Effect::span).collect();
        let all = spans.iter().fold(0.0, |sum, span| sum + span);
        spans.iter().map(|span| if all > 0.0 { span / all } else { 0.0 }).collect()
    }
}
