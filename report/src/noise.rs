//! What the repeated conditions of a run say about the noise of one measurement.

use flowtwin_statistics::student_95;

use super::metrics::{pooled, replicates};
use super::run::Run;

/// The replicate error of the objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Noise {
    /// Relative standard deviation of one measurement, pooled over the repeated conditions.
    pub(crate) relative: f64,
    /// Its degrees of freedom.
    pub(crate) freedom: usize,
    /// Experiments at repeated conditions.
    pub(crate) experiments: usize,
}

impl Noise {
    /// That of `run`; none where no condition was repeated with a value.
    pub(crate) fn of(run: &Run<'_>) -> Option<Self> {
        let groups = replicates(run);
        let (relative, freedom) = pooled(&groups, |e| e.value)?;
        let experiments = groups.iter().map(Vec::len).sum();
        Some(Self { relative, freedom, experiments })
    }

    /// Half of the 95 % interval of one measurement.
    pub(crate) fn half_width(&self, value: f64) -> f64 {
        student_95(self.freedom) * self.relative * value.abs()
    }

    /// Whether two single measurements differ by more than their noise, at 95 %.
    pub(crate) fn tells_apart(&self, a: f64, b: f64) -> bool {
        let (a_half, b_half) = (self.half_width(a), self.half_width(b));
        (a - b).abs() > (a_half * a_half + b_half * b_half).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_within_the_replicate_error_are_not_told_apart() {
        let noise = Noise { relative: 0.012, freedom: 10, experiments: 12 };
        assert!(!noise.tells_apart(2980.0, 2965.0));
        assert!(noise.tells_apart(2980.0, 2800.0));
        assert!((noise.half_width(1000.0) - 2.228 * 12.0).abs() < 0.1);
        let few = Noise { freedom: 1, ..noise };
        assert!(!few.tells_apart(2980.0, 2700.0), "one pair of repeats says little");
    }
}
