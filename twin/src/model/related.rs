//! An outcome that earlier campaigns have measured too, perhaps with another detector or on another rig.

use flowtwin_lab::{Stream, math};
use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::Model;
use crate::surrogate::{Belief, FitError, Posterior, Slope};
use crate::{Context, history};
use crate::{Encoding, History, SurrogateSpec, Trial, Work};

/// What earlier experiments say of the outcome, recalibrated, and what is left over: `y(x) = offset + gain e(x) + r(x)`.
///
/// `e` is a model of the earlier experiments alone. Gain and offset are found by least squares from the campaign's own
/// experiments, and `r`, with noise of its own, is a model of what they leave (Kennedy and O'Hagan 2000, DOI
/// 10.1093/biomet/87.1.1). So a detector of half the gain, an offset or an optimum that has moved are learnt, and do not
/// spoil the campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Related {
    earlier: Model,
    gain: f64,
    offset: f64,
    rest: Model,
}

/// Fewest experiments of its own from which a campaign learns how it is related to another.
const FEWEST: usize = 4;

/// Logarithm of the likelihood that gain and offset must gain to be believed.
const PENALTY: f64 = 2.0;

/// How a campaign is related to earlier ones, to be learnt.
pub(crate) struct Relation<'a> {
    pub(crate) surrogate: SurrogateSpec,
    pub(crate) encoding: &'a Encoding,
    /// Earlier campaigns.
    pub(crate) earlier: &'a [Vec<Trial>],
}

/// Inputs [n, d] and outcomes \[n\].
type Rows = (Array2<f64>, Vec<f64>);

/// The most plausible model so far, and the logarithm of the density that it gives to the outcomes.
#[derive(Default)]
struct Best(Option<(f64, Model)>);

impl Best {
    fn offer(&mut self, density: f64, model: Model) {
        if self.0.as_ref().is_none_or(|(highest, _)| density > *highest) {
            self.0 = Some((density, model));
        }
    }
}

impl Relation<'_> {
    /// The model of outcomes `y` \[n\] at `x` [n, d] that gives each of them the highest density when it is left out: of them alone;
    /// of them and those of an earlier campaign, as they are or recalibrated; or of what those leave. None where there is too
    /// little for any.
    ///
    /// With fewer than four outcomes, it is that of them and the earlier ones, shifted by the mean difference.
    pub(crate) fn learn(
        &self,
        x: &Array2<f64>,
        y: &[f64],
        context: &Context,
        work: &mut Work,
    ) -> Result<Option<Model>, FitError> {
        let mut best = Best::default();
        if y.len() >= FEWEST {
            let alone = self.fit(x.view(), y, context, work)?;
            best.offer(density(alone.held_out(), y), alone);
        }
        for (k, trials) in self.earlier.iter().enumerate() {
            let rows = history::measured(trials, self.dim(trials), |trial| trial.outcome);
            if rows.1.len() > 2 {
                let context = context.child("earlier", k as u64);
                self.relate(&rows, x, y, &context, work, &mut best)?;
            }
        }
        if best.0.is_none() && y.len() > 1 {
            return self.fit(x.view(), y, context, work).map(Some);
        }
        Ok(best.0.map(|(_, model)| model))
    }

    /// Offers the models that relate outcomes to those of one earlier campaign.
    fn relate(
        &self,
        rows: &Rows,
        x: &Array2<f64>,
        y: &[f64],
        context: &Context,
        work: &mut Work,
        best: &mut Best,
    ) -> Result<(), FitError> {
        let earlier = self.fit(rows.0.view(), &rows.1, context, work)?;
        let said: Vec<f64> = earlier.predict(x.view()).iter().map(|belief| belief.mean).collect();
        let (gain, offset) = recalibrated(&said, y);
        let recalibrated = self.pool(rows, (gain, offset), x, y, context, work)?;
        if y.len() < FEWEST {
            best.offer(0.0, recalibrated);
            return Ok(());
        }
        let own = |model: &Model| density(&model.held_out()[rows.1.len()..], y);
        if gain > 0.0 {
            best.offer(own(&recalibrated) - PENALTY, recalibrated);
        }
        let same = self.pool(rows, (1.0, 0.0), x, y, context, work)?;
        best.offer(own(&same), same);
        let left: Vec<f64> = said.iter().zip(y).map(|(e, y)| y - offset - gain * e).collect();
        if left.iter().any(|r| r.total_cmp(&left[0]).is_ne()) {
            let rest = self.fit(x.view(), &left, context, work)?;
            let density = density(rest.held_out(), &left) - PENALTY;
            let related = Related { earlier, gain, offset, rest };
            best.offer(density, Model::Related(Box::new(related)));
        }
        Ok(())
    }

    /// The model of the outcomes and the earlier ones, these recalibrated.
    fn pool(
        &self,
        rows: &Rows,
        (gain, offset): (f64, f64),
        x: &Array2<f64>,
        y: &[f64],
        context: &Context,
        work: &mut Work,
    ) -> Result<Model, FitError> {
        let mut all = rows.0.clone();
        for row in x.rows() {
            all.push_row(row).expect("one value for each input");
        }
        let earlier = rows.1.iter().map(|e| offset + gain * e);
        let outcomes: Vec<f64> = earlier.chain(y.iter().copied()).collect();
        self.fit(all.view(), &outcomes, context, work)
    }

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
        work: &mut Work,
    ) -> Result<Model, FitError> {
        let model = self.encoding.fit(self.surrogate, x, y, context)?;
        *work += model.work();
        Ok(model)
    }

    /// The same, which knows of `pending` experiments \[q\]\[d\] that they yield what it expects.
    pub(crate) fn believed(
        &self,
        (mut x, mut y): (Array2<f64>, Vec<f64>),
        pending: &[Vec<f64>],
        context: &Context,
        work: &mut Work,
    ) -> Result<Model, FitError> {
        let few = FitError::TooFew { rows: y.len(), least: 2 };
        let learnt = self.learn(&x, &y, context, work)?.ok_or_else(|| few.clone())?;
        let mut grown = Some(learnt.clone());
        for u in pending {
            grown = grown.and_then(|model| model.with(u, model.at(u).mean));
        }
        if let Some(model) = grown {
            return Ok(model);
        }
        for u in pending {
            y.push(learnt.at(u).mean);
            x.push_row(ArrayView1::from(&u[..])).expect("one value for each input");
        }
        self.learn(&x, &y, context, work)?.ok_or(few)
    }

    fn dim(&self, trials: &[Trial]) -> usize {
        trials.first().map_or(0, |trial| trial.x.len())
    }
}

