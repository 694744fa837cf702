//! How well the twin describes the observations.

use super::html::{self, HALF, Legend, figure, pair};
use crate::format::{count, fixed, significant, with_unit};
use crate::plot::{Axis, Chart, Colour, Dash, Dot, Line, Points, Style, Text};
use crate::run::Run;
use crate::twin_fit::{Prediction, TwinFit};

/// Parity on the experiments that the twin was fitted to and on those it had not seen.
fn charts(run: &Run<'_>, twin: &TwinFit) -> String {
    let n = |points: &[Prediction]| format!("n {}", points.len());
    let seen = format!("R² {}\n{}", fixed(twin.train_r2, 3), n(&twin.train));
    let (r2, pearson) = (fixed(twin.test_r2, 3), fixed(twin.test_pearson_r2, 3));
    let unseen = format!("R² {r2}\nr² {pearson}\n{}", n(&twin.test));
    let range = axis_range(twin);
    let figures = [
        parity(
            run,
            &twin.train,
            range,
            &seen,
            ("Seen", "The experiments that the twin was fitted to"),
            1,
        ),
        parity(
            run,
            &twin.test,
            range,
            &unseen,
            ("Unseen", "Experiments that were kept from it"),
            2,
        ),
    ];
    pair(&figures)
}

/// The section on the twin.
pub(super) fn section(run: &Run<'_>, twin: &TwinFit) -> String {
    let objective = run.objective();
    let covered = twin.coverage_95().map(|share| {
        format!(" The 95 % intervals cover {} % of the unseen values.", fixed(100.0 * share, 0))
    });
    let words = format!(
        "<p>A surrogate ({}) predicts {} from the inputs. R² is 1 − SSE/SST; r² is the squared Pearson correlation, which forgives a wrong scale or offset. R² {}: {}.{}</p>\n",
        html::escape(&twin.surrogate.replace('_', " ")),
        html::escape(&objective.name),
        fixed(twin.test_r2, 2),
        twin.test_r2_in_words(),
        covered.unwrap_or_default(),
    );
    html::section("twin", "What the twin learnt", &(words + &charts(run, twin)))
}

fn parity(
    run: &Run<'_>,
    points: &[Prediction],
    (low, high): (f64, f64),
    score: &str,
    (title, note): (&str, &str),
    series: usize,
) -> String {
    let objective = run.objective();
    let axis =
        |what: &str| Axis::between(format!("{what} {}", objective.label()), low, high).ticked(5);
    let mut chart = Chart::new(
        axis("observed"),
        axis("predicted"),
        format!("predicted against observed {}, {title}", objective.name),
        run.header().simulated,
    )
    .sized(HALF, 400.0)
    .with(Line::new([(low, low), (high, high)], Colour::QUIET).wide(1.0).dashed(Dash::Dashed));
    let value = |x: f64| with_unit(&significant(x, 4), &objective.unit);
    let dot = |p: &Prediction| {
        let half = p.half_width();
        let tip = format!(
            "observed {}\npredicted {} ± {}",
            value(p.observed),
            value(p.predicted),
            value(half)
        );
        let y_between = Some((p.predicted - half, p.predicted + half));
        Dot { y_between, ..Dot::new(p.observed, p.predicted, tip) }
    };
    chart.add(Points::new(points.iter().map(dot), Style::series(series)).sized(3.0));
    for (i, line) in score.lines().enumerate() {
        let text = Text::at(low, high, line, Colour::INK);
        chart.add(text.moved(10.0, 20.0 + 16.0 * i as f64));
    }
    let note = format!("{note} ({}). Bars: 95 % intervals.", count(points.len()));
    figure(title, &note, &Legend::default(), &chart.responsive())
}

/// A range that holds all values and intervals, the same for both charts.
fn axis_range(twin: &TwinFit) -> (f64, f64) {
    let points = twin.train.iter().chain(&twin.test);
    let values = points
        .flat_map(|p| [p.observed, p.predicted - p.half_width(), p.predicted + p.half_width()]);
    let axis = Axis::covering("", values);
    (axis.low, axis.high)
}
