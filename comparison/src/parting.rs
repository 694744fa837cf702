//! Where two records of a campaign part.

use flowtwin_lab::journal::{Answer, Decision, ExperimentRecord, Journal, Record};
use serde::Serialize;
use serde_json::Value;

use crate::side::{Measured, Side};

/// The first record at which two sides differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parting {
    /// What kind of record it is.
    pub sort: Sort,
    /// The experiment that was under way; 0 before the first.
    pub experiment: u64,
    /// Its phase; empty before the first.
    pub phase: String,
    /// Line of the journal, from 1; none where a side has no journal.
    pub line: Option<usize>,
    /// Lab time of the record before \[s\]; none where a side has no journal.
    pub at_s: Option<f64>,
    /// What differs: the way to it in the record.
    pub what: String,
    /// What it was.
    pub before: String,
    /// What it is now.
    pub after: String,
}

/// Kinds of records at which sides part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sort {
    /// What is installed.
    Rig,
    /// A value that an instrument or the analysis yielded.
    Measurement,
    /// What a policy wants to know.
    Proposal,
    /// What a person has decided on a proposal.
    Decision,
    /// A fault, or a flag of an experiment.
    Fault,
    /// The same happens, in another order or at another time.
    Order,
    /// A command to an instrument.
    Command,
    /// One side goes on where the other ends.
    Length,
}

impl Sort {
    /// Its name in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Rig => "what is installed",
            Self::Measurement => "a measurement",
            Self::Proposal => "a proposal",
            Self::Decision => "a decision of a person",
            Self::Fault => "a fault or flag",
            Self::Order => "an order of events",
            Self::Command => "a command",
            Self::Length => "the length of the run",
        }
    }
}

/// Records within which something that happens in another order is looked for.
const NEAR: usize = 40;

impl Parting {
    /// Where two sides part; none where they agree as far as both go on record.
    pub fn between(a: &Side, b: &Side) -> Option<Self> {
        match (&a.journal, &b.journal) {
            (Some(before), Some(after)) => of_journals(before, after),
            _ => of_experiments(&a.experiments, &b.experiments, a, b),
        }
    }
}

/// Where a journal is.
#[derive(Default)]
struct Place {
    experiment: u64,
    phase: String,
    at_s: f64,
}

impl Place {
    fn pass(&mut self, record: &Record) {
        match record {
            Record::Phase(phase) => self.phase.clone_from(&phase.name),
            Record::Decided(decided) => self.experiment = decided.experiment,
            Record::Proposal(proposal) => self.experiment = proposal.experiment,
            Record::Command(command) => self.at_s = command.at_ns.as_secs(),
            _ => {}
        }
    }
}

fn of_journals(before: &Journal, after: &Journal) -> Option<Parting> {
    let [(a, old_lines), (b, new_lines)] = [told(before), told(after)];
    let (a, b, lines) = (&a[..], &b[..], [old_lines, new_lines]);
    let mut place = Place::default();
    let mut announced = None;
    for line in 0..a.len().max(b.len()) {
        let (old, new) = (a.get(line), b.get(line));
        if old.is_some_and(|record| matches!(record, Record::Proposal(_))) && old == new {
            old.iter().for_each(|record| place.pass(record));
        }
        if let Some((sort, what, before, after)) = differ(old, new, a, b, line) {
            new.or(old).iter().for_each(|record| place.pass(record));
            let Place { experiment, phase, at_s } = &place;
            let (experiment, phase) = (*experiment, phase.clone());
            let shown = lines[1].get(line).or(lines[0].get(line)).copied();
            let at_s = Some(*at_s);
            let parting =
                Parting { sort, experiment, phase, line: shown, at_s, what, before, after };
            if !matches!((old, new), (Some(Record::Phase(_)), Some(Record::Phase(_)))) {
                return Some(parting);
            }
            // Another policy is announced: its different decisions come later, if at all.
            announced.get_or_insert(parting);
        }
        old.iter().for_each(|record| place.pass(record));
    }
    announced
}

