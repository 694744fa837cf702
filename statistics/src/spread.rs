//! How far a number spreads over rigs, apart from how far it spreads over seeds on one rig.

use flowtwin_lab::math;
use serde::Serialize;

use crate::estimate::{Estimate, student_95};
use crate::normal;
use crate::{mean, variance};

/// Degrees of freedom up to which quantiles of χ² are exact.
const EXACT: f64 = 300.0;

/// A number that was found on several rigs, with the same seeds on each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spreads {
    /// Its mean over rigs, and over seeds where it depends on them: what rigs have on average. Its interval holds both, as far as
    /// there are several seeds.
    pub mean: Estimate,
    /// The spread over rigs: what is left of it once chance is taken out.
    pub rigs: Spread,
    /// The spread over seeds on one and the same rig: chance.
    pub seeds: Spread,
}

/// A spread as a standard deviation, and over how many.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How many there are of them.
    pub n: usize,
    /// The standard deviation and its 95 % interval; none where the numbers do not determine it.
    pub deviation: Option<Estimate>,
}

impl Spreads {
    /// The spreads of `values` \[rigs\]\[seeds\], the same seeds on each rig. Where `chance` is false the number depends on no seed:
    /// one is enough, and all of the spread is that of rigs.
    ///
    /// Analysis of variance in two directions (Searle, Casella and McCulloch, *Variance Components*, 1992, chapter 4): with mean
    /// squares R of R rigs and E of what is left over M seeds, the variance over rigs is (R − E)/M, its interval that of R with E
    /// taken as known. With the mean square S of seeds, the mean of all has the variance (R + S − E)/RM. The variance over seeds is
    /// the mean of those on each rig; the degrees of freedom of both are those of Satterthwaite 1946 (DOI 10.2307/3002019).
    ///
    /// # Panics
    /// If there is no value, or rigs have different numbers of them.
    pub fn of(values: &[Vec<f64>], chance: bool) -> Self {
        let (rigs, seeds) = (values.len(), values.first().map_or(0, Vec::len));
        assert!(rigs > 0 && seeds > 0, "there is nothing to tell");
        assert!(values.iter().all(|of_rig| of_rig.len() == seeds), "each rig has all seeds");
        let means: Vec<f64> = values.iter().map(|of_rig| mean(of_rig)).collect();
        let squares = Squares::of(values, &means);
        let over_rigs = || match chance {
            false => squares.over_rigs(0.0),
            true if seeds < 2 => None,
            true => squares.over_rigs(squares.left),
        };
        let deviation = if rigs < 2 { None } else { over_rigs() };
        let over_seeds = if chance && seeds > 1 { squares.over_seeds() } else { None };
        Self {
            mean: if chance && seeds > 1 {
                squares.mean(mean(&means))
            } else {
                Estimate::mean(&means)
            },
            rigs: Spread { n: rigs, deviation },
            seeds: Spread { n: seeds, deviation: over_seeds },
        }
    }
}

/// Mean squares of a table of rigs and seeds.
struct Squares {
    rigs: f64,
    seeds: f64,
    /// Between the rigs, between the seeds, and what neither explains.
    between_rigs: f64,
    between_seeds: f64,
    left: f64,
    /// Mean over rigs of the variance over seeds.
    within: f64,
}

impl Squares {
    fn of(values: &[Vec<f64>], means: &[f64]) -> Self {
        let (rigs, seeds) = (values.len() as f64, values[0].len() as f64);
        let over =
            |seed: usize| mean(&values.iter().map(|of_rig| of_rig[seed]).collect::<Vec<_>>());
        let of_seeds: Vec<f64> = (0..values[0].len()).map(over).collect();
        let within = mean(&values.iter().map(|of_rig| variance(of_rig)).collect::<Vec<_>>());
        let between_seeds = rigs * variance(&of_seeds);
        // What is within rigs is between seeds, or left.
        let left = ((rigs * within - between_seeds) / (rigs - 1.0)).max(0.0);
        Self { rigs, seeds, between_rigs: seeds * variance(means), between_seeds, left, within }
    }

