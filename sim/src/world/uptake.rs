//! What a gas loses on its way, while flows stand: bubbles that dissolve are smaller, and slugs take longer.

use flowtwin_lab::{Instant, math, path};

use super::World;
use super::bubbles::Rates;
use crate::model::reaction::Stay;

/// How far temperatures may be from those at which the loss was found, before it is found again [K].
const KELVIN: f64 = 0.5;
/// How often the loss is found from the time that it leaves to slugs.
const ROUNDS: usize = 2;

/// What is left of the gas along each stretch, in parts of what was fed, and for which flows and temperatures.
#[derive(Clone, Debug, Default)]
pub(super) struct Uptake {
    rates: Option<Rates>,
    celsius: Vec<f64>,
    left: Vec<path::Along>,
}

impl Uptake {
    fn holds(&self, rates: &Rates, celsius: &[f64]) -> bool {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= KELVIN;
        self.rates.as_ref() == Some(rates) && celsius.iter().zip(&self.celsius).all(near)
    }
}

impl World {
    /// Takes from the flow of gas what dissolves on the way, once what is set stands. `pass` says how slugs pass stretches with so
    /// much gas.
    pub(super) fn take_up(
        &mut self,
        now: Instant,
        reaches: &mut [path::Reach],
        pass: &dyn Fn(&[path::Reach]) -> Vec<path::Passing>,
    ) {
        if !self.plan.network.as_ref().is_some_and(|network| network.has_gases()) {
            return;
        }
        let rates = self.standing(now);
        let celsius: Vec<f64> = reaches.iter().flat_map(|r| [r.entered_c, r.around_c]).collect();
        if !self.uptake.holds(&rates, &celsius) {
            let fed = self.reaches(now, &rates);
            let mut trial = fed.clone();
            let mut left = vec![std::array::from_fn(|_| 1.0); fed.len()];
            if rates.liquid[0] > 0.0 && rates.gas_nmol_per_s > 0.0 {
                for _ in 0..ROUNDS {
                    left = self.left(&rates, &trial, &pass(&trial));
                    lose(&mut trial, &fed, &left);
                }
            }
            self.uptake = Uptake { rates: Some(rates), celsius, left };
        }
        let fed = reaches.to_vec();
        lose(reaches, &fed, &self.uptake.left);
    }

    /// What is left of the gas along each stretch, in parts of what was fed, for a slug that passes like this.
    fn left(
        &self,
        rates: &Rates,
        reaches: &[path::Reach],
        passings: &[path::Passing],
    ) -> Vec<path::Along> {
        let quantities = &self.plan.quantities;
        let mut values = vec![0.0; quantities.len()];
        quantities.fill(&mut values, &self.standing_shares(0, rates), reaches[0].entered_c);
        let standard = self.plan.carrier.as_ref().map_or(0.0, |carrier| rates.pumps[carrier.pump]);
        quantities.fill_bubbles(&mut values, standard / rates.liquid[0]);
        let fed = rates.liquid[0] * quantities.in_bubbles(&values);
        let mut all = vec![std::array::from_fn(|_| 1.0); reaches.len()];
        let mut before = 1.0;
        for (i, reach) in reaches.iter().enumerate() {
            let section = self.plan.tube[i].section;
            if i > 0 && self.plan.tube[i - 1].section != section {
                let more = rates.liquid[section] / rates.liquid[section - 1] - 1.0;
                let shares = self.standing_shares(section, rates);
                let shares: Vec<f64> = shares.iter().map(|share| share * more).collect();
                quantities.dilute(&mut values, more, &shares);
            }
            all[i] = std::array::from_fn(|_| before);
            for part in 0..all[i].len() - 1 {
                if self.plan.tube[i].spec.reacts {
                    let met = (rates, passings[0].kpa[0]);
                    self.pass_part((i, part), met, (reach, &passings[i]), &mut values);
                    before = rates.liquid[section] * quantities.in_bubbles(&values) / fed;
                }
                all[i][part + 1] = before;
            }
        }
        all
    }

    /// Lets a slug react in a part of a stretch.
    fn pass_part(
        &self,
        (stretch, part): (usize, usize),
        (rates, head_kpa): (&Rates, f64),
        (reach, passing): (&path::Reach, &path::Passing),
        values: &mut [f64],
    ) {
        let Some(network) = &self.plan.network else { return };
        let (from, to) = (passing.times[part], passing.times[part + 1]);
        let middle = 0.5 * (from + to);
        let cooled = math::exp(-middle * passing.stay_s / reach.heat_s);
        let celsius = reach.around_c + (reach.entered_c - reach.around_c) * cooled;
        let met = (head_kpa, passing.after(middle));
        let stay = Stay {
            seconds: (to - from) * passing.stay_s,
            celsius,
            heat_s: reach.heat_s,
            contact: self.contact_at(stretch, rates, met, celsius),
        };
        let capacity = self.plan.world().rig.liquid.heat_capacity_kj_per_l_k(celsius);
        // Whether it runs away is told where slugs are followed.
        let _ran = network.react(values, &[stay], 1.0, capacity);
    }

    /// Share of each pump in what joins at the beginning of a section.
    fn standing_shares(&self, section: usize, rates: &Rates) -> Vec<f64> {
        let mut shares = vec![0.0; self.pumps.len()];
        for (_, stream) in self.plan.joining(section) {
            for &pump in &stream.pumps {
                shares[pump] = rates.pumps[pump];
            }
        }
        let whole: f64 = shares.iter().sum();
        if whole > 0.0 {
            shares.iter_mut().for_each(|share| *share /= whole);
        }
        shares
    }
}

/// Flows of gas, of what was fed into each stretch.
fn lose(reaches: &mut [path::Reach], fed: &[path::Reach], left: &[path::Along]) {
    for ((reach, fed), left) in reaches.iter_mut().zip(fed).zip(left) {
        for ((flow, fed), left) in reach.gas_nmol_per_s.iter_mut().zip(fed.gas_nmol_per_s).zip(left)
        {
            *flow = fed * left;
        }
    }
}
