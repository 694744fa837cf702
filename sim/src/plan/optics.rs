//! Lights, bands and spectrometers, laid out on each spectrometer's pixels.

use flowtwin_lab::{SpectrometerId, math};

use super::absorbers::{AbsorberPlan, absorbers};
use super::bands::{BandPlan, bands};
use super::excites::Excites;
use super::grid::{Grid, lay};
use super::{PlanError, Quantities, Stages, place};
use crate::fast;
use crate::spec::{InnerFilter, Signal, Spectrometer, World};

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
    /// What absorbs in a slug.
    pub(crate) absorbers: Vec<AbsorberPlan>,
    /// Shape of a change of the window, per AU; transmission only [pixels].
    pub(crate) window: Vec<f32>,
    /// What a slug emits; emission only.
    pub(crate) bands: Vec<BandPlan>,
    /// What the wall of the tube emits; emission only.
    pub(crate) glow: Vec<BandPlan>,
    /// Light scattered by the carrier, in parts of the light; emission only.
    pub(crate) carrier_scatter: f32,
    /// Light scattered by a slug, in parts of the light; emission only.
    pub(crate) slug_scatter: f32,
    /// What of it one mM of each of these quantities scatters beside that.
    pub(crate) scattered_by: Vec<(usize, f64)>,
    /// What excites emission.
    pub(crate) excites: Excites,
    /// Whether it sees transmitted light.
    pub(crate) transmits: bool,
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

/// Spectrometers that see the same light after other stages.
pub(super) fn behind(channels: &[Channel], stages: &Stages) -> Vec<Channel> {
    let own =
        |channel: &Channel| Channel { stage: stages.seen_after(channel.cell), ..channel.clone() };
    channels.iter().map(own).collect()
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
    let absorbs = transmits || world.optics.inner_filter == InnerFilter::All;
    let seen = |is_seen: bool| is_seen.then_some(&grid);
    let absorbers = absorbers(world, quantities, seen(absorbs), path_cm)?;
    let excites = Excites::new(world, quantities, &world.rig.lights[&spec.light].sources, path_cm)?;
    let (glow, bands): (Vec<_>, Vec<_>) = world
        .optics
        .emission
        .iter()
        .zip(bands(world, quantities, seen(!transmits), path_cm)?)
        .filter(|_| !transmits)
        .partition(|(emission, _)| emission.of_tube);
    let plans = |bands: Vec<(_, BandPlan)>| bands.into_iter().map(|(_, band)| band).collect();
    let scatter = &world.optics.scatter;
    let lamp = &world.rig.lights[&spec.light].sources;
    Ok(Channel {
        name: SpectrometerId::new(name),
        cell,
        stage: 0,
        nm: grid.nm.clone(),
        light: place(lights, &spec.light),
        sources: lamp.iter().map(|source| grid.lit(source)).collect(),
        absorbers: if absorbs { absorbers } else { Vec::new() },
        window: if transmits { window(world, &grid) } else { Vec::new() },
        bands: plans(bands),
        glow: plans(glow),
        carrier_scatter: scatter.carrier as f32,
        slug_scatter: scatter.slug as f32,
        scattered_by: scattered_by(world, quantities)?,
        excites,
        transmits,
        spec: spec.clone(),
    })
}

/// What each quantity scatters of the excitation, for one mM.
fn scattered_by(world: &World, quantities: &Quantities) -> Result<Vec<(usize, f64)>, PlanError> {
    let by = world.optics.scatter.by.iter();
    by.map(|(name, per_mm)| {
        Ok((quantities.find(format!("optics.scatter.by.{name}"), name)?, *per_mm))
    })
    .collect()
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

impl Channel {
    /// A shape of light as its pixels see it through the slit [pixels].
    pub(crate) fn lay(&self, shape: impl Fn(f64) -> f64) -> Vec<f32> {
        lay(&self.nm, self.spec.slit_nm, shape)
    }

    /// Absorbance of a slug over a part of the bore [pixels].
    pub(crate) fn absorbance(&self, values: &[f64], part: f64) -> Vec<f32> {
        let mut absorbance = vec![0.0; self.nm.len()];
        self.add_absorbance(&mut absorbance, values, part);
        absorbance
    }

    pub(crate) fn add_absorbance(&self, absorbance: &mut [f32], values: &[f64], part: f64) {
        for absorber in &self.absorbers {
            let amount = part * absorber.of.map_or(1.0, |of| values[of]);
            fast::add(absorbance, amount as f32, &absorber.absorbance);
        }
    }

    /// What a slug scatters of the light.
    pub(crate) fn slug_scatter(&self, values: &[f64]) -> f32 {
        let more: f64 = self.scattered_by.iter().map(|&(of, per_mm)| per_mm * values[of]).sum();
        self.slug_scatter + more as f32
    }

    /// Adds what the wall of the tube emits, where sources are this bright [pixels].
    pub(crate) fn add_glow(&self, light: &mut [f32], gains: &[f64]) {
        for band in &self.glow {
            fast::add(light, self.excites.unfiltered(band, gains), &band.shape);
        }
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

    /// A plan that is made beside another is the one that would be made alone, whatever differs.
    #[test]
    fn a_plan_beside_another_is_the_same() {
        let mut world: World =
            toml::from_str(include_str!("../../tests/reference_world.toml")).unwrap();
        let first = Plan::new(&world).unwrap();
        let mut change = |change: &dyn Fn(&mut World)| {
            change(&mut world);
            let alone = format!("{:?}", Plan::new(&world).unwrap());
            assert_ne!(alone, format!("{first:?}"));
            assert_eq!(format!("{:?}", Plan::beside(&world, &[&first]).unwrap()), alone);
        };
        change(&|world| world.rig.heaters.values_mut().for_each(|it| it.loss_w_per_k *= 1.1));
        change(&|world| world.noise = crate::spec::Noise::default());
        change(&|world| world.optics.absorption[0].epsilon_per_m_cm *= 1.1);
        change(&|world| world.rig.tube.iter_mut().for_each(|it| it.bore_mm *= 1.1));
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
