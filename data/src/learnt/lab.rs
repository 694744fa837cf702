//! A twin behind the `Lab` trait: campaigns rehearsed on what was learnt from data.

use flowtwin_lab::{
    Conditions, FaultKind, Level, Manifest, Outcome, Quality, Space, Span, Streams,
};

use super::twin::Twin;
use crate::answered::{Answer, Answered, Oracle};

/// A lab driven by whole experiments, whose outcomes are what twins believe, one for each outcome, and the noise they have
/// learnt.
///
/// The noise of experiment k is number k of a stream of its own, one for each outcome, so the same campaign with the same
/// seed gets the same noise. Outcomes beyond the ranges that a twin knows are flagged as
/// extrapolated.
pub type TwinLab = Answered<Beliefs>;

/// What twins believe of the experiments of a lab.
#[derive(Debug)]
pub struct Beliefs {
    manifest: Manifest,
    /// The outcomes, and what is believed of each.
    twins: Vec<(String, Twin)>,
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
    /// No model predicts an outcome.
    #[error(
        "no model predicts `{feature}`, which the scenario is after: give one for each of {wanted}; there are models of {there}"
    )]
    Missing {
        /// The outcome.
        feature: String,
        /// All outcomes.
        wanted: String,
        /// What the models predict.
        there: String,
    },
    /// It needs to know something that the scenario does not choose.
    #[error(
        "the model needs a value of `{input}`, which is not an input of the scenario: {inputs}"
    )]
    Input {
        /// What it needs.
        input: String,
        /// The inputs there are.
        inputs: String,
    },
}

impl TwinLab {
    /// `twins` as the lab of `manifest`, with `outcomes` (objectives first) and conditions of `space`. Each outcome needs a twin that
    /// predicts it.
    ///
    /// # Errors
    /// If a twin predicts none of the outcomes or an outcome has none, or a twin needs an input that `space` does not have.
    pub fn new(
        twins: Vec<Twin>,
        manifest: &Manifest,
        space: &Space,
        outcomes: &[String],
        streams: Streams,
    ) -> Result<Self, Mismatch> {
        let there: Vec<String> = twins.iter().map(|twin| twin.target.name.clone()).collect();
        let mut known: Vec<(String, Twin)> = Vec::new();
        for twin in twins {
            let of = outcomes.iter().filter(|outcome| twin.target.is(outcome));
            // `yield` and `yield_loss` may both be outcomes.
            let Some(outcome) = of.max_by_key(|outcome| outcome.len()) else {
                let (target, feature) = (twin.target.name, outcomes.join("`, `"));
                return Err(Mismatch::Target { target, feature });
            };
            if let Err(missing) = twin.to_unit(&space.centre()) {
                let inputs: Vec<&str> = space.inputs().iter().map(|i| i.name.as_str()).collect();
                return Err(Mismatch::Input { input: missing.name, inputs: inputs.join(", ") });
            }
            known.push((outcome.clone(), twin));
        }
        let place = |name: &String| outcomes.iter().position(|outcome| outcome == name);
        known.sort_by_key(|(outcome, _)| place(outcome));
        known.dedup_by(|later, first| later.0 == first.0);
        let is_known = |outcome: &&String| known.iter().any(|(name, _)| name == *outcome);
        if let Some(feature) = outcomes.iter().find(|outcome| !is_known(outcome)).cloned() {
            let (wanted, there) = (outcomes.join(", "), there.join(", "));
            return Err(Mismatch::Missing { feature, wanted, there });
        }
        let manifest = Manifest { level: Level::Experiments, simulated: true, ..manifest.clone() };
        Ok(Self::by(Beliefs { manifest, twins: known, streams }))
    }

    /// `twin` as a lab, where nothing else is known of the lab.
    pub fn alone(twin: Twin, streams: Streams) -> Self {
        let manifest = Manifest::of_experiments("a lab");
        let (space, feature) = (twin.space(), twin.target.name.clone());
        Self::new(vec![twin], &manifest, &space, &[feature], streams)
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
        let (mut features, mut extrapolated) = (Vec::new(), false);
        for (place, (feature, twin)) in self.twins.iter().enumerate() {
            let unit = twin
                .to_unit(conditions)
                .map_err(|missing| FaultKind::Refused { detail: missing.to_string() })?;
            let streams = match place {
                0 => self.streams,
                place => self.streams.child("outcome", place as u64),
            };
            let noise = streams.open("learnt/noise", number).normal();
            features.push((feature.clone(), twin.at(&unit).mean + twin.noise_sd() * noise));
            extrapolated |= unit.iter().any(|u| !(0.0..=1.0).contains(u));
        }
        let outcome = Outcome {
            features,
            spectra: Vec::new(),
            quality: Quality { extrapolated, ..Quality::default() },
        };
        let takes = self.twins.iter().filter_map(|(_, twin)| twin.origin.lab_time_s);
        let takes = Span::from_secs(takes.fold(0.0, f64::max));
        Ok((takes, Answer::Outcome(outcome)))
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Command, Lab as _, Reply, conformance};
    use flowtwin_twin::{Context, SurrogateSpec};

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
        let mismatch =
            TwinLab::new(vec![twin], &manifest, &space, &["pli".into()], Streams::new(1))
                .unwrap_err();
        assert!(mismatch.to_string().contains("predicts `yield_percent`"), "{mismatch}");
    }

    #[test]
    fn twins_of_several_outcomes_answer_with_all_of_them() {
        let (twin, space) = (sample::twin(), sample::data().space);
        let renamed = |name: &str| {
            let mut data = sample::data();
            data.target.name = name.into();
            data.rows.iter_mut().for_each(|row| row.outcome = row.outcome.map(|y| 100.0 - y));
            Twin::fit(&data, SurrogateSpec::Gp, &Context::new(Streams::new(1))).unwrap()
        };
        let manifest = TwinLab::alone(twin.clone(), Streams::new(1)).oracle.manifest;
        let make = |twins: &[Twin]| {
            let outcomes = ["yield".to_owned(), "waste".to_owned()];
            TwinLab::new(twins.to_vec(), &manifest, &space, &outcomes, Streams::new(1))
        };
        let waste = renamed("waste");
        let mut lab = make(&[waste.clone(), twin.clone()]).unwrap();
        lab.send(&Command::Begin { conditions: space.centre() }).unwrap();
        let Reply::Outcome(outcome) = lab.send(&Command::Collect).unwrap() else {
            panic!("an outcome was promised")
        };
        let names: Vec<&str> = outcome.features.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["yield", "waste"]);
        let sum = outcome.features[0].1 + outcome.features[1].1;
        assert!((1e-9..10.0).contains(&(sum - 100.0).abs()), "each has noise of its own: {sum}");
        // The first outcome gets the same noise as alone.
        let alone = outcomes(&mut self::lab(1), &space.centre())[0];
        assert_eq!(outcome.features[0].1.to_bits(), alone.to_bits());
        let missing = make(std::slice::from_ref(&twin)).unwrap_err().to_string();
        assert!(missing.contains("no model predicts `waste`"), "{missing}");
        let other = make(&[twin, renamed("colour")]).unwrap_err().to_string();
        assert!(other.contains("predicts `colour`, but"), "{other}");
    }
}
