//! Moving one pump a little, so that a person sees which one it is.

use std::cell::RefCell;
use std::rc::Rc;

use flowtwin_lab::{FaultKind, PumpId};

use crate::driver::chemyx::{Chemyx, ChemyxPort};
use crate::wiring::Wiring;

impl Wiring {
    /// The pumps that are wired, in the order of the wiring file.
    pub fn pumps(&self) -> Vec<PumpId> {
        let of = |(name, w): (&String, &super::ChemyxWiring)| {
            w.channels.clone().unwrap_or_else(|| vec![PumpId::new(name)])
        };
        self.chemyx.iter().flat_map(of).collect()
    }
}

/// Lets a pump deliver a few microlitres with the syringe that it is set to, and returns once it stands still; how much that
/// was \[µL\].
///
/// # Errors
/// If the pump is not wired, runs already, or does not follow the command.
pub fn nudge(wiring: &Wiring, pump: &PumpId) -> Result<f64, FaultKind> {
    for (name, wired) in &wiring.chemyx {
        let channel = match &wired.channels {
            Some(pumps) => (1..).zip(pumps).find(|(_, other)| *other == pump).map(|(k, _)| Some(k)),
            None => (name == pump.as_str()).then_some(None),
        };
        let Some(channel) = channel else { continue };
        let dialog = wiring.dialog(name, wired.link.as_ref())?;
        let port = Rc::new(RefCell::new(ChemyxPort::new(dialog)));
        return Chemyx::channel(port, channel, 0.0).nudge();
    }
    Err(FaultKind::Unsupported { detail: format!("no pump {pump} is wired") })
}
