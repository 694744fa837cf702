//! The driver that a protocol file makes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use flowtwin_lab::{FaultKind, FlowRate, Temperature, Volume};

mod host;

pub use host::{At, ProtocolHost, SharedLine};

use crate::codec::program::{Kind, MODE, STATUS};
use crate::driver::delivery::{self, STOPPED};
use crate::instrument::{Heater, Identity, Probe, Pump, Valve};
use crate::protocol::{Field, Means, Protocol, ROUNDING, Step, Steps, Value, Verb};
use crate::transport::{garbled, read_again};

/// Relative difference of a number that is the same: instruments round to four digits.
const SAME: f64 = 1e-3;

/// The modes of controllers in protocol files: those of [`MODE`] and, after them, `manual`.
const MODES: [&str; 4] = [MODE[0], MODE[1], MODE[2], "manual"];
/// Places in it.
const OFF: u8 = 0;
const FIXED_POWER: u8 = 2;
const MANUAL: u8 = 3;

/// What a pump is moved by, so that a person sees which it is [µL] [µL/min].
const NUDGE: (f64, f64) = (10.0, 200.0);
/// The bore of a syringe of which a pump that counts steps knows nothing, and nobody else either \[mm\]: 2.5 mL in 60 mm.
const SOME_BORE_MM: f64 = 7.3;

/// What is asked for, by its meaning.
type Wanted = BTreeMap<Means, f64>;

/// An instrument that a protocol file describes.
#[derive(Debug)]
pub struct ProtocolDriver {
    protocol: Rc<Protocol>,
    line: SharedLine,
    address: u16,
    bore_mm: Option<f64>,
    is_ready: bool,
    /// Whether its last run drew.
    draws: bool,
    /// Where the plunger was when it began \[µL\].
    began_ul: Option<f64>,
    /// Who has answered, and on which connection.
    met: Option<(u64, Who)>,
    /// Whether it is being asked who it is.
    is_meeting: bool,
}

/// Model and serial number of an instrument, where it tells them.
type Who = [Option<String>; 2];

impl ProtocolDriver {
    /// The instrument at `address` of a line.
    pub fn new(protocol: Rc<Protocol>, line: SharedLine, address: u16) -> Self {
        Self {
            protocol,
            line,
            address,
            bore_mm: None,
            is_ready: false,
            draws: false,
            began_ul: None,
            met: None,
            is_meeting: false,
        }
    }

    /// The line of an instrument, for all that are on it.
    pub fn line(host: ProtocolHost) -> SharedLine {
        Rc::new(RefCell::new(host))
    }

    /// The same pump with a syringe of this bore \[mm\].
    #[must_use]
    pub fn with_bore(self, bore_mm: Option<f64>) -> Self {
        Self { bore_mm, ..self }
    }

