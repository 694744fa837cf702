//! `flowtwin run`: all phases of a campaign, and its run folder.

use flowtwin_campaign::folder::Identity;
use flowtwin_lab::Lab as _;

use super::campaign::{By, at, folder, occupy};
use super::filled::filled;
use super::hardware::{self, OnHardware};
use super::place::{Place, refuse_idle};
use crate::cli::{Backend, RunArgs as Args};
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    refuse_idle(args.backend, args.rig.wiring.as_deref(), args.model.as_deref())?;
    let mut scenario = super::load(&args.scenario)?;
    if let Some(surrogate) = args.surrogate {
        scenario = scenario.with_surrogate(surrogate)?;
    }
    let scenario = scenario.with_priors(&args.priors)?;
    let scenario = super::lab::with_policy(scenario, &args.outside)?;
    let seed = args.seed.unwrap_or(scenario.file().seed);
    if args.backend == Backend::Hardware {
        let (rig, to) = (&args.rig, &args.folder);
        return hardware::run(OnHardware { rig, to, scenario, seed, replayed: None });
    }
    let more = if args.backend == Backend::Twin { "-twin" } else { "" };
    // Before a lab outside begins to work.
    let occupied = occupy(&args.folder, &scenario, seed, more)?;
    let place = Place::of(args, &scenario, seed)?;
    let identity = Identity::new(&scenario, seed, place.lab.manifest().simulated);
    let filled = filled(&args.rig.filled, scenario.manifest())?;
    let folder = folder(&occupied, &args.folder, &identity, None)?;
    at(place, (&scenario, seed), &folder, &args.folder, By::Hand(filled))
}
