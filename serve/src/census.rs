//! How far a run is.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use flowtwin_lab::journal::{
    Answer, Book, CommandRecord, Decision, ExperimentRecord, Header, Record,
};
use flowtwin_lab::{Command, FaultKind, Instant, LimitSpec, ObjectiveSpec, Wanted};
use serde::Deserialize;

use crate::tail::Tail;

/// What can be counted of a run, from the lines of its journal so far.
#[derive(Clone, Debug)]
pub struct Census {
    tail: Tail,
    /// The header of the journal, once it is there.
    pub header: Option<Box<Header>>,
    /// What the campaign optimises.
    pub wanted: Wanted,
    /// How many experiments are planned, where every phase says so, and those that people have added.
    pub planned: Option<u64>,
    /// The phase that began last.
    pub phase: Option<String>,
    /// Number of finished experiments.
    pub experiments: u64,
    /// Number of those that failed.
    pub failed: u64,
    /// The best value of the only objective so far, among experiments that keep all limits, and what it is worth.
    pub best: Option<(f64, f64)>,
    /// The same of every experiment that has one, by its number.
    valued: Vec<(u64, (f64, f64))>,
    /// Lab time at the end of the latest experiment \[s\].
    pub lab_time_s: f64,
    /// Number of faults of the rig.
    pub faults: u64,
    /// What each sensor read last, in its unit.
    pub readings: BTreeMap<String, f64>,
    /// What experiments took of each stock \[mL\].
    used_ml: BTreeMap<String, f64>,
    /// The commands to pumps, where there were any.
    book: Option<Book>,
    /// Lab time of the latest record that has one.
    at: Instant,
    /// Whether the run is complete.
    pub ended: bool,
}

#[derive(Deserialize)]
struct Line {
    record: Record,
}

/// The parts of a scenario that are counted by.
#[derive(Default, Deserialize)]
struct Definition {
    #[serde(default)]
    objective: Option<ObjectiveSpec>,
    #[serde(default)]
    objectives: Vec<ObjectiveSpec>,
    #[serde(default)]
    limits: Vec<LimitSpec>,
    #[serde(default)]
    phases: Vec<Planned>,
}

#[derive(Deserialize)]
struct Planned {
    #[serde(default)]
    experiments: Option<u64>,
}

impl Census {
    /// Nothing counted yet of this journal.
    pub fn new(journal: &Path) -> Self {
        Self {
            tail: Tail::new(journal),
            header: None,
            wanted: Wanted::new([], &[]),
            planned: None,
            phase: None,
            experiments: 0,
            failed: 0,
            best: None,
            valued: Vec::new(),
            lab_time_s: 0.0,
            faults: 0,
            readings: BTreeMap::new(),
            used_ml: BTreeMap::new(),
            book: None,
            at: Instant::START,
            ended: false,
        }
    }

