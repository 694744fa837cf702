//! Studies of many campaigns: benchmarks of policies, and the claims of a paper repeated.
//!
//! ```text
//!   Scenarios × Entrants × seeds ──► Contest ──run──► Store ──► Results ──► Finding   one a scenario
//!                                    (in shards)     (files)               table, report
//!   paper::claims: each claim of the paper beside the simulated value and its interval
//! ```
//!
//! 1. [`benchmark`]: every policy from the same opening with the same seeds. Results do not depend on threads, shards or
//!    restarts.
//! 2. [`paper`]: what Sadeghi et al. (2024) report, simulated on many rigs, pass or fail.
//!
//! # Example
//!
//! Compare two policies with three seeds:
//!
//! ```
//! use std::{num::NonZeroUsize, sync::atomic::AtomicBool, time::Duration};
//!
//! use flowtwin_campaign::scenario::Scenario;
//! use flowtwin_study::benchmark::{Contest, Results, Shard, Store, findings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/dye-mixing.toml");
//! # let folder = std::env::temp_dir().join(format!("flowtwin-study-{}", std::process::id()));
//! let scenarios = vec![Scenario::load(path.as_ref())?];
//! let entrants = vec!["random".parse()?, "sobol".parse()?];
//! let (opening, own) = (Some(2), Some(2)); // experiments that are shared, and of each policy
//! let contest = Contest::new(scenarios, entrants, &[1, 2, 3], opening, own, Duration::from_secs(60));
//! let (store, stop) = (Store::new(&folder), AtomicBool::new(false));
//! contest.run(&store, Shard::ALL, NonZeroUsize::MIN, &stop, &|done, all| println!("{done} of {all}"))?;
//!
//! for finding in findings(&Results::read(&store)?) {
//!     println!("{}", finding.text());
//! }
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

pub mod benchmark;
pub mod paper;
