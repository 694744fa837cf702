//! Moments against closed forms, and against particles that are followed one by one.

use flowtwin_lab::math;

use super::super::rodas::Equations as _;
use super::super::{Inflow, Network, Running, Unmixed};
use super::*;
use crate::model::reaction::Stay;

const NAMES: [&str; 9] =
    ["unit", "lattice", "br_x", "br", "i", MOMENTS[0], MOMENTS[1], MOMENTS[2], MOMENTS[3]];
const FIRST: usize = 5;

/// Constant nucleation of 2 nmol/(L·s) and constant growth of 0.05 nm/s, cubes of 0.2 nm³ a unit; nuclei without size.
fn particles() -> spec::Particles {
    toml::from_str(
        "deposit = \"unit -> lattice + 3 br_x\"\nunit_nm3 = 0.2\nbody = \"cube\"\nnucleus_nm = 0.0\n\
         nucleation = { nmol_per_l_s = 2.0, at_mm = 1.0, order = 0.0 }\n\
         growth = { nm_per_s = 0.05, at_mm = 1.0, order = 0.0 }\n",
    )
    .unwrap()
}

fn network(reactions: &str, particles: &spec::Particles) -> Network {
    let chemistry: spec::Chemistry = toml::from_str(reactions).unwrap();
    let place = |name: &str| NAMES.iter().position(|known| *known == name);
    Network::new(&chemistry.reactions, Some(particles), &place).unwrap()
}

fn after(particles: &spec::Particles, mut values: [f64; 9], stays: &[(f64, f64)]) -> [f64; 9] {
    let stays: Vec<Stay> = stays
        .iter()
        .map(|&(seconds, celsius)| Stay { seconds, celsius, heat_s: 1.0, contact: None })
        .collect();
    network("", particles).react(&mut values, &stays, 1.0, 4.0).unwrap();
    values
}

/// Mean size [nm] and standard deviation [nm].
fn sizes(values: &[f64; 9]) -> (f64, f64) {
    let [number, length, area] = [0, 1, 2].map(|k| values[FIRST + k]);
    let mean = length / number;
    (mean, (area / number - mean * mean).sqrt())
}

fn close(found: f64, expected: f64, relative: f64) {
    assert!((found / expected - 1.0).abs() <= relative, "{found}, not {expected}");
}

fn start(unit_mm: f64) -> [f64; 9] {
    let mut values = [0.0; 9];
    values[0] = unit_mm;
    values
}

/// Nuclei that appear evenly are evenly spread over sizes from 0 to Gt: mₖ = J Gᵏ tᵏ⁺¹/(k + 1), and σ is 1/√3 of the mean.
#[test]
fn even_nucleation_and_growth_spread_sizes_evenly() {
    let end = after(&particles(), start(100.0), &[(150.0, 25.0), (50.0, 25.0)]);
    for k in 0..4 {
        let per_number = math::pow(0.05 * 200.0, k as f64) / (k as f64 + 1.0);
        close(end[FIRST + k], 2e-6 * 200.0 * per_number, 1e-8);
    }
    let (mean, deviation) = sizes(&end);
    close(mean, 5.0, 1e-9);
    close(deviation / mean, 1.0 / 3.0_f64.sqrt(), 1e-7);
}

/// Nuclei of 3 nm: sizes from 3 nm to 3 nm + Gt.
#[test]
fn nuclei_bring_their_size() {
    let own = spec::Particles { nucleus_nm: 3.0, ..particles() };
    let end = after(&own, start(100.0), &[(100.0, 25.0)]);
    let (mean, deviation) = sizes(&end);
    close(mean, 5.5, 1e-9);
    close(deviation, 5.0 / 12.0_f64.sqrt(), 1e-7);
    let cubes = 0.25 * (math::pow(8.0, 4.0) - math::pow(3.0, 4.0)) / 5.0;
    close(end[FIRST + 3] / end[FIRST], cubes, 1e-9);
}

/// Without new nuclei all sizes grow alike: number and deviation stay, the mean grows by Gt, so the dispersity falls.
#[test]
fn growth_after_a_burst_keeps_number_and_deviation() {
    let mut own = particles();
    own.nucleation.nmol_per_l_s = 0.0;
    let mut values = start(100.0);
    // 1 µM of 4 ± 0.6 nm, even about the mean.
    let (mean, deviation) = (4.0, 0.6);
    let moments = [
        1.0,
        mean,
        mean * mean + deviation * deviation,
        math::pow(mean, 3.0) + 3.0 * mean * deviation * deviation,
    ];
    for (k, moment) in moments.into_iter().enumerate() {
        values[FIRST + k] = 1e-3 * moment;
    }
    let end = after(&own, values, &[(80.0, 25.0)]);
    let (grown, spread) = sizes(&end);
    close(end[FIRST], 1e-3, 1e-12);
    close(grown, 8.0, 1e-9);
    close(spread, 0.6, 1e-7);
    close(end[FIRST + 3] / 1e-3, 512.0 + 3.0 * 8.0 * 0.36, 1e-9);
}

