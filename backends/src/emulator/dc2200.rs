//! An emulated Thorlabs DC2200, by SCPI.

use flowtwin_lab::{Command, Lab, LightId, Setting};

use super::{Ailment, Emulator, Line};

/// Largest current of a DC2200 on its high-current output [A].
const MOST_A: f64 = 10.0;

const NO_ERROR: &str = "+0,\"No error\"";
const UNKNOWN: &str = "-113,\"Undefined header\"";
const RANGE: &str = "-222,\"Data out of range\"";

/// An LED driver that switches one light of the lab behind.
#[derive(Debug)]
pub struct Dc2200Emulator {
    light: LightId,
    serial_number: String,
    mode: String,
    current_a: f64,
    brightness: f64,
    on: bool,
    error: &'static str,
    powered: bool,
}

impl Dc2200Emulator {
    /// A driver for `light`.
    pub fn new(light: LightId, serial_number: &str) -> Self {
        Self {
            light,
            serial_number: serial_number.to_owned(),
            mode: "CC".into(),
            current_a: 0.0,
            brightness: 0.0,
            on: false,
            error: NO_ERROR,
            powered: true,
        }
    }

    /// The answer to a line; none where the instrument stays silent.
    fn answer(&mut self, sent: &str, world: &mut dyn Lab) -> Option<String> {
        let upper = sent.to_ascii_uppercase();
        let (head, value) = match upper.split_once(char::is_whitespace) {
            Some((head, value)) => (head, value.trim()),
            None => (&upper[..], ""),
        };
        match (head.trim_start_matches(':'), value) {
            ("*IDN?", "") => return Some(format!("Thorlabs,DC2200,{},1.4.0", self.serial_number)),
            ("SYSTEM:ERROR?", "") => {
                return Some(std::mem::replace(&mut self.error, NO_ERROR).into());
            }
            ("SOURCE1:MODE?", "") => return Some(self.mode.clone()),
            ("SOURCE1:CCURENT:CURRENT?", "") => return Some(format!("{:.6E}", self.current_a)),
            ("SOURCE1:CBRIGHTNESS:BRIGHTNESS?", "") => return Some(format!("{}", self.brightness)),
            ("OUTPUT1:STATE?", "") => {
                super::look_behind(Setting::Light(self.light.clone()), world);
                return Some(u8::from(self.on).to_string());
            }
            ("*RST", "") => self.switch(false, world),
            ("*CLS", "") => self.error = NO_ERROR,
            ("OUTPUT1:STATE", "ON" | "1") => self.switch(true, world),
            ("OUTPUT1:STATE", "OFF" | "0") => self.switch(false, world),
            ("SOURCE1:MODE", "CC" | "CB" | "PWM" | "PULS" | "EXTM") => self.mode = value.into(),
            ("SOURCE1:CCURENT:CURRENT", _) => match in_range(value, MOST_A) {
                Some(current) => self.current_a = current,
                None => self.error = RANGE,
            },
            ("SOURCE1:CBRIGHTNESS:BRIGHTNESS", _) => match in_range(value, 100.0) {
                Some(brightness) => self.brightness = brightness,
                None => self.error = RANGE,
            },
            _ => self.error = UNKNOWN,
        }
        None
    }

    fn switch(&mut self, on: bool, world: &mut dyn Lab) {
        let light = self.light.clone();
        match world.send(&Command::Light { light, on }) {
            Ok(_) => self.on = on,
            Err(_) => self.error = "-240,\"Hardware error\"",
        }
    }
}

fn in_range(text: &str, most: f64) -> Option<f64> {
    text.parse().ok().filter(|value| (0.0..=most).contains(value))
}

impl Emulator for Dc2200Emulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        let powered = self.powered;
        super::answer_lines(line, powered, "\n", |sent| {
            if sent.is_empty() { None } else { self.answer(sent, world) }
        });
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        if ailment != Ailment::PowerLoss {
            return false;
        }
        self.switch(false, world);
        *self = Self::new(self.light.clone(), &self.serial_number);
        self.powered = !begins;
        true
    }
}
