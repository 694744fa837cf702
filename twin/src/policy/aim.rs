//! What guided policies optimise.

use crate::acquisition::Acquisition;
use crate::cost::Cost;

/// What a guided policy maximises.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Aim {
    /// The spread: learn the most.
    MaxVariance,
    /// The mean: pure exploitation, "EPLT".
    Exploit,
    /// Mean plus `lambda` spreads.
    Ucb {
        /// Weight of the spread.
        lambda: f64,
    },
    /// Expected improvement over the best outcome so far: the average over the members of a published ensemble, the closed
    /// form elsewhere.
    Ei,
    /// The closed form of the expected improvement, whatever the surrogate, by its logarithm.
    LogEi,
    /// One draw of the posterior (Thompson 1933).
    Thompson,
    /// Expected improvement within a box around the best experiment that grows with success and shrinks with failure
    /// (after Eriksson et al. 2019, arXiv 1910.01739).
    TrustRegion,
    /// Alternates UCB with weights 1 and 2; where the optimum is known to within the noise, it uses a larger weight
    /// elsewhere, away from the edge: quick to the nearest optimum, and then on to others.
    Balanced,
    /// The probability of being among the best twentieth of the pool that is chosen from; in a region, expected
    /// improvement.
    Top,
    /// Expected improvement per second of lab time.
    EiPerTime,
    /// Expected improvement per millilitre of reagent.
    EiPerMl,
}

impl Aim {
    /// What an experiment costs for this aim, if it weighs costs.
    pub(super) fn price(self) -> Option<fn(Cost) -> f64> {
        match self {
            Self::EiPerTime => Some(|cost| cost.lab_time_s),
            Self::EiPerMl => Some(|cost| cost.reagent_ml),
            _ => None,
        }
    }

    /// The function to maximise for experiment number `next`; `best` is the outcome to beat.
    pub(super) fn acquisition(self, members: bool, best: f64, next: u64) -> Acquisition {
        match self {
            Self::MaxVariance => Acquisition::Variance,
            Self::Exploit | Self::Thompson => Acquisition::Mean,
            Self::Ucb { lambda } => Acquisition::Ucb { lambda },
            Self::Ei if members => Acquisition::Improvement { best },
            Self::Balanced => Acquisition::Ucb { lambda: if next % 2 == 1 { 2.0 } else { 1.0 } },
            _ => Acquisition::LogImprovement { best },
        }
    }
}
