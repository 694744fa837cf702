//! Rules about sensors of the rig: each acts, and makes the rig safe.

use super::*;
use crate::layer::SensorRule;
use crate::manifest::{Probe, SensorKind};
use crate::path::{Liquid, Train};

/// A toy lab with a sensor, under a guard, pumping 100 µL/min and heating.
struct Watched {
    lab: Rc<RefCell<ToyLab>>,
    guarded: Guarded<OfRig>,
}

/// A lab that is shared with its test.
struct OfRig(Rc<RefCell<ToyLab>>, Manifest);

impl Lab for OfRig {
    fn manifest(&self) -> &Manifest {
        &self.1
    }
    fn now(&self) -> Instant {
        self.0.borrow().now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.0.borrow_mut().send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.borrow_mut().wait_until(deadline)
    }
}

impl Watched {
    fn new(kind: SensorKind, value: f64, limits: Limits) -> Self {
        let lab = ToyLab::new().with_sensor("it", kind, value);
        let manifest = lab.manifest().clone();
        let lab = Rc::new(RefCell::new(lab));
        let mut guarded = Guarded::new(OfRig(lab.clone(), manifest), limits);
        guarded.send(&heat(60.0)).unwrap();
        guarded.send(&dispense(100.0, 900.0)).unwrap();
        Self { lab, guarded }
    }

    fn reads(&self, value: f64) {
        self.lab.borrow_mut().sensed[0].1 = value;
    }

    fn wait(&mut self, seconds: f64) -> Result<(), Fault> {
        self.guarded.wait(Span::from_secs(seconds))
    }

