//! Designs: points that fill a region without knowing any outcome.

mod latin;
mod sobol;

pub use latin::{latin_hypercube, latin_hypercube_in};
pub use sobol::Sobol;

pub(crate) use latin::squared_distance;
