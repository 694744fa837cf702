//! How a lab's commands become bytes on wires, and how bytes become commands again.
//!
//! ```text
//!   Command ──► Bench ──► driver ──► codec ──► Transport ──► the instrument
//!                                                  └──────► emulator ──► Command on a lab behind it
//! ```
//!
//! - A [`Bench`] is a [`flowtwin_lab::Lab`] over boxed [`instrument`]s.
//! - A [`driver`] turns what an instrument is told into requests of its protocol, and reads back what it did.
//! - A [`codec`] is a protocol's bytes, without any input or output.
//! - A [`transport`] carries bytes: a serial port, a socket, a wire in memory, a script.
//! - A [`lock::Lock`] keeps others out of what one process works on.
//! - An [`emulator`] is the mirror image of a driver: it turns bytes into commands on a lab behind it.
//!   [`EmulatedRig`] puts both into one process, in the time of the lab behind.

pub mod bench;
pub mod clock;
pub mod codec;
pub mod connect;
pub mod driver;
mod emulated;
pub mod emulator;
pub mod folder;
pub mod heartbeat;
pub mod hold;
pub mod instrument;
pub mod lock;
pub mod server;
pub mod transport;
pub mod wiring;

pub use bench::Bench;
pub use clock::Clock;
pub use connect::{connect, identify};
pub use emulated::EmulatedRig;
pub use server::EmulatorServer;
pub use wiring::Wiring;
