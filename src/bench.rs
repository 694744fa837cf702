//! Benchmarks of policies.

pub mod statistics;
