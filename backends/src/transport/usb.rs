//! An Ocean spectrometer on USB: requests and replies through bulk endpoints, as one stream.

use std::time::Duration;

use flowtwin_lab::FaultKind;
use nusb::transfer::{Bulk, In, Out};
use nusb::{Endpoint, MaybeFuture as _, Speed};

use super::hurry::in_pieces;
use super::usb_port::{EARLY, REPLIES, REQUESTS, SPECTRA, UsbPort, VENDOR};
use super::{Hurry, Transport, lost};

/// Bytes of one transfer; a multiple of every packet size.
const CHUNK: usize = 64 * 1024;

/// Where requests go and replies come from.
struct Endpoints {
    requests: Endpoint<Bulk, Out>,
    replies: Endpoint<Bulk, In>,
    /// Where spectra come, if not with the replies; where they begin, if not there.
    spectra: Option<Endpoint<Bulk, In>>,
    early: Option<Endpoint<Bulk, In>>,
}

/// A spectrometer on USB, found by its serial number when it is first used, and again after it was
/// lost.
pub struct UsbWire {
    port: UsbPort,
    serial_number: String,
    hurry: Hurry,
    endpoints: Option<Endpoints>,
    /// Bytes of the spectrum that was asked for which have not come yet: those that come early, and the others.
    awaited: (usize, usize),
}

impl std::fmt::Debug for UsbWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UsbWire").field(&self.serial_number).finish()
    }
}

impl UsbWire {
    /// The spectrometer of this model with this serial number.
    pub fn new(port: UsbPort, serial_number: &str) -> Self {
        let (serial_number, hurry) = (serial_number.to_owned(), Hurry::default());
        Self { port, serial_number, hurry, endpoints: None, awaited: (0, 0) }
    }

    /// The same wire, which waits no longer than `hurry` grants.
    #[must_use]
    pub fn heeding(self, hurry: Hurry) -> Self {
        Self { hurry, ..self }
    }

    fn open(&self) -> Result<Endpoints, FaultKind> {
        let named = |error: nusb::Error| lost(&format!("{}: {error}", self.serial_number));
        let mut devices = nusb::list_devices().wait().map_err(named)?;
        let UsbPort { model, product, spectra } = self.port;
        let found = devices.find(|device| {
            (device.vendor_id(), device.product_id()) == (VENDOR, product)
                && device.serial_number() == Some(&self.serial_number)
        });
        let found = found.ok_or_else(|| {
            lost(&format!("no {model} with serial number {} on USB", self.serial_number))
        })?;
        let is_fast = matches!(found.speed(), Some(Speed::High | Speed::Super | Speed::SuperPlus));
        let device = found.open().wait().map_err(named)?;
        let interface = device.claim_interface(0).wait().map_err(named)?;
        let input = |at| interface.endpoint::<Bulk, In>(at).map_err(named);
        let early = spectra.filter(|spectra| is_fast && spectra.early > 0);
        Ok(Endpoints {
            requests: interface.endpoint::<Bulk, Out>(REQUESTS).map_err(named)?,
            replies: input(REPLIES)?,
            spectra: spectra.map(|_| input(SPECTRA)).transpose()?,
            early: early.map(|_| input(EARLY)).transpose()?,
        })
    }

    fn drop_link(&mut self, detail: &impl std::fmt::Display) -> FaultKind {
        (self.endpoints, self.awaited) = (None, (0, 0));
        lost(&format!("{}: {detail}", self.serial_number))
    }
}

impl Transport for UsbWire {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        if self.endpoints.is_none() {
            self.endpoints = Some(self.open()?);
        }
        let Endpoints { requests, early, .. } = self.endpoints.as_mut().expect("opened just now");
        if let Some(spectra) = self.port.spectra.filter(|it| bytes.first() == Some(&it.request)) {
            let first = if early.is_some() { spectra.early } else { 0 };
            self.awaited = (first, spectra.bytes - first);
        }
        let granted = self.hurry.grants(Duration::from_secs(1));
        let sent = requests.transfer_blocking(bytes.to_vec().into(), granted);
        sent.status.map_err(|error| self.drop_link(&error))
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        let Some(Endpoints { replies, spectra, early, .. }) = &mut self.endpoints else {
            return Ok(0);
        };
        // What comes early fills whole packets, so that only its length says where it ends.
        let (from, left, chunk) = match (&mut self.awaited, spectra, early) {
            ((0, 0), ..) | (_, None, _) => (replies, None, CHUNK),
            ((first @ 1.., _), _, Some(early)) => {
                let chunk = *first;
                (early, Some(first), chunk)
            }
            ((_, rest), Some(spectra), _) => (spectra, Some(rest), CHUNK),
        };
        // One transfer is always pending, so that nothing is lost when patience runs out.
        if from.pending() == 0 {
            let buffer = from.allocate(chunk);
            from.submit(buffer);
        }
        let came = in_pieces(&self.hurry, patience, |piece| {
            Ok::<_, FaultKind>(from.wait_next_complete(piece))
        })?;
        let Some(done) = came else { return Ok(0) };
        if let Err(error) = done.status {
            return Err(self.drop_link(&error));
        }
        if let Some(left) = left {
            *left = left.saturating_sub(done.actual_len);
        }
        into.extend_from_slice(&done.buffer[..done.actual_len]);
        Ok(done.actual_len)
    }

    fn give_up(&mut self) {
        (self.endpoints, self.awaited) = (None, (0, 0));
    }

    fn grants(&self, patience: Duration) -> Duration {
        self.hurry.grants(patience)
    }
}
