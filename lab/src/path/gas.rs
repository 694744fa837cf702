//! Gas between slugs: how it expands on its way, and what time and pressure follow.
//!
//! The gas is ideal, and it has the temperature of the liquid. Its pressure is followed from the outlet back to where slugs form. Along
//! a stretch it falls by the friction of the liquid (Hagen and Poiseuille, in the share of the tube that is liquid) and by the caps of
//! the bubbles, 7.16 (3 Ca)^⅔ γ/d for each (Bretherton 1961, DOI 10.1017/S0022112061000160), with the viscosity of the liquid,
//! which wets the wall.

use serde::{Deserialize, Serialize};

use crate::id::HeaterId;
use crate::math;
use crate::units::{GAS_KJ_PER_MOL_K as GAS, ZERO_C_K};

/// Parts into which a stretch is cut.
const PARTS: usize = 8;
/// A value at the entry of a stretch and after each of eight equal parts of it.
pub type Along = [f64; 9];
/// How often the size of slugs is found again from the pressure where they form.
const ROUNDS: usize = 3;
/// The pressure that gauges show as none [kPa].
const ROOM_KPA: f64 = 101.325;

/// Conditions at which a mass-flow controller counts the volume of a gas.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standard {
    /// Temperature [°C].
    pub celsius: f64,
    /// Pressure \[kPa\].
    pub kpa: f64,
}

impl Standard {
    /// Amount of gas in a standard volume, p/RT [mmol/L]: 44.615 at 0 °C and 101.325 kPa.
    pub fn mmol_per_l(self) -> f64 {
        1.0 / l_per_mmol(self.celsius, self.kpa)
    }
}

/// Volume of an amount of gas, RT/p [L/mmol]; in µL/nmol it is the same number.
pub fn l_per_mmol(celsius: f64, kpa: f64) -> f64 {
    GAS * (celsius + ZERO_C_K) / kpa
}

/// The gas between the slugs of a rig.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gas {
    /// Conditions at which its flow is set.
    pub standard: Standard,
    /// Pressure behind the outlet \[kPa\].
    pub outlet_kpa: f64,
    /// Temperature of the room [°C].
    pub room_c: f64,
    /// The heater of each stretch of the tube.
    pub heaters: Vec<Option<HeaterId>>,
}

/// A stretch of tube that slugs and gas pass.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Inner diameter \[mm\].
    pub bore_mm: f64,
    /// Volume \[µL\].
    pub volume_ul: f64,
    /// Temperature with which slugs enter [°C] …
    pub entered_c: f64,
    /// … that of the surroundings [°C] …
    pub around_c: f64,
    /// … and the time constant with which slugs take it on \[s\].
    pub heat_s: f64,
    /// Flow of liquid, as it is there [µL/s].
    pub liquid_ul_per_s: f64,
    /// Flow of gas [nmol/s], which dissolves on the way.
    pub gas_nmol_per_s: Along,
    /// Viscosity of the liquid [Pa·s].
    pub viscosity_pa_s: f64,
    /// Resistance in parts of that of a clean tube.
    pub resistance: f64,
}

/// What slugs and bubbles are like.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds functions")]
pub struct Bubbly<'a> {
    /// Surface tension [N/m].
    pub tension_n_per_m: f64,
    /// Volume of a slug as it forms \[µL\], by the flow of gas there [µL/s].
    pub slug_ul: &'a dyn Fn(f64) -> f64,
    /// Speed of a bubble over the mean speed, by the capillary number of the liquid. More than one where a film of liquid stays at
    /// the wall.
    pub outruns: &'a dyn Fn(f64) -> f64,
}

/// How slugs pass a stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passing {
    /// Time that the liquid spends in it \[s\].
    pub stay_s: f64,
    /// Capillary number of the liquid at its end, where it is fastest.
    pub capillary: f64,
    /// Pressure after each part of the volume \[kPa\].
    pub kpa: Along,
    /// Share of the time after each part of the volume.
    pub times: Along,
    /// Flow of gas after each part of the volume [nmol/s].
    pub gas_nmol_per_s: Along,
}

impl Passing {
    /// Pressure where this share of the volume has been passed \[kPa\].
    pub fn kpa_at(&self, share: f64) -> f64 {
        between(&self.kpa, share)
    }

    /// Share of the time that this share of the volume takes.
    pub fn time_of(&self, share: f64) -> f64 {
        between(&self.times, share)
    }

