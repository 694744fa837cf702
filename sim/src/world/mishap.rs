//! Mishaps: when they begin and end, and what they do.

use flowtwin_lab::{Instant, Span, Stream, Streams};

use super::{Event, World};
use crate::spec::{Faults, Mishap};

/// The mishaps of a run.
#[derive(Clone, Debug)]
pub(crate) struct Mishaps {
    entries: Vec<Entry>,
    coalescing: bool,
    silent: Vec<(String, f64)>,
    /// Stretches that resist the flow so many times as much.
    clogged: Vec<(String, f64)>,
    /// Switches that are open.
    open: Vec<String>,
    lost_link: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    mishap: Mishap,
    first: Instant,
    lasts: Option<Span>,
    under_way: bool,
    /// Random ones come again: rate [1/s] and draws.
    again: Option<(f64, Stream)>,
}

impl Mishaps {
    pub(crate) fn new(faults: &Faults, streams: &Streams) -> Self {
        let scheduled = faults.scheduled.iter().map(|fault| Entry {
            mishap: fault.mishap.clone(),
            first: Instant::from_secs(fault.at_s),
            lasts: fault.for_s.map(Span::from_secs),
            under_way: false,
            again: None,
        });
        let random = faults.random.iter().enumerate().filter(|(_, f)| f.rate_per_h > 0.0);
        let random = random.map(|(i, fault)| {
            let mut stream = streams.open("faults/random", i as u64);
            let rate = fault.rate_per_h / 3600.0;
            Entry {
                mishap: fault.mishap.clone(),
                first: Instant::START + waiting(&mut stream, rate),
                lasts: fault.for_s.map(Span::from_secs),
                under_way: false,
                again: Some((rate, stream)),
            }
        });
        Self {
            entries: scheduled.chain(random).collect(),
            coalescing: false,
            silent: Vec::new(),
            clogged: Vec::new(),
            open: Vec::new(),
            lost_link: false,
        }
    }

    pub(crate) fn coalescing(&self) -> bool {
        self.coalescing
    }

    /// How long the host waits for an instrument that does not answer [s]; none where it does.
    pub(crate) fn silence_s(&self, instrument: &str) -> Option<f64> {
        self.silent.iter().find(|(name, _)| name == instrument).map(|(_, waited_s)| *waited_s)
    }

    /// How many times as much as usual a stretch resists the flow.
    pub(crate) fn resistance(&self, stretch: &str) -> f64 {
        let clogged = self.clogged.iter().find(|(name, _)| name == stretch);
        clogged.map_or(1.0, |(_, factor)| *factor)
    }

    /// Whether any stretch is clogged.
    pub(crate) fn clogs(&self) -> bool {
        !self.clogged.is_empty()
    }

    /// Whether a switch is open.
    pub(crate) fn is_open(&self, switch: &str) -> bool {
        self.open.iter().any(|name| name == switch)
    }

    /// Whether the link was lost since this was asked last.
    pub(crate) fn take_lost_link(&mut self) -> bool {
        std::mem::take(&mut self.lost_link)
    }
}

impl Entry {
    /// Whether this, too, does to the same part what `mishap` does.
    fn is_like(&self, mishap: &Mishap) -> bool {
        match (&self.mishap, mishap) {
            (Mishap::Stall { pump: a }, Mishap::Stall { pump: b })
            | (Mishap::Bubble { pump: a, .. }, Mishap::Bubble { pump: b, .. })
            | (Mishap::Dark { light: a }, Mishap::Dark { light: b })
            | (Mishap::Brightness { light: a, .. }, Mishap::Brightness { light: b, .. })
            | (Mishap::Runaway { heater: a }, Mishap::Runaway { heater: b })
            | (Mishap::SensorOpen { heater: a }, Mishap::SensorOpen { heater: b })
            | (Mishap::Silence { instrument: a, .. }, Mishap::Silence { instrument: b, .. }) => {
                a == b
            }
            (Mishap::Clog { stretch: a, .. }, Mishap::Clog { stretch: b, .. })
            | (Mishap::Opens { switch: a }, Mishap::Opens { switch: b })
            | (Mishap::Sticks { valve: a }, Mishap::Sticks { valve: b }) => a == b,
            (Mishap::Coalescence {}, Mishap::Coalescence {}) => true,
            _ => false,
        }
    }
}

