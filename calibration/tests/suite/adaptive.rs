//! Ramps that are chosen while a study is under way, each by what those before it have measured.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_calibration::study::{BestRamp, Design, Study, Wishes};
use flowtwin_calibration::{Free, free};
use flowtwin_campaign::campaign::{Campaign, CampaignError, Observer, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{self, Journal, Record, Writer};
use flowtwin_lab::study::{RampTask, Task};
use flowtwin_lab::{Command, Conditions, Fault, FaultKind, Instant, Lab, Manifest, Reply};

use crate::studies::bytes_of;
use crate::{scenario, specs};

/// How long each ramp takes \[min\].
const MINUTES: f64 = 3.0;

fn dyes() -> (Scenario, Vec<Free>) {
    let scenario = scenario("dye-mixing");
    let keys = free(&scenario, &specs(&["rig.pumps.red.delivers_percent"])).unwrap();
    (scenario, keys)
}

/// The amination with this rate constant [L/(mol s)].
fn amination(k: f64) -> Scenario {
    let mut definition = scenario("snar").definition();
    definition["chemistry"]["reactions"][0]["k_in_mol_l_s"] = k.into();
    Scenario::recorded(&definition).unwrap()
}

/// A ramp that somebody has chosen before.
fn ramp(from: Conditions, to: Conditions) -> BestRamp {
    BestRamp { from, to, minutes: 6.0, tells: 0.0, lab_time_s: 0.0, within: Vec::new() }
}

/// Of two dyes: one ramp that is known before the study, and one that is chosen after it.
fn adaptive() -> Wishes {
    let (scenario, free) = dyes();
    let at = |blue: f64, red: f64| scenario.space().conditions(vec![blue, red]);
    let ramps = vec![ramp(at(150.0, 350.0), at(300.0, 230.0))];
    Wishes { ramps, choose: 1, free, minutes: Some(MINUTES), ..Wishes::default() }
}

/// The ramps of a journal, each as often as it was begun.
fn begun(journal: &Journal) -> Vec<(u64, RampTask)> {
    let ramp = |record: &Record| match record {
        Record::Task(task) => match &task.task {
            Task::Ramp(ramp) => Some((task.number, ramp.clone())),
            other => panic!("{other:?} is no ramp"),
        },
        _ => None,
    };
    journal.records().iter().filter_map(ramp).collect()
}

/// A reaction is told best while about a time constant passes (Box and Lucas 1959): of a faster one, by faster flows.
#[test]
fn each_ramp_is_chosen_by_what_those_before_it_have_measured() {
    let believed = amination(0.579);
    let at = |values: [f64; 4]| believed.space().conditions(values.into());
    let (from, to) = (at([40.0, 60.0, 20.0, 20.0]), at([40.0, 150.0, 40.0, 100.0]));
    let first =
        BestRamp { from, to, minutes: 6.0, tells: 0.0, lab_time_s: 0.0, within: Vec::new() };
    let free = free(&believed, &specs(&["chemistry.reactions[1].k_in_mol_l_s"])).unwrap();
    let minutes = Some(MINUTES);
    let wishes = Wishes { ramps: vec![first], choose: 1, free, minutes, ..Wishes::default() };
    let fastest = |k: f64| {
        let bytes = bytes_of(&believed, &amination(k), Study::Ramp, &wishes, 1);
        let all = begun(&journal::read(&bytes).unwrap());
        assert_eq!(all.len(), 2);
        let flow = |at: &Conditions| at.values()[1..].iter().sum::<f64>();
        flow(&all[1].1.from).max(flow(&all[1].1.to))
    };
    let (as_believed, faster) = (fastest(0.579), fastest(4.0));
    assert!(as_believed < faster, "{as_believed} {faster}");
}

/// Somebody who stops a study when a task begins.
struct StopsAt<'a>(usize, &'a AtomicBool);

impl Observer for StopsAt<'_> {
    fn task(&mut self, number: usize, _of: usize, _task: &Task) {
        self.1.store(number == self.0, Ordering::Relaxed);
    }
}

