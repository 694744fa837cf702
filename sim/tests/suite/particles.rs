//! Particles by moments through a whole rig: what they hold, what colour they have, and scenarios that cannot be.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowtwin_lab::{
    AnalyserId, Command, FlowRate, Lab as _, Reply, Settings, Span, SpectrometerId, Streams,
    Temperature, Volume,
};
use flowtwin_sim::spec::{Analyser, Factor, World};
use flowtwin_sim::{Plan, PlanError, SimLab, Steady};

use crate::support::world_of;

const RATES: [(&str, f64); 5] =
    [("plumbate", 60.0), ("ligand", 15.0), ("cs", 60.0), ("halide", 20.0), ("fluorocarbon", 135.0)];

fn world() -> World {
    world_of("quantum-dots")
}

fn refusal(change: impl Fn(&mut World)) -> PlanError {
    let mut world = world();
    change(&mut world);
    Plan::new(&world).unwrap_err()
}

/// An analyser that finds these species behind the rig.
fn analyser(species: &[&str]) -> Analyser {
    let peaks: Vec<String> = species
        .iter()
        .enumerate()
        .map(|(i, of)| format!("{{ of = \"{of}\", at_s = {}.0 }}", 10 + 20 * i))
        .collect();
    let text = format!(
        "stretch = \"cell\"\nrun_s = 600.0\nplates = 100000.0\npeaks = [{}]\n",
        peaks.join(", ")
    );
    toml::from_str(&text).unwrap()
}

/// What an analyser finds in the slugs of the rig, by species [mM].
fn found(species: &[&str]) -> BTreeMap<String, f64> {
    let mut world = world();
    world.rig.analysers.insert("all".into(), analyser(species));
    let plan = Plan::new(&world).unwrap().noiseless();
    let mut lab = SimLab::new(Arc::new(plan), Streams::new(1));
    for (heater, celsius) in [("warm", 70.0), ("mild", 60.0)] {
        let at = Temperature::from_c(celsius);
        lab.send(&Command::Heat { heater: heater.into(), set_point_c: at }).unwrap();
    }
    lab.wait(Span::from_secs(600.0)).unwrap();
    for (pump, rate) in RATES {
        let command = Command::Dispense {
            pump: pump.into(),
            rate_ul_per_min: FlowRate::from_ul_per_min(rate),
            at_most_ul: Volume::from_ul(4e3),
        };
        lab.send(&command).unwrap();
    }
    lab.wait(Span::from_secs(500.0)).unwrap();
    let analyser = AnalyserId::new("all");
    let Reply::Ready(at) = lab.send(&Command::Inject { analyser: analyser.clone() }).unwrap()
    else {
        panic!("never ready");
    };
    lab.wait_until(at).unwrap();
    match lab.send(&Command::Results { analyser }).unwrap() {
        Reply::Results(mm) => species.iter().map(|name| (*name).to_owned()).zip(mm).collect(),
        other => panic!("{other:?}"),
    }
}

/// Everything that pumps bring is in the solution or in the particles: 3 mM of lead and of caesium in 60 of 155 µL/min, each lead with
/// three bromides beside 1 mM of free ones, and 40 mM of iodide in 20 of 155.
#[test]
fn what_goes_in_is_in_solution_or_in_particles() {
    let all = ["cs", "plumbate", "unit", "lattice", "br_x", "i_x", "bromide", "iodide"];
    let mm = found(&all);
    let share = 60.0 / 155.0;
    let close = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 2e-5 * expected, "{found}, not {expected}: {mm:?}");
    };
    close(mm["cs"] + mm["unit"] + mm["lattice"], 3.0 * share);
    close(mm["plumbate"] + mm["unit"] + mm["lattice"], 3.0 * share);
    close(mm["iodide"] + mm["i_x"], 40.0 * 20.0 / 155.0);
    let bromides = 3.0 * (mm["plumbate"] + mm["unit"]) + mm["br_x"] + mm["bromide"];
    close(bromides, 10.0 * share);
    close(mm["br_x"] + mm["i_x"], 3.0 * mm["lattice"]);
    assert!(mm["lattice"] > 0.5 * 3.0 * share && mm["i_x"] > 0.1 * mm["br_x"], "{mm:?}");
}

