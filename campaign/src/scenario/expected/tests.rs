use std::path::Path;
use std::sync::Arc;

use flowtwin_lab::Streams;
use flowtwin_sim::{SimLab, spec};

use super::*;
use crate::scenario::{plan, world};

/// What features are off by in a whole run, because its reference spectra are: 100 runs, whose mean square is one within 0.14 by chance.
#[test]
fn reference_spectra_are_off_by_what_is_said() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/cs3cu2i5.toml");
    let scenario = Scenario::load(&path).unwrap();
    let mut noisy = plan(&world(&scenario.definition())).unwrap().world().clone();
    let spec::Noise { lights, window, shot, .. } = noisy.noise.clone();
    noisy.noise = spec::Noise { lights, window, shot, ..spec::Noise::default() };
    let plan = Plan::new(&noisy).unwrap();
    let mut expected = Expected::on(&scenario, &plan);
    let at = scenario.space().from_unit(&vec![0.5; scenario.space().dim()]);
    let (first, blanks) = (Moment::default(), expected.blanks());
    let said = expected.by_blanks(&at, &first, &blanks);
    let plan = Arc::new(plan);
    let taken = |seed| {
        let mut lab = SimLab::new(plan.clone(), Streams::new(seed).child("world", 0));
        scenario.procedure().prime(&mut lab).unwrap()
    };
    let taken: Vec<Blank> = (0..100).map(taken).collect();
    let seen = expected.by_blanks(&at, &first, &taken);
    for (f, (name, _)) in scenario.features().iter().enumerate() {
        let squares = |all: &[Vec<f64>]| all.iter().map(|off| off[f] * off[f]).sum::<f64>();
        let (square, variance) = (squares(&seen) / seen.len() as f64, squares(&said));
        // Emission is read against no reference.
        match name.as_str() {
            "abs_300" => assert!((0.6..1.5).contains(&(square / variance)), "{square} {variance}"),
            _ => assert!(square == 0.0 && variance == 0.0, "{name}: {square}"),
        }
    }
}
