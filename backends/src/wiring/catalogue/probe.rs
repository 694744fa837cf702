//! Sensors in the line behind a program that speaks the lines of `docs/emulators.md`.

use flowtwin_lab::{Command, FaultKind, Lab, Manifest, Reply, SensorId};
use serde::{Deserialize, Serialize};

use crate::bench::Instruments;
use crate::codec::{line, take};
use crate::emulator::{Emulator, Line};
use crate::instrument::{Identity, Probe};
use crate::transport::{Dialog, garbled, read_again};
use crate::wiring::{InstrumentWiring, Job, Link};

/// How the emulator calls itself.
const MODEL: &str = "flowtwin,probe";
const EMULATED: &str = "P00420042";

/// A sensor in the line (infrared, NMR, pressure, temperature, conductivity) behind a program that speaks lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
}

impl InstrumentWiring for ProbeWiring {
    crate::reached_by!(link, serial_number);

    fn jobs(&self, name: &str) -> Vec<Job> {
        vec![Job::Probe(SensorId::new(name))]
    }

    fn drive(&self, name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        drivers.probes.insert(SensorId::new(name), Box::new(LineProbe { dialog }));
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        super::lines::identify(dialog)
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let serial_number = self.serial_number.as_deref().unwrap_or(EMULATED).to_owned();
        Box::new(ProbeEmulator { sensor: SensorId::new(name), serial_number })
    }

    fn example() -> &'static str {
        "serial_number = \"P00420042\""
    }
}

/// The driver.
#[derive(Debug)]
struct LineProbe {
    dialog: Dialog,
}

impl Probe for LineProbe {
    fn value(&mut self) -> Result<f64, FaultKind> {
        let ask = || self.dialog.ask(b"READ?\n", line::scan, |line| Ok(Some(line)));
        let answer = read_again(ask)?;
        let Some(value) = answer.strip_prefix("VALUE ") else {
            return Err(FaultKind::Refused { detail: answer });
        };
        value.trim().parse().map_err(|_| garbled(format!("{answer:?} is no reading")))
    }
}

/// The emulator.
#[derive(Debug)]
struct ProbeEmulator {
    sensor: SensorId,
    serial_number: String,
}

impl ProbeEmulator {
    fn answer(&self, sent: &str, world: &mut dyn Lab) -> String {
        match sent.to_ascii_uppercase().as_str() {
            "*IDN?" => format!("{MODEL},{},1", self.serial_number),
            "READ?" => match world.send(&Command::Read { sensor: self.sensor.clone() }) {
                Ok(Reply::Reading(value)) => format!("VALUE {value:.6}"),
                Ok(_) => "ERROR".into(),
                Err(fault) => format!("ERROR {}", fault.kind),
            },
            _ => "ERROR unknown".into(),
        }
    }
}

impl Emulator for ProbeEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        while let Some(sent) = take(&mut line.input, line::scan) {
            let answer = self.answer(&sent, world);
            line.output.extend_from_slice(answer.as_bytes());
            line.output.push(b'\n');
        }
    }
}
