//! Emulated Ocean USB2000, USB2000+ and USB4000, by their commands over USB (see [`crate::codec::ooi`]).
//! It answers while it takes a spectrum: its status says that it does.

use flowtwin_lab::{Command, Lab, LightId, Setting, SpectrometerId};

use super::exposure::{Frame, Single};
use super::{Ailment, Emulator, Line};
use crate::codec::ooi::{self, INFORMATION, Model, REGISTER, Request, Status, slot};
use crate::codec::take;

/// Integration time out of the box \[µs\].
const DEFAULT_US: u32 = 100_000;
/// Terms of the response that are stored.
const TERMS: usize = 8;
/// Firmware of the gate array.
const FIRMWARE: u16 = 0x1000;
/// Highest trigger mode.
const TRIGGERS: u16 = 3;

/// A spectrometer, and the light that its lamp-enable line switches.
#[derive(Debug)]
pub struct OoiEmulator {
    model: Model,
    single: Single,
    lamp: Option<LightId>,
    serial_number: String,
    status: Status,
    powered: bool,
}

impl OoiEmulator {
    /// A spectrometer of the lab behind, with the light that its lamp-enable line switches.
    pub fn new(
        model: Model,
        spectrometer: SpectrometerId,
        lamp: Option<LightId>,
        serial_number: &str,
    ) -> Self {
        Self {
            model,
            single: Single::new(spectrometer),
            lamp,
            serial_number: serial_number.to_owned(),
            status: out_of_the_box(model),
            powered: true,
        }
    }

    /// Carries out a request.
    fn obey(&mut self, request: Request, line: &mut Line, world: &mut dyn Lab) {
        match request {
            Request::Initialise => self.status.trigger = 0,
            Request::Integrate(us) => {
                // What is outside its range changes nothing, and what is between its steps is cut down.
                let (low, high) = self.model.integrates_us();
                if (low..=high).contains(&us) {
                    self.status.integration_us = us - us % self.model.step_us(us);
                }
            }
            Request::Lamp(state) => {
                self.status.is_lit = state != 0;
                self.light(state != 0, world);
            }
            Request::Trigger(mode) if mode <= TRIGGERS => self.status.trigger = mode as u8,
            Request::Trigger(_) => {}
            // Triggers from outside are not emulated: nothing ever comes.
            Request::Spectrum if self.status.trigger == 0 => self.spectrum(line, world),
            Request::Spectrum => {}
            Request::Information(slot) => self.reply(&self.stored(slot, world), line),
            Request::Register(at) => self.reply(&self.register(at), line),
            Request::Status => {
                let spectrometer = self.single.spectrometer.clone();
                super::look_behind(Setting::Integration(spectrometer), world);
                self.reply(&self.status.bytes(self.model), line);
            }
        }
    }

    fn reply(&self, bytes: &[u8], line: &mut Line) {
        ooi::write(&mut line.output, self.model.endpoints().1, bytes);
    }

    fn register(&self, at: u8) -> [u8; REGISTER] {
        let value = if at == ooi::FIRMWARE { FIRMWARE } else { 0 };
        let [a, b] = match self.model {
            Model::Usb4000 => value.to_be_bytes(),
            _ => value.to_le_bytes(),
        };
        [at, a, b]
    }

    /// Takes a spectrum, and sends it once it has been taken.
    fn spectrum(&mut self, line: &mut Line, world: &mut dyn Lab) {
        let (us, most) = (self.status.integration_us, self.model.full_scale());
        if let Frame::Counts(counts) = self.single.take(us, most, &mut line.measuring, world) {
            let bytes = ooi::spectrum(&counts, self.model);
            let mut rest = &bytes[..];
            for &(endpoint, length) in self.model.spectrum_endpoints() {
                let (these, others) = rest.split_at(length.min(rest.len()));
                ooi::write(&mut line.output, endpoint, these);
                rest = others;
            }
        }
    }

    /// The reply with what is stored at a place: text, filled up with zeros.
    fn stored(&self, at: u8, world: &dyn Lab) -> [u8; INFORMATION] {
        let mut bytes = [0; INFORMATION];
        (bytes[0], bytes[1]) = (0x05, at);
        if at == slot::SATURATION {
            bytes[6..8].copy_from_slice(&self.model.full_scale().to_le_bytes());
            return bytes;
        }
        let info = world.manifest().spectrometer(&self.single.spectrometer);
        let nm = |power: u8| info.and_then(|it| it.wavelength_coefficients.get(usize::from(power)));
        let bent = |power: u8| match info.map(|it| &it.nonlinearity[..]) {
            None | Some([]) => f32::from(u8::from(power == 0)),
            Some(terms) => terms.get(usize::from(power)).copied().unwrap_or(0.0),
        };
        let within =
            |first: u8, count: usize| at.checked_sub(first).filter(|i| usize::from(*i) < count);
        let text = if at == slot::SERIAL_NUMBER {
            self.serial_number.clone()
        } else if at == slot::ORDER {
            (TERMS - 1).to_string()
        } else if let Some(power) = within(slot::RESPONSE, TERMS) {
            short(bent(power))
        } else if let Some(power) = within(slot::WAVELENGTHS, 4) {
            nm(power).copied().map_or_else(String::new, short)
        } else {
            String::new()
        };
        let room = &mut bytes[2..INFORMATION - 1];
        let length = text.len().min(room.len());
        room[..length].copy_from_slice(&text.as_bytes()[..length]);
        bytes
    }

    fn light(&self, on: bool, world: &mut dyn Lab) {
        if let Some(light) = self.lamp.clone() {
            // What the lab behind makes of it shows in its light.
            let _ = world.send(&Command::Light { light, on });
        }
    }
}

/// A number in at most 14 characters, from which it is read again, to the last bit.
fn short(value: f32) -> String {
    let (plain, power) = (value.to_string(), format!("{value:e}"));
    if plain.len() <= power.len() { plain } else { power }
}

fn out_of_the_box(model: Model) -> Status {
    let pixels = model.pixels() as u16;
    Status { pixels, integration_us: DEFAULT_US, is_lit: false, trigger: 0 }
}

impl Emulator for OoiEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        if !self.powered {
            line.input.clear();
            return;
        }
        if line.measuring {
            self.spectrum(line, world);
        }
        while let Some(request) = take(&mut line.input, ooi::scan(self.model)) {
            self.obey(request, line, world);
        }
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::Saturated => self.single.saturated = begins,
            Ailment::PowerLoss => {
                self.powered = !begins;
                self.single.give_up();
                self.status = out_of_the_box(self.model);
                self.light(false, world);
            }
            Ailment::Busy | Ailment::Stall | Ailment::SensorOpen | Ailment::Alarm => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_coefficient_fits_where_it_is_stored_and_keeps_every_bit() {
        for value in [200.0, 0.373_642_1, -1.234_567_9e-5, -7.654_321e-10, 3e-16, 0.0, 1.0] {
            let text = short(value);
            assert!(text.len() <= 14, "{text}");
            assert_eq!(text.parse::<f32>().map(f32::to_bits), Ok(value.to_bits()), "{text}");
        }
    }
}
