//! Drivers: they turn commands into requests of an instrument's protocol, and read back what it did.
//!
//! Rules that all of them keep: one request in flight; only reads are repeated; what moves
//! something is read back, also where its acknowledgement was lost; a value that the instrument did
//! not keep is a fault.

pub mod chemyx;
pub mod dc2200;
pub mod dc4100;
mod delivery;
pub mod f4t;
pub mod f4t_scpi;
pub mod hdx;
pub mod modbus;
mod obp;
pub mod one_by_one;
pub mod ooi;
pub mod program;
pub mod protocol;
pub mod qe_pro;
pub mod sts;
