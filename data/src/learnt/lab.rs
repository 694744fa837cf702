//! A twin behind the `Lab` trait: campaigns rehearsed on what data have taught.

use flowtwin_lab::{
    Conditions, FaultKind, Level, Manifest, Outcome, Quality, Space, Span, Streams,
};

use super::twin::Twin;
use crate::answered::{Answer, Answered, Oracle};

/// A lab driven by whole experiments, whose outcomes are what a twin believes and the noise it has
/// learnt.
///
/// The noise of experiment k is number k of a stream of its own, so the same campaign with the same
/// seed gets the same noise. Outcomes beyond the ranges that the twin knows are flagged as
/// extrapolated.
pub type TwinLab = Answered<Beliefs>;

/// What a twin believes of the experiments of a lab.
#[derive(Debug)]
pub struct Beliefs {
    manifest: Manifest,
    twin: Twin,
    feature: String,
    streams: Streams,
}

/// Why a twin cannot replace a lab.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// It predicts something else.
    #[error("the model predicts `{target}`, but the scenario is after `{feature}`")]
    Target {
        /// What it predicts.
        target: String,
        /// What it should.
        feature: String,
    },
    /// It needs to know something that the scenario does not choose.
    #[error("the model needs a value of `{input}`, which is no input of the scenario: {inputs}")]
    Input {
        /// What it needs.
        input: String,
        /// The inputs there are.
        inputs: String,
    },
}

impl TwinLab {
    /// `twin` as the lab of `manifest`, with `feature` as its outcome and conditions of `space`.
    ///
    /// # Errors
    /// If the twin predicts something else, or needs an input that `space` does not have.
    pub fn new(
        twin: Twin,
        manifest: &Manifest,
        space: &Space,
        feature: &str,
        streams: Streams,
    ) -> Result<Self, Mismatch> {
        if !twin.target.is(feature) {
            let target = twin.target.name;
            return Err(Mismatch::Target { target, feature: feature.to_owned() });
        }
        if let Err(missing) = twin.to_unit(&space.centre()) {
            let inputs: Vec<&str> = space.inputs().iter().map(|i| i.name.as_str()).collect();
            return Err(Mismatch::Input { input: missing.name, inputs: inputs.join(", ") });
        }
        let manifest = Manifest { level: Level::Experiments, simulated: true, ..manifest.clone() };
        Ok(Self::by(Beliefs { manifest, twin, feature: feature.to_owned(), streams }))
    }

    /// `twin` as a lab, where nothing else is known of the lab.
    pub fn alone(twin: Twin, streams: Streams) -> Self {
        let manifest = Manifest::of_experiments("a lab");
        let (space, feature) = (twin.space(), twin.target.name.clone());
        Self::new(twin, &manifest, &space, &feature, streams)
            .expect("a twin has its own target and inputs")
    }
}

impl Oracle for Beliefs {
    const NAME: &'static str = "twin";

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn answer(
        &mut self,
        number: u64,
        conditions: &Conditions,
    ) -> Result<(Span, Answer), FaultKind> {
        let unit = self
            .twin
            .to_unit(conditions)
            .map_err(|missing| FaultKind::Refused { detail: missing.to_string() })?;
        let noise = self.streams.open("learnt/noise", number).normal();
        let value = self.twin.at(&unit).mean + self.twin.noise_sd() * noise;
        let extrapolated = unit.iter().any(|u| !(0.0..=1.0).contains(u));
        let outcome = Outcome {
            features: vec![(self.feature.clone(), value)],
            spectra: Vec::new(),
            quality: Quality { extrapolated, ..Quality::default() },
        };
        let takes = Span::from_secs(self.twin.origin.lab_time_s.unwrap_or(0.0));
        Ok((takes, Answer::Outcome(outcome)))
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Command, Lab as _, Reply, conformance};

    use super::*;
    use crate::learnt::sample;

    fn lab(seed: u64) -> TwinLab {
        TwinLab::alone(sample::twin(), Streams::new(seed))
    }

    fn outcomes(lab: &mut TwinLab, conditions: &Conditions) -> Vec<f64> {
        let mut one = || {
            lab.send(&Command::Begin { conditions: conditions.clone() }).unwrap();
            match lab.send(&Command::Collect).unwrap() {
                Reply::Outcome(outcome) => outcome.features[0].1,
                other => panic!("{other:?}"),
            }
        };
        vec![one(), one(), one()]
    }

    #[test]
    fn a_twin_keeps_the_promises_of_a_lab() {
        let conditions = sample::data().space.centre();
        conformance::check(&mut lab(1), Some(&conditions)).unwrap();
    }

    #[test]
    fn the_same_seed_meets_the_same_luck_and_repeats_differ() {
        let conditions = sample::data().space.centre();
        let first = outcomes(&mut lab(1), &conditions);
        assert_eq!(first, outcomes(&mut lab(1), &conditions));
        assert_ne!(first, outcomes(&mut lab(2), &conditions));
        assert_ne!(first[0].to_bits(), first[1].to_bits());
    }

    #[test]
    fn what_the_data_did_not_reach_is_flagged() {
        let space = sample::data().space;
        let mut lab = lab(1);
        let mut values = space.centre().values().to_vec();
        values[0] = space.inputs()[0].high + 1.0;
        lab.send(&Command::Begin { conditions: space.conditions(values) }).unwrap();
        let Reply::Outcome(outcome) = lab.send(&Command::Collect).unwrap() else {
            panic!("an outcome was promised")
        };
        assert!(outcome.quality.extrapolated);
    }

    #[test]
    fn a_twin_of_something_else_is_refused_by_name() {
        let (twin, space) = (sample::twin(), sample::data().space);
        let manifest = TwinLab::alone(twin.clone(), Streams::new(1)).oracle.manifest;
        let mismatch = TwinLab::new(twin, &manifest, &space, "pli", Streams::new(1)).unwrap_err();
        assert!(mismatch.to_string().contains("predicts `yield_percent`"), "{mismatch}");
    }
}
