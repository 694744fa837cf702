//! A step of what a driver does: `set rate`, `set mode 0`, `do run`, `do stop if paused`.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verb {
    /// Sets a field and looks whether it is kept.
    Set,
    /// Tells the instrument to do something.
    Do,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub verb: Verb,
    /// The field or the action.
    pub name: String,
    /// What a field is set to; none: what is asked for.
    pub to: Option<String>,
    /// The status in which alone it is done.
    pub only_if: Option<String>,
}

impl Step {
    /// A step from its words.
    ///
    /// # Errors
    /// If they are none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (done, only_if) = match text.split_once(" if ") {
            Some((done, status)) => (done, Some(status.trim().to_owned())),
            None => (text, None),
        };
        let words: Vec<&str> = done.split_whitespace().collect();
        let (verb, name, to) = match words[..] {
            ["do", name] => (Verb::Do, name, None),
            ["set", name] => (Verb::Set, name, None),
            ["set", name, to] => (Verb::Set, name, Some(to.to_owned())),
            _ => return Err(format!("{text:?} is no step: set FIELD, set FIELD VALUE, do ACTION")),
        };
        Ok(Self { verb, name: name.to_owned(), to, only_if })
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
