//! All state of a simulated lab, and what each event does to it.

mod analysis;
mod bubbles;
mod followed;
mod hydraulics;
mod mishap;
mod mixing;
mod probe;
mod readings;
mod record;
mod rest;
mod sample;
mod slug;
mod stage;
mod tank;
mod uptake;
mod valve;

use std::collections::BTreeSet;
use std::sync::Arc;

use flowtwin_lab::{Frames, Instant, Span, Streams};

use crate::engine::{Engine, Ticket};
use crate::flow::FlowHistory;
use crate::instrument::heater::{self, Heater};
use crate::instrument::light::Light;
use crate::instrument::pump::{self, Pump};
use crate::instrument::response::Response;
use crate::plan::Plan;
use crate::train::Train;
use crate::work::Work;
pub(crate) use analysis::Analysis;
use bubbles::Bubbles;
pub(crate) use mishap::Mishaps;
pub(crate) use rest::Frame;
pub use rest::{Begun, Counts, Settle};
pub use sample::Sample;
use tank::Tank;
use uptake::Uptake;
use valve::Valve;

/// The past is kept for at least this time [s] …
const MEMORY_S: f64 = 4.0 * 3600.0;
/// … and until the rig has been flushed this many times.
const FLUSHES: f64 = 20.0;
/// How long flow rates must stand for the rig to count as being at another condition [s].
const CONDITION_S: f64 = 5.0;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The random part of all pumps moves on.
    PumpTick,
    /// All plates move on.
    PlateTick,
    /// A pump has delivered its volume, or its syringe is empty.
    PumpDone(usize),
    /// A slug is complete.
    SlugDone,
    /// A mishap begins.
    Mishap(usize),
    /// A mishap is over.
    Mended(usize),
}

/// A spectrometer that takes frames, or has taken them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acquisition {
    pub(crate) number: u64,
    pub(crate) began: Instant,
    pub(crate) exposure: flowtwin_lab::Exposure,
    pub(crate) condition: u64,
}

/// All state of a simulated lab.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) plan: Arc<Plan>,
    pub(crate) streams: Streams,
    pub(crate) engine: Engine<Event>,
    pub(crate) pumps: Vec<Pump>,
    pump_done: Vec<Option<Ticket>>,
    pub(crate) valves: Vec<Valve>,
    pub(crate) heaters: Vec<Heater>,
    pub(crate) lights: Vec<Light>,
    pub(crate) acquisitions: Vec<Option<Acquisition>>,
    pub(crate) armed: Vec<u64>,
    /// The last frames of each spectrometer: once nobody else holds them, the next ones take their room.
    taken: Vec<Option<Frames>>,
    /// Samples that analysers work on, or have worked on.
    pub(crate) analyses: Vec<Analysis>,
    /// Integration time of each spectrometer as it was last set [µs].
    pub(crate) integration_us: Vec<u32>,
    pub(crate) flow: FlowHistory,
    /// How gas lets slugs pass.
    bubbles: Bubbles,
    /// What of it dissolves.
    uptake: Uptake,
    train: Train,
    /// Responses of the spectrometers.
    responses: Vec<Response>,
    /// Stirred tanks, by stage.
    tanks: Vec<Option<Tank>>,
    slug_done: Option<Ticket>,
    next_tick: Instant,
    /// Rates of all pumps, since when, and the rates of the present condition with its number.
    rates: (Vec<f64>, Instant),
    condition: (Vec<f64>, u64),
    pub(crate) mishaps: Mishaps,
    pub(crate) extrapolated: BTreeSet<&'static str>,
    pub(crate) work: Work,
    /// Whether all flows have stood since long ago, so that one slug stands for all.
    at_rest: bool,
    /// … and when they began after others, if they did.
    begun: Option<Instant>,
    /// … or whether they change while liquid is on its way.
    follows: bool,
}

