//! What to do next, as far as a run shows it.

use flowtwin_statistics::student_95;

use super::format::{count, counted, plain, with_unit};
use super::noise::Noise;
use super::quantity::Quantity;
use super::run::{Experiment, Run};
use super::standing::Ended;
use super::stock;

/// Share of a range within which a value lies on its bound.
const ON_BOUND: f64 = 1e-6;

/// A stock that lasts for fewer experiments than this must be refilled.
const FEW: f64 = 10.0;

/// More repeats than this resolve no difference that matters.
const MANY: f64 = 50.0;

/// Steps in the imperative, the most urgent first.
pub(crate) fn steps(run: &Run<'_>) -> Vec<String> {
    let steps = [go_on(run), look_at_faults(run), bounds(run), repeats(run), refill(run)];
    steps.into_iter().flatten().collect()
}

fn go_on(run: &Run<'_>) -> Option<String> {
    match Ended::of(run) {
        Ended::Complete => None,
        Ended::Stopped(_) => Some("Put right what stopped it, then go on with --resume.".into()),
        _ if run.journal().ended() => None,
        _ => Some("Go on with --resume.".into()),
    }
}

fn look_at_faults(run: &Run<'_>) -> Option<String> {
    let (failed, all) = (run.failed(), run.experiments().len());
    (10 * failed > all).then(|| {
        format!(
            "Find out why {} of {} failed: see “What went wrong”.",
            count(failed),
            counted(all, "experiment")
        )
    })
}

/// Inputs of the best at the end of their ranges.
fn bounds(run: &Run<'_>) -> Option<String> {
    let best = run.best()?;
    let inputs = &run.header().inputs;
    let on = inputs.iter().filter_map(|name| {
        let (range, value) = (run.definition().range(name)?, best.record.conditions.get(name)?);
        let near = |bound: f64| (value - bound).abs() <= ON_BOUND * (range.high - range.low);
        let which = match (near(range.low), near(range.high)) {
            (true, false) => "lowest",
            (false, true) => "highest",
            _ => return None,
        };
        let input = Quantity::of_key(name);
        Some(format!("{} at its {which}, {}", input.name, with_unit(&plain(value), &input.unit)))
    });
    let on: Vec<String> = on.collect();
    (!on.is_empty()).then(|| {
        let lie = if on.len() == 1 { "lies on its bound" } else { "lie on their bounds" };
        let them = if on.len() == 1 { "it" } else { "them" };
        format!(
            "Widen the ranges if the rig allows it: {} of {} of the best {lie} ({}), and better may lie beyond {them}.",
            count(on.len()),
            counted(inputs.len(), "input"),
            on.join("; ")
        )
    })
}

/// How often to repeat what, so that noise is known and two phases can be distinguished.
fn repeats(run: &Run<'_>) -> Option<String> {
    let best = run.best()?;
    let Some(noise) = Noise::of(run) else {
        return Some(
            "Repeat the best conditions three times: no condition was repeated, so the noise is not known.".into(),
        );
    };
    let second = second(run, best)?;
    let (a, b) = (best.value?, second.value?);
    if noise.tells_apart(a, b) {
        return None;
    }
    let name = |e: &Experiment<'_>| run.phases()[e.phase].record.name.as_str();
    // Two means of n values each: their difference has the standard error s·√(2/n).
    let s = noise.relative * a.abs();
    let n = 2.0 * (student_95(noise.freedom) * s / (a - b).abs()).powi(2);
    let names = format!("{} and {}", name(best), name(second));
    Some(match n.is_finite() && n <= MANY {
        true => format!(
            "To tell the best of {names} apart, repeat each about {}.",
            counted(n.ceil().max(2.0) as usize, "time")
        ),
        false => format!(
            "Take the best of {names} as equally good: telling them apart would need more than {MANY} repeats of each."
        ),
    })
}

/// The best of all other phases.
pub(crate) fn second<'r, 'a>(
    run: &'r Run<'a>,
    best: &Experiment<'_>,
) -> Option<&'r Experiment<'a>> {
    run.best_of(run.experiments().iter().filter(|e| e.phase != best.phase))
}

fn refill(run: &Run<'_>) -> Option<String> {
    let stocks = stock::of(run);
    let first = stock::first_empty(&stocks)?;
    let lasts = first.lasts_for().filter(|n| *n < FEW)?;
    let more = counted(lasts as usize, "more experiment");
    Some(format!("Refill {}: it lasts for {more}.", first.name.replace('_', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_steps_name_inputs_on_their_bounds_and_noise_that_is_not_known() {
        let journal = sample::journal();
        let run = Run::read(&journal).unwrap();
        let best = run.best().unwrap();
        let words = steps(&run).join("\n");
        for name in &run.header().inputs {
            let Some(range) = run.definition().range(name) else { continue };
            let value = best.record.conditions.get(name).unwrap();
            let on = value <= range.low || value >= range.high;
            let input = Quantity::of_key(name).name;
            assert_eq!(words.contains(&format!("{input} at its")), on, "{input}: {words}");
        }
    }
}
