//! Flow paths against closed forms: one liquid that disperses, stirred tanks, streams that join on the way.

use std::sync::Arc;

use flowtwin_lab::{Span, Streams, math};

use super::*;
use crate::plan::Plan;
use crate::spec;

/// Two feeds of 30 µL/min each; 25 °C everywhere, so that volumes are what they are.
const RIG: &str = r#"
[rig]
name = "bench"
ambient_c = 25.0
timed_stream = "a"
liquid = { density_kg_per_m3 = 1000.0, expansion_per_k = 0.0002, viscosity_mpa_s = 0.9, viscosity_k = 1800.0, heat_capacity_j_per_kg_k = 4000.0 }
pumps.a = { stock = "a", bore_mm = 14.57, fill_ml = 50.0 }
pumps.b = { stock = "b", bore_mm = 14.57, fill_ml = 50.0 }
pumps.late = { stock = "late", bore_mm = 14.57, fill_ml = 50.0 }
streams.a = { pumps = ["a"], bore_mm = 0.5, cold_ul = 5.0 }
streams.b = { pumps = ["b"], bore_mm = 0.5, cold_ul = 5.0 }
streams.late = { pumps = ["late"], bore_mm = 0.5, cold_ul = 5.0, joins = "end" }
lights.white = { sources = [{ counts = 9000.0, spectrum = { flat = 1.0 } }] }
TUBE

[rig.spectrometers.visible]
cell = "end"
light = "white"
signal = "transmission"
pixels = 16
wavelength_coefficients = [400.0, 10.0, 0.0, 0.0]
slit_nm = 2.0

[stocks]
a = { concentrations_mm = { a = 100.0 } }
b = { concentrations_mm = { b = 150.0 } }
late = { concentrations_mm = { q = 80.0 } }

[optics]
excitation_nm = 500.0
"#;

/// Reactor and a piece behind it that is too small to matter.
fn with(tube: &str, reactions: &str) -> World {
    let end =
        r#"{ name = "end", bore_mm = 0.5, volume_ul = 0.2, heat_s = 1.0, peclet = 100000.0 }"#;
    let text = RIG.replace("TUBE", &format!("tube = [{tube}, {end}]"));
    let spec: spec::World = toml::from_str(&format!("{text}\n{reactions}")).unwrap();
    World::new(Arc::new(Plan::new(&spec).unwrap()), Streams::new(1))
}

fn coil(volume_ul: f64, peclet: f64) -> String {
    format!(
        r#"{{ name = "coil", bore_mm = 0.5, volume_ul = {volume_ul}, reacts = true, heat_s = 1.0, peclet = {peclet:.1} }}"#
    )
}

fn tank(name: &str, volume_ul: f64) -> String {
    format!(
        r#"{{ name = "{name}", bore_mm = 5.0, volume_ul = {volume_ul}, reacts = true, heat_s = 1.0, tank = true }}"#
    )
}

fn reaction(equation: &str, k: f64) -> String {
    format!("[[chemistry.reactions]]\nequation = \"{equation}\"\nk_in_mol_l_s = {k}\nat_c = 25.0\n")
}

fn run(world: &mut World, rates: &[(&str, f64)], seconds: f64) {
    for (name, rate) in rates {
        let now = world.engine.now();
        let pump = world.plan.pump_names.iter().position(|n| n == name).unwrap();
        match *rate > 0.0 {
            true => world.dispense(now, pump, *rate, 1e6),
            false => world.stop(now, pump),
        }
    }
    let until = world.engine.now() + Span::from_secs(seconds);
    world.run_until(until).unwrap();
}

/// What is at the spectrometer now [mM].
fn seen(world: &mut World, species: &str) -> f64 {
    let cell = world.plan.channels[0].cell;
    let at = world.engine.now();
    let index = world.train.first_beyond(world.shown_ul(cell, at));
    let place = world.plan.quantities.place(species).unwrap();
    world.become_of(world.plan.channels[0].stage, index).values[place]
}