    /// Pressure \[kPa\] and flow of gas [nmol/s] after this share of the time.
    pub fn after(&self, time: f64) -> (f64, f64) {
        let after = self.times.partition_point(|passed| *passed <= time).clamp(1, PARTS);
        let (from, to) = (self.times[after - 1], self.times[after]);
        let part = if to > from { (time - from) / (to - from) } else { 0.0 };
        let at = |values: &Along| values[after - 1] + part * (values[after] - values[after - 1]);
        (at(&self.kpa), at(&self.gas_nmol_per_s))
    }
}

/// A value between those after equal parts.
fn between(values: &Along, share: f64) -> f64 {
    let place = (share * PARTS as f64).clamp(0.0, PARTS as f64);
    let before = (place as usize).min(PARTS - 1);
    values[before] + (place - before as f64) * (values[before + 1] - values[before])
}

/// Pressure above that of the room \[kPa\].
pub fn gauge_kpa(kpa: f64) -> f64 {
    kpa - ROOM_KPA
}

/// How slugs pass each stretch of a tube that ends at a pressure of `outlet_kpa` \[kPa\].
///
/// The time in a stretch is ∫ ε dV/Q, with Q the flow of liquid and ε = 1 − Qg/(m (Q + Qg)) the share of the tube that is liquid,
/// where bubbles are m times as fast as the mean; without a film m is 1, and it is ∫ dV/(Q + Qg).
pub fn pass(outlet_kpa: f64, reaches: &[Reach], bubbly: &Bubbly<'_>) -> Vec<Passing> {
    let Some(first) = reaches.first() else { return Vec::new() };
    let mut entry_kpa = outlet_kpa;
    let mut passings = Vec::new();
    for _ in 0..ROUNDS {
        let gas = first.gas_nmol_per_s[0] * l_per_mmol(first.entered_c, entry_kpa);
        let slugs_per_ul = 1.0 / (bubbly.slug_ul)(gas);
        let per_s = first.liquid_ul_per_s * slugs_per_ul;
        passings.clear();
        entry_kpa = outlet_kpa;
        for reach in reaches.iter().rev() {
            let passing = reach.pass(entry_kpa, per_s, bubbly);
            entry_kpa = passing.kpa[0];
            passings.push(passing);
        }
        passings.reverse();
    }
    passings
}

impl Reach {
    fn area_mm2(&self) -> f64 {
        0.25 * std::f64::consts::PI * self.bore_mm * self.bore_mm
    }

    /// Mean speed [m/s] of a flow [µL/s].
    fn speed(&self, ul_per_s: f64) -> f64 {
        1e-3 * ul_per_s / self.area_mm2()
    }

    fn capillary(&self, all: f64, bubbly: &Bubbly<'_>) -> f64 {
        self.viscosity_pa_s * self.speed(all) / bubbly.tension_n_per_m
    }

    /// Fall of the pressure for each volume of tube [kPa/µL], with so many bubbles in a second.
    fn fall(&self, gas: f64, per_s: f64, bubbly: &Bubbly<'_>) -> f64 {
        let all = self.liquid_ul_per_s + gas;
        let radius_m = 0.5e-3 * self.bore_mm;
        let speed = self.speed(self.liquid_ul_per_s);
        let friction = 8.0 * self.viscosity_pa_s * speed / (radius_m * radius_m);
        let caps = math::cbrt(3.0 * self.capillary(all, bubbly));
        let cap_pa = 7.16 * caps * caps * bubbly.tension_n_per_m / (1e-3 * self.bore_mm);
        let caps = if gas > 0.0 { per_s / all * cap_pa } else { 0.0 };
        1e-3 * self.resistance * (friction * 1e-3 / self.area_mm2() + caps)
    }

    /// Temperature after a share of the volume, whose time counts the flow at the end.
    fn celsius(&self, share: f64, exit_kpa: f64) -> f64 {
        let above = self.entered_c - self.around_c;
        if above.abs() <= 0.0 {
            return self.around_c;
        }
        let gas = self.gas_nmol_per_s[PARTS] * l_per_mmol(self.around_c, exit_kpa);
        let flow = self.liquid_ul_per_s + gas;
        self.around_c + above * math::exp(-share * self.volume_ul / flow / self.heat_s)
    }

