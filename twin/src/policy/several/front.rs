//! What has been reached so far.

use flowtwin_lab::Goals;
use flowtwin_statistics::front::pareto_front;

use crate::boxes::Boxes;
use crate::{History, Model, Posterior as _};

/// The experiments that were tried, as the models see them.
pub(super) struct Tried {
    /// Where they were [n][d].
    pub(super) points: Vec<Vec<f64>>,
    /// Scores of the objectives by the predicted means [n][k].
    scores: Vec<Vec<f64>>,
    /// Whether the predicted means keep all limits [n].
    allowed: Vec<bool>,
    /// The best compromises among those that keep the limits, by rising first score.
    pub(super) front: Vec<usize>,
    /// All experiments, those first that break limits least.
    pub(super) nearest: Vec<usize>,
    /// Standard deviation of each outcome over the experiments, by its place; one where it is unknown or nothing.
    pub(super) spreads: Vec<f64>,
}

impl Tried {
    pub(super) fn new(goals: &Goals, models: &[Option<Model>], history: &History) -> Self {
        let succeeded = history.trials.iter().filter(|trial| trial.succeeded()).map(|t| &t.x);
        let points: Vec<Vec<f64>> = succeeded.chain(&history.pending).cloned().collect();
        let views: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
        let mut means: Vec<Vec<Option<f64>>> = vec![vec![None; models.len()]; points.len()];
        for (place, model) in models.iter().enumerate() {
            let Some(model) = model else { continue };
            for (means, belief) in means.iter_mut().zip(model.beliefs(&views)) {
                means[place] = Some(belief.mean);
            }
        }
        let score =
            |means: &Vec<Option<f64>>| goals.scores(means).expect("every objective has a model");
        let scores: Vec<Vec<f64>> = means.iter().map(score).collect();
        let allowed: Vec<bool> = means.iter().map(|means| goals.allow(means)).collect();
        let spreads: Vec<f64> = (0..models.len()).map(|place| spread(history, place)).collect();
        let kept: Vec<usize> = (0..points.len()).filter(|i| allowed[*i]).collect();
        let candidates: Vec<Vec<f64>> = kept.iter().map(|i| scores[*i].clone()).collect();
        let mut front: Vec<usize> =
            pareto_front(&candidates).into_iter().map(|i| kept[i]).collect();
        front.sort_by(|a, b| scores[*a][0].total_cmp(&scores[*b][0]));
        let missed: Vec<f64> = means.iter().map(|means| missed(goals, means, &spreads)).collect();
        let mut nearest: Vec<usize> = (0..points.len()).collect();
        nearest.sort_by(|a, b| missed[*a].total_cmp(&missed[*b]));
        Self { points, scores, allowed, front, nearest, spreads }
    }

    /// What the best compromises leave open above the reference.
    pub(super) fn boxes(&self, goals: &Goals) -> Boxes {
        let reference = goals.reference(&self.scores);
        let kept = self.scores.iter().zip(&self.allowed).filter(|(_, allowed)| **allowed);
        let kept: Vec<Vec<f64>> = kept.map(|(scores, _)| scores.clone()).collect();
        Boxes::new(&kept, &reference)
    }
}

/// By how much limits are missed, in standard deviations of their outcomes.
fn missed(goals: &Goals, means: &[Option<f64>], spreads: &[f64]) -> f64 {
    goals.limits.iter().fold(0.0, |sum, limit| {
        let value = means[limit.outcome].expect("every limit has a model");
        let below = limit.at_least.map_or(0.0, |low| (low - value).max(0.0));
        let above = limit.at_most.map_or(0.0, |high| (value - high).max(0.0));
        sum + (below + above) / spreads[limit.outcome]
    })
}

fn spread(history: &History, place: usize) -> f64 {
    let values = || history.trials.iter().filter_map(|t| t.values.get(place).copied().flatten());
    let count = values().count().max(1) as f64;
    let mean = values().fold(0.0, |sum, y| sum + y) / count;
    let variance = values().fold(0.0, |sum, y| sum + (y - mean) * (y - mean)) / count;
    if variance > 0.0 { variance.sqrt() } else { 1.0 }
}
