//! What a computation is given besides its data: random streams and threads.

use std::num::NonZeroUsize;
use std::sync::Arc;

use flowtwin_lab::Streams;
use flowtwin_lab::queue::in_order;

use crate::mechanism::Mechanism;

/// Random streams, the number of threads that may be used, and a simulator of the lab where there is one.
///
/// The threads change how long a computation takes, never its result.
#[derive(Clone, Debug)]
pub struct Context {
    /// The streams a fit or a proposal may open.
    pub streams: Streams,
    threads: NonZeroUsize,
    mechanism: Option<Arc<dyn Mechanism>>,
}

impl Context {
    /// These streams, one thread, no simulator.
    pub fn new(streams: Streams) -> Self {
        Self { streams, threads: NonZeroUsize::MIN, mechanism: None }
    }

    /// The same with a simulator of the lab, for surrogates that learn with one.
    #[must_use]
    pub fn with_mechanism(self, mechanism: Option<Arc<dyn Mechanism>>) -> Self {
        Self { mechanism, ..self }
    }

    /// The simulator of the lab, where there is one.
    pub fn mechanism(&self) -> Option<&Arc<dyn Mechanism>> {
        self.mechanism.as_ref()
    }

    /// The same about the outcome at this place of [`crate::Trial::values`].
    pub(crate) fn of_outcome(&self, place: usize) -> Self {
        let mechanism = self.mechanism.as_ref().and_then(|m| m.of_outcome(place));
        Self { mechanism, ..self.child("outcome", place as u64) }
    }

    /// The same on one thread.
    #[must_use]
    pub fn serial(&self) -> Self {
        Self { threads: NonZeroUsize::MIN, ..self.clone() }
    }

    /// The same with this many threads.
    pub fn with_threads(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
    }

    /// The same with a family of streams below the present one.
    pub fn child(&self, name: &str, index: u64) -> Self {
        Self { streams: self.streams.child(name, index), ..self.clone() }
    }

    /// Applies `task` to 0..count and returns the results in that order.
    ///
    /// # Panics
    /// If `task` does.
    pub fn map<T: Send>(&self, count: usize, task: impl Fn(usize) -> T + Sync) -> Vec<T> {
        in_order(count, self.threads, task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_for_any_number_of_threads() {
        for threads in 1..6 {
            let context = Context::new(Streams::new(1))
                .with_threads(NonZeroUsize::new(threads).expect("positive"));
            assert_eq!(context.map(7, |i| i * i), [0, 1, 4, 9, 16, 25, 36]);
        }
    }
}
