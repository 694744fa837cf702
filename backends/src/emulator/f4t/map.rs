//! The registers of an emulated F4T.

use std::collections::BTreeMap;

use flowtwin_lab::{Command, HeaterId, Lab, Reply, SensorId, SensorKind, Temperature};

use super::F4tTerminals;
use crate::codec::f4t as register;
use crate::codec::modbus::{Exception, WordOrder};

/// Set points an F4T accepts out of the box [°C].
const SET_POINTS_C: std::ops::RangeInclusive<f32> = -200.0..=1371.0;
/// State of an alarm that stands.
const STANDING: u16 = 24;
/// Loops of the register map.
const LOOPS: u16 = 4;
/// Registers from one loop to the next.
const LOOP_STRIDE: u16 = 160;
/// The set point before one was set [°C].
const COLD_C: f32 = 20.0;

/// The register map with the loops behind it.
#[derive(Debug)]
pub struct F4tMap {
    wiring: F4tTerminals,
    loops: Vec<ControlLoop>,
    plain: BTreeMap<u16, u16>,
    sensor_open: bool,
}

#[derive(Debug)]
struct ControlLoop {
    heater: Option<HeaterId>,
    set_point: f32,
    mode: u16,
    manual_power: f32,
}

impl F4tMap {
    /// A controller in the state it is delivered in: control off.
    pub fn new(wiring: F4tTerminals) -> Self {
        let loops = (0..usize::from(LOOPS))
            .map(|i| ControlLoop {
                heater: wiring.loops.get(i).cloned().flatten(),
                set_point: COLD_C,
                mode: register::OFF,
                manual_power: 0.0,
            })
            .collect();
        let plain = plain_registers(wiring.serial_number, wiring.order);
        Self { wiring, loops, plain, sensor_open: false }
    }

    /// Reads registers; all of them must exist, and floats be read whole.
    ///
    /// # Errors
    /// The exception to answer with.
    pub fn at(
        &mut self,
        start: u16,
        count: u16,
        world: &mut dyn Lab,
    ) -> Result<Vec<u16>, Exception> {
        let mut values = Vec::with_capacity(usize::from(count));
        while values.len() < usize::from(count) {
            let at = start.checked_add(values.len() as u16).ok_or(Exception::ADDRESS)?;
            match self.float(at, world) {
                Some(value) if values.len() + 2 <= usize::from(count) => {
                    values.extend(self.wiring.order.split(value));
                }
                Some(_) => return Err(Exception::ADDRESS),
                None => values.push(self.word(at, world).ok_or(Exception::ADDRESS)?),
            }
        }
        Ok(values)
    }

    /// The float that begins at a register.
    fn float(&self, at: u16, world: &mut dyn Lab) -> Option<f32> {
        if at == register::INPUT_1 {
            return Some(self.temperature(0, world));
        }
        let (number, base) = loop_register(at)?;
        let control = &self.loops[number];
        match base {
            register::LOWEST_SET_POINT => Some(*SET_POINTS_C.start()),
            register::HIGHEST_SET_POINT => Some(*SET_POINTS_C.end()),
            register::SET_POINT | register::SET_POINT_IN_FORCE => Some(control.set_point),
            register::MANUAL_POWER => Some(control.manual_power),
            register::VALUE => Some(self.temperature(number, world)),
            register::POWER => {
                let heater = control.heater.clone()?;
                Some(ask(SensorKind::Power(heater), world).map_or(0.0, |p| p as f32))
            }
            _ => None,
        }
    }

    fn word(&self, at: u16, world: &mut dyn Lab) -> Option<u16> {
        if let Some((number, register::MODE | register::MODE_IN_FORCE)) = loop_register(at) {
            return Some(self.loops[number].mode);
        }
        let input = self
            .wiring
            .inputs
            .iter()
            .find(|(module, io, _)| register::of_input(*module, *io) == at);
        match input {
            Some((_, _, sensor)) => Some(switch(sensor, world)),
            None => self.plain.get(&at).copied(),
        }
    }

    /// The process value of a loop; not a number where its sensor is open.
    fn temperature(&self, number: usize, world: &mut dyn Lab) -> f32 {
        match &self.loops[number].heater {
            Some(heater) if !self.sensor_open => {
                ask(SensorKind::Temperature(heater.clone()), world).map_or(f32::NAN, |c| c as f32)
            }
            _ => f32::NAN,
        }
    }

    /// Writes registers: one value, or the two halves of a float.
    ///
    /// # Errors
    /// The exception to answer with; nothing has been changed then.
    pub fn set(&mut self, at: u16, values: &[u16], world: &mut dyn Lab) -> Result<(), Exception> {
        let Some((number, base)) = loop_register(at) else {
            return self.write_plain(at, values);
        };
        match (base, values) {
            (register::MODE, &[mode]) => self.set_mode(number, mode, world),
            (register::SET_POINT, &[a, b]) => {
                let value = self.wiring.order.join([a, b]);
                self.set_point(number, value, world)
            }
            (register::MANUAL_POWER, &[a, b]) => {
                let value = self.wiring.order.join([a, b]);
                if !(-100.0..=100.0).contains(&value) {
                    return Err(Exception::VALUE);
                }
                self.loops[number].manual_power = value;
                Ok(())
            }
            (register::MODE | register::SET_POINT | register::MANUAL_POWER, _) => {
                Err(Exception::VALUE)
            }
            _ => self.write_plain(at, values),
        }
    }

