//! The claims of the paper, measured by repeating its studies.
//!
//! S. Sadeghi et al., Nanoscale 16 (2024) 580, DOI 10.1039/d3nr05034c. Every study is driven through the `Lab` trait
//! and the procedure that a rig would run; nothing here looks inside a model. Each claim is a number over many seeds
//! with its interval, and says whether a parameter was set by it.

mod catalogue;
mod claim;
mod curve;
mod facts;
mod figure;
mod over_rigs;
pub mod reading;
mod seed;
mod station;
pub mod studies;
pub mod study;
mod table;
mod tap;

use std::num::NonZeroUsize;

use flowtwin_lab::Fault;
use flowtwin_lab::analysis::AnalysisError;
use flowtwin_lab::queue::in_order;
use flowtwin_twin::FitError;

pub use catalogue::claims;
pub use claim::{Claim, ClaimKind, Holds, Measure, Verdict};
pub use facts::Facts;
pub use figure::report_html;
pub use flowtwin_statistics::Estimate;
pub use over_rigs::{ClaimOverRigs, over_rigs};
pub use seed::{Part, Rigs, Seed};
pub use table::{table, table_within};

use flowtwin_campaign::campaign::CampaignError;
use flowtwin_campaign::scenario::{NoRig, Scenario};
use flowtwin_data::diagnostic::Diagnostic;

/// Why a study could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// The rig suffered a fault.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A policy had no proposal.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// A surrogate could not be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The scenario does not have what the studies need.
    #[error("{0}")]
    Scenario(Diagnostic),
    /// Somebody stopped it.
    #[error("the studies of the paper were stopped")]
    Stopped,
    /// The analysis does not fit the rig.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
}

impl From<NoRig> for StudyError {
    fn from(error: NoRig) -> Self {
        Self::Scenario(error.into())
    }
}

impl From<Diagnostic> for StudyError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Scenario(diagnostic)
    }
}

/// Does all studies on `count` simulated rigs, `threads` at a time, calling `done` for each that is finished.
///
/// The result is the same for any number of threads: each rig is on its own, and they are returned in order.
///
/// # Errors
/// The first failure, in the order of the seeds.
pub fn measure(
    rigs: &Rigs<'_>,
    first: u64,
    count: usize,
    threads: NonZeroUsize,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Seed>, StudyError> {
    let rig = |i: usize| {
        let seed = first + i as u64;
        let measured = rigs.run(seed);
        done(seed);
        measured
    };
    in_order(count, threads, rig).into_iter().collect()
}

/// The scenario of the paper, as this version was built with it, but with the ensemble of the group's published code:
/// what the paper says of its twin is said of that.
///
/// # Errors
/// Never, as long as the tests pass that load it.
pub fn scenario() -> Result<Scenario, Diagnostic> {
    let file = toml::from_str(include_str!("paper/cs3cu2i5.toml"))
        .map_err(|error| Diagnostic::new(format!("scenarios/cs3cu2i5.toml: {error}")))?;
    Scenario::recorded(&file)?.with_surrogate(studies::Studies::of_the_paper().twin.surrogate)
}

/// Every claim with its verdict, in the order of the catalogue.
pub fn judge(facts: &Facts, seeds: &[Seed]) -> Vec<Verdict> {
    claims().iter().map(|claim| claim.verdict(facts, seeds)).collect()
}
