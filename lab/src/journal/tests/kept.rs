//! What a journal keeps of a run, and what its sinks pass on.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;

use super::*;
use crate::analysis::Blank;
use crate::command::Reply;
use crate::fault::{Fault, FaultKind};
use crate::id::PumpId;
use crate::journal::{
    BlankRecord, Doubted, ExperimentRecord, Filled, Legible, delivered, held, lost, primed, pumped,
};
use crate::manifest::Level;
use crate::observation::Observation;

fn command(seconds: u32, send: Command) -> CommandRecord {
    CommandRecord { at_ns: at(seconds), send, answer: Answer::Done }
}

fn runs(seconds: u32, pump: &str, ul: f64) -> CommandRecord {
    let send = Command::Dispense {
        pump: pump.into(),
        rate_ul_per_min: FlowRate::from_ul_per_min(60.0),
        at_most_ul: Volume::from_ul(ul),
    };
    command(seconds, send)
}

fn stops(seconds: u32, pump: &str) -> CommandRecord {
    command(seconds, Command::Stop { pump: pump.into() })
}

fn refused(record: CommandRecord) -> CommandRecord {
    let fault = Fault::new(record.at_ns, "a", FaultKind::NoReply { waited_s: 1.0 });
    CommandRecord { answer: Answer::Fault(fault), ..record }
}

fn of(pump: &str, ul: f64) -> crate::journal::Volumes {
    [(PumpId::new(pump), ul)].into()
}

fn phase() -> Record {
    let (name, policy) = ("p".into(), "lhs".into());
    Record::Phase(PhaseRecord { name, policy, experiments: 1, from: None })
}

/// 10 µL before the first phase, 5 behind it.
#[test]
fn priming_ends_where_the_first_phase_begins() {
    let journal = journal_of(&[runs(0, "a", 700.0), stops(10, "a")]);
    let journal = journal.with(&phase()).with(&Record::Command(runs(20, "a", 5.0)));
    assert_eq!((primed(&journal), pumped(&journal)), (of("a", 10.0), of("a", 15.0)));
}

#[test]
fn a_stop_or_a_filling_without_an_answer_stops_nothing() {
    let fill = Command::Fill { pump: "water".into(), holds_ul: Volume::from_ul(1000.0) };
    for unheard in [stops(10, "water"), command(10, fill)] {
        let begun = runs(0, "water", 700.0);
        let heard = journal_of(&[begun.clone(), unheard.clone()]);
        assert!(delivered(&heard)[&PumpId::new("water")] < 11.0);
        assert_eq!(delivered(&journal_of(&[begun, refused(unheard)])), of("water", 700.0));
    }
}

#[test]
fn what_was_set_aside_counts_so_far_as_it_is_more_than_was_known() {
    let kept = journal_of(&[runs(0, "a", 700.0), stops(10, "a")]);
    let aside = |records: Vec<Record>| Legible { records, ..Legible::default() };
    let lost_ul = |records: Vec<Record>| {
        let more = lost(&kept, &aside(records));
        let Some(Record::Resumed(resumed)) = more.last() else { panic!("{more:?}") };
        (more.len(), resumed.lost_ul.clone())
    };
    // Nothing more, and not a pump that lost nothing.
    assert_eq!(lost_ul(vec![]), (1, vec![]));
    // 10 µL were known of a, and b was about to start.
    let about = Record::Intended(Intended { at_ns: at(20), send: runs(20, "b", 33.0).send });
    let more = vec![Record::Command(runs(15, "a", 5.0)), about];
    assert_eq!(lost_ul(more), (1, vec![("a".into(), 5.0), ("b".into(), 33.0)]));
    // Somebody has filled it: that is a record of its own.
    let fill = Command::Fill { pump: "a".into(), holds_ul: Volume::from_ul(0.0) };
    assert_eq!(lost_ul(vec![Record::Command(command(15, fill))]).0, 2);
}

