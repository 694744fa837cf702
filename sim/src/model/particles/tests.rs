//! Colour, width and quantum yield against hand calculation and against particles that are added up.

use super::*;

const NAMES: [&str; 9] =
    ["unit", "br_x", "i_x", MOMENTS[0], MOMENTS[1], MOMENTS[2], MOMENTS[3], "product", "quality"];

/// h²/(2 mₑ) = 1.504 122 eV nm² and e²/(4π ε₀) = 1.439 964 eV nm (CODATA 2018): for spheres of diameter d after Brus
/// A = h²/(2 μ), B = 3.572 e²/(4π ε₀ ε), out of the reduced mass in electron masses and the relative permittivity.
fn brus(reduced_mass: f64, permittivity: f64) -> (f64, f64) {
    (1.504_122 / reduced_mass, 3.572 * 1.439_964 / permittivity)
}

fn look(more: &str) -> Look {
    let (confinement, attraction) = brus(0.126, 7.3);
    let text = format!(
        "deposit = \"unit -> 3 br_x\"\nunit_nm3 = 0.2\nnucleus_nm = 1.0\n\
         nucleation = {{ nmol_per_l_s = 2.0, at_mm = 1.0, order = 3.0 }}\n\
         growth = {{ nm_per_s = 0.05, at_mm = 1.0 }}\n{more}\n[pure]\n\
         br_x = {{ bulk_ev = 2.30, confinement_ev_nm2 = {confinement}, attraction_ev_nm = {attraction}, quantum_yield = 0.9 }}\n\
         i_x = {{ bulk_ev = 1.73, quantum_yield = 0.5 }}\n"
    );
    let place = |name: &str| NAMES.iter().position(|known| *known == name);
    Look::new(&toml::from_str(&text).unwrap(), [7, 8], &place).unwrap()
}

/// 1 µM of particles of this mean and deviation \[nm\], with this share of iodide.
fn values(mean: f64, deviation: f64, iodide: f64) -> [f64; 9] {
    let square = mean * mean + deviation * deviation;
    let cube = mean * (mean * mean + 3.0 * deviation * deviation);
    let moments = [1e-3, 1e-3 * mean, 1e-3 * square, 1e-3 * cube];
    let [m0, m1, m2, m3] = moments;
    [0.0, 1.0 - iodide, iodide, m0, m1, m2, m3, 0.0, 0.0]
}

fn close(found: f64, expected: f64, relative: f64) {
    assert!((found / expected - 1.0).abs() <= relative, "{found}, not {expected}");
}

/// CsPbBr3 of 8 nm with a reduced mass of 0.126 and ε = 7.3 (Yang et al. 2017, DOI 10.1021/acsenergylett.7b00416): 0.1865 eV of
/// confinement less 0.0881 eV of attraction.
#[test]
fn a_sphere_of_eight_nanometres_emits_where_brus_says() {
    let (peak_nm, width_ev) = look("").emits(&values(8.0, 0.0, 0.0), 0.08).unwrap();
    close(HC_EV_NM / peak_nm, 2.30 + 0.186_523 - 0.088_075, 1e-5);
    close(width_ev, 0.08, 1e-12);
}

/// CsPbI2Br: 1.92 eV between 1.73 and 2.30 eV (Sutton et al. 2016, DOI 10.1002/aenm.201502458), on the straight line of Vegard; what
/// bowing adds is b x (1 − x).
#[test]
fn a_mixture_lies_on_the_line_of_vegard_less_its_bowing() {
    let large = values(1e4, 0.0, 2.0 / 3.0);
    let (peak_nm, _) = look("").emits(&large, 0.08).unwrap();
    assert!((HC_EV_NM / peak_nm - 1.92).abs() < 0.01, "{peak_nm} nm");
    let bowing = "bowing = [{ between = [\"br_x\", \"i_x\"], ev = 0.3 }]";
    let (bowed_nm, _) = look(bowing).emits(&large, 0.08).unwrap();
    close(HC_EV_NM / peak_nm - HC_EV_NM / bowed_nm, 0.3 * 2.0 / 9.0, 1e-9);
}

