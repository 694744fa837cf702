//! What lab time is on a bench.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowtwin_lab::{Fault, FaultKind, Instant, Lab as _, PumpId, Span, Volume};

mod shared;

pub use shared::SharedClock;

use crate::emulator::World;

/// Longest sleep between two looks at the request to stop [ms].
const TICK_MS: u64 = 50;

/// A source of lab time.
///
/// ```
/// use flowtwin_backends::Clock;
/// use flowtwin_lab::{Fault, Instant};
///
/// /// A clock that jumps to the end of every wait.
/// #[derive(Debug)]
/// struct Jumping(Instant);
///
/// impl Clock for Jumping {
///     fn now(&self) -> Instant {
///         self.0
///     }
///     fn tick(&mut self, deadline: Instant) -> Result<(), Fault> {
///         self.0 = deadline;
///         Ok(())
///     }
/// }
/// ```
pub trait Clock: std::fmt::Debug {
    /// Lab time.
    fn now(&self) -> Instant;

    /// Lets a moment pass, at most until `deadline`: short enough for interlocks and interruptions
    /// to be seen.
    ///
    /// # Errors
    /// If time cannot go on, or a stop was requested.
    fn tick(&mut self, deadline: Instant) -> Result<(), Fault>;

    /// Whether a stop was requested.
    fn is_interrupted(&self) -> bool {
        false
    }

    /// Says to whoever keeps this time that the syringe of a pump holds so much now: in a world that another process
    /// simulates it is filled, in a real one somebody has done it.
    ///
    /// # Errors
    /// If that world does not take it.
    fn filled(&mut self, _pump: &PumpId, _holds: Volume) -> Result<(), Fault> {
        Ok(())
    }
}

/// Wall time, real or accelerated.
#[derive(Debug)]
pub struct WallClock {
    origin: Duration,
    start: Instant,
    speed: f64,
    interrupt: Arc<AtomicBool>,
}

impl WallClock {
    /// A clock that shows `start` now and runs `speed` times as fast as wall time; when `interrupt`
    /// becomes true, every wait ends with [`FaultKind::Interrupted`] within 100 ms.
    ///
    /// # Panics
    /// If `speed` is not a positive finite number.
    pub fn new(start: Instant, speed: f64, interrupt: Arc<AtomicBool>) -> Self {
        assert!(speed > 0.0 && speed.is_finite(), "a speed is positive, not {speed}");
        Self { origin: ticking(), start, speed, interrupt }
    }

    /// A clock in real time from zero, without interruption.
    pub fn real() -> Self {
        Self::new(Instant::START, 1.0, Arc::default())
    }
}

impl Clock for WallClock {
    fn now(&self) -> Instant {
        let passed = ticking().saturating_sub(self.origin);
        self.start + Span::from_secs(passed.as_secs_f64() * self.speed)
    }

    fn tick(&mut self, deadline: Instant) -> Result<(), Fault> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(Fault::new(self.now(), "clock", FaultKind::Interrupted));
        }
        let left = deadline.since(self.now()).as_secs() / self.speed;
        let sleep = Duration::from_secs_f64(left).min(Duration::from_millis(TICK_MS));
        std::thread::sleep(sleep.max(Duration::from_nanos(1)));
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}

/// Time since some moment; it cannot be set. It passes while the machine sleeps too: a heater is hot meanwhile, and the
/// guard must know that there was no check.
#[cfg(unix)]
pub(crate) fn ticking() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let now = clock_gettime(CLOCK);
    Duration::new(now.tv_sec.max(0) as u64, now.tv_nsec.max(0) as u32)
}

/// Time since this was first asked for; it cannot be set. Whether it passes while the machine sleeps is up to Windows: no rig
/// is driven there.
#[cfg(not(unix))]
pub(crate) fn ticking() -> Duration {
    static FIRST: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    FIRST.elapsed()
}

/// The time of a lab behind emulated instruments: it passes as fast as that lab can make it pass.
pub struct WorldClock(World);

impl std::fmt::Debug for WorldClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WorldClock({})", self.now())
    }
}

impl WorldClock {
    /// The time of `world`.
    pub fn new(world: World) -> Self {
        Self(world)
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Instant {
        self.0.borrow().now()
    }

    fn tick(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.borrow_mut().wait_until(deadline)
    }
}
