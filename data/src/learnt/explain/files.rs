//! An explanation as JSON and as files.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::table::at;
use super::{Curve, Explanation, Surface, page};
use crate::error::DataError;
use crate::learnt::data::Data;
use crate::learnt::files::write_all;
use crate::learnt::twin::Twin;

/// What programs read.
pub fn value(twin: &Twin, data: &Data, explanation: &Explanation) -> Value {
    let inputs = data.space.inputs();
    let name = |i: usize| inputs[i].name.as_str();
    let importance = explanation.order.iter().map(|&i| {
        let alone = explanation.interactions[i][i];
        json!({ "input": name(i), "mean_abs_shapley": explanation.importance[i], "alone": alone })
    });
    let interactions = explanation.pairs().into_iter().map(|(i, j)| {
        let strength = explanation.interactions[i][j];
        json!({ "inputs": [name(i), name(j)], "mean_abs_interaction": strength })
    });
    let curves = explanation.curves.iter().map(|curve| {
        let values: Vec<f64> = curve.unit.iter().map(|&u| at(&inputs[curve.input], u)).collect();
        json!({
            "input": name(curve.input),
            "values": values,
            "mean": curve.mean,
            "low_10": curve.low,
            "high_90": curve.high,
        })
    });
    let shapley = explanation.explained.iter().map(|explained| {
        let shares = &explained.shares;
        let (row, predicted) = (explained.number, explained.predicted);
        json!({ "row": row, "predicted": predicted, "values": shares.values })
    });
    json!({
        "source": data.source,
        "target": data.target,
        "surrogate": twin.surrogate,
        "seed": twin.seed,
        "experiments": data.outcomes().len(),
        "background": explanation.background,
        "predictions": explanation.predictions,
        "base": explanation.base,
        "inputs": inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(),
        "importance": importance.collect::<Vec<_>>(),
        "interactions": interactions.collect::<Vec<_>>(),
        "partial_dependence": curves.collect::<Vec<_>>(),
        "shapley": shapley.collect::<Vec<_>>(),
    })
}

/// Writes `shapley.csv`, `interactions.csv`, `partial_dependence.csv`, `surfaces.csv` and
/// `explanation.html`.
///
/// # Errors
/// If a file cannot be written.
pub fn write(
    folder: &Path,
    twin: &Twin,
    data: &Data,
    explanation: &Explanation,
) -> Result<Vec<PathBuf>, DataError> {
    let files = [
        ("shapley.csv", shapley_csv(data, explanation)),
        ("interactions.csv", interactions_csv(data, explanation)),
        ("partial_dependence.csv", dependence_csv(data, explanation)),
        ("surfaces.csv", surfaces_csv(data, explanation)),
        ("explanation.html", page::html(twin, data, explanation)),
    ];
    write_all(folder, &files)
}

/// One row for each experiment and input.
fn shapley_csv(data: &Data, explanation: &Explanation) -> String {
    let mut out = String::from("row,predicted,base,input,value,shapley\n");
    for explained in &explanation.explained {
        let shares = explained.inputs.iter().zip(&explained.shares.values);
        for (input, (value, share)) in data.inputs().zip(shares) {
            let (number, predicted, base) =
                (explained.number, explained.predicted, explanation.base);
            out += &format!("{number},{predicted},{base},{},{value},{share}\n", cell(input));
        }
    }
    out
}

/// One row for each pair of inputs, the strongest first.
fn interactions_csv(data: &Data, explanation: &Explanation) -> String {
    let names: Vec<String> = data.inputs().map(cell).collect();
    let mut out = String::from("input,other,mean_abs_interaction\n");
    for (i, j) in explanation.pairs() {
        let strength = explanation.interactions[i][j];
        out += &format!("{},{},{strength}\n", names[i], names[j]);
    }
    out
}

fn dependence_csv(data: &Data, explanation: &Explanation) -> String {
    let mut out = String::from("input,value,mean,low_10,high_90\n");
    for Curve { input, unit, mean, low, high } in &explanation.curves {
        let input = &data.space.inputs()[*input];
        for (k, u) in unit.iter().enumerate() {
            let (name, value) = (cell(&input.name), at(input, *u));
            out += &format!("{name},{value},{},{},{}\n", mean[k], low[k], high[k]);
        }
    }
    out
}

fn surfaces_csv(data: &Data, explanation: &Explanation) -> String {
    let mut out = String::from("input,other,value,other_value,mean\n");
    for Surface { inputs, unit, mean } in &explanation.surfaces {
        let (a, b) = (&data.space.inputs()[inputs.0], &data.space.inputs()[inputs.1]);
        let names = format!("{},{}", cell(&a.name), cell(&b.name));
        for (v, row) in unit.iter().zip(mean) {
            for (u, mean) in unit.iter().zip(row) {
                out += &format!("{names},{},{},{mean}\n", at(a, *u), at(b, *v));
            }
        }
    }
    out
}

/// A name as a cell of a CSV file.
fn cell(name: &str) -> String {
    if name.contains([',', '"', '\n']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}
