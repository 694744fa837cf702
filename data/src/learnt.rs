//! Twins learnt from data: tables and run folders in, models and explanations out, a model as a
//! lab.
//!
//! The mathematics is in `flowtwin_twin`; here are the files around it.

pub mod accuracy;
mod choice;
mod column;
mod csv;
mod data;
pub mod explain;
mod files;
mod lab;
mod number;
pub mod prior;
mod rehearsal;
mod run_folder;
#[cfg(test)]
mod sample;
mod slice;
mod source;
mod summary;
mod suspects;
mod table;
mod twin;

pub use csv::{Cell, Csv};
pub use data::{Data, Row};
pub use files::write;
pub use lab::{Mismatch, TwinLab};
pub use prior::{Prior, PriorExperiment};
pub use rehearsal::{Rehearsal, RehearsalError, Rehearsed};
pub use slice::{Slice, Wanted};
pub use source::{Selection, Target};
pub use summary::far_off;
pub use twin::{FILE, Origin, Twin};
