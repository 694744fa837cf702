//! `flowtwin twin rehearse`: a policy at work on a fitted twin.

use flowtwin_data::learnt::{Rehearsal, Rehearsed, Twin, write};
use flowtwin_lab::{Streams, Word};
use flowtwin_report::format::significant;
use flowtwin_report::{Quantity, Table};
use flowtwin_twin::Context;
use serde_json::{Value, json};

use crate::cli::TwinRehearse as Args;
use crate::command::campaign::threads;
use crate::command::output::into_file;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let twin = Twin::load(&args.model)?;
    if args.experiments == 0 {
        return Err(CommandError::bad_input("0 experiments: at least one is needed"));
    }
    let rehearsal = Rehearsal {
        opening: args.opening.unwrap_or(2 * twin.inputs.len()).max(2),
        experiments: args.experiments,
        minimize: args.minimize,
    };
    console::say_line(format_args!("SIMULATED: {} on the {}", args.policy.name(), twin.identity()));
    let context = Context::new(Streams::new(args.seed)).with_threads(threads(args.jobs));
    let policy = args.policy.build(args.surrogate);
    let steps = rehearsal.run(&twin, &*policy, &context).map_err(CommandError::failed)?;
    let best = rehearsal.best_so_far(&steps);
    match args.json {
        true => console::print_line(format_args!("{:#}", value(args, &twin, &steps, &best)))?,
        false => console::print(console::fitted(&table(&twin, &steps, &best)))?,
    }
    if let Some(path) = &args.out {
        let path = into_file(path, |path| Ok(write(path, &csv(&twin, &steps, &best))?))?;
        console::say_line(format_args!("wrote {}", path.display()));
    }
    Ok(())
}

fn table(twin: &Twin, steps: &[Rehearsed], best: &[f64]) -> Table {
    let mut table = Table::new().numbers("experiment");
    for input in &twin.inputs {
        table = table.numbers(&Quantity::of_key(&input.name).label());
    }
    table = table.numbers(&twin.target.quantity().label()).numbers("best so far");
    for (number, (step, best)) in steps.iter().zip(best).enumerate() {
        let mut cells = vec![(number + 1).to_string()];
        cells.extend(step.conditions.words().map(|(_, word)| match word {
            Word::Number(value) => significant(value, 4),
            Word::Name(name) => name.to_owned(),
        }));
        cells.extend([significant(step.outcome, 4), significant(*best, 4)]);
        table.row(cells);
    }
    table
}

fn value(args: &Args, twin: &Twin, steps: &[Rehearsed], best: &[f64]) -> Value {
    let step = |(number, (step, best)): (usize, (&Rehearsed, &f64))| {
        json!({
            "experiment": number + 1,
            "conditions": step.conditions,
            "outcome": step.outcome,
            "truth": step.truth,
            "best": best,
        })
    };
    let steps: Vec<Value> = steps.iter().zip(best).enumerate().map(step).collect();
    json!({
        "simulated": true,
        "model": twin.identity(),
        "target": twin.target,
        "policy": args.policy.name(),
        "surrogate": args.surrogate,
        "seed": args.seed,
        "experiments": steps,
    })
}

fn csv(twin: &Twin, steps: &[Rehearsed], best: &[f64]) -> String {
    let names: Vec<&str> = twin.inputs.iter().map(|input| input.name.as_str()).collect();
    let mut out = format!("experiment,simulated,{},{},best\n", names.join(","), twin.target.name);
    for (number, (step, best)) in steps.iter().zip(best).enumerate() {
        let values: Vec<String> =
            step.conditions.words().map(|(_, word)| word.to_string()).collect();
        out += &format!("{},true,{},{},{best}\n", number + 1, values.join(","), step.outcome);
    }
    out
}
