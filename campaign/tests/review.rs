//! Campaigns whose proposals people decide on.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_campaign::campaign::{
    Answer, Campaign, Doubt, Ended, Observer, Proposed, Reviewer, Silent,
};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{
    Continued, Decision, Journal, Recalibrated, Record, Writer, read, stopped_by,
};
use flowtwin_lab::{
    Command, Conditions, Fault, FaultKind, Instant, Lab, Manifest, Observation, Reply,
};

const PHASES: &str = r#"
[[phases]]
name = "survey"
policy = "lhs"
experiments = 4

[[phases]]
name = "improve"
policy = "ei"
experiments = 2
from = "survey"
"#;

fn scenario(name: &str, phases: &str) -> Scenario {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/dye-mixing.toml");
    let base = base.display().to_string();
    let text = format!("schema = 1\nextends = {base:?}\nname = \"{name}\"\n{phases}");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("review-{name}.toml"));
    fs::write(&path, text).unwrap();
    Scenario::load(&path).unwrap()
}

/// What somebody does with the proposals of a campaign, one after the other; behind the last, all are accepted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Accept,
    /// The first input gets this value, in place of the proposal or before it.
    Change(f64),
    Add(f64),
    Skip,
    Stop,
    /// Goes away for so many looks.
    Waits(usize),
}

#[derive(Debug, Default)]
struct Person {
    does: RefCell<Vec<Does>>,
    shown: RefCell<Vec<Proposed>>,
    refused: RefCell<Vec<String>>,
    over: RefCell<Vec<Option<Decision>>>,
    waits: Cell<usize>,
}

impl Person {
    fn who(does: &[Does]) -> Self {
        Self { does: RefCell::new(does.to_vec()), ..Self::default() }
    }

    fn proposed(&self) -> Vec<Conditions> {
        self.shown.borrow().iter().map(|shown| shown.conditions.clone()).collect()
    }
}

fn with_first(proposed: &Proposed, value: f64) -> Conditions {
    let mut values = proposed.conditions.values().to_vec();
    values[0] = value;
    proposed.space.conditions(values)
}

impl Reviewer for Person {
    fn show(&self, proposed: &Proposed) {
        self.shown.borrow_mut().push(proposed.clone());
    }
    fn decision(&self) -> Option<Answer> {
        if self.waits.get() > 0 {
            self.waits.set(self.waits.get() - 1);
            return None;
        }
        let mut does = self.does.borrow_mut();
        let next = if does.is_empty() { Does::Accept } else { does.remove(0) };
        let shown = self.shown.borrow();
        let proposed = shown.last().unwrap();
        Some(Answer::Decided(match next {
            Does::Accept => Decision::Accept,
            Does::Change(value) => Decision::Change(with_first(proposed, value)),
            Does::Add(value) => Decision::Add(with_first(proposed, value)),
            Does::Skip => Decision::Skip,
            Does::Stop => return Some(Answer::Stop),
            Does::Waits(looks) => {
                self.waits.set(looks);
                return None;
            }
        }))
    }
    fn refused(&self, why: &str) {
        self.refused.borrow_mut().push(why.to_owned());
    }
    fn over(&self, decided: Option<&Decision>) {
        self.over.borrow_mut().push(decided.cloned());
    }
}

static NEVER: AtomicBool = AtomicBool::new(false);

fn campaign(scenario: &Scenario) -> Campaign<'_> {
    Campaign::new(scenario, scenario.file().seed, NonZeroUsize::MIN, &NEVER)
}

/// Runs a campaign in simulation, on what is recorded if it is resumed; the bytes of its journal.
fn run(campaign: Campaign<'_>, scenario: &Scenario, recorded: Option<&[u8]>) -> (Ended, Vec<u8>) {
    run_with(campaign, scenario, recorded, &mut Silent)
}

fn run_with(
    campaign: Campaign<'_>,
    scenario: &Scenario,
    recorded: Option<&[u8]>,
    observer: &mut dyn Observer,
) -> (Ended, Vec<u8>) {
    let lab = scenario.simulated().unwrap().lab(scenario.file().seed);
    let journal = recorded.map(|bytes| read(bytes).unwrap());
    let kept = journal.as_ref().map_or(&[][..], Journal::durable_bytes).to_vec();
    let whole = (!kept.is_empty()).then(|| read(&kept).unwrap());
    let writer = Writer::new(Continued::new(kept.clone(), Vec::new()));
    let (ended, writer) = campaign.run(lab, writer, whole.as_ref(), observer).unwrap();
    let more = writer.into_sink().into_inner();
    (ended, [kept, more].concat())
}

