//! What a journal records.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::decided::Decided;
use super::doubted::Doubted;
use super::recalibrated::Recalibrated;
use crate::analysis::{Analysis, Blank};
use crate::command::{Command, Reply};
use crate::conditions::Conditions;
use crate::fault::{Fault, FaultKind};
use crate::id::PumpId;
use crate::manifest::Manifest;
use crate::math;
use crate::observation::{Observation, Outcome, Quality, Spectrum};
use crate::study::{Reading, Task};
use crate::time::Instant;

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// What run this is; the first record.
    Header(Box<Header>),
    /// The reference of every channel.
    Blank(BlankRecord),
    /// A phase begins.
    Phase(PhaseRecord),
    /// A task of a study begins.
    Task(TaskRecord),
    /// Something was read in a task of a study.
    Reading(Box<Reading>),
    /// Somebody has decided on what a policy has proposed. In campaigns only whose proposals people see before they are done.
    Decided(Box<Decided>),
    /// An experiment begins that a policy has proposed, or somebody in its place.
    Proposal(Proposal),
    /// An experiment is asked for by number, of a lab that can have several under way. It is on the disk before it is asked for.
    Asked(Box<Asked>),
    /// A command that moves liquid or heats is about to be sent. On a real rig only, where it is on the disk before.
    Intended(Intended),
    /// A command and its answer.
    Command(CommandRecord),
    /// A wait was cut short.
    Fault(Fault),
    /// An experiment has ended. It is on the disk before the next begins.
    Experiment(Box<ExperimentRecord>),
    /// A fault of the rig has spoiled an experiment. It is repeated.
    Spoiled(Box<SpoiledRecord>),
    /// A fault has made what was measured before it doubtful.
    Doubted(Box<Doubted>),
    /// The shadow beside the run goes on with other values, because the rig has moved.
    Recalibrated(Box<Recalibrated>),
    /// Somebody says that he has filled syringes.
    Filled(Filled),
    /// A run on a real rig goes on behind what is recorded.
    Resumed(Resumed),
    /// The run is complete; the last record.
    End(End),
}

impl Record {
    /// When what is recorded was over, in lab time.
    pub fn at(&self) -> Option<Instant> {
        match self {
            Self::Blank(blank) => Some(blank.at_ns),
            Self::Decided(decided) => Some(decided.at_ns),
            Self::Asked(asked) => Some(asked.at_ns),
            Self::Task(task) => Some(task.at_ns),
            Self::Reading(reading) => Some(reading.at_ns),
            Self::Intended(intended) => Some(intended.at_ns),
            Self::Command(command) => Some(command.at_ns),
            Self::Fault(fault) => Some(fault.at),
            Self::Experiment(experiment) => Some(experiment.ended_ns),
            Self::Spoiled(spoiled) => Some(spoiled.ended_ns),
            Self::Doubted(doubted) => Some(doubted.at_ns),
            Self::Recalibrated(recalibrated) => Some(recalibrated.at_ns),
            Self::Filled(filled) => Some(filled.at_ns),
            Self::Resumed(resumed) => Some(resumed.at_ns),
            Self::End(end) => Some(end.at_ns),
            Self::Header(_) | Self::Phase(_) | Self::Proposal(_) => None,
        }
    }

    /// Whether the run does not go on before this record is on the disk, on whatever lab. What is intended belongs to the
    /// command behind it.
    pub fn is_durable(&self) -> bool {
        match self {
            Self::Header(_) | Self::Blank(_) | Self::Experiment(_) => true,
            Self::Spoiled(_) | Self::Filled(_) | Self::Resumed(_) | Self::End(_) => true,
            Self::Decided(_) | Self::Asked(_) | Self::Recalibrated(_) | Self::Doubted(_) => true,
            Self::Phase(_) | Self::Proposal(_) | Self::Fault(_) => false,
            Self::Task(_) | Self::Reading(_) => false,
            Self::Intended(_) | Self::Command(_) => false,
        }
    }
}