    /// Counts what has been written since the last time. A line that is no record counts for nothing.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn go_on(&mut self) -> io::Result<()> {
        loop {
            let before = self.tail.at();
            let lines = self.tail.read()?;
            if lines.is_empty() {
                return Ok(());
            }
            if lines.each().next().is_some_and(|(start, _, _)| start < before) {
                // The file begins again.
                let tail = self.tail.clone();
                *self = Self { tail, ..Self::new(Path::new("")) };
            }
            for (_, _, line) in lines.each() {
                if let Ok(Line { record }) = serde_json::from_slice(line) {
                    self.count(record);
                }
            }
        }
    }

    /// Bytes of the journal that were read.
    pub fn bytes(&self) -> u64 {
        self.tail.at()
    }

    fn count(&mut self, record: Record) {
        self.ended = false;
        self.at = record.at().unwrap_or(self.at);
        self.keep_book(&record);
        match record {
            Record::Header(header) => self.begin(header),
            Record::Phase(phase) => self.phase = Some(phase.name),
            Record::Command(command) => self.hear(command),
            Record::Decided(decided) if matches!(decided.decision, Decision::Add(_)) => {
                self.planned = self.planned.map(|planned| planned + 1);
            }
            Record::Fault(_) => self.faults += 1,
            Record::Spoiled(spoiled) => self.take(&spoiled.consumed_ml),
            Record::Experiment(experiment) => self.finish(&experiment),
            Record::Doubted(doubted) => {
                self.valued.retain(|(number, _)| !doubted.experiments.contains(number));
                self.best = None;
                self.valued.iter().for_each(|(_, of)| better(&mut self.best, *of));
            }
            Record::End(_) => self.ended = true,
            _ => {}
        }
    }

    fn keep_book(&mut self, record: &Record) {
        let is_told = |command: &Command| {
            matches!(
                command,
                Command::Dispense { .. } | Command::Withdraw { .. } | Command::Fill { .. }
            )
        };
        let begins = match record {
            Record::Command(command) => is_told(&command.send),
            Record::Intended(intended) => is_told(&intended.send),
            _ => false,
        };
        if begins && self.book.is_none() {
            self.book = self.header.as_ref().map(|header| Book::new(&header.manifest));
        }
        if let Some(book) = &mut self.book {
            book.take(record);
        }
    }

    /// What is left of each stock \[mL\]: what its syringes hold by the commands that their pumps were given, or by what the
    /// experiments took, where a lab runs whole experiments by itself.
    pub fn left_ml(&self) -> Vec<(String, f64)> {
        let Some(header) = &self.header else { return Vec::new() };
        let held = self.book.as_ref().map(|book| book.held(self.at));
        let left = |(stock, filled): (&str, f64)| {
            let used = || self.used_ml.get(stock).copied().unwrap_or_default();
            let pumps = header.manifest.pumps.iter().filter(|pump| pump.stock == stock);
            let ml = held.as_ref().map_or_else(
                || filled - used(),
                |held| pumps.filter_map(|pump| held.get(&pump.name)).sum::<f64>() / 1_000.0,
            );
            (stock.to_owned(), ml)
        };
        header.manifest.filled_ml().into_iter().map(left).collect()
    }

    fn begin(&mut self, header: Box<Header>) {
        let definition = Definition::deserialize(&header.definition).unwrap_or_default();
        let Definition { objective, objectives, limits, phases } = definition;
        self.wanted = Wanted::new(objective.iter().chain(&objectives), &limits);
        // Where none is written there, phases come from elsewhere.
        let planned = phases.iter().map(|phase| phase.experiments).sum();
        self.planned = if phases.is_empty() { None } else { planned };
        self.header = Some(header);
    }

    fn hear(&mut self, command: CommandRecord) {
        // Something that does not exist yet is not a fault.
        let is_fault = |answer: &Answer| matches!(answer, Answer::Fault(fault) if fault.kind != FaultKind::NotReady);
        self.faults += u64::from(is_fault(&command.answer));
        if let (Command::Read { sensor }, Answer::Reading(value)) = (command.send, command.answer) {
            self.readings.insert(sensor.as_str().to_owned(), value);
        }
    }

    fn take(&mut self, consumed_ml: &[(String, f64)]) {
        for (stock, ml) in consumed_ml {
            *self.used_ml.entry(stock.clone()).or_default() += ml;
        }
    }

    fn finish(&mut self, experiment: &ExperimentRecord) {
        self.experiments += 1;
        self.lab_time_s = experiment.ended_ns.as_secs();
        self.take(&experiment.consumed_ml);
        if experiment.fault.is_some() {
            self.failed += 1;
            return;
        }
        let Wanted { goals, .. } = &self.wanted;
        let known = |name: &str| experiment.features.iter().find(|(known, _)| known == name)?.1;
        let values = self.wanted.values(known);
        let Some(merit) = goals.merit(&values) else { return };
        let Some(value) = values[goals.objectives[0].outcome] else { return };
        self.valued.push((experiment.experiment, (value, merit)));
        better(&mut self.best, (value, merit));
    }
}

