//! Suggestions as a page.

use flowtwin_lab::Goal;
use flowtwin_report::format::{count, counted, plain, with_unit};
use flowtwin_report::page::{Legend, Page, answers, escape, figure, pair, section, tiles};
use flowtwin_report::plot::{Axis, Chart, Dot, Points, Rule, Style};
use flowtwin_report::{Quantity, wanted_in_words};

use super::{INSIDE, Prediction, Reading, Suggestion, Suggestions};
use crate::scenario::Scenario;

/// The text of a page that shows what to try next, beside what has been measured.
pub fn page(scenario: &Scenario, reading: &Reading, suggestions: &Suggestions) -> String {
    let mut page = Page::new(&scenario.file().title, false);
    page.kicker("what to try next");
    page.lead(&suggestions.headline());
    page.push(&first_screen(scenario, suggestions));
    page.push(&tiles(&[
        (count(suggestions.experiments.len()), "to try next".into()),
        (count(suggestions.measured), "measured".into()),
        (count(suggestions.failed), "failed".into()),
        (count(suggestions.pending), "waiting for an outcome".into()),
    ]));
    let table = suggestions.table(scenario).without(super::WHY).html();
    page.push(&section("next", "What to try next", &(table + &why(suggestions))));
    let charts: Vec<String> = (0..scenario.wanted().outcomes.len())
        .map(|place| chart(scenario, reading, suggestions, place))
        .collect();
    page.push(&section("outcomes", "What is expected", &pair(&charts)));
    page.push(&section("how", "How this was chosen", &how(scenario, suggestions)));
    page.finish()
}

/// What a reader asks first.
fn first_screen(scenario: &Scenario, suggestions: &Suggestions) -> String {
    let predicted = suggestions.experiments.first().map_or(&[][..], |first| &first.predicted);
    let told = predicted.iter().zip(&scenario.wanted().outcomes).filter_map(|(predicted, name)| {
        Some(format!("{} {}", Quantity::of_key(name).label(), predicted.as_ref()?.in_words()))
    });
    let told: Vec<String> = told.collect();
    let likely = match told.is_empty() {
        true => "Too little has been measured to expect anything.".into(),
        false => format!(
            "Of the first of them: {}. {} of 100 measured values lie within such an interval.",
            told.join(", "),
            plain(100.0 * INSIDE)
        ),
    };
    let next = format!(
        "Do the {} of the table below, write what comes out into their rows, and ask again.",
        counted(suggestions.experiments.len(), "experiment")
    );
    answers(&[
        ("What is wanted?", wanted_in_words(scenario.wanted()).into()),
        ("What is expected?", likely.into()),
        ("What next?", next.into()),
    ])
}

/// Why each experiment was chosen, in the order of the table: a column of sentences would be cut off.
fn why(suggestions: &Suggestions) -> String {
    let items = suggestions.experiments.iter().map(|e| format!("<li>{}</li>\n", escape(&e.why)));
    format!("<h3>Why, row by row</h3>\n<ol>\n{}</ol>\n", items.collect::<String>())
}

/// An outcome of every row, and what is expected of the suggestions behind them.
fn chart(
    scenario: &Scenario,
    reading: &Reading,
    suggestions: &Suggestions,
    place: usize,
) -> String {
    let name = &scenario.wanted().outcomes[place];
    let value = |(i, trial): (usize, &flowtwin_twin::Trial)| {
        Some((i as f64 + 1.0, trial.values.get(place).copied().flatten()?, reading.lines[i]))
    };
    let trials = &reading.history.trials;
    let measured: Vec<(f64, f64, usize)> = trials.iter().enumerate().filter_map(value).collect();
    let first = trials.len() as f64 + 1.0;
    let told = |(i, e): (usize, &Suggestion)| Some((first + i as f64, e.predicted[place]?));
    let expected: Vec<(f64, Prediction)> =
        suggestions.experiments.iter().enumerate().filter_map(told).collect();
    let ends = expected.iter().flat_map(|(_, p)| [p.low, p.high]);
    let last = first + suggestions.experiments.len() as f64;
    let mut chart = Chart::new(
        Axis::between("row", 0.0, last).whole().plain(),
        Axis::covering(
            Quantity::of_key(name).label(),
            measured.iter().map(|(_, y, _)| *y).chain(ends),
        ),
        format!("{name} of every row, and what is expected next"),
        false,
    );
    chart.add(Rule::upright(first - 0.5, "next"));
    for bound in bounds(scenario, place) {
        chart.add(Rule::level(bound.0, bound.1));
    }
    let dots = measured
        .iter()
        .map(|&(x, y, line)| Dot::new(x, y, format!("line {line}\n{name} {}", plain(y))));
    chart.add(Points::new(dots, Style::series(1)));
    let dots = expected.iter().map(|&(x, p)| Dot {
        y_between: Some((p.low, p.high)),
        ..Dot::new(x, p.mean, format!("expected\n{name} {}", p.in_words()))
    });
    chart.add(Points::new(dots, Style::series(2)).hollow());
    let mut legend = Legend::default();
    legend.push(Style::series(1), "measured");
    legend.push_hollow(Style::series(2), "expected");
    let note =
        format!("A measured value lies within the bar in {} of 100 cases.", plain(100.0 * INSIDE));
    figure(name, &note, &legend, &chart.responsive())
}

/// Targets and limits of an outcome, with words.
fn bounds(scenario: &Scenario, place: usize) -> Vec<(f64, String)> {
    let goals = &scenario.wanted().goals;
    let targets = goals.objectives.iter().filter(|o| o.outcome == place);
    let targets = targets.filter_map(|o| match o.goal {
        Goal::Target { target, .. } => Some((target, format!("target {}", plain(target)))),
        _ => None,
    });
    let limits = goals.limits.iter().filter(|limit| limit.outcome == place);
    let limits = limits.flat_map(|limit| {
        let at_least = limit.at_least.map(|low| (low, format!("at least {}", plain(low))));
        let at_most = limit.at_most.map(|high| (high, format!("at most {}", plain(high))));
        [at_least, at_most].into_iter().flatten()
    });
    targets.chain(limits).collect()
}

fn how(scenario: &Scenario, suggestions: &Suggestions) -> String {
    let wanted = scenario.wanted();
    let goals = wanted.named_objectives();
    let aims: Vec<String> = goals.iter().map(|o| o.goal.in_words(&o.feature)).collect();
    let mut list = vec![format!("Wanted: {}.", aims.join("; "))];
    for limit in wanted.named_limits() {
        let unit = Quantity::of_key(&limit.feature).unit;
        let bound = |word: &str, value: Option<f64>| {
            value.map(|v| format!("{word} {}", with_unit(&plain(v), &unit)))
        };
        let bounds = [bound("at least", limit.at_least), bound("at most", limit.at_most)];
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        list.push(format!("Must hold: {} {}.", limit.feature, bounds.join(" and ")));
    }
    list.push(format!(
        "Chosen by {}, the policy of the phase \"{}\", with the surrogate {}.",
        flowtwin_report::policy_in_words(&suggestions.policy),
        suggestions.phase,
        scenario.surrogate().name()
    ));
    list.push(
        "The chance to better everything so far counts what is believed of the outcomes, without the noise of a measurement.".into(),
    );
    list.extend(suggestions.notes.iter().map(|note| format!("Note: {note}.")));
    let items: String = list.iter().map(|item| format!("<li>{}</li>\n", escape(item))).collect();
    format!("<ul>\n{items}</ul>\n")
}
