//! Pumps refill themselves in mid-campaign, and valves follow the choice of a stock, the same on every backend.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use flowtwin_backends::{EmulatedRig, Wiring};
use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{
    self, Answer, Journal, Record, Writer, held, primed, pumped, stopped_by,
};
use flowtwin_lab::{Command, Fault, FaultKind, Lab};

use crate::support::{folder, root, run, scenario};

fn journal_of(scenario: &Scenario, lab: impl Lab) -> Vec<u8> {
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, 1, NonZeroUsize::MIN, &never);
    let (known, writer): (Option<&Journal>, _) = (None, Writer::new(Vec::new()));
    campaign.run(lab, writer, known, &mut Silent).expect("a policy answers").1.into_sink()
}

/// The journal of a campaign, which must be the same to the byte where its instruments are emulated.
fn on_every_backend(file: &Path) -> Journal {
    let scenario = Scenario::load(file).expect("a scenario");
    let lab = || scenario.simulated().unwrap().lab(1);
    let sim = journal_of(&scenario, lab());
    let emulated = journal_of(&scenario, EmulatedRig::usual(Box::new(lab())).unwrap());
    assert!(sim == emulated, "{}: the journals differ", file.display());
    journal::read(&sim).unwrap()
}

/// The commands that were done.
fn commands(journal: &Journal) -> impl Iterator<Item = &Command> {
    journal.records().iter().filter_map(|record| match record {
        Record::Command(command) if command.answer == Answer::Done => Some(&command.send),
        _ => None,
    })
}

/// What stops a campaign of a changed scenario; the rig is safe then.
fn stopped(name: &str, body: &str) -> Fault {
    let file = scenario(&folder(&format!("refilling-{name}")), name, "refilling.toml", body);
    let journal = on_every_backend(&file);
    match journal.records().last() {
        Some(Record::Command(last)) => assert_eq!(last.send, Command::MakeSafe, "{name}"),
        other => panic!("{name}: the last record is {other:?}"),
    }
    stopped_by(&journal).unwrap_or_else(|| panic!("{name}: nothing has stopped it"))
}

#[test]
fn a_campaign_goes_on_past_its_syringes_and_its_stocks_are_what_was_delivered() {
    let journal = on_every_backend(&root().join("scenarios/refilling.toml"));
    assert!(journal.ended() && journal.experiments().all(|e| e.fault.is_none()));
    let draws = |pump: &str| {
        let mut drawn_ul = 0.0;
        for command in commands(&journal) {
            match command {
                Command::Withdraw { pump: of, volume_ul, .. } if of.as_str() == pump => {
                    drawn_ul += volume_ul.ul();
                }
                _ => {}
            }
        }
        drawn_ul
    };
    let (pumped, primed, held) = (pumped(&journal), primed(&journal), held(&journal));
    assert!(primed.is_empty(), "this rig is not primed: {primed:?}");
    for info in &journal.header().manifest.pumps {
        let (name, full_ul) = (info.name.as_str(), 1e3 * info.fill_ml);
        let taken = journal.experiments().flat_map(|e| &e.consumed_ml);
        let taken_ml: f64 = taken.filter(|(stock, _)| *stock == info.stock).map(|(_, ml)| ml).sum();
        let pumped_ml = pumped[&info.name] / 1e3;
        assert!((taken_ml - pumped_ml).abs() < 1e-3, "{name}: {taken_ml} and {pumped_ml} mL");
        let left = held[&info.name].last().unwrap().1;
        let expected = full_ul - 1e3 * pumped_ml + draws(name);
        assert!((left - expected).abs() < 1e-3, "{name}: {left} and {expected} µL");
        let levels = held[&info.name].iter().map(|(_, ul)| *ul);
        assert!(levels.clone().all(|ul| (-1e-6..full_ul + 1e-3).contains(&ul)), "{name}");
    }
    assert!(draws("alcohol") > 2.3e3, "it was emptied more than once: {}", draws("alcohol"));
}

#[test]
fn the_valve_of_the_stocks_is_where_the_chosen_one_flows() {
    let journal = on_every_backend(&root().join("scenarios/refilling.toml"));
    let (mut at, mut seen) = (String::new(), Vec::new());
    for command in commands(&journal) {
        match command {
            Command::Turn { valve, position } if valve.as_str() == "catalyst-valve" => {
                at.clone_from(position);
            }
            Command::Dispense { pump, .. } if pump.as_str() != "alcohol" => {
                let chosen = if pump.as_str() == "acid" { "weak" } else { "strong" };
                assert_eq!(at, chosen, "pump {pump}");
                seen.push(chosen);
            }
            _ => {}
        }
    }
    assert!(seen.contains(&"weak") && seen.contains(&"strong"), "{seen:?}");
}

