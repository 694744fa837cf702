//! What every outcome of a campaign that is after several things depends on.

use std::num::NonZeroUsize;

use flowtwin_data::learnt::explain::Curve;
use flowtwin_lab::{Input, InputKind, Streams};
use flowtwin_report::{Dependence, Effect, Response, Run};
use flowtwin_twin::{Context, Encoding, FitError, Posterior as _, Scores, SurrogateSpec};
use ndarray::Array2;

use crate::scenario::Scenario;

/// Fewest experiments with an outcome that say what it depends on.
const FEWEST: usize = 10;
/// Experiments that stand for the data.
const BACKGROUND: usize = 32;
/// Values of an input along its range.
const STEPS: usize = 21;

/// Fits a Gaussian process to each outcome that objectives and limits are about, and asks it for the mean response to each input
/// (Friedman 2001, DOI 10.1214/aos/1013203451). Nothing where one feature is maximised or minimised and nothing else matters; an
/// outcome of fewer than ten experiments, or one that is the same in all, is left out.
///
/// # Errors
/// If a surrogate cannot be fitted.
pub fn of_run(
    scenario: &Scenario,
    run: &Run<'_>,
    threads: NonZeroUsize,
) -> Result<Vec<Dependence>, FitError> {
    if scenario.wanted().goals.is_plain() {
        return Ok(Vec::new());
    }
    let streams = Streams::new(run.header().seed).child("twin/dependence", 0);
    let outcomes = 0..scenario.wanted().outcomes.len();
    let context = |outcome| {
        let streams = streams.child("outcome", outcome as u64);
        Context::new(streams).with_threads(threads)
    };
    let found = outcomes.map(|outcome| of_outcome(scenario, run, outcome, &context(outcome)));
    found.filter_map(Result::transpose).collect()
}

fn of_outcome(
    scenario: &Scenario,
    run: &Run<'_>,
    outcome: usize,
    context: &Context,
) -> Result<Option<Dependence>, FitError> {
    let space = scenario.space();
    let (mut points, mut y) = (Vec::new(), Vec::new());
    for experiment in run.experiments() {
        if let Some(value) = experiment.values[outcome] {
            points.push(space.to_unit(&experiment.record.conditions));
            y.push(value);
        }
    }
    if y.len() < FEWEST || y.iter().all(|value| value.total_cmp(&y[0]).is_eq()) {
        return Ok(None);
    }
    let x = Array2::from_shape_vec((y.len(), space.dim()), points.concat());
    let x = x.expect("one value for each input");
    let model = Encoding::of(space).fit(SurrogateSpec::Gp, x.view(), &y, context)?;
    let mut chosen = context.streams.open("background", 0).permutation(points.len());
    chosen.truncate(BACKGROUND);
    chosen.sort_unstable();
    let background: Vec<Vec<f64>> = chosen.into_iter().map(|i| points[i].clone()).collect();
    let predict = |u: &[f64]| model.at(u).mean;
    let effect = |i: usize| {
        let input = &space.inputs()[i];
        let curve = Curve::at(&predict, i, units(input), &background);
        response(input, &curve)
    };
    let effects = (0..space.dim()).map(effect).collect();
    let held_out_r2 = Scores::of(&y, model.held_out()).r2;
    Ok(Some(Dependence { outcome, experiments: y.len(), held_out_r2, effects }))
}

/// Where an input is set, in the unit cube: along its range, or at each option or level.
fn units(input: &Input) -> Vec<f64> {
    match &input.kind {
        InputKind::Choice(options) => {
            (0..options.len()).map(|option| input.to_unit(option as f64)).collect()
        }
        InputKind::Levels(levels) => levels.iter().map(|&level| input.to_unit(level)).collect(),
        _ => (0..STEPS).map(|k| k as f64 / (STEPS - 1) as f64).collect(),
    }
}

fn response(input: &Input, curve: &Curve) -> Effect {
    let options = input.options().unwrap_or_default();
    let at = |k: usize| match options.is_empty() {
        true => input.from_unit(curve.unit[k]),
        false => k as f64,
    };
    let one = |k: usize| Response {
        at: at(k),
        mean: curve.mean[k],
        low: curve.low[k],
        high: curve.high[k],
    };
    Effect {
        input: input.name.clone(),
        options: options.iter().map(|option| option.name.clone()).collect(),
        response: (0..curve.unit.len()).map(one).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use flowtwin_lab::journal::{Writer, read};
    use flowtwin_report::Extras;

    use super::*;
    use crate::campaign::{Campaign, Silent};
    use crate::conclusion::Conclusion;
    use crate::scenario::Tree;

    const HEAD: &str = r#"
        schema = 1
        extends = "trade-off.toml"
        name = "more"
        [[phases]]
        name = "survey"
        policy = "sobol"
        experiments = 24
    "#;

    fn ran(more: &str) -> (Scenario, flowtwin_lab::journal::Journal) {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/more.toml");
        let tree = Tree::read_text(&format!("{HEAD}{more}"), file.as_ref()).unwrap();
        let scenario = Scenario::of(&tree, "".as_ref()).unwrap();
        let never = AtomicBool::new(false);
        let campaign = Campaign::new(&scenario, 1, NonZeroUsize::MIN, &never);
        let lab = scenario.simulated().unwrap().lab(1);
        let ran = campaign.run(lab, Writer::new(Vec::new()), None, &mut Silent).unwrap();
        (scenario, read(ran.1.sink()).unwrap())
    }

    /// Blue rises with the flow of the blue dye and falls with that of the other, which dilutes it.
    #[test]
    fn every_outcome_has_the_inputs_that_move_it() {
        let (scenario, journal) = ran("");
        let run = Run::read(&journal).unwrap();
        let found = of_run(&scenario, &run, NonZeroUsize::MIN).unwrap();
        assert_eq!(found.len(), 2);
        for (dependence, dye) in found.iter().zip(["blue", "red"]) {
            let shares = dependence.shares();
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let own = dependence.effects.iter().position(|effect| effect.input.starts_with(dye));
            let own = own.unwrap_or_else(|| panic!("{:?}", dependence.effects));
            for (i, effect) in dependence.effects.iter().enumerate() {
                let (first, last) = (effect.response[0], effect.response[STEPS - 1]);
                assert!(first.at < last.at && effect.response.iter().all(|r| r.low <= r.high));
                assert_eq!(first.mean < last.mean, i == own, "{dye} by {}", effect.input);
            }
        }
        let extras = Extras { backend: "sim".into(), simulated_events: None };
        let page = Conclusion::of_journal(journal, None, extras, NonZeroUsize::MIN).unwrap().page();
        for part in
            ["What each outcome depends on", "mean response of blue", "mean response of red"]
        {
            assert!(page.contains(part), "{part} is not in the report");
        }
    }
}
