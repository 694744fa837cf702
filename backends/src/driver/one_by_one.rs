//! Spectrometers without a buffer: one frame is asked for after the other.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_lab::{Exposure, FaultKind, Frames, Instant, Span, SpectrometerInfo};

use crate::instrument::{Light, Spectrometer};

/// How long a frame is listened for at a time: somebody may have another command.
pub(super) const LISTENS: Duration = Duration::from_millis(20);
/// Longest time in which frames are collected at a time.
const COLLECTS: Duration = Duration::from_millis(500);
/// How soon a late frame is looked for again.
const LATE: Span = Span::from_nanos(1_000_000);

/// A spectrometer that gives one frame for each request.
///
/// ```
/// use flowtwin_backends::driver::one_by_one::Exposes;
/// use flowtwin_lab::FaultKind;
///
/// /// Takes one frame, and waits for it as long as `passes` lets time pass.
/// fn one(
///     spectrometer: &mut dyn Exposes,
///     integration_us: u32,
///     mut passes: impl FnMut(),
/// ) -> Result<Vec<u16>, FaultKind> {
///     spectrometer.set(integration_us)?;
///     spectrometer.request()?;
///     loop {
///         if let Some(counts) = spectrometer.hear(spectrometer.patience())? {
///             return Ok(counts);
///         }
///         passes();
///     }
/// }
/// ```
pub trait Exposes: fmt::Debug {
    /// Its description.
    ///
    /// # Errors
    /// If it cannot be read.
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind>;

    /// Shortest and longest integration time \[µs\].
    fn integrates_us(&self) -> (u32, u32);

    /// In what steps an integration time of about this counts \[µs\].
    fn step_us(&self, integration_us: u32) -> u32 {
        let _ = integration_us;
        1
    }

    /// Makes it ready for frames of this integration time \[µs\].
    ///
    /// # Errors
    /// If it does not take the settings.
    fn set(&mut self, integration_us: u32) -> Result<(), FaultKind>;

    /// The integration time that it keeps \[µs\].
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the instrument cannot report it; or if it cannot be read.
    fn integration_us(&mut self) -> Result<u32, FaultKind>;

    /// Asks for a frame.
    ///
    /// # Errors
    /// If the link is lost.
    fn request(&mut self) -> Result<(), FaultKind>;

    /// The counts of the frame that was asked for; none if they have not come within `patience`.
    ///
    /// # Errors
    /// If what comes is no frame, or the link is lost.
    fn hear(&mut self, patience: Duration) -> Result<Option<Vec<u16>>, FaultKind>;

    /// How late a frame may be.
    fn patience(&self) -> Duration;

    /// Switches the lamp-enable line.
    ///
    /// # Errors
    /// If it does not take it.
    fn switch_lamp(&mut self, on: bool) -> Result<(), FaultKind>;

    /// Whether the lamp-enable line is on.
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] if the instrument cannot report it; or if it cannot be read.
    fn lamp_is_on(&mut self) -> Result<bool, FaultKind>;
}

/// Frames that are being taken.
#[derive(Debug)]
struct Burst {
    exposure: Exposure,
    counts: Vec<u16>,
    taken: u32,
    /// How long the frame under way has been listened for.
    listened: Duration,
    /// When the frame under way should be there; none before somebody has told the time.
    due: Option<Instant>,
    failed: Option<FaultKind>,
}

impl Burst {
    fn is_complete(&self) -> bool {
        self.taken >= self.exposure.frames
    }

    /// Whether a frame has been asked for and has not come.
    fn is_pending(&self) -> bool {
        !self.is_complete() && self.failed.is_none()
    }
}

/// A spectrometer without a buffer, which is asked for the next frame when the last one has come.
#[derive(Debug)]
pub struct OneByOne<S> {
    spectrometer: S,
    gap: Span,
    burst: Option<Burst>,
    /// What its lamp-enable line was switched to last.
    lit: bool,
}

impl<S: Exposes> OneByOne<S> {
    /// This spectrometer, whose frames take so much longer than their integration time.
    pub fn new(spectrometer: S, gap: Span) -> Self {
        Self { spectrometer, gap, burst: None, lit: false }
    }

    /// The spectrometer itself.
    pub fn alone(&mut self) -> &mut S {
        &mut self.spectrometer
    }

    /// What a frame takes.
    fn frame(&self, exposure: Exposure) -> Span {
        Span::from_nanos(u64::from(exposure.integration_us) * 1000) + self.gap
    }

    /// Listens for the frame under way, and asks for the next; whether one has come.
    fn step(&mut self) -> Result<bool, FaultKind> {
        let Some(burst) = self.burst.as_mut().filter(|burst| burst.is_pending()) else {
            return Ok(false);
        };
        let began = std::time::Instant::now();
        let Some(counts) = self.spectrometer.hear(LISTENS)? else {
            burst.listened += began.elapsed();
            let integration = Duration::from_micros(burst.exposure.integration_us.into());
            // In a wait on a wire no time passes where the instrument is in this process: there it is never late.
            if burst.listened > integration * 2 + self.spectrometer.patience() {
                return Err(FaultKind::NoReply { waited_s: burst.listened.as_secs_f64() });
            }
            return Ok(false);
        };
        burst.counts.extend(counts);
        burst.taken += 1;
        (burst.listened, burst.due) = (Duration::ZERO, None);
        if !burst.is_complete() {
            self.spectrometer.request()?;
        }
        Ok(true)
    }

    /// The same; what goes wrong is told to whoever fetches the frames.
    fn noted_step(&mut self) -> bool {
        let stepped = self.step();
        stepped.unwrap_or_else(|kind| {
            if let Some(burst) = &mut self.burst {
                burst.failed = Some(kind);
            }
            false
        })
    }

