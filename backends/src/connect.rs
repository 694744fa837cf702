//! From a wiring file to the instruments of a real rig.

use flowtwin_lab::{Fault, FaultKind, Manifest};

pub mod discover;
mod identify;
mod nudge;

pub use identify::{Finding, identify};
pub use nudge::nudge;

use crate::bench::{Bench, Instruments};
use crate::clock::Clock;
use crate::transport::{SerialPort, TcpWire, Transport};
use crate::wiring::{ChemyxWiring, Link, Wiring, WiringError};

/// A rig as `wiring` says, described by `manifest`, in the time of `clock`.
///
/// Nothing is opened before it is first used, so that a rig can be made safe with half of it dead.
///
/// # Errors
/// If the wiring does not fit the manifest, or an instrument has no link.
pub fn connect(
    wiring: &Wiring,
    manifest: Manifest,
    clock: Box<dyn Clock>,
) -> Result<Bench, WiringError> {
    wiring.check_cables()?;
    let instruments = wiring.instruments(&manifest, &mut |name, link| open(wiring, name, link))?;
    Ok(Bench::new(manifest, instruments, clock))
}

/// A wire as `link` says.
fn open(
    wiring: &Wiring,
    name: &str,
    link: Option<&Link>,
) -> Result<Box<dyn Transport>, WiringError> {
    match link {
        None => Err(WiringError::NoLink { instrument: name.to_owned() }),
        Some(Link::Serial(settings)) => Ok(Box::new(SerialPort::new(settings.clone()))),
        Some(Link::Tcp(address)) => Ok(Box::new(TcpWire::new(address, wiring.patience()))),
        #[cfg(feature = "usb")]
        Some(Link::Usb(serial_number)) => {
            Ok(Box::new(crate::transport::UsbWire::new(serial_number)))
        }
        #[cfg(not(feature = "usb"))]
        Some(Link::Usb(serial_number)) => Err(WiringError::WrongLink {
            instrument: name.to_owned(),
            link: format!("USB ({serial_number}): this program was built without feature `usb`"),
        }),
    }
}

impl Bench {
    /// Lets go of all cables, so that somebody else can ask who is at their ends. Until they are
    /// [taken up](Self::take_up) again the bench has no instruments.
    pub fn let_go(&mut self) {
        self.instruments = Instruments::default();
    }

    /// Takes the cables up again that it had let go of.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn take_up(&mut self, wiring: &Wiring) -> Result<(), WiringError> {
        let instruments =
            wiring.instruments(&self.manifest, &mut |name, link| open(wiring, name, link))?;
        self.instruments = instruments;
        Ok(())
    }

    /// Tells every pump its syringe and its units; one that runs is stopped. Nothing begins to move.
    ///
    /// # Errors
    /// If one does not take them.
    pub fn ready_pumps(&mut self) -> Result<(), Fault> {
        for i in 0..self.manifest.pumps.len() {
            let name = self.manifest.pumps[i].name.clone();
            self.with(|i| &mut i.pumps, &name, |pump| pump.get_ready())?;
        }
        Ok(())
    }

    /// Replaces what the manifest says of each spectrometer by what the spectrometer says of
    /// itself.
    ///
    /// # Errors
    /// If one does not answer.
    pub fn ask_spectrometers(&mut self) -> Result<(), Fault> {
        for i in 0..self.manifest.spectrometers.len() {
            let name = self.manifest.spectrometers[i].name.clone();
            let info = self.with(|i| &mut i.spectrometers, &name, |s| s.describe(name.as_str()))?;
            if info.pixels == 0 {
                let detail = "a spectrometer without pixels".into();
                return Err(self.fault(name, FaultKind::Garbled { detail }));
            }
            self.manifest.spectrometers[i] = info;
        }
        Ok(())
    }
}
