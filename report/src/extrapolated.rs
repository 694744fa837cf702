//! Experiments outside the ranges that a campaign chooses from.

use super::format::significant;

/// Share of a range by which a value may lie outside from rounding alone.
const ROUNDING: f64 = 1e-9;

/// An input and what may be chosen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The input.
    pub name: String,
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
}

impl Range {
    fn holds(&self, x: f64) -> bool {
        let slack = ROUNDING * (self.high - self.low);
        (self.low - slack..=self.high + slack).contains(&x)
    }
}

/// How many of the `rows` \[n\]\[d\] lie outside of `ranges` \[d\], and what they are there; none where none does.
pub fn outside(ranges: &[Range], rows: &[&[f64]]) -> Option<String> {
    let is_inside = |row: &&&[f64]| row.iter().zip(ranges).all(|(&x, range)| range.holds(x));
    let count = rows.len() - rows.iter().filter(is_inside).count();
    let of_input = |(j, range): (usize, &Range)| {
        let out = || rows.iter().filter_map(|row| row.get(j).copied()).filter(|&x| !range.holds(x));
        let low = out().fold(f64::INFINITY, f64::min);
        let high = out().fold(f64::NEG_INFINITY, f64::max);
        let between = if high > low {
            format!("{} to {}", significant(low, 3), significant(high, 3))
        } else {
            significant(low, 3)
        };
        let allowed = format!("{} to {}", significant(range.low, 3), significant(range.high, 3));
        (low <= high).then(|| format!("{} {between} (range {allowed})", range.name))
    };
    let each: Vec<String> = ranges.iter().enumerate().filter_map(of_input).collect();
    (count > 0).then(|| format!("{count} outside the ranges: {}", each.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_counted_and_told_by_input() {
        let range = |name: &str, low, high| Range { name: name.into(), low, high };
        let ranges = [range("t_c", 120.0, 150.0), range("a", 0.0, 1.0)];
        let rows: [&[f64]; 4] =
            [&[248.0, 0.5], &[302.4, 1.0 + 1e-12], &[130.0, 2.0], &[130.0, 0.0]];
        let found = outside(&ranges, &rows).unwrap();
        assert_eq!(
            found,
            "3 outside the ranges: t_c 248 to 302 (range 120 to 150), a 2.00 (range 0 to 1.00)"
        );
        assert_eq!(outside(&ranges, &rows[3..]), None);
    }
}