/// The slope of the law by size carries its spread over: 2A/d³ − B/d² = 0.0356 eV/nm at 8 nm.
#[test]
fn dispersity_widens_the_band_by_the_slope_of_the_law() {
    let (_, width_ev) = look("").emits(&values(8.0, 0.5, 0.0), 0.08).unwrap();
    let slope: f64 = 2.0 * 11.937_476 / 512.0 - 0.704_597 / 64.0;
    close(width_ev, (0.08 * 0.08 + 2.354_82 * 2.354_82 * 0.25 * slope * slope).sqrt(), 1e-5);
}

/// Particles of sizes spread as a Gaussian, each with its own band, are added up: half their height lies where the law says.
#[test]
fn bands_of_many_particles_add_up_to_the_width() {
    let (own, sigma) = (look(""), 0.08 / FWHM);
    let (mean, deviation) = (8.0, 0.6);
    let energy = |size: f64| own.mixed(&[1.0, 0.0], size).ev;
    let height = |ev: f64| {
        (-300..=300).fold(0.0, |sum, i| {
            let z = 0.01 * f64::from(i);
            let off = (ev - energy(mean + z * deviation)) / sigma;
            sum + flowtwin_lab::math::exp(-0.5 * (z * z + off * off))
        })
    };
    let grid = (0..4_000).map(|i| 2.2 + 1e-4 * f64::from(i));
    let all: Vec<(f64, f64)> = grid.map(|ev| (ev, height(ev))).collect();
    let top = all.iter().fold(0.0, |top: f64, (_, height)| top.max(*height));
    let above: Vec<f64> = all.iter().filter(|(_, h)| *h >= 0.5 * top).map(|(ev, _)| *ev).collect();
    let width = above[above.len() - 1] - above[0];
    let (_, expected) = own.emits(&values(mean, deviation, 0.0), 0.08).unwrap();
    close(width, expected, 0.02);
}

/// Shares that spread by s √(x (1 − x)) shift energies by their slope, 0.57 eV for large particles.
#[test]
fn uneven_composition_widens_the_band() {
    let own = look("share_spread = 0.1");
    let (_, width_ev) = own.emits(&values(1e4, 0.0, 0.3), 0.08).unwrap();
    let spread = 0.1 * 0.21_f64.sqrt() * 0.57;
    close(width_ev, (0.08 * 0.08 + 2.354_82 * 2.354_82 * spread * spread).sqrt(), 1e-4);
    let (_, pure_ev) = own.emits(&values(1e4, 0.0, 0.0), 0.08).unwrap();
    close(pure_ev, 0.08, 1e-12);
}

/// Yields by share, and what the surface takes: 1/(1 + 20/d²).
#[test]
fn the_quantum_yield_follows_size_and_composition() {
    let own = look("quality = [{ surface = { loss = 20.0, power = 2.0 } }]");
    let mut seen = values(8.0, 0.5, 0.25);
    own.tell(&mut seen);
    close(seen[8], (0.75 * 0.9 + 0.25 * 0.5) / (1.0 + 20.0 / 64.0), 1e-9);
    let units = std::f64::consts::PI / 6.0 * 1e-3 * 8.0 * (64.0 + 0.75) / 0.2;
    close(seen[7], units, 1e-9);
}

#[test]
fn where_there_are_no_particles_there_is_no_light() {
    let mut nothing = [0.0; 9];
    look("").tell(&mut nothing);
    assert!(nothing.iter().all(|value| *value == 0.0), "{nothing:?}");
    assert!(look("").band(&nothing, 0.08).is_none());
}

#[test]
fn names_that_nothing_holds_are_told_with_their_key() {
    let text = "bowing = [{ between = [\"br_x\", \"cl_x\"], ev = 0.3 }]";
    let spec: spec::Particles = toml::from_str(&format!(
        "deposit = \"unit -> 3 br_x\"\nunit_nm3 = 0.2\nnucleus_nm = 1.0\n{text}\n\
         nucleation = {{ nmol_per_l_s = 2.0, at_mm = 1.0, order = 3.0 }}\n\
         growth = {{ nm_per_s = 0.05, at_mm = 1.0 }}\npure = {{ br_x = {{ bulk_ev = 2.3 }} }}\n"
    ))
    .unwrap();
    let place = |name: &str| NAMES.iter().position(|known| *known == name);
    let unknown = Look::new(&spec, [7, 8], &place).unwrap_err();
    assert_eq!((unknown.key.as_str(), unknown.name.as_str()), ("bowing.0.between.1", "cl_x"));
}
