//! Against closed forms and published solutions.

use flowtwin_lab::math;

use super::*;
use crate::spec::RateFactor;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn reaction(equation: &str, k: f64) -> spec::Reaction {
    spec::Reaction {
        equation: equation.into(),
        k_in_mol_l_s: k,
        activation_kj_per_mol: 0.0,
        at_c: 25.0,
        reverse: None,
        orders: Default::default(),
        constants: Default::default(),
        factors: Vec::new(),
        rate: None,
        heat_kj_per_mol: 0.0,
    }
}

fn network(reactions: &[spec::Reaction]) -> Network {
    Network::new(reactions, None, &|name| NAMES.iter().position(|n| *n == name)).unwrap()
}

fn stay(seconds: f64, celsius: f64) -> Stay {
    Stay { seconds, celsius, heat_s: 1.0, contact: None }
}

/// Concentrations [mM] after the stays.
fn after(reactions: &[spec::Reaction], start: [f64; 4], stays: &[Stay]) -> [f64; 4] {
    let mut values = start;
    network(reactions).react(&mut values, stays, 1.0, 4.0).unwrap();
    values
}

fn close(found: f64, expected: f64, relative: f64) {
    let off = (found - expected).abs();
    assert!(off <= relative * expected.abs().max(1e-12), "{found}, not {expected}");
}

#[test]
fn first_order_decays_exponentially() {
    let end = after(&[reaction("a -> b", 0.05)], [10.0, 0.0, 0.0, 0.0], &[stay(30.0, 25.0)]);
    close(end[0], 10.0 * math::exp(-1.5), 1e-7);
    close(end[1], 10.0 * (1.0 - math::exp(-1.5)), 1e-7);
}

/// a + b → c with unequal feeds: ln((b/b0)/(a/a0)) = (b0 − a0) k t.
#[test]
fn second_order_with_unequal_feeds_follows_the_closed_form() {
    let (a0, b0, k, t) = (0.1, 0.25, 0.8, 20.0);
    let end = after(&[reaction("a + b -> c", k)], [100.0, 250.0, 0.0, 0.0], &[stay(t, 25.0)]);
    let grown = math::exp((b0 - a0) * k * t);
    let reacted = a0 * b0 * (grown - 1.0) / (b0 * grown - a0);
    close(end[2], 1e3 * reacted, 1e-7);
    close(end[0], 1e3 * (a0 - reacted), 1e-6);
}

/// Ten times as much b makes a disappear ten times as fast; a reagent is used up.
#[test]
fn more_of_a_reagent_makes_more_of_the_product() {
    let of =
        |b: f64| after(&[reaction("a + b -> c", 0.01)], [10.0, b, 0.0, 0.0], &[stay(10.0, 25.0)]);
    let (few, many) = (of(100.0), of(1000.0));
    assert!(many[2] > 8.0 * few[2] && many[0] < few[0] && few[0] < 10.0);
}

/// a → b → c: b = a0 k1 (e^(−k1 t) − e^(−k2 t))/(k2 − k1).
#[test]
fn consecutive_reactions_follow_the_closed_form() {
    let reactions = [reaction("a -> b", 0.2), reaction("b -> c", 0.05)];
    let end = after(&reactions, [10.0, 0.0, 0.0, 0.0], &[stay(12.0, 25.0)]);
    let b = 10.0 * 0.2 * (math::exp(-2.4) - math::exp(-0.6)) / (0.05 - 0.2);
    close(end[1], b, 1e-7);
}

/// a ⇌ b relaxes with k + k′ to K = k/k′.
#[test]
fn a_reversible_reaction_relaxes_to_its_equilibrium() {
    let both = spec::Reaction {
        reverse: Some(spec::Reverse { k_in_mol_l_s: 0.02, activation_kj_per_mol: 0.0 }),
        ..reaction("a <-> b", 0.06)
    };
    let end = after(&[both], [10.0, 0.0, 0.0, 0.0], &[stay(15.0, 25.0)]);
    close(end[1], 7.5 * (1.0 - math::exp(-0.08 * 15.0)), 1e-7);
}

