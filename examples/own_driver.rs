//! A new pump in one file: its protocol, its driver and its emulator.
//!
//! Demonstrates in particular that a driver says what an instrument must do and shows that it did,
//! that an emulator is the mirror image, and that a bench of both gives what the lab behind gives.
//! Run it with `cargo run --example own_driver`.
//!
//! The Acme pump speaks lines. `RUN 92.5 1000` (µL/min, µL) and `HALT` are answered with `OK` or
//! `NO` and a reason, `STAT?` with a digit as the manifest counts them, `VOL?` with µL.

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_backends::Bench;
use flowtwin_backends::bench::Instruments;
use flowtwin_backends::clock::WorldClock;
use flowtwin_backends::codec::{line, take};
use flowtwin_backends::emulator::{Emulator, Line, MemoryWire, World, WorldBehind};
use flowtwin_backends::instrument::Pump;
use flowtwin_backends::transport::Dialog;
use flowtwin_lab::{
    Command, FaultKind, FlowRate, Lab, Manifest, PumpId, Reply, SensorKind, Span, Volume,
};

/// The driver: from what a pump is told to lines, and back to what it did.
#[derive(Debug)]
struct Acme(Dialog);

impl Acme {
    fn ask(&mut self, request: &str) -> Result<String, FaultKind> {
        self.0.ask(format!("{request}\n").as_bytes(), line::scan, |line| Ok(Some(line)))
    }

    fn tell(&mut self, request: &str) -> Result<(), FaultKind> {
        match self.ask(request)?.as_str() {
            "OK" => Ok(()),
            other => Err(FaultKind::Refused { detail: other.to_owned() }),
        }
    }

    fn number(&mut self, question: &str) -> Result<f64, FaultKind> {
        let text = self.ask(question)?;
        let detail = format!("{text:?} answers {question}");
        text.parse().map_err(|_| FaultKind::Garbled { detail })
    }
}

impl Pump for Acme {
    fn dispense(&mut self, rate: FlowRate, at_most: Volume) -> Result<(), FaultKind> {
        self.tell(&format!("RUN {:.6} {:.5}", rate.ul_per_min(), at_most.ul()))?;
        // What moves is read back: an acknowledgement only says that the line was understood.
        match self.status()? {
            1 => Ok(()),
            status => Err(FaultKind::Refused { detail: format!("status is {status} after RUN") }),
        }
    }

    fn stop(&mut self) -> Result<(), FaultKind> {
        self.tell("HALT")
    }

    fn status(&mut self) -> Result<u8, FaultKind> {
        self.number("STAT?").map(|status| status as u8)
    }

    fn dispensed_ul(&mut self) -> Result<f64, FaultKind> {
        self.number("VOL?")
    }
}

/// The emulator: from lines to commands on the lab behind, and back.
struct AcmeEmulator(PumpId);

impl AcmeEmulator {
    fn answer(&self, request: &str, world: &mut dyn Lab) -> Option<String> {
        let words: Vec<&str> = request.split(' ').collect();
        let pump = self.0.clone();
        match words[..] {
            ["RUN", rate, volume] => {
                let rate_ul_per_min = FlowRate::from_ul_per_min(rate.parse().ok()?);
                let at_most_ul = Volume::from_ul(volume.parse().ok()?);
                let command = Command::Dispense { pump, rate_ul_per_min, at_most_ul };
                Some(
                    world.send(&command).map_or_else(|f| format!("NO {}", f.kind), |_| "OK".into()),
                )
            }
            ["HALT"] => world.send(&Command::Stop { pump }).ok().map(|_| "OK".into()),
            ["STAT?"] => read(SensorKind::Status(pump), world).map(|status| status.to_string()),
            ["VOL?"] => read(SensorKind::Dispensed(pump), world).map(|ul| format!("{ul:.4}")),
            _ => None,
        }
    }
}

fn read(kind: SensorKind, world: &mut dyn Lab) -> Option<f64> {
    let sensor = world.manifest().sensor(&kind)?.clone();
    match world.send(&Command::Read { sensor }) {
        Ok(Reply::Reading(value)) => Some(value),
        _ => None,
    }
}

impl Emulator for AcmeEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        while let Some(request) = take(&mut line.input, line::scan) {
            let answer = self.answer(&request, world).unwrap_or_else(|| "NO such command".into());
            line.output.extend_from_slice(format!("{answer}\n").as_bytes());
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Any lab can be behind an emulator; this one is the simulated rig of the paper.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/cs3cu2i5.toml");
    let simulator = flowtwin_campaign::scenario::Scenario::load(path.as_ref())?.simulated()?.lab(1);
    let manifest: Manifest = simulator.manifest().clone();
    let pump = manifest.pumps[0].name.clone();
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(simulator))));

    let emulator: Box<dyn Emulator> = Box::new(AcmeEmulator(pump.clone()));
    let wire = MemoryWire::new(Rc::new(RefCell::new(emulator)), world.clone());
    let driver = Acme(Dialog::new(Box::new(wire), Duration::from_secs(1)));

    let mut instruments = Instruments::default();
    instruments.pumps.insert(pump.clone(), Box::new(driver));
    let mut bench = Bench::new(manifest, instruments, Box::new(WorldClock::new(world)));

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
