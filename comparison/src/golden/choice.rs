//! The choice of a handful of conditions.

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Conditions;
use flowtwin_lab::queue::in_order;
use flowtwin_statistics::normal;

use super::cause::Cause;
use super::effects::{effects, times};
use super::evidence::{FALSE_ALARM, SHOWN, limits};
use super::matrix::{Factor, gram};
use super::noise::Noise;
use super::readings::Block;
use super::shared::biases;
use super::simulated::{FIRST_SEED, Simulated, Way, Yield};

/// Experiments of a golden run at least.
pub(crate) const LEAST: usize = 2;
/// Seeds with which the candidates are simulated, for the errors on which the choice rests.
const SEEDS: u64 = 16;
/// An experiment is never taken to be cheaper than this \[s\].
const CHEAPEST_S: f64 = 10.0;
/// Causes that an exchange must find more, on average.
const GAIN: f64 = 0.005;
/// Exchanges whose lab time is simulated, at most, before none is made.
const TRIED: usize = 12;

/// What the choice rests on.
pub(crate) struct Choice<'a> {
    pub(crate) scenario: &'a Scenario,
    /// The candidates, in the order in which they would be measured.
    pub(crate) list: Simulated<'a>,
    pub(crate) causes: &'a [Cause],
    /// Places of features that do not count.
    pub(crate) jumps: &'a [usize],
    /// What the ripple of the pumps may have added to the candidates when they were recorded.
    pub(crate) ripples: &'a [Yield],
    pub(crate) threads: NonZeroUsize,
}

/// The handful.
pub(crate) struct Chosen {
    /// Places among the candidates, in order.
    pub(crate) places: Vec<usize>,
    /// After how long a step of each cause would be found nine times of ten \[s\].
    pub(crate) needed_s: Vec<Option<f64>>,
}

