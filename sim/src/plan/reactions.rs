//! What a plan makes of reactions.

use std::collections::BTreeSet;

use super::PlanError;
use crate::model::network::{Equation, Wrong};
use crate::spec::{Chemistry, Reaction, Species};

/// How far the atoms of both sides of an equation may differ.
const BALANCE: f64 = 1e-9;

/// Every species that equations name.
pub(super) fn species(chemistry: &Chemistry) -> Result<BTreeSet<String>, PlanError> {
    let mut all = BTreeSet::new();
    for (i, reaction) in chemistry.reactions.iter().enumerate() {
        let equation = equation(i, reaction)?;
        all.extend(equation.species().map(str::to_owned));
    }
    Ok(all)
}

/// A complaint about a reaction, at its key.
pub(super) fn error(wrong: Wrong) -> PlanError {
    let Wrong { reaction, key, message } = wrong;
    PlanError::Inconsistent {
        key: format!("chemistry.reactions.{reaction}.{key}"),
        detail: message,
    }
}

fn equation(reaction: usize, spec: &Reaction) -> Result<Equation, PlanError> {
    Equation::parse(&spec.equation)
        .map_err(|message| error(Wrong { reaction, key: "equation", message }))
}

/// Refuses an equation whose sides hold different atoms, as far as its species are known.
pub(super) fn check_balance(chemistry: &Chemistry) -> Result<(), PlanError> {
    for (i, reaction) in chemistry.reactions.iter().enumerate() {
        let equation = equation(i, reaction)?;
        let known: Option<Vec<(&Species, f64)>> = equation
            .changes()
            .into_iter()
            .map(|(name, change)| {
                Some((chemistry.species.get(name).filter(|s| !s.atoms.is_empty())?, change))
            })
            .collect();
        let Some(known) = known else { continue };
        let elements: BTreeSet<&String> = known.iter().flat_map(|(s, _)| s.atoms.keys()).collect();
        for element in elements {
            let atoms = |species: &Species| species.atoms.get(element).copied().unwrap_or(0.0);
            let gained = known.iter().fold(0.0, |sum, (s, change)| sum + atoms(s) * change);
            if gained.abs() > BALANCE {
                let (more, count) =
                    if gained > 0.0 { ("right", gained) } else { ("left", -gained) };
                let message = format!("the {more} side has {count} more {element} than the other");
                return Err(error(Wrong { reaction: i, key: "equation", message }));
            }
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
