//! Thorlabs DC4100 LED drivers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use flowtwin_lab::{FaultKind, LightId, Manifest};
use serde::{Deserialize, Serialize};

use crate::bench::Instruments;
use crate::driver::dc4100::{Dc4100, Dc4100Led};
use crate::emulator::Emulator;
use crate::emulator::dc4100::Dc4100Emulator;
use crate::instrument::Identity;
use crate::transport::Dialog;
use crate::wiring::{Face, InstrumentWiring, Job, Link, Ranged, SerialTry};

/// A Thorlabs DC4100.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dc4100Wiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// Its LEDs.
    pub lights: BTreeMap<LightId, Led>,
}

/// An LED of a DC4100.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Led {
    /// Channel, 0 to 3.
    pub channel: u8,
    /// Current \[mA\].
    pub current_ma: f64,
}

impl InstrumentWiring for Dc4100Wiring {
    crate::reached_by!(link, serial_number);

    fn ranges(&self) -> Vec<Ranged> {
        let of = |(light, led): (&LightId, &Led)| {
            [
                Ranged::new(format!("lights.{light}.channel"), led.channel, 0.0, 3.0),
                Ranged::new(format!("lights.{light}.current_ma"), led.current_ma, 0.0, 1000.0),
            ]
        };
        self.lights.iter().flat_map(of).collect()
    }

    fn jobs(&self, _name: &str) -> Vec<Job> {
        self.lights.keys().cloned().map(Job::Light).collect()
    }

    fn places(&self) -> Vec<String> {
        self.lights.values().map(|led| format!("LED {}", led.channel)).collect()
    }

    fn drive(&self, _name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        let driver = Rc::new(RefCell::new(Dc4100::new(dialog)));
        for (light, led) in &self.lights {
            let led = Dc4100Led::new(driver.clone(), led.channel, led.current_ma);
            drivers.lights.insert(light.clone(), Box::new(led));
        }
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        Dc4100::new(dialog).identify()
    }

    fn emulator(&self, _name: &str) -> Box<dyn Emulator> {
        let mut lights = [const { None }; 4];
        for (light, led) in &self.lights {
            lights[usize::from(led.channel)] = Some(light.clone());
        }
        let serial_number = self.serial_number.as_deref().unwrap_or("M00410042");
        Box::new(Dc4100Emulator::new(lights, serial_number))
    }

    fn example() -> &'static str {
        "lights = { blue = { channel = 1, current_ma = 200 } }"
    }

    fn usual_face(&self) -> Face {
        Face::Serial
    }

    fn serial_try() -> Option<SerialTry> {
        Some(SerialTry { instrument: Box::new(Self::default()), bauds: &[115_200], turn: 2 })
    }
}
