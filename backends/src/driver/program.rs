//! Instruments behind a program that speaks lines of JSON.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use flowtwin_lab::{FaultKind, in_plain_words};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

mod part;

pub use part::ProgramPart;

use crate::codec::program::{Answered, Asked, Kind, PROTOCOL, Request, What, Who, fault, scan};
use crate::instrument::Identity;
use crate::transport::{Dialog, garbled, read_again};

/// A program, shared by the instruments that it drives.
pub type SharedProgram = Rc<RefCell<ProgramHost>>;

/// The host's end of a dialog with an instrument program.
#[derive(Debug)]
pub struct ProgramHost {
    dialog: Dialog,
    last: u64,
    /// Who has answered for each instrument, and on which connection; none where the program has lost its own since.
    met: BTreeMap<String, (Option<u64>, Who)>,
}

impl ProgramHost {
    /// A program that has not been spoken to.
    pub fn new(dialog: Dialog) -> Self {
        Self { dialog, last: 0, met: BTreeMap::new() }
    }

    /// The same, to be shared.
    pub fn shared(dialog: Dialog) -> SharedProgram {
        Rc::new(RefCell::new(Self::new(dialog)))
    }

    /// Asks once, and returns what the answer holds.
    ///
    /// # Errors
    /// If there is no answer, it makes no sense, or it is an error.
    pub fn ask(&mut self, to: &str, request: Request) -> Result<Map<String, Value>, FaultKind> {
        self.last += 1;
        let id = self.last;
        let asked = Asked { id, to: to.to_owned(), request };
        let mut line = serde_json::to_vec(&asked).map_err(|error| garbled(error.to_string()))?;
        line.push(b'\n');
        let answered = self.dialog.ask(&line, scan, |line| answer(&line, id));
        // Another instrument may be at the end of the next connection: of the program's, or to the program.
        if let (Err(FaultKind::LinkLost { .. }), Some((connection, _))) =
            (&answered, self.met.get_mut(to))
        {
            *connection = None;
        }
        answered
    }

    /// Ends the program by force, where there is one; the next request starts another.
    pub fn give_up(&mut self) {
        self.dialog.give_up();
    }

    /// Asks who an instrument is, where that is not known of this connection. One that has changed since is refused.
    ///
    /// # Errors
    /// If it does not answer, speaks another version, cannot read what its kind must, or is another one than before.
    pub fn meet(&mut self, to: &str, kind: Kind, bore_mm: Option<f64>) -> Result<&Who, FaultKind> {
        let connection = self.dialog.reach()?;
        let known = self.met.get(to).filter(|(met, _)| *met == Some(connection));
        if known.is_none() {
            let identify = Request::Identify { kind, bore_mm };
            let who: Who = of(read_again(|| self.ask(to, identify.clone()))?)?;
            check(&who, kind)?;
            if let Some((_, before)) = self.met.get(to).filter(|(_, before)| !is_same(before, &who))
            {
                let detail =
                    format!("{} answers, and before it was {}", identity(&who), identity(before));
                return Err(FaultKind::Refused { detail });
            }
            self.met.insert(to.to_owned(), (Some(connection), who));
        }
        Ok(&self.met[to].1)
    }
}

fn is_same(a: &Who, b: &Who) -> bool {
    (&a.model, &a.serial_number) == (&b.model, &b.serial_number)
}

/// Who it is, for people.
pub fn identity(who: &Who) -> Identity {
    let Who { model, serial_number, firmware, notes, .. } = who.clone();
    Identity { model, serial_number, firmware, notes }
}

/// Refuses a program of another version, and one that cannot read what its kind must.
fn check(who: &Who, kind: Kind) -> Result<(), FaultKind> {
    if who.protocol != PROTOCOL {
        let detail = format!("it speaks version {} of the lines, not {PROTOCOL}", who.protocol);
        return Err(FaultKind::Unsupported { detail });
    }
    match kind.must_read().iter().find(|what| !who.reads.contains(what)) {
        Some(what) => {
            let detail =
                format!("a {kind} must be able to read {what}, and this one does not say so");
            Err(FaultKind::Unsupported { detail })
        }
        None => Ok(()),
    }
}

/// What a line answers to request `id`; none where it answers another, or nothing.
fn answer(line: &str, id: u64) -> Result<Option<Map<String, Value>>, FaultKind> {
    let shown = || line.chars().take(200).collect::<String>();
    let answered: Answered = serde_json::from_str(line).map_err(|error| {
        garbled(format!("{:?} is not an answer: {}", shown(), in_plain_words(&error)))
    })?;
    if answered.id != Some(id) {
        return Ok(None);
    }
    match (answered.ok, answered.error) {
        (Some(ok), None) => Ok(Some(ok)),
        (None, Some(error)) => Err(fault(&error)
            .unwrap_or_else(|| garbled(format!("{:?} names no fault of an instrument", shown())))),
        _ => Err(garbled(format!("{:?} has neither ok nor error, or both", shown()))),
    }
}

/// What an answer holds, as what is expected.
fn of<T: DeserializeOwned>(answer: Map<String, Value>) -> Result<T, FaultKind> {
    let text = Value::Object(answer);
    serde_json::from_value(text.clone()).map_err(|error| {
        let shown: String = text.to_string().chars().take(200).collect();
        garbled(format!("{shown}: {}", in_plain_words(&error)))
    })
}

/// What a reading is, as what is expected.
fn value<T: DeserializeOwned>(mut answer: Map<String, Value>, what: What) -> Result<T, FaultKind> {
    let value = answer.remove("value").unwrap_or(Value::Null);
    let shown = value.to_string();
    serde_json::from_value(value).map_err(|_| garbled(format!("{shown} is not a value of {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_another_request_is_passed_over() {
        assert_eq!(answer(r#"{"id":1,"ok":{}}"#, 2), Ok(None));
        assert_eq!(answer(r#"{"hello":{"protocol":1}}"#, 2), Ok(None));
        assert_eq!(answer(r#"{"id":2,"ok":{}}"#, 2), Ok(Some(Map::new())));
    }

    #[test]
    fn what_is_no_answer_is_garbled() {
        for line in ["ok", r#"{"id":2}"#, r#"{"id":2,"ok":{},"error":"no"}"#, r#"{"id":2,"ok":3}"#]
        {
            assert!(matches!(answer(line, 2), Err(FaultKind::Garbled { .. })), "{line}");
        }
        let refused = Err(FaultKind::Refused { detail: "no".into() });
        assert_eq!(answer(r#"{"id":2,"error":"no"}"#, 2), refused);
    }
}
