//! `report.html` of a benchmark.

use flowtwin_report::Table;
use flowtwin_report::format::{capital, counted, duration, significant};
use flowtwin_report::page::{Answer, Legend, Page, answers, escape, figure, section};
use flowtwin_report::plot::{Axis, Band, Chart, Dash, Ends, Line, Style};
use flowtwin_statistics::Band as Quartiles;

use super::across_rigs::across_rigs;
use super::comparison::Comparison;
use super::finding::{Finding, in_unit, lead, matrix, overview};
use super::metrics;
use super::pool;
use super::results::Results;
use super::steps::BenchmarkStep;

/// Points along an axis of hours or millilitres.
const POINTS: usize = 60;

/// What the words of the first tables mean.
const ACCELERATION: &str = "<p class=\"note\">Beats random: share of seeds with less regret at the end. Acceleration: \
    experiments that random choice needs for the median regret of the policy at the end, over those that the policy \
    needs; with > where random choice never gets there. Enhancement: regret removed since the opening, over what random \
    choice removes. The second table counts from the end of the opening; medians over seeds, noise-free values.</p>\n";
/// What the table of races means.
const RACES: &str = "<p class=\"note\">Seeds in which the first policy takes less, and more, than the second until its best is within \
    5 % of the best known value; a campaign that never gets there takes more than one that does. Signed-rank test on the \
    differences, corrected for all pairs and the three ways to count.</p>\n";
/// Where the metrics of a lab come from.
const SOURCE: &str =
    "<p class=\"note\">Metrics after Volk &amp; Abolhasani, Nat. Commun. 2024, 15, 1378.</p>\n";

/// The page of a benchmark.
pub fn report(results: &Results, findings: &[Finding]) -> String {
    let simulated = results.card.scenarios.iter().any(|arena| arena.pool.is_none());
    let mut page = Page::new("Benchmark of policies", simulated);
    page.kicker(&format!(
        "flowtwin {} · {} · {}",
        results.card.flowtwin,
        counted(results.card.policies.len(), "policy").replace("policys", "policies"),
        counted(results.card.seeds.len(), "seed")
    ));
    page.lead(&lead(findings));
    page.push(&first_screen(results, findings));
    if findings.len() > 1 {
        let body =
            overview(findings).html() + "<h3>Regret at the end</h3>\n" + &matrix(findings).html();
        page.push(&section("overview", "Scenario by scenario", &body));
    }
    for over in across_rigs(results) {
        let name = format!("{}-over-rigs", over.scenario);
        let title = format!("{}, over its rigs", over.scenario);
        let sentence = format!("<p>{}</p>\n", escape(&over.sentence));
        page.push(&section(&name, &title, &(sentence + &over.table().html())));
    }
    for (scenario, finding) in findings.iter().enumerate() {
        let mut body = String::new();
        if !finding.searches.is_empty() {
            body.push_str(&pool::table(&finding.searches).html());
            body.push_str(&finds(results, scenario, finding));
        }
        body.push_str(&finding.table().html());
        body.push_str("<h3>How soon they come near</h3>\n");
        body.push_str(&finding.approach().html());
        body.push_str(ACCELERATION);
        if !finding.races.is_empty() {
            body.push_str("<h3>Who takes less to come near</h3>\n");
            body.push_str(&finding.races().html());
            body.push_str(RACES);
        }
        body.push_str("<h3>Regret on the way</h3>\n");
        body.push_str(&figures(results, scenario, finding));
        if !finding.comparisons.is_empty() {
            body.push_str("<h3>Policies two by two, at the end</h3>\n");
            body.push_str(&pairs(finding).html());
        }
        if let Some(table) = metrics::table(results, scenario) {
            body.push_str("<h3>What the lab can do</h3>\n");
            body.push_str(&table.html());
            body.push_str(SOURCE);
        }
        page.push(&section(&finding.scenario, &finding.scenario, &body));
    }
    page.finish()
}

