//! The SCPI port of an emulated F4T: a face for monitoring and for one loop's set point.

use flowtwin_lab::{Command, HeaterId, Lab, Reply, SensorKind, Temperature};

use super::{Ailment, Emulator, Line};

/// Loop 1 of a controller, switched by output 1.
#[derive(Debug)]
pub struct F4tScpiEmulator {
    heater: HeaterId,
    serial_number: u32,
    set_point_c: f64,
    on: bool,
    powered: bool,
    open: bool,
}

impl F4tScpiEmulator {
    /// A controller of `heater`, off.
    pub fn new(heater: HeaterId, serial_number: u32) -> Self {
        Self { heater, serial_number, set_point_c: 20.0, on: false, powered: true, open: false }
    }

    fn answer(&mut self, sent: &str, world: &mut dyn Lab) -> Option<String> {
        let upper = sent.to_ascii_uppercase();
        let (head, value) = match upper.split_once(char::is_whitespace) {
            Some((head, value)) => (head, value.trim()),
            None => (&upper[..], ""),
        };
        match (head.trim_start_matches(':'), value) {
            ("*IDN?", "") => {
                Some(format!("Watlow Electric,F4T1L1EAA1F1AAA,{},04:07:0012", self.serial_number))
            }
            ("UNIT:TEMPERATURE?" | "UNIT:TEMPERATURE:DISPLAY?", "") => Some("C".into()),
            ("SOURCE:CLOOP1:PVALUE?", "") => Some(match self.temperature(world) {
                Some(c) => format!("{c:.4}"),
                None => "NaN".into(),
            }),
            ("SOURCE:CLOOP1:SPOINT?", "") => Some(format!("{:.4}", self.set_point_c)),
            ("SOURCE:CLOOP1:ERROR?", "") => Some(match self.temperature(world) {
                Some(_) => "NONE".into(),
                None => "OPEN".into(),
            }),
            ("OUTPUT1:STATE?", "") => Some(if self.on { "ON" } else { "OFF" }.into()),
            ("SOURCE:CLOOP1:SPOINT", _) => {
                self.set_point(value, world);
                None
            }
            ("OUTPUT1:STATE", "ON" | "OFF") => {
                self.switch(value == "ON", world);
                None
            }
            _ => None,
        }
    }

    fn temperature(&self, world: &mut dyn Lab) -> Option<f64> {
        if self.open {
            return None;
        }
        let kind = SensorKind::Temperature(self.heater.clone());
        let sensor = world.manifest().sensor(&kind)?.clone();
        match world.send(&Command::Read { sensor }) {
            Ok(Reply::Reading(value)) => Some(value),
            _ => None,
        }
    }

    fn set_point(&mut self, text: &str, world: &mut dyn Lab) {
        if let Some(value) = text.parse().ok().filter(|c: &f64| c.is_finite()) {
            self.set_point_c = value;
            if self.on {
                self.switch(true, world);
            }
        }
    }

    fn switch(&mut self, on: bool, world: &mut dyn Lab) {
        let heater = self.heater.clone();
        let command = if on {
            let set_point_c = Temperature::from_c(self.set_point_c);
            Command::Heat { heater, set_point_c }
        } else {
            Command::HeaterOff { heater }
        };
        if world.send(&command).is_ok() {
            self.on = on;
        }
    }
}

impl Emulator for F4tScpiEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        let powered = self.powered;
        super::answer_lines(line, powered, "\n", |sent| self.answer(sent, world));
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::SensorOpen => self.open = begins,
            Ailment::PowerLoss => {
                self.switch(false, world);
                self.on = false;
                self.powered = !begins;
            }
            _ => return false,
        }
        true
    }
}
