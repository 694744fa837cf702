//! Programs outside this one: optimisers that drive a lab, and labs that a campaign drives.
//!
//! Both sides speak the same lines of JSON, described in `docs/lab-protocol.md`. A *lab* says what may be chosen and
//! reports observations; an *optimiser* proposes experiments. flowtwin is the lab in `flowtwin lab` and towards a
//! `--policy-command`, and the optimiser towards a `--lab-command`.

mod lab;
mod line;
mod message;
mod policy;
mod process;
mod proposal;
mod sense;
mod space;

pub use flowtwin_lab::argv::{WordsError, words};
pub use lab::{OutsideLab, OutsideLabError};
pub use line::{LineError, Lines, parse};
pub use message::{
    Budget, ConstraintLine, Done, ErrorLine, ExperimentLine, Failure, FilledLine, ForgetLine,
    FromLab, FromOptimiser, InputLine, Next, ObjectiveLine, ObservationLine, PROTOCOL,
    QuantityLine, RequestLine, SEVERAL, Setting, SpaceLine, ToSeveral,
};
pub(crate) use message::{several, table};
pub use policy::OutsidePolicy;
pub use process::{Program, ProgramError};
pub use proposal::{ProposalError, as_set, proposal};
pub use sense::nonsense;
pub use space::SpaceLineError;
pub(crate) use space::lines;
