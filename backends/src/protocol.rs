//! Protocols as files: one file says how an instrument speaks, and makes its driver and its emulator.
//!
//! `docs/protocol-files.md` describes the files; those that come with flowtwin are in `backends/protocols`.

use std::collections::BTreeMap;
use std::path::Path;

use flowtwin_lab::in_plain_words;
use serde::Deserialize;

mod built_in;
mod field;
mod purpose;
mod requests;
mod step;
mod template;

use built_in::not_shipped;
pub use built_in::{BUILT_IN, built_in};
pub use field::{Field, Form, Is, Means, Value};
pub(crate) use field::{OTHER, ROUNDING};
pub use step::{Step, Verb};
pub(crate) use template::{Taken, any, blank};
pub use template::{Template, Token};

use crate::codec::program::Kind;

/// The only schema there is.
const SCHEMA: u32 = 1;

/// A protocol file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Version of the format: 1.
    pub schema: u32,
    /// Maker and model.
    pub name: String,
    /// What the instrument is.
    pub kind: Kind,
    /// Where its facts come from.
    pub sources: Vec<String>,
    /// Whether a pump that has lost its power refuses to move until somebody has initialised it.
    #[serde(default)]
    pub initialised_by_hand: bool,
    /// How it is spoken to in text; without it, by Modbus.
    pub line: Option<LineSpec>,
    /// What it keeps and measures.
    pub fields: BTreeMap<String, Field>,
    /// What it can be told to do.
    #[serde(default)]
    pub actions: BTreeMap<String, Action>,
    /// What it says when it refuses, and in which case.
    #[serde(default)]
    pub errors: BTreeMap<Error, Template>,
    /// How each thing is done; a sensor does nothing.
    #[serde(default)]
    pub steps: Steps,
}

/// How an instrument is spoken to in text.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSpec {
    /// The usual baud rate.
    pub baud: u32,
    /// The usual address.
    #[serde(default)]
    pub address: u16,
    /// A request: `{text}` is what is asked, `{address}` the address.
    pub request: Template,
    /// A reply: `{text}` is the answer, `{request}` the text of the request.
    pub reply: Template,
    /// The last characters of a reply; without them it ends where it fits what is expected, and XON and XOFF are no part of it.
    #[serde(default)]
    pub reply_ends: String,
    /// Time that a request which is not answered takes, before the next may be sent \[ms\].
    #[serde(default)]
    pub pause_ms: u32,
    /// Whether blanks and capitals make no difference in requests.
    #[serde(default)]
    pub plain: bool,
    /// Whether an emulator understands requests in packets too: STX, length, text, CRC, ETX, as hosts send them that do not
    /// know in which mode a pump is.
    #[serde(default)]
    pub packets: bool,
}

/// What an instrument can be told to do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The request.
    pub sends: Template,
    /// The answer; none where the instrument does not answer.
    pub replies: Option<Template>,
    /// What happens.
    pub does: Does,
}

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Does {
    /// Starts a run, or goes on with one that was paused.
    Start,
    /// Starts to deliver the volume in its request.
    Infuse,
    /// Starts to draw the volume in its request.
    Withdraw,
    /// Stops a run for good.
    Stop,
    /// Pauses a run; stops one that is paused.
    PauseThenStop,
    /// Counts what is delivered from zero.
    Clear,
    /// Counts what is drawn from zero.
    ClearWithdrawn,
    /// Turns control on.
    ControlOn,
    /// Turns control off.
    ControlOff,
    /// Nothing that matters here.
    Nothing,
}

impl Does {
    /// Whether it sets a pump to work.
    pub fn moves(self) -> bool {
        matches!(self, Self::Start | Self::Infuse | Self::Withdraw)
    }
}

/// Why an instrument refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Error {
    /// It does not know the request.
    Unknown,
    /// The value is out of its range.
    OutOfRange,
    /// It cannot do that now.
    NotNow,
}

impl Error {
    /// As protocol files call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::OutOfRange => "out_of_range",
            Self::NotNow => "not_now",
        }
    }

    /// The one of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Unknown, Self::OutOfRange, Self::NotNow].into_iter().find(|it| it.name() == name)
    }
}

