//! The accuracy of surrogates, as tables, files and a page.

use std::path::{Path, PathBuf};

use flowtwin_report::format::{counted, fixed, significant};
use flowtwin_report::page::{Answer, Legend, Page, answers, figure, section};
use flowtwin_report::plot::{Axis, Chart, Colour, Dash, Dot, Line, Points, Style};
use flowtwin_report::{Quantity, Table};
use flowtwin_twin::{Belief, Evaluation, Score, SurrogateSpec};
use serde_json::{Value, json};

use super::data::Data;
use super::files;
use crate::error::DataError;

/// The scores of several surrogates on the same splits.
pub type Judged = [(SurrogateSpec, Evaluation)];

/// The scores and their 95 % intervals, one surrogate a row.
pub fn table(data: &Data, judged: &Judged) -> Table {
    let rmse = Quantity::new("RMSE", &data.target.unit).label();
    let mut table = Table::new()
        .words("surrogate")
        .numbers("experiments")
        .numbers("R² [95 % interval]")
        .numbers("r² (Pearson)")
        .numbers(&rmse)
        .numbers("NLL")
        .numbers("95 % coverage");
    for (surrogate, scores) in judged {
        let between = |i: &Score| format!("[{}, {}]", fixed(i.low, 3), fixed(i.high, 3));
        table.row(vec![
            surrogate.name().into(),
            data.outcomes().len().to_string(),
            format!("{} {}", fixed(scores.r2.value, 3), between(&scores.r2)),
            fixed(scores.pearson_r2.value, 3),
            significant(scores.rmse.value, 3),
            fixed(scores.nll.value, 3),
            fixed(scores.coverage_95.value, 3),
        ]);
    }
    table
}

/// What programs read of one surrogate: each score, and its 95 % interval under the same name with
/// `_interval`.
pub fn value(surrogate: SurrogateSpec, evaluation: &Evaluation) -> Value {
    let mut value = scored(evaluation);
    value["name"] = json!(surrogate.name());
    if !evaluation.weights.is_empty() {
        let fold = |weights: &Vec<(String, f64)>| -> Value {
            weights.iter().map(|(name, weight)| (name.clone(), json!(weight))).collect()
        };
        value["weights"] = evaluation.weights.iter().map(fold).collect();
    }
    value["work"] = json!(evaluation.work);
    value
}

/// Each score, and its 95 % interval under the same name with `_interval`.
pub fn scored(evaluation: &Evaluation) -> Value {
    let mut value = json!({});
    for (name, score) in scores(evaluation) {
        value[name] = json!(score.value);
        value[format!("{name}_interval")] = json!([score.low, score.high]);
    }
    value
}

/// What a surrogate that weighs others chose, in one line: the mean weights over all folds and their range.
pub fn choice(evaluation: &Evaluation) -> Option<String> {
    let folds = evaluation.weights.len();
    let names = evaluation.weights.first()?.iter().map(|(name, _)| name);
    let part = |(k, name): (usize, &String)| {
        let weights = || evaluation.weights.iter().map(|fold| fold[k].1);
        let mean = weights().sum::<f64>() / folds as f64;
        let low = weights().fold(1.0, f64::min);
        let high = weights().fold(0.0, f64::max);
        format!("{name} {} ({} to {})", fixed(mean, 2), fixed(low, 2), fixed(high, 2))
    };
    let parts: Vec<String> = names.enumerate().map(part).collect();
    Some(format!("weights in {folds} folds, from training data alone: {}", parts.join(", ")))
}

fn scores(evaluation: &Evaluation) -> [(&'static str, Score); 5] {
    [
        ("r2", evaluation.r2),
        ("pearson_r2", evaluation.pearson_r2),
        ("rmse", evaluation.rmse),
        ("nll", evaluation.nll),
        ("coverage_95", evaluation.coverage_95),
    ]
}

/// Writes `scores.csv`, `predictions.csv` and `evaluation.html`.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, data: &Data, judged: &Judged) -> Result<Vec<PathBuf>, DataError> {
    let files = [
        ("scores.csv", scores_csv(judged)),
        ("predictions.csv", predictions_csv(data, judged)),
        ("evaluation.html", page(data, judged)),
    ];
    files::write_all(folder, &files)
}

fn scores_csv(judged: &Judged) -> String {
    let mut out = String::from("surrogate,folds,repeats,score,value,low_95,high_95\n");
    for (surrogate, evaluation) in judged {
        let Evaluation { folds, repeats, .. } = evaluation;
        for (name, Score { value, low, high }) in scores(evaluation) {
            let surrogate = surrogate.name();
            out += &format!("{surrogate},{folds},{repeats},{name},{value},{low},{high}\n");
        }
    }
    out
}

/// One row for each experiment and repeat, predicted from the folds without it.
fn predictions_csv(data: &Data, judged: &Judged) -> String {
    let mut out = String::from("surrogate,repeat,row,measured,predicted,sd\n");
    for (surrogate, evaluation) in judged {
        for (repeat, beliefs) in evaluation.predicted.iter().enumerate() {
            for ((row, measured), Belief { mean, sd }) in data.measured().zip(beliefs) {
                let (surrogate, number, repeat) = (surrogate.name(), row.number, repeat + 1);
                out += &format!("{surrogate},{repeat},{number},{measured},{mean},{sd}\n");
            }
        }
    }
    out
}

