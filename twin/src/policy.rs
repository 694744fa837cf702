//! Policies: from what has been tried to what to try next.

mod aim;
mod auto;
mod elsewhere;
mod evidence;
pub(crate) mod guided;
mod pool;
mod several;
mod spec;
mod trust_region;

use flowtwin_lab::{Conditions, Space};

use crate::region::{EmptyRegion, Region};
use crate::{Context, Cost, FitError, History, Work};

pub use aim::Aim;
pub use auto::Auto;
pub use guided::Guided;
pub use several::Several;
pub use spec::{Calibrate, LatinHypercube, Listed, PolicySpec, Random, SobolSequence};

/// Decides what to try next: a pure function of the question ([`Ask`]) and of the run's random streams.
///
/// So a campaign is resumed by replaying its history; there is no state to keep. The same question gives the same
/// answer, for any number of threads.
///
/// A policy that always tries the middle:
///
/// ```
/// use flowtwin_twin::{Ask, Context, Policy, PolicyError, Proposals, Work};
///
/// #[derive(Debug)]
/// struct Middle;
///
/// impl Policy for Middle {
///     fn name(&self) -> &str {
///         "middle"
///     }
///     fn propose(&self, ask: &Ask<'_>, _context: &Context) -> Result<Proposals, PolicyError> {
///         let conditions = vec![ask.space.centre(); ask.count];
///         Ok(Proposals { conditions, work: Work::default() })
///     }
/// }
/// ```
pub trait Policy: std::fmt::Debug + Send + Sync {
    /// Its name, as scenarios spell it.
    fn name(&self) -> &str;

    /// Proposes `ask.count` experiments, feasible and rounded to the resolution of the inputs.
    ///
    /// # Errors
    /// If no conditions meet the constraints, or a surrogate cannot be fitted to the history.
    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError>;

    /// Picks the index of one of `candidates` \[q\]\[d\], points of the unit cube of `space`, and says
    /// what that took; none where the
    /// policy does not choose among points that are given.
    ///
    /// # Errors
    /// If a surrogate cannot be fitted to the history.
    fn pick(
        &self,
        _space: &Space,
        _history: &History,
        _candidates: &[Vec<f64>],
        _context: &Context,
    ) -> Result<Option<(usize, Work)>, PolicyError> {
        Ok(None)
    }
}

/// The question to a policy.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// What may be chosen.
    pub space: &'a Space,
    /// What has been tried, earlier phases and earlier campaigns included.
    pub history: &'a History,
    /// How many experiments to propose now.
    pub count: usize,
    /// How many the phase asked for before, those included that a person has skipped.
    pub asked: usize,
    /// How many the phase will ask for in all; designs spread themselves over that many.
    pub planned: usize,
    /// What an experiment would cost, from the present state of the rig.
    pub cost: Option<&'a dyn Fn(&Conditions) -> Cost>,
}

impl std::fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ask")
            .field("trials", &self.history.trials.len())
            .field("pending", &self.history.pending.len())
            .field("count", &self.count)
            .field("asked", &self.asked)
            .field("planned", &self.planned)
            .finish_non_exhaustive()
    }
}

impl Ask<'_> {
    /// Number of the first experiment of the phase: the index of its streams.
    pub(crate) fn phase_start(&self) -> u64 {
        let History { added, .. } = self.history;
        self.history.next().saturating_sub((self.asked + added) as u64)
    }
}

/// The conditions at a point of a region, or at a random one in its place where they are among those `pending`; `number` is
/// that of the experiment.
pub(crate) fn not_pending(
    region: &Region<'_>,
    conditions: Conditions,
    pending: &[Vec<f64>],
    number: u64,
    context: &Context,
) -> Conditions {
    if !pending.contains(&region.space().to_unit(&conditions)) {
        return conditions;
    }
    region.snap(&region.sample(&mut context.streams.open("policy/again", number)))
}

/// The proposals of a policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposals {
    /// What to try, in order.
    pub conditions: Vec<Conditions>,
    /// What the answer took.
    pub work: Work,
}

/// Why a policy has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// No conditions meet all constraints.
    #[error(transparent)]
    EmptyRegion(#[from] EmptyRegion),
    /// A surrogate could not be fitted.
    #[error("the surrogate could not be fitted: {0}")]
    Fit(#[from] FitError),
    /// A list of conditions is used up.
    #[error("the list has only {length} conditions")]
    ListEnds {
        /// Number of conditions in it.
        length: usize,
    },
    /// A listed point has no value for an input.
    #[error("condition {place} of the list has no value for {input}")]
    NoValue {
        /// Its place in the list, from 1.
        place: usize,
        /// The input.
        input: String,
    },
    /// A policy outside this program failed.
    #[error("{policy}: {detail}")]
    Outside {
        /// The policy.
        policy: String,
        /// What happened.
        detail: String,
    },
    /// A policy that learns about a simulator has none.
    #[error("{policy} needs a simulator of the lab with free keys")]
    NoSimulator {
        /// The policy.
        policy: String,
    },
    /// A policy that weighs costs has no costs.
    #[error("{policy} needs to know what an experiment costs")]
    NoCost {
        /// The policy.
        policy: String,
    },
}
