//! Errors in a file, shown at their place.

use std::fmt;
use std::ops::Range;

/// An error in a file: what is wrong, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong: a lower-case fragment with the offending value, its unit and the allowed range.
    pub message: String,
    /// Where, if the error has a place.
    pub place: Option<Place>,
    /// What would be right, in the imperative.
    pub hint: Option<String>,
}

/// A place in a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user named it.
    pub file: String,
    /// Line, counted from one.
    pub line: usize,
    /// Column in characters, counted from one.
    pub column: usize,
    /// The whole line.
    pub text: String,
    /// Number of characters that are meant.
    pub width: usize,
}

impl Place {
    /// The place of the bytes `span` of `text`; only its first line is shown.
    pub fn new(file: &str, text: &str, span: Range<usize>) -> Self {
        let start = floor_char(text, span.start);
        let begin = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line = text[begin..].lines().next().unwrap_or_default();
        let end = floor_char(text, span.end).clamp(start, begin + line.len().max(start - begin));
        Self {
            file: file.to_owned(),
            line: text[..begin].matches('\n').count() + 1,
            column: text[begin..start].chars().count() + 1,
            text: line.to_owned(),
            width: text[start..end].chars().count().max(1),
        }
    }
}

/// The largest character boundary of `text` that is not after `index`.
fn floor_char(text: &str, index: usize) -> usize {
    (0..=index.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

impl Diagnostic {
    /// An error without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, hint: None }
    }

    /// The same error at a place.
    #[must_use]
    pub fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same error with a hint, unless it has one.
    #[must_use]
    pub(crate) fn or_hint(self, hint: impl Into<String>) -> Self {
        let hint = self.hint.or_else(|| Some(hint.into()));
        Self { hint, ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            let gutter = place.line.to_string().len();
            let Place { file, line, column, text, width } = place;
            write!(f, "\n{:gutter$}--> {file}:{line}:{column}", "")?;
            write!(f, "\n{:gutter$} |\n{line} | {text}", "")?;
            write!(
                f,
                "\n{:gutter$} | {:indent$}{}",
                "",
                "",
                "^".repeat(*width),
                indent = column - 1
            )?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let text = "a = 1\n  µm = 20 # twenty\n";
        let start = text.find("20").unwrap();
        let place = Place::new("x.toml", text, start..start + 2);
        let shown = Diagnostic::new("20 is too many").at(Some(place)).hint("take fewer");
        let expected = "20 is too many\n --> x.toml:2:8\n  |\n2 |   µm = 20 # twenty\n  |        ^^\n\
                        hint: take fewer";
        assert_eq!(shown.to_string(), expected);
    }

    #[test]
    fn a_place_beyond_the_end_is_the_end() {
        let place = Place::new("x.toml", "a = 1", 90..95);
        assert_eq!((place.line, place.column, place.width), (1, 6, 1));
        let empty = Place::new("x.toml", "", 0..0);
        assert_eq!((empty.line, empty.column), (1, 1));
    }
}
