//! One rig with a sensor of every kind, a selection valve, pumps that refill themselves and a balance: every rule about
//! them is seen to act, simulated and on emulated instruments.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use flowtwin_backends::{EmulatedRig, Wiring};
use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{self, Answer, Journal, Record, Writer, stopped_by};
use flowtwin_lab::{Command, Fault, FaultKind, Lab};

use crate::support::{folder, root, run, scenario};

fn journal_of(scenario: &Scenario, lab: impl Lab) -> Vec<u8> {
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, 1, NonZeroUsize::MIN, &never);
    let (known, writer): (Option<&Journal>, _) = (None, Writer::new(Vec::new()));
    campaign.run(lab, writer, known, &mut Silent).expect("a policy answers").1.into_sink()
}

/// The journal of a scenario, which must be the same to the byte on emulated instruments.
fn on_every_backend(scenario: &Scenario) -> Journal {
    let lab = || scenario.simulated().expect("it has a rig").lab(1);
    let sim = journal_of(scenario, lab());
    let rig = EmulatedRig::usual(Box::new(lab())).expect("it can be wired");
    assert!(sim == journal_of(scenario, rig), "{}: the journals differ", scenario.name());
    journal::read(&sim).expect("a journal")
}

/// What stops the campaign after a mishap or with other limits; the rig is safe then.
fn stopped(name: &str, body: &str) -> Fault {
    let few = "[[phases]]\nname = \"a\"\npolicy = \"lhs\"\nexperiments = 3\n";
    let dir = folder(&format!("watched-{name}"));
    let file = scenario(&dir, name, "watched.toml", &format!("{body}{few}"));
    let journal = on_every_backend(&Scenario::load(&file).expect("a scenario"));
    match journal.records().last() {
        Some(Record::Command(last)) => {
            assert_eq!(last.send, Command::MakeSafe, "{name}");
            assert_eq!(last.answer, Answer::Done, "{name}: it is not safe");
        }
        other => panic!("{name}: the last record is {other:?}"),
    }
    stopped_by(&journal).unwrap_or_else(|| panic!("{name}: nothing has stopped it"))
}

fn mishap(what: &str) -> String {
    format!("[[faults.scheduled]]\nat_s = 900.0\nmishap = {{ {what} }}\n")
}

#[test]
fn every_rule_about_a_sensor_of_one_rig_acts() {
    let beyond = |low: f64, high: f64| {
        format!("[guard.sensors]\nscale = {{ low = {low:?}, high = {high:?} }}\n")
    };
    for (name, body, sensor, rule, said) in [
        ("door", mishap("opens = { switch = \"door\" }"), "door", "permit", "the switch is open"),
        ("stop", mishap("opens = { switch = \"stop\" }"), "stop", "permit", "the switch is open"),
        ("tray", mishap("opens = { switch = \"tray\" }"), "tray", "leak", "there is liquid"),
        (
            "clog",
            mishap("clog = { stretch = \"outlet\", factor = 1e6 }"),
            "gauge",
            "pressure",
            "at most 3000 kPa",
        ),
        (
            "bubble",
            mishap("bubble = { pump = \"alcohol\", compliance_s = 600.0 }"),
            "meter",
            "flow",
            "look for a leak",
        ),
        ("full", beyond(375.0, 382.0), "scale", "reading", "allowed is 375 to 382 g"),
        ("lifted", beyond(381.0, 830.0), "scale", "reading", "allowed is 381 to 830 g"),
    ] {
        let fault = stopped(name, &body);
        let origin = fault.origin.to_string();
        let FaultKind::Interlock { rule: acted, detail } = fault.kind else {
            panic!("{name}: {fault}");
        };
        assert_eq!((origin.as_str(), acted.as_str()), (sensor, rule), "{name}: {detail}");
        assert!(detail.contains(said), "{name}: {detail}");
    }
}

#[test]
fn whatever_falls_silent_or_sticks_on_that_rig_stops_the_campaign() {
    for instrument in ["gauge", "meter", "scale", "door", "tray", "catalyst-valve"] {
        let silence = format!("silence = {{ instrument = \"{instrument}\", waited_s = 1.0 }}");
        let fault = stopped(&format!("silent-{instrument}"), &mishap(&silence));
        assert_eq!(fault.origin.as_str(), instrument, "{fault}");
        assert!(matches!(fault.kind, FaultKind::NoReply { .. }), "{fault}");
    }
    let stuck = stopped("stuck", &mishap("sticks = { valve = \"alcohol-valve\" }"));
    assert_eq!(stuck.origin.as_str(), "alcohol-valve");
    assert!(stuck.to_string().contains("is it stuck"), "{stuck}");
    // By number and name, as a person at the valve needs them.
    assert!(
        stuck.to_string().contains("turned to position 2 (bottle) and is in position 1 (line)"),
        "{stuck}"
    );
    let empty = stopped("empty", "[rig.pumps.alcohol.refill]\nbottle_ml = 0.5\n");
    assert!(matches!(empty.kind, FaultKind::Short { .. }), "{empty}");
}

#[test]
fn nothing_of_that_rig_is_unwatched() {
    let dir = folder("watched-check");
    let file = root().join("scenarios/watched.toml");
    let checked = run(&dir, &["check", file.to_str().expect("text")]);
    assert!(
        checked.code == Some(0) && !checked.stdout.contains("not watched"),
        "{}",
        checked.stdout
    );
}

/// It tells two decimals, so the journal is not that of the simulator.
#[test]
fn a_balance_by_its_file_stops_that_campaign_too() {
    let body = "[guard.sensors]\nscale = { low = 375.0, high = 382.0 }\n[[phases]]\nname = \"a\"\npolicy = \"lhs\"\nexperiments = 3\n";
    let file = scenario(&folder("watched-by-file"), "by-file", "watched.toml", body);
    let scenario = Scenario::load(&file).expect("a scenario");
    let lab = || scenario.simulated().expect("it has a rig").lab(1);
    let usual = Wiring::of(lab().manifest());
    let mut text =
        toml::to_string(&usual).expect("a wiring file").parse::<toml::Table>().expect("toml");
    let sections = text.iter_mut().filter_map(|(_, section)| section.as_table_mut());
    let removed = sections.filter_map(|section| section.remove("scale")).count();
    assert_eq!(removed, 1);
    let balance = "[scale]\nfile = \"mettler-mt-sics\"\n".parse::<toml::Table>().expect("toml");
    text.insert("protocol".into(), toml::Value::Table(balance));
    let wiring = Wiring::parse(&text.to_string()).expect("a wiring file");
    let rig = EmulatedRig::new(Box::new(lab()), &wiring).expect("it fits");
    let journal = journal::read(&journal_of(&scenario, rig)).expect("a journal");
    let fault = stopped_by(&journal).expect("it has stopped");
    assert_eq!(fault.origin.as_str(), "scale");
    assert!(fault.to_string().contains("allowed is 375 to 382 g"), "{fault}");
}
