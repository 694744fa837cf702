//! What sensors in the line read.

use flowtwin_lab::{Instant, Span, math, path};

use super::World;
use super::slug::midway;
use crate::model::segmentation::area_mm2;
use crate::plan::SensorPlan;
use crate::spec::Measures;

/// Decimals of a reading.
const DECIMALS: u32 = 6;
/// Moments of the past that make up a reading of a sensor that responds slowly.
const MOMENTS: u32 = 16;

impl World {
    /// What a sensor in the line reads: what it measured last, and then.
    pub(crate) fn probe(&mut self, number: usize, now: Instant) -> f64 {
        let plan = self.plan.clone();
        let sensor = &plan.sensors[number];
        let every = Span::from_secs(sensor.spec.every_s).as_nanos().max(1);
        let tick = now.as_nanos() / every;
        let at = Instant::from_nanos(tick * every);
        let truth = match sensor.spec.response_s {
            response_s if response_s > 0.0 => {
                responding(at, response_s, |then| self.present(sensor, then))
            }
            _ => self.present(sensor, at),
        };
        let noise = plan.world().noise.sensors.get(&sensor.name).cloned().unwrap_or_default();
        let name = &sensor.name;
        let mut fixed = self.streams.open(&format!("sensor/{name}/calibration"), 0);
        let (offset, gain) = (fixed.normal(), fixed.normal());
        let draw = self.streams.open(&format!("sensor/{name}"), tick).normal();
        let drift = noise.drift_per_h * at.as_secs() / 3600.0;
        let value = truth * (1.0 + 0.01 * noise.gain_percent * gain)
            + noise.offset * offset
            + drift
            + noise.deviation * draw;
        math::round_decimals(value, DECIMALS)
    }

    /// What is at the sensor at a moment, in the unit of its reading. Of slugs in a carrier it shows the last.
    pub(super) fn present(&mut self, sensor: &SensorPlan, at: Instant) -> f64 {
        match sensor.spec.measures {
            // In the middle of its stretch.
            Measures::Pressure => return self.pressure_kpa(sensor.stretch, 0.5, at),
            Measures::Flow => {
                return 60.0 * self.flow.rate(self.flow.in_stretch(sensor.stretch), at);
            }
            Measures::Level { begins_ml } => {
                let came_ul = self.flow.volume(self.flow.in_stretch(sensor.stretch), at);
                let came_ul = came_ul - self.gas_ul(at);
                return begins_ml + 1e-3 * came_ul;
            }
            Measures::Mass { begins_g } => return begins_g + self.came_g(sensor.stretch, at),
            _ => {}
        }
        let shown = self.shown_ul(sensor.stretch, at);
        let beyond = self.train.first_beyond(shown);
        let is_there =
            |index: usize| self.train.slugs().get(index).is_some_and(|slug| slug.from_ul <= shown);
        let index = if is_there(beyond) { Some(beyond) } else { beyond.checked_sub(1) };
        let Some(index) = index.filter(|_| shown >= 0.0) else {
            let is_thermometer = sensor.spec.measures == Measures::Temperature;
            return if is_thermometer { self.plan.world().rig.ambient_c } else { 0.0 };
        };
        if sensor.spec.measures == Measures::Temperature {
            let slug = &self.train.slugs()[index];
            let celsius = self.celsius_at(sensor.stretch, midway(slug.began, slug.ended));
            return celsius.unwrap_or(self.plan.world().rig.ambient_c);
        }
        let values = &self.become_of(sensor.stage, index).values;
        sensor.weights.iter().fold(0.0, |sum, &(place, weight)| sum + weight * values[place])
    }

    /// Mass of what has passed a stretch [g].
    fn came_g(&self, stretch: usize, at: Instant) -> f64 {
        let rig = &self.plan.world().rig;
        let all_ul = self.flow.volume(self.flow.in_stretch(stretch), at);
        let carrier_ul =
            self.plan.carrier.as_ref().map_or(0.0, |carrier| self.flow.volume(carrier.pump, at));
        let liquid = rig.carrier.as_ref().and_then(|carrier| carrier.liquid.as_ref());
        let carrier = liquid.map_or(0.0, |liquid| liquid.density_kg_per_m3);
        // 1 µL of 1 kg/m³ is 1e-6 g.
        1e-6 * (rig.liquid.density_kg_per_m3 * (all_ul - carrier_ul) + carrier * carrier_ul)
    }