/// What a journal records of a run whatever lab it was on, and in which lines: an intended command appears again later, with
/// its answer, and an accepted proposal counts as if there had been no question.
fn told(journal: &Journal) -> (Vec<Record>, Vec<usize>) {
    let records = journal.records().iter().enumerate();
    let told = records.filter(|(_, record)| match record {
        // The shadow predicts differently; the lab does what it would have done.
        Record::Intended(_) | Record::Recalibrated(_) => false,
        Record::Decided(decided) => decided.decision != Decision::Accept,
        _ => true,
    });
    told.map(|(i, record)| (record.clone(), i + 1)).unzip()
}

type Found = (Sort, String, String, String);

fn differ(
    old: Option<&Record>,
    new: Option<&Record>,
    a: &[Record],
    b: &[Record],
    line: usize,
) -> Option<Found> {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (old, new) => {
            let shown = |record: Option<&Record>| record.map_or("nothing".into(), name);
            return Some((Sort::Length, "record".into(), shown(old), shown(new)));
        }
    };
    if let (Record::Header(old), Record::Header(new)) = (old, new) {
        let all = |header: &flowtwin_lab::journal::Header| {
            serde_json::json!({
                "simulated": header.simulated,
                "inputs": header.inputs,
                "features": header.features,
                "installed": header.manifest,
            })
        };
        let (old, new) = (all(old), all(new));
        // What differs by more than last bits comes first: those alone may be nothing.
        let [near, far] = [twelve_digits(&old), twelve_digits(&new)];
        let (old, new) = if near == far { (old, new) } else { (near, far) };
        return (old != new).then(|| first(Sort::Rig, &old, &new));
    }
    if old == new {
        return None;
    }
    let sort = sort(old, new, a, b, line);
    if std::mem::discriminant(old) == std::mem::discriminant(new) && sort != Sort::Order {
        return Some(first(sort, &value(old), &value(new)));
    }
    Some((sort, "record".into(), name(old), name(new)))
}

/// The same with numbers to twelve digits.
fn twelve_digits(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().and_then(|x| format!("{x:.11e}").parse::<f64>().ok());
            rounded.map_or_else(|| value.clone(), Value::from)
        }
        Value::Array(parts) => parts.iter().map(twelve_digits).collect(),
        Value::Object(table) => {
            table.iter().map(|(key, value)| (key.clone(), twelve_digits(value))).collect()
        }
        value => value.clone(),
    }
}

fn sort(old: &Record, new: &Record, a: &[Record], b: &[Record], line: usize) -> Sort {
    match (old, new) {
        (Record::Fault(_), _) | (_, Record::Fault(_)) => Sort::Fault,
        (Record::Spoiled(_), _) | (_, Record::Spoiled(_)) => Sort::Fault,
        (Record::Decided(_), _) | (_, Record::Decided(_)) => Sort::Decision,
        (Record::Proposal(_), Record::Proposal(_)) => Sort::Proposal,
        // What a phase is to do: by which policy, how often.
        (Record::Phase(_), Record::Phase(_)) => Sort::Proposal,
        (Record::Experiment(old), Record::Experiment(new)) => of_two(old, new),
        (Record::Blank(_), Record::Blank(_)) => Sort::Measurement,
        (Record::Command(old), Record::Command(new)) if old.send == new.send => {
            match (&old.answer, &new.answer) {
                (Answer::Fault(_), _) | (_, Answer::Fault(_)) => Sort::Fault,
                (a, b) if a == b => Sort::Order,
                (Answer::Ready(_), _) => Sort::Order,
                _ => Sort::Measurement,
            }
        }
        _ if comes(new, a, line) && comes(old, b, line) => Sort::Order,
        (Record::Command(_), Record::Command(_)) => Sort::Command,
        (Record::End(_), _) | (_, Record::End(_)) => Sort::Length,
        _ => Sort::Order,
    }
}

/// Whether a command comes soon in these records.
fn comes(record: &Record, records: &[Record], from: usize) -> bool {
    let Record::Command(wanted) = record else { return false };
    let near = records.iter().skip(from).take(NEAR);
    near.into_iter().any(|r| matches!(r, Record::Command(found) if found.send == wanted.send))
}

fn of_two(old: &ExperimentRecord, new: &ExperimentRecord) -> Sort {
    if old.conditions != new.conditions {
        Sort::Proposal
    } else if old.fault != new.fault || old.quality != new.quality {
        Sort::Fault
    } else if old.features == new.features && old.spectra == new.spectra {
        Sort::Order
    } else {
        Sort::Measurement
    }
}

fn value(record: &impl Serialize) -> Value {
    serde_json::to_value(record).expect("a record is plain data")
}

