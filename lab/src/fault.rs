//! Faults: what went wrong, where and when, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::PumpId;
use crate::math;
use crate::time::Instant;

/// Something that went wrong: comparable, serialisable, journaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{at}: {origin}: {kind}")]
pub struct Fault {
    /// When, in lab time.
    #[serde(rename = "at_ns")]
    pub at: Instant,
    /// The instrument or layer that reports it, by its name.
    pub origin: String,
    /// What.
    pub kind: FaultKind,
}

/// Origin of what the procedure itself refuses.
pub(crate) const PROCEDURE: &str = "procedure";

impl Fault {
    /// A fault of `origin` at a moment.
    pub fn new(at: Instant, origin: impl fmt::Display, kind: FaultKind) -> Self {
        Self { at, origin: origin.to_string(), kind }
    }

    /// Whether the rig is to blame, its instruments or their links, and not the conditions: whatever was measured or
    /// failed says nothing of them. Such an experiment is repeated, and no policy learns of it.
    pub fn is_of_the_rig(&self) -> bool {
        match &self.kind {
            // Conditions that no experiment can be done at.
            FaultKind::Refused { .. } => self.origin != PROCEDURE,
            kind => kind.is_of_the_rig(),
        }
    }

    /// The fault because of which the rig was to be made safe, with what did not acknowledge.
    #[must_use]
    pub fn and_not_safe(self, unsafe_part: Self) -> Self {
        let left = match unsafe_part.kind {
            FaultKind::NotSafe { left, .. } => left,
            _ => unsafe_part.to_string(),
        };
        let because = match self.kind {
            FaultKind::NotSafe { because, .. } => because,
            kind => Some(Box::new(kind)),
        };
        Self { kind: FaultKind::NotSafe { because, left }, ..self }
    }
}

/// What went wrong. Numbers carry their unit and the allowed range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The instrument did not answer in time.
    #[error("no reply within {} s: check power, cable and port", in_short(*.waited_s))]
    NoReply {
        /// How long was waited \[s\].
        waited_s: f64,
    },
    /// The answer could not be understood.
    #[error("the reply makes no sense: {detail}")]
    Garbled {
        /// What was received or expected.
        detail: String,
    },
    /// The instrument refused the command.
    #[error("refused: {detail}")]
    Refused {
        /// The instrument's own words.
        detail: String,
    },
    /// The instrument took another value than the one sent.
    #[error("{quantity} was set to {asked} {unit}, but the instrument kept {kept} {unit}")]
    KeptOther {
        /// What was set.
        quantity: String,
        /// The value sent.
        asked: f64,
        /// The value read back.
        kept: f64,
        /// The unit of both.
        unit: String,
    },
    /// A setting of an instrument was changed by somebody else.
    #[error(
        "set {set}, the {holder} keeps {kept}: somebody else has changed it; find out who, at its panel or on its cable"
    )]
    Changed {
        /// What sort of instrument it is.
        holder: String,
        /// What was set, with its unit.
        set: String,
        /// What it keeps now, with its unit.
        kept: String,
    },
    /// What was asked for is not there yet; ask again after a tick.
    #[error("not ready")]
    NotReady,
    /// A value is outside its limits; nothing was sent.
    #[error("{quantity} {value} {unit} is outside {low} to {high} {unit}")]
    OutOfRange {
        /// What.
        quantity: String,
        /// The value.
        value: f64,
        /// The lowest allowed.
        low: f64,
        /// The highest allowed.
        high: f64,
        /// The unit of all three.
        unit: String,
    },
    /// An interlock of the guard tripped.
    #[error("interlock {rule}: {detail}")]
    Interlock {
        /// The name of the rule.
        rule: String,
        /// The numbers, and what a person must do.
        detail: String,
    },
    /// The rig could not be made safe: it needs a person on site.
    #[error("{}NOT SAFE: {left}; switch heater and pumps off by hand", because_in_words(.because.as_deref()))]
    NotSafe {
        /// What went wrong before; none where nothing had.
        because: Option<Box<Self>>,
        /// The instruments that did not acknowledge, and why.
        left: String,
    },
    /// A pump stalled.
    #[error("the pump stalled: look for a clog or a closed valve, then release the pressure")]
    Stalled,
    /// A pump stopped by itself before its time: most often its syringe is empty.
    #[error(
        "the pump stopped before its time: look whether its syringe is empty, somebody pressed its stop key, or it was \
         given too little volume"
    )]
    Empty,
    /// Syringes do not hold what the next experiment needs. It has not been begun.
    #[error("{}", short_in_words(.syringes))]
    Short {
        /// These.
        syringes: Vec<Shortage>,
    },
    /// A temperature sensor is open or gives no value.
    #[error("the temperature sensor is open or broken")]
    SensorOpen,
    /// A temperature did not settle.
    #[error(
        "{} °C is still {} K from the set point {} °C after {} s",
        in_short(*.value), in_short(*.off), in_short(*.set_point), in_short(*.waited_s)
    )]
    NotSettled {
        /// Last temperature [°C].
        value: f64,
        /// Set point [°C].
        set_point: f64,
        /// Distance \[K\].
        off: f64,
        /// Time waited \[s\].
        waited_s: f64,
    },
    /// A light source gives no light.
    #[error("no light: the signal is {} counts above dark; check lamp, shutter and fibre", in_short(*.counts))]
    NoLight {
        /// Mean signal above dark \[counts\].
        counts: f64,
    },
    /// The link to an instrument is gone.
    #[error("the link is lost: {detail}")]
    LinkLost {
        /// What the operating system said.
        detail: String,
    },
    /// A lab that runs whole experiments by itself begins no more of them.
    #[error("the lab has ended{}{reason}", if .reason.is_empty() { ", without a reason" } else { ": " })]
    Ended {
        /// Why, in its own words.
        reason: String,
    },
    /// The experiment failed as a whole, in the words of the lab that ran it.
    #[error("the experiment failed: {detail}")]
    Failed {
        /// Why.
        detail: String,
    },
    /// This lab has no such instrument or cannot do such a thing.
    #[error("this lab cannot do that: {detail}")]
    Unsupported {
        /// What was asked.
        detail: String,
    },
    /// A replayed journal and the run went apart.
    #[error("the run departs from the journal at record {record}: {detail}")]
    Diverged {
        /// Number of the record.
        record: u64,
        /// What was expected and what came.
        detail: String,
    },
    /// Nobody would make the rig safe if this program died: the watch beside it has acted, has gone or does not answer.
    /// Nothing that was measured since is believed.
    #[error("nobody watches the rig: {detail}")]
    Unwatched {
        /// What became of the watch, and what a person must do.
        detail: String,
    },
    /// The first experiment on a rig is far from its rehearsal.
    #[error(
        "unlike the rehearsal: {detail}; look for swapped cables and stocks, air in a line, a lamp that is off"
    )]
    Unlike {
        /// What was measured and expected, and how far apart they are.
        detail: String,
    },
    /// The rig is not as it was.
    #[error("the rig is not as it was: {detail}")]
    Moved {
        /// What has moved, by how much, and since when.
        detail: String,
    },
    /// Somebody asked the run to stop.
    #[error("interrupted")]
    Interrupted,
}

