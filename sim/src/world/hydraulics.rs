//! From pumps to flows, from flows to slugs, from slugs to how fast they travel.

use flowtwin_lab::{Instant, Span, math};

use super::{Event, World};
use crate::model::liquid::{mixed_temperature_c, relaxed_c};
use crate::model::segmentation::{area_mm2, irregularity, relative_film, slip, slug_volume_ul};
use crate::plan::CarrierPlan;
use crate::spec::{Liquid, Rig};
use crate::train::Irregular;

/// Flow below which a stream is off [µL/s].
const STILL_UL_PER_S: f64 = 1e-6;

impl World {
    /// Begins a new segment of the flow history, and reschedules what depends on the flow.
    pub(super) fn flows_change(&mut self, now: Instant) {
        let seconds = self.next_tick.since(now).as_secs().max(1e-9);
        let factors = self.travel_factors(now);
        let pumps = &self.pumps;
        self.flow.begin(now, |pump, rate| pumps[pump].slope(now, rate, seconds), &factors);
        self.plan_slug(now);
    }

    /// Volume that the streams at the head of the tube have delivered together [µL].
    pub(super) fn disperse(&self, now: Instant) -> f64 {
        let all = self.flow.volume(self.flow.head(), now);
        match &self.plan.carrier {
            Some(carrier) => all - self.flow.volume(carrier.pump, now),
            None => all,
        }
    }

    /// Flow of the carrier [µL/s].
    pub(super) fn carrier_rate(&self, now: Instant) -> f64 {
        self.plan.carrier.as_ref().map_or(0.0, |carrier| self.flow.rate(carrier.pump, now))
    }

    /// Flow of all streams that have joined by a section of the tube [µL/s].
    pub(super) fn disperse_rate(&self, section: usize, now: Instant) -> f64 {
        let joined =
            (0..self.plan.streams.len()).filter(|s| self.plan.streams[*s].section <= section);
        joined.map(|s| self.flow.rate(self.flow.stream(s), now)).sum()
    }

    /// Flows of all streams together and of the carrier, at the head of the tube [µL/s].
    pub(super) fn phases(&self, now: Instant) -> (f64, f64) {
        (self.disperse_rate(0, now), self.carrier_there(now))
    }

    /// Schedules the end of the forming slug, where that comes before the next tick.
    pub(super) fn plan_slug(&mut self, now: Instant) {
        if let Some(ticket) = self.slug_done.take() {
            self.engine.cancel(ticket);
        }
        let (disperse, carrier) = self.phases(now);
        if disperse <= 0.0 {
            return;
        }
        if self.train.is_undecided() {
            match &self.plan.carrier {
                Some(plan) => {
                    let volume = slug_volume_ul(&plan.segmentation, disperse, carrier);
                    let irregular = self.irregular(plan, now);
                    self.train.decide(volume, irregular);
                }
                None => self.train.decide(self.plan.parcel_ul(), Irregular::default()),
            }
        }
        let segment = self.flow.segment(now);
        let course = self.flow.course(segment, self.flow.head());
        let course = match &self.plan.carrier {
            Some(carrier) => course.plus(-1.0, self.flow.course(segment, carrier.pump)),
            None => course,
        };
        let Some(seconds) = course.when(self.train.complete_at_ul()) else { return };
        let begin = self.flow.start(segment);
        if seconds > self.next_tick.since(begin).as_secs() {
            return;
        }
        let at = begin + Span::from_nanos((seconds * 1e9).ceil() as u64);
        let at = at.max(now + Span::from_nanos(1));
        self.slug_done = Some(self.engine.schedule(at, Event::SlugDone));
    }

