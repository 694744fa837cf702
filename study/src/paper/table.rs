//! The claims as a table for a terminal.

use flowtwin_report::{Align, Table, aligned};

use super::claim::{ClaimKind, Verdict};

/// As [`table`], in a terminal of this many columns.
pub fn table_within(verdicts: &[Verdict], columns: Option<usize>) -> String {
    let fits = |text: &str| text.lines().all(|l| Some(l.chars().count()) <= columns);
    let plain = table(verdicts);
    if columns.is_none() || fits(&plain) {
        return plain;
    }
    let mut table = HEADER.iter().fold(Table::new(), |table, title| table.words(title));
    verdicts.iter().for_each(|verdict| table.row(row(verdict).to_vec()));
    table.fitted(columns) + &closing(verdicts)
}

/// Claims, one per line: id, what the paper says, what is simulated with its 95 % interval, the band, the verdict.
pub fn table(verdicts: &[Verdict]) -> String {
    let mut rows = vec![HEADER.map(str::to_owned).to_vec()];
    rows.extend(verdicts.iter().map(|verdict| row(verdict).to_vec()));
    let mut text = aligned(&rows, |_| Align::Left);
    text.push_str(&closing(verdicts));
    text
}

const HEADER: [&str; 7] = ["", "claim", "paper", "simulated", "95 %", "holds if", "verdict"];

pub(super) fn row(verdict: &Verdict) -> [String; 7] {
    let interval = match (verdict.low, verdict.high) {
        (Some(low), Some(high)) if high > low => format!("{} … {}", number(low), number(high)),
        (Some(_), Some(_)) => String::new(),
        _ => "?".into(),
    };
    let unit = match verdict.unit {
        "" => String::new(),
        unit => format!(" {unit}"),
    };
    [
        verdict.id.into(),
        verdict.text.into(),
        verdict.paper.into(),
        number(verdict.simulated) + &unit,
        interval,
        verdict.holds.clone(),
        verdict.word().into(),
    ]
}

fn closing(verdicts: &[Verdict]) -> String {
    let of = |kind: ClaimKind| {
        let all = verdicts.iter().filter(|v| v.kind == kind);
        format!("{} of {}", all.clone().filter(|v| v.pass).count(), all.count())
    };
    format!(
        "\n{} definitions hold, {} calibrated claims fit, {} predicted claims hold, {} beyond the paper.\n",
        of(ClaimKind::Definition),
        of(ClaimKind::Calibrated),
        of(ClaimKind::Predicted),
        of(ClaimKind::Beyond),
    )
}

/// A number with four significant digits, trailing zeros dropped.
fn number(x: f64) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    if x.abs() < 1e-12 {
        return "0".into();
    }
    let digits = 3 - flowtwin_lab::math::log10(x.abs()).floor() as i32;
    let text = format!("{x:.*}", digits.clamp(0, 12) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_significant_digits() {
        for (x, text) in [
            (1.23456, "1.235"),
            (0.012_345, "0.01235"),
            (1916.84, "1917"),
            (7.0, "7"),
            (-0.5, "-0.5"),
        ] {
            assert_eq!(number(x), text);
        }
    }
}
