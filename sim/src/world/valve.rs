//! Valves: where they are, and which ways they open.

use flowtwin_lab::{Instant, Setting, Span};

use super::{Event, World};

/// A valve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Valve {
    at: usize,
    /// When it has come to its position.
    there: Instant,
    /// It does not turn any more, whatever it acknowledges.
    stuck: bool,
}

impl Valve {
    /// In its first position.
    pub(crate) fn new() -> Self {
        Self { at: 0, there: Instant::START, stuck: false }
    }

    /// Turns to a position, in some time.
    fn turn(&mut self, now: Instant, to: usize, takes: Span) {
        if self.stuck || (to == self.at && self.there <= now) {
            return;
        }
        (self.at, self.there) = (to, now + takes);
    }

    /// Its position; none while it turns.
    fn position(&self, now: Instant) -> Option<usize> {
        (self.there <= now).then_some(self.at)
    }

    /// Its position as it tells it.
    pub(crate) fn told(&self, now: Instant) -> f64 {
        self.position(now).map_or(Setting::BETWEEN, |at| at as f64)
    }

    /// Sticks, or comes loose.
    pub(crate) fn stick(&mut self, sticks: bool) {
        self.stuck = sticks;
    }
}

impl World {
    /// Turns a valve. A pump that runs against what closes stalls.
    pub(crate) fn turn(&mut self, now: Instant, valve: usize, to: usize) {
        let takes = Span::from_secs(self.plan.manifest().valves[valve].turns_s);
        self.valves[valve].turn(now, to, takes);
        let mut stalled = false;
        for pump in 0..self.pumps.len() {
            let drawing = self.pumps[pump].is_drawing();
            let open = if drawing { self.at_bottle(now, pump) } else { self.is_open(now, pump) };
            if self.pumps[pump].runs() && !open {
                self.pumps[pump].stall(now);
                stalled = true;
            }
        }
        if stalled {
            self.flows_change(now);
        }
    }

    /// Whether the way of a pump to the rig is open.
    pub(super) fn is_open(&self, now: Instant, pump: usize) -> bool {
        let manifest = self.plan.manifest();
        let name = &manifest.pumps[pump].name;
        let mut valves = manifest.valves.iter().zip(&self.valves);
        valves.all(|(info, valve)| {
            let opens = |at: usize| info.positions[at].opens.contains(name);
            !info.is_in_the_way_of(name) || valve.position(now).is_some_and(opens)
        })
    }

    /// Whether the syringe of a pump is at its bottle.
    pub(crate) fn at_bottle(&self, now: Instant, pump: usize) -> bool {
        let manifest = self.plan.manifest();
        let Some(refill) = &manifest.pumps[pump].refill else { return false };
        let mut valves = manifest.valves.iter().zip(&self.valves);
        valves.any(|(info, valve)| {
            let at = valve.position(now).map(|at| &info.positions[at].name);
            info.name == refill.valve && at == Some(&refill.at)
        })
    }

    /// Has a pump draw from its bottle.
    pub(crate) fn withdraw(&mut self, now: Instant, pump: usize, rate: f64, ul: f64) {
        let plan = self.plan.clone();
        let of = (plan.pump_names[pump].as_str(), &self.streams);
        let done = self.pumps[pump].draw(now, (rate, ul), of);
        self.cancel_done(pump);
        self.pump_done[pump] = Some(self.engine.schedule(done, Event::PumpDone(pump)));
        self.flows_change(now);
    }

    /// The valve with this name, by number.
    pub(crate) fn valve_number(&self, name: &str) -> Option<usize> {
        self.plan.manifest().valves.iter().position(|info| info.name.as_str() == name)
    }

    /// Whether the way of a pump that was just started is closed: it stalls.
    pub(super) fn stall_if_closed(&mut self, now: Instant, pump: usize) {
        if !self.is_open(now, pump) {
            self.pumps[pump].stall(now);
        }
    }
}
