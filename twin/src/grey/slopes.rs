//! How outcomes depend on the parameters of a simulator, anywhere: learnt from places where it was computed.

use ndarray::ArrayView2;

use crate::Context;
use crate::design::Sobol;
use crate::gp::{GaussianProcess, GpPosterior};
use crate::surrogate::{FitError, Posterior as _, Surrogate as _};

/// Places at which derivatives are computed, beside the experiments.
const PLACES: usize = 64;

/// The derivatives of a simulator by its parameters as functions of the inputs, each a Gaussian process.
///
/// They say how sure a prediction is, for which they need not be exact: to compute them wherever a policy looks would take as
/// many simulations as there are parameters, each time.
#[derive(Debug)]
pub(super) struct Slopes(Vec<GpPosterior>);

/// Points of the unit cube of `dim` inputs that fill it evenly.
pub(super) fn places(dim: usize, context: &Context) -> Vec<Vec<f64>> {
    let mut stream = context.streams.open("grey/places", 0);
    if dim <= Sobol::MAX_DIM {
        return Sobol::scrambled(dim, &mut stream).take(PLACES).collect();
    }
    (0..PLACES).map(|_| (0..dim).map(|_| stream.uniform()).collect()).collect()
}

impl Slopes {
    /// From derivatives `slopes` [m, p] at points `x` [m, d].
    pub(super) fn learn(
        x: &[f64],
        slopes: &[f64],
        (dim, parameters): (usize, usize),
        context: &Context,
    ) -> Result<Self, FitError> {
        let rows = x.len() / dim;
        let x = ArrayView2::from_shape((rows, dim), x).expect("one value for each input");
        let learn = |k: usize| {
            let by: Vec<f64> = slopes.iter().skip(k).step_by(parameters).copied().collect();
            GaussianProcess::default().fit(x, &by, context)
        };
        (0..parameters).map(learn).collect::<Result<_, _>>().map(Self)
    }

    /// The derivatives at `x` [d] by the parameters [p].
    pub(super) fn at(&self, x: &[f64]) -> Vec<f64> {
        self.0.iter().map(|slope| slope.at(x).mean).collect()
    }
}
