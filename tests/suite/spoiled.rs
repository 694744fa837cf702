//! What a loose plug does is no outcome of the conditions: it is repeated, and nobody learns of it.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, Observer, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Journal, Record, Writer, read};
use flowtwin_lab::{Command, Fault, FaultKind, Instant, Lab, Manifest, Reply};
use flowtwin_sim::SimLab;

use crate::support::{folder, scenario};

/// The last experiments are proposed by a policy that learns of the first ones.
const LEARNS: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 4\n\n\
                      [[phases]]\nname = \"learn\"\npolicy = \"ei\"\nexperiments = 2\nfrom = \"start\"\n";

/// A lab with a plug that is out while somebody says so, and comes out at a fetch.
struct Loose {
    lab: SimLab,
    kind: FaultKind,
    fetches: usize,
    out_at: usize,
    out: Rc<Cell<bool>>,
}

impl Lab for Loose {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }
    fn now(&self) -> Instant {
        self.lab.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        if let Command::Fetch { .. } = command {
            self.fetches += 1;
            if self.fetches == self.out_at {
                self.out.set(true);
            }
        }
        if self.out.get() && matches!(command, Command::Fetch { .. } | Command::Arm { .. }) {
            return Err(Fault::new(self.now(), "absorption", self.kind.clone()));
        }
        self.lab.send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}

/// Somebody who puts the plug back, if he does.
struct Somebody {
    out: Rc<Cell<bool>>,
    helps: bool,
    asked: usize,
}

impl Observer for Somebody {
    fn repeats(&mut self, _lab: &mut dyn Lab, _fault: &Fault, _times: usize) -> bool {
        self.asked += 1;
        self.out.set(!self.helps);
        self.helps
    }
}

fn loaded(name: &str) -> Scenario {
    Scenario::load(&scenario(&folder(name), "learns", "cs3cu2i5.toml", LEARNS)).unwrap()
}

/// The plug comes out in the second experiment.
fn with_a_plug_out(scenario: &Scenario, kind: FaultKind, helps: bool) -> (Journal, Option<Fault>) {
    let out = Rc::new(Cell::new(false));
    let lab = scenario.simulated().unwrap().lab(scenario.file().seed);
    let loose = Loose { lab, kind, fetches: 0, out_at: 11, out: out.clone() };
    let mut somebody = Somebody { out, helps, asked: 0 };
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, scenario.file().seed, NonZeroUsize::MIN, &never);
    let ran = campaign.run(loose, Writer::new(Vec::new()), None, &mut somebody);
    let (ended, writer) = ran.expect("a policy answers");
    assert_eq!(somebody.asked, 1);
    (read(writer.sink()).unwrap(), ended.fault)
}

fn conditions(journal: &Journal) -> Vec<Vec<f64>> {
    journal.experiments().map(|e| e.conditions.values().to_vec()).collect()
}

fn lost() -> FaultKind {
    FaultKind::LinkLost { detail: "unplugged".into() }
}

#[test]
fn an_experiment_that_a_loose_plug_spoiled_is_repeated_and_no_policy_learns_of_it() {
    let scenario = loaded("spoiled");
    for kind in [lost(), FaultKind::NoReply { waited_s: 1.0 }] {
        let (journal, fault) = with_a_plug_out(&scenario, kind.clone(), true);
        assert_eq!(fault, None);
        assert!(journal.complete());
        let spoiled: Vec<_> = journal.spoiled().collect();
        assert_eq!(
            spoiled.iter().map(|s| (s.experiment, &s.fault.kind)).collect::<Vec<_>>(),
            [(2, &kind)]
        );
        let done: Vec<_> =
            journal.experiments().map(|e| (e.experiment, e.fault.is_some())).collect();
        assert_eq!(done, (1..=6).map(|n| (n, false)).collect::<Vec<_>>());
        let second = journal.experiments().nth(1).unwrap();
        assert_eq!(spoiled[0].conditions, second.conditions, "the same is done again");
        assert!(second.started_ns >= spoiled[0].ended_ns);
    }
}

#[test]
fn a_run_that_a_loose_plug_stopped_does_the_experiment_again_and_learns_nothing_of_it() {
    let scenario = loaded("spoiled-resumed");
    let (stopped, fault) = with_a_plug_out(&scenario, lost(), false);
    assert_eq!(fault.map(|fault| fault.kind), Some(lost()));
    assert_eq!((stopped.experiments().count(), stopped.spoiled().count()), (1, 1));
    // On a rig what is recorded has happened.
    let mut lab = scenario.simulated().unwrap().lab(scenario.file().seed);
    lab.wait_until(stopped.last_at()).unwrap();
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(&scenario, scenario.file().seed, NonZeroUsize::MIN, &never);
    let writer = Writer::after(&stopped, Vec::new());
    let ran = campaign.goes_on().run(lab, writer, Some(&stopped), &mut Silent).unwrap();
    assert_eq!(ran.0.fault, None);
    let journal = read(&[stopped.bytes(), ran.1.sink()].concat()).unwrap();
    assert!(journal.complete() && journal.experiments().all(|e| e.fault.is_none()));
    assert_eq!(journal.experiments().count(), 6);
    // The policy that learns has seen neither a failure nor a value more than without the plug.
    let (helped, _) = with_a_plug_out(&scenario, lost(), true);
    assert_eq!(conditions(&journal)[..4], conditions(&helped)[..4]);
}

#[test]
fn a_simulated_run_that_a_fault_of_its_rig_stopped_is_repeated_to_the_byte() {
    let scenario = loaded("spoiled-simulated");
    let (stopped, _) = with_a_plug_out(&scenario, lost(), false);
    let there = read(stopped.durable_bytes()).unwrap();
    let out = Rc::new(Cell::new(false));
    let lab = scenario.simulated().unwrap().lab(scenario.file().seed);
    let loose = Loose { lab, kind: lost(), fetches: 0, out_at: 11, out };
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(&scenario, scenario.file().seed, NonZeroUsize::MIN, &never);
    // The plug stays out: the repetition is recorded as spoiled once more, behind what is there.
    let ran = campaign.run(loose, Writer::new(Vec::new()), Some(&there), &mut Silent).unwrap();
    assert_eq!(ran.0.fault.map(|fault| fault.kind), Some(lost()));
    assert!(ran.1.sink().starts_with(there.bytes()));
    let journal = read(ran.1.sink()).unwrap();
    assert_eq!((journal.experiments().count(), journal.spoiled().count()), (1, 2));
    assert!(journal.records().iter().any(|r| matches!(r, Record::Spoiled(s) if s.experiment == 2)));
}
