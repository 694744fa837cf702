//! Outcomes on another scale, on which a stationary model may follow them better.

use flowtwin_lab::math;

/// A rising map of an outcome: linear near the best outcome so far, logarithmic far below it.
///
/// `w(y) = -asinh((best - y) / width)`; without a width, `w(y) = y`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Warp {
    best: f64,
    width: Option<f64>,
}

impl Warp {
    /// The outcome as it is.
    pub(super) const NONE: Self = Self { best: 0.0, width: None };

    /// Linear over `share` of the distance between the best of `y` and their median; as it is where that is nothing.
    pub(super) fn of(y: &[f64], share: f64) -> Self {
        let mut sorted = y.to_vec();
        sorted.sort_by(f64::total_cmp);
        let best = sorted[sorted.len() - 1];
        let width = share * (best - sorted[(sorted.len() - 1) / 2]);
        if width > 0.0 && width.is_finite() {
            Self { best, width: Some(width) }
        } else {
            Self::NONE
        }
    }

    /// Whether it changes anything.
    pub(super) fn is_one(&self) -> bool {
        self.width.is_some()
    }

    /// The map of an outcome.
    pub(super) fn apply(self, y: f64) -> f64 {
        let Some(width) = self.width else { return y };
        let t = (self.best - y) / width;
        let size = t.abs();
        let asinh = math::ln_1p(size + size * size / (1.0 + (1.0 + size * size).sqrt()));
        if t < 0.0 { asinh } else { -asinh }
    }

    /// The logarithm of its slope.
    pub(super) fn log_slope(self, y: f64) -> f64 {
        let Some(width) = self.width else { return 0.0 };
        let t = (self.best - y) / width;
        -math::ln(width) - 0.5 * math::ln_1p(t * t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warp_rises_and_has_the_slope_of_finite_differences() {
        let warp = Warp::of(&[0.0, 1.0, 5.0], 0.5);
        for y in [-1e6_f64, -3.0, 4.9, 5.0, 5.3] {
            let step = 1e-5 * f64::max(1.0, y.abs());
            let slope = (warp.apply(y + step) - warp.apply(y - step)) / (2.0 * step);
            assert!(slope > 0.0);
            assert!((math::ln(slope) - warp.log_slope(y)).abs() < 1e-4, "{y}");
        }
        // asinh(2) = 1.4436354751788103.
        assert!((warp.apply(1.0) + 1.443_635_475_178_810_3).abs() < 1e-12);
    }

    #[test]
    fn outcomes_that_are_all_alike_stay_as_they_are() {
        assert_eq!(Warp::of(&[2.0, 2.0, 2.0], 0.5), Warp::NONE);
    }
}
