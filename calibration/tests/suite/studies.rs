//! What studies promise, on simulated rigs whose truth is known.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_calibration::study::{Design, Finding, Findings, Study, Wishes, page};
use flowtwin_calibration::{Measured, calibrate, free};
use flowtwin_campaign::campaign::{Campaign, Observer, Silent};
use flowtwin_campaign::scenario::{FreeSpec, Scenario, Tree};
use flowtwin_lab::journal::{self, Journal, Record, Writer};
use flowtwin_lab::layer::Told;
use flowtwin_lab::study::Task;
use flowtwin_lab::{Command, FaultKind};

use super::scenario;

/// A scenario as it is but for these lines.
pub(crate) fn with(name: &str, lines: &str) -> Scenario {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let text = format!("schema = 1\nextends = \"{name}.toml\"\n{lines}");
    Scenario::of(&Tree::read_text(&text, &folder.join("it.toml")).unwrap(), &folder).unwrap()
}

fn with_text(name: &str, text: &str) -> Scenario {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let tree = Tree::read_text(text, &folder.join(format!("{name}-studied.toml"))).unwrap();
    Scenario::of(&tree, &folder).unwrap()
}

/// The journal of a study on its own simulated rig.
fn done(scenario: &Scenario, study: Study, wishes: &Wishes) -> Journal {
    done_on(scenario, scenario, study, wishes)
}

/// The same on a rig of which the scenario is only believed.
fn done_on(scenario: &Scenario, rig: &Scenario, study: Study, wishes: &Wishes) -> Journal {
    journal::read(&bytes_on(scenario, rig, study, wishes)).unwrap()
}

/// The bytes of that journal.
pub(crate) fn bytes_on(
    scenario: &Scenario,
    rig: &Scenario,
    study: Study,
    wishes: &Wishes,
) -> Vec<u8> {
    bytes_of(scenario, rig, study, wishes, 1)
}

/// The same with a seed.
pub(crate) fn bytes_of(
    scenario: &Scenario,
    rig: &Scenario,
    study: Study,
    wishes: &Wishes,
    seed: u64,
) -> Vec<u8> {
    let design = Design::of(scenario, study, wishes).unwrap();
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(&design.scenario, seed, NonZeroUsize::MIN, &never);
    let lab = Told::new(rig.simulated().unwrap().lab(seed), scenario.manifest().clone());
    let ran = campaign.run(lab, Writer::new(Vec::new()), None, &mut Silent).unwrap();
    assert_eq!(ran.0.fault, None);
    ran.1.into_sink()
}

fn found<'a>(findings: &'a Findings, of: &str, what: &str) -> &'a Finding {
    let all = &findings.findings;
    let named = |finding: &&Finding| finding.of == of && finding.what == what;
    all.iter().find(named).unwrap_or_else(|| panic!("no {what} of {of} in {findings:#?}"))
}

fn holds(finding: &Finding, truth: f64) -> bool {
    finding.low.unwrap() <= truth && truth <= finding.high.unwrap()
}

/// C/UA = 2000/3 s, and what the scenario says is 1800/2.5 s.
#[test]
fn a_heating_curve_tells_the_time_constant_of_its_heater_and_what_it_loses() {
    let rig = with(
        "cs3cu2i5",
        "[rig.heaters.plate]\nheat_capacity_j_per_k = 2000.0\nloss_w_per_k = 3.0\n",
    );
    let journal = done(&rig, Study::Heat, &Wishes::default());
    let findings = Findings::of(&journal).unwrap();
    let time = found(&findings, "plate", "time constant");
    assert!(holds(time, 2000.0 / 3.0), "{time:?}");
    assert!(time.high.unwrap() / time.low.unwrap() < 1.1, "{time:?}");
    assert!(holds(found(&findings, "plate", "heat capacity"), 2000.0));
    assert!(holds(found(&findings, "plate", "loss to the room"), 3.0));
}

/// A page shows each number, and each reading of a temperature as a point of a line.
#[test]
fn the_page_of_a_study_shows_what_was_found_and_what_it_was_read_off() {
    let rig = scenario("cs3cu2i5");
    let journal = done(&rig, Study::Heat, &Wishes::default());
    let findings = Findings::of(&journal).unwrap();
    let page = page(&rig, "heat", &findings);
    for finding in &findings.findings {
        assert!(page.contains(&finding.what), "{finding:?}");
    }
    let (_, line) = page.split_once("data-xy=\"").expect("a line is drawn");
    let (points, _) = line.split_once('"').unwrap();
    let points: Vec<(f64, f64)> = points
        .split(' ')
        .map(|point| point.split_once(',').unwrap())
        .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
        .collect();
    let reading = |record: &&Record| matches!(record, Record::Reading(_));
    assert_eq!(points.len(), journal.records().iter().filter(reading).count());
    assert!(points.iter().any(|(_, celsius)| *celsius > 100.0));
}

