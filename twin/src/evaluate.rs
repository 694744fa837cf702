//! How good a surrogate is on experiments it has not seen.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use flowtwin_lab::math;
use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::{Belief, Context, FitError, Posterior, Surrogate, Work};

/// Resamples behind each interval.
const RESAMPLES: u64 = 400;
/// The two-sided 95 % point of the standard normal.
const TWO_SIDED_95: f64 = 1.959_963_984_540_054;

/// Five ways to compare predictions with measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// One minus the sum of squared errors over that of the mean: what fraction of the variance is predicted.
    pub r2: f64,
    /// Squared Pearson correlation. It forgives a wrong slope and offset, so it is never below a meaningful `r2`.
    pub pearson_r2: f64,
    /// Root mean squared error, in units of the outcome.
    pub rmse: f64,
    /// Mean negative log likelihood of the measurements under normal predictions.
    pub nll: f64,
    /// Share of the measurements within the central 95 % of the predictions.
    pub coverage_95: f64,
}

impl Scores {
    /// The scores of `predicted` \[n\], noise included, against `measured` \[n\].
    ///
    /// # Panics
    /// If the lengths differ or are zero.
    pub fn of(measured: &[f64], predicted: &[Belief]) -> Self {
        assert_eq!(measured.len(), predicted.len(), "one prediction for each measurement");
        let rows = || measured.iter().copied().zip(predicted.iter().copied());
        Self::sum(rows, measured.len())
    }

    fn sum<I: Iterator<Item = (f64, Belief)>>(rows: impl Fn() -> I, n: usize) -> Self {
        assert!(n > 0, "no measurements");
        let count = n as f64;
        let (mut sum_y, mut sum_p) = (0.0, 0.0);
        for (y, p) in rows() {
            sum_y += y;
            sum_p += p.mean;
        }
        let (mean_y, mean_p) = (sum_y / count, sum_p / count);
        let (mut yy, mut pp, mut yp, mut errors, mut nll, mut hits) =
            (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (y, p) in rows() {
            let (dy, dp, error) = (y - mean_y, p.mean - mean_p, y - p.mean);
            yy += dy * dy;
            pp += dp * dp;
            yp += dy * dp;
            errors += error * error;
            let sd = p.sd.max(f64::MIN_POSITIVE);
            let z = error / sd;
            nll += 0.5 * z * z + math::ln(sd) + 0.5 * math::ln(2.0 * PI);
            hits += if z.abs() <= TWO_SIDED_95 { 1.0 } else { 0.0 };
        }
        Self {
            r2: 1.0 - errors / yy,
            pearson_r2: if pp > 0.0 { yp * yp / (yy * pp) } else { 0.0 },
            rmse: (errors / count).sqrt(),
            nll: nll / count,
            coverage_95: hits / count,
        }
    }

    fn each(self) -> [f64; 5] {
        [self.r2, self.pearson_r2, self.rmse, self.nll, self.coverage_95]
    }
}

/// One score of a cross-validation, with its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The score.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The scores of repeated cross-validation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Parts of each split.
    pub folds: usize,
    /// How often the data were split again.
    pub repeats: usize,
    /// See [`Scores::r2`].
    pub r2: Score,
    /// See [`Scores::pearson_r2`].
    pub pearson_r2: Score,
    /// See [`Scores::rmse`].
    pub rmse: Score,
    /// See [`Scores::nll`].
    pub nll: Score,
    /// See [`Scores::coverage_95`].
    pub coverage_95: Score,
    /// What each experiment was predicted to give, for each repeat: \[repeats\]\[n\], noise included.
    pub predicted: Vec<Vec<Belief>>,
    /// How a surrogate that weighs several others weighed them in each fold, from its training data alone:
    /// \[repeats x folds\], empty for others.
    pub weights: Vec<Vec<(String, f64)>>,
    /// What it took.
    pub work: Work,
}

/// Splits 0..rows at random into `folds` parts of nearly equal size.
pub fn folds(rows: usize, folds: usize, repeat: u64, context: &Context) -> Vec<Vec<usize>> {
    let order = context.streams.open("evaluate/folds", repeat).permutation(rows);
    let part = |k: usize| order[k * rows / folds..(k + 1) * rows / folds].to_vec();
    (0..folds).map(part).collect()
}