    fn write_plain(&mut self, at: u16, values: &[u16]) -> Result<(), Exception> {
        let end = at.checked_add(values.len() as u16);
        let registers = at..end.ok_or(Exception::ADDRESS)?;
        if values.is_empty() || registers.clone().any(|r| !WRITABLE.contains(&r)) {
            return Err(Exception::ADDRESS);
        }
        self.plain.extend(registers.zip(values.iter().copied()));
        Ok(())
    }

    fn set_mode(&mut self, number: usize, mode: u16, world: &mut dyn Lab) -> Result<(), Exception> {
        if ![register::AUTO, register::OFF, register::MANUAL].contains(&mode) {
            return Err(Exception::VALUE);
        }
        let before = std::mem::replace(&mut self.loops[number].mode, mode);
        if mode == register::AUTO && before != mode {
            return self.heat(number, world);
        }
        // Asked for again, off is carried out again: it is the safe state.
        if mode != register::AUTO {
            self.heater_off(number, world);
        }
        Ok(())
    }

    fn set_point(
        &mut self,
        number: usize,
        value: f32,
        world: &mut dyn Lab,
    ) -> Result<(), Exception> {
        if !SET_POINTS_C.contains(&value) {
            return Err(Exception::VALUE);
        }
        self.loops[number].set_point = value;
        if self.loops[number].mode == register::AUTO {
            return self.heat(number, world);
        }
        Ok(())
    }

    fn heat(&self, number: usize, world: &mut dyn Lab) -> Result<(), Exception> {
        let control = &self.loops[number];
        let Some(heater) = control.heater.clone() else {
            return Ok(());
        };
        let set_point_c = Temperature::from_c(f64::from(control.set_point));
        let sent = world.send(&Command::Heat { heater, set_point_c });
        sent.map(|_| ()).map_err(|_| Exception::FAILURE)
    }

    fn heater_off(&self, number: usize, world: &mut dyn Lab) {
        if let Some(heater) = self.loops[number].heater.clone() {
            // Where the heater behind cannot be turned off, its temperature will show it.
            let _ = world.send(&Command::HeaterOff { heater });
        }
    }

    pub(super) fn open_sensor(&mut self, open: bool) {
        self.sensor_open = open;
    }

    /// Alarm 1, the only one in use, stands or does not.
    pub(super) fn alarm(&mut self, stands: bool) {
        let state = if stands { STANDING } else { register::NONE };
        self.plain.insert(register::of_alarm(1), state);
    }

    /// Without power, all loops are off; with it again, the controller resumes what it did.
    pub(super) fn lose_power(&mut self, begins: bool, world: &mut dyn Lab) {
        for number in 0..self.loops.len() {
            if self.loops[number].mode != register::AUTO {
                continue;
            }
            if begins {
                self.heater_off(number, world);
            } else {
                let _ = self.heat(number, world);
            }
        }
    }
}

/// Registers of PID sets, ramps, event outputs and the clock, which keep what is written to them.
const WRITABLE: [u16; 16] = [
    2794, 2796, 2798, 2799, 2846, 2847, 2848, 2849, 2850, 2851, 2852, 2853, 16_594, 16_596, 16_598,
    16_600,
];

/// The loop (from 0) of a register, and the like register of loop 1.
fn loop_register(at: u16) -> Option<(usize, u16)> {
    let offset = at.checked_sub(register::MODE)?;
    let number = offset / LOOP_STRIDE;
    (number < LOOPS).then(|| (usize::from(number), at - LOOP_STRIDE * number))
}

fn ask(kind: SensorKind, world: &mut dyn Lab) -> Option<f64> {
    let sensor = world.manifest().sensor(&kind)?.clone();
    match world.send(&Command::Read { sensor }) {
        Ok(Reply::Reading(value)) => Some(value),
        _ => None,
    }
}

/// The state of a switch: off where it cannot be read, which is the safe reading.
fn switch(sensor: &SensorId, world: &mut dyn Lab) -> u16 {
    let sensor = sensor.clone();
    match world.send(&Command::Read { sensor }) {
        Ok(Reply::Reading(value)) if value > 0.5 => register::ON,
        _ => register::OFF,
    }
}

/// Registers that only hold a value: identity, units, alarms without alarm, a limit that has not
/// tripped.
fn plain_registers(serial_number: u32, order: WordOrder) -> BTreeMap<u16, u16> {
    let mut map: BTreeMap<u16, u16> = WRITABLE.iter().map(|r| (*r, 0)).collect();
    let [first, second] = order.split(f32::from_bits(serial_number));
    let mut put = |at: u16, value: u16| map.insert(at, value);
    put(0, 27);
    put(1, 0);
    put(register::SOFTWARE, 407);
    put(register::SERIAL_NUMBER, first);
    put(register::SERIAL_NUMBER + 1, second);
    put(14, 2024);
    put(register::DEVICE_STATUS, register::WELL);
    for (i, byte) in b"F4T1L1EAA1F1AAA".iter().enumerate() {
        put(register::PART_NUMBER + i as u16, u16::from(*byte));
    }
    for at in [register::UNITS, 14_080, 6_730] {
        put(at, register::CELSIUS);
    }
    for alarm in 1..=register::ALARMS {
        let state = register::of_alarm(alarm);
        let kind = if alarm == 1 { register::PROCESS_ALARM } else { register::OFF };
        put(state - register::TYPE_BEFORE_STATE, kind);
        put(state, register::NONE);
    }
    for module in 0..6 {
        put(register::LIMIT_STATE + 60 * module, register::NONE);
        put(register::LIMIT_STATUS + 60 * module, register::WELL);
        put(register::LIMIT_ERROR + 60 * module, register::NONE);
    }
    put(16_568, 251);
    map
}
