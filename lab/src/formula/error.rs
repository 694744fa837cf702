//! What is wrong with a formula, and where.

use std::fmt;
use std::ops::Range;

use crate::words::nearest;

/// What is wrong with a formula: shown as the formula with a caret under the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormulaError {
    text: String,
    span: Range<usize>,
    message: String,
}

impl FormulaError {
    pub(super) fn new(text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { text: text.to_owned(), span, message: message.into() }
    }

    pub(super) fn unknown_name(text: &str, span: Range<usize>, name: &str, known: &[&str]) -> Self {
        let like = nearest(name, known).map(|like| format!("; did you mean `{like}`?"));
        let message = match (like, known) {
            (Some(like), _) => format!("there is no `{name}` here{like}"),
            (None, []) => format!("there is no `{name}` here: this formula takes no names"),
            (None, _) => format!("there is no `{name}` here, only {}", known.join(", ")),
        };
        Self::new(text, span, message)
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The bytes of the formula that are meant.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |bytes: Range<usize>| self.text.get(bytes).map_or(0, |t| t.chars().count());
        let before = width(0..self.span.start);
        let carets = "^".repeat(width(self.span.clone()).max(1));
        writeln!(f, "{}", self.message)?;
        writeln!(f, "  {}", self.text)?;
        write!(f, "  {:before$}{carets}", "")
    }
}

impl std::error::Error for FormulaError {}
