//! A random forest: a third model, without an assumption of smoothness.

mod tree;

use flowtwin_lab::Stream;
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::surrogate::{self, Belief, FitError, Posterior, Surrogate};
use crate::{Context, Work};
use tree::{Growth, Tree};

/// Regression trees on bootstrap samples (Breiman 2001, DOI 10.1023/A:1010933404324). Splits fall at a random place
/// between the two values they separate, which makes the average smoother.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    /// Number of trees.
    pub trees: usize,
    /// Fewest experiments in a leaf.
    pub leaf: usize,
}

impl Default for Forest {
    fn default() -> Self {
        Self { trees: 200, leaf: 1 }
    }
}

impl Surrogate for Forest {
    type Posterior = ForestPosterior;

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<ForestPosterior, FitError> {
        surrogate::check(x, y)?;
        let rows: Vec<Vec<f64>> = x.rows().into_iter().map(|r| r.to_vec()).collect();
        let growth = Growth { x: &rows, y, leaf: self.leaf };
        let grown = context.map(self.trees, |t| {
            let mut stream = context.streams.open("forest/tree", t as u64);
            let sample: Vec<usize> = y.iter().map(|_| stream.below(y.len())).collect();
            let mut seen = vec![false; y.len()];
            sample.iter().for_each(|i| seen[*i] = true);
            (growth.grow(sample, &mut stream), seen)
        });
        let work = Work { fits: 1, epochs: self.trees as u64, ..Work::default() };
        Ok(ForestPosterior::new(grown, &rows, y, work))
    }
}

/// A grown [`Forest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForestPosterior {
    trees: Vec<Tree>,
    noise_sd: f64,
    held_out: Vec<Belief>,
    work: Work,
}

impl ForestPosterior {
    /// Judges each experiment by the trees that did not see it. The part of the errors that their spread does not explain is
    /// taken for noise.
    fn new(grown: Vec<(Tree, Vec<bool>)>, rows: &[Vec<f64>], y: &[f64], work: Work) -> Self {
        let unseen = |i: usize| {
            let votes = grown.iter().filter(move |(_, seen)| !seen[i]);
            let votes: Vec<f64> = votes.map(|(tree, _)| tree.at(&rows[i])).collect();
            if votes.is_empty() {
                return average(
                    &grown.iter().map(|(tree, _)| tree.at(&rows[i])).collect::<Vec<_>>(),
                );
            }
            average(&votes)
        };
        let mut held_out: Vec<Belief> = (0..y.len()).map(unseen).collect();
        let (mut errors, mut spreads) = (0.0, 0.0);
        for (y, b) in y.iter().zip(&held_out) {
            errors += (y - b.mean) * (y - b.mean);
            spreads += b.sd * b.sd;
        }
        let noise = (errors - spreads).max(0.05 * errors) / y.len() as f64;
        held_out.iter_mut().for_each(|b| *b = b.with_noise(noise.sqrt()));
        Self {
            trees: grown.into_iter().map(|(tree, _)| tree).collect(),
            noise_sd: noise.sqrt(),
            held_out,
            work,
        }
    }
}

impl Posterior for ForestPosterior {
    fn at(&self, x: &[f64]) -> Belief {
        let votes: Vec<f64> = self.trees.iter().map(|tree| tree.at(x)).collect();
        average(&votes)
    }

    fn noise_sd(&self) -> f64 {
        self.noise_sd
    }

    /// One tree.
    fn draw(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        let tree = &self.trees[stream.below(self.trees.len())];
        points.iter().map(|x| tree.at(x)).collect()
    }

    fn held_out(&self) -> &[Belief] {
        &self.held_out
    }

    fn work(&self) -> Work {
        self.work
    }
}

fn average(votes: &[f64]) -> Belief {
    let count = votes.len() as f64;
    let mean = votes.iter().fold(0.0, |sum, v| sum + v) / count;
    let squares = votes.iter().fold(0.0, |sum, v| sum + (v - mean) * (v - mean));
    Belief { mean, sd: (squares / count).sqrt() }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;
    use ndarray::Array2;

    #[test]
    fn a_step_is_learnt_with_its_noise() {
        let mut stream = Streams::new(2).open("data", 0);
        let x = Array2::from_shape_simple_fn((200, 3), || stream.uniform());
        let step = |u: f64| if u > 0.5 { 10.0 } else { 0.0 };
        let y: Vec<f64> =
            x.rows().into_iter().map(|r| step(r[1]) + 0.5 * stream.normal()).collect();
        let forest = Forest::default().fit(x.view(), &y, &Context::new(Streams::new(1))).unwrap();
        assert!(forest.at(&[0.5, 0.2, 0.5]).mean.abs() < 0.5);
        assert!((forest.at(&[0.5, 0.8, 0.5]).mean - 10.0).abs() < 0.5);
        let inside = y.iter().zip(forest.held_out());
        let inside = inside.filter(|(y, b)| (*y - b.mean).abs() < 1.96 * b.sd).count();
        assert!((180..=200).contains(&inside), "{inside} of 200");
    }
}
