//! A policy that is a program outside this one.

use std::sync::Mutex;
use std::time::Duration;

use flowtwin_lab::{Conditions, Goal, Space, Streams, Wanted};
use flowtwin_twin::{Ask, Context, Policy, PolicyError, Proposals, Trial, Work};

use super::message::{
    Budget, Done, Failure, FromLab, FromOptimiser, Next, ObjectiveLine, ObservationLine, PROTOCOL,
    SpaceLine, several, table,
};
use super::process::Program;
use super::proposal::proposal;
use super::space::lines;

/// A policy that asks a program what to try next.
///
/// The program is started at the first question, receives the whole history, and is kept as long as the history only grows;
/// otherwise, as when a run is resumed, another one is started. It stays a pure function of history as long as the
/// program is a function of the history it has received.
#[derive(Debug)]
pub struct OutsidePolicy {
    name: String,
    command: String,
    patience: Duration,
    wanted: Wanted,
    session: Mutex<Option<Session>>,
}

/// A program, and the history that it has received.
#[derive(Debug)]
struct Session {
    program: Program,
    seed: u32,
    told: Vec<Trial>,
}

impl OutsidePolicy {
    /// The policy `name` that `command` runs, after what is `wanted`; each answer may take `patience`.
    pub fn new(name: &str, command: &str, patience: Duration, wanted: Wanted) -> Self {
        let (name, command) = (name.to_owned(), command.to_owned());
        Self { name, command, patience, wanted, session: Mutex::new(None) }
    }

    fn failed(&self, detail: impl ToString) -> PolicyError {
        PolicyError::Outside { policy: self.name.clone(), detail: detail.to_string() }
    }

    fn begin(&self, ask: &Ask<'_>, seed: u32) -> Result<Session, PolicyError> {
        let mut program =
            Program::start(&self.command, self.patience).map_err(|e| self.failed(e))?;
        program.say(&FromLab::Space(Box::new(space_line(ask, seed, &self.wanted))));
        Ok(Session { program, seed, told: Vec::new() })
    }

    fn ask(&self, session: &mut Session, ask: &Ask<'_>) -> Result<Vec<Conditions>, PolicyError> {
        for trial in &ask.history.trials[session.told.len()..] {
            session.told.push(trial.clone());
            let line = observation_line(ask.space, trial, session.told.len() as u64, &self.wanted);
            session.program.say(&FromLab::Observation(Box::new(line)));
        }
        (0..ask.count).map(|ahead| self.turn(session, ask, ahead)).collect()
    }

    fn turn(
        &self,
        session: &mut Session,
        ask: &Ask<'_>,
        ahead: usize,
    ) -> Result<Conditions, PolicyError> {
        let left = ask.planned.saturating_sub(ask.asked + ahead) as u64;
        session.program.say(&FromLab::Next(Next {
            experiment: ask.history.next() + ahead as u64 + 1,
            left: Budget { experiments: Some(left), ..Budget::default() },
        }));
        let answer = session.program.hear("an `experiment`").map_err(|e| self.failed(e))?;
        match answer {
            FromOptimiser::Experiment(line) => proposal(ask.space, &line.conditions)
                .map_err(|e| self.failed(format_args!("`{}` proposes: {e}", self.command))),
            FromOptimiser::Filled(_) => {
                let what = "says that a syringe was filled, which is for a lab to know";
                Err(self.failed(format_args!("`{}` {what}", self.command)))
            }
            FromOptimiser::Done(done) => {
                Err(self.failed(format_args!("`{}` wants no more: {}", self.command, done.reason)))
            }
        }
    }
}

impl Policy for OutsidePolicy {
    fn name(&self) -> &str {
        &self.name
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let seed = seed(&context.streams);
        let mut slot = self.session.lock().expect("no holder of the session panics");
        let known = slot.take().filter(|session| {
            session.seed == seed && ask.history.trials.starts_with(&session.told)
        });
        let mut session = match known {
            Some(session) => session,
            None => self.begin(ask, seed)?,
        };
        let conditions = self.ask(&mut session, ask)?;
        *slot = Some(session);
        Ok(Proposals { conditions, work: Work::default() })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let reason = "nothing more to propose".into();
        self.program.say(&FromLab::Done(Done { reason }));
    }
}

/// A seed that every random number generator takes.
fn seed(streams: &Streams) -> u32 {
    (streams.open("policy/outside", 0).next_u64() >> 33) as u32
}

fn space_line(ask: &Ask<'_>, seed: u32, wanted: &Wanted) -> SpaceLine {
    let (inputs, constraints, quantities) = lines(ask.space);
    SpaceLine {
        protocol: PROTOCOL,
        scenario: String::new(),
        seed,
        inputs,
        constraints,
        quantities,
        // Of one objective a policy sees what is to be maximised and nothing else; the sign has been seen to.
        objective: ObjectiveLine { feature: "outcome".into(), goal: Goal::Maximize },
        objectives: several(wanted),
        limits: wanted.named_limits(),
        budget: Budget { experiments: Some(ask.planned as u64), ..Budget::default() },
        now_s: 0.0,
        simulated: false,
        fills: false,
        at_once: None,
        under_way: Vec::new(),
        longest_s: None,
    }
}

fn observation_line(
    space: &Space,
    trial: &Trial,
    experiment: u64,
    wanted: &Wanted,
) -> ObservationLine {
    let features = wanted.outcomes.iter().cloned().zip(trial.values.iter().copied());
    let failed = trial.outcome.is_none() && trial.values.iter().all(Option::is_none);
    ObservationLine {
        experiment,
        conditions: table(&space.from_unit(&trial.x)),
        outcome: trial.outcome,
        features: features.collect(),
        fault: failed.then(|| Failure::Words("the experiment failed".into())),
        ..ObservationLine::default()
    }
}
