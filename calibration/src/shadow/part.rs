//! What may have moved, as a shadow knows it.

use flowtwin_campaign::scenario::{Expected, Free, Scenario, free};
use flowtwin_comparison::Cause;
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_report::format::significant;
use nalgebra::DVector;
use serde_json::Value;

use super::look::{minus, values};
use crate::block::Block;
use crate::experiment::Experiment;

/// Step of a key or of a reading [%].
const STEP: f64 = 5.0;
/// Chance beforehand that it is one reading alone, and no part of the rig.
const READING: f64 = 0.1;

/// A part of a rig, or of its model, that may have moved.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// A light, a pump, a stock or a heater.
    Of(Cause),
    /// A key that a calibration has estimated.
    Key(Free),
    /// One feature alone, which no known part moves: its name, and its place among all.
    Reading(String, usize),
}

impl Part {
    /// What it is, such as `pump cui`.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Of(cause) => cause.name(),
            Self::Key(free) => free.key.clone(),
            Self::Reading(feature, _) => format!("{feature} alone"),
        }
    }

    /// Size of one step, in its unit.
    pub(super) fn step(&self) -> f64 {
        match self {
            Self::Of(cause) => cause.step(),
            Self::Key(_) | Self::Reading(..) => STEP,
        }
    }

    /// Unit of sizes.
    pub(super) fn unit(&self) -> &'static str {
        match self {
            Self::Of(cause) => cause.unit(),
            Self::Key(_) | Self::Reading(..) => "%",
        }
    }

    /// A change in words.
    pub(super) fn moved_by(&self, amount: f64) -> String {
        let more = if amount > 0.0 { "more" } else { "less" };
        let by = significant(amount.abs(), 2);
        match self {
            Self::Of(cause) => cause.moved_by(amount),
            Self::Key(free) => format!("{} is {by} % {more}", free.key),
            Self::Reading(feature, _) => {
                format!("{feature} alone reads {by} % {more}, which no known part of the rig does")
            }
        }
    }

    /// A world in which it has moved by so much, in its unit; none for what is no part of it.
    pub(super) fn moved(&self, world: &Value, amount: f64) -> Option<Value> {
        let mut moved = world.clone();
        match self {
            Self::Of(cause) => cause.apply(&mut moved, amount),
            Self::Key(free) => free.put(&mut moved, free.start * (1.0 + 0.01 * amount)),
            Self::Reading(..) => return None,
        }
        Some(moved)
    }
}

/// A part that may move, the rig with it a step up and down, and its chance beforehand.
#[derive(Clone, Debug)]
pub(super) struct Watched<'a> {
    pub(super) part: Part,
    rigs: Option<[Expected<'a>; 2]>,
    pub(super) chance: f64,
}

impl<'a> Watched<'a> {
    /// All parts of a scenario's rig. `built` makes a rig of a world, where the simulator takes it.
    pub(super) fn all(
        scenario: &Scenario,
        world: &Value,
        built: impl Fn(&Value) -> Option<Expected<'a>>,
    ) -> Result<Vec<Self>, Diagnostic> {
        let causes = Cause::all(&scenario.definition()).into_iter().map(Part::Of);
        let keys = match scenario.file().calibration.free.is_empty() {
            true => Vec::new(),
            false => free(scenario, &[])?,
        };
        let keys = keys.into_iter().map(|key| key.starting_in(world)).collect::<Vec<_>>();
        let known: Vec<Part> = causes.chain(keys.into_iter().map(Part::Key)).collect();
        let names = scenario.features().into_iter().enumerate();
        let readings: Vec<Part> = names.map(|(f, (name, _))| Part::Reading(name, f)).collect();
        let chance = |all: &[Part], of: f64| of / all.len().max(1) as f64;
        let (of_known, of_reading) = (chance(&known, 1.0 - READING), chance(&readings, READING));
        let watched = |(part, chance): (Part, f64)| {
            let rig =
                |sign: f64| part.moved(world, sign * part.step()).and_then(|world| built(&world));
            let rigs = rig(1.0).zip(rig(-1.0)).map(|(up, down)| [up, down]);
            Self { part, rigs, chance }
        };
        let known = known.into_iter().map(|part| (part, of_known));
        let readings = readings.into_iter().map(|part| (part, of_reading));
        Ok(known.chain(readings).map(watched).collect())
    }

    /// What one step up makes of an experiment, free of noise.
    pub(super) fn effect(
        &mut self,
        experiment: &Experiment,
        said: &[f64],
        block: &Block,
    ) -> DVector<f64> {
        match (&mut self.rigs, &self.part) {
            (Some([up, down]), _) => {
                let (up, down) = (values(up, experiment), values(down, experiment));
                0.5 * block.free(&minus(&up, &down))
            }
            (None, Part::Reading(_, place)) => {
                let mut alone = vec![0.0; said.len()];
                alone[*place] = 0.01 * STEP * said[*place];
                block.free(&alone)
            }
            (None, _) => DVector::zeros(block.features.len()),
        }
    }
}
