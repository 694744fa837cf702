//! An emulated instrument with a script of faults.

use flowtwin_lab::{Instant, Lab, Span, Stream, Streams};
use serde::{Deserialize, Serialize};

use super::{Ailment, Emulator, Line};

/// A fault that befalls an emulated instrument for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedFault {
    /// Name of the instrument in the wiring file.
    pub instrument: String,
    /// Lab time at which it begins \[s\].
    pub at_s: f64,
    /// How long it lasts \[s\].
    pub for_s: f64,
    /// Share of the replies it hits, where it hits replies: 0 to 1.
    #[serde(default = "always")]
    pub share: f64,
    /// What happens.
    pub what: Mischief,
}

fn always() -> f64 {
    1.0
}

/// What happens to the replies of an instrument, or to the instrument.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Mischief {
    /// The reply never comes.
    Drop,
    /// The reply comes so much later \[s\].
    DelayS(f64),
    /// The reply breaks off in the middle.
    Truncate,
    /// A bit of the reply is flipped.
    Corrupt,
    /// The reply comes twice.
    Duplicate,
    /// The connection is cut.
    Disconnect,
    /// Something happens to the instrument itself.
    Device(Ailment),
}

/// A fault with its state.
#[derive(Debug)]
struct Active {
    from: Instant,
    until: Instant,
    share: f64,
    what: Mischief,
    stream: Stream,
    afflicted: bool,
}

/// An emulator around an emulator, with faults.
pub struct Faulty {
    inner: Box<dyn Emulator>,
    faults: Vec<Active>,
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faulty").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl Faulty {
    /// The instrument `inner`, called `name`, with those of `script` that are meant for it.
    pub fn wrap(
        name: &str,
        inner: Box<dyn Emulator>,
        script: &[ScriptedFault],
        seed: u64,
    ) -> Box<dyn Emulator> {
        let streams = Streams::new(seed);
        let faults: Vec<Active> = script
            .iter()
            .enumerate()
            .filter(|(_, fault)| fault.instrument == name)
            .map(|(i, fault)| Active {
                from: Instant::from_secs(fault.at_s),
                until: Instant::from_secs(fault.at_s + fault.for_s),
                share: fault.share,
                what: fault.what,
                stream: streams.open("emulator/fault", i as u64),
                afflicted: false,
            })
            .collect();
        if faults.is_empty() { inner } else { Box::new(Self { inner, faults }) }
    }

    /// Lets ailments begin and end.
    fn pass_time(&mut self, world: &mut dyn Lab) {
        let now = world.now();
        for fault in &mut self.faults {
            let Mischief::Device(ailment) = fault.what else { continue };
            let afflicted = fault.from <= now && now < fault.until;
            if afflicted != fault.afflicted {
                fault.afflicted = afflicted;
                self.inner.afflict(ailment, afflicted, world);
            }
        }
    }
}

impl Active {
    fn hits(&mut self, now: Instant) -> bool {
        self.from <= now && now < self.until && self.stream.uniform() < self.share
    }

    /// Spoils the bytes of `line.output` from `start` on.
    fn spoil(&mut self, line: &mut Line, start: usize, now: Instant) {
        let length = line.output.len() - start;
        match self.what {
            Mischief::Drop => line.output.truncate(start),
            Mischief::DelayS(s) => {
                let late = line.output.split_off(start);
                line.held.push_back((now + Span::from_secs(s), late));
            }
            Mischief::Truncate => line.output.truncate(start + length / 2),
            Mischief::Corrupt => {
                let at = start + self.stream.below(length);
                line.output[at] ^= 1 << self.stream.below(8);
            }
            Mischief::Duplicate => line.output.extend_from_within(start..),
            Mischief::Disconnect => {
                line.output.truncate(start);
                line.hung_up = true;
            }
            Mischief::Device(_) => {}
        }
    }
}

impl Emulator for Faulty {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        self.pass_time(world);
        let now = world.now();
        while line.held.front().is_some_and(|(due, _)| *due <= now) {
            line.output.extend(line.held.pop_front().into_iter().flat_map(|(_, late)| late));
        }
        let start = line.output.len();
        self.inner.serve(line, world);
        for fault in &mut self.faults {
            if line.output.len() > start && fault.hits(now) {
                fault.spoil(line, start, now);
            }
        }
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        self.inner.afflict(ailment, begins, world)
    }
}
