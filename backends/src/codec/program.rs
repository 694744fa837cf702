//! The lines that flowtwin and an instrument program exchange, version 1: `docs/instrument-programs.md`.

use std::collections::BTreeMap;

use flowtwin_lab::FaultKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Scan, line};

/// The version of these lines.
pub const PROTOCOL: u32 = 1;

/// Longest line that is taken for one \[bytes\]: a frame of 30 000 pixels.
pub const LONGEST: usize = 256 * 1024;

/// What an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A syringe pump.
    Pump,
    /// A valve that is turned.
    Valve,
    /// A heater with its controller.
    Heater,
    /// A shutter or a switched light.
    Light,
    /// A spectrometer.
    Spectrometer,
    /// An instrument that takes samples and analyses them.
    Analyser,
    /// A sensor in the line.
    Sensor,
    /// A switch that permits to run: a door, an emergency stop.
    Switch,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pump,
        Self::Valve,
        Self::Heater,
        Self::Light,
        Self::Spectrometer,
        Self::Analyser,
        Self::Sensor,
        Self::Switch,
    ];

    /// What every instrument of this kind must be able to read.
    pub(crate) fn must_read(self) -> &'static [What] {
        match self {
            Self::Pump => &[What::Status, What::DispensedUl],
            Self::Heater => &[What::TemperatureC],
            Self::Light | Self::Spectrometer | Self::Analyser => &[],
            Self::Valve => &[What::Position],
            Self::Sensor => &[What::Value],
            Self::Switch => &[What::Granted],
        }
    }

    /// What it should be able to read besides, so that the guard sees what it keeps.
    pub(crate) fn should_read(self) -> &'static [What] {
        match self {
            Self::Pump => &[What::RateUlPerMin],
            Self::Heater => &[What::SetPointC, What::Mode, What::PowerPercent],
            Self::Light => &[What::On],
            Self::Spectrometer => &[What::IntegrationUs],
            Self::Valve | Self::Analyser | Self::Sensor | Self::Switch => &[],
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

/// What can be read. The name has the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// What a pump is at: a word, see [`STATUS`].
    Status,
    /// Volume delivered since the last `dispense`, or drawn since the last `withdraw` \[µL\].
    DispensedUl,
    /// The rate that a pump keeps [µL/min].
    RateUlPerMin,
    /// The position of a valve, from 1; 0 while it turns.
    Position,
    /// Temperature [°C].
    TemperatureC,
    /// Output power [%].
    PowerPercent,
    /// The set point in force [°C].
    SetPointC,
    /// The control mode in force: a word, see [`MODE`].
    Mode,
    /// Whether a light is on.
    On,
    /// The integration time that a spectrometer keeps \[µs\].
    IntegrationUs,
    /// What a sensor reads, in the unit of its kind.
    Value,
    /// Whether it is safe to run.
    Granted,
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

/// What a pump is at, in the order of the numbers of [`flowtwin_lab::SensorKind::Status`].
pub const STATUS: [&str; 5] = ["stopped", "running", "paused", "delayed", "stalled"];

/// The modes of a controller, in the order of the numbers of [`flowtwin_lab::Setting::Mode`].
pub const MODE: [&str; 3] = ["off", "automatic", "fixed_power"];

/// A request: a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Its number, which the answer repeats.
    pub id: u64,
    /// The instrument it is for, by its name in the scenario.
    pub to: String,
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
}

/// What an instrument program is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Request {
    /// Who it is. Nothing is moved, heated or lit.
    Identify {
        /// What it is to be.
        kind: Kind,
        /// Inner diameter of its syringe \[mm\], for a pump; none: as it is set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bore_mm: Option<f64>,
    },
    /// Infuse at a rate until a volume has been delivered, counted from now.
    Dispense {
        /// The rate [µL/min].
        rate_ul_per_min: f64,
        /// The volume after which it stops by itself \[µL\].
        volume_ul: f64,
    },
    /// Draw a volume into the syringe of a pump.
    Withdraw {
        /// The rate [µL/min].
        rate_ul_per_min: f64,
        /// The volume after which it stops by itself \[µL\].
        volume_ul: f64,
    },
    /// Stop a pump.
    Stop {},
    /// Turn a valve.
    Turn {
        /// To this position, from 1.
        position: usize,
    },
    /// Control to a set point.
    Heat {
        /// The set point [°C].
        set_point_c: f64,
    },
    /// Turn control off.
    Off {},
    /// Let light through or not.
    Switch {
        /// Whether it is on.
        on: bool,
    },
    /// What a spectrometer is.
    Describe {},
    /// Start taking frames.
    Arm {
        /// Integration time of a frame \[µs\].
        integration_us: u32,
        /// Number of frames.
        frames: u32,
    },
    /// Hand over one frame.
    Fetch {
        /// Its number, from 0.
        frame: u32,
    },
    /// Take a sample.
    Inject {},
    /// Hand over what was found in it.
    Results {},
    /// Read something.
    Read {
        /// What.
        what: What,
    },
    /// Bring everything to its safe state.
    MakeSafe {},
}

