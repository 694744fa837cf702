//! Every fault leaves its trace in what a campaign gets to see: a fault by name, a flag, or a
//! feature that is off. Scheduled and at random, as a scenario's `[faults]` says it.

use std::sync::Arc;

use flowtwin_lab::layer::{Guarded, Limits};
use flowtwin_lab::{Blank, FaultKind, Follows, Observation, Procedure, Streams};
use flowtwin_sim::spec::{Faults, Noise, World};
use flowtwin_sim::{Plan, SimLab};

use crate::support::{CENTRE, conditions, procedure, reference};

/// The reference rig behind its guard, without noise, with these faults.
struct Rig {
    lab: Guarded<SimLab>,
    procedure: Procedure,
    blank: Blank,
}

impl Rig {
    fn new(faults: &str) -> Self {
        Self::of(reference(), faults)
    }

    fn of(world: World, faults: &str) -> Self {
        let mut rig = Self::unprimed(world, faults, Blank::default());
        rig.blank = rig.procedure.prime(&mut rig.lab).unwrap();
        rig
    }

    /// A rig whose blank is that of a sound one: some faults strike before the first frame.
    fn unprimed(mut world: World, faults: &str, blank: Blank) -> Self {
        world.noise = Noise::default();
        world.faults = toml::from_str::<Faults>(faults).unwrap();
        let plan = Arc::new(Plan::new(&world).unwrap());
        let procedure = procedure(&plan);
        let limits = Limits { max_temperature_c: 170.0, ..Limits::default() };
        Self { lab: Guarded::new(SimLab::new(plan, Streams::new(1)), limits), procedure, blank }
    }

    fn run(&mut self) -> Observation {
        self.procedure.run(&mut self.lab, &self.blank, &conditions(CENTRE))
    }
}

/// A mishap that begins between the first experiment and the third, by both ways of saying so:
/// what the third experiment shows.
fn third(mishap: &str) -> [Observation; 2] {
    let scheduled =
        format!("scheduled = [{{ at_s = 700.0, for_s = 1e5, mishap = {{ {mishap} }} }}]");
    // At 1000 an hour the wait is 4 s on average; the first experiments see it too.
    let random =
        format!("random = [{{ rate_per_h = 1000.0, for_s = 1e5, mishap = {{ {mishap} }} }}]");
    [third_of(&scheduled), third_of(&random)]
}

fn third_of(faults: &str) -> Observation {
    let mut rig = Rig::unprimed(reference(), faults, Rig::new("").blank);
    rig.run();
    rig.run();
    rig.run()
}

fn sound() -> Observation {
    let mut rig = Rig::new("");
    rig.run();
    rig.run();
    rig.run()
}

fn feature(observation: &Observation, name: &str) -> f64 {
    observation.feature(name).unwrap_or_else(|| panic!("{:?}", observation.fault))
}

/// The kind of fault that ended an experiment.
fn fault(observation: &Observation) -> &FaultKind {
    &observation.fault.as_ref().unwrap_or_else(|| panic!("{:?}", observation.outcome.features)).kind
}

#[test]
fn a_sound_rig_shows_no_fault_and_no_flag() {
    let sound = sound();
    assert_eq!(sound.fault, None);
    assert!(sound.outcome.quality.flags().is_empty(), "{:?}", sound.outcome.quality);
}

#[test]
fn a_stall_fails_the_experiment_by_name() {
    for seen in third(r#"stall = { pump = "cui" }"#) {
        assert_eq!(fault(&seen), &FaultKind::Stalled);
    }
}

/// Gas gives way: CuI comes late, and what should be steady is still rising.
#[test]
fn a_bubble_leaves_the_features_short_of_steady_state() {
    let sound = sound();
    for seen in third(r#"bubble = { pump = "cui", compliance_s = 200.0 }"#) {
        let share = feature(&seen, "abs_300") / feature(&sound, "abs_300");
        assert!((0.2..0.9).contains(&share), "{share}");
    }
}

