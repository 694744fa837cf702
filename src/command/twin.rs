//! `flowtwin twin`: surrogates learnt from any table of experiments.

mod evaluate;
mod explain;
mod fit;
mod rehearse;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::learnt::{Data, Selection};
use flowtwin_lab::Streams;
use flowtwin_twin::Context;

use super::campaign::threads;
use crate::cli::{TwinCommand, TwinData};
use crate::console;
use crate::error::CommandError;

pub(super) fn run(twin: &TwinCommand) -> Result<(), CommandError> {
    match twin {
        TwinCommand::Fit(args) => fit::run(args),
        TwinCommand::Evaluate(args) => evaluate::run(args),
        TwinCommand::Explain(args) => explain::run(args),
        TwinCommand::Rehearse(args) => rehearse::run(args),
    }
}

/// Reads what is to be learnt from and says what was made of it.
fn read(args: &TwinData) -> Result<Data, CommandError> {
    let scenario = args.scenario.as_deref().map(Scenario::load).transpose()?;
    let selection = Selection {
        target: args.target.clone(),
        inputs: args.inputs.as_ref().map(|names| names.0.clone()),
        ranges: scenario.map(|scenario| scenario.space().inputs().to_vec()),
        words: false,
    };
    let data = Data::read(&args.data, &selection)?;
    data.notes.iter().for_each(|note| console::say_line(format_args!("note: {note}")));
    console::say_line(data.summary());
    Ok(data)
}

/// The randomness and the threads that were asked for.
fn context(args: &TwinData) -> Context {
    Context::new(Streams::new(args.seed)).with_threads(threads(args.jobs))
}
