//! What is in the syringes.

use flowtwin_lab::{Instant, PumpId};

use super::run::Run;

/// A stock, in one syringe or several.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stock {
    /// Its name.
    pub name: String,
    /// Number of pumps that have it.
    pub(crate) pumps: usize,
    /// Volume at the start of the run [mL].
    pub filled_ml: f64,
    /// Volume that somebody has added since [mL].
    pub refilled_ml: f64,
    /// Volume that pumps have delivered: for priming, in experiments and in those that were not finished [mL].
    pub used_ml: f64,
    /// Volume that the experiments took that are counted [mL].
    pub(crate) taken_ml: f64,
    /// Number of experiments that took it.
    pub experiments: usize,
    /// What was left at these times since the start of the run [s, mL].
    pub level: Vec<(f64, f64)>,
}

impl Stock {
    /// What is left [mL].
    pub(crate) fn left_ml(&self) -> f64 {
        self.filled_ml + self.refilled_ml - self.used_ml
    }

    /// For how many more experiments that lasts at the mean use so far; none where nothing was used.
    pub(crate) fn lasts_for(&self) -> Option<f64> {
        self.times(self.left_ml())
    }

    /// How many experiments syringes last for that are filled once, at the mean use so far.
    pub(crate) fn life(&self) -> Option<f64> {
        match self.refilled_ml > 0.0 {
            true => self.times(self.filled_ml),
            false => self.lasts_for().map(|more| more + self.experiments as f64),
        }
    }

    fn times(&self, ml: f64) -> Option<f64> {
        let mean = self.taken_ml / self.experiments as f64;
        (self.taken_ml > 0.0).then(|| (ml / mean).max(0.0).floor())
    }
}

/// The stock that will be used up first, at the mean use so far.
pub(crate) fn first_empty(stocks: &[Stock]) -> Option<&Stock> {
    let lasting = stocks.iter().filter_map(|stock| stock.lasts_for().map(|n| (n, stock)));
    lasting.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, stock)| stock)
}

/// The stocks of a run, in the order of its pumps.
pub(crate) fn of(run: &Run<'_>) -> Vec<Stock> {
    let manifest = &run.header().manifest;
    let stock = |(name, filled_ml): (&str, f64)| Stock {
        name: name.to_owned(),
        pumps: manifest.pumps.iter().filter(|pump| pump.stock == name).count(),
        filled_ml,
        refilled_ml: 0.0,
        used_ml: 0.0,
        taken_ml: 0.0,
        experiments: run.experiments().len(),
        level: Vec::new(),
    };
    let mut stocks: Vec<Stock> = manifest.filled_ml().into_iter().map(stock).collect();
    let held = run.held();
    for stock in &mut stocks {
        take(run, stock);
        match of_pumps(run, stock, &held) {
            Some(pumps) => follow(stock, &pumps),
            // A lab that runs whole experiments by itself reports what each has taken.
            None => follow_experiments(run, stock),
        }
    }
    stocks
}

/// What a syringe held over time [µL].
type Level = Vec<(Instant, f64)>;

/// The levels of the syringes of a stock; none where their pumps received no command.
fn of_pumps<'a>(
    run: &Run<'_>,
    stock: &Stock,
    held: &'a std::collections::BTreeMap<PumpId, Level>,
) -> Option<Vec<&'a Level>> {
    let pumps = run.header().manifest.pumps.iter().filter(|pump| pump.stock == stock.name);
    let levels: Option<Vec<&Level>> = pumps.map(|pump| held.get(&pump.name)).collect();
    levels.filter(|levels| levels.iter().any(|level| level.len() > 1))
}

fn take(run: &Run<'_>, stock: &mut Stock) {
    for experiment in run.experiments() {
        let consumed = experiment.record.consumed_ml.iter();
        let taken = consumed.filter(|(name, _)| *name == stock.name);
        stock.taken_ml += taken.map(|(_, ml)| ml).sum::<f64>();
    }
}

/// A rise of a level that is one \[mL\].
const RISEN_ML: f64 = 1e-6;

