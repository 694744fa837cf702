//! What an experiment is worth where several outcomes matter.

use flowtwin_lab::{Goals, Limit, Stream, math};

use crate::acquisition::{cdf, density};
use crate::boxes::Boxes;
use crate::feasibility::Feasibility;
use crate::improvement::{Lens, Partial, expected};
use crate::objective::Price;
use crate::policy::pool::log_probability;
use crate::search::Objective;
use crate::{Belief, Model, Posterior as _, Slope};

/// What experiments are for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Purpose {
    /// Larger hypervolume.
    Improve(Lens),
    /// Knowledge of all outcomes: the sum of their variances, each in units of what was measured of it.
    Learn,
}

impl Purpose {
    /// The expected improvement of the hypervolume.
    pub(super) const EXPECTED: Self = Self::Improve(Lens::Expected);

    /// The improvement where every score is `lambda` standard deviations better than expected.
    pub(super) fn optimistic(lambda: f64) -> Self {
        Self::Improve(Lens::Optimistic(lambda))
    }
}

/// The logarithm of an improvement that is none.
pub(super) const NOTHING: f64 = -690.0;

/// The least improvement of which a logarithm is taken.
const LEAST: f64 = 1e-300;

/// What an experiment is worth, all outcomes considered.
pub(super) struct Worth<'a> {
    pub(super) goals: &'a Goals,
    /// A model of each outcome that matters, by its place.
    pub(super) models: &'a [Option<Model>],
    pub(super) boxes: &'a Boxes,
    pub(super) feasibility: Option<&'a Feasibility>,
    /// Standard deviation of each outcome over the experiments.
    pub(super) spreads: &'a [f64],
    pub(super) purpose: Purpose,
    pub(super) price: Option<Price<'a>>,
}

impl Worth<'_> {
    /// The value and its derivatives by the beliefs about outcomes, costs and failures apart; `beliefs` are by place.
    fn of(&self, beliefs: &[Belief]) -> (f64, Vec<Partial>) {
        let mut partials = vec![Partial::default(); beliefs.len()];
        let Purpose::Improve(lens) = self.purpose else {
            let mut sum = 0.0;
            for place in self.goals.outcomes() {
                let scaled = beliefs[place].sd / self.spreads[place];
                sum += scaled * scaled;
                partials[place].by_sd = 2.0 * scaled / self.spreads[place];
            }
            return (sum, partials);
        };
        let objectives = &self.goals.objectives;
        let scored: Vec<Belief> = objectives.iter().map(|o| beliefs[o.outcome]).collect();
        let (improvement, by_belief) = expected(self.goals, self.boxes, lens, &scored);
        let least = improvement.max(LEAST);
        let mut value = math::ln(least);
        for (objective, by) in objectives.iter().zip(by_belief) {
            partials[objective.outcome].by_mean += by.by_mean / least;
            partials[objective.outcome].by_sd += by.by_sd / least;
        }
        for limit in &self.goals.limits {
            let holds = log_holds(limit, beliefs[limit.outcome]);
            value += holds.value;
            partials[limit.outcome].by_mean += holds.by_mean;
            partials[limit.outcome].by_sd += holds.by_sd;
        }
        (value, partials)
    }

    /// A value at `u` [d], all else considered.
    fn all(&self, value: f64, u: &[f64]) -> f64 {
        let value = match (self.feasibility, self.purpose) {
            (None, _) => value,
            (Some(feasibility), Purpose::Learn) => value * feasibility.worth(u),
            (Some(feasibility), _) => value + math::ln(feasibility.worth(u).max(LEAST)),
        };
        self.price.as_ref().map_or(value, |price| value - price.at(u))
    }

    /// What each of `points` [q][d] adds to the hypervolume in one draw of all outcomes, by its logarithm; where it adds nothing,
    /// what it is expected to add, below everything that does.
    pub(super) fn drawn(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        let mut draws = vec![vec![Belief::default(); self.models.len()]; points.len()];
        for (place, model) in self.models.iter().enumerate() {
            let Some(model) = model else { continue };
            for (draws, mean) in draws.iter_mut().zip(model.draw(points, stream)) {
                draws[place] = Belief { mean, sd: 0.0 };
            }
        }
        let certain = Worth { purpose: Purpose::EXPECTED, price: None, ..*self };
        let drawn = points.iter().zip(&draws).map(|(u, b)| certain.all(certain.of(b).0, u));
        let expected = certain.values(points).into_iter().map(|value| NOTHING + value);
        drawn.zip(expected).map(|(drawn, expected)| drawn.max(expected)).collect()
    }

    fn beliefs(&self, u: &[f64]) -> Vec<Belief> {
        let at = |model: &Option<Model>| model.as_ref().map_or(Belief::default(), |m| m.at(u));
        self.models.iter().map(at).collect()
    }
}

