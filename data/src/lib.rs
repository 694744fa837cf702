//! Experiments that have been done: tables and run folders to learn from, and labs that answer from them.

pub mod answered;
pub mod diagnostic;
pub mod error;
pub mod learnt;
pub mod table;
mod unreadable;

pub use diagnostic::Diagnostic;
pub use error::DataError;
pub use unreadable::unreadable;
