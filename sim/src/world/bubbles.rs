//! Gas between the slugs: how it expands along the tube, and what a slug meets of it.

use flowtwin_lab::{Instant, path};

use super::World;
use crate::instrument::pump::Pump;
use crate::model::liquid::{ROOM_C, ZERO_C_K, relaxed_c};
use crate::model::segmentation::{area_mm2, relative_film, slip, slug_volume_ul};
use crate::model::transfer::{Contact, Kla, UnitCell};
use crate::plan::CarrierPlan;

/// How slugs passed each stretch, since when. Empty where the carrier is not a gas.
#[derive(Clone, Debug, Default)]
pub(super) struct Bubbles {
    since: Vec<Instant>,
    passings: Vec<Vec<path::Passing>>,
}

impl Bubbles {
    /// From now on slugs pass like this.
    pub(super) fn push(&mut self, now: Instant, passings: Vec<path::Passing>) {
        if self.since.last() == Some(&now) {
            self.since.pop();
            self.passings.pop();
        }
        self.since.push(now);
        self.passings.push(passings);
    }

    /// How slugs passed at a moment.
    pub(super) fn at(&self, at: Instant) -> Option<&[path::Passing]> {
        let begun = self.since.partition_point(|since| *since <= at);
        self.passings.get(begun.saturating_sub(1)).map(Vec::as_slice)
    }

    /// Forgets what happened before a moment.
    pub(super) fn forget(&mut self, before: Instant) {
        let drop = self.since.partition_point(|since| *since <= before).saturating_sub(1);
        self.since.drain(..drop);
        self.passings.drain(..drop);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.since.clear();
        self.passings.clear();
    }
}

/// What flows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rates {
    /// Of each pump [µL/s], of a gas in standard volumes.
    pub(super) pumps: Vec<f64>,
    /// Of liquid in each section of the tube [µL/s].
    pub(super) liquid: Vec<f64>,
    /// Of gas [nmol/s].
    pub(super) gas_nmol_per_s: f64,
}

impl World {
    /// What flows at a moment.
    fn rates_at(&self, at: Instant) -> Rates {
        self.rates_of_pumps((0..self.pumps.len()).map(|pump| self.flow.rate(pump, at)).collect())
    }

    /// What flows once what is set stands, without what fluctuates.
    pub(super) fn standing(&self, now: Instant) -> Rates {
        match self.at_rest {
            true => self.rates_at(now),
            false => self.rates_of_pumps(self.pumps.iter().map(Pump::stands_ul_per_s).collect()),
        }
    }

    fn rates_of_pumps(&self, pumps: Vec<f64>) -> Rates {
        let carrier = self.plan.carrier.as_ref();
        let carries = |pump: &usize| carrier.is_some_and(|carrier| carrier.pump == *pump);
        let sum = |section: &Vec<usize>| {
            section.iter().filter(|pump| !carries(pump)).map(|&pump| pumps[pump]).sum()
        };
        let gas = carrier.and_then(|c| Some(c.gas?.mmol_per_l() * pumps[c.pump]));
        let liquid = self.plan.sections.iter().map(sum).collect();
        Rates { liquid, gas_nmol_per_s: gas.unwrap_or(0.0), pumps }
    }

    /// Volume that is to be passed for a share of a stretch, in parts of what the whole takes: gas that expands makes slugs faster
    /// towards the end.
    pub(super) fn part(&self, stretch: usize, share: f64, at: Instant) -> f64 {
        match self.bubbles.at(at) {
            Some(passings) if share < 1.0 => passings[stretch].time_of(share),
            _ => share,
        }
    }

    /// Pressure in a stretch where a share of it has been passed [kPa], where gas flows.
    pub(super) fn gas_kpa(&self, stretch: usize, share: f64, at: Instant) -> Option<f64> {
        Some(self.bubbles.at(at)?[stretch].kpa_at(share))
    }

    /// Volume of the gas in the middle of a stretch [L/mmol], where gas flows.
    pub(super) fn gas_l_per_mmol(&self, stretch: usize, at: Instant) -> Option<f64> {
        let kpa = self.gas_kpa(stretch, 0.5, at)?;
        Some(path::l_per_mmol(self.around_c(stretch, at), kpa))
    }

    fn around_c(&self, stretch: usize, at: Instant) -> f64 {
        let ambient = self.plan.world().rig.ambient_c;
        self.plan.tube[stretch].heater.map_or(ambient, |h| self.heaters[h].zone_at_c(at))
    }

    /// Flow of the carrier where slugs form [µL/s]: a gas is set as a standard volume, and has another one there.
    pub(super) fn carrier_there(&self, now: Instant) -> f64 {
        let standard = self.carrier_rate(now);
        let gas = self.plan.carrier.as_ref().and_then(|carrier| carrier.gas);
        let Some(gas) = gas.filter(|_| standard > 0.0) else { return standard };
        let kpa = self.gas_kpa(0, 0.0, now).unwrap_or(self.plan.world().rig.outlet_kpa);
        standard * gas.mmol_per_l() * path::l_per_mmol(self.formation_c(now), kpa)
    }

