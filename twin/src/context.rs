//! What a computation is given besides its data: random streams and threads.

use std::num::NonZeroUsize;

use flowtwin_lab::Streams;
use flowtwin_lab::queue::in_order;

/// Random streams, and the number of threads that may be used.
///
/// The threads change how long a computation takes, never its result.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The streams a fit or a proposal may open.
    pub streams: Streams,
    threads: NonZeroUsize,
}

impl Context {
    /// These streams, one thread.
    pub fn new(streams: Streams) -> Self {
        Self { streams, threads: NonZeroUsize::MIN }
    }

    /// The same with this many threads.
    pub fn with_threads(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
    }

    /// The same with a family of streams below the present one.
    pub fn child(&self, name: &str, index: u64) -> Self {
        Self { streams: self.streams.child(name, index), threads: self.threads }
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
