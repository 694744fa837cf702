//! Starting and stopping the pumps, and what they used.

use super::spec::{FlushRate, FlushSpec, ProcedureSpec};
use super::valves;
use crate::command::{Command, Reply};
use crate::conditions::Conditions;
use crate::fault::Fault;
use crate::id::PumpId;
use crate::lab::Lab;
use crate::manifest::{Manifest, PumpInfo, SensorKind};
use crate::math;
use crate::settings::Settings;
use crate::time::{Instant, Span};
use crate::units::{FlowRate, Volume};

/// The pumps that run in one experiment, and what each has delivered.
#[derive(Debug, Default)]
pub(super) struct Running {
    pumps: Vec<Delivery>,
    reported_ml: Option<Vec<(String, f64)>>,
    /// What a lab that runs whole experiments by itself says that it has set.
    pub(super) set: Option<Conditions>,
    /// The vial that its liquid went into.
    pub(super) vial: Option<String>,
}

#[derive(Debug)]
struct Delivery {
    pump: PumpId,
    rate: FlowRate,
    started: Instant,
    delivered_ul: Option<f64>,
}

impl Running {
    /// Starts every pump of `settings` with a finite volume, enough for `longest_s`.
    pub(super) fn start(
        &mut self,
        lab: &mut dyn Lab,
        spec: &ProcedureSpec,
        settings: &Settings,
        longest_s: f64,
    ) -> Result<(), Fault> {
        for (pump, rate) in &settings.pumps {
            if rate.ul_per_min() <= 0.0 {
                continue;
            }
            if !self.pumps.is_empty() && spec.pump_gap_s > 0.0 {
                lab.wait(Span::from_secs(spec.pump_gap_s))?;
            }
            let run = Delivery {
                pump: pump.clone(),
                rate: *rate,
                started: lab.now(),
                delivered_ul: None,
            };
            self.pumps.push(run);
            lab.send(&dispense(pump, *rate, longest_s))?;
        }
        Ok(())
    }

    /// Stops every pump that runs and reads what it has delivered.
    pub(super) fn stop(&mut self, lab: &mut dyn Lab) -> Result<(), Fault> {
        for run in self.pumps.iter_mut().filter(|run| run.delivered_ul.is_none()) {
            lab.send(&Command::Stop { pump: run.pump.clone() })?;
            run.delivered_ul = Some(run.nominal_ul(lab.now()));
        }
        for run in &mut self.pumps {
            let kind = SensorKind::Dispensed(run.pump.clone());
            let Some(sensor) = lab.manifest().sensor(&kind).cloned() else {
                continue;
            };
            if let Reply::Reading(ul) = lab.send(&Command::Read { sensor })? {
                run.delivered_ul = Some(ul);
            }
        }
        Ok(())
    }

    /// Takes every pump to have stopped at `at`, for the book-keeping after a fault.
    pub(super) fn end(&mut self, at: Instant) {
        for run in self.pumps.iter_mut().filter(|run| run.delivered_ul.is_none()) {
            run.delivered_ul = Some(run.nominal_ul(at));
        }
    }

    /// Believes a lab that runs whole experiments by itself what it has taken from each stock [mL].
    pub(super) fn take_report(&mut self, consumed_ml: Vec<(String, f64)>) {
        self.reported_ml = Some(consumed_ml);
    }

    /// Volume taken from each stock [mL], to 1e-4 µL, in the order of the manifest's pumps.
    pub(super) fn consumed_ml(&self, manifest: &Manifest) -> Vec<(String, f64)> {
        if let Some(reported) = &self.reported_ml {
            return reported.clone();
        }
        let mut consumed: Vec<(String, f64)> = Vec::new();
        for info in &manifest.pumps {
            let of_pump = |run: &&Delivery| run.pump == info.name;
            let ul: f64 = self.pumps.iter().filter(of_pump).filter_map(|r| r.delivered_ul).sum();
            match consumed.iter_mut().find(|(stock, _)| *stock == info.stock) {
                Some((_, ml)) => *ml = math::round_decimals(*ml + ul / 1000.0, 7),
                None => consumed.push((info.stock.clone(), math::round_decimals(ul / 1000.0, 7))),
            }
        }
        consumed
    }
}

impl Delivery {
    fn nominal_ul(&self, at: Instant) -> f64 {
        self.rate.ul_per_min() * at.since(self.started).as_secs() / 60.0
    }
}

/// Runs a pump for at most `longest_s`.
pub(super) fn dispense(pump: &PumpId, rate: FlowRate, longest_s: f64) -> Command {
    Command::Dispense {
        pump: pump.clone(),
        rate_ul_per_min: rate,
        at_most_ul: Volume::from_ul(longest_ul(rate.ul_per_min(), longest_s)),
    }
}

/// The rate nearest to this one [µL/min] that a pump can run at.
pub(super) fn nearest(manifest: &Manifest, pump: &PumpId, ul_per_min: f64) -> FlowRate {
    let of_pump = |info: &PumpInfo| info.nearest_ul_per_min(ul_per_min);
    FlowRate::from_ul_per_min(manifest.pump(pump).map_or(ul_per_min, of_pump))
}

/// What a pump may deliver in `longest_s` at a rate [µL/min], as it is told [µL].
pub(super) fn longest_ul(ul_per_min: f64, longest_s: f64) -> f64 {
    math::round_decimals(ul_per_min * longest_s / 60.0, 5).max(1e-5)
}

/// How long pumps may run in a flush [s].
pub(super) fn flush_s_at_most(spec: &FlushSpec) -> f64 {
    1.25 * spec.flush_s + 30.0
}

/// What a pump may deliver in a flush [µL].
pub(super) fn flushes_at_most_ul(spec: &FlushSpec, pump: &PumpId) -> f64 {
    let runs = |rate: &&FlushRate| rate.pump == *pump && rate.ul_per_min > 0.0;
    let longest_s = flush_s_at_most(spec);
    match spec.rates.iter().rfind(runs) {
        Some(rate) if spec.flush_s > 0.0 => {
            longest_ul(math::round_decimals(rate.ul_per_min, 6), longest_s)
        }
        _ => 0.0,
    }
}

/// Lets pumps run for a while, to fill lines or flow cells; they go on until they are stopped.
pub(super) fn flush(lab: &mut dyn Lab, gap_s: f64, spec: &FlushSpec) -> Result<(), Fault> {
    if spec.rates.is_empty() || spec.flush_s <= 0.0 {
        return Ok(());
    }
    let running = || spec.rates.iter().filter(|rate| rate.ul_per_min > 0.0);
    valves::open_ways(lab, &running().map(|rate| rate.pump.clone()).collect::<Vec<_>>())?;
    for (i, rate) in running().enumerate() {
        if i > 0 && gap_s > 0.0 {
            lab.wait(Span::from_secs(gap_s))?;
        }
        let flow = nearest(lab.manifest(), &rate.pump, rate.ul_per_min);
        lab.send(&dispense(&rate.pump, flow, flush_s_at_most(spec)))?;
    }
    lab.wait(Span::from_secs(spec.flush_s))
}

/// Stops every pump of the rig.
pub(super) fn stop_all(lab: &mut dyn Lab) -> Result<(), Fault> {
    let pumps: Vec<PumpId> = lab.manifest().pumps.iter().map(|p| p.name.clone()).collect();
    pumps.into_iter().try_for_each(|pump| lab.send(&Command::Stop { pump }).map(drop))
}
