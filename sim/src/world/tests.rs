use proptest::prelude::*;

use super::slug::midway;
use super::*;
use crate::model::liquid::ZERO_C_K;
use crate::spec;
use crate::train::Slug;

fn reference() -> spec::World {
    toml::from_str(include_str!("../../tests/reference_world.toml")).unwrap()
}

fn world(of: &spec::World) -> World {
    World::new(Arc::new(Plan::new(of).unwrap()), Streams::new(1))
}

fn quiet() -> World {
    world(Plan::new(&reference()).unwrap().noiseless().world())
}

fn pump(world: &World, name: &str) -> usize {
    world.plan.pump_names.iter().position(|n| n == name).unwrap()
}

fn at(seconds: f64) -> Instant {
    Instant::from_secs(seconds)
}

fn run(world: &mut World, seconds: f64) {
    let until = world.engine.now() + Span::from_secs(seconds);
    world.run_until(until).unwrap();
}

fn start(world: &mut World, rates: &[(&str, f64)]) {
    for (name, rate) in rates {
        let (now, pump) = (world.engine.now(), pump(world, name));
        if *rate > 0.0 {
            world.dispense(now, pump, *rate, 1e6);
        } else {
            world.stop(now, pump);
        }
    }
}

const CENTRE: [(&str, f64); 8] = [
    ("cui", 90.0),
    ("cs", 90.0),
    ("oa_cs", 20.0),
    ("oa_cu", 12.5),
    ("oam", 12.5),
    ("ode_cu", 92.5),
    ("ode_cs", 97.5),
    ("pfo", 415.0),
];

/// Volume of each pump's liquid in all slugs formed so far [µL].
fn in_slugs(world: &World) -> Vec<f64> {
    let mut sums = vec![0.0; world.pumps.len()];
    for slug in world.train.slugs() {
        let shares = world.shares(slug, midway(slug.began, slug.ended));
        let volume = slug.slug_to_ul - slug.from_ul;
        sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share * volume);
    }
    sums
}

