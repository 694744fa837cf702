//! The Watlow F4T process controller over Modbus.

use std::cell::RefCell;
use std::rc::Rc;

use flowtwin_lab::{FaultKind, Setting, Temperature};

mod order;

use crate::codec::f4t as register;
use crate::codec::modbus::{Exception, WordOrder};
use crate::driver::modbus::ModbusHost;
use crate::instrument::{Heater, Identity, Permit};
use crate::transport::garbled;
use order::Witness;

/// Largest difference between a loop and the sensor before it that is the same temperature [K].
const SAME_SENSOR_K: f32 = 2.0;

/// Coldest temperature that is believed when a controller is identified [°C].
const COLDEST_C: f32 = -60.0;

/// A controller with its loops and inputs.
#[derive(Debug)]
pub struct F4t {
    host: ModbusHost,
    order: WordOrder,
    protections: Option<Protections>,
}

/// What a controller protects its heater with.
#[derive(Clone, Debug)]
struct Protections {
    /// Alarms that are in use, from 1.
    alarms: Vec<u16>,
    /// Whether there is a limit module.
    limit: bool,
}

impl F4t {
    /// The controller behind `host`.
    pub fn new(host: ModbusHost, order: WordOrder) -> Self {
        Self { host, order, protections: None }
    }

    /// Identifies the controller; writes nothing.
    ///
    /// # Errors
    /// If it does not answer, is set to another unit than °C, or its numbers come in another word
    /// order.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        let part = self.host.read(register::PART_NUMBER, register::PART_NUMBER_LENGTH)?;
        let serial = self.host.read(register::SERIAL_NUMBER, 2)?;
        let software = self.host.read(register::SOFTWARE, 1)?;
        let device = self.host.read(register::DEVICE_STATUS, 1)?;
        let mut notes = vec![format!("device status {}", device[0])];
        notes.extend(self.check_units()?);
        notes.push(self.check_order()?);
        notes.push(self.check_sensor()?);
        notes.push(self.limit_in_words());
        notes.push(alarms_in_words(&self.alarms()));
        self.check_protections()?;
        Ok(Identity {
            model: format!("Watlow F4T {}", characters(&part)),
            serial_number: Some(long(self.order, [serial[0], serial[1]]).to_string()),
            firmware: Some(software[0].to_string()),
            notes,
        })
    }

    fn check_units(&mut self) -> Result<Option<String>, FaultKind> {
        match self.host.read(register::UNITS, 1)?[0] {
            register::CELSIUS => Ok(None),
            other => Err(FaultKind::Refused {
                detail: format!(
                    "the controller speaks unit {other} on this port, not °C ({}): change it in its setup",
                    register::CELSIUS
                ),
            }),
        }
    }

    /// Makes sure that floats come in the word order of the wiring file.
    fn check_order(&mut self) -> Result<String, FaultKind> {
        let floats = [
            ("value of loop 1", register::VALUE),
            ("sensor of loop 1", register::INPUT_1),
            ("set point of loop 1", register::SET_POINT),
            ("lowest set point of loop 1", register::LOWEST_SET_POINT),
            ("highest set point of loop 1", register::HIGHEST_SET_POINT),
        ];
        let mut witnesses = Vec::new();
        for (name, register) in floats {
            match self.host.read(register, 2).as_deref() {
                Ok(&[first, second]) => witnesses.push(Witness { name, words: [first, second] }),
                // Some controllers have no such register, or it is inactive: that says nothing of the order.
                Ok(_) | Err(FaultKind::Refused { .. }) => {}
                Err(fault) => return Err(fault.clone()),
            }
        }
        let agree = order::confirm(self.order, &witnesses)?;
        Ok(format!("{agree} of {} values confirm the word order", witnesses.len()))
    }

    /// Compares loop 1 with the sensor before it.
    fn check_sensor(&mut self) -> Result<String, FaultKind> {
        let value = self.float(register::VALUE)?;
        let input = self.float(register::INPUT_1)?;
        if (value - input).abs() <= SAME_SENSOR_K && (COLDEST_C..=450.0).contains(&value) {
            return Ok(format!("loop 1 reads {value:.1} °C"));
        }
        Err(garbled(format!(
            "loop 1 reads {value} °C, but its sensor {input} °C: sensor open, or not that of loop 1"
        )))
    }

    fn limit_in_words(&mut self) -> String {
        match self.host.read(register::LIMIT_ERROR, 1).as_deref() {
            Ok([register::NONE]) => "limit module 1 is there and has not tripped".into(),
            Ok([code]) => {
                format!("LIMIT MODULE 1 reports error {code}: reset it at the controller")
            }
            _ => {
                "NO LIMIT MODULE: use an independent over-temperature cut-out before heating".into()
            }
        }
    }

    /// States of the alarms that the controller has, alarm 1 first.
    fn alarms(&mut self) -> Vec<u16> {
        (1..=register::ALARMS).map_while(|k| self.word(register::of_alarm(k)).ok()).collect()
    }

    /// Looks whether an alarm in use stands, or the limit module has tripped: the controller knows of a danger that its
    /// process value may not show.
    fn check_protections(&mut self) -> Result<(), FaultKind> {
        let Protections { alarms, limit } = self.protections()?;
        for k in alarms {
            let state = self.word(register::of_alarm(k))?;
            if !register::NO_ALARM.contains(&state) {
                let detail = format!("alarm {k} stands (state {state}): look at the controller");
                return Err(FaultKind::Interlock { rule: "controller alarm".into(), detail });
            }
        }
        if limit {
            let code = self.word(register::LIMIT_ERROR)?;
            if code != register::NONE {
                let detail =
                    format!("limit module 1 reports error {code}: find out why, then reset it");
                return Err(FaultKind::Interlock { rule: "limit module".into(), detail });
            }
        }
        Ok(())
    }

    /// What there is to look at; asked once.
    fn protections(&mut self) -> Result<Protections, FaultKind> {
        if let Some(known) = &self.protections {
            return Ok(known.clone());
        }
        let mut alarms = Vec::new();
        for k in 1..=register::ALARMS {
            match self.word_if_there(register::of_alarm(k) - register::TYPE_BEFORE_STATE)? {
                None => break,
                Some(register::OFF) => {}
                Some(_) => alarms.push(k),
            }
        }
        let limit = self.word_if_there(register::LIMIT_ERROR)?.is_some();
        let found = Protections { alarms, limit };
        self.protections = Some(found.clone());
        Ok(found)
    }

    /// A register that a controller may lack.
    fn word_if_there(&mut self, register: u16) -> Result<Option<u16>, FaultKind> {
        match self.word(register) {
            Ok(value) => Ok(Some(value)),
            Err(FaultKind::Refused { detail }) if detail == Exception::ADDRESS.to_string() => {
                Ok(None)
            }
            Err(kind) => Err(kind),
        }
    }

    fn float(&mut self, register: u16) -> Result<f32, FaultKind> {
        let words = self.host.read(register, 2)?;
        Ok(self.order.join([words[0], words[1]]))
    }

    fn word(&mut self, register: u16) -> Result<u16, FaultKind> {
        Ok(self.host.read(register, 1)?[0])
    }

    /// Writes a float and reads it back; the reading decides.
    fn set_float(&mut self, register: u16, asked: f32, quantity: &str) -> Result<(), FaultKind> {
        let written = self.host.write(register, &self.order.split(asked));
        let kept = self.float(register).map_err(|kind| first(&written, kind))?;
        if kept.to_bits() == asked.to_bits() {
            return Ok(());
        }
        written?;
        Err(kept_other(quantity, f64::from(asked), f64::from(kept), "°C"))
    }

    /// Sets the control mode and reads the mode in force; the reading decides.
    fn set_mode(&mut self, loop_number: u16, mode: u16) -> Result<(), FaultKind> {
        let at = register::of_loop(register::MODE, loop_number);
        let written = self.host.write(at, &[mode]);
        let in_force = register::of_loop(register::MODE_IN_FORCE, loop_number);
        let kept = self.word(in_force).map_err(|kind| first(&written, kind))?;
        if kept == mode {
            return Ok(());
        }
        written?;
        Err(kept_other("control mode", f64::from(mode), f64::from(kept), ""))
    }
}