/// An answer: a line with `ok` or `error`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The number of the request.
    #[serde(default)]
    pub id: Option<u64>,
    /// What it yields, where it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<Map<String, Value>>,
    /// Why it was not done: words, or `{"kind": …}` with what that kind of fault has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
}

/// Who a program has at its end, in answer to [`Request::Identify`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Who {
    /// The version of the lines that it speaks.
    pub protocol: u32,
    /// Maker and model.
    pub model: String,
    /// Serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// Firmware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// What else a person should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What can be read.
    #[serde(default)]
    pub reads: Vec<What>,
    /// Lowest and highest value of what can be set, by its name in requests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, [f64; 2]>,
}

/// The first line of a program, before anything is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the lines that it speaks.
    pub protocol: u32,
}

/// The line `{"hello": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// What it says.
    pub hello: Hello,
}

/// Scans for a line ended by LF; the line comes without its end.
pub fn scan(bytes: &[u8]) -> Scan<String> {
    match bytes.iter().position(|&b| b == b'\n') {
        Some(end) => Scan::Frame(line::text(&bytes[..end]), end + 1),
        None if bytes.len() > LONGEST => Scan::Junk(bytes.len()),
        None => Scan::Incomplete,
    }
}

/// The faults that an instrument may report of itself.
const OWN: [&str; 11] = [
    "no_reply",
    "garbled",
    "refused",
    "kept_other",
    "not_ready",
    "out_of_range",
    "stalled",
    "sensor_open",
    "no_light",
    "link_lost",
    "unsupported",
];

/// The fault that an `error` names; none where it names no fault of an instrument.
pub fn fault(error: &Value) -> Option<FaultKind> {
    if let Value::String(detail) = error {
        return Some(FaultKind::Refused { detail: detail.clone() });
    }
    let mut rest = error.as_object()?.clone();
    let kind = rest.remove("kind")?.as_str()?.to_owned();
    if !OWN.contains(&kind.as_str()) {
        return None;
    }
    let bare = Value::String(kind.clone());
    let whole = Value::Object([(kind, Value::Object(rest))].into_iter().collect());
    serde_json::from_value(whole).or_else(|_| serde_json::from_value(bare)).ok()
}

/// A fault as the `error` of an answer.
pub fn error(kind: &FaultKind) -> Value {
    let mut error = Map::new();
    match serde_json::to_value(kind) {
        Ok(Value::String(name)) => drop(error.insert("kind".into(), Value::String(name))),
        Ok(Value::Object(whole)) => {
            for (name, rest) in whole {
                error.insert("kind".into(), Value::String(name));
                error.extend(rest.as_object().cloned().unwrap_or_default());
            }
        }
        _ => return Value::String(kind.to_string()),
    }
    Value::Object(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_key_beside_its_number_and_its_instrument() {
        let request = Request::Dispense { rate_ul_per_min: 92.5, volume_ul: 1000.0 };
        let asked = Asked { id: 7, to: "cui".into(), request };
        let text = serde_json::to_string(&asked).unwrap();
        let line = r#"{"id":7,"to":"cui","dispense":{"rate_ul_per_min":92.5,"volume_ul":1000.0}}"#;
        assert_eq!(text, line);
        assert_eq!(serde_json::from_str::<Asked>(&text).unwrap(), asked);
    }

    #[test]
    fn faults_go_there_and_back_but_not_those_that_an_instrument_cannot_have() {
        let (quantity, unit) = ("rate".to_owned(), "µL/min".to_owned());
        let faults = [
            FaultKind::NotReady,
            FaultKind::Stalled,
            FaultKind::NoReply { waited_s: 0.5 },
            FaultKind::OutOfRange { quantity, value: 2.0, low: 0.0, high: 1.0, unit },
        ];
        for kind in faults {
            assert_eq!(fault(&error(&kind)), Some(kind));
        }
        let words = Value::String("no syringe".into());
        assert_eq!(fault(&words), Some(FaultKind::Refused { detail: "no syringe".into() }));
        assert_eq!(fault(&error(&FaultKind::Interrupted)), None);
        assert_eq!(fault(&serde_json::json!({"kind": "melted"})), None);
    }
}
