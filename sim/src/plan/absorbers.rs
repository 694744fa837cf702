//! What absorbs, by Beer and Lambert, laid out on the pixels of a spectrometer.

use super::grid::Grid;
use super::{PlanError, Quantities};
use crate::spec::{Absorber, World};

/// Something that absorbs.
#[derive(Clone, Debug)]
pub(crate) struct AbsorberPlan {
    /// Its quantity; none for the background.
    pub(crate) of: Option<usize>,
    /// Absorbance for one mM, or of the background [pixels].
    pub(crate) absorbance: Vec<f32>,
}

/// Height of an absorber's shape at a wavelength, one at `at_nm`.
fn relative(absorber: &Absorber) -> impl Fn(f64) -> f64 {
    let height = |nm| absorber.shape.iter().fold(0.0, |sum, s| sum + s.height(nm));
    let there = height(absorber.at_nm);
    move |nm| height(nm) / there
}

/// Absorbance of an absorber for one mM (or of a background) at its `at_nm`.
pub(super) fn strength(absorber: &Absorber, path_cm: f64) -> f64 {
    let per_mm = if absorber.of.is_some() { 1e-3 } else { 1.0 };
    absorber.epsilon_per_m_cm * path_cm * per_mm
}

/// The same at a wavelength.
pub(super) fn strength_at(absorber: &Absorber, path_cm: f64, nm: f64) -> f64 {
    strength(absorber, path_cm) * relative(absorber)(nm)
}

/// What absorbs, on a grid; without one it is not laid out, because nobody sees it.
pub(super) fn absorbers(
    world: &World,
    quantities: &Quantities,
    grid: Option<&Grid>,
    path_cm: f64,
) -> Result<Vec<AbsorberPlan>, PlanError> {
    let numbered = world.optics.absorption.iter().enumerate();
    numbered
        .map(|(i, absorber)| {
            let key = format!("optics.absorption.{i}.of");
            let of = absorber.of.as_ref().map(|name| quantities.find(key, name)).transpose()?;
            let strength = strength(absorber, path_cm);
            let relative = relative(absorber);
            let absorbance =
                grid.map_or_else(Vec::new, |grid| grid.lay(|nm| strength * relative(nm)));
            Ok(AbsorberPlan { of, absorbance })
        })
        .collect()
}
