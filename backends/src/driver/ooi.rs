//! Ocean USB2000, USB2000+ and USB4000 by the commands that they know over USB: one frame for each request.

use std::time::Duration;

use flowtwin_lab::{FaultKind, SpectrometerInfo};

use crate::codec::ooi::{
    self, FIRMWARE, INFORMATION, Model, Packet, REGISTER, Request, STATUS, Status, slot,
};
use crate::driver::obp::{kept_other, reach, response};
use crate::driver::one_by_one::{Exposes, LISTENS};
use crate::instrument::Identity;
use crate::transport::{Dialog, garbled, read_again};

/// Trigger mode in which it measures freely.
const FREE: u8 = 0;
/// Order of a response that is stored at most.
const MOST_TERMS: u8 = 8;

/// A spectrometer that gives a spectrum for each request.
#[derive(Debug)]
pub struct Ooi {
    dialog: Dialog,
    model: Model,
    /// What counts are multiplied by, once that is known.
    scale: Option<f64>,
    /// What has come of the spectrum that was asked for; none where none was.
    spectrum: Option<Vec<u8>>,
}

impl Ooi {
    /// The spectrometer at the other end of `dialog`.
    pub fn new(dialog: Dialog, model: Model) -> Self {
        Self { dialog, model, scale: None, spectrum: None }
    }

    /// Identifies the spectrometer; changes nothing.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        let serial_number = self.information(slot::SERIAL_NUMBER)?;
        // Where a Flame-S, which has the product id of a USB2000+, tells which of them it is.
        let firmware = match self.model {
            Model::Usb2000Plus => {
                let version = |reply: &[u8]| match *reply {
                    [FIRMWARE, a, b] => Some(u16::from_le_bytes([a, b])),
                    _ => None,
                };
                Some(format!("{:04X}", self.ask(Request::Register(FIRMWARE), REGISTER, version)?))
            }
            _ => None,
        };
        Ok(Identity {
            model: format!("Ocean {}", self.model.name()),
            serial_number: Some(serial_number),
            firmware,
            notes: vec![reach(&self.describe("")?)],
        })
    }

    /// The reply to a request, of so many bytes, as what `accept` takes it for. A spectrum that is under way is not lost.
    fn ask<T>(
        &mut self,
        request: Request,
        length: usize,
        mut accept: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<T, FaultKind> {
        let bytes = request.bytes(self.model);
        let patience = self.dialog.patience();
        read_again(|| {
            let Self { dialog, model, spectrum, .. } = self;
            let (_, replies) = model.endpoints();
            let mut sort = |packet: Packet| {
                if packet.endpoint == replies {
                    return Some(packet.bytes);
                }
                if let Some(begun) = spectrum {
                    begun.extend(packet.bytes);
                }
                None
            };
            // What comes before it is asked for answers something else.
            while dialog.hear(Duration::ZERO, ooi::scan_packet, |it| Ok(sort(it)))?.is_some() {}
            dialog.tell(&bytes)?;
            let heard = dialog.hear(patience, ooi::scan_packet, |it| Ok(sort(it)))?;
            let reply = heard.ok_or(FaultKind::NoReply { waited_s: patience.as_secs_f64() })?;
            // More than is asked for means nothing.
            let answer = reply.get(..length).and_then(&mut accept);
            answer.ok_or_else(|| garbled(format!("{reply:02X?} is no reply to {bytes:02X?}")))
        })
    }

    fn status(&mut self) -> Result<Status, FaultKind> {
        let model = self.model;
        self.ask(Request::Status, STATUS, |reply| Status::of(reply, model))
    }

    /// The bytes that are stored at a place.
    fn stored(&mut self, slot: u8) -> Result<Vec<u8>, FaultKind> {
        self.ask(Request::Information(slot), INFORMATION, |reply| {
            reply.strip_prefix(&[0x05, slot]).map(<[u8]>::to_vec)
        })
    }

    /// The text that is stored at a place; what follows its first zero means nothing.
    fn information(&mut self, slot: u8) -> Result<String, FaultKind> {
        let bytes = self.stored(slot)?;
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(text).trim().to_owned())
    }

    fn coefficient(&mut self, slot: u8) -> Result<f32, FaultKind> {
        let text = self.information(slot)?;
        let value = text.parse::<f32>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| garbled(format!("{text:?} at {slot} is no coefficient")))
    }

    /// The coefficients of the response, as many as its order says; none where none are stored.
    fn response(&mut self) -> Result<Vec<f32>, FaultKind> {
        let order = self.information(slot::ORDER)?.parse::<f64>().ok();
        let Some(order) = order.filter(|order| (0.0..f64::from(MOST_TERMS)).contains(order)) else {
            return Ok(Vec::new());
        };
        let terms = (0..=order as u8).map(|power| self.coefficient(slot::RESPONSE + power));
        response(terms.collect::<Result<_, _>>()?)
    }

    /// What counts must be multiplied by so that the detector is saturated at full scale. The saturation is stored as bytes 4
    /// and 5, low byte first; where it is zero, nobody has measured it. The USB2000 has none.
    fn scale(&mut self) -> Result<f64, FaultKind> {
        if let Some(scale) = self.scale {
            return Ok(scale);
        }
        let mut scale = 1.0;
        if self.model != Model::Usb2000 {
            let bytes = self.stored(slot::SATURATION)?;
            let saturated = u16::from_le_bytes([bytes[4], bytes[5]]);
            if saturated > 0 {
                scale = f64::from(self.model.full_scale()) / f64::from(saturated);
            }
        }
        self.scale = Some(scale);
        Ok(scale)
    }
}

