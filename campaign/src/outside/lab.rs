//! A lab that is a program outside this one.

mod several;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant as WallInstant};

use flowtwin_lab::{
    Command, Conditions, Fault, FaultKind, Goal, Input, Instant, Lab, Level, Manifest, Outcome,
    PumpId, Quality, Reply, Report, Space, Span, Volume,
};

use super::message::{
    Done, ErrorLine, ExperimentLine, FilledLine, FromLab, FromOptimiser, ObjectiveLine,
    ObservationLine, PROTOCOL, SEVERAL, SpaceLine, table,
};
use super::process::{Program, ProgramError};
use super::proposal::as_set;
use super::sense::{no_beginning, nonsense};
use crate::reach::is_far;
use several::Requests;

/// Most observations of earlier that a lab may tell in one go.
const EARLIER: usize = 100_000;

/// An outcome and what follows from its feature are the same within this part.
const SAME: f64 = 1e-9;

/// Name of this lab in faults.
const ORIGIN: &str = "outside lab";

/// A lab driven by whole experiments, which a program outside this one runs.
///
/// The program's clock is the lab's clock where its observations tell the time; otherwise lab time passes as the wall
/// clock does while an experiment is under way.
#[derive(Debug)]
pub struct OutsideLab {
    program: Program,
    manifest: Manifest,
    objective: ObjectiveLine,
    space: Space,
    now: Instant,
    state: State,
    /// What is under way of a lab that speaks version 2.
    several: Option<Requests>,
    /// Whether it must be told of syringes that somebody has filled.
    fills: bool,
    /// Whether it has said already that it is our turn.
    is_our_turn: bool,
}

#[derive(Debug)]
enum State {
    Idle,
    UnderWay,
    /// What it says, and what it says that it has set.
    Over(Box<ObservationLine>, Option<Conditions>),
    Safe,
    /// The lab says that it has ended, and why.
    Ended(String),
}

/// Why a program is not a lab for a scenario.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutsideLabError {
    /// The program failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// It is a lab for something else.
    #[error("`{command}` is not a lab for this scenario: {detail}")]
    Mismatch {
        /// The command.
        command: String,
        /// Why not.
        detail: String,
    },
}