impl Choice<'_> {
    /// The candidates that tell most within a time.
    pub(crate) fn within(&self, budget_s: f64) -> Option<Chosen> {
        let told = self.told()?;
        let mut places: Vec<usize> = Vec::new();
        let mut needed_s = vec![None; self.causes.len()];
        let mut lasted_s = 0.0;
        loop {
            let free = (0..self.list.conditions.len()).filter(|place| !places.contains(place));
            let more: Vec<Vec<usize>> = free.map(|place| with(&places, place)).collect();
            let lasts_s = self.lasts_s(&more);
            let before = told.found(&places);
            let in_time = more.into_iter().zip(lasts_s).filter_map(|(more, lasts_s)| {
                let lasts_s = lasts_s.filter(|s| more.len() <= LEAST || *s <= budget_s)?;
                let value = (told.found(&more) - before) / (lasts_s - lasted_s).max(CHEAPEST_S);
                Some((value, lasts_s, more))
            });
            // Of equal ones the first.
            let best = in_time.reduce(|best, next| if next.0 > best.0 { next } else { best });
            let Some((_, lasts_s, more)) = best else { break };
            (places, lasted_s) = (more, lasts_s);
            told.note(&places, lasted_s, &mut needed_s);
        }
        while let Some((better, lasts_s)) = self.exchanged(&told, &places, budget_s) {
            (places, lasted_s) = (better, lasts_s);
        }
        told.note(&places, lasted_s, &mut needed_s);
        let each_s = lasted_s / (places.len().max(LEAST) - 1) as f64;
        told.beyond(places.clone(), each_s, &mut needed_s);
        Some(Chosen { places, needed_s })
    }

    /// The list with one of its experiments exchanged for another, if that tells more within the time.
    fn exchanged(&self, told: &Told, places: &[usize], budget_s: f64) -> Option<(Vec<usize>, f64)> {
        let now = told.found(places);
        let free = (0..self.list.conditions.len()).filter(|place| !places.contains(place));
        let other = |place: usize| {
            places.iter().map(move |gone| {
                let rest: Vec<usize> = places.iter().copied().filter(|it| it != gone).collect();
                with(&rest, place)
            })
        };
        let lists: Vec<Vec<usize>> = free.flat_map(other).collect();
        let found = in_order(lists.len(), self.threads, |list| told.found(&lists[list]));
        let mut better: Vec<(f64, Vec<usize>)> =
            found.into_iter().zip(lists).filter(|(found, _)| *found > now + GAIN).collect();
        better.sort_by(|a, b| b.0.total_cmp(&a.0));
        better.into_iter().take(TRIED).find_map(|(_, list)| {
            let lasts_s = self.lasts_s(std::slice::from_ref(&list))[0]?;
            (list.len() <= LEAST || lasts_s <= budget_s).then_some((list, lasts_s))
        })
    }

    /// What each candidate tells.
    fn told(&self) -> Option<Told> {
        let effects = effects(&self.list, self.causes, &[1.0], self.threads)?;
        let ways: Vec<Way> = (0..SEEDS).map(|i| Way::Unbiased(FIRST_SEED + i)).collect();
        let yields: Vec<Yield> = self.list.all(&ways, self.threads).into_iter().flatten().collect();
        let noise = Noise::of(&yields, self.list.conditions.len() + 1, self.jumps)?;
        let biases = biases(self.scenario, self.causes, &effects);
        let half = |block: usize, vectors: &[Yield]| -> Vec<Block> {
            let whitened = vectors.iter().map(|vector| noise.whiten(block, &vector[block]));
            whitened.map(|v| v.iter().map(|x| x / 2.0_f64.sqrt()).collect()).collect()
        };
        let of_block = |block: usize| {
            let ripples = half(block, self.ripples);
            // Where the screws will stand is not known before an experiment is chosen: ripples of the golden run count as chance of each
            // experiment, as large as in the recorded run.
            let own = Factor::of_shared(&ripples, noise.whiten(block, &[]).len(), 1.0)?;
            let all = [half(block, &effects), ripples, half(block, &biases)].concat();
            let whitened: Vec<Block> = all.iter().map(|vector| own.whiten(vector)).collect();
            Some(gram(&whitened))
        };
        let grams = (0..=self.list.conditions.len()).map(of_block).collect::<Option<_>>()?;
        Some(Told { causes: self.causes.len(), grams })
    }

    /// How long each of several lists takes once its first experiment is measured \[s\].
    fn lasts_s(&self, lists: &[Vec<usize>]) -> Vec<Option<f64>> {
        in_order(lists.len(), self.threads, |list| {
            let conditions: Vec<Conditions> =
                lists[list].iter().map(|&i| self.list.conditions[i].clone()).collect();
            let list = Simulated { definition: self.list.definition, conditions: &conditions };
            times(&list).map(|[first, last]| last - first)
        })
    }
}

/// What each block tells: the products of the effects of all causes and the vectors of shared chance with each other, in units of
/// its own chance.
struct Told {
    causes: usize,
    grams: Vec<Vec<Vec<f64>>>,
}

impl Told {
    /// A step of each cause in standard deviations of chance.
    fn deviations(&self, places: &[usize]) -> Vec<f64> {
        let mut all = self.grams[0].clone();
        for place in places {
            for (row, more) in all.iter_mut().zip(&self.grams[place + 1]) {
                row.iter_mut().zip(more).for_each(|(value, more)| *value += more);
            }
        }
        // Woodbury: eᵀ (1 + V Vᵀ)⁻¹ e = eᵀ e − eᵀ V (1 + Vᵀ V)⁻¹ Vᵀ e.
        let shared = all.len() - self.causes;
        let inner: Vec<Vec<f64>> = (0..shared)
            .map(|i| {
                let mut row = all[self.causes + i][self.causes..].to_vec();
                row[i] += 1.0;
                row
            })
            .collect();
        let factor = Factor::of(&inner).expect("one and more on the diagonal");
        let of = |cause: usize| {
            let along = factor.whiten(&all[cause][self.causes..]);
            (all[cause][cause] - super::matrix::dot(&along, &along)).max(0.0).sqrt()
        };
        (0..self.causes).map(of).collect()
    }

    /// How many of the steps would be found, on average.
    fn found(&self, places: &[usize]) -> f64 {
        let limit = self.limit();
        self.deviations(places).iter().map(|by| normal::cdf(by - limit)).sum()
    }

    /// Deviations that a cause must exceed.
    fn limit(&self) -> f64 {
        -normal::quantile(FALSE_ALARM / (2.0 * self.causes.max(1) as f64))
    }

