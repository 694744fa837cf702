use super::*;
use crate::spec;

const QUANTITIES: [&str; 7] = ["cs", "cu", "i", "oa", "oam", "oa_with_cs", "b"];

fn product() -> spec::Product {
    let world: spec::World =
        toml::from_str(include_str!("../../../tests/reference_world.toml")).unwrap();
    world.chemistry.product.unwrap()
}

fn reference() -> Reaction {
    Reaction::new(&product(), &|name| QUANTITIES.iter().position(|q| *q == name)).unwrap()
}

/// The reference set in closed form: temperature [°C], then flows of CuI, Cs, OA with Cs, OA with
/// Cu, OAm and ODE with Cu [µL/min]; an isothermal slug that reacts for the nominal time.
fn closed_form(inputs: [f64; 7]) -> (Made, [f64; 7]) {
    let [celsius, cui, cs, oa_cs, oa_cu, oam, ode] = inputs;
    let stream = cui + oa_cu + oam + ode;
    at_time(inputs, 60.0 * 434.0 / (4.0 * stream), celsius, cs, oa_cs)
}

fn at_time(inputs: [f64; 7], seconds: f64, celsius: f64, cs: f64, oa_cs: f64) -> (Made, [f64; 7]) {
    let [_, cui, _, _, oa_cu, oam, ode] = inputs;
    let stream = cui + oa_cu + oam + ode;
    let per = |amount: f64| amount / (2.0 * stream);
    let with_cs = per(219.4 * cs + 570.3 * oa_cs);
    let quantities = [
        per(30.22 * cs),
        per(7.5 * cui),
        per(7.5 * cui),
        with_cs + per(237.6 * cui + 570.3 * oa_cu),
        per(177.3 * cui + 425.5 * oam),
        with_cs,
        1.0 / (1.0 + math::exp((celsius - 112.0) / 3.5)),
    ];
    let mixing = spec::Mixing::default();
    let slug = Slug {
        quantities: &quantities,
        effectiveness: crate::model::segmentation::effectiveness(&mixing, 4.0 * stream, 1.0),
        stays: &[Stay { seconds, celsius, heat_s: 1.0, contact: None }],
        final_c: celsius,
    };
    (reference().make(&slug), quantities)
}

const CENTRE: [f64; 7] = [135.0, 90.0, 90.0, 20.0, 12.5, 12.5, 92.5];

fn absorbance(made: &Made) -> f64 {
    6000.0 * 0.1016 * made.product_mm * 1e-3
}

fn pli(made: &Made) -> f64 {
    60_000.0 * (1.0 - math::exp10(-absorbance(made))) * made.quality
}

fn i600(made: &Made, population: f64) -> f64 {
    60_000.0 * 0.045 * (1.0 - math::exp10(-absorbance(made))) * population
}

fn close(value: f64, printed: f64, digits: f64) {
    assert!((value - printed).abs() <= 0.5 * digits * 1.0001, "{value} is not {printed}");
}

#[test]
fn the_test_vector_of_the_reference_set_holds_to_every_printed_digit() {
    let (made, q) = closed_form(CENTRE);
    close(q[1], 1.6265, 1e-4);
    close(q[0], 6.5537, 1e-4);
    close(q[3], 143.77, 1e-2);
    close(q[4], 51.27, 1e-2);
    close(made.conversion, 0.9977, 1e-4);
    close(made.yield_, 0.5785, 1e-4);
    close(absorbance(&made), 0.1147, 1e-4);
    close(made.quality, 0.1376, 1e-4);
    close(pli(&made), 1916.8, 0.1);
    close(60_000.0 * 4.0e-5 * q[5], 180.2, 0.1);
    close(i600(&made, q[6]), 0.88, 0.01);
}

