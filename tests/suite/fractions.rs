//! Pumps that draw from bottles while they deliver, and a fraction collector.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Command;
use flowtwin_lab::journal::{self, Journal, Record, Writer, stopped_by};

use crate::support::{folder, run, scenario};

/// The journal of the scenario `fractions` with this body.
fn journal_of(name: &str, body: &str) -> Journal {
    let file = scenario(&folder(&format!("fractions-{name}")), name, "fractions.toml", body);
    let scenario = Scenario::load(&file).expect("a scenario");
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(&scenario, 1, NonZeroUsize::MIN, &never);
    let lab = scenario.simulated().expect("it has a rig").lab(1);
    let writer = Writer::new(Vec::new());
    let (_, writer) = campaign.run(lab, writer, None, &mut Silent).expect("a policy answers");
    journal::read(writer.sink()).expect("a journal")
}

fn few(experiments: usize) -> String {
    format!("[[phases]]\nname = \"a\"\npolicy = \"lhs\"\nexperiments = {experiments}\n")
}

/// When the collector is told to turn where [s].
fn turns(journal: &Journal) -> Vec<(f64, String)> {
    let turn = |record: &Record| match record {
        Record::Command(it) => match &it.send {
            Command::Turn { valve, position } if valve.as_str() == "collector" => {
                Some((it.at_ns.as_secs(), position.clone()))
            }
            _ => None,
        },
        _ => None,
    };
    journal.records().iter().filter_map(turn).collect()
}

/// Between the turns to a vial and back flow 300 µL, and nothing of another experiment.
#[test]
fn each_experiment_goes_into_a_vial_of_its_own_as_long_as_there_are_some() {
    let three = "[rig.valves.collector]\npositions = [{ name = \"waste\" }, { name = \"A1\" }, { name = \"A2\" }]\n";
    let journal = journal_of("vials", &format!("{three}{}", few(3)));
    let turns = turns(&journal);
    let names: Vec<&str> = turns.iter().map(|(_, position)| position.as_str()).collect();
    assert_eq!(names, ["waste", "waste", "A1", "waste", "waste", "A2", "waste", "waste"]);
    let experiments: Vec<_> = journal.experiments().collect();
    let vials: Vec<_> = experiments.iter().map(|it| it.vial.as_deref()).collect();
    assert_eq!(vials, [Some("A1"), Some("A2"), None]);
    for (record, there) in experiments.iter().zip([2, 5]) {
        let coil_ul = 1500.0;
        let ul_per_s = coil_ul / record.reaction_time_s.expect("it flows");
        // The valve takes a second to turn, during which it is in neither position for sure.
        let ul = ul_per_s * (turns[there + 1].0 - turns[there].0 - 1.0);
        assert!((ul - 300.0).abs() < 0.1, "{ul} µL");
        let ended = record.ended_ns.as_secs();
        assert!(turns[there + 1].0 <= ended, "the flow ends behind the vial");
    }
}

/// What flows or drips after a fault gets into no vial, and is no sample.
#[test]
fn a_fault_while_a_vial_is_filled_turns_the_collector_back() {
    let calm = journal_of("calm", &few(2));
    let at_s = turns(&calm).iter().find(|(_, position)| position == "A1").expect("a vial").0 + 5.0;
    let body = format!(
        "[[faults.scheduled]]\nat_s = {at_s:?}\nmishap = {{ stall = {{ pump = \"alcohol\" }} }}\n{}",
        few(2)
    );
    let journal = journal_of("fault", &body);
    assert!(stopped_by(&journal).is_some(), "a stalled pump stops the campaign");
    let turns = turns(&journal);
    assert_eq!(turns.last().expect("it turned").1, "waste");
    let vials: Vec<_> =
        journal.experiments().map(|it| (it.fault.is_some(), it.vial.as_deref())).collect();
    assert_eq!(vials, [(true, Some("A1"))], "what got into it is told");
}

