//! `flowtwin diff`: what moved between two runs, snapshots or scenarios.

use flowtwin_comparison::{Comparison, Effort, Side};

use super::campaign::threads;
use crate::cli::DiffArgs as Args;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let threads = threads(args.jobs);
    let (before, after) = (Side::load(&args.before, threads)?, Side::load(&args.after, threads)?);
    let effort = Effort { simulate: (!args.quick).then_some(threads) };
    let found = Comparison::between(&before, &after, effort);
    match args.json {
        true => console::print_line(format_args!("{:#}", found.to_json()))?,
        false => console::print(found.text())?,
    }
    match found.equal {
        true => Ok(()),
        false => {
            let (a, b) = (args.before.display(), args.after.display());
            Err(CommandError::failed(format_args!("{a} and {b} differ")))
        }
    }
}
