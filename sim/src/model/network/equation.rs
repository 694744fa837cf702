//! Chemical equations as text: `a + 2 b -> c`.

use std::collections::BTreeMap;

/// A chemical equation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Equation {
    /// Coefficient of each species on the left.
    pub(crate) left: BTreeMap<String, f64>,
    /// Coefficient of each species on the right.
    pub(crate) right: BTreeMap<String, f64>,
    /// Whether it goes both ways.
    pub(crate) reversible: bool,
}

const ARROWS: [(&str, bool); 4] = [("<->", true), ("⇌", true), ("->", false), ("→", false)];

impl Equation {
    /// Reads an equation.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let arrow = ARROWS.iter().find(|(arrow, _)| text.contains(arrow));
        let Some((arrow, reversible)) = arrow else {
            return Err("an equation needs an arrow: \"a + b -> c\", or <-> for both ways".into());
        };
        let mut sides = text.split(arrow);
        let (left, right) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
        if sides.next().is_some()
            || ARROWS.iter().any(|(a, _)| left.contains(a) || right.contains(a))
        {
            return Err("an equation has one arrow; a second step is a reaction of its own".into());
        }
        Ok(Self {
            left: side(left, "left")?,
            right: side(right, "right")?,
            reversible: *reversible,
        })
    }

    /// Change of each species by one turnover.
    pub(crate) fn changes(&self) -> BTreeMap<&str, f64> {
        let mut changes = BTreeMap::new();
        for (name, count) in &self.left {
            *changes.entry(name.as_str()).or_insert(0.0) -= count;
        }
        for (name, count) in &self.right {
            *changes.entry(name.as_str()).or_insert(0.0) += count;
        }
        changes
    }

    /// Every species in it, each once.
    pub(crate) fn species(&self) -> impl Iterator<Item = &str> {
        let new = |name: &&String| !self.left.contains_key(*name);
        self.left.keys().chain(self.right.keys().filter(new)).map(String::as_str)
    }
}

fn side(text: &str, which: &str) -> Result<BTreeMap<String, f64>, String> {
    let mut species = BTreeMap::new();
    for term in text.split('+') {
        let (count, name) = self::term(term.trim())
            .ok_or_else(|| format!("\"{}\" on the {which} is not a species", term.trim()))?;
        if !(count.is_finite() && count > 0.0 && count <= 1000.0) {
            return Err(format!("the coefficient {count} of {name} must be above 0, to 1000"));
        }
        *species.entry(name.to_owned()).or_insert(0.0) += count;
    }
    Ok(species)
}

/// A coefficient, one where there is none, and a name.
fn term(text: &str) -> Option<(f64, &str)> {
    let (count, name) = match text.split_once(char::is_whitespace) {
        Some((count, name)) => (count.parse().ok()?, name.trim()),
        None => (1.0, text),
    };
    let letters = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let starts = name.starts_with(|c: char| c.is_alphabetic());
    (letters && starts).then_some((count, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equation_is_read_as_chemists_write_it() {
        let equation = Equation::parse("a + 2 b -> c + 0.5 d").unwrap();
        assert_eq!(equation.left, BTreeMap::from([("a".into(), 1.0), ("b".into(), 2.0)]));
        assert_eq!(equation.right, BTreeMap::from([("c".into(), 1.0), ("d".into(), 0.5)]));
        assert!(!equation.reversible);
        assert!(Equation::parse("acid + alcohol ⇌ ester + water").unwrap().reversible);
        let sum = Equation::parse("a + a -> b").unwrap();
        assert_eq!(sum.left["a"].to_bits(), 2.0_f64.to_bits());
    }

    #[test]
    fn what_is_no_equation_is_refused_in_words() {
        for (text, message) in [
            ("a + b", "needs an arrow"),
            ("a = b", "needs an arrow"),
            ("a -> b -> c", "one arrow"),
            ("a + -> b", "\"\" on the left is not a species"),
            ("2a -> b", "\"2a\" on the left is not a species"),
            ("a -> 0 b", "the coefficient 0 of b must be above 0"),
            ("a -> inf b", "the coefficient inf of b"),
        ] {
            let error = Equation::parse(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
