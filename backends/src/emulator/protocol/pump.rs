//! The run of an emulated pump that a protocol file describes.

use flowtwin_lab::{Command, FlowRate, Lab, PumpId, Reply, SensorKind, Volume};

/// Status of a pump by the lab behind.
const RUNNING: f64 = 1.0;

/// What a pump is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Motion {
    #[default]
    Stopped,
    Moving,
    Paused,
}

/// A run, in legs: a pause or a change of rate begins a new one.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pump: PumpId,
    motion: Motion,
    /// Delivered, and drawn, before this leg, and counted \[µL\].
    counted_ul: [f64; 2],
    /// Delivered, and drawn, before this leg, since the emulator was made \[µL\].
    ever_ul: [f64; 2],
    /// Whether this leg draws.
    draws: bool,
    /// Delivered in this run before this leg \[µL\].
    before_ul: f64,
    /// Where a leg has ended, what it delivered \[µL\]; while it goes on the lab behind knows.
    leg_ul: Option<f64>,
    pub(super) stalled: bool,
    refused: bool,
}

impl Run {
    pub(super) fn new(pump: &str) -> Self {
        Self {
            pump: pump.into(),
            motion: Motion::default(),
            counted_ul: [0.0; 2],
            ever_ul: [0.0; 2],
            draws: false,
            before_ul: 0.0,
            leg_ul: Some(0.0),
            stalled: false,
            refused: false,
        }
    }

    /// Starts a run of a volume, in or out, or goes on with one that was paused. A second start changes nothing.
    pub(super) fn start(
        &mut self,
        (rate, volume_ul): (f64, f64),
        draws: bool,
        world: &mut dyn Lab,
    ) {
        match self.motion {
            Motion::Moving if self.is_moving(world) => return,
            Motion::Paused => {}
            Motion::Moving | Motion::Stopped => self.before_ul = 0.0,
        }
        let before = match self.motion {
            Motion::Paused => self.before_ul + self.leg(world),
            _ => 0.0,
        };
        self.count(world);
        self.draws = draws;
        self.begin(rate, volume_ul, before, world);
    }

    /// Counts what this leg has moved, and ends it.
    fn count(&mut self, world: &mut dyn Lab) {
        let leg = self.leg(world);
        self.counted_ul[usize::from(self.draws)] += leg;
        self.ever_ul[usize::from(self.draws)] += leg;
        self.leg_ul = Some(0.0);
    }

    fn begin(&mut self, rate: f64, volume_ul: f64, before_ul: f64, world: &mut dyn Lab) {
        self.count(world);
        self.before_ul = before_ul;
        let left = volume_ul - before_ul;
        if left <= 0.0 || rate <= 0.0 || self.stalled {
            return;
        }
        let (pump, left) = (self.pump.clone(), Volume::from_ul(left));
        let rate_ul_per_min = FlowRate::from_ul_per_min(rate);
        let command = match self.draws {
            true => Command::Withdraw { pump, rate_ul_per_min, volume_ul: left },
            false => Command::Dispense { pump, rate_ul_per_min, at_most_ul: left },
        };
        (self.motion, self.leg_ul) = (Motion::Moving, None);
        self.refused = world.send(&command).is_err();
    }

    /// Goes on at another rate.
    pub(super) fn change(&mut self, rate: f64, volume_ul: f64, world: &mut dyn Lab) {
        if self.is_moving(world) {
            let before = self.before_ul + self.leg(world);
            self.begin(rate, volume_ul, before, world);
        }
    }

    /// Stops for good.
    pub(super) fn stop(&mut self, world: &mut dyn Lab) {
        self.halt(Motion::Stopped, world);
    }

    /// Pauses a run, and stops one that is paused.
    pub(super) fn pause_then_stop(&mut self, world: &mut dyn Lab) {
        let to = if self.is_moving(world) { Motion::Paused } else { Motion::Stopped };
        self.halt(to, world);
    }

    fn halt(&mut self, to: Motion, world: &mut dyn Lab) {
        self.leg_ul = Some(self.leg(world));
        (self.motion, self.refused) = (to, false);
        // A lab behind that cannot stop its pump shows it in the status, as the pump itself would.
        let _ = world.send(&Command::Stop { pump: self.pump.clone() });
    }

    /// Counts what it delivers, or draws, from zero.
    pub(super) fn clear(&mut self, draws: bool, world: &mut dyn Lab) {
        let leg = if draws == self.draws { self.leg(world) } else { 0.0 };
        self.counted_ul[usize::from(draws)] = -leg;
    }

    /// What it has delivered, or drawn, since it was cleared \[µL\].
    pub(super) fn counted(&self, draws: bool, world: &mut dyn Lab) -> f64 {
        let leg = if draws == self.draws { self.leg(world) } else { 0.0 };
        (self.counted_ul[usize::from(draws)] + leg).max(0.0)
    }

    /// What it has drawn more than delivered since the emulator was made \[µL\].
    pub(super) fn gained_ul(&self, world: &mut dyn Lab) -> f64 {
        let leg = self.leg(world);
        let [delivered, drawn] = self.ever_ul;
        drawn - delivered + if self.draws { leg } else { -leg }
    }

    /// The same pump after it has lost its power: it has stopped, and its plunger is where it was.
    pub(super) fn without_power(mut self, world: &mut dyn Lab) -> Self {
        self.stop(world);
        self.count(world);
        Self { ever_ul: self.ever_ul, ..Self::new(self.pump.as_str()) }
    }

    /// What it has delivered since the run was started \[µL\].
    pub(super) fn of_run(&self, world: &mut dyn Lab) -> f64 {
        self.before_ul + self.leg(world)
    }

    fn leg(&self, world: &mut dyn Lab) -> f64 {
        let sensed =
            |world: &mut dyn Lab| self.sense(SensorKind::Dispensed(self.pump.clone()), world);
        self.leg_ul.unwrap_or_else(|| sensed(world).unwrap_or(0.0))
    }

    fn is_moving(&self, world: &mut dyn Lab) -> bool {
        self.motion == Motion::Moving && self.status(world) == "running"
    }

    /// What it is at, in the words of protocol files.
    pub(super) fn status(&self, world: &mut dyn Lab) -> &'static str {
        if self.stalled || self.refused {
            return "stalled";
        }
        if self.motion == Motion::Paused {
            return "paused";
        }
        match self.sense(SensorKind::Status(self.pump.clone()), world) {
            Some(status) if status > RUNNING + 2.5 => "stalled",
            Some(status) if (status - RUNNING).abs() < 0.5 => "running",
            _ => "stopped",
        }
    }

    fn sense(&self, kind: SensorKind, world: &mut dyn Lab) -> Option<f64> {
        let sensor = world.manifest().sensor(&kind)?.clone();
        match world.send(&Command::Read { sensor }) {
            Ok(Reply::Reading(value)) => Some(value),
            _ => None,
        }
    }
}
