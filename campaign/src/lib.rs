//! Scenarios and their campaigns: on a simulator, a rig, a table or another program, with a journal that can be
//! resumed.

pub mod campaign;
pub mod choice;
pub mod conclusion;
pub mod folder;
pub mod hardware;
pub mod observations;
pub mod ordered;
pub mod outside;
pub mod parity;
pub mod scenario;
pub mod serve;