impl World {
    pub(crate) fn new(plan: Arc<Plan>, streams: Streams) -> Self {
        let noise = &plan.world().noise;
        let named = plan.pump_names.iter().zip(&plan.pumps);
        let of = |name: &String| {
            let noise = noise.pumps.of(name);
            match plan.world().rig.gases.contains_key(name) {
                true => noise.without_screw(),
                false => noise,
            }
        };
        let pumps: Vec<Pump> =
            named.map(|(name, spec)| Pump::new(name, spec, &of(name), &streams)).collect();
        let ambient = plan.world().rig.ambient_c;
        let named = plan.heater_names.iter().zip(&plan.heaters);
        let heaters = named
            .map(|(name, spec)| Heater::new(name, spec, ambient, &noise.heaters.of(name), &streams))
            .collect();
        let of_streams = plan.streams.iter().map(|s| s.pumps.clone()).collect();
        // Parcels of one liquid are of one size: they only part what is followed.
        let (volume_deviation, time_deviation) = match plan.carrier {
            Some(_) => (0.01 * noise.slugs.volume_percent, 0.01 * noise.slugs.time_percent),
            None => (0.0, 0.0),
        };
        let still = vec![0.0; pumps.len()];
        let mut world = Self {
            engine: Engine::new(),
            pump_done: vec![None; pumps.len()],
            valves: vec![Valve::new(); plan.manifest().valves.len()],
            heaters,
            lights: vec![Light::new(); plan.light_names.len()],
            acquisitions: vec![None; plan.channels.len()],
            armed: vec![0; plan.channels.len()],
            taken: vec![None; plan.channels.len()],
            analyses: vec![Analysis::default(); plan.analysers.len()],
            integration_us: vec![100_000; plan.channels.len()],
            flow: FlowHistory::new(
                pumps.len(),
                of_streams,
                plan.sections.clone(),
                plan.tube.iter().map(|stretch| stretch.section).collect(),
            ),
            bubbles: Bubbles::default(),
            uptake: Uptake::default(),
            responses: plan
                .channels
                .iter()
                .map(|c| Response::new(c.name.as_str(), &c.spec, &c.nm, ambient, &streams))
                .collect(),
            tanks: vec![None; plan.stages.all().len()],
            train: Train::new(volume_deviation, time_deviation, &streams),
            slug_done: None,
            next_tick: Instant::START + Span::from_secs(pump::TICK_S),
            rates: (still.clone(), Instant::START),
            condition: (still, 0),
            mishaps: Mishaps::new(&plan.world().faults, &streams),
            extrapolated: BTreeSet::new(),
            work: Work::default(),
            at_rest: false,
            begun: None,
            follows: false,
            pumps,
            plan,
            streams,
        };
        world.engine.schedule(world.next_tick, Event::PumpTick);
        let plate = Instant::START + Span::from_secs(heater::TICK_S);
        world.engine.schedule(plate, Event::PlateTick);
        world.schedule_mishaps();
        world
    }

    /// Lets everything happen that is due up to `deadline`.
    ///
    /// Stops early, and reports it, if the link to the instruments is lost on the way.
    pub(crate) fn run_until(&mut self, deadline: Instant) -> Result<(), Instant> {
        while let Some((now, event)) = self.engine.next_until(deadline) {
            self.work.events += 1;
            self.handle(now, event);
            if self.mishaps.take_lost_link() {
                return Err(now);
            }
        }
        Ok(())
    }

    fn handle(&mut self, now: Instant, event: Event) {
        match event {
            Event::PumpTick => self.pump_tick(now),
            Event::PlateTick => {
                let taken_w = self.heat_taken_w(now);
                for (heater, taken_w) in self.heaters.iter_mut().zip(taken_w) {
                    heater.tick(taken_w);
                }
                self.engine.schedule(now + Span::from_secs(heater::TICK_S), Event::PlateTick);
            }
            Event::PumpDone(pump) => {
                self.pump_done[pump] = None;
                self.pumps[pump].run_out(now);
                self.flows_change(now);
            }
            Event::SlugDone => {
                self.slug_done = None;
                let (total, disperse) = (self.flow.head(), self.disperse(now));
                let took = self.took(now);
                self.train.complete(now, self.flow.volume(total, now), disperse, took);
                self.work.slugs += 1;
                self.plan_slug(now);
            }
            Event::Mishap(number) => self.mishap(now, number, true),
            Event::Mended(number) => self.mishap(now, number, false),
        }
    }

