//! Gases that dissolve and react, against closed forms.

use std::collections::BTreeMap;

use flowtwin_lab::math;

use super::super::{Equations as _, Network, Running};
use super::*;
use crate::model::reaction::Stay;
use crate::model::transfer::Kla;
use crate::spec;

/// Quantities: a dissolved gas, what it becomes, another gas, and the bubbles.
const NAMES: [&str; 6] = ["g", "p", "h", "g.gas", "h.gas", "inert.gas"];

fn network(reactions: &[(&str, f64)], heat_kj_per_mol: f64) -> Network {
    let reaction = |&(equation, k): &(&str, f64)| -> spec::Reaction {
        toml::from_str(&format!(
            "equation = \"{equation}\"\nk_in_mol_l_s = {k:?}\nheat_kj_per_mol = {heat_kj_per_mol:?}"
        ))
        .unwrap()
    };
    let gas = |henry: f64, solution: f64| Species {
        henry_mm_per_kpa: Some(henry),
        solution_kj_per_mol: solution,
        ..Species::default()
    };
    let species = BTreeMap::from([
        ("g".to_owned(), gas(0.08, -10.0)),
        ("h".to_owned(), gas(0.02, 0.0)),
        ("p".to_owned(), Species::default()),
    ]);
    let reactions: Vec<spec::Reaction> = reactions.iter().map(reaction).collect();
    let place = |name: &str| NAMES.iter().position(|known| *known == name);
    Network::with_gases(&reactions, None, &species, &place).unwrap()
}

fn stay(seconds: f64, celsius: f64, kpa: f64, kla: f64) -> Stay {
    let contact = Some(Contact { kpa, kla: Kla::Given(kla) });
    Stay { seconds, celsius, heat_s: 1.0, contact }
}

fn react(network: &Network, start: [f64; 6], stay: Stay) -> [f64; 6] {
    let mut values = start;
    network.react(&mut values, &[stay], 1.0, 4.0).unwrap();
    values
}

fn close(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{found}, not {expected}");
}

/// A pure gas in excess, kLa = 0.2/s, H p = 0.08 · 300 = 24 mM, and a reaction of first order, k = 0.3/s: c = kLa H p/(kLa + k)
/// (1 − exp(−(kLa + k) t)); the gas loses kLa (H p t − ∫ c dt).
#[test]
fn absorption_with_a_reaction_of_first_order_follows_the_closed_form() {
    let network = network(&[("g -> p", 0.3), ("h -> p", 0.0)], 0.0);
    for seconds in [0.5, 3.0, 20.0] {
        let end =
            react(&network, [0.0, 0.0, 0.0, 900.0, 0.0, 0.0], stay(seconds, 25.0, 300.0, 0.2));
        let (sum, most) = (0.5, 0.2 * 24.0 / 0.5);
        let faded = math::exp(-sum * seconds);
        // The trace that makes the last of a bubble smooth is 1e-7 of 0.9 mol/L.
        close(end[0], most * (1.0 - faded), 1e-6);
        let integral = most * (seconds - (1.0 - faded) / sum);
        close(900.0 - end[3], 0.2 * (24.0 * seconds - integral), 1e-6);
        close(end[1], 0.3 * integral, 1e-6);
        // Nothing is lost.
        close(end[0] + end[1] + end[3], 900.0, 1e-12);
    }
}

/// Without a reaction the liquid and a gas beside an inert one come to Henry's law. H = 0.08 exp(10/R (1/T − 1/298.15)) at 60 °C.
#[test]
fn equilibrium_is_that_of_henry_at_the_temperature_that_is_there() {
    let network = network(&[("g -> p", 0.0)], 0.0);
    let end = react(&network, [0.0, 0.0, 0.0, 40.0, 0.0, 60.0], stay(500.0, 60.0, 200.0, 0.5));
    let henry = 0.08 * math::exp(10.0 / 8.314_462_618e-3 * (1.0 / 333.15 - 1.0 / 298.15));
    close(end[0], henry * 200.0 * end[3] / (end[3] + 60.0), 1e-5);
    close(end[0] + end[3], 40.0, 1e-12);
    close(end[5], 60.0, 1e-15);
    assert!(end[0] > 1.0, "{} mM", end[0]);
}

/// A bubble that is used up: all of it has become product, and none of it is left or below nothing.
#[test]
fn a_bubble_ends_when_all_of_it_has_reacted() {
    let network = network(&[("g -> p", 50.0)], 0.0);
    let start = [0.0, 0.0, 0.0, 12.0, 0.0, 0.0];
    let before = react(&network, start, stay(1.0, 25.0, 300.0, 0.2));
    // Far from its end it loses kLa H p, but for what a fast reaction leaves in solution.
    close(12.0 - before[3], 0.2 * 24.0, 0.03);
    let end = react(&network, start, stay(60.0, 25.0, 300.0, 0.2));
    close(end[1], 12.0, 1e-4);
    assert!(end[3].abs() < 1e-3 && end[0].abs() < 1e-3, "{end:?}");
    close(end[0] + end[1] + end[3], 12.0, 1e-11);
}

/// A gas that a reaction sets free goes into the bubbles.
#[test]
fn a_gas_that_is_set_free_goes_into_the_bubbles() {
    let network = network(&[("p -> h", 0.1)], 0.0);
    let end = react(&network, [0.0, 30.0, 0.0, 0.0, 0.0, 50.0], stay(200.0, 25.0, 100.0, 1.0));
    close(end[2] + end[4], 30.0, 1e-7);
    close(end[2], 0.02 * 100.0 * end[4] / (end[4] + 50.0), 1e-5);
}

/// The solver is as good as its Jacobian: against differences, with a heat of reaction.
#[test]
fn slopes_are_those_of_the_rates() {
    let network = network(&[("g + h -> p", 3.0)], -40.0);
    let stay = stay(1.0, 40.0, 250.0, 0.4);
    let running = Running {
        network: &network,
        stay: &stay,
        effectiveness: 1.0,
        heat_capacity_kj_per_l_k: 4.0,
        inflow: None,
    };
    let prepared = running.prepared();
    let n = prepared.len();
    let y: Vec<f64> = (0..n).map(|i| 0.01 + 0.003 * i as f64).collect();
    let (mut jacobian, mut above, mut below) = (vec![0.0; n * n], vec![0.0; n], vec![0.0; n]);
    prepared.jacobian(&y, &mut jacobian);
    let inert = network.gases.as_ref().unwrap().inert;
    for by in (0..n).filter(|by| *by != inert) {
        let (step, mut near) = (1e-6, y.clone());
        near[by] = y[by] + step;
        prepared.slopes(&near, &mut above);
        near[by] = y[by] - step;
        prepared.slopes(&near, &mut below);
        for row in 0..n {
            let slope = (above[row] - below[row]) / (2.0 * step);
            let found = jacobian[row * n + by];
            assert!(
                (found - slope).abs() < 1e-6 * slope.abs().max(1.0),
                "{row} by {by}: {found}, {slope}"
            );
        }
    }
}
