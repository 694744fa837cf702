//! What a calibration writes: a scenario, its residuals, and a page.

use std::fmt::Write as _;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_report::format::{capital, counted, significant};
use flowtwin_report::page::{Answer, Legend, Page, answers, figure, pair, section, tiles};
use flowtwin_report::plot::{Axis, Chart, Colour, Dash, Dot, Line, Points, Rule, Style};

use crate::calibration::Calibration;
use crate::extension::{Extension, digits, rounded};

/// A CSV table of what is left: one row for each experiment and feature, then for each reading of a task.
pub fn residuals_csv(scenario: &Scenario, calibration: &Calibration) -> String {
    let mut out =
        String::from("source,feature,measured,predicted,residual,residual_in_deviations\n");
    let features = scenario.features();
    for ((experiment, predicted), deviations) in
        calibration.measured.iter().zip(&calibration.predicted).zip(&calibration.deviations)
    {
        for (place, (name, _)) in features.iter().enumerate() {
            let Some(seen) = experiment.features[place] else { continue };
            let (said, deviation) = (predicted[place], deviations[place]);
            let source = experiment.source.replace('"', "\"\"");
            let _written = writeln!(
                out,
                "\"{source}\",{name},{:?},{:?},{:?},{:?}",
                digits(seen, 7),
                digits(said, 7),
                digits(seen - said, 4),
                digits((seen - said) / deviation, 4)
            );
        }
    }
    let said = &calibration.predicted[calibration.measured.len()..];
    for ((series, said), deviations) in
        calibration.series.iter().zip(said).zip(&calibration.series_deviations)
    {
        let source = series.source.replace('"', "\"\"");
        let values = series.values.iter().zip(said).zip(deviations).enumerate();
        for (place, ((seen, said), deviation)) in
            values.filter(|(_, ((seen, _), _))| seen.is_finite())
        {
            let _written = writeln!(
                out,
                "\"{source}\",{},{:?},{:?},{:?},{:?}",
                series.name(place, &features),
                digits(*seen, 7),
                digits(*said, 7),
                digits(seen - said, 4),
                digits((seen - said) / deviation, 4)
            );
        }
    }
    out
}

/// A scenario file that extends another by the estimates; keys that the data do not tell stay as they are there.
///
/// `base` is the way from the new file to the one it extends.
pub fn calibrated_toml(scenario: &Scenario, calibration: &Calibration, base: &str) -> String {
    calibrated_toml_beside(scenario, scenario, calibration, base, &[])
}

/// The same of a scenario that is not that of the file it extends, `before`: it differs from that in these tables too.
pub fn calibrated_toml_beside(
    before: &Scenario,
    scenario: &Scenario,
    calibration: &Calibration,
    base: &str,
    tables: &[String],
) -> String {
    let mut definition = scenario.definition();
    let mut tables: Vec<&str> = tables.iter().map(String::as_str).collect();
    for (free, parameter) in calibration.free.iter().zip(&calibration.parameters) {
        if let Some(value) = parameter.value {
            free.put(&mut definition, rounded(value));
            if !tables.contains(&free.table()) {
                tables.push(free.table());
            }
        }
    }
    let (headline, remarks) = (calibration.headline(), calibration.remarks());
    let written_by = format!("`flowtwin calibrate`: {headline}");
    let file = Extension { written_by: &written_by, ending: "calibrated", remarks: &remarks };
    let mut out = file.toml(before, &definition, &tables, base);
    out.push_str(&posterior(calibration));
    out
}

/// The free keys, so that the scenario can be calibrated again, and how well they are known together.
fn posterior(calibration: &Calibration) -> String {
    let mut out = String::new();
    for (free, parameter) in calibration.free.iter().zip(&calibration.parameters) {
        let _written = write!(
            out,
            "\n[[calibration.free]]\nkey = \"{}\"\nlow = {:?}\nhigh = {:?}\nlogarithmic = {}\n",
            parameter.key,
            rounded(free.low),
            rounded(free.high),
            free.logarithmic
        );
        if parameter.identifiable {
            let (low, high) = (significant(parameter.low, 4), significant(parameter.high, 4));
            let _written = writeln!(out, "# 95 % interval: {low} to {high}");
        }
    }
    let told: Vec<usize> = (0..calibration.parameters.len())
        .filter(|&key| calibration.parameters[key].identifiable)
        .collect();
    if !told.is_empty() {
        let row = |&i: &usize| -> Vec<f64> {
            told.iter().map(|&j| rounded(calibration.covariance[i][j])).collect()
        };
        let keys: Vec<&str> =
            told.iter().map(|&key| calibration.parameters[key].key.as_str()).collect();
        let rows: Vec<Vec<f64>> = told.iter().map(row).collect();
        let _written = writeln!(
            out,
            "\n# Logarithms of keys that are logarithmic, parts of their range of others.\n\
             [calibration.posterior]\nkeys = {keys:?}\ncovariance = {rows:?}"
        );
    }
    out
}

