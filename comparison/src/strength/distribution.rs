//! The results of a campaign over many seeds.

use std::num::NonZeroUsize;

use flowtwin_campaign::campaign::CampaignError;
use flowtwin_campaign::observations::six;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::queue::in_order;
use flowtwin_report::{Front, Run};
use flowtwin_study::benchmark::Truth;

use crate::snapshot::campaign;

/// The results of a campaign with several seeds, to six digits.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// The best noise-free value that was found in the scenario \[unit of the objective\].
    pub optimum: f64,
    /// One row for each seed, in order of the seeds.
    pub rows: Vec<Row>,
}

/// The result of a campaign with one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The seed.
    pub seed: u64,
    /// The noise-free value at its best experiment, or the hypervolume of its front where there are several objectives; NaN
    /// where there is none.
    pub best: f64,
    /// The regret: the optimum minus this value; NaN where there is none.
    pub regret: f64,
    /// Lab time \[s\].
    pub lab_time_s: f64,
    /// Liquids \[mL\].
    pub ml: f64,
}

/// What stands above the columns.
const HEAD: &str = "      seed          best        regret  lab time [s]  liquids [mL]\n";

impl Distribution {
    /// Runs a scenario with `seeds`, on `threads` threads.
    ///
    /// # Errors
    /// If a policy has no proposal.
    pub fn run(
        scenario: &Scenario,
        seeds: &[u64],
        threads: NonZeroUsize,
    ) -> Result<Self, CampaignError> {
        let goal = scenario.objective().goal;
        let several = has_several(scenario);
        let optimum = match several {
            true => f64::NAN,
            false => Truth::optimum(scenario, threads).map_or(f64::NAN, |best| best.value),
        };
        let row = |seed: u64| {
            let (best, lab_time_s, ml) = one(scenario, seed)?;
            // The best of nothing has no regret, nor has a front.
            let regret = match best.is_nan() || optimum.is_nan() {
                true => f64::NAN,
                false => (goal.score(optimum) - goal.score(best)).max(0.0),
            };
            Ok(Row { seed, best, regret, lab_time_s, ml })
        };
        let rows = in_order(seeds.len(), threads, |i| row(seeds[i]));
        let mut rows: Vec<Row> = rows.into_iter().collect::<Result<_, CampaignError>>()?;
        rows.sort_by_key(|row| row.seed);
        let rounded = |x: f64| six(x).parse().unwrap_or(x);
        for row in &mut rows {
            [&mut row.best, &mut row.regret, &mut row.lab_time_s, &mut row.ml]
                .into_iter()
                .for_each(|x| *x = rounded(*x));
        }
        Ok(Self { optimum: rounded(optimum), rows })
    }

    /// As the part of a snapshot.
    pub fn text(&self) -> String {
        let row = |row: &Row| {
            let numbers = [row.best, row.regret, row.lab_time_s, row.ml].map(six);
            let cells: String = numbers.iter().map(|cell| format!("{cell:>14}")).collect();
            format!("{:>10}{cells}\n", row.seed)
        };
        let rows: String = self.rows.iter().map(row).collect();
        format!("optimum {}\n{HEAD}{rows}", six(self.optimum))
    }

    /// Reads it back; none where it says something else.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let optimum = lines.next()?.strip_prefix("optimum ")?.parse().ok()?;
        lines.next()?;
        let row = |line: &str| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let number = |i: usize| cells.get(i)?.parse().ok();
            Some(Row {
                seed: cells.first()?.parse().ok()?,
                best: number(1)?,
                regret: number(2)?,
                lab_time_s: number(3)?,
                ml: number(4)?,
            })
        };
        Some(Self { optimum, rows: lines.map(row).collect::<Option<_>>()? })
    }
}

/// Noise-free value at the best experiment (of several objectives the hypervolume), lab time and liquids of the campaign with
/// one seed.
fn one(scenario: &Scenario, seed: u64) -> Result<(f64, f64, f64), CampaignError> {
    let (_, journal, _) = campaign(scenario, seed, NonZeroUsize::MIN)?;
    let run = Run::read(&journal).expect("a scenario that runs can be summed up");
    let best = match has_several(scenario) {
        true => Front::of(&run).map(|front| front.hypervolume).filter(|volume| *volume > 0.0),
        false => run.best().and_then(|best| Truth::new(scenario).at(&best.record.conditions)),
    };
    Ok((best.unwrap_or(f64::NAN), run.lab_time_s(), run.total_ml()))
}

pub(super) fn has_several(scenario: &Scenario) -> bool {
    scenario.file().all_objectives().count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_reads_back_as_it_was_written() {
        let row = Row { seed: 7, best: 2915.25, regret: 12.5, lab_time_s: 3600.5, ml: 17.25 };
        let written = Distribution { optimum: 3010.5, rows: vec![row] };
        assert_eq!(Distribution::read(&written.text()), Some(written));
        assert_eq!(Distribution::read("nonsense"), None);
    }
}
