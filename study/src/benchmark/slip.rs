//! What cannot be compared.

use flowtwin_campaign::scenario::{Entrant, Scenario};

/// Why scenarios and policies make no benchmark.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Slip {
    /// The experiments of a scenario are done elsewhere.
    #[error("{0} has no rig")]
    NoRig(String),
    /// Results go by the names of scenarios.
    #[error("two scenarios are named {0}")]
    SameScenario(String),
    /// Results go by the names of policies.
    #[error("two policies are named {0}")]
    SamePolicy(String),
    /// There is no policy.
    #[error("there is no policy to compare")]
    NoPolicy,
}

/// Makes sure that policies can be compared on scenarios.
///
/// # Errors
/// The first reason why they cannot.
pub fn comparable(scenarios: &[Scenario], entrants: &[Entrant]) -> Result<(), Slip> {
    if let Some(outside) = scenarios.iter().find(|scenario| scenario.is_outside()) {
        return Err(Slip::NoRig(outside.name().into()));
    }
    let names: Vec<&str> = scenarios.iter().map(Scenario::name).collect();
    if let Some(name) = twice(&names) {
        return Err(Slip::SameScenario(name.into()));
    }
    if entrants.is_empty() {
        return Err(Slip::NoPolicy);
    }
    let names: Vec<&str> = entrants.iter().map(|entrant| entrant.name.as_str()).collect();
    twice(&names).map_or(Ok(()), |name| Err(Slip::SamePolicy(name.into())))
}

/// The first name that was there before.
fn twice<'a>(names: &[&'a str]) -> Option<&'a str> {
    let again = |(place, name): &(usize, &&str)| names[..*place].contains(*name);
    names.iter().enumerate().find(again).map(|(_, name)| *name)
}
