//! Light through a whole rig: what excites, what absorbs on the way, what the tube emits, how lamps age and wavelengths wander.

use std::sync::Arc;

use flowtwin_lab::{
    Command, Exposure, FlowRate, Lab as _, Reply, Settings, Span, SpectrometerId, Streams, math,
};
use flowtwin_sim::spec::World;
use flowtwin_sim::{Plan, PlanError, SimLab, Steady};

/// Two dyes in slugs; one absorbs and emits, the other only absorbs. The bore is 1.6 mm.
const RIG: &str = r#"
[rig]
name = "cuvette of slugs"
ambient_c = 25.0
timed_stream = "in"
liquid = { density_kg_per_m3 = 997.0, expansion_per_k = 0.0, viscosity_mpa_s = 0.9, viscosity_k = 0.0, heat_capacity_j_per_kg_k = 4180.0 }
streams = { in = { pumps = ["glowing", "grey"], bore_mm = 0.8, cold_ul = 20.0 } }
segmentation = { width_mm = 1.6, any_ratio = true }

[rig.pumps]
glowing = { stock = "glowing", bore_mm = 14.57, fill_ml = 10.0 }
grey = { stock = "grey", bore_mm = 14.57, fill_ml = 10.0 }
oil = { stock = "oil", bore_mm = 20.0, fill_ml = 20.0 }

[rig.carrier]
pump = "oil"
liquid = { density_kg_per_m3 = 950.0, expansion_per_k = 0.0, viscosity_mpa_s = 10.0, viscosity_k = 0.0, heat_capacity_j_per_kg_k = 1460.0 }
interfacial_tension_mn_per_m = 35.0

[[rig.tube]]
name = "cell"
bore_mm = 1.6
volume_ul = 100.0
heat_s = 8.0

[rig.lights.lamp]
sources = [
  { counts = 10000.0, spectrum = { gaussian = { centre_nm = 400.0, fwhm_nm = 40.0 } } },
  { counts = 30000.0, spectrum = { gaussian = { centre_nm = 470.0, fwhm_nm = 20.0 } } },
]

[rig.spectrometers.emission]
cell = "cell"
light = "lamp"
signal = "emission"
pixels = 801
wavelength_coefficients = [350.0, 0.5, 0.0, 0.0]
slit_nm = 2.0
nonlinearity_percent = 0.0
stray_percent = 0.0

[rig.spectrometers.absorption]
cell = "cell"
light = "lamp"
signal = "transmission"
pixels = 801
wavelength_coefficients = [350.0, 0.5, 0.0, 0.0]
slit_nm = 2.0
nonlinearity_percent = 0.0
stray_percent = 0.0

[stocks]
glowing = { concentrations_mm = { dye = 2.0 } }
grey = { concentrations_mm = { filter = 2.0 } }
oil = {}

[optics]
excitation_nm = 400.0
counts_scale = 20000.0
scatter = { carrier = 0.0, slug = 0.0 }

[[optics.absorption]]
of = "dye"
epsilon_per_m_cm = 3000.0
at_nm = 400.0
shape = [{ gaussian = { centre_nm = 400.0, fwhm_nm = 50.0 } }]

[[optics.absorption]]
of = "filter"
epsilon_per_m_cm = 2000.0
at_nm = 400.0
shape = [{ flat = 1.0 }]

[[optics.emission]]
name = "glow"
peak_nm = 600.0
fwhm_ev = 0.2
scale = 1.0
absorbed_by = "dye"
"#;

fn world() -> World {
    toml::from_str(RIG).unwrap()
}

/// What a spectrometer counts above the dark, in carrier and in a slug in which both dyes are as strong: 1 mM of each.
fn seen(world: &World, spectrometer: &str, hours: f64) -> (Vec<f64>, Vec<f64>) {
    let rates = [("glowing", 100.0), ("grey", 100.0), ("oil", 200.0)];
    let mut settings = Settings::default();
    for (pump, rate) in rates {
        settings.pumps.push((pump.into(), FlowRate::from_ul_per_min(rate)));
    }
    let mut steady = Steady::new(&Plan::new(world).unwrap());
    steady.set(&settings);
    steady.age(hours);
    let counts = steady.counts(&SpectrometerId::new(spectrometer), 20_000).unwrap();
    let above = |seen: &[f64]| seen.iter().zip(&counts.dark).map(|(c, dark)| c - dark).collect();
    (above(&counts.carrier), above(&counts.slug))
}

/// Counts of the slug at a wavelength.
fn emitted(world: &World, nm: f64) -> f64 {
    seen(world, "emission", 0.0).1[((nm - 350.0) / 0.5) as usize]
}

fn close(found: f64, expected: f64, within: f64) {
    assert!((found / expected - 1.0).abs() < within, "{found}, not {expected}");
}

/// Absorbance of a millimolar through the bore: 0.16 cm · 1e-3 M · ε.
const DYE_AU: f64 = 0.16e-3 * 3000.0;
const FILTER_AU: f64 = 0.16e-3 * 2000.0;

fn share(absorbance: f64) -> f64 {
    1.0 - math::exp10(-absorbance)
}

