//! A rig of emulated instruments in one process, in the time of the lab behind them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use flowtwin_lab::{Command, Fault, Instant, Lab, Manifest, Reply};

use crate::bench::Bench;
use crate::clock::WorldClock;
use crate::emulator::{MemoryWire, World, WorldBehind};
use crate::transport::Transport;
use crate::wiring::{Wired, Wiring, WiringError};

mod program;

/// Drivers, wires in memory and emulators in front of a lab: every command goes to bytes and back.
///
/// Bytes take no lab time, so the rig gives the same replies at the same moments as the lab behind
/// it.
#[derive(Debug)]
pub struct EmulatedRig {
    bench: Bench,
    /// Where somebody fills the syringes.
    world: World,
}

impl EmulatedRig {
    /// A rig wired as in `wiring`, in front of `world`.
    ///
    /// # Errors
    /// If the wiring does not fit the manifest of `world`.
    pub fn new(world: Box<dyn Lab>, wiring: &Wiring) -> Result<Self, WiringError> {
        let manifest = world.manifest().clone();
        let world: World = Rc::new(RefCell::new(WorldBehind::new(world)));
        let mut emulators: BTreeMap<_, _> =
            wiring.emulators().into_iter().map(|made| (made.name.clone(), made)).collect();
        let behind = world.clone();
        let mut open = move |name: &str, _: Option<&_>| {
            let emulator = emulators
                .remove(name)
                .ok_or_else(|| WiringError::Unknown { what: name.to_owned() })?;
            let is_tried = |wired: &Wired<'_>| wired.instrument.tries_its_program();
            if wiring.find(name).is_some_and(|wired| is_tried(&wired)) {
                return program::wire(wiring, name, emulator, &behind);
            }
            let emulator = Rc::new(RefCell::new(emulator.emulator));
            Ok(Box::new(MemoryWire::new(emulator, behind.clone())) as Box<dyn Transport>)
        };
        let instruments = wiring.instruments(&manifest, &mut open)?;
        let clock = Box::new(WorldClock::new(world.clone()));
        Ok(Self { bench: Bench::new(manifest, instruments, clock), world })
    }

    /// A rig with the usual instruments in front of `world`.
    ///
    /// # Errors
    /// If the manifest of `world` cannot be wired, such as with more than four heaters.
    pub fn usual(world: Box<dyn Lab>) -> Result<Self, WiringError> {
        let wiring = Wiring::of(world.manifest());
        Self::new(world, &wiring)
    }
}

impl Lab for EmulatedRig {
    fn manifest(&self) -> &Manifest {
        self.bench.manifest()
    }

    fn now(&self) -> Instant {
        self.bench.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let filled = match command {
            Command::Fill { .. } => self.world.borrow_mut().send(command).map(drop),
            _ => Ok(()),
        };
        filled.and_then(|()| self.bench.send(command))
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.bench.wait_until(deadline)
    }
}
