//! Lights, bands and spectrometers, laid out on each spectrometer's pixels.

use flowtwin_lab::{SpectrometerId, math};

use super::{PlanError, Quantities, Stages, place};
use crate::model::emission::{EnergyBand, through_slit};
use crate::spec::{Absorber, Signal, Spectrometer, World};

/// A spectrometer with everything it can see, on its pixels.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) name: SpectrometerId,
    pub(crate) spec: Spectrometer,
    /// Stretch of the tube it looks at.
    pub(crate) cell: usize,
    /// Wavelengths of its pixels \[nm\].
    pub(crate) nm: Vec<f64>,
    /// The stage after which it sees the liquid.
    pub(crate) stage: usize,
    /// Light it works with.
    pub(crate) light: usize,
    /// Counts of each of the light's sources in one reference integration [sources][pixels].
    pub(crate) sources: Vec<Vec<f32>>,
    /// What absorbs in a slug; transmission only.
    pub(crate) absorbers: Vec<AbsorberPlan>,
    /// Shape of a change of the window, per AU; transmission only [pixels].
    pub(crate) window: Vec<f32>,
    /// What a slug emits; emission only.
    pub(crate) bands: Vec<BandPlan>,
    /// Light scattered by the carrier, in parts of the light; emission only.
    pub(crate) carrier_scatter: f32,
    /// Light scattered by a slug, in parts of the light; emission only.
    pub(crate) slug_scatter: f32,
    /// Whether it sees transmitted light.
    pub(crate) transmits: bool,
}

/// Something that absorbs.
#[derive(Clone, Debug)]
pub(crate) struct AbsorberPlan {
    /// Its quantity; none for the background.
    pub(crate) of: Option<usize>,
    /// Absorbance for one mM, or of the background [pixels].
    pub(crate) absorbance: Vec<f32>,
}

/// An emission band.
#[derive(Clone, Debug)]
pub(crate) struct BandPlan {
    /// Counts of an amplitude of one.
    pub(crate) counts: f64,
    /// Quantity that absorbs the excitation, and its absorbance there for one mM.
    pub(crate) absorbed_by: Option<(usize, f64)>,
    /// Quantities it is proportional to.
    pub(crate) times: Vec<usize>,
    /// Relative to its maximum [pixels]; empty where particles say where it is.
    pub(crate) shape: Vec<f32>,
    /// Width of a single particle \[eV\], where particles emit it.
    pub(crate) of_particles: Option<f64>,
}

pub(super) fn channels(
    world: &World,
    quantities: &Quantities,
    lights: &[String],
    stages: &Stages,
) -> Result<Vec<Channel>, PlanError> {
    let spectrometers = world.rig.spectrometers.iter();
    let channel = |(name, spec): (&String, &Spectrometer)| {
        let mut channel = channel(world, quantities, lights, name, spec)?;
        channel.stage = stages.seen_after(channel.cell);
        Ok(channel)
    };
    spectrometers.map(channel).collect()
}

fn channel(
    world: &World,
    quantities: &Quantities,
    lights: &[String],
    name: &str,
    spec: &Spectrometer,
) -> Result<Channel, PlanError> {
    let grid = Grid::new(name, spec)?;
    let tube = &world.rig.tube;
    let cell = tube.iter().position(|s| s.name == spec.cell).expect("names have been checked");
    let path_cm = 0.1 * tube[cell].bore_mm;
    let transmits = spec.signal == Signal::Transmission;
    let absorbers = absorbers(world, quantities, &grid, path_cm)?;
    let bands = bands(world, quantities, &grid, path_cm)?;
    let scatter = &world.optics.scatter;
    let lamp = &world.rig.lights[&spec.light].sources;
    Ok(Channel {
        name: SpectrometerId::new(name),
        cell,
        stage: 0,
        nm: grid.nm.clone(),
        light: place(lights, &spec.light),
        sources: lamp
            .iter()
            .map(|source| grid.lay(|nm| source.counts * source.spectrum.height(nm)))
            .collect(),
        absorbers: if transmits { absorbers } else { Vec::new() },
        window: if transmits { window(world, &grid) } else { Vec::new() },
        bands: if transmits { Vec::new() } else { bands },
        carrier_scatter: scatter.carrier as f32,
        slug_scatter: scatter.slug as f32,
        transmits,
        spec: spec.clone(),
    })
}

