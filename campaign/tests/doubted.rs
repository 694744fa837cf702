//! What was measured while a thermometer slipped is withdrawn once that is found: it is no observation, and no policy learns of it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, Observer, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Doubted, ExperimentRecord, Journal, Record, Writer, read};
use flowtwin_lab::{Command, Conditions, Fault, FaultKind, Frames, Instant, Lab, Manifest, Reply};
use flowtwin_sim::SimLab;

/// The last experiments are proposed by a policy that learns of the first ones.
const PHASES: &str = r#"
[[phases]]
name = "start"
policy = "lhs"
experiments = 4

[[phases]]
name = "learn"
policy = "ei"
experiments = 3
from = "start"
"#;

fn scenario(name: &str) -> Scenario {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/cs3cu2i5.toml");
    let base = base.display().to_string();
    let text = format!("schema = 1\nextends = {base:?}\nname = \"{name}\"\n{PHASES}");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("doubted-{name}.toml"));
    fs::write(&path, text).unwrap();
    Scenario::load(&path).unwrap()
}

/// A lab whose thermometer slips out of the plate from a moment on: its controller holds what it reads, and needs ever more power.
struct Slipping {
    lab: SimLab,
    from: Instant,
    how: Slip,
}

/// What is special about a thermometer that slips.
#[derive(Clone, Copy, Default)]
struct Slip {
    /// Spectra are a tenth darker meanwhile.
    darker: bool,
    /// It is put back once the rig is made safe.
    put_back: bool,
}

impl Lab for Slipping {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }
    fn now(&self) -> Instant {
        self.lab.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let reply = self.lab.send(command)?;
        let slipped_s = self.now().since(self.from).as_secs();
        if *command == Command::MakeSafe && slipped_s > 0.0 && self.how.put_back {
            self.from = never();
        }
        match (&reply, command) {
            (Reply::Frames(frames), _) if self.how.darker && slipped_s > 0.0 => {
                let counts = frames.counts().iter().map(|count| count / 10 * 9).collect();
                Ok(Reply::Frames(Frames::new(frames.pixels(), counts)))
            }
            (Reply::Reading(power), Command::Read { sensor })
                if sensor.as_str() == "plate.power" && slipped_s > 0.0 =>
            {
                Ok(Reply::Reading(power + (0.03 * slipped_s).min(40.0)))
            }
            _ => Ok(reply),
        }
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}

/// Hears what is withdrawn.
#[derive(Default)]
struct Listener(Vec<(Vec<u64>, Instant)>);

impl Observer for Listener {
    fn doubted(&mut self, experiments: &[u64], since: Instant, _fault: &Fault) {
        self.0.push((experiments.to_vec(), since));
    }
}

/// A run whose thermometer slips from that moment on, `recorded` of it before; its fault.
fn run(
    scenario: &Scenario,
    from: Instant,
    recorded: Option<&Journal>,
) -> (Journal, Option<Fault>, Listener) {
    run_with(scenario, from, Slip::default(), recorded)
}

fn run_with(
    scenario: &Scenario,
    from: Instant,
    how: Slip,
    recorded: Option<&Journal>,
) -> (Journal, Option<Fault>, Listener) {
    let slipping = Slipping { lab: lab(scenario), from, how };
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, scenario.file().seed, NonZeroUsize::MIN, &never);
    let mut listener = Listener::default();
    let ran = campaign.run(slipping, Writer::new(Vec::new()), recorded, &mut listener).unwrap();
    (read(ran.1.sink()).unwrap(), ran.0.fault, listener)
}

fn lab(scenario: &Scenario) -> SimLab {
    scenario.simulated().unwrap().lab(scenario.file().seed)
}

fn never() -> Instant {
    Instant::from_secs(1e6)
}

/// When the experiments ended of a run in which nothing slips.
fn sound(scenario: &Scenario) -> Vec<Instant> {
    let (journal, fault, listener) = run(scenario, never(), None);
    assert_eq!((fault, listener.0.len()), (None, 0));
    journal.experiments().map(|experiment| experiment.ended_ns).collect()
}

fn doubted(journal: &Journal) -> Vec<&Doubted> {
    let records = journal.records().iter();
    records.filter_map(|r| if let Record::Doubted(it) = r { Some(&**it) } else { None }).collect()
}

fn is_valued(experiment: &ExperimentRecord) -> bool {
    experiment.features.iter().any(|(_, value)| value.is_some())
}

#[test]
fn what_was_measured_while_a_thermometer_slipped_is_withdrawn_when_that_is_found() {
    let scenario = scenario("withdrawn");
    let ended = sound(&scenario);
    // It begins to slip as the fifth experiment begins, and is found in the next.
    let (journal, fault, listener) = run(&scenario, ended[3], None);
    let fault = fault.unwrap();
    assert!(
        matches!(&fault.kind, FaultKind::Interlock { rule, .. } if rule == "heating"),
        "{fault}"
    );
    let [doubted] = doubted(&journal)[..] else { panic!("one record") };
    assert!(doubted.since_ns <= ended[3], "{} is behind the slip", doubted.since_ns);
    assert_eq!(listener.0, [(doubted.experiments.clone(), doubted.since_ns)]);
    assert!(doubted.experiments.contains(&5), "{:?}", doubted.experiments);
    assert!(!doubted.experiments.contains(&1), "{:?}", doubted.experiments);
    for experiment in journal.experiments() {
        let withdrawn = experiment.ended_ns > doubted.since_ns;
        assert_eq!(doubted.experiments.contains(&experiment.experiment), withdrawn);
        assert_eq!(experiment.quality.doubtful, withdrawn, "{}", experiment.experiment);
        assert_eq!(is_valued(experiment), !withdrawn, "{}", experiment.experiment);
    }
    // Nothing is cut away: its line still has what was read.
    let line = |n: u64| format!("\"experiment\":{{\"experiment\":{n},");
    let text = String::from_utf8(journal.bytes().to_vec()).unwrap();
    let fifth = text.lines().find(|text| text.contains(&line(5))).unwrap();
    assert!(fifth.contains("\"abs_300\",0."), "{fifth}");
}