impl OutsideLab {
    /// Starts `command` as the lab of a scenario with this space; its manifest is `manifest`, but for the way it is
    /// driven. Each experiment may take `patience` of wall time; what is waited for is given up once `stop` is set.
    ///
    /// # Errors
    /// If the program fails, or offers another space.
    pub fn start(
        command: &str,
        patience: Duration,
        space: &Space,
        manifest: &Manifest,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, OutsideLabError> {
        let mut program = Program::start(command, patience)?;
        program.heed(stop);
        let line: FromLab = program.hear("a `space`")?;
        let offered = match line {
            FromLab::Space(line) => {
                let begins = no_beginning(&line).map_or(Ok(()), Err);
                begins.and_then(|()| suits(&line, space)).map(|()| line)
            }
            FromLab::Done(done) => Err(format!("it ends at once: {}", done.reason)),
            other => Err(format!("its first line is `{}`, it must be `space`", other.name())),
        };
        let offered = offered.map_err(|detail| OutsideLabError::Mismatch {
            command: program.command().into(),
            detail,
        })?;
        let at_once =
            (offered.protocol == SEVERAL).then(|| offered.at_once.unwrap_or(NonZeroU32::MIN));
        let (still_there, longest) =
            (offered.under_way, offered.longest_s.map_or(patience, Duration::from_secs_f64));
        let several = at_once.map(|_| Requests::still_there(still_there, longest));
        Ok(Self {
            program,
            manifest: Manifest {
                level: Level::Experiments,
                at_once,
                simulated: offered.simulated,
                ..manifest.clone()
            },
            now: Instant::from_secs(offered.now_s),
            objective: offered.objective,
            space: space.clone(),
            state: State::Idle,
            several,
            fills: offered.fills,
            is_our_turn: false,
        })
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(self.now, ORIGIN, kind)
    }

    fn refused(&self, detail: &str) -> Fault {
        self.fault(FaultKind::Refused { detail: detail.into() })
    }

    fn hear(&mut self, expected: &str) -> Result<FromLab, Fault> {
        let line = self.program.hear(expected);
        line.map_err(|error| {
            let detail = error.to_string();
            self.fault(match error {
                ProgramError::Line { .. } => FaultKind::Garbled { detail },
                ProgramError::Interrupted { .. } => FaultKind::Interrupted,
                _ => FaultKind::LinkLost { detail },
            })
        })
    }

    /// Waits until it is our turn; what the lab knew before is not ours.
    fn turn(&mut self) -> Result<(), Fault> {
        if std::mem::take(&mut self.is_our_turn) {
            return Ok(());
        }
        let mut earlier = 0;
        loop {
            match self.hear("`next`, or an `observation` of earlier")? {
                FromLab::Next(_) => return Ok(()),
                FromLab::Observation(_) if earlier < EARLIER => earlier += 1,
                FromLab::Observation(_) => {
                    let detail = format!("{EARLIER} observations of earlier and no `next`");
                    return Err(self.fault(FaultKind::Garbled { detail }));
                }
                FromLab::Done(done) => return Err(self.ended(done.reason)),
                other => return Err(self.garbled(&other)),
            }
        }
    }

    /// The lab has ended: it begins nothing any more.
    fn ended(&mut self, reason: String) -> Fault {
        self.state = State::Ended(reason.clone());
        self.fault(FaultKind::Ended { reason })
    }

    fn begin(&mut self, conditions: &Conditions) -> Result<Reply, Fault> {
        match &self.state {
            State::Idle => {}
            State::Ended(reason) => {
                let reason = reason.clone();
                return Err(self.ended(reason));
            }
            State::Safe => return Err(self.refused("the lab has been made safe")),
            _ => return Err(self.refused("an experiment is under way")),
        }
        self.turn()?;
        let line = ExperimentLine { conditions: table(conditions) };
        self.program.say(&FromOptimiser::Experiment(line));
        self.state = State::UnderWay;
        Ok(Reply::Ready(self.now + Span::from_nanos(1)))
    }

    /// Lets time pass until the experiment under way is over.
    fn finish(&mut self) -> Result<(), Fault> {
        let asked = WallInstant::now();
        let line = match self.hear("an `observation`")? {
            FromLab::Observation(line) => line,
            FromLab::Error(error) => {
                self.state = State::Idle;
                return Err(self.refused(&because(&error)));
            }
            FromLab::Done(done) => return Err(self.ended(done.reason)),
            other => return Err(self.garbled(&other)),
        };
        let set = self.sensible(&line)?;
        self.now = match line.ended_s {
            Some(ended) => self.now.max(Instant::from_secs(ended)),
            None => self.now + Span::from_secs(asked.elapsed().as_secs_f64()),
        };
        self.state = State::Over(line, set);
        Ok(())
    }

    /// What an observation says was set, where it says so; it must make sense.
    fn sensible(&self, line: &ObservationLine) -> Result<Option<Conditions>, Fault> {
        if let Some(detail) = nonsense(line).or_else(|| self.contradiction(line)) {
            return Err(self.fault(FaultKind::Garbled { detail }));
        }
        let told = (!line.conditions.is_empty()).then_some(&line.conditions);
        let set = told.map(|told| as_set(&self.space, told)).transpose();
        let far = set.iter().flatten().flat_map(|set| set.values().iter().zip(self.space.inputs()));
        if let Some((value, input)) = far.into_iter().find(|(value, input)| is_far(**value, input))
        {
            let Input { name, low, high, .. } = input;
            let detail =
                format!("`{name}` was set to {value:e}, far outside its range {low} to {high}");
            return Err(self.fault(FaultKind::Garbled { detail }));
        }
        set.map_err(|error| {
            let detail = format!("the conditions of its observation: {error}");
            self.fault(FaultKind::Garbled { detail })
        })
    }

    /// An outcome that is not that of the objective's feature.
    fn contradiction(&self, line: &ObservationLine) -> Option<String> {
        let ObjectiveLine { feature, goal } = &self.objective;
        let told = line.features.iter().find(|(name, _)| name == feature)?.1;
        let (outcome, value) = (line.outcome?, (*told)?);
        // The distance from a target is told in more than one way.
        if matches!(goal, Goal::Target { .. }) {
            return None;
        }
        let expected = goal.score(value);
        let size = outcome.abs().max(expected.abs());
        ((outcome - expected).abs() > SAME * size).then(|| {
            format!("`outcome` is {outcome}, and by its feature `{feature}` ({value}) it must be {expected}")
        })
    }

    fn garbled(&self, line: &FromLab) -> Fault {
        let detail = format!("a line `{}` came where none is due", line.name());
        self.fault(FaultKind::Garbled { detail })
    }

    fn collect(&mut self) -> Result<Reply, Fault> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Over(line, set) => Ok(Reply::Report(Box::new(self.report(*line, set)))),
            State::Idle => Err(self.refused("no experiment has been begun")),
            State::Safe => {
                self.state = State::Safe;
                Err(self.refused("the lab has been made safe"))
            }
            State::Ended(reason) => Err(self.ended(reason)),
            State::UnderWay => {
                self.state = State::UnderWay;
                Err(self.fault(FaultKind::NotReady))
            }
        }
    }

    fn report(&self, line: ObservationLine, conditions: Option<Conditions>) -> Report {
        let number =
            |(name, value): (&str, &Option<f64>)| (name.to_owned(), value.unwrap_or(f64::NAN));
        let mut features: Vec<(String, f64)> = line.features.iter().map(number).collect();
        let ObjectiveLine { feature, goal } = &self.objective;
        // A lab that tells its outcome alone tells the objective, its sign changed where less is better; the distance from a
        // target does not tell the side.
        let told = line.outcome.filter(|_| !matches!(goal, Goal::Target { .. }));
        if let (Some(outcome), false) = (told, features.iter().any(|(n, _)| n == feature)) {
            features.push((feature.clone(), goal.score(outcome)));
        }
        Report {
            outcome: Outcome {
                features,
                spectra: Vec::new(),
                quality: Quality::of_flags(&line.flags),
            },
            consumed_ml: line.consumed_ml.iter().map(|(n, ml)| (n.to_owned(), *ml)).collect(),
            fault: line.fault.map(|failure| failure.fault(self.now, ORIGIN)),
            conditions,
        }
    }

    /// Says that somebody has filled a syringe, before the next experiment.
    fn filled(&mut self, pump: &PumpId, holds: Volume) -> Result<Reply, Fault> {
        if !matches!(self.state, State::Idle) {
            return Err(self.refused("a syringe is filled between experiments"));
        }
        self.turn()?;
        let line = FilledLine { pump: pump.clone(), holds_ml: holds.ml() };
        self.program.say(&FromOptimiser::Filled(line));
        match self.hear("`next`")? {
            FromLab::Next(_) => {
                self.is_our_turn = true;
                Ok(Reply::Done)
            }
            FromLab::Error(error) => {
                self.is_our_turn = true;
                let problem = error.problem;
                Err(self
                    .refused(&format!("the lab does not take the filling of {pump}: {problem}")))
            }
            FromLab::Done(done) => Err(self.ended(done.reason)),
            other => Err(self.garbled(&other)),
        }
    }

    fn make_safe(&mut self) -> Reply {
        // In both versions the same line.
        self.program.say(&FromOptimiser::Done(Done { reason: "make safe".into() }));
        self.state = State::Safe;
        Reply::Done
    }
}

