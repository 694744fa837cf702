//! Gas between slugs against closed forms: how long slugs take, what dissolves and reacts, and what is refused.

use std::sync::Arc;

use flowtwin_lab::units::GAS_KJ_PER_MOL_K as GAS;
use flowtwin_lab::{Instant, Span, Streams, math, path};

use super::*;
use crate::plan::Plan;
use crate::spec;

/// A liquid of 300 µL/min and a gas in 5 m of 0.5 mm; 25 °C everywhere. The tube is dry: slugs are as fast as the mean.
const RIG: &str = r#"
[rig]
name = "bench"
ambient_c = 25.0
timed_stream = "a"
outlet_kpa = 110.0
liquid = { density_kg_per_m3 = 1000.0, expansion_per_k = 0.0, viscosity_mpa_s = 10.0, viscosity_k = 0.0, heat_capacity_j_per_kg_k = 4000.0 }
pumps.a = { stock = "a", bore_mm = 14.57, fill_ml = 500.0 }
gases.gas = { stock = "gas", slowest_ml_per_min = 0.01, fastest_ml_per_min = 100.0 }
streams.a = { pumps = ["a"], bore_mm = 0.5, cold_ul = 5.0 }
carrier = { pump = "gas", interfacial_tension_mn_per_m = 0.1, film = false, kla_per_s = 0.05 }
segmentation = { width_mm = 3.0, epsilon = 10.0, any_ratio = true, irregular_capillary = 10.0 }
mixing = { flow_ul_per_min = 0.0 }
lights.white = { sources = [{ counts = 9000.0, spectrum = { flat = 1.0 } }] }
tube = [
    { name = "coil", bore_mm = 0.5, volume_ul = 981.747704, reacts = true, heat_s = 1.0 },
    { name = "end", bore_mm = 0.5, volume_ul = 0.2, heat_s = 1.0 },
]

[rig.spectrometers.visible]
cell = "end"
light = "white"
signal = "transmission"
pixels = 16
wavelength_coefficients = [400.0, 10.0, 0.0, 0.0]
slit_nm = 2.0

[stocks]
a = { concentrations_mm = { s = 50.0 } }
gas = { mole_fractions = { g = 1.0 } }

[chemistry.species]
g = { henry_mm_per_kpa = 0.05 }

[[chemistry.reactions]]
equation = "g + s -> p"
k_in_mol_l_s = 4.0
at_c = 25.0

[optics]
excitation_nm = 500.0
"#;