fn reviewed(scenario: &Scenario, person: &Person, recorded: Option<&[u8]>) -> (Ended, Vec<u8>) {
    run(campaign(scenario).reviewed(person), scenario, recorded)
}

fn decisions(bytes: &[u8]) -> usize {
    read(bytes).unwrap().decided().count()
}

fn experiments(bytes: &[u8]) -> Vec<(String, Conditions)> {
    let journal = read(bytes).unwrap();
    journal.experiments().map(|e| (e.phase.clone(), e.conditions.clone())).collect()
}

const SCRIPT: [Does; 8] = [
    Does::Accept,
    Does::Add(150.0),
    Does::Skip,
    Does::Skip,
    Does::Change(160.0),
    Does::Accept,
    Does::Accept,
    Does::Skip,
];

#[test]
fn what_everybody_accepts_is_done_as_without_asking() {
    let scenario = scenario("accept", PHASES);
    let (_, alone) = run(campaign(&scenario), &scenario, None);
    let (ended, bytes) = reviewed(&scenario, &Person::default(), None);
    assert!(ended.is_complete());
    let but_decisions = |bytes: &[u8]| {
        let journal = read(bytes).unwrap();
        let records = journal.records().iter().cloned();
        records.filter(|r| !matches!(r, Record::Decided(_))).collect::<Vec<_>>()
    };
    assert_eq!(decisions(&alone), 0);
    assert_eq!(decisions(&bytes), 6);
    assert_eq!(but_decisions(&bytes), but_decisions(&alone));
}

#[test]
fn a_reviewed_journal_cut_anywhere_is_completed_to_the_byte_and_asks_nobody_again() {
    let scenario = scenario("cut", PHASES);
    let (ended, whole) = reviewed(&scenario, &Person::who(&SCRIPT), None);
    assert!(ended.is_complete());
    assert_eq!(ended.experiments, 7, "six of the phases and one more");
    let journal = read(&whole).unwrap();
    let ends = (1..=whole.len()).filter(|&end| whole[end - 1] == b'\n');
    let mut last = usize::MAX;
    for (record, end) in journal.records().iter().zip(ends) {
        // A journal that ends in the midst of an experiment is cut behind the last durable record: once is enough.
        let kept = read(&whole[..end]).unwrap().durable_bytes().len();
        if std::mem::replace(&mut last, kept) == kept && !matches!(record, Record::Proposal(_)) {
            continue;
        }
        let done = decisions(&whole[..end]);
        let person = Person::who(SCRIPT.get(done..).unwrap_or_default());
        let (ended, now) = reviewed(&scenario, &person, Some(&whole[..end]));
        assert!(ended.is_complete());
        assert!(now == whole, "cut behind {record:?}");
        assert_eq!(person.shown.borrow().len(), decisions(&whole) - done);
    }
}

#[test]
fn a_run_that_goes_on_without_review_does_what_was_decided_before() {
    let scenario = scenario("without", PHASES);
    let script = [Does::Change(160.0), Does::Add(150.0), Does::Stop];
    let (ended, bytes) = reviewed(&scenario, &Person::who(&script), None);
    assert_eq!(ended.fault.unwrap().kind, FaultKind::Interrupted);
    assert_eq!(stopped_by(&read(&bytes).unwrap()).unwrap().kind, FaultKind::Interrupted);
    let (ended, now) = run(campaign(&scenario), &scenario, Some(&bytes));
    assert!(ended.is_complete());
    assert_eq!(decisions(&now), 2);
    let done = experiments(&now);
    assert_eq!(done.len(), 7);
    let first = |(_, conditions): &(String, Conditions)| conditions.values()[..1].to_vec();
    assert_eq!([first(&done[0]), first(&done[1])], [[160.0], [150.0]]);
}