#[test]
fn vials_and_bottles_are_told_beforehand_and_a_syringe_pump_is_not_wired_for_a_bottle() {
    let dir = folder("fractions-check");
    scenario(&dir, "many", "fractions.toml", &few(20));
    let check = run(&dir, &["check", "many.toml"]);
    assert_eq!(check.code, Some(0), "{}", check.stderr);
    let said = "note: collector has 12 vials for 20 experiments: later ones are not collected";
    assert!(check.stdout.contains(said), "{}", check.stdout);
    assert!(check.stdout.contains("syringes and bottles: full ones last"), "{}", check.stdout);
    scenario(
        &dir,
        "little",
        "fractions.toml",
        &format!("[rig.pumps]\nalcohol = {{ fill_ml = 3.0 }}\n{}", few(6)),
    );
    let little = run(&dir, &["run", "little.toml", "--out", "little"]);
    assert!(little.stderr.contains("the bottle of pump alcohol has"), "{}", little.stderr);
    let syringes = "schema = 1\nsimulated = true\n[chemyx.acid]\n[chemyx.strong]\n[chemyx.alcohol]\n\
                    [f4t.oven]\nloops = { oven = 1 }\n[analyser.gc]\n[program.collector]\ncommand = \"true\"\nkind = \"valve\"\n";
    fs::write(dir.join("wiring.toml"), syringes).expect("it can be written");
    let wired =
        run(&dir, &["run", "many.toml", "--backend", "emulated", "--wiring", "wiring.toml"]);
    assert_eq!(wired.code, Some(2), "{}", wired.stderr);
    assert!(wired.stderr.contains("pump acid of the scenario has no syringe"), "{}", wired.stderr);
    for (body, said) in [
        ("[procedure.collect]\nvalve = \"colector\"\n", "did you mean"),
        ("[procedure.collect]\nwaste = \"bin\"\n", "position"),
        (
            "[rig.valves.collector]\npositions = [{ name = \"waste\", opens = [\"acid\"] }, { name = \"A1\" }]\n",
            "stands behind everything",
        ),
        ("[procedure.collect]\nvolume_ul = 0.0\n", "1 to"),
    ] {
        scenario(&dir, "wrong", "fractions.toml", body);
        let check = run(&dir, &["check", "wrong.toml"]);
        assert_eq!(check.code, Some(2), "{body}: {}", check.stdout);
        assert!(check.stderr.contains(said), "{body}: {}", check.stderr);
    }
}

/// The collector turns for longer than the guard waits between two looks, and the pumps run until it is back.
#[test]
fn a_collector_that_takes_its_time_is_not_stuck_and_its_vial_is_full() {
    let slow = "[rig.valves.collector]\nturns_s = 20.0\n[procedure]\nvolume_margin = 1.0\n";
    let journal = journal_of("slow", &format!("{slow}{}", few(2)));
    assert_eq!(stopped_by(&journal), None);
    let turns = turns(&journal);
    let flows_since = journal.records().iter().filter_map(|record| match record {
        Record::Command(it) if matches!(it.send, Command::Dispense { .. }) => {
            Some(it.at_ns.as_secs())
        }
        _ => None,
    });
    let flows_since: Vec<f64> = flows_since.collect();
    for record in journal.experiments() {
        assert!(record.vial.is_some());
        let within =
            |at: &f64| (record.started_ns.as_secs()..record.ended_ns.as_secs()).contains(at);
        let begun = flows_since.iter().copied().filter(within).fold(f64::NEG_INFINITY, f64::max);
        let back = turns.iter().map(|(at, _)| *at).filter(within).fold(f64::NEG_INFINITY, f64::max);
        let ul_per_s = 1500.0 / record.reaction_time_s.expect("it flows");
        let ul: f64 = record.consumed_ml.iter().map(|(_, ml)| 1e3 * ml).sum();
        assert!(ul / ul_per_s > back - begun, "{ul} µL last {} s", ul / ul_per_s);
    }
}

/// An experiment for which there is no vial needs no liquid for one.
#[test]
fn what_is_not_collected_needs_no_liquid() {
    let body = "[rig.pumps]\nalcohol = { fill_ml = 20.0 }\n[rig.valves.collector]\n\
                positions = [{ name = \"waste\" }, { name = \"A1\" }]\n[procedure.collect]\nvolume_ul = 20000.0\n";
    let journal = journal_of("one", &format!("{body}{}", few(5)));
    assert_eq!((stopped_by(&journal), journal.experiments().count()), (None, 5));
}

/// The first position of this collector is a vial, where it stands when a study begins.
#[test]
fn what_a_study_delivers_goes_to_waste() {
    let dir = folder("fractions-study");
    let body = "[rig.sensors]\nscale = { stretch = \"outlet\", measures = { mass = { begins_g = 100.0 } } }\n\
                [rig.valves.collector]\npositions = [{ name = \"A1\" }, { name = \"waste\" }]\n";
    scenario(&dir, "weighed", "fractions.toml", &format!("{body}{}", few(2)));
    let study = run(&dir, &["study", "flow", "weighed.toml", "--out", "flow"]);
    assert_eq!(study.code, Some(0), "{}", study.stderr);
    let journal = journal::read(&fs::read(dir.join("flow/journal.jsonl")).unwrap()).unwrap();
    let moves = journal.records().iter().filter_map(|record| match record {
        Record::Command(it) => match &it.send {
            Command::Turn { position, .. } => Some(position.clone()),
            Command::Dispense { .. } => Some("flow".to_owned()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(moves.take(2).collect::<Vec<_>>(), ["waste", "flow"]);
}
