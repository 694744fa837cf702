//! Several runs side by side: what one run alone cannot show.

use flowtwin_statistics::estimate::quantile;

use super::asked::in_words;
use super::closing::words;
use super::format::{NONE, count, counted, duration, significant, with_unit};
use super::front::{self, Front};
use super::page::html::{self, Legend, Page, figure, section};
use super::page::{Answer, answers};
use super::plot::{Axis, Band, Chart, Colour, Dot, Ends, Line, Points, Style};
use super::quantity::Quantity;
use super::run::Run;
use super::standing::unfinished;
use super::table::Table;

/// Fewer runs than this have no quartiles worth the name.
const QUARTILES: usize = 4;

/// The text of a report on several runs and the names of their folders.
///
/// Phases are compared by name, if all runs were asked for the same. Bands run from the lower to the upper quartile over the
/// runs, where there are at least four. The page is marked as simulated if any of the runs is. Further remarks on them follow at
/// the end: a title and plain text each.
///
/// # Panics
/// If there is not one name for each run.
pub fn combined_html(names: &[String], runs: &[Run<'_>], more: &[(String, String)]) -> String {
    assert_eq!(names.len(), runs.len(), "one name for each run");
    let simulated = runs.iter().any(|run| run.header().simulated);
    let mut page = Page::new("Runs side by side", simulated);
    let scenarios: std::collections::BTreeSet<&str> =
        runs.iter().map(|run| run.header().scenario.as_str()).collect();
    page.kicker(&scenarios.into_iter().collect::<Vec<_>>().join(" · "));
    page.lead(&lead(runs));
    let policies = if asked_alike(runs) { Policy::of(runs) } else { Vec::new() };
    page.push(&answers(&questions(names, runs)));
    page.push(&section("runs", "Runs", &table(names, runs).html()));
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

/// Whether all runs were asked for the same, so that their values can be compared.
fn asked_alike(runs: &[Run<'_>]) -> bool {
    let asked = |run: &Run<'_>| {
        let outcomes: Vec<String> =
            (0..run.wanted().outcomes.len()).map(|place| run.outcome(place).label()).collect();
        (outcomes, run.wanted().goals.clone())
    };
    runs.windows(2).all(|pair| asked(&pair[0]) == asked(&pair[1]))
}

fn lead(runs: &[Run<'_>]) -> String {
    let experiments: usize = runs.iter().map(|run| run.experiments().len()).sum();
    let hours: f64 = runs.iter().map(Run::lab_time_s).sum();
    let (runs, experiments) = (counted(runs.len(), "run"), counted(experiments, "experiment"));
    format!("{runs}, {experiments}, {} of lab time in all.", duration(hours))
}

/// What a reader asks first.
fn questions<'q>(names: &[String], runs: &[Run<'_>]) -> Vec<(&'q str, Answer)> {
    let each = |words: &dyn Fn(&Run<'_>) -> Option<String>| -> Vec<String> {
        let named = names.iter().zip(runs);
        named.filter_map(|(name, run)| Some(format!("{name}: {}", words(run)?))).collect()
    };
    let unfinished = each(&unfinished);
    let complete = match unfinished.is_empty() {
        true => Answer::Words("Yes, all runs are.".into()),
        false => Answer::List(unfinished),
    };
    let alike = asked_alike(runs);
    let asked = match runs.first().filter(|_| alike) {
        Some(first) => Answer::Words(in_words(first)),
        None => Answer::List(each(&|run| Some(in_words(run)))),
    };
    let sure = match alike {
        true => {
            "What one run finds is partly chance. `flowtwin benchmark` compares policies on many of the same seeds."
        }
        false => "Values are not compared: the runs were asked for different things.",
    };
    let mut rows = vec![
        ("Is it complete?", complete),
        ("What was asked?", asked),
        ("What was found?", found(names, runs, alike)),
        ("How sure is it?", sure.to_owned().into()),
    ];
    let ml: f64 = runs.iter().map(Run::total_ml).sum();
    let seconds: f64 = runs.iter().map(Run::lab_time_s).sum();
    let took =
        format!("{} of lab time and {} mL of liquids.", duration(seconds), significant(ml, 3));
    rows.extend((seconds > 0.0).then(|| ("What did it take?", took.into())));
    rows
}

/// The best of each run; of many with the same objective their spread.
fn found(names: &[String], runs: &[Run<'_>], alike: bool) -> Answer {
    let found: Vec<f64> = runs.iter().filter_map(|run| Some(best(run)?.0)).collect();
    let spread = quantiles(&found).filter(|_| alike && found.len() >= QUARTILES);
    if let (Some([low, middle, high]), Some(first)) = (spread, runs.first()) {
        let unit = if first.has_several() { String::new() } else { first.objective().unit };
        let value = |x: f64| with_unit(&significant(x, 4), &unit);
        return Answer::Words(format!(
            "The best {} of a run: median {}, half of the runs between {} and {}.",
            if first.has_several() { "hypervolume".to_owned() } else { first.objective().name },
            value(middle),
            value(low),
            value(high)
        ));
    }
    let one = |(name, run): (&String, &Run<'_>)| format!("{name}: {}.", best_in_words(run));
    Answer::List(names.iter().zip(runs).map(one).collect())
}

/// The best value of a run, or the hypervolume of its best compromises, and what it is in words.
fn best(run: &Run<'_>) -> Option<(f64, String)> {
    if let Some(front) = Front::of(run) {
        let volume = front.hypervolume;
        return Some((volume, format!("hypervolume {}", significant(volume, 4))));
    }
    let Quantity { name, unit } = run.objective();
    let value = run.best()?.value?;
    Some((value, format!("{name} {}", with_unit(&significant(value, 4), &unit))))
}

fn best_in_words(run: &Run<'_>) -> String {
    best(run).map_or("nothing".into(), |(_, words)| words)
}

fn table(names: &[String], runs: &[Run<'_>]) -> Table {
    let alike = asked_alike(runs);
    let title = if alike { format!("best {}", label(runs)) } else { "best".to_owned() };
    let mut table = Table::new()
        .words("run")
        .words("scenario")
        .numbers("seed")
        .words("results")
        .numbers("experiments")
        .numbers("failed")
        .numbers(&title)
        .words("found by")
        .numbers("lab time")
        .numbers("liquids [mL]");
    for (name, run) in names.iter().zip(runs) {
        let phase = run.best().map_or(NONE, |e| run.phases()[e.phase].record.name.as_str());
        let value = best(run).map(|(x, words)| if alike { significant(x, 4) } else { words });
        table.row(vec![
            name.clone(),
            run.header().scenario.clone(),
            run.header().seed.to_string(),
            if run.header().simulated { "simulated" } else { "measured" }.into(),
            count(run.experiments().len()),
            count(run.failed()),
            value.unwrap_or(NONE.into()),
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
        let enough = policy.paths.len() >= QUARTILES;
        let [low, high] = [low, high].map(|x| if enough { x } else { NONE.to_owned() });
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
        if policy.paths.len() >= QUARTILES {
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
    let note = match policies.iter().any(|policy| policy.paths.len() >= QUARTILES) {
        true => {
            "Lines: median over the runs. Bands: from the lower to the upper quartile, of four runs and more."
        }
        false => "Lines: median over the runs.",
    };
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
        let quartiles = quantiles(&policy.lasts()).filter(|_| policy.paths.len() >= QUARTILES);
        if let Some([low, middle, high]) = quartiles {
            let y = i as f64 + 0.24;
            let between =
                Dot { x_between: Some((low, high)), ..Dot::new(middle, y, significant(middle, 4)) };
            let look = Style { colour: Colour::INK, ..Style::series(1) };
            chart.add(Points::new([between], look).sized(3.6));
        }
    }
    let note = match policies.iter().any(|policy| policy.paths.len() >= QUARTILES) {
        true => "Hollow: runs. Filled, with a bar: the median of four or more and their quartiles.",
        false => "Each mark is a run.",
    };
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

    fn side_by_side(names: &[&str], runs: &[Run<'_>]) -> String {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        combined_html(&names, runs, &[])
    }

    #[test]
    fn runs_side_by_side_share_their_phases() {
        let journal = sample::journal();
        let runs = [Run::read(&journal).unwrap(), Run::read(&journal).unwrap()];
        let html = side_by_side(&["one", "two"], &runs);
        assert!(html.contains("2 runs, 200 experiments"));
        assert_eq!(html.matches("<td>expected improvement</td><td class=\"n\">2</td>").count(), 1);
        assert!(html.contains("<td>one</td>") && html.contains("<td>two</td>"));
        assert!(html.contains("<li>two: "), "{html}");
        assert!(!html.contains("NaN") && !html.contains("half of the runs"));
        let four: Vec<_> = (0..4).map(|_| Run::read(&journal).unwrap()).collect();
        assert!(side_by_side(&["a", "b", "c", "d"], &four).contains("half of the runs between"));
    }

    /// A value never stands below the name of what another run was asked for.
    #[test]
    fn runs_that_were_asked_for_different_things_are_not_compared() {
        let one = sample::journal();
        let other = sample::asked_for("abs_300");
        let runs = [Run::read(&one).unwrap(), Run::read(&other).unwrap()];
        let html = side_by_side(&["one", "two"], &runs);
        assert!(html.contains("Values are not compared"), "{html}");
        assert!(!html.contains("Policies over all runs"), "{html}");
        assert!(html.contains("<th scope=\"col\" class=\"n\">best</th>"), "{html}");
        assert!(
            !side_by_side(&["a", "b"], &[Run::read(&one).unwrap(), Run::read(&one).unwrap()])
                .contains("Values are not compared")
        );
    }
}
