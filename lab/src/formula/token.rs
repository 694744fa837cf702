//! The words of a formula.

use std::ops::Range;

use super::FormulaError;

/// Longest formula [bytes].
const LONGEST: usize = 4000;

/// A word of a formula.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A number.
    Number(f64),
    /// A name of a quantity, a function, or `and`, `or`, `not`.
    Name(String),
    /// What stands between brackets: the unit of the number before it.
    Unit(String),
    /// An operator, a parenthesis or a comma.
    Sign(&'static str),
}

/// A word and where it stands [bytes].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

const SIGNS: [&str; 16] =
    ["<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "^", "(", ")", ",", "·", "−"];

/// Cuts a formula into words.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, FormulaError> {
    if text.len() > LONGEST {
        let message =
            format!("a formula has at most {LONGEST} characters, and this has {}", text.len());
        return Err(FormulaError::new(text, 0..0, message));
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let placed = token(text, at, first)?;
        at = placed.span.end;
        found.push(placed);
    }
    Ok(found)
}

fn token(text: &str, at: usize, first: char) -> Result<Placed, FormulaError> {
    if first.is_ascii_digit() || first == '.' {
        return number(text, at);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = length_of(&text[at..], |c| c.is_ascii_alphanumeric() || c == '_');
        let span = at..at + length;
        return Ok(Placed { token: Token::Name(text[span.clone()].to_owned()), span });
    }
    if first == '[' {
        let Some(length) = text[at..].find(']') else {
            return Err(FormulaError::new(text, at..at + 1, "this bracket is never closed"));
        };
        let unit = text[at + 1..at + length].trim().to_owned();
        return Ok(Placed { token: Token::Unit(unit), span: at..at + length + 1 });
    }
    match SIGNS.into_iter().find(|sign| text[at..].starts_with(sign)) {
        Some(sign) => {
            let span = at..at + sign.len();
            let sign = match sign {
                "·" => "*",
                "−" => "-",
                sign => sign,
            };
            Ok(Placed { token: Token::Sign(sign), span })
        }
        None => Err(FormulaError::new(text, at..at + first.len_utf8(), stray(first))),
    }
}

fn stray(character: char) -> String {
    let hint = match character {
        '=' => "; to compare, write `==`",
        '&' => "; write `and`",
        '|' => "; write `or`",
        '!' => "; write `not`",
        '%' => "; write a share as a number, 0.05 for 5 %",
        _ => "",
    };
    format!("`{character}` is not part of a formula{hint}")
}

/// A number: digits, a point, an exponent.
fn number(text: &str, at: usize) -> Result<Placed, FormulaError> {
    let rest = &text[at..];
    let mut length = length_of(rest, |c| c.is_ascii_digit() || c == '.');
    if let Some(power) = rest[length..].strip_prefix(['e', 'E']) {
        let sign = usize::from(power.starts_with(['+', '-']));
        let digits = length_of(&power[sign..], |c| c.is_ascii_digit());
        if digits > 0 {
            length += 1 + sign + digits;
        }
    }
    let span = at..at + length;
    match rest[..length].parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Placed { token: Token::Number(value), span }),
        _ => {
            let message = format!("`{}` is not a number", &rest[..length]);
            Err(FormulaError::new(text, span, message))
        }
    }
}

fn length_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}
