//! What has moved between a run and its golden run.

use flowtwin_lab::journal::{ExperimentRecord, Journal};
use flowtwin_statistics::{mean, normal, quantile, standard_deviation};
use serde::Serialize;

use super::cause::Cause;
use super::evidence::{FALSE_ALARM, SHOWN, deviations, evidence};
use super::matrix::{Factor, dot, gram};
use super::plan::Plan;
use super::readings::{Block, minus, of_blank, of_experiment};
use super::shared::added;
use super::simulated::Yield;

/// Causes that are named at most.
const CAUSES: usize = 3;
/// By how much χ² may be larger for a cause that explains equally well (one degree of freedom, 95 %).
const AS_WELL: f64 = 3.84;
/// Part of an effect that no named cause has, below which a further one is not looked for.
const OWN: f64 = 0.1;

/// What a golden run has shown.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The recorded experiments that were measured again and did not fail.
    pub experiments: Vec<u64>,
    /// Those that failed now.
    pub failed: Vec<u64>,
    /// What has moved, the clearest first.
    pub moved: Vec<HasMoved>,
    /// Whether readings differ by more than chance and what is named.
    pub unexplained: bool,
    /// The change of each feature in standard deviations of chance, experiment by experiment.
    pub features: Vec<(String, Vec<Option<f64>>)>,
    /// What would have shown nine times of ten, by cause \[its unit\].
    pub would_show: Vec<(String, f64)>,
}

/// A cause that has moved.
#[derive(Clone, Debug, Serialize)]
pub struct HasMoved {
    /// What.
    pub cause: Cause,
    /// By how much \[its unit\].
    pub amount: f64,
    /// Ends of its 95 % interval.
    pub interval: [f64; 2],
    /// The same in standard deviations of chance.
    pub deviations: f64,
    /// Other causes that explain equally well, and by how much they would have moved.
    pub or: Vec<(Cause, f64)>,
}

impl Plan {
    /// Compares a run with its golden run.
    ///
    /// The differences of all readings, in units of chance, are fitted by least squares with the effect of each cause alone.
    /// A cause is named where more speaks for it than chance makes speak for any in replicates in simulation; then the next beside
    /// it.
    pub fn verdict(&self, recorded: &Journal, golden: &Journal) -> Verdict {
        let pairs = self.pairs(recorded, golden);
        let fit = Fit::new(self, &self.differences(recorded, golden));
        let (moved, unexplained) = fit.moved();
        let number = |found: bool| {
            let all = self.experiments.iter().zip(&pairs);
            all.filter(|(_, pair)| pair.is_some() == found).map(|(n, _)| *n).collect()
        };
        Verdict {
            experiments: number(true),
            failed: number(false),
            moved,
            unexplained,
            features: self.features(&pairs),
            would_show: fit.would_show(),
        }
    }

    /// What will show nine times of ten if it moves alone, by cause \[its unit\].
    pub(crate) fn would_show(&self) -> Vec<(String, f64)> {
        let nothing = self.noise.deviations.iter().map(|block| vec![0.0; block.len()]);
        Fit::new(self, &nothing.collect()).would_show()
    }

    /// Each recorded experiment and its repetition, where neither failed.
    fn pairs<'a>(&self, recorded: &'a Journal, golden: &'a Journal) -> Vec<Option<Pair<'a>>> {
        let now: Vec<&ExperimentRecord> = golden.experiments().collect();
        let pair = |(place, number): (usize, &u64)| {
            let then = recorded.experiments().find(|record| record.experiment == *number)?;
            let now = now.get(place).filter(|record| record.fault.is_none())?;
            Some((then, *now))
        };
        self.experiments.iter().enumerate().map(pair).collect()
    }

    /// The differences of the golden run, block by block, beyond the expected ones.
    fn differences(&self, recorded: &Journal, golden: &Journal) -> Yield {
        let blanks = recorded.blank().zip(golden.blank());
        let blank =
            blanks.map_or(Block::new(), |(then, now)| minus(&of_blank(now), &of_blank(then)));
        let pairs = self.pairs(recorded, golden).into_iter().enumerate();
        let blocks = pairs.map(|(place, pair)| {
            let Some((then, now)) = pair else { return Block::new() };
            let mut difference = minus(&of_experiment(now), &of_experiment(then));
            let expected = self.expected.get(place + 1).into_iter().flatten();
            difference.iter_mut().zip(expected).for_each(|(d, expected)| *d -= expected);
            difference
        });
        [blank].into_iter().chain(blocks).collect()
    }