/// Follows the syringes of a stock together.
fn follow(stock: &mut Stock, pumps: &[&Level]) {
    let mut moments: Vec<Instant> = pumps.iter().flat_map(|l| l.iter().map(|p| p.0)).collect();
    moments.sort_unstable();
    moments.dedup();
    for at in moments {
        let both = pumps.iter().map(|level| around(level, at));
        let (before, after) = both.fold((0.0, 0.0), |sum, now| (sum.0 + now.0, sum.1 + now.1));
        let last_ml = stock.level.last().map_or(stock.filled_ml, |(_, ml)| *ml);
        // It rises where pumps draw from their bottles.
        let risen_ml = before / 1_000.0 - last_ml;
        if risen_ml > RISEN_ML {
            stock.refilled_ml += risen_ml;
        }
        stock.level.push((at.as_secs(), before / 1_000.0));
        let filled_ml = (after - before) / 1_000.0;
        if filled_ml > RISEN_ML {
            stock.level.push((at.as_secs(), after / 1_000.0));
            stock.refilled_ml += filled_ml;
        }
    }
    let left_ml = stock.level.last().map_or(stock.filled_ml, |(_, ml)| *ml);
    stock.used_ml = stock.filled_ml + stock.refilled_ml - left_ml;
}

/// What a syringe held before and after a moment [µL].
fn around(level: &Level, at: Instant) -> (f64, f64) {
    let from = level.partition_point(|point| point.0 < at);
    let to = level.partition_point(|point| point.0 <= at);
    match (from < to, level.get(to)) {
        (true, _) => (level[from].1, level[to - 1].1),
        (false, None) => (level[to - 1].1, level[to - 1].1),
        (false, Some(next)) => {
            let last = level[to - 1];
            let share = at.since(last.0).as_secs() / next.0.since(last.0).as_secs();
            let now = last.1 + share * (next.1 - last.1);
            (now, now)
        }
    }
}

fn follow_experiments(run: &Run<'_>, stock: &mut Stock) {
    for experiment in run.experiments() {
        let record = experiment.record;
        let taken = record.consumed_ml.iter().filter(|(name, _)| *name == stock.name);
        // What flows, flows behind the heating; a straight line from there is how the level falls.
        let flow = experiment.stages.map_or(0.0, |stages| stages.heating_s);
        stock.level.push((record.started_ns.as_secs() + flow, stock.left_ml()));
        stock.used_ml += taken.map(|(_, ml)| ml).sum::<f64>();
        stock.level.push((record.ended_ns.as_secs(), stock.left_ml()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Stock {
        Stock {
            name: "salt".into(),
            pumps: 2,
            filled_ml: 2.0,
            refilled_ml: 0.0,
            used_ml: 0.0,
            taken_ml: 0.5,
            experiments: 5,
            level: Vec::new(),
        }
    }

    fn level(points: &[(f64, f64)]) -> Level {
        points.iter().map(|(at, ul)| (Instant::from_secs(*at), *ul)).collect()
    }

    #[test]
    fn syringes_of_one_stock_are_followed_together_past_refills() {
        let one =
            level(&[(0.0, 1000.0), (10.0, 1000.0), (30.0, 600.0), (50.0, 600.0), (50.0, 1000.0)]);
        let other = level(&[(0.0, 1000.0), (20.0, 1000.0), (40.0, 800.0)]);
        let mut stock = empty();
        follow(&mut stock, &[&one, &other]);
        let expected = [
            (0.0, 2.0),
            (10.0, 2.0),
            (20.0, 1.8),
            (30.0, 1.5),
            (40.0, 1.4),
            (50.0, 1.4),
            (50.0, 1.8),
        ];
        let same = |((at, ml), (t, expected)): (&(f64, f64), &(f64, f64))| {
            (at - t).abs() < 1e-9 && (ml - expected).abs() < 1e-9
        };
        assert!(
            stock.level.len() == 7 && stock.level.iter().zip(&expected).all(same),
            "{:?}",
            stock.level
        );
        assert!((stock.refilled_ml - 0.4).abs() < 1e-9 && (stock.used_ml - 0.6).abs() < 1e-9);
        assert!((stock.left_ml() - 1.8).abs() < 1e-9);
        // 0.1 mL each: 18 more, and 20 of what was filled once.
        assert_eq!((stock.lasts_for(), stock.life()), (Some(18.0), Some(20.0)));
    }

    #[test]
    fn what_rounding_adds_is_no_refill() {
        let rounded = level(&[(0.0, 1000.0), (10.0, 600.0), (10.0, 600.0 + 3e-13), (20.0, 500.0)]);
        let mut stock = empty();
        follow(&mut stock, &[&rounded]);
        assert!(stock.refilled_ml.abs() < 1e-12, "{}", stock.refilled_ml);
    }
}