/// The same conditions, hot: at the end of the range where most is to be found.
fn elsewhere(conditions: &Conditions) -> Conditions {
    let set = |(name, value)| if name == "temperature_c" { 148.0 } else { value };
    Conditions::new(conditions.names().into(), conditions.iter().map(set).collect())
}

/// The journal with other numbers and other conditions in the experiments that were withdrawn.
fn with_other_numbers(journal: &Journal) -> Journal {
    let withdrawn = &doubted(journal)[0].experiments;
    let mut writer = Writer::new(Vec::new());
    let text = String::from_utf8(journal.bytes().to_vec()).unwrap();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let mut record: Record = serde_json::from_value(line["record"].clone()).unwrap();
        if let Record::Experiment(it) = &mut record
            && withdrawn.contains(&it.experiment)
        {
            it.features.iter_mut().for_each(|(_, value)| *value = value.map(|v| 50.0 * v));
            it.conditions = elsewhere(&it.conditions);
        }
        writer.write(&record).unwrap();
    }
    read(writer.sink()).unwrap()
}

/// A rig that was put right goes on behind what is recorded.
fn gone_on(scenario: &Scenario, stopped: &Journal) -> Journal {
    let mut lab = lab(scenario);
    lab.wait_until(stopped.last_at()).unwrap();
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, scenario.file().seed, NonZeroUsize::MIN, &never);
    let writer = Writer::after(stopped, Vec::new());
    let ran = campaign.goes_on().run(lab, writer, Some(stopped), &mut Silent).unwrap();
    assert_eq!(ran.0.fault, None);
    read(&[stopped.bytes(), ran.1.sink()].concat()).unwrap()
}

#[test]
fn no_policy_learns_of_what_was_withdrawn_and_it_counts_among_the_planned() {
    let scenario = scenario("unlearnt");
    let ended = sound(&scenario);
    let (stopped, _, _) = run(&scenario, ended[1], None);
    let other = with_other_numbers(&stopped);
    assert_ne!(other.bytes(), stopped.bytes());
    let (one, two) = (gone_on(&scenario, &stopped), gone_on(&scenario, &other));
    let conditions = |journal: &Journal| {
        let behind = journal.experiments().skip(stopped.experiments().count());
        behind.map(|e| e.conditions.values().to_vec()).collect::<Vec<_>>()
    };
    assert!(conditions(&one).len() >= 3);
    assert_eq!(conditions(&one), conditions(&two));
    assert!(one.complete());
    assert_eq!(one.experiments().count(), 7);
}

#[test]
fn a_simulated_run_that_doubted_experiments_is_repeated_to_the_byte() {
    let scenario = scenario("repeated");
    let ended = sound(&scenario);
    // Found in a phase that learns nothing, and in one that has learnt of what is withdrawn.
    for from in [ended[1], ended[3]] {
        let (stopped, _, _) = run(&scenario, from, None);
        let there = read(stopped.durable_bytes()).unwrap();
        assert_eq!(doubted(&there).len(), 1, "it is on the disk");
        let (again, _, _) = run(&scenario, from, Some(&there));
        assert!(again.bytes().starts_with(there.bytes()), "slipped at {from}");
    }
}

/// Whatever was measured while the thermometer slipped, what is proposed after it was put back is the same.
#[test]
fn a_simulated_run_that_is_repeated_and_goes_on_learns_nothing_of_what_was_withdrawn() {
    let scenario = scenario("goes-on");
    let from = sound(&scenario)[1];
    let gone_on = |darker| {
        let how = Slip { darker, put_back: true };
        let (stopped, fault, _) = run_with(&scenario, from, how, None);
        assert!(fault.is_some());
        let there = read(stopped.durable_bytes()).unwrap();
        let withdrawn = doubted(&there)[0].experiments.clone();
        let (whole, fault, _) = run_with(&scenario, from, how, Some(&there));
        assert_eq!((fault, whole.complete()), (None, true));
        (withdrawn, whole)
    };
    let ((withdrawn, one), (others, two)) = (gone_on(false), gone_on(true));
    assert!(!withdrawn.is_empty() && withdrawn == others, "{withdrawn:?} {others:?}");
    assert_ne!(one.bytes(), two.bytes(), "it read other numbers");
    let behind = |journal: &Journal| -> Vec<_> {
        let learnt = journal.experiments().filter(|it| it.phase == "learn");
        learnt.map(|it| (it.conditions.clone(), it.features.clone())).collect()
    };
    assert_eq!(behind(&one).len(), 3);
    assert_eq!(behind(&one), behind(&two));
}