fn check_mass(
    world: &World,
    pumps: &[&str],
    relative: f64,
    absolute: f64,
) -> Result<(), TestCaseError> {
    let found = in_slugs(world);
    for name in pumps {
        let pump = pump(world, name);
        let delivered = world.flow.volume(pump, world.engine.now());
        let off = (found[pump] - delivered).abs();
        prop_assert!(
            off <= relative * delivered + absolute,
            "{name}: {} µL of {delivered} µL",
            found[pump]
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// While the streams keep their flows, what each pump delivered comes out in slugs to the last
    /// part in a thousand.
    #[test]
    fn mass_closes_over_any_sequence_of_compositions(
        steps in prop::collection::vec((0.0_f64..180.0, 0.0_f64..180.0, 1.0_f64..60.0), 4..16),
    ) {
        let mut world = quiet();
        start(&mut world, &[("pfo", 400.0), ("ode_cu", 200.0), ("ode_cs", 200.0)]);
        run(&mut world, 60.0);
        for (cui, cs, seconds) in steps {
            start(&mut world, &[("cui", cui), ("ode_cu", 200.0 - cui)]);
            start(&mut world, &[("cs", cs), ("ode_cs", 200.0 - cs)]);
            run(&mut world, seconds);
        }
        let flush = [("cui", 0.0), ("ode_cu", 200.0), ("cs", 0.0), ("ode_cs", 200.0)];
        start(&mut world, &flush);
        run(&mut world, 600.0);
        check_mass(&world, &["cui", "cs"], 1e-3, 0.01)?;
    }

    /// Where flows change abruptly the kernel changes with them, and mass still closes.
    #[test]
    fn mass_closes_over_any_sequence_of_rates(
        steps in prop::collection::vec((0_usize..7, 0.0_f64..200.0, 1.0_f64..60.0), 4..16),
    ) {
        let mut world = quiet();
        let names = ["cui", "oa_cu", "oam", "ode_cu", "cs", "oa_cs", "ode_cs"];
        start(&mut world, &[("pfo", 400.0)]);
        for (which, rate, seconds) in steps {
            start(&mut world, &[(names[which], if rate < 20.0 { 0.0 } else { rate })]);
            run(&mut world, seconds);
        }
        let flush = names.map(|n| (n, if n.starts_with("ode") { 200.0 } else { 0.0 }));
        start(&mut world, &flush);
        run(&mut world, 600.0);
        check_mass(&world, &["cui", "oa_cu", "oam", "cs", "oa_cs"], 0.02, 0.2)?;
    }

    /// Slugs and carrier together are everything that was pumped, at every instant.
    #[test]
    fn volume_closes_over_any_sequence_of_rates(
        steps in prop::collection::vec((0_usize..8, 0.0_f64..300.0, 0.01_f64..40.0), 4..24),
    ) {
        let mut world = world(&reference());
        for (which, rate, seconds) in steps {
            let name = CENTRE[which].0;
            start(&mut world, &[(name, if rate < 30.0 { 0.0 } else { rate })]);
            run(&mut world, seconds);
            let now = world.engine.now();
            let pumped: f64 = (0..8).map(|p| world.flow.volume(p, now)).sum();
            let total = world.flow.volume(world.flow.total(), now);
            prop_assert!((pumped - total).abs() < 1e-6 * (1.0 + total));
            let slugs = world.train.slugs();
            let mut at_ul = 0.0;
            for slug in slugs {
                prop_assert!((slug.from_ul - at_ul).abs() < 1e-9);
                prop_assert!(slug.from_ul < slug.slug_to_ul);
                prop_assert!(slug.slug_to_ul <= slug.to_ul + 1e-9);
                at_ul = slug.to_ul;
            }
            prop_assert!(at_ul <= total + 1e-6);
        }
    }
}

/// A pulse at a low flow that a high one pushes out, and the other way about: all of it comes out, be its line narrower or wider by
/// then.
#[test]
fn a_pulse_comes_out_whole_though_the_flow_changes_behind_it() {
    for (before, after) in [(20.0, 200.0), (60.0, 200.0), (200.0, 20.0), (200.0, 60.0)] {
        let mut world = quiet();
        start(&mut world, &[("pfo", 400.0), ("ode_cu", 200.0), ("ode_cs", before)]);
        run(&mut world, 600.0);
        start(&mut world, &[("cs", before), ("ode_cs", 0.0)]);
        run(&mut world, 30.0 * 60.0 / before);
        start(&mut world, &[("cs", 0.0), ("ode_cs", after)]);
        run(&mut world, 40_000.0 / after);
        let cs = pump(&world, "cs");
        let (found, given) = (in_slugs(&world)[cs], world.flow.volume(cs, world.engine.now()));
        let off = found / given - 1.0;
        assert!(off.abs() < 0.015, "{before} to {after} µL/min: {found} µL of {given} µL");
    }
}

/// A step in one pump of the stream reaches the slugs as the kernel's distribution says: mean and
/// spread.
#[test]
fn a_step_of_composition_arrives_with_the_residence_time_distribution_of_the_line() {
    let mut of = reference();
    of.noise = spec::Noise::default();
    of.rig.streams.values_mut().for_each(|stream| stream.radial_enhancement = 2.0);
    let mut world = world(&of);
    let still = [("cui", 0.0), ("ode_cu", 210.0), ("ode_cs", 210.0), ("pfo", 420.0)];
    start(&mut world, &still);
    run(&mut world, 300.0);
    start(&mut world, &[("cui", 210.0), ("ode_cu", 0.0)]);
    let (stream, cui) = (1, pump(&world, "cui"));
    let from = world.flow.volume(world.flow.stream(stream), world.engine.now());
    run(&mut world, 200.0);
    let (mut mean, mut square, mut last) = (0.0, 0.0, (0.0, 0.0));
    for slug in world.train.slugs().iter().filter(|s| s.began >= at(300.0)) {
        let middle = midway(slug.began, slug.ended);
        let share = 2.0 * world.shares(slug, middle)[cui];
        let volume = world.flow.volume(world.flow.stream(stream), middle) - from;
        let (x, rise) = (0.5 * (volume + last.0), share - last.1);
        mean += x * rise;
        square += x * x * rise;
        last = (volume, share);
    }
    let variance = square - mean * mean;
    assert!((last.1 - 1.0).abs() < 1e-3, "{} arrived", last.1);
    // line 166 µL, junction 2 µL, and 2 s of compliance at 3.5 µL/s
    assert!((mean - 175.0).abs() < 0.5, "{mean} µL");
    // by hand, cold throughout: θ = 16 D t/R² is 1.12 and 0.74 in the two parts of the line
    assert!((variance / 3573.0 - 1.0).abs() < 0.05, "{variance} µL²");
}

/// Nominal residence time over the true one: slip and expansion make slugs faster.
#[test]
fn slugs_pass_the_reactor_faster_than_volume_over_flow_says() {
    let mut world = quiet();
    world.heaters[0].set(Some(135.0));
    run(&mut world, 2000.0);
    start(&mut world, &CENTRE);
    run(&mut world, 200.0);
    let formed = at(2100.0);
    let left = world.flow.when_passed(0, world.flow.passed(0, formed) + 434.0).unwrap();
    let true_s = left.since(formed).as_secs();
    let nominal_s = 434.0 * 60.0 / 830.0;
    // expansion 0.90, slip 0.92
    assert!((true_s / nominal_s - 0.90 * 0.92).abs() < 0.015, "{}", true_s / nominal_s);
    let journey = world.journey(formed, 0.0);
    let counted: f64 = journey.stays.iter().map(|s| s.seconds).sum();
    assert!((counted / nominal_s - 1.0).abs() < 0.01, "{counted} s counted");
    assert!((journey.flow_ul_per_min - 830.0).abs() < 2.0, "{}", journey.flow_ul_per_min);
}

/// The slug enters at 108 °C under a plate of 135 °C, and its lag is that of one time constant.
#[test]
fn a_slug_starts_cold_and_warms_with_its_time_constant() {
    let mut world = quiet();
    world.heaters[0].set(Some(135.0));
    run(&mut world, 2000.0);
    start(&mut world, &CENTRE);
    run(&mut world, 200.0);
    let journey = world.journey(at(2100.0), 0.0);
    assert!(
        (world.formation_c(at(2100.0)) - 108.1).abs() < 2.0,
        "{}",
        world.formation_c(at(2100.0))
    );
    assert!((journey.final_c - 135.0).abs() < 0.1, "{}", journey.final_c);
    let lag: f64 = journey.stays.iter().map(|s| (135.0 - s.celsius) * s.seconds).sum();
    // 27 K times 1.6 s, in nominal seconds (true ones over 0.83)
    let expected = 27.4 * 1.6 / 0.83;
    assert!((lag / expected - 1.0).abs() < 0.08, "{lag} K·s, {expected} expected");
    assert!(journey.stays.iter().all(|s| s.celsius + ZERO_C_K > 370.0));
}

/// Leaving the plate at 135 °C, a slug is at 48.4 °C on average while it cools for 4.4 time
/// constants: expansion 1.023, capillary number 0.0301, slip 1.229.
#[test]
fn a_cooling_slug_travels_as_fast_as_its_mean_temperature_says() {
    let mut world = quiet();
    world.heaters[0].set(Some(135.0));
    run(&mut world, 2000.0);
    start(&mut world, &CENTRE);
    run(&mut world, 200.0);
    let factor = world.flow.factor(1, at(2200.0));
    assert!((factor / 1.257 - 1.0).abs() < 0.005, "{factor}");
}

/// 415 µL/min of each liquid from 23 to 135 °C: 1.391 W at 2276 J/(kg K) and 1.358 W at 963.
#[test]
fn the_plate_pays_for_the_liquid_that_it_warms() {
    let mut world = quiet();
    world.heaters[0].set(Some(135.0));
    run(&mut world, 4000.0);
    start(&mut world, &CENTRE);
    run(&mut world, 60.0);
    let taken_w = world.heat_taken_w(at(4060.0))[0];
    assert!((taken_w / 2.749 - 1.0).abs() < 0.01, "{taken_w} W");
}

/// Garstecki's length at equal flows, twice that for a pair: 6.63 Hz at 830 µL/min.
#[test]
fn slugs_and_carrier_alternate_at_the_frequency_of_formation_with_equal_duty() {
    let mut world = quiet();
    start(&mut world, &CENTRE);
    run(&mut world, 300.0);
    let slugs = world.train.slugs();
    let last: Vec<_> = slugs.iter().rev().take(200).collect();
    let pairs: f64 = last.iter().map(|s| s.to_ul - s.from_ul).sum();
    let filled: f64 = last.iter().map(|s| s.slug_to_ul - s.from_ul).sum();
    assert!((filled / pairs - 0.5).abs() < 1e-3, "duty {}", filled / pairs);
    let seconds = last[0].ended.since(last[199].began).as_secs();
    let expected = 830.0 / 60.0 / (2.0 * 1.0425);
    assert!((200.0 / seconds / expected - 1.0).abs() < 2e-3, "{} Hz", 200.0 / seconds);
}

#[test]
fn uneven_streams_make_an_irregular_train() {
    let spread = |cs: f64| {
        let mut world = quiet();
        start(&mut world, &[("ode_cu", 200.0), ("ode_cs", cs), ("pfo", 200.0 + cs)]);
        run(&mut world, 120.0);
        slug_spread(&world)
    };
    assert!(spread(180.0) < 0.01, "{}", spread(180.0));
    assert!(spread(150.0) > 0.3, "{}", spread(150.0));
}

/// Streams at 0.58 to 1, with the carrier equal to both: their slugs differ in composition, about the ratio of the streams;
/// over the train what was pumped is what is in them.
#[test]
fn slugs_of_uneven_streams_differ_in_composition_about_the_ratio_of_the_streams() {
    let shares = |cs: f64, alternation: f64| {
        let mut of = reference();
        of.noise = spec::Noise::default();
        of.rig.segmentation.as_mut().unwrap().alternation = alternation;
        let mut world = world(&of);
        start(&mut world, &[("ode_cu", 200.0), ("ode_cs", cs), ("pfo", 200.0 + cs)]);
        run(&mut world, 900.0);
        let place = pump(&world, "ode_cs");
        let slugs = || world.train.slugs().iter().skip(2000).take(2000);
        let share = |slug: &Slug| world.shares(slug, midway(slug.began, slug.ended))[place];
        let volume = |slug: &Slug| slug.slug_to_ul - slug.from_ul;
        let all: Vec<(f64, f64)> = slugs().map(|slug| (volume(slug), share(slug))).collect();
        let whole: f64 = all.iter().map(|(v, _)| v).sum();
        let mean = all.iter().map(|(v, s)| v * s).sum::<f64>() / whole;
        let square = all.iter().map(|(v, s)| v * (s - mean) * (s - mean)).sum::<f64>() / whole;
        assert!(all.iter().all(|(_, s)| (0.0..=1.0 + 1e-9).contains(s)));
        (mean, square.sqrt())
    };
    let (mean, spread) = shares(116.0, 0.5);
    assert!((mean / (0.58 / 1.58) - 1.0).abs() < 0.005, "{mean}");
    assert!((0.1..0.3).contains(&spread), "{spread}");
    let (_, more) = shares(116.0, 1.0);
    assert!(more > 1.5 * spread, "{more} against {spread}");
    // a √(r (1 − r)) in slugs of equal size, which at 0.2 never lack a stream.
    let (_, even) = shares(116.0, 0.2);
    assert!((even / (0.2 * (0.3671_f64 * 0.6329).sqrt()) - 1.0).abs() < 0.1, "{even}");
    assert!(shares(116.0, 0.0).1 < 0.01, "{:?}", shares(116.0, 0.0));
    assert!(shares(200.0, 1.0).1 < 0.01, "{:?}", shares(200.0, 1.0));
}

/// The spread of volumes begins at the limit and grows with the distance from it.
#[test]
fn the_spread_of_slugs_grows_with_how_far_streams_are_off_their_ratio() {
    let spread = |cs: f64| {
        let mut world = quiet();
        start(&mut world, &[("ode_cu", 200.0), ("ode_cs", cs), ("pfo", 200.0 + cs)]);
        run(&mut world, 600.0);
        slug_spread(&world)
    };
    let spreads = [240.0, 244.0, 250.0, 300.0].map(spread);
    assert!(spreads[0] < 0.01, "{spreads:?}");
    assert!((0.1..0.4).contains(&spreads[1]), "{spreads:?}");
    assert!(spreads.windows(2).all(|s| s[1] > 1.15 * s[0]), "{spreads:?}");
}

/// A stream that is off has no part in the train: slugs of the other alone are even.
#[test]
fn slugs_of_one_stream_alone_are_even() {
    let mut world = quiet();
    start(&mut world, &[("ode_cu", 200.0), ("pfo", 200.0)]);
    run(&mut world, 120.0);
    assert!(slug_spread(&world) < 0.01, "{}", slug_spread(&world));
}

/// Even streams whose carrier flows faster than the scenario allows: the train is irregular, and the lab says that the
/// film law goes beyond its range. Cold, at 840 µL/min, the capillary number is about 0.05.
#[test]
fn too_high_a_capillary_number_makes_an_irregular_train_and_is_told() {
    let seen = |limit: f64| {
        let mut of = reference();
        of.noise = spec::Noise::default();
        of.rig.segmentation.as_mut().unwrap().irregular_capillary = limit;
        let mut world = world(&of);
        start(&mut world, &[("ode_cu", 210.0), ("ode_cs", 210.0), ("pfo", 420.0)]);
        run(&mut world, 120.0);
        (slug_spread(&world), world.extrapolated.len())
    };
    assert_eq!(seen(0.1).1, 0);
    assert!(seen(0.1).0 < 0.01, "{}", seen(0.1).0);
    assert_eq!(seen(0.04).1, 1);
    assert!(seen(0.04).0 > 0.3, "{}", seen(0.04).0);
}

/// Relative standard deviation of the volumes of slugs, start-up left out.
fn slug_spread(world: &World) -> f64 {
    let volumes: Vec<f64> =
        world.train.slugs().iter().skip(50).map(|s| s.slug_to_ul - s.from_ul).collect();
    let mean = volumes.iter().sum::<f64>() / volumes.len() as f64;
    let square = volumes.iter().map(|v| v * v).sum::<f64>() / volumes.len() as f64;
    (square - mean * mean).max(0.0).sqrt() / mean
}

#[test]
fn a_pump_delivers_what_it_says_within_bias_and_ripple() {
    let mut world = world(&reference());
    start(&mut world, &[("cui", 100.0)]);
    run(&mut world, 1200.0);
    let now = world.engine.now();
    let (said, came) = (world.pumps[pump(&world, "cui")].dispensed_ul(now), 2000.0);
    assert!((said - came).abs() < 1e-9, "{said} µL");
    let delivered = world.flow.volume(pump(&world, "cui"), now);
    let off = delivered / said - 1.0;
    assert!(off.abs() > 1e-5 && off.abs() < 0.02, "{off}");
}

/// The lag τ dQ/dt = Qdriven − Q: 1 − 1/e of the flow after one time constant of 2 s.
#[test]
fn flow_follows_the_plunger_with_the_lag_of_the_compliance() {
    let mut world = quiet();
    start(&mut world, &[("cui", 60.0)]);
    run(&mut world, 2.0);
    let cui = pump(&world, "cui");
    let rate = world.flow.rate(cui, at(2.0));
    assert!((rate - (1.0 - 1.0 / std::f64::consts::E)).abs() < 1e-9, "{rate} µL/s");
    run(&mut world, 60.0);
    let missing = 62.0 - world.flow.volume(cui, at(62.0));
    assert!((missing - 2.0).abs() < 0.05, "{missing} µL behind");
}

#[test]
fn stop_and_start_in_one_instant_are_a_change_of_rate() {
    let (mut a, mut b) = (quiet(), quiet());
    for world in [&mut a, &mut b] {
        start(world, &CENTRE);
        run(world, 60.3);
    }
    start(&mut a, &[("cui", 120.0)]);
    start(&mut b, &[("cui", 0.0)]);
    start(&mut b, &[("cui", 120.0)]);
    for world in [&mut a, &mut b] {
        run(world, 60.0);
    }
    let bits =
        |w: &World| (0..8).map(|p| w.flow.volume(p, at(120.3)).to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&a), bits(&b));
    assert_eq!(a.work.slugs, b.work.slugs);
}

#[test]
fn a_flow_meter_and_a_level_follow_what_was_delivered() {
    let mut of = Plan::new(&reference()).unwrap().noiseless().world().clone();
    let last = of.rig.tube.last().unwrap().name.clone();
    for (name, measures) in [
        ("meter", spec::Measures::Flow),
        ("waste", spec::Measures::Level { begins_ml: 50.0 }),
        ("zbalance", spec::Measures::Mass { begins_g: 300.0 }),
    ] {
        let sensor =
            spec::Sensor { stretch: last.clone(), measures, response_s: 0.0, every_s: 1.0 };
        of.rig.sensors.insert(name.into(), sensor);
    }
    let mut world = world(&of);
    let read = |world: &mut World, number| world.probe(number, world.engine.now());
    assert!(read(&mut world, 0).abs() < 1e-9 && (read(&mut world, 1) - 50.0).abs() < 1e-9);
    start(&mut world, &CENTRE);
    run(&mut world, 600.0);
    let told: f64 = CENTRE.iter().map(|(_, rate)| rate).sum();
    let meter = read(&mut world, 0);
    assert!((meter - told).abs() < 1e-3 * told, "{meter} µL/min");
    let now = world.engine.now();
    let came: f64 = world.flow.volume(world.flow.head(), now);
    let waste = read(&mut world, 1);
    assert!((waste - 50.0 - 1e-3 * came).abs() < 1e-6, "{waste} mL");
    assert!((waste - 50.0 - 1e-3 * told * 10.0).abs() < 0.01 * 1e-3 * told * 10.0, "{waste} mL");
    // 415 µL/min each of the carrier and of the rest, for ten minutes.
    let (rig, balance) = (&of.rig, read(&mut world, 2));
    let carrier = rig.carrier.as_ref().unwrap().liquid.as_ref().unwrap().density_kg_per_m3;
    let expected = 1e-6 * 4150.0 * (carrier + rig.liquid.density_kg_per_m3);
    assert!((balance - 300.0 - expected).abs() < 0.01 * expected, "{balance} g");
}