/// Rows of `x` [n, d] that repeat the same inputs, together; in the order of their first rows.
pub fn replicates(x: ArrayView2<'_, f64>) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, row) in x.rows().into_iter().enumerate() {
        // Adding zero makes -0 and 0 one.
        let key = row.iter().map(|value| (value + 0.0).to_bits()).collect();
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    groups
}

/// Splits the rows of `x` into folds, replicates kept together: as many as requested, or as there are different inputs.
pub fn split(
    x: ArrayView2<'_, f64>,
    count: usize,
    repeat: u64,
    context: &Context,
) -> Vec<Vec<usize>> {
    let groups = replicates(x);
    if groups.len() < 2 {
        return folds(x.nrows(), count, repeat, context);
    }
    let parts = folds(groups.len(), count.min(groups.len()), repeat, context);
    let rows = |part: Vec<usize>| part.into_iter().flat_map(|g| groups[g].clone()).collect();
    parts.into_iter().map(rows).collect()
}

/// Predicts every experiment from a surrogate fitted without its fold, and without any other
/// experiment at the same inputs; the scores of a repeat are taken over all
/// experiments at once, and averaged over repeats. The intervals come from resampling experiments
/// (Efron 1979): they say how far the
/// scores would move with another set of experiments of the same number.
///
/// # Errors
/// If a fit fails.
///
/// # Panics
/// If there are fewer than two folds, no repeats, or fewer experiments than folds.
pub fn cross_validate<S: Surrogate + Sync>(
    surrogate: &S,
    x: ArrayView2<'_, f64>,
    y: &[f64],
    parts: (usize, usize),
    context: &Context,
) -> Result<Evaluation, FitError>
where
    S::Posterior: Send,
{
    let (fold_count, repeats) = parts;
    assert!(fold_count >= 2 && repeats >= 1 && y.len() >= fold_count, "{parts:?} of {}", y.len());
    let splits: Vec<Vec<usize>> =
        (0..repeats).flat_map(|r| split(x, fold_count, r as u64, context)).collect();
    let fold_count = splits.len() / repeats;
    let serial = context.serial();
    let answers = context.map(splits.len(), |k| {
        hold_out(surrogate, x, y, &splits[k], &serial.child("evaluate/fit", k as u64))
    });
    let mut predicted = vec![vec![Belief::default(); y.len()]; repeats];
    let mut work = Work::default();
    let mut weights = Vec::new();
    for (k, answer) in answers.into_iter().enumerate() {
        let (beliefs, posterior) = answer?;
        work += posterior.work();
        let named = posterior.weights().into_iter().map(|(name, w)| (name.to_owned(), w));
        weights.push(named.collect());
        for (i, belief) in splits[k].iter().zip(beliefs) {
            predicted[k / fold_count][*i] = belief;
        }
    }
    if weights.iter().all(Vec::is_empty) {
        weights.clear();
    }
    Ok(Evaluation { weights, work, ..summarise(y, predicted, fold_count, context) })
}

/// Fits without the rows in `out` and predicts them, noise included; also what was fitted.
///
/// # Errors
/// If the fit fails.
pub fn hold_out<S: Surrogate>(
    surrogate: &S,
    x: ArrayView2<'_, f64>,
    y: &[f64],
    out: &[usize],
    context: &Context,
) -> Result<(Vec<Belief>, S::Posterior), FitError> {
    let kept: Vec<usize> = (0..y.len()).filter(|i| !out.contains(i)).collect();
    let outcomes: Vec<f64> = kept.iter().map(|i| y[*i]).collect();
    let posterior = surrogate.fit(x.select(Axis(0), &kept).view(), &outcomes, context)?;
    let noise = posterior.noise_sd();
    let beliefs = posterior.predict(x.select(Axis(0), out).view());
    Ok((beliefs.into_iter().map(|b| b.with_noise(noise)).collect(), posterior))
}

/// The scores of one prediction of each measurement \[n\], noise included, with intervals as [`cross_validate`] gives them.
///
/// # Panics
/// If the lengths differ or are zero.
pub fn judge(measured: &[f64], predicted: &[Belief], context: &Context) -> Evaluation {
    assert_eq!(measured.len(), predicted.len(), "one prediction for each measurement");
    summarise(measured, vec![predicted.to_vec()], measured.len(), context)
}

