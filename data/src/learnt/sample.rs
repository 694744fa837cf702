//! A small data set for tests.

use flowtwin_lab::{Input, Space, Streams};
use flowtwin_twin::{Context, SurrogateSpec};

use super::data::{Data, Row};
use super::source::Target;
use super::twin::Twin;

/// 24 experiments of two inputs: the first raises the yield, the second has its best value in the
/// middle.
pub(super) fn data() -> Data {
    let input = |name: &str, low, high| Input::number(name, low, high, 0.0);
    let inputs = vec![input("time_s", 10.0, 60.0), input("temperature_c", 20.0, 100.0)];
    let mut stream = Streams::new(5).open("sample", 0);
    let mut row = |number: usize| {
        let (u, v) = (stream.uniform(), stream.uniform());
        let outcome = 30.0 + 40.0 * u + 80.0 * v * (1.0 - v) + stream.normal();
        let inputs = vec![10.0 + 50.0 * u, 20.0 + 80.0 * v];
        Row { number, inputs, outcome: Some(outcome) }
    };
    Data {
        source: "sample.csv".into(),
        sha256: "0".repeat(64),
        target: Target { name: "yield_percent".into(), unit: "%".into() },
        space: Space::new(inputs, Vec::new()).expect("the ranges are in order"),
        rows: (1..=24).map(&mut row).collect(),
        simulated: Some(true),
        lab_time_s: None,
        notes: Vec::new(),
    }
}

/// A twin of it.
pub(super) fn twin() -> Twin {
    let context = Context::new(Streams::new(1));
    Twin::fit(&data(), SurrogateSpec::Gp, &context).expect("the sample can be learnt")
}