#[test]
fn a_design_goes_on_behind_what_was_skipped_and_stays_where_it_was_behind_what_was_added() {
    let scenario = scenario("design", PHASES);
    let (_, alone) = run(campaign(&scenario), &scenario, None);
    let design: Vec<Conditions> = experiments(&alone)[..4].iter().map(|e| e.1.clone()).collect();
    let person = Person::who(&[Does::Accept, Does::Add(150.0), Does::Accept, Does::Skip]);
    let (_, bytes) = reviewed(&scenario, &person, None);
    let proposed = person.proposed();
    assert_eq!(proposed[..2], design[..2]);
    assert_eq!(proposed[2..5], design[1..4], "shown again, then skipped, then the next");
    let done = experiments(&bytes);
    assert_eq!(done.iter().filter(|(phase, _)| phase == "survey").count(), 5);
    assert_eq!(done[1].1, with_first(&person.shown.borrow()[1], 150.0));
    let places: Vec<usize> = person.shown.borrow().iter().map(|shown| shown.place).collect();
    assert_eq!(places[..5], [1, 2, 2, 3, 3]);
}

#[test]
fn what_was_skipped_is_not_proposed_again_and_skipping_has_an_end() {
    let phases = PHASES.replace("experiments = 4", "experiments = 3");
    let scenario = scenario("skip", &phases);
    let mut script = vec![Does::Accept; 3];
    script.extend([Does::Skip; 3]);
    let person = Person::who(&script);
    let (ended, bytes) = reviewed(&scenario, &person, None);
    assert!(ended.is_complete());
    assert_eq!(experiments(&bytes).len(), 5);
    let proposed = person.proposed();
    for (i, one) in proposed.iter().enumerate() {
        assert!(!proposed[..i].contains(one), "proposed twice: {one:?} of {proposed:?}");
    }
    let why = person.refused.borrow();
    assert_eq!(why.len(), 1, "the third skip in a phase of two experiments");
    assert!(why[0].contains("as many proposals of phase improve were skipped"), "{why:?}");
}

#[test]
fn a_list_some_of_which_was_skipped_ends_the_phase() {
    let phases = r#"
[[phases]]
name = "given"
experiments = 2
policy = { list = { conditions = [
    { blue_ul_per_min = 250.0, red_ul_per_min = 251.0 },
    { blue_ul_per_min = 252.0, red_ul_per_min = 253.0 },
] } }

[[phases]]
name = "then"
policy = "lhs"
experiments = 1
"#;
    let scenario = scenario("list", phases);
    for script in [&[Does::Skip][..], &[Does::Skip, Does::Accept, Does::Stop]] {
        let (_, bytes) = reviewed(&scenario, &Person::who(script), None);
        let (ended, whole) = run(campaign(&scenario), &scenario, Some(&bytes));
        assert!(ended.is_complete());
        let done = experiments(&whole);
        assert_eq!(done.len(), 2);
        assert_eq!((done[0].0.as_str(), done[1].0.as_str()), ("given", "then"));
        assert_eq!(done[0].1.values(), [252.0, 253.0]);
        let (_, again) = run(campaign(&scenario), &scenario, Some(&whole));
        assert!(again == whole);
    }
}

#[test]
fn what_cannot_be_set_is_refused_with_the_reason_and_asked_again() {
    let scenario = scenario("refused", PHASES);
    let person = Person::who(&[Does::Change(401.0), Does::Add(49.0), Does::Change(155.0)]);
    let (ended, bytes) = reviewed(&scenario, &person, None);
    assert!(ended.is_complete());
    let refused = person.refused.borrow();
    assert_eq!(refused[0], "blue_ul_per_min = 401 is outside 50 to 400");
    assert_eq!(refused[1], "blue_ul_per_min = 49 is outside 50 to 400");
    assert_eq!(experiments(&bytes)[0].1.values()[..1], [155.0]);
    assert_eq!(decisions(&bytes), 6);
}

#[test]
fn who_decides_is_told_what_is_expected_and_that_it_is_over() {
    let scenario = scenario("told", PHASES);
    let person = Person::who(&[Does::Accept, Does::Waits(2), Does::Skip]);
    let (_, bytes) = reviewed(&scenario, &person, None);
    let shown = person.shown.borrow();
    assert_eq!(shown[0].expected[0].outcome, "red");
    assert_eq!(shown[0].expected[0].unit, "AU");
    assert_eq!(shown[0].expected[0].prediction, None, "nothing has been measured");
    let last = shown.last().unwrap();
    let prediction = last.expected[0].prediction.unwrap();
    assert!(prediction.low < prediction.mean && prediction.mean < prediction.high);
    assert!(last.cost.lab_time_s > 0.0 && last.cost.reagent_ml > 0.0);
    let red = read(&bytes).unwrap().experiments().nth(4).unwrap().features[1].clone();
    assert_eq!(red, ("red".to_owned(), last.expected[0].latest));
    assert_eq!((last.phase.as_str(), last.place, last.of), ("improve", 2, 2));
    let over = person.over.borrow();
    assert_eq!(over.len(), shown.len());
    assert_eq!(over[1], Some(Decision::Skip));
}

