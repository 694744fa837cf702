//! The box in which a trust-region policy looks, replayed from history.

use crate::History;

/// Half the width of the box at the beginning, and where it is given up for a new one.
const START: f64 = 0.4;
const LEAST: f64 = 0.005;
/// Successes in a row after which the box doubles.
const SUCCESSES: usize = 3;
/// Share of the best outcome's distance from the mean by which an experiment must improve on it to count as a success.
const MARGIN: f64 = 1e-3;

/// Half the width of the box on every axis, after the experiments of `history` in the order in which they were run
/// (Eriksson et al. 2019, arXiv 1910.01739, sec. 3).
pub(super) fn half_width(history: &History, dim: usize) -> f64 {
    let patience = dim.max(4);
    let (mut half, mut hits, mut misses) = (START, 0, 0);
    let mut best = f64::NEG_INFINITY;
    for trial in &history.trials {
        let outcome = trial.outcome.unwrap_or(f64::NEG_INFINITY);
        if outcome > best + MARGIN * best.abs().min(f64::MAX) || best.is_infinite() {
            (hits, misses) = (hits + 1, 0);
            best = best.max(outcome);
        } else {
            (hits, misses) = (0, misses + 1);
        }
        if hits == SUCCESSES {
            (half, hits) = ((2.0 * half).min(1.0), 0);
        } else if misses == patience {
            (half, misses) = (0.5 * half, 0);
        }
        if half < LEAST {
            half = START;
        }
    }
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trial;

    fn history(outcomes: &[f64]) -> History {
        let trial = |y: &f64| Trial::at(vec![0.0; 2], Some(*y));
        History { trials: outcomes.iter().map(trial).collect(), ..History::default() }
    }

    #[test]
    fn success_widens_and_failure_narrows_the_box() {
        assert!((half_width(&history(&[1.0, 2.0, 3.0]), 2) - 2.0 * START).abs() < 1e-15);
        assert!((half_width(&history(&[1.0, 0.0, 0.0, 0.0, 0.0]), 2) - 0.5 * START).abs() < 1e-15);
    }
}
