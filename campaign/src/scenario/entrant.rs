//! Who takes part in a benchmark.

use std::str::FromStr;
use std::time::Duration;

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Wanted;
use flowtwin_twin::{Policy, PolicySpec, SurrogateSpec};
use serde::Serialize;

use super::Scenario;
use super::unknown::explain;
use crate::outside::OutsidePolicy;

/// A policy that takes part, by the name it has in tables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entrant {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntrantKind,
}

/// What an entrant is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntrantKind {
    /// A built-in policy.
    Policy {
        /// Which.
        policy: PolicySpec,
        /// What it learns with; none for the surrogate of the scenario.
        surrogate: Option<SurrogateSpec>,
    },
    /// A program outside this one.
    Program {
        /// The command.
        command: String,
    },
}

/// Why a text names no entrant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a policy: {problem}; write [NAME=]POLICY[@SURROGATE]")]
pub struct EntrantError {
    text: String,
    problem: String,
}

impl FromStr for Entrant {
    type Err = EntrantError;

    /// `[NAME=]POLICY[@SURROGATE]`, such as `ei`, `ei@gp` or `ours=ucb@gp`.
    fn from_str(text: &str) -> Result<Self, EntrantError> {
        let text = text.trim();
        let fail = |problem: String| EntrantError { text: text.to_owned(), problem };
        let (name, rest) = text.split_once('=').unwrap_or((text, text));
        let (policy, surrogate) = match rest.split_once('@') {
            Some((policy, surrogate)) => (policy, Some(surrogate)),
            None => (rest, None),
        };
        let name = checked(name).map_err(fail)?;
        let policy = policy.parse::<PolicySpec>().map_err(|error| {
            let known = Diagnostic::new(error.to_string().replace("variant", "policy"));
            let Diagnostic { message, hint, .. } = explain(known);
            fail(hint.map_or(message.clone(), |hint| format!("{message}; {hint}")))
        })?;
        let surrogate = surrogate.map(SurrogateSpec::from_str).transpose();
        let surrogate = surrogate.map_err(|error| fail(error.to_string()))?;
        Ok(Self { name, kind: EntrantKind::Policy { policy, surrogate } })
    }
}

impl Entrant {
    /// The entrant of `[NAME=]COMMAND`; without a name it is `outside`.
    pub fn program(text: &str) -> Self {
        let named = text
            .split_once('=')
            .and_then(|(name, command)| checked(name).ok().map(|name| (name, command.to_owned())));
        let (name, command) = named.unwrap_or_else(|| ("outside".into(), text.to_owned()));
        Self { name, kind: EntrantKind::Program { command } }
    }

    /// The policy after what is `wanted`; it learns with `surrogate` unless it has one of its own. Each answer of a program
    /// may take `patience`.
    pub fn build(
        &self,
        surrogate: SurrogateSpec,
        wanted: &Wanted,
        patience: Duration,
    ) -> Box<dyn Policy> {
        match &self.kind {
            EntrantKind::Policy { policy, surrogate: own } => {
                policy.build_for(own.unwrap_or(surrogate), &wanted.goals)
            }
            EntrantKind::Program { command } => {
                Box::new(OutsidePolicy::new(&self.name, command, patience, wanted.clone()))
            }
        }
    }
}

/// The same scenarios with their own simulators as what surrogates may learn with, where one of the `entrants` needs one.
///
/// # Errors
/// If a scenario has no rig, or no free keys.
pub fn believing(
    scenarios: Vec<Scenario>,
    entrants: &[Entrant],
) -> Result<Vec<Scenario>, Diagnostic> {
    let needs = |entrant: &Entrant| match &entrant.kind {
        EntrantKind::Policy { policy, surrogate } => {
            *surrogate == Some(SurrogateSpec::Twin) || policy.needs_simulator()
        }
        EntrantKind::Program { .. } => false,
    };
    match entrants.iter().any(needs) {
        true => scenarios.iter().map(Scenario::believing).collect(),
        false => Ok(scenarios),
    }
}

/// A name that can be part of a file's name.
fn checked(name: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_@.".contains(c);
    if !name.is_empty() && name.chars().all(fits) {
        Ok(name.to_owned())
    } else {
        Err(format!("`{name}` is no name of letters, digits, - and _"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_policies_and_surrogates_are_told_apart() {
        let entrant: Entrant = "ours=ei@gp".parse().unwrap();
        let ei =
            EntrantKind::Policy { policy: PolicySpec::Ei {}, surrogate: Some(SurrogateSpec::Gp) };
        assert_eq!(entrant, Entrant { name: "ours".into(), kind: ei });
        assert_eq!("random".parse::<Entrant>().unwrap().name, "random");
        assert!(
            "best".parse::<Entrant>().unwrap_err().to_string().contains("`best` is not a policy")
        );
        let slip = "randm".parse::<Entrant>().unwrap_err().to_string();
        assert!(slip.contains("did you mean `random`?"), "{slip}");
        assert_eq!(" ucb".parse::<Entrant>().unwrap().name, "ucb");
        assert!("ei@oracle".parse::<Entrant>().unwrap_err().to_string().contains("oracle"));
    }

    #[test]
    fn a_program_may_have_a_name() {
        let named = Entrant::program("optuna=python optuna_policy.py --a=b");
        assert_eq!(named.name, "optuna");
        assert_eq!(
            named.kind,
            EntrantKind::Program { command: "python optuna_policy.py --a=b".into() }
        );
        assert_eq!(Entrant::program("python my policy.py --a=b").name, "outside");
    }
}
