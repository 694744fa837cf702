//! An emulated Chemyx Fusion: a port with one pump, or with the channels of a multi-channel pump.

use flowtwin_lab::{Lab, PumpId};

mod channel;
mod run;
mod syringe;

pub use channel::Channel;
pub use syringe::Syringe;

use super::{Ailment, Emulator, Line};
use crate::codec::chemyx::{Dialect, scan_command, write_reply};
use crate::codec::take;

const INVALID: &str = "Invalid Command!";

/// The port of an emulated pump.
#[derive(Debug)]
pub struct ChemyxEmulator {
    dialect: Dialect,
    echo: bool,
    channels: Vec<Channel>,
    prefixed: bool,
    powered: bool,
    busy: bool,
}

impl ChemyxEmulator {
    /// A single pump that moves `pump` of the lab behind.
    pub fn single(dialect: Dialect, pump: PumpId) -> Self {
        Self::with(dialect, vec![Channel::new(pump)], false)
    }

    /// A pump whose channels are addressed `1 `, `2 ` and so on.
    pub fn multi(dialect: Dialect, pumps: Vec<PumpId>) -> Self {
        Self::with(dialect, pumps.into_iter().map(Channel::new).collect(), true)
    }

    fn with(dialect: Dialect, channels: Vec<Channel>, prefixed: bool) -> Self {
        Self { dialect, echo: true, channels, prefixed, powered: true, busy: false }
    }

    fn answer(&mut self, sent: &str, world: &mut dyn Lab) -> Vec<String> {
        if self.busy || sent.starts_with(char::is_whitespace) {
            return vec![INVALID.into()];
        }
        let (channels, command) = self.addressed(sent.trim_end());
        match command {
            "" => Vec::new(),
            "echo on" | "echo off" => {
                self.echo = command == "echo on";
                vec![command.into()]
            }
            "help" => help(),
            _ => {
                let range = channels.unwrap_or(0..1);
                self.channels
                    .get_mut(range)
                    .unwrap_or_default()
                    .iter_mut()
                    .map(|channel| channel.answer(command, world))
                    .reduce(|_, last| last)
                    .flatten()
                    .unwrap_or_else(|| vec![INVALID.into()])
            }
        }
    }

    /// Splits `1 set rate 5` into the channels it is for and the command; 3 stands for both of two.
    fn addressed<'a>(&self, sent: &'a str) -> (Option<std::ops::Range<usize>>, &'a str) {
        let prefix = sent.split_once(' ').and_then(|(first, rest)| {
            let number: usize = first.parse().ok()?;
            (self.prefixed && number > 0).then_some((number, rest))
        });
        match prefix {
            Some((number, rest)) if number > self.channels.len() => {
                (Some(0..self.channels.len()), rest)
            }
            Some((number, rest)) => (Some(number - 1..number), rest),
            None => (None, sent),
        }
    }
}

/// The identity of an emulated pump, which no real one has.
pub(crate) const EMULATED: &str = "Fusion emulated by flowtwin";

fn help() -> Vec<String> {
    [
        EMULATED,
        "start, stop, pause, restart, pump status",
        "set units, set diameter, set rate, set volume, set delay, set time",
        "dispensed volume, elapsed time, read limit parameter, view parameter",
        "echo on, echo off, help",
    ]
    .map(String::from)
    .to_vec()
}

impl Emulator for ChemyxEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        while let Some(sent) = take(&mut line.input, scan_command) {
            if !self.powered {
                continue;
            }
            let echo = self.echo;
            let payload = self.answer(&sent, world);
            let echo = (echo && !sent.trim().is_empty()).then_some(sent.as_str());
            write_reply(&mut line.output, self.dialect, echo, &payload);
        }
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::Busy => self.busy = begins,
            Ailment::Stall => {
                self.channels.iter_mut().for_each(|channel| channel.stall(begins, world));
            }
            Ailment::PowerLoss => {
                self.powered = !begins;
                self.echo = true;
                self.channels.iter_mut().for_each(|channel| channel.reset(world));
            }
            Ailment::SensorOpen | Ailment::Alarm | Ailment::Saturated => return false,
        }
        true
    }
}
