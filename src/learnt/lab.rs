//! A twin behind the `Lab` trait: campaigns rehearsed on what data have taught.

use flowtwin_lab::{
    Command, Conditions, Fault, FaultKind, Instant, Lab, Level, Manifest, Outcome, Quality, Reply,
    Space, Span, Streams,
};

use super::twin::Twin;

/// A lab driven by whole experiments, whose outcomes are what a twin believes and the noise it has learnt.
///
/// The noise of experiment k is number k of a stream of its own, so the same campaign with the same seed meets the
/// same luck. Outcomes beyond the ranges that the twin knows are flagged as extrapolated.
#[derive(Debug)]
pub struct TwinLab {
    manifest: Manifest,
    twin: Twin,
    feature: String,
    streams: Streams,
    begun: u64,
    now: Instant,
    under_way: Option<(Instant, Outcome)>,
}

/// Why a twin cannot stand in for a lab.
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
    /// `twin` in the place of the lab of `manifest`, yielding `feature` for conditions of `space`.
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
        Ok(Self {
            manifest: Manifest { level: Level::Experiments, simulated: true, ..manifest.clone() },
            feature: feature.to_owned(),
            twin,
            streams,
            begun: 0,
            now: Instant::START,
            under_way: None,
        })
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(self.now, "twin", kind)
    }

    fn begin(&mut self, conditions: &Conditions) -> Result<Reply, Fault> {
        if self.under_way.is_some() {
            let detail = "the experiment begun before has not been collected".into();
            return Err(self.fault(FaultKind::Refused { detail }));
        }
        let unit = self
            .twin
            .to_unit(conditions)
            .map_err(|missing| self.fault(FaultKind::Refused { detail: missing.to_string() }))?;
        let noise = self.streams.open("learnt/noise", self.begun).normal();
        let value = self.twin.at(&unit).mean + self.twin.noise_sd() * noise;
        self.begun += 1;
        let extrapolated = unit.iter().any(|u| !(0.0..=1.0).contains(u));
        let outcome = Outcome {
            features: vec![(self.feature.clone(), value)],
            spectra: Vec::new(),
            quality: Quality { extrapolated, ..Quality::default() },
        };
        let ready = self.now + Span::from_secs(self.twin.origin.lab_time_s.unwrap_or(0.0));
        self.under_way = Some((ready, outcome));
        Ok(Reply::Ready(ready))
    }

    fn collect(&mut self) -> Result<Reply, Fault> {
        match self.under_way.take() {
            Some((ready, outcome)) if ready <= self.now => Ok(Reply::Outcome(Box::new(outcome))),
            Some(early) => {
                self.under_way = Some(early);
                Err(self.fault(FaultKind::NotReady))
            }
            None => {
                let detail = "no experiment has been begun".into();
                Err(self.fault(FaultKind::Refused { detail }))
            }
        }
    }
}

impl Lab for TwinLab {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Begin { conditions } => self.begin(conditions),
            Command::Collect => self.collect(),
            Command::MakeSafe => {
                self.under_way = None;
                Ok(Reply::Done)
            }
            _ => {
                let detail = "a twin is driven by whole experiments".into();
                Err(self.fault(FaultKind::Unsupported { detail }))
            }
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = self.now.max(deadline);
        Ok(())
    }
}
