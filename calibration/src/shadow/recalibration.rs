//! A shadow that goes on with new values once it has told that something has moved.

use flowtwin_campaign::definition::changes;
use flowtwin_campaign::scenario::{Scenario, free, world};
use flowtwin_data::diagnostic::Diagnostic;
use serde_json::Value;

use super::alarm::Told;
use super::chart::SIZES;
use super::{Recalibration, Revalued, Seen, Shadow};
use crate::calibration::calibrate;
use crate::data::Measured;

/// Probability from which a cause is taken for the one: more likely than all others together.
const TAKEN: f64 = 0.5;

/// How often a change is estimated again at what it was estimated to be, and the difference from which it is [steps].
const ROUNDS: usize = 5;
const ENOUGH: f64 = 0.05;

impl Shadow<'_> {
    /// Goes on with new values after the last alarm. Where one cause is more likely than all others together, it is its size, which
    /// is estimated from the experiments since it began; what the run had told of fills and the like before that stays known.
    /// Without such a cause all free keys of the scenario are estimated from these experiments alone.
    ///
    /// None where there was no alarm in the last look, where no part of the rig has moved, or where the experiments tell no key.
    ///
    /// # Errors
    /// If the simulator refuses the new values.
    pub fn recalibrate(&mut self) -> Result<Option<Recalibration>, Diagnostic> {
        let Some(told) = self.told.take() else { return Ok(None) };
        let since = |seen: &&Seen| seen.number >= told.alarm.since;
        let seen: Vec<Seen> = self.seen.iter().filter(since).cloned().collect();
        self.seen.clear();
        let found = match told.alarm.causes.first() {
            Some(cause) if cause.probability > TAKEN => self.of_cause(&told, &seen)?,
            _ => self.of_keys(&seen)?,
        };
        let Some((next, because)) = found else { return Ok(None) };
        let values = valued(&self.world, &next.world);
        if values.is_empty() {
            return Ok(None);
        }
        let (experiment, experiments) = (told.alarm.experiment, seen.len());
        let recalibration = Recalibration { experiment, because, experiments, values };
        self.go_on_as(next);
        self.recalibrations.push(recalibration.clone());
        Ok(Some(recalibration))
    }

    /// What was known of the run before these experiments, in a world that is otherwise from then on. A part that has moved
    /// joins what is learnt: its mean, its variance, and what it grows by [steps].
    fn in_world(
        &self,
        world: Value,
        seen: &[Seen],
        part: Option<(usize, [f64; 3])>,
    ) -> Result<Self, Diagnostic> {
        let mut next = Self::of(self.scenario, self.noise.clone(), world)?;
        if let Some(first) = seen.first() {
            next.filter = first.filter.clone();
            next.moved = self.moved[..first.moved].to_vec();
        }
        if let Some((place, [mean, variance, growth])) = part {
            next.filter.add(mean, variance);
            next.moved.push((place, growth));
        }
        for one in seen {
            next.learnt(&one.experiment);
        }
        Ok(next)
    }

    /// The most likely cause, its size estimated together with what is common to the run. Effects are computed at the size that was
    /// estimated last: large changes act otherwise than small ones.
    fn of_cause(&self, told: &Told, seen: &[Seen]) -> Result<Option<(Self, String)>, Diagnostic> {
        let (cause, (place, growth)) = (&told.alarm.causes[0], told.parts[0]);
        let part = &self.parts[place].part;
        let mut amount = cause.amount;
        let mut last = None;
        for _ in 0..ROUNDS {
            let Some(world) = part.moved(&self.world, amount) else { return Ok(None) };
            // Before the first of them nothing had moved; a slow change begins with what one experiment adds.
            let mean = -amount / part.step();
            let variance = if told.alarm.slow { growth * growth } else { SIZES[1] * SIZES[1] };
            let next = self.in_world(world, seen, Some((place, [mean, variance, growth])))?;
            let off = next.filter.last();
            last = Some((next, part.moved_by(amount)));
            if off.abs() < ENOUGH {
                break;
            }
            amount += off * part.step();
        }
        Ok(last)
    }

    /// All free keys, estimated from these experiments alone.
    fn of_keys(&self, seen: &[Seen]) -> Result<Option<(Self, String)>, Diagnostic> {
        let Some(world) = self.anew(seen) else { return Ok(None) };
        let because = "all free keys, because no cause is more likely than the others".to_owned();
        Ok(Some((self.in_world(world, seen, None)?, because)))
    }

    /// Takes over what `next` expects; what was seen and told stays.
    fn go_on_as(&mut self, next: Self) {
        let Self { world, rig, flows, warm, misread, posterior, parts, filter, moved, .. } = next;
        self.world = world;
        (self.rig, self.flows, self.warm) = (rig, flows, warm);
        (self.misread, self.posterior, self.parts) = (misread, posterior, parts);
        (self.filter, self.moved) = (filter, moved);
    }

    /// The world with all free keys as these experiments alone tell them; none where they tell none.
    fn anew(&self, seen: &[Seen]) -> Option<Value> {
        let mut definition = self.scenario.definition();
        for (table, values) in self.world.as_object()? {
            definition[table] = values.clone();
        }
        let now = Scenario::recorded(&definition).ok()?;
        let keys = free(&now, &[]).ok()?;
        let experiments = seen.iter().map(|one| one.experiment.clone()).collect();
        let calibration =
            calibrate(&now, &keys, &Measured { experiments, ..Measured::default() }).ok()?;
        for (key, parameter) in keys.iter().zip(&calibration.parameters) {
            if let Some(value) = parameter.value {
                key.put(&mut definition, value);
            }
        }
        Some(world(&definition))
    }
}

/// The numbers that differ between two worlds.
fn valued(before: &Value, after: &Value) -> Vec<Revalued> {
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
    let differ = changes(before, after).into_iter();
    let valued = differ.filter_map(|change| {
        let after = number(&change.after)?;
        Some(Revalued { before: number(&change.before), key: change.key, after })
    });
    valued.collect()
}
