//! Emulated instruments for other programs: on pseudo-terminals and loopback TCP, in real or
//! accelerated time. Where there are no pseudo-terminals, as on Windows, an instrument on a serial port is refused.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowtwin_lab::{Command, Instant, Lab};

mod discovery;
mod door;
mod endpoint;
mod pace;
#[cfg_attr(not(unix), path = "server/no_pty.rs")]
mod pty;

pub(crate) use door::Door;
pub use endpoint::Endpoint;

use crate::emulator::{Emulator, WorldBehind};
use crate::wiring::{Face, Wiring};
use discovery::Discovery;
use pace::Pace;

/// Longest sleep without messages [ms]: the lab behind moves on at least this often.
const TICK_MS: u16 = 10;
/// Longest sleep while an answer is due [ms].
const SHORT_TICK_MS: u16 = 1;

/// A lab behind emulated instruments, served to other processes.
pub struct EmulatorServer {
    world: WorldBehind,
    pace: Pace,
    stations: Vec<Station>,
    discovery: Option<Discovery>,
    endpoints: BTreeMap<String, Endpoint>,
}

/// An instrument and the way to it.
struct Station {
    emulator: Box<dyn Emulator>,
    door: Door,
}

impl std::fmt::Debug for EmulatorServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmulatorServer").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl EmulatorServer {
    /// Opens a pseudo-terminal or a loopback port for each instrument of `wiring`; lab time begins
    /// now and runs `speed` times as fast as wall time.
    ///
    /// # Errors
    /// If the wiring does not fit the lab behind, or the system gives no pseudo-terminal or port.
    pub fn open(world: Box<dyn Lab>, wiring: &Wiring, speed: f64) -> io::Result<Self> {
        wiring
            .check(world.manifest())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let mut stations = Vec::new();
        let mut endpoints = BTreeMap::new();
        let mut discovered = Vec::new();
        for made in wiring.emulators() {
            let door = Door::open(made.face)?;
            if made.face == Face::Discovered {
                discovered.extend(door.address());
            }
            endpoints.insert(made.name, Endpoint::of(made.kind, &door));
            stations.push(Station { emulator: made.emulator, door });
        }
        let pace = Pace::open(speed)?;
        let discovery = Discovery::open(&discovered);
        let world = WorldBehind::new(world);
        Ok(Self { world, pace, stations, discovery, endpoints })
    }

    /// Where each instrument is to be found, by its name in the wiring file.
    pub fn endpoints(&self) -> &BTreeMap<String, Endpoint> {
        &self.endpoints
    }

    /// Where a campaign takes part in the pace of lab time: see [`crate::clock::SharedClock`].
    ///
    /// # Errors
    /// If the system does not know.
    pub fn clock(&self) -> io::Result<SocketAddr> {
        self.pace.address()
    }

    /// Lets lab time run `speed` times as fast as wall time from now on.
    ///
    /// # Panics
    /// If it is not a positive finite number.
    pub fn set_speed(&mut self, speed: f64) {
        self.pace.set_speed(speed);
    }

    /// Lab time.
    pub fn now(&self) -> Instant {
        self.world.now()
    }

    /// Serves until `stop` becomes true.
    ///
    /// # Errors
    /// If the system cannot wait for the ports.
    pub fn run(&mut self, stop: &AtomicBool) -> io::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            self.turn()?;
        }
        Ok(())
    }

    /// Waits a moment for bytes, lets lab time catch up, and serves every line.
    ///
    /// # Errors
    /// If the system cannot wait for the ports.
    pub fn turn(&mut self) -> io::Result<()> {
        self.sleep()?;
        // Where the lab behind cannot go on, its instruments show it.
        let _ = self.world.wait_until(self.pace.next(self.world.now()));
        let (pace, world) = (&mut self.pace, &mut self.world);
        pace.serve(world.now(), &mut |pump, holds_ul| {
            let filled = world.send(&Command::Fill { pump, holds_ul });
            filled.map(drop).map_err(|fault| fault.kind.to_string())
        });
        for station in &mut self.stations {
            station.door.receive();
            let Station { emulator, door } = station;
            for line in door.lines() {
                self.world.serve(&mut **emulator, line);
            }
            station.door.send();
        }
        if let Some(discovery) = &self.discovery {
            discovery.answer();
        }
        Ok(())
    }

    #[cfg(unix)]
    fn sleep(&self) -> io::Result<()> {
        use nix::poll::{PollFd, PollTimeout, poll};

        let doors = self.stations.iter().flat_map(|station| station.door.descriptors());
        let questions = self.discovery.iter().map(Discovery::descriptor);
        let clock = self.pace.descriptors();
        let mut watched: Vec<PollFd<'_>> = doors.chain(questions).chain(clock).collect();
        match poll(&mut watched, PollTimeout::from(self.longest_ms())) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sleeps as long as without messages: what has come meanwhile is served afterwards.
    #[cfg(not(unix))]
    fn sleep(&self) -> io::Result<()> {
        std::thread::sleep(Duration::from_millis(self.longest_ms().into()));
        Ok(())
    }
}

impl EmulatorServer {
    /// Longest sleep [ms].
    fn longest_ms(&self) -> u16 {
        let busy = self.stations.iter().any(|station| station.door.is_busy());
        let longest = if busy { SHORT_TICK_MS } else { TICK_MS };
        let due = self.pace.due(self.world.now()).map(|due| due.as_secs_f64() * 1e3);
        due.map_or(longest, |due_ms| longest.min(due_ms.ceil() as u16))
    }
}

/// How long nothing may arrive before half a frame is over.
const QUIET: Duration = Duration::from_millis(20);
