//! What every outcome depends on.

use super::html::{Legend, escape, figure, pair, section};
use crate::dependence::{Dependence, Effect, Response};
use crate::format::{counted, fixed};
use crate::plot::{Axis, Band, Chart, Line, Points, Style};
use crate::quantity::Quantity;
use crate::run::{Experiment, Run};
use crate::table::Table;

/// Inputs of each outcome that are drawn.
const DRAWN: usize = 4;

/// What shares are.
const SHARES: &str = " The share of an input is how far the mean prediction moves along its range, over the sum for all inputs. \
                      <code>flowtwin twin explain</code> shows more, Shapley values and pairs of inputs.";

/// The section; nothing where nothing is known.
pub(super) fn section_of(run: &Run<'_>, dependences: &[Dependence]) -> String {
    if dependences.is_empty() {
        return String::new();
    }
    let told: Vec<&Dependence> = dependences.iter().filter(|d| d.is_told()).collect();
    let mut body = words(run, dependences);
    if told.is_empty() {
        return section("depends", "What each outcome depends on", &body);
    }
    body.push_str(&importances(run, &told).html());
    for dependence in told {
        let shares = dependence.shares();
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]));
        let drawn = order.into_iter().take(DRAWN).map(|i| curve(run, dependence, i));
        body.push_str(&pair(&drawn.collect::<Vec<_>>()));
    }
    section("depends", "What each outcome depends on", &body)
}

fn words(run: &Run<'_>, dependences: &[Dependence]) -> String {
    let told = dependences.iter().map(|d| {
        let name = escape(&run.outcome(d.outcome).name);
        let experiments = counted(d.experiments, "experiment");
        match d.is_told() {
            true => format!("{name} from {experiments}, held-out R² {}", fixed(d.held_out_r2, 2)),
            false => format!(
                "{name} from {experiments}, held-out R² {}: no better than the mean, so nothing is said of what it depends on",
                fixed(d.held_out_r2, 2)
            ),
        }
    });
    let told: Vec<String> = told.collect();
    let shares = match dependences.iter().any(Dependence::is_told) {
        true => SHARES,
        false => "",
    };
    format!(
        "<p>A Gaussian process is fitted to each outcome: {}. Held-out R² is the share of the variance that is predicted of experiments \
         without learning from them.{shares}</p>\n",
        told.join("; ")
    )
}

/// The share of every input, a column for each outcome.
fn importances(run: &Run<'_>, dependences: &[&Dependence]) -> Table {
    let mut table = Table::new().words("input");
    for dependence in dependences {
        table = table.numbers(&format!("{} [%]", run.outcome(dependence.outcome).name));
    }
    let shares: Vec<Vec<f64>> = dependences.iter().map(|dependence| dependence.shares()).collect();
    for (i, effect) in dependences[0].effects.iter().enumerate() {
        let of = shares.iter().map(|shares| fixed(100.0 * shares[i], 0));
        table.row([label(effect)].into_iter().chain(of).collect());
    }
    table
}

fn label(effect: &Effect) -> String {
    Quantity::of_key(&effect.input).label()
}

/// The mean response of an outcome to an input, what was measured, and what limits forbid.
fn curve(run: &Run<'_>, dependence: &Dependence, input: usize) -> String {
    let (effect, place) = (&dependence.effects[input], dependence.outcome);
    let quantity = run.outcome(place);
    let style = Style::series(1);
    let dots = |e: &Experiment<'_>| {
        let at = e.record.conditions.values().get(input)?;
        Some(super::experiment::dot_of(e, *at, e.values[place]?))
    };
    let measured = || run.experiments().iter().filter_map(dots);
    let response = &effect.response;
    let across = match effect.options.is_empty() {
        true => Axis::covering(label(effect), response.iter().map(|r| r.at)),
        false => Axis::names(label(effect), effect.options.clone()),
    };
    let up = super::goals::axis(run, place);
    let all = response.iter().flat_map(|r| [r.low, r.high]).chain([up.low, up.high]);
    let up = Axis::covering(quantity.label(), all);
    let says = format!("{} by {}", quantity.name, label(effect));
    let mut chart =
        Chart::new(across, up, format!("mean response of {says}"), run.header().simulated)
            .sized(super::html::HALF, 300.0);
    let ends = response.first().zip(response.last()).map(|(a, b)| (a.at, b.at));
    if let Some(ends) = ends {
        super::goals::shade(run, place, ends, &mut chart);
    }
    chart.add(Points::new(measured(), Style::series(0)).sized(1.8));
    let mean = response.iter().map(|r| (r.at, r.mean));
    if effect.options.is_empty() {
        let band = |r: &Response| (r.at, r.low, r.high);
        chart.add(Band::new(response.iter().map(band), style.colour));
        chart.add(Line::new(mean, style.colour).wide(2.0));
    } else {
        let dot = |(at, mean)| {
            crate::plot::Dot::new(
                at,
                mean,
                format!("mean prediction {}", crate::format::significant(mean, 4)),
            )
        };
        chart.add(Points::new(mean.map(dot), style).sized(4.0));
    }
    let share = fixed(100.0 * dependence.shares()[input], 0);
    let note = format!(
        "Share {share} %. {}. Small dots: measured.",
        match effect.options.is_empty() {
            true =>
                "Line: what is predicted on average over the other inputs. Band: 8 in 10 of those predictions",
            false => "Large dots: what is predicted on average over the other inputs",
        }
    );
    figure(&says, &note, &Legend::default(), &chart.responsive())
}
