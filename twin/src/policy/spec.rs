//! How scenarios name policies: the list of them all.
//!
//! A policy of its own kind is a file beside this one, a `mod` here, and an entry in the list.

use std::str::FromStr;

use flowtwin_lab::{Conditions, Goals};
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::acquisition::UCB_LAMBDA;
use crate::model::SurrogateSpec;
use crate::policy::{Aim, Auto, Guided, Policy, Several};

#[path = "calibrate.rs"]
mod calibrate;
#[path = "listed.rs"]
mod listed;
#[path = "space_filling.rs"]
mod space_filling;

pub use calibrate::Calibrate;
pub use listed::Listed;
pub use space_filling::{LatinHypercube, Random, SobolSequence};

/// Lists every policy once: what it is, its name in scenarios, its keys with their defaults, and how it is made.
macro_rules! policies {
    ($(
        $(#[$about:meta])+
        $policy:ident $name:literal { $( $(#[$key_is:meta])+ $key:ident: $kind:ty, )* } => $made:expr;
    )+) => {
        /// Which policy to ask, as scenarios spell it: `policy = "ei"`, or a table where a policy has keys that are not to
        /// stand at their defaults, such as `policy.ucb.lambda = 2.0`.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum PolicySpec {
            $( $(#[$about])+ $policy { $( $(#[$key_is])+ $key: $kind, )* }, )+
        }

        /// The same, for serde to read: every policy is a table, and every key that can has a default.
        #[derive(Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        enum Table {
            $( $(#[$about])+ $policy { $( $(#[$key_is])+ $key: $kind, )* }, )+
        }

        impl PolicySpec {
            /// The names of all policies, as scenarios spell them.
            pub const NAMES: &[&str] = &[$( $name ),+];

            /// Its name, as scenarios spell it.
            pub fn name(&self) -> &'static str {
                match self {
                    $( Self::$policy { .. } => $name, )+
                }
            }

            /// How it is made.
            fn made(&self) -> Made {
                match self {
                    $( Self::$policy { $( $key ),* } => $made, )+
                }
            }
        }

        impl From<Table> for PolicySpec {
            fn from(table: Table) -> Self {
                match table {
                    $( Table::$policy { $( $key ),* } => Self::$policy { $( $key ),* }, )+
                }
            }
        }
    };
}

policies! {
    /// Conditions that were decided elsewhere, in their order.
    List "list" {
        /// A value for each input, by name; one such table for each experiment.
        conditions: Vec<Conditions>,
    } => Made::alone(Listed::new(conditions.clone()));

    /// Uniform over the feasible region.
    Random "random" {} => Made::alone(Random);

    /// A Latin hypercube.
    Lhs "lhs" {} => Made::alone(LatinHypercube);

    /// A scrambled Sobol' sequence.
    Sobol "sobol" {} => Made::alone(SobolSequence);

    /// Where the spread is largest.
    MaxVariance "max_variance" {} => Made::Guided(Aim::MaxVariance);

    /// Where the mean is highest, "EPLT".
    Exploit "exploit" {} => Made::Guided(Aim::Exploit);

    /// Where the mean and `lambda` spreads are highest.
    Ucb "ucb" {
        /// Weight of the spread.
        #[serde(default = "default_lambda")]
        lambda: f64,
    } => Made::Guided(Aim::Ucb { lambda: *lambda });

    /// Expected improvement.
    Ei "ei" {} => Made::Guided(Aim::Ei);

    /// Closed form of the expected improvement, by its logarithm.
    LogEi "log_ei" {} => Made::Guided(Aim::LogEi);

    /// One draw of the posterior.
    Thompson "thompson" {} => Made::Guided(Aim::Thompson);

    /// Expected improvement in a box around the best experiment.
    TrustRegion "trust_region" {} => Made::Guided(Aim::TrustRegion);

    /// Alternates UCB weights, and leaves a known optimum to look for others.
    Balanced "balanced" {} => Made::Guided(Aim::Balanced);

    /// Probability of being among the best twentieth of a table; elsewhere, expected improvement.
    Top "top" {} => Made::Guided(Aim::Top);

    /// Opens, learns with the model that predicts best, looks around and refines: for those who do not want to choose.
    Auto "auto" {} => Made::Auto;

    /// Expected improvement per lab time.
    EiPerTime "ei_per_time" {} => Made::Guided(Aim::EiPerTime);

    /// Expected improvement per volume of reagent.
    EiPerMl "ei_per_ml" {} => Made::Guided(Aim::EiPerMl);

    /// What is expected to tell most of the free keys of the simulator.
    Calibrate "calibrate" {
        /// What an hour of lab time costs, in a unit of your choice; together with `per_ml`, what is told is divided by the price.
        #[serde(default)]
        per_hour: f64,
        /// What a millilitre of all reagents together costs, in the same unit.
        #[serde(default)]
        per_ml: f64,
    } => Made::alone(Calibrate { per_hour: *per_hour, per_ml: *per_ml });
}

/// How a policy is made.
enum Made {
    /// As it is, from its keys alone.
    Alone(Box<dyn Policy>),
    /// Around a surrogate, to maximise this.
    Guided(Aim),
    /// By itself; of the surrogate it takes only that there is a simulator.
    Auto,
}

impl Made {
    fn alone(policy: impl Policy + 'static) -> Self {
        Self::Alone(Box::new(policy))
    }
}

fn default_lambda() -> f64 {
    UCB_LAMBDA
}

impl PolicySpec {
    /// Whether it needs a simulator with free keys, whatever the surrogate.
    pub fn needs_simulator(&self) -> bool {
        matches!(self, Self::Calibrate { .. })
    }

    /// The policy, learning with `surrogate` if it learns at all.
    pub fn build(&self, surrogate: SurrogateSpec) -> Box<dyn Policy> {
        match self.made() {
            Made::Alone(policy) => policy,
            Made::Auto => Box::new(Auto { goals: None, informed: informed(surrogate) }),
            Made::Guided(aim) => Box::new(Guided { name: self.name(), aim, surrogate }),
        }
    }

    /// The policy for `goals`, learning with `surrogate` if it learns at all. Where one outcome is maximised or minimised and
    /// there are no limits, that is the policy of [`PolicySpec::build`].
    pub fn build_for(&self, surrogate: SurrogateSpec, goals: &Goals) -> Box<dyn Policy> {
        match self.made() {
            Made::Guided(aim) if !goals.is_plain() => {
                let (name, evidence) = (self.name(), false);
                Box::new(Several { name, aim, surrogate, evidence, goals: goals.clone() })
            }
            Made::Auto if !goals.is_plain() => {
                Box::new(Auto { goals: Some(goals.clone()), informed: informed(surrogate) })
            }
            _ => self.build(surrogate),
        }
    }
}

/// Whether a policy that chooses its models by itself may choose one that learns with a simulator.
fn informed(surrogate: SurrogateSpec) -> bool {
    !surrogate.needs_data_only()
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
    fn every_policy_is_spelt_as_it_is_listed() {
        for &name in PolicySpec::NAMES.iter().filter(|name| **name != "list") {
            let spec: PolicySpec = name.parse().unwrap();
            assert_eq!(spec.name(), name);
            let value = serde_json::to_value(&spec).unwrap();
            assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), [name]);
        }
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