/// Wavelengths of the pixels, seen through a slit.
struct Grid {
    nm: Vec<f64>,
    slit_nm: f64,
}

impl Grid {
    fn new(name: &str, spec: &Spectrometer) -> Result<Self, PlanError> {
        let [c0, c1, c2, c3] = spec.wavelength_coefficients.map(f64::from);
        let at = |i: usize| {
            let p = i as f64;
            c0 + p * (c1 + p * (c2 + p * c3))
        };
        let nm: Vec<f64> = (0..spec.pixels).map(at).collect();
        let (first, last) = (nm[0], nm[nm.len() - 1]);
        if !nm.windows(2).all(|w| w[0] < w[1]) || first < 100.0 || last > 3000.0 {
            return Err(PlanError::Inconsistent {
                key: format!("rig.spectrometers.{name}.wavelength_coefficients"),
                detail: format!(
                    "pixels run from {first:.1} to {last:.1} nm: \
                     they must ascend within 100 to 3000 nm"
                ),
            });
        }
        Ok(Self { nm, slit_nm: spec.slit_nm })
    }

    fn lay(&self, shape: impl Fn(f64) -> f64) -> Vec<f32> {
        lay(&self.nm, self.slit_nm, shape)
    }
}

fn window(world: &World, grid: &Grid) -> Vec<f32> {
    let noise = &world.noise.window;
    grid.lay(|nm| {
        if noise.decay_nm > 0.0 {
            math::exp((noise.at_nm - nm) / noise.decay_nm).min(10.0)
        } else {
            1.0
        }
    })
}

/// Height of an absorber's shape at a wavelength, one at `at_nm`.
fn relative(absorber: &Absorber, nm: f64) -> f64 {
    let height = |nm| absorber.shape.iter().fold(0.0, |sum, s| sum + s.height(nm));
    height(nm) / height(absorber.at_nm)
}

/// Absorbance of an absorber for one mM (or of a background) at its `at_nm`.
fn strength(absorber: &Absorber, path_cm: f64) -> f64 {
    let per_mm = if absorber.of.is_some() { 1e-3 } else { 1.0 };
    absorber.epsilon_per_m_cm * path_cm * per_mm
}

fn absorbers(
    world: &World,
    quantities: &Quantities,
    grid: &Grid,
    path_cm: f64,
) -> Result<Vec<AbsorberPlan>, PlanError> {
    let numbered = world.optics.absorption.iter().enumerate();
    numbered
        .map(|(i, absorber)| {
            let key = format!("optics.absorption.{i}.of");
            let of = absorber.of.as_ref().map(|name| quantities.find(key, name)).transpose()?;
            let strength = strength(absorber, path_cm);
            let absorbance = grid.lay(|nm| strength * relative(absorber, nm));
            Ok(AbsorberPlan { of, absorbance })
        })
        .collect()
}

fn bands(
    world: &World,
    quantities: &Quantities,
    grid: &Grid,
    path_cm: f64,
) -> Result<Vec<BandPlan>, PlanError> {
    let optics = &world.optics;
    let absorbance_per_mm = |of: &String| {
        let same = |a: &&Absorber| a.of.as_ref() == Some(of);
        optics
            .absorption
            .iter()
            .filter(same)
            .fold(0.0, |sum, a| sum + strength(a, path_cm) * relative(a, optics.excitation_nm))
    };
    let band = |(i, emission): (usize, &crate::spec::Emission)| {
        let key = |what: &str| format!("optics.emission.{i}.{what}");
        let absorbed_by = emission.absorbed_by.as_ref();
        let absorbed_by = absorbed_by.map(|of| {
            let place = quantities.find(key("absorbed_by"), of)?;
            if !optics.absorption.iter().any(|absorber| absorber.of.as_ref() == Some(of)) {
                let detail =
                    format!("no `optics.absorption` is of \"{of}\": the band would be dark");
                return Err(PlanError::Inconsistent { key: key("absorbed_by"), detail });
            }
            Ok((place, absorbance_per_mm(of)))
        });
        let absorbed_by = absorbed_by.transpose()?;
        let times = emission.times.iter().enumerate();
        let times = times
            .map(|(j, name)| quantities.find(key(&format!("times.{j}")), name))
            .collect::<Result<_, _>>()?;
        let own = own_peak(world, emission).map_err(|(of, detail)| PlanError::Inconsistent {
            key: key(of),
            detail: detail.into(),
        })?;
        let band = own.map(|peak_nm| EnergyBand::new(peak_nm, emission.fwhm_ev));
        let shape = band.map_or_else(Vec::new, |band| grid.lay(|nm| band.height(nm)));
        let of_particles = emission.of_particles.then_some(emission.fwhm_ev);
        let counts = optics.counts_scale * emission.scale;
        Ok(BandPlan { counts, absorbed_by, times, shape, of_particles })
    };
    optics.emission.iter().enumerate().map(band).collect()
}

