//! Sensors and switches that make a rig safe: every rule is seen to act, simulated and on emulated instruments.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use flowtwin_backends::EmulatedRig;
use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{self, Journal, Record, Writer, stopped_by};
use flowtwin_lab::{Command, Fault, FaultKind, Lab};

use crate::support::{folder, run, scenario};

/// The reference rig with a sensor of each kind that watches it.
const RIG: &str = r#"
[rig.sensors]
gauge = { stretch = "reactor", measures = "pressure" }
meter = { stretch = "absorption_cell", measures = "flow" }
waste = { stretch = "absorption_cell", measures = { level = { begins_ml = 400.0 } } }
[rig.switches]
door = { of = "door" }
stop = { of = "emergency_stop" }
tray = { of = "leak" }
[guard.sensors]
waste = { high = 450.0 }
[[phases]]
name = "a"
policy = "lhs"
experiments = 2
"#;

fn mishap(at_s: f64, what: &str) -> String {
    format!("[[faults.scheduled]]\nat_s = {at_s}\nmishap = {{ {what} }}\n")
}

/// What stops a campaign, which must be the same on both backends, and the rig must be safe then.
fn stopped(name: &str, body: &str) -> Fault {
    stopped_on(RIG, name, body)
}

fn stopped_on(rig: &str, name: &str, body: &str) -> Fault {
    let dir = folder(&format!("sensors-{name}"));
    let file = scenario(&dir, name, "noise-free.toml", &format!("{rig}{body}"));
    let scenario = Scenario::load(&file).unwrap();
    let lab = || scenario.simulated().unwrap().lab(1);
    let sim = journal_of(&scenario, lab());
    let emulated = journal_of(&scenario, EmulatedRig::usual(Box::new(lab())).unwrap());
    assert!(sim == emulated, "{name}: the journals differ");
    let journal = journal::read(&sim).unwrap();
    match journal.records().last() {
        Some(Record::Command(last)) => assert_eq!(last.send, Command::MakeSafe, "{name}"),
        other => panic!("{name}: the last record is {other:?}"),
    }
    stopped_by(&journal).unwrap_or_else(|| panic!("{name}: nothing has stopped it"))
}

fn journal_of(scenario: &Scenario, lab: impl Lab) -> Vec<u8> {
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, 1, NonZeroUsize::MIN, &never);
    let (known, writer): (Option<&Journal>, _) = (None, Writer::new(Vec::new()));
    campaign.run(lab, writer, known, &mut Silent).expect("a policy answers").1.into_sink()
}

/// The sensor and the rule that stop a campaign, and what is said.
fn rule_of(fault: Fault) -> (String, String, String) {
    match fault.kind {
        FaultKind::Interlock { rule, detail } => (fault.origin.to_string(), rule, detail),
        other => panic!("{}: {other}", fault.origin),
    }
}

#[test]
fn every_rule_about_a_sensor_acts_and_leaves_the_rig_safe_on_every_backend() {
    let clog = "clog = { stretch = \"cooling\", factor = 2000.0 }";
    let bubble = "bubble = { pump = \"pfo\", compliance_s = 600.0 }";
    for (name, body, sensor, rule) in [
        ("door", mishap(900.0, "opens = { switch = \"door\" }"), "door", "permit"),
        ("stop", mishap(900.0, "opens = { switch = \"stop\" }"), "stop", "permit"),
        ("tray", mishap(900.0, "opens = { switch = \"tray\" }"), "tray", "leak"),
        ("clog", mishap(900.0, clog), "gauge", "pressure"),
        ("bubble", mishap(1.0, bubble), "meter", "flow"),
    ] {
        let (origin, acted, detail) = rule_of(stopped(name, &body));
        assert_eq!((origin.as_str(), acted.as_str()), (sensor, rule), "{name}: {detail}");
    }
    let nearly_full = RIG.replace("begins_ml = 400.0", "begins_ml = 449.0");
    let (origin, acted, detail) = rule_of(stopped_on(&nearly_full, "full", ""));
    assert_eq!((origin.as_str(), acted.as_str()), ("waste", "reading"));
    assert!(detail.ends_with("allowed is at most 450 mL"), "{detail}");
}

#[test]
fn a_sensor_that_falls_silent_stops_the_campaign() {
    for sensor in ["gauge", "tray"] {
        let silence = format!("silence = {{ instrument = \"{sensor}\", waited_s = 1.0 }}");
        let fault = stopped(&format!("silent-{sensor}"), &mishap(900.0, &silence));
        assert_eq!(fault.origin.as_str(), sensor);
        assert!(matches!(fault.kind, FaultKind::NoReply { .. }), "{fault}");
    }
}

#[test]
fn a_pump_stalls_where_a_clogged_tube_takes_more_pressure_than_its_drive_gives() {
    let clog = mishap(900.0, "clog = { stretch = \"cooling\", factor = 2000.0 }");
    let strong = "[rig]\nmax_pressure_kpa = 100000.0\n[rig.pumps.pfo]\nthrust_n = 30.0\n";
    let fault = stopped("stalls", &format!("{strong}{clog}"));
    assert_eq!((fault.origin.as_str(), &fault.kind), ("pfo", &FaultKind::Stalled));
}

#[test]
fn what_no_sensor_watches_is_said_by_a_check() {
    let dir = folder("sensors-lacking");
    let phase = "[[phases]]\nname = \"a\"\npolicy = \"lhs\"\nexperiments = 1\n";
    let file = scenario(&dir, "bare", "cs3cu2i5.toml", phase);
    let bare = run(&dir, &["check", file.to_str().unwrap()]);
    assert_eq!(bare.code, Some(0), "{}", bare.stderr);
    let said = "not watched: no pressure sensor, no leak sensor, no switch of a door or an emergency stop, no flow sensor, \
                no level sensor or balance";
    assert!(bare.stdout.contains(said), "{}", bare.stdout);
    let file = scenario(&dir, "all", "cs3cu2i5.toml", RIG);
    let all = run(&dir, &["check", file.to_str().unwrap()]);
    assert!(all.code == Some(0) && !all.stdout.contains("not watched"), "{}", all.stdout);
}

#[test]
fn a_rule_about_a_sensor_that_is_not_there_or_that_allows_everything_is_refused() {
    let dir = folder("sensors-refused");
    for (name, body, said) in [
        ("typo", "[guard.sensors]\ngage = { high = 1.0 }\n", "gage"),
        ("free", "[guard.sensors]\ngauge = { for_s = 1.0 }\n", "it allows everything"),
        ("empty", "[guard.sensors]\ngauge = { low = 3.0, high = 2.0 }\n", "low = 3 is not below"),
        ("twice", "[rig.switches]\npfo = { of = \"leak\" }\n", "has this name already"),
    ] {
        let rig = RIG.replace("[guard.sensors]\nwaste = { high = 450.0 }\n", "");
        let rig = if name == "twice" { "" } else { &rig };
        let file = scenario(&dir, name, "noise-free.toml", &format!("{rig}{body}"));
        let refused = run(&dir, &["check", file.to_str().unwrap()]);
        assert_eq!(refused.code, Some(2), "{name}: {}", refused.stdout);
        assert!(refused.stderr.contains(said), "{name}: {}", refused.stderr);
    }
}
