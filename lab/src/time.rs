//! Lab time: an integer count of nanoseconds since the start of the run.
//!
//! Integers, because sums of floating-point seconds depend on their order, and two events are due at the
//! same instant or they are not. The only rounding is in `from_secs`, to the nearest nanosecond.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

const NANOS_PER_SEC: f64 = 1e9;

fn nanos(seconds: f64) -> u64 {
    assert!(
        seconds.is_finite() && (0.0..1e10).contains(&seconds),
        "a time must be between 0 and 1e10 s, not {seconds} s"
    );
    (seconds * NANOS_PER_SEC).round_ties_even() as u64
}

/// A moment of lab time: nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(u64);

impl Instant {
    /// The start of the run.
    pub const START: Self = Self(0);

    /// A moment given in nanoseconds since the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A moment given in seconds since the start, rounded to the nearest nanosecond (ties to even).
    ///
    /// # Panics
    /// If `seconds` is not between 0 and 1e10.
    pub fn from_secs(seconds: f64) -> Self {
        Self(nanos(seconds))
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC
    }

    /// Time from `earlier` to here; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.as_secs())
    }
}

/// A length of lab time, never negative.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A length in nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A length in seconds, rounded to the nearest nanosecond (ties to even).
    ///
    /// # Panics
    /// If `seconds` is not between 0 and 1e10.
    pub fn from_secs(seconds: f64) -> Self {
        Self(nanos(seconds))
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds.
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC
    }

    /// `n` times as long.
    ///
    /// # Panics
    /// If the product does not fit.
    pub fn times(self, n: u64) -> Self {
        Self(self.0.checked_mul(n).expect("lab time fits in 64 bits"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.as_secs())
    }
}

impl Add<Span> for Instant {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.checked_add(span.0).expect("lab time fits in 64 bits"))
    }
}

impl AddAssign<Span> for Instant {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("lab time fits in 64 bits"))
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("a length of time is never negative"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_to_the_nearest_nanosecond() {
        assert_eq!(Instant::from_secs(0.1).as_nanos(), 100_000_000);
        assert_eq!(Span::from_secs(1.5e-9).as_nanos(), 2);
        assert_eq!(Span::from_secs(2.5e-9).as_nanos(), 2);
    }

    #[test]
    fn a_million_small_steps_sum_exactly() {
        let mut at = Instant::START;
        for _ in 0..1_000_000 {
            at += Span::from_secs(0.1);
        }
        assert_eq!(at, Instant::from_secs(100_000.0));
    }

    #[test]
    #[should_panic(expected = "between 0 and 1e10 s")]
    fn nan_is_no_time() {
        let _ = Instant::from_secs(f64::NAN);
    }
}
