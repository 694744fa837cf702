//! Watlow F4T controllers by SCPI.

use flowtwin_lab::{FaultKind, HeaterId, Manifest};
use serde::{Deserialize, Serialize};

use crate::bench::Instruments;
use crate::driver::f4t_scpi::F4tScpi;
use crate::emulator::Emulator;
use crate::emulator::f4t_scpi::F4tScpiEmulator;
use crate::instrument::Identity;
use crate::transport::Dialog;
use crate::wiring::{InstrumentWiring, Job, Link};

/// A Watlow F4T by SCPI: loop 1, switched by output 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct F4tScpiWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
}

impl InstrumentWiring for F4tScpiWiring {
    crate::reached_by!(link, serial_number);

    fn jobs(&self, name: &str) -> Vec<Job> {
        vec![Job::Heater(HeaterId::new(name))]
    }

    fn drive(&self, name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        drivers.heaters.insert(HeaterId::new(name), Box::new(F4tScpi::new(dialog, 1, 1)));
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        F4tScpi::new(dialog, 1, 1).identify()
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let serial_number = super::f4t::shown(self.serial_number.as_deref());
        Box::new(F4tScpiEmulator::new(HeaterId::new(name), serial_number))
    }

    fn example() -> &'static str {
        ""
    }
}