/// What a reader asks first.
fn first_screen(results: &Results, findings: &[Finding]) -> String {
    let card = &results.card;
    let (campaigns, seeds) = (card.campaigns.len(), card.seeds.len());
    let asked = format!(
        "Which of {} policies leaves the least regret after the same openings, on {} with {} each? Regret is how far the \
         best found is from the best value that is known.",
        card.policies.len(),
        counted(findings.len(), "scenario"),
        counted(seeds, "seed")
    );
    let several = findings.len() > 1;
    let on = |finding: &Finding| match several {
        true => format!("{}: ", finding.scenario),
        false => String::new(),
    };
    let winner = |finding: &Finding| {
        let words = match (finding.leads, finding.tied) {
            (true, _) => format!("{}, its lead over the second is resolved.", finding.leader),
            (false, true) => "no: the best do not differ.".into(),
            (false, false) => {
                format!("none is resolved; {} has the least median regret.", finding.leader)
            }
        };
        on(finding) + &words
    };
    let ends = || results.campaigns.iter().filter_map(|campaign| campaign.steps.last());
    let hours: f64 = ends().map(|step| step.lab_time_h).sum();
    let ml: f64 = ends().map(|step| step.consumed_ml.iter().fold(0.0, |sum, ml| sum + ml)).sum();
    let cost = match hours > 0.0 || ml > 0.0 {
        true => format!(
            "{} of lab time and {} mL, all campaigns together.",
            duration(3600.0 * hours),
            significant(ml, 3)
        ),
        false => "Nothing but computing: outcomes come from a table.".into(),
    };
    let next = |finding: &Finding| {
        let second = finding.second()?;
        let both = [finding.leader.as_str(), second];
        let of = |pair: &&Comparison| {
            both.contains(&pair.better.as_str()) && both.contains(&pair.worse.as_str())
        };
        let pair = finding.comparisons.iter().find(of)?;
        let needed = pair.seeds_needed.filter(|_| !finding.leads && !finding.tied)?;
        let more = needed.max(pair.seeds_at_least);
        let words =
            format!("about {more} seeds would tell {} and {} apart.", pair.better, pair.worse);
        Some(on(finding) + &words)
    };
    answers(&[
        (
            "Is it complete?",
            format!("Yes, all {} are done.", counted(campaigns, "campaign")).into(),
        ),
        ("What was asked?", asked.into()),
        ("Is there a winner?", one_or_many(findings.iter().map(winner).collect())),
        ("What did it take?", cost.into()),
        ("What next?", one_or_many(findings.iter().filter_map(next).collect())),
    ])
}

/// A sentence, or a list of several.
fn one_or_many(sentences: Vec<String>) -> Answer {
    match &sentences[..] {
        [only] => capital(only).into(),
        _ => Answer::List(sentences),
    }
}

/// What a step has cost so far.
type Of = fn(&BenchmarkStep) -> f64;

/// Regret against experiments, lab hours and millilitres.
fn figures(results: &Results, scenario: usize, finding: &Finding) -> String {
    let axes: [(&str, Of); 2] = [
        ("lab time [h]", |step| step.lab_time_h),
        ("reagents [mL]", |step| step.consumed_ml.iter().fold(0.0, |sum, ml| sum + ml)),
    ];
    let mut html = by_experiments(results, scenario, finding);
    let steps = || (0..results.card.policies.len()).flat_map(|p| results.of(scenario, p));
    for (label, of) in axes {
        // A table has neither times nor volumes.
        if steps().flat_map(|campaign| &campaign.steps).all(|step| of(step) <= 0.0) {
            continue;
        }
        html.push_str(&by_cost(results, scenario, finding, label, of));
    }
    html
}

fn by_experiments(results: &Results, scenario: usize, finding: &Finding) -> String {
    let experiments = results.card.scenarios[scenario].course.experiments;
    let curve = |policy: usize| -> Vec<(f64, Quartiles)> {
        let at = |n| (n as f64, Quartiles::of(&results.regrets(scenario, policy, n)));
        (0..=experiments).map(at).collect()
    };
    chart(results, finding, "experiments after the opening", &curve)
}

/// Regret of the campaigns as they stand when each has spent this much since its opening.
fn by_cost(
    results: &Results,
    scenario: usize,
    finding: &Finding,
    label: &str,
    of: fn(&BenchmarkStep) -> f64,
) -> String {
    let opened = results.card.scenarios[scenario].course.opened();
    let spent = |steps: &[BenchmarkStep], n: usize| {
        let base = opened.checked_sub(1).and_then(|i| steps.get(i)).map_or(0.0, of);
        steps.get(opened + n - 1).map_or(f64::INFINITY, |step| of(step) - base)
    };
    let experiments = results.card.scenarios[scenario].course.experiments;
    let all = (0..results.card.policies.len()).flat_map(|p| results.of(scenario, p));
    let most = all
        .map(|campaign| spent(&campaign.steps, experiments))
        .filter(|spent| spent.is_finite())
        .fold(0.0, f64::max);
    let curve = |policy: usize| -> Vec<(f64, Quartiles)> {
        let by_number: Vec<Vec<f64>> =
            (0..=experiments).map(|n| results.regrets(scenario, policy, n)).collect();
        let point = |i: usize| {
            let budget = most * i as f64 / POINTS as f64;
            let regret = |(seed, campaign): (usize, &super::Steps)| {
                let within = (1..=experiments).take_while(|&n| spent(&campaign.steps, n) <= budget);
                by_number[within.count()][seed]
            };
            let regrets: Vec<f64> = results.of(scenario, policy).enumerate().map(regret).collect();
            (budget, Quartiles::of(&regrets))
        };
        (0..=POINTS).map(point).collect()
    };
    chart(results, finding, label, &curve)
}

