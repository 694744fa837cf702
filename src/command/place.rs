//! Where the experiments of a run are done.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use flowtwin_backends::{EmulatedRig, Wiring};
use flowtwin_campaign::campaign::Shared;
use flowtwin_campaign::outside::OutsideLab;
use flowtwin_campaign::scenario::{ELSEWHERE, Scenario};
use flowtwin_data::learnt::Twin;
use flowtwin_lab::layer::Told;
use flowtwin_lab::{FlowPath, Lab, Manifest};

use super::emulate::read_wiring;
use super::lab::patience;
use crate::cli::{Backend, RunArgs as Args};
use crate::console;
use crate::error::CommandError;

/// A lab that a campaign can be run on at once, and what is said of it.
pub struct Place {
    /// The lab.
    pub lab: Box<dyn Lab>,
    /// What `summary.json` calls it.
    pub backend: &'static str,
    /// The simulated world behind it, if there is one.
    pub world: Option<Shared>,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("backend", &self.backend).finish_non_exhaustive()
    }
}

/// Refuses a rig that cannot stand in for that of a scenario: its volumes and numbers may differ, its instruments may not.
pub(super) fn has_its_instruments(rig: &Scenario, scenario: &Scenario) -> Result<(), CommandError> {
    let installed = |of: &Scenario| Manifest { path: FlowPath::default(), ..of.manifest().clone() };
    if installed(rig) == installed(scenario) {
        return Ok(());
    }
    let (rig, scenario) = (rig.name(), scenario.name());
    let error =
        CommandError::bad_input(format_args!("{rig}: other instruments than {scenario} has"));
    Err(error.hint("it may differ from the scenario in numbers, in nothing installed"))
}

/// Refuses files that the backend would not look at: somebody believes that they count.
///
/// # Errors
/// If there is one.
pub(super) fn refuse_idle(
    backend: Backend,
    wiring_file: Option<&Path>,
    model: &[PathBuf],
) -> Result<(), CommandError> {
    let wired = matches!(backend, Backend::Emulated | Backend::Hardware);
    let (flag, wanted) = match (wiring_file, model) {
        (Some(_), _) if !wired => ("--wiring", "--backend hardware or --backend emulated"),
        (_, [_, ..]) if backend != Backend::Twin => ("--model", "--backend twin"),
        _ => return Ok(()),
    };
    let message = format!("{flag} says nothing to --backend {}", backend.name());
    Err(CommandError::bad_input(message).hint(format_args!("give {wanted} as well")))
}

/// Refuses scenarios whose experiments are done elsewhere.
///
/// # Errors
/// If there is neither a rig nor a table.
pub(super) fn with_rig(scenario: &Scenario) -> Result<(), CommandError> {
    match scenario.is_outside() {
        false => Ok(()),
        true => {
            Err(CommandError::bad_input(format_args!("{} has no rig", scenario.name()))
                .hint(ELSEWHERE))
        }
    }
}

impl Place {
    /// A lab, its name in `summary.json`, and the simulated world behind it, if there is one.
    pub fn new(lab: Box<dyn Lab>, backend: &'static str, world: Option<Shared>) -> Self {
        Self { lab, backend, world }
    }

    /// The place that the arguments name. An outside lab gives up what it is at once `stop` is set.
    ///
    /// # Errors
    /// If a model cannot be read or does not fit the scenario, or an outside lab does not start.
    pub(super) fn of(
        args: &Args,
        scenario: &Scenario,
        seed: u64,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, CommandError> {
        if let Some(command) = &args.outside.lab_command {
            let patience = patience(args.outside.patience_s)?;
            return Self::outside(command, patience, scenario, stop);
        }
        if args.backend == Backend::Twin {
            let twins =
                args.model.iter().map(|model| Twin::load(model)).collect::<Result<_, _>>()?;
            let lab = scenario.twin_lab(twins, seed).map_err(CommandError::bad_input)?;
            return Ok(Self { lab: Box::new(lab), backend: "twin", world: None });
        }
        Self::simulated(args.backend, args.rig.wiring.as_deref(), scenario, seed)
    }

    /// A simulated rig, with drivers and emulated instruments (those of the wiring file, or the usual ones) or without;
    /// a table in place of it.
    ///
    /// # Errors
    /// If its instruments cannot be wired.
    pub fn simulated(
        backend: Backend,
        wiring_file: Option<&Path>,
        scenario: &Scenario,
        seed: u64,
    ) -> Result<Self, CommandError> {
        let (lab, world) = simulated(backend, wiring_file, scenario, seed)?;
        let backend = if world.is_some() { backend.name() } else { "table" };
        Ok(Self { lab, backend, world })
    }

    /// As [`Place::simulated`], with another simulated rig than the scenario describes; everybody else believes the scenario.
    ///
    /// # Errors
    /// If the rig has other instruments, or they cannot be wired.
    pub fn as_it_is(
        backend: Backend,
        wiring_file: Option<&Path>,
        scenario: &Scenario,
        rig: &Scenario,
        seed: u64,
    ) -> Result<Self, CommandError> {
        has_its_instruments(rig, scenario)?;
        let place = Self::simulated(backend, wiring_file, rig, seed)?;
        Ok(Self { lab: Box::new(Told::new(place.lab, scenario.manifest().clone())), ..place })
    }

    /// The lab that a command runs, which may be silent for so long; it gives up what it is at once `stop` is set.
    ///
    /// # Errors
    /// If it does not start, or does not suit the scenario.
    pub fn outside(
        command: &str,
        patience: Duration,
        scenario: &Scenario,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, CommandError> {
        let (space, manifest) = (scenario.space(), scenario.manifest());
        let lab = OutsideLab::start(command, patience, space, manifest, stop.clone());
        let lab = lab.map_err(CommandError::failed)?;
        Ok(Self { lab: Box::new(lab), backend: "outside", world: None })
    }

    /// The simulated world behind it, whose work can be read at the end.
    pub(super) fn world(&self) -> Option<Shared> {
        self.world.clone()
    }
}

/// The lab of a simulated backend and the world behind it; a scenario of a table has none.
///
/// # Errors
/// If the world cannot be wired.
pub(super) fn simulated(
    backend: Backend,
    wiring_file: Option<&Path>,
    scenario: &Scenario,
    seed: u64,
) -> Result<(Box<dyn Lab>, Option<Shared>), CommandError> {
    if let Some(lab) = scenario.table_lab(seed) {
        return match backend {
            Backend::Sim => Ok((Box::new(lab), None)),
            _ => Err(CommandError::bad_input("a table of outcomes has no instruments")
                .hint("leave --backend out")),
        };
    }
    let world = Shared::new(scenario.simulated()?.lab(seed));
    let lab: Box<dyn Lab> = match backend {
        Backend::Emulated => {
            let behind = Box::new(world.clone());
            let rig = match wiring_file {
                Some(wiring_file) => {
                    let wiring = read_wiring(wiring_file)?;
                    say_left_out(&wiring);
                    EmulatedRig::new(behind, &wiring)
                }
                None => EmulatedRig::usual(behind),
            };
            Box::new(rig.map_err(CommandError::bad_input)?)
        }
        _ => Box::new(world.clone()),
    };
    Ok((lab, Some(world)))
}

/// Says which programs of a wiring file are not started: somebody may believe that they have been tried.
fn say_left_out(wiring: &Wiring) {
    let names = wiring.programs_left_out();
    if !names.is_empty() {
        console::say_line(format_args!(
            "note: emulated instruments stand in for the programs of {}, which are not started; with `speaks` in its section a program \
             is tried (docs/instrument-programs.md)",
            names.join(", ")
        ));
    }
}