#[test]
fn the_level_of_a_syringe_is_that_of_the_end_where_nobody_has_stopped_its_pump() {
    let journal = journal_of(&[runs(0, "water", 100.0), stops(100, "b")]);
    let levels = held(&journal);
    assert_eq!(levels[&PumpId::new("water")].last(), Some(&(at(100), 900.0)));
    let idle = held(&journal_of(&[]));
    assert_eq!(idle[&PumpId::new("water")], [(at(0), 1000.0)]);
}

#[test]
fn the_reference_is_kept_to_a_thousandth_of_a_count() {
    let blank = Blank { reference: vec![vec![100.00049, 2.0]], stale: true };
    let record = BlankRecord::new(at(5), &blank);
    assert_eq!(record.blank(), Blank { reference: vec![vec![100.0, 2.0]], stale: true });
    let journal = journal_of(&[]);
    assert_eq!(journal.blank(), None);
    assert_eq!(journal.with(&Record::Blank(record.clone())).blank(), Some(&record));
}

#[test]
fn what_is_no_number_is_recorded_as_none() {
    let answer = |value: f64| Answer::of(&Ok(Reply::Reading(value)));
    assert_eq!(answer(21.5), Answer::Reading(21.5));
    assert_eq!((answer(f64::NAN), answer(f64::INFINITY)), (Answer::NoReading, Answer::NoReading));
    let found = Answer::of(&Ok(Reply::Results(vec![0.25, f64::NAN])));
    assert_eq!(found, Answer::Results(vec![Some(0.25), None]));
}

fn experiment(fault: Option<Fault>) -> Record {
    let observation = Observation {
        conditions: crate::conditions::Conditions::new(Vec::new().into(), Vec::new()),
        started: at(0),
        ended: at(1),
        residence_time_s: f64::INFINITY,
        reaction_time_s: 0.0,
        vial: None,
        consumed_ml: Vec::new(),
        outcome: crate::observation::Outcome::default(),
        fault,
    };
    let record = ExperimentRecord::new(1, "p", &observation);
    assert_eq!((record.residence_time_s, record.reaction_time_s), (None, Some(0.0)));
    Record::Experiment(Box::new(record))
}

#[test]
fn a_run_whose_every_experiment_failed_is_fruitless_and_not_complete() {
    let failed = || experiment(Some(Fault::new(at(1), "a", FaultKind::Stalled)));
    let end = Record::End(End { at_ns: at(9), experiments: 2 });
    let ended = |experiments: Vec<Record>| {
        let journal = experiments.iter().fold(journal_of(&[]), |journal, it| journal.with(it));
        let journal = journal.with(&end);
        (journal.is_fruitless(), journal.complete())
    };
    assert_eq!(ended(vec![failed(), failed()]), (true, false));
    assert_eq!(ended(vec![failed(), experiment(None)]), (false, true));
    assert_eq!(ended(vec![]), (false, true), "nothing was to be done");
}

#[test]
fn what_a_later_record_doubts_is_withdrawn_and_its_line_stays() {
    let mut sound = experiment(None);
    if let Record::Experiment(it) = &mut sound {
        it.features = vec![("area".into(), Some(3.5))];
    }
    let fault = Fault::new(at(20), "plate", FaultKind::SensorOpen);
    let doubted = |experiments: Vec<u64>| {
        let (at_ns, since_ns, fault) = (at(20), at(0), fault.clone());
        Record::Doubted(Box::new(Doubted { at_ns, since_ns, experiments, fault }))
    };
    let journal = |experiments| read(&written(&[header(), sound.clone(), doubted(experiments)]));
    let first = |journal: &Journal| journal.experiments().next().cloned().unwrap();
    let withdrawn = journal(vec![1]).unwrap();
    assert_eq!(first(&withdrawn).features, [("area".to_owned(), None)]);
    assert_eq!(first(&withdrawn).quality.flags(), ["doubtful"]);
    let text = String::from_utf8(withdrawn.bytes().to_vec()).unwrap();
    assert!(text.contains("[\"area\",3.5]") && !text.contains("doubtful"), "{text}");
    assert_eq!(withdrawn.durable_bytes(), withdrawn.bytes(), "it is on the disk at once");
    assert_eq!(withdrawn.last_at(), at(20));
    let other = journal(vec![2]).unwrap();
    assert_eq!(first(&other).features, [("area".to_owned(), Some(3.5))]);
    assert_eq!(first(&other).quality.flags(), [""; 0]);
}

