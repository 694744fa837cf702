//! The tasks of a study, written once against a [`Lab`], as the experiment is.

mod deliver;
mod heat;
mod light;
mod tracer;

use super::ramp::RampPoint;
use super::{Needs, Procedure, flow};
use crate::analysis::Blank;
use crate::command::Command;
use crate::conditions::Space;
use crate::fault::{Fault, FaultKind, PROCEDURE};
use crate::id::PumpId;
use crate::lab::Lab;
use crate::manifest::{Level, Manifest};
use crate::observation::Outcome;
use crate::settings::Settings;
use crate::study::{RampTask, Reading, Task, TracerTask};

/// Who takes note of what is read; the lab is handed back for that.
pub type Noting<'n, L> = &'n mut dyn FnMut(&mut L, Reading) -> Result<(), Fault>;

impl Procedure {
    /// Carries out a task of a study, all but experiments; every reading is handed to `note` as soon as it is taken.
    ///
    /// Afterwards the pumps stand still, and the heaters that the task has heated are off. After a fault everything is in its
    /// safe state.
    ///
    /// # Errors
    /// Any fault of the lab, and what `note` does not take. [`FaultKind::Refused`] for experiments, which are done by
    /// [`Procedure::run`], and for a lab that runs whole experiments by itself.
    pub fn carry_out<L: Lab>(
        &self,
        lab: &mut L,
        blank: &Blank,
        space: &Space,
        task: &Task,
        note: Noting<'_, L>,
    ) -> Result<(), Fault> {
        if lab.manifest().level == Level::Experiments {
            return Err(refused(
                lab,
                "a lab that runs whole experiments by itself has no parts to study",
            ));
        }
        let done = match task {
            Task::Experiments { .. } => Err(refused(lab, "experiments are no task of their own")),
            Task::Heat(task) => heat::curve(lab, &self.spec, task, note),
            Task::Light(task) => light::watch(self, lab, task, note),
            Task::Deliver(task) => {
                self.to_waste(lab)?;
                deliver::weigh(lab, task, note)
            }
            Task::Tracer(task) => tracer::step(self, lab, blank, task, note),
            Task::Ramp(task) => self.ramped(lab, blank, space, task, note),
            Task::ChosenRamp(_) => Err(refused(lab, "nobody has chosen this ramp yet")),
        };
        match done.and_then(|()| flow::stop_all(lab)) {
            Ok(()) => Ok(()),
            Err(fault) => {
                // The journal and the guard record what could not be made safe.
                let _safe = lab.send(&Command::MakeSafe);
                Err(fault)
            }
        }
    }

    fn ramped<L: Lab>(
        &self,
        lab: &mut L,
        blank: &Blank,
        space: &Space,
        task: &RampTask,
        note: Noting<'_, L>,
    ) -> Result<(), Fault> {
        let mut tell = |lab: &mut L, point: RampPoint| note(lab, of_point(point));
        let RampTask { from, to, times } = task;
        self.ramp_noting(lab, blank, space, (from, to), times, &mut tell)
    }

    /// What each pump may deliver in a task of a study \[µL\]; nothing for experiments, which [`Procedure::needs_ul`] tells of, and
    /// for a ramp that is not chosen yet.
    pub fn task_needs_ul(&self, manifest: &Manifest, task: &Task) -> Needs {
        match task {
            Task::Experiments { .. } | Task::Heat(_) | Task::Light(_) | Task::ChosenRamp(_) => {
                Needs::new()
            }
            Task::Deliver(task) => vec![(task.pump.clone(), deliver::volume_ul(task))],
            Task::Tracer(TracerTask { from, to, lasts_s, .. }) => {
                let ends = [from, to].map(|at| self.recipe.settings(at));
                let longest_s = tracer::longest_s(manifest, &ends[0], *lasts_s);
                most_ul(manifest, &ends, longest_s)
            }
            Task::Ramp(RampTask { from, to, times }) => {
                let ends = [from, to].map(|at| self.recipe.settings(at));
                let longest_s = self.ramps_longest_s(manifest, (&ends[0], &ends[1]), times);
                most_ul(manifest, &ends, longest_s)
            }
        }
    }
}

/// What each pump delivers in so long at the higher of its rates \[µL\].
fn most_ul(manifest: &Manifest, ends: &[Settings; 2], longest_s: f64) -> Needs {
    let most = |pump: &PumpId| {
        ends.iter().map(|settings| settings.flow(pump).ul_per_min()).fold(0.0, f64::max)
    };
    let needs =
        manifest.pumps.iter().map(|info| (info.name.clone(), most(&info.name) * longest_s / 60.0));
    needs.filter(|(_, ul)| *ul > 0.0 && ul.is_finite()).collect()
}

fn refused(lab: &dyn Lab, detail: &str) -> Fault {
    Fault::new(lab.now(), PROCEDURE, FaultKind::Refused { detail: detail.into() })
}

/// Features by name; none for one that could not be read.
fn values(outcome: &Outcome) -> Vec<(String, Option<f64>)> {
    let finite = |(name, value): &(String, f64)| {
        (name.clone(), Some(*value).filter(|value| value.is_finite()))
    };
    outcome.features.iter().map(finite).collect()
}

fn spectra(outcome: &Outcome) -> Vec<(String, Vec<f64>)> {
    outcome.spectra.iter().map(|it| (it.name.clone(), it.values.clone())).collect()
}

fn of_point(point: RampPoint) -> Reading {
    let RampPoint { measured, formed, conditions, reaction_time_s, outcome } = point;
    let mut values = values(&outcome);
    values.push(("formed_s".into(), Some(formed.as_secs())));
    values.push(("reaction_time_s".into(), Some(reaction_time_s)));
    Reading {
        at_ns: measured,
        values,
        conditions: Some(conditions),
        quality: outcome.quality,
        spectra: spectra(&outcome),
    }
}
