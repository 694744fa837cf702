//! Campaigns on a lab outside that has several experiments under way: version 2 of its protocol.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use flowtwin_campaign::campaign::{Answer, Campaign, Ended, Observer, Proposed, Reviewer};
use flowtwin_campaign::outside::{OutsideLab, OutsideLabError};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Asked, Decision, Journal, Record, Writer, read};
use flowtwin_lab::{Command, Conditions, FaultKind, Instant, Lab as _, Reply, Volume};

/// A lab whose experiments take no time. It does what its first argument says: `r` reads a line, `f` reads lines until a request
/// is to be forgotten, `aN` answers request N, `eN` cannot do request N, `bN` has a broken pump in request N, `lN` a leak, `n` tells
/// something else than the objective from here on, `x` ends at once. Then it answers whatever waits, and every request when it
/// comes. Its second argument goes into its first line, the third is where it keeps what it reads.
const LAB: &str = r#"
import json, os, sys
plan, more, log = sys.argv[1].split(), json.loads(sys.argv[2]), open(sys.argv[3], "a")
def say(**line): print(json.dumps(line), flush=True)
inputs = [{"name": n, "low": l, "high": h} for n, l, h in (("t_c", 20.0, 100.0), ("ratio", 0.5, 4.0))]
say(space={"protocol": 2, "scenario": "own", "seed": 1, "inputs": inputs,
           "objective": {"feature": "yield", "goal": "maximize"}, **more})
asked, waiting, end, name = {}, [], [0.0], ["yield"]
def hear():
    line = sys.stdin.readline()
    if not line or "done" in line: sys.exit(0)
    log.write(line); log.flush()
    line = json.loads(line)
    if "experiment" in line:
        asked[line["experiment"]["request"]] = line["experiment"]["conditions"]
        waiting.append(line["experiment"]["request"])
    elif line["forget"]["request"] in waiting: waiting.remove(line["forget"]["request"])
    return line
def answer(n, **more):
    c = asked.get(n, {"t_c": 50.0, "ratio": 1.0})
    y = 90.0 - abs(c["t_c"] - 70.0) - 10.0 * abs(c["ratio"] - 2.0)
    end[0] += 60.0
    say(observation={"request": n, "features": {name[0]: y}, "started_s": end[0] - 60.0, "ended_s": end[0], **more})
    with open(sys.argv[3] + ".answered", "a") as answered: print(n, file=answered)
for step in plan:
    n = int(step[1:] or 0)
    if n in waiting: waiting.remove(n)
    if step == "r": hear()
    elif step == "f":
        while "forget" not in hear(): pass
    elif step == "x": os._exit(3)
    elif step[0] == "e": say(error={"request": n, "problem": "no vial", "expected": "a vial"})
    elif step[0] == "b": answer(n, fault={"at_ns": 0, "origin": "pump", "kind": "empty"})
    elif step == "n": name[0] = "purity"
    elif step[0] == "l":
        leak = {"interlock": {"rule": "leak", "detail": "water on the floor"}}
        answer(n, fault={"at_ns": 0, "origin": "guard", "kind": leak})
    else: answer(n)
while True:
    while waiting: answer(waiting.pop(0))
    hear()
"#;

const PHASES: &str = r#"
[[phases]]
name = "look"
policy = "lhs"
experiments = 4

[[phases]]
name = "improve"
policy = "ei"
experiments = 3
from = "look"
"#;

struct Trial {
    folder: PathBuf,
    scenario: Scenario,
}

