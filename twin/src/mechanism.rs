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
}

/// A simulator whose parameters are given.
pub trait Tuned: Debug + Send + Sync {
    /// The outcome without noise at a point `x` \[d\] of the unit cube, as it is maximised; no number where there is none.
    fn outcome(&self, x: &[f64]) -> f64;
}