    /// Notes which causes are found after this time.
    fn note(&self, places: &[usize], lasted_s: f64, needed_s: &mut [Option<f64>]) {
        if places.len() < LEAST {
            return;
        }
        let deviations = self.deviations(places);
        let limits = limits(&deviations);
        for ((by, limit), needed) in deviations.iter().zip(limits).zip(needed_s) {
            if *by >= limit + normal::quantile(SHOWN) {
                needed.get_or_insert(lasted_s);
            }
        }
    }

    /// Goes on with experiments that last so long each until there are no more.
    fn beyond(&self, mut places: Vec<usize>, each_s: f64, needed_s: &mut [Option<f64>]) {
        let all = self.grams.len() - 1;
        while places.len() < all {
            let free = (0..all).filter(|place| !places.contains(place));
            let more = free.map(|place| with(&places, place));
            let told = more.map(|more| (self.found(&more), more));
            let best = told.reduce(|best, next| if next.0 > best.0 { next } else { best });
            places = best.expect("there are more").1;
            self.note(&places, each_s * (places.len() - 1) as f64, needed_s);
        }
    }
}

/// The places with one more, in order.
fn with(places: &[usize], more: usize) -> Vec<usize> {
    let mut all = [places, &[more]].concat();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::matrix::dot;

    /// Readings of two blocks, as effects of two causes and one vector that is common to both.
    fn told(blocks: &[[[f64; 2]; 3]]) -> Told {
        let none = vec![vec![0.0; 3]; 3];
        let of = |block: &[[f64; 2]; 3]| gram(&block.map(|vector| vector.to_vec()));
        let grams = [none].into_iter().chain(blocks.iter().map(of)).collect();
        Told { causes: 2, grams }
    }

    #[test]
    fn what_experiments_have_in_common_by_chance_tells_less() {
        let blocks = [[[2.0, 0.5], [0.3, 1.0], [1.5, 0.2]], [[1.0, 1.0], [0.0, 0.7], [0.9, -0.4]]];
        let both: Vec<Vec<f64>> = (0..3).map(|i| [blocks[0][i], blocks[1][i]].concat()).collect();
        let mut covariance = vec![vec![0.0; 4]; 4];
        for (i, row) in covariance.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value = both[2][i] * both[2][j] + if i == j { 1.0 } else { 0.0 };
            }
        }
        let direct = Factor::of(&covariance).unwrap();
        for (cause, by) in told(&blocks).deviations(&[0, 1]).iter().enumerate() {
            let whitened = direct.whiten(&both[cause]);
            assert!((by - dot(&whitened, &whitened).sqrt()).abs() < 1e-12, "{cause}: {by}");
        }
    }

    /// Of two experiments the one tells more of a cause that will hardly be found in any case, the other of one that nearly is. The
    /// determinant of the information rises more with the first.
    #[test]
    fn an_experiment_counts_by_what_it_finds_and_not_by_what_it_tells_of_what_cannot_be_found() {
        let before = [[3.0, 0.0], [0.0, 0.1], [0.0, 0.0]];
        let hardly = [[0.0, 0.0], [0.0, 1.2], [0.0, 0.0]];
        let nearly = [[2.4, 0.0], [0.0, 0.0], [0.0, 0.0]];
        let told = told(&[before, hardly, nearly]);
        let information = |places: &[usize]| -> f64 {
            told.deviations(places).iter().map(|by| 1.0 + by * by).product()
        };
        assert!(information(&[0, 1]) > information(&[0, 2]));
        assert!(told.found(&[0, 2]) > told.found(&[0, 1]) + 0.1);
    }

    #[test]
    fn a_cause_is_noted_when_it_shows_nine_times_of_ten() {
        let one = [[2.4, 0.0], [0.0, 0.1], [0.0, 0.0]];
        let told = told(&[one, one, one, one]);
        let mut needed_s = [None, None];
        told.note(&[0, 1], 100.0, &mut needed_s);
        assert_eq!(needed_s, [None, None]);
        told.beyond(vec![0, 1], 100.0, &mut needed_s);
        assert_eq!(needed_s, [Some(200.0), None]);
    }
}
