//! How a campaign ended.

use flowtwin_lab::Fault;
use flowtwin_twin::Work;

/// How a campaign ended, and what it took.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The fault that stopped it; none where it ran to its end.
    pub fault: Option<Fault>,
    /// What the twin computed.
    pub work: Work,
    /// Number of experiments done.
    pub experiments: u64,
    /// Whether not one of them yielded a value of what is wanted: such a run is not complete.
    pub fruitless: bool,
    /// Whether all of them failed.
    pub all_failed: bool,
}

impl Ended {
    /// Whether all was done that the scenario asks for.
    pub fn is_complete(&self) -> bool {
        self.fault.is_none() && !self.fruitless
    }

    /// Why it is not complete although nothing stopped it: all its experiments failed, or none yielded what is wanted.
    pub fn fruitless_in_words(&self) -> Option<String> {
        let Self { fault, experiments, fruitless, all_failed, .. } = self;
        let words = || match all_failed {
            true => format!("all {experiments} experiments failed: the run is not complete"),
            false => format!(
                "none of {experiments} experiments yielded a value of what the campaign is after: the run is not complete"
            ),
        };
        (*fruitless && fault.is_none()).then(words)
    }
}
