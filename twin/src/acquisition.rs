//! What an experiment at a point is worth: the functions that policies maximise.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use flowtwin_lab::math;

pub use flowtwin_statistics::normal::{cdf, density};

use crate::{Belief, Posterior};

/// The default weight of the spread in [`Acquisition::Ucb`], 1/√2, as in the code of the group of Abolhasani.
pub const UCB_LAMBDA: f64 = FRAC_1_SQRT_2;

/// A function of the belief at a point; larger is better.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Acquisition {
    /// The standard deviation: `sd(x)`.
    Variance,
    /// The mean: `mean(x)`.
    Mean,
    /// `mean(x) + lambda sd(x)`.
    Ucb {
        /// Weight of the spread.
        lambda: f64,
    },
    /// Expected improvement over `best`: the average of `max(0, y_m(x) - best)` over the members of an ensemble,
    /// or the closed form of [`expected_improvement`] where the posterior has none.
    Improvement {
        /// The outcome to beat.
        best: f64,
    },
    /// Logarithm of the closed form of the expected improvement (Ament et al. 2023, arXiv 2310.20708); it has a slope even where
    /// the improvement itself underflows.
    LogImprovement {
        /// The outcome to beat.
        best: f64,
    },
}

impl Acquisition {
    /// The value at `x` \[d\]; `scratch` saves allocations.
    pub fn at(&self, posterior: &dyn Posterior, x: &[f64], scratch: &mut Vec<f64>) -> f64 {
        if let Self::Improvement { best } = *self {
            posterior.members(x, scratch);
            if !scratch.is_empty() {
                return average_improvement(scratch, best);
            }
        }
        self.of(posterior.at(x))
    }

    /// The value for a belief.
    pub fn of(&self, Belief { mean, sd }: Belief) -> f64 {
        match *self {
            Self::Variance => sd,
            Self::Mean => mean,
            Self::Ucb { lambda } => mean + lambda * sd,
            Self::Improvement { best } => expected_improvement(mean, sd, best),
            Self::LogImprovement { best } => log_expected_improvement(mean, sd, best),
        }
    }

    /// Derivatives of the value by mean and standard deviation.
    pub fn partials(&self, Belief { mean, sd }: Belief) -> (f64, f64) {
        match *self {
            Self::Variance => (0.0, 1.0),
            Self::Mean => (1.0, 0.0),
            Self::Ucb { lambda } => (1.0, lambda),
            Self::Improvement { best } => {
                let z = (mean - best) / sd.max(TINY);
                (cdf(z), density(z))
            }
            Self::LogImprovement { best } => {
                let sd = sd.max(TINY);
                let z = (mean - best) / sd;
                let (by_z, h) = log_h_slope(z);
                debug_assert!(h.is_finite());
                (by_z / sd, (1.0 - z * by_z) / sd)
            }
        }
    }
}

/// Least standard deviation that is divided by.
const TINY: f64 = 1e-12;

/// `E[max(0, Y - best)]` for a normal Y: `sd (φ(z) + z Φ(z))`, `z = (mean - best) / sd` (Jones et al. 1998,
/// DOI 10.1023/A:1008306431147, eq. 15).
pub fn expected_improvement(mean: f64, sd: f64, best: f64) -> f64 {
    if sd <= TINY {
        return (mean - best).max(0.0);
    }
    let z = (mean - best) / sd;
    (sd * (density(z) + z * cdf(z))).max(0.0)
}

/// Natural logarithm of [`expected_improvement`], finite far below `best` (Ament et al. 2023, arXiv 2310.20708, eq. 9).
pub fn log_expected_improvement(mean: f64, sd: f64, best: f64) -> f64 {
    let sd = sd.max(TINY);
    math::ln(sd) + log_h((mean - best) / sd)
}

/// `ln(φ(z) + z Φ(z))`.
fn log_h(z: f64) -> f64 {
    if z > -1.0 {
        math::ln(density(z) + z * cdf(z))
    } else {
        -0.5 * z * z - 0.5 * math::ln(2.0 * PI) + math::ln(tail(z))
    }
}

/// Derivative of [`log_h`] and its value: `Φ(z) / h(z)`.
fn log_h_slope(z: f64) -> (f64, f64) {
    if z > -1.0 {
        let h = density(z) + z * cdf(z);
        (cdf(z) / h, math::ln(h))
    } else {
        (mills(z) / tail(z), log_h(z))
    }
}

