//! What is wanted of one outcome.

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is wanted of an outcome: `"maximize"`, `"minimize"` or `{ target = 520.0, within = 2.0 }`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Goal {
    /// More is better.
    #[default]
    Maximize,
    /// Less is better.
    Minimize,
    /// The nearer, the better.
    Target {
        /// What is wanted, in units of the outcome.
        target: f64,
        /// How far off is near enough, in units of the outcome.
        within: f64,
    },
}

impl Goal {
    /// A value of the outcome as something to be maximised: of a target, minus the distance.
    pub fn score(self, value: f64) -> f64 {
        match self {
            Self::Maximize => value,
            Self::Minimize => -value,
            Self::Target { target, .. } => -(value - target).abs(),
        }
    }

    /// Whether `value` is as good as `target` or better.
    pub fn reaches(self, value: f64, target: f64) -> bool {
        self.score(value) >= self.score(target)
    }

    /// In a few words, for people.
    pub fn in_words(self, feature: &str) -> String {
        match self {
            Self::Maximize => format!("highest {feature}"),
            Self::Minimize => format!("lowest {feature}"),
            Self::Target { target, within } => {
                format!("{feature} of {target} within {within}")
            }
        }
    }
}

/// A target, as files have it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    /// What is wanted, in units of the feature.
    target: f64,
    /// How far off is near enough, in units of the feature.
    #[serde(default)]
    within: f64,
}

impl Serialize for Goal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Maximize => serializer.serialize_str("maximize"),
            Self::Minimize => serializer.serialize_str("minimize"),
            Self::Target { target, within } => Target { target, within }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Goal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Goal;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"maximize\", \"minimize\" or { target = …, within = … }")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Goal, E> {
                match word {
                    "maximize" => Ok(Goal::Maximize),
                    "minimize" => Ok(Goal::Minimize),
                    other => Err(E::unknown_variant(other, &["maximize", "minimize"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Goal, A::Error> {
                let Target { target, within } =
                    Target::deserialize(MapAccessDeserializer::new(map))?;
                if !(target.is_finite() && within.is_finite() && within >= 0.0) {
                    let message = format!(
                        "a target of {target} within {within}: both must be finite, and the second not negative"
                    );
                    return Err(serde::de::Error::custom(message));
                }
                Ok(Goal::Target { target, within })
            }
        }
        deserializer.deserialize_any(Words)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Goal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Goal".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let number = |what: &str| serde_json::json!({ "description": what, "type": "number" });
        schemars::json_schema!({
            "description": "What is wanted of a feature.",
            "oneOf": [
                { "description": "More is better.", "type": "string", "const": "maximize" },
                { "description": "Less is better.", "type": "string", "const": "minimize" },
                {
                    "description": "The nearer, the better.",
                    "type": "object",
                    "properties": {
                        "target": number("What is wanted, in units of the feature."),
                        "within": number("How far off is near enough; 0 if left out. Among several objectives all that is within is as good."),
                    },
                    "required": ["target"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_read_as_they_are_written() {
        for (text, goal) in [
            (r#""maximize""#, Goal::Maximize),
            (r#""minimize""#, Goal::Minimize),
            (r#"{"target":520.0,"within":2.0}"#, Goal::Target { target: 520.0, within: 2.0 }),
        ] {
            assert_eq!(serde_json::from_str::<Goal>(text).unwrap(), goal);
            assert_eq!(serde_json::to_string(&goal).unwrap(), text);
        }
    }

    #[test]
    fn a_tolerance_below_zero_and_an_unknown_word_are_refused() {
        let error = |text| serde_json::from_str::<Goal>(text).unwrap_err().to_string();
        assert!(error(r#"{"target":520.0,"within":-1.0}"#).contains("not negative"));
        assert!(error(r#""maximise""#).contains("unknown variant `maximise`"));
    }

    #[test]
    fn the_nearer_to_a_target_the_better() {
        let goal = Goal::Target { target: 520.0, within: 2.0 };
        assert!(goal.score(521.0) > goal.score(518.0));
        assert!(goal.reaches(521.0, 518.0));
    }
}