#[test]
fn a_replay_of_a_reviewed_run_is_identical() {
    let scenario = scenario("replay", PHASES);
    let (_, whole) = reviewed(&scenario, &Person::who(&SCRIPT), None);
    let lab = scenario.simulated().unwrap().lab(scenario.file().seed);
    let recorded = read(&whole).unwrap();
    let again = campaign(&scenario).only_recorded();
    let (_, writer) =
        again.run(lab, Writer::new(Vec::new()), Some(&recorded), &mut Silent).unwrap();
    assert!(writer.into_sink() == whole);
}

#[test]
fn whoever_asks_for_the_end_while_nobody_decides_is_heeded() {
    let scenario = scenario("end", PHASES);
    let stop = AtomicBool::new(false);
    /// Asks for the end when it is asked.
    #[derive(Debug)]
    struct Gone<'a>(&'a AtomicBool, RefCell<Option<bool>>);
    impl Reviewer for Gone<'_> {
        fn show(&self, _proposed: &Proposed) {}
        fn decision(&self) -> Option<Answer> {
            self.0.store(true, Ordering::SeqCst);
            None
        }
        fn refused(&self, _why: &str) {}
        fn over(&self, decided: Option<&Decision>) {
            *self.1.borrow_mut() = Some(decided.is_some());
        }
    }
    let gone = Gone(&stop, RefCell::default());
    let campaign = Campaign::new(&scenario, 1, NonZeroUsize::MIN, &stop).reviewed(&gone);
    let (ended, bytes) = run(campaign, &scenario, None);
    assert_eq!(ended.fault.unwrap().kind, FaultKind::Interrupted);
    assert_eq!(*gone.1.borrow(), Some(false));
    assert_eq!(decisions(&bytes), 0);
}

/// A lab that remembers what it was told.
struct Heard<'a, L>(L, &'a RefCell<Vec<(Instant, Command)>>);

impl<L: Lab> Lab for Heard<'_, L> {
    fn manifest(&self) -> &Manifest {
        self.0.manifest()
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.1.borrow_mut().push((self.0.now(), command.clone()));
        self.0.send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.wait_until(deadline)
    }
}

/// What a rig whose time passes was told while somebody takes so many looks for the second proposal, between the two
/// experiments.
fn told_between(looks: usize) -> Vec<Command> {
    let scenario = scenario(&format!("rig-{looks}"), PHASES);
    let heard = RefCell::default();
    let lab = Heard(scenario.simulated().unwrap().lab(1), &heard);
    let script = match looks {
        0 => vec![Does::Accept, Does::Accept, Does::Stop],
        looks => vec![Does::Accept, Does::Waits(looks), Does::Accept, Does::Stop],
    };
    let person = Person::who(&script);
    let rig = campaign(&scenario).goes_on().in_wall_time().reviewed(&person);
    let (_, writer) = rig.run(lab, Writer::new(Vec::new()), None, &mut Silent).unwrap();
    let journal = read(&writer.into_sink()).unwrap();
    let ended: Vec<Instant> = journal.experiments().map(|e| e.ended_ns).collect();
    let began: Vec<Instant> = journal.experiments().map(|e| e.started_ns).collect();
    let between = |(at, _): &&(Instant, Command)| *at >= ended[0] && *at < began[1];
    heard.borrow().iter().filter(between).map(|(_, command)| command.clone()).collect()
}

#[test]
fn a_rig_is_safe_while_somebody_thinks_and_goes_on_at_once_if_nobody_does() {
    assert!(told_between(50).contains(&Command::MakeSafe));
    assert!(!told_between(0).contains(&Command::MakeSafe));
}

