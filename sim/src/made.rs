//! Tables that are computed when they are first needed.

use std::sync::OnceLock;

/// A value that is made when it is first asked for, and kept.
///
/// Nobody waits while somebody else makes it: two threads may make the same value at once, and one of the two is kept. So a process
/// that was forked in that moment does not wait for a thread that it does not have.
#[derive(Debug)]
pub(crate) struct Made<T> {
    kept: OnceLock<T>,
    make: fn() -> T,
}

impl<T> Made<T> {
    /// What `make` makes, which must be the same each time.
    pub(crate) const fn by(make: fn() -> T) -> Self {
        Self { kept: OnceLock::new(), make }
    }

    /// The value.
    pub(crate) fn get(&self) -> &T {
        if let Some(value) = self.kept.get() {
            return value;
        }
        let value = (self.make)();
        self.kept.get_or_init(|| value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use super::*;

    /// Is told that it is being made, and how to let that go on.
    static BEGINS: OnceLock<Sender<Sender<()>>> = OnceLock::new();

    fn slowly() -> u8 {
        let (go_on, goes_on) = channel();
        BEGINS.get().unwrap().send(go_on).unwrap();
        goes_on.recv().unwrap();
        7
    }

    #[test]
    fn nobody_waits_for_whoever_makes_it() {
        static VALUE: Made<u8> = Made::by(slowly);
        let (begins, begun) = channel();
        BEGINS.set(begins).unwrap();
        let first = std::thread::spawn(|| *VALUE.get());
        let stuck = begun.recv().unwrap();
        let second = std::thread::spawn(|| *VALUE.get());
        // It is made a second time, beside the first.
        let free = begun.recv_timeout(Duration::from_secs(60)).unwrap();
        free.send(()).unwrap();
        assert_eq!(second.join().unwrap(), 7);
        stuck.send(()).unwrap();
        assert_eq!((first.join().unwrap(), *VALUE.get()), (7, 7));
    }
}