    fn features(&self, pairs: &[Option<Pair<'_>>]) -> Vec<(String, Vec<Option<f64>>)> {
        let features = self.scenario.features();
        let change = |feature: usize, place: usize| {
            let (then, now) = pairs[place]?;
            let (_, then) = then.features.get(feature)?;
            let (_, now) = now.features.get(feature)?;
            let own = self.noise.deviations[place + 1].get(feature)?;
            let shared = self.shared.iter().filter_map(|v| v[place + 1].get(feature));
            let deviation = (2.0 * own * own + shared.map(|x| x * x).sum::<f64>()).sqrt();
            let expected = self.expected.get(place + 1).and_then(|block| block.get(feature));
            let more = now.as_ref()? - then.as_ref()? - expected.copied().unwrap_or(0.0);
            let in_deviations = more / deviation;
            in_deviations.is_finite().then_some(in_deviations)
        };
        let row = |(i, (name, _)): (usize, (String, String))| {
            (name, (0..pairs.len()).map(|place| change(i, place)).collect())
        };
        features.into_iter().enumerate().map(row).collect()
    }
}

/// A recorded experiment and its repetition.
type Pair<'a> = (&'a ExperimentRecord, &'a ExperimentRecord);

/// Least-squares fits of causes to weighted differences.
struct Fit<'a> {
    plan: &'a Plan,
    /// The differences.
    read: Vec<f64>,
    /// Each cause and way, one step of it, weighted.
    ways: Vec<(usize, f64, Vec<f64>)>,
    /// Differences by chance.
    nothing: Vec<Vec<f64>>,
    /// Variance of chance in units of the weights.
    scale: f64,
    /// Evidence from which a cause is named: the most that there is for any exceeds it in 2 of 100 golden runs of a rig that has not
    /// moved.
    threshold: f64,
}

impl<'a> Fit<'a> {
    fn new(plan: &'a Plan, read: &Yield) -> Self {
        // What could not be measured again tells nothing of anything.
        let there = |yields: &Yield| -> Vec<f64> {
            let block = |(values, read): (&Block, &Block)| match read.is_empty() {
                true => Block::new(),
                false => values.clone(),
            };
            plan.noise.weighted(&yields.iter().zip(read).map(block).collect())
        };
        let shared: Vec<Vec<f64>> = plan.shared.iter().map(there).collect();
        let read = there(read);
        // The covariance of differences in units of their own chance.
        let common =
            Factor::of_shared(&shared, read.len(), 0.5).expect("one and more on the diagonal");
        let ways = plan.effects.iter().enumerate().flat_map(|(cause, [up, down])| {
            [(cause, 1.0, common.whiten(&there(up))), (cause, -1.0, common.whiten(&there(down)))]
        });
        let ways: Vec<(usize, f64, Vec<f64>)> =
            ways.filter(|(_, _, effect)| dot(effect, effect) > 0.0).collect();
        let own = plan.noise.nothing().iter().zip(0..);
        let nothing: Vec<Vec<f64>> =
            own.map(|(own, draw)| common.whiten(&there(&added(own, &plan.shared, draw)))).collect();
        let explained = ways.iter().flat_map(|(_, _, effect)| {
            let size = dot(effect, effect);
            nothing.iter().map(move |d| dot(effect, d) * dot(effect, d) / size)
        });
        let scale = mean(&explained.collect::<Vec<f64>>());
        let threshold = farthest(&ways, &nothing, plan.noise.pairs());
        Self { plan, read: common.whiten(&read), ways, nothing, scale, threshold }
    }

    /// What has moved, and whether differences remain that no cause explains.
    fn moved(&self) -> (Vec<HasMoved>, bool) {
        let mut named: Vec<usize> = Vec::new();
        let mut found: Vec<HasMoved> = Vec::new();
        while found.len() < CAUSES {
            let Some((way, moved)) = self.next(&named) else { break };
            named.push(way);
            found.push(moved);
        }
        let amounts = self.amounts(&named);
        for ((moved, way), steps) in found.iter_mut().zip(&named).zip(amounts) {
            let (cause, sign, _) = &self.ways[*way];
            let amount = sign * steps * self.plan.causes[*cause].step();
            let shift = amount - moved.amount;
            moved.amount = amount;
            moved.interval = moved.interval.map(|end| end + shift);
        }
        (found, self.is_more(&named))
    }

