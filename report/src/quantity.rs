//! What a number is: its name and its unit, from the names that scenarios use.

/// A name without its unit, and the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The name in words.
    pub name: String,
    /// The unit as it is printed; empty for a pure number.
    pub unit: String,
}

/// Suffixes of keys and the units they stand for, the longest first.
const SUFFIXES: [(&str, &str); 19] = [
    ("_counts_nm", "counts·nm"),
    ("_ul_per_min", "µL/min"),
    ("_ml_per_min", "mL/min"),
    ("_au_nm", "AU·nm"),
    ("_counts", "counts"),
    ("_percent", "%"),
    ("_per_s", "1/s"),
    ("_bar", "bar"),
    ("_min", "min"),
    ("_mm", "mm"),
    ("_nm", "nm"),
    ("_ml", "mL"),
    ("_ul", "µL"),
    ("_mM", "mM"),
    ("_au", "AU"),
    ("_c", "°C"),
    ("_k", "K"),
    ("_s", "s"),
    ("_h", "h"),
];

impl Quantity {
    /// A quantity of this name and unit.
    pub fn new(name: &str, unit: &str) -> Self {
        Self { name: name.into(), unit: unit.into() }
    }

    /// The quantity of a key whose unit is its suffix: `cui_ul_per_min` is "cui" in µL/min.
    pub fn of_key(key: &str) -> Self {
        let known =
            SUFFIXES.iter().find(|(suffix, _)| key.len() > suffix.len() && key.ends_with(suffix));
        match known {
            Some((suffix, unit)) => Self::new(&words(&key[..key.len() - suffix.len()]), unit),
            None => Self::new(&words(key), ""),
        }
    }

    /// A feature, whose unit is stated beside its name.
    pub fn of_feature(name: &str, unit: &str) -> Self {
        let stem =
            suffix(unit).and_then(|suffix| name.strip_suffix(suffix)).filter(|s| !s.is_empty());
        Self::new(&words(stem.unwrap_or(name)), unit)
    }

    /// Name and unit, as on an axis: `temperature [°C]`.
    pub fn label(&self) -> String {
        if self.unit.is_empty() {
            self.name.clone()
        } else {
            format!("{} [{}]", self.name, self.unit)
        }
    }
}

fn words(key: &str) -> String {
    key.replace('_', " ")
}

fn suffix(unit: &str) -> Option<&'static str> {
    SUFFIXES.iter().find(|(_, u)| *u == unit).map(|(suffix, _)| *suffix)
}

/// The key of a column: `name`, with the suffix of `unit` last.
pub fn column(name: &str, unit: &str) -> String {
    match suffix(unit) {
        Some(suffix) if !name.ends_with(suffix) => format!("{name}{suffix}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_words_and_its_unit() {
        assert_eq!(Quantity::of_key("cui_ul_per_min").label(), "cui [µL/min]");
        assert_eq!(Quantity::of_key("temperature_c").label(), "temperature [°C]");
        assert_eq!(Quantity::of_key("ratio").label(), "ratio");
    }

    #[test]
    fn a_column_ends_in_its_unit_once() {
        assert_eq!(column("abs_300", "AU"), "abs_300_au");
        assert_eq!(column("peak_nm", "nm"), "peak_nm");
        assert_eq!(column("pla", "counts·nm"), "pla_counts_nm");
        assert_eq!(Quantity::of_feature("peak_nm", "nm").label(), "peak [nm]");
    }
}