/// Both dyes share the light by their absorbance (Parker and Rees, Analyst 1962, 87, 83), and half of the bore filters what comes out
/// at 600 nm.
#[test]
fn everything_that_absorbs_takes_its_share_of_the_excitation_and_of_the_emission() {
    let mut world = world();
    // The slit of 2 nm rounds the top of the band by 6e-4.
    close(emitted(&world, 600.0), 20_000.0 * share(DYE_AU), 1e-3);
    world.optics.inner_filter = flowtwin_sim::spec::InnerFilter::All;
    let all = DYE_AU + FILTER_AU;
    let expected = 20_000.0 * DYE_AU / all * share(all) * math::exp10(-0.5 * FILTER_AU);
    close(emitted(&world, 600.0), expected, 1e-3);
    // A band that no species absorbs for has the mean of the light along the bore.
    world.optics.emission[0].absorbed_by = None;
    let mean = share(all) / (all * std::f64::consts::LN_10);
    let expected = 20_000.0 * mean * math::exp10(-0.5 * FILTER_AU);
    close(emitted(&world, 600.0), expected, 1e-3);
}

/// What particles scatter out of the beam is lost to what passes, and is not absorbed: nothing emits by it.
#[test]
fn scattered_light_dims_the_beam_and_excites_nothing() {
    let mut world = world();
    let before = emitted(&world, 600.0);
    let passes = |world: &World| seen(world, "absorption", 0.0).1[100];
    let bright = passes(&world);
    let scatters = "of = \"dye\"\nepsilon_per_m_cm = 1500.0\nat_nm = 400.0\nscatters = true\n\
                    shape = [{ power = { at_nm = 400.0, exponent = 4.0 } }]\n";
    world.optics.absorption.push(toml::from_str(scatters).unwrap());
    let scattered = 0.5 * DYE_AU;
    close(passes(&world) / bright, math::exp10(-scattered), 2e-3);
    close(emitted(&world, 600.0), before, 1e-12);
    world.optics.inner_filter = flowtwin_sim::spec::InnerFilter::All;
    let all = DYE_AU + FILTER_AU + scattered;
    // At 600 nm a part (400/600)⁴ of it is left.
    let out = FILTER_AU + scattered * (2.0 / 3.0) * (2.0 / 3.0) * (2.0 / 3.0) * (2.0 / 3.0);
    let expected = 20_000.0 * DYE_AU / all * share(all) * math::exp10(-0.5 * out);
    close(emitted(&world, 600.0), expected, 1e-3);
    world.optics.absorption.remove(0);
    let refusal = Plan::new(&world).unwrap_err().to_string();
    assert!(refusal.contains("the band would be dark"), "{refusal}");
}

/// Each wavelength of the light counts by its part: sums of 20 000 steps.
#[test]
fn a_spectrum_excites_by_what_is_absorbed_at_each_of_its_wavelengths() {
    let mut world = world();
    world.optics.excitation = flowtwin_sim::spec::Excitation::Spectrum;
    let height = |nm: f64, centre: f64, fwhm: f64| {
        let off = (nm - centre) / fwhm;
        math::exp(-4.0 * std::f64::consts::LN_2 * off * off)
    };
    let (mut light, mut absorbed) = (0.0, 0.0);
    for i in 0..20_000 {
        let nm = 300.0 + 0.015 * f64::from(i);
        let counts = height(nm, 400.0, 40.0) + 3.0 * height(nm, 470.0, 20.0);
        light += counts;
        absorbed += counts * share(DYE_AU * height(nm, 400.0, 50.0));
    }
    close(emitted(&world, 600.0), 20_000.0 * absorbed / light, 2e-3);
}

/// Twice the light of the lamp is twice the emission where `excitation_counts` says what its usual light is.
#[test]
fn brighter_excitation_emits_more_where_its_usual_counts_are_known() {
    let mut world = world();
    let before = emitted(&world, 600.0);
    world.optics.excitation_counts = Some(30_000.0);
    // The sources add 2 counts at 470 nm to the maximum.
    close(emitted(&world, 600.0), before, 1e-3);
    for source in &mut world.rig.lights.get_mut("lamp").unwrap().sources {
        source.counts *= 2.0;
    }
    close(emitted(&world, 600.0), 2.0 * before, 1e-3);
    world.optics.excitation_counts = None;
    close(emitted(&world, 600.0), before, 1e-12);
}

