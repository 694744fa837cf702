//! Lines that a lab or an optimiser outside this program says: nothing panics or hangs, what is understood is what was said, and
//! every number that goes on from here can be worked with.

use std::fmt::Debug;

use flowtwin_campaign::outside::{FromLab, FromOptimiser, Lines, nonsense, parse, proposal};
use flowtwin_lab::{Choice, Constraint, Input, Linear, Space, is_sensible};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Lines of both sides.
pub fn lab_lines(data: &[u8]) {
    let mut lines = Lines::new(data);
    while let Ok(Some(line)) = lines.next_line() {
        assert!(!line.is_empty() && !line.ends_with(b" "), "blank lines and ends are left out");
        match heard(&line, lines.count()) {
            Some(FromLab::Observation(told)) if nonsense(&told).is_none() => {
                let features = told.features.iter().filter_map(|(_, value)| *value);
                let volumes = told.consumed_ml.iter().map(|(_, ml)| *ml);
                let mut all = features.chain(volumes).chain(told.outcome);
                assert!(all.all(is_sensible), "{told:?}");
            }
            _ => {}
        }
        if let Some(FromOptimiser::Experiment(asked)) = heard(&line, lines.count()) {
            let space = space();
            match proposal(&space, &asked.conditions) {
                Ok(conditions) => assert!(space.contains(&conditions), "{conditions:?}"),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
}

/// What a line says, which says the same when it is written once more.
fn heard<T: Debug + PartialEq + Serialize + DeserializeOwned>(
    line: &[u8],
    number: u64,
) -> Option<T> {
    match parse::<T>(line, number, "a line") {
        Ok(said) => {
            let text = serde_json::to_vec(&said).expect("a message is plain data");
            assert_eq!(parse::<T>(&text, number, "a line").as_ref(), Ok(&said));
            Some(said)
        }
        Err(error) => {
            let told = error.to_string();
            assert!(told.starts_with(&format!("line {number}: ")) && told.contains("a line"));
            None
        }
    }
}

fn option(name: &str) -> Choice {
    Choice { name: name.into(), descriptors: Vec::new() }
}

/// Two numbers, one on a grid, whose sum is bounded, and a choice.
fn space() -> Space {
    let inputs = vec![
        Input::number("t_c", 20.0, 150.0, 0.1),
        Input::number("a_ul_per_min", 0.0, 200.0, 0.0),
        Input::choice("solvent", ["water", "DMF"].map(option).to_vec()),
    ];
    let of = Linear { constant: 0.0, factors: vec![1.0, 1.0, 0.0] };
    let sum = Constraint::linear("sum", of, 0.0, 300.0);
    Space::new(inputs, vec![sum]).expect("it is a space")
}