    /// The way that stands out most beside those that are named, if any does.
    fn next(&self, named: &[usize]) -> Option<(usize, HasMoved)> {
        let tried: Vec<(usize, Alone)> = (0..self.ways.len())
            .filter(|way| named.iter().all(|known| self.ways[*known].0 != self.ways[*way].0))
            .filter_map(|way| Some((way, self.alone(way, named)?)))
            .filter(|(way, alone)| alone.steps > 0.0 && self.can_be(*way, alone.steps))
            .collect();
        let best = tried.iter().max_by(|(_, a), (_, b)| a.evidence.total_cmp(&b.evidence))?;
        let (way, alone) = best;
        if alone.evidence < self.threshold {
            return None;
        }
        let amount = |way: usize, steps: f64| {
            let (cause, sign, _) = &self.ways[way];
            sign * steps * self.plan.causes[*cause].step()
        };
        let named_cause = self.ways[*way].0;
        let as_well = tried.iter().filter(|(other, tried)| {
            self.ways[*other].0 != named_cause && alone.explains - tried.explains < AS_WELL
        });
        let or = as_well
            .map(|(way, tried)| {
                (self.plan.causes[self.ways[*way].0].clone(), amount(*way, tried.steps))
            })
            .collect();
        let value = amount(*way, alone.steps);
        let half = 1.96 * value.abs() / alone.deviations;
        let moved = HasMoved {
            cause: self.plan.causes[named_cause].clone(),
            amount: value,
            interval: [value - half, value + half],
            deviations: alone.deviations,
            or,
        };
        Some((*way, moved))
    }

    /// Whether a cause may have moved so far: nothing delivers, shines or holds less than nothing.
    fn can_be(&self, way: usize, steps: f64) -> bool {
        let (cause, sign, _) = &self.ways[way];
        let cause = &self.plan.causes[*cause];
        matches!(cause, Cause::Heater(_)) || sign * steps * cause.step() > -100.0
    }

    /// One way beside those that are named; none where it has too little of its own.
    fn alone(&self, way: usize, named: &[usize]) -> Option<Alone> {
        let effect = &self.ways[way].2;
        let own = self.beside(effect, named);
        let size = dot(&own, &own);
        if size < OWN * dot(effect, effect) {
            return None;
        }
        let steps = |d: &[f64]| dot(&own, d) / size;
        let by_chance: Vec<f64> = self.nothing.iter().map(|d| steps(d)).collect();
        let chance = (dot(&by_chance, &by_chance) / by_chance.len() as f64).sqrt();
        let steps = steps(&self.read);
        Some(Alone {
            steps,
            deviations: steps / chance,
            step: 1.0 / chance,
            evidence: evidence(steps / chance, 1.0 / chance),
            explains: steps * steps * size / self.scale,
        })
    }

    /// The part of an effect that the named ways do not have.
    fn beside(&self, effect: &[f64], named: &[usize]) -> Vec<f64> {
        let shares = self.fitted(named, effect);
        let mut own = effect.to_vec();
        for (way, share) in named.iter().zip(shares) {
            own.iter_mut().zip(&self.ways[*way].2).for_each(|(own, of)| *own -= share * of);
        }
        own
    }

    fn amounts(&self, named: &[usize]) -> Vec<f64> {
        self.fitted(named, &self.read)
    }

    /// The least-squares coefficients of ways in a vector.
    fn fitted(&self, named: &[usize], vector: &[f64]) -> Vec<f64> {
        let effects: Vec<Vec<f64>> = named.iter().map(|way| self.ways[*way].2.clone()).collect();
        let right: Vec<f64> = effects.iter().map(|effect| dot(effect, vector)).collect();
        Factor::of(&gram(&effects)).map_or(vec![0.0; named.len()], |factor| factor.solve(&right))
    }

    /// Whether the residuals are more than chance.
    fn is_more(&self, named: &[usize]) -> bool {
        let left = |d: &[f64]| {
            let rest = self.beside(d, named);
            dot(&rest, &rest)
        };
        let by_chance: Vec<f64> = self.nothing.iter().map(|d| left(d)).collect();
        let most = by_chance.iter().copied().fold(0.0, f64::max);
        let far = mean(&by_chance) + 4.0 * standard_deviation(&by_chance);
        left(&self.read) > most.max(far)
    }

