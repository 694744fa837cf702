//! What cuts every wait on a wire short: the rig must be made safe.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longest time that an instrument may take to answer while the rig is made safe. Instruments answer within a tenth of a
/// second; a longer one leaves no time to ask again.
pub const LONGEST_REPLY: Duration = Duration::from_millis(250);

/// Longest time after which a wire notices that there is a hurry.
pub(super) const NOTICED: Duration = Duration::from_millis(50);

/// A deadline that all wires of an instrument share; without one they are as patient as they are asked to be.
#[derive(Clone, Debug, Default)]
pub struct Hurry(Arc<Mutex<Granted>>);

/// What a hurry grants.
#[derive(Clone, Copy, Debug)]
struct Granted {
    deadline: Option<Instant>,
    reply: Duration,
}

impl Default for Granted {
    fn default() -> Self {
        Self { deadline: None, reply: LONGEST_REPLY }
    }
}

impl Hurry {
    /// In a hurry a reply may take `reply`, not [`LONGEST_REPLY`].
    pub(crate) fn replies_within(&self, reply: Duration) {
        self.granted().reply = reply;
    }

    /// From now on nothing is waited for beyond `deadline`, and no reply longer than [`LONGEST_REPLY`].
    pub fn until(&self, deadline: Instant) {
        self.set(Some(deadline));
    }

    /// Whatever is being waited for is given up.
    pub fn give_up(&self) {
        self.set(Some(Instant::now()));
    }

    /// There is no hurry any more.
    pub fn relax(&self) {
        self.set(None);
    }

    /// How long may be waited where `patience` was asked for.
    pub fn grants(&self, patience: Duration) -> Duration {
        let Granted { deadline, reply } = *self.granted();
        if deadline.is_some() { self.leaves(patience).min(reply) } else { patience }
    }

    /// How long may be waited where `patience` was asked for, and a reply may take all the time there is: a program asks its
    /// instrument several things.
    pub fn leaves(&self, patience: Duration) -> Duration {
        let deadline = self.granted().deadline;
        deadline.map_or(patience, |deadline| {
            patience.min(deadline.saturating_duration_since(Instant::now()))
        })
    }

    fn set(&self, deadline: Option<Instant>) {
        self.granted().deadline = deadline;
    }

    fn granted(&self) -> MutexGuard<'_, Granted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the first byte in short pieces, so that a hurry that begins meanwhile is noticed.
///
/// `piece` waits at most this long; none if nothing came.
pub(super) fn in_pieces<T, E>(
    hurry: &Hurry,
    patience: Duration,
    mut piece: impl FnMut(Duration) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let mut until = Instant::now() + hurry.grants(patience);
    loop {
        let left = hurry.grants(until.saturating_duration_since(Instant::now()));
        until = until.min(Instant::now() + left);
        let came = piece(left.min(NOTICED))?;
        if came.is_some() || left <= NOTICED {
            return Ok(came);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_hurry_cuts_every_patience_and_ends() {
        let hurry = Hurry::default();
        assert_eq!(hurry.grants(MINUTE), MINUTE);
        hurry.until(Instant::now() + MINUTE);
        assert_eq!(hurry.grants(MINUTE), LONGEST_REPLY);
        let short = Duration::from_millis(1);
        assert_eq!(hurry.grants(short), short);
        hurry.replies_within(short * 3);
        assert_eq!(hurry.grants(MINUTE), short * 3);
        hurry.clone().give_up();
        assert_eq!(hurry.grants(MINUTE), Duration::ZERO, "all wires share it");
        hurry.relax();
        assert_eq!(hurry.grants(MINUTE), MINUTE);
    }

    #[test]
    fn what_is_waited_for_is_given_up_when_a_hurry_begins() {
        let hurry = Hurry::default();
        let mut pieces = Vec::new();
        let waited = in_pieces(&hurry, MINUTE, |piece| {
            pieces.push(piece);
            if pieces.len() == 3 {
                hurry.give_up();
            }
            Ok::<Option<()>, ()>(None)
        });
        assert_eq!(waited, Ok(None));
        assert_eq!(pieces, [NOTICED, NOTICED, NOTICED, Duration::ZERO]);
    }

    #[test]
    fn what_comes_ends_the_wait() {
        let mut tried = 0;
        let waited = in_pieces(&Hurry::default(), MINUTE, |_| {
            tried += 1;
            Ok::<_, ()>((tried == 2).then_some(7))
        });
        assert_eq!(waited, Ok(Some(7)));
    }
}