/// What run this is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of this format: 1.
    pub schema: u32,
    /// Version of flowtwin that began the run.
    pub flowtwin: String,
    /// Name of the scenario.
    pub scenario: String,
    /// SHA-256 of the scenario as it was understood \[hexadecimal\].
    pub scenario_sha256: String,
    /// The scenario as it was understood, every default filled in: a run folder stands on its own.
    pub definition: serde_json::Value,
    /// Master seed.
    pub seed: u64,
    /// Whether the results are simulated. Nothing takes this mark off.
    pub simulated: bool,
    /// Names of the inputs, in order.
    pub inputs: Vec<String>,
    /// Names and units of the features, in order.
    pub features: Vec<(String, String)>,
    /// What is installed.
    pub manifest: Manifest,
}

/// The reference of every channel \[counts\].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlankRecord {
    /// When it was complete.
    pub at_ns: Instant,
    /// Averaged counts \[channel\]\[pixels\].
    pub reference: Vec<Vec<f64>>,
    /// Whether slugs still passed.
    #[serde(default, skip_serializing_if = "crate::observation::is_false")]
    pub stale: bool,
}

impl BlankRecord {
    /// Records a blank; counts are rounded to 0.001, far below the read noise.
    pub fn new(at: Instant, blank: &Blank) -> Self {
        let round =
            |counts: &Vec<f64>| counts.iter().map(|&c| math::round_decimals(c, 3)).collect();
        Self {
            at_ns: at,
            reference: blank.reference.iter().map(round).collect(),
            stale: blank.stale,
        }
    }

    /// The blank as recorded. A run uses this and not what was measured, so that a resumed run is the same.
    pub fn blank(&self) -> Blank {
        Blank { reference: self.reference.clone(), stale: self.stale }
    }
}

/// A phase of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseRecord {
    /// Its name.
    pub name: String,
    /// The policy that proposes.
    pub policy: String,
    /// Most experiments it may run.
    pub experiments: u64,
    /// The phase whose experiments it starts from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
}

/// A task of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRecord {
    /// Its number in the study, from 1.
    pub number: u64,
    /// When it begins.
    pub at_ns: Instant,
    /// What is done.
    pub task: Task,
}

/// What is set in the next experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Number of the experiment in the run, from 1.
    pub experiment: u64,
    /// What to set.
    pub conditions: Conditions,
}

/// An experiment that is asked for by number. It is under way until an experiment's record, or that of a spoiled one, has its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// When.
    pub at_ns: Instant,
    /// Number of the request in the run, from 1. Experiments are numbered in the order in which they end.
    pub request: u64,
    /// Name of the phase.
    pub phase: String,
    /// What to set.
    pub conditions: Conditions,
    /// The first request for the same experiment, where an earlier one was spoiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u64>,
    /// Whether a person has added it to those of the phase.
    #[serde(default, skip_serializing_if = "crate::observation::is_false")]
    pub added: bool,
}

/// A command that is about to be sent: if no [`CommandRecord`] follows, it may have been carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intended {
    /// When it is about to be sent.
    pub at_ns: Instant,
    /// The command.
    pub send: Command,
}

impl Intended {
    /// Whether a rig must not be sent a command before that is on the disk: after a power cut nobody could tell otherwise
    /// what is in the syringes, or that something is hot.
    pub fn is_due(command: &Command) -> bool {
        match command {
            Command::Dispense { rate_ul_per_min, .. } => rate_ul_per_min.ul_per_min() > 0.0,
            Command::Heat { .. } => true,
            _ => false,
        }
    }
}

/// A command and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandRecord {
    /// When it was sent.
    pub at_ns: Instant,
    /// The command.
    pub send: Command,
    /// The answer.
    pub answer: Answer,
}