    /// Another driver of the same instrument, for its valve.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self::new(self.protocol.clone(), self.line.clone(), self.address)
    }

    /// Who it is. Nothing is moved, heated or lit.
    ///
    /// # Errors
    /// If it does not answer as such an instrument does.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        let [model, serial_number] = self.who()?;
        let firmware = self.said(Means::Firmware)?;
        let notes = vec![self.state_in_words()?];
        let name = &self.protocol.name;
        let model = model.map_or_else(|| name.clone(), |model| format!("{name} ({model})"));
        Ok(Identity { model, serial_number, firmware, notes })
    }

    /// A text that it tells of itself.
    fn said(&mut self, means: Means) -> Result<Option<String>, FaultKind> {
        let name = self.protocol.meaning(means).filter(|(_, field)| field.is_read());
        let name = name.map(|(name, _)| name.to_owned());
        name.map(|name| self.word(&name)).transpose()
    }

    fn who(&mut self) -> Result<Who, FaultKind> {
        Ok([self.said(Means::Model)?, self.said(Means::SerialNumber)?])
    }

    /// Asks who it is, where that is not known of this connection: at the end of another there may be another instrument.
    /// Whether that was so.
    fn meet(&mut self) -> Result<bool, FaultKind> {
        read_again(|| self.meet_once())
    }

    fn meet_once(&mut self) -> Result<bool, FaultKind> {
        let connection = self.line.borrow_mut().reach()?;
        if self.met.as_ref().is_some_and(|(met, _)| *met == connection) {
            return Ok(false);
        }
        self.is_meeting = true;
        let met = self.meet_on(connection);
        self.is_meeting = false;
        met.map(|()| true)
    }

    fn meet_on(&mut self, connection: u64) -> Result<(), FaultKind> {
        let who = self.who()?;
        if let Some((_, before)) = self.met.as_ref().filter(|(_, before)| *before != who) {
            let shown = |who: &Who| who.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
            let detail = format!("{} answers, and before it was {}", shown(&who), shown(before));
            return Err(FaultKind::Refused { detail });
        }
        self.is_ready &= self.met.is_none();
        // A pump may be running at this moment. It is made ready before its next run instead.
        if self.protocol.kind != Kind::Pump {
            let protocol = self.protocol.clone();
            self.take(&protocol.steps.ready, &Wanted::new())?;
        }
        self.met = Some((connection, who));
        Ok(())
    }

    /// What it is at, for people; also the proof that it answers as its kind does.
    fn state_in_words(&mut self) -> Result<String, FaultKind> {
        match self.protocol.kind {
            Kind::Pump => {
                let status = self.meaning(Means::Status)?;
                let moves = status == "running";
                let note = if moves { ": stop it at the pump before a campaign" } else { "" };
                Ok(format!("it is {status}{note}"))
            }
            Kind::Heater => {
                let mode = MODES[usize::from(self.mode_in_force()?)];
                // In another unit its temperature would be another.
                match self.lost_setting()? {
                    Some(kind) => Ok(format!("control {mode}, and before a campaign: {kind}")),
                    None => {
                        let c = self.number(Means::TemperatureC)?;
                        Ok(format!("{c:.1} °C, control {mode}"))
                    }
                }
            }
            Kind::Valve => Ok(format!("it is in position {}", self.number(Means::Position)?)),
            _ => Ok(format!("it reads {}", self.number(Means::Value)?)),
        }
    }

    fn field(&self, means: Means) -> Result<(String, Field), FaultKind> {
        let found = self.protocol.meaning(means);
        let silent =
            || FaultKind::Unsupported { detail: format!("its protocol file has no {means:?}") };
        let (name, field) = found.ok_or_else(silent)?;
        Ok((name.to_owned(), field.clone()))
    }

    /// What a field holds. It is asked again while the wire fails; one that was met before and is reached by another
    /// connection since must first say who it is.
    fn get(&mut self, name: &str) -> Result<Value, FaultKind> {
        if self.is_meeting {
            return self.get_once(name);
        }
        read_again(|| {
            if self.met.is_some() {
                self.meet_once()?;
            }
            self.get_once(name)
        })
    }

    fn get_once(&self, name: &str) -> Result<Value, FaultKind> {
        self.line.borrow_mut().get(&self.protocol, self.at(), name)
    }

    fn number_of(&mut self, name: &str) -> Result<f64, FaultKind> {
        match self.get(name)? {
            Value::Number(value) if value.is_finite() => Ok(value),
            other => Err(garbled(format!("{other:?} is not a number for {name}"))),
        }
    }

    fn number(&mut self, means: Means) -> Result<f64, FaultKind> {
        let (name, _) = self.field(means)?;
        self.number_of(&name)
    }

    fn word(&mut self, name: &str) -> Result<String, FaultKind> {
        match self.get(name)? {
            Value::Word(word) => Ok(word),
            Value::Number(number) => Ok(number.to_string()),
        }
    }

    /// What the word of a field means.
    fn meaning(&mut self, means: Means) -> Result<String, FaultKind> {
        let (name, field) = self.field(means)?;
        let word = self.word(&name)?;
        let meaning = field.meaning(&word).map(str::to_owned);
        meaning.ok_or_else(|| garbled(format!("{word:?} is not a value of {name}")))
    }

    /// The place of a meaning in a list.
    fn place(&mut self, means: Means, words: &[&str]) -> Result<u8, FaultKind> {
        let meaning = self.meaning(means)?;
        let place = words.iter().position(|known| *known == meaning);
        let place = place.and_then(|at| u8::try_from(at).ok());
        place.ok_or_else(|| garbled(format!("{meaning:?} is none of {}", words.join(", "))))
    }

    /// Takes the steps to a safe state: all of them, whatever becomes of those before. A status that cannot be read is no
    /// reason not to stop. The first fault is returned.
    fn make_safe(&mut self, steps: &[Step]) -> Result<(), FaultKind> {
        let mut done = Ok(());
        for step in steps {
            let status = step.only_if.as_ref().map(|_| self.meaning(Means::Status));
            if let (Some(Ok(status)), Some(only_if)) = (status, &step.only_if)
                && status != *only_if
            {
                continue;
            }
            done = done.and(self.step(step, &Wanted::new()));
        }
        done
    }

    /// Takes the steps one after the other, up to one that fails.
    fn take(&mut self, steps: &[Step], wanted: &Wanted) -> Result<(), FaultKind> {
        for step in steps {
            if let Some(status) = &step.only_if
                && self.meaning(Means::Status)? != *status
            {
                continue;
            }
            self.step(step, wanted)?;
        }
        Ok(())
    }

    fn at(&self) -> At {
        At { address: self.address, bore_mm: self.bore_mm }
    }

    fn step(&mut self, step: &Step, wanted: &Wanted) -> Result<(), FaultKind> {
        let protocol = self.protocol.clone();
        if step.verb == Verb::Do {
            return self.act(&protocol, &step.name, wanted);
        }
        match asked_of(step, &protocol.fields[&step.name], wanted) {
            Some(value) => self.set(&step.name, &value),
            // A bore that nobody knows: the pump keeps its own.
            None => Ok(()),
        }
    }

    /// Tells it to do something, with what is asked for in the request.
    fn act(&self, protocol: &Protocol, name: &str, wanted: &Wanted) -> Result<(), FaultKind> {
        let mut values = Vec::new();
        for name in protocol.actions[name].sends.fields() {
            let field = &protocol.fields[name];
            let Some(value) = field.means.and_then(|means| wanted.get(&means)) else { continue };
            self.check(name, field, *value)?;
            values.push((name, Value::Number(*value)));
        }
        self.line.borrow_mut().act(protocol, self.at(), name, &values)
    }

    /// Sets a field, and looks whether it is kept where that can be read.
    fn set(&mut self, name: &str, value: &Value) -> Result<(), FaultKind> {
        let protocol = self.protocol.clone();
        let field = &protocol.fields[name];
        if let Value::Number(value) = value {
            self.check(name, field, *value)?;
        }
        let sent = self.line.borrow_mut().set(&protocol, self.at(), name, value);
        if !field.is_read() {
            return sent;
        }
        match self.get(name).and_then(|found| kept(name, field, value, &found)) {
            Ok(()) => Ok(()),
            Err(kind) => sent.and(Err(kind)),
        }
    }

    /// Refuses what the instrument does not take, before it is sent.
    fn check(&self, name: &str, field: &Field, value: f64) -> Result<(), FaultKind> {
        let [low, high] = field.limits(self.bore_mm);
        if (low - ROUNDING..=high + ROUNDING).contains(&value) {
            return Ok(());
        }
        let (quantity, unit) = (name.to_owned(), field.unit_of_ours().to_owned());
        Err(FaultKind::OutOfRange { quantity, value, low, high, unit })
    }

    /// The mode of a controller: its place in [`MODE`]. In manual mode it is off while its output is zero, and else heats
    /// with a fixed power.
    fn mode_in_force(&mut self) -> Result<u8, FaultKind> {
        match self.place(Means::Mode, &MODES)? {
            MANUAL if self.number(Means::PowerPercent)? > 0.0 => Ok(FIXED_POWER),
            MANUAL => Ok(OFF),
            mode => Ok(mode),
        }
    }

    /// Makes the pump ready for runs: once, and again where it does not keep any more what it was set to. One that has lost
    /// its power comes back with its own units.
    fn prepare(&mut self) -> Result<(), FaultKind> {
        self.meet()?;
        if self.is_ready && self.lost_setting()?.is_none() {
            return Ok(());
        }
        self.is_ready = false;
        let protocol = self.protocol.clone();
        if self.status()? != STOPPED {
            self.make_safe(&protocol.steps.stop)?;
        }
        self.take(&protocol.steps.ready, &self.wanted_first())?;
        self.is_ready = true;
        Ok(())
    }

    /// Runs once, in or out.
    fn run(&mut self, (rate, volume): (FlowRate, Volume), draws: bool) -> Result<(), FaultKind> {
        self.prepare()?;
        let protocol = self.protocol.clone();
        let wanted: Wanted =
            [(Means::RateUlPerMin, rate.ul_per_min()), (Means::VolumeUl, volume.ul())].into();
        let Steps { dispense, withdraw, stop, .. } = &protocol.steps;
        if protocol.meaning(Means::PlungerUl).is_some() {
            // It must stand still where it begins.
            if self.status()? != STOPPED {
                self.make_safe(stop)?;
            }
            self.began_ul = Some(self.number(Means::PlungerUl)?);
        }
        self.take(if draws { withdraw } else { dispense }, &wanted)?;
        self.draws = draws;
        delivery::runs(self, volume)
    }

    /// What a pump has moved in its last run, by where its plunger was and is, in whole steps \[µL\].
    fn travelled_ul(&mut self, step_ul: f64) -> Result<f64, FaultKind> {
        let Some(began_ul) = self.began_ul else { return Ok(0.0) };
        let out_ul = began_ul - self.number(Means::PlungerUl)?;
        let moved_ul = if self.draws { -out_ul } else { out_ul };
        Ok((moved_ul / step_ul).round().max(0.0) * step_ul)
    }

    /// What is asked for before the first run.
    fn wanted_first(&self) -> Wanted {
        self.bore_mm.map(|bore_mm| (Means::BoreMm, bore_mm)).into_iter().collect()
    }

    /// Refuses an instrument that does not keep any more what it was set to when it was met: one that has lost its power
    /// comes back with its own units, and its numbers mean something else.
    fn keeps_its_settings(&mut self) -> Result<(), FaultKind> {
        self.lost_setting()?.map_or(Ok(()), Err)
    }

    /// The first setting of those made before the first run that the pump does not keep any more.
    fn lost_setting(&mut self) -> Result<Option<FaultKind>, FaultKind> {
        let (protocol, wanted) = (self.protocol.clone(), self.wanted_first());
        for step in protocol.steps.ready.iter().filter(|step| step.verb == Verb::Set) {
            let field = &protocol.fields[&step.name];
            let Some(asked) = asked_of(step, field, &wanted) else { continue };
            if field.is_read()
                && let Err(kind) = kept(&step.name, field, &asked, &self.get(&step.name)?)
            {
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }
}

/// What a step sets a field to; none where that is not known.
fn asked_of(step: &Step, field: &Field, wanted: &Wanted) -> Option<Value> {
    match &step.to {
        Some(to) => Some(field.given(to)),
        None => field.means.and_then(|means| wanted.get(&means)).map(|value| Value::Number(*value)),
    }
}

/// Whether a field keeps what was asked for.
fn kept(name: &str, field: &Field, asked: &Value, found: &Value) -> Result<(), FaultKind> {
    match (asked, found) {
        (Value::Number(asked), Value::Number(kept)) if is_same(field, *asked, *kept) => Ok(()),
        (Value::Number(asked), Value::Number(kept)) => {
            Err(kept_other(name, *asked, *kept, field.unit_of_ours()))
        }
        (Value::Word(asked), Value::Word(kept)) if asked == kept => Ok(()),
        _ => {
            let shown = |value: &Value| match value {
                Value::Number(number) => number.to_string(),
                Value::Word(word) => word.clone(),
            };
            let detail = format!("{name} is {}, and not {}", shown(found), shown(asked));
            Err(FaultKind::Refused { detail })
        }
    }
}

fn is_same(field: &Field, asked: f64, kept: f64) -> bool {
    (asked - kept).abs() <= field.as_shown().max(SAME * asked.abs())
}

fn kept_other(quantity: &str, asked: f64, kept: f64, unit: &str) -> FaultKind {
    FaultKind::KeptOther { quantity: quantity.to_owned(), asked, kept, unit: unit.to_owned() }
}

impl Pump for ProtocolDriver {
    fn get_ready(&mut self) -> Result<(), FaultKind> {
        self.prepare()
    }

    fn dispense(&mut self, rate: FlowRate, at_most: Volume) -> Result<(), FaultKind> {
        if rate.ul_per_min() <= 0.0 {
            return self.stop();
        }
        self.run((rate, at_most), false)
    }

    fn withdraw(&mut self, rate: FlowRate, volume: Volume) -> Result<(), FaultKind> {
        if self.protocol.steps.withdraw.is_empty() {
            let detail = "its protocol file does not say how it draws".into();
            return Err(FaultKind::Unsupported { detail });
        }
        self.run((rate, volume), true)
    }

    fn stop(&mut self) -> Result<(), FaultKind> {
        let protocol = self.protocol.clone();
        let told = self.make_safe(&protocol.steps.stop);
        delivery::stands_still(self, told)
    }

    fn status(&mut self) -> Result<u8, FaultKind> {
        self.place(Means::Status, &STATUS)
    }

    fn dispensed_ul(&mut self) -> Result<f64, FaultKind> {
        self.meet()?;
        if let Some((_, field)) = self.protocol.meaning(Means::PlungerUl) {
            let step_ul = field.scale(self.bore_mm);
            return self.travelled_ul(step_ul.unwrap_or(1.0));
        }
        let counts = match self.protocol.meaning(Means::WithdrawnUl) {
            Some(_) if self.draws => Means::WithdrawnUl,
            _ => Means::DispensedUl,
        };
        self.number(counts)
    }

    fn rate_ul_per_min(&mut self) -> Result<f64, FaultKind> {
        self.meet()?;
        let rate = self.number(Means::RateUlPerMin)?;
        // In other units the number would mean another flow, and with another bore another volume. Looked at afterwards: it
        // may have lost its power while the rate was read.
        if let Some(kind) = self.lost_setting()? {
            self.is_ready = false;
            return Err(kind);
        }
        Ok(rate)
    }

    fn nudge(&mut self) -> Result<f64, FaultKind> {
        if let Ok((name, _)) = self.field(Means::BoreMm) {
            self.bore_mm = Some(self.number_of(&name)?);
        }
        let fields = (self.field(Means::RateUlPerMin)?.1, self.field(Means::VolumeUl)?.1);
        let unknown = fields.0.travel_um.is_some() && self.bore_mm.is_none();
        // How much comes out is then said for this one; which pump moves shows all the same.
        self.bore_mm = self.bore_mm.or(unknown.then_some(SOME_BORE_MM));
        let (ul, rate) = NUDGE;
        let (rate, ul) = (fields.0.nearest(self.bore_mm, rate), fields.1.nearest(self.bore_mm, ul));
        let moved = delivery::nudge(self, rate, ul);
        self.bore_mm = self.bore_mm.filter(|_| !unknown);
        moved
    }
}

impl Heater for ProtocolDriver {
    fn heat(&mut self, set_point: Temperature) -> Result<(), FaultKind> {
        let is_new = self.meet()?;
        let protocol = self.protocol.clone();
        if !is_new {
            self.take(&protocol.steps.ready, &Wanted::new())?;
        }
        self.take(&protocol.steps.heat, &[(Means::SetPointC, set_point.c())].into())?;
        // Where control is turned on by a command, what came of it shows in the mode.
        match self.mode_in_force()? {
            OFF => Err(FaultKind::Refused {
                detail: "its mode is off after it was told to heat".into(),
            }),
            _ => Ok(()),
        }
    }

    fn off(&mut self) -> Result<(), FaultKind> {
        let protocol = self.protocol.clone();
        let told = self.make_safe(&protocol.steps.off);
        match self.mode_in_force() {
            Ok(OFF) => Ok(()),
            Ok(mode) => {
                let mode = MODES[usize::from(mode)];
                Err(FaultKind::Refused { detail: format!("its mode is {mode}, and not off") })
            }
            Err(kind) => told.and(Err(kind)),
        }
    }

    fn temperature_c(&mut self) -> Result<f64, FaultKind> {
        self.meet()?;
        if self.protocol.meaning(Means::Sensor).is_some() && self.meaning(Means::Sensor)? != "whole"
        {
            return Err(FaultKind::SensorOpen);
        }
        let temperature = self.number(Means::TemperatureC)?;
        self.keeps_its_settings().map(|()| temperature)
    }

    fn power_percent(&mut self) -> Result<f64, FaultKind> {
        self.number(Means::PowerPercent)
    }

    fn set_point_c(&mut self) -> Result<f64, FaultKind> {
        let set_point = self.number(Means::SetPointC)?;
        self.keeps_its_settings().map(|()| set_point)
    }

    fn mode(&mut self) -> Result<f64, FaultKind> {
        self.mode_in_force().map(f64::from)
    }
}

impl Valve for ProtocolDriver {
    /// The position is not read back at once: the valve is on its way.
    fn turn(&mut self, position: usize) -> Result<(), FaultKind> {
        self.meet()?;
        let (name, field) = self.field(Means::Position)?;
        let number = position as f64 + 1.0;
        let value = if field.words.is_empty() {
            self.check(&name, &field, number)?;
            Value::Number(number)
        } else {
            let none = || FaultKind::Unsupported { detail: format!("it has no position {number}") };
            Value::Word(field.word(&number.to_string()).ok_or_else(none)?.to_owned())
        };
        let protocol = self.protocol.clone();
        self.take(&protocol.steps.turn, &Wanted::new())?;
        self.line.borrow_mut().set(&protocol, self.at(), &name, &value)
    }

    fn position(&mut self) -> Result<Option<usize>, FaultKind> {
        self.meet()?;
        let (name, field) = self.field(Means::Position)?;
        let number = if field.words.is_empty() {
            self.number_of(&name)?
        } else {
            let nowhere = || garbled(format!("its {name} has no number"));
            self.meaning(Means::Position)?.parse().map_err(|_| nowhere())?
        };
        Ok((number >= 1.0).then_some(number as usize - 1))
    }
}

impl Probe for ProtocolDriver {
    fn value(&mut self) -> Result<f64, FaultKind> {
        self.meet()?;
        let value = self.number(Means::Value)?;
        self.keeps_its_settings().map(|()| value)
    }
}
