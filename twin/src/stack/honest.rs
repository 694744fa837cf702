//! Predictions of models for experiments that they have not seen.

use ndarray::{ArrayView2, Axis};

use super::{Smooth, Stack};
use crate::evaluate::{replicates, split};
use crate::surrogate::{Belief, FitError, Posterior};
use crate::{Context, Work};

/// Parts into which the data are split; each is predicted from the others.
const FOLDS: usize = 10;
/// Most experiments of which parts are left out; of more, one at a time is, by formula.
const REFITTED: usize = 300;
/// Fewest different experiments that can be split.
const FEWEST: usize = 8;

/// The prediction of each smooth model for each of `y` \[n\] without that experiment, noise included [models][n], and the work.
///
/// Leaving one out by formula keeps the lengths that all data have chosen. With few experiments that favours models that learn many
/// numbers of them, so everything is learnt again without the part that is predicted, replicates kept together. With many,
/// one experiment more or less hardly moves a length.
pub(super) fn held_out(
    stack: &Stack,
    fitted: &Smooth,
    x: ArrayView2<'_, f64>,
    y: &[f64],
    context: &Context,
) -> Result<(Vec<Vec<Belief>>, Work), FitError> {
    if y.len() > REFITTED || replicates(x).len() < FEWEST {
        let said = fitted.parts().map(|p| p.held_out().to_vec());
        return Ok((said.to_vec(), Work::default()));
    }
    let parts = split(x, FOLDS, 0, &context.child("stack/folds", 0));
    let mut said = vec![vec![Belief::default(); y.len()]; fitted.parts().len()];
    let mut work = Work::default();
    let serial = context.serial();
    let answers = context
        .map(parts.len(), |k| say(stack, x, y, &parts[k], &serial.child("stack/fold", k as u64)));
    for (part, answer) in parts.iter().zip(answers) {
        let (beliefs, took) = answer?;
        work += took;
        for (said, beliefs) in said.iter_mut().zip(beliefs) {
            part.iter().zip(beliefs).for_each(|(i, belief)| said[*i] = belief);
        }
    }
    Ok((said, work))
}

/// Learns without the rows in `out` and says what each model believes of them.
fn say(
    stack: &Stack,
    x: ArrayView2<'_, f64>,
    y: &[f64],
    out: &[usize],
    context: &Context,
) -> Result<(Vec<Vec<Belief>>, Work), FitError> {
    let kept: Vec<usize> = (0..y.len()).filter(|i| !out.contains(i)).collect();
    let outcomes: Vec<f64> = kept.iter().map(|i| y[*i]).collect();
    let smooth = stack.smooth(x.select(Axis(0), &kept).view(), &outcomes, context)?;
    let left = x.select(Axis(0), out);
    let say = |p: &dyn Posterior| -> Vec<Belief> {
        p.predict(left.view()).into_iter().map(|b| b.with_noise(p.noise_sd())).collect()
    };
    let parts = smooth.parts();
    Ok((parts.map(say).to_vec(), parts.into_iter().map(Posterior::work).sum()))
}