/// Pumps on one line that count steps and turn valves of their own, each by one protocol file.
#[test]
fn pumps_that_count_steps_and_have_valves_refill_themselves_as_the_rehearsal_says() {
    let journal = on_every_backend(&root().join("scenarios/stepping.toml"));
    assert!(journal.ended() && journal.experiments().all(|e| e.fault.is_none()));
    let scenario = Scenario::load(&root().join("scenarios/stepping.toml")).unwrap();
    let file = root().join("scenarios/wirings/stepping.toml");
    let wiring = Wiring::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    let lab = || scenario.simulated().unwrap().lab(1);
    let sim = journal_of(&scenario, lab());
    let emulated = journal_of(&scenario, EmulatedRig::new(Box::new(lab()), &wiring).unwrap());
    assert!(sim == emulated, "the journals differ");
    let (mut draws, mut rates) = (0, 0);
    for command in commands(&journal) {
        match command {
            Command::Withdraw { .. } => draws += 1,
            Command::Dispense { pump, rate_ul_per_min, .. }
                if rate_ul_per_min.ul_per_min() > 0.0 =>
            {
                let info = journal.header().manifest.pump(pump).unwrap();
                let units = rate_ul_per_min.ul_per_min() / info.steps.unwrap().ul_per_min;
                assert!((units - units.round()).abs() < 1e-5 && units > 39.5, "{units}");
                rates += 1;
            }
            _ => {}
        }
    }
    assert!(draws > 3 && rates > 10, "{draws} draws, {rates} rates");
}

#[test]
fn an_empty_bottle_stops_the_run_before_the_experiment_that_needs_it() {
    let fault = stopped("bottle", "[rig.pumps.alcohol.refill]\nbottle_ml = 2.5\n");
    let FaultKind::Short { syringes } = &fault.kind else { panic!("{fault}") };
    assert_eq!((syringes.len(), syringes[0].pump.as_str()), (1, "alcohol"));
    assert_eq!(syringes[0].bottle_ml, Some(0.0));
    let said = fault.to_string();
    assert!(said.contains("the bottle from which it refills itself has 0 mL"), "{said}");
}

#[test]
fn a_valve_that_sticks_or_falls_silent_stops_the_campaign() {
    let mishap =
        |what: &str| format!("[[faults.scheduled]]\nat_s = 400.0\nmishap = {{ {what} }}\n");
    let stuck = stopped("stuck", &mishap("sticks = { valve = \"alcohol-valve\" }"));
    assert_eq!(stuck.origin.as_str(), "alcohol-valve");
    assert!(stuck.to_string().contains("is it stuck"), "{stuck}");
    let silent =
        stopped("silent", &mishap("silence = { instrument = \"alcohol-valve\", waited_s = 1.0 }"));
    assert_eq!(silent.origin.as_str(), "alcohol-valve");
    assert!(matches!(silent.kind, FaultKind::NoReply { .. }), "{silent}");
}

#[test]
fn check_says_how_often_pumps_refill_themselves_and_whether_their_bottles_last() {
    let dir = folder("refilling-check");
    let few = "[rig.pumps.strong.refill]\nbottle_ml = 0.5\n";
    let file = scenario(&dir, "few", "refilling.toml", few);
    let checked = run(&dir, &["check", file.to_str().unwrap()]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let told = "alcohol refills itself about 9 times in 10 experiments, 1.2 min each: it holds 2.3 mL, an experiment takes \
                1.22 mL; its bottle of 250 mL lasts for about 206 experiments";
    assert!(checked.stdout.contains(told), "{}", checked.stdout);
    let short = "its bottle of 0.5 mL lasts for about";
    let line = checked.stdout.lines().find(|line| line.contains(short)).expect("a line of it");
    assert!(line.contains("strong refills") && line.contains("which is not enough"), "{line}");
}

#[test]
fn check_refuses_a_fill_that_no_position_of_a_valve_lets_through() {
    let dir = folder("refilling-fill");
    let both = "[procedure.fill]\nflush_s = 60.0\nrates = [{ pump = \"acid\", ul_per_min = 100.0 }, \
                { pump = \"strong\", ul_per_min = 100.0 }, { pump = \"alcohol\", ul_per_min = 100.0 }]\n\
                [procedure.blank]\nflush_s = 1200.0\nrates = [{ pump = \"alcohol\", ul_per_min = 100.0 }]\n";
    let file = scenario(&dir, "both", "refilling.toml", both);
    let checked = run(&dir, &["check", file.to_str().unwrap()]);
    assert_eq!(checked.code, Some(2), "{}", checked.stdout);
    let said = format!("{}{}", checked.stdout, checked.stderr);
    let told = "no position of valve catalyst-valve opens the ways of acid and strong together";
    assert!(said.contains(told) && said.contains("fill"), "{said}");
}
