//! `flowtwin twin fit`: a surrogate in a file.

use std::path::{Path, PathBuf};

use flowtwin_data::learnt::{Twin, accuracy};
use flowtwin_report::format::{fixed, significant};
use flowtwin_report::{Quantity, Table};
use flowtwin_twin::{Evaluation, Posterior as _, Score, judge};
use serde_json::json;

use super::{context, read};
use crate::cli::TwinFit as Args;
use crate::command::output::{into_file, into_folder};
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let data = read(&args.data)?;
    let twin = Twin::fit(&data, args.surrogate, &context(&args.data))?;
    let held_out = judge(&data.outcomes(), twin.model().held_out(), &context(&args.data));
    let path = save(&twin, &args.out)?;
    if args.data.json {
        let value = json!({
            "model": path.display().to_string(),
            "surrogate": twin.surrogate,
            "target": twin.target,
            "inputs": twin.inputs,
            "origin": twin.origin,
            "noise_sd": twin.noise_sd(),
            "experiments": data.outcomes().len(),
            "held_out": accuracy::scored(&held_out),
        });
        console::print_line(format_args!("{value:#}"))?;
    } else {
        console::print(format_args!(
            "{}\n{}",
            console::fitted(&inputs(&twin)),
            console::fitted(&scores(&twin, data.outcomes().len(), &held_out))
        ))?;
    }
    console::say_line(format_args!("model: {}", path.display()));
    Ok(())
}

/// Writes the model into a folder or a file, and returns where it is.
fn save(twin: &Twin, out: &Path) -> Result<PathBuf, CommandError> {
    let save = |path: &Path| twin.save(path).map(drop).map_err(Into::into);
    if out.extension().is_some_and(|extension| extension == "json") {
        return into_file(out, save);
    }
    let files = into_folder(out, save)?;
    Ok(files.into_iter().next().expect("a model is one file"))
}

fn inputs(twin: &Twin) -> Table {
    let mut table = Table::new().words("input").numbers("from").numbers("to");
    for input in &twin.inputs {
        let name = Quantity::of_key(&input.name).label();
        table.row(vec![name, significant(input.low, 4), significant(input.high, 4)]);
    }
    table
}

/// The scores of what the surrogate says of each experiment without having seen it.
fn scores(twin: &Twin, experiments: usize, scores: &Evaluation) -> Table {
    let mut table = Table::new()
        .words("surrogate")
        .numbers("experiments")
        .numbers("held-out R² [95 % interval]")
        .numbers("RMSE")
        .numbers("95 % coverage")
        .numbers("noise sd");
    let Score { value, low, high } = scores.r2;
    table.row(vec![
        twin.surrogate.name().into(),
        experiments.to_string(),
        format!("{} [{}, {}]", fixed(value, 3), fixed(low, 3), fixed(high, 3)),
        significant(scores.rmse.value, 3),
        fixed(scores.coverage_95.value, 3),
        significant(twin.noise_sd(), 3),
    ]);
    table
}