/// Wavelength at which a rig at rest is brightest, and its counts there.
fn brightest(rates: &[(&str, f64)], warm_c: f64) -> (f64, f64) {
    let plan = Plan::new(&world()).unwrap();
    let mut settings = Settings::default();
    for (pump, rate) in rates {
        settings.pumps.push(((*pump).into(), FlowRate::from_ul_per_min(*rate)));
    }
    for (heater, celsius) in [("warm", warm_c), ("mild", 60.0)] {
        settings.heaters.push((heater.into(), Temperature::from_c(celsius)));
    }
    let mut steady = Steady::new(&plan);
    steady.set(&settings);
    let counts = steady.counts(&SpectrometerId::new("fluorescence"), 50_000).unwrap();
    let spec = &plan.world().rig.spectrometers["fluorescence"];
    let nm = |i: usize| {
        let [c0, c1, c2, _] = spec.wavelength_coefficients.map(f64::from);
        c0 + i as f64 * (c1 + i as f64 * c2)
    };
    let light = counts.slug.iter().zip(&counts.dark).map(|(slug, dark)| slug - dark).enumerate();
    let seen = light.map(|(i, counts)| (nm(i), counts)).filter(|(nm, _)| *nm > 450.0);
    seen.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

/// Without iodide the particles are green, and the more of it joins the redder they are.
#[test]
fn iodide_makes_particles_red() {
    let colours = [0.0, 5.0, 20.0, 50.0].map(|halide| {
        let rates = RATES.map(|(pump, rate)| (pump, if pump == "halide" { halide } else { rate }));
        brightest(&rates, 70.0).0
    });
    assert!((495.0..525.0).contains(&colours[0]), "{colours:?}");
    assert!(colours.windows(2).all(|pair| pair[1] > pair[0] + 5.0), "{colours:?}");
    assert!((610.0..680.0).contains(&colours[3]), "{colours:?}");
}

/// A rig without particles in it has no light but what is scattered.
#[test]
fn without_lead_there_is_no_light() {
    let rates = RATES.map(|(pump, rate)| (pump, if pump == "plumbate" { 0.0 } else { rate }));
    let (_, dark) = brightest(&rates, 70.0);
    let (_, bright) = brightest(&RATES, 70.0);
    assert!(bright > 1000.0 && dark < 0.05 * bright, "{dark} and {bright} counts");
}

#[test]
fn particles_that_cannot_be_are_refused_at_their_key() {
    type Change = fn(&mut World);
    fn own(world: &mut World) -> &mut flowtwin_sim::spec::Particles {
        world.chemistry.particles.as_mut().unwrap()
    }
    let refused: [(&str, Change); 12] = [
        ("chemistry.particles.deposit", |w| own(w).deposit = "unit + cs -> lattice".into()),
        ("chemistry.particles.deposit", |w| own(w).deposit = "unit <-> lattice + 3 br_x".into()),
        ("chemistry.particles.deposit", |w| own(w).deposit = "unit -> lattice + 2 br_x".into()),
        ("chemistry.particles.unit_nm3", |w| own(w).unit_nm3 = 0.0),
        ("chemistry.particles.growth.order", |w| own(w).growth.order = 9.0),
        ("chemistry.particles.pure.br_x.bulk_ev", |w| {
            own(w).pure.get_mut("br_x").unwrap().bulk_ev = 20.0;
        }),
        ("chemistry.particles.bowing.0.between.0", |w| own(w).bowing[0].between[0] = "cl_x".into()),
        ("chemistry.particles.bowing.0.between", |w| own(w).bowing[0].between[0] = "i_x".into()),
        ("chemistry.particles.quality.2.mixing", |w| {
            own(w).quality.push(Factor::Mixing { floor: 0.5 });
        }),
        ("chemistry.particles.quality.2.constant", |w| own(w).quality.push(Factor::Constant(2.0))),
        ("optics.emission.0.peak_nm", |w| w.optics.emission[0].peak_nm = Some(520.0)),
        ("optics.emission.0.of_particles", |w| {
            own(w).bowing.clear();
            own(w).pure.clear();
        }),
    ];
    for (key, change) in refused {
        assert_eq!(refusal(change).key(), key);
    }
    let none = refusal(|w| w.optics.emission[0].of_particles = false);
    assert_eq!(none.key(), "optics.emission.0.peak_nm");
    let product = world_of("cspbbr3").chemistry.product;
    let both = refusal(|w| {
        w.chemistry.reactions.clear();
        w.rig.streams.get_mut("halide").unwrap().joins = None;
        w.chemistry.product.clone_from(&product);
    });
    assert_eq!(both.key(), "chemistry.particles");
}
