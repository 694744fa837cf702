//! What a self-driving lab learns from its own experiments: surrogates, policies, explanations.
//!
//! ```text
//!            experiments                                         what to try next
//!   History ──────────────► Surrogate ──fit──► Posterior ──► Policy ──propose──► Proposals
//!      ▲                    (gp, forest, …)    (Belief)      (ei, ucb, …)            │
//!      └───────────────────────────── a lab measures ◄───────────────────────────────┘
//! ```
//!
//! 1. [`Surrogate`] and [`Posterior`]: models of an outcome that know how sure they are. [`SurrogateSpec`] names them.
//! 2. [`Policy`]: what to try next, a pure function of the [`History`]. [`PolicySpec`] names the policies.
//! 3. [`Goals`]: several objectives and limits.
//! 4. [`evaluate`], [`explain`]: cross-validation, Shapley values, response surfaces.
//! 5. [`design`], [`acquisition`], [`region`]: what policies are made of.
//!
//! Outcomes are maximised; to minimise one, negate it. Inputs are points of the unit cube of a [`flowtwin_lab::Space`].
//! Everything here is deterministic: the same history and streams give the same bits, on any machine and with any number of
//! threads. [`Work`] counts what was computed.
//!
//! # Example: ask and tell
//!
//! ```
//! use flowtwin_lab::{Input, Space, Streams};
//! use flowtwin_twin::{Ask, Context, History, Policy, PolicySpec, SurrogateSpec, Trial};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let space = Space::new(vec![Input::number("temperature_c", 120.0, 150.0, 0.5)], vec![])?;
//! let policy = "log_ei".parse::<PolicySpec>()?.build(SurrogateSpec::Gp);
//! let context = Context::new(Streams::new(1));
//! let mut history = History::default();
//! for asked in 0..8 {
//!     let ask = Ask { space: &space, history: &history, count: 1, asked, planned: 8, cost: None };
//!     let conditions = policy.propose(&ask, &context)?.conditions.remove(0);
//!     let t = conditions.values()[0];
//!     let outcome = -(t - 144.0) * (t - 144.0); // in the place of an experiment
//!     history.trials.push(Trial::new(&space, &conditions, Some(outcome))?);
//! }
//! let (_, best) = history.best().ok_or("nothing measured")?;
//! assert!(best > -4.0); // within 2 °C of the optimum
//! # Ok(())
//! # }
//! ```
//!
//! # Example: fit and ask a surrogate
//!
//! ```
//! use flowtwin_lab::Streams;
//! use flowtwin_twin::{Context, Posterior, Surrogate, SurrogateSpec};
//! use ndarray::array;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let x = array![[0.0], [0.25], [0.5], [0.75], [1.0]]; // one row an experiment, each input on 0..1
//! let y = [0.0, 0.71, 1.0, 0.71, 0.0];
//! let posterior = SurrogateSpec::Gp.fit(x.view(), &y, &Context::new(Streams::new(1)))?;
//! let belief = posterior.at(&[0.6]);
//! assert!((belief.mean - 0.95).abs() < 0.1 && belief.sd < 0.2);
//! # Ok(())
//! # }
//! ```

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
mod grey;
mod history;
mod improvement;
mod legacy;
mod linalg;
mod mechanism;
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
pub use evaluate::{Evaluation, Score, Scores, cross_validate, judge};
pub use feasibility::Feasibility;
pub use flowtwin_lab::{Goal, Goals, Limit, Objective};
pub use forest::{Forest, ForestPosterior};
pub use gp::{GaussianProcess, GpPosterior, Prior};
pub use grey::{GreyBox, GreyPosterior};
pub use history::{History, MissingInput, Trial};
pub use legacy::{LegacyEnsemble, LegacyPosterior, Start};
pub use mechanism::{Lesson, Mechanism, Question, Teaching, Tuned};
pub use model::{Encoded, Model, Related, SurrogateSpec, UnknownName};
pub use policy::{
    Aim, Ask, Auto, Calibrate, Guided, LatinHypercube, Listed, Policy, PolicyError, PolicySpec,
    Proposals, Random, Several, SobolSequence,
};
pub use stack::{Stack, StackPosterior};
pub use stop::{Spent, Stop, StopRules};
pub use surrogate::{Belief, FARTHEST, FitError, Posterior, Slope, Surrogate};
pub use work::Work;