/// Two darks on top of each other would look like a clear liquid.
#[test]
fn a_dark_lamp_fails_the_experiment_by_name() {
    for seen in third(r#"dark = { light = "lamp" }"#) {
        assert!(matches!(fault(&seen), FaultKind::NoLight { .. }), "{:?}", fault(&seen));
    }
}

/// An excitation that fails leaves neither emission nor what slugs and carrier scatter of it: a dim product does.
#[test]
fn a_dark_excitation_fails_the_experiment_by_name() {
    for seen in third(r#"dark = { light = "led" }"#) {
        let fault = seen.fault.as_ref().expect("no light");
        assert_eq!(fault.origin, "led");
        assert!(matches!(fault.kind, FaultKind::NoLight { .. }), "{fault}");
    }
}

#[test]
fn a_lamp_that_is_too_bright_is_flagged_as_saturated() {
    for seen in third(r#"brightness = { light = "lamp", factor = 3.0 }"#) {
        assert!(seen.outcome.quality.saturated, "{:?}", seen.outcome.quality);
    }
}

/// Emission is proportional to what excites it.
#[test]
fn a_weak_excitation_lowers_emission_by_as_much() {
    let sound = sound();
    for seen in third(r#"brightness = { light = "led", factor = 0.5 }"#) {
        let share = feature(&seen, "pli") / feature(&sound, "pli");
        assert!((share - 0.5).abs() < 0.01, "{share}");
    }
}

/// The blank is as weak: emission is not divided by it, and absorbance is.
#[test]
fn a_light_that_has_lost_half_of_its_strength_lowers_emission_and_blank_by_as_much() {
    let mut world = reference();
    let mut before = Rig::of(world.clone(), "");
    for light in world.rig.lights.values_mut() {
        light.brightness_percent = 50.0;
    }
    let mut after = Rig::of(world, "");
    let [sound, weak] = [before.run(), after.run()];
    let share = feature(&weak, "pli") / feature(&sound, "pli");
    assert!((share - 0.5).abs() < 0.01, "{share}");
    let share = feature(&weak, "abs_300") / feature(&sound, "abs_300");
    assert!((share - 1.0).abs() < 0.01, "{share}");
    for (weak, sound) in after.blank.reference.iter().zip(&before.blank.reference) {
        let brightest = |counts: &[f64]| counts.iter().copied().fold(0.0, f64::max) - 1357.0;
        let share = brightest(weak) / brightest(sound);
        assert!((share - 0.5).abs() < 0.02, "{share}");
    }
}

#[test]
fn a_runaway_heater_trips_the_interlock() {
    for seen in third(r#"runaway = { heater = "plate" }"#) {
        assert!(matches!(fault(&seen), FaultKind::Interlock { .. }), "{:?}", fault(&seen));
    }
}

#[test]
fn an_open_sensor_fails_the_experiment_by_name() {
    for seen in third(r#"sensor_open = { heater = "plate" }"#) {
        assert_eq!(fault(&seen), &FaultKind::SensorOpen);
    }
}

#[test]
fn merging_slugs_are_flagged_as_irregular() {
    for seen in third("coalescence = {}") {
        assert!(seen.outcome.quality.irregular, "{:?}", seen.outcome.quality);
    }
}

/// Half as much carrier again: off one to one by more than the 20 % of the rule.
#[test]
fn a_carrier_off_its_ratio_is_flagged_as_irregular() {
    let mut rig = Rig::new("");
    let mut recipe = rig.procedure.recipe().clone();
    let Some((_, Follows::Linear(carrier))) = recipe.pumps.last_mut() else {
        panic!("it is linear")
    };
    carrier.factors.iter_mut().for_each(|factor| *factor *= 1.5);
    let (spec, analysis) = (rig.procedure.spec().clone(), rig.procedure.analysis().clone());
    rig.procedure = Procedure::new(spec, recipe, analysis);
    rig.run();
    assert!(rig.run().outcome.quality.irregular);
}

#[test]
fn a_silent_instrument_fails_the_experiment_after_the_wait() {
    for seen in third(r#"silence = { instrument = "cui", waited_s = 1.5 }"#) {
        assert_eq!(fault(&seen), &FaultKind::NoReply { waited_s: 1.5 });
    }
}

