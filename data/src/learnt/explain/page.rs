//! An explanation as one self-contained page.

use flowtwin_report::format::{counted, fixed, significant, with_unit};
use flowtwin_report::page::{Answer, Legend, Page, answers, figure, pair, section};
use flowtwin_report::plot::{
    Axis, Band, Bee, Cells, Chart, Dot, Key, Line, Points, Ramp, Rule, Style, Swarm,
};

use super::table::{at, label, table};
use super::{Curve, Explained, Explanation, Surface};
use crate::learnt::data::Data;
use crate::learnt::twin::Twin;

/// The text of `explanation.html`.
pub(super) fn html(twin: &Twin, data: &Data, explanation: &Explanation) -> String {
    let target = data.target.quantity();
    let mut page = Page::new(&format!("What {} depends on", target.name), data.is_simulated());
    page.kicker(&format!("{} · {} · seed {}", data.source, twin.surrogate.name(), twin.seed));
    page.lead(&lead(data, explanation));
    page.push(&first_screen(data, twin, explanation));
    let words = format!(
        "<p>Shapley values share the difference between a prediction and the mean prediction, {}, \
         among the inputs. They are exact over all subsets of inputs; inputs outside a subset are \
         averaged over {}.</p>\n",
        with_unit(&significant(explanation.base, 4), &target.unit),
        counted(explanation.background, "experiment"),
    );
    page.push(&section("inputs", "Inputs", &(words + &table(data, explanation).html())));
    page.push(&section("shapley", "Experiment by experiment", &swarm(data, explanation)));
    let curves: Vec<String> =
        explanation.order.iter().map(|&i| curve(data, explanation, i)).collect();
    page.push(&section("responses", "Input by input", &pair(&curves)));
    if !explanation.surfaces.is_empty() {
        let surfaces: Vec<String> = explanation.surfaces.iter().map(|s| surface(data, s)).collect();
        page.push(&section("surfaces", "Two inputs together", &pair(&surfaces)));
    }
    page.finish()
}

/// What a reader asks first.
fn first_screen(data: &Data, twin: &Twin, explanation: &Explanation) -> String {
    let target = data.target.quantity();
    let curve = |&i: &usize| {
        let Curve { unit, mean, .. } = &explanation.curves[i];
        let end = |pick: fn(&f64, &f64) -> bool| {
            let mut best = 0;
            for place in 1..mean.len() {
                if pick(&mean[place], &mean[best]) {
                    best = place;
                }
            }
            best
        };
        let (low, high) = (end(|a, b| a < b), end(|a, b| a > b));
        let at = |place: usize| significant(at(&data.space.inputs()[i], unit[place]), 3);
        let value = |place: usize| with_unit(&significant(mean[place], 3), &target.unit);
        format!(
            "{}: on average {} at {}, {} at {}.",
            label(data, i),
            value(low),
            at(low),
            value(high),
            at(high)
        )
    };
    let found: Vec<String> = explanation.order.iter().take(3).map(curve).collect();
    answers(&[
        ("What was asked?", format!("What does {} depend on?", target.name).into()),
        ("What was found?", Answer::List(found)),
        (
            "How sure is it?",
            format!(
                "It is what the surrogate {} believes. `flowtwin twin evaluate` says how well it predicts.",
                twin.surrogate.name()
            )
            .into(),
        ),
    ])
}

fn lead(data: &Data, explanation: &Explanation) -> String {
    let all: f64 = explanation.importance.iter().sum();
    let share = |i: usize| fixed(100.0 * explanation.importance[i] / all.max(f64::MIN_POSITIVE), 0);
    let named: Vec<String> = explanation
        .order
        .iter()
        .take(3)
        .map(|&i| {
            format!(
                "{} ({} %)",
                flowtwin_report::Quantity::of_key(&data.space.inputs()[i].name).name,
                share(i)
            )
        })
        .collect();
    let more = if explanation.order.len() > 3 { "most" } else { "all" };
    format!(
        "In the eyes of the twin, {more} of what moves {} comes from {}.",
        data.target.quantity().name,
        named.join(", ")
    )
}