impl Exposes for Ooi {
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind> {
        let mut wavelength_coefficients = [0.0; 4];
        for (power, coefficient) in (0..).zip(&mut wavelength_coefficients) {
            *coefficient = self.coefficient(slot::WAVELENGTHS + power)?;
        }
        let (min_integration_us, max_integration_us) = self.model.integrates_us();
        Ok(SpectrometerInfo {
            name: name.into(),
            pixels: self.model.pixels(),
            wavelength_coefficients,
            full_scale: self.model.full_scale(),
            min_integration_us,
            max_integration_us,
            nonlinearity: self.response()?,
        })
    }

    fn integrates_us(&self) -> (u32, u32) {
        self.model.integrates_us()
    }

    fn step_us(&self, integration_us: u32) -> u32 {
        self.model.step_us(integration_us)
    }

    /// These commands are not acknowledged: what became of them is in the status. A USB2000 is not initialised, because it
    /// then sends a spectrum that nobody has asked for.
    fn set(&mut self, integration_us: u32) -> Result<(), FaultKind> {
        self.scale()?;
        if self.model != Model::Usb2000 {
            self.dialog.tell(&Request::Initialise.bytes(self.model))?;
        }
        for request in [Request::Trigger(FREE.into()), Request::Integrate(integration_us)] {
            self.dialog.tell(&request.bytes(self.model))?;
        }
        let Status { integration_us: kept, trigger, .. } = self.status()?;
        if kept != integration_us {
            return Err(kept_other("integration time", integration_us, kept));
        }
        if trigger != FREE {
            return Err(kept_other("trigger mode", FREE.into(), trigger.into()));
        }
        Ok(())
    }

    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        self.status().map(|status| status.integration_us)
    }

    /// # Errors
    /// [`FaultKind::NotReady`] where an earlier frame has been asked for that nobody wants any more, and has not come yet.
    fn request(&mut self) -> Result<(), FaultKind> {
        if self.spectrum.is_some() && self.hear(LISTENS)?.is_none() {
            return Err(FaultKind::NotReady);
        }
        self.dialog.tell(&Request::Spectrum.bytes(self.model))?;
        self.spectrum = Some(Vec::new());
        Ok(())
    }

    fn hear(&mut self, patience: Duration) -> Result<Option<Vec<u16>>, FaultKind> {
        let Self { dialog, model, spectrum, .. } = self;
        let (_, replies) = model.endpoints();
        let Some(begun) = spectrum else { return Ok(None) };
        let mut collect = |packet: Packet| {
            if packet.endpoint != replies {
                begun.extend(packet.bytes);
            }
            (begun.len() >= model.spectrum_bytes()).then(|| std::mem::take(begun))
        };
        // The last of it may have come beside the reply to something else.
        let whole = collect(Packet { endpoint: replies, bytes: Vec::new() });
        let whole = match whole {
            Some(whole) => Some(whole),
            None => dialog.hear(patience, ooi::scan_packet, |it| Ok(collect(it)))?,
        };
        let Some(bytes) = whole else { return Ok(None) };
        self.spectrum = None;
        let counts = ooi::counts(&bytes, self.model)
            .ok_or_else(|| garbled("a spectrum whose end is not where it should be"))?;
        let (scale, most) = (self.scale.unwrap_or(1.0), f64::from(self.model.full_scale()));
        let scaled = |n: u16| (f64::from(n) * scale).round().min(most) as u16;
        Ok(Some(counts.into_iter().map(scaled).collect()))
    }

    fn patience(&self) -> Duration {
        self.dialog.patience()
    }

    fn switch_lamp(&mut self, on: bool) -> Result<(), FaultKind> {
        self.dialog.tell(&Request::Lamp(on.into()).bytes(self.model))?;
        let kept = self.status()?.is_lit;
        match kept == on {
            true => Ok(()),
            false => Err(kept_other("lamp-enable line", on.into(), kept.into())),
        }
    }

    fn lamp_is_on(&mut self) -> Result<bool, FaultKind> {
        self.status().map(|status| status.is_lit)
    }
}
