//! What is done next: what is recorded, what a policy proposes, and what people make of that.

use flowtwin_lab::journal::{Decided, Decision, Record, Sink};
use flowtwin_lab::{Conditions, Fault, FaultKind, Lab};
use flowtwin_twin::{Ask, History, PolicyError, Trial};

use super::doubt::Doubt;
use super::reviewer::{Answer, Expected, Proposed, Reviewer};
use super::{CampaignError, Halt, UnderWay};
use crate::choice;
use crate::scenario::{Phase, Scenario};
use crate::suggest;

/// What comes next in a phase.
pub(super) enum Turn {
    /// An experiment.
    Experiment {
        /// What is set.
        conditions: Conditions,
        /// Whether a person has added it to those of the phase.
        added: bool,
    },
    /// A person wants this proposal not to be done: the policy is asked for another.
    Skip(Conditions),
}

impl Turn {
    /// What follows from a decision.
    pub(super) fn of(Decided { proposed, decision, .. }: Decided) -> Self {
        match decision {
            Decision::Change(conditions) => Self::Experiment { conditions, added: false },
            Decision::Add(conditions) => Self::Experiment { conditions, added: true },
            Decision::Skip => Self::Skip(proposed),
            _ => Self::Experiment { conditions: proposed, added: false },
        }
    }
}

/// How far a phase is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Experiments that were proposed, and done.
    pub(super) done: usize,
    /// Proposals that were skipped.
    pub(super) skipped: usize,
}

impl Place {
    /// How many proposals were asked for.
    fn asked(self) -> usize {
        self.done + self.skipped
    }
}

impl<L: Lab, S: Sink> UnderWay<'_, '_, L, S> {
    /// What comes next; none where a list of conditions has come to its end because some of it was skipped.
    pub(super) fn turn(
        &mut self,
        phase: &Phase,
        history: &History,
        place: Place,
    ) -> Result<Option<Turn>, Halt> {
        let next = self.number + 1;
        if place.skipped > 0 && self.is_over(phase) {
            return Ok(None);
        }
        let is_next = self.decided.front().is_some_and(|decided| decided.experiment == next);
        if let Some(decided) = is_next.then(|| self.decided.pop_front()).flatten().cloned() {
            self.settle(&decided.decision);
            return match self.there {
                Some(_) => Ok(Some(Turn::of(decided))),
                None => self.follow(decided).map(Some),
            };
        }
        if let Some(conditions) = self.recorded_conditions()? {
            self.settle(&Decision::Accept);
            return Ok(Some(Turn::Experiment { conditions, added: false }));
        }
        self.asked_live(phase, history, place)
    }

    /// What the policy proposes now, and whoever reviews it has decided; none where a list has come to its end.
    pub(super) fn asked_live(
        &mut self,
        phase: &Phase,
        history: &History,
        place: Place,
    ) -> Result<Option<Turn>, Halt> {
        let next = self.number + 1;
        let proposed = match self.propose(phase, history, place.asked()) {
            Err(Halt::Error(error)) if place.skipped > 0 && is_end_of_list(&error) => {
                return Ok(None);
            }
            proposed => proposed?,
        };
        let doubt = self.campaign.doubt.map(Doubt::why);
        let is_asked = |_: &&dyn Reviewer| doubt.as_ref().is_none_or(Option::is_some);
        let Some(reviewer) = self.campaign.reviewer.filter(is_asked) else {
            return Ok(Some(Turn::Experiment { conditions: proposed, added: false }));
        };
        let shown = self.proposed(phase, history, place, &proposed)?;
        let shown = Proposed { because: doubt.flatten(), ..shown };
        let decision = self.decision(reviewer, &shown)?;
        self.settle(&decision);
        let (at_ns, phase) = (self.lab.now(), phase.name.clone());
        self.follow(Decided { at_ns, experiment: next, phase, proposed, decision }).map(Some)
    }

    /// What an experiment is done after is in doubt no more; what was skipped or done first leaves it.
    pub(super) fn settle(&self, decision: &Decision) {
        if matches!(decision, Decision::Accept | Decision::Change(_)) {
            self.campaign.doubt.into_iter().for_each(Doubt::settle);
        }
    }

    /// Whether what is recorded next belongs to another phase: a list came to its end here.
    fn is_over(&self, phase: &Phase) -> bool {
        let next = self.number + 1;
        let decided = self.decided.front().filter(|decided| decided.experiment == next);
        let experiment = self.recorded.get(self.number as usize);
        let of = decided.map(|decided| &decided.phase).or(experiment.map(|known| &known.phase));
        of.is_some_and(|of| *of != phase.name)
    }

    /// Records a decision, and what follows from it.
    fn follow(&mut self, decided: Decided) -> Result<Turn, Halt> {
        self.take_fillings()?;
        self.lab.record(&Record::Decided(Box::new(decided.clone())))?;
        self.by_hand.pass(true);
        Ok(Turn::of(decided))
    }

    /// What is recorded of the next experiment, on which nobody has decided.
    fn recorded_conditions(&mut self) -> Result<Option<Conditions>, Halt> {
        let known = self.recorded.get(self.number as usize).copied();
        if let Some(known) = known.filter(|_| self.there.is_some()) {
            return Ok(Some(known.conditions.clone()));
        }
        self.take_fillings()?;
        if let Some(known) = known {
            return Ok(Some(known.conditions.clone()));
        }
        if let Some(spoiled) = self.spoiled_before().first() {
            return Ok(Some(spoiled.conditions.clone()));
        }
        if self.campaign.only_recorded {
            return Err(Fault::new(self.lab.now(), "replay", FaultKind::Interrupted).into());
        }
        Ok(None)
    }