/// In a stirred tank sizes are spread as exp(−d/Gτ): mₖ = k! J τ (Gτ)ᵏ, and σ is the mean (Randolph and Larson 1988).
#[test]
fn a_stirred_tank_spreads_sizes_exponentially() {
    let network = network("", &particles());
    let (coming, mut values) = (start(100.0), start(100.0));
    let stay = Stay { seconds: 3000.0, celsius: 25.0, heat_s: 1.0, contact: None };
    let inflow = Inflow { values: &coming, per_s: 1.0 / 40.0 };
    network.stir(&mut values, &mut 0.0, &stay, inflow, 4.0).unwrap();
    for (k, factorial) in [1.0, 1.0, 2.0, 6.0].into_iter().enumerate() {
        let per_number = factorial * math::pow(0.05 * 40.0, k as f64);
        close(values[FIRST + k], 2e-6 * 40.0 * per_number, 1e-7);
    }
    let (mean, deviation) = sizes(&values);
    close(mean, 2.0, 1e-7);
    close(deviation / mean, 1.0, 1e-7);
}

/// Burst nucleation out of 4 mM that run short.
fn burst() -> spec::Particles {
    let mut own = spec::Particles { nucleus_nm: 1.0, at_c: 60.0, ..particles() };
    own.nucleation = spec::Nucleation {
        nmol_per_l_s: 40.0,
        at_mm: 4.0,
        order: 4.0,
        activation_kj_per_mol: 60.0,
        factors: Vec::new(),
    };
    own.growth.order = 1.0;
    (own.growth.at_mm, own.growth.nm_per_s) = (4.0, 0.8);
    own
}

/// What leaves the solution is in the particles, in their volume and in what units become.
#[test]
fn solution_and_particles_keep_their_moles() {
    let end = after(&burst(), start(4.0), &[(3.0, 60.0), (8.0, 75.0), (60.0, 50.0)]);
    let in_particles = end[FIRST + 3] / 0.2;
    assert!(end[0] < 0.2, "{} mM are left", end[0]);
    close(end[0] + in_particles, 4.0, 1e-9);
    close(end[0] + end[1], 4.0, 1e-9);
    close(end[2], 3.0 * end[1], 1e-9);
}

/// Seeds take all there is: 10 µM of 2 nm and 4 mM of units make d³ = 8 + 0.2 · 400 nm³.
#[test]
fn seeds_grow_until_nothing_is_left() {
    let mut own = burst();
    own.nucleation.nmol_per_l_s = 0.0;
    let mut values = start(4.0);
    for k in 0..4 {
        values[FIRST + k] = 1e-2 * math::pow(2.0, k as f64);
    }
    let end = after(&own, values, &[(500.0, 60.0)]);
    let (mean, deviation) = sizes(&end);
    close(mean, math::pow(88.0, 1.0 / 3.0), 1e-6);
    assert!(deviation < 1e-3 * mean, "{deviation} nm");
}

/// All that was born at one moment has one size, by the growth since then.
#[test]
fn moments_follow_particles_one_by_one() {
    let (own, seconds, steps) = (burst(), 20.0, 20_000_u32);
    let end = after(&own, start(4.0), &[(seconds, 60.0)]);
    let dt = seconds / f64::from(steps);
    let (mut unit_mm, mut born): (f64, Vec<(f64, f64)>) = (4.0, Vec::new());
    let mut grown = 0.0;
    let cubes = |born: &[(f64, f64)], grown: f64| {
        born.iter().fold(0.0, |sum, (number, at)| sum + number * math::pow(1.0 + grown - at, 3.0))
    };
    for step in 0..steps {
        let share = unit_mm / 4.0;
        grown += 0.8 * share * dt;
        born.push((40e-6 * share * share * share * share * dt, grown));
        // The balance need not be looked at in every one of such short steps.
        if step % 50 == 49 || step < 200 {
            unit_mm = 4.0 - cubes(&born, grown) / 0.2;
        }
    }
    let number: f64 = born.iter().map(|(number, _)| number).sum();
    let mean = born.iter().fold(0.0, |sum, (n, at)| sum + n * (1.0 + grown - at)) / number;
    close(end[FIRST], number, 0.01);
    close(sizes(&end).0, mean, 0.01);
}

/// A nucleation of 60 kJ/mol is exp(60/R (1/333.15 − 1/343.15)) times as fast at 70 °C as at 60 °C.
#[test]
fn nuclei_appear_by_arrhenius() {
    let mut own = burst();
    (own.nucleation.order, own.growth.nm_per_s) = (0.0, 0.0);
    let at = |celsius| after(&own, start(4.0), &[(1.0, celsius)])[FIRST];
    close(at(60.0), 40e-6, 1e-8);
    close(
        at(70.0) / at(60.0),
        math::exp(60.0 / 0.008_314_462_618 * (1.0 / 333.15 - 1.0 / 343.15)),
        1e-8,
    );
}