    /// Whether a frame is under way, in whose way nothing else may be asked.
    fn is_busy(&self) -> bool {
        self.burst.as_ref().is_some_and(Burst::is_pending)
    }

    fn check(&self, exposure: Exposure) -> Result<(), FaultKind> {
        let (low, high) = self.spectrometer.integrates_us();
        let out = |quantity: &str, value: u32, (low, high): (u32, u32), unit: &str| {
            let (value, low, high) = (f64::from(value), f64::from(low), f64::from(high));
            let (quantity, unit) = (quantity.into(), unit.into());
            Err(FaultKind::OutOfRange { quantity, value, low, high, unit })
        };
        let asked = exposure.integration_us;
        if exposure.frames == 0 {
            return out("frames", 0, (1, u32::MAX), "");
        }
        if !(low..=high).contains(&asked) {
            return out("integration time", asked, (low, high), "µs");
        }
        let step = self.spectrometer.step_us(asked);
        if !asked.is_multiple_of(step) {
            let (kept, asked) = (f64::from(asked / step * step), f64::from(asked));
            let (quantity, unit) = ("integration time".into(), "µs".into());
            return Err(FaultKind::KeptOther { quantity, asked, kept, unit });
        }
        Ok(())
    }
}

impl<S: Exposes> Spectrometer for OneByOne<S> {
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind> {
        self.spectrometer.describe(name)
    }

    /// # Errors
    /// [`FaultKind::NotReady`] while a frame of the last exposure is under way.
    fn arm(&mut self, exposure: Exposure) -> Result<Span, FaultKind> {
        self.check(exposure)?;
        if let Some(burst) = self.burst.as_mut().filter(|burst| burst.is_pending()) {
            // No more than the frame under way.
            burst.exposure.frames = burst.taken + 1;
            if !self.step()? {
                return Err(FaultKind::NotReady);
            }
        }
        self.burst = None;
        self.spectrometer.set(exposure.integration_us)?;
        self.spectrometer.request()?;
        let (counts, listened) = (Vec::new(), Duration::ZERO);
        self.burst = Some(Burst { exposure, counts, taken: 0, listened, due: None, failed: None });
        Ok(self.frame(exposure).times(exposure.frames.into()))
    }

    fn attend(&mut self, now: Instant) -> Option<Instant> {
        let came = self.noted_step();
        let frame = self.burst.as_ref().map(|burst| self.frame(burst.exposure))?;
        let burst = self.burst.as_mut().filter(|burst| burst.is_pending())?;
        let due = *burst.due.get_or_insert(now + frame);
        if !came && due <= now {
            burst.due = Some(now + LATE);
        }
        burst.due
    }

    fn fetch(&mut self) -> Result<Frames, FaultKind> {
        let began = std::time::Instant::now();
        while self.noted_step() && began.elapsed() < COLLECTS {}
        let burst = self.burst.take().ok_or(FaultKind::NotReady)?;
        if let Some(kind) = burst.failed {
            return Err(kind);
        }
        if !burst.is_complete() {
            self.burst = Some(burst);
            return Err(FaultKind::NotReady);
        }
        Ok(Frames::new(burst.counts.len() / burst.exposure.frames as usize, burst.counts))
    }

    /// While a frame is under way the instrument is not asked: it was, before the first.
    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        match self.burst.as_ref().filter(|burst| burst.is_pending()) {
            Some(burst) => Ok(burst.exposure.integration_us),
            None => self.spectrometer.integration_us(),
        }
    }
}

/// The lamp-enable line of a spectrometer, which switches a light: the shutter of a DH-2000-BAL, or the gate of an LED.
#[derive(Debug)]
pub struct LampLine<S>(Rc<RefCell<OneByOne<S>>>);

impl<S> LampLine<S> {
    /// The line of this spectrometer.
    pub fn new(spectrometer: Rc<RefCell<OneByOne<S>>>) -> Self {
        Self(spectrometer)
    }
}

impl<S: Exposes> Light for LampLine<S> {
    /// What is switched while frames are taken spoils them: they are given up.
    fn switch(&mut self, on: bool) -> Result<(), FaultKind> {
        let mut spectrometer = self.0.borrow_mut();
        if spectrometer.is_busy() {
            spectrometer.burst = None;
        }
        spectrometer.spectrometer.switch_lamp(on)?;
        spectrometer.lit = on;
        Ok(())
    }

    /// While a frame is under way the instrument is not asked: it was, when the light was switched.
    fn is_on(&mut self) -> Result<bool, FaultKind> {
        let mut spectrometer = self.0.borrow_mut();
        match spectrometer.is_busy() {
            true => Ok(spectrometer.lit),
            false => spectrometer.spectrometer.lamp_is_on(),
        }
    }
}

/// A spectrometer whose lamp-enable line is used by a light.
#[derive(Debug)]
pub struct Shared<S>(Rc<RefCell<OneByOne<S>>>);

impl<S> Shared<S> {
    /// This spectrometer.
    pub fn new(spectrometer: Rc<RefCell<OneByOne<S>>>) -> Self {
        Self(spectrometer)
    }
}

impl<S: Exposes> Spectrometer for Shared<S> {
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind> {
        self.0.borrow_mut().describe(name)
    }

    fn arm(&mut self, exposure: Exposure) -> Result<Span, FaultKind> {
        self.0.borrow_mut().arm(exposure)
    }

    fn attend(&mut self, now: Instant) -> Option<Instant> {
        self.0.borrow_mut().attend(now)
    }

    fn fetch(&mut self) -> Result<Frames, FaultKind> {
        self.0.borrow_mut().fetch()
    }

    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        self.0.borrow_mut().integration_us()
    }
}