#[test]
fn temperature_moves_emission_as_the_self_check_says() {
    let expected = [
        (100.0, 413.0),
        (110.0, 800.0),
        (115.0, 1154.0),
        (120.0, 1452.0),
        (130.0, 1800.0),
        (135.0, 1917.0),
        (140.0, 2008.0),
        (150.0, 2087.0),
        (155.0, 2054.0),
        (160.0, 1955.0),
        (170.0, 1528.0),
    ];
    for (celsius, printed) in expected {
        let mut inputs = CENTRE;
        inputs[0] = celsius;
        close(pli(&closed_form(inputs).0), printed, 1.0);
    }
    for (celsius, printed, digits) in
        [(110.0, 0.45, 0.01), (115.0, 0.15, 0.01), (120.0, 0.04, 0.01), (130.0, 0.002, 0.001)]
    {
        let mut inputs = CENTRE;
        inputs[0] = celsius;
        let (made, q) = closed_form(inputs);
        close(i600(&made, q[6]) / pli(&made), printed, digits);
    }
}

#[test]
fn reaction_time_moves_emission_as_the_self_check_says() {
    let expected = [
        (10.0, 1241.0),
        (20.0, 1846.0),
        (25.0, 1911.0),
        (28.0, 1920.0),
        (31.0, 1918.0),
        (35.0, 1903.0),
        (42.0, 1863.0),
        (60.0, 1737.0),
    ];
    for (seconds, printed) in expected {
        let (made, _) = at_time(CENTRE, seconds, 135.0, 90.0, 20.0);
        close(pli(&made), printed, 1.0);
    }
}

#[test]
fn each_input_moves_emission_as_the_self_check_says() {
    let rows: [(usize, &[(f64, f64)]); 4] = [
        (
            1,
            &[
                (40.0, 518.0),
                (60.0, 1073.0),
                (80.0, 1649.0),
                (100.0, 2162.0),
                (120.0, 2568.0),
                (140.0, 2857.0),
            ],
        ),
        (3, &[(0.0, 1471.0), (20.0, 1917.0), (60.0, 2275.0), (70.0, 2276.0), (100.0, 2152.0)]),
        (4, &[(0.0, 1659.0), (12.5, 1917.0), (55.0, 2278.0), (90.0, 2167.0)]),
        (5, &[(0.0, 2003.0), (12.5, 1917.0), (25.0, 1796.0), (70.0, 1334.0)]),
    ];
    for (input, row) in rows {
        for &(flow, printed) in row {
            let mut inputs = CENTRE;
            // The stream keeps its rate: its solvent makes up for the change.
            let in_cu_stream = input != 3;
            inputs[6] -= if in_cu_stream { flow - inputs[input] } else { 0.0 };
            inputs[input] = flow;
            close(pli(&closed_form(inputs).0), printed, 1.0);
        }
    }
}

/// Classical Runge–Kutta with steps of a millisecond, through a slug that warms up.
#[test]
fn a_temperature_history_is_integrated_as_finely_as_one_likes() {
    let reaction = reference();
    let (_, quantities) = closed_form(CENTRE);
    let temperature = |t: f64| 135.0 - 27.0 * math::exp(-t / 1.6);
    let (total, steps) = (31.37, 32_000);
    let limiting = quantities[2] / 5.0;
    let slope = |t: f64, x: f64| {
        let inverse = 1.0 / (temperature(t) + 273.15) - 1.0 / 408.15;
        let k1 = 0.10 * math::exp(-50.0 / GAS * inverse);
        let k2 = 0.22 * limiting / 0.6 * math::exp(-40.0 / GAS * inverse);
        -x * (k1 + k2 * (1.0 - x))
    };
    let (h, mut x) = (total / f64::from(steps), 1.0);
    for i in 0..steps {
        let t = h * f64::from(i);
        let a = slope(t, x);
        let b = slope(t + 0.5 * h, x + 0.5 * h * a);
        let c = slope(t + 0.5 * h, x + 0.5 * h * b);
        let d = slope(t + h, x + h * c);
        x += h / 6.0 * (a + 2.0 * b + 2.0 * c + d);
    }
    let nodes = crate::model::liquid::stay_nodes(total);
    let stays: Vec<Stay> = nodes
        .windows(2)
        .map(|n| Stay {
            seconds: n[1] - n[0],
            celsius: temperature(0.5 * (n[0] + n[1])),
            heat_s: 1.0,
            contact: None,
        })
        .collect();
    let slug = Slug { quantities: &quantities, effectiveness: 1.0, stays: &stays, final_c: 135.0 };
    let conversion = reaction.make(&slug).conversion;
    let off = (1.0 - conversion) / x - 1.0;
    assert!(off.abs() < 0.01, "what remains is off by {off}");
    // An isothermal slug would be further off than the tolerance.
    let hot = [Stay { seconds: total, celsius: 135.0, heat_s: 1.0, contact: None }];
    let isothermal = reaction.make(&Slug { stays: &hot, ..slug }).conversion;
    assert!(((1.0 - isothermal) / x - 1.0).abs() > 0.1);
}

