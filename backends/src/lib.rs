//! Drivers of real instruments and their emulators: commands become bytes, and bytes become commands again.
//!
//! ```text
//!   Command ──► Bench ──► driver ──► codec ──► Transport ──► the instrument
//!                                                  └──────► emulator ──► Command on a lab behind it
//! ```
//!
//! 1. [`Bench`]: a [`flowtwin_lab::Lab`] over boxed [`instrument`]s.
//! 2. [`driver`]: turns what an instrument is to do into requests of its protocol, and reads back what it did.
//! 3. [`codec`]: the bytes of a protocol, without input or output.
//! 4. [`transport`]: carries bytes over a serial port, a socket, a wire in memory, or a script.
//! 5. [`emulator`]: the mirror image of a driver; it turns bytes into commands on a lab behind it. [`EmulatedRig`] puts
//!    drivers and emulators into one process, in the time of the lab behind; [`EmulatorServer`] serves emulators to others.
//! 6. [`Wiring`]: which instrument is at the end of which cable. [`connect()`] opens them.
//! 7. [`lock`], [`heartbeat`], [`hold`]: one campaign a rig, and a watch that makes the rig safe if the campaign dies.
//!
//! # Example
//!
//! A driver against its emulator. Every command goes to bytes and back, and the reply is that of the lab behind:
//!
//! ```
//! # // The toy lab is in the feature `conformance` of flowtwin-lab.
//! use flowtwin_backends::EmulatedRig;
//! use flowtwin_lab::{Command, FlowRate, Lab, Span, Volume, toy::ToyLab};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut lab = ToyLab::new(); // any lab: a simulated one, for example
//! let mut rig = EmulatedRig::usual(Box::new(ToyLab::new()))?;
//!
//! let pump = lab.manifest().pumps[0].name.clone();
//! let (rate, volume) = (FlowRate::from_ul_per_min(100.0), Volume::from_ul(50.0));
//! let run = Command::Dispense { pump, rate_ul_per_min: rate, at_most_ul: volume };
//! assert_eq!(rig.send(&run)?, lab.send(&run)?);
//! rig.wait(Span::from_secs(15.0))?;
//! lab.wait(Span::from_secs(15.0))?;
//! for sensor in lab.manifest().clone().sensors.iter().map(|sensor| sensor.name.clone()) {
//!     let read = Command::Read { sensor };
//!     assert_eq!(rig.send(&read)?, lab.send(&read)?);
//! }
//! # Ok(())
//! # }
//! ```

// So that the files of the catalogue read as those of other crates do.
extern crate self as flowtwin_backends;

pub mod bench;
pub mod clock;
pub mod codec;
pub mod connect;
pub mod driver;
mod emulated;
pub mod emulator;
pub mod examination;
pub mod folder;
pub mod heartbeat;
pub mod hold;
pub mod instrument;
pub mod lock;
pub mod protocol;
pub mod server;
pub mod transport;
pub mod wiring;

pub use bench::Bench;
pub use clock::Clock;
pub use connect::{connect, identify};
pub use emulated::EmulatedRig;
pub use server::EmulatorServer;
pub use wiring::Wiring;