/// A syringe that does not hold enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shortage {
    /// Its pump.
    pub pump: PumpId,
    /// What is left in it above the reserve \[mL\].
    pub left_ml: f64,
    /// What the next experiment needs at most \[mL\].
    pub needs_ml: f64,
    /// What it holds above the reserve where it is full \[mL\].
    pub full_ml: f64,
    /// What is left in the bottle from which it refills itself \[mL\]; none: it does not, or nobody keeps count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bottle_ml: Option<f64>,
    /// Whether it holds a bottle: the pump has no syringe.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bottle: bool,
}

impl Shortage {
    /// Whether a full one would do.
    pub fn can_be_filled(&self) -> bool {
        self.needs_ml <= self.full_ml
    }

    /// What is short, in a word.
    fn holder(&self) -> &'static str {
        if self.is_bottle { "bottle" } else { "syringe" }
    }
}

/// A measured number as a person reads it: five digits, of which at most three stand behind the point.
fn in_short(value: f64) -> f64 {
    math::round_digits(value, 5, 3)
}

fn short_in_words(syringes: &[Shortage]) -> String {
    let left = |s: &Shortage| {
        let bottle = s.bottle_ml.map_or_else(String::new, |ml| {
            format!(", and the bottle from which it refills itself has {ml} mL")
        });
        format!(
            "the {} of pump {} has {} mL left, the next experiment needs up to {} mL{bottle}",
            s.holder(),
            s.pump,
            s.left_ml,
            s.needs_ml
        )
    };
    let left: Vec<String> = syringes.iter().map(left).collect();
    let left = left.join("; ");
    if let Some(small) = syringes.iter().find(|s| !s.can_be_filled()) {
        return format!(
            "{left}: a full {} of {} holds {} mL; take a larger one",
            small.holder(),
            small.pump,
            small.full_ml
        );
    }
    let pumps: Vec<&str> = syringes.iter().map(|s| s.pump.as_str()).collect();
    format!("{left}: refill, then `--resume --filled {}`", pumps.join(","))
}