/// The rig, with some of its words replaced.
fn text(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(RIG.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

fn plan(changes: &[(&str, &str)]) -> Result<Plan, crate::PlanError> {
    Plan::new(&toml::from_str::<spec::World>(&text(changes)).unwrap())
}

fn with(changes: &[(&str, &str)]) -> World {
    World::new(Arc::new(plan(changes).unwrap()), Streams::new(1))
}

/// Runs the liquid and the gas [µL/min, standard].
fn run(world: &mut World, liquid: f64, gas: f64, seconds: f64) {
    let now = world.engine.now();
    world.dispense(now, 0, liquid, 1e6);
    world.dispense(now, 1, gas, 1e6);
    world.run_until(now + Span::from_secs(seconds)).unwrap();
}

/// The slug at the spectrometer now.
fn last(world: &mut World) -> (usize, Box<[f64]>) {
    let at = world.engine.now();
    let index = world.train.first_beyond(world.shown_ul(1, at));
    let stage = world.plan.channels[0].stage;
    (index, world.become_of(stage, index).values.clone())
}

fn of(world: &World, values: &[f64], name: &str) -> f64 {
    values[world.plan.quantities.place(name).unwrap()]
}

fn close(value: f64, expected: f64, relative: f64) {
    assert!((value / expected - 1.0).abs() < relative, "{value} is not {expected}");
}

const STANDARD: path::Standard = path::Standard { celsius: 0.0, kpa: 101.325 };
/// Standard µL/min of 500 nmol/s.
const GAS_UL_PER_MIN: f64 = 60.0 * 500.0 / 44.615_033;

/// ∫ dV/(Q + G/p) as the pressure falls evenly from 273 to 110 kPa: see `lab::path::gas`.
#[test]
fn slugs_between_an_expanding_gas_take_the_time_of_the_closed_form() {
    let mut world = with(&[("mole_fractions = { g = 1.0 }", "mole_fractions = {}")]);
    run(&mut world, 300.0, GAS_UL_PER_MIN, 1200.0);
    let formed = Instant::from_secs(900.0);
    let journey = world.leg(formed, 0.0, (0, 1), 1.0);
    let seconds = journey.left.unwrap().since(formed).as_secs();
    let speed = 1e-3 * 5.0 / (std::f64::consts::PI * 0.0625);
    let fell = 1e-3 * 8.0 * 1e-2 * speed * 5.0 / (0.25e-3 * 0.25e-3);
    let (entry, exit, q, g) = (110.0 + fell, 110.0, 5.0, 500.0 * GAS * 298.15);
    let log = math::ln((q * entry + g) / (q * exit + g));
    let expected = 981.747_704 / fell * (fell / q - g / (q * q) * log);
    close(seconds, expected, 2e-3);
    // Half way through the tube less than half of the time is left: a slug is there sooner than by volume.
    let half = world.leg(formed, 0.0, (0, 1), 0.5).left.unwrap().since(formed).as_secs();
    assert!((0.53..0.58).contains(&(half / seconds)), "{half} s of {seconds} s");
    // What is seen in the middle of the coil now formed then.
    let at = formed + Span::from_secs(half);
    let head = world.flow.volume(world.flow.head(), formed);
    close(world.formed_ul(0, at), head, 1e-5);
    // The pressure there, above that of the room, is what a gauge shows.
    close(world.pressure_kpa(0, 0.5, at), 110.0 + 0.5 * fell - 101.325, 2e-3);
    // As an operator computes it: the same, as there is no film.
    let rate = |pump: &str, rate| (pump.into(), flowtwin_lab::FlowRate::from_ul_per_min(rate));
    let pumps = vec![rate("a", 300.0), rate("gas", GAS_UL_PER_MIN)];
    let settings = flowtwin_lab::Settings { heaters: vec![], pumps };
    close(world.plan.manifest().path.reaction_time_s(&settings), seconds, 2e-3);
}

/// A thin liquid at even pressure: what dissolves is used up in a reaction that is of pseudo-first order, k s = 0.2/s.
const EVEN: [(&str, &str); 3] = [
    ("viscosity_mpa_s = 10.0", "viscosity_mpa_s = 0.1"),
    ("outlet_kpa = 110.0", "outlet_kpa = 300.0"),
    ("equation = \"g + s -> p\"\nk_in_mol_l_s = 4.0", "equation = \"g -> p\"\nk_in_mol_l_s = 0.2"),
];

#[test]
fn what_dissolves_and_reacts_on_the_way_follows_the_closed_form() {
    let mut world = with(&EVEN);
    run(&mut world, 300.0, 2.0 * GAS_UL_PER_MIN, 1200.0);
    let (index, values) = last(&mut world);
    let formed =
        super::slug::midway(world.train.slugs()[index].began, world.train.slugs()[index].ended);
    let seconds = world.leg(formed, 0.0, (0, 1), 1.0).left.unwrap().since(formed).as_secs();
    // The pressure falls by 1.6 kPa; what is dissolved follows it within 4 s.
    let (kla, k, saturated) = (0.05, 0.2, 0.05 * 300.1);
    let most = kla * saturated / (kla + k);
    let faded = math::exp(-(kla + k) * seconds);
    close(of(&world, &values, "g"), most * (1.0 - faded), 1e-3);
    let integral = most * (seconds - (1.0 - faded) / (kla + k));
    close(of(&world, &values, "p"), 300.85 / 300.1 * k * integral, 2e-3);
    // A slug had 1000 nmol/s of gas beside 5 µL/s of liquid, 200 mM, and none of it is lost.
    let all = ["g", "g.gas", "p"].map(|name| of(&world, &values, name)).iter().sum::<f64>();
    close(all, 200.0, 1e-6);
    let slug = &world.train.slugs()[index];
    let given =
        (slug.to_ul - slug.slug_to_ul) / (slug.slug_to_ul - slug.from_ul) * STANDARD.mmol_per_l();
    close(all, given, 1e-9);
}

/// A frame shows slugs for as long as they pass: Q/(Q + Qg), with the gas that is left as it is pressed there.
#[test]
fn frames_show_bubbles_as_large_as_they_are_there() {
    let mut world = with(&EVEN);
    run(&mut world, 300.0, 2.0 * GAS_UL_PER_MIN, 1200.0);
    let at = world.engine.now();
    let shown = world.shown_ul(1, at);
    let swells = world.gas_l_per_mmol(1, at);
    close(swells.unwrap(), path::l_per_mmol(25.0, 300.0), 1e-3);
    let (index, values) = last(&mut world);
    let slug = world.train.slugs()[index].clone();
    let stage = world.plan.channels[0].stage;
    let parts = world.parts(stage, swells, slug.from_ul, slug.to_ul);
    assert!(shown >= slug.from_ul - 1.0);
    let left = of(&world, &values, "g.gas");
    assert!(left > 100.0 && left < 190.0, "{left} mM");
    let expected = 1.0 / (1.0 + left * path::l_per_mmol(25.0, 300.0));
    let weight = parts.slugs.iter().find(|(slug, _)| *slug == index).unwrap().1;
    close(f64::from(weight), expected, 1e-3);
}

/// A rig at rest is where a run leads: the same slug, without noise.
#[test]
fn at_rest_is_where_a_run_leads() {
    for change in ["film = false, kla_per_s = 0.05", "film = true", "film = false"] {
        let changes = [
            ("film = false, kla_per_s = 0.05", change),
            ("interfacial_tension_mn_per_m = 0.1", "interfacial_tension_mn_per_m = 30.0"),
            ("viscosity_mpa_s = 10.0", "viscosity_mpa_s = 1.0"),
            ("width_mm = 3.0, epsilon = 10.0", "width_mm = 0.5, epsilon = 2.0"),
            ("outlet_kpa = 110.0", "outlet_kpa = 300.0"),
        ];
        let mut world = with(&changes);
        run(&mut world, 300.0, GAS_UL_PER_MIN, 1200.0);
        let (_, values) = last(&mut world);
        let mut rest = with(&changes);
        let rate = |pump: &str, rate| (pump.into(), flowtwin_lab::FlowRate::from_ul_per_min(rate));
        let pumps = vec![rate("a", 300.0), rate("gas", GAS_UL_PER_MIN)];
        rest.rest(&flowtwin_lab::Settings { heaters: vec![], pumps });
        let index = rest.place_slug(1, rest.engine.now());
        let stage = rest.plan.channels[0].stage;
        let standing = rest.become_of(stage, index).values.clone();
        for name in ["s", "p", "g", "g.gas"] {
            close(of(&rest, &standing, name), of(&world, &values, name), 2e-3);
        }
        assert!(of(&world, &values, "p") > 1.0);
    }
}

/// A film holds liquid back: slugs take longer by (m − φ)/(m (1 − φ)), with φ the share of gas.
#[test]
fn a_film_makes_slugs_slower_than_the_mean() {
    let time = |film: &str| {
        let mut world = with(&[
            ("film = false", film),
            ("interfacial_tension_mn_per_m = 0.1", "interfacial_tension_mn_per_m = 3.0"),
            EVEN[0],
            EVEN[1],
            ("mole_fractions = { g = 1.0 }", "mole_fractions = {}"),
        ]);
        run(&mut world, 300.0, GAS_UL_PER_MIN, 1200.0);
        let formed = Instant::from_secs(900.0);
        world.leg(formed, 0.0, (0, 1), 1.0).left.unwrap().since(formed).as_secs()
    };
    let gas = 500.0 * path::l_per_mmol(25.0, 300.6);
    let share = gas / (gas + 5.0);
    let speed = 1e-3 * (gas + 5.0) / (std::f64::consts::PI * 0.0625);
    let power = math::pow(1e-4 * speed / 3e-3, 2.0 / 3.0);
    let core = 1.0 - 1.34 * power / (1.0 + 3.35 * power);
    let ahead = 1.0 / (core * core);
    let slower = (ahead - share) / (ahead * (1.0 - share));
    assert!(slower > 1.01, "{slower}");
    close(time("film = true") / time("film = false"), slower, 1e-3);
}

/// A gas that a fast reaction takes up at its highest rate, F = kLa H p for each volume of slug: n = n₀ − F t, and a slug has come to
/// V = Q (t + v (n₀ t − F t²/2)) with the volume v = RT/p.
#[test]
fn bubbles_that_dissolve_keep_slugs_longer() {
    let fast = (
        "equation = \"g -> p\"\nk_in_mol_l_s = 0.2",
        "equation = \"g -> p\"\nk_in_mol_l_s = 200.0",
    );
    let mut world = with(&EVEN);
    let changes: Vec<(&str, &str)> =
        EVEN[..2].iter().copied().chain([(EVEN[2].0, fast.1)]).collect();
    let mut taken = with(&changes);
    let time = |world: &mut World| {
        run(world, 300.0, 1.5 * GAS_UL_PER_MIN, 1500.0);
        let formed = Instant::from_secs(1000.0);
        world.leg(formed, 0.0, (0, 1), 1.0).left.unwrap().since(formed).as_secs()
    };
    let (slow, seconds) = (time(&mut world), time(&mut taken));
    let (n, v) = (150.0, path::l_per_mmol(25.0, 300.7));
    let taken_up = 0.05 * 0.05 * 300.7;
    let whole = 981.747_704 / 5.0;
    let half = 0.5 * v * taken_up;
    let linear = 1.0 + v * n;
    let expected = (linear - (linear * linear - 4.0 * half * whole).sqrt()) / (2.0 * half);
    close(seconds, expected, 5e-3);
    // Bubbles as fed would leave it less time, by more than the error.
    let fed = whole / linear;
    assert!(seconds > 1.05 * fed && slow > fed, "{seconds} s, {slow} s, {fed} s");
    let (_, values) = last(&mut taken);
    close(of(&taken, &values, "g.gas"), n - taken_up * expected, 2e-2);
}

fn refused(changes: &[(&str, &str)], key: &str, words: &str) {
    let error = plan(changes).unwrap_err();
    assert_eq!(error.key(), key, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

const CONTROLLER: &str =
    "gases.gas = { stock = \"gas\", slowest_ml_per_min = 0.01, fastest_ml_per_min = 100.0 }";
const PURE: &str = "gas = { mole_fractions = { g = 1.0 } }";

#[test]
fn gas_where_it_cannot_flow_is_refused() {
    let tank = ("heat_s = 1.0 },\n]", "heat_s = 1.0, tank = true },\n]");
    refused(&[tank], "rig.tube.1.tank", "no headspace");
    let bed = ("heat_s = 1.0 },\n]", "heat_s = 1.0, bed = { particle_um = 100.0 } },\n]");
    refused(&[bed], "rig.tube.1.bed", "slugs keep to themselves");
    let oil = "pump = \"gas\", liquid = { density_kg_per_m3 = 1000.0, expansion_per_k = 0.0, viscosity_mpa_s = 1.0, viscosity_k = 0.0, heat_capacity_j_per_kg_k = 4000.0 },";
    refused(&[("pump = \"gas\",", oil)], "rig.carrier.liquid", "delivers no liquid");
    let other = CONTROLLER.replace("gases.gas", "gases.other");
    let both = format!("{CONTROLLER}\n{other}");
    let stream = ("streams.a = { pumps = [\"a\"]", "streams.a = { pumps = [\"a\", \"other\"]");
    let added = [(CONTROLLER, both.as_str()), stream];
    refused(&added, "rig.streams.a.pumps.1", "between slugs only");
    refused(&added[..1], "rig.gases.other", "no carrier is this gas");
    let meter = (
        "lights.white",
        "sensors.meter = { stretch = \"end\", measures = \"flow\" }\nlights.white",
    );
    refused(&[meter], "rig.sensors.meter.measures", "neither the liquid nor the gas");
    let hot = ("kla_per_s = 0.05", "hot_ul = 5.0, heater = \"none\"");
    refused(&[hot], "rig.carrier.heater", "none");
    let liquid = [
        (CONTROLLER, "pumps.gas = { stock = \"gas\", bore_mm = 10.0, fill_ml = 10.0 }"),
        (PURE, "gas = {}"),
    ];
    refused(&liquid, "rig.carrier.liquid", "`rig.gases`");
}

#[test]
fn gases_that_are_not_known_are_refused() {
    let key = "stocks.gas.mole_fractions";
    let mixed = |to| [("{ g = 1.0 }", to)];
    refused(&mixed("{ g = 0.7, n2 = 0.4 }"), key, "sum to 1.1");
    refused(&mixed("{ g = 0.7, n2 = 0.3 }"), &format!("{key}.n2"), "henry_mm_per_kpa");
    let liquid = (PURE, "gas = { concentrations_mm = { g = 1.0 } }");
    refused(&[liquid], "stocks.gas.concentrations_mm", "mole_fractions");
    let in_liquid = ("{ s = 50.0 } }", "{ s = 50.0 }, mole_fractions = { g = 0.1 } }");
    refused(&[in_liquid], "stocks.a.mole_fractions", "no mass-flow controller");
    let slow = ("{ flow_ul_per_min = 0.0 }", "{ flow_ul_per_min = 0.0, time_s = 1.0 }");
    refused(&[slow], "rig.mixing.time_s", "gases that dissolve");
    let range = ("slowest_ml_per_min = 0.01", "slowest_ml_per_min = 200.0");
    refused(&[range], "rig.gases.gas.slowest_ml_per_min", "less than the fastest");
    let solid = ("henry_mm_per_kpa = 0.05", "henry_mm_per_kpa = 0.05, solubility_mm = 3.0");
    refused(&[solid], "chemistry.species.g.henry_mm_per_kpa", "a gas or a solid");
}