/// Without loss the liquid warms by −ΔH c/(ρ cp): 0.5 mol/L of −80 kJ/mol in 4 kJ/(L·K) is 10 K.
#[test]
fn an_adiabatic_reaction_warms_by_its_heat_over_the_heat_capacity() {
    let hot = spec::Reaction { heat_kj_per_mol: -80.0, ..reaction("a -> b", 0.5) };
    let network = network(&[hot]);
    let alone = Stay { heat_s: f64::INFINITY, ..stay(100.0, 25.0) };
    let running = Running {
        network: &network,
        stay: &alone,
        effectiveness: 1.0,
        heat_capacity_kj_per_l_k: 4.0,
        inflow: None,
    };
    let mut y = [0.5, 0.0, 0.0];
    advance(&running.prepared(), &mut y, 100.0, &mut Pace::default()).unwrap();
    close(y[2], 10.0, 1e-6);
}

/// The heat of a reaction makes it faster, and the wall takes it away.
#[test]
fn a_warm_liquid_reacts_faster_and_a_cold_wall_slows_it() {
    let with = |heat, heat_s| {
        let hot = spec::Reaction {
            heat_kj_per_mol: heat,
            activation_kj_per_mol: 80.0,
            ..reaction("a -> b", 0.01)
        };
        let stay = Stay { heat_s, ..stay(60.0, 25.0) };
        after(&[hot], [1000.0, 0.0, 0.0, 0.0], &[stay])[1]
    };
    let isothermal = with(0.0, 1.0);
    assert!(with(-100.0, 1e6) > 1.5 * isothermal);
    close(with(-100.0, 1e-3), isothermal, 1e-3);
}

/// k2/k1 = exp(−E/R (1/T2 − 1/T1)); a history of temperatures is a chain of stays.
#[test]
fn rates_follow_arrhenius_along_the_temperature_history() {
    let one = spec::Reaction { activation_kj_per_mol: 60.0, ..reaction("a -> b", 0.01) };
    let stays = [stay(10.0, 25.0), stay(20.0, 80.0)];
    let end = after(&[one], [10.0, 0.0, 0.0, 0.0], &stays);
    let faster = math::exp(-60.0 / 8.314_462_618_153_24e-3 * (1.0 / 353.15 - 1.0 / 298.15));
    close(end[0], 10.0 * math::exp(-0.1 - 0.2 * faster), 1e-6);
}

/// Robertson's problem at t = 40 and 1e11 s; reference of the Test Set for IVP Solvers (Mazzia and
/// Magherini, 2008): 2.083340149701255e-8, 8.333360770334713e-14, 0.9999999791665050.
#[test]
fn the_stiff_network_of_robertson_is_followed_to_the_end() {
    let reactions =
        [reaction("a -> b", 0.04), reaction("2 b -> b + c", 3e7), reaction("b + c -> a + c", 1e4)];
    let end = after(&reactions, [1000.0, 0.0, 0.0, 0.0], &[stay(40.0, 25.0)]);
    close(end[0], 715.827_1, 1e-6);
    close(end[1], 9.185_535e-3, 1e-6);
    let end = after(&reactions, [1000.0, 0.0, 0.0, 0.0], &[stay(1e11, 25.0)]);
    close(end[0], 2.083_340_149_701_255e-5, 1e-4);
    close(end[1], 8.333_360_770_334_713e-11, 1e-4);
    close(end[2], 999.999_979_166_505, 1e-9);
}

/// Every Rosenbrock step keeps linear invariants: moles in equal moles out.
#[test]
fn moles_in_equal_moles_out() {
    let reactions = [
        reaction("a + b -> c", 3.0),
        reaction("c + b -> d", 0.7),
        spec::Reaction {
            reverse: Some(spec::Reverse { k_in_mol_l_s: 0.3, activation_kj_per_mol: 20.0 }),
            ..reaction("a <-> 2 d", 0.1)
        },
    ];
    let start = [300.0, 200.0, 0.0, 10.0];
    let stays = [stay(3.0, 25.0), stay(30.0, 70.0)];
    let end = after(&reactions[..2], start, &stays);
    close(end[0] + end[2] + end[3], 310.0, 1e-12);
    close(end[1] + end[2] + 2.0 * end[3], 220.0, 1e-12);
    assert!(after(&reactions, start, &stays).iter().all(|c| *c > -1e-9));
}

/// Two times as many steps have a sixteenth of the error: the method is of order four.
#[test]
fn the_method_is_of_order_four() {
    let network = network(&[reaction("a + b -> c", 1.0), reaction("c + a -> d", 2.0)]);
    let stay = stay(1.0, 25.0);
    let prepared = || {
        let capacity = 4.0;
        Running {
            network: &network,
            stay: &stay,
            effectiveness: 1.0,
            heat_capacity_kj_per_l_k: capacity,
            inflow: None,
        }
        .prepared()
    };
    let start = [1.0, 0.8, 0.0, 0.0];
    let fixed = |steps: u32| rodas::advance_evenly(&prepared(), &start, 1.0, steps);
    let mut exact = start;
    advance(&prepared(), &mut exact, 1.0, &mut Pace::default()).unwrap();
    let error = |steps| (fixed(steps)[2] - exact[2]).abs();
    let order = math::ln(error(8) / error(16)) / std::f64::consts::LN_2;
    assert!((3.6..4.6).contains(&order), "order {order}");
}