/// Where a band has its maximum; none where particles say so. What is wrong with it: the key and the words.
fn own_peak(
    world: &World,
    emission: &crate::spec::Emission,
) -> Result<Option<f64>, (&'static str, &'static str)> {
    let particles = world.chemistry.particles.as_ref();
    match (emission.peak_nm, emission.of_particles) {
        (Some(_), true) => {
            Err(("peak_nm", "size and composition of the particles say where their band is"))
        }
        (None, false) => Err(("peak_nm", "a band needs its wavelength, or is `of_particles`")),
        (None, true) if particles.is_none_or(|own| own.pure.is_empty()) => Err((
            "of_particles",
            "`[chemistry.particles]` with an entry in `pure` must say at which energy they emit",
        )),
        (peak, _) => Ok(peak),
    }
}

impl Channel {
    /// A shape of light as its pixels see it through the slit [pixels].
    pub(crate) fn lay(&self, shape: impl Fn(f64) -> f64) -> Vec<f32> {
        lay(&self.nm, self.spec.slit_nm, shape)
    }
}

fn lay(nm: &[f64], slit_nm: f64, shape: impl Fn(f64) -> f64) -> Vec<f32> {
    nm.iter().map(|&nm| through_slit(&shape, nm, slit_nm) as f32).collect()
}

impl BandPlan {
    /// Counts at the maximum, for these quantities: scale · (1 − 10^(−A)) · Π quantities.
    pub(crate) fn amplitude(&self, values: &[f64]) -> f64 {
        let absorbed = self.absorbed_by.map_or(1.0, |(of, per_mm)| {
            -math::exp_m1(-std::f64::consts::LN_10 * per_mm * values[of])
        });
        self.times.iter().fold(self.counts * absorbed, |product, &q| product * values[q])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plan;

    fn plan() -> Plan {
        let world = toml::from_str(include_str!("../../tests/reference_world.toml")).unwrap();
        Plan::new(&world).unwrap()
    }

    /// Beer and Lambert: 6000 1/(M cm) through a bore of 1.016 mm are 0.6096 mAU for a µM.
    #[test]
    fn a_millimolar_absorbs_what_beer_and_lambert_say() {
        let plan = plan();
        let channel = plan.channels.iter().find(|channel| channel.transmits).unwrap();
        let grid = Grid::new("absorption", &channel.spec).unwrap();
        let above = grid.nm.partition_point(|&nm| nm < 300.0);
        let at = |pixel: usize| f64::from(channel.absorbers[0].absorbance[pixel]);
        let share = (300.0 - grid.nm[above - 1]) / (grid.nm[above] - grid.nm[above - 1]);
        let seen = at(above - 1) + share * (at(above) - at(above - 1));
        // The slit of 1 nm rounds the slope a little.
        assert!((seen / 0.6096 - 1.0).abs() < 0.01, "{seen} AU");
    }

    /// The inner filter: a slug that absorbs a tenth of an absorbance takes 1 − 10^−0.1 = 20.57 %.
    #[test]
    fn emission_follows_the_share_of_light_that_is_absorbed() {
        let plan = plan();
        let channel = plan.channels.iter().find(|channel| !channel.transmits).unwrap();
        let band = &channel.bands[0];
        let (product, per_mm) = band.absorbed_by.unwrap();
        assert!((per_mm - 0.6096).abs() < 1e-12, "{per_mm} AU for a mM");
        let mut values = vec![0.0; plan.quantities.len()];
        values[product] = 0.1 / per_mm;
        values[plan.quantities.quality()] = 0.5;
        let expected = 60_000.0 * 0.205_671_765_275_718_6 * 0.5;
        assert!((band.amplitude(&values) / expected - 1.0).abs() < 1e-12);
    }
}
