//! What a campaign is after: checked, and seen in observations.

use flowtwin_lab::{Goal, LimitSpec, ObjectiveSpec, Observation, Wanted};
use flowtwin_twin::Trial;

use super::Scenario;
use super::check::{Problem, known_feature};
use super::file::{PhaseSpec, ScenarioFile};

impl ScenarioFile {
    /// Everything that the campaign is after, in order: at least one thing in a scenario that has been checked.
    pub fn all_objectives(&self) -> impl Iterator<Item = &ObjectiveSpec> {
        self.objective.iter().chain(&self.objectives)
    }

    /// Objectives and limits, by the outcomes that they are about.
    pub fn wanted(&self) -> Wanted {
        Wanted::new(self.all_objectives(), &self.limits)
    }
}

impl Scenario {
    /// Objectives and limits, by the outcomes that they are about.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The first, or only, thing that the campaign is after.
    ///
    /// # Panics
    /// Never: what has been checked has one.
    pub fn objective(&self) -> &ObjectiveSpec {
        self.file.all_objectives().next().expect("a scenario that was checked has an objective")
    }

    /// An experiment at a point `x` \[d\] of the unit cube with these values of the outcomes, as policies see it.
    pub fn trial_at(&self, x: Vec<f64>, values: Vec<Option<f64>>) -> Trial {
        let features = self.features_of(|name| {
            let place = self.wanted.outcomes.iter().position(|known| known == name)?;
            values[place]
        });
        let trial = Trial::at(x, self.wanted.goals.merit(&values)).with_values(values);
        trial.with_features(features)
    }

    /// An experiment as policies see it.
    pub fn trial(&self, observation: &Observation) -> Trial {
        let Wanted { goals, .. } = &self.wanted;
        let x = self.space.to_unit(&observation.conditions);
        let values = self.wanted.values(|name| observation.feature(name));
        let sound = !observation.failed() && observation.outcome.quality.flags().is_empty();
        let features = self.features_of(|name| observation.feature(name).filter(|_| sound));
        let trial = Trial::at(x, goals.merit(&values)).with_features(features);
        if goals.is_plain() { trial } else { trial.with_values(values) }
    }
}

impl Scenario {
    /// Features of an experiment in their order, where a policy may learn from all of them: with a simulator.
    fn features_of(&self, value: impl Fn(&str) -> Option<f64>) -> Vec<Option<f64>> {
        match self.believed {
            Some(_) => self.features().iter().map(|(name, _)| value(name)).collect(),
            None => Vec::new(),
        }
    }
}

/// Whether it is clear what the campaign is after, and whether it can be.
pub(super) fn check(file: &ScenarioFile) -> Result<(), Problem> {
    let both = file.objective.is_some() && !file.objectives.is_empty();
    if both {
        let message = "[objective] and [[objectives]] both say what the campaign is after";
        let hint =
            "leave one out; `objective = false` takes away that of a scenario which is extended";
        return Err(Problem::new(&["objectives"], message).hint(Some(hint.into())));
    }
    if file.all_objectives().next().is_none() {
        let hint = "say what the campaign is after: [objective] with its `feature`";
        return Err(Problem::new(&[], "missing key `objective`").hint(Some(hint.into())));
    }
    for (i, spec) in file.objectives.iter().enumerate() {
        objective(file, i, spec)?;
    }
    if let Some(worst) = file.objective.as_ref().and_then(|o| o.worst) {
        return Err(worst_of_one(&["objective", "worst"], worst));
    }
    for (i, spec) in file.limits.iter().enumerate() {
        limit(i, spec)?;
    }
    let outcomes = file.all_objectives().map(|o| &o.feature);
    let outcomes = outcomes.chain(file.limits.iter().map(|l| &l.feature));
    let outcomes = outcomes.chain(file.analysis.features.iter().map(|f| &f.name));
    if let Some(name) = outcomes.into_iter().find(|name| file.space.inputs.get(name).is_some()) {
        let message = format!("`{name}` is an outcome, too: an input needs a name of its own");
        return Err(Problem::new(&["space", "inputs", name], message));
    }
    if file.objectives.len() > 1 {
        file.phases.iter().enumerate().try_for_each(|(i, phase)| rules(i, phase))?;
    }
    Ok(())
}

/// Whether all that is wanted is measured.
pub(super) fn features(file: &ScenarioFile) -> Result<(), Problem> {
    if let Some(objective) = &file.objective {
        known_feature(file, &objective.feature, &["objective", "feature"])?;
    }
    let listed = |list, names: Vec<&str>| {
        for (i, name) in names.into_iter().enumerate() {
            known_feature(file, name, &[list, &i.to_string(), "feature"])?;
        }
        Ok(())
    };
    listed("objectives", file.objectives.iter().map(|o| o.feature.as_str()).collect())?;
    listed("limits", file.limits.iter().map(|l| l.feature.as_str()).collect())
}

fn objective(file: &ScenarioFile, place: usize, spec: &ObjectiveSpec) -> Result<(), Problem> {
    let number = place.to_string();
    let earlier = &file.objectives[..place];
    if earlier.iter().any(|other| other.feature == spec.feature) {
        let message = format!("two objectives are of {}", spec.feature);
        return Err(Problem::new(&["objectives", &number, "feature"], message));
    }
    match (spec.worst, spec.goal) {
        (Some(worst), _) if file.objectives.len() == 1 => {
            Err(worst_of_one(&["objectives", &number, "worst"], worst))
        }
        (Some(worst), Goal::Target { target, within }) if (worst - target).abs() <= within => {
            let message = format!("the worst, {worst}, is within {within} of the target, {target}");
            Err(Problem::new(&["objectives", &number, "worst"], message))
        }
        _ => Ok(()),
    }
}

fn worst_of_one(path: &[&str], worst: f64) -> Problem {
    let message = format!("worst = {worst} means nothing where there is one objective");
    let hint = "a limit with at_least or at_most says what is not a solution";
    Problem::new(path, message).hint(Some(hint.into()))
}

fn limit(place: usize, spec: &LimitSpec) -> Result<(), Problem> {
    let number = place.to_string();
    match (spec.at_least, spec.at_most) {
        (None, None) => {
            let message = format!("the limit on {} has neither at_least nor at_most", spec.feature);
            Err(Problem::new(&["limits", &number], message))
        }
        (Some(low), Some(high)) if low >= high => {
            let message = format!(
                "{} cannot be at least {low} and at most {high}: at_least must be below at_most",
                spec.feature
            );
            Err(Problem::new(&["limits", &number, "at_least"], message))
        }
        _ => Ok(()),
    }
}

/// Rules that are about one outcome.
fn rules(place: usize, phase: &PhaseSpec) -> Result<(), Problem> {
    let stop = &phase.stop;
    let single = [
        ("target", stop.target),
        ("test_r2", stop.test_r2),
        ("improvement_per_noise", stop.improvement_per_noise),
    ];
    match single.into_iter().find(|(_, value)| value.is_some()) {
        None => Ok(()),
        Some((key, _)) => {
            let message = format!("{key} is about one objective, and this campaign has several");
            let hint = "lab_time_s and reagent_ml can end it";
            let path = ["phases", &place.to_string(), "stop", key];
            Err(Problem::new(&path, message).hint(Some(hint.into())))
        }
    }
}
