//! A new pump in one file: `acme.rs` has its section of a wiring file, its driver and its emulator.
//!
//! Demonstrates in particular that a driver says what an instrument must do and shows that it did,
//! that an emulator is the mirror image, and that a bench of both gives what the lab behind gives.
//! Run it with `cargo run --example own_driver`.
//!
//! To make it known to wiring files, and so to `run`, `emulate`, `check` and `discover`: copy `acme.rs` to
//! `backends/src/wiring/catalogue/`, and add two lines to `backends/src/wiring/catalogue.rs`, `pub mod acme;` and an entry in
//! the list.

#[expect(unreachable_pub, reason = "the file is meant to be copied into a library")]
mod acme;

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use acme::AcmeWiring;
use flowtwin_backends::Bench;
use flowtwin_backends::bench::Instruments;
use flowtwin_backends::clock::WorldClock;
use flowtwin_backends::emulator::{MemoryWire, World, WorldBehind};
use flowtwin_backends::transport::Dialog;
use flowtwin_backends::wiring::InstrumentWiring;
use flowtwin_lab::{Command, FlowRate, Lab, Manifest, Reply, SensorKind, Span, Volume};

fn main() -> Result<(), Box<dyn Error>> {
    // Any lab can be behind an emulator; this one is the simulated rig of the paper.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/cs3cu2i5.toml");
    let simulator = flowtwin_campaign::scenario::Scenario::load(path.as_ref())?.simulated()?.lab(1);
    let manifest: Manifest = simulator.manifest().clone();
    let pump = manifest.pumps[0].name.clone();
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(simulator))));

    let wired = AcmeWiring::default();
    let emulator = Rc::new(RefCell::new(wired.emulator(pump.as_str())));
    let wire = || MemoryWire::new(Rc::clone(&emulator), world.clone());
    let dialog = || Dialog::new(Box::new(wire()), Duration::from_secs(1));
    println!("{}", wired.identify(dialog())?);

    let mut drivers = Instruments::default();
    wired.drive(pump.as_str(), dialog(), &manifest, &mut drivers);
    let mut bench = Bench::new(manifest, drivers, Box::new(WorldClock::new(world.clone())));

    bench.send(&Command::Dispense {
        pump: pump.clone(),
        rate_ul_per_min: FlowRate::from_ul_per_min(100.0),
        at_most_ul: Volume::from_ul(50.0),
    })?;
    bench.wait(Span::from_secs(15.0))?;
    let sensor = bench.manifest().sensor(&SensorKind::Dispensed(pump)).ok_or("no sensor")?.clone();
    if let Reply::Reading(ul) = bench.send(&Command::Read { sensor })? {
        println!("after {}: {ul} µL of 50 µL at 100 µL/min", bench.now());
    }
    bench.send(&Command::MakeSafe)?;
    Ok(())
}
