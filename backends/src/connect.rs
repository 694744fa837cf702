//! From a wiring file to the instruments of a real rig.

use std::time::Duration;

use flowtwin_lab::{Fault, FaultKind, Manifest};

pub mod discover;
mod identify;
mod nudge;

pub use identify::{Finding, identify, identify_heeding};
pub use nudge::nudge;

use crate::bench::{Answer, Bench, Cable, Order, Part};
use crate::clock::Clock;
use crate::transport::{Hurry, ProgramWire, SerialPort, Start, TcpWire, Transport};
use crate::wiring::{Link, Wiring, WiringError};

/// A rig connected as in `wiring`, described by `manifest`, in the time of `clock`.
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
    let cables = cables(wiring, &manifest)?;
    Ok(Bench::of_cables(manifest, cables, clock))
}

/// The instruments at the end of each cable; and what makes them once more, in a thread of their own.
fn cables(wiring: &Wiring, manifest: &Manifest) -> Result<Vec<Cable>, WiringError> {
    wiring.check(manifest)?;
    let mut cables: Vec<Cable> = Vec::new();
    for name in wiring.names() {
        let only = wiring.only(&name);
        let known = only.drivers(manifest, &mut |name, link| open(&only, name, link))?;
        let manifest = manifest.clone();
        let made = move |hurry: &Hurry| {
            let mut open = |name: &str, link: Option<&Link>| open_hurried(&only, name, link, hurry);
            only.drivers(&manifest, &mut open).expect("they were made a moment ago")
        };
        cables.push((known, Box::new(made)));
    }
    Ok(cables)
}

/// The wire of `link`.
fn open(
    wiring: &Wiring,
    name: &str,
    link: Option<&Link>,
) -> Result<Box<dyn Transport>, WiringError> {
    open_hurried(wiring, name, link, &Hurry::default())
}

/// A wire that waits no longer than `hurry` grants.
fn open_hurried(
    wiring: &Wiring,
    name: &str,
    link: Option<&Link>,
    hurry: &Hurry,
) -> Result<Box<dyn Transport>, WiringError> {
    let hurry = hurry.clone();
    if let Some(start) = wiring.start_of(name, link)? {
        return Ok(Box::new(ProgramWire::new(start).heeding(hurry)));
    }
    match link {
        None => Err(WiringError::NoLink { instrument: name.to_owned() }),
        Some(Link::Serial(settings)) => {
            Ok(Box::new(SerialPort::new(settings.clone()).heeding(hurry)))
        }
        Some(Link::Tcp(address)) => {
            Ok(Box::new(TcpWire::new(address, wiring.patience()).heeding(hurry)))
        }
        Some(Link::Usb(serial_number)) => open_usb(wiring, name, serial_number, hurry),
    }
}

/// The wire to a USB device.
fn open_usb(
    wiring: &Wiring,
    name: &str,
    serial_number: &str,
    hurry: Hurry,
) -> Result<Box<dyn Transport>, WiringError> {
    let port = wiring.find(name).and_then(|wired| wired.instrument.usb());
    let wrong = |why: &str| WiringError::WrongLink {
        instrument: name.to_owned(),
        link: format!("USB ({serial_number}): {why}"),
    };
    let Some(_port) = port else { return Err(wrong("it has no driver for that")) };
    #[cfg(feature = "usb")]
    return Ok(Box::new(crate::transport::UsbWire::new(_port, serial_number).heeding(hurry)));
    #[cfg(not(feature = "usb"))]
    {
        drop(hurry);
        Err(wrong("this program was built without feature `usb`"))
    }
}

impl Wiring {
    /// How the program is started that leads to the instrument `name` at the end of `link`; none where none does.
    ///
    /// # Errors
    /// If its command needs a link that it does not have.
    pub(crate) fn start_of(
        &self,
        name: &str,
        link: Option<&Link>,
    ) -> Result<Option<Start>, WiringError> {
        let Some(wired) = self.find(name) else { return Ok(None) };
        let Some(program) = wired.instrument.program() else { return Ok(None) };
        let unlinked = || WiringError::NoLink { instrument: name.to_owned() };
        let words = program.words(link).ok_or_else(unlinked)?;
        let folder = self.beside.join(&program.folder);
        let within = Duration::from_secs_f64(program.starts_within_s);
        // One that can be started twice holds nobody up.
        let instead_of = self.instead_of.clone().filter(|_| !wired.instrument.is_shared());
        Ok(Some(Start { words, folder, within, instead_of }))
    }
}

impl Bench {
    /// Takes the cables up again that it had let go of.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn take_up(&mut self, wiring: &Wiring) -> Result<(), WiringError> {
        self.install_cables(cables(wiring, &self.manifest)?);
        Ok(())
    }

    /// Tells every pump its syringe and its units; one that runs is stopped. Nothing begins to move.
    ///
    /// # Errors
    /// If one does not take them.
    pub fn ready_pumps(&mut self) -> Result<(), Fault> {
        for i in 0..self.manifest.pumps.len() {
            let name = self.manifest.pumps[i].name.clone();
            self.order(&Part::Pump(name.clone()), &Order::GetReady(name))?;
        }
        Ok(())
    }

    /// Replaces the entry of each spectrometer in the manifest by what the spectrometer reports of
    /// itself.
    ///
    /// # Errors
    /// If one does not answer.
    pub fn ask_spectrometers(&mut self) -> Result<(), Fault> {
        for i in 0..self.manifest.spectrometers.len() {
            let name = self.manifest.spectrometers[i].name.clone();
            let part = Part::Spectrometer(name.clone());
            match self.order(&part, &Order::Describe(name))? {
                Answer::Info(info) if info.pixels > 0 => self.manifest.spectrometers[i] = *info,
                _ => {
                    let detail = "a spectrometer without pixels".into();
                    return Err(self.fault(part, FaultKind::Garbled { detail }));
                }
            }
        }
        Ok(())
    }
}