fn close(value: f64, expected: f64, relative: f64) {
    assert!((value / expected - 1.0).abs() < relative, "{value} is not {expected}");
}

const BOTH: [(&str, f64); 2] = [("a", 30.0), ("b", 30.0)];

/// First order in a coil of 60 s: the transform of the inverse Gaussian, exp(Pe/2 (1 − √(1 + 4 kτ/Pe))), and for little
/// dispersion that of Wehner and Wilhelm (1956, DOI 10.1016/0009-2509(56)80014-X).
#[test]
fn conversion_of_first_order_falls_with_dispersion_as_the_closed_form_says() {
    let k_tau = 2.0;
    for (peclet, tolerance) in [(8.0, 0.03), (40.0, 0.005), (1000.0, 0.002)] {
        let mut world = with(&coil(60.0, peclet), &reaction("a -> c", k_tau / 60.0));
        run(&mut world, &BOTH, 600.0);
        let root: f64 = (1.0_f64 + 4.0 * k_tau / peclet).sqrt();
        let open = math::exp(0.5 * peclet * (1.0 - root));
        close(seen(&mut world, "a") / 50.0, open, tolerance);
        let wehner = 4.0 * root * math::exp(0.5 * peclet)
            / ((1.0 + root) * (1.0 + root) * math::exp(0.5 * root * peclet)
                - (1.0 - root) * (1.0 - root) * math::exp(-0.5 * root * peclet));
        close(open, wehner, 1.2 / peclet);
        let whole = seen(&mut world, "a") + seen(&mut world, "c");
        close(whole, 50.0, 1e-9);
    }
}

/// 1000 µL of tube of which spheres of 0.4 mm leave 400 to the liquid: 400 s at 60 µL/min, and by hand a Péclet number of
/// (0.2 + 0.011 · 0.0267^0.48)/0.4 · 60.2 mm/0.4 mm = 76. The pressure of 30.1 mm at 60.2 µm/s by Ergun is 19.1 Pa.
#[test]
fn a_packed_bed_holds_its_void_and_disperses_and_takes_pressure_as_its_laws_say() {
    let bed = r#"{ name = "coil", bore_mm = 4.6, volume_ul = 1000.0, reacts = true, heat_s = 1.0, bed = { particle_um = 400.0, void = 0.4 } }"#;
    let mut world = with(bed, &reaction("a -> c", 2.0 / 400.0));
    run(&mut world, &BOTH, 1800.0);
    let peclet = 76.0;
    let left = math::exp(0.5 * peclet * (1.0 - (1.0_f64 + 8.0 / peclet).sqrt()));
    close(seen(&mut world, "a") / 50.0, left, 0.01);
    let plug = math::exp(-2.0);
    assert!(seen(&mut world, "a") / 50.0 > 1.03 * plug, "{left} is no more than {plug}");
    let path = &world.plan.manifest().path;
    assert!((path.stretches[1].volume_ul - 400.0).abs() < 1e-9);
    let now = world.engine.now();
    let kpa = world.pressure_kpa(0, 0.5, now) - world.pressure_kpa(1, 0.5, now) - 0.5 * END_KPA;
    let speed = 1e-3 / 16.619;
    let ergun = 150.0 * 0.9e-3 * 0.36 * speed / (0.064 * 16e-8) * 0.5 * 60.17e-3;
    close(1e3 * kpa, ergun, 0.02);
}

/// Half of the piece behind the reactor, 0.2 µL of 0.5 mm at 60 µL/min: 128 µ L Q/πd⁴ of 0.51 mm, twice.
const END_KPA: f64 = 0.9e-3 * 128.0 * 1.0186e-3 * 1e-9 / (std::f64::consts::PI * 6.25e-14) * 1e-3;