    /// The mean of all, with an interval for other rigs and other seeds.
    fn mean(&self, value: f64) -> Estimate {
        if self.rigs < 2.0 {
            return Estimate { value, low: f64::NEG_INFINITY, high: f64::INFINITY };
        }
        let (rigs, seeds) = (self.rigs - 1.0, self.seeds - 1.0);
        // Seeds that spread less than chance by chance do not make the mean surer.
        let square = self.between_rigs + (self.between_seeds - self.left).max(0.0);
        let doubt = self.between_rigs * self.between_rigs / rigs
            + self.between_seeds * self.between_seeds / seeds
            + self.left * self.left / (rigs * seeds);
        if doubt <= 0.0 {
            return Estimate::exact(value);
        }
        let freedom = (square * square / doubt).floor().max(1.0);
        let half = student_95(freedom as usize) * (square / (self.rigs * self.seeds)).sqrt();
        Estimate { value, low: value - half, high: value + half }
    }

    /// The spread over rigs, where chance has this mean square.
    fn over_rigs(&self, chance: f64) -> Option<Estimate> {
        let freedom = self.rigs - 1.0;
        let deviation = |square: f64| ((square - chance).max(0.0) / self.seeds).sqrt();
        let end = |p: f64| deviation(self.between_rigs * freedom / chi_squared(p, freedom));
        let value = deviation(self.between_rigs);
        value.is_finite().then(|| Estimate { value, low: end(0.975), high: end(0.025) })
    }

    /// The spread over seeds on one rig.
    fn over_seeds(&self) -> Option<Estimate> {
        let freedom = self.seeds - 1.0;
        let (shared, own) =
            (self.between_seeds / self.rigs, self.left * (self.rigs - 1.0) / self.rigs);
        let of_own = if self.rigs > 1.0 { own * own / ((self.rigs - 1.0) * freedom) } else { 0.0 };
        let doubt = shared * shared / freedom + of_own;
        if !self.within.is_finite() {
            return None;
        }
        if doubt <= 0.0 {
            return Some(Estimate::exact(0.0));
        }
        let freedom = (self.within * self.within / doubt).round().max(1.0);
        let end = |p: f64| (self.within * freedom / chi_squared(p, freedom)).sqrt();
        Some(Estimate { value: self.within.sqrt(), low: end(0.975), high: end(0.025) })
    }
}

