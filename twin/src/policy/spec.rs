//! How scenarios name policies.

use std::str::FromStr;

use flowtwin_lab::{Conditions, Goals};
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::acquisition::UCB_LAMBDA;
use crate::model::SurrogateSpec;
use crate::policy::{Aim, Guided, LatinHypercube, Listed, Policy, Random, Several, SobolSequence};

/// Which policy to ask, as scenarios spell it: `policy = "ei"`, or a table where a policy has keys that are not to
/// stand at their defaults, such as `policy.ucb.lambda = 2.0`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PolicySpec {
    /// Conditions that were decided beforehand, in order.
    List {
        /// The conditions, one for each experiment of the phase.
        conditions: Vec<Conditions>,
    },
    /// Uniformly random points.
    Random {},
    /// A Latin hypercube.
    Lhs {},
    /// A scrambled Sobol' sequence.
    Sobol {},
    /// Where the surrogate knows least.
    MaxVariance {},
    /// Where the surrogate expects most.
    Exploit {},
    /// Upper confidence bound.
    Ucb {
        /// Weight of the standard deviation.
        lambda: f64,
    },
    /// Expected improvement.
    Ei {},
    /// Closed form of the expected improvement, by its logarithm.
    LogEi {},
    /// One draw of the posterior.
    Thompson {},
    /// Expected improvement in a box around the best experiment.
    TrustRegion {},
    /// Confidence bounds by turns, which leave an optimum that is known for others.
    Balanced {},
    /// Probability of being among the best twentieth of a table; elsewhere, expected improvement.
    Top {},
    /// Expected improvement per lab time.
    EiPerTime {},
    /// Expected improvement per volume of reagent.
    EiPerMl {},
}

/// The same, for serde to read: every policy is a table, and every key has a default.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Table {
    /// Conditions that were decided elsewhere, in their order.
    List {
        /// A value for each input, by name; one such table for each experiment.
        conditions: Vec<Conditions>,
    },
    /// Uniform over the feasible region.
    Random {},
    /// A Latin hypercube.
    Lhs {},
    /// A scrambled Sobol' sequence.
    Sobol {},
    /// Where the spread is largest.
    MaxVariance {},
    /// Where the mean is highest, "EPLT".
    Exploit {},
    /// Where the mean and `lambda` spreads are highest.
    Ucb {
        /// Weight of the spread.
        #[serde(default = "default_lambda")]
        lambda: f64,
    },
    /// Expected improvement.
    Ei {},
    /// Closed form of the expected improvement, by its logarithm.
    LogEi {},
    /// One draw of the posterior.
    Thompson {},
    /// Expected improvement in a box around the best experiment.
    TrustRegion {},
    /// Confidence bounds by turns, which leave an optimum that is known for others.
    Balanced {},
    /// Probability of being among the best twentieth of a table; elsewhere, expected improvement.
    Top {},
    /// Expected improvement per lab time.
    EiPerTime {},
    /// Expected improvement per volume of reagent.
    EiPerMl {},
}

fn default_lambda() -> f64 {
    UCB_LAMBDA
}

impl PolicySpec {
    /// Its name, as scenarios spell it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::List { .. } => "list",
            Self::Random {} => "random",
            Self::Lhs {} => "lhs",
            Self::Sobol {} => "sobol",
            Self::MaxVariance {} => "max_variance",
            Self::Exploit {} => "exploit",
            Self::Ucb { .. } => "ucb",
            Self::Ei {} => "ei",
            Self::LogEi {} => "log_ei",
            Self::Thompson {} => "thompson",
            Self::TrustRegion {} => "trust_region",
            Self::Balanced {} => "balanced",
            Self::Top {} => "top",
            Self::EiPerTime {} => "ei_per_time",
            Self::EiPerMl {} => "ei_per_ml",
        }
    }

    /// The policy, learning with `surrogate` if it learns at all.
    pub fn build(&self, surrogate: SurrogateSpec) -> Box<dyn Policy> {
        if let Some(aim) = self.aim() {
            return Box::new(Guided { name: self.name(), aim, surrogate });
        }
        match *self {
            Self::List { ref conditions } => Box::new(Listed::new(conditions.clone())),
            Self::Lhs {} => Box::new(LatinHypercube),
            Self::Sobol {} => Box::new(SobolSequence),
            _ => Box::new(Random),
        }
    }
}

impl PolicySpec {
    /// The policy for `goals`, learning with `surrogate` if it learns at all. Where one outcome is maximised or minimised and
    /// there are no limits, that is the policy of [`PolicySpec::build`].
    pub fn build_for(&self, surrogate: SurrogateSpec, goals: &Goals) -> Box<dyn Policy> {
        let aim = self.aim().filter(|_| !goals.is_plain());
        match aim {
            Some(aim) => {
                Box::new(Several { name: self.name(), aim, surrogate, goals: goals.clone() })
            }
            None => self.build(surrogate),
        }
    }

