//! Which instrument a feature comes from.

use super::{Analysis, AnalysisError, Feature, Measure};
use crate::manifest::{Manifest, SensorKind};

/// Where a feature comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The spectrum of a channel.
    Channel(usize),
    /// A result of an analyser.
    Analyser {
        /// Which of those that features come from.
        analyser: usize,
        /// Which of its species.
        species: usize,
    },
    /// A sensor, of those that features come from.
    Sensor(usize),
    /// A formula.
    Formula,
}

impl Analysis {
    /// Finds the instrument of a feature. Channels come first, then analysers, then sensors.
    pub(super) fn source(
        &mut self,
        feature: &Feature,
        manifest: &Manifest,
    ) -> Result<Source, AnalysisError> {
        if feature.is_computed() {
            return Ok(Source::Formula);
        }
        let name = feature.channel.as_str();
        let unfit = |detail: String| AnalysisError::Unfit { feature: feature.name.clone(), detail };
        if let Some(channel) = self.spec.channels.iter().position(|c| c.name == name) {
            feature.check(&self.spec.channels[channel], &self.grids[channel])?;
            return Ok(Source::Channel(channel));
        }
        if let Some(info) = manifest.analyser(name) {
            let known = info.species.join(", ");
            let Measure::Concentration { of } = &feature.measure else {
                let detail = format!(
                    "{name} is an analyser: `measure = {{ concentration = {{ of = … }} }}` asks it for {known}"
                );
                return Err(unfit(detail));
            };
            let found = info.species.iter().position(|species| species == of);
            let species = found
                .ok_or_else(|| unfit(format!("{name} does not find {of}: it finds {known}")))?;
            return Ok(Source::Analyser { analyser: once(&mut self.analysers, info), species });
        }
        let sensor = manifest.sensors.iter().find(|sensor| sensor.name.as_str() == name);
        match sensor {
            Some(info) if feature.measure == Measure::Reading => match info.kind {
                SensorKind::Probe(_) | SensorKind::Temperature(_) => {
                    Ok(Source::Sensor(once(&mut self.sensors, info)))
                }
                _ => Err(unfit(format!("{name} measures nothing of the liquid"))),
            },
            Some(_) => Err(unfit(format!(
                "{name} is a sensor: `measure = \"reading\"` asks for its value"
            ))),
            None => Err(AnalysisError::NoChannel {
                feature: feature.name.clone(),
                channel: feature.channel.clone(),
            }),
        }
    }
}

/// The place of something in a list, to which it is added if it is not there.
fn once<T: Clone + PartialEq>(list: &mut Vec<T>, wanted: &T) -> usize {
    list.iter().position(|known| known == wanted).unwrap_or_else(|| {
        list.push(wanted.clone());
        list.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::super::{AnalysisSpec, Blank, Readings};
    use super::*;
    use crate::lab::Lab as _;
    use crate::toy::ToyLab;

    fn analysis(features: &str) -> Result<Analysis, AnalysisError> {
        let spec = format!("{{\"features\": [{features}]}}");
        let spec: AnalysisSpec = serde_json::from_str(&spec).unwrap();
        Analysis::new(spec, ToyLab::new().with_analyser().manifest())
    }

    fn feature(name: &str, channel: &str, measure: &str) -> String {
        format!("{{\"name\": \"{name}\", \"channel\": \"{channel}\", \"measure\": {measure}}}")
    }

    #[test]
    fn features_come_from_analysers_and_sensors() {
        let salt = feature("salt", "column", r#"{"concentration": {"of": "salt"}}"#);
        let gauge = feature("pressure", "gauge", "\"reading\"");
        let analysis = analysis(&format!("{gauge}, {salt}")).unwrap();
        assert_eq!(analysis.units(), ["kPa", "mM"]);
        let readings = Readings { results: vec![vec![0.5]], sensors: vec![120.0] };
        let outcome = analysis.outcome_with(&[], &[], &Blank::default(), &readings);
        let expected = [("pressure".to_owned(), 120.0), ("salt".to_owned(), 0.5)];
        assert_eq!(outcome.features, expected);
        assert!(!outcome.quality.unreadable);
        let missing = analysis.outcome(&[], &[], &Blank::default());
        assert!(missing.quality.unreadable && missing.features[1].1.is_nan());
    }

    #[test]
    fn a_feature_that_its_instrument_cannot_tell_is_refused() {
        for (channel, measure, message) in [
            ("column", "\"reading\"", "column is an analyser"),
            (
                "column",
                r#"{"concentration": {"of": "sugar"}}"#,
                "does not find sugar: it finds salt",
            ),
            ("gauge", r#"{"area": {"low_nm": 1.0, "high_nm": 2.0}}"#, "gauge is a sensor"),
            ("water.status", "\"reading\"", "measures nothing of the liquid"),
            ("nobody", "\"reading\"", "which the analysis does not have"),
        ] {
            let error = analysis(&feature("f", channel, measure)).unwrap_err().to_string();
            assert!(error.contains(message) && error.contains("feature f"), "{error}");
        }
    }
}