impl Trial {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("requests-{name}"));
        let _none = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let text = format!(
            "schema = 1\nname = \"own\"\ntitle = \"Own\"\nseed = 4\n\
             [space.inputs.t_c]\nlow = 20.0\nhigh = 100.0\nresolution = 0.5\n\
             [space.inputs.ratio]\nlow = 0.5\nhigh = 4.0\nresolution = 0.05\n\
             [twin]\nsurrogate = \"gp\"\n\
             [objective]\nfeature = \"yield\"\ngoal = \"maximize\"\n{PHASES}"
        );
        let path = folder.join("own.toml");
        fs::write(&path, text).unwrap();
        fs::write(folder.join("lab.py"), LAB).unwrap();
        Self { scenario: Scenario::load(&path).unwrap(), folder }
    }

    fn lab(&self, plan: &str, more: &str) -> Result<OutsideLab, OutsideLabError> {
        let (lab, log) = (self.folder.join("lab.py"), self.folder.join("heard"));
        let command = format!("python3 '{}' '{plan}' '{more}' '{}'", lab.display(), log.display());
        let (space, manifest) = (self.scenario.space(), self.scenario.manifest());
        OutsideLab::start(&command, Duration::from_secs(60), space, manifest, Arc::default())
    }

    /// Runs the campaign on a lab with this plan, behind what is recorded.
    fn go_on(&self, plan: &str, more: &str, recorded: Option<&Journal>) -> Ran {
        self.reviewed(None, plan, more, recorded)
    }

    fn reviewed(
        &self,
        by: Option<&dyn Reviewer>,
        plan: &str,
        more: &str,
        recorded: Option<&Journal>,
    ) -> Ran {
        self.on(self.lab(plan, more).unwrap(), by, recorded)
    }

    fn on(&self, lab: OutsideLab, by: Option<&dyn Reviewer>, recorded: Option<&Journal>) -> Ran {
        static NEVER: AtomicBool = AtomicBool::new(false);
        let campaign = Campaign::new(&self.scenario, 4, NonZeroUsize::MIN, &NEVER);
        let campaign = campaign.goes_on().in_wall_time();
        let campaign = match by {
            Some(by) => campaign.reviewed(by),
            None => campaign,
        };
        let (mut heard, sink) = (Heard::default(), Vec::new());
        let writer = match recorded {
            Some(journal) => Writer::after(journal, journal.bytes().to_vec()),
            None => Writer::new(sink),
        };
        let (ended, writer) = campaign.run(lab, writer, recorded, &mut heard).unwrap();
        Ran { ended, journal: read(writer.sink()).unwrap(), left_out: heard.0 }
    }

    /// What the lab has read so far.
    fn said(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.folder.join("heard")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

struct Ran {
    ended: Ended,
    journal: Journal,
    left_out: Vec<u64>,
}

impl Ran {
    fn asked(&self) -> Vec<&Asked> {
        let asked = |record: &'_ Record| matches!(record, Record::Asked(_));
        let records = self.journal.records().iter().filter(|record| asked(record));
        records
            .map(|r| if let Record::Asked(asked) = r { &**asked } else { unreachable!() })
            .collect()
    }

    /// The requests that experiments answer, in their order.
    fn answers(&self) -> Vec<u64> {
        self.journal.experiments().map(|e| e.request.unwrap()).collect()
    }

    fn complete(&self) {
        assert!(self.ended.is_complete(), "{:?}", self.ended);
        assert!(self.journal.complete());
        let numbers: Vec<u64> = self.journal.experiments().map(|e| e.experiment).collect();
        assert_eq!(numbers, (1..=7).collect::<Vec<u64>>());
        assert!(self.journal.experiments().all(|e| e.fault.is_none()));
        let phases: Vec<_> = self.journal.experiments().map(|e| e.phase.as_str()).collect();
        assert_eq!(phases, ["look", "look", "look", "look", "improve", "improve", "improve"]);
    }
}

#[derive(Default)]
struct Heard(Vec<u64>);

impl Observer for Heard {
    fn left_out(&mut self, request: u64) {
        self.0.push(request);
    }
}

const THREE: &str = r#"{"at_once":3}"#;

#[test]
fn answers_come_in_any_order_and_the_journal_follows_from_it() {
    let trial = Trial::new("order");
    let plan = "r r r a2 r a4 a1 a3 r r r a7 a5 a6";
    let ran = trial.go_on(plan, THREE, None);
    ran.complete();
    assert_eq!(ran.answers(), [2, 4, 1, 3, 7, 5, 6]);
    let asked: Vec<u64> = ran.asked().iter().map(|asked| asked.request).collect();
    assert_eq!(asked, [1, 2, 3, 4, 5, 6, 7]);
    // What an experiment is said to yield belongs to what was asked for under its number.
    for experiment in ran.journal.experiments() {
        let asked = ran.asked()[experiment.request.unwrap() as usize - 1];
        assert_eq!(asked.conditions, experiment.conditions);
    }
    let again = trial.go_on(plan, THREE, None);
    assert!(again.journal.bytes() == ran.journal.bytes(), "the same order, the same bytes");
    let other = trial.go_on("r r r a1 r a4 a2 a3", THREE, None);
    let conditions = |ran: &Ran| ran.asked()[4].conditions.clone();
    other.complete();
    // A design does not look at what came of it; what improves on it sees the same four.
    assert_eq!(conditions(&other), conditions(&ran));
    assert_ne!(other.journal.bytes(), ran.journal.bytes());
}

/// A policy that is not told would propose the same three times.
#[test]
fn policies_know_what_is_under_way() {
    let trial = Trial::new("pending");
    let ran = trial.go_on("", THREE, None);
    ran.complete();
    let improving: Vec<&Conditions> = ran.asked()[4..].iter().map(|a| &a.conditions).collect();
    let at = |a: &Asked| {
        ran.journal.records().iter().position(|r| *r == Record::Asked(Box::new(a.clone())))
    };
    let first_answer = ran.journal.experiments().nth(4).unwrap();
    let first_answer = Record::Experiment(Box::new(first_answer.clone()));
    let answered = ran.journal.records().iter().position(|r| *r == first_answer);
    assert!(at(ran.asked()[6]) < answered, "all three were asked for before the first answer");
    assert!(improving[0] != improving[1] && improving[1] != improving[2], "{improving:?}");
    assert_ne!(improving[0], improving[2]);
}

#[test]
fn what_is_never_answered_is_given_up_and_asked_for_again() {
    let trial = Trial::new("never");
    let ran = trial.go_on("r r r a1 a3 f", r#"{"at_once":3,"longest_s":1.0}"#, None);
    ran.complete();
    let spoiled = ran.journal.spoiled().find(|spoiled| spoiled.request == Some(2)).unwrap();
    assert_eq!(spoiled.fault.kind, FaultKind::NoReply { waited_s: 1.0 });
    let again = ran.asked().into_iter().find(|asked| asked.repeats == Some(2)).unwrap();
    assert_eq!(again.conditions, ran.asked()[1].conditions);
    assert!(ran.answers().contains(&again.request) && !ran.answers().contains(&2));
    let forgotten = |line: &serde_json::Value| line["forget"]["request"] == 2;
    assert!(trial.said().iter().any(forgotten));
}

#[test]
fn a_late_answer_is_taken_and_its_repetition_forgotten() {
    let trial = Trial::new("late");
    let ran = trial.go_on("r r r a1 a3 f r a2", r#"{"at_once":3,"longest_s":1.0}"#, None);
    ran.complete();
    assert!(ran.answers().contains(&2), "{:?}", ran.answers());
    let again = ran.asked().into_iter().find(|asked| asked.repeats == Some(2)).unwrap().request;
    assert!(!ran.answers().contains(&again), "{:?}", ran.answers());
    assert!(trial.said().iter().any(|line| line["forget"]["request"] == again));
}

#[test]
fn answers_that_nobody_waits_for_are_left_out_and_told() {
    let trial = Trial::new("twice");
    let ran = trial.go_on("r r r a1 a1 a99 a2 a3", THREE, None);
    ran.complete();
    assert_eq!(ran.left_out, [1, 99]);
    let collected =
        |record: &Record| matches!(record, Record::Command(c) if c.send == Command::Receive);
    let received = ran.journal.records().iter().filter(|record| collected(record)).count();
    assert_eq!(received, 9, "the journal has them all the same");
}

#[test]
fn a_fault_of_the_rig_is_repeated_a_few_times_and_no_policy_learns_of_it() {
    let trial = Trial::new("broken");
    let ran = trial.go_on("r r r b1 a2 a3 e4", THREE, None);
    ran.complete();
    let spoiled: Vec<_> = ran.journal.spoiled().filter_map(|spoiled| spoiled.request).collect();
    assert_eq!(spoiled[0], 1);
    assert!(spoiled.contains(&4), "{spoiled:?}");
    let broken = trial.go_on("r r r b1 r b4 r b5 r b6", THREE, None);
    let fault = broken.ended.fault.as_ref().unwrap();
    assert_eq!(fault.kind, FaultKind::Empty);
    assert_eq!(broken.journal.spoiled().count(), 3);
    trial.go_on("", THREE, Some(&broken.journal)).complete();
}

#[test]
fn what_concerns_the_whole_lab_ends_the_run_the_first_time() {
    let trial = Trial::new("leaks");
    let ran = trial.go_on("r r r a2 l1", THREE, None);
    let fault = ran.ended.fault.clone().unwrap();
    assert!(matches!(fault.kind, FaultKind::Interlock { .. }), "{fault}");
    assert_eq!(ran.journal.spoiled().count(), 1);
    trial.go_on("", THREE, Some(&ran.journal)).complete();
}

/// A run that yielded nothing of what it is after is not complete, whether or not its experiments failed.
#[test]
fn a_lab_that_tells_something_else_completes_nothing() {
    let trial = Trial::new("else");
    let ran = trial.go_on("n", THREE, None);
    assert!(ran.ended.fruitless && !ran.ended.all_failed && !ran.ended.is_complete());
    assert!(!ran.journal.complete());
    let why = ran.ended.fruitless_in_words().unwrap();
    assert!(why.contains("yielded a value of what the campaign is after"), "{why}");
}

/// Nobody listens while a policy thinks or the run is paused.
#[test]
fn an_answer_that_came_while_nobody_listened_is_not_given_up() {
    let trial = Trial::new("in-the-pipe");
    let mut lab = trial.lab("r a1", r#"{"at_once":3,"longest_s":1}"#).unwrap();
    let conditions = trial.scenario.space().centre();
    let asked = Command::Request { request: 1, conditions, again: false };
    lab.send(&asked).unwrap();
    let began = std::time::Instant::now();
    let answered = trial.folder.join("heard.answered");
    while !answered.exists() || began.elapsed() < Duration::from_millis(1500) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let answered = loop {
        match lab.send(&Command::Receive) {
            Ok(Reply::Answered(answered)) => break answered,
            Err(fault) if fault.kind == FaultKind::NotReady => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((answered.request, answered.report.fault), (1, None));
}

#[test]
fn a_lab_that_dies_loses_nothing_and_what_was_under_way_is_asked_for_again() {
    let trial = Trial::new("dies");
    let ran = trial.go_on("r r r a2 r x", THREE, None);
    let fault = ran.ended.fault.clone().unwrap();
    assert!(matches!(fault.kind, FaultKind::LinkLost { .. }), "{fault}");
    assert_eq!(ran.answers(), [2]);
    let before = trial.said().len();
    let again = trial.go_on("r r r a3 a4 a1", THREE, Some(&ran.journal));
    again.complete();
    assert_eq!(again.answers()[..4], [2, 3, 4, 1]);
    let asked = |line: &serde_json::Value| {
        let line = &line["experiment"];
        (line["request"].as_u64().unwrap(), line["again"] == true)
    };
    let asked: Vec<_> = trial.said()[before..before + 3].iter().map(asked).collect();
    assert_eq!(asked, [(1, true), (3, true), (4, true)]);
    assert!(again.journal.bytes().starts_with(ran.journal.bytes()));
}

#[test]
fn what_a_lab_still_has_is_waited_for_and_not_asked_for_again() {
    let trial = Trial::new("still");
    let ran = trial.go_on("r r r a2 r x", THREE, None);
    let before = trial.said().len();
    let more = r#"{"at_once":3,"under_way":[3,1,77]}"#;
    let again = trial.go_on("a3 r a1 a4", more, Some(&ran.journal));
    again.complete();
    assert_eq!(again.answers()[..4], [2, 3, 1, 4]);
    let said = &trial.said()[before..];
    assert_eq!(said[0]["experiment"]["request"], 4);
    let twice =
        |line: &serde_json::Value| [1, 3].iter().any(|n| line["experiment"]["request"] == *n);
    assert!(!said.iter().any(twice));
}

/// Wherever a run breaks off, it goes on, and every experiment is done once.
#[test]
fn a_run_goes_on_behind_every_record() {
    let trial = Trial::new("everywhere");
    let whole = trial.go_on("r r r a2 r a4 b3 r a5", THREE, None);
    whole.complete();
    let lines: Vec<&[u8]> = whole.journal.bytes().split_inclusive(|&b| b == b'\n').collect();
    for kept in 3..lines.len() {
        let part = read(&lines[..kept].concat()).unwrap();
        let ran = trial.go_on("", THREE, Some(&part));
        ran.complete();
        let mut answered = ran.answers();
        answered.sort_unstable();
        answered.dedup();
        assert_eq!(answered.len(), 7, "after {kept} records");
        assert!(ran.journal.bytes().starts_with(part.bytes()));
        // The design is what it is, whenever it was interrupted.
        for (one, other) in
            ran.asked().iter().filter(|a| a.repeats.is_none()).zip(whole.asked()).take(4)
        {
            assert_eq!(one.conditions, other.conditions, "after {kept} records");
        }
    }
}

/// Accepts everything, and remembers how many it saw.
#[derive(Debug, Default)]
struct Content(std::cell::RefCell<Vec<u64>>);

impl Reviewer for Content {
    fn show(&self, proposed: &Proposed) {
        self.0.borrow_mut().push(proposed.experiment);
    }
    fn decision(&self) -> Option<Answer> {
        let skips = self.0.borrow().len() == 3;
        Some(Answer::Decided(if skips { Decision::Skip } else { Decision::Accept }))
    }
    fn refused(&self, why: &str) {
        panic!("{why}");
    }
}

#[test]
fn who_decides_on_proposals_sees_what_came_of_everything_before() {
    let trial = Trial::new("review");
    let content = Content::default();
    let ran = trial.reviewed(Some(&content), "", THREE, None);
    assert!(ran.ended.is_complete(), "{:?}", ran.ended);
    assert_eq!(content.0.borrow()[..5], [1, 2, 3, 3, 4]);
    let order = |record: &Record| match record {
        Record::Asked(_) => Some('a'),
        Record::Experiment(_) => Some('e'),
        _ => None,
    };
    let order: String = ran.journal.records().iter().filter_map(order).collect();
    assert!(order.starts_with("aeaeae") && !order.contains("aa"), "{order}");
    let lines: Vec<&[u8]> = ran.journal.bytes().split_inclusive(|&b| b == b'\n').collect();
    for kept in (3..lines.len()).step_by(4) {
        let part = read(&lines[..kept].concat()).unwrap();
        let again = trial.reviewed(Some(&Content::default()), "", THREE, Some(&part));
        assert!(again.ended.is_complete(), "after {kept} records: {:?}", again.ended);
    }
}

#[test]
fn a_lab_says_what_makes_sense_or_is_none() {
    let trial = Trial::new("sense");
    for (more, expected) in [
        (r#"{"protocol":3}"#, "it speaks protocol 3, this is protocol 1 and 2"),
        (r#"{"protocol":1,"at_once":2}"#, "only protocol 2 has `at_once`"),
        (r#"{"at_once":0}"#, "at_once"),
        (r#"{"longest_s":0.0}"#, "`longest_s` is 0 s"),
    ] {
        let error = trial.lab("", more).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_example_of_three_vials_is_such_a_lab() {
    let trial = Trial::new("vials");
    let vials = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/labs/vials.py");
    let space = trial.folder.join("space.json");
    let inputs = r#"{"inputs":[{"name":"t_c","low":20,"high":100},{"name":"ratio","low":0.5,"high":4}],
        "objective":{"feature":"yield","goal":"maximize"}}"#;
    fs::write(&space, inputs).unwrap();
    let command = format!("python3 '{}' '{}'", vials.display(), space.display());
    let (space, manifest) = (trial.scenario.space(), trial.scenario.manifest());
    let lab = OutsideLab::start(&command, Duration::from_secs(60), space, manifest, Arc::default())
        .unwrap();
    trial.on(lab, None, None).complete();
}

#[test]
fn a_lab_that_has_ended_says_why_however_often_it_is_asked() {
    let trial = Trial::new("ended");
    let path = trial.folder.join("ends.sh");
    let space = r#"{"space":{"protocol":1,"scenario":"s","seed":1,"inputs":[{"name":"t_c","low":20,"high":100},{"name":"ratio","low":0.5,"high":4}],"constraints":[],"objective":{"feature":"yield","goal":"maximize"},"budget":{},"now_s":0,"simulated":true}}"#;
    let next = r#"{"next":{"experiment":1,"left":{}}}"#;
    let done = r#"{"done":{"reason":"the ink is used up"}}"#;
    fs::write(&path, format!("echo '{space}'\necho '{next}'\nread asked\necho '{done}'\n"))
        .unwrap();
    let command = format!("sh '{}'", path.display());
    let (space, manifest) = (trial.scenario.space(), trial.scenario.manifest());
    let mut lab =
        OutsideLab::start(&command, Duration::from_secs(60), space, manifest, Arc::default())
            .unwrap();
    let conditions = Conditions::new(["t_c".into(), "ratio".into()].into(), vec![60.0, 1.0]);
    let begin = Command::Begin { conditions };
    let told = "the lab has ended: the ink is used up";
    lab.send(&begin).unwrap();
    assert_eq!(lab.wait_until(Instant::from_secs(9.0)).unwrap_err().kind.to_string(), told);
    assert_eq!(lab.send(&begin).unwrap_err().kind.to_string(), told);
    assert_eq!(lab.send(&Command::Collect).unwrap_err().kind.to_string(), told);
}

#[test]
fn a_lab_says_whether_it_takes_a_filling_before_anything_else_is_asked() {
    let trial = Trial::new("fills");
    let space = r#"{"space":{"protocol":1,"scenario":"s","seed":1,"inputs":[{"name":"t_c","low":20,"high":100},{"name":"ratio","low":0.5,"high":4}],"constraints":[],"objective":{"feature":"yield","goal":"maximize"},"budget":{},"now_s":0,"simulated":true,"fills":true}}"#;
    let next = r#"{"next":{"experiment":1,"left":{}}}"#;
    let error = r#"{"error":{"line":1,"problem":"it is glued shut","expected":"a syringe"}}"#;
    for (name, answer, told) in [
        ("takes", next, None),
        (
            "refuses",
            error,
            Some("refused: the lab does not take the filling of ink: it is glued shut"),
        ),
    ] {
        let path = trial.folder.join(format!("{name}.sh"));
        let observed = r#"{"observation":{"conditions":{},"outcome":1.0}}"#;
        let lines = format!(
            "echo '{space}'\necho '{next}'\nread asked\necho \"$asked\" > {name}.txt\necho '{answer}'\nread asked\necho '{observed}'\n"
        );
        fs::write(&path, lines).unwrap();
        let command = format!("sh -c 'cd {} && sh {name}.sh'", trial.folder.display());
        let (space, manifest) = (trial.scenario.space(), trial.scenario.manifest());
        let patience = Duration::from_secs(60);
        let mut lab =
            OutsideLab::start(&command, patience, space, manifest, Arc::default()).unwrap();
        let fill = Command::Fill { pump: "ink".into(), holds_ul: Volume::from_ml(2.5) };
        let answered = lab.send(&fill);
        assert_eq!(answered.err().map(|fault| fault.kind.to_string()).as_deref(), told);
        let said = fs::read_to_string(trial.folder.join(format!("{name}.txt"))).unwrap();
        assert_eq!(said.trim(), r#"{"filled":{"pump":"ink","holds_ml":2.5}}"#);
        // It is still our turn.
        let conditions = Conditions::new(["t_c".into(), "ratio".into()].into(), vec![60.0, 1.0]);
        lab.send(&Command::Begin { conditions }).unwrap();
        lab.wait_until(Instant::from_secs(9.0)).unwrap();
    }
}
