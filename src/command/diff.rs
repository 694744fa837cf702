//! `flowtwin diff`: what moved between two runs, snapshots or scenarios.

use flowtwin_comparison::{Comparison, Effort, Explanation, Side};

use super::campaign::threads;
use crate::cli::DiffArgs as Args;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let threads = threads(args.jobs);
    let (before, after) = (Side::load(&args.before, threads)?, Side::load(&args.after, threads)?);
    let effort = Effort { simulate: (!args.quick).then_some(threads), regret: !args.quick };
    let found = Comparison::between(&before, &after, effort);
    let (why, not) = match args.explain && !found.equal {
        false => (None, None),
        // What moved is told also where nothing can be computed between the sides.
        true => match Explanation::of(&before, &after, threads) {
            Ok(why) => (Some(why), None),
            Err(error) => (None, Some(error.to_string())),
        },
    };
    if let Some(path) = &args.page {
        std::fs::write(path, found.page(&before, &after, why.as_ref()))
            .map_err(|error| CommandError::unwritable(path, &error))?;
    }
    match args.json {
        true => console::print_line(format_args!("{:#}", json(&found, why.as_ref(), not)))?,
        false => {
            console::print(found.text())?;
            console::print(why.map(|why| format!("\n{}", why.text())).unwrap_or_default())?;
            console::print(not.map(|not| format!("\nNot explained: {not}\n")).unwrap_or_default())?;
        }
    }
    match found.equal {
        true => Ok(()),
        false => {
            let (a, b) = (args.before.display(), args.after.display());
            Err(CommandError::failed(format_args!("{a} and {b} differ")))
        }
    }
}

/// The comparison as JSON, with why the sides differ where that was asked, or why that cannot be said.
fn json(found: &Comparison, why: Option<&Explanation>, not: Option<String>) -> serde_json::Value {
    let mut value = found.to_json();
    if let Some(why) = why {
        value["why"] = serde_json::to_value(why).expect("an explanation is plain data");
    }
    if let Some(not) = not {
        value["not_explained"] = not.into();
    }
    value
}
