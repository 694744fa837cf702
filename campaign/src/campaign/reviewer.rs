//! Who sees every proposal before it is done: reviewers.

use flowtwin_lab::journal::Decision;
use flowtwin_lab::{Conditions, Space};
use flowtwin_twin::Cost;

use crate::suggest::Prediction;

/// Decides on every proposal of a campaign before it is done.
///
/// The campaign shows a proposal, and asks again and again whether it is decided, while it looks after its lab. So no method
/// waits for people.
///
/// ```
/// use flowtwin_campaign::campaign::{Answer, Proposed, Reviewer};
/// use flowtwin_lab::journal::Decision;
/// /// Accepts everything.
/// #[derive(Debug)]
/// struct Content;
/// impl Reviewer for Content {
///     fn show(&self, _proposed: &Proposed) {}
///     fn decision(&self) -> Option<Answer> {
///         Some(Answer::Decided(Decision::Accept))
///     }
///     fn refused(&self, _why: &str) {}
/// }
/// ```
pub trait Reviewer: std::fmt::Debug {
    /// Shows a proposal; nothing is decided on it yet.
    fn show(&self, proposed: &Proposed);
    /// What has been decided on the proposal that was shown; none as long as nobody has.
    fn decision(&self) -> Option<Answer>;
    /// What was decided cannot be done, and why; the proposal is still to be decided on.
    fn refused(&self, why: &str);
    /// The proposal need not be decided on any more: this was decided, by whomever, or none because the run ends.
    fn over(&self, decided: Option<&Decision>) {
        let _ = decided;
    }
}

/// What a reviewer answers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// What becomes of the proposal.
    Decided(Decision),
    /// The rig is made safe and the run ends, as after Ctrl-C; the proposal stays undecided.
    Stop,
}

/// A proposal, and what there is to know about it.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// Number of the experiment in the run, from 1.
    pub experiment: u64,
    /// Name of the phase.
    pub phase: String,
    /// Policy that proposes.
    pub policy: String,
    /// Number among the experiments of the phase, from 1; those that were added do not count.
    pub place: usize,
    /// How many experiments the phase has at most, those that were added left out.
    pub of: usize,
    /// How many more proposals of the phase may be skipped.
    pub may_skip: usize,
    /// What is proposed.
    pub conditions: Conditions,
    /// What may be chosen.
    pub space: Space,
    /// What is expected of it.
    pub expected: Vec<Expected>,
    /// What it would cost.
    pub cost: Cost,
    /// What has happened on the rig that somebody should know of, and because of which alone they are asked; none in a review.
    pub because: Option<String>,
}

/// What is expected of an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// The outcome.
    pub outcome: String,
    /// Its unit; empty where it has none.
    pub unit: String,
    /// The prediction, in this unit; none where too little has been measured.
    pub prediction: Option<Prediction>,
    /// What the latest experiment that the policy knows of has yielded, in this unit; none where it has not.
    pub latest: Option<f64>,
}