/// Second order with unequal feeds in plug flow: x from ln((M − x)/(M (1 − x))) = k a₀ (M − 1) τ.
#[test]
fn conversion_of_second_order_with_unequal_feeds_is_that_of_the_closed_form() {
    let mut world = with(&coil(60.0, 100_000.0), &reaction("a + b -> c", 0.2));
    run(&mut world, &BOTH, 600.0);
    let (a, m) = (0.05, 1.5);
    let grown = math::exp(0.2 * a * (m - 1.0) * 60.0);
    let x = m * (grown - 1.0) / (m * grown - 1.0);
    close(seen(&mut world, "c"), 50.0 * x, 0.002);
    close(seen(&mut world, "b"), 75.0 - 50.0 * x, 0.002);
}

/// A step at the inlet leaves a laminar tube with the mean of its volume and the variance of Taylor and Aris.
#[test]
fn a_step_leaves_a_tube_as_taylor_and_aris_found() {
    let tube = r#"{ name = "coil", bore_mm = 0.25, volume_ul = 100.0, heat_s = 1.0 }"#;
    let mut world = with(tube, "");
    run(&mut world, &[("a", 0.0), ("b", 60.0)], 900.0);
    // Some of what enters overtakes what entered before.
    let before = world.train.slugs().len() - 90;
    run(&mut world, &[("a", 30.0), ("b", 30.0)], 600.0);
    let plan = world.plan.clone();
    let place = plan.quantities.place("a").unwrap();
    let (mut head, mut tube) = (Vec::new(), Vec::new());
    // The last stage is behind the end, which joins nothing here.
    let stage = plan.channels[0].stage;
    for index in before..world.train.slugs().len() - 150 {
        head.push(world.become_of(0, index).values[place]);
        tube.push(world.become_of(stage, index).values[place]);
    }
    let moments = |step: &[f64]| {
        let (mut mean, mut square, mut last) = (0.0, 0.0, 0.0);
        for (i, value) in step.iter().enumerate() {
            mean += i as f64 * (value - last);
            square += (i * i) as f64 * (value - last);
            last = *value;
        }
        (mean / last, square / last - mean * mean / (last * last))
    };
    let ((came, of_line), (left, whole)) = (moments(&head), moments(&tube));
    // Parcels are of 1 µL. What formed together passes the end together: the mean stands still.
    assert!((left - came).abs() < 0.5, "{left} after {came}");
    let radius_m = 0.125e-3;
    let d = crate::model::liquid::diffusivity_m2_per_s(&plan.world().rig.liquid, 25.0, 0.6);
    let taylor = radius_m * radius_m / (24.0 * d * 100.0) * 100.0 * 100.0;
    let developed = 1.0 - radius_m * radius_m / (16.0 * d * 100.0);
    close(whole - of_line, taylor * developed, 0.05);
}

/// What entered a laminar tube leaves it, whatever the flow does meanwhile.
#[test]
fn what_enters_a_tube_leaves_it_over_abrupt_changes_of_flow() {
    let tube = r#"{ name = "coil", bore_mm = 0.5, volume_ul = 100.0, heat_s = 1.0 }"#;
    for (slow, fast) in [(10.0, 100.0), (150.0, 15.0), (20.0, 400.0)] {
        let mut world = with(tube, "");
        run(&mut world, &[("b", slow)], 20.0 * 6000.0 / slow);
        let (at, before) = (world.engine.now(), world.train.slugs().len() - 200);
        // A pulse of half the tube's volume, the change of flow, and all of it leaves.
        run(&mut world, &[("a", slow), ("b", 0.0)], 3000.0 / slow);
        run(&mut world, &[("a", 0.0), ("b", fast)], 8.0 * 6000.0 / fast);
        let plan = world.plan.clone();
        let (place, stage) = (plan.quantities.place("a").unwrap(), plan.channels[0].stage);
        let pump = plan.pump_names.iter().position(|name| name == "a").unwrap();
        let given = world.flow.volume(pump, world.engine.now()) - world.flow.volume(pump, at);
        let (mut left, mut head) = (0.0, 0.0);
        for index in before..world.train.slugs().len() - 200 {
            let volume = world.train.slugs()[index].to_ul - world.train.slugs()[index].from_ul;
            left += volume * world.become_of(stage, index).values[place] / 100.0;
            head += volume * world.become_of(0, index).values[place] / 100.0;
        }
        // The line of the stream keeps its last 6 µL.
        close(head, given - 6.0, 0.002);
        close(left, head, 0.02);
    }
}