/// The Shapley values of every explained experiment.
fn swarm(data: &Data, explanation: &Explanation) -> String {
    let target = data.target.quantity();
    let bee = |i: usize, explained: &Explained| Bee {
        x: explained.shares.values[i],
        share: explained.unit[i],
        tip: format!(
            "row {}\n{} = {}\nmoves {} by {}\npredicted {}",
            explained.number,
            label(data, i),
            significant(explained.inputs[i], 4),
            target.name,
            significant(explained.shares.values[i], 3),
            significant(explained.predicted, 4),
        ),
    };
    let rows: Vec<Vec<Bee>> = explanation
        .order
        .iter()
        .map(|&i| explanation.explained.iter().map(|e| bee(i, e)).collect())
        .collect();
    let names = explanation.order.iter().map(|&i| label(data, i));
    let height = 70.0 + 46.0 * rows.len() as f64;
    let values = explanation.explained.iter().flat_map(|e| e.shares.values.iter().copied());
    let mut chart = Chart::new(
        Axis::covering(format!("Shapley value: moves {} by", target.label()), values.chain([0.0])),
        Axis::names("", names).reversed(),
        format!("Shapley values of {} by input", target.name),
        data.is_simulated(),
    )
    .sized(920.0, height)
    .with(Rule::upright(0.0, ""))
    .with(Key::named(Ramp::BlueToRed, "low", "high", ""));
    for (row, bees) in rows.into_iter().enumerate() {
        chart.add(Swarm::new(row as f64, bees, Ramp::BlueToRed));
    }
    let note = format!(
        "Each dot is an experiment ({} shown): right of zero, the input's value raised the \
         prediction; left, it lowered it. Colour: the value, from low to high.",
        explanation.explained.len()
    );
    figure("Shapley values", &note, &Legend::default(), &chart.responsive())
}

/// The mean response to an input, and how it differs between experiments.
fn curve(data: &Data, explanation: &Explanation, input: usize) -> String {
    let target = data.target.quantity();
    let Curve { unit, mean, low, high, .. } = &explanation.curves[input];
    let x: Vec<f64> = unit.iter().map(|&u| at(&data.space.inputs()[input], u)).collect();
    let style = Style::series(1);
    let measured = data.measured().map(|(row, outcome)| {
        let tip = format!("row {}\nmeasured {}", row.number, significant(outcome, 4));
        Dot::new(row.inputs[input], outcome, tip)
    });
    let outcomes = data.outcomes();
    let all = low.iter().chain(high).chain(&outcomes).copied();
    let chart = Chart::new(
        Axis::covering(label(data, input), x.iter().copied()),
        Axis::covering(target.label(), all),
        format!("mean response of {} to {}", target.name, label(data, input)),
        data.is_simulated(),
    )
    .sized(440.0, 280.0)
    .with(Points::new(measured, Style::series(0)).sized(1.6))
    .with(Band::new((0..x.len()).map(|k| (x[k], low[k], high[k])), style.colour))
    .with(Line::new(x.iter().copied().zip(mean.iter().copied()), style.colour).wide(2.0));
    let note = "Line: mean prediction over the data with this input set. Band: 10 to 90 % of them. \
                Dots: measured.";
    figure(&label(data, input), note, &Legend::default(), &chart.responsive())
}

/// The mean response to two inputs.
fn surface(data: &Data, surface: &Surface) -> String {
    let target = data.target.quantity();
    let (a, b) = surface.inputs;
    // Half a cell of room, so that each cell stands around its value.
    let range = |input: usize| {
        let range = &data.space.inputs()[input];
        let half = 0.5 * (range.high - range.low) / (surface.unit.len() - 1) as f64;
        (range.low - half, range.high + half)
    };
    let axis = |input: usize| {
        let (low, high) = range(input);
        Axis::between(label(data, input), low, high).plain().ticked(5)
    };
    let measured = data.measured().map(|(row, outcome)| {
        let tip = format!("row {}\nmeasured {}", row.number, significant(outcome, 4));
        Dot::new(row.inputs[a], row.inputs[b], tip)
    });
    let heights = surface.mean.iter().flatten().copied().collect();
    let cells = Cells::new(range(a), range(b), surface.unit.len(), heights, Ramp::Viridis);
    let (low, high) = cells.range();
    let title = format!("{} and {}", label(data, a), label(data, b));
    let says = format!("mean response of {} to {title}", target.name);
    let chart = Chart::new(axis(a), axis(b), says, data.is_simulated())
        .sized(440.0, 360.0)
        .with(cells)
        .with(Key::new(Ramp::Viridis, low, high, target.label()))
        .with(Points::new(measured, Style::series(0)).sized(2.2).hollow());
    let note = "Mean prediction over the data with both inputs set. Rings: where experiments were.";
    figure(&title, note, &Legend::default(), &chart.svg())
}
