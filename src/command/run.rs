//! `flowtwin run`: all phases of a campaign, and its run folder.

use super::campaign::{By, Order, STOP, at};
use super::filled::filled;
use super::hardware::{self, OnHardware};
use super::over_rigs;
use super::place::{Place, refuse_idle};
use crate::cli::{Backend, RunArgs as Args};
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    refuse_idle(args.backend, args.rig.wiring.as_deref(), &args.model)?;
    let mut scenario = super::load(&args.scenario)?;
    if let Some(surrogate) = args.surrogate {
        scenario = scenario.with_surrogate(surrogate)?;
    }
    let scenario = super::with_priors(scenario, &args.priors)?;
    let scenario = super::lab::with_policy(scenario, &args.outside)?;
    let seed = args.seed.unwrap_or(scenario.file().seed);
    if let Some(count) = args.on.rigs {
        return over_rigs::run(args, &scenario, seed, count);
    }
    if args.backend == Backend::Hardware {
        let (rig, to) = (&args.rig, &args.folder);
        let review = args.review;
        let (replayed, more, then) = (None, "-rig", None);
        return hardware::run(OnHardware { rig, to, scenario, seed, review, replayed, more, then });
    }
    let more = if args.backend == Backend::Twin { "-twin" } else { "" };
    let filled = By::Hand(filled(&args.rig.filled, scenario.manifest())?);
    let usual = Order::new(&scenario, seed, &args.folder, filled);
    let order = Order { more, review: args.review, ..usual };
    at(&order, || Place::of(args, &scenario, seed, &STOP))
}
