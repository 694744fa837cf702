//! What a program must do when nothing is wrong.

use std::thread::sleep;
use std::time::{Duration, Instant};

use flowtwin_lab::{Exposure, FaultKind, FlowRate, Temperature, Volume};

use super::{Examiner, words};
use crate::codec::program::{Kind, What};
use crate::instrument::{
    Analyser as _, Heater, Light, Permit as _, Probe as _, Pump, Spectrometer as _, Valve,
};

/// A volume that is soon delivered, one that is not, and how fast [µL] [µL/min].
const SHORT_UL: f64 = 20.0;
const LONG_UL: f64 = 500.0;
const RATE_UL_PER_MIN: f64 = 1000.0;
/// How much longer than it should a pump may take until it shows that it stands still.
const LATE: Duration = Duration::from_secs(10);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Share of a volume by which what a pump says may differ from it.
const ABOUT: f64 = 0.02;
/// How far above its temperature a heater is set [K].
const WARMER_K: f64 = 2.0;
/// An exposure that is soon over.
const FRAMES: u32 = 3;

impl Examiner {
    /// Whether it starts and says who it is; without that there is nothing to examine.
    pub(super) fn greets(&mut self) -> bool {
        let greets = self.must("it starts, says hello, and says who it is", |it| {
            let identity = it.part().identify().map_err(words)?;
            if identity.model.trim().is_empty() {
                return Err("its model is empty: a person must see which instrument it is".into());
            }
            it.report.identity = Some(identity);
            Ok(())
        });
        if greets {
            let serial = self.report.identity.as_ref().and_then(|who| who.serial_number.clone());
            if serial.is_none() {
                let note = "it has none: swapped cables are not noticed".into();
                self.note("it shows a serial number", note);
            }
            self.read_back();
        }
        greets
    }

    /// What can be read, and what should be.
    fn read_back(&mut self) {
        let kind = self.subject.kind;
        let silent = |what: &&What| !self.reads(**what);
        let missing: Vec<String> =
            kind.should_read().iter().filter(silent).map(What::to_string).collect();
        self.report.grades.read_back = Some(missing.is_empty());
        if !missing.is_empty() {
            let note = format!(
                "it does not read {}: changes at the panel go unnoticed",
                missing.join(", ")
            );
            self.note("everything that is set can be read back", note);
        }
    }

    pub(super) fn good_days(&mut self) {
        match self.subject.kind {
            Kind::Pump => self.pumps(),
            Kind::Valve => self.turns(),
            Kind::Heater => self.heats(),
            Kind::Light => self.lights(),
            Kind::Spectrometer => self.exposes(),
            Kind::Analyser => self.analyses(),
            Kind::Sensor => drop(
                self.must("it reads a number", |it| it.part().value().map(drop).map_err(words)),
            ),
            Kind::Switch => {
                self.must("it tells whether it is safe to run", |it| {
                    it.part().granted().map(drop).map_err(words)
                });
            }
        }
    }

    fn pumps(&mut self) {
        self.must("it stands still before it is told to run", |it| stands_still(&mut it.part()));
        let finite = self.must("it delivers a volume and stops by itself", |it| {
            let mut pump = it.part();
            run(&mut pump, SHORT_UL)?;
            stops_after(&mut pump, SHORT_UL)
        });
        self.report.grades.finite_volumes = Some(finite);
        self.draws();
        self.must("a new dispense replaces the one under way, and counts from zero", |it| {
            let mut pump = it.part();
            run(&mut pump, LONG_UL)?;
            sleep(Duration::from_millis(500));
            let before = pump.dispensed_ul().map_err(words)?;
            run(&mut pump, LONG_UL)?;
            let after = pump.dispensed_ul().map_err(words)?;
            match after <= before {
                true => Ok(()),
                false => {
                    Err(format!("it shows {after} µL after a new start, and {before} µL before"))
                }
            }
        });
        self.must("it stops when it is told to, also a second time", |it| {
            let mut pump = it.part();
            pump.stop().map_err(words)?;
            stands_still(&mut pump)?;
            pump.stop().map_err(words)
        });
        self.must("it stops for a rate of zero", |it| {
            let mut pump = it.part();
            run(&mut pump, LONG_UL)?;
            pump.dispense(FlowRate::from_ul_per_min(0.0), Volume::from_ul(1.0)).map_err(words)?;
            stands_still(&mut pump)
        });
    }

    fn turns(&mut self) {
        self.must("it turns to the second position and back, and tells when it is there", |it| {
            let mut valve = it.part();
            turned(&mut valve, 1)?;
            turned(&mut valve, 0)
        });
    }

    /// Whether a pump draws what it was told to. One that does not draw at all is no worse a pump.
    fn draws(&mut self) {
        let drawn = {
            let mut pump = self.part();
            pump.withdraw(FlowRate::from_ul_per_min(RATE_UL_PER_MIN), Volume::from_ul(SHORT_UL))
        };
        let promise = "it draws a volume and stops by itself";
        if let Err(FaultKind::Unsupported { .. } | FaultKind::Refused { .. }) = drawn {
            self.note(promise, "it does not draw: it cannot refill itself".into());
            return;
        }
        self.must(promise, |it| {
            drawn.map_err(words)?;
            stops_after(&mut it.part(), SHORT_UL)
        });
    }