/// How each thing is done: a list of steps.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Once before the first run: nothing moves.
    #[serde(default)]
    pub ready: Vec<Step>,
    /// Infuse a volume at a rate.
    #[serde(default)]
    pub dispense: Vec<Step>,
    /// Draw a volume at a rate.
    #[serde(default)]
    pub withdraw: Vec<Step>,
    /// Before its valve is turned.
    #[serde(default)]
    pub turn: Vec<Step>,
    /// Stop.
    #[serde(default)]
    pub stop: Vec<Step>,
    /// Control to a set point.
    #[serde(default)]
    pub heat: Vec<Step>,
    /// Turn control off.
    #[serde(default)]
    pub off: Vec<Step>,
}

/// An address with leading zeros, as many digits as `how` says; with `char` the character that many after `0`. With a question mark after
/// the digits the first address is not written; any other is, and so is what stands behind the mark.
pub(crate) fn padded(address: u16, how: &str) -> String {
    if how == "char" {
        let code = u32::from(b'0') + u32::from(address);
        return char::from_u32(code).map(String::from).unwrap_or_default();
    }
    let (digits, behind) = match how.split_once('?') {
        Some(_) if address == 0 => return String::new(),
        Some((digits, behind)) => (digits, behind),
        None => (how, ""),
    };
    format!("{address:0width$}{behind}", width = digits.parse().unwrap_or(1))
}

/// What stands in a pattern that only replies can have.
fn of_replies_only(pattern: &Template) -> Option<&'static str> {
    ["any", "blank"].into_iter().find(|name| pattern.has(name))
}

