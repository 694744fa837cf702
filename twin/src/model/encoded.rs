//! Models of spaces in which some inputs are choices.

use std::borrow::Cow;

use flowtwin_lab::Stream;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::{Model, SurrogateSpec};
use crate::encoding::Encoding;
use crate::surrogate::{Belief, FitError, Posterior, Slope, Surrogate};
use crate::{Context, Work};

impl Encoding {
    /// Fits a surrogate to points of the unit cube `x` [n, d] and outcomes `y` \[n\].
    ///
    /// # Errors
    /// As those of the surrogate.
    pub fn fit(
        &self,
        surrogate: SurrogateSpec,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<Model, FitError> {
        self.fit_with(&surrogate, x, y, context)
    }

    /// The same with any way to learn that yields a [`Model`] or a part of one.
    pub(crate) fn fit_with<S: Surrogate<Posterior: Into<Model>>>(
        &self,
        surrogate: &S,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<Model, FitError> {
        if self.is_plain() {
            return Ok(surrogate.fit(x, y, context)?.into());
        }
        let rows = x.rows().into_iter().map(|row| self.encode(&row.to_vec()).into_owned());
        let columns: Vec<f64> = rows.flatten().collect();
        let width = columns.len() / x.nrows().max(1);
        let x = Array2::from_shape_vec((x.nrows(), width), columns)
            .expect("every row has as many columns");
        let model = surrogate.fit(x.view(), y, context)?.into();
        Ok(Model::Encoded(Box::new(Encoded { encoding: self.clone(), model })))
    }
}

/// A model of a space in which some inputs are choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoded {
    encoding: Encoding,
    model: Model,
}

impl Encoded {
    /// The same with one more experiment, where the model can take one in without being fitted again.
    pub(crate) fn with(&self, u: &[f64], y: f64) -> Option<Self> {
        let model = self.model.with(&self.encoding.encode(u), y)?;
        Some(Self { encoding: self.encoding.clone(), model })
    }
}

impl Posterior for Encoded {
    fn at(&self, x: &[f64]) -> Belief {
        self.model.at(&self.encoding.encode(x))
    }

    fn beliefs(&self, points: &[&[f64]]) -> Vec<Belief> {
        let points: Vec<Cow<'_, [f64]>> = points.iter().map(|x| self.encoding.encode(x)).collect();
        let views: Vec<&[f64]> = points.iter().map(|x| &**x).collect();
        self.model.beliefs(&views)
    }

    fn noise_sd(&self) -> f64 {
        self.model.noise_sd()
    }

    fn members(&self, x: &[f64], out: &mut Vec<f64>) {
        self.model.members(&self.encoding.encode(x), out);
    }

    fn draw(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        let points: Vec<Vec<f64>> =
            points.iter().map(|x| self.encoding.encode(x).into_owned()).collect();
        self.model.draw(&points, stream)
    }

    fn slope(&self, x: &[f64]) -> Option<Slope> {
        let Slope { belief, mean, sd } = self.model.slope(&self.encoding.encode(x))?;
        Some(Slope { belief, mean: self.encoding.slope(mean), sd: self.encoding.slope(sd) })
    }

    fn held_out(&self) -> &[Belief] {
        self.model.held_out()
    }

    fn weights(&self) -> Vec<(&'static str, f64)> {
        self.model.weights()
    }

    fn work(&self) -> Work {
        self.model.work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::tests::space;
    use flowtwin_lab::Streams;

    #[test]
    fn every_surrogate_learns_which_option_stands_out() {
        let space = space(false);
        let mut stream = Streams::new(1).open("test", 0);
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for i in 0..45 {
            let (t, solvent) = (stream.uniform(), f64::from(i % 3));
            x.extend([t, (solvent + 0.5) / 3.0]);
            y.push(t + if i % 3 == 1 { 3.0 } else { 0.0 } + 0.02 * stream.normal());
        }
        let x = Array2::from_shape_vec((45, 2), x).unwrap();
        let context = Context::new(Streams::new(2));
        for surrogate in
            [SurrogateSpec::Gp, SurrogateSpec::Modern, SurrogateSpec::Forest, SurrogateSpec::Stack]
        {
            let model = Encoding::of(&space).fit(surrogate, x.view(), &y, &context).unwrap();
            let at = |option: f64| model.at(&[0.5, (option + 0.5) / 3.0]).mean;
            assert!((at(0.0) - 0.5).abs() < 0.35, "{surrogate:?}: {}", at(0.0));
            assert!((at(1.0) - 3.5).abs() < 0.35, "{surrogate:?}: {}", at(1.0));
            assert!((at(0.0) - at(2.0)).abs() < 0.35, "{surrogate:?}: {} {}", at(0.0), at(2.0));
        }
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let space = space(true);
        let mut stream = Streams::new(3).open("test", 0);
        let x = Array2::from_shape_simple_fn((20, 2), || stream.uniform());
        let y: Vec<f64> =
            x.rows().into_iter().map(|r| r[0] * r[0] + (3.0 * r[1]).floor()).collect();
        let context = Context::new(Streams::new(2));
        let model = Encoding::of(&space).fit(SurrogateSpec::Gp, x.view(), &y, &context).unwrap();
        let slope = model.slope(&[0.4, 0.5]).unwrap();
        let difference =
            (model.at(&[0.4 + 1e-6, 0.5]).mean - model.at(&[0.4 - 1e-6, 0.5]).mean) / 2e-6;
        assert!((slope.mean[0] - difference).abs() < 1e-5, "{slope:?} {difference}");
        assert!(slope.mean[1].abs() < 1e-15 && slope.sd[1].abs() < 1e-15);
    }
}