/// An inhibitor at its K halves the growth, and nothing else.
#[test]
fn a_factor_acts_on_its_own_step() {
    let mut own = particles();
    own.growth.factors = vec![spec::RateFactor::Inhibition { of: "br".into(), half_mm: 7.0 }];
    let mut values = start(100.0);
    values[3] = 7.0;
    let end = after(&own, values, &[(200.0, 25.0)]);
    close(sizes(&end).0, 2.5, 1e-8);
    close(end[FIRST], 4e-4, 1e-8);
}

/// br_x + i ⇌ i_x + br with equal constants goes on until both sides have the same shares. Here the places are those of `lattice`.
#[test]
fn exchange_ends_where_shares_are_equal_and_keeps_moles() {
    let exchange = "[[reactions]]\nequation = \"br_x + i <-> lattice + br\"\nk_in_mol_l_s = 50.0\n\
                    reverse = { k_in_mol_l_s = 50.0 }\n";
    let mut own = particles();
    (own.nucleation.nmol_per_l_s, own.growth.nm_per_s) = (0.0, 0.0);
    let network = network(exchange, &own);
    let mut values = [0.0; 9];
    (values[2], values[4]) = (6.0, 2.0);
    let stay = Stay { seconds: 1e3, celsius: 25.0, heat_s: 1.0, contact: None };
    network.react(&mut values, &[stay], 1.0, 4.0).unwrap();
    // x = 2·(6 − x)/6 places are taken where x/(6 − x) = (2 − x)/x, so x = 12/8.
    close(values[1], 1.5, 1e-7);
    close(values[2] + values[1], 6.0, 1e-9);
    close(values[4] + values[3], 2.0, 1e-9);
    close(values[1] + values[4], 2.0, 1e-9);
}

/// The Jacobian that the solver is given, temperature included, is that of the slopes.
#[test]
fn the_slopes_of_particles_are_those_of_their_rates() {
    let mut own = burst();
    own.growth.factors = vec![spec::RateFactor::Inhibition { of: "br".into(), half_mm: 7.0 }];
    own.growth.activation_kj_per_mol = 30.0;
    let warms =
        "[[reactions]]\nequation = \"br -> i\"\nk_in_mol_l_s = 0.1\nheat_kj_per_mol = -50.0\n";
    let network = network(warms, &own);
    let stay = Stay { seconds: 1.0, celsius: 55.0, heat_s: 2.0, contact: None };
    let running = Running {
        network: &network,
        stay: &stay,
        effectiveness: 0.9,
        heat_capacity_kj_per_l_k: 2.0,
        inflow: None,
    };
    let prepared = running.prepared();
    let n = prepared.len();
    let y: Vec<f64> =
        (0..n).map(|i| if i + 1 == n { 3.0 } else { 1e-3 * (1.0 + i as f64) }).collect();
    let (mut jacobian, mut above, mut below) = (vec![0.0; n * n], vec![0.0; n], vec![0.0; n]);
    prepared.jacobian(&y, &mut jacobian);
    for by in 0..n {
        let (mut more, mut less, step) = (y.clone(), y.clone(), 1e-5 * y[by]);
        more[by] += step;
        less[by] -= step;
        prepared.slopes(&more, &mut above);
        prepared.slopes(&less, &mut below);
        for row in 0..n {
            let slope = (above[row] - below[row]) / (2.0 * step);
            let found = jacobian[row * n + by];
            let scale = 1e-6 * slope.abs().max(1e-6);
            assert!((found - slope).abs() < scale, "row {row} by {by}: {found}, not {slope}");
        }
    }
}

/// Particles and iodide meet in equal volumes and mix while they exchange: the number is halved, and every halide stays.
#[test]
fn particles_mix_with_what_joins_them_and_keep_their_halides() {
    let exchange = "[[reactions]]\nequation = \"br_x + i <-> lattice + br\"\nk_in_mol_l_s = 50.0\n\
                    reverse = { k_in_mol_l_s = 50.0 }\n";
    let mut own = particles();
    (own.nucleation.nmol_per_l_s, own.growth.nm_per_s) = (0.0, 0.0);
    let network = network(exchange, &own);
    let (mut dots, mut iodide, mut values) = ([0.0; 9], [0.0; 9], [0.0; 9]);
    dots[2] = 12.0;
    for k in 0..4 {
        dots[FIRST + k] = 2e-3 * math::pow(6.0, k as f64);
    }
    iodide[4] = 4.0;
    let feeds = vec![(0.5, dots.to_vec()), (0.5, iodide.to_vec())];
    let unmixed = Unmixed { feeds, tau_s: 0.5, before_s: 0.0 };
    let stay = Stay { seconds: 1e3, celsius: 25.0, heat_s: 1.0, contact: None };
    network.react_unmixed(&mut values, &unmixed, &[stay], 4.0).unwrap();
    close(values[1], 1.5, 1e-6);
    close(values[2] + values[1], 6.0, 1e-9);
    close(values[4] + values[3], 2.0, 1e-9);
    for k in 0..4 {
        close(values[FIRST + k], 1e-3 * math::pow(6.0, k as f64), 1e-9);
    }
}
