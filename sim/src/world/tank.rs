//! Stirred tanks: parcel after parcel enters, and what is in the tank reacts and leaves.

use flowtwin_lab::{Instant, math};

use super::World;
use crate::model::network::Inflow;
use crate::model::reaction::Stay;
use crate::plan::{Kind, Stage};
use crate::train::Seen;

/// A stirred tank as far as somebody has asked.
#[derive(Clone, Debug)]
pub(super) struct Tank {
    /// Number of the parcel that enters next, since the start of the run.
    next: u64,
    /// When the one before had entered.
    entered: Instant,
    /// What is in the tank [quantities].
    values: Box<[f64]>,
    /// Its temperature above that without heats of reaction [K].
    above_k: f64,
    /// Volume of what entered last, in parts of that with which it formed.
    growth: f64,
}

impl World {
    /// What a parcel meets in a tank: all parcels before it have entered, in order. The parcel itself may still be
    /// entering, and what it pushes out is what was there before.
    pub(super) fn meet_tank(&mut self, stage: usize, index: usize) {
        let tank = self.fill_tank(stage, index);
        let seen = Seen { values: tank.values.clone(), growth: tank.growth };
        self.remember(stage, index, seen);
        self.tanks[stage] = Some(tank);
    }

    /// Lets all parcels before `index` enter a tank, which is taken out.
    fn fill_tank(&mut self, stage: usize, index: usize) -> Tank {
        let plan = self.plan.clone();
        let Stage { input, kind } = plan.stages.get(stage);
        let Kind::Tank { stretch } = *kind else { unreachable!("only tanks are filled") };
        let empty = || Tank {
            next: 0,
            entered: Instant::START,
            values: vec![0.0; plan.quantities.len()].into(),
            above_k: 0.0,
            growth: 1.0,
        };
        let mut tank = self.tanks[stage].take().unwrap_or_else(empty);
        while let parcel = (tank.next - self.train.forgotten()) as usize
            && parcel < index
        {
            let seen = Seen { values: tank.values.clone(), growth: tank.growth };
            self.remember(stage, parcel, seen);
            let coming = self.before(*input, parcel);
            self.enter(&mut tank, &coming, parcel, stretch);
            tank.growth = coming.growth;
            tank.next += 1;
        }
        tank
    }

    /// A parcel enters a tank: dc/dt = (c₀ − c) Q/V + r(c), until all of it has.
    fn enter(&mut self, tank: &mut Tank, coming: &Seen, parcel: usize, stretch: usize) {
        let ended = self.train.slugs()[parcel].ended;
        let arrival = self.leg(ended, 0.0, (stretch, stretch), 1.0);
        let entered = arrival.left.unwrap_or(self.engine.now()).max(tank.entered);
        let seconds = entered.since(tank.entered).as_secs();
        if seconds <= 0.0 {
            return;
        }
        let spec = &self.plan.tube[stretch].spec;
        let column = self.flow.in_stretch(stretch);
        let volume = self.flow.volume(column, entered) - self.flow.volume(column, tank.entered);
        let celsius = self.tank_c(stretch, entered, arrival.final_c);
        let heat_s = spec.heat_s;
        let inflow = Inflow { values: &coming.values, per_s: volume / spec.volume_ul / seconds };
        let network = self.plan.network.as_ref().filter(|_| spec.reacts);
        let exchanged = -math::exp_m1(-inflow.per_s * seconds);
        for (place, (value, coming)) in tank.values.iter_mut().zip(&coming.values).enumerate() {
            if !network.is_some_and(|network| network.knows(place)) {
                *value += exchanged * (coming - *value);
            }
        }
        let mut reacted = Ok(());
        if let Some(network) = network {
            let capacity = self.plan.world().rig.liquid.heat_capacity_kj_per_l_k(celsius);
            let stay = Stay { seconds, celsius, heat_s, contact: None };
            let Tank { values, above_k, .. } = tank;
            reacted = network.stir(values, above_k, &stay, inflow, capacity);
        }
        tank.entered = entered;
        self.note(reacted);
    }

    /// Temperature of a tank into which liquid flows at `celsius` [°C]: what the wall gives is what the liquid takes.
    pub(super) fn tank_c(&self, stretch: usize, at: Instant, celsius: f64) -> f64 {
        let plan = &self.plan.tube[stretch];
        let ambient = self.plan.world().rig.ambient_c;
        let around = plan.heater.map_or(ambient, |h| self.heaters[h].zone_at_c(at));
        let flow = self.flow.rate(self.flow.in_stretch(stretch), at);
        let (wall, liquid) = (1.0 / plan.spec.heat_s, flow / plan.spec.volume_ul);
        (wall * around + liquid * celsius) / (wall + liquid)
    }

    /// Lets everything enter the tanks that is about to be forgotten.
    pub(super) fn fill_tanks(&mut self, before: Instant) {
        let going = self.train.slugs().iter().take_while(|slug| slug.ended < before).count();
        let plan = self.plan.clone();
        for (stage, spec) in plan.stages.all().iter().enumerate() {
            if matches!(spec.kind, Kind::Tank { .. }) {
                let tank = self.fill_tank(stage, going);
                self.tanks[stage] = Some(tank);
            }
        }
    }
}
