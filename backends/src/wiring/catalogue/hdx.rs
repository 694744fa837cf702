//! Ocean HDX spectrometers.

use std::cell::RefCell;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_lab::{FaultKind, LightId, Manifest, SpectrometerId};
use serde::{Deserialize, Serialize};

use super::single;
use crate::bench::Instruments;
use crate::codec::hdx::{LampLine, MOST_AT_ONCE, PRODUCT};
use crate::driver::hdx::{self, Hdx, HdxLamp, SharedHdx};
use crate::emulator::Emulator;
use crate::emulator::hdx::HdxEmulator;
use crate::instrument::Identity;
use crate::transport::{Dialog, UsbPort};
use crate::wiring::{Face, Found, InstrumentWiring, Job, Link, Ranged, SerialTry};

/// Bytes of the longest message on a serial line: one buffered spectrum.
const LONG_MESSAGE: f64 = 4300.0;
/// Bits of a byte on a serial line.
const BITS: f64 = 10.0;

/// An Ocean HDX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HdxWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// The light that one of its lines switches.
    pub lamp: Option<LightId>,
    /// Which line that is: the lamp-enable line, or a general-purpose pin.
    #[serde(default)]
    pub lamp_line: LampLine,
    /// Exposures that it averages to one frame. More than one makes frames longer, so that they resolve slugs less well.
    #[serde(default = "one")]
    pub average: u16,
}

fn one() -> u16 {
    1
}

impl Default for HdxWiring {
    fn default() -> Self {
        let lamp_line = LampLine::default();
        Self { link: None, serial_number: None, lamp: None, lamp_line, average: one() }
    }
}

impl InstrumentWiring for HdxWiring {
    crate::reached_by!(link, serial_number);

    fn usb(&self) -> Option<UsbPort> {
        Some(UsbPort::messages("HDX", PRODUCT))
    }

    fn ranges(&self) -> Vec<Ranged> {
        let mut ranges = vec![Ranged::new("average", self.average, 1.0, 5_000.0)];
        if let LampLine::Gpio(pin) = self.lamp_line {
            ranges.push(Ranged::new("lamp_line.gpio", pin, 0.0, 31.0));
        }
        ranges
    }

    fn jobs(&self, name: &str) -> Vec<Job> {
        single::jobs(name, self.lamp.as_ref())
    }

    fn transmission_s(&self, frames: u32) -> Option<f64> {
        match self.link.as_ref()? {
            Link::Serial(serial) => {
                Some(f64::from(frames) * LONG_MESSAGE * BITS / f64::from(serial.baud))
            }
            Link::Tcp(_) | Link::Usb(_) => None,
        }
    }

    fn drive(&self, name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        let under_way_s = self.transmission_s(1);
        let at_once = if under_way_s.is_some() { 1 } else { MOST_AT_ONCE };
        let dialog = dialog.more_patient(Duration::from_secs_f64(under_way_s.unwrap_or(0.0)));
        let driver = Hdx::new(dialog, at_once).averaging(self.average);
        // A wire in memory flips no bits.
        let driver = if self.link.is_some() { driver.with_md5() } else { driver };
        let shared = Rc::new(RefCell::new(driver));
        if let Some(light) = &self.lamp {
            let lamp = HdxLamp::new(shared.clone(), self.lamp_line);
            drivers.lights.insert(light.clone(), Box::new(lamp));
        }
        let spectrometer = SpectrometerId::new(name);
        drivers.spectrometers.insert(spectrometer, Box::new(SharedHdx::new(shared)));
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        Hdx::new(dialog, 1).identify()
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let serial_number = self.serial_number.as_deref().unwrap_or("HDX00042");
        let lamp = self.lamp.clone().map(|light| (light, self.lamp_line));
        Box::new(HdxEmulator::new(SpectrometerId::new(name), lamp, serial_number))
    }

    fn example() -> &'static str {
        "lamp = \"halogen\""
    }

    fn usual_face(&self) -> Face {
        Face::Discovered
    }

    fn serial_try() -> Option<SerialTry> {
        let instrument = Box::new(Self::default());
        Some(SerialTry { instrument, bauds: &[9_600, 115_200], turn: 4 })
    }

    fn on_network(adapter: Ipv4Addr) -> io::Result<Vec<Found>> {
        let found = |address| Found { instrument: Box::new(Self::default()) as Box<_>, address };
        Ok(hdx::discovery::addresses(adapter)?.into_iter().map(found).collect())
    }
}