    /// The rule that acts within this time, and what it says; the rig must be safe then.
    fn acts(&mut self, within_s: f64) -> (String, String) {
        let fault = self.wait(within_s).expect_err("it acts");
        assert!(self.lab.borrow().is_safe(), "{fault}");
        assert_eq!(fault.origin.as_str(), "it");
        match fault.kind {
            FaultKind::Interlock { rule, detail } => (rule, detail),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_leak_and_an_open_switch_make_the_rig_safe_at_the_next_look() {
    for (kind, rule, said) in [
        (SensorKind::Leak, "leak", "there is liquid at the leak sensor"),
        (SensorKind::Permit, "permit", "close the door or release the emergency stop"),
    ] {
        for open in [0.0, f64::NAN] {
            let mut rig = Watched::new(kind.clone(), 1.0, Limits::default());
            rig.wait(20.0).unwrap();
            rig.reads(open);
            let (acted, detail) = rig.acts(5.0);
            assert_eq!(acted, rule);
            assert!(detail.contains(said), "{detail}");
        }
    }
}

#[test]
fn a_pressure_above_what_is_allowed_or_else_above_what_the_rig_bears_makes_the_rig_safe() {
    let limits = |max_pressure_kpa| Limits { max_pressure_kpa, ..Limits::default() };
    for (kpa, is_allowed) in [(500.0, true), (500.1, false), (f64::NAN, false)] {
        let mut rig = Watched::new(SensorKind::Probe(Probe::Pressure), 20.0, limits(Some(500.0)));
        rig.wait(20.0).unwrap();
        rig.reads(kpa);
        if is_allowed {
            rig.wait(20.0).unwrap();
            continue;
        }
        let (rule, detail) = rig.acts(5.0);
        assert_eq!(rule, "pressure");
        assert!(detail.ends_with("kPa, allowed is at most 500 kPa: the tube may be clogged"));
    }
    let mut manifest = ToyLab::new().manifest().clone();
    assert_eq!(limits(None).highest_pressure_kpa(&manifest), None);
    let liquid = Liquid { density_kg_per_m3: 1_000.0, viscosity_mpa_s: 1.0 };
    let (lines, tube, bears_kpa) = (Vec::new(), Vec::new(), 800.0);
    manifest.path.train = Some(Train {
        segmented: None,
        liquid,
        carriers: None,
        lines,
        tube,
        bears_kpa,
        phases: None,
        gas: None,
    });
    assert_eq!(limits(None).highest_pressure_kpa(&manifest), Some(800.0));
    assert_eq!(limits(Some(500.0)).highest_pressure_kpa(&manifest), Some(500.0));
}

#[test]
fn a_flow_that_is_off_for_too_long_makes_the_rig_safe() {
    let kind = || SensorKind::Probe(Probe::Flow(vec!["water".into()]));
    for (reads, is_allowed) in [(80.5, true), (119.5, true), (79.0, false), (121.0, false)] {
        let mut rig = Watched::new(kind(), 100.0, Limits::default());
        rig.wait(20.0).unwrap();
        rig.reads(reads);
        // The first look that sees it comes after 5 s, and 60 s are allowed from there.
        rig.wait(64.0).unwrap();
        if is_allowed {
            rig.wait(60.0).unwrap();
            continue;
        }
        let (rule, detail) = rig.acts(5.0);
        assert_eq!(rule, "flow");
        assert!(detail.contains("for 60 s, allowed is 80 to 120 µL/min: look for a leak"));
    }
    // What is off for a moment again and again is not off for long.
    let mut rig = Watched::new(kind(), 100.0, Limits::default());
    for reads in [50.0, 100.0, 50.0, 100.0] {
        rig.reads(reads);
        rig.wait(50.0).unwrap();
    }
    // A pump that stands still delivers nothing, whatever a sensor shows.
    rig.guarded.send(&Command::Stop { pump: "water".into() }).unwrap();
    rig.reads(30.0);
    rig.wait(200.0).unwrap();
    let mut free = Watched::new(kind(), 0.0, Limits { flow_tolerance: 1.0, ..Limits::default() });
    free.wait(200.0).unwrap();
}

#[test]
fn a_reading_beyond_its_own_limits_makes_the_rig_safe_after_its_time() {
    let level = || SensorKind::Probe(Probe::Level);
    let limits =
        |rule: SensorRule| Limits { sensors: [("it".into(), rule)].into(), ..Limits::default() };
    let high = SensorRule { high: Some(900.0), ..SensorRule::default() };
    let low = SensorRule { low: Some(50.0), for_s: 30.0, ..SensorRule::default() };
    let mut full = Watched::new(level(), 900.0, limits(high));
    full.wait(20.0).unwrap();
    full.reads(900.5);
    let (rule, detail) = full.acts(5.0);
    assert_eq!(
        (rule.as_str(), detail.as_str()),
        ("reading", "it reads 900.5 mL, allowed is at most 900 mL")
    );
    let mut empty = Watched::new(level(), 60.0, limits(low.clone()));
    empty.reads(49.0);
    empty.wait(34.0).unwrap();
    let (_, detail) = empty.acts(5.0);
    assert_eq!(detail, "it reads 49 mL for 30 s, allowed is at least 50 mL");
    let flowing = SensorRule { while_flowing: true, ..low };
    let mut still = Watched::new(level(), 49.0, limits(flowing.clone()));
    still.guarded.send(&Command::Stop { pump: "water".into() }).unwrap();
    still.wait(200.0).unwrap();
    let mut flows = Watched::new(level(), 49.0, limits(flowing));
    assert_eq!(flows.acts(60.0).0, "reading");
}

/// Nobody knows the pressure then.
#[test]
fn a_sensor_that_does_not_answer_makes_the_rig_safe() {
    let limits = Limits { max_pressure_kpa: Some(500.0), ..Limits::default() };
    let mut rig = Watched::new(SensorKind::Probe(Probe::Pressure), 20.0, limits);
    rig.wait(20.0).unwrap();
    rig.lab.borrow_mut().sensed.clear();
    rig.wait(5.0).unwrap_err();
    assert!(rig.lab.borrow().is_safe());
}