/// What a record is called.
fn name(record: &Record) -> String {
    let value = value(record);
    let kind = value.as_object().and_then(|record| record.keys().next().cloned());
    let kind = kind.unwrap_or_default();
    match record {
        Record::Command(command) => short(&self::value(&command.send)),
        Record::Fault(fault) => format!("fault: {fault}"),
        _ => kind,
    }
}

/// The first place at which two values differ.
fn first(sort: Sort, old: &Value, new: &Value) -> Found {
    let (what, old, new) = differing(old, new);
    (sort, what, short(&old), short(&new))
}

/// A value in a few characters.
fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    if text.chars().count() <= 60 {
        return text;
    }
    text.chars().take(59).chain(['…']).collect()
}

/// Way to and values of the first place where two values differ.
fn differing(old: &Value, new: &Value) -> (String, Value, Value) {
    let children: Vec<(String, &Value, Option<&Value>)> = match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            a.iter().map(|(key, value)| (key.clone(), value, b.get(key))).collect()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.iter().enumerate().map(|(i, value)| (i.to_string(), value, b.get(i))).collect()
        }
        _ => Vec::new(),
    };
    for (key, old, new) in children {
        let new = new.unwrap_or(&Value::Null);
        if old != new {
            let (path, old, new) = differing(old, new);
            let path = if path.is_empty() { key } else { format!("{key}.{path}") };
            return (path, old, new);
        }
    }
    (String::new(), old.clone(), new.clone())
}

/// Where two lists of experiments part.
fn of_experiments(old: &[Measured], new: &[Measured], a: &Side, b: &Side) -> Option<Parting> {
    let pairs = old.len().min(new.len());
    let parted = old.iter().zip(new).find_map(|(old, new)| {
        let (sort, what, before, after) = two(old, new, a)?;
        let (experiment, phase) = (new.experiment, new.phase.clone());
        let (line, at_s) = (None, None);
        Some(Parting { sort, experiment, phase, line, at_s, what, before, after })
    });
    if parted.is_some() {
        return parted;
    }
    let last = old.get(pairs).or(new.get(pairs));
    let told = |side: &Side, list: &[Measured]| match &side.stopped {
        Some(fault) => format!("stopped at {fault}"),
        None => format!("{} experiments", list.len()),
    };
    let (before, after) = (told(a, old), told(b, new));
    let sort = if a.stopped == b.stopped { Sort::Length } else { Sort::Fault };
    (before != after).then(|| Parting {
        sort,
        experiment: last.map_or(pairs as u64, |m| m.experiment),
        phase: last.map_or(String::new(), |m| m.phase.clone()),
        line: None,
        at_s: None,
        what: "end".into(),
        before,
        after,
    })
}

fn two(old: &Measured, new: &Measured, a: &Side) -> Option<Found> {
    let text = |value: Option<f64>| value.map_or("-".into(), |value| value.to_string());
    let set = std::iter::zip(&old.conditions, &new.conditions);
    if let Some((name, (x, y))) = a.inputs.iter().zip(set).find(|(_, (x, y))| x != y) {
        return Some((Sort::Proposal, name.clone(), x.to_string(), y.to_string()));
    }
    let differs = |names: Vec<&str>, old: &[Option<f64>], new: &[Option<f64>]| {
        let mut all = names.into_iter().zip(old.iter().zip(new));
        let found = all.find(|(_, (old, new))| old != new);
        found.map(|(name, (old, new))| (name.to_owned(), text(*old), text(*new)))
    };
    if old.remarks != new.remarks {
        let none = |text: &String| if text.is_empty() { "none".into() } else { text.clone() };
        return Some((Sort::Fault, "remarks".into(), none(&old.remarks), none(&new.remarks)));
    }
    let names = a.features.iter().map(|(name, _)| name.as_str()).collect();
    if let Some((what, x, y)) = differs(names, &old.features, &new.features) {
        return Some((Sort::Measurement, what, x, y));
    }
    let times = |m: &Measured| [m.residence_time_s, m.reaction_time_s, Some(m.lab_time_s)];
    let names = vec!["residence time [s]", "reaction time [s]", "lab time [s]"];
    let (what, x, y) = differs(names, &times(old), &times(new))?;
    Some((Sort::Order, what, x, y))
}
