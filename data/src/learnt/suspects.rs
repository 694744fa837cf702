//! Columns that are probably not what they seem.

use super::csv::Csv;

/// Smallest number of rows for which 1, 2, 3, … is taken for a counter; a sweep of fewer steps may look like one.
const COUNTER: usize = 8;
/// Smallest number of rows for a meaningful correlation.
const CORRELATED: usize = 5;
/// A correlation with the outcome above which a column is probably not an input.
const SAME: f64 = 0.999;

/// Words in the names of outcomes.
const OUTCOMES: [&str; 24] = [
    "absorbance",
    "area",
    "conversion",
    "e_factor",
    "ee",
    "emission",
    "enantiomeric",
    "fwhm",
    "intensity",
    "objective",
    "outcome",
    "peak",
    "plqy",
    "productivity",
    "purity",
    "quality",
    "response",
    "result",
    "score",
    "selectivity",
    "space_time_yield",
    "sty",
    "throughput",
    "yield",
];

/// Whether numbers count the rows: 0, 1, 2, … or 1, 2, 3, … without a gap.
pub(super) fn counts_rows(numbers: &[Option<f64>]) -> bool {
    let from = |first: f64| {
        let expected = (0..numbers.len()).map(|i| first + i as f64);
        numbers.iter().zip(expected).all(|(n, e)| n.is_some_and(|n| n.total_cmp(&e).is_eq()))
    };
    numbers.len() >= COUNTER && (from(0.0) || from(1.0))
}

/// Why a column that was not named as an input is probably not one, for people.
pub(super) fn doubt(
    csv: &Csv,
    name: &str,
    x: &[Option<f64>],
    target: usize,
    y: &[Option<f64>],
) -> Option<String> {
    let target = &csv.header()[target].text;
    let doubt = match correlation(x, y) {
        Some(r) if r.abs() > SAME => format!("it follows `{target}` (r = {r:.4})"),
        _ if is_outcome(name) => "its name is that of an outcome".into(),
        _ => return None,
    };
    Some(format!(
        "`{name}` is taken for an input although {doubt}: choose the inputs by name if it is none"
    ))
}

/// Whether a word of the name is one that outcomes have.
fn is_outcome(name: &str) -> bool {
    let lower = name.to_lowercase().replace([' ', '-'], "_");
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.any(|word| OUTCOMES.contains(&word))
        || OUTCOMES.iter().any(|outcome| outcome.contains('_') && lower.starts_with(outcome))
}

/// Pearson's correlation of the rows that have both; none for few of them, or where one is constant.
fn correlation(x: &[Option<f64>], y: &[Option<f64>]) -> Option<f64> {
    let both: Vec<(f64, f64)> = x.iter().zip(y).filter_map(|(x, y)| Some(((*x)?, (*y)?))).collect();
    let n = both.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| both.iter().map(of).fold(0.0, |sum, v| sum + v) / n;
    let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| {
        both.iter().fold(0.0, |sum, (x, y)| sum + of(x - mx, y - my))
    };
    let (xx, yy, xy) = (sum(&|x, _| x * x), sum(&|_, y| y * y), sum(&|x, y| x * y));
    let r = xy / (xx.sqrt() * yy.sqrt());
    (both.len() >= CORRELATED && r.is_finite()).then_some(r)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(values: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
        values.into_iter().map(Some).collect()
    }

    #[test]
    fn what_counts_the_rows_is_told_from_a_short_sweep() {
        let upto = |n: i32| some((1..=n).map(f64::from));
        assert!(counts_rows(&upto(12)) && counts_rows(&some((0..9).map(f64::from))));
        assert!(!counts_rows(&upto(5)) && !counts_rows(&some((20..40).map(f64::from))));
        assert!(!counts_rows(&[upto(12), vec![None]].concat()));
    }

    #[test]
    fn further_outcomes_are_doubted_by_name_and_by_correlation() {
        let csv = Csv::parse("x.csv", "a,yield [%]\n1,2\n").unwrap();
        let (x, y) = (some([1.0, 2.0, 3.0, 4.0, 5.0, 7.0]), some([2.0, 1.0, 5.0, 2.0, 4.0, 4.0]));
        let doubt = |name: &str, x: &[Option<f64>]| doubt(&csv, name, x, 1, &y);
        for name in ["Conversion (%)", "sel-selectivity", "space time yield", "ee [%]"] {
            assert!(doubt(name, &x).unwrap().contains("that of an outcome"), "{name}");
        }
        for name in ["temperature_c", "feed", "speed", "area_code_like"] {
            let found = doubt(name, &x);
            assert_eq!(found.is_some(), name.starts_with("area"), "{name}");
        }
        let same: Vec<Option<f64>> = y.iter().map(|y| y.map(|y| 100.0 - y)).collect();
        assert!(doubt("rest", &same).unwrap().contains("r = -1.0000"));
    }
}
