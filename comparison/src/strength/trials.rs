//! Whether a campaign is worse over many seeds.

use flowtwin_lab::{Goal, math};
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

    /// Why it counts against a campaign, where it is worse.
    pub(super) fn reason(&self) -> String {
        match self.name == WITHOUT {
            true => "more campaigns end without a result".into(),
            false => format!("{} got worse", self.name),
        }
    }
}

/// Reads a quantity of a row, and which way is worse.
type Read<'a> = (&'static str, &'a dyn Fn(&Row) -> f64, f64);

impl Trials {
    /// Compares the seeds that two distributions share. `goal` is that of the objective; none of a hypervolume.
    ///
    /// Campaigns without a result count as such: what the others took and found is compared over the seeds with which both
    /// have one.
    pub fn between(
        before: &Distribution,
        after: &Distribution,
        goal: Option<Goal>,
        sensitivity_percent: f64,
    ) -> Self {
        let shared = before.rows.iter().filter_map(|old| {
            after.rows.iter().find(|new| new.seed == old.seed).map(|new| (old, new))
        });
        let pairs: Vec<(&Row, &Row)> = shared.collect();
        let (name, worse) = match goal {
            None => ("hypervolume", -1.0),
            Some(Goal::Target { .. }) => ("distance from the target", 1.0),
            Some(goal) => ("best value", if goal.score(1.0) < 0.0 { 1.0 } else { -1.0 }),
        };
        let best = |row: &Row| match goal {
            // Near enough is near enough.
            Some(Goal::Target { target, within }) => ((row.best - target).abs() - within).max(0.0),
            _ => row.best,
        };
        let read: [Read<'_>; 4] = [
            (name, &best, worse),
            ("regret", &|row| row.regret, 1.0),
            ("lab time", &|row| row.lab_time_s, 1.0),
            ("liquids", &|row| row.ml, 1.0),
        ];
        let have = |row: &Row| row.best.is_finite();
        let both: Vec<_> = pairs.iter().copied().filter(|(a, b)| have(a) && have(b)).collect();
        let of_both = read.iter().filter_map(|read| compare(&both, *read, sensitivity_percent));
        let compared: Vec<(Quantity, f64)> =
            without_result(&pairs).into_iter().chain(of_both).collect();
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

/// Campaigns that found nothing, where any did: how many more of the seeds do \[% of them\]. Of `n` seeds with which one side
/// alone found nothing, at least as many as these are on the later side with the chance of so many heads in `n` tosses.
fn without_result(pairs: &[(&Row, &Row)]) -> Option<(Quantity, f64)> {
    let nothing = |row: &Row| f64::from(u8::from(!row.best.is_finite()));
    let more: Vec<f64> = pairs.iter().map(|(a, b)| 100.0 * (nothing(b) - nothing(a))).collect();
    if pairs.iter().all(|(a, b)| nothing(a) + nothing(b) <= 0.0) {
        return None;
    }
    let count = |sign: f64| more.iter().filter(|more| sign * **more > 0.0).count() as u32;
    let (lost, won) = (count(1.0), count(-1.0));
    let p = at_least(lost, lost + won);
    let loss_percent = Estimate::mean(&more);
    Some((Quantity { name: WITHOUT.into(), loss_percent, p, seeds_needed: None }, p))
}

/// What campaigns that found nothing are called.
const WITHOUT: &str = "campaigns without a result";

/// The chance of at least `heads` heads in `tosses` tosses of a fair coin.
fn at_least(heads: u32, tosses: u32) -> f64 {
    // The chance of exactly k heads, from one k to the next.
    let mut chance = math::exp(-f64::from(tosses) * std::f64::consts::LN_2);
    let mut sum = 0.0;
    for k in 0..=tosses {
        if k >= heads {
            sum += chance;
        }
        chance *= f64::from(tosses - k) / f64::from(k + 1);
    }
    sum.min(1.0)
}

/// A quantity of which something is known, and its probability before correction.
fn compare(
    pairs: &[(&Row, &Row)],
    (name, read, worse): Read<'_>,
    sensitivity: f64,
) -> Option<(Quantity, f64)> {
    let before: Vec<f64> = pairs.iter().map(|(old, _)| read(old)).collect();
    // Of what was nothing before, anything is the whole of what it is now.
    let (earlier, later) = (mean(&before).abs(), mean_of(pairs.iter().map(|(_, new)| read(new))));
    let scale = if earlier > 0.0 { earlier } else { later.abs() };
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

fn mean_of(values: impl Iterator<Item = f64>) -> f64 {
    mean(&values.collect::<Vec<f64>>())
}

fn line(quantity: &Quantity) -> String {
    let Quantity { name, loss_percent: Estimate { value, low, high }, p, .. } = quantity;
    if name == WITHOUT {
        return format!(
            "  {name}: {} % more of the seeds (p {})\n",
            significant(*value, 2),
            significant(*p, 2)
        );
    }
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
    use flowtwin_campaign::scenario::FEWEST_SEEDS;

    use super::*;

    fn rows(best: impl Fn(u64) -> f64) -> Distribution {
        let row = |seed| Row { seed, best: best(seed), regret: 1.0, lab_time_s: 9.0, ml: 2.0 };
        Distribution { optimum: 110.0, rows: (1..=12).map(row).collect() }
    }

    #[test]
    fn a_loss_is_told_with_its_interval_and_a_gain_is_none() {
        let scatter = |seed: u64| 100.0 + (seed % 3) as f64;
        let (before, worse) = (rows(scatter), rows(|seed| 0.97 * scatter(seed)));
        let found = Trials::between(&before, &worse, Some(Goal::Maximize), 5.0);
        assert!(found.is_worse(), "{}", found.text());
        assert!(found.text().contains("best value: got worse by 3.0 %"), "{}", found.text());
        assert!(!Trials::between(&worse, &before, Some(Goal::Maximize), 5.0).is_worse());
        let less = Trials::between(&worse, &before, Some(Goal::Minimize), 5.0);
        assert!(less.is_worse(), "less may be better");
        assert!(found.text().contains("lab time: the same"));
    }

    #[test]
    fn what_is_as_it_was_is_no_loss() {
        let before = rows(|seed| 100.0 + seed as f64);
        assert!(!Trials::between(&before, &before, Some(Goal::Maximize), 5.0).is_worse());
    }

    #[test]
    fn campaigns_that_find_nothing_are_worse_than_those_that_did() {
        let (before, mut after) = (rows(|seed| 100.0 + seed as f64), rows(|_| f64::NAN));
        after.rows.iter_mut().for_each(|row| row.lab_time_s = 1.0);
        let found = Trials::between(&before, &after, Some(Goal::Maximize), 5.0);
        assert!(found.is_worse(), "{}", found.text());
        assert!(
            found.text().contains("campaigns without a result: 100 % more"),
            "{}",
            found.text()
        );
        // That the campaigns of half the seeds end early is no gain in time.
        let mut half = before.clone();
        for row in half.rows.iter_mut().filter(|row| row.seed > 6) {
            (row.best, row.lab_time_s) = (f64::NAN, 1.0);
        }
        let found = Trials::between(&before, &half, Some(Goal::Maximize), 5.0);
        assert!(found.text().contains("lab time: the same"), "{}", found.text());
        assert!((found.quantities[0].loss_percent.value - 50.0).abs() < 1e-9);
        assert!(!Trials::between(&after, &before, Some(Goal::Maximize), 5.0).is_worse());
    }

    #[test]
    fn a_target_is_met_worse_from_either_side() {
        let goal = Goal::Target { target: 105.0, within: 0.0 };
        let (near, far) =
            (rows(|seed| 105.0 + 0.1 * seed as f64), rows(|seed| 103.0 - seed as f64));
        assert!(Trials::between(&near, &far, Some(goal), 5.0).is_worse());
        assert!(!Trials::between(&far, &near, Some(goal), 5.0).is_worse());
    }

    /// A target that was met within its tolerance, or an optimum that was found, by every seed: then any distance is a loss.
    #[test]
    fn what_was_perfect_can_get_worse() {
        let goal = Goal::Target { target: 105.0, within: 2.0 };
        let (met, also, missed) =
            (rows(|_| 104.0), rows(|_| 106.5), rows(|seed| 110.0 + seed as f64));
        assert!(Trials::between(&met, &missed, Some(goal), 5.0).is_worse());
        assert!(!Trials::between(&met, &also, Some(goal), 5.0).is_worse());
        let regret = |regret: f64| {
            let mut all = rows(|_| 100.0);
            all.rows.iter_mut().for_each(|row| row.regret = regret);
            all
        };
        let found = Trials::between(&regret(0.0), &regret(3.0), Some(Goal::Maximize), 5.0);
        assert!(found.is_worse(), "{}", found.text());
        assert!(!Trials::between(&regret(0.0), &regret(0.0), Some(Goal::Maximize), 5.0).is_worse());
    }

    #[test]
    fn coins_fall_as_they_do() {
        for (heads, tosses, chance) in
            [(0, 7, 1.0), (7, 7, 1.0 / 128.0), (2, 3, 0.5), (8, 10, 56.0 / 1024.0)]
        {
            assert!((at_least(heads, tosses) - chance).abs() < 1e-12, "{heads} of {tosses}");
        }
    }

    /// With the fewest seeds that can be asked for, a loss with every seed is told among all five quantities.
    #[test]
    fn the_fewest_seeds_can_show_a_loss() {
        let of = |best: fn(u64) -> f64| {
            let mut all = rows(best);
            all.rows.truncate(FEWEST_SEEDS as usize);
            all
        };
        let (before, worse) = (of(|seed| 100.0 + seed as f64), of(|seed| 90.0 + 0.9 * seed as f64));
        assert!(Trials::between(&before, &worse, Some(Goal::Maximize), 5.0).is_worse());
        let nothing = of(|_| f64::NAN);
        assert!(Trials::between(&before, &nothing, Some(Goal::Maximize), 5.0).is_worse());
    }
}
