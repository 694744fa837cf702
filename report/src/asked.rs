//! What a campaign optimises, in words.

use flowtwin_lab::analysis::Measure;
use flowtwin_lab::{Goal, Goals, Limit, Wanted};

use super::format::{capital, plain, with_unit};
use super::quantity::Quantity;
use super::run::Run;

/// The objectives and limits of a run: `The highest pli, the peak height of emission between 420 and 470 nm [counts].`
pub(crate) fn in_words(run: &Run<'_>) -> String {
    let how = |outcome: usize| measured(run, &run.wanted().outcomes[outcome]).unwrap_or_default();
    goals_in_words(&run.wanted().goals, |outcome| run.outcome(outcome).clone(), how)
}

/// Objectives and limits where nothing but their names is known: `The highest yield [%], with cost at most 5.`
pub fn wanted_in_words(wanted: &Wanted) -> String {
    let quantity = |outcome: usize| Quantity::of_key(&wanted.outcomes[outcome]);
    goals_in_words(&wanted.goals, quantity, |_| String::new())
}

/// `quantity` says what an outcome is called, `how` how it is measured.
fn goals_in_words(
    goals: &Goals,
    quantity: impl Fn(usize) -> Quantity,
    how: impl Fn(usize) -> String,
) -> String {
    let objectives = goals.objectives.iter().map(|objective| {
        let Quantity { name, unit } = quantity(objective.outcome);
        let goal = match objective.goal {
            Goal::Maximize => format!("the highest {name}"),
            Goal::Minimize => format!("the lowest {name}"),
            Goal::Target { target, within } => {
                let target = with_unit(&plain(target), &unit);
                format!("{name} of {target} within {}", plain(within))
            }
        };
        let unit = if unit.is_empty() { unit } else { format!(" [{unit}]") };
        goal + &how(objective.outcome) + &unit
    });
    let limits = goals.limits.iter().map(|limit| {
        let Quantity { name, unit } = quantity(limit.outcome);
        format!("{name} {}", limit_in_words(limit, &unit))
    });
    let (objectives, limits) = (listed(objectives), listed(limits));
    let with = if limits.is_empty() { limits } else { format!(", with {limits}") };
    capital(&format!("{objectives}{with}."))
}

/// How a feature is measured, where the scenario says so.
fn measured(run: &Run<'_>, feature: &str) -> Option<String> {
    let analysis = run.definition().analysis(&run.header().manifest)?;
    let feature = analysis.features().iter().find(|known| known.name == feature)?;
    let of = feature.channel.replace('_', " ");
    let between = |low: f64, high: f64| format!("between {} and {} nm", plain(low), plain(high));
    Some(match &feature.measure {
        Measure::ValueAt { nm, .. } => format!(", {of} at {} nm", plain(*nm)),
        Measure::PeakHeight { low_nm, high_nm, .. } => {
            format!(", the height of the peak of {of} {}", between(*low_nm, *high_nm))
        }
        Measure::PeakPosition { low_nm, high_nm, .. } => {
            format!(", where {of} is highest {}", between(*low_nm, *high_nm))
        }
        Measure::PeakWidth { low_nm, high_nm, .. } => {
            format!(", how wide the peak of {of} is {}", between(*low_nm, *high_nm))
        }
        Measure::Formula(formula) => format!(" = {formula}"),
        _ => return None,
    })
}

fn listed(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// `at least 5 %`, `at most 9 nm`, or both.
pub(crate) fn limit_in_words(limit: &Limit, unit: &str) -> String {
    let bound = |word: &str, value: Option<f64>| {
        value.map(|v| with_unit(&format!("{word} {}", plain(v)), unit))
    };
    let bounds = [bound("at least", limit.at_least), bound("at most", limit.at_most)];
    bounds.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}
