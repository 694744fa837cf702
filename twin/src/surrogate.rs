//! What every model of an outcome offers: [`Surrogate`] before the data, [`Posterior`] after.

use flowtwin_lab::{LARGEST, Stream, is_sensible};
use ndarray::ArrayView2;

use crate::{Context, Work};

/// A way to learn an outcome from experiments.
///
/// ```
/// use flowtwin_lab::Streams;
/// use flowtwin_twin::{Context, GaussianProcess, Posterior, Surrogate};
/// use ndarray::array;
///
/// let x = array![[0.0], [0.5], [1.0]];
/// let context = Context::new(Streams::new(1));
/// let posterior = GaussianProcess::default().fit(x.view(), &[1.0, 2.0, 1.5], &context)?;
/// assert!(posterior.at(&[0.5]).sd < posterior.at(&[0.25]).sd); // sure where it has measured
/// # Ok::<(), flowtwin_twin::FitError>(())
/// ```
pub trait Surrogate {
    /// What a fit yields.
    type Posterior: Posterior;

    /// Learns from inputs `x` [n, d], each column roughly on 0..1, and outcomes `y` \[n\].
    ///
    /// The result is a function of the arguments alone; threads do not change it.
    ///
    /// # Errors
    /// If there are fewer than two rows, the shapes disagree, an outcome is not [sensible](flowtwin_lab::is_sensible), or an
    /// input lies beyond [`FARTHEST`].
    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<Self::Posterior, FitError>;
}

/// What is believed about an outcome after a fit.
///
/// ```
/// use flowtwin_twin::Posterior;
///
/// /// The conditions of a list that a model expects most of.
/// fn best<'a>(model: &dyn Posterior, list: &'a [Vec<f64>]) -> Option<&'a Vec<f64>> {
///     list.iter().max_by(|a, b| model.at(a).mean.total_cmp(&model.at(b).mean))
/// }
/// ```
pub trait Posterior: std::fmt::Debug + Send + Sync {
    /// Mean and standard deviation of the noise-free outcome at a point `x` \[d\].
    fn at(&self, x: &[f64]) -> Belief;

    /// Beliefs at many points \[q\]\[d\]: for each the same bits as [`Posterior::at`] gives, sooner where a model can
    /// share work.
    fn beliefs(&self, points: &[&[f64]]) -> Vec<Belief> {
        points.iter().map(|x| self.at(x)).collect()
    }

    /// Standard deviation of the noise of one measurement, in units of the outcome.
    fn noise_sd(&self) -> f64;

    /// Replaces `out` by the predictions of the members \[m\] at `x` \[d\], where the model is an ensemble whose
    /// members are alternatives to be averaged over; empties it otherwise.
    fn members(&self, _x: &[f64], out: &mut Vec<f64>) {
        out.clear();
    }

    /// One draw of the noise-free outcome at `points` \[q\]\[d\]: a function from the posterior where the model can give one,
    /// independent draws otherwise.
    fn draw(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        let one = |x: &Vec<f64>| {
            let Belief { mean, sd } = self.at(x);
            mean + sd * stream.normal()
        };
        points.iter().map(one).collect()
    }

    /// The belief at `x` \[d\] and its derivatives, where they are cheap.
    fn slope(&self, _x: &[f64]) -> Option<Slope> {
        None
    }

    /// What each training point would have been predicted to be by a model that had not seen it \[n\]:
    /// leave-one-out or out-of-bag, whichever the model has. The sd includes the noise.
    fn held_out(&self) -> &[Belief];

    /// How a model that weighs several others has weighed them, by name; empty elsewhere.
    fn weights(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// What the fit took.
    fn work(&self) -> Work;

    /// Beliefs at the points `x` [q, d].
    fn predict(&self, x: ArrayView2<'_, f64>) -> Vec<Belief> {
        let x = x.as_standard_layout();
        let rows: Vec<&[f64]> = x.rows().into_iter().filter_map(|row| row.to_slice()).collect();
        self.beliefs(&rows)
    }
}

/// A mean and a standard deviation, in units of the outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Belief {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

impl Belief {
    /// The belief about a measurement with this noise on top.
    pub fn with_noise(self, noise_sd: f64) -> Self {
        Self { mean: self.mean, sd: (self.sd * self.sd + noise_sd * noise_sd).sqrt() }
    }
}

/// A belief and its derivatives by each input \[d\].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slope {
    /// The belief itself.
    pub belief: Belief,
    /// Derivatives of the mean \[d\].
    pub mean: Vec<f64>,
    /// Derivatives of the standard deviation \[d\].
    pub sd: Vec<f64>,
}

/// Farthest that an input may lie from the range 0..1 on which surrogates expect it.
pub const FARTHEST: f64 = 1e9;

/// Why a surrogate cannot be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Too few experiments.
    #[error("{rows} experiments with an outcome are too few: at least {least} are needed")]
    TooFew {
        /// How many there are.
        rows: usize,
        /// How many are needed.
        least: usize,
    },
    /// The surrogate learns with a simulator, and there is none.
    #[error("the surrogate twin needs a simulator with free keys: there is none")]
    NoMechanism,
    /// Inputs and outcomes do not belong together.
    #[error("{inputs} rows of inputs for {outcomes} outcomes")]
    Shape {
        /// Rows of inputs.
        inputs: usize,
        /// Outcomes.
        outcomes: usize,
    },
    /// A number is not [sensible](flowtwin_lab::is_sensible), or an input lies [too far out](FARTHEST).
    #[error(
        "row {row} holds {value:e}: outcomes must lie within ±{LARGEST:e}, inputs within ±{FARTHEST:e}"
    )]
    NotSensible {
        /// The row, from zero.
        row: usize,
        /// The number.
        value: f64,
    },
}

/// Checks what every fit requires.
pub(crate) fn check(x: ArrayView2<'_, f64>, y: &[f64]) -> Result<(), FitError> {
    if x.nrows() != y.len() {
        return Err(FitError::Shape { inputs: x.nrows(), outcomes: y.len() });
    }
    if y.len() < 2 {
        return Err(FitError::TooFew { rows: y.len(), least: 2 });
    }
    for (row, (inputs, outcome)) in x.rows().into_iter().zip(y).enumerate() {
        let far = inputs.iter().find(|x| x.is_nan() || x.abs() > FARTHEST);
        if let Some(&value) = far.or(Some(outcome).filter(|y| !is_sensible(**y))) {
            return Err(FitError::NotSensible { row, value });
        }
    }
    Ok(())
}
