//! A dynamic flow experiment: flows are ramped, and every reading is mapped back to the conditions that
//! formed the slugs it was taken from.
//!
//! One ramp yields many condition–outcome pairs where steady state yields one (the group's "flow-driven data
//! intensification"). It needs nothing but the commanded flows and the volumes of the rig.

use super::{Procedure, acquire, flow, heat, valves};
use crate::analysis::{Blank, Counts};
use crate::command::Command;
use crate::conditions::{Conditions, Space};
use crate::fault::{Fault, FaultKind, PROCEDURE};
use crate::frames::Frames;
use crate::id::PumpId;
use crate::lab::Lab;
use crate::manifest::Manifest;
use crate::observation::Outcome;
use crate::path::{FlowHistory, FlowPath};
use crate::settings::Settings;
use crate::study::RampSpec;
use crate::time::{Instant, Span};
use crate::units::FlowRate;

/// Least and longest time of a ramp [s].
const LEAST_S: f64 = 1e-3;
const LONGEST_S: f64 = 1e6;
/// Residence times after which its beginning is taken to be steady.
const SETTLED: f64 = 1.2;

/// One reading of a ramp, with the conditions it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct RampPoint {
    /// The middle of the frames.
    pub measured: Instant,
    /// When liquids of several pumps first met in these slugs.
    pub formed: Instant,
    /// The conditions at that moment.
    pub conditions: Conditions,
    /// Time these slugs spent reacting \[s\].
    pub reaction_time_s: f64,
    /// What was measured.
    pub outcome: Outcome,
}

/// Who takes note of the readings of a ramp; the lab is handed back for that.
pub(super) type Note<'n, L> = &'n mut dyn FnMut(&mut L, RampPoint) -> Result<(), Fault>;

/// The ramp as it is being run.
struct Ramp<'a> {
    procedure: &'a Procedure,
    space: &'a Space,
    spec: &'a RampSpec,
    from: &'a Conditions,
    to: &'a Conditions,
    began: Instant,
    next_step: Instant,
    history: FlowHistory,
    /// The way of the liquid from where it met others.
    way: FlowPath,
}

impl Procedure {
    /// Ramps the flows from one set of conditions to another while reading the spectra.
    ///
    /// Starts from steady state at `from`; readings whose slugs were formed before the ramp began are left
    /// out, and reading goes on until the last slugs of the ramp have arrived.
    ///
    /// # Errors
    /// [`FaultKind::Refused`] where the two differ in a heater's set point (a heater does not follow a ramp
    /// of seconds), leave a part of the rig without flow (no slug would ever arrive), or where a time of `spec` is not
    /// above zero; and any fault of the lab; then the pumps are stopped or everything is safe.
    pub fn ramp(
        &self,
        lab: &mut dyn Lab,
        blank: &Blank,
        space: &Space,
        (from, to): (&Conditions, &Conditions),
        spec: &RampSpec,
    ) -> Result<Vec<RampPoint>, Fault> {
        let mut points = Vec::new();
        let mut keep = |_: &mut &mut dyn Lab, point: RampPoint| {
            points.push(point);
            Ok(())
        };
        self.ramp_noting(&mut { lab }, blank, space, (from, to), spec, &mut keep)?;
        Ok(points)
    }

    /// The longest that the flow of a ramp can last \[s\], with which pumps are given finite volumes.
    pub(super) fn ramps_longest_s(
        &self,
        manifest: &Manifest,
        (start, end): (&Settings, &Settings),
        spec: &RampSpec,
    ) -> f64 {
        let takes_s = |settings| manifest.path.residence_time_s(settings);
        let settled_s = SETTLED * takes_s(start);
        let arrives_s = 1.5 * takes_s(start).max(takes_s(end)) + spec.every_s.min(spec.duration_s);
        self.spec.volume_margin * (settled_s + spec.duration_s + arrives_s) + 60.0
    }

    /// As [`Procedure::ramp`]; every reading is handed to `note` as soon as it is taken.
    ///
    /// # Errors
    /// As [`Procedure::ramp`], and what `note` does not take.
    pub(super) fn ramp_noting<L: Lab>(
        &self,
        lab: &mut L,
        blank: &Blank,
        space: &Space,
        (from, to): (&Conditions, &Conditions),
        spec: &RampSpec,
        note: Note<'_, L>,
    ) -> Result<(), Fault> {
        let (start, end) = (self.recipe.settings(from), self.recipe.settings(to));
        if let Some(detail) = refusal(&start, &end, &lab.manifest().path, spec) {
            let kind = FaultKind::Refused { detail: detail.into() };
            return Err(Fault::new(lab.now(), PROCEDURE, kind));
        }
        let mut running = flow::Running::default();
        let result = heat::settle(lab, &self.spec, &start).and_then(|()| {
            let settled_s = SETTLED * lab.manifest().path.residence_time_s(&start);
            let longest_s = self.ramps_longest_s(lab.manifest(), (&start, &end), spec);
            let until = lab.now() + Span::from_secs(longest_s);
            valves::open_ways_of(lab, &start)?;
            running.start(lab, &self.spec, &start, longest_s)?;
            let mut history = FlowHistory::default();
            history.push(lab.now(), start.clone());
            let dark = acquire::dark(lab, &self.spec, &self.analysis)?;
            lab.wait(Span::from_secs(settled_s))?;
            let (began, way) = (lab.now(), lab.manifest().path.merged());
            let next_step = began;
            let ramp =
                Ramp { procedure: self, space, spec, from, to, began, next_step, history, way };
            ramp.run(lab, (&dark, blank), until, note)
        });
        match result {
            Ok(()) => running.stop(lab).and_then(|()| stop_late(lab, &start, &end)),
            Err(fault) => {
                self.give_up(lab, &fault, &mut running);
                Err(fault)
            }
        }
    }
}

