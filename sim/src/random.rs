//! Random processes on fixed grids: one draw for each step, independent of readings.

use flowtwin_lab::{Stream, math};

/// An Ornstein–Uhlenbeck process, stepped on a fixed grid; it begins in its stationary state.
#[derive(Clone, Debug)]
pub(crate) struct Wander {
    stream: Stream,
    deviation: f64,
    kept: f64,
    fresh: f64,
    value: f64,
}

impl Wander {
    /// A process of standard deviation `deviation`, correlated over `correlation_s`, in steps of
    /// `step_s` [s].
    pub(crate) fn new(mut stream: Stream, deviation: f64, correlation_s: f64, step_s: f64) -> Self {
        let kept = if correlation_s > 0.0 { math::exp(-step_s / correlation_s) } else { 0.0 };
        let value = deviation * stream.normal();
        Self { stream, deviation, kept, fresh: (1.0 - kept * kept).sqrt(), value }
    }

    /// The value of this step.
    pub(crate) fn value(&self) -> f64 {
        self.value
    }

    /// Moves on by one step.
    pub(crate) fn step(&mut self) {
        if self.deviation > 0.0 {
            let draw = self.deviation * self.stream.normal();
            self.value = self.kept * self.value + self.fresh * draw;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowtwin_lab::Streams;

    #[test]
    fn deviation_and_correlation_are_those_asked_for() {
        let mut wander = Wander::new(Streams::new(5).open("wander", 0), 0.3, 20.0, 1.0);
        let values: Vec<f64> = (0..200_000)
            .map(|_| {
                wander.step();
                wander.value()
            })
            .collect();
        let n = values.len() as f64;
        let variance = values.iter().map(|v| v * v).sum::<f64>() / n;
        assert!((variance.sqrt() - 0.3).abs() < 0.01, "{}", variance.sqrt());
        let lagged = values.iter().zip(&values[20..]).map(|(a, b)| a * b).sum::<f64>() / n;
        assert!((lagged / variance - 1.0 / std::f64::consts::E).abs() < 0.04);
    }
}
