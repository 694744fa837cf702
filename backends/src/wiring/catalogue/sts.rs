//! Ocean STS spectrometers.

use flowtwin_lab::{FaultKind, LightId, Manifest, SpectrometerId};
use serde::{Deserialize, Serialize};

use super::single;
use crate::bench::Instruments;
use crate::codec::sts::{FULL_SCALE, PIXELS, PRODUCT, SPECTRUM_BYTES, USB_MS};
use crate::driver::sts::Sts;
use crate::emulator::Emulator;
use crate::emulator::sts::StsEmulator;
use crate::instrument::Identity;
use crate::transport::{Dialog, UsbPort};
use crate::wiring::{Face, InstrumentWiring, Job, Link, Ranged, SerialTry};

/// An Ocean STS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StsWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// The light that its lamp-enable line switches.
    pub lamp: Option<LightId>,
    /// What a frame takes longer than its integration time \[ms\]; if left out, what its counts are under way on its cable.
    pub gap_ms: Option<f64>,
}

impl InstrumentWiring for StsWiring {
    crate::reached_by!(link, serial_number);

    fn usb(&self) -> Option<UsbPort> {
        Some(UsbPort::messages("STS", PRODUCT))
    }

    fn ranges(&self) -> Vec<Ranged> {
        single::ranges(self.gap_ms)
    }

    fn misfit(&self, name: &str, manifest: &Manifest) -> Option<String> {
        single::misfit("an STS", (PIXELS, FULL_SCALE), name, manifest)
    }

    fn jobs(&self, name: &str) -> Vec<Job> {
        single::jobs(name, self.lamp.as_ref())
    }

    fn drive(&self, name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        let gap_ms = single::gap_ms(self.gap_ms, self.link.as_ref(), SPECTRUM_BYTES, USB_MS);
        let under_way = single::under_way(self.link.as_ref(), SPECTRUM_BYTES);
        let driver = Sts::new(dialog.more_patient(under_way));
        single::drive(name, driver, gap_ms, self.lamp.clone(), drivers);
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        Sts::new(dialog).identify()
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let serial_number = self.serial_number.as_deref().unwrap_or("S00042");
        Box::new(StsEmulator::new(SpectrometerId::new(name), self.lamp.clone(), serial_number))
    }

    fn example() -> &'static str {
        "lamp = \"shutter\""
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