fn chart(
    results: &Results,
    finding: &Finding,
    label: &str,
    curve: &dyn Fn(usize) -> Vec<(f64, Quartiles)>,
) -> String {
    let curves: Vec<_> = (0..results.card.policies.len()).map(curve).collect();
    let all = || curves.iter().flatten();
    let y = Axis::from_zero(in_unit("simple regret", &finding.unit), all().map(|(_, b)| b.high));
    let x = Axis::from_zero(label, all().map(|(x, _)| *x));
    let says = format!("Simple regret of each policy against {label}");
    let mut chart = Chart::new(x, y, says, finding.searches.is_empty()).sized(920.0, 320.0);
    let (mut legend, mut ends) = (Legend::default(), Ends::default());
    for (policy, curve) in curves.iter().enumerate() {
        let (style, name) = (Style::series(policy + 1), &results.card.policies[policy]);
        let band = curve.iter().map(|(x, b)| (*x, b.low, b.high));
        chart.add(Band::new(band, style.colour).opaque(0.12));
        chart.add(Line::new(curve.iter().map(|(x, b)| (*x, b.median)), style.colour));
        legend.push(style, name);
        // Colours alone would show nothing in greyscale.
        ends.push(curve.last().map_or(f64::NAN, |(_, b)| b.median), name, style.colour);
    }
    chart.add(ends);
    let note = "Lines: median over seeds. Bands: quartiles. Regret is measured without noise, \
                from the best value that is known.";
    figure(&format!("Regret against {label}"), note, &legend, &chart.responsive())
}

/// Share of the best conditions of a table against evaluations.
fn finds(results: &Results, scenario: usize, finding: &Finding) -> String {
    let course = &results.card.scenarios[scenario].course;
    let last = (course.opened() + course.experiments) as f64;
    let pool = results.card.scenarios[scenario].pool.expect("it is of a table");
    let x = Axis::from_zero("evaluations", [last]);
    let y = Axis::from_zero("best 5 % found [%]", [100.0]);
    let says = format!("Share of the best conditions of {} found", finding.scenario);
    let mut chart = Chart::new(x, y, says, finding.searches.is_empty()).sized(920.0, 320.0);
    let mut legend = Legend::default();
    let chance = Style::series(0);
    let most = 100.0 * (last / pool.conditions as f64).min(1.0);
    chart.add(Line::new([(0.0, 0.0), (last, most)], chance.colour).dashed(Dash::Dashed));
    legend.push(chance, "random choice, on average");
    for policy in 0..results.card.policies.len() {
        let (style, curve) = (Style::series(policy + 1), pool::curve(results, scenario, policy));
        let band = curve.iter().map(|(x, b)| (*x, b.low, b.high));
        chart.add(Band::new(band, style.colour).opaque(0.12));
        chart.add(Line::new(curve.iter().map(|(x, b)| (*x, b.median)), style.colour));
        legend.push(style, &results.card.policies[policy]);
    }
    let note = "Lines: median over seeds. Bands: quartiles. The opening counts.";
    figure("Best conditions found", note, &legend, &chart.responsive())
}

/// All pairs at the end.
fn pairs(finding: &Finding) -> Table {
    let mut table = Table::new()
        .words("better")
        .words("worse")
        .numbers(&in_unit("advantage", &finding.unit))
        .numbers("95 % interval")
        .numbers("p (Holm)")
        .numbers("wins")
        .words("resolved from")
        .numbers("seeds for 80 % power");
    for pair in &finding.comparisons {
        let end = pair.checkpoints.last().expect("there is a last checkpoint");
        let (low, high) = (end.advantage.low, end.advantage.high);
        table.row(vec![
            pair.better.clone(),
            pair.worse.clone(),
            significant(end.advantage.estimate, 3),
            format!("{} to {}", significant(low, 3), significant(high, 3)),
            significant(end.p, 2),
            format!("{:.0} %", 100.0 * end.wins.share),
            pair.resolved_from.map_or("not resolved".into(), |n| counted(n, "experiment")),
            pair.seeds_needed.map_or("–".into(), |n| n.to_string()),
        ]);
    }
    table
}