    /// What it maximises, if it is guided by a surrogate.
    fn aim(&self) -> Option<Aim> {
        Some(match *self {
            Self::List { .. } | Self::Random {} | Self::Lhs {} | Self::Sobol {} => return None,
            Self::MaxVariance {} => Aim::MaxVariance,
            Self::Exploit {} => Aim::Exploit,
            Self::Ucb { lambda } => Aim::Ucb { lambda },
            Self::Ei {} => Aim::Ei,
            Self::LogEi {} => Aim::LogEi,
            Self::Thompson {} => Aim::Thompson,
            Self::TrustRegion {} => Aim::TrustRegion,
            Self::Balanced {} => Aim::Balanced,
            Self::Top {} => Aim::Top,
            Self::EiPerTime {} => Aim::EiPerTime,
            Self::EiPerMl {} => Aim::EiPerMl,
        })
    }
}

impl From<Table> for PolicySpec {
    fn from(table: Table) -> Self {
        match table {
            Table::List { conditions } => Self::List { conditions },
            Table::Random {} => Self::Random {},
            Table::Lhs {} => Self::Lhs {},
            Table::Sobol {} => Self::Sobol {},
            Table::MaxVariance {} => Self::MaxVariance {},
            Table::Exploit {} => Self::Exploit {},
            Table::Ucb { lambda } => Self::Ucb { lambda },
            Table::Ei {} => Self::Ei {},
            Table::LogEi {} => Self::LogEi {},
            Table::Thompson {} => Self::Thompson {},
            Table::TrustRegion {} => Self::TrustRegion {},
            Table::Balanced {} => Self::Balanced {},
            Table::Top {} => Self::Top {},
            Table::EiPerTime {} => Self::EiPerTime {},
            Table::EiPerMl {} => Self::EiPerMl {},
        }
    }
}

impl FromStr for PolicySpec {
    type Err = serde::de::value::Error;

    /// The policy of this name, with its defaults.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::deserialize(name.into_deserializer())
    }
}

impl<'de> Deserialize<'de> for PolicySpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Table;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of a policy, or a table of that name with its keys")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Table, E> {
                let table = std::iter::once((name, NoKeys));
                Table::deserialize(MapAccessDeserializer::new(MapDeserializer::new(table)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(NameOrTable).map(Self::from)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for PolicySpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PolicySpec".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let table = Table::json_schema(generator).to_value();
        let choices = table["oneOf"].as_array().expect("a policy is one of several tables");
        let names = choices.iter().filter_map(|choice| {
            let name = choice["required"][0].as_str()?;
            choice["properties"][name].get("required").is_none().then_some(name)
        });
        let names: Vec<_> = names.collect();
        schemars::json_schema!({
            "description": "Which policy to ask: its name, or a table of that name with its keys.",
            "anyOf": [{ "enum": names }, table],
        })
    }
}

/// The value of a table without keys.
struct NoKeys;

impl<'de, E: serde::de::Error> IntoDeserializer<'de, E> for NoKeys {
    type Deserializer = MapDeserializer<'de, std::iter::Empty<(&'static str, &'static str)>, E>;

    fn into_deserializer(self) -> Self::Deserializer {
        MapDeserializer::new(std::iter::empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<PolicySpec, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_name_alone_gives_the_defaults() {
        assert_eq!(parse(r#""ei""#).unwrap(), PolicySpec::Ei {});
        assert_eq!(parse(r#""ucb""#).unwrap(), PolicySpec::Ucb { lambda: UCB_LAMBDA });
        assert_eq!("max_variance".parse(), Ok(PolicySpec::MaxVariance {}));
    }

    #[test]
    fn a_table_sets_keys_and_refuses_others() {
        assert_eq!(parse(r#"{"ucb":{"lambda":2.0}}"#).unwrap(), PolicySpec::Ucb { lambda: 2.0 });
        assert_eq!(parse(r#"{"ucb":{}}"#).unwrap(), PolicySpec::Ucb { lambda: UCB_LAMBDA });
        assert!(parse(r#"{"ucb":{"lamda":2.0}}"#).unwrap_err().to_string().contains("lamda"));
        assert!(parse(r#"{"random":{"lambda":2.0}}"#).is_err());
        assert!(parse(r#""best""#).unwrap_err().to_string().contains("max_variance"));
    }

    #[test]
    fn a_list_says_what_it_lists() {
        let list = r#"{"list":{"conditions":[{"celsius":120.0},{"celsius":150.0}]}}"#;
        let spec = parse(list).unwrap();
        assert_eq!(serde_json::to_string(&spec).unwrap(), list);
        assert!(parse(r#""list""#).unwrap_err().to_string().contains("conditions"));
    }
}
