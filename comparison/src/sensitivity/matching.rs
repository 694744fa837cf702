//! A campaign that is stopped where it differs from the record.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Header, Journal, Record, Sink, Writer};
use serde_json::{Value, json};

use crate::snapshot::campaign;

/// What a scenario yields, record by record.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) journal: Journal,
    seed: u64,
}

impl Recorded {
    /// Runs a scenario.
    pub(super) fn of(scenario: &Scenario, threads: NonZeroUsize) -> Self {
        let seed = scenario.file().seed;
        let ran = campaign(scenario, seed, threads);
        let (_, journal, _) = ran.expect("a scenario whose policies have proposals");
        Self { journal, seed }
    }

    /// Whether a scenario yields another record than is recorded, or none where one is.
    pub(super) fn parts_from(&self, scenario: &Scenario) -> bool {
        let seed = scenario.file().seed;
        if seed != self.seed {
            return true;
        }
        let parted = AtomicBool::new(false);
        let sink = Matching { expected: &self.journal, line: 0, parted: &parted };
        let campaign = Campaign::new(scenario, seed, NonZeroUsize::MIN, &parted);
        let writer = Writer::new(sink);
        let reached = match scenario.table_lab(seed) {
            Some(lab) => campaign.run(lab, writer, None, &mut Silent).map(|(_, w)| w.sink().line),
            None => {
                let rig = scenario.simulated().expect("a scenario without a table has a rig");
                let lab = rig.lab(seed);
                campaign.run(lab, writer, None, &mut Silent).map(|(_, w)| w.sink().line)
            }
        };
        let short = reached.is_ok_and(|line| line < self.journal.records().len());
        parted.load(Ordering::Relaxed) || short
    }
}

/// Compares records with those of a journal as they are written. The first that differs stops the campaign.
struct Matching<'a> {
    expected: &'a Journal,
    line: usize,
    parted: &'a AtomicBool,
}

impl Sink for Matching<'_> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let expected = self.expected.records().get(self.line);
        self.line += 1;
        let same = expected.is_some_and(|expected| match expected {
            Record::Header(header) => {
                let line: Value = serde_json::from_slice(bytes).unwrap_or_default();
                installed(&line["record"]["header"]) == told(header)
            }
            expected => {
                let text = serde_json::to_string(expected).expect("a record is plain data");
                bytes.ends_with(format!(",\"record\":{text}}}\n").as_bytes())
            }
        });
        if !same {
            self.parted.store(true, Ordering::Relaxed);
            return Err(io::Error::other("the campaign parts from its record"));
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a header says besides the scenario; by its text, which has numbers of single precision as they are written.
fn told(header: &Header) -> Value {
    let text = serde_json::to_string(header).expect("a header is plain data");
    installed(&serde_json::from_str(&text).expect("what was written can be read"))
}

fn installed(header: &Value) -> Value {
    json!([header["simulated"], header["inputs"], header["features"], header["manifest"]])
}
