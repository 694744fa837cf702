//! Ocean USB2000, USB2000+ and USB4000 spectrometers.

use flowtwin_lab::{FaultKind, LightId, Manifest, SpectrometerId};
use serde::{Deserialize, Serialize};

use super::single;
use crate::bench::Instruments;
use crate::codec::ooi::Model;
use crate::driver::ooi::Ooi;
use crate::emulator::Emulator;
use crate::emulator::ooi::OoiEmulator;
use crate::instrument::Identity;
use crate::transport::{Dialog, UsbPort};
use crate::wiring::{InstrumentWiring, Job, Link, Ranged};

/// An Ocean USB2000, USB2000+ or USB4000.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OceanUsbWiring {
    /// Which of them it is.
    pub model: Model,
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// The light that its lamp-enable line switches.
    pub lamp: Option<LightId>,
    /// What a frame takes longer than its integration time \[ms\]; 0 if left out.
    pub gap_ms: Option<f64>,
}

impl InstrumentWiring for OceanUsbWiring {
    crate::reached_by!(link, serial_number);

    fn usb(&self) -> Option<UsbPort> {
        let Self { model, .. } = self;
        Some(UsbPort {
            model: model.name(),
            product: model.product(),
            endpoints: model.endpoints(),
            spectra: model.spectrum_endpoints(),
        })
    }

    fn problem(&self) -> Option<String> {
        let serial = matches!(self.link, Some(Link::Serial(_)));
        serial.then(|| "it is driven by USB only: say `link.usb` with its serial number".to_owned())
    }

    fn ranges(&self) -> Vec<Ranged> {
        single::ranges(self.gap_ms)
    }

    fn misfit(&self, name: &str, manifest: &Manifest) -> Option<String> {
        let detector = (self.model.pixels(), self.model.full_scale());
        single::misfit(&format!("a {}", self.model.name()), detector, name, manifest)
    }

    fn jobs(&self, name: &str) -> Vec<Job> {
        single::jobs(name, self.lamp.as_ref())
    }

    fn drive(&self, name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        let gap_ms = self.gap_ms.unwrap_or(0.0);
        single::drive(name, Ooi::new(dialog, self.model), gap_ms, self.lamp.clone(), drivers);
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        Ooi::new(dialog, self.model).identify()
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let usual = match self.model {
            Model::Usb2000 => "USB2G00042",
            Model::Usb2000Plus => "USB2+H00042",
            Model::Usb4000 => "USB4C00042",
        };
        let serial_number = self.serial_number.as_deref().unwrap_or(usual);
        let spectrometer = SpectrometerId::new(name);
        Box::new(OoiEmulator::new(self.model, spectrometer, self.lamp.clone(), serial_number))
    }

    fn example() -> &'static str {
        "model = \"usb4000\"\nlamp = \"arc\""
    }
}