/// A page with the estimates, what is left, and what the model says beside what was measured.
pub fn page(scenario: &Scenario, calibration: &Calibration) -> String {
    let mut page = Page::new(&scenario.file().title, calibration.simulated);
    page.kicker("calibration");
    page.lead(&calibration.headline());
    let told = calibration.parameters.iter().filter(|p| p.identifiable).count();
    page.push(&first_screen(calibration));
    page.push(&tiles(&[
        (calibration.experiments.to_string(), "experiments".into()),
        (format!("{told} of {}", calibration.parameters.len()), "keys known".into()),
        (significant(calibration.chi2_per_dof, 3), "chi² per degree of freedom".into()),
        (calibration.outliers.len().to_string(), "outliers".into()),
    ]));
    page.push(&section("estimates", "Estimates", &calibration.table().html()));
    page.push(&section("remarks", "What the data tell", &list(&calibration.remarks())));
    let features = scenario.features();
    let parity: Vec<String> =
        (0..features.len()).map(|f| parity(scenario, calibration, f)).collect();
    page.push(&section("parity", "Measured and predicted", &pair(&parity)));
    let left: Vec<String> = (0..features.len()).map(|f| left(scenario, calibration, f)).collect();
    page.push(&section("residuals", "What the model leaves unexplained", &pair(&left)));
    if !calibration.notes.is_empty() {
        page.push(&section("data", "Left out of the data", &list(&calibration.notes)));
    }
    page.finish()
}

/// What a reader asks first.
fn first_screen(calibration: &Calibration) -> String {
    let keys: Vec<&str> = calibration.parameters.iter().map(|p| p.key.as_str()).collect();
    let experiments = counted(calibration.experiments, "experiment");
    let from = match calibration.tasks.len() {
        0 => experiments,
        tasks => format!("{experiments} and {} of studies", counted(tasks, "task")),
    };
    let complete = match calibration.settled {
        true => "Yes, the search came to its end by itself.",
        false => "No, the search was cut short: there may be better values.",
    };
    let found = calibration.parameters.iter().map(|parameter| match parameter.value {
        Some(value) => format!(
            "{}: {} ({} to {}, 95 % interval).",
            parameter.key,
            significant(value, 4),
            significant(parameter.low, 4),
            significant(parameter.high, 4)
        ),
        None => format!("{}: the data do not tell.", parameter.key),
    });
    let known = calibration.parameters.iter().all(|p| p.identifiable);
    let done = || {
        "Go on with calibrated.toml: it has these values, and all else of the scenario.".to_owned()
    };
    let next = if known { Some(done()) } else { calibration.advice() };
    answers(&[
        ("Is it complete?", complete.to_owned().into()),
        ("What was asked?", format!("Which values of {} explain {from}?", keys.join(", ")).into()),
        ("What was found?", Answer::List(found.collect())),
        ("Is the model right?", capital(&(calibration.verdict() + ".")).into()),
        ("What next?", Answer::List(next.into_iter().collect())),
    ])
}

fn list(lines: &[String]) -> String {
    let items =
        lines.iter().map(|line| format!("<li>{}</li>", flowtwin_report::page::escape(line)));
    match lines.is_empty() {
        true => "<p>Nothing is left to be said.</p>".into(),
        false => format!("<ul>{}</ul>", items.collect::<String>()),
    }
}

/// Pairs of a feature: source, measured, predicted, standard deviation of noise.
fn pairs(calibration: &Calibration, feature: usize) -> Vec<(&str, f64, f64, f64)> {
    let rows = calibration.measured.iter().zip(&calibration.predicted).zip(&calibration.deviations);
    rows.filter_map(|((experiment, predicted), deviations)| {
        let seen = experiment.features[feature]?;
        Some((experiment.source.as_str(), seen, predicted[feature], deviations[feature]))
    })
    .collect()
}

fn parity(scenario: &Scenario, calibration: &Calibration, feature: usize) -> String {
    let (name, unit) = &scenario.features()[feature];
    let pairs = pairs(calibration, feature);
    let all = || pairs.iter().flat_map(|(_, seen, said, _)| [*seen, *said]);
    let label = |what: &str| format!("{what} [{unit}]");
    let mut chart = Chart::new(
        Axis::covering(label("predicted"), all()),
        Axis::covering(label("measured"), all()),
        format!("{name}: measured over predicted"),
        calibration.simulated,
    );
    let ends = [all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max)];
    let equal = ends.map(|end| (end, end));
    chart.add(Line::new(equal, Colour::QUIET).wide(1.0).dashed(Dash::Dashed));
    let dots = pairs.iter().map(|(source, seen, said, deviation)| Dot {
        y_between: Some((seen - 2.0 * deviation, seen + 2.0 * deviation)),
        ..Dot::new(
            *said,
            *seen,
            format!(
                "{source}\nmeasured {}\npredicted {}",
                significant(*seen, 4),
                significant(*said, 4)
            ),
        )
    });
    chart.add(Points::new(dots, Style::series(1)));
    figure(
        name,
        "On the dashed line, both are equal. Bars: two standard deviations of the scenario's noise.",
        &Legend::default(),
        &chart.svg(),
    )
}

fn left(scenario: &Scenario, calibration: &Calibration, feature: usize) -> String {
    let (name, _) = &scenario.features()[feature];
    let pairs = pairs(calibration, feature);
    let off = |(_, seen, said, deviation): &(&str, f64, f64, f64)| (seen - said) / deviation;
    let mut chart = Chart::new(
        Axis::between("experiment", 0.0, pairs.len() as f64 + 1.0).whole().plain(),
        Axis::covering("standard deviations of noise", pairs.iter().map(off).chain([-3.0, 3.0])),
        format!("{name}: what is left, in standard deviations"),
        calibration.simulated,
    );
    chart.add(Rule::level(0.0, ""));
    let dots = pairs.iter().enumerate().map(|(i, pair)| {
        Dot::new(i as f64 + 1.0, off(pair), format!("{}\n{}", pair.0, significant(off(pair), 3)))
    });
    chart.add(Points::new(dots, Style::series(2)));
    let note = "Measured minus predicted, over the noise. About 19 in 20 lie between −2 and 2 if the model is right.";
    figure(name, note, &Legend::default(), &chart.svg())
}
