//! Chemyx Fusion 4000, 6000 and X syringe pumps.

use std::cell::RefCell;
use std::rc::Rc;

use flowtwin_lab::{FaultKind, FlowRate, Volume, math};

mod limits;
mod port;

pub use limits::Limits;
pub use port::ChemyxPort;

use crate::codec::chemyx::value;
use crate::instrument::{Identity, Pump};
use crate::transport::Dialog;

/// Relative difference up to which a value kept is the value sent: the pump may calculate in single
/// precision.
const SAME: f64 = 1e-5;

/// The number of the units µL and µL/min.
const UNITS_UL_PER_MIN: f64 = 2.0;

/// How much a pump is moved so that it can be seen \[µL\], and how fast [µL/min]: three seconds.
const NUDGE_UL: f64 = 10.0;
const NUDGE_UL_PER_MIN: f64 = 200.0;
/// How often it is asked whether it has come to its end, and how long after each time.
const NUDGE_LOOKS: u32 = 1_200;
const NUDGE_LOOK: std::time::Duration = std::time::Duration::from_millis(50);

const RUNNING: u8 = 1;
const STALLED: u8 = 4;

/// One pump on a port, or one channel of a multi-channel pump.
#[derive(Debug)]
pub struct Chemyx {
    port: Rc<RefCell<ChemyxPort>>,
    channel: Option<u8>,
    bore_mm: f64,
    limits: Option<Limits>,
    may_run: bool,
}

impl Chemyx {
    /// The pump alone on a port, with a syringe of this inner diameter \[mm\].
    pub fn new(dialog: Dialog, bore_mm: f64) -> Self {
        Self::channel(Rc::new(RefCell::new(ChemyxPort::new(dialog))), None, bore_mm)
    }

    /// A pump with a known port and channel and nothing else: enough to identify it.
    pub(crate) fn lone(dialog: Dialog, channel: Option<u8>) -> Self {
        Self::channel(Rc::new(RefCell::new(ChemyxPort::new(dialog))), channel, 0.0)
    }

    /// A channel of a pump whose channels share a port.
    pub fn channel(port: Rc<RefCell<ChemyxPort>>, channel: Option<u8>, bore_mm: f64) -> Self {
        Self { port, channel, bore_mm, limits: None, may_run: true }
    }

    /// Identifies the pump; changes nothing and moves nothing.
    ///
    /// # Errors
    /// If it does not answer as a Chemyx pump does.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        self.port.borrow_mut().wake()?;
        let status = self.status()?;
        let help = self.read("help")?;
        let mut notes = vec![format!("status {status}"), self.port.borrow().echo_in_words()];
        if matches!(status, 1..=3) {
            notes.push("it is running: stop it at the pump before a campaign".into());
        }
        Ok(Identity {
            model: format!("Chemyx Fusion ({})", help.first().map_or("no help text", |l| l)),
            serial_number: None,
            firmware: None,
            notes,
        })
    }

    /// Stops the pump if it runs, sets units and bore, and reads its limits.
    fn prepare(&mut self) -> Result<Limits, FaultKind> {
        if let Some(limits) = self.limits {
            self.check_settings().inspect_err(|_| self.limits = None)?;
            return Ok(limits);
        }
        self.port.borrow_mut().wake()?;
        if self.status()? != 0 {
            self.stop()?;
        }
        self.may_run = false;
        self.set("units", UNITS_UL_PER_MIN, 0, "")?;
        self.set("diameter", self.bore_mm, 3, "mm")?;
        let lines = self.read("read limit parameter")?;
        let limits = Limits::parse(&lines)?;
        self.limits = Some(limits);
        Ok(limits)
    }

    /// Looks whether units and bore are still those that were set: a pump that has lost power comes
    /// back in mL/min, and would pump a thousand times too much.
    fn check_settings(&mut self) -> Result<(), FaultKind> {
        let lines = self.view()?;
        self.check_view(&lines)
    }

    fn check_view(&self, lines: &[String]) -> Result<(), FaultKind> {
        let expected = [("unit", UNITS_UL_PER_MIN, ""), ("dia", self.bore_mm, "mm")];
        for (quantity, asked, unit) in expected {
            let kept = found(lines, quantity)?;
            if !is_same(kept, asked) {
                return Err(kept_other(quantity, asked, kept, unit));
            }
        }
        Ok(())
    }

    fn read(&mut self, command: &str) -> Result<Vec<String>, FaultKind> {
        self.port.borrow_mut().read(self.channel, command)
    }

    /// Sets a value and compares what the pump kept; where the reply is lost, looks it up.
    fn set(&mut self, name: &str, asked: f64, decimals: u32, unit: &str) -> Result<(), FaultKind> {
        let asked = math::round_decimals(asked, decimals);
        let command = format!("set {name} {asked:.*}", decimals as usize);
        let reply = self.port.borrow_mut().command(self.channel, &command);
        let kept = reply
            .and_then(|lines| found(&lines, name))
            .or_else(|kind| self.look_up(name).map_err(|_| kind))?;
        if is_same(kept, asked) {
            return Ok(());
        }
        Err(kept_other(name, asked, kept, unit))
    }

    fn look_up(&mut self, name: &str) -> Result<f64, FaultKind> {
        let short = match name {
            "units" => "unit",
            "diameter" => "dia",
            other => other,
        };
        found(&self.view()?, short)
    }

    /// The settings of this channel; firmware with several channels reports those of all, each below its name.
    fn view(&mut self) -> Result<Vec<String>, FaultKind> {
        let lines = self.read("view parameter")?;
        let Some(channel) = self.channel else { return Ok(lines) };
        let mine = format!("Pump {channel}:");
        let Some(begin) = lines.iter().position(|line| *line == mine) else { return Ok(lines) };
        let mine = lines.into_iter().skip(begin + 1);
        Ok(mine.take_while(|line| !line.starts_with("Pump ")).collect())
    }

    /// Stops on the way to a new run; what counts is the status after the start.
    fn interrupt(&mut self) -> Result<(), FaultKind> {
        let told = self.port.borrow_mut().command(self.channel, "stop");
        told.map(|_| ()).or_else(|_| self.stop())
    }

    /// Starts. A lost reply is no fault where the status shows a run, and a stall is shown by the
    /// status: the guard reads it at every tick.
    fn start(&mut self, at_most: Volume) -> Result<(), FaultKind> {
        let sent = self.port.borrow_mut().command(self.channel, "start");
        match (self.status(), sent) {
            (Ok(RUNNING | STALLED), _) => Ok(()),
            // A short run may be over before the status is read.
            (Ok(0), _) if self.dispensed_ul()? >= 0.99 * at_most.ul() => Ok(()),
            (Ok(status), _) => Err(not_done("start", status)),
            (Err(_), Err(kind)) | (Err(kind), Ok(_)) => Err(kind),
        }
    }
}

