//! Benchmarks only; see `benches/hold.rs`.