/// Gain and offset of `y` \[n\] over what was `said` \[n\] of them, by least squares; the gain is not negative. Few outcomes keep the gain
/// of one.
fn recalibrated(said: &[f64], y: &[f64]) -> (f64, f64) {
    if y.is_empty() {
        return (1.0, 0.0);
    }
    let count = y.len() as f64;
    let mean = |values: &[f64]| values.iter().fold(0.0, |sum, v| sum + v) / count;
    let (e, m) = (mean(said), mean(y));
    let (mut squares, mut products) = (0.0, 0.0);
    for (said, y) in said.iter().zip(y) {
        squares += (said - e) * (said - e);
        products += (said - e) * (y - m);
    }
    let gain = if y.len() < FEWEST { 1.0 } else { (products / squares.max(1e-300)).max(0.0) };
    (gain, m - gain * e)
}

/// The sum of the logarithms of the densities of `y` \[n\], each by a model without it.
fn density(held_out: &[Belief], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (belief, y) in held_out.iter().zip(y) {
        let sd = belief.sd.max(f64::MIN_POSITIVE);
        let z = (y - belief.mean) / sd;
        sum -= math::ln(sd) + 0.5 * z * z;
    }
    sum
}

impl History {
    /// Whether earlier campaigns have anything to say.
    pub(crate) fn is_related(&self) -> bool {
        let enough =
            |trials: &Vec<Trial>| trials.iter().filter(|t| t.outcome.is_some()).count() > 2;
        self.earlier.iter().any(enough)
    }
}

impl Related {
    /// By what the earlier outcomes are multiplied.
    pub fn gain(&self) -> f64 {
        self.gain
    }

    /// The same with one more experiment, where the model of what is left can take one in.
    pub(crate) fn with(&self, x: &[f64], y: f64) -> Option<Self> {
        let trend = self.offset + self.gain * self.earlier.at(x).mean;
        Some(Self { rest: self.rest.with(x, y - trend)?, ..self.clone() })
    }

    fn join(&self, earlier: Belief, rest: Belief) -> Belief {
        let spread = self.gain * earlier.sd;
        Belief {
            mean: self.offset + self.gain * earlier.mean + rest.mean,
            sd: (spread * spread + rest.sd * rest.sd).sqrt(),
        }
    }
}

impl Posterior for Related {
    fn at(&self, x: &[f64]) -> Belief {
        self.join(self.earlier.at(x), self.rest.at(x))
    }

    fn noise_sd(&self) -> f64 {
        self.rest.noise_sd()
    }

