//! A feature as files have it.

use serde::{Deserialize, Serialize};

use super::feature::{Feature, Measure};

/// A named number: read off the spectrum of a `channel` by a `measure`, or computed by a `formula` from inputs, rates, volumes,
/// times and other features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Its name; where it is computed, it ends in its unit.
    name: String,
    /// The channel whose spectrum it is read off, or the analyser or the sensor that tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    measure: Option<Measure>,
    /// The formula that computes it, in place of channel and measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    formula: Option<String>,
}

impl TryFrom<Written> for Feature {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { name, channel, measure, formula } = written;
        let missing = |key: &str| Err(format!("missing field `{key}` of the feature {name}"));
        match (channel, measure, formula) {
            (Some(channel), Some(measure), None) => Ok(Self { name, channel, measure }),
            (None, None, Some(formula)) => {
                Ok(Self { name, channel: String::new(), measure: Measure::Formula(formula) })
            }
            (_, _, Some(_)) => Err(format!(
                "the feature {name} has a `formula`: it is not read off a spectrum, and has neither `channel` nor `measure`"
            )),
            (None, ..) => missing("channel"),
            (Some(_), None, None) => missing("measure"),
        }
    }
}

impl From<Feature> for Written {
    fn from(feature: Feature) -> Self {
        let Feature { name, channel, measure } = feature;
        match measure {
            Measure::Formula(formula) => {
                Self { name, channel: None, measure: None, formula: Some(formula) }
            }
            measure => Self { name, channel: Some(channel), measure: Some(measure), formula: None },
        }
    }
}
