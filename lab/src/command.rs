//! The commands of a lab, and its replies.

use serde::{Deserialize, Serialize};

use crate::conditions::Conditions;
use crate::fault::Fault;
use crate::frames::Frames;
use crate::id::{AnalyserId, HeaterId, LightId, PumpId, SensorId, SpectrometerId, ValveId};
use crate::observation::Outcome;
use crate::time::Instant;
use crate::units::{FlowRate, Temperature, Volume};

/// One physical act. Sending it never waits for physics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// Infuse at a rate until a volume has been delivered, counted from now.
    ///
    /// The volume is always finite: a pump whose host has died stops by itself. Sent to a running pump it
    /// replaces rate and volume without stopping the flow. A rate of zero is off: the pump stands still, as after `Stop`.
    Dispense {
        /// Which pump.
        pump: PumpId,
        /// How fast.
        rate_ul_per_min: FlowRate,
        /// The volume after which the pump stops by itself.
        at_most_ul: Volume,
    },
    /// Stop a pump.
    Stop {
        /// Which pump.
        pump: PumpId,
    },
    /// Take note that somebody has filled the syringe of a pump that stands still. Nothing moves.
    Fill {
        /// Which pump.
        pump: PumpId,
        /// What its syringe holds now.
        holds_ul: Volume,
    },
    /// Draw a volume into the syringe of a pump that stands still, and stop.
    Withdraw {
        /// Which pump.
        pump: PumpId,
        /// How fast.
        rate_ul_per_min: FlowRate,
        /// The volume after which the pump stops by itself.
        volume_ul: Volume,
    },
    /// Turn a valve to one of its positions. It is there after [`crate::ValveInfo::turns_s`].
    Turn {
        /// Which valve.
        valve: ValveId,
        /// The position, by its name in the manifest.
        position: String,
    },
    /// Control a heater to a set point.
    Heat {
        /// Which heater.
        heater: HeaterId,
        /// The set point.
        set_point_c: Temperature,
    },
    /// Turn a heater's control off.
    HeaterOff {
        /// Which heater.
        heater: HeaterId,
    },
    /// Open a shutter or switch a lamp on (`true`), or the reverse.
    Light {
        /// Which light.
        light: LightId,
        /// Whether light reaches the flow cell.
        on: bool,
    },
    /// Start taking frames; answered by [`Reply::Ready`] with the moment the last frame is expected.
    Arm {
        /// Which spectrometer.
        spectrometer: SpectrometerId,
        /// What to take.
        exposure: Exposure,
    },
    /// Hand over the frames taken since `Arm`; a [`crate::FaultKind::NotReady`] fault before they are complete.
    Fetch {
        /// Which spectrometer.
        spectrometer: SpectrometerId,
    },
    /// Take a sample and start to analyse it; answered by [`Reply::Ready`] with the moment the results are expected. An
    /// analyser works on one sample at a time: [`crate::FaultKind::NotReady`] while it does.
    Inject {
        /// Which analyser.
        analyser: AnalyserId,
    },
    /// Hand over the results of the sample injected last; a [`crate::FaultKind::NotReady`] fault before they are there.
    Results {
        /// Which analyser.
        analyser: AnalyserId,
    },
    /// Read a sensor.
    Read {
        /// Which sensor.
        sensor: SensorId,
    },
    /// Read back a setting as the instrument keeps it now; answered by [`Reply::Reading`]. An instrument that cannot tell
    /// answers [`crate::FaultKind::Unsupported`].
    ReadBack {
        /// Which setting.
        setting: Setting,
    },
    /// Bring everything to its safe state, at once, whatever else is broken.
    MakeSafe,
    /// Start a whole experiment, on a lab that is driven by experiments and not by instruments
    /// ([`crate::Level::Experiments`]); answered by [`Reply::Ready`] with the moment it is expected to end.
    Begin {
        /// What to set.
        conditions: Conditions,
    },
    /// Hand over the outcome of the experiment begun last; `NotReady` before it has ended.
    Collect,
    /// Ask for a whole experiment by number, of a lab that can have several under way ([`crate::Manifest::at_once`]).
    Request {
        /// The number of the request.
        request: u64,
        /// What to set.
        conditions: Conditions,
        /// Whether it was asked for before this process began: a lab that still has it goes on with it.
        #[serde(default, skip_serializing_if = "crate::observation::is_false")]
        again: bool,
    },
    /// Hand over an answer to a request, whichever comes next ([`Reply::Answered`]); `NotReady` while none is there.
    Receive,
    /// Take note that nobody waits for the answer to a request any more.
    Forget {
        /// The number of the request.
        request: u64,
    },
}

/// A setting of an instrument, which others can change at its panel or over its cable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Set point of a heater [°C].
    SetPoint(HeaterId),
    /// Control mode of a heater: [`Setting::OFF`], [`Setting::AUTOMATIC`] or [`Setting::FIXED_POWER`].
    Mode(HeaterId),
    /// Rate of a pump [µL/min].
    Rate(PumpId),
    /// Whether light reaches the flow cell: 1 or 0.
    Light(LightId),
    /// Integration time of one frame of a spectrometer \[µs\].
    Integration(SpectrometerId),
    /// Position of a valve: its number in the manifest, from 0; [`Setting::BETWEEN`] while it turns.
    Position(ValveId),
}

impl Setting {
    /// Position of a valve that is in none of its positions.
    pub const BETWEEN: f64 = -1.0;
    /// Control mode of a heater: off.
    pub const OFF: f64 = 0.0;
    /// Control mode of a heater: automatic control to its set point.
    pub const AUTOMATIC: f64 = 1.0;
    /// Control mode of a heater: a fixed power, whatever the temperature.
    pub const FIXED_POWER: f64 = 2.0;

    /// Name of the instrument that keeps it.
    pub fn instrument(&self) -> &str {
        match self {
            Self::SetPoint(heater) | Self::Mode(heater) => heater.as_str(),
            Self::Rate(pump) => pump.as_str(),
            Self::Light(light) => light.as_str(),
            Self::Integration(spectrometer) => spectrometer.as_str(),
            Self::Position(valve) => valve.as_str(),
        }
    }
}

/// How a spectrometer takes frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// Integration time of one frame \[µs\]; whole microseconds, as the instrument counts.
    pub integration_us: u32,
    /// Number of frames, taken one directly after the other.
    pub frames: u32,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// It is done, or under way.
    Done,
    /// It has been started and should be complete at this moment.
    Ready(Instant),
    /// The frames of a spectrometer.
    Frames(Frames),
    /// What an analyser found: the concentration of each species of its manifest entry, in order \[mM\]; 0 for what is below
    /// its limit of detection.
    Results(Vec<f64>),
    /// The value of a sensor, in the unit its manifest entry names.
    Reading(f64),
    /// The outcome of a whole experiment.
    Outcome(Box<Outcome>),
    /// The outcome of a whole experiment, with the lab's own report.
    Report(Box<Report>),
    /// The answer to a request.
    Answered(Box<Answered>),
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The number of the request.
    pub request: u64,
    /// When the experiment began, where the lab says so.
    pub started: Option<Instant>,
    /// When it ended.
    pub ended: Instant,
    /// What came of it.
    pub report: Report,
}

/// The report of a lab that runs whole experiments by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What was measured; nothing in a failed experiment.
    pub outcome: Outcome,
    /// Volume taken from each stock \[mL\].
    pub consumed_ml: Vec<(String, f64)>,
    /// Why it failed, if it did.
    pub fault: Option<Fault>,
    /// What it really set, where it says so.
    pub conditions: Option<Conditions>,
}
