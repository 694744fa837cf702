//! What the fuzz targets do with their bytes; the tests of `backends` do the same with theirs.

pub mod targets;
