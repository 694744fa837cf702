//! Why somebody is to decide on the next proposal.

use std::sync::{Mutex, PoisonError};

/// Why somebody is to decide on the next proposal of a campaign: raised by whoever looks at it from beside, and settled by the
/// decision. Without a doubt nobody is asked.
#[derive(Debug, Default)]
pub struct Doubt(Mutex<Option<String>>);

impl Doubt {
    /// Has the next proposal decided on, because of this.
    pub fn raise(&self, why: &str) {
        self.set(Some(why.to_owned()));
    }

    /// Why the next proposal is to be decided on, if it is.
    pub(super) fn why(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody has decided, or did so when the run was recorded.
    pub(super) fn settle(&self) {
        self.set(None);
    }

    fn set(&self, why: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}
