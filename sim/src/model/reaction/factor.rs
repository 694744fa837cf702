//! Factors of yield and quality, with names resolved to places.

use flowtwin_lab::math;

/// What factors are functions of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    /// Quantities by index.
    pub(super) quantities: &'a [f64],
    /// Effectiveness of mixing.
    pub(super) effectiveness: f64,
    /// Diameter of the particles [nm].
    pub(super) diameter_nm: f64,
    /// Integrals of the rates ∫k dt.
    pub(super) clocks: &'a [f64],
}

/// One factor; see [`crate::spec::Factor`] for the equations.
#[derive(Clone, Debug)]
pub(super) enum Factor {
    Constant(f64),
    Saturation { of: usize, half: f64, power: f64 },
    Inhibition { of: usize, half: f64, power: f64 },
    Optimum { of: usize, at: f64, width: f64 },
    RatioOptimum { of: usize, per: usize, at: f64, width: f64 },
    Mixing { floor: f64 },
    Surface { loss: f64, power: f64 },
    Maturation { clock: usize },
    Decay { clock: usize, sensitivity: Option<(usize, f64, f64)> },
    Population { of: usize, penalty: f64 },
}

impl Factor {
    pub(super) fn value(&self, around: &Surroundings<'_>) -> f64 {
        // A species of a network may be a rounding below nothing.
        let of = |index: usize| around.quantities[index].max(0.0);
        match *self {
            Self::Constant(value) => value,
            Self::Saturation { of: c, half, power } => math::pow(of(c) / (of(c) + half), power),
            Self::Inhibition { of: c, half, power } => 1.0 / (1.0 + math::pow(of(c) / half, power)),
            Self::Optimum { of: c, at, width } => log_normal(of(c) / at, width),
            Self::RatioOptimum { of: c, per, at, width } => log_normal(of(c) / of(per) / at, width),
            Self::Mixing { floor } => floor + (1.0 - floor) * around.effectiveness,
            Self::Surface { loss, power } => {
                1.0 / (1.0 + loss / math::pow(around.diameter_nm, power))
            }
            Self::Maturation { clock } => -math::exp_m1(-around.clocks[clock]),
            Self::Decay { clock, sensitivity } => {
                let faster = sensitivity
                    .map_or(1.0, |(c, at, slope)| 1.0 + slope * (of(c) / at - 1.0).max(-0.9));
                math::exp(-around.clocks[clock] * faster)
            }
            Self::Population { of: p, penalty } => 1.0 - penalty * of(p),
        }
    }
}

/// Factors that follow from what is there and how large particles are, and from no history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Factors(pub(super) Vec<Factor>);

impl Factors {
    /// Their product.
    pub(crate) fn value(&self, quantities: &[f64], diameter_nm: f64) -> f64 {
        let around = Surroundings { quantities, effectiveness: 1.0, diameter_nm, clocks: &[] };
        self.0.iter().fold(1.0, |product, factor| product * factor.value(&around))
    }
}

/// exp(−ln²(r)/(2 s²)); zero where a reagent is missing.
fn log_normal(ratio: f64, width: f64) -> f64 {
    if !(ratio > 0.0 && ratio.is_finite()) {
        return 0.0;
    }
    let log = math::ln(ratio) / width;
    math::exp(-0.5 * log * log)
}
