//! Scenarios and observations as pages, with the tables and figures of reports.

use flowtwin_calibration::Account;
use flowtwin_campaign::observations::six;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::{Input, InputKind, Observation, Spectrum};
use flowtwin_report::page::{Page, escape, pair, section};
use flowtwin_report::{Table, spectrum_chart};
use pyo3::prelude::*;

/// The page of a scenario: what may be chosen, what is wanted, how a campaign goes.
pub(crate) fn scenario(scenario: &Scenario) -> String {
    let file = scenario.file();
    let mut page = Page::new(&file.title, scenario.manifest().simulated);
    page.kicker(&format!("{} · seed {}", file.name, file.seed));
    page.lead(file.description.trim());
    page.push(&section("inputs", "Inputs", &inputs(scenario).html()));
    page.push(&section("wanted", "Wanted", &wanted(scenario).html()));
    page.push(&section("phases", "Phases", &phases(scenario).html()));
    page.finish()
}

fn inputs(scenario: &Scenario) -> Table {
    let mut table = Table::new().words("input").words("range").numbers("resolution");
    for input in scenario.space().inputs() {
        let resolution = match input.resolution > 0.0 {
            true => input.resolution.to_string(),
            false => "–".to_owned(),
        };
        table.row(vec![input.name.clone(), range(input), resolution]);
    }
    table
}

fn range(input: &Input) -> String {
    let listed = |words: Vec<String>| words.join(", ");
    match &input.kind {
        InputKind::Choice(options) => listed(options.iter().map(|o| o.name.clone()).collect()),
        InputKind::Levels(levels) => listed(levels.iter().map(f64::to_string).collect()),
        InputKind::Logarithmic => format!("{} to {}, by factors", input.low, input.high),
        _ => format!("{} to {}", input.low, input.high),
    }
}

fn wanted(scenario: &Scenario) -> Table {
    let mut table = Table::new().words("feature").words("goal");
    for objective in scenario.wanted().named_objectives() {
        let goal = serde_json::to_value(objective.goal).unwrap_or_default();
        let goal = goal.as_str().map_or_else(|| goal.to_string(), str::to_owned);
        table.row(vec![objective.feature, goal]);
    }
    for limit in scenario.wanted().named_limits() {
        let least = limit.at_least.map(|value| format!("at least {value}"));
        let most = limit.at_most.map(|value| format!("at most {value}"));
        let words: Vec<String> = least.into_iter().chain(most).collect();
        table.row(vec![limit.feature, words.join(", ")]);
    }
    table
}

fn phases(scenario: &Scenario) -> Table {
    let mut table =
        Table::new().words("phase").words("policy").numbers("experiments").words("from");
    for phase in scenario.phases() {
        let from = phase.from.map(|from| scenario.phases()[from].name.clone());
        table.row(vec![
            phase.name.clone(),
            phase.policy.name().to_owned(),
            phase.experiments.to_string(),
            from.unwrap_or_default(),
        ]);
    }
    table
}

/// The page of an observation with these spectra.
pub(crate) fn observation(
    observation: &Observation,
    units: &[(String, String)],
    spectra: &[Spectrum],
    simulated: bool,
) -> String {
    let mut page = Page::new("Experiment", simulated);
    let flags = observation.outcome.quality.flags().join(", ");
    page.lead(&match &observation.fault {
        Some(fault) => format!("It failed: {fault}"),
        None if flags.is_empty() => String::new(),
        None => format!("Flags: {flags}"),
    });
    let mut table = Table::new().words("").numbers("value").words("unit");
    for (name, word) in observation.conditions.words() {
        table.row(vec![name.to_owned(), word.to_string(), String::new()]);
    }
    for (name, value) in &observation.outcome.features {
        let unit = units.iter().find(|(known, _)| known == name).map(|(_, unit)| unit.clone());
        table.row(vec![name.clone(), six(*value), unit.unwrap_or_default()]);
    }
    page.push(&section("values", "Set and measured", &table.html()));
    let charts = spectra.iter().map(|spectrum| spectrum_chart(spectrum, &[], simulated).svg());
    let charts: Vec<String> = charts.collect();
    if !charts.is_empty() {
        page.push(&section("spectra", "Spectra", &pair(&charts)));
    }
    page.finish()
}

/// The page of what a shadow found.
pub(crate) fn account(account: &Account) -> String {
    let mut page = Page::new("Shadow", false);
    page.lead(&account.headline());
    page.push(&section("features", "Features", &account.table().html()));
    let remarks = account.remarks();
    if !remarks.is_empty() {
        let items = remarks.iter().map(|remark| format!("<li>{}</li>", escape(remark)));
        let list = format!("<ul>{}</ul>", items.collect::<String>());
        page.push(&section("remarks", "What is to be said", &list));
    }
    page.finish()
}

/// A page inside a cell of a notebook, this many pixels high: with its own colours, dark or light as the reader has it.
#[pyfunction]
pub(crate) fn framed(page: &str, high: u32) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<iframe srcdoc=\"{page}\" sandbox=\"allow-scripts\" style=\"width:100%;height:{high}px;border:0\"></iframe>"
    )
}
