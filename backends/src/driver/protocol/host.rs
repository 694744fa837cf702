//! The host's end of a line whose protocol is a file: text, or Modbus.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::thread::sleep;
use std::time::Duration;

use flowtwin_lab::{FaultKind, math};

use crate::codec::Scan;
use crate::codec::modbus::Framing;
use crate::driver::modbus::ModbusHost;
use crate::protocol::{
    Error, Field, LineSpec, Means, Protocol, Taken, Template, Token, Value, any, blank, padded,
};
use crate::transport::{Dialog, garbled};

/// A line, shared by all instruments on it.
pub type SharedLine = Rc<RefCell<ProtocolHost>>;

/// XON and XOFF.
const FLOW_CONTROL: [char; 2] = ['\u{11}', '\u{13}'];

/// How long nothing comes after a reply that is whole: far more than lies between two bytes of one.
const QUIET: Duration = Duration::from_millis(50);

/// Longest reply that is looked for \[bytes\].
const LONGEST: usize = 4096;

/// The host's end of a line.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProtocolHost {
    /// Requests and replies are text.
    Text(Dialog),
    /// Requests and replies are Modbus.
    Modbus(ModbusHost),
}

/// Where an instrument is on a line, and what is in it.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// Its address.
    pub address: u16,
    /// The bore of its syringe, where it has one and it is known \[mm\].
    pub bore_mm: Option<f64>,
}

impl At {
    /// One of a field's units in ours.
    fn scale(self, name: &str, field: &Field) -> Result<f64, FaultKind> {
        let detail =
            || format!("{name} is counted in steps, and the bore of the syringe is not known");
        field.scale(self.bore_mm).ok_or_else(|| FaultKind::Unsupported { detail: detail() })
    }
}

impl ProtocolHost {
    /// A line in the protocol of a file; `unit` is the Modbus address.
    pub fn new(protocol: &Protocol, dialog: Dialog, framing: Framing, unit: u8) -> Self {
        match protocol.line {
            Some(_) => Self::Text(dialog),
            None => Self::Modbus(ModbusHost::new(dialog, framing, unit)),
        }
    }

    /// Makes the connection where there is none; the number of connections that were made so far.
    ///
    /// # Errors
    /// If there is none to be had.
    pub fn reach(&mut self) -> Result<u64, FaultKind> {
        match self {
            Self::Text(dialog) => dialog.reach(),
            Self::Modbus(host) => host.reach(),
        }
    }

