//! Chemyx syringe pumps.

use std::cell::RefCell;
use std::rc::Rc;

use flowtwin_lab::{FaultKind, Manifest, PumpId};
use serde::{Deserialize, Serialize};

use crate::bench::Instruments;
use crate::codec::chemyx::Dialect;
use crate::driver::chemyx::{Chemyx, ChemyxPort};
use crate::emulator::Emulator;
use crate::emulator::chemyx::ChemyxEmulator;
use crate::instrument::Identity;
use crate::transport::Dialog;
use crate::wiring::{Face, InstrumentWiring, Job, Link, SerialTry};

/// A Chemyx pump.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChemyxWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// How its firmware frames replies. The driver reads all dialects; an emulator speaks this one.
    #[serde(default)]
    pub dialect: Dialect,
    /// The pumps of a multi-channel model, from channel 1.
    pub channels: Option<Vec<PumpId>>,
}

impl ChemyxWiring {
    /// Its pumps, and the channel of each where there are several.
    fn pumps(&self, name: &str) -> Vec<(PumpId, Option<u8>)> {
        match &self.channels {
            Some(pumps) => pumps.iter().cloned().zip((1..).map(Some)).collect(),
            None => vec![(PumpId::new(name), None)],
        }
    }
}

impl InstrumentWiring for ChemyxWiring {
    crate::reached_by!(link);

    fn jobs(&self, name: &str) -> Vec<Job> {
        self.pumps(name).into_iter().map(|(pump, _)| Job::Pump(pump)).collect()
    }

    fn has_syringes(&self) -> bool {
        true
    }

    fn drive(&self, name: &str, dialog: Dialog, manifest: &Manifest, drivers: &mut Instruments) {
        let port = Rc::new(RefCell::new(ChemyxPort::new(dialog)));
        for (pump, channel) in self.pumps(name) {
            let bore_mm = manifest.pump(&pump).map_or(0.0, |info| info.bore_mm);
            let driver = Chemyx::channel(port.clone(), channel, bore_mm);
            drivers.pumps.insert(pump, Box::new(driver));
        }
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        Chemyx::lone(dialog, self.channels.as_ref().map(|_| 1)).identify()
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        Box::new(match &self.channels {
            Some(pumps) => ChemyxEmulator::multi(self.dialect, pumps.clone()),
            None => ChemyxEmulator::single(self.dialect, PumpId::new(name)),
        })
    }

    fn example() -> &'static str {
        "channels = [\"oil\", \"acid\"]"
    }

    fn usual_face(&self) -> Face {
        Face::Serial
    }

    fn serial_try() -> Option<SerialTry> {
        let instrument = Box::new(Self::default());
        Some(SerialTry { instrument, bauds: &[9_600, 38_400, 115_200, 19_200], turn: 0 })
    }
}
