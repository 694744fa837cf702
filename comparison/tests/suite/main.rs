//! The promises of a comparison, by module.
#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

mod moved;
mod support;
