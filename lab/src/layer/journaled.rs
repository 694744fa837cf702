//! A lab that records every command and its answer.

use crate::command::{Command, Reply};
use crate::fault::{Fault, FaultKind};
use crate::journal::{Answer, CommandRecord, Intended, Record, Sink, Writer};
use crate::lab::Lab;
use crate::manifest::Manifest;
use crate::time::Instant;

/// A lab that writes a [`Record::Command`] for every command and a [`Record::Fault`] for a wait cut short.
///
/// With a writer that is prompt, as on a real rig, what moves liquid or heats is on the disk as [`Record::Intended`] before it
/// is sent: whatever moment the power is cut at, no pump has run of which the journal knows nothing.
///
/// A journal that can no longer be written is a fault that stops the campaign: nothing may happen unrecorded.
#[derive(Debug)]
pub struct Journaled<L, S> {
    lab: L,
    writer: Writer<S>,
}

impl<L: Lab, S: Sink> Journaled<L, S> {
    /// Records what `lab` does with `writer`.
    pub fn new(lab: L, writer: Writer<S>) -> Self {
        Self { lab, writer }
    }

    /// Writes a record of the campaign's own: a phase, a proposal, an experiment.
    ///
    /// # Errors
    /// [`FaultKind::LinkLost`] of the journal, if it cannot be written.
    pub fn record(&mut self, record: &Record) -> Result<(), Fault> {
        let at = self.lab.now();
        self.writer.write(record).map_err(|error| {
            Fault::new(at, "journal", FaultKind::LinkLost { detail: error.to_string() })
        })
    }

    /// The writer.
    pub fn writer(&self) -> &Writer<S> {
        &self.writer
    }

    /// The lab inside.
    pub fn lab(&self) -> &L {
        &self.lab
    }

    /// Takes the layer off.
    pub fn into_parts(self) -> (L, Writer<S>) {
        (self.lab, self.writer)
    }
}

impl<L: Lab, S: Sink> Lab for Journaled<L, S> {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        if self.writer.is_prompt() && Intended::is_due(command) {
            let intended = Intended { at_ns: self.lab.now(), send: command.clone() };
            self.record(&Record::Intended(intended))?;
        }
        let at_ns = self.lab.now();
        let result = self.lab.send(command);
        if *command == Command::Receive && is_not_ready(&result) {
            // Nothing has come: it is asked again in a moment, and nothing has happened.
            return result;
        }
        let answer = Answer::of(&result);
        let written =
            self.record(&Record::Command(CommandRecord { at_ns, send: command.clone(), answer }));
        // The rig must be brought to safety even where that can no longer be written down.
        if *command == Command::MakeSafe { result } else { written.and(result) }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        let result = self.lab.wait_until(deadline);
        if let Err(fault) = &result {
            self.record(&Record::Fault(fault.clone()))?;
        }
        result
    }
}

fn is_not_ready(result: &Result<Reply, Fault>) -> bool {
    matches!(result, Err(fault) if fault.kind == FaultKind::NotReady)
}