    fn draw(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        let earlier = self.earlier.draw(points, stream);
        let rest = self.rest.draw(points, stream);
        earlier.iter().zip(rest).map(|(e, r)| self.offset + self.gain * e + r).collect()
    }

    fn slope(&self, x: &[f64]) -> Option<Slope> {
        let (earlier, rest) = (self.earlier.slope(x)?, self.rest.slope(x)?);
        let belief = self.join(earlier.belief, rest.belief);
        let sd = belief.sd.max(1e-300);
        let by_mean = |(e, r): (&f64, &f64)| self.gain * e + r;
        let by_sd = |(e, r): (&f64, &f64)| {
            (self.gain * self.gain * earlier.belief.sd * e + rest.belief.sd * r) / sd
        };
        Some(Slope {
            belief,
            mean: earlier.mean.iter().zip(&rest.mean).map(by_mean).collect(),
            sd: earlier.sd.iter().zip(&rest.sd).map(by_sd).collect(),
        })
    }

    /// Of what is left over.
    fn held_out(&self) -> &[Belief] {
        self.rest.held_out()
    }

    fn work(&self) -> Work {
        self.earlier.work() + self.rest.work()
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    fn hill(x: &[f64]) -> f64 {
        let off: f64 = x.iter().map(|x| (x - 0.7) * (x - 0.7)).sum();
        math::exp(-3.0 * off)
    }

    fn points(count: usize, seed: u64) -> Array2<f64> {
        let mut stream = Streams::new(seed).open("test", 0);
        Array2::from_shape_simple_fn((count, 2), || stream.uniform())
    }

    fn outcomes(x: &Array2<f64>, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let mut noise = Streams::new(7).open("noise", 0);
        x.rows().into_iter().map(|row| of(&row.to_vec()) + 0.01 * noise.normal()).collect()
    }

    fn learn(own: usize, of: impl Fn(&[f64]) -> f64) -> Model {
        let (before, now) = (points(40, 1), points(own, 2));
        let trial =
            |(row, y): (ndarray::ArrayView1<'_, f64>, f64)| Trial::at(row.to_vec(), Some(y));
        let trials = before.rows().into_iter().zip(outcomes(&before, hill)).map(trial).collect();
        let relation = Relation {
            surrogate: SurrogateSpec::Gp,
            encoding: &Encoding::default(),
            earlier: &[trials],
        };
        let context = Context::new(Streams::new(3));
        let y = outcomes(&now, of);
        relation.learn(&now, &y, &context, &mut Work::default()).unwrap().unwrap()
    }

    #[test]
    fn another_gain_and_offset_are_learnt_from_a_few_experiments() {
        let model = learn(6, |x| 20.0 + 0.5 * hill(x));
        for x in [[0.7, 0.7], [0.2, 0.9], [0.5, 0.4]] {
            let belief = model.at(&x);
            assert!((belief.mean - 20.0 - 0.5 * hill(&x)).abs() < 0.05, "{x:?}: {belief:?}");
        }
    }

    #[test]
    fn what_has_nothing_to_do_with_it_is_not_believed() {
        let other = |x: &[f64]| 3.0 + 2.0 * math::sin(9.0 * x[0]) * (1.0 - 2.0 * x[1]);
        let model = learn(12, other);
        // The model of its own twelve experiments has no more of them held out.
        assert_eq!(model.held_out().len(), 12, "{model:?}");
        let gain = if let Model::Related(related) = &model { related.gain() } else { 0.0 };
        assert!(gain < 0.3, "{gain}");
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let fit = |of: fn(&[f64]) -> f64, seed| {
            let (x, context) = (points(12, seed), Context::new(Streams::new(3)));
            let y = outcomes(&x, of);
            Encoding::default().fit(SurrogateSpec::Gp, x.view(), &y, &context).unwrap()
        };
        let (earlier, rest) = (fit(hill, 1), fit(|x| 0.3 * x[0] * x[0], 2));
        let model = Related { earlier, gain: 0.5, offset: 2.0, rest };
        let u = [0.31, 0.62];
        let slope = model.slope(&u).unwrap();
        for j in 0..2 {
            let (mut above, mut below) = (u, u);
            above[j] += 1e-6;
            below[j] -= 1e-6;
            let (a, b) = (model.at(&above), model.at(&below));
            assert!((slope.mean[j] - (a.mean - b.mean) / 2e-6).abs() < 1e-4);
            assert!((slope.sd[j] - (a.sd - b.sd) / 2e-6).abs() < 1e-4);
        }
    }
}
