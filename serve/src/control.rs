//! What a browser may order, if it has the token that was shown where the run was started.

#[cfg(unix)]
use std::fs::File;
use std::io;
#[cfg(unix)]
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};

use crate::review::Review;

/// Bytes of a token: 128 bits cannot be guessed.
const BYTES: usize = 16;

/// The ways to act on the run that this process does.
#[derive(Clone)]
pub struct Control {
    token: String,
    stop: Arc<AtomicBool>,
    pause: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    review: Option<Review>,
}

/// What a browser may order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Make the rig safe and end the run.
    Stop,
    /// Pause before the next experiment.
    Pause,
    /// Go on.
    GoOn,
}

/// Random bytes of the system.
#[cfg(unix)]
fn random() -> io::Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Random bytes of the system.
#[cfg(not(unix))]
fn random() -> io::Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// The token is not shown by accident.
impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Control {
    /// A new token for a run that ends safely, as after Ctrl-C, once `stop` is set, and stands still between two experiments
    /// while `pause` is.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn new(stop: Arc<AtomicBool>, pause: Arc<AtomicBool>) -> io::Result<Self> {
        let token = random()?.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { token, stop, pause, over: Arc::default(), review: None })
    }

    /// The same for a run whose proposals are decided on in `review`.
    #[must_use]
    pub fn reviewing(self, review: Review) -> Self {
        Self { review: Some(review), ..self }
    }

    /// Where proposals are decided on, if they are.
    pub(crate) fn review(&self) -> Option<&Review> {
        self.review.as_ref()
    }

    /// What a browser must know to order anything.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Says that the run has ended: from now on nothing can be ordered.
    pub fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Whether the run goes on and accepts orders.
    pub(crate) fn is_at_work(&self) -> bool {
        !self.over.load(Ordering::SeqCst)
    }

    /// Whether the run has been asked to end.
    pub(crate) fn stops(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Whether the run must pause: not once it has been asked to end.
    pub(crate) fn pauses(&self) -> bool {
        self.pause.load(Ordering::SeqCst) && !self.stops()
    }

    /// Gives an order to the run.
    ///
    /// # Errors
    /// The status of the answer to a request without the token.
    pub(crate) fn order(
        &self,
        order: Order,
        headers: &HeaderMap,
    ) -> Result<(), (StatusCode, &'static str)> {
        self.heeds(headers)?;
        match order {
            Order::Stop => self.stop.store(true, Ordering::SeqCst),
            Order::Pause => self.pause.store(true, Ordering::SeqCst),
            Order::GoOn => self.pause.store(false, Ordering::SeqCst),
        }
        Ok(())
    }

    /// Whether who sends these headers may order anything now.
    ///
    /// # Errors
    /// The status of the answer to a request without the token, or too late.
    pub(crate) fn heeds(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        if !self.is_token(given) {
            return Err((StatusCode::UNAUTHORIZED, "this needs the token of the run\n"));
        }
        if !self.is_at_work() {
            return Err((StatusCode::CONFLICT, "the run has ended\n"));
        }
        Ok(())
    }

    /// Compares in a time that does not depend on how much of it is right.
    fn is_token(&self, given: &str) -> bool {
        let pairs = self.token.bytes().zip(given.bytes());
        let differ = pairs.fold(0, |differ, (a, b)| differ | (a ^ b));
        given.len() == self.token.len() && differ == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_pauses_and_stops_the_run() {
        let stop = Arc::new(AtomicBool::new(false));
        let pause = Arc::new(AtomicBool::new(false));
        let control = Control::new(stop.clone(), pause.clone()).unwrap();
        let other = Control::new(stop.clone(), pause.clone()).unwrap();
        assert_ne!(control.token(), other.token());
        let give = |order, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            control.order(order, &headers)
        };
        let order = |value: &str| give(Order::Stop, value);
        let almost = format!("Bearer {}", &control.token()[1..]);
        for wrong in ["", "Bearer", "Bearer ", control.token(), &almost, other.token()] {
            assert!(order(wrong).is_err(), "{wrong}");
            assert!(give(Order::Pause, wrong).is_err() && !control.pauses(), "{wrong}");
        }
        assert!(control.order(Order::Stop, &HeaderMap::new()).is_err());
        assert!(!stop.load(Ordering::SeqCst));
        let right = format!("Bearer {}", control.token());
        give(Order::Pause, &right).unwrap();
        assert!(control.pauses() && pause.load(Ordering::SeqCst));
        assert!(give(Order::GoOn, "Bearer 0123").is_err() && control.pauses());
        give(Order::GoOn, &right).unwrap();
        assert!(!control.pauses() && !stop.load(Ordering::SeqCst));
        give(Order::Pause, &right).unwrap();
        order(&right).unwrap();
        assert!(stop.load(Ordering::SeqCst));
        assert!(!control.pauses() && control.stops(), "what is asked to end does not stand still");
        control.end();
        stop.store(false, Ordering::SeqCst);
        assert!(order(&right).is_err() && !control.is_at_work() && !control.stops());
        assert!(!format!("{control:?}").contains(control.token()));
    }
}
