//! A polynomial of second order, for small tables.

mod evidence;
mod terms;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::linalg::dot;
use crate::scale::Scale;
use crate::surrogate::{self, Belief, FitError, Posterior, Surrogate};
use crate::{Context, Work};
use evidence::{Regression, Solution};
use terms::Terms;

pub(crate) use terms::Order;

/// Bayesian linear regression on the inputs, their squares and their products.
///
/// Terms are standardized; coefficients are normal about zero with one variance for the inputs and another for what is
/// of second order. These two, over that of the noise, are those of highest posterior density (MacKay 1992, DOI
/// 10.1162/neco.1992.4.3.415). Where a table is nearly a plane, or has too few rows to determine lengths, no model that
/// is more flexible predicts better.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Polynomial {
    /// The highest order of its terms.
    pub(crate) order: Order,
}

impl Surrogate for Polynomial {
    type Posterior = PolynomialPosterior;

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        _context: &Context,
    ) -> Result<PolynomialPosterior, FitError> {
        surrogate::check(x, y)?;
        let scale = Scale::of(y);
        let outcomes: Vec<f64> = y.iter().map(|y| scale.apply(*y)).collect();
        let rows: Vec<Vec<f64>> = x.rows().into_iter().map(|r| r.to_vec()).collect();
        let terms = Terms::of(&rows, x.ncols(), self.order);
        let design: Vec<f64> = rows.iter().flat_map(|row| terms.at(row)).collect();
        let (found, evaluations) = Regression::new(&design, terms.groups(), &outcomes).best();
        let work = Work {
            fits: 1,
            likelihoods: evaluations,
            factorizations: evaluations + 1,
            ..Work::default()
        };
        let held_out = found.leave_one_out(&design, &outcomes).into_iter();
        let restore = |b: Belief| Belief { mean: scale.invert(b.mean), sd: scale.spread(b.sd) };
        let held_out = held_out.map(restore).collect();
        let rows = y.len() as f64;
        Ok(PolynomialPosterior { scale, terms, rows, found, held_out, work })
    }
}

/// A fitted [`Polynomial`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolynomialPosterior {
    scale: Scale,
    terms: Terms,
    rows: f64,
    found: Solution,
    held_out: Vec<Belief>,
    work: Work,
}

impl Posterior for PolynomialPosterior {
    fn at(&self, x: &[f64]) -> Belief {
        let terms = self.terms.at(x);
        let doubt = self.found.noise_variance * self.found.leverage(&terms, self.rows);
        Belief {
            mean: self.scale.invert(dot(&terms, &self.found.mean)),
            sd: self.scale.spread(doubt.sqrt()),
        }
    }

    fn noise_sd(&self) -> f64 {
        self.scale.spread(self.found.noise_variance.sqrt())
    }

    fn held_out(&self) -> &[Belief] {
        &self.held_out
    }

    fn work(&self) -> Work {
        self.work
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;
    use ndarray::Array2;

    fn data(rows: usize) -> (Array2<f64>, Vec<f64>) {
        let mut stream = Streams::new(3).open("data", 0);
        let x = Array2::from_shape_simple_fn((rows, 3), || stream.uniform());
        let f = |r: ndarray::ArrayView1<'_, f64>| 40.0 + 9.0 * r[0] - 5.0 * r[1] * r[1];
        let y = x.rows().into_iter().map(|r| f(r) + 0.5 * stream.normal()).collect();
        (x, y)
    }

    fn fitted(rows: usize, order: Order) -> PolynomialPosterior {
        let (x, y) = data(rows);
        let context = Context::new(Streams::new(1));
        Polynomial { order }.fit(x.view(), &y, &context).expect("the data are finite")
    }

    #[test]
    fn curves_and_noise_are_learnt() {
        let polynomial = fitted(80, Order::Second);
        let belief = polynomial.at(&[0.5, 0.9, 0.5]);
        assert!((belief.mean - (44.5 - 4.05)).abs() < 0.4, "{belief:?}");
        assert!((0.35..0.7).contains(&polynomial.noise_sd()), "{}", polynomial.noise_sd());
    }

    #[test]
    fn leaving_one_out_is_learning_without_it() {
        // The scales of terms and outcome are learnt from the point left out, too: that makes little difference.
        for order in [Order::First, Order::Second] {
            let (x, y) = data(40);
            let all = fitted(40, order);
            let context = Context::new(Streams::new(1));
            let rest = x.slice(ndarray::s![1.., ..]);
            let without = Polynomial { order }.fit(rest, &y[1..], &context).expect("finite");
            let (left, fresh) = (all.held_out()[0], without.at(&x.row(0).to_vec()));
            assert!((left.mean - fresh.mean).abs() < 0.2 * left.sd, "{left:?} {fresh:?}");
            let fresh = fresh.with_noise(without.noise_sd());
            assert!((left.sd / fresh.sd - 1.0).abs() < 0.2, "{left:?} {fresh:?}");
        }
    }
}
