//! What stands between a proposal and a real rig: a rehearsal, its certificate, a question.

mod certificate;
mod likeness;
mod limits;
mod rehearsal;

pub use certificate::{CERTIFICATE, Certificate, Plan, Unfit};
pub use likeness::{MODEL_SD, UNLIKE_SD, unlike};
pub use limits::limits_in_words;
pub use rehearsal::{Rehearsal, Syringe};
