//! Whether a rig can do what a scenario asks of it: the reference, the pressure, the train of slugs, the frames.
//!
//! What no conditions of the space can do is an error; `check` reports what some cannot do, and observations are flagged.

use flowtwin_lab::path::Train;
use flowtwin_lab::procedure::{FlushSpec, WaitSpec};
use flowtwin_lab::{
    Analysis, Conditions, Constraint, FlowRate, Manifest, ProcedureSpec, Recipe, Settings, Space,
    Streams, Word,
};
use flowtwin_report::format::significant;
use flowtwin_twin::region::Region;

use super::check::Problem;

/// Random points of the box that tell how much of it formulas leave.
const LOOKS: usize = 2000;

/// A rig and the experiments planned on it.
pub(super) struct Able<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) procedure: &'a ProcedureSpec,
    pub(super) analysis: &'a Analysis,
    pub(super) space: &'a Space,
    pub(super) recipe: &'a Recipe,
}

impl Able<'_> {
    /// The first thing that the rig cannot do anywhere, and otherwise what it cannot do everywhere.
    pub(super) fn check(&self) -> Result<Vec<String>, Problem> {
        self.blank()?;
        self.fill()?;
        let shut = self.valves()?;
        let Some(train) = &self.manifest.path.train else { return Ok(shut.into_iter().collect()) };
        for (key, flush) in [("fill", &self.procedure.fill), ("blank", &self.procedure.blank)] {
            let kpa = train.pressure_kpa(&settings_of(flush));
            if kpa > train.bears_kpa {
                return Err(Problem::new(&["procedure", key], too_much(kpa, train)));
            }
        }
        let all: Vec<Settings> = self.points().iter().map(|p| self.recipe.settings(p)).collect();
        let mut notes: Vec<String> = self.haste().into_iter().chain(shut).collect();
        notes.extend(self.pressure(train, &all)?);
        notes.extend(self.regime(train, &all)?);
        notes.extend(self.frames(train, &all)?);
        Ok(notes)
    }

    /// How much of the box formulas leave, and what is most beyond its bounds in the rest; or what is held at one value.
    pub(super) fn room(&self) -> Option<String> {
        let region = Region::new(self.space).ok();
        let is_held = |place: usize| region.as_ref().is_some_and(|region| region.is_held(place));
        let mut held = self.space.constraints().iter().enumerate();
        if let Some((_, held)) = held.find(|(place, _)| is_held(*place)) {
            // Next to no point of the box keeps it, and that says nothing.
            return Some(format!("{} is held at {} by every proposal", held.name, held.low));
        }
        if self.space.constraints().iter().all(|constraint| constraint.of.linear().is_some()) {
            return None;
        }
        let mut stream = Streams::new(0).open("room", 0);
        let unit = |_| (0..self.space.dim()).map(|_| stream.uniform()).collect::<Vec<f64>>();
        let all: Vec<Conditions> = (0..LOOKS).map(unit).map(|u| self.space.from_unit(&u)).collect();
        let out = all.iter().flat_map(|at| self.space.broken(at).map(move |broken| (broken, at)));
        let beyond = |(constraint, at): &(&Constraint, &Conditions)| {
            let scale = constraint.low.abs().min(constraint.high.abs()).max(1e-9);
            constraint.violation(at.values()) / scale
        };
        let (worst, at) = out.max_by(|a, b| beyond(a).total_cmp(&beyond(b)))?;
        let inside = all.iter().filter(|at| self.space.contains(at)).count();
        // Rounded down: some of it cannot be set.
        let percent = (100 * inside) / all.len();
        let set = at.words().map(|(name, word)| match word {
            Word::Number(value) => format!("{name} = {}", significant(value, 4)),
            Word::Name(option) => format!("{name} = {option}"),
        });
        Some(format!(
            "{percent} % of the space can be set. It is furthest from that at {}: {} would be {}, allowed is {}",
            set.collect::<Vec<_>>().join(", "),
            worst.name,
            significant(worst.of.at(at.values()), 3),
            worst.allowed(),
        ))
    }

    /// The carrier must replace what the fill has left in the tube before the reference is taken.
    fn blank(&self) -> Result<(), Problem> {
        let (blank, fill) = (&self.procedure.blank, &self.procedure.fill);
        let runs = |flush: &FlushSpec| flush.rates.iter().any(|rate| rate.ul_per_min > 0.0);
        if !runs(blank) {
            let left = runs(fill) && fill.flush_s > 0.0;
            let message = "the fill leaves slugs in the flow cells, and no carrier flows before the reference is taken";
            return if left { Err(Problem::new(&["procedure", "blank"], message)) } else { Ok(()) };
        }
        let needed_s = self.manifest.path.swept_s(&settings_of(blank));
        if blank.flush_s >= needed_s {
            return Ok(());
        }
        let message = format!(
            "flush_s = {} is too short: at these rates it takes {:.0} s to fill the tube as far as the flow cells, and the \
             reference would be taken of what was in it before",
            blank.flush_s,
            needed_s.ceil()
        );
        Err(Problem::new(&["procedure", "blank", "flush_s"], message))
    }

    /// A fill that does not reach the end of a line leaves it to the first experiment.
    fn fill(&self) -> Result<(), Problem> {
        let (fill, path) = (&self.procedure.fill, &self.manifest.path);
        let settings = settings_of(fill);
        for line in path.stretches.iter().take(1).chain(&path.others) {
            let needed_s = line.seconds(&settings);
            if needed_s.is_finite() && fill.flush_s > 0.0 && fill.flush_s < needed_s {
                let message = format!(
                    "flush_s = {} is too short: at these rates it takes {:.0} s to fill the {}",
                    fill.flush_s,
                    needed_s.ceil(),
                    line.name
                );
                return Err(Problem::new(&["procedure", "fill", "flush_s"], message));
            }
        }
        Ok(())
    }

    /// Pumps that flow together must have open ways together.
    fn valves(&self) -> Result<Option<String>, Problem> {
        if self.manifest.valves.is_empty() {
            return Ok(None);
        }
        let shut = |settings: &Settings| {
            let flows = settings.pumps.iter().filter(|(_, rate)| rate.ul_per_min() > 0.0);
            self.manifest.shuts(&flows.map(|(pump, _)| pump.clone()).collect::<Vec<_>>())
        };
        for (key, flush) in [("fill", &self.procedure.fill), ("blank", &self.procedure.blank)] {
            if let Some(message) = shut(&settings_of(flush)) {
                return Err(Problem::new(&["procedure", key, "rates"], message));
            }
        }
        let all: Vec<Settings> = self.points().iter().map(|p| self.recipe.settings(p)).collect();
        let closed: Vec<String> = all.iter().filter_map(shut).collect();
        match closed.first() {
            Some(message) if closed.len() == all.len() => {
                Err(Problem::new(&["rig", "valves"], message.clone()))
            }
            Some(message) => {
                let closed = share(closed.len(), &all);
                Ok(Some(format!("{closed} cannot be set, {message}: experiments there fail")))
            }
            None => Ok(None),
        }
    }

    /// A wait of less than a residence time measures what was there before.
    fn haste(&self) -> Option<String> {
        match self.procedure.wait {
            WaitSpec::ResidenceTimes(factor) if factor < 1.0 => Some(format!(
                "wait = {factor} residence times measures what met before: flagged `not_steady`"
            )),
            _ => None,
        }
    }

    fn pressure(&self, train: &Train, all: &[Settings]) -> Result<Option<String>, Problem> {
        let kpa: Vec<f64> = all.iter().map(|settings| train.pressure_kpa(settings)).collect();
        let above = kpa.iter().filter(|kpa| **kpa > train.bears_kpa).count();
        let least = kpa.iter().copied().fold(f64::INFINITY, f64::min);
        if above == kpa.len() {
            return Err(Problem::new(&["rig", "max_pressure_kpa"], too_much(least, train)));
        }
        let most = kpa.iter().copied().fold(0.0, f64::max);
        let note = format!(
            "{} take more pressure than the rig bears, up to {most:.0} kPa: experiments there fail",
            share(above, all)
        );
        Ok((above > 0).then_some(note))
    }

    fn regime(&self, train: &Train, all: &[Settings]) -> Result<Option<String>, Problem> {
        let found: Vec<_> = all.iter().filter_map(|settings| train.beyond(settings)).collect();
        let Some(first) = found.first() else { return Ok(None) };
        if found.len() < all.len() {
            let note = format!(
                "{} are beyond what slugs bear ({}: {}): flagged `out_of_regime`",
                share(found.len(), all),
                first.tube,
                first.what
            );
            return Ok(Some(note));
        }
        let place = train.tube.iter().position(|tube| tube.name == first.tube);
        let message = format!("{}: {}", first.tube, first.what);
        Err(match place {
            Some(i) => Problem::new(&["rig", "tube", &i.to_string(), "bore_mm"], message),
            None => {
                let line = first.tube.strip_suffix(" line").unwrap_or(&first.tube);
                Problem::new(&["rig", "streams", line, "bore_mm"], message)
            }
        })
    }

    fn frames(&self, train: &Train, all: &[Settings]) -> Result<Option<String>, Problem> {
        let mut note = None;
        for (i, channel) in self.analysis.channels().iter().enumerate() {
            let (exposure, keep) = (channel.exposure, channel.phase.keep);
            let within = all.iter().map(|settings| train.frames_in_slugs(settings, exposure));
            let most = within.fold(0.0, f64::max);
            let missed = all.iter().filter(|s| !train.resolves(s, exposure, keep)).count();
            if missed == all.len() {
                let message = format!(
                    "channel {}: of {} frames of {} µs at most {most:.0} show slugs alone, and {keep} are kept: \
                     take shorter frames, keep fewer, or let slugs pass more slowly",
                    channel.name, exposure.frames, exposure.integration_us
                );
                let path = ["analysis", "channels", &i.to_string(), "exposure"];
                return Err(Problem::new(&path, message));
            }
            if missed > 0 && note.is_none() {
                note = Some(format!(
                    "{} have slugs too short for the {keep} frames that {} keeps: flagged `unresolved`",
                    share(missed, all),
                    channel.name
                ));
            }
        }
        Ok(note)
    }

    /// Conditions at which to look: well inside the space, and where the range of an input ends, those that meet every
    /// constraint.
    fn points(&self) -> Vec<Conditions> {
        let dim = self.space.dim();
        let inside = Region::new(self.space).map(|region| region.anchor().to_vec());
        let centre = inside.unwrap_or_else(|_| vec![0.5; dim]);
        let mut units = vec![centre.clone(), vec![0.0; dim], vec![1.0; dim]];
        for j in 0..dim {
            for end in [0.0, 1.0] {
                let mut unit = centre.clone();
                unit[j] = end;
                units.push(unit);
            }
        }
        let points = units.iter().map(|unit| self.space.from_unit(unit));
        let mut points: Vec<Conditions> = points.filter(|p| self.space.contains(p)).collect();
        if points.is_empty() {
            points.push(self.space.from_unit(&centre));
        }
        points
    }
}

fn too_much(kpa: f64, train: &Train) -> String {
    format!(
        "it takes {kpa:.0} kPa to drive these flows through lines and tube, and the rig bears {} kPa: take wider or shorter \
         tube, or lower flows",
        train.bears_kpa
    )
}

fn share(some: usize, all: &[Settings]) -> String {
    format!("{some} of the {} conditions looked at", all.len())
}

fn settings_of(flush: &FlushSpec) -> Settings {
    let rate = |rate: &flowtwin_lab::procedure::FlushRate| {
        (rate.pump.clone(), FlowRate::from_ul_per_min(rate.ul_per_min))
    };
    Settings { heaters: Vec::new(), pumps: flush.rates.iter().map(rate).collect() }
}
