//! The simulated lab keeps the promises of the trait and runs the experiment of the paper.

use std::sync::Arc;

use crate::support::{CENTRE, conditions, lab, plan, procedure, reference};
use flowtwin_lab::{Command, Exposure, Lab as _, Reply, Span, Streams, conformance};
use flowtwin_sim::spec::{LightNoise, Noise};
use flowtwin_sim::{Plan, SimLab};

#[test]
fn the_simulated_lab_conforms() {
    conformance::check(&mut lab(1), None).unwrap();
}

#[test]
fn an_experiment_measures_what_the_reference_set_predicts() {
    let plan = plan();
    let quiet = Arc::new(plan.noiseless());
    let mut lab = SimLab::new(quiet, Streams::new(1));
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

/// A tenth of the light is gone after an hour at 10 % an hour.
#[test]
fn a_lamp_that_loses_light_reads_lower_by_its_drift() {
    let mut world = reference();
    let drifting = LightNoise { drift_percent_per_h: 10.0, ..LightNoise::default() };
    world.noise = Noise { lights: [("lamp".to_owned(), drifting)].into(), ..Noise::default() };
    world.rig.spectrometers.values_mut().for_each(|s| s.nonlinearity_percent = 0.0);
    let mut lab = SimLab::new(Arc::new(Plan::new(&world).unwrap()), Streams::new(1));
    lab.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    let light = |lab: &mut SimLab| {
        let exposure = Exposure { integration_us: 20_000, frames: 1 };
        lab.send(&Command::Arm { spectrometer: "absorption".into(), exposure }).unwrap();
        lab.wait(Span::from_secs(0.02)).unwrap();
        match lab.send(&Command::Fetch { spectrometer: "absorption".into() }).unwrap() {
            Reply::Frames(frames) => {
                frames.counts().iter().map(|c| f64::from(*c) - 1357.0).sum::<f64>()
            }
            other => panic!("{other:?}"),
        }
    };
    let before = light(&mut lab);
    lab.wait(Span::from_secs(3600.0 - 0.02)).unwrap();
    let left = light(&mut lab) / before;
    assert!((left - 0.9).abs() < 5e-4, "{left}");
}

/// A vial tells what the models made of the slugs: the test vector's quantum yield, and the size at
/// the temperature of the plate.
#[test]
fn a_vial_holds_what_the_reference_set_predicts() {
    let plan = plan();
    let mut lab = SimLab::new(Arc::new(plan.noiseless()), Streams::new(1));
    let procedure = procedure(&plan);
    let blank = procedure.prime(&mut lab).unwrap();
    procedure.run(&mut lab, &blank, &conditions(CENTRE));
    procedure.run(&mut lab, &blank, &conditions(CENTRE));
    let vial = lab.sample("emission_cell", 20).unwrap();
    assert!((vial.quantum_yield / 0.1376 - 1.0).abs() < 0.02, "{}", vial.quantum_yield);
    assert!((vial.diameter_nm - 12.0).abs() < 0.1, "{} nm", vial.diameter_nm);
    assert!(lab.sample("no such stretch", 20).is_none());
}