/// The bytes up to and with the first decision on an experiment.
fn until_decided(bytes: &[u8], experiment: u64) -> &[u8] {
    let journal = read(bytes).unwrap();
    let wanted = |r: &Record| matches!(r, Record::Decided(d) if d.experiment == experiment);
    let lines = journal.records().iter().position(wanted).unwrap() + 1;
    let ends = (1..=bytes.len()).filter(|&end| bytes[end - 1] == b'\n');
    &bytes[..ends.take(lines).last().unwrap()]
}

#[test]
fn a_rig_goes_on_with_what_was_decided_before_it_stopped() {
    let scenario = scenario("goes-on", PHASES);
    let rig = |person: &Person, recorded: Option<&Journal>| {
        let lab = scenario.simulated().unwrap().lab(1);
        let writer = match recorded {
            Some(journal) => Writer::after(journal, journal.bytes().to_vec()),
            None => Writer::new(Vec::new()),
        };
        let campaign = campaign(&scenario).goes_on().in_wall_time().reviewed(person);
        campaign.run(lab, writer.promptly(), recorded, &mut Silent).unwrap().1.into_sink()
    };
    let script = [Does::Accept, Does::Change(160.0), Does::Add(150.0), Does::Stop];
    let whole = rig(&Person::who(&script), None);
    let cut = read(until_decided(&whole, 2)).unwrap();
    assert_eq!(cut.experiments().count(), 1);
    let person = Person::who(&[Does::Accept, Does::Stop]);
    let now = read(&rig(&person, Some(&cut))).unwrap();
    let words: Vec<&str> = now.decided().map(|decided| decided.decision.word()).collect();
    assert_eq!(words, ["accepted", "changed", "accepted"]);
    let shown: Vec<u64> = person.shown.borrow().iter().map(|shown| shown.experiment).collect();
    assert_eq!(shown, [3, 4], "nobody is asked about the second again");
    assert_eq!(now.experiments().nth(1).unwrap().conditions.values()[..1], [160.0]);
}

#[test]
fn syringes_that_are_filled_behind_a_decision_stay_filled_there() {
    let scenario = scenario("filled", PHASES);
    let (_, whole) = reviewed(&scenario, &Person::who(&[Does::Accept, Does::Skip]), None);
    let cut = until_decided(&whole, 2);
    let filling = vec![(scenario.manifest().pumps[0].name.clone(), 10.0)];
    let person = Person::default();
    let filled = campaign(&scenario).filled(filling).reviewed(&person);
    let (_, once) = run(filled, &scenario, Some(cut));
    assert!(read(&once).unwrap().records().iter().any(|r| matches!(r, Record::Filled(_))));
    assert!(once.starts_with(cut));
    let (ended, again) = run(campaign(&scenario), &scenario, Some(&once));
    assert!(ended.is_complete());
    assert!(again == once);
}

/// Looks at a run from beside: has a doubt behind one experiment, and calibrates anew behind another.
struct Beside<'a> {
    doubt: &'a Doubt,
    doubts: u64,
    calibrates: u64,
    number: u64,
}

impl Observer for Beside<'_> {
    fn experiment(&mut self, number: u64, _: &Observation, _: bool) {
        self.number = number;
        if number == self.doubts {
            self.doubt.raise("the lamp is weaker");
        }
    }
    fn recalibrated(&mut self) -> Option<Recalibrated> {
        let because = "the lamp is weaker".to_owned();
        let values = vec![("optics.counts_scale".to_owned(), 0.25)];
        let (at_ns, experiment) = (Instant::START, self.number);
        let made = Recalibrated { at_ns, experiment, because, values };
        (self.number == self.calibrates).then_some(made)
    }
}

/// A campaign that somebody looks at from beside, who has a doubt and calibrates anew behind these experiments; 0 for never.
fn beside(
    scenario: &Scenario,
    person: &Person,
    (doubts, calibrates): (u64, u64),
    recorded: Option<&[u8]>,
) -> (Ended, Vec<u8>) {
    let doubt = Doubt::default();
    let mut beside = Beside { doubt: &doubt, doubts, calibrates, number: 0 };
    run_with(campaign(scenario).held_back(person, &doubt), scenario, recorded, &mut beside)
}

/// The places at which a journal may be cut: behind each durable record, and behind proposals.
fn cuts(whole: &[u8]) -> Vec<&[u8]> {
    let journal = read(whole).unwrap();
    let ends = (1..=whole.len()).filter(|&end| whole[end - 1] == b'\n');
    let all = journal.records().iter().zip(ends);
    let worth = |(record, _): &(&Record, usize)| {
        record.is_durable() || matches!(record, Record::Proposal(_))
    };
    all.filter(worth).map(|(_, end)| &whole[..end]).collect()
}