/// First order in two tanks of 30 s each: (1 + kτ)⁻²; second order in one: k τ c² + c = c₀.
#[test]
fn stirred_tanks_convert_as_their_balance_says() {
    let two = format!("{}, {}", tank("first", 30.0), tank("second", 30.0));
    let mut world = with(&two, &reaction("a -> c", 0.05));
    run(&mut world, &BOTH, 900.0);
    close(seen(&mut world, "a"), 50.0 / (2.5 * 2.5), 1e-4);
    let mut world = with(&tank("only", 60.0), &reaction("2 a -> c", 0.5));
    run(&mut world, &BOTH, 1500.0);
    // d[a]/dt = −2 k a²: 2 k τ a² + a − a₀ = 0
    let (k_tau, a0) = (2.0 * 0.5 * 60.0, 0.05);
    let root: f64 = 1.0 + 4.0 * k_tau * a0;
    close(seen(&mut world, "a"), 1e3 * (root.sqrt() - 1.0) / (2.0 * k_tau), 1e-4);
}

/// An inert step into a tank: 1 − exp(−t/τ).
#[test]
fn a_step_into_a_tank_follows_its_exponential() {
    let mut world = with(&tank("only", 60.0), "");
    run(&mut world, &[("a", 0.0), ("b", 60.0)], 900.0);
    run(&mut world, &[("a", 30.0), ("b", 30.0)], 90.0);
    // 11 s until the step has come through its line of 6 µL at 0.5 µL/s, the pump's 2 s, and the junction's spread
    let (early, late) = (seen(&mut world, "a"), {
        run(&mut world, &[], 60.0);
        seen(&mut world, "a")
    });
    close((50.0 - late) / (50.0 - early), math::exp(-1.0), 0.01);
}