/// What particles scatter goes with their concentration; the wall of the tube emits beside slug and carrier alike.
#[test]
fn particles_scatter_and_the_tube_glows_in_slugs_and_in_carrier() {
    let mut world = world();
    world.optics.emission.clear();
    world.optics.scatter.by.insert("dye".into(), 0.01);
    let (carrier, slug) = seen(&world, "emission", 0.0);
    close(slug[100], 0.01 * 10_000.0, 0.01);
    assert!(carrier[100].abs() < 1e-9, "{}", carrier[100]);
    let glow = "name = \"tube\"\npeak_nm = 520.0\nfwhm_ev = 0.6\nscale = 0.02\nof_tube = true\n";
    world.optics.emission.push(toml::from_str(glow).unwrap());
    let (carrier, slug) = seen(&world, "emission", 0.0);
    close(carrier[340], 0.02 * 20_000.0, 1e-3);
    // The lamp is dark there, so that nothing is scattered.
    close(slug[340], carrier[340], 1e-6);
    // What is in the slug does not take the light from the wall before it.
    world.optics.inner_filter = flowtwin_sim::spec::InnerFilter::All;
    close(seen(&world, "emission", 0.0).1[340], carrier[340], 1e-6);
    world.optics.emission[0].times = vec!["dye".into()];
    match Plan::new(&world).unwrap_err() {
        PlanError::Inconsistent { key, .. } => assert_eq!(key, "optics.emission.0.of_tube"),
        other => panic!("{other}"),
    }
}

/// One source of a lamp loses 10 % in an hour, the other none; a third number has no source.
#[test]
fn sources_of_a_lamp_age_apart() {
    let mut world = world();
    let noise = "each_drift_percent_per_h = [10.0, 0.0]\n";
    world.noise.lights.insert("lamp".into(), toml::from_str(noise).unwrap());
    let (young, _) = seen(&world, "absorption", 0.0);
    let (old, _) = seen(&world, "absorption", 1.0);
    close(old[100] / young[100], 0.9, 1e-3);
    close(old[240] / young[240], 1.0, 1e-3);
    let frame = |hours: f64| {
        let mut lab = SimLab::new(Arc::new(Plan::new(&world).unwrap()), Streams::new(1));
        lab.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
        lab.wait(Span::from_secs(3600.0 * hours)).unwrap();
        let exposure = Exposure { integration_us: 20_000, frames: 1 };
        lab.send(&Command::Arm { spectrometer: "absorption".into(), exposure }).unwrap();
        lab.wait(Span::from_secs(0.02)).unwrap();
        match lab.send(&Command::Fetch { spectrometer: "absorption".into() }).unwrap() {
            Reply::Frames(frames) => {
                let counts: Vec<f64> =
                    frames.counts().iter().map(|count| f64::from(*count) - 1357.0).collect();
                (counts[100], counts[240])
            }
            other => panic!("{other:?}"),
        }
    };
    let (first, second) = (frame(0.0), frame(1.0));
    close(second.0 / first.0, 0.9, 1e-3);
    close(second.1 / first.1, 1.0, 1e-3);
    world.noise.lights.get_mut("lamp").unwrap().each_drift_percent_per_h.push(1.0);
    let refusal = Plan::new(&world).unwrap_err().to_string();
    assert!(refusal.contains("3 numbers for a light of 2 sources"), "{refusal}");
}

/// Pixels that show light of longer wavelengths see the band earlier: by half a nanometre of offset and a quarter an hour of drift.
#[test]
fn wavelengths_are_off_and_wander() {
    let mut world = world();
    let middle = |world: &World, hours: f64| {
        let (_, slug) = seen(world, "emission", hours);
        let sum: f64 = slug.iter().sum();
        slug.iter().enumerate().map(|(i, c)| (350.0 + 0.5 * i as f64) * c).sum::<f64>() / sum
    };
    let right = middle(&world, 0.0);
    world.rig.spectrometers.get_mut("emission").unwrap().wavelength_offset_nm = 0.5;
    let noise = "wavelength_drift_nm_per_h = 0.25\n";
    world.noise.spectrometers.insert("emission".into(), toml::from_str(noise).unwrap());
    for (hours, off_nm) in [(0.0, 0.5), (2.0, 1.0)] {
        let moved = right - middle(&world, hours);
        assert!((moved - off_nm).abs() < 0.01, "{moved} nm after {hours} h");
    }
}

/// Lines of the lamp keep their area, whatever the slit, and stand where deuterium has them.
#[test]
fn lines_of_a_lamp_are_as_wide_as_the_slit_and_keep_their_area() {
    for slit_nm in [1.0, 4.0] {
        let mut world = world();
        let lines = "counts = 10000.0\nspectrum = { gaussian = { centre_nm = 400.0, fwhm_nm = 40.0 } }\n\
                     lines = [{ at_nm = 486.0, area_nm = 0.3 }, { at_nm = 656.1, area_nm = 1.5 }]\n";
        world.rig.lights.get_mut("lamp").unwrap().sources[0] = toml::from_str(lines).unwrap();
        world.rig.spectrometers.get_mut("absorption").unwrap().slit_nm = slit_nm;
        let (lit, _) = seen(&world, "absorption", 0.0);
        let area = |from_nm: f64, to_nm: f64| {
            let pixel = |nm: f64| ((nm - 350.0) / 0.5) as usize;
            lit[pixel(from_nm)..pixel(to_nm)].iter().map(|counts| 0.5 * counts).sum::<f64>()
        };
        close(area(640.0, 672.0), 10_000.0 * 1.5, 1e-3);
        let highest = (540..700).max_by(|&a, &b| lit[a].total_cmp(&lit[b])).unwrap();
        assert!((350.0 + 0.5 * highest as f64 - 656.1).abs() <= 0.5, "{highest}");
    }
}
