//! Benchmarks of policies: the same seeds for all, statistics that pass review, tables that do not depend on the
//! number of threads, shards or restarts.

mod across_rigs;
mod approach;
mod capability;
mod card;
mod comparison;
mod contest;
mod finding;
mod merit;
mod metrics;
#[cfg(feature = "parquet")]
mod parquet;
mod pool;
mod reached;
mod report;
mod results;
mod slip;
mod standing;
mod steps;
mod store;
mod table;
mod timed;
mod truth;

pub use across_rigs::{AcrossRigs, across_rigs};
pub use approach::{Approach, Lead, Race};
pub use capability::Capability;
pub use card::{Arena, CARD, Card, Entry, PoolCard};
pub use comparison::{ALPHA, Checkpoint, Comparison, Standing, checkpoints, compare, comparisons};
pub use contest::{Contest, ContestError, Failure, Maker, Shard};
pub use finding::{Finding, findings, matrix, seconds_csv};
#[cfg(feature = "parquet")]
pub use parquet::parquet;
pub use pool::{LEVEL, Search, by_chance, searches};
pub use report::report;
pub use results::{Results, ResultsError};
pub use slip::{Slip, comparable};
pub use standing::standings;
pub use steps::{BenchmarkStep, Opened, Steps, StepsError};
pub use store::Store;
pub use table::{Column, Tidy};
pub use truth::{Optimum, Truth};
