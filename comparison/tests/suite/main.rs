//! The promises of a comparison, by module.
#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

#[path = "../../examples/planted/changes.rs"]
mod changes;
mod checked;
mod golden;
mod moved;
mod planted;
mod sensitive;
mod support;