/// Takes a value for the best if it is worth more.
fn better(best: &mut Option<(f64, f64)>, (value, merit): (f64, f64)) {
    if best.is_none_or(|(_, so_far)| merit > so_far) {
        *best = Some((value, merit));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flowtwin_lab::Manifest;
    use serde_json::{Value, json};

    use super::*;

    fn header(definition: &Value) -> Value {
        let pump = |name: &str, stock: &str| {
            json!({ "name": name, "stock": stock, "bore_mm": 10.0, "fill_ml": 10.0,
                    "min_ul_per_min": 0.1, "max_ul_per_min": 1e3 })
        };
        let mut manifest = serde_json::to_value(Manifest::of_experiments("rig")).unwrap();
        manifest["pumps"] = json!([pump("a", "dye"), pump("b", "dye"), pump("c", "oil")]);
        json!({ "header": {
            "schema": 1, "flowtwin": "0", "scenario": "s", "scenario_sha256": "", "seed": 1,
            "definition": definition, "simulated": true, "inputs": [], "manifest": manifest,
            "features": [["nm", "nm"], ["share", "%"]],
        }})
    }

    fn sent(second: u64, send: &Value, answer: &Value) -> Value {
        json!({ "command": { "at_ns": second * 1_000_000_000, "send": send, "answer": answer } })
    }

    fn experiment(n: u64, nm: f64, share: f64) -> Value {
        json!({ "experiment": {
            "experiment": n, "phase": "p", "conditions": {}, "started_ns": 0, "ended_ns": n,
            "residence_time_s": null, "reaction_time_s": null, "consumed_ml": [["dye", 0.5]],
            "features": [["nm", nm], ["share", share]], "spectra": [],
            "quality": { "saturated": false, "not_settled": false, "irregular": false,
                         "not_steady": false, "extrapolated": false },
        }})
    }

    /// What is counted of a journal with these records.
    fn counted(name: &str, definition: &Value, records: &[Value]) -> Census {
        let path =
            std::env::temp_dir().join(format!("flowtwin-census-{name}-{}", std::process::id()));
        let lines = [header(definition)].into_iter().chain(records.iter().cloned());
        let line = |record| json!({ "n": 0, "prev": "", "record": record }).to_string() + "\n";
        let text: String = lines.map(line).collect();
        for line in text.lines() {
            serde_json::from_str::<Line>(line).expect(line);
        }
        fs::write(&path, text).unwrap();
        let mut census = Census::new(&path);
        census.go_on().unwrap();
        fs::remove_file(path).unwrap();
        census
    }

    #[test]
    fn what_is_left_is_what_syringes_hold_after_priming_and_refills() {
        let dispense =
            json!({ "dispense": { "pump": "a", "rate_ul_per_min": 60.0, "at_most_ul": 5000.0 } });
        let (safe, done) = (json!("make_safe"), json!("done"));
        let mut records =
            vec![sent(0, &dispense, &done), sent(60, &safe, &done), experiment(1, 520.0, 50.0)];
        let left = |records: &[Value]| counted("left", &json!({}), records).left_ml();
        assert_eq!(
            left(&records),
            [("dye".into(), 19.94), ("oil".into(), 10.0)],
            "not by experiments"
        );
        let fill = json!({ "fill": { "pump": "a", "holds_ul": 10_000.0 } });
        records.push(sent(100, &fill, &done));
        assert_eq!(left(&records)[0], ("dye".into(), 20.0));
        // A lab that runs whole experiments reports what each took.
        assert_eq!(left(&[experiment(1, 520.0, 50.0)])[0], ("dye".into(), 19.5));
    }

    #[test]
    fn the_best_is_that_of_the_campaign() {
        let target = json!({ "target": 520.0, "within": 5.0 });
        let definition = json!({
            "objective": { "feature": "nm", "goal": target },
            "limits": [{ "feature": "share", "at_least": 40.0 }],
        });
        let all =
            [experiment(1, 516.0, 50.0), experiment(2, 521.0, 30.0), experiment(3, 523.0, 45.0)];
        let best = counted("best", &definition, &all).best;
        assert_eq!(best, Some((523.0, -3.0)), "the nearest that keeps the limit");
        let doubted = json!({ "doubted": {
            "at_ns": 0, "since_ns": 0, "experiments": [3],
            "fault": { "at_ns": 0, "origin": "a", "kind": "sensor_open" },
        }});
        let best = counted("doubted", &definition, &[&all[..], &[doubted]].concat()).best;
        assert_eq!(best, Some((516.0, -4.0)), "the best of those that were not withdrawn");
    }

    #[test]
    fn what_is_not_ready_is_no_fault_and_what_nobody_wrote_is_not_planned() {
        let fault = |kind: Value| json!({ "fault": { "at_ns": 0, "origin": "a", "kind": kind } });
        let read = json!({ "read": { "sensor": "a" } });
        let records = [
            sent(0, &read, &fault(json!("not_ready"))),
            sent(1, &read, &fault(json!({ "no_reply": { "waited_s": 1.0 } }))),
        ];
        let census = counted("faults", &json!({ "phases": [] }), &records);
        assert_eq!((census.faults, census.planned), (1, None));
        let phases = json!({ "phases": [{ "experiments": 4 }, { "experiments": 5 }] });
        assert_eq!(counted("planned", &phases, &[]).planned, Some(9));
        let added = json!({ "decided": {
            "at_ns": 0, "experiment": 1, "phase": "p", "proposed": {}, "decision": { "add": {} },
        }});
        let skipped = json!({ "decided": {
            "at_ns": 0, "experiment": 2, "phase": "p", "proposed": {}, "decision": "skip",
        }});
        assert_eq!(counted("added", &phases, &[added, skipped]).planned, Some(10));
        let open = json!({ "phases": [{ "experiments": 4 }, {}] });
        assert_eq!(counted("open", &open, &[]).planned, None);
    }
}