    fn pump_tick(&mut self, now: Instant) {
        self.pumps.iter_mut().for_each(Pump::tick);
        self.next_tick = now + Span::from_secs(pump::TICK_S);
        self.engine.schedule(self.next_tick, Event::PumpTick);
        self.notice_condition(now);
        self.watch_precipitation(now);
        self.watch_pressure(now);
        // A rig at rest makes no history: hours of waiting cost those who look back nothing.
        if !self.flow.rests() || self.pumps.iter().any(Pump::runs) {
            self.flows_change(now);
        }
        if now.as_nanos().is_multiple_of(600_000_000_000) {
            self.forget(now);
        }
    }

    /// Starts a pump.
    pub(crate) fn dispense(&mut self, now: Instant, pump: usize, rate: f64, at_most_ul: f64) {
        let done = self.pumps[pump].start(now, rate, at_most_ul);
        self.stall_if_closed(now, pump);
        self.cancel_done(pump);
        self.pump_done[pump] = Some(self.engine.schedule(done, Event::PumpDone(pump)));
        self.flows_change(now);
    }

    /// Stops a pump.
    pub(crate) fn stop(&mut self, now: Instant, pump: usize) {
        self.pumps[pump].stop(now);
        self.cancel_done(pump);
        self.flows_change(now);
    }

    /// Somebody fills the syringe of a pump, which stands still meanwhile.
    pub(crate) fn fill(&mut self, now: Instant, pump: usize, holds_ul: f64) {
        self.stop(now, pump);
        self.pumps[pump].fill(now, holds_ul);
    }

    fn cancel_done(&mut self, pump: usize) {
        if let Some(ticket) = self.pump_done[pump].take() {
            self.engine.cancel(ticket);
        }
    }

    /// Notes the rates that pumps are set to; standing rates other than those before make a new
    /// condition.
    fn notice_condition(&mut self, now: Instant) {
        let rates: Vec<f64> = self.pumps.iter().map(Pump::set_ul_per_s).collect();
        if !same(&rates, &self.rates.0) {
            self.rates = (rates, now);
            return;
        }
        let flowing = rates.iter().any(|rate| *rate > 0.0);
        let stands = now.since(self.rates.1).as_secs() >= CONDITION_S;
        if flowing && stands && !same(&rates, &self.condition.0) {
            self.condition = (rates, self.condition.1 + 1);
        }
    }

    /// Number of the present condition.
    pub(crate) fn condition(&self) -> u64 {
        self.condition.1
    }

    fn forget(&mut self, now: Instant) {
        let memory = Span::from_secs(MEMORY_S).as_nanos();
        let before = Instant::from_nanos(now.as_nanos().saturating_sub(memory));
        let total = self.flow.head();
        let flushed = self.flow.volume(total, now) - self.flow.volume(total, before);
        let lines = self.plan.streams.iter().map(|s| s.spec.cold_ul + s.spec.hot_ul);
        let held: f64 = lines.chain(self.plan.tube.iter().map(|s| s.spec.volume_ul)).sum();
        if flushed < FLUSHES * held {
            return;
        }
        self.fill_tanks(before);
        self.flow.forget(before);
        self.bubbles.forget(before);
        self.train.forget(before);
        self.heaters.iter_mut().for_each(|h| h.forget(before));
        self.lights.iter_mut().for_each(|l| l.forget(before));
    }
}

/// Whether rates are the same to the last bit: they are set values, not measured ones.
fn same(a: &[f64], b: &[f64]) -> bool {
    a.iter().map(|r| r.to_bits()).eq(b.iter().map(|r| r.to_bits()))
}

#[cfg(test)]
mod bubble_tests;
#[cfg(test)]
mod path_tests;
#[cfg(test)]
mod tests;