impl Objective for Worth<'_> {
    fn value(&self, u: &[f64], _scratch: &mut Vec<f64>) -> f64 {
        self.all(self.of(&self.beliefs(u)).0, u)
    }

    fn values(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let views: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
        let mut beliefs = vec![vec![Belief::default(); self.models.len()]; points.len()];
        for (place, model) in self.models.iter().enumerate() {
            let Some(model) = model else { continue };
            for (beliefs, belief) in beliefs.iter_mut().zip(model.beliefs(&views)) {
                beliefs[place] = belief;
            }
        }
        points.iter().zip(&beliefs).map(|(u, b)| self.all(self.of(b).0, u)).collect()
    }

    fn slope(&self, u: &[f64]) -> Option<(f64, Vec<f64>)> {
        let slope = |model: &Option<Model>| match model {
            None => Some(Slope::default()),
            Some(model) => model.slope(u),
        };
        let slopes: Vec<Slope> = self.models.iter().map(slope).collect::<Option<_>>()?;
        let beliefs: Vec<Belief> = slopes.iter().map(|slope| slope.belief).collect();
        let (mut value, partials) = self.of(&beliefs);
        let mut gradient = vec![0.0; u.len()];
        for (slope, by) in slopes.iter().zip(&partials) {
            for (j, (mean, sd)) in slope.mean.iter().zip(&slope.sd).enumerate() {
                gradient[j] += by.by_mean * mean + by.by_sd * sd;
            }
        }
        if let Some(feasibility) = self.feasibility {
            let (p, by_u) = feasibility.worth_slope(u);
            let p = p.max(LEAST);
            let (by_value, by_p) =
                if self.purpose == Purpose::Learn { (p, value) } else { (1.0, 1.0 / p) };
            value = if self.purpose == Purpose::Learn { p * value } else { value + math::ln(p) };
            gradient.iter_mut().zip(by_u).for_each(|(g, q)| *g = by_value * *g + by_p * q);
        }
        if let Some(price) = &self.price {
            let (paid, by_u) = price.slope(u);
            gradient.iter_mut().zip(by_u).for_each(|(g, p)| *g -= p);
            value -= paid;
        }
        Some((value, gradient))
    }
}

/// Least standard deviation that is divided by.
const TINY: f64 = 1e-12;

/// The logarithm of the probability that an outcome keeps a limit, and its derivatives.
fn log_holds(limit: &Limit, Belief { mean, sd }: Belief) -> Partial {
    let sd = sd.max(TINY);
    let z = |bound: f64| (bound - mean) / sd;
    match (limit.at_least, limit.at_most) {
        (None, None) => Partial::default(),
        (Some(low), None) => one_sided(-z(low), 1.0, sd),
        (None, Some(high)) => one_sided(z(high), -1.0, sd),
        (Some(low), Some(high)) => between(z(low), z(high), sd),
    }
}

/// `ln Φ(z)` with `z = sign (mean - bound) / sd`.
fn one_sided(z: f64, sign: f64, sd: f64) -> Partial {
    let value = log_probability(z);
    // φ / Φ, which far out is about -z.
    let by_z = if z > -30.0 { density(z) / cdf(z) } else { -z - 1.0 / z };
    Partial { value, by_mean: by_z * sign / sd, by_sd: -by_z * z / sd }
}

