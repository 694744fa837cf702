//! Tasks for several threads, whose results come in order.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Applies `task` to 0..count on so many threads and returns the results in that order. A thread that is free takes the
/// next task: which thread does what, and when, shows nowhere.
///
/// # Panics
/// If `task` does.
pub fn in_order<T: Send>(
    count: usize,
    threads: NonZeroUsize,
    task: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let threads = threads.get().min(count);
    if threads <= 1 {
        return (0..count).map(task).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|i| *i < count);
    let work = || std::iter::from_fn(take).map(|i| (i, task(i))).collect::<Vec<_>>();
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|t| t.join().expect("no task panics")).collect()
    });
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_for_any_number_of_threads() {
        for threads in 1..6 {
            let threads = NonZeroUsize::new(threads).expect("positive");
            assert_eq!(in_order(7, threads, |i| i * i), [0, 1, 4, 9, 16, 25, 36]);
            assert!(in_order(0, threads, |i| i).is_empty());
        }
    }
}
