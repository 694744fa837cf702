//! A step of what flows, read as it arrives.

use super::{Noting, refused, spectra, values};
use crate::analysis::{Blank, Counts};
use crate::command::Command;
use crate::fault::Fault;
use crate::lab::Lab;
use crate::manifest::Manifest;
use crate::procedure::{Procedure, acquire, flow, heat, valves};
use crate::settings::Settings;
use crate::study::{Reading, TracerTask};
use crate::time::{Instant, Span};

/// Residence times after which what flows first is taken to be steady.
pub(super) const STEADY: f64 = 1.6;
/// Readings of what flows first.
const BEFORE: usize = 3;

/// Lets one set of conditions flow until it is steady, replaces it by another, and reads until that should be steady too.
pub(super) fn step<L: Lab>(
    procedure: &Procedure,
    lab: &mut L,
    blank: &Blank,
    task: &TracerTask,
    note: Noting<'_, L>,
) -> Result<(), Fault> {
    let recipe = &procedure.recipe;
    let (from, to) = (recipe.settings(&task.from), recipe.settings(&task.to));
    if from.heaters != to.heaters {
        return Err(refused(lab, "a step of a tracer changes flows, not temperatures"));
    }
    let steady_s = STEADY * lab.manifest().path.residence_time_s(&from);
    if !steady_s.is_finite() {
        return Err(refused(lab, "these conditions leave a part of the rig without flow"));
    }
    heat::settle(lab, &procedure.spec, &from)?;
    valves::open_ways_of(lab, &from)?;
    let longest_s = longest_s(lab.manifest(), &from, task.lasts_s);
    let stops = lab.now() + Span::from_secs(longest_s);
    flow::Running::default().start(lab, &procedure.spec, &from, longest_s)?;
    let dark = acquire::dark(lab, &procedure.spec, &procedure.analysis)?;
    let mut arrives = Arrives { procedure, dark, blank, task, note, since: lab.now() };
    let before_s = BEFORE as f64 * task.every_s;
    lab.wait(Span::from_secs((steady_s - before_s).max(0.0)))?;
    arrives.since = lab.now() + Span::from_secs(before_s);
    let until = arrives.since;
    arrives.read_until(lab, until)?;
    valves::open_ways_of(lab, &to)?;
    switch(lab, &to, stops)?;
    arrives.since = lab.now();
    let until = arrives.since + Span::from_secs(task.lasts_s);
    arrives.read_until(lab, until)
}

/// The longest that the flow can last \[s\], with which pumps are given finite volumes.
pub(super) fn longest_s(manifest: &Manifest, from: &Settings, lasts_s: f64) -> f64 {
    1.25 * (STEADY * manifest.path.residence_time_s(from) + lasts_s) + 60.0
}

/// Gives every pump its new rate, one directly after the other.
fn switch(lab: &mut dyn Lab, to: &Settings, stops: Instant) -> Result<(), Fault> {
    let longest_s = stops.since(lab.now()).as_secs();
    let pumps: Vec<_> = lab.manifest().pumps.iter().map(|info| info.name.clone()).collect();
    for pump in pumps {
        let rate = to.flow(&pump);
        match rate.ul_per_min() > 0.0 {
            true => lab.send(&flow::dispense(&pump, rate, longest_s))?,
            false => lab.send(&Command::Stop { pump })?,
        };
    }
    Ok(())
}

/// What arrives at the flow cells.
struct Arrives<'a, 'n, L> {
    procedure: &'a Procedure,
    dark: Vec<Counts>,
    blank: &'a Blank,
    task: &'a TracerTask,
    note: Noting<'n, L>,
    /// When the other took the place of the first.
    since: Instant,
}

impl<L: Lab> Arrives<'_, '_, L> {
    fn read_until(&mut self, lab: &mut L, until: Instant) -> Result<(), Fault> {
        let mut next = lab.now();
        while next < until {
            lab.wait_until(next)?;
            self.read(lab)?;
            next = (next + Span::from_secs(self.task.every_s)).max(lab.now());
        }
        lab.wait_until(until)
    }

    fn read(&mut self, lab: &mut L) -> Result<(), Fault> {
        let Procedure { spec, analysis, .. } = self.procedure;
        acquire::lights(lab, analysis, true)?;
        lab.wait(Span::from_secs(spec.light_settle_s))?;
        let first = lab.now();
        let frames = acquire::frames(lab, analysis, &self.dark)?;
        acquire::lights(lab, analysis, false)?;
        let middle = first + Span::from_nanos(lab.now().since(first).as_nanos() / 2);
        let since_s = match middle >= self.since {
            true => middle.since(self.since).as_secs(),
            false => -self.since.since(middle).as_secs(),
        };
        let outcome = analysis.outcome(&frames, &self.dark, self.blank);
        let mut reading = Reading::of(middle, &[("since_s", since_s)]);
        reading.values.extend(values(&outcome));
        reading.quality = outcome.quality;
        reading.spectra = spectra(&outcome);
        (self.note)(lab, reading)
    }
}
