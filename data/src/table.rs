//! Tables of measured outcomes in the place of a lab: campaigns on what others have measured.

mod choosing;
mod lab;
mod pool;
mod spec;

pub use choosing::Choosing;
pub use lab::TableLab;
pub use pool::{Pool, PoolError, Top};
pub use spec::TableSpec;