#[test]
fn a_lost_link_fails_the_experiment_where_it_happens() {
    let mut rig = Rig::new("scheduled = [{ at_s = 300.0, mishap = { link_lost = {} } }]");
    let seen = rig.run();
    assert!(matches!(fault(&seen), FaultKind::LinkLost { .. }), "{:?}", fault(&seen));
    assert!((seen.fault.unwrap().at.as_secs() - 300.0).abs() < 1e-6);
    let often = "random = [{ rate_per_h = 60.0, mishap = { link_lost = {} } }]";
    let (mut rig, mut lost) = (Rig::unprimed(reference(), often, rig.blank), 0);
    for _ in 0..5 {
        let kind = rig.run().fault.map(|fault| fault.kind);
        lost += u32::from(matches!(kind, Some(FaultKind::LinkLost { .. })));
    }
    assert!(lost > 0, "a link that is lost every minute was never lost");
}

/// The guard knows what is left and refuses what it would take; without it the pump stalls (see
/// `faults.rs`).
#[test]
fn an_empty_syringe_stops_the_experiment() {
    let mut world = reference();
    world.rig.pumps.get_mut("oam").unwrap().fill_ml = 0.04;
    let mut rig = Rig::of(world, "");
    assert_eq!(rig.run().fault, None);
    let fault = rig.run().fault.unwrap();
    assert_eq!(fault.origin, "oam");
    let quantity = match fault.kind {
        FaultKind::OutOfRange { quantity, .. } => quantity,
        other => panic!("{other}"),
    };
    assert_eq!(quantity, "volume");
}

#[test]
fn a_clogged_line_fails_the_experiment_by_name() {
    let mut world = reference();
    let stock = world.stocks.get_mut("cs_oleate").unwrap();
    stock.concentrations_mm.insert("oa".into(), 4.0 * 30.22);
    let clogs = "precipitation = [{ solid = \"cs\", ligand = \"oa\", least_ratio = 5.0, \
                 clogs_after_ml = 0.2 }]";
    let mut rig = Rig::of(world, clogs);
    let seen: Vec<Observation> = (0..3).map(|_| rig.run()).collect();
    assert!(seen.iter().any(|o| o.fault.as_ref().is_some_and(|f| f.kind == FaultKind::Stalled)));
}

/// Four PLI of the reference rig whose second stream, and the carrier with it, runs at this part of the rate that it has at one
/// to one.
fn pli_at(part: f64) -> Vec<f64> {
    let mut rig = Rig::new("");
    let mut recipe = rig.procedure.recipe().clone();
    for (pump, follows) in &mut recipe.pumps {
        let part = match pump.as_str() {
            "cs" | "oa_cs" | "ode_cs" => part,
            "pfo" => 0.5 * (1.0 + part),
            _ => 1.0,
        };
        let Follows::Linear(rate) = follows else { panic!("it is linear") };
        rate.factors.iter_mut().for_each(|factor| *factor *= part);
    }
    let (spec, analysis) = (rig.procedure.spec().clone(), rig.procedure.analysis().clone());
    rig.procedure = Procedure::new(spec, recipe, analysis);
    (0..4)
        .map(|_| {
            let seen = rig.run();
            assert_eq!(seen.outcome.quality.irregular, part < 1.0, "at {part}");
            seen.feature("pli").unwrap()
        })
        .collect()
}

/// Slugs that differ in what is in them are no brighter than even ones, and no two experiments see the same of them.
#[test]
fn uneven_streams_are_not_brighter_and_repeat_worse() {
    let (even, uneven) = (pli_at(1.0), pli_at(0.58));
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let spread = |of: &[f64]| {
        let most = of.iter().fold(f64::MIN, |most, it| most.max(*it));
        (most - of.iter().fold(f64::MAX, |least, it| least.min(*it))) / mean(of)
    };
    assert!(mean(&uneven) < 0.95 * mean(&even), "{uneven:?} against {even:?}");
    assert!(spread(&uneven) > 5.0 * spread(&even), "{uneven:?} against {even:?}");
}