#[test]
fn orders_factors_and_formulas_change_the_rate() {
    let start = [10.0, 5.0, 0.0, 2.0];
    let end = |reaction: spec::Reaction| after(&[reaction], start, &[stay(5.0, 25.0)]);
    // Zero order: constant.
    let zero = spec::Reaction { orders: [("a".into(), 0.0)].into(), ..reaction("a -> c", 1e-4) };
    close(end(zero)[2], 0.5, 1e-7);
    // A catalyst of first order.
    let catalysed =
        spec::Reaction { orders: [("d".into(), 1.0)].into(), ..reaction("a -> c", 50.0) };
    close(end(catalysed)[0], 10.0 * math::exp(-50.0 * 2e-3 * 5.0), 1e-6);
    // Half order: √a falls linearly, d√a/dt = −k/2.
    let half = spec::Reaction { orders: [("a".into(), 0.5)].into(), ..reaction("a -> c", 0.01) };
    let root = 0.01_f64.sqrt() - 0.5 * 0.01 * 5.0;
    close(end(half)[0], 1e3 * root * root, 1e-6);
    // Saturation as a factor and as a formula.
    let factor = spec::Reaction {
        factors: vec![RateFactor::Saturation { of: "a".into(), half_mm: 4.0 }],
        ..reaction("a -> c", 0.3)
    };
    let formula = spec::Reaction {
        rate: Some("k * a * 0.004 / (0.004 + a)".into()),
        ..reaction("a -> c", 0.3)
    };
    let named = spec::Reaction {
        rate: Some("k * a * half / (half + a)".into()),
        constants: [("half".into(), 0.004)].into(),
        ..reaction("a -> c", 0.3)
    };
    let (factor, formula) = (end(factor)[2], end(formula)[2]);
    close(factor, formula, 1e-7);
    close(end(named)[2], formula, 1e-12);
    // Michaelis and Menten: K ln(a0/a) + a0 − a = v t.
    let a = 10.0 - factor;
    close(4.0 * math::ln(10.0 / a) + 10.0 - a, 0.3 * 4.0 * 5.0, 1e-6);
}

#[test]
fn a_reaction_that_runs_away_is_told_and_leaves_finite_numbers() {
    let network = network(&[reaction("2 a -> 3 a", 1e3)]);
    let mut values = [100.0, 0.0, 0.0, 0.0];
    let result = network.react(&mut values, &[stay(10.0, 25.0)], 1.0, 4.0);
    assert_eq!(result, Err(RunsAway));
    assert!(values.iter().all(|value| value.is_finite()));
}

#[test]
fn mistakes_in_reactions_are_named_by_key() {
    let wrong = |spec: spec::Reaction| {
        let place = |name: &str| NAMES.iter().position(|n| *n == name);
        let wrong = Network::new(&[spec], None, &place).unwrap_err();
        (wrong.key, wrong.message)
    };
    assert_eq!(wrong(reaction("a b", 1.0)).0, "equation");
    assert_eq!(wrong(reaction("a <-> b", 1.0)).0, "equation");
    let order = spec::Reaction { orders: [("x".into(), 1.0)].into(), ..reaction("a -> b", 1.0) };
    assert_eq!(wrong(order), ("orders", "no stock holds `x` and no equation makes it".into()));
    let rate = spec::Reaction { rate: Some("k * aa".into()), ..reaction("a -> b", 1.0) };
    assert!(wrong(rate).1.contains("there is no `aa` here"));
    for (name, rate, said) in [
        ("q", None, "there is none"),
        ("a", Some("k * a"), "is a species"),
        ("k", Some("k * a"), "is known to every rate"),
        ("q", Some("k * a"), "is not part of the formula"),
    ] {
        let (rate, constants) = (rate.map(str::to_owned), [(name.to_owned(), 1.0)].into());
        let (key, message) = wrong(spec::Reaction { rate, constants, ..reaction("a -> b", 1.0) });
        assert!(key == "constants" && message.contains(said), "{key}: {message}");
    }
}