    /// Goes back through the stretch from its end, where the pressure is `exit_kpa`.
    fn pass(&self, exit_kpa: f64, per_s: f64, bubbly: &Bubbly<'_>) -> Passing {
        let part_ul = self.volume_ul / PARTS as f64;
        let gas_at = |place: f64, kpa: f64| {
            let share = place / PARTS as f64;
            let celsius = self.celsius(share, exit_kpa);
            between(&self.gas_nmol_per_s, share) * l_per_mmol(celsius, kpa)
        };
        let per_ul = |gas: f64| {
            let all = self.liquid_ul_per_s + gas;
            let ahead = (bubbly.outruns)(self.capillary(all, bubbly));
            match self.liquid_ul_per_s > 0.0 {
                true => (1.0 - gas / (ahead * all)) / self.liquid_ul_per_s,
                false => 1.0 / all,
            }
        };
        let (mut kpa, mut seconds): (Along, _) = ([exit_kpa; 9], [0.0; PARTS]);
        let mut end = gas_at(PARTS as f64, exit_kpa);
        let capillary = self.capillary(self.liquid_ul_per_s + end, bubbly);
        for part in (0..PARTS).rev() {
            let (below, place) = (kpa[part + 1], part as f64);
            // The midpoint rule for the pressure, Simpson's for the time.
            let half = below + 0.5 * part_ul * self.fall(end, per_s, bubbly);
            let middle = gas_at(place + 0.5, half);
            kpa[part] = below + part_ul * self.fall(middle, per_s, bubbly);
            let begin = gas_at(place, kpa[part]);
            seconds[part] = part_ul / 6.0 * (per_ul(begin) + 4.0 * per_ul(middle) + per_ul(end));
            end = begin;
        }
        let stay_s: f64 = seconds.iter().sum();
        let mut times: Along = [0.0; 9];
        for part in 0..PARTS {
            times[part + 1] = times[part] + seconds[part] / stay_s;
        }
        Passing { stay_s, capillary, kpa, times, gas_nmol_per_s: self.gas_nmol_per_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Endless slugs without a film: friction alone, by which the pressure falls evenly.
    const PLUGS: Bubbly<'_> =
        Bubbly { tension_n_per_m: 0.03, slug_ul: &|_| f64::INFINITY, outruns: &|_| 1.0 };

    /// 5 m of 0.5 mm; 5 µL/s of a liquid of 10 mPa·s fall by 163 kPa.
    fn reach() -> Reach {
        Reach {
            bore_mm: 0.5,
            volume_ul: 5000.0 * 0.25 * std::f64::consts::PI * 0.25,
            entered_c: 25.0,
            around_c: 25.0,
            heat_s: 1.0,
            liquid_ul_per_s: 5.0,
            gas_nmol_per_s: [500.0; 9],
            viscosity_pa_s: 1e-2,
            resistance: 1.0,
        }
    }

    #[test]
    fn a_standard_volume_holds_the_amount_of_an_ideal_gas() {
        let at = |celsius, kpa| Standard { celsius, kpa }.mmol_per_l();
        // 22.414 L/mol (NIST, molar volume of an ideal gas at 273.15 K and 101.325 kPa).
        assert!((at(0.0, 101.325) - 1e3 / 22.413_97).abs() < 1e-3, "{}", at(0.0, 101.325));
        assert!((at(25.0, 101.325) / at(0.0, 101.325) - 273.15 / 298.15).abs() < 1e-12);
    }

    /// Plug flow of an isothermal gas that expands as the pressure falls evenly from p₁ to p₀ over V: with G = nRT,
    /// ∫ dV/(Q + G/p) = V/(p₁ − p₀) · [(p₁ − p₀)/Q − G/Q² ln((Q p₁ + G)/(Q p₀ + G))].
    #[test]
    fn an_expanding_gas_takes_the_time_of_the_closed_form() {
        let reach = reach();
        let passing = pass(110.0, &[reach], &PLUGS)[0];
        let (entry, exit) = (passing.kpa_at(0.0), passing.kpa_at(1.0));
        let length_m = 5.0;
        let radius_m = 0.25e-3;
        let speed = 1e-3 * 5.0 / (std::f64::consts::PI * 0.0625);
        let fell = 1e-3 * 8.0 * 1e-2 * speed * length_m / (radius_m * radius_m);
        assert!((exit - 110.0).abs() < 1e-12 && (entry - exit - fell).abs() < 1e-9, "{entry} kPa");
        let (q, g) = (5.0, 500.0 * GAS * 298.15);
        let time = |from: f64, to: f64| {
            let log = math::ln((q * from + g) / (q * to + g));
            reach.volume_ul / (entry - exit) * ((from - to) / q - g / (q * q) * log)
        };
        let whole = time(entry, exit);
        assert!((passing.stay_s / whole - 1.0).abs() < 1e-6, "{} s, {whole} s", passing.stay_s);
        // At the pressure of the outlet alone, or of the inlet, it would be something else.
        let even = |kpa: f64| reach.volume_ul / (q + g / kpa);
        assert!(even(exit) < 0.85 * whole && even(entry) > 1.05 * whole);
        // Half of the volume takes less than half of the time where the gas has most room, so more before.
        let first = passing.time_of(0.5);
        let half = time(entry, 0.5 * (entry + exit)) / whole;
        assert!((first - half).abs() < 1e-5 && first > 0.51, "{first}, {half}");
        assert!((passing.after(first).0 - 0.5 * (entry + exit)).abs() < 1e-3);
    }

    /// By hand: 500 nmol/s at 25 °C and 200 kPa are 6.197 µL/s, beside 5 µL/s of liquid. A bubble that is 1.2 times as fast as the
    /// mean leaves 1 − 0.5535/1.2 of the tube to the liquid.
    #[test]
    fn a_film_keeps_liquid_back() {
        let thin = Reach { viscosity_pa_s: 1e-9, ..reach() };
        let behind = Bubbly { outruns: &|_| 1.2, ..PLUGS };
        let stay = |bubbly| pass(200.0, &[thin], bubbly)[0].stay_s;
        let (without, with) = (stay(&PLUGS), stay(&behind));
        assert!((without - thin.volume_ul / 11.197).abs() < 0.02, "{without} s");
        let liquid = 1.0 - 0.55347 / 1.2;
        assert!((with - thin.volume_ul * liquid / 5.0).abs() < 0.02, "{with} s");
    }

    /// The caps of bubbles add up: 5 µL/s in slugs of 2 µL are 2.5 bubbles a second, 7.16 (3 Ca)^⅔ γ/d each for as long as it
    /// stays in the tube.
    #[test]
    fn bubbles_take_the_pressure_of_bretherton() {
        let short = Reach { volume_ul: 20.0, ..reach() };
        let slugs = Bubbly { slug_ul: &|_| 2.0, ..PLUGS };
        let fell = |bubbly| {
            let passing = pass(200.0, &[short], bubbly)[0];
            1e3 * (passing.kpa_at(0.0) - passing.kpa_at(1.0))
        };
        let all = 5.0 + 6.197;
        let capillary = 1e-2 * (1e-3 * all / (0.0625 * std::f64::consts::PI)) / 0.03;
        let cap = 7.16 * math::pow(3.0 * capillary, 2.0 / 3.0) * 0.03 / 0.5e-3;
        let expected = 2.5 * 20.0 / all * cap;
        let found = fell(&slugs) - fell(&PLUGS);
        assert!((found / expected - 1.0).abs() < 2e-3, "{found} Pa, {expected} Pa");
    }

    /// A gas that is taken up evenly along the volume, to nothing: ∫ dV/(Q + G (1 − V/V₀)) = V₀/G ln((Q + G)/Q).
    #[test]
    fn a_gas_that_dissolves_leaves_slugs_more_time() {
        let left: Along = std::array::from_fn(|part| 500.0 * (1.0 - part as f64 / PARTS as f64));
        let thin = Reach { viscosity_pa_s: 1e-9, gas_nmol_per_s: left, ..reach() };
        let stay_s = pass(200.0, &[thin], &PLUGS)[0].stay_s;
        let gas = 500.0 * l_per_mmol(25.0, 200.0);
        let expected = thin.volume_ul / gas * math::ln((5.0 + gas) / 5.0);
        // What Simpson's rule leaves with eight parts.
        assert!((stay_s / expected - 1.0).abs() < 2e-6, "{stay_s} s, {expected} s");
    }

    /// Liquid alone takes V/Q; gas alone takes its own volume flow; a gas that is heated takes less time.
    #[test]
    fn each_alone_takes_its_own_time() {
        let alone = Reach { gas_nmol_per_s: [0.0; 9], ..reach() };
        let stay = |reach: Reach| pass(200.0, &[reach], &PLUGS)[0].stay_s;
        assert!((stay(alone) - alone.volume_ul / 5.0).abs() < 1e-9);
        let gas = Reach { liquid_ul_per_s: 0.0, ..reach() };
        assert!((stay(gas) - gas.volume_ul / (500.0 * l_per_mmol(25.0, 200.0))).abs() < 1e-6);
        let hot = |heat_s| Reach { around_c: 125.0, heat_s, ..gas };
        let (at_once, never) = (stay(hot(1e-6)), stay(hot(1e9)));
        assert!((at_once / stay(gas) - 298.15 / 398.15).abs() < 0.01, "{at_once} s");
        assert!((never / stay(gas) - 1.0).abs() < 1e-4);
        let between = stay(hot(200.0));
        assert!(at_once < between && between < never);
    }
}