    /// What a field holds, in our units; asked once.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn get(&mut self, protocol: &Protocol, at: At, name: &str) -> Result<Value, FaultKind> {
        let field = &protocol.fields[name];
        if let Self::Modbus(host) = self {
            let size = unit_in_registers(host, protocol, field)?;
            return read_registers(host, name, field, at.scale(name, field)? * size);
        }
        let none = || FaultKind::Unsupported { detail: format!("{name} cannot be read") };
        let get = field.get.as_ref().ok_or_else(none)?;
        let came = self.exchange(protocol, at.address, (&get.sends, &get.replies), &[])?;
        let value = came.get(name).ok_or_else(|| garbled(format!("no {name} in {came:?}")))?;
        let unit = field.unit.as_ref().and_then(|unit| came.get(unit).map(|word| (unit, word)));
        match value {
            Value::Number(number) => {
                let scale = at.scale(name, field)?;
                Ok(Value::Number(Field::in_ours(*number, scale * size(protocol, unit))))
            }
            word => Ok(word.clone()),
        }
    }

    /// Sets a field to a value in our units.
    ///
    /// # Errors
    /// If the instrument does not acknowledge it.
    pub fn set(
        &mut self,
        protocol: &Protocol,
        at: At,
        name: &str,
        value: &Value,
    ) -> Result<(), FaultKind> {
        let field = &protocol.fields[name];
        if let Self::Modbus(host) = self {
            let size = unit_in_registers(host, protocol, field)?;
            return write_registers(host, name, field, value, at.scale(name, field)? * size);
        }
        let none = || FaultKind::Unsupported { detail: format!("{name} cannot be set") };
        let set = field.set.as_ref().ok_or_else(none)?;
        let scale = at.scale(name, field)?;
        let unit = match value {
            Value::Number(number) => best_unit(protocol, field, *number, scale),
            Value::Word(_) => None,
        };
        if let (Some(unit), false) =
            (&unit, field.unit.as_ref().is_some_and(|it| set.sends.has(it)))
        {
            self.set_unit(protocol, at, unit)?;
        }
        let given = Given { name, field, value, scale, unit: unit.as_ref() };
        self.exchange(protocol, at.address, (&set.sends, &set.replies), &[given]).map(drop)
    }

    /// Sets the unit of a field, where that is a request of its own: every time, because an instrument that has lost its
    /// power comes back with its own.
    fn set_unit(&mut self, protocol: &Protocol, at: At, unit: &Unit) -> Result<(), FaultKind> {
        match protocol.fields.get(&unit.field) {
            Some(field) if field.set.is_some() => {
                self.set(protocol, at, &unit.field, &Value::Word(unit.word.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Tells the instrument to do something, with these values in the request, in our units.
    ///
    /// # Errors
    /// If it does not acknowledge it.
    pub fn act(
        &mut self,
        protocol: &Protocol,
        at: At,
        name: &str,
        values: &[(&str, Value)],
    ) -> Result<(), FaultKind> {
        let action = &protocol.actions[name];
        let mut given = Vec::new();
        for (name, value) in values {
            let field = &protocol.fields[*name];
            given.push(Given { name, field, value, scale: at.scale(name, field)?, unit: None });
        }
        self.exchange(protocol, at.address, (&action.sends, &action.replies), &given).map(drop)
    }

    /// Sends a text and returns the fields of its answer, numbers in the instrument's units.
    fn exchange(
        &mut self,
        protocol: &Protocol,
        address: u16,
        (sends, replies): (&Template, &Option<Template>),
        given: &[Given<'_>],
    ) -> Result<BTreeMap<String, Value>, FaultKind> {
        let (Self::Text(dialog), Some(line)) = (self, &protocol.line) else {
            return Err(FaultKind::Unsupported { detail: "it speaks Modbus".into() });
        };
        let unwritten =
            || FaultKind::Unsupported { detail: "a field of the request is not known".into() };
        let write = |name: &str, how: &str| given.iter().find_map(|it| it.write(name, how));
        let text = sends.write(write).ok_or_else(unwritten)?;
        let request = line.request.write(|name, how| match name {
            "text" => Some(text.clone()),
            "address" => Some(padded(address, how)),
            _ => None,
        });
        let request = request.ok_or_else(unwritten)?;
        if !dialog.is_clean() {
            dialog.drain(dialog.patience() / 10)?;
        }
        let Some(replies) = replies else {
            dialog.tell(request.as_bytes())?;
            sleep(Duration::from_millis(line.pause_ms.into()));
            return Ok(BTreeMap::new());
        };
        let reader = Reader { protocol, line, address, text: &text };
        let (ends, expected) = (line.reply_ends.as_bytes(), line.reply.around(replies));
        if ends.is_empty() {
            return reader.listen(dialog, request.as_bytes(), &expected);
        }
        let read = |reply: String| reader.read(&reply, &expected).map(Some);
        dialog.ask(request.as_bytes(), |bytes| scan(bytes, ends), read)
    }
}

/// The fault of an instrument that refuses.
fn refused(error: Error, said: &str) -> FaultKind {
    let why = match error {
        Error::Unknown => "it does not know this",
        Error::OutOfRange => "the value is out of its range",
        Error::NotNow => "it cannot do that now",
    };
    FaultKind::Refused { detail: format!("{said:?}: {why}") }
}

/// What a field is set to.
struct Given<'a> {
    name: &'a str,
    field: &'a Field,
    value: &'a Value,
    /// One of the instrument's units in ours.
    scale: f64,
    unit: Option<&'a Unit>,
}

/// A unit of a number: the field that holds it, its word, and its size.
#[derive(Clone, Debug)]
struct Unit {
    field: String,
    word: String,
    size: f64,
}

impl Given<'_> {
    fn write(&self, name: &str, how: &str) -> Option<String> {
        match (self.value, self.unit) {
            (_, Some(unit)) if unit.field == name => Some(unit.word.clone()),
            (Value::Word(word), _) if name == self.name => Some(Field::spelt(word, how)),
            (Value::Number(value), unit) if name == self.name => {
                let size = unit.map_or(1.0, |unit| unit.size);
                Some(self.field.write(value / size / self.scale, how))
            }
            _ => None,
        }
    }
}

/// Reads replies.
struct Reader<'a> {
    protocol: &'a Protocol,
    line: &'a LineSpec,
    address: u16,
    text: &'a str,
}

impl Reader<'_> {
    /// The fields of a reply.
    fn read(&self, reply: &str, expected: &Template) -> Result<BTreeMap<String, Value>, FaultKind> {
        let mut came = BTreeMap::new();
        let bare = self.line.reply.around(&Template(Vec::new()));
        let fits = self.fits(reply, expected, &mut came);
        // Some say in the status with every reply why they refuse.
        let is_told = fits || self.fits(reply, &bare, &mut came);
        if let Some(error) = is_told.then(|| self.refusal(&came)).flatten() {
            return Err(refused(error, self.text));
        }
        if fits {
            return Ok(came);
        }
        if let Some(error) = self.error(reply) {
            return Err(refused(error, self.text));
        }
        Err(garbled(format!("{reply:?} answers {:?}", self.text)))
    }

    /// Asks for a reply that only its pattern ends. Where that is how an error begins too, what may follow is waited for.
    fn listen(
        &self,
        dialog: &mut Dialog,
        request: &[u8],
        expected: &Template,
    ) -> Result<BTreeMap<String, Value>, FaultKind> {
        let scan = |bytes: &[u8]| self.scan(bytes, expected);
        let mut reply: String = dialog.ask(request, scan, |reply| Ok(Some(reply)))?;
        if self.begins_error(&reply) {
            let rest = dialog.rest(QUIET.min(dialog.patience()))?;
            reply.push_str(&without_flow_control(&rest));
        }
        self.read(&reply, expected)
    }

    /// Whether an error begins with all of this.
    fn begins_error(&self, reply: &str) -> bool {
        self.protocol.errors.values().any(|text| {
            let Some(Token::Text(first)) = text.0.first() else { return false };
            let mut begin = first.clone();
            for token in &text.0[1..] {
                match token {
                    Token::Text(text) => begin.push_str(text),
                    Token::Field(name, how) if name == "address" => {
                        begin.push_str(&padded(self.address, how));
                    }
                    Token::Field(..) => break,
                }
            }
            begin.starts_with(reply)
        })
    }

    /// Scans for a reply that only its pattern ends: everything, once it fits.
    fn scan(&self, bytes: &[u8], expected: &Template) -> Scan<String> {
        let text = without_flow_control(bytes);
        if self.fits(&text, expected, &mut BTreeMap::new()) || self.error(&text).is_some() {
            return Scan::Frame(text, bytes.len());
        }
        if bytes.len() > LONGEST { Scan::Junk(bytes.len()) } else { Scan::Incomplete }
    }

    /// The error that a reply tells.
    fn error(&self, reply: &str) -> Option<Error> {
        let tells =
            |text: &Template| self.fits(reply, &self.line.reply.around(text), &mut BTreeMap::new());
        self.protocol.errors.iter().find(|(_, text)| tells(text)).map(|(error, _)| *error)
    }

    /// Why it refuses, where its status says so.
    fn refusal(&self, came: &BTreeMap<String, Value>) -> Option<Error> {
        let (name, field) = self.protocol.meaning(Means::Status)?;
        match came.get(name)? {
            Value::Word(word) => Error::of(field.meaning(word)?),
            Value::Number(_) => None,
        }
    }

    fn fits(&self, reply: &str, expected: &Template, came: &mut BTreeMap<String, Value>) -> bool {
        expected.read(reply, |name, how, rest| match name {
            "request" => rest.starts_with(self.text).then_some(Taken::Exactly(self.text.len())),
            "any" => Some(Taken::AtMost(any(rest))),
            "blank" => Some(Taken::Exactly(blank(rest))),
            "address" => {
                let address = padded(self.address, how);
                rest.starts_with(&address).then_some(Taken::Exactly(address.len()))
            }
            _ => {
                let (value, taken) = self.protocol.fields.get(name)?.take(rest, how)?;
                came.insert(name.to_owned(), value);
                Some(taken)
            }
        })
    }
}

/// A text without XON and XOFF.
fn without_flow_control(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace(FLOW_CONTROL, "")
}

/// Scans for a reply: everything to its end.
fn scan(bytes: &[u8], ends: &[u8]) -> Scan<String> {
    let end = bytes.windows(ends.len().max(1)).position(|window| window == ends);
    match end {
        Some(at) => {
            let whole = at + ends.len();
            Scan::Frame(String::from_utf8_lossy(&bytes[..whole]).into_owned(), whole)
        }
        None if bytes.len() > LONGEST => Scan::Junk(bytes.len()),
        None => Scan::Incomplete,
    }
}

/// The size of the unit that came with a number.
fn size(protocol: &Protocol, unit: Option<(&String, &Value)>) -> f64 {
    let of_unit = unit.and_then(|(name, value)| match value {
        Value::Word(word) => protocol.fields.get(name)?.size(word),
        Value::Number(_) => None,
    });
    of_unit.unwrap_or(1.0)
}

/// The unit in which a number loses least by being written; of several such, the first.
fn best_unit(protocol: &Protocol, field: &Field, value: f64, scale: f64) -> Option<Unit> {
    let name = field.unit.as_ref()?;
    let words = &protocol.fields.get(name)?.words;
    let mut best: Option<(f64, Unit)> = None;
    for (word, _) in words {
        let Some(size) = protocol.fields[name].size(word) else { continue };
        let in_it = value / size / scale;
        let fits =
            field.digits.is_none_or(|digits| in_it.abs() < math::pow(10.0, f64::from(digits)));
        let lost = ((field.rounded(in_it) - in_it) * size).abs();
        if fits && best.as_ref().is_none_or(|(least, _)| lost < least * 0.99 - 1e-12) {
            best = Some((lost, Unit { field: name.clone(), word: word.clone(), size }));
        }
    }
    best.map(|(_, unit)| unit)
}

fn read_registers(
    host: &mut ModbusHost,
    name: &str,
    field: &Field,
    scale: f64,
) -> Result<Value, FaultKind> {
    let none = || FaultKind::Unsupported { detail: format!("{name} has no register") };
    let registers = host.read_once(field.register.ok_or_else(none)?, field.registers())?;
    let told = format!("{registers:04X?}");
    match field.of_registers(registers).ok_or_else(|| garbled(told))? {
        Value::Number(number) => Ok(Value::Number(Field::in_ours(number, scale))),
        word => Ok(word),
    }
}

/// The size of the unit of a field that stands in a register of its own; 1 where it has none.
fn unit_in_registers(
    host: &mut ModbusHost,
    protocol: &Protocol,
    field: &Field,
) -> Result<f64, FaultKind> {
    let Some(name) = &field.unit else { return Ok(1.0) };
    let unit = &protocol.fields[name];
    match read_registers(host, name, unit, 1.0)? {
        Value::Word(word) => {
            let strange = || FaultKind::Refused { detail: format!("{name} is {word:?}") };
            unit.size(&word).ok_or_else(strange)
        }
        Value::Number(number) => Err(garbled(format!("{number} is not a value of {name}"))),
    }
}

fn write_registers(
    host: &mut ModbusHost,
    name: &str,
    field: &Field,
    value: &Value,
    scale: f64,
) -> Result<(), FaultKind> {
    let none = || FaultKind::Unsupported { detail: format!("{name} cannot be set to {value:?}") };
    let value = match value {
        Value::Number(number) => Value::Number(number / scale),
        word => word.clone(),
    };
    let registers = field.to_registers(&value).ok_or_else(none)?;
    host.write(field.register.ok_or_else(none)?, &registers)
}