    fn heats(&mut self) {
        self.must("it shows a temperature", |it| {
            it.part().temperature_c().map(drop).map_err(words)
        });
        self.must("it takes a set point and controls to it", |it| {
            let mut heater = it.part();
            let warm = heater.temperature_c().map_err(words)? + WARMER_K;
            heater.heat(Temperature::from_c((warm * 10.0).round() / 10.0)).map_err(words)
        });
        self.must("it turns control off, also a second time", |it| {
            let mut heater = it.part();
            heater.off().map_err(words)?;
            heater.off().map_err(words)
        });
    }

    fn lights(&mut self) {
        self.must("it goes on and off", |it| {
            let mut light = it.part();
            light.switch(true).map_err(words)?;
            light.switch(false).map_err(words)
        });
    }

    fn exposes(&mut self) {
        self.must(
            "it describes itself, takes frames, and hands them over when they are ready",
            |it| {
                let mut spectrometer = it.part();
                let info = spectrometer.describe("it").map_err(words)?;
                if info.pixels == 0 || info.min_integration_us > info.max_integration_us {
                    return Err(format!("it describes itself as {info:?}"));
                }
                let integration_us = info.min_integration_us.max(1000).min(info.max_integration_us);
                let exposure = Exposure { integration_us, frames: FRAMES };
                let takes = spectrometer.arm(exposure).map_err(words)?;
                let until = Instant::now() + Duration::from_secs_f64(takes.as_secs()) + LATE;
                let frames = loop {
                    match spectrometer.fetch() {
                        Err(FaultKind::NotReady) if Instant::now() < until => sleep(LOOK),
                        came => break came.map_err(words)?,
                    }
                };
                match (frames.len() == FRAMES as usize, frames.pixels() == info.pixels) {
                    (true, true) => Ok(()),
                    _ => Err(format!(
                        "{} frames of {} counts came, {FRAMES} of {} were asked for",
                        frames.len(),
                        frames.pixels(),
                        info.pixels
                    )),
                }
            },
        );
    }

    fn analyses(&mut self) {
        self.must("it takes a sample and says how long the analysis takes", |it| {
            it.part().inject().map(drop).map_err(words)
        });
    }
}

impl Examiner {
    /// Whether it can be seen that the instrument is safe.
    pub(super) fn shows_whether_it_is_safe(&self) -> bool {
        match self.subject.kind {
            Kind::Pump => true,
            Kind::Heater => self.reads(What::Mode),
            Kind::Light => self.reads(What::On),
            _ => false,
        }
    }
}

/// Starts a run.
fn run(pump: &mut impl Pump, ul: f64) -> Result<(), String> {
    pump.dispense(FlowRate::from_ul_per_min(RATE_UL_PER_MIN), Volume::from_ul(ul)).map_err(words)
}

/// Waits until a pump has come to its volume.
fn stops_after(pump: &mut impl Pump, expected_ul: f64) -> Result<(), String> {
    let until =
        Instant::now() + Duration::from_secs_f64(expected_ul / RATE_UL_PER_MIN * 60.0) + LATE;
    while pump.status().map_err(words)? == 1 {
        if Instant::now() > until {
            let ul = pump.dispensed_ul().map_err(words)?;
            let _stopped = pump.stop();
            return Err(format!("it still runs after {ul} µL, of {expected_ul} µL"));
        }
        sleep(LOOK);
    }
    about(pump.dispensed_ul().map_err(words)?, expected_ul)
}

/// Turns a valve, and waits until it is there.
fn turned(valve: &mut impl Valve, position: usize) -> Result<(), String> {
    valve.turn(position).map_err(words)?;
    let until = Instant::now() + LATE;
    loop {
        match valve.position().map_err(words)? {
            Some(at) if at == position => return Ok(()),
            _ if Instant::now() < until => sleep(LOOK),
            Some(at) => {
                return Err(format!("it is at {}, and was turned to {}", at + 1, position + 1));
            }
            None => return Err(format!("it still turns, to {}", position + 1)),
        }
    }
}

fn stands_still(pump: &mut impl Pump) -> Result<(), String> {
    match pump.status().map_err(words)? {
        0 => Ok(()),
        status => {
            Err(format!("its status is {}", crate::codec::program::STATUS[usize::from(status)]))
        }
    }
}

fn about(found: f64, expected: f64) -> Result<(), String> {
    match (found - expected).abs() <= ABOUT * expected {
        true => Ok(()),
        false => Err(format!("it says that it has delivered {found} µL, of {expected} µL")),
    }
}

/// Sets the instrument to work, for a moment in which something goes wrong; none of this is a trial.
pub(super) fn set_to_work(examiner: &Examiner) -> Result<(), String> {
    let mut part = examiner.part();
    match examiner.subject.kind {
        Kind::Pump => run(&mut part, LONG_UL),
        Kind::Heater => {
            let warm = part.temperature_c().map_err(words)? + WARMER_K;
            part.heat(Temperature::from_c((warm * 10.0).round() / 10.0)).map_err(words)
        }
        Kind::Light => part.switch(true).map_err(words),
        _ => Ok(()),
    }
}

/// Whether the instrument is in its safe state, where that can be seen.
pub(super) fn is_safe(examiner: &Examiner) -> Result<(), String> {
    if !examiner.shows_whether_it_is_safe() {
        return Ok(());
    }
    let mut part = examiner.part();
    match examiner.subject.kind {
        Kind::Pump => stands_still(&mut part),
        Kind::Heater => match part.mode().map_err(words)? {
            mode if mode < 0.5 => Ok(()),
            _ => Err("control is on".into()),
        },
        Kind::Light => match part.is_on().map_err(words)? {
            false => Ok(()),
            true => Err("it is on".into()),
        },
        _ => Ok(()),
    }
}