fn because_in_words(because: Option<&FaultKind>) -> String {
    because.map_or_else(String::new, |kind| format!("{kind}; and "))
}

impl FaultKind {
    /// [`Fault::is_of_the_rig`], where an instrument refused what was refused.
    fn is_of_the_rig(&self) -> bool {
        match self {
            // What the conditions do: they are outside the limits, do not settle, clog a tube.
            Self::OutOfRange { .. } | Self::NotSettled { .. } | Self::Failed { .. } => false,
            Self::Stalled | Self::Interrupted | Self::Diverged { .. } => false,
            Self::NotSafe { because, .. } => {
                because.as_ref().is_none_or(|kind| kind.is_of_the_rig())
            }
            _ => true,
        }
    }

    /// Whether a link failed, and not the instrument at its end: it may be back in a moment.
    pub fn is_of_a_link(&self) -> bool {
        match self {
            Self::NoReply { .. } | Self::Garbled { .. } | Self::LinkLost { .. } => true,
            Self::NotSafe { because: Some(because), .. } => because.is_of_a_link(),
            _ => false,
        }
    }

    /// Whether the rig itself must not go on: the campaign ends, safe.
    ///
    /// Other faults fail one experiment, which is recorded as failed, and the campaign goes on.
    pub fn stops_campaign(&self) -> bool {
        !matches!(
            self,
            Self::Failed { .. } | Self::NotSettled { .. } | Self::NoLight { .. } | Self::NotReady
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_made_safe_is_said_with_what_had_gone_wrong() {
        let alone = FaultKind::NotSafe { because: None, left: "plate (not ready)".into() };
        let said = "NOT SAFE: plate (not ready); switch heater and pumps off by hand";
        assert_eq!(alone.to_string(), said);
        let because = Some(Box::new(FaultKind::SensorOpen));
        let both = FaultKind::NotSafe { because, left: "plate (not ready)".into() };
        assert!(
            both.to_string().starts_with("the temperature sensor is open or broken; and NOT SAFE")
        );
        let text = serde_json::to_string(&both).expect("a fault is plain data");
        assert_eq!(serde_json::from_str::<FaultKind>(&text).expect("it is read back"), both);
        assert!(both.stops_campaign());
    }

    #[test]
    fn measured_numbers_are_read_in_few_digits() {
        let kinds = [
            FaultKind::NoLight { counts: 96.288_444_444_44 },
            FaultKind::NotSettled {
                value: 119.299_999_999_999_99,
                set_point: 120.0,
                off: 0.700_000_000_000_003,
                waited_s: 600.000_000_1,
            },
            FaultKind::NoReply { waited_s: 1.000_000_000_000_2 },
        ];
        let said = kinds.map(|kind| kind.to_string());
        assert_eq!(
            said[0],
            "no light: the signal is 96.288 counts above dark; check lamp, shutter and fibre"
        );
        assert_eq!(said[1], "119.3 °C is still 0.7 K from the set point 120 °C after 600 s");
        assert_eq!(said[2], "no reply within 1 s: check power, cable and port");
    }

    #[test]
    fn what_a_plug_does_is_not_blamed_on_the_conditions_and_what_they_do_is() {
        let fault = |origin: &str, kind| Fault::new(Instant::START, origin, kind);
        let refused = || FaultKind::Refused { detail: "busy".into() };
        let lost = FaultKind::LinkLost { detail: "unplugged".into() };
        let unsafe_because =
            |kind| FaultKind::NotSafe { because: Some(Box::new(kind)), left: "plate".into() };
        let of_the_rig = [
            fault("cui", FaultKind::NoReply { waited_s: 1.0 }),
            fault("cui", lost.clone()),
            fault("cui", FaultKind::Empty),
            fault("lamp", FaultKind::NoLight { counts: 1.0 }),
            fault("plate", refused()),
            fault("plate", unsafe_because(lost)),
            fault("plate", FaultKind::NotSafe { because: None, left: "plate".into() }),
        ];
        assert!(of_the_rig.iter().all(Fault::is_of_the_rig), "{of_the_rig:?}");
        let of_conditions = [
            fault("cui", FaultKind::Stalled),
            fault(PROCEDURE, refused()),
            fault("lab", FaultKind::Failed { detail: "it gelled".into() }),
            fault("plate", unsafe_because(FaultKind::Stalled)),
            fault("operator", FaultKind::Interrupted),
        ];
        assert!(!of_conditions.iter().any(Fault::is_of_the_rig), "{of_conditions:?}");
    }
}