/// The value that χ² with this many degrees of freedom, a whole number, does not exceed with probability `p`: by bisection of its
/// closed form; above 300 degrees of freedom by the approximation of Wilson and Hilferty 1931 (DOI 10.1073/pnas.17.12.684).
fn chi_squared(p: f64, freedom: f64) -> f64 {
    if freedom > EXACT {
        let share = 2.0 / (9.0 * freedom);
        let root = 1.0 - share + normal::quantile(p) * share.sqrt();
        return freedom * root * root * root;
    }
    let (mut low, mut high) = (0.0, 20.0 * (freedom + 10.0));
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if exceeds(middle, freedom as u32) > 1.0 - p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The probability that χ² exceeds `x` (Abramowitz and Stegun 1964, 26.4.4 and 26.4.5).
fn exceeds(x: f64, freedom: u32) -> f64 {
    let half = 0.5 * x;
    let (mut term, mut sum, first) = match freedom % 2 {
        0 => (math::exp(-half), 0.0, 1.0),
        _ => {
            let tails = math::erfc(half.sqrt());
            (math::exp(-half) * (half / std::f64::consts::PI).sqrt() * 2.0, tails, 1.5)
        }
    };
    for k in 0..freedom / 2 {
        sum += term;
        term *= half / (first + f64::from(k));
    }
    sum
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    #[test]
    fn tabulated_quantiles_of_chi_squared_are_met() {
        // Abramowitz and Stegun 1964, table 26.8.
        let table = [
            (1.0, 0.975, 5.02389),
            (1.0, 0.025, 0.000_982),
            (2.0, 0.975, 7.37776),
            (5.0, 0.025, 0.831_212),
            (10.0, 0.975, 20.4832),
            (19.0, 0.025, 8.90652),
            (100.0, 0.975, 129.561),
        ];
        for (freedom, p, x) in table {
            let found = chi_squared(p, freedom);
            assert!((found / x - 1.0).abs() < 1e-3, "{freedom} {p}: {found}");
        }
        // Where the approximation begins it goes on.
        assert!((chi_squared(0.975, 301.0) - chi_squared(0.975, 300.0) - 1.0).abs() < 0.2);
    }

    /// A table of rigs that spread by `rig`, seeds by `seed` on all rigs alike, and chance by `own`.
    fn table(number: u64, (rigs, seeds): (usize, usize), spread: [f64; 3]) -> Vec<Vec<f64>> {
        let [rig, seed, own] = spread;
        let mut draws = Streams::new(number).open("spreads", 0);
        let of_seeds: Vec<f64> = (0..seeds).map(|_| seed * draws.normal()).collect();
        let mut of_rig = || {
            let level = 5.0 + rig * draws.normal();
            of_seeds.iter().map(|of_seed| level + of_seed + own * draws.normal()).collect()
        };
        (0..rigs).map(|_| of_rig()).collect()
    }

    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        let [rig, seed, own] = [0.6, 0.3, 0.4];
        let truth = [rig, f64::hypot(seed, own), 5.0];
        let mut held = [0; 3];
        for number in 0..1000 {
            let spreads = Spreads::of(&table(number, (10, 5), [rig, seed, own]), true);
            let deviations = [spreads.rigs, spreads.seeds].map(|spread| spread.deviation.unwrap());
            let all = deviations.into_iter().chain([spreads.mean]);
            for (place, Estimate { low, high, .. }) in all.enumerate() {
                held[place] += usize::from((low..=high).contains(&truth[place]));
            }
        }
        for count in held {
            assert!((920..=985).contains(&count), "{held:?} of 1000");
        }
    }

    /// Rigs that are alike, with seeds that are not, tell no more of the mean than the seeds do.
    #[test]
    fn the_mean_is_no_surer_than_its_seeds() {
        let rigs = [[1.0, 2.0, 3.0], [1.01, 2.01, 3.01], [0.99, 1.99, 2.99]].map(Vec::from);
        let mean = Spreads::of(&rigs, true).mean;
        assert!(mean.low < 0.2 && mean.high > 3.8, "{mean:?}");
        let held = |number: &u64| {
            let mean = Spreads::of(&table(*number, (10, 5), [0.1, 0.8, 0.2]), true).mean;
            (mean.low..=mean.high).contains(&5.0)
        };
        let held = (0..1000).filter(held).count();
        assert!((920..=985).contains(&held), "{held} of 1000");
    }

    #[test]
    fn rigs_that_are_alike_have_no_spread_of_their_own() {
        let alike: Vec<Spreads> = (0..200)
            .map(|number| Spreads::of(&table(number, (10, 5), [0.0, 0.3, 0.4]), true))
            .collect();
        let with_none = alike.iter().filter(|s| s.rigs.deviation.unwrap().low <= 0.0).count();
        assert!(with_none >= 185, "{with_none} of 200");
    }

    #[test]
    fn what_cannot_be_told_is_no_number() {
        let one_seed = Spreads::of(&[vec![1.0], vec![2.0], vec![4.0]], true);
        assert_eq!((one_seed.rigs.n, one_seed.rigs.deviation), (3, None));
        assert_eq!((one_seed.seeds.n, one_seed.seeds.deviation), (1, None));
        let one_rig = Spreads::of(&[vec![1.0, 2.0, 4.0]], true);
        assert_eq!(one_rig.rigs.deviation, None);
        let seeds = one_rig.seeds.deviation.unwrap();
        assert!((seeds.value - crate::standard_deviation(&[1.0, 2.0, 4.0])).abs() < 1e-12);
        assert!(one_rig.mean.low.is_infinite());
        let fact = Spreads::of(&[vec![1.0], vec![2.0], vec![4.0]], false);
        let rigs = fact.rigs.deviation.unwrap();
        assert!((rigs.value - crate::standard_deviation(&[1.0, 2.0, 4.0])).abs() < 1e-12);
        assert!(rigs.low > 0.5 * rigs.value && rigs.high > rigs.value);
    }
}
