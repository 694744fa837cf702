//! Several runs side by side: what one run alone cannot show.

use flowtwin_statistics::estimate::quantile;

use super::closing::words;
use super::format::{NONE, count, counted, duration, significant, with_unit};
use super::front::{self, Front};
use super::page::html::{self, Legend, Page, figure, section};
use super::plot::{Axis, Band, Chart, Colour, Dot, Ends, Line, Points, Style};
use super::run::Run;
use super::table::Table;

/// The text of a report on several runs with the same objective.
///
/// Phases are compared by name. Bands run from the lower to the upper quartile over the runs, where there are at least
/// four. The page is marked as simulated if any of the runs is. Further remarks on them follow at the end: a title and
/// plain text each.
pub fn combined_html(runs: &[Run<'_>], more: &[(String, String)]) -> String {
    let simulated = runs.iter().any(|run| run.header().simulated);
    let mut page = Page::new("Runs side by side", simulated);
    let names: std::collections::BTreeSet<&str> =
        runs.iter().map(|run| run.header().scenario.as_str()).collect();
    let scenarios: Vec<&str> = names.into_iter().collect();
    page.kicker(&scenarios.join(" · "));
    page.lead(&lead(runs));
    page.push(&section("runs", "Runs", &table(runs).html()));
    let policies = Policy::of(runs);
    if !policies.is_empty() {
        let tables = summary(&policies).html();
        let figures = [progress(runs, &policies, simulated), bests(runs, &policies, simulated)];
        page.push(&section(
            "policies",
            "Policies over all runs",
            &(tables + &html::pair(&figures)),
        ));
    }
    for (i, (title, text)) in more.iter().enumerate() {
        let text = html::escape(text);
        let text = format!("<pre class=\"scroll\" tabindex=\"0\">{text}</pre>\n");
        page.push(&section(&format!("more-{i}"), title, &text));
    }
    page.finish()
}

fn lead(runs: &[Run<'_>]) -> String {
    let experiments: usize = runs.iter().map(|run| run.experiments().len()).sum();
    let hours: f64 = runs.iter().map(Run::lab_time_s).sum();
    let bests: Vec<f64> = runs.iter().filter_map(|run| run.best()?.value).collect();
    let Some(first) = runs.first() else { return "No run.".into() };
    let objective = first.objective();
    let value = |x: f64| with_unit(&significant(x, 4), &objective.unit);
    let spread = quantiles(&bests).map_or(String::new(), |[low, middle, high]| {
        let (low, middle, high) = (value(low), value(middle), value(high));
        format!(
            " The best {} of a run: median {middle}, quartiles {low} and {high}.",
            objective.name
        )
    });
    let (runs, experiments) = (counted(runs.len(), "run"), counted(experiments, "experiment"));
    format!("{runs}, {experiments}, {} of lab time in all.{spread}", duration(hours))
}

fn table(runs: &[Run<'_>]) -> Table {
    let best = label(runs);
    let mut table = Table::new()
        .words("scenario")
        .numbers("seed")
        .words("results")
        .numbers("experiments")
        .numbers("failed")
        .numbers(&format!("best {best}"))
        .words("found by")
        .numbers("lab time")
        .numbers("liquids [mL]");
    for run in runs {
        let found = run.best();
        let volume = Front::of(run).map(|front| front.hypervolume);
        let phase = found.map_or(NONE, |e| run.phases()[e.phase].record.name.as_str());
        table.row(vec![
            run.header().scenario.clone(),
            run.header().seed.to_string(),
            if run.header().simulated { "simulated" } else { "measured" }.into(),
            count(run.experiments().len()),
            count(run.failed()),
            found.and_then(|e| e.value).or(volume).map_or(NONE.into(), |v| significant(v, 4)),
            phase.to_owned(),
            duration(run.lab_time_s()),
            significant(run.total_ml(), 3),
        ]);
    }
    table
}

/// A phase that continues another and that no other continues, in all runs that have it.
#[derive(Debug)]
struct Policy {
    name: String,
    policy: String,
    /// The best so far after each experiment, run by run; as long as the phase was.
    paths: Vec<Vec<f64>>,
}

impl Policy {
    fn of(runs: &[Run<'_>]) -> Vec<Self> {
        let mut policies: Vec<Self> = Vec::new();
        for run in runs {
            for phase in run.leaves() {
                let record = run.phases()[phase].record;
                let path = path(run, phase);
                if run.phases()[phase].from.is_none() || path.is_empty() {
                    continue;
                }
                match policies.iter_mut().find(|p| p.name == record.name) {
                    Some(known) => known.paths.push(path),
                    None => policies.push(Self {
                        name: record.name.clone(),
                        policy: words(&record.policy),
                        paths: vec![path],
                    }),
                }
            }
        }
        policies
    }

    fn lasts(&self) -> Vec<f64> {
        self.paths.iter().filter_map(|path| path.last().copied()).collect()
    }

    /// Quartiles after each experiment that all runs have: iteration, and lower, middle, upper.
    fn quartiles(&self) -> Vec<(f64, [f64; 3])> {
        let shortest = self.paths.iter().map(Vec::len).min().unwrap_or(0);
        let at = |i: usize| self.paths.iter().map(|path| path[i]).collect::<Vec<f64>>();
        (0..shortest).filter_map(|i| Some((i as f64 + 1.0, quantiles(&at(i))?))).collect()
    }
}

/// The best so far after each experiment of a phase, from the first that has a value on; of several objectives the hypervolume,
/// what the phase started from included.
fn path(run: &Run<'_>, phase: usize) -> Vec<f64> {
    if run.has_several() {
        return front::growth(run, phase);
    }
    let mut best: Option<f64> = None;
    let mut path = Vec::new();
    for value in run.of_phase(phase).iter().map(|e| run.solution(e)) {
        best = match (best, value) {
            (Some(best), Some(value)) if !run.better(value, best) => Some(best),
            (best, value) => value.or(best),
        };
        path.extend(best);
    }
    path
}

fn summary(policies: &[Policy]) -> Table {
    let mut table = Table::new()
        .words("phase")
        .words("policy")
        .numbers("runs")
        .numbers("median best")
        .numbers("lower quartile")
        .numbers("upper quartile");
    for policy in policies {
        let quartiles = quantiles(&policy.lasts()).unwrap_or([f64::NAN; 3]);
        let [low, middle, high] = quartiles.map(|x| significant(x, 4));
        let (name, words) = (policy.name.clone(), policy.policy.clone());
        table.row(vec![name, words, count(policy.paths.len()), middle, low, high]);
    }
    table
}

fn legend(policies: &[Policy]) -> Legend {
    let mut legend = Legend::default();
    let entries = policies.iter().enumerate();
    entries.for_each(|(i, policy)| legend.push(Style::series(i + 1), &policy.name));
    legend
}

fn label(runs: &[Run<'_>]) -> String {
    runs.first().map_or(String::new(), |run| match run.has_several() {
        true => "hypervolume".to_owned(),
        false => run.objective().label(),
    })
}

fn progress(runs: &[Run<'_>], policies: &[Policy], simulated: bool) -> String {
    let longest = policies.iter().flat_map(|p| &p.paths).map(Vec::len).max().unwrap_or(1);
    let quartiles: Vec<_> = policies.iter().map(Policy::quartiles).collect();
    let values = quartiles.iter().flatten().flat_map(|(_, q)| *q);
    let mut chart = Chart::new(
        Axis::between("experiment of the phase", 0.0, longest as f64 + 0.5).whole().plain(),
        Axis::covering(format!("best so far, {}", label(runs)), values),
        "median and quartiles of the best so far, by policy",
        simulated,
    )
    .sized(440.0, 340.0);
    let mut ends = Ends::default();
    for (i, (policy, quartiles)) in policies.iter().zip(&quartiles).enumerate() {
        let colour = Style::series(i + 1).colour;
        if policy.paths.len() >= 4 {
            chart.add(Band::new(
                quartiles.iter().map(|(x, [low, _, high])| (*x, *low, *high)),
                colour,
            ));
        }
        chart.add(
            Line::new(quartiles.iter().map(|(x, [_, middle, _])| (*x, *middle)), colour).wide(2.0),
        );
        if let Some((_, [_, middle, _])) = quartiles.last() {
            ends.push(*middle, policy.name.clone(), colour);
        }
    }
    chart.add(ends);
    let note = "Median over the runs; bands from the lower to the upper quartile.";
    figure("Best so far", note, &legend(policies), &chart.responsive())
}

fn bests(runs: &[Run<'_>], policies: &[Policy], simulated: bool) -> String {
    let all = policies.iter().flat_map(Policy::lasts);
    let names = policies.iter().map(|policy| policy.name.clone());
    let mut chart = Chart::new(
        Axis::covering(format!("best {}", label(runs)), all).ticked(5),
        Axis::names("", names).reversed(),
        "best of each run, by policy",
        simulated,
    )
    .sized(440.0, 340.0);
    for (i, policy) in policies.iter().enumerate() {
        let dots = policy.lasts().into_iter().map(|x| Dot::new(x, i as f64, significant(x, 4)));
        chart.add(Points::new(dots, Style::series(i + 1)).sized(3.0).hollow());
        if let Some([low, middle, high]) = quantiles(&policy.lasts()) {
            let y = i as f64 + 0.24;
            let between =
                Dot { x_between: Some((low, high)), ..Dot::new(middle, y, significant(middle, 4)) };
            let look = Style { colour: Colour::INK, ..Style::series(1) };
            chart.add(Points::new([between], look).sized(3.6));
        }
    }
    let note = "Hollow: runs. Filled: their median and quartiles.";
    figure("Best of each run", note, &Legend::default(), &chart.responsive())
}

/// Lower quartile, median and upper quartile, see [`quantile`]; none of nothing.
fn quantiles(values: &[f64]) -> Option<[f64; 3]> {
    (!values.is_empty()).then(|| [0.25, 0.5, 0.75].map(|p| quantile(values, p)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn quartiles_interpolate_between_order_statistics() {
        assert_eq!(quantiles(&[4.0, 1.0, 2.0, 3.0]), Some([1.75, 2.5, 3.25]));
        assert_eq!(quantiles(&[7.0]), Some([7.0; 3]));
        assert_eq!(quantiles(&[]), None);
    }

    #[test]
    fn runs_side_by_side_share_their_phases() {
        let journal = sample::journal();
        let runs = [Run::read(&journal).unwrap(), Run::read(&journal).unwrap()];
        let html = combined_html(&runs, &[]);
        assert!(html.contains("2 runs, 200 experiments"));
        assert_eq!(html.matches("<td>expected improvement</td><td class=\"n\">2</td>").count(), 1);
        assert!(!html.contains("NaN"));
    }
}