/// Whether a value kept is the value asked for; what is not a number is not.
fn is_same(kept: f64, asked: f64) -> bool {
    (kept - asked).abs() <= SAME * asked.abs()
}

fn not_done(command: &str, status: u8) -> FaultKind {
    FaultKind::Refused { detail: format!("status is {status} after {command}") }
}

fn kept_other(quantity: &str, asked: f64, kept: f64, unit: &str) -> FaultKind {
    FaultKind::KeptOther { quantity: quantity.into(), asked, kept, unit: unit.into() }
}

/// The value of `name` in the lines of a reply.
fn found(lines: &[String], name: &str) -> Result<f64, FaultKind> {
    lines
        .iter()
        .find_map(|line| value(line, name).filter(|value| value.is_finite()))
        .ok_or_else(|| crate::transport::garbled(format!("no value of {name} in {lines:?}")))
}

impl Pump for Chemyx {
    fn get_ready(&mut self) -> Result<(), FaultKind> {
        self.prepare().map(|_| ())
    }

    fn dispense(&mut self, rate: FlowRate, at_most: Volume) -> Result<(), FaultKind> {
        if rate.ul_per_min() <= 0.0 {
            return self.stop();
        }
        let limits = self.prepare()?;
        limits.check(rate)?;
        if self.may_run {
            self.interrupt()?;
        }
        self.set("rate", rate.ul_per_min(), 6, "µL/min")?;
        self.set("volume", at_most.ul(), 5, "µL")?;
        self.may_run = true;
        self.start(at_most)
    }

    fn stop(&mut self) -> Result<(), FaultKind> {
        let sent = self.port.borrow_mut().command(self.channel, "stop");
        match (self.status(), sent) {
            (Ok(0 | STALLED), _) => {
                self.may_run = false;
                Ok(())
            }
            (Ok(status), _) => Err(not_done("stop", status)),
            (Err(_), Err(kind)) | (Err(kind), Ok(_)) => Err(kind),
        }
    }

    fn status(&mut self) -> Result<u8, FaultKind> {
        let lines = self.read("pump status")?;
        lines
            .last()
            .and_then(|line| line.parse().ok())
            .filter(|status| *status <= STALLED)
            .ok_or_else(|| crate::transport::garbled(format!("no status in {lines:?}")))
    }

    fn dispensed_ul(&mut self) -> Result<f64, FaultKind> {
        found(&self.read("dispensed volume")?, "dispensed volume")
    }

    fn rate_ul_per_min(&mut self) -> Result<f64, FaultKind> {
        let lines = self.view()?;
        // In other units the number would mean another flow, and with another bore another volume.
        self.check_view(&lines)?;
        found(&lines, "rate")
    }

    fn nudge(&mut self) -> Result<f64, FaultKind> {
        self.port.borrow_mut().wake()?;
        let status = self.status()?;
        if status != 0 {
            let detail = format!("its status is {status}: stop it at the pump, then ask again");
            return Err(FaultKind::Refused { detail });
        }
        self.bore_mm = found(&self.view()?, "dia")?;
        let limits = self.prepare()?;
        let rate = NUDGE_UL_PER_MIN.clamp(limits.min_ul_per_min, limits.max_ul_per_min);
        let ul = math::round_decimals(NUDGE_UL.max(limits.min_ul), 5);
        self.dispense(FlowRate::from_ul_per_min(rate), Volume::from_ul(ul))?;
        for _ in 0..NUDGE_LOOKS {
            if self.status()? != RUNNING {
                break;
            }
            std::thread::sleep(NUDGE_LOOK);
        }
        self.stop().map(|()| ul)
    }
}