    /// What the policy proposes.
    fn propose(
        &mut self,
        phase: &Phase,
        history: &History,
        asked: usize,
    ) -> Result<Conditions, Halt> {
        let (cost, planned, policy) = (self.costs.next(), phase.experiments, phase.policy.clone());
        let (space, history) = (self.campaign.scenario.space().clone(), history.clone());
        let context = self.campaign.context(phase);
        let propose = move || {
            let (space, history, count, cost) = (&space, &history, 1, Some(&cost as _));
            let ask = Ask { space, history, count, asked, planned, cost };
            policy.propose(&ask, &context)
        };
        let answer = self.thinking(propose)?;
        let answer = answer.map_err(|source| self.no_answer(phase, source))?;
        self.work += answer.work;
        Ok(answer
            .conditions
            .into_iter()
            .next()
            .expect("a policy answers with what it is asked for"))
    }

    /// A proposal with all that helps to decide on it.
    fn proposed(
        &mut self,
        phase: &Phase,
        history: &History,
        place: Place,
        conditions: &Conditions,
    ) -> Result<Proposed, Halt> {
        let cost = self.costs.next()(conditions);
        let scenario = self.campaign.scenario;
        let (known, wanted) = (with_values(scenario, history), conditions.clone());
        let latest = known.trials.last().map(|trial| trial.values.clone()).unwrap_or_default();
        let context = self.campaign.context(phase);
        let (space, surrogate) = (scenario.space().clone(), scenario.surrogate());
        let outcomes = scenario.wanted().outcomes.clone();
        let count = outcomes.len();
        let expect =
            move || suggest::expected(&space, surrogate, &known, (count, &wanted), &context);
        // Who decides can do without: a policy that needs a model says by itself that there is none.
        let expected = self.thinking(expect)?.unwrap_or_else(|_| vec![None; count]);
        let units = scenario.features();
        let unit = |name: &String| units.iter().find(|(known, _)| known == name);
        let expected = outcomes.into_iter().zip(expected).enumerate().map(|(i, found)| {
            let ((outcome, prediction), latest) = (found, latest.get(i).copied().flatten());
            let unit = unit(&outcome).map(|(_, unit)| unit.clone()).unwrap_or_default();
            Expected { outcome, unit, prediction, latest }
        });
        Ok(Proposed {
            experiment: self.number + 1,
            phase: phase.name.clone(),
            policy: phase.policy.name().to_owned(),
            place: place.done + 1,
            of: phase.experiments,
            may_skip: phase.experiments.saturating_sub(place.skipped),
            conditions: conditions.clone(),
            space: scenario.space().clone(),
            expected: expected.collect(),
            cost,
            because: None,
        })
    }

    /// What is decided on a proposal, by whoever decides first.
    fn decision(&mut self, by: &dyn Reviewer, proposed: &Proposed) -> Result<Decision, Halt> {
        by.show(proposed);
        let decided = self.until_decided(by, proposed);
        by.over(decided.as_ref().ok());
        decided
    }

    fn until_decided(&mut self, by: &dyn Reviewer, proposed: &Proposed) -> Result<Decision, Halt> {
        let mut waits = false;
        loop {
            match by.decision() {
                Some(Answer::Decided(decision)) => match unfit(&decision, proposed) {
                    None => return Ok(decision),
                    Some(why) => by.refused(&why),
                },
                Some(Answer::Stop) => {
                    let fault = Fault::new(self.lab.now(), "operator", FaultKind::Interrupted);
                    self.lab.record(&Record::Fault(fault.clone()))?;
                    return Err(fault.into());
                }
                // Nobody knows how long people take.
                None if !std::mem::replace(&mut waits, true) => self.rest()?,
                None => self.look()?,
            }
        }
    }
}

/// A history whose trials have the values of all outcomes, also where a policy sees only what they are worth.
fn with_values(scenario: &Scenario, history: &History) -> History {
    let goals = &scenario.wanted().goals;
    // One feature that is to be maximised is worth what it is, one that is to be minimised its negative.
    let Some(sign) = goals.merit(&[Some(1.0)]).filter(|_| goals.is_plain()) else {
        return history.clone();
    };
    let value = |trial: &Trial| trial.outcome.map(|outcome| sign * outcome);
    let trials = history.trials.iter().map(|trial| trial.clone().with_values(vec![value(trial)]));
    History { trials: trials.collect(), ..history.clone() }
}

/// Why what was decided cannot be done.
fn unfit(decision: &Decision, proposed: &Proposed) -> Option<String> {
    match decision {
        Decision::Change(conditions) | Decision::Add(conditions) => {
            choice::allowed(&proposed.space, conditions).err()
        }
        Decision::Skip if proposed.may_skip == 0 => Some(format!(
            "as many proposals of phase {} were skipped as it has experiments ({}): accept this one, change it, or stop",
            proposed.phase, proposed.of
        )),
        _ => None,
    }
}

fn is_end_of_list(error: &CampaignError) -> bool {
    matches!(error, CampaignError::Policy { source: PolicyError::ListEnds { .. }, .. })
}
