//! What a self-driving lab can learn from its own experiments.
//!
//! - [`Surrogate`] and [`Posterior`]: models of an outcome that know how sure they are.
//! - [`Policy`]: what to try next, a pure function of the [`History`].
//! - [`design`], [`acquisition`], [`region`]: what policies are made of.
//!
//! Outcomes are maximised; whoever minimises negates them. Inputs are points of the unit cube of a
//! [`flowtwin_lab::Space`]. Everything here is deterministic: same history, same streams, same bits, on any
//! machine and any number of threads. [`Work`] counts what was computed.

pub mod acquisition;
mod boxes;
mod context;
mod cost;
pub mod design;
mod encoding;
mod ensemble;
pub mod evaluate;
pub mod explain;
mod feasibility;
mod forest;
mod gp;
mod history;
mod improvement;
mod legacy;
mod linalg;
mod model;
mod objective;
mod optimise;
mod policy;
mod polynomial;
pub mod region;
mod scale;
mod search;
mod stack;
mod stop;
mod surrogate;
mod work;

pub use context::Context;
pub use cost::Cost;
pub use encoding::Encoding;
pub use ensemble::{Ensemble, EnsemblePosterior};
pub use evaluate::{Evaluation, Interval, Scores, cross_validate};
pub use feasibility::Feasibility;
pub use flowtwin_lab::{Goal, Goals, Limit, Objective};
pub use forest::{Forest, ForestPosterior};
pub use gp::{GaussianProcess, GpPosterior, Prior};
pub use history::{History, MissingInput, Trial};
pub use legacy::{LegacyEnsemble, LegacyPosterior, Start};
pub use model::{Encoded, Model, SurrogateSpec, UnknownName};
pub use policy::{
    Aim, Ask, Guided, LatinHypercube, Listed, Policy, PolicyError, PolicySpec, Proposals, Random,
    Several, SobolSequence,
};
pub use stack::{Stack, StackPosterior};
pub use stop::{Spent, Stop, StopRules};
pub use surrogate::{Belief, FARTHEST, FitError, Posterior, Slope, Surrogate};
pub use work::Work;
