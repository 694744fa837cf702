//! The Modbus registers of an emulated instrument that a protocol file describes.

use flowtwin_lab::Lab;

use super::unit::Unit;
use crate::codec::modbus::Exception;
use crate::protocol::{Field, Means, Value};

impl Unit {
    /// What stands in Modbus registers.
    pub(super) fn registers(
        &self,
        register: u16,
        count: u16,
        world: &mut dyn Lab,
    ) -> Result<Vec<u16>, Exception> {
        let mut words = Vec::new();
        while words.len() < usize::from(count) {
            let at = register.checked_add(words.len() as u16).ok_or(Exception::ADDRESS)?;
            words.extend(self.field_registers(at, world)?);
        }
        words.truncate(usize::from(count));
        Ok(words)
    }

    /// The registers of what begins at this one; of one register several fields can be bits.
    fn field_registers(&self, at: u16, world: &mut dyn Lab) -> Result<Vec<u16>, Exception> {
        self.at(at)?;
        let parts = self.protocol.fields.iter().filter(|(_, field)| field.register == Some(at));
        let mut together: Vec<u16> = Vec::new();
        for (name, field) in parts {
            let value = match self.value(name, field, world) {
                Value::Number(number) => Value::Number(number / self.size(field)),
                word => word,
            };
            let registers = field.to_registers(&value).ok_or(Exception::FAILURE)?;
            together.resize(together.len().max(registers.len()), 0);
            together.iter_mut().zip(registers).for_each(|(all, bits)| *all |= bits);
        }
        Ok(together)
    }

    /// Writes Modbus registers.
    pub(super) fn write_registers(
        &mut self,
        register: u16,
        values: &[u16],
        world: &mut dyn Lab,
    ) -> Result<(), Exception> {
        let (name, field) = self.at(register)?;
        let (name, field) = (name.to_owned(), field.clone());
        if !field.is_set() {
            return Err(Exception::ADDRESS);
        }
        let told = field.of_registers(values.to_vec()).ok_or(Exception::VALUE)?;
        match (field.means, &told) {
            (Some(Means::TemperatureC | Means::Sensor | Means::Value), _) => {
                return Err(Exception::ADDRESS);
            }
            // In manual mode it takes no output, and nothing else: the lab behind heats to set points.
            (Some(Means::PowerPercent), Value::Number(number)) => {
                let mode = self.meaning_kept(Means::Mode);
                let is_off = matches!(mode.as_deref(), Some("off" | "manual"));
                return (is_off && *number <= 0.0).then_some(()).ok_or(Exception::VALUE);
            }
            _ => {}
        }
        let value = match told {
            Value::Number(number) => Value::Number(number * self.size(&field)),
            word => word,
        };
        let is_known =
            |word: &String| field.words.is_empty() || field.words.iter().any(|(it, _)| it == word);
        if matches!(&value, Value::Word(word) if !is_known(word)) {
            return Err(Exception::VALUE);
        }
        self.keep(&name, value, world).map_err(|_| Exception::VALUE)
    }

    fn at(&self, register: u16) -> Result<(&str, &Field), Exception> {
        let found = self.protocol.fields.iter().find(|(_, field)| field.register == Some(register));
        found.map(|(name, field)| (name.as_str(), field)).ok_or(Exception::ADDRESS)
    }
}