/// A damaged line may say anything.
#[test]
fn a_volume_that_can_be_none_is_not_believed() {
    for (ul, believed) in [("700.0", true), ("0", true), ("-5", false), ("1e999", false)] {
        let line = format!("{{\"send\":{{\"pump\":\"a\",\"at_most_ul\":{ul}}}}} broken\n");
        let legible = Legible::of(line.as_bytes());
        assert_eq!(legible.allowed_ul.len(), usize::from(believed), "{ul}");
    }
}

/// A sink that says what it was asked for.
#[derive(Clone, Debug, Default)]
struct Asked(Rc<RefCell<Vec<String>>>);

impl Asked {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut())
    }
}

impl Sink for Asked {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().push(String::from_utf8_lossy(bytes).into_owned());
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.borrow_mut().push("sync".into());
        Ok(())
    }

    fn seal(&mut self, seal: &Seal) -> io::Result<()> {
        self.0.borrow_mut().push(format!("seal {}", seal.line()));
        Ok(())
    }
}

#[test]
fn a_sink_in_a_box_and_one_that_goes_on_pass_everything_on() {
    let asked = Asked::default();
    let seal = Seal::of(&journal_of(&[]));
    let mut boxed: Box<dyn Sink> = Box::new(asked.clone());
    let all = |sink: &mut dyn Sink| {
        sink.append(b"more").and_then(|()| sink.sync()).and_then(|()| sink.seal(&seal)).unwrap();
        asked.take()
    };
    assert_eq!(all(&mut boxed), ["more", "sync", "seal 0"]);
    let mut inner = Box::new(asked.clone());
    assert_eq!(all(&mut inner), ["more", "sync", "seal 0"]);
    let mut goes_on = Continued::new(b"there".to_vec(), asked.clone());
    // What is there already is neither written nor synced again.
    goes_on.sync().and_then(|()| goes_on.seal(&seal)).unwrap();
    goes_on.append(b"the").and_then(|()| goes_on.sync()).unwrap();
    assert!(asked.take().is_empty());
    goes_on.append(b"re").unwrap();
    assert_eq!(all(&mut goes_on), ["more", "sync", "seal 0"]);
}

#[test]
fn a_file_takes_what_it_is_given() {
    let path = std::env::temp_dir().join(format!("flowtwin-sink-{}", std::process::id()));
    let mut file = fs::File::create(&path).expect("a file can be made");
    Sink::append(&mut file, b"line\n").unwrap();
    Sink::sync(&mut file).unwrap();
    assert_eq!(fs::read(&path).expect("it is there"), b"line\n");
    fs::remove_file(path).expect("it can be removed");
}

/// Repeated to the byte, the run would be refused in the same way for ever.
#[test]
fn a_filling_that_a_lab_of_whole_experiments_refused_does_not_come_again() {
    let fill = Command::Fill { pump: "water".into(), holds_ul: Volume::from_ul(1000.0) };
    let (done, not_done) = (command(20, fill.clone()), refused(command(20, fill)));
    let filled = Filled { at_ns: at(20), holds_ml: vec![("water".into(), 1.0)] };
    for (level, fill, kept) in [
        (Level::Experiments, done, 3),
        (Level::Experiments, not_done.clone(), 2),
        (Level::Instruments, not_done, 3),
    ] {
        let Record::Header(mut header) = header() else { unreachable!("it is one") };
        header.manifest.level = level;
        let filled = Record::Filled(filled.clone());
        let all = [Record::Header(header), experiment(None), filled, Record::Command(fill)];
        let journal = read(&written(&all)).unwrap();
        let lines = journal.durable_bytes().iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(lines, kept, "{level:?}");
    }
}