#[test]
fn nobody_is_asked_without_a_doubt_and_not_a_byte_is_otherwise() {
    let scenario = scenario("no-doubt", PHASES);
    let (_, alone) = run(campaign(&scenario), &scenario, None);
    let person = Person::default();
    let (ended, bytes) = beside(&scenario, &person, (0, 0), None);
    assert!(ended.is_complete() && bytes == alone);
    assert!(person.shown.borrow().is_empty());
}

#[test]
fn a_doubt_holds_the_next_proposal_back_until_somebody_has_decided() {
    let scenario = scenario("doubt", PHASES);
    let script = [Does::Add(150.0), Does::Skip, Does::Waits(2), Does::Change(160.0)];
    let person = Person::who(&script);
    let (ended, whole) = beside(&scenario, &person, (2, 0), None);
    assert!(ended.is_complete());
    let shown: Vec<u64> = person.shown.borrow().iter().map(|shown| shown.experiment).collect();
    // What is done first and what is skipped leave the doubt; what is changed does not.
    assert_eq!(shown, [3, 4, 4]);
    let because = |shown: &Proposed| shown.because.as_deref() == Some("the lamp is weaker");
    assert!(person.shown.borrow().iter().all(because));
    let words: Vec<&str> =
        read(&whole).unwrap().decided().map(|decided| decided.decision.word()).collect();
    assert_eq!(words, ["added", "skipped", "changed"]);
    for cut in cuts(&whole) {
        let done = decisions(cut);
        let left = [&[Does::Add(150.0), Does::Skip, Does::Change(160.0)][done..], &[]].concat();
        let person = Person::who(&left);
        let (ended, now) = beside(&scenario, &person, (2, 0), Some(cut));
        assert!(ended.is_complete());
        assert!(now == whole, "cut behind {} bytes", cut.len());
        assert_eq!(person.shown.borrow().len(), 3 - done, "nobody is asked again");
    }
}

#[test]
fn who_stops_a_doubtful_run_is_asked_again_when_it_goes_on() {
    let scenario = scenario("doubt-stop", PHASES);
    let (ended, bytes) = beside(&scenario, &Person::who(&[Does::Stop]), (2, 0), None);
    assert_eq!(ended.fault.unwrap().kind, FaultKind::Interrupted);
    assert_eq!((experiments(&bytes).len(), decisions(&bytes)), (2, 0));
    let person = Person::who(&[Does::Accept]);
    let (ended, now) = beside(&scenario, &person, (2, 0), Some(&bytes));
    assert!(ended.is_complete());
    assert_eq!((person.shown.borrow().len(), decisions(&now)), (1, 1));
}

#[test]
fn a_calibration_anew_is_recorded_behind_its_experiment_and_stays_there() {
    let scenario = scenario("anew", PHASES);
    let (_, alone) = run(campaign(&scenario), &scenario, None);
    let (_, whole) = beside(&scenario, &Person::default(), (0, 3), None);
    let records = read(&whole).unwrap().records().to_vec();
    let place = records.iter().position(|r| matches!(r, Record::Recalibrated(_))).unwrap();
    assert!(matches!(&records[place - 1], Record::Experiment(e) if e.experiment == 3));
    assert_eq!(records[place].at(), records[place - 1].at(), "no time passes");
    let others = |bytes: &[u8]| {
        let all = read(bytes).unwrap().records().to_vec().into_iter();
        all.filter(|r| !matches!(r, Record::Recalibrated(_))).collect::<Vec<_>>()
    };
    assert_eq!(others(&whole), others(&alone));
    for cut in cuts(&whole) {
        let (_, now) = beside(&scenario, &Person::default(), (0, 3), Some(cut));
        assert!(now == whole, "cut behind {} bytes", cut.len());
        // Whoever goes on without such an observer keeps what is recorded, and one who comes later adds nothing to the past.
        let (_, without) = run(campaign(&scenario), &scenario, Some(cut));
        let kept = read(cut).unwrap().recalibrated().count();
        assert_eq!(read(&without).unwrap().recalibrated().count(), kept);
        let (_, later) = beside(&scenario, &Person::default(), (0, 1), Some(&alone));
        assert!(later == alone);
    }
}
