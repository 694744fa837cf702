//! `flowtwin replay`: the conditions of a recorded campaign once more.
//!
//! On the simulator a recorded simulation must come out bit for bit. Anything else is measured again and compared
//! feature by feature.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::{Comparison, Effort, Parting, Side, Sort};
use flowtwin_lab::journal::{self, Journal, Writer};
use serde_json::json;

use super::campaign::{By, Order, at};
use super::filled::filled;
use super::hardware::{self, OnHardware};
use super::place::{Place, refuse_idle, simulated};
use crate::cli::{Backend, ReplayArgs as Args};
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    refuse_idle(args.backend, args.rig.wiring.as_deref(), &[])?;
    let recorded = read_journal(&args.run)?;
    let scenario = Scenario::recorded(&recorded.header().definition)?;
    let same_rig = recorded.header().simulated && args.seed.is_none();
    match args.backend {
        Backend::Sim if same_rig && !is_ours(&scenario, &recorded) => {
            let message = "this run asked a twin or a lab outside flowtwin, which is not there to \
                           answer again";
            Err(CommandError::bad_input(message)
                .hint("--seed N does its experiments again on the simulated rig"))
        }
        Backend::Sim if same_rig => verify(args, &scenario, &recorded),
        Backend::Twin => {
            let message = "a twin has no instruments to replay a campaign on";
            Err(CommandError::bad_input(message).hint("`flowtwin run --backend twin` asks it"))
        }
        _ => repeat(args, &scenario, &recorded),
    }
}

/// Whether the lab of a run can be made again from its journal: a simulated rig, or a table.
fn is_ours(scenario: &Scenario, recorded: &Journal) -> bool {
    recorded.header().manifest.level == scenario.manifest().level
}

/// Does the recorded experiments again, as a run of their own beside the recorded.
fn repeat(args: &Args, scenario: &Scenario, recorded: &Journal) -> Result<(), CommandError> {
    let scenario = scenario.repeating(recorded)?;
    let seed = args.seed.unwrap_or(recorded.header().seed);
    if args.backend == Backend::Hardware {
        let (rig, to, replayed) = (&args.rig, &args.folder, Some(recorded));
        return hardware::run(OnHardware {
            rig,
            to,
            scenario,
            seed,
            review: false,
            replayed,
            more: "-rig-replay",
            then: None,
        });
    }
    let filled = match filled(&args.rig.filled, scenario.manifest())? {
        filled if filled.is_empty() => By::Then(recorded),
        filled => By::Hand(filled),
    };
    let usual = Order::new(&scenario, seed, &args.folder, filled);
    let order = Order { more: "-replay", replayed: Some(recorded), ..usual };
    let wiring_file = args.rig.wiring.as_deref();
    at(&order, || Place::simulated(args.backend, wiring_file, &scenario, seed))
}

fn verify(args: &Args, scenario: &Scenario, recorded: &Journal) -> Result<(), CommandError> {
    let now = again(args.backend, scenario, recorded)?;
    let durable = recorded.durable_bytes();
    let found = match now.bytes().starts_with(durable) {
        true => None,
        false => Some(compare(recorded, &now)?),
    };
    let difference = found.as_ref().map(difference);
    let experiments = recorded.experiments().count();
    if args.folder.json {
        console::print_line(json!({
            "experiments": experiments,
            "identical": difference.is_none(),
            "difference": difference,
            "comparison": found.map(|found| found.to_json()),
        }))?;
    } else if let Some(found) = &found {
        console::print(found.text())?;
    } else {
        let bytes = durable.len();
        console::print_line(format_args!("{experiments} experiments, {bytes} bytes: identical"))?;
    }
    difference.map_or(Ok(()), |difference| Err(CommandError::failed(difference)))
}

/// Compares a recorded run with what it yields now, both up to the last record that is on the disk.
fn compare(recorded: &Journal, now: &Journal) -> Result<Comparison, CommandError> {
    let durable = recorded.durable_bytes();
    let lines = durable.iter().filter(|&&byte| byte == b'\n').count();
    let now: Vec<u8> =
        now.bytes().split_inclusive(|&b| b == b'\n').take(lines).flatten().copied().collect();
    let side = |name: &str, bytes: &[u8]| {
        let journal = journal::read(bytes).map_err(CommandError::failed)?;
        Side::run(name, journal).map_err(CommandError::from)
    };
    let (before, after) = (side("recorded", durable)?, side("now", &now)?);
    Ok(Comparison::between(&before, &after, Effort::default()))
}

/// The first record that is not as it was, in a sentence.
fn difference(found: &Comparison) -> String {
    let Some(parting) = &found.parting else {
        return "record 1 differs: it was recorded by another version of flowtwin".into();
    };
    let Parting { experiment, what, before, after, .. } = parting;
    let place = format!("record {} (experiment {experiment})", parting.line.unwrap_or(0));
    match parting.sort {
        Sort::Length => format!("{place} is not reached any more"),
        _ => format!("{place} differs at {what}: recorded {before}, now {after}"),
    }
}

/// The journal that the recorded conditions yield now.
fn again(
    backend: Backend,
    scenario: &Scenario,
    recorded: &Journal,
) -> Result<Journal, CommandError> {
    let seed = recorded.header().seed;
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, seed, NonZeroUsize::MIN, &never).only_recorded();
    let (lab, _world) = simulated(backend, None, scenario, seed)?;
    let (_ended, writer) = campaign
        .run(lab, Writer::new(Vec::new()), Some(recorded), &mut Silent)
        .map_err(CommandError::failed)?;
    journal::read(writer.sink()).map_err(CommandError::failed)
}
