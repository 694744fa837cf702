//! Sides of a region that formulas give.

use flowtwin_lab::{Constraint, Space, Stream};

use super::plane::Planes;

/// Points at which a formula is looked at for how much it varies.
const LOOKS: usize = 64;
/// Step of differences in the unit cube.
const STEP: f64 = 1e-5;
/// What counts for the miss where a formula has no value.
const FAR: f64 = 10.0;

/// A bound on a formula, in units of how much the formula varies over the cube.
#[derive(Clone, Debug)]
pub(super) struct Curve<'a> {
    space: &'a Space,
    constraint: &'a Constraint,
    scale: f64,
}

impl<'a> Curve<'a> {
    /// The bounds of `space` that no linear function gives and that are no planes.
    pub(super) fn all(space: &'a Space, planes: &Planes, stream: &mut Stream) -> Vec<Self> {
        let others =
            space.constraints().iter().enumerate().filter(|(place, _)| !planes.has(*place));
        let formulas = others.filter(|(_, constraint)| constraint.of.linear().is_none());
        formulas.map(|(_, constraint)| Self::new(space, constraint, stream)).collect()
    }

    fn new(space: &'a Space, constraint: &'a Constraint, stream: &mut Stream) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for _ in 0..LOOKS {
            let u: Vec<f64> = (0..space.dim()).map(|_| stream.uniform()).collect();
            let value = constraint.of.at(&space.at_unit(&u));
            if value.is_finite() {
                (low, high) = (low.min(value), high.max(value));
            }
        }
        let scale = if high > low { high - low } else { 1.0 };
        Self { space, constraint, scale }
    }

    /// By how much the bound is missed at `u` [d]; 0 where it is met.
    pub(super) fn miss(&self, u: &[f64]) -> f64 {
        let miss = self.constraint.violation(&self.space.at_unit(u)) / self.scale;
        miss.min(FAR)
    }

    /// How far the value lies within its bounds at `u` [d], negative outside.
    pub(super) fn depth(&self, u: &[f64]) -> f64 {
        let miss = self.miss(u);
        if miss > 0.0 {
            return -miss;
        }
        let Constraint { of, low, high, .. } = self.constraint;
        let value = of.at(&self.space.at_unit(u));
        // A pump that is off is as far from its bounds as it can be.
        if value < *low { 1.0 } else { (value - low).min(high - value) / self.scale }
    }

    /// Adds `weight` times the slope of half the squared miss at `u` [d] to `slope` [d], with a minus; returns that half.
    pub(super) fn penalty(&self, u: &[f64], weight: f64, slope: &mut [f64]) -> f64 {
        let miss = self.miss(u);
        if miss <= 0.0 {
            return 0.0;
        }
        let mut moved = u.to_vec();
        for (j, slope) in slope.iter_mut().enumerate() {
            let step = if u[j] > 0.5 { -STEP } else { STEP };
            moved[j] = u[j] + step;
            *slope -= weight * miss * (self.miss(&moved) - miss) / step;
            moved[j] = u[j];
        }
        0.5 * weight * miss * miss
    }
}
