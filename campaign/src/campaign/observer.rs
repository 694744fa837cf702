//! Who follows a campaign: observers.

use flowtwin_lab::journal::Recalibrated;
use flowtwin_lab::study::Task;
use flowtwin_lab::{Conditions, Fault, FaultKind, Instant, Lab, Observation};
use flowtwin_twin::Stop;

/// Observes the progress of a campaign.
///
/// ```
/// use flowtwin_campaign::campaign::Observer;
/// use flowtwin_lab::Observation;
/// /// Prints the number of every experiment.
/// struct Numbers;
/// impl Observer for Numbers {
///     fn experiment(&mut self, number: u64, _observation: &Observation, _known: bool) {
///         println!("experiment {number}");
///     }
/// }
/// ```
pub trait Observer {
    /// A phase begins, with at most this many experiments.
    fn phase(&mut self, name: &str, policy: &str, experiments: usize) {
        let _ = (name, policy, experiments);
    }
    /// A task of a study begins, one of so many.
    fn task(&mut self, number: usize, of: usize, task: &Task) {
        let _ = (number, of, task);
    }
    /// An experiment has ended; `known` if it was read from the journal of a run that is resumed.
    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        let _ = (number, observation, known);
    }
    /// What is left of each stock in its syringes \[mL\]: after the lines were filled, after somebody has filled syringes, and after
    /// every experiment, spoiled or not, before [`Observer::experiment`] tells of it; `known` as there.
    fn left(&mut self, left_ml: &[(String, f64)], known: bool) {
        let _ = (left_ml, known);
    }
    /// In an experiment that has just ended the lab has set something else than it was asked for, beyond rounding; that is
    /// recorded, and what policies learn of.
    fn set_otherwise(&mut self, number: u64, asked: &Conditions, set: &Conditions) {
        let _ = (number, asked, set);
    }
    /// A lab that can have several experiments under way has answered a request that nobody waits for: it was never made, or has
    /// been answered before. The answer is left out.
    fn left_out(&mut self, request: u64) {
        let _ = request;
    }
    /// A fault that was found makes experiments doubtful that ended after `since`: they are withdrawn.
    fn doubted(&mut self, experiments: &[u64], since: Instant, fault: &Fault) {
        let _ = (experiments, since, fault);
    }
    /// A fault of the rig has spoiled an experiment, `times` times in a row; `lab` is safe, as far as the fault
    /// lets it be. Answers whether all is in order again, so that the experiment can be repeated at once.
    fn repeats(&mut self, lab: &mut dyn Lab, fault: &Fault, times: usize) -> bool {
        let _ = (lab, fault, times);
        false
    }
    /// The first experiment since the start of this process has been measured, and is not recorded yet.
    ///
    /// # Errors
    /// Why it cannot be believed, and the campaign must stop.
    fn first(&mut self, lab: &mut dyn Lab, observation: &Observation) -> Result<(), FaultKind> {
        let _ = (lab, observation);
        Ok(())
    }
    /// What the journal is to record of a calibration anew, because of the experiment that has just ended. It is asked for after
    /// [`Observer::experiment`]; of experiments that are known it is recorded only where it had been.
    fn recalibrated(&mut self) -> Option<Recalibrated> {
        None
    }
    /// A phase has ended: by a rule, or because all its experiments are done.
    fn ended(&mut self, name: &str, stop: Option<&Stop>) {
        let _ = (name, stop);
    }
}

/// Two observers, the first of whom hears everything first. A fault is mended if either says so.
impl<A: Observer + ?Sized, B: Observer + ?Sized> Observer for (&mut A, &mut B) {
    fn phase(&mut self, name: &str, policy: &str, experiments: usize) {
        self.0.phase(name, policy, experiments);
        self.1.phase(name, policy, experiments);
    }

    fn task(&mut self, number: usize, of: usize, task: &Task) {
        self.0.task(number, of, task);
        self.1.task(number, of, task);
    }

    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        self.0.experiment(number, observation, known);
        self.1.experiment(number, observation, known);
    }

    fn left(&mut self, left_ml: &[(String, f64)], known: bool) {
        self.0.left(left_ml, known);
        self.1.left(left_ml, known);
    }

    fn set_otherwise(&mut self, number: u64, asked: &Conditions, set: &Conditions) {
        self.0.set_otherwise(number, asked, set);
        self.1.set_otherwise(number, asked, set);
    }

    fn left_out(&mut self, request: u64) {
        self.0.left_out(request);
        self.1.left_out(request);
    }

    fn doubted(&mut self, experiments: &[u64], since: Instant, fault: &Fault) {
        self.0.doubted(experiments, since, fault);
        self.1.doubted(experiments, since, fault);
    }

    fn repeats(&mut self, lab: &mut dyn Lab, fault: &Fault, times: usize) -> bool {
        self.0.repeats(lab, fault, times) || self.1.repeats(lab, fault, times)
    }

    fn first(&mut self, lab: &mut dyn Lab, observation: &Observation) -> Result<(), FaultKind> {
        self.0.first(lab, observation)?;
        self.1.first(lab, observation)
    }

    fn recalibrated(&mut self) -> Option<Recalibrated> {
        let first = self.0.recalibrated();
        self.1.recalibrated().or(first)
    }

    fn ended(&mut self, name: &str, stop: Option<&Stop>) {
        self.0.ended(name, stop);
        self.1.ended(name, stop);
    }
}

/// Observes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {}