/// `Φ(z) / φ(z)` for z < 0, by the continued fraction of Laplace far out.
fn mills(z: f64) -> f64 {
    if z > -25.0 {
        cdf(z) / density(z)
    } else {
        let (x, x2) = (-z, z * z);
        (x2 + 2.0) / (x * (x2 + 3.0))
    }
}

/// `1 + z Φ(z) / φ(z)` for z < -1; far out the leading terms of its asymptotic series, since the two parts cancel.
fn tail(z: f64) -> f64 {
    if z > -25.0 {
        1.0 + z * mills(z)
    } else {
        let i = 1.0 / (z * z);
        i * (1.0 - 3.0 * i * (1.0 - 5.0 * i * (1.0 - 7.0 * i)))
    }
}

/// `(1/M) Σ max(0, y_m - best)` over the members' predictions.
fn average_improvement(members: &[f64], best: f64) -> f64 {
    let mut sum = 0.0;
    for y in members {
        sum += (y - best).max(0.0);
    }
    sum / members.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `E[max(0, Y - best)]` by the midpoint rule over ten standard deviations.
    fn by_quadrature(mean: f64, sd: f64, best: f64) -> f64 {
        let (n, mut sum) = (400_000, 0.0);
        for i in 0..n {
            let z = -10.0 + 20.0 * (f64::from(i) + 0.5) / f64::from(n);
            sum += (mean + sd * z - best).max(0.0) * density(z);
        }
        sum * 20.0 / f64::from(n)
    }

    #[test]
    fn the_closed_form_is_the_integral() {
        for (mean, sd, best) in
            [(0.0, 1.0, 0.0), (1.0, 0.5, 2.0), (-1.0, 2.0, 0.5), (3.0, 0.1, 1.0)]
        {
            let (exact, sum) =
                (expected_improvement(mean, sd, best), by_quadrature(mean, sd, best));
            assert!((exact - sum).abs() < 1e-8, "{exact} {sum}");
        }
    }

    #[test]
    fn the_logarithm_is_that_of_the_improvement_and_goes_on_where_it_underflows() {
        for z in [-8.0, -3.0, -1.0, -0.999_999, 0.0, 2.0] {
            let (a, b) = (
                log_expected_improvement(z, 1.0, 0.0),
                math::ln(expected_improvement(z, 1.0, 0.0)),
            );
            assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{z}: {a} {b}");
        }
        // The leading term far out is -z²/2 - ln(√(2π) z²).
        for z in [-24.999_f64, -25.001, -60.0, -1e3] {
            let leading = -0.5 * z * z - math::ln((2.0 * PI).sqrt() * z * z);
            let value = log_expected_improvement(z, 1.0, 0.0);
            assert!((value - leading).abs() < 4.0 / (z * z) + 1e-4, "{z}: {value} {leading}");
        }
    }

    #[test]
    fn partial_derivatives_are_those_of_finite_differences() {
        let kinds = [
            Acquisition::Variance,
            Acquisition::Mean,
            Acquisition::Ucb { lambda: 0.7 },
            Acquisition::Improvement { best: 0.3 },
            Acquisition::LogImprovement { best: 0.3 },
        ];
        for kind in kinds {
            for mean in [-9.0, -0.5, 0.2, 1.0] {
                let belief = Belief { mean, sd: 0.4 };
                let step = 1e-6;
                let at = |mean, sd| kind.of(Belief { mean, sd });
                let by_mean = (at(mean + step, 0.4) - at(mean - step, 0.4)) / (2.0 * step);
                let by_sd = (at(mean, 0.4 + step) - at(mean, 0.4 - step)) / (2.0 * step);
                let (a, b) = kind.partials(belief);
                assert!(
                    (a - by_mean).abs() < 1e-4 * by_mean.abs().max(1.0),
                    "{kind:?} {mean}: {a} {by_mean}"
                );
                assert!(
                    (b - by_sd).abs() < 1e-4 * by_sd.abs().max(1.0),
                    "{kind:?} {mean}: {b} {by_sd}"
                );
            }
        }
    }

    #[test]
    fn the_ensemble_average_ignores_members_below_the_best() {
        assert!((average_improvement(&[1.0, 2.0, 4.0, 0.0], 1.5) - 0.75).abs() < 1e-15);
    }

    #[test]
    fn the_normal_distribution_is_that_of_an_independent_library() {
        use statrs::distribution::{ContinuousCDF as _, Normal};
        let normal = Normal::new(0.0, 1.0).expect("a standard normal");
        for i in -60..=60 {
            let z = f64::from(i) / 10.0;
            assert!((cdf(z) - normal.cdf(z)).abs() < 1e-9, "{z}");
        }
    }
}
