//! Patterns of requests and replies: text with `{fields}`, to be written and to be read.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// These characters.
    Text(String),
    /// A field, and how it is written: empty, `short`, or a number of digits.
    Field(String, String),
}

/// A pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Token>);

/// Names in patterns that are no fields of the instrument.
pub(crate) const OWN: [&str; 4] = ["text", "address", "request", "any"];

/// How many bytes `{any}` is: the rest of a line.
pub(crate) fn any(rest: &str) -> usize {
    rest.find(['\r', '\n']).unwrap_or(rest.len())
}

impl Template {
    /// A pattern from its text.
    ///
    /// # Errors
    /// In words, if a brace is not closed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            // Two of them stand for the character itself.
            if let Some(after) = after.strip_prefix('{') {
                tokens.push(Token::Text(format!("{before}{{")));
                rest = after;
                continue;
            }
            let closed = after.split_once('}');
            let (inside, after) = closed.ok_or(format!("a brace of {text:?} is not closed"))?;
            let (name, how) = inside.split_once(':').unwrap_or((inside, ""));
            if !before.is_empty() {
                tokens.push(Token::Text(before.to_owned()));
            }
            tokens.push(Token::Field(name.to_owned(), how.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            tokens.push(Token::Text(rest.to_owned()));
        }
        Ok(Self(tokens))
    }

    /// The fields of the instrument in it.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|token| match token {
            Token::Field(name, _) if !OWN.contains(&name.as_str()) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether it has this field.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|token| matches!(token, Token::Field(field, _) if field == name))
    }

    /// It with another pattern in place of `{text}`.
    #[must_use]
    pub fn around(&self, text: &Self) -> Self {
        let of = |token: &Token| match token {
            Token::Field(name, _) if name == "text" => text.0.clone(),
            token => vec![token.clone()],
        };
        Self(self.0.iter().flat_map(of).collect())
    }

    /// The text, with fields as `write` writes them; none where one cannot be written.
    pub fn write(&self, mut write: impl FnMut(&str, &str) -> Option<String>) -> Option<String> {
        let of = |token: &Token| match token {
            Token::Text(text) => Some(text.clone()),
            Token::Field(name, how) => write(name, how),
        };
        self.0.iter().map(of).collect()
    }

    /// Reads all of `text`: `read` takes a field from its beginning and says how many bytes that was. Whether it fits.
    pub fn read(
        &self,
        text: &str,
        mut read: impl FnMut(&str, &str, &str) -> Option<usize>,
    ) -> bool {
        let mut rest = text;
        for token in &self.0 {
            let taken = match token {
                Token::Text(text) => rest.starts_with(text.as_str()).then_some(text.len()),
                Token::Field(name, how) => read(name, how, rest),
            };
            match taken.and_then(|bytes| rest.get(bytes..)) {
                Some(left) => rest = left,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits_to_the_end(_: &str, _: &str, rest: &str) -> Option<usize> {
        rest.chars().all(|c| c.is_ascii_digit()).then_some(rest.len())
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let pattern = Template::parse("set rate {rate:short}\r").unwrap();
        let text = pattern.write(|name, how| Some(format!("<{name} {how}>"))).unwrap();
        assert_eq!(text, "set rate <rate short>\r");
        let digits = |_: &str, _: &str, rest: &str| {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            (end > 0).then_some(end)
        };
        assert!(pattern.read("set rate 55\r", digits));
        for wrong in ["set rate \r", "set rate 55\r\n", "set rate 5", "sat rate 5\r"] {
            assert!(!pattern.read(wrong, digits), "{wrong:?}");
        }
        assert!(Template::parse("{open").is_err());
        let braced = Template::parse("{{M00{rate}").unwrap();
        assert!(braced.read("{M007", digits_to_the_end) && !braced.read("M007", digits_to_the_end));
    }
}
