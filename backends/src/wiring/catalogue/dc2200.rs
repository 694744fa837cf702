//! Thorlabs DC2200 LED drivers.

use flowtwin_lab::{FaultKind, LightId, Manifest};
use serde::{Deserialize, Serialize};

use crate::bench::Instruments;
use crate::driver::dc2200::Dc2200;
use crate::emulator::Emulator;
use crate::emulator::dc2200::Dc2200Emulator;
use crate::instrument::Identity;
use crate::transport::Dialog;
use crate::wiring::{InstrumentWiring, Job, Link, Ranged};

/// A Thorlabs DC2200.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dc2200Wiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// Current of the LED \[A\].
    pub current_a: f64,
}

impl InstrumentWiring for Dc2200Wiring {
    crate::reached_by!(link, serial_number);

    fn ranges(&self) -> Vec<Ranged> {
        vec![Ranged::new("current_a", self.current_a, 0.0, 10.0)]
    }

    fn jobs(&self, name: &str) -> Vec<Job> {
        vec![Job::Light(LightId::new(name))]
    }

    fn drive(&self, name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        drivers.lights.insert(LightId::new(name), Box::new(Dc2200::new(dialog, self.current_a)));
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        Dc2200::new(dialog, self.current_a).identify()
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let serial_number = self.serial_number.as_deref().unwrap_or("M00420042");
        Box::new(Dc2200Emulator::new(LightId::new(name), serial_number))
    }

    fn example() -> &'static str {
        "current_a = 0.35"
    }
}