    /// Standard volume of gas that has flowed \[µL\]: none of it stays in a bottle.
    fn gas_ul(&self, at: Instant) -> f64 {
        let gas = self.plan.carrier.as_ref().filter(|carrier| carrier.gas.is_some());
        gas.map_or(0.0, |carrier| self.flow.volume(carrier.pump, at))
    }

    /// Pressure above that of the room \[kPa\] where `share` of a stretch is left: what liquid needs to flow through the rest.
    ///
    /// Hagen and Poiseuille, Δp = 128 µ L Q/πd⁴, and Ergun in beds, at the temperature around each stretch; slugs and carrier as
    /// a mean of both. With gas between the slugs it is that of the gas there.
    pub(super) fn pressure_kpa(&self, stretch: usize, share: f64, at: Instant) -> f64 {
        if let Some(kpa) = self.gas_kpa(stretch, 1.0 - share, at) {
            return path::gauge_kpa(kpa);
        }
        let rig = &self.plan.world().rig;
        let mut pascal = 0.0;
        for (i, part) in self.plan.tube.iter().enumerate().skip(stretch) {
            if part.spec.tank {
                continue;
            }
            let celsius = part.heater.map_or(rig.ambient_c, |h| self.heaters[h].zone_at_c(at));
            let all = self.flow.rate(self.flow.in_stretch(i), at);
            let carrier =
                self.plan.carrier.as_ref().map_or(0.0, |c| self.flow.rate(c.pump, at) / all);
            if all <= 0.0 {
                continue;
            }
            let thickness =
                |share: f64, liquid: &crate::spec::Liquid| share * liquid.viscosity_pa_s(celsius);
            let viscosity = thickness(1.0 - carrier, &rig.liquid)
                + rig
                    .carrier
                    .as_ref()
                    .and_then(|c| c.liquid.as_ref())
                    .map_or(0.0, |liquid| thickness(carrier, liquid));
            let share = if i == stretch { share } else { 1.0 };
            let resistance = self.mishaps.resistance(&part.spec.name);
            let (bore_m, area) = (1e-3 * part.spec.bore_mm, area_mm2(part.spec.bore_mm));
            let length_m = share * part.length_m;
            let flow = 1e-9 * all;
            if let Some(bed) = &part.spec.bed {
                let through = path::Through {
                    density_kg_per_m3: rig.liquid.density_kg_per_m3,
                    viscosity_pa_s: viscosity,
                    superficial_m_per_s: 1e6 * flow / area,
                };
                pascal += resistance * length_m * bed.packed().pa_per_m(through);
                continue;
            }
            let fourth = bore_m * bore_m * bore_m * bore_m;
            pascal +=
                resistance * 128.0 * viscosity * length_m * flow / (std::f64::consts::PI * fourth);
        }
        1e-3 * pascal
    }

    /// Pumps stall where a clogged tube takes more pressure than their drives give.
    pub(super) fn watch_pressure(&mut self, now: Instant) {
        if !self.mishaps.clogs() {
            return;
        }
        let plan = self.plan.clone();
        for (number, info) in plan.manifest().pumps.iter().enumerate() {
            let joins = plan.streams.iter().find(|stream| stream.pumps.contains(&number));
            let section = joins.map_or(0, |stream| stream.section);
            let first = plan.tube.iter().position(|part| part.section >= section).unwrap_or(0);
            if info.stall_kpa.is_some_and(|stall| self.pressure_kpa(first, 1.0, now) > stall) {
                self.pumps[number].stall(now);
            }
        }
    }
}

/// A response of first order: the mean of the past, which fades as exp(−t/τ), at moments of equal weight.
pub(super) fn responding(
    at: Instant,
    response_s: f64,
    mut present: impl FnMut(Instant) -> f64,
) -> f64 {
    let mut sum = 0.0;
    for moment in 0..MOMENTS {
        let quantile = (f64::from(moment) + 0.5) / f64::from(MOMENTS);
        let ago = Span::from_secs(-response_s * math::ln_1p(-quantile));
        sum += present(Instant::from_nanos(at.as_nanos().saturating_sub(ago.as_nanos())));
    }
    sum / f64::from(MOMENTS)
}
