//! The simulated lab keeps the promises of the trait and runs the experiment of the paper.

use crate::support::{CENTRE, conditions, lab, plan, procedure};
use flowtwin_lab::conformance;

#[test]
fn the_simulated_lab_conforms() {
    conformance::check(&mut lab(1), None).unwrap();
}

#[test]
fn an_experiment_measures_what_the_reference_set_predicts() {
    let plan = plan();
    let quiet = std::sync::Arc::new(plan.noiseless());
    let mut lab = flowtwin_sim::SimLab::new(quiet, flowtwin_lab::Streams::new(1));
    let procedure = procedure(&plan);
    let blank = procedure.prime(&mut lab).unwrap();
    // The first experiment fills the lines.
    procedure.run(&mut lab, &blank, &conditions(CENTRE));
    let observation = procedure.run(&mut lab, &blank, &conditions(CENTRE));
    assert_eq!(observation.fault, None);
    let feature = |name| observation.feature(name).unwrap();
    assert!((feature("abs_300") - 0.1147).abs() < 0.002, "{}", feature("abs_300"));
    assert!((feature("pli") / 1916.8 - 1.0).abs() < 0.02, "{}", feature("pli"));
    assert!((feature("peak_nm") - 450.0).abs() < 3.0, "{}", feature("peak_nm"));
}
