//! What the fuzz targets do with their bytes; the tests of `backends` and `data` do the same with theirs.

pub mod sheets;
pub mod targets;