/// The scenario says 6 and 3 %/h.
#[test]
fn the_light_that_lamps_lose_is_told_and_that_of_steady_ones_is_not_told_from_none() {
    let fades = scenario("drifting-lamp");
    let findings = Findings::of(&done(&fades, Study::Light, &Wishes::default())).unwrap();
    assert!(holds(found(&findings, "led (emission)", "loss of light"), 6.0), "{findings:#?}");
    assert!(holds(found(&findings, "lamp (absorbance)", "loss of light"), 3.0), "{findings:#?}");
    let text = findings.toml(&fades, "drifting-lamp.toml").unwrap();
    let studied = with_text("drifting-lamp", &text);
    let drift = studied.file().noise.lights["led"].drift_percent_per_h;
    let seen = found(&findings, "led (emission)", "loss of light").value;
    assert!((drift / seen - 1.0).abs() < 1e-5, "{drift} {seen}");
    let steady = scenario("cs3cu2i5");
    let findings = Findings::of(&done(&steady, Study::Light, &Wishes::default())).unwrap();
    assert!(holds(found(&findings, "lamp (absorbance)", "loss of light"), 0.0), "{findings:#?}");
    assert_eq!(findings.toml(&steady, "cs3cu2i5.toml"), None);
}

/// A diode that fades makes the emission drift; on the same rig without that nothing drifts.
#[test]
fn replicates_tell_mean_and_deviation_and_whether_there_is_a_trend() {
    let wishes = Wishes { count: Some(12), ..Wishes::default() };
    let told = |lines: &str| {
        let rig = with("cs3cu2i5", lines);
        Findings::of(&done(&rig, Study::Replicates, &wishes)).unwrap()
    };
    let steady = told("");
    let mean = found(&steady, "pli", "mean");
    assert_eq!(mean.n, 12);
    assert!(mean.low.unwrap() > 0.9 * mean.value, "{mean:?}");
    let deviation = found(&steady, "pli", "standard deviation").value;
    assert!(deviation > 0.0 && deviation < 0.1 * mean.value, "{deviation}");
    assert!(holds(found(&steady, "pli", "trend"), 0.0), "{steady:#?}");
    assert!(steady.notes.is_empty(), "{steady:#?}");
    let fades = told("[noise.lights.led]\ndrift_percent_per_h = 30.0\n");
    let (mean, trend) = (found(&fades, "pli", "mean").value, found(&fades, "pli", "trend"));
    assert!(trend.high.unwrap() < 0.0 && (trend.value / mean + 0.35).abs() < 0.15, "{trend:?}");
    assert!(fades.notes.contains(&"replicates: pli drifts".to_owned()), "{fades:#?}");
}

