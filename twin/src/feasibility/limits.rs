//! Limits on one input beyond which experiments fail.

use flowtwin_lab::math;

/// Places at which a limit may be, evenly over the range of an input.
const PLACES: usize = 64;
/// Chance that an experiment turns out against a limit: succeeds beyond it, or fails for another reason before it.
const ODD: f64 = 0.05;

/// The probability of success if one limit on one input decides, every input, side and place being as likely beforehand.
///
/// With the experiments in, a limit weighs `Π (1 - odd or odd)`: one factor for each that it explains,
/// or does not. Averaged over all
/// of them, the probability is a sum of functions of one input each, kept at the places and linear in between. (Bayes' rule;
/// a lab's limits are of this kind: a heater too weak, a pump too fast.)
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limits {
    /// For every input, the share of the average that its limits have, times their probability of success [PLACES + 1].
    tables: Vec<Vec<f64>>,
    /// How likely the outcomes are if one limit decides.
    pub(super) evidence: f64,
}

impl Limits {
    /// What experiments at points of the unit cube \[d\], and whether they succeeded, say.
    pub(super) fn learn(trials: &[(Vec<f64>, f64)], dim: usize) -> Self {
        let mut evidence = 0.0;
        let mut tables = Vec::with_capacity(dim);
        for j in 0..dim {
            let mut table = vec![0.0; PLACES + 1];
            for place in 0..PLACES {
                for above in [true, false] {
                    let weight = likelihood(trials, j, place, above);
                    evidence += weight;
                    for (node, share) in table.iter_mut().enumerate() {
                        let beyond = (node > place) == above;
                        *share += weight * if beyond { ODD } else { 1.0 - ODD };
                    }
                }
            }
            tables.push(table);
        }
        tables.iter_mut().flatten().for_each(|share| *share /= evidence);
        evidence /= (2 * PLACES * dim) as f64;
        Self { tables, evidence }
    }

    /// The probability at `u` \[d\]; `slope`, where given, receives its derivatives \[d\].
    pub(super) fn at(&self, u: &[f64], mut slope: Option<&mut [f64]>) -> f64 {
        let mut sum = 0.0;
        for (j, (table, u)) in self.tables.iter().zip(u).enumerate() {
            let scaled = (u * PLACES as f64).clamp(0.0, PLACES as f64);
            let node = (scaled as usize).min(PLACES - 1);
            let step = table[node + 1] - table[node];
            sum += table[node] + (scaled - node as f64) * step;
            if let Some(slope) = slope.as_deref_mut() {
                slope[j] = step * PLACES as f64;
            }
        }
        sum
    }
}

/// The chance of the outcomes if experiments fail beyond place number `place` of input `j`: above it or below.
fn likelihood(trials: &[(Vec<f64>, f64)], j: usize, place: usize, above: bool) -> f64 {
    let limit = (place as f64 + 0.5) / PLACES as f64;
    let odd = trials.iter().filter(|(x, success)| ((x[j] > limit) == above) == (*success > 0.5));
    let odd = odd.count() as f64;
    math::exp(odd * math::ln(ODD) + (trials.len() as f64 - odd) * math::ln(1.0 - ODD))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(x: [f64; 3]) -> (Vec<f64>, f64) {
        (x.to_vec(), if x[1] < 0.75 { 1.0 } else { 0.0 })
    }

    #[test]
    fn a_few_failures_tell_which_input_has_a_limit_and_where() {
        let trials = [
            [0.1, 0.2, 0.9],
            [0.9, 0.6, 0.3],
            [0.4, 0.4, 0.5],
            [0.6, 0.1, 0.1],
            [0.2, 0.9, 0.2],
            [0.7, 0.95, 0.6],
            [0.5, 0.8, 0.95],
        ]
        .map(trial);
        let limits = Limits::learn(&trials, 3);
        assert!(limits.at(&[0.5, 0.5, 0.5], None) > 0.85);
        assert!(limits.at(&[0.9, 0.3, 0.1], None) > 0.85);
        assert!(limits.at(&[0.5, 0.9, 0.5], None) < 0.15);
        assert!(limits.at(&[0.1, 1.0, 0.9], None) < 0.15);
    }

    #[test]
    fn scattered_failures_are_explained_badly() {
        let scattered: Vec<_> = (0..20)
            .map(|i| {
                let u = f64::from(i) / 19.0;
                (vec![u, (7.0 * u) % 1.0, (3.0 * u) % 1.0], f64::from(i % 4).min(1.0))
            })
            .collect();
        let sorted: Vec<_> = (0..20).map(|i| trial([0.5, f64::from(i) / 19.0, 0.5])).collect();
        let (a, b) = (Limits::learn(&scattered, 3), Limits::learn(&sorted, 3));
        assert!(a.evidence < 1e-3 * b.evidence, "{} {}", a.evidence, b.evidence);
    }
}
