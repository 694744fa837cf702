//! A lab for external optimisers: `flowtwin lab`.

use std::io::{self, BufRead, Write};

use flowtwin_lab::layer::Guarded;
use flowtwin_lab::procedure::{Needs, refill};
use flowtwin_lab::{
    Blank, Command, Conditions, Fault, FaultKind, Lab, Level, Observation, Shortage, Volume,
};
use serde::Serialize;

use crate::campaign::MOST_FILLED_ML;
use crate::outside::{
    Budget, Done, ErrorLine, Failure, FilledLine, FromLab, FromOptimiser, LineError, Lines, Next,
    ObjectiveLine, ObservationLine, PROTOCOL, SpaceLine, lines, parse, proposal, several, table,
};
use crate::scenario::Scenario;

/// Malformed lines in a row after which the other side is taken not to speak this protocol.
const STRIKES: u32 = 10;
/// What makes sense when it is the optimiser's turn.
const EXPECTED: &str = r#"{"experiment":{"conditions":{NAME:VALUE,…}}} or {"done":{}}"#;
/// What somebody says who has filled a syringe.
const FILLED: &str = r#"{"filled":{"pump":NAME,"holds_ml":VOLUME}}"#;

/// How a conversation ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// Number of experiments that were run.
    pub experiments: u64,
    /// The fault that stopped the lab; none where nothing did.
    pub fault: Option<Fault>,
}

/// Why a conversation broke off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Reading or writing failed.
    #[error("the conversation broke off: {0}")]
    Broken(#[from] io::Error),
    /// The other side does not speak this protocol.
    #[error("{STRIKES} malformed lines in a row; the last: {0}")]
    Malformed(LineError),
}

/// Serves experiments of `scenario` on `lab` until the optimiser is done, its lines end, or `budget` experiments have
/// been run. No experiment begins that the syringes cannot finish: they are refilled where the scenario says that somebody
/// does, or the lab stops before it. The lab is left safe. `seed` is passed on to the optimiser.
///
/// # Errors
/// If reading or writing fails, or ten lines in a row are malformed. Faults of the lab are no errors.
pub fn serve<L: Lab>(
    scenario: &Scenario,
    lab: Guarded<L>,
    seed: u64,
    budget: u64,
    reader: impl BufRead,
    writer: impl Write,
) -> Result<Served, ServeError> {
    let mut service =
        Service { scenario, lab, budget, lines: Lines::new(reader), writer, experiments: 0 };
    let result = service.run(seed);
    let safe = service.lab.send(&Command::MakeSafe);
    let fault = result?.or(safe.err());
    Ok(Served { experiments: service.experiments, fault })
}

struct Service<'a, L: Lab, R, W> {
    scenario: &'a Scenario,
    lab: Guarded<L>,
    budget: u64,
    lines: Lines<R>,
    writer: W,
    experiments: u64,
}