#[test]
fn conversion_starts_slowly_and_ends_complete() {
    let after = |seconds| 1.0 - two_step(1.0, 0.001, 0.2, seconds);
    assert!(after(5.0) < 0.02 && after(100.0) > 0.999);
    // half conversion of the closed form: t = ln(2 + k2/k1)/(k1 + k2)
    let half = math::ln(202.0) / 0.201;
    assert!((after(half) - 0.5).abs() < 1e-12, "{}", after(half));
}

#[test]
fn steps_chain_exactly_at_constant_rates() {
    let once = two_step(1.0, 0.1, 0.12, 31.0);
    let often = (0..31).fold(1.0, |x, _| two_step(x, 0.1, 0.12, 1.0));
    assert!((once / often - 1.0).abs() < 1e-10);
}

/// Without nucleation nothing ever grows, however fast growth would be.
#[test]
fn nothing_grows_without_nuclei() {
    for (growth, seconds) in [(0.2, 1.0), (0.2, 1e3), (1e3, 1e3)] {
        let remaining = two_step(1.0, 0.0, growth, seconds);
        assert!((remaining - 1.0).abs() < 1e-12, "{remaining} after {seconds} s at {growth}/s");
    }
}

#[test]
fn the_scarcest_reagent_limits() {
    let reaction = reference();
    assert!((reaction.limiting_mm(&[3.0, 2.0, 5.0]) - 1.0).abs() < 1e-12);
    assert!((reaction.limiting_mm(&[3.0, 0.2, 5.0]) - 0.1).abs() < 1e-12);
}

#[test]
fn a_name_that_is_no_quantity_is_found_where_it_stands() {
    let mut product = product();
    product.yield_factors[1] =
        spec::Factor::Saturation { of: "oleate".into(), half_mm: 1.0, power: 1.0 };
    let error =
        Reaction::new(&product, &|name| QUANTITIES.iter().position(|q| *q == name)).unwrap_err();
    assert_eq!((error.key.as_str(), error.name.as_str()), ("yield.1.saturation.of", "oleate"));
}

/// ln d of nuclei that appear evenly along the growth: ln(1 + k2 X/k1)/3√12; in two halves, and with one nucleus after the
/// other over a history of temperatures.
#[test]
fn sizes_spread_as_nuclei_that_appear_evenly_along_the_growth() {
    let reaction = reference();
    let (_, quantities) = closed_form(CENTRE);
    let stay = |seconds, celsius| Stay { seconds, celsius, heat_s: 1.0, contact: None };
    let spread = |stays: &[Stay]| {
        reaction.spread(&Slug {
            quantities: &quantities,
            effectiveness: 1.0,
            stays,
            final_c: 135.0,
        })
    };
    let (k1, k2) = (0.10, 0.22 * quantities[2] / 5.0 / 0.6);
    for seconds in [2.0, 8.0, 31.0] {
        let x = 1.0 - two_step(1.0, k1, k2, seconds);
        let exact = math::ln(1.0 + k2 * x / k1) / 3.0 / 12.0_f64.sqrt();
        let halves = [stay(0.5 * seconds, 135.0), stay(0.5 * seconds, 135.0)];
        for stays in [&[stay(seconds, 135.0)][..], &halves] {
            assert!((spread(stays) / exact - 1.0).abs() < 1e-9, "{} {exact}", spread(stays));
        }
    }
    // Hotter, nucleation gains more than growth: particles are more alike.
    assert!(spread(&[stay(31.0, 150.0)]) < 0.97 * spread(&[stay(31.0, 130.0)]));
}

