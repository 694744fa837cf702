//! Emulated instruments: the mirror images of the drivers.
//!
//! An emulator takes bytes from a line, turns them into commands on the lab behind it, and answers
//! as the instrument does, including what the instrument refuses, keeps for itself or gets wrong.
//! It decides nothing about physics: how far a syringe has moved or how hot a plate is, it asks the
//! lab behind it.

pub mod chemyx;
pub mod dc2200;
pub mod dc4100;
mod exposure;
pub mod f4t;
pub mod f4t_scpi;
pub mod faulty;
pub mod hdx;
mod modbus;
mod obp;
pub mod ooi;
pub mod program;
pub mod protocol;
pub mod qe_pro;
pub mod sts;
mod wire;
mod world;

pub use wire::{MemoryWire, World};
pub use world::WorldBehind;

use std::collections::VecDeque;

use flowtwin_lab::{Instant, Lab};

use crate::codec::obp::Message;
use crate::codec::{line, take};

/// One connection to an emulated instrument.
#[derive(Debug, Default)]
pub struct Line {
    /// What has arrived and has not been taken.
    pub input: Vec<u8>,
    /// What is on its way out.
    pub output: Vec<u8>,
    /// Whether the line has been silent long enough to discard a partial frame.
    pub quiet: bool,
    /// Answers that come late, and when.
    pub(crate) held: VecDeque<(Instant, Vec<u8>)>,
    /// Whether the instrument has hung up.
    pub hung_up: bool,
    /// The request whose answer is not due yet.
    pub(crate) waiting: Option<Message>,
    /// Whether a measurement that this line has asked for is under way.
    pub(crate) measuring: bool,
}

impl Line {
    /// Whether something is left to do without anything arriving.
    pub(crate) fn is_busy(&self) -> bool {
        self.waiting.is_some()
            || self.measuring
            || !self.held.is_empty()
            || !self.output.is_empty()
            || !self.input.is_empty()
    }
}

/// An instrument at the other end of a line.
///
/// `examples/own_driver/acme.rs` has a whole one, with its driver. This one answers every line with its own name:
///
/// ```
/// use flowtwin_backends::codec::{line, take};
/// use flowtwin_backends::emulator::{Emulator, Line};
/// use flowtwin_lab::Lab;
///
/// struct Parrot;
///
/// impl Emulator for Parrot {
///     fn serve(&mut self, line: &mut Line, _world: &mut dyn Lab) {
///         while take(&mut line.input, line::scan).is_some() {
///             line.output.extend_from_slice(b"PARROT\n");
///         }
///     }
/// }
/// ```
pub trait Emulator {
    /// Takes whole requests out of `line.input`, acts on `world` and appends the answers to
    /// `line.output`.
    ///
    /// A request whose answer is not due yet stays in the line: serve the line again when time has
    /// passed.
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab);

    /// A failure of the instrument itself begins or ends; false if this instrument cannot have it.
    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        let _ = (ailment, begins, world);
        false
    }
}

/// A failure of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ailment {
    /// No power: it answers nothing, moves nothing, and comes back with its defaults.
    PowerLoss,
    /// A pump's drive stalls.
    Stall,
    /// A temperature sensor is open.
    SensorOpen,
    /// An alarm of a controller stands.
    Alarm,
    /// A spectrometer clips at every pixel.
    Saturated,
    /// It is busy, and reports it if its protocol can.
    Busy,
}

/// Answers whole lines of text, each answer ended by `end`; an instrument without power takes them and stays silent.
pub(crate) fn answer_lines(
    line: &mut Line,
    powered: bool,
    end: &str,
    mut answer: impl FnMut(&str) -> Option<String>,
) {
    while let Some(sent) = take(&mut line.input, line::scan) {
        if let Some(answer) = powered.then(|| answer(&sent)).flatten() {
            line.output.extend_from_slice(answer.as_bytes());
            line.output.extend_from_slice(end.as_bytes());
        }
    }
}

/// Asks the lab behind for a setting that the instrument itself keeps: one that does not answer there is silent here.
pub(crate) fn look_behind(setting: flowtwin_lab::Setting, world: &mut dyn flowtwin_lab::Lab) {
    // The instrument tells what it was set to; only the silence of the lab behind matters.
    let _ = world.send(&flowtwin_lab::Command::ReadBack { setting });
}
