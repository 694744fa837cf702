//! Expected experiments beside complete ones: `cargo bench -p flowtwin-campaign`.
//!
//! The figure that counts is the ratio of both in one run.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by unwrapping")]

use std::path::Path;

use divan::Bencher;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Conditions;

fn main() {
    divan::main();
}

fn rig(name: &str) -> (Scenario, Conditions) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let scenario = Scenario::load(&folder.join(format!("{name}.toml"))).unwrap();
    let middle = scenario.space().centre();
    (scenario, middle)
}

/// Without noise and frames.
#[divan::bench(args = ["cs3cu2i5", "snar", "fading-coil", "fading-tanks", "claisen"])]
fn expected(bencher: Bencher<'_, '_>, name: &str) {
    let (scenario, middle) = rig(name);
    let mut expected = scenario.simulated().unwrap().expected();
    bencher.bench_local(|| expected.outcome(&middle));
}

/// The first experiment of a run, noise and frames included.
#[divan::bench(args = ["cs3cu2i5", "snar", "fading-coil", "fading-tanks", "claisen"])]
fn complete(bencher: Bencher<'_, '_>, name: &str) {
    let (scenario, middle) = rig(name);
    let procedure = scenario.procedure();
    let primed = || {
        let mut lab = scenario.simulated().unwrap().lab(1);
        let blank = procedure.prime(&mut lab).unwrap();
        (lab, blank)
    };
    bencher
        .with_inputs(primed)
        .bench_local_values(|(mut lab, blank)| procedure.run(&mut lab, &blank, &middle));
}
