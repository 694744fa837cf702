//! A rig whose flows change while liquid is on its way, as on a ramp: nothing is random, and each look takes one slug.
//!
//! Plates are controlled from the beginning on. What shows in a cell is traced back through all that has flowed since it formed.

use flowtwin_lab::{Instant, Settings, Span};

use super::World;
use crate::model::segmentation::slug_volume_ul;
use crate::train::Slug;

/// The rate of each pump from a moment on \[µL/s\].
type Change = (Instant, Vec<f64>);

impl World {
    /// Lets flows and plates have stood as `before` has it, then follow these settings, each from so many seconds after the
    /// first on. Heaters have the set points of the first. Returns when the first began.
    pub(crate) fn follow(&mut self, before: &Settings, course: &[(f64, Settings)]) -> Instant {
        self.still(before);
        let rates = self.rates_of(before);
        let mut factors = self.stand(&rates);
        let from = Instant::START + Span::from_secs(self.flushed_s(&rates));
        self.heat(from, course.first().map(|(_, settings)| settings));
        let mut taken_w = self.heat_taken_w(from);
        for (at, rates) in self.changes(from, rates, course) {
            self.control(at, &taken_w);
            self.flow.step(at, &rates, &factors);
            factors = self.travel_factors(at);
            self.flow.step(at, &rates, &factors);
            taken_w = self.heat_taken_w(at);
        }
        (self.begun, self.follows) = (None, true);
        from
    }

    /// Looks at what is followed at a moment; false where nothing flows then.
    pub(crate) fn look(&mut self, now: Instant) -> bool {
        let taken_w = self.heat_taken_w(now);
        self.control(now, &taken_w);
        self.look_at(now);
        self.disperse_rate(0, now) > 0.0
    }

    /// When liquid entered that is in the middle of a stretch at a moment.
    pub(crate) fn entered(&self, stretch: usize, now: Instant) -> Instant {
        let formed_ul = self.formed_ul(stretch, now).max(0.0);
        self.flow.when_volume(self.flow.head(), formed_ul, now)
    }

    /// Sets heaters to the set points of these settings.
    fn heat(&mut self, from: Instant, settings: Option<&Settings>) {
        let named = settings.map_or(&[][..], |settings| &settings.heaters);
        for (name, heater) in self.plan.heater_names.iter().zip(&mut self.heaters) {
            heater.begin_log(from);
            if let Some((_, at)) = named.iter().find(|(known, _)| known.as_str() == name) {
                heater.set(Some(at.c()));
            }
        }
    }

    /// Lets plates be controlled up to a moment, while liquid takes so much heat of each \[W\].
    fn control(&mut self, until: Instant, taken_w: &[f64]) {
        for (heater, taken_w) in self.heaters.iter_mut().zip(taken_w) {
            heater.tick_until(until, *taken_w);
        }
    }

    /// When flows change, and the rates from then on. What a pump delivers follows its motor by its compliance: on a ramp of
    /// steps that is the same ramp, so much later.
    fn changes(&self, from: Instant, start: Vec<f64>, course: &[(f64, Settings)]) -> Vec<Change> {
        let mut single: Vec<(Instant, usize, f64)> = Vec::new();
        for (begins_s, settings) in course {
            for (pump, rate) in self.rates_of(settings).into_iter().enumerate() {
                let late_s = self.plan.pumps[pump].compliance_s;
                single.push((from + Span::from_secs(begins_s + late_s), pump, rate));
            }
        }
        single.sort_by_key(|(at, ..)| *at);
        let (mut rates, mut all) = (start, Vec::<Change>::new());
        for (at, pump, rate) in single {
            if rates[pump].to_bits() == rate.to_bits() {
                continue;
            }
            rates[pump] = rate;
            match all.last_mut().filter(|(last, _)| *last == at) {
                Some((_, known)) => known.clone_from(&rates),
                None => all.push((at, rates.clone())),
            }
        }
        all
    }

    /// Makes the slug that is in the middle of a stretch at a moment the only one of the train, as it was where it formed; of
    /// one liquid all parcels from some way before it to the present. Returns its place.
    pub(super) fn place_followed(&mut self, stretch: usize, now: Instant) -> usize {
        let (head, formed_ul) = (self.flow.head(), self.formed_ul(stretch, now));
        let formed = self.entered(stretch, now);
        let Some(carrier) = &self.plan.carrier else { return self.place_parcels(formed_ul, now) };
        let (disperse, whole) = (self.disperse_rate(0, formed), self.flow.rate(head, formed));
        let volume = slug_volume_ul(&carrier.segmentation, disperse, whole - disperse);
        let slug = self.slug(formed_ul - volume, volume, volume * whole / disperse);
        self.train.only(std::iter::once(slug));
        0
    }

    /// Parcels of one liquid from as far before what formed there as it has come since. What shows is in the middle of its own.
    fn place_parcels(&mut self, formed_ul: f64, now: Instant) -> usize {
        let (volume, pumped) = (self.plan.parcel_ul(), self.flow.volume(self.flow.head(), now));
        let before = ((pumped - formed_ul) / volume).max(1.0).ceil();
        let number = |i: u32| formed_ul + (f64::from(i) - before - 0.5) * volume;
        let froms = (0..).map(number).take_while(|from| *from < pumped);
        let slugs: Vec<Slug> = froms.map(|from| self.slug(from, volume, volume)).collect();
        self.train.only(slugs.into_iter());
        before as usize
    }
}
