//! Instruments behind a program that speaks lines of JSON, in any language: `docs/instrument-programs.md`.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::path::PathBuf;

use flowtwin_lab::argv::words;
use flowtwin_lab::{FaultKind, Manifest};
use serde::{Deserialize, Serialize};

use crate::bench::Instruments;
use crate::codec::program::Kind;
use crate::driver::program::{ProgramHost, ProgramPart};
use crate::emulator::Emulator;
use crate::emulator::program::ProgramEmulator;
use crate::instrument::Identity;
use crate::transport::Dialog;
use crate::wiring::{Face, InstrumentWiring, Job, Link, ProgramCommand, Ranged};

/// How the emulator calls itself.
const EMULATED: &str = "J00420042";

/// A program that drives an instrument, or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramWiring {
    /// How it is started: words, no shell. `{port}`, `{baud}` and `{address}` stand for those of `link`. Left out, a program
    /// serves the lines at the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What the instrument is; its name is that of the section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The instruments of a program that drives several, each by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, Kind>,
    /// The cable between the program and its instrument, where there is one.
    pub link: Option<Link>,
    /// The serial number that it must show.
    pub serial_number: Option<String>,
    /// The instrument whose protocol the program speaks at its cable, as a section of a wiring file: what is emulated there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub speaks: BTreeMap<String, toml::Table>,
    /// The folder in which the program runs, relative to the wiring file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Whether the watch can start the program a second time while the first one is at work.
    #[serde(default)]
    pub shared: bool,
    /// How long the program may take to start \[s\].
    #[serde(default = "default_starts_within_s")]
    pub starts_within_s: f64,
}

fn default_starts_within_s() -> f64 {
    10.0
}

impl ProgramWiring {
    /// An instrument of this kind behind a program, for emulation.
    pub(crate) fn of(kind: Kind) -> Self {
        Self {
            command: None,
            kind: Some(kind),
            parts: BTreeMap::new(),
            link: None,
            serial_number: None,
            speaks: BTreeMap::new(),
            folder: None,
            shared: false,
            starts_within_s: default_starts_within_s(),
        }
    }

    /// Its instruments; `name` is that of the section.
    fn parts(&self, name: &str) -> BTreeMap<String, Kind> {
        match self.kind {
            Some(kind) => [(name.to_owned(), kind)].into(),
            None => self.parts.clone(),
        }
    }

    /// The instrument whose protocol the program speaks, for an emulator of it.
    fn behind(&self) -> Option<Box<dyn InstrumentWiring>> {
        let (section, table) = self.speaks.first_key_value()?;
        super::by_section(section, table).ok()
    }

    /// What is wrong with it, in words.
    fn wrong(&self) -> Option<String> {
        if self.kind.is_some() != self.parts.is_empty() {
            return Some("say either `kind = …`, or the kind of each of its `parts`".into());
        }
        let Some(command) = &self.command else {
            let served = matches!(self.link, Some(Link::Serial(_) | Link::Tcp(_)) | None);
            return (!served).then(|| "it has no `command`, and its lines come by no USB".into());
        };
        if let Err(error) = words(command) {
            return Some(format!("command = {command:?}: {error}"));
        }
        let (section, table) = self.speaks.first_key_value()?;
        if self.speaks.len() > 1 || self.parts(" ").len() > 1 {
            return Some("speaks: a program can be tried on the emulator of one instrument".into());
        }
        let place = |problem: String| Some(format!("speaks.{section}: {problem}"));
        let behind = match super::by_section(section, table) {
            Err(problem) => return place(problem.to_string()),
            Ok(behind) => behind,
        };
        if let Some(problem) = behind.problem().or_else(|| out_of_range(&*behind)) {
            return place(problem);
        }
        let (mine, its) = (self.parts("it").into_values().next()?, behind.jobs("it"));
        let is_mine = |it: &Job| discriminant(it) == discriminant(&job((String::new(), mine)));
        if its.iter().any(is_mine) {
            None
        } else {
            place(format!("that is not for kind = \"{mine}\""))
        }
    }
}

/// The first number of an instrument that is out of its range, in words.
fn out_of_range(behind: &dyn InstrumentWiring) -> Option<String> {
    let wrong = |it: &Ranged| !(it.low..=it.high).contains(&it.value);
    let Ranged { key, value, low, high } = behind.ranges().into_iter().find(wrong)?;
    Some(format!("{key} is {value}, and must be from {low} to {high}"))
}