/// Why a protocol file cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ProtocolError {
    /// The file, and the key where that is known.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl Protocol {
    /// A protocol from the text of its file, which is called `place` in errors.
    ///
    /// # Errors
    /// If it cannot be read or makes no sense.
    pub fn parse(text: &str, place: &str) -> Result<Self, ProtocolError> {
        let fail = |problem: String| ProtocolError { place: place.to_owned(), problem };
        let protocol: Self = toml::from_str(text).map_err(|error| fail(in_plain_words(&error)))?;
        match protocol.problem() {
            Some(problem) => Err(fail(problem)),
            None => Ok(protocol),
        }
    }

    /// The protocol that comes with flowtwin under this name, or that of the file at this path beside a wiring file.
    ///
    /// # Errors
    /// If there is none, or it makes no sense.
    pub fn load(name: &str, beside: &Path) -> Result<Self, ProtocolError> {
        if let Some(text) = built_in(name) {
            return Self::parse(text, name);
        }
        let path = beside.join(name);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            let why = match (error.kind(), not_shipped(name)) {
                (std::io::ErrorKind::NotFound, Some(why)) => why.into(),
                (std::io::ErrorKind::NotFound, None) => "there is no such file".into(),
                _ => error.to_string(),
            };
            let problem = format!("{why}; those that come with flowtwin: {}", names.join(", "));
            ProtocolError { place: path.display().to_string(), problem }
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Whether it is a pump that must know the bore of its syringe: it is told it, or counts the travel of its plunger.
    pub(crate) fn needs_bore(&self) -> bool {
        let counts = |field: &Field| field.travel_um.is_some() || field.mm_per_min.is_some();
        self.meaning(Means::BoreMm).is_some() || self.fields.values().any(counts)
    }

    /// The field that means this, and its name.
    pub fn meaning(&self, means: Means) -> Option<(&str, &Field)> {
        let found = self.fields.iter().find(|(_, field)| field.means == Some(means));
        found.map(|(name, field)| (name.as_str(), field))
    }

    /// What is wrong with it, in words.
    fn problem(&self) -> Option<String> {
        if self.schema != SCHEMA {
            return Some(format!("schema is {}, but this program reads {SCHEMA}", self.schema));
        }
        if self.sources.is_empty() {
            return Some("sources: say which manual this is from".into());
        }
        let needed: &[Means] = match self.kind {
            // By where the plunger is, it is known too what it has delivered.
            Kind::Pump if self.meaning(Means::PlungerUl).is_some() => {
                &[Means::Status, Means::RateUlPerMin, Means::VolumeUl]
            }
            Kind::Pump => {
                &[Means::Status, Means::DispensedUl, Means::RateUlPerMin, Means::VolumeUl]
            }
            Kind::Heater => &[Means::TemperatureC, Means::SetPointC, Means::Mode],
            Kind::Sensor => &[Means::Value],
            Kind::Valve => &[Means::Position],
            other => return Some(format!("kind: there are no protocol files for a {other} yet")),
        };
        if let Some(problem) = self.wrong_line() {
            return Some(problem);
        }
        let missing = needed.iter().find(|means| self.meaning(**means).is_none());
        let missing =
            missing.map(|means| format!("fields: a {} needs one that means {means:?}", self.kind));
        missing
            .or_else(|| self.fields.iter().find_map(|(name, field)| self.wrong(name, field)))
            .or_else(|| {
                self.actions.iter().find_map(|(name, action)| self.wrong_action(name, action))
            })
            .or_else(|| self.wrong_requests())
            .or_else(|| self.wrong_steps())
    }

    /// What is wrong with how a reply ends, and with the patterns of errors, in words.
    fn wrong_line(&self) -> Option<String> {
        let unknown = |text: &Template| {
            text.fields().find(|it| !self.fields.contains_key(*it)).map(str::to_owned)
        };
        for (error, text) in &self.errors {
            if let Some(name) = unknown(text) {
                return Some(format!("errors.{}: there is no field {name}", error.name()));
            }
        }
        let line = self.line.as_ref().filter(|line| line.reply_ends.is_empty())?;
        let is_end = match line.reply.0.last() {
            Some(Token::Text(_)) => true,
            Some(Token::Field(name, _)) => {
                let words = self.fields.get(name).map(|field| field.words.as_slice());
                let words: Vec<&String> =
                    words.unwrap_or_default().iter().map(|(w, _)| w).collect();
                let begins = |word: &&String| {
                    words.iter().any(|other| other != word && other.starts_with(word.as_str()))
                };
                !words.is_empty() && !words.iter().any(begins)
            }
            None => false,
        };
        (!is_end).then(|| {
            "line: without reply_ends a reply must end in a text, or in a field with words of which none begins another".into()
        })
    }

    fn wrong_action(&self, name: &str, action: &Action) -> Option<String> {
        if let Some(own) = of_replies_only(&action.sends) {
            return Some(format!("actions.{name}: a request has no {{{own}}}"));
        }
        let unknown = action.sends.fields().find(|field| !self.fields.contains_key(*field));
        if let Some(unknown) = unknown {
            return Some(format!("actions.{name}: there is no field {unknown}"));
        }
        let volume = self.meaning(Means::VolumeUl).map(|(volume, _)| volume);
        let has_volume = volume.is_some_and(|volume| action.sends.has(volume));
        let needs_it = matches!(action.does, Does::Infuse | Does::Withdraw);
        (needs_it && !has_volume)
            .then(|| format!("actions.{name}: its request does not say which volume"))
    }

    fn wrong(&self, name: &str, field: &Field) -> Option<String> {
        let place = |problem: String| Some(format!("fields.{name}: {problem}"));
        if self.line.is_none() && field.register.is_none() {
            return place("there is no [line], so it needs a register".into());
        }
        if let Some(problem) = field.problem() {
            return place(problem);
        }
        let exchanges = [&field.get, &field.set].into_iter().flatten();
        if let Some(own) = exchanges.clone().find_map(|it| of_replies_only(&it.sends)) {
            return place(format!("a request has no {{{own}}}"));
        }
        let tokens = exchanges
            .flat_map(|it| it.sends.fields().chain(it.replies.iter().flat_map(Template::fields)));
        let unit = field.unit.as_deref();
        let unknown = tokens.chain(unit).find(|name| !self.fields.contains_key(*name));
        place(format!("there is no field {}", unknown?))
    }
}
