//! The Acme pump: its section of a wiring file, its driver and its emulator.
//!
//! It speaks lines. `RUN 92.5 1000` (µL/min, µL) and `HALT` are answered with `OK` or `NO` and a reason, `STAT?` with a digit
//! as the manifest counts them, `VOL?` with µL, `WHO?` with its serial number.

use flowtwin_backends::bench::Instruments;
use flowtwin_backends::codec::{line, take};
use flowtwin_backends::emulator::{Emulator, Line};
use flowtwin_backends::instrument::{Identity, Pump};
use flowtwin_backends::transport::Dialog;
use flowtwin_backends::wiring::{Face, InstrumentWiring, Job, Link, SerialTry};
use flowtwin_lab::{
    Command, FaultKind, FlowRate, Lab, Manifest, PumpId, Reply, SensorKind, Volume,
};
use serde::{Deserialize, Serialize};

/// An Acme pump in a wiring file, by the name of the pump.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcmeWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
}

impl InstrumentWiring for AcmeWiring {
    flowtwin_backends::reached_by!(link, serial_number);

    fn jobs(&self, name: &str) -> Vec<Job> {
        vec![Job::Pump(PumpId::new(name))]
    }

    fn drive(&self, name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        drivers.pumps.insert(PumpId::new(name), Box::new(Acme(dialog)));
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        let serial_number = Some(Acme(dialog).ask("WHO?")?);
        Ok(Identity { model: "Acme pump".into(), serial_number, ..Identity::default() })
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let serial_number = self.serial_number.clone().unwrap_or_else(|| "A1".into());
        Box::new(AcmeEmulator { pump: PumpId::new(name), serial_number })
    }

    fn example() -> &'static str {
        "serial_number = \"A1\""
    }

    // What follows has a default: it is for pumps on serial ports.

    fn usual_face(&self) -> Face {
        Face::Serial
    }

    fn serial_try() -> Option<SerialTry> {
        // After those that are in the catalogue already.
        Some(SerialTry { instrument: Box::new(Self::default()), bauds: &[9_600], turn: 9 })
    }
}

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
struct AcmeEmulator {
    pump: PumpId,
    serial_number: String,
}

impl AcmeEmulator {
    fn answer(&self, request: &str, world: &mut dyn Lab) -> Option<String> {
        let words: Vec<&str> = request.split(' ').collect();
        let pump = self.pump.clone();
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
            ["WHO?"] => Some(self.serial_number.clone()),
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
