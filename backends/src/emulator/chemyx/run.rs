//! The run of an emulated pump: what it has been started to do, as the lab behind it carries it
//! out.

use flowtwin_lab::{Command, FlowRate, Instant, Lab, PumpId, Reply, SensorKind, Volume};

/// Status digits of the protocol.
pub(super) const STOPPED: u8 = 0;
pub(super) const RUNNING: u8 = 1;
const PAUSED: u8 = 2;
const STALLED: u8 = 4;

/// What a pump is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motion {
    Stopped,
    Moving,
    Paused,
}

/// One run, in legs: a pause or a change of rate begins a new leg.
#[derive(Debug)]
pub(super) struct Delivery {
    pump: PumpId,
    motion: Motion,
    leg: Leg,
    /// Delivered in the legs before [µL].
    before_ul: f64,
    /// Time of the legs before [min].
    before_min: f64,
    stalled: bool,
    refused: bool,
}

/// A stretch at one rate.
#[derive(Clone, Copy, Debug)]
struct Leg {
    since: Instant,
    until: Option<Instant>,
    ul_per_min: f64,
    at_most_ul: f64,
    infuses: bool,
}

impl Leg {
    fn minutes(&self, now: Instant) -> f64 {
        let end = self.until.unwrap_or(now);
        let longest = if self.ul_per_min > 0.0 { self.at_most_ul / self.ul_per_min } else { 0.0 };
        (end.since(self.since).as_secs() / 60.0).min(longest)
    }

    fn has_ended(&self, now: Instant) -> bool {
        self.minutes(now) * self.ul_per_min >= self.at_most_ul
    }
}

impl Delivery {
    pub(super) fn new(pump: PumpId) -> Self {
        Self {
            pump,
            motion: Motion::Stopped,
            leg: Leg {
                since: Instant::START,
                until: None,
                ul_per_min: 0.0,
                at_most_ul: 0.0,
                infuses: false,
            },
            before_ul: 0.0,
            before_min: 0.0,
            stalled: false,
            refused: false,
        }
    }

    /// Starts, or resumes after a pause; a second start does not begin the run again.
    pub(super) fn start(&mut self, ul_per_min: f64, volume_ul: f64, world: &mut dyn Lab) {
        match self.motion {
            Motion::Moving if self.status(world) == RUNNING => return,
            Motion::Paused => self.keep(world),
            Motion::Moving | Motion::Stopped => (self.before_ul, self.before_min) = (0.0, 0.0),
        }
        self.begin(ul_per_min, volume_ul, world);
    }

    /// Goes on at another rate.
    pub(super) fn change_rate(&mut self, ul_per_min: f64, volume_ul: f64, world: &mut dyn Lab) {
        if self.motion == Motion::Moving && self.status(world) == RUNNING {
            self.keep(world);
            self.begin(ul_per_min, volume_ul, world);
        }
    }

    fn keep(&mut self, world: &mut dyn Lab) {
        self.before_ul = self.delivered_ul(world);
        self.before_min = self.minutes(world.now());
    }

    fn begin(&mut self, ul_per_min: f64, volume_ul: f64, world: &mut dyn Lab) {
        let left = volume_ul.abs() - self.before_ul;
        if left <= 0.0 || self.stalled {
            return;
        }
        let infuses = volume_ul > 0.0;
        self.leg = Leg { since: world.now(), until: None, ul_per_min, at_most_ul: left, infuses };
        self.motion = Motion::Moving;
        self.refused = infuses && !self.dispense(ul_per_min, left, world);
    }

    fn dispense(&self, ul_per_min: f64, at_most_ul: f64, world: &mut dyn Lab) -> bool {
        let command = Command::Dispense {
            pump: self.pump.clone(),
            rate_ul_per_min: FlowRate::from_ul_per_min(ul_per_min),
            at_most_ul: Volume::from_ul(at_most_ul),
        };
        world.send(&command).is_ok()
    }

    /// Stops for good, or to be resumed.
    pub(super) fn halt(&mut self, pausing: bool, world: &mut dyn Lab) {
        if self.motion == Motion::Moving {
            self.leg.until = Some(world.now());
        }
        self.motion = match (pausing, self.motion) {
            (true, Motion::Moving | Motion::Paused) => Motion::Paused,
            _ => Motion::Stopped,
        };
        self.refused = false;
        // A lab behind that cannot stop its pump shows it in the status, as the pump itself would.
        let _ = world.send(&Command::Stop { pump: self.pump.clone() });
    }

    pub(super) fn stall(&mut self, begins: bool, world: &mut dyn Lab) {
        if begins && self.motion == Motion::Moving {
            self.halt(false, world);
        }
        self.stalled = begins;
    }

    /// The status digit: what the lab behind says, but for a pause and for what it knows nothing
    /// of.
    pub(super) fn status(&self, world: &mut dyn Lab) -> u8 {
        if self.stalled || self.refused {
            return STALLED;
        }
        if self.motion == Motion::Paused {
            return PAUSED;
        }
        let told = self.ask(SensorKind::Status(self.pump.clone()), world);
        match (told, self.motion) {
            (Some(status), Motion::Stopped) => status as u8,
            (Some(status), _) if self.leg.infuses => status as u8,
            (_, Motion::Stopped) => STOPPED,
            _ if self.leg.has_ended(world.now()) => STOPPED,
            _ => RUNNING,
        }
    }

    /// Delivered since the run began [µL].
    pub(super) fn delivered_ul(&self, world: &mut dyn Lab) -> f64 {
        if self.leg.infuses {
            let kind = SensorKind::Dispensed(self.pump.clone());
            if let Some(leg) = self.ask(kind, world) {
                return self.before_ul + leg;
            }
        }
        self.before_ul + self.leg.minutes(world.now()) * self.leg.ul_per_min
    }

    /// Time the run has moved [min].
    pub(super) fn minutes(&self, now: Instant) -> f64 {
        self.before_min + self.leg.minutes(now)
    }

    fn ask(&self, kind: SensorKind, world: &mut dyn Lab) -> Option<f64> {
        let sensor = world.manifest().sensor(&kind)?.clone();
        match world.send(&Command::Read { sensor }) {
            Ok(Reply::Reading(value)) => Some(value),
            _ => None,
        }
    }
}
