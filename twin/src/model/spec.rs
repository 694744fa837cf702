//! How scenarios name surrogates.

use std::str::FromStr;

use flowtwin_lab::nearest;
use serde::{Deserialize, Serialize};

/// Which surrogate to learn with, as scenarios spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SurrogateSpec {
    /// Ten cascades of 2 to 5 layers, trained as the group's Fast-Cat code does.
    LegacyFastcat,
    /// Twenty cascades of 8 to 10 layers, trained as the group's Smart-Dope code does.
    LegacySmartdope,
    /// Twenty networks with random hidden units and Bayesian output layers; the default of campaigns.
    Modern,
    /// A Gaussian process, Matérn 5/2 with a length for each input; the fastest.
    Gp,
    /// A random forest of 200 trees: for steps, plateaus and many irrelevant inputs.
    Forest,
    /// Several models weighed by how well each predicts what it has not seen: the most accurate, and slower.
    Stack,
}

impl SurrogateSpec {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::LegacyFastcat,
        Self::LegacySmartdope,
        Self::Modern,
        Self::Gp,
        Self::Forest,
        Self::Stack,
    ];

    /// Whether it is one of the published ensembles, with the published ways of using it.
    pub fn is_legacy(self) -> bool {
        matches!(self, Self::LegacyFastcat | Self::LegacySmartdope)
    }

    /// Its name, as scenarios spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LegacyFastcat => "legacy-fastcat",
            Self::LegacySmartdope => "legacy-smartdope",
            Self::Modern => "modern",
            Self::Gp => "gp",
            Self::Forest => "forest",
            Self::Stack => "stack",
        }
    }
}

impl FromStr for SurrogateSpec {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let known = Self::ALL.map(Self::name);
        Self::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| UnknownName {
            what: "surrogate",
            name: name.into(),
            known: known.join(", "),
            meant: nearest(name, &known).map(str::to_owned),
        })
    }
}

/// A name that nothing has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} named {name}; {}", self.advice())]
pub struct UnknownName {
    /// What was looked for.
    pub what: &'static str,
    /// The name.
    pub name: String,
    /// The names there are.
    pub known: String,
    /// The one of them that was probably meant.
    pub meant: Option<String>,
}

impl UnknownName {
    fn advice(&self) -> String {
        match &self.meant {
            Some(meant) => format!("did you mean {meant}? There are {}", self.known),
            None => format!("there are {}", self.known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_read_as_they_are_named() {
        for surrogate in SurrogateSpec::ALL {
            let text = serde_json::to_string(&surrogate).unwrap();
            assert_eq!(text, format!("\"{}\"", surrogate.name()));
            assert_eq!(surrogate.name().parse(), Ok(surrogate));
        }
    }
}