/// The answer to a command, without the bulk of frames and outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Answer {
    /// Done.
    Done,
    /// Ready at this moment \[ns\].
    Ready(Instant),
    /// A reading.
    Reading(f64),
    /// A reading that is not a number.
    NoReading,
    /// Frames, by their checksum.
    Frames {
        /// Number of frames.
        frames: u64,
        /// Pixels of each.
        pixels: u64,
        /// [`crate::Frames::checksum`] \[hexadecimal\].
        checksum: String,
    },
    /// What an analyser found \[mM\]; none for a result that is not a number.
    Results(Vec<Option<f64>>),
    /// An outcome; the experiment's record holds it.
    Outcome,
    /// The answer to the request of this number. Where no record of an experiment follows, it was left out.
    Request(u64),
    /// A fault.
    Fault(Fault),
}

impl Answer {
    /// What is recorded of an answer.
    pub fn of(result: &Result<Reply, Fault>) -> Self {
        match result {
            Ok(Reply::Done) => Self::Done,
            Ok(Reply::Ready(at)) => Self::Ready(*at),
            Ok(Reply::Reading(value)) if value.is_finite() => Self::Reading(*value),
            Ok(Reply::Reading(_)) => Self::NoReading,
            Ok(Reply::Frames(frames)) => Self::Frames {
                frames: frames.len() as u64,
                pixels: frames.pixels() as u64,
                checksum: format!("{:016x}", frames.checksum()),
            },
            Ok(Reply::Results(found)) => {
                Self::Results(found.iter().map(|&mm| finite(mm)).collect())
            }
            Ok(Reply::Outcome(_) | Reply::Report(_)) => Self::Outcome,
            Ok(Reply::Answered(answered)) => Self::Request(answered.request),
            Err(fault) => Self::Fault(fault.clone()),
        }
    }
}

impl Answer {
    /// Whether the lab refused the command because a value is out of range: it was never sent to an instrument.
    pub fn is_out_of_range(&self) -> bool {
        matches!(self, Self::Fault(fault) if matches!(fault.kind, FaultKind::OutOfRange { .. }))
    }
}

/// A finished experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentRecord {
    /// Number in the run, from 1.
    pub experiment: u64,
    /// Number of the request that it answers, of a lab that can have several under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// Name of the phase.
    pub phase: String,
    /// What was set.
    pub conditions: Conditions,
    /// When it began.
    pub started_ns: Instant,
    /// When it ended.
    pub ended_ns: Instant,
    /// Residence time \[s\]; none without flow.
    pub residence_time_s: Option<f64>,
    /// Nominal reaction time \[s\]; none without flow.
    pub reaction_time_s: Option<f64>,
    /// Volume taken from each stock \[mL\].
    pub consumed_ml: Vec<(String, f64)>,
    /// The vial that its liquid went into, if any; where it failed, perhaps not as much as was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vial: Option<String>,
    /// Features, in the order of the header; none for one that could not be read.
    pub features: Vec<(String, Option<f64>)>,
    /// Flags.
    pub quality: Quality,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fault: Option<Fault>,
    /// The spectra, without their wavelengths.
    pub spectra: Vec<SpectrumRecord>,
}

/// A spectrum without its wavelengths, which the manifest gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpectrumRecord {
    /// Name of the channel.
    pub name: String,
    /// Unit of the values.
    pub unit: String,
    /// Values, one for each pixel.
    pub values: Vec<f64>,
}

/// An experiment that a fault of the rig has spoiled: it took time and stocks, and is no result for its conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoiledRecord {
    /// Number in the run of the experiment that is repeated; the next number where several were under way.
    pub experiment: u64,
    /// Number of the request that was spoiled, of a lab that can have several under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// Name of the phase.
    pub phase: String,
    /// What was set.
    pub conditions: Conditions,
    /// When it began.
    pub started_ns: Instant,
    /// When it ended.
    pub ended_ns: Instant,
    /// Volume taken from each stock \[mL\].
    pub consumed_ml: Vec<(String, f64)>,
    /// What went wrong.
    pub fault: Fault,
}

impl SpoiledRecord {
    /// The same, of an experiment that was asked for by number.
    #[must_use]
    pub fn of_request(self, request: u64) -> Self {
        Self { request: Some(request), ..self }
    }

