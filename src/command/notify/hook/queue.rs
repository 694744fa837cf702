//! Messages that wait for a thread: at most so many, and the oldest make room.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Messages in their order, until a thread takes them.
#[derive(Debug)]
pub(super) struct Queue {
    most: usize,
    line: Mutex<Line>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<String>,
    /// Whether no more will come.
    closed: bool,
}

impl Queue {
    /// An empty one, in which at most `most` messages wait.
    pub(super) fn new(most: usize) -> Self {
        Self { most, line: Mutex::default(), changed: Condvar::new() }
    }

    /// Adds a message, without waiting. Returns whether the oldest was dropped to make room for it.
    pub(super) fn add(&self, message: String) -> bool {
        let mut line = self.line();
        let is_full = line.waiting.len() >= self.most;
        if is_full {
            line.waiting.pop_front();
        }
        line.waiting.push_back(message);
        self.changed.notify_one();
        is_full
    }

    /// Says that no more will come. What waits can still be taken.
    pub(super) fn close(&self) {
        self.line().closed = true;
        self.changed.notify_one();
    }

    /// Takes the oldest message, and waits until there is one; nothing once the queue is closed and empty.
    pub(super) fn take(&self) -> Option<String> {
        let must_wait = |line: &mut Line| line.waiting.is_empty() && !line.closed;
        let line = self.changed.wait_while(self.line(), must_wait);
        line.unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_oldest_make_room_and_the_last_are_taken_after_the_end() {
        let queue = Queue::new(2);
        let dropped = ["one", "two", "three", "four"].map(|text| queue.add(text.to_owned()));
        assert_eq!(dropped, [false, false, true, true]);
        queue.close();
        let taken = [queue.take(), queue.take(), queue.take()];
        assert_eq!(taken, [Some("three".to_owned()), Some("four".to_owned()), None]);
    }

    #[test]
    fn a_thread_that_waits_is_woken_by_a_message_and_by_the_end() {
        let queue = Arc::new(Queue::new(2));
        let (told, taken) = channel();
        let taker = queue.clone();
        thread::spawn(move || {
            for _ in 0..2 {
                told.send(taker.take()).unwrap();
            }
        });
        let next = || taken.recv_timeout(Duration::from_secs(60)).unwrap();
        queue.add("one".to_owned());
        assert_eq!(next(), Some("one".to_owned()));
        queue.close();
        assert_eq!(next(), None);
    }
}
