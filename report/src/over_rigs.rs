//! Numbers that were found on plausible rigs: how far they spread over rigs, and over seeds on one rig.

use flowtwin_statistics::{Estimate, Spread, Spreads};
use serde::Serialize;

use crate::format::{counted, significant, with_unit};
use crate::table::Table;

/// A number that was found on several rigs, with the same seeds on each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OverRigs {
    /// What it is.
    pub name: String,
    /// Its unit; empty where it has none.
    pub unit: String,
    /// Rigs that are left out, because the number is not known for each seed.
    pub left_out: usize,
    /// How far it spreads; none where it is known of no rig.
    #[serde(flatten)]
    pub spreads: Option<Spreads>,
}

impl OverRigs {
    /// A number with its `values` \[rigs\]\[seeds\], none where one is not known; `chance` as in [`Spreads::of`].
    pub fn new(name: &str, unit: &str, values: &[Vec<Option<f64>>], chance: bool) -> Self {
        let known = |of_rig: &Vec<Option<f64>>| -> Option<Vec<f64>> {
            of_rig.iter().map(|value| value.filter(|value| value.is_finite())).collect()
        };
        let whole: Vec<Vec<f64>> =
            values.iter().filter_map(known).filter(|of_rig| !of_rig.is_empty()).collect();
        let spreads = (!whole.is_empty()).then(|| Spreads::of(&whole, chance));
        let left_out = values.len() - whole.len();
        Self { name: name.to_owned(), unit: unit.to_owned(), left_out, spreads }
    }

    /// Several of them as a table.
    pub fn table(all: &[Self], what: &str) -> Table {
        let mut table = Table::new()
            .words(what)
            .numbers("mean (95 %)")
            .numbers("rigs")
            .numbers("spread over rigs (95 %)")
            .numbers("seeds")
            .numbers("spread over seeds (95 %)");
        for one in all {
            let name = if one.unit.is_empty() {
                one.name.clone()
            } else {
                format!("{} [{}]", one.name, one.unit)
            };
            let cells = match &one.spreads {
                None => ["–", "0", "–", "–", "–"].map(str::to_owned),
                Some(Spreads { mean, rigs, seeds }) => [
                    interval(Some(*mean)),
                    rigs.n.to_string(),
                    interval(rigs.deviation),
                    seeds.n.to_string(),
                    interval(seeds.deviation),
                ],
            };
            table.row([name].into_iter().chain(cells).collect());
        }
        table
    }

    /// Remarks on the table, one sentence each.
    pub fn remarks(all: &[Self]) -> Vec<String> {
        let left_out = |one: &Self| {
            let rigs = counted(one.left_out, "rig");
            (one.left_out > 0)
                .then(|| format!("{}: {rigs} left out, without a value for each seed.", one.name))
        };
        let mut remarks: Vec<String> = all.iter().filter_map(left_out).collect();
        let known = || all.iter().filter_map(|one| one.spreads);
        if known().any(|spreads| spreads.rigs.n > 1 && spreads.rigs.deviation.is_none()) {
            remarks.push("One seed does not tell rigs from chance: give more --seeds.".to_owned());
        }
        remarks
    }

    /// The number and its spreads in a sentence.
    pub fn sentence(&self) -> String {
        let Some(Spreads { mean, rigs, seeds }) = &self.spreads else {
            return format!("{}: known of no rig", self.name);
        };
        let spread = |spread: &Spread, what: &str| {
            let n = counted(spread.n, what);
            spread.deviation.map(|found| format!("{} over {n}", interval(Some(found))))
        };
        let mut spreads =
            [spread(rigs, "rig"), spread(seeds, "seed")].into_iter().flatten().peekable();
        let told = match spreads.peek() {
            None => String::new(),
            Some(_) => format!("; spread {}", spreads.collect::<Vec<_>>().join(", ")),
        };
        format!("{}: {}{told}", self.name, with_unit(&interval(Some(*mean)), &self.unit))
    }
}

/// A number with its interval, where one is known.
fn interval(estimate: Option<Estimate>) -> String {
    let Some(Estimate { value, low, high }) = estimate else { return "–".to_owned() };
    let value = significant(value, 3);
    match low.is_finite() && high.is_finite() {
        true => format!("{value} ({} to {})", significant(low, 3), significant(high, 3)),
        false => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[&[f64]]) -> Vec<Vec<Option<f64>>> {
        values.iter().map(|of_rig| of_rig.iter().map(|value| Some(*value)).collect()).collect()
    }

    #[test]
    fn rigs_and_seeds_are_told_apart_each_with_its_number() {
        let values = known(&[&[1.0, 1.1, 0.9], &[2.0, 2.1, 1.9], &[3.0, 3.1, 2.9]]);
        let one = OverRigs::new("pli", "AU", &values, true);
        let text = OverRigs::table(std::slice::from_ref(&one), "feature").text();
        let row: Vec<&str> =
            text.lines().last().unwrap().split("  ").filter(|c| !c.is_empty()).collect();
        assert_eq!(row[0].trim(), "pli [AU]");
        assert!(row[1].trim().starts_with("2.00 ("), "{text}");
        assert_eq!((row[2].trim(), row[4].trim()), ("3", "3"), "{text}");
        // Seeds spread by 0.1 on each rig, rigs by 1.
        assert!(row[3].trim().starts_with("1.00 ("), "{text}");
        assert!(row[5].trim().starts_with("0.100 ("), "{text}");
        assert!(one.sentence().contains("over 3 rigs, 0.100"), "{}", one.sentence());
    }

    #[test]
    fn a_rig_without_all_values_is_left_out_and_that_is_said() {
        let mut values = known(&[&[1.0, 1.1], &[2.0, 2.1], &[3.0, 3.1]]);
        values[1][0] = None;
        values[2][1] = Some(f64::NAN);
        let one = OverRigs::new("pli", "AU", &values, true);
        assert_eq!((one.left_out, one.spreads.unwrap().rigs.n), (2, 1));
        assert_eq!(
            OverRigs::remarks(&[one]),
            ["pli: 2 rigs left out, without a value for each seed."]
        );
        let none = OverRigs::new("pli", "AU", &known(&[&[f64::NAN]]), true);
        assert_eq!((none.left_out, none.spreads), (1, None));
        assert!(OverRigs::table(&[none], "feature").text().contains('–'));
    }

    #[test]
    fn one_seed_is_said_to_tell_nothing_of_rigs() {
        let one = OverRigs::new("pli", "AU", &known(&[&[1.0], &[2.0]]), true);
        let remarks = OverRigs::remarks(&[one]);
        assert_eq!(remarks, ["One seed does not tell rigs from chance: give more --seeds."]);
    }
}
