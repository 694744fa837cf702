//! The lab time of instruments that another process emulates.

use std::cell::RefCell;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowtwin_lab::{Fault, FaultKind, Instant, PumpId, Span, Volume};

use super::Clock;
use crate::transport::is_silence;

/// Longest silence of the other process, which answers every 50 ms; and that of one whom somebody has asked to stop.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(8), Duration::from_millis(500));

/// Time between two looks at whether somebody has asked to stop.
const LOOK: Duration = Duration::from_millis(50);

/// A clock that is shared with the process that emulates the instruments: where one of them is held up,
/// time passes later for both. See `flowtwin emulate --wired`.
#[derive(Debug)]
pub struct SharedClock {
    wire: RefCell<Wire>,
    interrupt: Arc<AtomicBool>,
}

/// The connection, and what it last said.
#[derive(Debug)]
struct Wire {
    stream: BufReader<TcpStream>,
    /// Lab time of the other process where this clock shows `start`.
    origin: Instant,
    start: Instant,
    /// What this clock last showed.
    shown: Instant,
    /// It has not answered: nobody asks again, for a late answer would be taken for another.
    gone: bool,
    interrupt: Arc<AtomicBool>,
}

impl Wire {
    fn ask(&mut self, request: &str) -> io::Result<Instant> {
        if self.gone {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let answered = self.ask_once(request);
        self.gone = answered.is_err();
        answered
    }

    fn ask_once(&mut self, request: &str) -> io::Result<Instant> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut line, begun) = (String::new(), std::time::Instant::now());
        loop {
            match self.stream.read_line(&mut line) {
                Ok(_) => break,
                Err(error) if is_silence(&error) => {
                    let asked = self.interrupt.load(Ordering::Relaxed);
                    let patience = if asked { PATIENCE.1 } else { PATIENCE.0 };
                    if begun.elapsed() >= patience {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let line = line.trim();
        let nanos = line.parse().map_err(|_| io::Error::other(line))?;
        Ok(Instant::from_nanos(nanos))
    }

    /// Asks for lab time, in the time of this clock.
    fn show(&mut self, request: &str) -> io::Result<Instant> {
        let there = self.ask(request)?;
        self.shown = self.start + there.since(self.origin);
        Ok(self.shown)
    }
}

impl SharedClock {
    /// The clock at `address`, which shows `start` now; when `interrupt` becomes true, every wait ends with
    /// [`FaultKind::Interrupted`] within 100 ms.
    ///
    /// # Errors
    /// If no clock answers there.
    pub fn connect(address: &str, start: Instant, interrupt: Arc<AtomicBool>) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LOOK))?;
        let stream = BufReader::new(stream);
        let (origin, gone) = (Instant::START, false);
        let mut wire =
            Wire { stream, origin, start, shown: start, gone, interrupt: interrupt.clone() };
        wire.origin = wire.ask("now\n")?;
        Ok(Self { wire: RefCell::new(wire), interrupt })
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Instant {
        let mut wire = self.wire.borrow_mut();
        // The next tick says that the other process has gone.
        wire.show("now\n").unwrap_or(wire.shown)
    }

    fn tick(&mut self, deadline: Instant) -> Result<(), Fault> {
        let mut wire = self.wire.borrow_mut();
        let fault = |at, kind| Err(Fault::new(at, "clock", kind));
        if self.interrupt.load(Ordering::Relaxed) {
            return fault(wire.shown, FaultKind::Interrupted);
        }
        let there = wire.origin + Span::from_nanos(deadline.since(wire.start).as_nanos());
        match wire.show(&format!("until {}\n", there.as_nanos())) {
            Ok(_) => Ok(()),
            Err(error) => fault(wire.shown, FaultKind::LinkLost { detail: error.to_string() }),
        }
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    fn filled(&mut self, pump: &PumpId, holds: Volume) -> Result<(), Fault> {
        let mut wire = self.wire.borrow_mut();
        let told = wire.show(&format!("fill {} {pump}\n", holds.ul()));
        told.map(drop).map_err(|error| {
            let detail = format!("the emulated syringe was not filled: {error}");
            Fault::new(wire.shown, pump, FaultKind::Refused { detail })
        })
    }
}