fn waiting(stream: &mut Stream, rate_per_s: f64) -> Span {
    Span::from_secs((stream.exponential() / rate_per_s).min(1e9))
}

impl World {
    pub(super) fn schedule_mishaps(&mut self) {
        for (number, entry) in self.mishaps.entries.iter().enumerate() {
            self.engine.schedule(entry.first, Event::Mishap(number));
        }
    }

    pub(super) fn mishap(&mut self, now: Instant, number: usize, begins: bool) {
        let entry = &mut self.mishaps.entries[number];
        let mishap = entry.mishap.clone();
        entry.under_way = begins;
        if begins {
            if let Some(lasts) = entry.lasts {
                self.engine.schedule(now + lasts, Event::Mended(number));
            }
            if let Some((rate, stream)) = &mut entry.again {
                let pause = entry.lasts.unwrap_or(Span::ZERO) + waiting(stream, *rate);
                self.engine.schedule(now + pause, Event::Mishap(number));
            }
        }
        let mut entries = self.mishaps.entries.iter();
        match entries.find(|entry| entry.under_way && entry.is_like(&mishap)) {
            // What ends leaves the other in force.
            Some(other) if !begins => self.strike(now, &other.mishap.clone(), true),
            _ => self.strike(now, &mishap, begins),
        }
    }

    fn strike(&mut self, now: Instant, mishap: &Mishap, begins: bool) {
        let place = |names: &[String], name: &str| {
            names.iter().position(|n| n == name).expect("names have been checked")
        };
        let plan = self.plan.clone();
        match mishap {
            Mishap::Stall { pump } => {
                self.pumps[place(&plan.pump_names, pump)].block(now, begins);
                self.flows_change(now);
            }
            Mishap::Bubble { pump, compliance_s } => {
                let gas = begins.then_some(*compliance_s);
                self.pumps[place(&plan.pump_names, pump)].bubble(gas);
                self.flows_change(now);
            }
            Mishap::Dark { light } => {
                self.lights[place(&plan.light_names, light)].fail(now, begins);
            }
            Mishap::Brightness { light, factor } => {
                let factor = if begins { *factor } else { 1.0 };
                self.lights[place(&plan.light_names, light)].brighten(now, factor);
            }
            Mishap::Runaway { heater } => {
                self.heaters[place(&plan.heater_names, heater)].run_away(begins);
            }
            Mishap::SensorOpen { heater } => {
                self.heaters[place(&plan.heater_names, heater)].open_sensor(begins);
            }
            Mishap::Coalescence {} => self.mishaps.coalescing = begins,
            Mishap::Silence { instrument, waited_s } => {
                self.mishaps.silent.retain(|(name, _)| name != instrument);
                if begins {
                    self.mishaps.silent.push((instrument.clone(), *waited_s));
                }
            }
            Mishap::Clog { stretch, factor } => {
                self.mishaps.clogged.retain(|(name, _)| name != stretch);
                if begins {
                    self.mishaps.clogged.push((stretch.clone(), *factor));
                }
            }
            Mishap::Opens { switch } => {
                self.mishaps.open.retain(|name| name != switch);
                if begins {
                    self.mishaps.open.push(switch.clone());
                }
            }
            Mishap::Sticks { valve } => {
                if let Some(number) = self.valve_number(valve) {
                    self.valves[number].stick(begins);
                }
            }
            Mishap::LinkLost {} => self.mishaps.lost_link |= begins,
        }
    }

    /// A stock that throws solids clogs the line of its pump.
    pub(super) fn watch_precipitation(&mut self, now: Instant) {
        let plan = self.plan.clone();
        for rule in &plan.world().faults.precipitation {
            for (pump, spec) in self.pumps.iter_mut().zip(&plan.pumps) {
                let stock = &plan.world().stocks[&spec.stock].concentrations_mm;
                let amount = |species: &str| stock.get(species).copied().unwrap_or(0.0);
                let solid = amount(&rule.solid);
                let clear = solid <= 0.0 || amount(&rule.ligand) >= rule.least_ratio * solid;
                if !clear && pump.delivered_ul(now) >= 1e3 * rule.clogs_after_ml {
                    pump.block(now, true);
                }
            }
        }
    }
}
