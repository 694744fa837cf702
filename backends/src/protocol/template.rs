//! Patterns of requests and replies: text with `{fields}`, to be written and to be read.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
pub(crate) const OWN: [&str; 5] = ["text", "address", "request", "any", "blank"];

/// How many bytes `{blank}` is: a blank, where there is one.
pub(crate) fn blank(rest: &str) -> usize {
    usize::from(rest.starts_with(' '))
}

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

    /// Reads all of `text`: `read` takes a field from its beginning and says how much that was. Whether it fits.
    pub(crate) fn read(
        &self,
        text: &str,
        mut read: impl FnMut(&str, &str, &str) -> Option<Taken>,
    ) -> bool {
        fits(&self.0, text, &mut read)
    }
}

/// How much of a text a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// So many bytes.
    Exactly(usize),
    /// So many bytes, or fewer where the pattern goes on within them.
    AtMost(usize),
}

/// Whether these tokens make up all of a text.
fn fits(
    tokens: &[Token],
    text: &str,
    read: &mut dyn FnMut(&str, &str, &str) -> Option<Taken>,
) -> bool {
    let Some((token, others)) = tokens.split_first() else { return text.is_empty() };
    let (name, how) = match token {
        Token::Text(literal) => {
            let rest = text.strip_prefix(literal.as_str());
            return rest.is_some_and(|rest| fits(others, rest, read));
        }
        Token::Field(name, how) => (name, how),
    };
    let goes_on = |bytes: usize, read: &mut dyn FnMut(&str, &str, &str) -> Option<Taken>| {
        text.get(bytes..).is_some_and(|rest| fits(others, rest, read))
    };
    let most = match read(name, how, text) {
        None => return false,
        Some(Taken::Exactly(bytes)) => return goes_on(bytes, read),
        Some(Taken::AtMost(bytes)) => bytes,
    };
    if goes_on(most, read) {
        return true;
    }
    let Some(Token::Text(next)) = others.first() else { return false };
    let ends =
        (0..most).rev().filter(|&end| text.get(end..).is_some_and(|it| it.starts_with(next)));
    for end in ends {
        // What stands in the field is read anew: it is shorter.
        if goes_on(end, read) && read(name, how, &text[..end]).is_some() {
            return true;
        }
    }
    false
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits_to_the_end(_: &str, _: &str, rest: &str) -> Option<Taken> {
        rest.chars().all(|c| c.is_ascii_digit()).then_some(Taken::Exactly(rest.len()))
    }

    /// A text ends where the pattern goes on, as late as that is possible.
    #[test]
    fn a_text_leaves_what_comes_after_it_in_the_pattern() {
        let read = |pattern: &str, text: &str| {
            let mut came = std::collections::BTreeMap::new();
            let pattern = Template::parse(pattern).unwrap();
            let fits = pattern.read(text, |name, _, rest| {
                let end = rest.find('\r').unwrap_or(rest.len());
                came.insert(name.to_owned(), rest[..end].to_owned());
                Some(Taken::AtMost(end))
            });
            fits.then(|| came.into_values().collect::<Vec<_>>().join("|"))
        };
        for (pattern, text, came) in [
            ("{a} \r\n", "RCT digital \r\n", Some("RCT digital")),
            ("{a}\r\n", "RCT digital \r\n", Some("RCT digital ")),
            ("{a} 1\r", "one 1 two 1\r", Some("one 1 two")),
            ("{a},{b},{c}\r", "x,y,z\r", Some("x|y|z")),
            ("{a},{b}\r", "no comma\r", None),
            ("{a} \r\n", "RCT digital\r\n", None),
            ("µ{a}µ\r", "µ°µ\r", Some("°")),
        ] {
            assert_eq!(read(pattern, text).as_deref(), came, "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let pattern = Template::parse("set rate {rate:short}\r").unwrap();
        let text = pattern.write(|name, how| Some(format!("<{name} {how}>"))).unwrap();
        assert_eq!(text, "set rate <rate short>\r");
        let digits = |_: &str, _: &str, rest: &str| {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            (end > 0).then_some(Taken::Exactly(end))
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