#[test]
fn a_study_that_chooses_its_ramps_goes_on_and_is_replayed_with_the_same_ramps() {
    let design = Design::of(&dyes().0, Study::Ramp, &adaptive()).unwrap();
    let stop = AtomicBool::new(false);
    let campaign = || Campaign::new(&design.scenario, 1, NonZeroUsize::MIN, &stop);
    let lab = || design.scenario.simulated().unwrap().lab(1);
    let whole = campaign().run(lab(), Writer::new(Vec::new()), None, &mut Silent).unwrap();
    let whole = whole.1.into_sink();
    let recorded = journal::read(&whole).unwrap();
    // A resumed simulation is repeated.
    let again = campaign().run(lab(), Writer::new(Vec::new()), Some(&recorded), &mut Silent);
    assert!(again.unwrap().1.into_sink() == whole);
    // On a rig what was done is not done again.
    let mut rig = lab();
    let ran = campaign().run(&mut rig, Writer::new(Vec::new()), None, &mut StopsAt(2, &stop));
    let ran = ran.unwrap();
    assert_eq!(ran.0.fault.unwrap().kind, FaultKind::Interrupted);
    let stopped = journal::read(&ran.1.into_sink()).unwrap();
    stop.store(false, Ordering::Relaxed);
    let writer = Writer::after(&stopped, stopped.bytes().to_vec());
    let ran = campaign().goes_on().run(&mut rig, writer, Some(&stopped), &mut Silent).unwrap();
    assert_eq!(ran.0.fault, None);
    let (all, gone_on) = (begun(&recorded), begun(&journal::read(&ran.1.into_sink()).unwrap()));
    assert_eq!(gone_on, [all[0].clone(), all[1].clone(), all[1].clone()]);
    // Whoever replays a run chooses nothing, and ends where a run that was stopped had chosen nothing yet.
    let alone = Scenario::recorded(&design.scenario.definition()).unwrap();
    let replay = Campaign::new(&alone, 1, NonZeroUsize::MIN, &stop).only_recorded();
    let replayed = |of: &Journal| {
        let ran = replay.run(lab(), Writer::new(Vec::new()), Some(of), &mut Silent).unwrap();
        (ran.0.fault.map(|fault| fault.kind), ran.1.into_sink())
    };
    assert!(replayed(&recorded) == (None, whole.clone()));
    let text = String::from_utf8(whole).unwrap();
    let before: Vec<&str> = text
        .split_inclusive('\n')
        .take_while(|line| !line.contains("\"task\":{\"number\":2"))
        .collect();
    let before = journal::read(before.concat().as_bytes()).unwrap();
    assert_eq!(begun(&before).len(), 1);
    assert_eq!(replayed(&before).0, Some(FaultKind::Interrupted));
    let repeated = alone.repeating(&recorded).unwrap();
    let ramps: Vec<Task> = all.into_iter().map(|(_, ramp)| Task::Ramp(ramp)).collect();
    assert_eq!(repeated.study(), ramps);
}

/// A lab whose last command is known.
struct Last<L>(L, Option<Command>);

impl<L: Lab> Lab for Last<L> {
    fn manifest(&self) -> &Manifest {
        self.0.manifest()
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.1 = Some(command.clone());
        self.0.send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.wait_until(deadline)
    }
}

/// The guard, which ends with the campaign, makes it safe.
#[test]
fn a_ramp_that_nobody_chooses_ends_the_study_with_a_safe_rig() {
    let design = Design::of(&dyes().0, Study::Ramp, &adaptive()).unwrap();
    let alone = Scenario::recorded(&design.scenario.definition()).unwrap();
    let never = AtomicBool::new(false);
    let mut lab = Last(alone.simulated().unwrap().lab(1), None);
    let campaign = Campaign::new(&alone, 1, NonZeroUsize::MIN, &never);
    let error = campaign.run(&mut lab, Writer::new(Vec::new()), None, &mut Silent).unwrap_err();
    assert!(matches!(error, CampaignError::NoRamp { task: 2, .. }), "{error}");
    assert_eq!(lab.1, Some(Command::MakeSafe));
}
