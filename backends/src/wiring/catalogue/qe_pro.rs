//! Ocean QE Pro spectrometers.

use flowtwin_lab::{FaultKind, Manifest, SpectrometerId};
use serde::{Deserialize, Serialize};

use super::single;
use crate::bench::Instruments;
use crate::codec::qe_pro::{BINNING_MS, PIXELS, PRODUCT, SPECTRUM_BYTES};
use crate::driver::qe_pro::QePro;
use crate::emulator::Emulator;
use crate::emulator::qe_pro::QeProEmulator;
use crate::instrument::Identity;
use crate::transport::{Dialog, UsbPort};
use crate::wiring::{Face, InstrumentWiring, Job, Link, Ranged, SerialTry};

/// An Ocean QE Pro.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QeProWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// What a frame takes longer than its integration time \[ms\]; if left out, what binning takes, or what its counts are under
    /// way on a serial line.
    pub gap_ms: Option<f64>,
}

impl InstrumentWiring for QeProWiring {
    crate::reached_by!(link, serial_number);

    fn usb(&self) -> Option<UsbPort> {
        Some(UsbPort::messages("QE Pro", PRODUCT))
    }

    fn ranges(&self) -> Vec<Ranged> {
        single::ranges(self.gap_ms)
    }

    fn misfit(&self, name: &str, manifest: &Manifest) -> Option<String> {
        single::misfit("a QE Pro", (PIXELS, u16::MAX), name, manifest)
    }

    fn jobs(&self, name: &str) -> Vec<Job> {
        single::jobs(name, None)
    }

    fn drive(&self, name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        let gap_ms = single::gap_ms(self.gap_ms, self.link.as_ref(), SPECTRUM_BYTES, BINNING_MS);
        let under_way = single::under_way(self.link.as_ref(), SPECTRUM_BYTES);
        let driver = QePro::new(dialog.more_patient(under_way));
        single::drive(name, driver, gap_ms, None, drivers);
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        QePro::new(dialog).identify()
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let serial_number = self.serial_number.as_deref().unwrap_or("QEP00042");
        Box::new(QeProEmulator::new(SpectrometerId::new(name), serial_number))
    }

    fn example() -> &'static str {
        "gap_ms = 0.7"
    }

    fn usual_face(&self) -> Face {
        Face::Serial
    }

    /// Before an HDX is looked for, which speaks the same protocol, and whose driver asks for more.
    fn serial_try() -> Option<SerialTry> {
        let instrument = Box::new(Self::default());
        Some(SerialTry { instrument, bauds: &[9_600, 115_200], turn: 3 })
    }
}