fn summarise(
    y: &[f64],
    predicted: Vec<Vec<Belief>>,
    folds: usize,
    context: &Context,
) -> Evaluation {
    let n = y.len();
    let average = |rows: &[usize]| {
        let mut sums = [0.0; 5];
        for beliefs in &predicted {
            let scores = Scores::sum(|| rows.iter().map(|i| (y[*i], beliefs[*i])), n);
            for (sum, score) in sums.iter_mut().zip(scores.each()) {
                *sum += score / predicted.len() as f64;
            }
        }
        sums
    };
    let all: Vec<usize> = (0..n).collect();
    let values = average(&all);
    let resampled: Vec<[f64; 5]> = context.map(RESAMPLES as usize, |k| {
        let mut stream = context.streams.open("evaluate/resample", k as u64);
        average(&(0..n).map(|_| stream.below(n)).collect::<Vec<_>>())
    });
    let interval = |k: usize| {
        let mut ordered: Vec<f64> = resampled.iter().map(|r| r[k]).collect();
        ordered.sort_by(f64::total_cmp);
        let at = |share: f64| ordered[(share * (ordered.len() - 1) as f64).round() as usize];
        Score { value: values[k], low: at(0.025), high: at(0.975) }
    };
    Evaluation {
        folds,
        repeats: predicted.len(),
        r2: interval(0),
        pearson_r2: interval(1),
        rmse: interval(2),
        nll: interval(3),
        coverage_95: interval(4),
        predicted,
        ..Evaluation::default()
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;
    use crate::GaussianProcess;
    use ndarray::Array2;
    use std::num::NonZeroUsize;

    fn belief(mean: f64, sd: f64) -> Belief {
        Belief { mean, sd }
    }

    #[test]
    fn scores_are_those_of_a_worked_example() {
        let measured = [1.0, 2.0, 3.0, 4.0];
        let predicted = [belief(2.0, 1.0), belief(4.0, 1.0), belief(6.0, 4.0), belief(8.0, 1.0)];
        let scores = Scores::of(&measured, &predicted);
        // Errors 1, 2, 3, 4: 30 of 5 about the mean; perfectly correlated; inside where error <= 1.96 sd.
        assert!((scores.r2 - (1.0 - 30.0 / 5.0)).abs() < 1e-12);
        assert!((scores.pearson_r2 - 1.0).abs() < 1e-12);
        assert!((scores.rmse - 7.5_f64.sqrt()).abs() < 1e-12);
        assert!((scores.coverage_95 - 0.5).abs() < 1e-12);
        let nll = 0.5 * (1.0 + 4.0 + 9.0 / 16.0 + 16.0) / 4.0
            + math::ln(4.0) / 4.0
            + 0.5 * math::ln(2.0 * PI);
        assert!((scores.nll - nll).abs() < 1e-12, "{} {nll}", scores.nll);
    }

    #[test]
    fn folds_hold_every_row_once() {
        let context = Context::new(Streams::new(1));
        let mut rows: Vec<usize> = folds(23, 5, 0, &context).concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..23).collect::<Vec<_>>());
    }

    #[test]
    fn replicates_are_never_on_both_sides_of_a_split() {
        let x = Array2::from_shape_fn((30, 2), |(i, j)| ((i * (j + 1)) % 10) as f64);
        for part in split(x.view(), 5, 0, &Context::new(Streams::new(1))) {
            for i in 0..30 {
                let inside = part.contains(&i);
                assert!((0..30).all(|k| k % 10 != i % 10 || part.contains(&k) == inside));
            }
        }
        assert_eq!(replicates(x.view()).len(), 10);
    }

    #[test]
    fn a_plane_is_predicted_and_threads_change_nothing() {
        let mut stream = Streams::new(2).open("data", 0);
        let x = Array2::from_shape_simple_fn((40, 2), || stream.uniform());
        let y: Vec<f64> =
            x.rows().into_iter().map(|r| r[0] + r[1] + 0.05 * stream.normal()).collect();
        let context = Context::new(Streams::new(1));
        let gp = GaussianProcess::default();
        let one = cross_validate(&gp, x.view(), &y, (5, 2), &context).unwrap();
        assert!(one.r2.value > 0.95 && one.r2.low < one.r2.value && one.r2.high > one.r2.value);
        assert!((0.85..1.0).contains(&one.coverage_95.value), "{:?}", one.coverage_95);
        let two = context.with_threads(NonZeroUsize::new(2).unwrap());
        assert_eq!(one, cross_validate(&gp, x.view(), &y, (5, 2), &two).unwrap());
    }
}