/// What an instrument of this kind does for a lab.
fn job((name, kind): (String, Kind)) -> Job {
    match kind {
        Kind::Pump => Job::Pump(name.as_str().into()),
        Kind::Valve => Job::Valve(name.as_str().into()),
        Kind::Heater => Job::Heater(name.as_str().into()),
        Kind::Light => Job::Light(name.as_str().into()),
        Kind::Spectrometer => Job::Spectrometer(name.as_str().into()),
        Kind::Analyser => Job::Analyser(name.as_str().into()),
        Kind::Sensor => Job::Probe(name.as_str().into()),
        Kind::Switch => Job::Switch(name.as_str().into()),
    }
}

impl InstrumentWiring for ProgramWiring {
    crate::reached_by!(link, serial_number);

    fn program(&self) -> Option<ProgramCommand> {
        Some(ProgramCommand {
            command: self.command.clone()?,
            folder: self.folder.clone().unwrap_or_default(),
            starts_within_s: self.starts_within_s,
        })
    }

    fn tries_its_program(&self) -> bool {
        self.command.is_some() && !self.speaks.is_empty()
    }

    fn is_shared(&self) -> bool {
        match self.command {
            Some(_) => self.shared,
            None => !matches!(self.link, Some(Link::Serial(_))),
        }
    }

    fn lead_to(&mut self, link: Link) {
        // Without an emulator at the cable of the program, what is emulated is the program itself.
        if self.speaks.is_empty() {
            self.command = None;
        }
        self.link = Some(crate::wiring::instrument::renewed(self.link.take(), link));
    }

    fn read_beside(&mut self, folder: &std::path::Path) {
        if self.command.is_some() {
            self.folder = Some(self.folder.as_ref().map_or(folder.into(), |its| folder.join(its)));
        }
        let Some(file) = self.speaks.get_mut("protocol").and_then(|it| it.get_mut("file")) else {
            return;
        };
        let is_ours = |name: &str| crate::protocol::built_in(name).is_some();
        if let Some(name) = file.as_str().filter(|name| !is_ours(name)).map(str::to_owned) {
            *file = folder.join(name).display().to_string().into();
        }
    }

    fn ranges(&self) -> Vec<Ranged> {
        vec![Ranged::new("starts_within_s", self.starts_within_s, 0.1, 600.0)]
    }

    fn problem(&self) -> Option<String> {
        self.wrong()
    }

    fn jobs(&self, name: &str) -> Vec<Job> {
        self.parts(name).into_iter().map(job).collect()
    }

    fn drive(&self, name: &str, dialog: Dialog, manifest: &Manifest, drivers: &mut Instruments) {
        let program = ProgramHost::shared(dialog);
        for (name, kind) in self.parts(name) {
            let (key, part) = (&*name, ProgramPart::new(program.clone(), &*name, kind));
            match kind {
                Kind::Pump => {
                    let syringe = manifest.pump(&key.into()).filter(|info| info.has_syringe());
                    let bore_mm = syringe.map(|info| info.bore_mm);
                    drivers.pumps.insert(key.into(), Box::new(part.with_bore(bore_mm)));
                }
                Kind::Valve => drop(drivers.valves.insert(key.into(), Box::new(part))),
                Kind::Heater => drop(drivers.heaters.insert(key.into(), Box::new(part))),
                Kind::Light => drop(drivers.lights.insert(key.into(), Box::new(part))),
                Kind::Spectrometer => {
                    drivers.spectrometers.insert(key.into(), Box::new(part));
                }
                Kind::Analyser => {
                    let species = manifest.analyser(key).map(|info| info.species.len());
                    let part = part.with_species(species);
                    drivers.analysers.insert(key.into(), Box::new(part));
                }
                Kind::Sensor => drop(drivers.probes.insert(key.into(), Box::new(part))),
                Kind::Switch => drop(drivers.permits.insert(key.into(), Box::new(part))),
            }
        }
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        let program = ProgramHost::shared(dialog);
        let mut who = Identity::default();
        // The wiring file gives a program of one instrument no name of its own.
        for (name, kind) in self.parts("it") {
            who = ProgramPart::new(program.clone(), name, kind).identify()?;
        }
        Ok(who)
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let serial_number = self.serial_number.as_deref().unwrap_or(EMULATED);
        Box::new(ProgramEmulator::new(self.parts(name), serial_number))
    }

    fn served(&self, name: &str) -> Box<dyn Emulator> {
        self.behind().map_or_else(|| self.emulator(name), |behind| behind.emulator(name))
    }

    fn example() -> &'static str {
        "command = \"python3 pump.py\"\nkind = \"pump\""
    }

    fn usual_face(&self) -> Face {
        self.behind().map_or(Face::Tcp, |behind| behind.usual_face())
    }
}