    /// What would have shown, by cause.
    fn would_show(&self) -> Vec<(String, f64)> {
        let all = self.plan.causes.iter().enumerate().map(|(cause, of)| {
            let ways = (0..self.ways.len()).filter(|way| self.ways[*way].0 == cause);
            let least = ways.filter_map(|way| {
                let alone = self.alone(way, &[])?;
                let needed = deviations(self.threshold, alone.step) + normal::quantile(SHOWN);
                Some(needed * of.step() / alone.step)
            });
            (of.name(), least.fold(f64::NAN, f64::max))
        });
        all.filter(|(_, least)| least.is_finite()).collect()
    }
}

/// The most evidence for any way, which 2 of 100 differences of replicates exceed. Each difference is judged by the chance of the other
/// replicates, as a golden run is: by its own share in the chance, it would seem smaller than it is.
fn farthest(ways: &[(usize, f64, Vec<f64>)], nothing: &[Vec<f64>], pairs: &[[usize; 2]]) -> f64 {
    let mut most = vec![f64::NEG_INFINITY; nothing.len()];
    for (_, _, effect) in ways {
        let along: Vec<f64> = nothing.iter().map(|d| dot(effect, d)).collect();
        let size = dot(effect, effect);
        for ((most, x), chance) in most.iter_mut().zip(&along).zip(by_the_others(&along, pairs)) {
            *most = most.max(evidence(x / chance, size / chance));
        }
    }
    quantile(&most, 1.0 - FALSE_ALARM)
}

/// For each difference of two replicates, the root mean square of those differences in which neither is.
fn by_the_others(values: &[f64], pairs: &[[usize; 2]]) -> Vec<f64> {
    let replicates = pairs.iter().flatten().max().map_or(0, |last| last + 1);
    let mut own = vec![(0.0, 0.0); replicates];
    for (value, pair) in values.iter().zip(pairs) {
        for of in pair {
            own[*of].0 += value * value;
            own[*of].1 += 1.0;
        }
    }
    let all = (dot(values, values), values.len() as f64);
    let of = |(value, [i, j]): (&f64, &[usize; 2])| {
        // A pair stands in the sums of both of its replicates.
        let squares = all.0 - own[*i].0 - own[*j].0 + value * value;
        let many = all.1 - own[*i].1 - own[*j].1 + 1.0;
        if many < 1.0 { (all.0 / all.1).sqrt() } else { (squares.max(0.0) / many).sqrt() }
    };
    values.iter().zip(pairs).map(of).collect()
}

/// One way to have moved, fitted.
struct Alone {
    steps: f64,
    /// In standard deviations of chance.
    deviations: f64,
    /// One step in standard deviations of chance.
    step: f64,
    /// What speaks for it.
    evidence: f64,
    /// By how much it lowers χ².
    explains: f64,
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::path::Path;

    use flowtwin_campaign::scenario::Scenario;
    use serde_json::json;

    use super::*;
    use crate::snapshot::campaign;

    #[test]
    fn chance_is_that_of_the_differences_with_neither_replicate() {
        let pairs = [[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]];
        let by = by_the_others(&[1.0, 2.0, 3.0, 4.0, 5.0], &pairs);
        // Beside the difference of 0 and 1 there is that of 2 and 3, and so on.
        assert_eq!(by[..4], [3.0, 4.0, 1.0, 2.0]);
        // Every other difference has 0 or 2 in it: all of them must do.
        assert!((by[4] - 11.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(by_the_others(&[2.0], &[[0, 1]]), [2.0]);
    }

    #[test]
    fn what_was_not_measured_again_tells_nothing_of_how_far_something_has_moved() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/dye-mixing.toml");
        let mut definition = Scenario::load(Path::new(path)).unwrap().definition();
        definition["phases"] = json!([{ "name": "survey", "policy": "lhs", "experiments": 6 }]);
        let scenario = Scenario::recorded(&definition).unwrap();
        let (_, journal, _) = campaign(&scenario, 1, NonZeroUsize::MIN).unwrap();
        let plan = Plan::of(&journal, 3.0, NonZeroUsize::MIN).unwrap();
        for (cause, effects) in plan.effects.iter().enumerate() {
            // Two steps down, of which only the references and the first experiment have been seen.
            let twice = |block: &Block| block.iter().map(|value| 2.0 * value).collect();
            let mut read: Yield = effects[1].iter().map(twice).collect();
            read.iter_mut().skip(2).for_each(Vec::clear);
            let fit = Fit::new(&plan, &read);
            let way = fit.ways.iter().position(|way| way.0 == cause && way.1 < 0.0).unwrap();
            let steps = fit.alone(way, &[]).unwrap().steps;
            assert!((steps - 2.0).abs() < 1e-9, "{}: {steps}", plan.causes[cause].name());
        }
    }
}