    /// Tube volume that a slug passes for each volume pumped, in each stretch, where the carrier is a gas. Its flow counts as
    /// what is set: in standard volumes.
    pub(super) fn travel_with_gas(&mut self, now: Instant, carrier: &CarrierPlan) -> Vec<f64> {
        let mut reaches = self.reaches(now, &self.rates_at(now));
        let all = |reach: &path::Reach| reach.liquid_ul_per_s + reach.gas_nmol_per_s[0];
        if !reaches.iter().all(|reach| all(reach) > 0.0) {
            return vec![1.0; reaches.len()];
        }
        let outruns = |capillary: f64| match carrier.spec.film {
            true => slip(relative_film(capillary)),
            false => 1.0,
        };
        let outlet_kpa = self.plan.world().rig.outlet_kpa;
        let pass = |reaches: &[path::Reach]| {
            let liquid = reaches.first().map_or(0.0, |first| first.liquid_ul_per_s);
            let slug_ul = |gas: f64| match liquid > 0.0 {
                true => slug_volume_ul(&carrier.segmentation, liquid, gas),
                false => f64::INFINITY,
            };
            let tension_n_per_m = 1e-3 * carrier.spec.interfacial_tension_mn_per_m;
            let bubbly = path::Bubbly { tension_n_per_m, slug_ul: &slug_ul, outruns: &outruns };
            path::pass(outlet_kpa, reaches, &bubbly)
        };
        self.take_up(now, &mut reaches, &pass);
        let passings = pass(&reaches);
        let limit = carrier.segmentation.irregular_capillary;
        if passings.iter().any(|passing| passing.capillary > limit) {
            self.extrapolated.insert("capillary number above the range of the film law");
        }
        let factor = |(stretch, passing): (usize, &path::Passing)| {
            let pumped = self.flow.rate(self.flow.in_stretch(stretch), now);
            self.plan.tube[stretch].spec.volume_ul / passing.stay_s / pumped
        };
        let factors = passings.iter().enumerate().map(factor).collect();
        self.bubbles.push(now, passings);
        factors
    }

    /// Each stretch with what flows into it.
    pub(super) fn reaches(&self, now: Instant, rates: &Rates) -> Vec<path::Reach> {
        let rig = &self.plan.world().rig;
        let gas = rates.gas_nmol_per_s;
        let mut celsius = self.formation_c(now);
        let mut reaches = Vec::with_capacity(self.plan.tube.len());
        for (i, stretch) in self.plan.tube.iter().enumerate() {
            celsius = self.joined_c(i, now, celsius);
            let around_c = stretch.heater.map_or(rig.ambient_c, |h| self.heaters[h].zone_c());
            let liquid = rates.liquid[stretch.section];
            let kpa = self.gas_kpa(i, 1.0, now).unwrap_or(rig.outlet_kpa);
            let all = liquid + gas * path::l_per_mmol(around_c, kpa);
            let seconds = stretch.spec.volume_ul / all.max(1e-9);
            let left = relaxed_c(1.0, 0.0, seconds, stretch.spec.heat_s);
            let mean =
                around_c + (celsius - around_c) * (1.0 - left) * stretch.spec.heat_s / seconds;
            reaches.push(path::Reach {
                bore_mm: stretch.spec.bore_mm,
                volume_ul: stretch.spec.volume_ul,
                entered_c: celsius,
                around_c,
                heat_s: stretch.spec.heat_s,
                liquid_ul_per_s: liquid * rig.liquid.volume_factor(mean),
                gas_nmol_per_s: std::array::from_fn(|_| gas),
                viscosity_pa_s: rig.liquid.viscosity_pa_s(mean),
                resistance: self.mishaps.resistance(&stretch.spec.name),
            });
            celsius = around_c + (celsius - around_c) * left;
        }
        reaches
    }

    /// The bubbles that a slug meets in a stretch that it entered at a moment, after this share of its time there.
    pub(super) fn contact(
        &self,
        stretch: usize,
        entered: Instant,
        time: f64,
        celsius: f64,
    ) -> Option<Contact> {
        let passings = self.bubbles.at(entered)?;
        let there = passings[stretch].after(time);
        self.contact_at(stretch, &self.rates_at(entered), (passings[0].kpa[0], there), celsius)
    }

    /// The bubbles at a pressure [kPa] at which this much gas flows [nmol/s], where slugs form at another pressure.
    pub(super) fn contact_at(
        &self,
        stretch: usize,
        rates: &Rates,
        (head_kpa, (kpa, gas_nmol_per_s)): (f64, (f64, f64)),
        celsius: f64,
    ) -> Option<Contact> {
        let carrier = self.plan.carrier.as_ref()?;
        if let Some(per_s) = carrier.spec.kla_per_s {
            return Some(Contact { kpa, kla: Kla::Given(per_s) });
        }
        let rig = &self.plan.world().rig;
        let part = &self.plan.tube[stretch];
        let bubbles = gas_nmol_per_s * path::l_per_mmol(celsius, kpa);
        let slugs = rates.liquid[part.section];
        let all = slugs + bubbles;
        let area = area_mm2(part.spec.bore_mm);
        // Slugs form in the room.
        let head = rates.gas_nmol_per_s * path::l_per_mmol(rig.ambient_c, head_kpa);
        let per_s = rates.liquid[0] / slug_volume_ul(&carrier.segmentation, rates.liquid[0], head);
        let film = match carrier.spec.film {
            true => relative_film(carrier.capillary(rig, celsius, 1e-3 * all / area)),
            false => 0.0,
        };
        let ahead = slip(film);
        let bubble_mm = bubbles * ahead / per_s / area;
        let (here, room) = (rig.liquid.viscosity_pa_s(celsius), rig.liquid.viscosity_pa_s(ROOM_C));
        let cell = UnitCell {
            bore_m: 1e-3 * part.spec.bore_mm,
            length_m: 1e-3 * ahead * all / per_s / area,
            film_m: 1e-3 * (bubble_mm - part.spec.bore_mm).max(0.0),
            thickness_m: 0.5e-3 * film * part.spec.bore_mm,
            m_per_s: 1e-3 * ahead * all / area,
            liquid: 1.0 - bubbles / (ahead * all),
            mobility: (celsius + ZERO_C_K) / (ROOM_C + ZERO_C_K) * room / here,
        };
        Some(Contact { kpa, kla: Kla::Of(cell) })
    }
}
