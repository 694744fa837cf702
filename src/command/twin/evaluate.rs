//! `flowtwin twin evaluate`: how well surrogates predict what they have not seen.

use flowtwin_data::learnt::{Data, accuracy};
use flowtwin_twin::{Evaluation, SurrogateSpec, cross_validate};
use serde_json::{Value, json};

use super::{context, read};
use crate::cli::TwinEvaluate as Args;
use crate::command::output::into_folder;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let data = read(&args.data)?;
    check(args, &data)?;
    let (x, y) = data.history(|outcome| outcome).succeeded(data.space.dim());
    let mut judged = Vec::new();
    for surrogate in surrogates(args) {
        console::say_line(format_args!("{}: {} fits", surrogate.name(), args.folds * args.repeats));
        let parts = (args.folds, args.repeats);
        let evaluation = cross_validate(&surrogate, x.view(), &y, parts, &context(&args.data))
            .map_err(|error| CommandError::failed(format_args!("{}: {error}", data.source)))?;
        if let Some(choice) = accuracy::choice(&evaluation) {
            console::say_line(format_args!("{}: {choice}", surrogate.name()));
        }
        judged.push((surrogate, evaluation));
    }
    match args.data.json {
        true => console::print_line(format_args!("{:#}", value(args, &data, &judged)))?,
        false => console::print(console::fitted(&accuracy::table(&data, &judged)))?,
    }
    if let Some(folder) = &args.out {
        let files = into_folder(folder, |folder| {
            accuracy::write(folder, &data, &judged).map(drop).map_err(Into::into)
        })?;
        files.iter().for_each(|file| console::say_line(format_args!("wrote {}", file.display())));
    }
    Ok(())
}

/// Every surrogate that was asked for, once.
fn surrogates(args: &Args) -> Vec<SurrogateSpec> {
    let mut chosen: Vec<SurrogateSpec> = Vec::new();
    let all = SurrogateSpec::ALL.into_iter().filter(|s| !s.is_legacy() && s.needs_data_only());
    let asked = args.surrogates.iter().copied();
    for surrogate in
        if args.surrogates.is_empty() { all.collect() } else { asked.collect::<Vec<_>>() }
    {
        if !chosen.contains(&surrogate) {
            chosen.push(surrogate);
        }
    }
    chosen
}

fn check(args: &Args, data: &Data) -> Result<(), CommandError> {
    let rows = data.outcomes().len();
    if args.folds < 2 || args.folds > rows {
        let message =
            format!("{} folds of {rows} experiments: 2 to {rows} can be made", args.folds);
        return Err(CommandError::bad_input(message).hint("choose with --folds"));
    }
    if args.repeats < 1 {
        return Err(CommandError::bad_input("0 repeats: at least one is needed"));
    }
    Ok(())
}

fn value(args: &Args, data: &Data, judged: &[(SurrogateSpec, Evaluation)]) -> Value {
    let surrogates: Vec<Value> = judged.iter().map(|(s, e)| accuracy::value(*s, e)).collect();
    json!({
        "source": data.source,
        "sha256": data.sha256,
        "target": data.target,
        "inputs": data.space.inputs(),
        "experiments": data.outcomes().len(),
        "seed": args.data.seed,
        "folds": args.folds,
        "repeats": args.repeats,
        "chosen": SurrogateSpec::Stack.name(),
        "surrogates": surrogates,
    })
}
