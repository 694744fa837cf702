//! How much speaks for a cause, and how much must.

use flowtwin_lab::math;
use flowtwin_statistics::normal;

/// Chance of an alarm about a rig that has not moved.
pub const FALSE_ALARM: f64 = 0.02;
/// Chance of detecting a change that "would have shown".
pub(crate) const SHOWN: f64 = 0.9;

/// What speaks for a cause that has moved by `z` deviations of chance, where a step of it is `step` of them: the logarithm of how much
/// likelier the readings are if it has moved, by an amount that is normally distributed with a standard deviation of one step,
///
/// ```text
///   ln B = z²/2 · s²/(1 + s²) − ½ ln(1 + s²)
/// ```
///
/// Bayes factor of a normal mean, Kass and Raftery 1995, DOI 10.1080/01621459.1995.10476572. So a cause of which a step hardly shows is not
/// named for a large amount that chance may well make, and does not raise the limit for the others.
pub(crate) fn evidence(z: f64, step: f64) -> f64 {
    let s2 = step * step;
    0.5 * z * z * s2 / (1.0 + s2) - 0.5 * math::ln_1p(s2)
}

/// The deviations of chance at which there is so much evidence.
pub(crate) fn deviations(evidence: f64, step: f64) -> f64 {
    let s2 = step * step;
    (2.0 * (evidence + 0.5 * math::ln_1p(s2)).max(0.0) * (1.0 + s2) / s2).sqrt()
}

/// The deviations of chance that each cause must exceed so that not even the sum of the chances that one does is more than
/// [`FALSE_ALARM`], where a step of each is so many of them. For a plan; replicates tell the limit of a verdict.
pub(crate) fn limits(steps: &[f64]) -> Vec<f64> {
    let alarms = |evidence: f64| -> f64 {
        steps.iter().map(|step| 2.0 * normal::cdf(-deviations(evidence, *step))).sum()
    };
    let (mut low, mut high) = (-20.0, 200.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        match alarms(middle) > FALSE_ALARM {
            true => low = middle,
            false => high = middle,
        }
    }
    steps.iter().map(|step| deviations(high, *step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_share_the_chance_of_an_alarm_and_a_cause_that_never_shows_takes_none_of_it() {
        let two = limits(&[4.0, 4.0]);
        let alone = -normal::quantile(FALSE_ALARM / 4.0);
        two.iter().for_each(|by| assert!((by - alone).abs() < 1e-9, "{by} {alone}"));
        let three = limits(&[4.0, 4.0, 0.1]);
        assert!((three[0] - two[0]).abs() < 1e-6, "{three:?} {two:?}");
        assert!(three[2] > 10.0, "{three:?}");
    }

    #[test]
    fn evidence_is_the_logarithm_of_the_averaged_likelihood() {
        for (z, step) in [(3.0, 4.0), (0.5, 0.3), (6.0, 20.0)] {
            // ∫ exp(−(z − a s)²/2) φ(a) da / exp(−z²/2), by the trapezoidal rule.
            let (n, high) = (40_000, 10.0);
            let sum: f64 = (0..=n)
                .map(|i| {
                    let a = -high + 2.0 * high * f64::from(i) / f64::from(n);
                    let d = z - a * step;
                    normal::density(a) * math::exp(0.5 * (z * z - d * d))
                })
                .sum();
            let ratio = sum * 2.0 * high / f64::from(n);
            assert!((evidence(z, step) - math::ln(ratio)).abs() < 1e-6, "{z} {step}");
            let at = deviations(evidence(z, step), step);
            assert!((at - z).abs() < 1e-9, "{at} {z}");
        }
    }
}