/// Whatever hastens a reaction hastens its way back alike: the equilibrium is that of the constants.
#[test]
fn a_catalyst_or_an_inhibitor_leaves_the_equilibrium_alone() {
    let mut reversible = reaction("a + b <-> c", 2.0);
    reversible.reverse = Some(spec::Reverse { k_in_mol_l_s: 0.5, activation_kj_per_mol: 0.0 });
    let start = [1000.0, 1000.0, 0.0, 100.0];
    let alone = after(&[reversible.clone()], start, &[stay(1e4, 25.0)]);
    close(alone[2] * 1e3 / (alone[0] * alone[1]), 4.0, 1e-6);
    let mut catalysed = reversible.clone();
    catalysed.orders = [("d".to_owned(), 1.0)].into();
    let mut inhibited = reversible;
    inhibited.factors = vec![RateFactor::Inhibition { of: "d".into(), half_mm: 10.0 }];
    for changed in [catalysed, inhibited] {
        let soon = after(std::slice::from_ref(&changed), start, &[stay(1.0, 25.0)]);
        assert!(soon[2] < 0.5 * alone[2], "{soon:?}");
        let end = after(&[changed], start, &[stay(1e5, 25.0)]);
        close(end[2], alone[2], 1e-6);
    }
}

/// Concentrations [mM] where two feeds of one volume mix while they react for a second.
fn mixing(reactions: &[spec::Reaction], tau_s: f64, feeds: [[f64; 4]; 2]) -> [f64; 4] {
    let mut values = [0.0; 4];
    let feeds = feeds.map(|values| (0.5, values.to_vec())).into();
    let unmixed = Unmixed { feeds, tau_s, before_s: 0.0 };
    network(reactions).react_unmixed(&mut values, &unmixed, &[stay(1.0, 25.0)], 4.0).unwrap();
    values
}

const APART: [[f64; 4]; 2] = [[200.0, 0.0, 0.0, 0.0], [0.0, 200.0, 0.0, 0.0]];

#[test]
fn feeds_that_mix_at_once_react_as_their_mixture() {
    let second = reaction("a + b -> c", 5.0);
    let mixed = after(std::slice::from_ref(&second), [100.0, 100.0, 0.0, 0.0], &[stay(1.0, 25.0)]);
    let found = mixing(&[second], 1e-5, APART);
    (0..3).for_each(|i| close(found[i], mixed[i], 1e-4));
}

/// What a feed does alone needs no other: mixing changes no reaction of first order.
#[test]
fn mixing_holds_up_only_what_needs_two_feeds() {
    let first = reaction("a -> c", 0.7);
    for tau_s in [0.01, 1.0, 100.0] {
        let found = mixing(std::slice::from_ref(&first), tau_s, APART);
        close(found[0], 100.0 * math::exp(-0.7), 1e-6);
        close(found[2], 100.0 * (1.0 - math::exp(-0.7)), 1e-6);
    }
    let second = reaction("a + b -> c", 5.0);
    let made =
        [0.01, 0.3, 3.0, 30.0].map(|tau_s| mixing(std::slice::from_ref(&second), tau_s, APART)[2]);
    assert!(made.windows(2).all(|pair| pair[1] < 0.9 * pair[0]), "{made:?}");
}

/// A slow reaction of second order in two equal feeds that mix as exp(−t/τ): the mean of the product of concentrations is
/// āb̄ (1 − exp(−2t/τ)).
#[test]
fn a_slow_reaction_sees_the_mixing_decay_with_its_time_constant() {
    let slow = reaction("a + b -> c", 1e-4);
    let tau = 0.8;
    let mixed_s = 1.0 - 0.5 * tau * (1.0 - math::exp(-2.0 / tau));
    close(mixing(&[slow], tau, APART)[2], 1e-4 * 0.1 * 0.1 * mixed_s * 1e3, 1e-4);
}

#[test]
fn mixing_feeds_keep_their_moles_and_lose_selectivity() {
    let steps = [reaction("a + b -> c", 50.0), reaction("c + b -> d", 5.0)];
    let selectivity = [1e-4, 0.1, 1.0].map(|tau_s| {
        let end = mixing(&steps, tau_s, APART);
        close(end[0] + end[2] + end[3], 100.0, 1e-9);
        close(end[1] + end[2] + 2.0 * end[3], 100.0, 1e-9);
        end[2] / (end[2] + end[3])
    });
    assert!(selectivity[0] > selectivity[1] && selectivity[1] > selectivity[2], "{selectivity:?}");
}
