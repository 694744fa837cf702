//! What experiments take, in total and of the materials that weigh more.

use serde::{Deserialize, Serialize};

use super::format::{NONE, duration, significant};

/// What experiments take of a stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Material {
    /// The stock.
    pub stock: String,
    /// Volume for one experiment \[mL\].
    pub ml: f64,
    /// Whether the scenario calls it hazardous.
    pub hazardous: bool,
    /// Whether the scenario calls it of high value.
    pub high_value: bool,
    /// How long it can be used \[h\]; none where the scenario does not say.
    pub keeps_h: Option<f64>,
}

/// Rows of a table of metrics: total, hazardous and high-value usage.
pub fn usage(materials: &[Material], how: &str) -> [[String; 3]; 3] {
    let row = |what: &str, of: fn(&Material) -> bool, how: &str| {
        [what.to_owned(), volume(materials.iter().filter(|m| of(m))), how.to_owned()]
    };
    let marked = "of this, from stocks that the scenario marks so";
    [
        row("material usage, total", |_| true, how),
        row("material usage, hazardous", |m| m.hazardous, marked),
        row("material usage, high-value", |m| m.high_value, marked),
    ]
}

/// The row on a lab whose syringes somebody refills: how long its stocks keep, and how often that is necessary.
pub fn assisted(
    materials: &[Material],
    first_empty: Option<(&str, f64)>,
    each_s: f64,
) -> [String; 3] {
    let keeps = materials.iter().filter_map(|m| Some((m.keeps_h?, &m.stock)));
    let first = keeps.min_by(|a, b| a.0.total_cmp(&b.0));
    let limit = match first {
        Some((hours, stock)) => format!("{}, then {stock} is too old", duration(3600.0 * hours)),
        None => "no limit stated".into(),
    };
    let refill = first_empty.map_or(String::new(), |(stock, n)| {
        format!("; refills every {}, {stock} first", duration(n * each_s))
    });
    let how = "while stocks keep (keeps_h), somebody filling syringes".to_owned();
    ["lifetime, assisted".into(), limit + &refill, how]
}

fn volume<'a>(materials: impl Iterator<Item = &'a Material>) -> String {
    let parts: Vec<(&str, f64)> = materials.map(|m| (m.stock.as_str(), m.ml)).collect();
    if parts.is_empty() {
        return NONE.into();
    }
    let total = parts.iter().fold(0.0, |sum, (_, ml)| sum + ml);
    let parts: Vec<String> =
        parts.iter().map(|(stock, ml)| format!("{stock} {}", significant(*ml, 2))).collect();
    format!("{} mL ({})", significant(total, 3), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn material(stock: &str, ml: f64, hazardous: bool, keeps_h: Option<f64>) -> Material {
        Material { stock: stock.into(), ml, hazardous, high_value: !hazardous, keeps_h }
    }

    #[test]
    fn hazardous_and_high_value_are_parts_of_the_total() {
        let two = [material("cui", 0.25, true, None), material("pfo", 1.0, false, None)];
        let said = usage(&two, "mean").map(|[_, value, _]| value);
        assert_eq!(
            said,
            ["1.25 mL (cui 0.25, pfo 1.0)", "0.250 mL (cui 0.25)", "1.00 mL (pfo 1.0)"]
        );
        assert_eq!(usage(&two[..1], "mean")[2][1], NONE);
    }

    #[test]
    fn an_assisted_lab_lives_as_long_as_the_first_stock_keeps() {
        let keeping = [material("a", 1.0, true, Some(48.0)), material("b", 1.0, true, Some(24.0))];
        let [_, value, _] = assisted(&keeping, Some(("a", 10.0)), 360.0);
        let refills = format!("then b is too old; refills every {}, a first", duration(3600.0));
        assert!(value.contains(&refills), "{value}");
        assert!(assisted(&[], None, 360.0)[1].contains("no limit stated"));
    }
}