/// Which alarms stand, given the state of each.
fn alarms_in_words(states: &[u16]) -> String {
    let standing = |state: &u16| !register::NO_ALARM.contains(state);
    let names = states.iter().zip(1..).filter(|(state, _)| standing(state));
    let names: Vec<String> = names.map(|(state, k)| format!("{k} (state {state})")).collect();
    match (states.len(), names.is_empty()) {
        (0, _) => "its alarms cannot be read".into(),
        (known, true) => format!("none of its {known} alarms stands"),
        (_, false) => format!("ALARM {}: look at the controller", names.join(", ")),
    }
}

/// The error of the write that came first, or that of the reading after it.
fn first(written: &Result<(), FaultKind>, read: FaultKind) -> FaultKind {
    written.as_ref().err().cloned().unwrap_or(read)
}

fn kept_other(quantity: &str, asked: f64, kept: f64, unit: &str) -> FaultKind {
    FaultKind::KeptOther { quantity: quantity.into(), asked, kept, unit: unit.into() }
}

fn characters(words: &[u16]) -> String {
    let bytes: Vec<u8> = words.iter().map(|w| *w as u8).filter(|b| *b > 0).collect();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

fn long(order: WordOrder, words: [u16; 2]) -> u32 {
    order.join(words).to_bits()
}

/// One control loop of an F4T.
#[derive(Debug)]
pub struct F4tLoop {
    controller: Rc<RefCell<F4t>>,
    number: u16,
    automatic: bool,
}

impl F4tLoop {
    /// Loop `number`, from 1.
    pub fn new(controller: Rc<RefCell<F4t>>, number: u16) -> Self {
        Self { controller, number, automatic: false }
    }

    fn at(&self, register: u16) -> u16 {
        register::of_loop(register, self.number)
    }
}

impl Heater for F4tLoop {
    fn heat(&mut self, set_point: Temperature) -> Result<(), FaultKind> {
        let mut controller = self.controller.borrow_mut();
        controller.set_float(self.at(register::SET_POINT), set_point.c() as f32, "set point")?;
        if !self.automatic || controller.word(self.at(register::MODE_IN_FORCE))? != register::AUTO {
            controller.set_mode(self.number, register::AUTO)?;
        }
        self.automatic = true;
        Ok(())
    }

    fn off(&mut self) -> Result<(), FaultKind> {
        self.automatic = false;
        self.controller.borrow_mut().set_mode(self.number, register::OFF)
    }

    fn temperature_c(&mut self) -> Result<f64, FaultKind> {
        let mut controller = self.controller.borrow_mut();
        let value = controller.float(self.at(register::VALUE))?;
        if !value.is_finite() {
            return Err(FaultKind::SensorOpen);
        }
        controller.check_protections()?;
        Ok(f64::from(value))
    }

    fn power_percent(&mut self) -> Result<f64, FaultKind> {
        let power = self.controller.borrow_mut().float(self.at(register::POWER))?;
        if power.is_finite() {
            Ok(f64::from(power))
        } else {
            Err(garbled(format!("an output power of {power} %")))
        }
    }

    fn set_point_c(&mut self) -> Result<f64, FaultKind> {
        let at = self.at(register::SET_POINT_IN_FORCE);
        self.controller.borrow_mut().float(at).map(f64::from)
    }

    fn mode(&mut self) -> Result<f64, FaultKind> {
        match self.controller.borrow_mut().word(self.at(register::MODE_IN_FORCE))? {
            register::OFF => Ok(Setting::OFF),
            register::AUTO => Ok(Setting::AUTOMATIC),
            register::MANUAL => Ok(Setting::FIXED_POWER),
            other => Err(garbled(format!("a control mode of {other}"))),
        }
    }
}

/// A digital input of an F4T, as a switch that permits to run.
#[derive(Debug)]
pub struct F4tInput {
    controller: Rc<RefCell<F4t>>,
    register: u16,
}

impl F4tInput {
    /// Input `io` of `module`, both from 1.
    pub fn new(controller: Rc<RefCell<F4t>>, module: u16, io: u16) -> Self {
        Self { controller, register: register::of_input(module, io) }
    }
}

impl Permit for F4tInput {
    fn granted(&mut self) -> Result<bool, FaultKind> {
        Ok(self.controller.borrow_mut().word(self.register)? == register::ON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_that_stand_are_named() {
        assert_eq!(alarms_in_words(&[61, 88, 12]), "none of its 3 alarms stands");
        let said = alarms_in_words(&[61, 24, 61, 76]);
        assert_eq!(said, "ALARM 2 (state 24), 4 (state 76): look at the controller");
        assert_eq!(alarms_in_words(&[]), "its alarms cannot be read");
        assert_eq!([register::of_alarm(1), register::of_alarm(3)], [1356, 1556]);
    }
}
