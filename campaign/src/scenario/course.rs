//! What every policy of a benchmark has to run: the same opening, then a number of experiments of its own.

use flowtwin_lab::{Conditions, Goals};
use flowtwin_twin::{Listed, Policy, PolicySpec, StopRules, SurrogateSpec};
use serde::{Deserialize, Serialize};

use super::Phase;
use super::file::ScenarioFile;

/// Name of the phase in which policies compete: the same for all, so that they draw from the same streams.
pub const CONTEST: &str = "contest";

/// The course that every policy runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// The opening that all share, phase by phase.
    pub opening: Vec<Leg>,
    /// Experiments of each policy's own.
    pub experiments: usize,
}

/// A phase of the opening; each builds on the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// Name of the phase.
    pub name: String,
    /// What decides in it.
    pub policy: PolicySpec,
    /// Number of experiments.
    pub experiments: usize,
}

impl Course {
    /// The course of a scenario: its phases up to where it branches are the opening, and a policy has as many
    /// experiments as the longest branch. A scenario that does not branch opens with a Latin hypercube of one
    /// experiment more than it has inputs, out of those of its longest phase. `opening` asks for a Latin hypercube of
    /// so many experiments instead, `experiments` for another number of a policy's own.
    ///
    /// `dim` is the number of inputs.
    pub fn new(
        scenario: &ScenarioFile,
        dim: usize,
        opening: Option<usize>,
        experiments: Option<usize>,
    ) -> Self {
        let phases = &scenario.phases;
        let place = |name: &String| phases.iter().position(|phase| phase.name == *name);
        let is_base = |name: &String| phases.iter().any(|phase| phase.from.as_ref() == Some(name));
        let branch = phases
            .iter()
            .filter(|phase| !is_base(&phase.name))
            .max_by_key(|phase| phase.experiments)
            .expect("a last phase is the base of none");
        let mut legs = Vec::new();
        let mut base = branch.from.as_ref().and_then(place);
        while let Some(index) = base {
            let phase = &phases[index];
            legs.insert(
                0,
                Leg {
                    name: phase.name.clone(),
                    policy: phase.policy.clone(),
                    experiments: phase.experiments as usize,
                },
            );
            base = phase.from.as_ref().and_then(place);
        }
        let mut own = branch.experiments as usize;
        if legs.is_empty() && opening.is_none() {
            let start = (dim + 1).min(own - 1);
            legs.push(Leg::hypercube(start));
            own -= start;
        }
        if let Some(n) = opening {
            legs = vec![Leg::hypercube(n)];
        }
        legs.retain(|leg| leg.experiments > 0);
        Self { opening: legs, experiments: experiments.unwrap_or(own) }
    }

    /// Number of experiments before policies compete.
    pub fn opened(&self) -> usize {
        self.opening.iter().map(|leg| leg.experiments).sum()
    }

    /// The phases of the opening.
    pub fn opening_phases(&self, surrogate: SurrogateSpec, goals: &Goals) -> Vec<Phase> {
        self.legs(|leg| leg.policy.build_for(surrogate, goals))
    }

    /// The phases of the opening as they were run before.
    pub fn known_phases(&self, opening: &[Conditions]) -> Vec<Phase> {
        let mut begin = 0;
        self.legs(|leg| {
            // An opening that a fault cut short is cut short again before anything beyond it is asked for.
            let end = (begin + leg.experiments).min(opening.len());
            let given = opening[begin..end].to_vec();
            begin = end;
            Box::new(Listed::new(given))
        })
    }

    /// The opening, of which nothing is asked any more, then `policy` on its own.
    pub fn phases(&self, policy: Box<dyn Policy>) -> Vec<Phase> {
        let mut phases = self.known_phases(&[]);
        self.contest(&mut phases, policy);
        phases
    }

    /// The opening by its own policies, then `policy`.
    pub(crate) fn live_phases(
        &self,
        surrogate: SurrogateSpec,
        goals: &Goals,
        policy: Box<dyn Policy>,
    ) -> Vec<Phase> {
        let mut phases = self.opening_phases(surrogate, goals);
        self.contest(&mut phases, policy);
        phases
    }

    fn contest(&self, phases: &mut Vec<Phase>, policy: Box<dyn Policy>) {
        phases.push(Phase {
            name: CONTEST.into(),
            policy: policy.into(),
            experiments: self.experiments,
            from: phases.len().checked_sub(1),
            stop: StopRules::default(),
        });
    }

    fn legs(&self, mut policy: impl FnMut(&Leg) -> Box<dyn Policy>) -> Vec<Phase> {
        let phase = |(i, leg): (usize, &Leg)| Phase {
            name: leg.name.clone(),
            policy: policy(leg).into(),
            experiments: leg.experiments,
            from: i.checked_sub(1),
            stop: StopRules::default(),
        };
        self.opening.iter().enumerate().map(phase).collect()
    }
}

impl Leg {
    fn hypercube(experiments: usize) -> Self {
        Self { name: "opening".into(), policy: PolicySpec::Lhs {}, experiments }
    }
}