/// `ln (Φ(high) - Φ(low))`, on the side of the normal where the difference does not cancel.
fn between(low: f64, high: f64, sd: f64) -> Partial {
    let p = if low > 0.0 { cdf(-low) - cdf(-high) } else { cdf(high) - cdf(low) };
    if p < LEAST {
        // The nearer bound decides.
        return if low > 0.0 { one_sided(-low, 1.0, sd) } else { one_sided(high, -1.0, sd) };
    }
    let (below, above) = (density(low), density(high));
    let by_mean = (below - above) / (sd * p);
    Partial { value: math::ln(p), by_mean, by_sd: (low * below - high * above) / (sd * p) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Encoding, SurrogateSpec};
    use flowtwin_lab::Streams;
    use flowtwin_lab::{Goal, Objective as Wanted};
    use ndarray::Array2;

    #[test]
    fn the_probability_that_a_limit_holds_has_the_slopes_of_finite_differences() {
        let limit = |at_least, at_most| Limit { outcome: 0, at_least, at_most };
        let limits = [limit(Some(0.2), None), limit(None, Some(0.7)), limit(Some(0.2), Some(0.7))];
        for limit in limits {
            for mean in [-3.0, 0.1, 0.5, 4.0] {
                let at = |mean, sd| log_holds(&limit, Belief { mean, sd }).value;
                let by_mean = (at(mean + 1e-6, 0.3) - at(mean - 1e-6, 0.3)) / 2e-6;
                let by_sd = (at(mean, 0.3 + 1e-6) - at(mean, 0.3 - 1e-6)) / 2e-6;
                let found = log_holds(&limit, Belief { mean, sd: 0.3 });
                let close = |a: f64, b: f64| (a - b).abs() < 1e-4 * b.abs().max(1.0);
                assert!(close(found.by_mean, by_mean), "{limit:?} {mean}: {found:?} {by_mean}");
                assert!(close(found.by_sd, by_sd), "{limit:?} {mean}: {found:?} {by_sd}");
            }
        }
        // Φ(1) - Φ(-1) = 0.6826894921.
        let one = limit(Some(-1.0), Some(1.0));
        let p = math::exp(log_holds(&one, Belief { mean: 0.0, sd: 1.0 }).value);
        assert!((p - 0.682_689_492_1).abs() < 1e-9);
    }

    #[test]
    fn the_worth_of_a_point_has_the_slopes_of_finite_differences() {
        let mut stream = Streams::new(1).open("test", 0);
        let x = Array2::from_shape_simple_fn((25, 2), || stream.uniform());
        let model = |f: fn(f64, f64) -> f64| {
            let y: Vec<f64> = x.rows().into_iter().map(|r| f(r[0], r[1])).collect();
            let context = Context::new(Streams::new(1));
            Encoding::default().fit(SurrogateSpec::Gp, x.view(), &y, &context).ok()
        };
        let models = [model(|a, b| a * (1.0 - b)), model(|a, b| a * a + b), model(|a, b| a + b)];
        let wanted = |outcome, goal| Wanted { outcome, goal, worst: None };
        let goals = Goals {
            objectives: vec![
                wanted(0, Goal::Maximize),
                wanted(1, Goal::Target { target: 0.5, within: 0.05 }),
            ],
            limits: vec![Limit { outcome: 2, at_least: None, at_most: Some(1.2) }],
        };
        let boxes = Boxes::new(&[vec![0.3, -0.1], vec![0.4, -0.3]], &[0.0, -1.0]);
        for purpose in [Purpose::EXPECTED, Purpose::optimistic(1.0), Purpose::Learn] {
            let worth = Worth {
                goals: &goals,
                models: &models,
                boxes: &boxes,
                feasibility: None,
                spreads: &[0.2, 0.3, 0.4],
                purpose,
                price: None,
            };
            let u = [0.61, 0.23];
            let (value, gradient) = worth.slope(&u).unwrap();
            let mut scratch = Vec::new();
            assert!((value - worth.value(&u, &mut scratch)).abs() < 1e-12);
            for j in 0..2 {
                let (mut above, mut below) = (u, u);
                above[j] += 1e-6;
                below[j] -= 1e-6;
                let step = worth.value(&above, &mut scratch) - worth.value(&below, &mut scratch);
                let difference = step / 2e-6;
                let slope = gradient[j];
                assert!(
                    (slope - difference).abs() < 1e-3 * difference.abs().max(1.0),
                    "{purpose:?} {j}: {slope} {difference}"
                );
            }
        }
    }
}
