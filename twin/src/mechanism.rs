//! Prior knowledge of a lab: a simulator with parameters that its experiments determine.

use std::fmt::Debug;
use std::sync::Arc;

/// A simulator of the lab as a function of unknown parameters.
///
/// Parameters are counted in standard deviations from what is believed of them before any experiment: each is drawn from a
/// standard normal distribution, independent of the others.
///
/// ```
/// use std::sync::Arc;
/// use flowtwin_twin::{Mechanism, Tuned};
///
/// /// A first-order conversion, whose rate constant is known to within a factor of e^0.3.
/// #[derive(Debug)]
/// struct Conversion;
///
/// impl Mechanism for Conversion {
///     fn parameters(&self) -> usize {
///         1
///     }
///     fn tuned(&self, z: &[f64]) -> Option<Arc<dyn Tuned>> {
///         Some(Arc::new(Rate(2.0 * (0.3 * z[0]).exp())))
///     }
/// }
///
/// #[derive(Debug)]
/// struct Rate(f64);
///
/// impl Tuned for Rate {
///     fn outcome(&self, x: &[f64]) -> f64 {
///         1.0 - (-self.0 * x[0]).exp()
///     }
/// }
/// ```
pub trait Mechanism: Debug + Send + Sync {
    /// Number of parameters.
    fn parameters(&self) -> usize;

    /// The simulator with parameters `z` \[p\]; none where it does not accept them.
    fn tuned(&self, z: &[f64]) -> Option<Arc<dyn Tuned>>;

    /// The same simulator of the outcome at this place of [`crate::Trial::values`], in its own unit; none where it knows of
    /// one outcome only.
    fn of_outcome(&self, _place: usize) -> Option<Arc<dyn Mechanism>> {
        None
    }

    /// What experiments tell of its parameters by all that they measure; none where it knows of one outcome only.
    fn teaching(&self) -> Option<Arc<dyn Teaching>> {
        None
    }
}

/// A simulator whose parameters are given.
///
/// ```
/// use flowtwin_twin::Tuned;
///
/// /// A conversion that is best in the middle of its one input.
/// #[derive(Debug)]
/// struct Peak { width: f64 }
///
/// impl Tuned for Peak {
///     fn outcome(&self, x: &[f64]) -> f64 {
///         1.0 - ((x[0] - 0.5) / self.width).powi(2)
///     }
/// }
///
/// assert_eq!(Peak { width: 2.0 }.outcome(&[0.5]), 1.0);
/// ```
pub trait Tuned: Debug + Send + Sync {
    /// The outcome without noise at a point `x` \[d\] of the unit cube, as it is maximised; no number where there is none.
    fn outcome(&self, x: &[f64]) -> f64;
}

/// What experiments tell of the parameters of a simulator, by all that they measure.
///
/// ```
/// use flowtwin_twin::{Lesson, Question, Teaching};
///
/// /// A reading of z · x, with a standard deviation of 0.1.
/// #[derive(Debug)]
/// struct Line;
///
/// impl Teaching for Line {
///     fn parameters(&self) -> usize {
///         1
///     }
///     fn shared(&self) -> usize {
///         0
///     }
///     fn lessons(&self, z: &[f64], experiments: &[Question<'_>]) -> Option<Vec<Lesson>> {
///         let lesson = |question: &Question<'_>| {
///             let measured = question.measured.and_then(|all| all[0]);
///             let residual = measured.map_or(0.0, |y| (y - z[0] * question.x[0]) / 0.1);
///             Lesson { residuals: vec![residual], slopes: vec![question.x[0] / 0.1], simulations: 1 }
///         };
///         Some(experiments.iter().map(lesson).collect())
///     }
/// }
///
/// let done = Question { x: &[0.5], measured: Some(&[Some(1.1)]) };
/// let lessons = Line.lessons(&[2.0], &[done]).expect("any parameter will do");
/// assert!((lessons[0].residuals[0] - 1.0).abs() < 1e-9);
/// ```
pub trait Teaching: Debug + Send + Sync {
    /// Number of parameters.
    fn parameters(&self) -> usize;

    /// Number of errors that all experiments of a run have in common and nobody knows, such as what the fill of a pump is off
    /// by. Each counts in its standard deviations, and they are independent.
    fn shared(&self) -> usize;

    /// What each of these experiments tells where the parameters are `z` \[p\]; none where the simulator does not accept them.
    fn lessons(&self, z: &[f64], experiments: &[Question<'_>]) -> Option<Vec<Lesson>>;
}

/// An experiment that is asked what it teaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question<'a> {
    /// Where it is, in the unit cube \[d\].
    pub x: &'a [f64],
    /// What was measured, as in [`crate::Trial::features`]; none of an experiment that has not been done.
    pub measured: Option<&'a [Option<f64>]>,
}

/// What an experiment tells, freed of its own noise: each of its residuals has a variance of one, and none goes with another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lesson {
    /// What was measured less what is expected \[k\]; zeros where nothing has been measured.
    pub residuals: Vec<f64>,
    /// Derivatives of what is expected by the errors that are shared, then by the parameters [k, q + p].
    pub slopes: Vec<f64>,
    /// Experiments expected by the simulator for it.
    pub simulations: u64,
}
