//! `flowtwin replay`: the conditions of a recorded campaign once more.
//!
//! On the simulator a recorded simulation must come out bit for bit. Anything else is measured again and compared
//! feature by feature.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::folder::{Identity, read_journal};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{self, Journal, Record, Writer};
use serde_json::{Value, json};

use super::campaign::{By, at, folder, occupy};
use super::filled::filled;
use super::hardware::{self, OnHardware};
use super::place::{Place, refuse_idle, simulated};
use crate::cli::{Backend, ReplayArgs as Args};
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    refuse_idle(args.backend, args.rig.wiring.as_deref(), None)?;
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
        return hardware::run(OnHardware { rig, to, scenario, seed, replayed });
    }
    let occupied = occupy(&args.folder, &scenario, seed, "-replay")?;
    let place = Place::simulated(args.backend, args.rig.wiring.as_deref(), &scenario, seed)?;
    let identity = Identity::new(&scenario, seed, true);
    let folder = folder(&occupied, &args.folder, &identity, Some(recorded))?;
    let filled = match filled(&args.rig.filled, scenario.manifest())? {
        filled if filled.is_empty() => By::Then(recorded),
        filled => By::Hand(filled),
    };
    at(place, (&scenario, seed), &folder, &args.folder, filled)
}

fn verify(args: &Args, scenario: &Scenario, recorded: &Journal) -> Result<(), CommandError> {
    let now = again(args.backend, scenario, recorded)?;
    let difference = first_difference(recorded, &now);
    let experiments = recorded.experiments().count();
    if args.folder.json {
        let identical = difference.is_none();
        console::print_line(
            json!({ "experiments": experiments, "identical": identical, "difference": difference }),
        )?;
    }
    match difference {
        Some(difference) => Err(CommandError::failed(difference)),
        None => {
            if !args.folder.json {
                console::print_line(format_args!(
                    "{experiments} experiments, {} bytes: identical",
                    recorded.durable_bytes().len()
                ))?;
            }
            Ok(())
        }
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

/// The first record that is not as it was, up to the last finished experiment.
fn first_difference(recorded: &Journal, now: &Journal) -> Option<String> {
    let durable = recorded.durable_bytes().iter().filter(|&&byte| byte == b'\n').count();
    let mut experiment = 0;
    for (index, before) in recorded.records()[..durable].iter().enumerate() {
        if let Record::Proposal(proposal) = before {
            experiment = proposal.experiment;
        }
        let place = format!("record {} (experiment {experiment})", index + 1);
        let Some(after) = now.records().get(index) else {
            return Some(format!("{place} is not reached any more"));
        };
        if before != after {
            let value = |record| serde_json::to_value(record).expect("a record is plain data");
            let (path, before, after) = differing(&value(before), &value(after));
            return Some(format!("{place} differs at {path}: recorded {before}, now {after}"));
        }
    }
    None
}

/// Way to and values of the first place where two values differ.
fn differing(before: &Value, after: &Value) -> (String, String, String) {
    let children: Vec<(String, &Value, Option<&Value>)> = match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            a.iter().map(|(key, value)| (key.clone(), value, b.get(key))).collect()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.iter().enumerate().map(|(i, value)| (i.to_string(), value, b.get(i))).collect()
        }
        _ => Vec::new(),
    };
    for (key, before, after) in children {
        let after = after.unwrap_or(&Value::Null);
        if before != after {
            let (path, before, after) = differing(before, after);
            let path = if path.is_empty() { key } else { format!("{key}.{path}") };
            return (path, before, after);
        }
    }
    (String::new(), before.to_string(), after.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_difference_is_named() {
        let before = json!({"experiment": {"features": [["abs_300", 0.1], ["pli", 1916.8]]}});
        let after = json!({"experiment": {"features": [["abs_300", 0.1], ["pli", 1917.0]]}});
        let found = differing(&before, &after);
        assert_eq!(found, ("experiment.features.1.1".into(), "1916.8".into(), "1917.0".into()));
    }
}
