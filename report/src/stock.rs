//! What is in the syringes.

use super::run::Run;

/// A stock, in one syringe or several.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stock {
    /// Its name.
    pub name: String,
    /// Number of syringes that hold it.
    pub(crate) syringes: usize,
    /// Volume at the start of the run [mL].
    pub filled_ml: f64,
    /// Volume that experiments took [mL].
    pub used_ml: f64,
    /// Number of experiments that took it.
    pub experiments: usize,
    /// What was left at these times since the start of the run [s, mL].
    pub level: Vec<(f64, f64)>,
}

impl Stock {
    /// What is left [mL].
    pub(crate) fn left_ml(&self) -> f64 {
        self.filled_ml - self.used_ml
    }

    /// For how many more experiments that lasts at the mean use so far; none where nothing was used.
    pub(crate) fn lasts_for(&self) -> Option<f64> {
        let mean = self.used_ml / self.experiments as f64;
        (self.used_ml > 0.0).then(|| (self.left_ml() / mean).max(0.0).floor())
    }
}

/// The stock that will be used up first, at the mean use so far.
pub(crate) fn first_empty(stocks: &[Stock]) -> Option<&Stock> {
    let lasting = stocks.iter().filter_map(|stock| stock.lasts_for().map(|n| (n, stock)));
    lasting.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, stock)| stock)
}

/// The stocks of a run, in the order of its pumps.
pub(crate) fn of(run: &Run<'_>) -> Vec<Stock> {
    let mut stocks: Vec<Stock> = Vec::new();
    for pump in &run.header().manifest.pumps {
        match stocks.iter_mut().find(|stock| stock.name == pump.stock) {
            Some(stock) => {
                stock.filled_ml += pump.fill_ml;
                stock.syringes += 1;
            }
            None => stocks.push(Stock {
                name: pump.stock.clone(),
                syringes: 1,
                filled_ml: pump.fill_ml,
                used_ml: 0.0,
                experiments: run.experiments().len(),
                level: Vec::new(),
            }),
        }
    }
    stocks.iter_mut().for_each(|stock| follow(run, stock));
    stocks
}

fn follow(run: &Run<'_>, stock: &mut Stock) {
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
