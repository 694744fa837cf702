//! What one cell of a table says.

use flowtwin_lab::{LARGEST, is_sensible};

use crate::missing::is_missing;

/// What a spreadsheet writes where a formula fails.
const FAILED: [&str; 6] = ["#ref!", "#div/0!", "#value!", "#name?", "#num!", "#null!"];

/// Units that people write behind a number, beside those that begin with a sign of their own.
const UNITS: [&str; 17] = [
    "au", "bar", "counts", "eq", "equiv", "g", "kpa", "mg", "min", "ml", "ml/min", "mm", "mmol",
    "nm", "ppm", "rpm", "ul/min",
];

/// What one cell says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing was measured.
    Missing,
    /// A number that can be worked with.
    Number(f64),
    /// Meant as a number, but not one; what to do about it.
    Slip(String),
    /// Words.
    Words,
}

impl Value {
    /// Reads the text of a cell.
    pub(super) fn of(text: &str) -> Self {
        if is_missing(text) {
            return Self::Missing;
        }
        let lower = text.to_lowercase();
        if FAILED.contains(&lower.as_str()) {
            return Self::Slip(
                "a formula of the spreadsheet has failed: mend it, or leave the cell empty".into(),
            );
        }
        // Word processors turn the sign into a minus of their own.
        match text.replace('−', "-").parse::<f64>() {
            Ok(number) if is_sensible(number) => Self::Number(number),
            Ok(_) => Self::Slip(format!(
                "numbers must lie within ±{LARGEST:e}; leave the cell empty where nothing was measured"
            )),
            Err(_) => slip(text).map_or(Self::Words, Self::Slip),
        }
    }
}

/// What to do about text that is meant for a number, as other programs and people write them.
fn slip(text: &str) -> Option<String> {
    let plain: String = text.chars().map(|c| if c == '−' { '-' } else { c }).collect();
    let spaced = |c: char| c.is_whitespace() || c == '\'' || c == '’';
    let joined: String = plain.chars().filter(|c| !spaced(*c)).collect();
    if joined != plain && is_grouped(&plain, spaced) {
        return Some(match with_point(&joined) {
            Some(hint) => hint,
            None => format!("write thousands without separators: {joined}"),
        });
    }
    if let Some(hint) = with_point(&plain) {
        return Some(hint);
    }
    let end = plain.find(|c: char| !(c.is_ascii_digit() || "+-.,".contains(c)))?;
    let (number, unit) = plain.split_at(end);
    let number = number.replace(',', ".");
    let has_unit = unit.trim().chars().next().is_some_and(|c| "%°µμΩ".contains(c))
        || UNITS.contains(&unit.trim().to_lowercase().as_str());
    (has_unit && number.parse::<f64>().is_ok()).then(|| {
        format!(
            "put the unit `{}` into the name of the column, and only {number} into the cell",
            unit.trim()
        )
    })
}

/// What to write for a number with a comma in it, or with several points.
fn with_point(text: &str) -> Option<String> {
    let (commas, points) = (text.matches(',').count(), text.matches('.').count());
    let without = |c: char| text.replace(c, "");
    let number = |text: &str| text.parse::<f64>().is_ok() && !text.contains(char::is_alphabetic);
    let decimal = text.replace(',', ".");
    match (commas, points) {
        (1, 0)
            if is_grouped(text, |c| c == ',')
                && !text.trim_start_matches(['+', '-']).starts_with('0') =>
        {
            let thousands = without(',');
            number(&thousands).then(|| {
                format!("write {decimal} or {thousands}, whichever it is: the comma could part decimals or thousands")
            })
        }
        (1, 0) => decimal
            .parse::<f64>()
            .is_ok()
            .then(|| format!("write decimals with a point: {decimal}")),
        (0, 2..) => {
            let thousands = without('.');
            (is_grouped(text, |c| c == '.') && number(&thousands))
                .then(|| format!("write thousands without separators: {thousands}"))
        }
        (1.., 0) => {
            let thousands = without(',');
            (is_grouped(text, |c| c == ',') && number(&thousands))
                .then(|| format!("write thousands without separators: {thousands}"))
        }
        (1.., 1..) => {
            let last_is_comma = text.rfind(',') > text.rfind('.');
            let (group, decimal) = if last_is_comma { ('.', ',') } else { (',', '.') };
            let (whole, rest) = text.rsplit_once(decimal)?;
            let meant = format!("{}.{rest}", whole.replace(group, ""));
            (is_grouped(whole, |c| c == group) && number(&meant)).then(|| {
                format!("write thousands without separators and decimals with a point: {meant}")
            })
        }
        _ => None,
    }
}

/// Whether digits stand in groups of three between separators, the first of one to three; decimals may follow.
fn is_grouped(text: &str, is_separator: impl Fn(char) -> bool) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let mut groups = digits.split(is_separator);
    let first = groups.next().unwrap_or_default();
    let all = |group: &str| !group.is_empty() && group.chars().all(|c| c.is_ascii_digit());
    let mut rest = groups.peekable();
    let mut three = true;
    while let Some(group) = rest.next() {
        let group = match rest.peek() {
            Some(_) => group,
            None => group.split([',', '.']).next().unwrap_or_default(),
        };
        three &= group.len() == 3 && all(group);
    }
    all(first) && first.len() <= 3 && three
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::of(text.trim())
    }

    fn hint(text: &str) -> String {
        match value(text) {
            Value::Slip(hint) => hint,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn numbers_and_what_stands_for_none() {
        for (text, number) in
            [("1.5", 1.5), ("-2e-3", -2e-3), ("−5", -5.0), ("+7", 7.0), ("9.91e37", 9.91e37)]
        {
            assert_eq!(value(text), Value::Number(number));
        }
        for text in ["", "-", "–", "n.a.", "N/A", "#N/A", "NaN", "n.d.", "\u{a0}"] {
            assert_eq!(value(text), Value::Missing, "{text:?}");
        }
        for text in ["DMF", "2O", "#1", "a,b", "1-2", "12:30", "2024-05-01", "3 of 4 samples"] {
            assert_eq!(value(text), Value::Words, "{text}");
        }
    }

    #[test]
    fn a_comma_before_three_digits_has_two_readings() {
        let two = |text: &str, a: &str, b: &str| {
            assert!(hint(text).contains(&format!("write {a} or {b}, whichever")), "{}", hint(text));
        };
        two("1,134", "1.134", "1134");
        two("-12,500", "-12.500", "-12500");
    }

    #[test]
    fn every_other_way_to_write_a_number_has_one_hint() {
        for (text, expected) in [
            ("0,5", "a point: 0.5"),
            ("0,134", "a point: 0.134"),
            ("1134,5", "a point: 1134.5"),
            ("1,5e3", "a point: 1.5e3"),
            ("1,134,567", "separators: 1134567"),
            ("1.134.567", "separators: 1134567"),
            ("1.134,5", "a point: 1134.5"),
            ("1,134.5", "a point: 1134.5"),
            ("1 134", "separators: 1134"),
            ("1\u{a0}134", "separators: 1134"),
            ("1'134", "separators: 1134"),
            ("1\u{202f}134,5", "a point: 1134.5"),
            ("45 %", "the unit `%` into the name of the column, and only 45"),
            ("25°C", "the unit `°C`"),
            ("1,5 mL", "only 1.5"),
            ("#DIV/0!", "a formula"),
            ("1e300", "within ±1e100"),
            ("inf", "within ±1e100"),
        ] {
            assert!(hint(text).contains(expected), "{text}: {}", hint(text));
        }
    }
}
