//! Tables of measured outcomes as labs: campaigns on published data.

mod choosing;
mod lab;
mod pool;
mod spec;

pub use choosing::Choosing;
pub use lab::TableLab;
pub use pool::{Pool, PoolError, Top};
pub use spec::TableSpec;
