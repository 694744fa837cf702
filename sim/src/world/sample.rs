//! What instruments beside the rig find in the liquid that has come to a place in the tube: a thermocouple there, an
//! integrating sphere and an electron microscope for a vial of it.

use flowtwin_lab::Instant;

use super::World;
use super::slug::{Journey, midway};
use crate::model::liquid::relaxed_c;
use crate::model::reaction;

/// A vial of what leaves the tube, and the temperature at which it left.
///
/// Reference values: these instruments are not part of the rig, and they have no noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Temperature in the middle of the stretch of tube [°C].
    pub celsius: f64,
    /// Quantum yield of the particles.
    pub quantum_yield: f64,
    /// Their mean diameter \[nm\].
    pub diameter_nm: f64,
    /// Spread of their diameters within a slug, the standard deviation of ln d [%].
    pub spread_percent: f64,
}

impl World {
    /// A vial of the last `slugs` slugs that have come to the middle of a stretch, by number; none where not that many
    /// have, or where nothing reacts.
    pub(crate) fn sample(&self, stretch: usize, slugs: usize, now: Instant) -> Option<Sample> {
        let reaction = self.plan.reaction.as_ref()?;
        let last = self.train.first_beyond(self.formed_ul(stretch, now)).checked_sub(1)?;
        let first = (last + 1).checked_sub(slugs.max(1))?;
        let quality = self.plan.quantities.quality();
        let (mut yields, mut diameters, mut spreads) = (0.0, 0.0, 0.0);
        for index in first..=last {
            yields += self.at_the_end(index).values[quality];
            let slug = &self.train.slugs()[index];
            let journey = self.journey(midway(slug.began, slug.ended), slug.time_off);
            diameters += reaction.diameter_nm(journey.final_c);
            spreads += self.spread_of_sizes(index, &journey);
        }
        let count = (last + 1 - first) as f64;
        let slug = &self.train.slugs()[last];
        Some(Sample {
            celsius: self.celsius_at(stretch, midway(slug.began, slug.ended))?,
            quantum_yield: yields / count,
            diameter_nm: diameters / count,
            spread_percent: 100.0 * spreads / count,
        })
    }

    /// Spread of the diameters within a slug, in parts of their mean.
    fn spread_of_sizes(&self, index: usize, journey: &Journey) -> f64 {
        let Some(reaction) = &self.plan.reaction else { return f64::NAN };
        let slug = &self.train.slugs()[index];
        let shares = self.shares(slug, midway(slug.began, slug.ended));
        let mut values = vec![0.0; self.plan.quantities.len()];
        self.plan.quantities.fill(&mut values, &shares, journey.final_c);
        reaction.spread(&reaction::Slug {
            quantities: &values,
            effectiveness: self.mixed(slug.slug_to_ul - slug.from_ul, 1.0, journey),
            stays: &journey.stays,
            final_c: journey.final_c,
        })
    }

    /// Temperature of what formed at a moment as it comes to the middle of a stretch [°C].
    pub(super) fn celsius_at(&self, stretch: usize, formed: Instant) -> Option<f64> {
        let (mut celsius, mut enters) = (self.formation_c(formed), formed);
        for (i, part) in self.plan.tube.iter().enumerate().take(stretch + 1) {
            let share = if i == stretch { 0.5 } else { 1.0 };
            let share = self.part(i, share, enters);
            let passed = self.flow.passed(i, enters) + share * part.spec.volume_ul;
            let leaves = self.flow.when_passed(i, passed)?;
            let seconds = leaves.since(enters).as_secs();
            let ambient = self.plan.world().rig.ambient_c;
            let around = part.heater.map_or(ambient, |h| self.heaters[h].zone_at_c(leaves));
            celsius = relaxed_c(celsius, around, seconds, part.spec.heat_s);
            enters = leaves;
        }
        Some(celsius)
    }
}