/// A stream that joins as much again halves what is there and brings its own; nothing is lost. What it starts begins there.
#[test]
fn a_stream_that_joins_dilutes_and_brings_its_own() {
    let mut world = with(&coil(60.0, 1000.0), &reaction("a + q -> c", 1000.0));
    run(&mut world, &[("a", 30.0), ("b", 30.0), ("late", 60.0)], 600.0);
    close(seen(&mut world, "b"), 37.5, 1e-6);
    close(seen(&mut world, "a"), 25.0, 1e-6);
    close(seen(&mut world, "q"), 40.0, 1e-6);
    assert!(seen(&mut world, "c").abs() < 1e-9);
    let tube = format!(
        r#"{}, {{ name = "second", bore_mm = 0.5, volume_ul = 60.0, reacts = true, heat_s = 1.0, peclet = 1000.0 }}"#,
        coil(60.0, 1000.0)
    );
    let end = r#"{ name = "end", bore_mm = 0.5, volume_ul = 0.2, heat_s = 1.0 }"#;
    let text = RIG.replace("TUBE", &format!("tube = [{tube}, {end}]"));
    let text = text.replace(r#"joins = "end""#, r#"joins = "second""#);
    let text = format!("{text}\n{}", reaction("a + q -> c", 1000.0));
    let spec: spec::World = toml::from_str(&text).unwrap();
    let mut world = World::new(Arc::new(Plan::new(&spec).unwrap()), Streams::new(1));
    run(&mut world, &[("a", 30.0), ("b", 30.0), ("late", 60.0)], 600.0);
    close(seen(&mut world, "c"), 25.0, 1e-4);
    close(seen(&mut world, "q"), 15.0, 1e-4);
    close(seen(&mut world, "a") + seen(&mut world, "c"), 25.0, 1e-9);
}

/// It makes no difference who looked before, or when.
#[test]
fn looking_changes_nothing() {
    let tube = format!("{}, {}", coil(40.0, 20.0), tank("tank", 20.0));
    let make = || with(&tube, &reaction("a + b -> c", 0.5));
    let (mut once, mut often) = (make(), make());
    for (rates, seconds) in [(BOTH, 100.0), ([("a", 20.0), ("b", 60.0)], 83.0), (BOTH, 41.0)] {
        run(&mut once, &rates, seconds);
        run(&mut often, &rates, seconds / 2.0);
        seen(&mut often, "c");
        run(&mut often, &[], seconds / 2.0);
        seen(&mut often, "c");
    }
    assert_eq!(seen(&mut once, "c").to_bits(), seen(&mut often, "c").to_bits());
    assert!(seen(&mut once, "c") > 1.0);
}

/// Memory ends, and a tank forgets nothing by it.
#[test]
fn a_tank_outlives_the_memory_of_the_train() {
    let mut world = with(&tank("only", 60.0), &reaction("a -> c", 0.05));
    run(&mut world, &BOTH, 6.0 * 3600.0);
    assert!(world.train.forgotten() > 0);
    close(seen(&mut world, "a"), 50.0 / 4.0, 1e-4);
}

/// The same feeds as slugs between a carrier, seen in a stretch of the tube.
fn slugs(cell: &str) -> World {
    let carrier = r#"
carrier = { pump = "oil", liquid = { density_kg_per_m3 = 1820.0, expansion_per_k = 0.001, viscosity_mpa_s = 8.0, viscosity_k = 2000.0, heat_capacity_j_per_kg_k = 960.0 }, interfacial_tension_mn_per_m = 5.0 }
segmentation = { width_mm = 0.5, any_ratio = true }
pumps.oil = { stock = "oil", bore_mm = 14.57, fill_ml = 50.0 }
"#;
    let tube = r#"tube = [{ name = "coil", bore_mm = 0.5, volume_ul = 40.0, reacts = true, heat_s = 1.0 }, { name = "end", bore_mm = 0.5, volume_ul = 20.0, heat_s = 1.0 }]"#;
    let text = RIG
        .replace("TUBE", &format!("{carrier}{tube}"))
        .replace("[stocks]", "[stocks]\noil = {}")
        .replace(r#"cell = "end""#, &format!("cell = \"{cell}\""));
    let spec: spec::World =
        toml::from_str(&format!("{text}\n{}", reaction("a -> c", 0.01))).unwrap();
    World::new(Arc::new(Plan::new(&spec).unwrap()), Streams::new(1))
}

/// Slugs take what joins them: composition and share of the pair's passage.
#[test]
fn slugs_take_what_joins_them() {
    let mut world = slugs("end");
    run(&mut world, &[("a", 30.0), ("b", 30.0), ("oil", 60.0), ("late", 30.0)], 600.0);
    close(seen(&mut world, "b"), 50.0, 1e-6);
    close(seen(&mut world, "q"), 80.0 / 3.0, 1e-6);
    close(seen(&mut world, "a") + seen(&mut world, "c"), 100.0 / 3.0, 1e-9);
    let stage = world.plan.channels[0].stage;
    let index = world.train.slugs().len() - 200;
    close(world.become_of(stage, index).growth, 1.5, 1e-6);
}

/// In the middle of the coil half of the reaction time is over: ln(a/a₀) is half of what it is at the end.
#[test]
fn a_cell_within_the_reactor_shows_what_has_reacted_so_far() {
    let left = |cell: &str| {
        let mut world = slugs(cell);
        run(&mut world, &[("a", 30.0), ("b", 30.0), ("oil", 60.0)], 600.0);
        math::ln(seen(&mut world, "a") / 50.0)
    };
    close(left("coil") / left("end"), 0.5, 1e-3);
}
