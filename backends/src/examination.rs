//! Whether an instrument program keeps its side of the lines: a script of good and bad days, and what it can be trusted
//! with. Pumps move, heaters heat and lights go on. And whether the two halves of a protocol file fit: nothing moves.

use std::time::Duration;

use flowtwin_lab::FaultKind;
use serde::Serialize;

mod bad_days;
mod good_days;
mod protocol_file;

pub use protocol_file::examine_protocol;

use crate::codec::program::{Kind, Request, What};
use crate::driver::program::{ProgramHost, ProgramPart, SharedProgram};
use crate::instrument::Identity;
use crate::transport::{Dialog, ProgramWire, Start};

/// The name by which the instrument is called.
const NAME: &str = "it";

/// What is examined.
#[derive(Clone, Debug)]
pub struct Subject {
    /// How it is started.
    pub start: Start,
    /// What it should be.
    pub kind: Kind,
    /// How long an answer may take.
    pub patience: Duration,
    /// Inner diameter of the syringe of a pump \[mm\]; none: as it is set.
    pub bore_mm: Option<f64>,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it must.
    Passed,
    /// Not as it must, and why.
    Failed(String),
    /// Allowed, but a person should know.
    Noted(String),
}

/// A trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// What must be so.
    pub promise: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

/// What a program can be trusted with; none where it was not seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Grades {
    /// Whether a pump stops by itself after its volume, also without the program.
    pub finite_volumes: Option<bool>,
    /// Whether everything that should be read can be.
    pub read_back: Option<bool>,
    /// Whether the instrument is safe after the program's input has ended; none where that could not be seen.
    pub safe_state: Option<bool>,
}

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Who it is.
    pub identity: Option<Identity>,
    /// All trials in order.
    pub trials: Vec<Trial>,
    /// What it can be trusted with.
    pub grades: Grades,
}

impl Report {
    /// Whether every trial ended as it must.
    pub fn passed(&self) -> bool {
        self.trials.iter().all(|trial| !matches!(trial.outcome, Outcome::Failed(_)))
    }
}

/// Examines a program.
pub fn examine(subject: &Subject) -> Report {
    let mut examiner = Examiner::new(subject.clone());
    if examiner.greets() {
        examiner.good_days();
        examiner.bad_days();
        examiner.leaves_it_safe();
    }
    examiner.report
}

/// Who examines, with the program under way.
struct Examiner {
    subject: Subject,
    program: SharedProgram,
    report: Report,
}

impl Examiner {
    fn new(subject: Subject) -> Self {
        let program = started(&subject);
        let report = Report { identity: None, trials: Vec::new(), grades: Grades::default() };
        Self { subject, program, report }
    }

    /// Ends the program by closing its input, and starts it anew at the next request.
    fn begin_anew(&mut self) {
        self.program = started(&self.subject);
    }

    /// The instrument as a bench would drive it.
    fn part(&self) -> ProgramPart {
        let part = ProgramPart::new(self.program.clone(), NAME, self.subject.kind);
        part.with_bore(self.subject.bore_mm)
    }

    /// Asks once, as nobody does who looks at what comes back.
    fn ask(&self, request: Request) -> Result<(), FaultKind> {
        self.program.borrow_mut().ask(NAME, request).map(drop)
    }

    /// Whether something can be read.
    fn reads(&self, what: What) -> bool {
        let (kind, bore_mm) = (self.subject.kind, self.subject.bore_mm);
        let mut program = self.program.borrow_mut();
        program.meet(NAME, kind, bore_mm).is_ok_and(|who| who.reads.contains(&what))
    }

    /// Holds a trial that must end well; whether it did.
    fn must(
        &mut self,
        promise: &'static str,
        trial: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> bool {
        let done = trial(self);
        let passed = done.is_ok();
        if !passed {
            // What went wrong may have left it at work; whether it is safe is said at the end.
            let _tried = self.make_it_safe();
        }
        let outcome = done.map_or_else(Outcome::Failed, |()| Outcome::Passed);
        self.report.trials.push(Trial { promise, outcome });
        passed
    }

    /// Whether this kind of instrument has a safe state.
    fn can_harm(&self) -> bool {
        matches!(self.subject.kind, Kind::Pump | Kind::Heater | Kind::Light)
    }

    /// Notes what a person should know.
    fn note(&mut self, promise: &'static str, words: String) {
        self.report.trials.push(Trial { promise, outcome: Outcome::Noted(words) });
    }
}

fn started(subject: &Subject) -> SharedProgram {
    let wire = Box::new(ProgramWire::new(subject.start.clone()));
    ProgramHost::shared(Dialog::new(wire, subject.patience))
}

/// A fault as the reason of a failure.
fn words(kind: FaultKind) -> String {
    kind.to_string()
}