/// Nuclei are followed one by one: born in small steps, each grows with what is left of the growth.
#[test]
fn a_history_of_temperatures_spreads_sizes_as_nuclei_followed_one_by_one() {
    let reaction = reference();
    let (_, quantities) = closed_form(CENTRE);
    let celsius = |t: f64| 135.0 - 60.0 * math::exp(-t / 3.0);
    let steps = 20_000;
    let dt = 31.0 / f64::from(steps);
    let stays: Vec<Stay> = (0..steps)
        .map(|i| Stay {
            seconds: dt,
            celsius: celsius((f64::from(i) + 0.5) * dt),
            heat_s: 1.0,
            contact: None,
        })
        .collect();
    let slug = Slug { quantities: &quantities, effectiveness: 1.0, stays: &stays, final_c: 135.0 };
    let (mut left, mut growth, mut born) = (1.0, 0.0, Vec::new());
    for stay in &stays {
        let (k1, k2) = reaction.rates(&slug, stay.celsius, quantities[2] / 5.0);
        born.push((k1 * left * dt, growth));
        growth += k2 * left * dt;
        left = two_step(left, k1, k2, dt);
    }
    let count: f64 = born.iter().map(|b| b.0).sum();
    let mean = born.iter().map(|b| b.0 * b.1).sum::<f64>() / count;
    let variance = born.iter().map(|b| b.0 * (b.1 - mean) * (b.1 - mean)).sum::<f64>() / count;
    let followed = variance.sqrt() / 3.0;
    assert!((reaction.spread(&slug) / followed - 1.0).abs() < 1e-3, "{followed}");
    // Ten steps, as slugs are followed in, say the same within 2 %.
    let nodes = crate::model::liquid::stay_nodes(31.0);
    let coarse: Vec<Stay> = nodes
        .windows(2)
        .map(|w| Stay {
            seconds: w[1] - w[0],
            celsius: celsius(0.5 * (w[0] + w[1])),
            heat_s: 1.0,
            contact: None,
        })
        .collect();
    let coarse = reaction.spread(&Slug { stays: &coarse, ..slug });
    assert!((coarse / followed - 1.0).abs() < 0.02, "{coarse} {followed}");
}

/// A liquid that warms up and then stays warm: what stays is one, for as long, at its mean temperature.
#[test]
fn stays_at_nearly_one_temperature_are_followed_together() {
    let stay = |seconds, celsius, heat_s| Stay { seconds, celsius, heat_s, contact: None };
    let warming = [stay(1.0, 40.0, 2.0), stay(1.0, 90.0, 2.0)];
    let warm = [stay(1.0, 99.96, 2.0), stay(3.0, 100.0, 2.0), stay(4.0, 100.03, 2.0)];
    let elsewhere = [stay(5.0, 100.0, 8.0)];
    let few = together(&[&warming[..], &warm, &elsewhere].concat());
    assert_eq!(few.len(), 4);
    assert_eq!((&few[..2], few[3]), (&warming[..], elsewhere[0]));
    assert!((few[2].seconds - 8.0).abs() < 1e-12);
    assert!((few[2].celsius - (99.96 + 3.0 * 100.0 + 4.0 * 100.03) / 8.0).abs() < 1e-9);
    // Small steps that lead far are not all one.
    let ramp: Vec<Stay> = (0..100).map(|i| stay(1.0, 0.03 * f64::from(i), 2.0)).collect();
    assert!((20..40).contains(&together(&ramp).len()));
}
