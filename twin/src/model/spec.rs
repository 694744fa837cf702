//! How scenarios name surrogates.

use std::str::FromStr;

use flowtwin_lab::nearest;
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::Model;
use crate::Context;
use crate::ensemble::Ensemble;
use crate::forest::Forest;
use crate::gp::GaussianProcess;
use crate::grey::GreyBox;
use crate::legacy::LegacyEnsemble;
use crate::stack::Stack;
use crate::surrogate::{FitError, Surrogate};

/// Lists every surrogate once: what it is, its name in scenarios, the kind of [`Model`] that it fits, and how.
macro_rules! surrogates {
    ($( $(#[$about:meta])+ $surrogate:ident $name:literal => $kind:ident($made:expr); )+) => {
        /// Which surrogate to learn with, as scenarios spell it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum SurrogateSpec {
            $( $(#[$about])+ $surrogate, )+
        }

        impl SurrogateSpec {
            /// All of them.
            pub const ALL: [Self; [$( $name ),+].len()] = [$( Self::$surrogate ),+];

            /// Its name, as scenarios spell it.
            pub fn name(self) -> &'static str {
                match self {
                    $( Self::$surrogate => $name, )+
                }
            }
        }

        impl Surrogate for SurrogateSpec {
            type Posterior = Model;

            fn fit(
                &self,
                x: ArrayView2<'_, f64>,
                y: &[f64],
                context: &Context,
            ) -> Result<Model, FitError> {
                Ok(match self {
                    $( Self::$surrogate => Model::$kind($made.fit(x, y, context)?.into()), )+
                })
            }
        }
    };
}

surrogates! {
    /// Ten cascades of 2 to 5 layers, trained as the group's Fast-Cat code does.
    LegacyFastcat "legacy-fastcat" => Legacy(LegacyEnsemble::fast_cat());

    /// Twenty cascades of 8 to 10 layers, trained as the group's Smart-Dope code does.
    LegacySmartdope "legacy-smartdope" => Legacy(LegacyEnsemble::smart_dope());

    /// Twenty networks with random hidden units and Bayesian output layers; the default of campaigns.
    Modern "modern" => Modern(Ensemble::default());

    /// A Gaussian process, Matérn 5/2 with a length for each input; the fastest.
    Gp "gp" => Gp(GaussianProcess::default());

    /// A random forest of 200 trees: for steps, plateaus and many irrelevant inputs.
    Forest "forest" => Forest(Forest::default());

    /// Several models weighed by how well each predicts what it has not seen: the most accurate, and slower.
    Stack "stack" => Stack(Stack::default());

    /// The simulator of the scenario, fitted as experiments come, and a Gaussian process for what it does not know.
    Twin "twin" => Twin(GreyBox::default());
}

impl SurrogateSpec {
    /// Whether it learns from data alone; one does with a simulator of the lab, see [`crate::Mechanism`].
    pub fn needs_data_only(self) -> bool {
        self != Self::Twin
    }

    /// Whether it is one of the published ensembles, with the published ways of using it.
    pub fn is_legacy(self) -> bool {
        matches!(self, Self::LegacyFastcat | Self::LegacySmartdope)
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