    /// Records what became of an observation that `fault` has spoiled.
    pub fn new(experiment: u64, phase: &str, observation: &Observation, fault: Fault) -> Self {
        Self {
            experiment,
            request: None,
            phase: phase.to_owned(),
            conditions: observation.conditions.clone(),
            started_ns: observation.started,
            ended_ns: observation.ended,
            consumed_ml: observation.consumed_ml.clone(),
            fault,
        }
    }
}

/// A run on a real rig goes on. What it had begun when it ended is done again; what the pumps may have delivered since is
/// told here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resumed {
    /// Lab time at which it goes on.
    pub at_ns: Instant,
    /// What each pump may have delivered in runs of which no end is recorded \[µL\].
    pub lost_ul: Vec<(PumpId, f64)>,
    /// Pumps whose syringes were refilled.
    pub filled: Vec<PumpId>,
}

/// Somebody says that he has filled syringes while the run stood still. What follows from it are [`Command::Fill`]s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filled {
    /// Lab time at which the run goes on.
    pub at_ns: Instant,
    /// The pumps, and what their syringes hold now \[mL\].
    pub holds_ml: Vec<(PumpId, f64)>,
}

/// The run is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// When.
    pub at_ns: Instant,
    /// Number of experiments.
    pub experiments: u64,
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

impl ExperimentRecord {
    /// The same, of what was measured in doubt: flagged, and without features.
    pub(super) fn withdraw(&mut self) {
        self.quality.doubtful = true;
        self.features.iter_mut().for_each(|(_, value)| *value = None);
    }

    /// Records an observation.
    pub fn new(experiment: u64, phase: &str, observation: &Observation) -> Self {
        let Observation { outcome, .. } = observation;
        let spectrum = |s: &Spectrum| SpectrumRecord {
            name: s.name.clone(),
            unit: s.unit.clone(),
            values: s.values.clone(),
        };
        Self {
            experiment,
            request: None,
            phase: phase.to_owned(),
            conditions: observation.conditions.clone(),
            started_ns: observation.started,
            ended_ns: observation.ended,
            residence_time_s: finite(observation.residence_time_s),
            reaction_time_s: finite(observation.reaction_time_s),
            consumed_ml: observation.consumed_ml.clone(),
            vial: observation.vial.clone(),
            features: outcome.features.iter().map(|(n, v)| (n.clone(), finite(*v))).collect(),
            quality: outcome.quality,
            fault: observation.fault.clone(),
            spectra: outcome.spectra.iter().map(spectrum).collect(),
        }
    }

    /// The same, of an experiment that was asked for by number.
    #[must_use]
    pub fn of_request(self, request: u64) -> Self {
        Self { request: Some(request), ..self }
    }

    /// The observation that was recorded, its spectra on the grids of `analysis`.
    pub fn observation(&self, analysis: &Analysis) -> Observation {
        let grid = |name: &str| -> Arc<[f64]> {
            let channel = analysis.channels().iter().position(|c| c.name == name);
            channel.map_or_else(|| Vec::new().into(), |i| analysis.wavelengths_nm(i).clone())
        };
        let spectrum = |s: &SpectrumRecord| Spectrum {
            name: s.name.clone(),
            unit: s.unit.clone(),
            wavelengths_nm: grid(&s.name),
            values: s.values.clone(),
        };
        let feature = |(n, v): &(String, Option<f64>)| (n.clone(), v.unwrap_or(f64::NAN));
        Observation {
            conditions: self.conditions.clone(),
            started: self.started_ns,
            ended: self.ended_ns,
            residence_time_s: self.residence_time_s.unwrap_or(f64::INFINITY),
            reaction_time_s: self.reaction_time_s.unwrap_or(f64::INFINITY),
            consumed_ml: self.consumed_ml.clone(),
            vial: self.vial.clone(),
            outcome: Outcome {
                features: self.features.iter().map(feature).collect(),
                spectra: self.spectra.iter().map(spectrum).collect(),
                quality: self.quality,
            },
            fault: self.fault.clone(),
        }
    }
}
