//! What happens when the two precursor streams are far from one to one.

use flowtwin_lab::{Blank, Lab, Procedure, PumpId, Recipe};

use crate::paper::studies::Studies;
use crate::scenario::Scenario;

/// Whether a stream that is too fast by `percent` breaks the train of slugs, as the analysis of the frames sees it.
///
/// It is run without the guard, which would not let it happen.
pub(crate) fn breaks_train(
    scenario: &Scenario,
    studies: &Studies,
    seed: u64,
    percent: f64,
) -> bool {
    let mut lab = scenario.sim_lab(seed);
    let baseline = studies.baseline(scenario.space());
    let procedure = scenario.procedure();
    let Ok(blank) = procedure.prime(&mut lab) else {
        return false;
    };
    let off = Procedure::new(
        procedure.spec().clone(),
        faster(procedure.recipe(), percent),
        procedure.analysis().clone(),
    );
    irregular(&off, &mut lab, &blank, &baseline)
        && !irregular(procedure, &mut lab, &blank, &baseline)
}

fn irregular(
    procedure: &Procedure,
    lab: &mut dyn Lab,
    blank: &Blank,
    conditions: &flowtwin_lab::Conditions,
) -> bool {
    procedure.run(lab, blank, conditions).outcome.quality.irregular
}

/// The recipe with one stream faster by `percent`: the solvent pump of the Cs stream gives it all.
fn faster(recipe: &Recipe, percent: f64) -> Recipe {
    let mut recipe = recipe.clone();
    let stream = ["cs", "oa_cs", "ode_cs"].map(PumpId::new);
    let rates: Vec<_> =
        recipe.pumps.iter().filter(|(p, _)| stream.contains(p)).map(|(_, r)| r.clone()).collect();
    for (pump, rate) in &mut recipe.pumps {
        if *pump == stream[2] {
            for part in &rates {
                rate.constant += 0.01 * percent * part.constant;
                for (sum, factor) in rate.factors.iter_mut().zip(&part.factors) {
                    *sum += 0.01 * percent * factor;
                }
            }
        }
    }
    recipe
}
