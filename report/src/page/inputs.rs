//! What was chosen: the inputs over the run, and the objective against temperature.

use super::experiment::{dot_of, objective_axis};
use flowtwin_lab::Word;

use super::html::{HALF, QUARTER, figure, section, small};
use super::{legend, style};
use crate::plot::{Axis, Band, Chart, Colour, Points};
use crate::quantity::Quantity;
use crate::run::{Experiment, Run};

/// The inputs that were chosen, over the run.
pub(super) fn sections(run: &Run<'_>) -> String {
    if run.experiments().is_empty() {
        return String::new();
    }
    let charts: Vec<String> = run.header().inputs.iter().map(|name| over_run(run, name)).collect();
    let note = "From left to right: the experiments. Grey: the range that may be chosen from.";
    let body =
        figure("Inputs chosen, experiment by experiment", note, &legend(run), &small(&charts));
    section("inputs", "What the policies chose", &body)
}

fn over_run(run: &Run<'_>, name: &str) -> String {
    let last = run.experiments().last().map_or(1, |e| e.record.experiment) as f64;
    let options = run.definition().options(name);
    let chosen = run.experiments().iter().filter_map(|e| at(e, name, options));
    let range = run.definition().range(name);
    let ends = range.map(|r| [r.low, r.high]).into_iter().flatten();
    let input = Quantity::of_key(name);
    let mut chart = Chart::new(
        Axis::between("", 0.0, last + 1.0).ticked(4).whole().plain(),
        match options {
            [] => Axis::covering(input.label(), chosen.chain(ends)).ticked(4).plain(),
            names => Axis::names(input.label(), names.iter().cloned()),
        },
        format!("{} chosen in every experiment", input.name),
        run.header().simulated,
    )
    .sized(QUARTER, 160.0);
    if let Some(range) = range {
        let band = [(0.0, range.low, range.high), (last + 1.0, range.low, range.high)];
        chart.add(Band::new(band, Colour::GRID).opaque(0.6));
    }
    for phase in 0..run.phases().len() {
        let dot = |e: &Experiment<'_>| {
            let value = at(e, name, options)?;
            Some(dot_of(e, e.record.experiment as f64, value))
        };
        let dots = run.of_phase(phase).iter().filter_map(dot);
        chart.add(Points::new(dots, style(phase)).sized(2.3));
    }
    chart.svg()
}

/// Where an input of an experiment lies on its axis: its value, or the place of its option.
fn at(e: &Experiment<'_>, name: &str, options: &[String]) -> Option<f64> {
    let (_, word) = e.record.conditions.words().find(|(known, _)| *known == name)?;
    match word {
        Word::Number(value) => Some(value),
        Word::Name(option) => options.iter().position(|o| o == option).map(|place| place as f64),
    }
}

/// The objective against the first input that is a temperature.
pub(super) fn against_temperature(run: &Run<'_>) -> Option<String> {
    let is_temperature = |name: &&String| Quantity::of_key(name).unit == "°C";
    let name = run.header().inputs.iter().find(is_temperature)?;
    let input = Quantity::of_key(name);
    let chosen = run.experiments().iter().filter_map(|e| e.record.conditions.get(name));
    let title = format!("{} against {}", run.objective().name, input.name);
    let mut chart = Chart::new(
        Axis::covering(input.label(), chosen),
        objective_axis(run),
        title.clone(),
        run.header().simulated,
    )
    .sized(HALF, 340.0);
    for phase in 0..run.phases().len() {
        let dot = |e: &Experiment<'_>| {
            let at = e.record.conditions.get(name)?;
            Some(dot_of(e, at, e.value?))
        };
        let dots = run.of_phase(phase).iter().filter_map(dot);
        chart.add(Points::new(dots, style(phase)));
    }
    Some(figure(&title, "The other inputs vary too.", &legend(run), &chart.responsive()))
}
