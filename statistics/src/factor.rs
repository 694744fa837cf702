//! Acceleration and enhancement factors (Liang et al. 2021, DOI 10.1038/s41524-021-00656-9).

/// Number of evaluations after which `curve`, which holds one value per evaluation and never falls, has reached
/// `level`; infinite where it never does.
pub fn evaluations_to(curve: &[f64], level: f64) -> f64 {
    curve.iter().position(|v| *v >= level).map_or(f64::INFINITY, |i| (i + 1) as f64)
}

/// Acceleration: evaluations of the reference over evaluations of the policy, to the same level. None where neither
/// reaches it; infinite where only the policy does, zero where only the reference does.
pub fn acceleration(policy: f64, reference: f64) -> Option<f64> {
    (policy.is_finite() || reference.is_finite()).then(|| reference / policy)
}

/// Enhancement: what the policy has reached over what the reference has reached with as many evaluations. None where
/// the reference has reached nothing.
pub fn enhancement(policy: f64, reference: f64) -> Option<f64> {
    (reference > 0.0).then(|| policy / reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_needs_a_third_accelerates_threefold() {
        let policy = evaluations_to(&[0.1, 0.5, 0.9, 0.9], 0.5);
        let reference = evaluations_to(&[0.0, 0.1, 0.2, 0.2, 0.3, 0.6], 0.5);
        assert_eq!(acceleration(policy, reference), Some(3.0));
        assert_eq!(enhancement(0.6, 0.2), Some(3.0 * (0.6 / 0.2) / 3.0));
    }

    #[test]
    fn what_is_never_reached_is_said_so() {
        let never = evaluations_to(&[0.1], 0.5);
        assert_eq!(acceleration(never, never), None);
        assert_eq!(acceleration(2.0, never), Some(f64::INFINITY));
        assert_eq!(acceleration(never, 2.0), Some(0.0));
        assert_eq!(enhancement(0.5, 0.0), None);
    }
}
