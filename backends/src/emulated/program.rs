//! Programs whose instruments are emulated: they run as they do on a rig, at a port of this process.
//!
//! While a program is waited for, the emulator at its port is served, and lab time stands still: so the rig gives the same
//! replies as one without programs, however fast they are.

use std::cell::RefCell;

use crate::emulator::World;
use crate::server::{Door, Endpoint};
use crate::transport::{ProgramWire, Transport};
use crate::wiring::{EmulatedInstrument, Wiring, WiringError};

/// A wire to the program that leads to the instrument `name`, which is emulated by `made` in front of `world`.
///
/// # Errors
/// If the system gives no port, or the command needs another one.
pub(super) fn wire(
    wiring: &Wiring,
    name: &str,
    made: EmulatedInstrument,
    world: &World,
) -> Result<Box<dyn Transport>, WiringError> {
    let no_port = |error: std::io::Error| WiringError::Section {
        section: made.kind.into(),
        name: name.into(),
        problem: format!("no port for its emulated instrument: {error}"),
    };
    let mut door = Door::open(made.face).map_err(no_port)?;
    let link = Endpoint::of(made.kind, &door).link();
    let unlinked = || WiringError::NoLink { instrument: name.into() };
    let start = wiring.start_of(name, link.as_ref())?.ok_or_else(unlinked)?;
    let (emulator, world) = (RefCell::new(made.emulator), world.clone());
    let serve = move || {
        door.receive();
        for line in door.lines() {
            world.borrow_mut().serve(&mut **emulator.borrow_mut(), line);
        }
        door.send();
    };
    Ok(Box::new(ProgramWire::new(start).serving(Box::new(serve))))
}