impl<L: Lab, R: BufRead, W: Write> Service<'_, L, R, W> {
    fn run(&mut self, seed: u64) -> Result<Option<Fault>, ServeError> {
        let needs = self.scenario.procedure().priming_needs_ul(self.lab.manifest());
        let enough = self.enough(&needs);
        let primed = enough.and_then(|()| self.scenario.procedure().prime(&mut self.lab));
        let blank = match primed {
            Ok(blank) => blank,
            Err(fault) => return self.stop(fault),
        };
        self.say(&FromLab::Space(Box::new(self.space(seed))))?;
        while self.experiments < self.budget {
            self.next()?;
            let Some(conditions) = self.proposal()? else {
                return Ok(None);
            };
            let (procedure, number) = (self.scenario.procedure(), self.experiments + 1);
            let needs = procedure.needs_numbered_ul(self.lab.manifest(), &conditions, number);
            if let Err(fault) = self.enough(&needs) {
                return self.stop(fault);
            }
            let observation = self.experiment(&blank, &conditions)?;
            if let Some(fault) = observation.fault.filter(|fault| fault.kind.stops_campaign()) {
                return self.stop(fault);
            }
        }
        self.say(&FromLab::Done(Done { reason: "the budget is spent".into() }))?;
        Ok(None)
    }

    /// Makes sure that the syringes hold what is needed.
    fn enough(&mut self, needs: &Needs) -> Result<(), Fault> {
        let short = self.lab.shortages(needs);
        if short.is_empty() {
            return Ok(());
        }
        for (pump, ul) in self.lab.can_draw_ul(&short) {
            refill(&mut self.lab, &pump, ul)?;
        }
        let short = self.lab.shortages(needs);
        if short.is_empty() {
            return Ok(());
        }
        let refill = self.scenario.refill().filter(|_| self.lab.manifest().simulated);
        let Some(refill) = refill.filter(|_| short.iter().all(Shortage::can_be_filled)) else {
            let kind = FaultKind::Short { syringes: short };
            return Err(Fault::new(self.lab.now(), "syringes", kind));
        };
        let began = self.lab.now();
        self.lab.send(&Command::MakeSafe)?;
        self.lab.wait_until(refill.done_by(began))?;
        for info in self.lab.manifest().pumps.clone() {
            let holds_ul = Volume::from_ml(info.fill_ml);
            self.lab.send(&Command::Fill { pump: info.name, holds_ul })?;
        }
        Ok(())
    }

    fn stop(&mut self, fault: Fault) -> Result<Option<Fault>, ServeError> {
        self.say(&FromLab::Done(Done { reason: fault.to_string() }))?;
        Ok(Some(fault))
    }

    fn experiment(
        &mut self,
        blank: &Blank,
        conditions: &Conditions,
    ) -> Result<Observation, ServeError> {
        self.experiments += 1;
        let (procedure, number) = (self.scenario.procedure(), self.experiments);
        let observation = procedure.run_numbered(&mut self.lab, blank, conditions, number);
        let line = observation_line(self.scenario, self.experiments, &observation);
        self.say(&FromLab::Observation(Box::new(line)))?;
        Ok(observation)
    }

    /// The next conditions; none when the optimiser is done. Malformed lines are answered with what was expected.
    fn proposal(&mut self) -> Result<Option<Conditions>, ServeError> {
        let mut strikes = 0;
        loop {
            let Some(line) = self.lines.next_line()? else { return Ok(None) };
            let error = match parse(&line, self.lines.count(), EXPECTED) {
                Ok(FromOptimiser::Done(_)) => return Ok(None),
                Ok(FromOptimiser::Filled(line)) => match self.filled(line) {
                    Ok(()) => {
                        self.next()?;
                        continue;
                    }
                    Err(problem) => {
                        LineError { line: self.lines.count(), problem, expected: FILLED.into() }
                    }
                },
                Ok(FromOptimiser::Experiment(line)) => {
                    match proposal(self.scenario.space(), &line.conditions) {
                        Ok(conditions) => return Ok(Some(self.scenario.offered(conditions))),
                        Err(error) => LineError {
                            line: self.lines.count(),
                            problem: error.to_string(),
                            expected: EXPECTED.into(),
                        },
                    }
                }
                Err(error) => error,
            };
            strikes += 1;
            let LineError { line, problem, expected } = error.clone();
            self.say(&FromLab::Error(ErrorLine { line, request: None, problem, expected }))?;
            if strikes == STRIKES {
                return Err(ServeError::Malformed(error));
            }
        }
    }

    /// Says that it is the optimiser's turn.
    fn next(&mut self) -> io::Result<()> {
        let left = experiments(self.budget - self.experiments);
        self.say(&FromLab::Next(Next { experiment: self.experiments + 1, left }))
    }

    /// A syringe has been filled; what is wrong with that, if anything.
    fn filled(&mut self, line: FilledLine) -> Result<(), String> {
        let FilledLine { pump, holds_ml } = line;
        let pumps = &self.lab.manifest().pumps;
        if self.lab.manifest().level == Level::Experiments
            || !pumps.iter().any(|it| it.name == pump)
        {
            return Err(format!("there is no pump {pump}"));
        }
        if !(0.0..=MOST_FILLED_ML).contains(&holds_ml) {
            return Err(format!("holds_ml = {holds_ml} is outside 0 to {MOST_FILLED_ML}"));
        }
        let fill = Command::Fill { pump, holds_ul: Volume::from_ml(holds_ml) };
        self.lab.send(&fill).map(|_| ()).map_err(|fault| fault.to_string())
    }

    fn space(&self, seed: u64) -> SpaceLine {
        let scenario = self.scenario;
        let (inputs, constraints, quantities) = lines(scenario.space());
        let objective = scenario.objective();
        SpaceLine {
            protocol: PROTOCOL,
            scenario: scenario.name().into(),
            seed: (seed & 0x7fff_ffff) as u32,
            inputs,
            constraints,
            quantities,
            objective: ObjectiveLine { feature: objective.feature.clone(), goal: objective.goal },
            objectives: several(scenario.wanted()),
            limits: scenario.wanted().named_limits(),
            budget: experiments(self.budget),
            now_s: self.lab.now().as_secs(),
            simulated: self.lab.manifest().simulated,
            fills: self.lab.manifest().level == Level::Instruments,
            at_once: None,
            under_way: Vec::new(),
            longest_s: None,
        }
    }

    fn say(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.writer, line)?;
        self.writer.write_all(b"\n")?;
        self.writer.flush()
    }
}

fn experiments(number: u64) -> Budget {
    Budget { experiments: Some(number), ..Budget::default() }
}

fn observation_line(
    scenario: &Scenario,
    number: u64,
    observation: &Observation,
) -> ObservationLine {
    let finite = |value: &f64| value.is_finite().then_some(*value);
    let features = &observation.outcome.features;
    ObservationLine {
        experiment: number,
        request: None,
        conditions: table(&observation.conditions),
        outcome: scenario.trial(observation).outcome,
        features: features.iter().map(|(name, value)| (name.clone(), finite(value))).collect(),
        flags: observation.outcome.quality.flags().into_iter().map(str::to_owned).collect(),
        fault: observation.fault.clone().map(Failure::Fault),
        started_s: Some(observation.started.as_secs()),
        ended_s: Some(observation.ended.as_secs()),
        consumed_ml: observation.consumed_ml.iter().cloned().collect(),
    }
}
