//! flowtwin twin.