impl Lab for OutsideLab {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Begin { conditions } if self.several.is_none() => self.begin(conditions),
            Command::Collect if self.several.is_none() => self.collect(),
            Command::Request { request, conditions, again } if self.several.is_some() => {
                self.request(*request, conditions, *again)
            }
            Command::Receive if self.several.is_some() => self.receive(),
            Command::Forget { request } if self.several.is_some() => Ok(self.forget(*request)),
            Command::Fill { pump, holds_ul } if self.fills => self.filled(pump, *holds_ul),
            Command::MakeSafe => Ok(self.make_safe()),
            _ => {
                let detail = match self.several {
                    None => "an outside lab is driven by whole experiments",
                    Some(_) => "this outside lab is asked for experiments by number",
                };
                let detail = detail.into();
                Err(self.fault(FaultKind::Unsupported { detail }))
            }
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        if matches!(self.state, State::UnderWay) {
            self.finish()?;
        }
        if self.several.is_some() && deadline <= self.now {
            return self.listen();
        }
        self.now = self.now.max(deadline);
        Ok(())
    }
}

/// Whether a lab offers what a scenario chooses from.
fn suits(line: &SpaceLine, space: &Space) -> Result<(), String> {
    if ![PROTOCOL, SEVERAL].contains(&line.protocol) {
        let spoken = line.protocol;
        return Err(format!(
            "it speaks protocol {spoken}, this is protocol {PROTOCOL} and {SEVERAL}"
        ));
    }
    let of_several =
        line.at_once.is_some() || line.longest_s.is_some() || !line.under_way.is_empty();
    if line.protocol == PROTOCOL && of_several {
        return Err("only protocol 2 has `at_once`, `longest_s` and `under_way`".into());
    }
    if line.protocol == SEVERAL && line.fills {
        return Err("only protocol 1 has `fills`".into());
    }
    for input in space.inputs() {
        let Some(offered) = line.inputs.iter().find(|i| i.name == input.name) else {
            return Err(format!("it has no input {}", input.name));
        };
        let ours = input.options().unwrap_or_default().iter().map(|option| &option.name);
        if let Some(option) = ours.into_iter().find(|name| !offered.options.contains(name)) {
            return Err(format!("its {} has no option {option}", input.name));
        }
        if offered.low > input.low || offered.high < input.high {
            return Err(format!(
                "its {} runs from {} to {}, the scenario's from {} to {}",
                input.name, offered.low, offered.high, input.low, input.high
            ));
        }
    }
    let unknown = |i: &&super::InputLine| !space.inputs().iter().any(|ours| ours.name == i.name);
    match line.inputs.iter().find(unknown) {
        Some(more) => Err(format!("its input {} is none of the scenario's", more.name)),
        None => Ok(()),
    }
}

/// Why a lab cannot do what it was asked for.
fn because(error: &ErrorLine) -> String {
    format!("{}; expected {}", error.problem, error.expected)
}
