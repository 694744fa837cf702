//! What the procedure, the frames or the pressure cannot do on a rig is flagged in the observation, from what the frames show
//! and the conditions say: the same on a real rig.

use std::sync::Arc;

use flowtwin_lab::{Blank, FaultKind, Observation, Procedure, Streams};
use flowtwin_sim::spec::World;
use flowtwin_sim::{Plan, SimLab};

use crate::support::{CENTRE, conditions, procedure, reference};

/// A procedure that fills the lines before its reference, as that of the paper does, and takes the carrier at 600 µL/min for
/// a minute and a half.
fn filling(plan: &Plan) -> Procedure {
    let usual = procedure(plan);
    let mut spec = usual.spec().clone();
    let settings = usual.recipe().settings(&conditions(CENTRE));
    let rate = |pump: &str, rate: f64| flowtwin_lab::procedure::FlushRate {
        pump: pump.into(),
        ul_per_min: rate,
    };
    spec.fill.flush_s = 120.0;
    let rates = settings.pumps.iter().map(|(pump, r)| rate(pump.as_str(), r.ul_per_min()));
    spec.fill.rates = rates.collect();
    spec.blank.rates = vec![rate("pfo", 600.0)];
    spec.blank.flush_s = 90.0;
    Procedure::new(spec, usual.recipe().clone(), usual.analysis().clone())
}

/// What an experiment at the centre of the box shows, at so many times its flows.
fn observed(change: impl Fn(&mut World), times: f64) -> (Blank, Observation) {
    let mut world = reference();
    change(&mut world);
    let plan = Arc::new(Plan::new(&world).unwrap());
    let procedure = filling(&plan);
    let mut lab = SimLab::new(plan, Streams::new(1));
    let blank = procedure.prime(&mut lab).unwrap();
    let mut values = CENTRE;
    values[1..].iter_mut().for_each(|rate| *rate *= times);
    let observation = procedure.run(&mut lab, &blank, &conditions(values));
    (blank, observation)
}

fn flags(observation: &Observation) -> Vec<&'static str> {
    assert_eq!(observation.fault, None);
    observation.outcome.quality.flags()
}

fn bore(world: &mut World, mm: f64) {
    world.rig.tube.iter_mut().filter(|s| s.name == "reactor").for_each(|s| s.bore_mm = mm);
}

#[test]
fn the_rig_of_the_paper_can_do_what_the_paper_did() {
    let (blank, seen) = observed(|_| {}, 1.0);
    assert!(!blank.stale);
    assert_eq!(flags(&seen), [""; 0]);
}

/// Four times the reactor: at the reference, slugs of the fill still pass the cells.
#[test]
fn a_reference_taken_while_slugs_pass_is_flagged() {
    let long = |world: &mut World| {
        world.rig.tube.iter_mut().filter(|s| s.name == "reactor").for_each(|s| s.volume_ul *= 4.0);
    };
    let (blank, seen) = observed(long, 1.0);
    assert!(blank.stale);
    assert_eq!(flags(&seen), ["stale_blank"]);
}

/// A narrow junction makes slugs that pass within a frame, as high flows do.
#[test]
fn slugs_that_frames_cannot_show_are_flagged() {
    let narrow = |world: &mut World| world.rig.segmentation.as_mut().unwrap().width_mm = 0.4;
    for (change, times) in [(&narrow as &dyn Fn(&mut World), 1.0), (&|_: &mut World| {}, 4.0)] {
        let (_, seen) = observed(change, times);
        assert!(flags(&seen).contains(&"unresolved"), "{:?}", flags(&seen));
    }
}

/// 221 m of tube of 0.05 mm: no pump drives liquid through it. A bore of 5 mm has no slugs.
#[test]
fn a_bore_that_no_train_passes_fails_or_is_flagged() {
    let (_, narrow) = observed(|world| bore(world, 0.05), 1.0);
    let fault = narrow.fault.unwrap();
    assert!(
        matches!(&fault.kind, FaultKind::Failed { detail } if detail.contains("kPa")),
        "{fault}"
    );
    let (_, wide) = observed(|world| bore(world, 5.0), 1.0);
    assert!(flags(&wide).contains(&"out_of_regime"), "{:?}", flags(&wide));
}

/// All that the timed stream fills from its first junction on is on its way: 60 µL of junction at the centre, where 207.5 µL/min
/// flow in it, are 17.4 s.
#[test]
fn a_junction_is_part_of_the_residence_time() {
    let residence_s = |junction_ul: f64| {
        let mut world = reference();
        world.rig.streams.get_mut("cu").unwrap().junction_ul = junction_ul;
        let plan = Arc::new(Plan::new(&world).unwrap());
        let settings = procedure(&plan).recipe().settings(&conditions(CENTRE));
        plan.manifest().path.residence_time_s(&settings)
    };
    let longer_s = residence_s(62.0) - residence_s(2.0);
    assert!((longer_s - 60.0 * 60.0 / 207.5).abs() < 1e-6, "{longer_s} s");
}