    /// How irregular the train is: where streams or carrier are off their ratio of one to one, the capillary number is above
    /// its limit where slugs form, or slugs merge by a mishap.
    fn irregular(&self, plan: &CarrierPlan, now: Instant) -> Irregular {
        let rig = &self.plan.world().rig;
        let shape = &plan.segmentation;
        let within = math::ln_1p(0.01 * shape.irregular_within_percent);
        let uneven = |a: f64, b: f64| match shape.any_ratio {
            true => 0.0,
            false => {
                let allowed = 1.0 + 0.01 * shape.off_ratio_percent;
                irregularity(a.max(b) / a.min(b), allowed, within)
            }
        };
        // A stream that is off has no part in the train.
        let streams = (0..self.plan.streams.len())
            .filter(|s| self.plan.streams[*s].section == 0)
            .map(|s| self.flow.rate(self.flow.stream(s), now))
            .filter(|rate| *rate > STILL_UL_PER_S);
        let (least, most) =
            streams.fold((f64::INFINITY, 0.0_f64), |(low, high), q| (low.min(q), high.max(q)));
        let (disperse, carrier) = self.phases(now);
        let total = disperse + carrier;
        let moving = Moving { total, share: disperse / total, celsius: self.formation_c(now) };
        let capillary = moving.capillary(rig, plan, shape.width_mm);
        let streams = if least.is_finite() { uneven(most, least) } else { 0.0 };
        let merging = if self.mishaps.coalescing() { 1.0 } else { 0.0 };
        let degree = irregularity(capillary, shape.irregular_capillary, within)
            .max(if carrier > STILL_UL_PER_S { uneven(disperse, carrier) } else { 0.0 })
            .max(streams)
            .max(merging);
        Irregular {
            spread: 0.01 * shape.irregular_spread_percent * degree,
            alternation: shape.alternation * streams,
            share: most / disperse,
            portion_ul: slug_volume_ul(shape, 1.0, 1.0),
        }
    }

    /// What the slug that is complete has taken of each stream; none where that is what the pumps gave [streams] [µL].
    pub(super) fn took(&mut self, now: Instant) -> Option<Box<[f64]>> {
        if self.train.is_even() {
            return None;
        }
        let began = self.train.began();
        let given: Vec<f64> = (0..self.plan.streams.len())
            .map(|s| {
                if self.plan.streams[s].section > 0 {
                    return 0.0;
                }
                let column = self.flow.stream(s);
                self.flow.volume(column, now) - self.flow.volume(column, began)
            })
            .collect();
        Some(self.train.share_out(&given))
    }

    /// Temperature of a stream where slugs form [°C].
    fn stream_c(&self, stream: usize, now: Instant) -> f64 {
        let plan = &self.plan.streams[stream];
        let rate = self.flow.rate(self.flow.stream(stream), now);
        let liquid = &self.plan.world().rig.liquid;
        self.preheated_c(plan.heater, plan.spec.hot_ul, plan.spec.heating_s, liquid, rate, now)
    }

    fn preheated_c(
        &self,
        heater: Option<usize>,
        hot_ul: f64,
        tau_s: f64,
        liquid: &Liquid,
        rate: f64,
        now: Instant,
    ) -> f64 {
        let ambient = self.plan.world().rig.ambient_c;
        let Some(heater) = heater.filter(|_| hot_ul > 0.0) else { return ambient };
        let zone = self.heaters[heater].zone_at_c(now);
        if rate <= 0.0 {
            return zone;
        }
        let seconds = hot_ul / liquid.volume_factor(zone) / rate;
        relaxed_c(ambient, zone, seconds, tau_s)
    }

    /// Temperature of slug and carrier together as they form [°C].
    pub(super) fn formation_c(&self, now: Instant) -> f64 {
        let rig = &self.plan.world().rig;
        let mut parts: Vec<(f64, &Liquid, f64)> = (0..self.plan.streams.len())
            .filter(|s| self.plan.streams[*s].section == 0)
            .map(|s| {
                let rate = self.flow.rate(self.flow.stream(s), now);
                (rate, &rig.liquid, self.stream_c(s, now))
            })
            .collect();
        // A gas has next to no heat.
        let carrier = self.plan.carrier.as_ref();
        if let Some((plan, liquid)) = carrier.and_then(|c| Some((c, c.spec.liquid.as_ref()?))) {
            let rate = self.flow.rate(plan.pump, now);
            let spec = &plan.spec;
            let celsius =
                self.preheated_c(plan.heater, spec.hot_ul, spec.heating_s, liquid, rate, now);
            parts.push((rate, liquid, celsius));
        }
        mixed_temperature_c(&parts)
    }

    /// Temperature of what comes at `celsius` to a stretch, once the streams that join before it have [°C].
    pub(super) fn joined_c(&self, stretch: usize, now: Instant, celsius: f64) -> f64 {
        let section = self.plan.tube[stretch].section;
        if stretch == 0 || self.plan.tube[stretch - 1].section == section {
            return celsius;
        }
        let rig = &self.plan.world().rig;
        let mut parts = vec![(self.disperse_rate(section - 1, now), &rig.liquid, celsius)];
        if let Some(liquid) = self.plan.carrier.as_ref().and_then(|c| c.spec.liquid.as_ref()) {
            parts.push((self.carrier_rate(now), liquid, celsius));
        }
        for (s, _) in self.plan.joining(section) {
            let rate = self.flow.rate(self.flow.stream(s), now);
            parts.push((rate, &rig.liquid, self.stream_c(s, now)));
        }
        mixed_temperature_c(&parts)
    }