/// What a pump delivers comes back from the table of one ramp.
#[test]
fn the_readings_of_a_ramp_are_a_table_that_a_calibration_takes() {
    let truth = with("dye-mixing", "[rig.pumps]\nred = { delivers_percent = 108.0 }\n");
    let findings = Findings::of(&done(&truth, Study::Ramp, &Wishes::default())).unwrap();
    let readings = found(&findings, "ramp 1", "readings").n;
    assert!(readings > 20, "{readings}");
    assert!(found(&findings, "ramp 1", "lasts").value > 1.0, "{findings:#?}");
    let red = |end| found(&findings, "ramp 1", &format!("red_ul_per_min {end}")).value;
    assert!((red("ends") - red("begins")).abs() > 1.0, "{findings:#?}");
    let html = page(&truth, "ramp", &findings);
    for (feature, _) in truth.features() {
        assert!(html.contains(&format!("What ramps show: {feature}")), "{feature} is not drawn");
    }
    let tables = findings.tables();
    let [(name, text)] = &tables[..] else { panic!("{tables:?}") };
    assert_eq!(name, "ramp.csv");
    // The header, where the ramp begins, and where it ends.
    assert_eq!(text.lines().count(), readings + 3);
    assert!(text.lines().next().unwrap().ends_with(",formed_s,read_s,run,ramp"), "{text}");
    let path = std::env::temp_dir().join(format!("flowtwin-ramp-{}.csv", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let believed = scenario("dye-mixing");
    let measured = Measured::read(&believed, &[&path]).unwrap();
    std::fs::remove_file(&path).unwrap();
    let features = believed.features().len();
    assert!(measured.experiments.is_empty() && measured.notes.is_empty(), "{measured:?}");
    assert_eq!(measured.series[0].values.len(), readings * features);
    let keys = free(&believed, &[FreeSpec::new("rig.pumps.red.delivers_percent")]).unwrap();
    let told = &calibrate(&believed, &keys, &measured).unwrap().parameters[0];
    assert!((told.value.unwrap() - 108.0).abs() < 3.0, "{told:?}");
}

#[test]
fn what_a_rig_cannot_do_is_said_and_no_study() {
    let refused = |name: &str, study: Study| {
        let refused = Design::of(&scenario(name), study, &Wishes::default());
        refused.unwrap_err().to_string()
    };
    assert_eq!(refused("dye-mixing", Study::Heat), "heat: the rig has no heater");
}

/// What a balance weighs of everything that leaves the rig.
pub(crate) const BALANCE: &str = "[rig.sensors.balance]\nstretch = \"window\"\nmeasures = { mass = { begins_g = 12.0 } }\n\
     [noise.sensors.balance]\ndeviation = 0.001\n";

/// A pump that delivers 3 % more than it is told is found, and the others are not blamed.
#[test]
fn what_pumps_deliver_is_weighed() {
    let exact = "[noise.pumps]\nbias_percent = 0.0\n";
    let more = "[rig.pumps]\nred = { delivers_percent = 103.0 }\n";
    let rig = with("dye-mixing", &format!("{BALANCE}{exact}{more}"));
    let findings = Findings::of(&done(&rig, Study::Flow, &Wishes::default())).unwrap();
    for (pump, truth) in [("red", 103.0), ("blue", 100.0), ("oil", 100.0)] {
        let share = found(&findings, pump, "delivers of what it is told");
        assert!(holds(share, truth), "{share:?}");
        assert!(share.high.unwrap() - share.low.unwrap() < 3.0, "{share:?}");
    }
    assert_eq!(findings.tables()[0].1.lines().count(), 1 + 3 * 4);
    let text = findings.toml(&rig, "dye-mixing.toml").unwrap();
    let studied = with_text("dye-mixing", &text);
    let delivers = studied.file().rig.pumps["red"].delivers_percent;
    assert!((delivers - 103.0).abs() < 1.0, "{delivers}");
}

/// Without a balance the light tells how pumps deliver beside the first of them.
#[test]
fn what_pumps_deliver_is_told_by_the_light_where_nothing_weighs_it() {
    let rig = with("dye-mixing", "[rig.pumps]\nred = { delivers_percent = 103.0 }\n");
    let believed = scenario("dye-mixing");
    let journal = done_on(&believed, &rig, Study::Flow, &Wishes::default());
    let findings = Findings::of(&journal).unwrap();
    let share = found(&findings, "red", "delivers of what it is told");
    assert!(holds(share, 103.0), "{share:?}");
    assert!(
        findings.notes.iter().any(|note| note.contains("as if blue delivered")),
        "{findings:#?}"
    );
}

/// 450 µL more than the scenario says.
#[test]
fn a_step_of_a_tracer_tells_the_volume_that_the_scenario_does_not_know() {
    let long = |coil_ul: f64| {
        let stretch = |name: &str, ul: f64| {
            format!(
                "[[rig.tube]]\nname = \"{name}\"\nbore_mm = 1.6\nvolume_ul = {ul:?}\nheat_s = 8.0\n"
            )
        };
        let tube = stretch("coil", coil_ul) + &stretch("window", 60.0);
        let blank = "[procedure.blank]\nflush_s = 300.0\n";
        with("dye-mixing", &format!("[refill]\ntakes_min = 10.0\n{blank}{tube}"))
    };
    let (believed, rig) = (long(3000.0), long(3450.0));
    let told = |rig: &Scenario| {
        let findings = Findings::of(&done_on(&believed, rig, Study::Tracer, &Wishes::default()));
        let findings = findings.unwrap();
        println!("{}", findings.shown().text());
        (found(&findings, "way", "dead volume").clone(), findings)
    };
    let (dead, findings) = told(&rig);
    assert!(holds(&dead, 450.0), "{dead:?}");
    assert!(dead.low.unwrap() > 0.0, "{dead:?}");
    assert!(findings.tables()[0].0 == "tracer.csv");
    let (none, _) = told(&believed);
    assert!(holds(&none, 0.0), "{none:?}");
}

#[test]
fn a_new_rig_does_in_order_what_it_can_and_says_what_it_cannot() {
    let design = |rig: &Scenario| Design::of(rig, Study::Commission, &Wishes::default()).unwrap();
    let dyes = design(&with("dye-mixing", "[refill]\ntakes_min = 10.0\n"));
    let names: Vec<&str> = dyes.scenario.study().iter().map(|task| task.name()).collect();
    let steps = ["tracer"; 5];
    let wanted = [&["light", "experiments"][..], &steps, &["experiments", "experiments", "ramp"]];
    assert_eq!(names, wanted.concat());
    assert_eq!(
        dyes.left_out,
        [
            "heat: the rig has no heater",
            "flow: the rig has no balance; the light measures it instead"
        ]
    );
    assert_eq!(design(&scenario("snar")).scenario.study()[0].name(), "heat");
    // What reacts tells no deliveries by its light.
    let snar = design(&scenario("snar"));
    assert!(snar.left_out.iter().any(|text| text.contains("what flows reacts")));
    // Nobody fills the syringe of the oil: what it does not hold is left out, and the rest is done.
    let alone = design(&scenario("dye-mixing"));
    assert!(alone.scenario.study().len() < names.len());
    let said = &alone.left_out;
    assert!(said.iter().any(|text| text.contains("the syringe of oil")), "{said:?}");
    assert_eq!(alone.scenario.study()[0].name(), "light");
}

/// As on a rig, where what is recorded has happened: tasks that are done stay, the one that a fault ended begins anew.
#[test]
fn a_study_that_a_fault_has_stopped_goes_on_with_the_task_in_which_it_was() {
    let stall = "[[faults.scheduled]]\nat_s = 2700.0\nfor_s = 30.0\nmishap = { stall = { pump = \"red\" } }\n";
    let rig = with("dye-mixing", &format!("[refill]\ntakes_min = 10.0\n{stall}"));
    let design = Design::of(&rig, Study::Commission, &Wishes::default()).unwrap();
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(&design.scenario, 1, NonZeroUsize::MIN, &never).goes_on();
    let mut lab = design.scenario.simulated().unwrap().lab(1);
    let begun = campaign.run(&mut lab, Writer::new(Vec::new()), None, &mut Silent).unwrap();
    assert!(begun.0.fault.is_some(), "nothing has stalled");
    let stopped = journal::read(&begun.1.into_sink()).unwrap();
    let numbers = |journal: &Journal| -> Vec<u64> {
        let number = |record: &Record| match record {
            Record::Task(task) => Some(task.number),
            _ => None,
        };
        journal.records().iter().filter_map(number).collect()
    };
    let last = *numbers(&stopped).last().unwrap();
    assert!(last > 1 && (last as usize) < design.scenario.study().len(), "{last}");
    assert_ne!(design.scenario.study()[last as usize - 1].name(), "experiments");
    flowtwin_lab::Lab::wait(&mut lab, flowtwin_lab::Span::from_secs(60.0)).unwrap();
    let sink = stopped.bytes().to_vec();
    let writer = Writer::after(&stopped, sink);
    let ended = campaign.run(&mut lab, writer, Some(&stopped), &mut Silent).unwrap();
    assert_eq!(ended.0.fault, None);
    let whole = journal::read(&ended.1.into_sink()).unwrap();
    assert!(whole.complete());
    let all: Vec<u64> = (1..=last).chain(last..=design.scenario.study().len() as u64).collect();
    assert_eq!(numbers(&whole), all);
    let findings = Findings::of(&whole).unwrap();
    let steps = findings.findings.iter().filter(|it| it.what == "mean residence time").count();
    assert_eq!(steps, 5, "{findings:#?}");
}

/// Somebody who stops a study as soon as a task has begun.
struct Stops<'a>(&'a AtomicBool);

impl Observer for Stops<'_> {
    fn task(&mut self, number: usize, _of: usize, task: &Task) {
        assert_eq!((number, task.name()), (1, "heat"));
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_study_that_somebody_stops_is_interrupted_at_once_and_safe() {
    let design = Design::of(&scenario("snar"), Study::Heat, &Wishes::default()).unwrap();
    let stop = AtomicBool::new(false);
    let campaign = Campaign::new(&design.scenario, 1, NonZeroUsize::MIN, &stop);
    let lab = design.scenario.simulated().unwrap().lab(1);
    let ran = campaign.run(lab, Writer::new(Vec::new()), None, &mut Stops(&stop)).unwrap();
    assert_eq!(ran.0.fault.unwrap().kind, FaultKind::Interrupted);
    let journal = journal::read(&ran.1.into_sink()).unwrap();
    let last = journal.records().iter().rev().find_map(|record| match record {
        Record::Command(command) => Some(&command.send),
        _ => None,
    });
    assert_eq!(last, Some(&Command::MakeSafe));
    assert!(!journal.complete() && journal.last_at().as_secs() < 1.0, "{}", journal.last_at());
}

/// Uniform draws hardly ever meet this constraint: 3 of 1300 µL/min.
#[test]
fn a_tight_constraint_leaves_no_study_short() {
    let tight = with(
        "dye-mixing",
        "[space.constraints]\ntotal_ul_per_min = { low = 500.0, high = 503.0 }\n",
    );
    let design = |study| Design::of(&tight, study, &Wishes::default()).unwrap();
    let replicates = design(Study::Replicates);
    assert_eq!(replicates.scenario.experiments(), 8);
    let flow = design(Study::Flow);
    assert!(!flow.left_out.iter().any(|why| why.contains("were found")), "{:?}", flow.left_out);
    assert_eq!(flow.scenario.experiments(), 10);
}
