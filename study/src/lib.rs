//! Studies of many campaigns: benchmarks of policies, and the claims of a paper done again.

pub mod benchmark;
pub mod paper;
