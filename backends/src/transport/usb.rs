//! An Ocean spectrometer on USB, through its bulk endpoints: the same bytes as over TCP.

use std::time::{Duration, Instant};

use flowtwin_lab::FaultKind;
use nusb::transfer::{Bulk, In, Out};
use nusb::{DeviceInfo, Endpoint, MaybeFuture as _};

use super::hurry::NOTICED;
use super::{Hurry, Transport, UsbPort, lost};
use crate::codec::ooi;

/// Vendor of all Ocean spectrometers (*USB2000+ Data Sheet*, "USB Information").
const VENDOR: u16 = 0x2457;
/// Bytes of one transfer; a multiple of every packet size.
const CHUNK: usize = 64 * 1024;
/// How long one endpoint is listened to where there are several.
const TURN: Duration = Duration::from_millis(1);

/// Where requests go and replies come from.
struct Endpoints {
    requests: Endpoint<Bulk, Out>,
    /// Each with the bytes of a transfer.
    inputs: Vec<(Endpoint<Bulk, In>, usize)>,
}

/// A spectrometer on USB, found by its serial number when it is first used, and again after it was
/// lost.
pub struct UsbWire {
    port: UsbPort,
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
    /// The spectrometer of this model with this serial number.
    pub fn new(port: UsbPort, serial_number: &str) -> Self {
        let (serial_number, hurry) = (serial_number.to_owned(), Hurry::default());
        Self { port, serial_number, hurry, endpoints: None }
    }

    /// The same wire, which waits no longer than `hurry` grants.
    #[must_use]
    pub fn heeding(self, hurry: Hurry) -> Self {
        Self { hurry, ..self }
    }

    fn open(&self) -> Result<Endpoints, FaultKind> {
        let named = |error: nusb::Error| lost(&format!("{}: {error}", self.serial_number));
        let UsbPort { product, endpoints: (requests, replies), spectra, .. } = self.port;
        let devices = nusb::list_devices().wait().map_err(named)?;
        let ours =
            |device: &DeviceInfo| (device.vendor_id(), device.product_id()) == (VENDOR, product);
        let device = self.chosen(devices.filter(ours).collect())?.open().wait().map_err(named)?;
        let interface = device.claim_interface(0).wait().map_err(named)?;
        let requests = interface.endpoint::<Bulk, Out>(requests).map_err(named)?;
        let mut inputs = vec![(interface.endpoint::<Bulk, In>(replies).map_err(named)?, CHUNK)];
        for (i, &(at, bytes)) in spectra.iter().enumerate() {
            // All but the last fill whole packets, so that only their number says where they end.
            let transfer = if i + 1 < spectra.len() { bytes } else { CHUNK };
            inputs.push((interface.endpoint::<Bulk, In>(at).map_err(named)?, transfer));
        }
        Ok(Endpoints { requests, inputs })
    }

    /// The one that has the serial number. Models older than the Ocean Binary Protocol keep theirs where only their own
    /// commands read it: one that tells none to the bus is taken where it is alone, and asked by its driver.
    fn chosen(&self, found: Vec<DeviceInfo>) -> Result<DeviceInfo, FaultKind> {
        let (model, wanted) = (self.port.model, &self.serial_number);
        if let Some(at) = found.iter().position(|it| it.serial_number() == Some(wanted)) {
            return Ok(found[at].clone());
        }
        match found.iter().filter(|it| it.serial_number().is_none_or(str::is_empty)).count() {
            0 => Err(lost(&format!("no {model} with serial number {wanted} on USB"))),
            1 => Ok(found
                .into_iter()
                .find(|it| it.serial_number().is_none_or(str::is_empty))
                .expect("it was counted")),
            several => Err(lost(&format!(
                "{several} {model} on USB do not say their serial numbers: connect {wanted} alone"
            ))),
        }
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
        let Endpoints { requests, .. } = self.endpoints.as_mut().expect("opened just now");
        let granted = self.hurry.grants(Duration::from_secs(1));
        let sent = requests.transfer_blocking(bytes.to_vec().into(), granted);
        sent.status.map_err(|error| self.drop_link(&error))
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        let Some(Endpoints { inputs, .. }) = &mut self.endpoints else { return Ok(0) };
        let (packets, turn) = (inputs.len() > 1, if inputs.len() > 1 { TURN } else { NOTICED });
        let until = Instant::now() + self.hurry.grants(patience);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let left = self.hurry.grants(left);
            for (input, transfer) in inputs.iter_mut() {
                // One transfer is always pending, so that nothing is lost when patience runs out.
                if input.pending() == 0 {
                    let buffer = input.allocate(*transfer);
                    input.submit(buffer);
                }
                let Some(done) = input.wait_next_complete(left.min(turn)) else { continue };
                let at = input.endpoint_address();
                if let Err(error) = done.status {
                    return Err(self.drop_link(&error));
                }
                let (bytes, before) = (&done.buffer[..done.actual_len], into.len());
                match packets {
                    true => ooi::write(into, at, bytes),
                    false => into.extend_from_slice(bytes),
                }
                return Ok(into.len() - before);
            }
            if left <= turn {
                return Ok(0);
            }
        }
    }

    fn give_up(&mut self) {
        self.endpoints = None;
    }

    fn grants(&self, patience: Duration) -> Duration {
        self.hurry.grants(patience)
    }
}
