//! An Ocean spectrometer on USB: the same messages as over TCP, through two bulk endpoints.

use std::time::Duration;

use flowtwin_lab::FaultKind;
use nusb::transfer::{Bulk, In, Out};
use nusb::{Endpoint, MaybeFuture as _};

use super::hurry::in_pieces;
use super::{Hurry, Transport, lost};

/// Vendor and product of the HDX (python-seabreeze, class HDX).
const VENDOR: u16 = 0x2457;
const PRODUCT: u16 = 0x2003;
/// Endpoints for requests and for replies.
const REQUESTS: u8 = 0x01;
const REPLIES: u8 = 0x81;
/// Bytes of one transfer; a multiple of every packet size.
const CHUNK: usize = 64 * 1024;

/// Where requests go and replies come from.
type Endpoints = (Endpoint<Bulk, Out>, Endpoint<Bulk, In>);

/// A spectrometer on USB, found by its serial number when it is first used, and again after it was
/// lost.
pub struct UsbWire {
    serial_number: String,
    hurry: Hurry,
    endpoints: Option<Endpoints>,
}

impl std::fmt::Debug for UsbWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UsbWire").field(&self.serial_number).finish()
    }
}

impl UsbWire {
    /// The HDX with this serial number.
    pub fn new(serial_number: &str) -> Self {
        let hurry = Hurry::default();
        Self { serial_number: serial_number.to_owned(), hurry, endpoints: None }
    }

    /// The same wire, which waits no longer than `hurry` grants.
    #[must_use]
    pub fn heeding(self, hurry: Hurry) -> Self {
        Self { hurry, ..self }
    }

    fn open(&self) -> Result<Endpoints, FaultKind> {
        let named = |error: nusb::Error| lost(&format!("{}: {error}", self.serial_number));
        let mut devices = nusb::list_devices().wait().map_err(named)?;
        let found = devices.find(|device| {
            (device.vendor_id(), device.product_id()) == (VENDOR, PRODUCT)
                && device.serial_number() == Some(&self.serial_number)
        });
        let found = found.ok_or_else(|| {
            lost(&format!("no HDX with serial number {} on USB", self.serial_number))
        })?;
        let device = found.open().wait().map_err(named)?;
        let interface = device.claim_interface(0).wait().map_err(named)?;
        let requests = interface.endpoint::<Bulk, Out>(REQUESTS).map_err(named)?;
        let replies = interface.endpoint::<Bulk, In>(REPLIES).map_err(named)?;
        Ok((requests, replies))
    }

    fn drop_link(&mut self, detail: &impl std::fmt::Display) -> FaultKind {
        self.endpoints = None;
        lost(&format!("{}: {detail}", self.serial_number))
    }
}

impl Transport for UsbWire {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        if self.endpoints.is_none() {
            self.endpoints = Some(self.open()?);
        }
        let (requests, _) = self.endpoints.as_mut().expect("opened just now");
        let granted = self.hurry.grants(Duration::from_secs(1));
        let sent = requests.transfer_blocking(bytes.to_vec().into(), granted);
        sent.status.map_err(|error| self.drop_link(&error))
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        let Some((_, replies)) = &mut self.endpoints else { return Ok(0) };
        // One transfer is always pending, so that nothing is lost when patience runs out.
        if replies.pending() == 0 {
            let buffer = replies.allocate(CHUNK);
            replies.submit(buffer);
        }
        let came = in_pieces(&self.hurry, patience, |piece| {
            Ok::<_, FaultKind>(replies.wait_next_complete(piece))
        })?;
        let Some(done) = came else { return Ok(0) };
        if let Err(error) = done.status {
            return Err(self.drop_link(&error));
        }
        into.extend_from_slice(&done.buffer[..done.actual_len]);
        Ok(done.actual_len)
    }

    fn give_up(&mut self) {
        self.endpoints = None;
    }

    fn grants(&self, patience: Duration) -> Duration {
        self.hurry.grants(patience)
    }
}
