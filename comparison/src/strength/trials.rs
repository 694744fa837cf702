//! Whether a campaign is worse over many seeds.

use flowtwin_report::format::significant;
use flowtwin_statistics::{Estimate, Power, holm, mean, signed_rank, standard_deviation};
use serde::Serialize;

use super::distribution::{Distribution, Row};

/// Chance that a campaign that is as good as before is said to be worse, in any of its quantities.
pub const ALPHA: f64 = 0.05;

/// Chance that a loss is found which the number of seeds is said to show.
pub const POWER: f64 = 0.8;

/// Two distributions over the same seeds, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trials {
    /// Seeds that both have.
    pub seeds: usize,
    /// The quantities that are compared.
    pub quantities: Vec<Quantity>,
    /// The loss that the seeds should show \[%\].
    pub sensitivity_percent: f64,
}

/// One quantity over many seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// Its name.
    pub name: String,
    /// Mean loss, in per cent of the mean before, with its 95 % interval; a negative loss is a gain.
    pub loss_percent: Estimate,
    /// Chance of differences as uneven as these where nothing is worse, corrected for all quantities together
    /// (signed-rank test of one side, Holm's correction).
    pub p: f64,
    /// Seeds with which a loss of the wanted size is found four times of five.
    pub seeds_needed: Option<u64>,
}

impl Quantity {
    /// Whether it is worse.
    pub fn is_worse(&self) -> bool {
        self.p < ALPHA
    }
}

/// Reads a quantity of a row, and which way is worse.
type Read = (&'static str, fn(&Row) -> f64, f64);

impl Trials {
    /// Compares the seeds that two distributions share. `less_is_better` is of the objective.
    pub fn between(
        before: &Distribution,
        after: &Distribution,
        less_is_better: bool,
        sensitivity_percent: f64,
    ) -> Self {
        let shared = before.rows.iter().filter_map(|old| {
            after.rows.iter().find(|new| new.seed == old.seed).map(|new| (old, new))
        });
        let pairs: Vec<(&Row, &Row)> = shared.collect();
        let best = if less_is_better { 1.0 } else { -1.0 };
        let read: [Read; 4] = [
            ("best value", |row| row.best, best),
            ("regret", |row| row.regret, 1.0),
            ("lab time", |row| row.lab_time_s, 1.0),
            ("liquids", |row| row.ml, 1.0),
        ];
        let compared: Vec<(Quantity, f64)> =
            read.iter().filter_map(|read| compare(&pairs, *read, sensitivity_percent)).collect();
        let p: Vec<f64> = compared.iter().map(|(_, p)| *p).collect();
        let corrected = compared.into_iter().zip(holm(&p));
        let quantities = corrected.map(|((quantity, _), p)| Quantity { p, ..quantity }).collect();
        Self { seeds: pairs.len(), quantities, sensitivity_percent }
    }

    /// Whether any quantity is worse.
    pub fn is_worse(&self) -> bool {
        self.quantities.iter().any(Quantity::is_worse)
    }

    /// The verdict in words, a line for each quantity.
    pub fn text(&self) -> String {
        let mut out = format!(
            "{} seeds; a campaign as good as before is said to be worse in at most {} of 100\n",
            self.seeds,
            100.0 * ALPHA
        );
        self.quantities.iter().for_each(|quantity| out.push_str(&line(quantity)));
        let needed = self.quantities.iter().filter_map(|q| q.seeds_needed.map(|n| (n, &q.name)));
        if let Some((seeds, name)) = needed.max() {
            out.push_str(&format!(
                "  a loss of {} % shows in all of them with {seeds} seeds ({name} needs most)\n",
                self.sensitivity_percent
            ));
        }
        out
    }
}

/// A quantity of which something is known, and its probability before correction.
fn compare(
    pairs: &[(&Row, &Row)],
    (name, read, worse): Read,
    sensitivity: f64,
) -> Option<(Quantity, f64)> {
    let before: Vec<f64> = pairs.iter().map(|(old, _)| read(old)).collect();
    let scale = mean(&before).abs();
    let loss = |(old, new): &(&Row, &Row)| worse * 100.0 * (read(new) - read(old)) / scale;
    let losses: Vec<f64> = pairs.iter().map(loss).filter(|loss| loss.is_finite()).collect();
    if losses.len() < 2 {
        return None;
    }
    let test = signed_rank(&losses);
    let half = test.p / 2.0;
    let p = if test.positive > test.negative { half } else { 1.0 - half };
    // Where nothing differs yet, as far apart as unpaired campaigns are.
    let apart = standard_deviation(&losses);
    let unpaired = std::f64::consts::SQRT_2 * 100.0 * standard_deviation(&before) / scale;
    let deviation = if apart > 0.0 { apart } else { unpaired };
    let promise = Power { power: POWER, alpha: 2.0 * ALPHA }.among(4);
    Some((
        Quantity {
            name: name.into(),
            loss_percent: Estimate::mean(&losses),
            p,
            seeds_needed: promise.seeds(sensitivity, deviation),
        },
        p,
    ))
}

fn line(quantity: &Quantity) -> String {
    let Quantity { name, loss_percent: Estimate { value, low, high }, p, .. } = quantity;
    if value.abs() <= 0.0 && low.abs() <= 0.0 && high.abs() <= 0.0 {
        return format!("  {name}: the same\n");
    }
    let (said, sign) = match quantity.is_worse() {
        true => ("got worse by", 1.0),
        false if *high < 0.0 => ("got better by", -1.0),
        false => ("not resolved: loss of", 1.0),
    };
    let ends = if sign > 0.0 { [*low, *high] } else { [-high, -low] };
    let number = |x: f64| significant(x, 2);
    format!(
        "  {name}: {said} {} %, 95 % interval {} to {} (p {})\n",
        number(sign * value),
        number(ends[0]),
        number(ends[1]),
        number(*p),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(best: impl Fn(u64) -> f64) -> Distribution {
        let row = |seed| Row { seed, best: best(seed), regret: 1.0, lab_time_s: 9.0, ml: 2.0 };
        Distribution { optimum: 110.0, rows: (1..=12).map(row).collect() }
    }

    #[test]
    fn a_loss_is_told_with_its_interval_and_a_gain_is_none() {
        let scatter = |seed: u64| 100.0 + (seed % 3) as f64;
        let (before, worse) = (rows(scatter), rows(|seed| 0.97 * scatter(seed)));
        let found = Trials::between(&before, &worse, false, 5.0);
        assert!(found.is_worse(), "{}", found.text());
        assert!(found.text().contains("best value: got worse by 3.0 %"), "{}", found.text());
        assert!(!Trials::between(&worse, &before, false, 5.0).is_worse());
        assert!(Trials::between(&worse, &before, true, 5.0).is_worse(), "less may be better");
        assert!(found.text().contains("lab time: the same"));
    }

    #[test]
    fn what_is_as_it_was_is_no_loss() {
        let before = rows(|seed| 100.0 + seed as f64);
        assert!(!Trials::between(&before, &before, false, 5.0).is_worse());
    }
}
