//! flowtwin backends.
