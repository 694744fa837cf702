//! What the fuzz targets do with their bytes; the tests of `backends`, `campaign` and `data` do the same with theirs.

pub mod lines;
pub mod sheets;
pub mod targets;