fn page(data: &Data, judged: &Judged) -> String {
    let target = data.target.quantity();
    let mut page =
        Page::new(&format!("What can be predicted of {}", target.name), data.is_simulated());
    page.kicker(&format!("{} · {}", data.source, counted(data.outcomes().len(), "experiment")));
    page.lead(&lead(data, judged));
    page.push(&first_screen(data, judged));
    page.push(&section("scores", "Scores", &table(data, judged).html()));
    let charts: String = judged.iter().map(|(s, e)| parity(data, *s, e)).collect();
    page.push(&section(
        "parity",
        "Predicted against measured",
        &format!("<div class=\"pair\">\n{charts}</div>\n"),
    ));
    page.finish()
}

/// What a reader asks first.
fn first_screen(data: &Data, judged: &Judged) -> String {
    let target = data.target.quantity().name;
    let asked =
        format!("How well can {target} be predicted of experiments that have not been done?");
    let mut order: Vec<_> = judged.iter().collect();
    order.sort_by(|a, b| b.1.r2.value.total_cmp(&a.1.r2.value));
    let winner = match order[..] {
        [(best, one), (_, other), ..] => vec![match one.r2.low > other.r2.high {
            true => {
                format!("Yes, {}: its interval of R² lies above that of the next.", best.name())
            }
            false => format!(
                "Not resolved: {} has the highest R², but the intervals overlap.",
                best.name()
            ),
        }],
        _ => Vec::new(),
    };
    let next = match order.first() {
        Some((_, best)) if best.r2.low <= 0.0 => {
            "More experiments: so far the mean of all may predict as well.".to_owned()
        }
        _ => "`flowtwin twin explain` says what it depends on.".to_owned(),
    };
    answers(&[
        ("What was asked?", asked.into()),
        ("Is there a winner?", Answer::List(winner)),
        ("What next?", next.into()),
    ])
}

fn lead(data: &Data, judged: &Judged) -> String {
    let Some((surrogate, e)) =
        judged.iter().find(|(s, _)| *s == SurrogateSpec::Stack).or(judged.first())
    else {
        return String::new();
    };
    format!(
        "The surrogate {} explains {} % of the variance of {} in experiments it has not seen \
         (R² = {}, 95 % interval {} to {}, {}, {} folds, {} repeats); {} % of them lie in its 95 % intervals.",
        surrogate.name(),
        fixed(100.0 * e.r2.value, 0),
        data.target.quantity().name,
        fixed(e.r2.value, 2),
        fixed(e.r2.low, 2),
        fixed(e.r2.high, 2),
        counted(data.outcomes().len(), "experiment"),
        e.folds,
        e.repeats,
        fixed(100.0 * e.coverage_95.value, 0),
    )
}

/// Measured and predicted values of the first repeat, with 95 % intervals.
fn parity(data: &Data, surrogate: SurrogateSpec, evaluation: &Evaluation) -> String {
    let target = data.target.quantity();
    let beliefs = evaluation.predicted.first().map_or(&[][..], Vec::as_slice);
    let rows: Vec<_> = data.measured().zip(beliefs).collect();
    let all = rows.iter().flat_map(|((_, y), b)| [*y, b.mean]);
    let axis =
        |what: &str| Axis::covering(format!("{what} {}", target.label()), all.clone()).ticked(5);
    let low = all.clone().fold(f64::INFINITY, f64::min);
    let high = all.clone().fold(f64::NEG_INFINITY, f64::max);
    let dot = |((row, measured), belief): &((&super::data::Row, f64), &Belief)| {
        let half = 1.96 * belief.sd;
        let tip = format!(
            "row {}\nmeasured {}\npredicted {} ± {}",
            row.number,
            significant(*measured, 4),
            significant(belief.mean, 4),
            significant(half, 2)
        );
        let between = Some((belief.mean - half, belief.mean + half));
        Dot { y_between: between, ..Dot::new(*measured, belief.mean, tip) }
    };
    let chart = Chart::new(
        axis("measured"),
        axis("predicted"),
        format!("{} predicted by {} against measured", target.name, surrogate.name()),
        data.is_simulated(),
    )
    .sized(440.0, 400.0)
    .with(Line::new([(low, low), (high, high)], Colour::QUIET).wide(1.0).dashed(Dash::Dashed))
    .with(Points::new(rows.iter().map(dot), Style::series(1)).sized(2.6));
    let note = format!(
        "R² {} (95 % interval {} to {}, n {}), {} % within the 95 % intervals (bars). Each point was predicted from folds \
         without it.",
        fixed(evaluation.r2.value, 3),
        fixed(evaluation.r2.low, 3),
        fixed(evaluation.r2.high, 3),
        rows.len(),
        fixed(100.0 * evaluation.coverage_95.value, 0)
    );
    figure(surrogate.name(), &note, &Legend::default(), &chart.responsive())
}