/// Stops the pumps that the ramp itself has started.
fn stop_late(lab: &mut dyn Lab, start: &Settings, end: &Settings) -> Result<(), Fault> {
    let late = |(pump, rate): &&(PumpId, FlowRate)| {
        rate.ul_per_min() > 0.0 && start.flow(pump).ul_per_min() <= 0.0
    };
    let stop =
        |(pump, _): &(PumpId, FlowRate)| lab.send(&Command::Stop { pump: pump.clone() }).map(drop);
    end.pumps.iter().filter(late).try_for_each(stop)
}

/// Why such a ramp would never end or mean nothing, if so.
fn refusal(
    start: &Settings,
    end: &Settings,
    path: &FlowPath,
    spec: &RampSpec,
) -> Option<&'static str> {
    if start.heaters != end.heaters {
        return Some("a ramp changes flows; its ends must have the same temperatures");
    }
    if path.train.as_ref().is_some_and(|train| train.gas.is_some()) {
        return Some(
            "a gas between slugs expands on its way: what leaves now cannot be followed back through a ramp",
        );
    }
    let still = |settings: &&Settings| {
        path.stretches.iter().any(|stretch| !stretch.seconds(settings).is_finite())
    };
    if [start, end].iter().any(still) {
        return Some("an end of the ramp leaves a part of the rig without flow");
    }
    let times = [spec.duration_s, spec.step_s, spec.every_s];
    let usable = |s: &f64| *s >= LEAST_S && *s <= LONGEST_S;
    (!times.iter().all(usable)).then_some("the times of a ramp must be 0.001 to 1000000 s")
}

impl Ramp<'_> {
    fn run<L: Lab>(
        mut self,
        lab: &mut L,
        (dark, blank): (&[Counts], &Blank),
        until: Instant,
        note: Note<'_, L>,
    ) -> Result<(), Fault> {
        let analysis = &self.procedure.analysis;
        let ended = self.began + Span::from_secs(self.spec.duration_s);
        let mut next = self.began;
        let light = Span::from_secs(self.procedure.spec.light_settle_s);
        loop {
            self.pass(lab, next, until)?;
            acquire::lights(lab, analysis, true)?;
            let lit = lab.now() + light;
            self.pass(lab, lit, until)?;
            let first = lab.now();
            let ready = acquire::arm(lab, analysis, None)?;
            self.pass(lab, ready, until)?;
            acquire::lights(lab, analysis, false)?;
            let frames = acquire::fetch_all(lab, analysis)?;
            acquire::lit(lab, analysis, &frames, dark)?;
            let middle = first + Span::from_nanos(ready.since(first).as_nanos() / 2);
            if let Some(passage) = self.history.passage(&self.way, middle) {
                if passage.entered > ended {
                    break;
                }
                if passage.entered >= self.began {
                    let point = RampPoint {
                        measured: middle,
                        formed: passage.entered,
                        conditions: self.at(passage.entered),
                        reaction_time_s: passage.reaction_time_s,
                        outcome: self.outcome(lab, passage.entered, &frames, (dark, blank)),
                    };
                    note(lab, point)?;
                }
            }
            next = (next + Span::from_secs(self.spec.every_s)).max(lab.now());
        }
        Ok(())
    }

    /// Lets time pass and changes the rates at every step on the way; pumps stop by themselves at `until`.
    fn pass(&mut self, lab: &mut dyn Lab, then: Instant, until: Instant) -> Result<(), Fault> {
        let ended = self.began + Span::from_secs(self.spec.duration_s);
        while self.next_step <= then && self.next_step <= ended {
            lab.wait_until(self.next_step)?;
            self.step(lab, until)?;
            self.next_step += Span::from_secs(self.spec.step_s);
        }
        lab.wait_until(then)
    }

    fn step(&mut self, lab: &mut dyn Lab, until: Instant) -> Result<(), Fault> {
        let now = lab.now();
        let longest_s = until.since(now).as_secs();
        // A step holds until the next: its middle is on the ramp.
        let middle = now + Span::from_secs(0.5 * self.spec.step_s);
        let settings: Settings = self.procedure.recipe.settings(&self.at(middle));
        for (pump, rate) in &settings.pumps {
            if rate.ul_per_min() > 0.0 {
                lab.send(&flow::dispense(pump, *rate, longest_s))?;
            } else {
                lab.send(&Command::Stop { pump: pump.clone() })?;
            }
        }
        self.history.push(now, settings);
        Ok(())
    }

    /// What was measured of slugs that formed at a moment.
    fn outcome(
        &self,
        lab: &dyn Lab,
        formed: Instant,
        frames: &[Frames],
        (dark, blank): (&[Counts], &Blank),
    ) -> Outcome {
        let settings = self.procedure.recipe.settings(&self.at(formed));
        let outcome = self.procedure.analysis.outcome(frames, dark, blank);
        self.procedure.judged(lab, &settings, outcome)
    }

    /// The conditions that the ramp passes through at a moment.
    fn at(&self, moment: Instant) -> Conditions {
        let share = moment.since(self.began).as_secs() / self.spec.duration_s;
        let share = share.clamp(0.0, 1.0);
        let ends = self.from.values().iter().zip(self.to.values());
        self.space.conditions(ends.map(|(a, b)| a + share * (b - a)).collect())
    }
}