    /// Heat that the liquid takes from each plate [W]: what is pumped is warmed from room
    /// temperature.
    pub(super) fn heat_taken_w(&self, now: Instant) -> Vec<f64> {
        let rig = &self.plan.world().rig;
        let carrier = self.carrier_rate(now);
        (0..self.heaters.len())
            .map(|h| {
                let Some(on) = self.plan.tube.iter().find(|s| s.heater == Some(h)) else {
                    return 0.0;
                };
                let disperse = self.disperse_rate(on.section, now);
                if disperse + carrier <= 0.0 {
                    return 0.0;
                }
                let content = |liquid: &Liquid| {
                    liquid.heat_j_per_m3(self.heaters[h].zone_c())
                        - liquid.heat_j_per_m3(rig.ambient_c)
                };
                let liquid = self.plan.carrier.as_ref().and_then(|c| c.spec.liquid.as_ref());
                let carriers = liquid.map_or(0.0, |liquid| carrier * content(liquid));
                1e-9 * (disperse * content(&rig.liquid) + carriers)
            })
            .collect()
    }

    /// Tube volume that a slug passes for each volume pumped, in each stretch: slip times
    /// expansion.
    pub(super) fn travel_factors(&mut self, now: Instant) -> Vec<f64> {
        let (disperse, carrier) = self.phases(now);
        if disperse + carrier <= 0.0 {
            return vec![1.0; self.plan.tube.len()];
        }
        let plan = self.plan.clone();
        if let Some(carrier) = plan.carrier.as_ref().filter(|carrier| carrier.gas.is_some()) {
            return self.travel_with_gas(now, carrier);
        }
        let rig = &plan.world().rig;
        let mut celsius = self.formation_c(now);
        let mut factors = Vec::with_capacity(plan.tube.len());
        for (i, stretch) in plan.tube.iter().enumerate() {
            celsius = self.joined_c(i, now, celsius);
            let disperse = match stretch.section {
                0 => disperse,
                section => self.disperse_rate(section, now),
            };
            let total = disperse + carrier;
            let around = stretch.heater.map_or(rig.ambient_c, |h| self.heaters[h].zone_c());
            let periods = stretch.spec.volume_ul / total / stretch.spec.heat_s;
            let left = relaxed_c(1.0, 0.0, periods, 1.0);
            let mean = around + (celsius - around) * (1.0 - left) / periods;
            celsius = around + (celsius - around) * left;
            let moving = Moving { total, share: disperse / total, celsius: mean };
            let slip = plan.carrier.as_ref().map(|carrier| {
                let capillary = moving.capillary(rig, carrier, stretch.spec.bore_mm);
                if capillary > carrier.segmentation.irregular_capillary {
                    self.extrapolated.insert("capillary number above the range of the film law");
                }
                slip(relative_film(capillary))
            });
            factors.push(moving.expansion(rig) * slip.unwrap_or(1.0));
        }
        factors
    }
}

/// Slugs and carrier on their way through a tube, or one liquid.
#[derive(Clone, Copy)]
struct Moving {
    /// Flow of both as they are pumped [µL/s].
    total: f64,
    /// Part of it that is slugs.
    share: f64,
    /// Temperature [°C].
    celsius: f64,
}

impl Moving {
    /// Volume in parts of that at 25 °C.
    fn expansion(self, rig: &Rig) -> f64 {
        let liquid = rig.carrier.as_ref().and_then(|c| c.liquid.as_ref());
        let carrier = liquid.map_or(1.0, |liquid| liquid.volume_factor(self.celsius));
        self.share * rig.liquid.volume_factor(self.celsius) + (1.0 - self.share) * carrier
    }

    /// Capillary number in a bore [mm].
    fn capillary(self, rig: &Rig, carrier: &CarrierPlan, bore_mm: f64) -> f64 {
        let speed = 1e-3 * self.total * self.expansion(rig) / area_mm2(bore_mm);
        carrier.capillary(rig, self.celsius, speed)
    }
}
