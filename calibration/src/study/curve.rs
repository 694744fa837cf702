//! What was read, as it is drawn.

use std::borrow::Cow;

/// Readings of one thing, in the figure of its study.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curve {
    /// What the figure shows.
    pub(super) figure: Cow<'static, str>,
    /// Of what: a heater, a light, a pump, a step.
    pub(super) of: String,
    /// What is on the horizontal axis, with its unit.
    pub(super) x: &'static str,
    /// What is on the vertical axis, with its unit.
    pub(super) y: Cow<'static, str>,
    /// The readings, in their order.
    pub(super) points: Vec<(f64, f64)>,
    /// Whether a line joins them: one follows from the other.
    pub(super) joined: bool,
}
