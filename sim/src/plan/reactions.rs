//! What a plan makes of reactions.

use std::collections::BTreeSet;

use super::PlanError;
use crate::model::network::{Equation, MOMENTS, Wrong};
use crate::spec::{Chemistry, Particles, Reaction, Species};

/// How far the atoms of both sides of an equation may differ.
const BALANCE: f64 = 1e-9;

/// Every species that equations name, and what particles are followed by.
pub(super) fn species(chemistry: &Chemistry) -> Result<BTreeSet<String>, PlanError> {
    let mut all = BTreeSet::new();
    if let Some(particles) = &chemistry.particles {
        all.extend(deposit(particles)?.species().map(str::to_owned));
        all.extend(MOMENTS.map(str::to_owned));
    }
    for (i, reaction) in chemistry.reactions.iter().enumerate() {
        let equation = equation(i, reaction)?;
        all.extend(equation.species().map(str::to_owned));
    }
    Ok(all)
}

/// A complaint about a reaction, at its key.
pub(super) fn error(wrong: Wrong) -> PlanError {
    let Wrong { reaction, key, message } = wrong;
    let key = match reaction {
        Some(reaction) => format!("chemistry.reactions.{reaction}.{key}"),
        None => format!("chemistry.particles.{key}"),
    };
    PlanError::Inconsistent { key, detail: message }
}

fn equation(reaction: usize, spec: &Reaction) -> Result<Equation, PlanError> {
    Equation::parse(&spec.equation)
        .map_err(|message| error(Wrong { reaction: Some(reaction), key: "equation", message }))
}

fn deposit(spec: &Particles) -> Result<Equation, PlanError> {
    Equation::parse(&spec.deposit)
        .map_err(|message| error(Wrong { reaction: None, key: "deposit", message }))
}

/// Refuses an equation whose sides hold different atoms, as far as its species are known.
pub(super) fn check_balance(chemistry: &Chemistry) -> Result<(), PlanError> {
    for (i, reaction) in chemistry.reactions.iter().enumerate() {
        let is_off = |message| error(Wrong { reaction: Some(i), key: "equation", message });
        balance(chemistry, &equation(i, reaction)?).map_err(is_off)?;
    }
    if let Some(particles) = &chemistry.particles {
        let is_off = |message| error(Wrong { reaction: None, key: "deposit", message });
        balance(chemistry, &deposit(particles)?).map_err(is_off)?;
    }
    Ok(())
}

/// What is wrong with the balance of an equation, in words.
fn balance(chemistry: &Chemistry, equation: &Equation) -> Result<(), String> {
    let known: Option<Vec<(&Species, f64)>> = equation
        .changes()
        .into_iter()
        .map(|(name, change)| {
            Some((chemistry.species.get(name).filter(|s| !s.atoms.is_empty())?, change))
        })
        .collect();
    let Some(known) = known else { return Ok(()) };
    let elements: BTreeSet<&String> = known.iter().flat_map(|(s, _)| s.atoms.keys()).collect();
    for element in elements {
        let atoms = |species: &Species| species.atoms.get(element).copied().unwrap_or(0.0);
        let gained = known.iter().fold(0.0, |sum, (s, change)| sum + atoms(s) * change);
        if gained.abs() > BALANCE {
            let (more, count) = if gained > 0.0 { ("right", gained) } else { ("left", -gained) };
            return Err(format!("the {more} side has {count} more {element} than the other"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chemistry(equation: &str) -> Chemistry {
        let text = format!(
            "[species]\nwater = {{ atoms = {{ H = 2.0, O = 1.0 }} }}\n\
             hydrogen = {{ atoms = {{ H = 2.0 }} }}\noxygen = {{ atoms = {{ O = 2.0 }} }}\n\
             [[reactions]]\nequation = \"{equation}\"\nk_in_mol_l_s = 1.0\n"
        );
        toml::from_str(&text).unwrap()
    }

    /// A species of which only the solubility is known has unknown atoms.
    #[test]
    fn an_equation_with_a_species_of_unknown_atoms_is_not_judged() {
        let mut chemistry = chemistry("hydrogen + oxygen -> salt");
        let salt = Species { solubility_mm: Some(3.0), ..Species::default() };
        chemistry.species.insert("salt".into(), salt);
        check_balance(&chemistry).unwrap();
    }

    #[test]
    fn an_equation_that_is_not_balanced_is_refused() {
        check_balance(&chemistry("2 hydrogen + oxygen -> 2 water")).unwrap();
        check_balance(&chemistry("hydrogen + something -> 2 water")).unwrap();
        let error = check_balance(&chemistry("hydrogen + oxygen -> water")).unwrap_err();
        assert_eq!(error.key(), "chemistry.reactions.0.equation");
        assert!(error.to_string().ends_with("the left side has 1 more O than the other"));
    }
}
