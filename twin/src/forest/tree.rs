//! One regression tree.

use flowtwin_lab::Stream;
use serde::{Deserialize, Serialize};

/// A node: a split, or a leaf with its value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Node {
    Leaf(f64),
    /// Input, threshold, and the node of the right branch; the left one follows at once.
    Split(u32, f64, u32),
}

/// A regression tree; nodes stand in the order in which they were grown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree(Vec<Node>);

impl Tree {
    /// The value of the leaf that holds `x` [d].
    pub(super) fn at(&self, x: &[f64]) -> f64 {
        let mut at = 0;
        loop {
            match self.0[at] {
                Node::Leaf(value) => return value,
                Node::Split(input, threshold, right) => {
                    at = if x[input as usize] <= threshold { at + 1 } else { right as usize };
                }
            }
        }
    }
}

/// What trees are grown from.
pub(super) struct Growth<'a> {
    pub(super) x: &'a [Vec<f64>],
    pub(super) y: &'a [f64],
    pub(super) leaf: usize,
}

/// The best place to part a node.
struct Parting {
    input: usize,
    threshold: f64,
    gain: f64,
}

impl Growth<'_> {
    /// A tree on the rows of `sample`, which may hold a row more than once.
    pub(super) fn grow(&self, mut sample: Vec<usize>, stream: &mut Stream) -> Tree {
        let mut nodes = Vec::new();
        self.branch(&mut sample, &mut nodes, stream);
        Tree(nodes)
    }

    fn branch(&self, sample: &mut [usize], nodes: &mut Vec<Node>, stream: &mut Stream) {
        let place = nodes.len();
        nodes.push(Node::Leaf(self.mean(sample)));
        let Some(parting) = self.part(sample, stream) else {
            return;
        };
        sample.sort_by(|a, b| self.x[*a][parting.input].total_cmp(&self.x[*b][parting.input]));
        let left = sample.partition_point(|i| self.x[*i][parting.input] <= parting.threshold);
        let (low, high) = sample.split_at_mut(left);
        self.branch(low, nodes, stream);
        nodes[place] = Node::Split(parting.input as u32, parting.threshold, nodes.len() as u32);
        self.branch(high, nodes, stream);
    }

    fn mean(&self, sample: &[usize]) -> f64 {
        sample.iter().fold(0.0, |sum, i| sum + self.y[*i]) / sample.len() as f64
    }

    /// The split that leaves the least squared error, among two thirds of the inputs.
    fn part(&self, sample: &mut [usize], stream: &mut Stream) -> Option<Parting> {
        if sample.len() < 2 * self.leaf {
            return None;
        }
        let dim = self.x[0].len();
        let inputs = stream.permutation(dim);
        let tried = (2 * dim).div_ceil(3);
        let mut best: Option<Parting> = None;
        for (nth, input) in inputs.into_iter().enumerate() {
            if nth >= tried && best.is_some() {
                break;
            }
            let place = stream.uniform();
            if let Some(parting) = self.part_along(input, place, sample)
                && best.as_ref().is_none_or(|b| parting.gain > b.gain)
            {
                best = Some(parting);
            }
        }
        best.filter(|b| b.gain > 0.0)
    }

    fn part_along(&self, input: usize, place: f64, sample: &mut [usize]) -> Option<Parting> {
        sample.sort_by(|a, b| self.x[*a][input].total_cmp(&self.x[*b][input]).then(a.cmp(b)));
        let mean = self.mean(sample);
        let mut best: Option<Parting> = None;
        let mut left = 0.0;
        for k in 1..sample.len() {
            left += self.y[sample[k - 1]] - mean;
            let (before, after) = (self.x[sample[k - 1]][input], self.x[sample[k]][input]);
            if before >= after || k < self.leaf || sample.len() - k < self.leaf {
                continue;
            }
            // The right side's sum about the mean is minus the left one's.
            let gain = left * left * (1.0 / k as f64 + 1.0 / (sample.len() - k) as f64);
            if best.as_ref().is_none_or(|b| gain > b.gain) {
                let threshold = before + place * (after - before);
                best = Some(Parting { input, threshold: threshold.clamp(before, after), gain });
            }
        }
        best.map(|mut b| {
            // A threshold that rounds up to the value above would send both to the left.
            let above = sample.iter().map(|i| self.x[*i][input]).filter(|v| *v > b.threshold);
            if above.count() == 0 {
                b.threshold = self.x[sample[0]][input];
            }
            b
        })
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    #[test]
    fn a_full_tree_reproduces_its_data() {
        let x: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i % 5), f64::from(i / 5)]).collect();
        let y: Vec<f64> = (0..20).map(|i| f64::from((i * 7) % 11)).collect();
        let growth = Growth { x: &x, y: &y, leaf: 1 };
        let mut stream = Streams::new(1).open("test", 0);
        let tree = growth.grow((0..20).collect(), &mut stream);
        for (x, y) in x.iter().zip(&y) {
            assert!((tree.at(x) - y).abs() < 1e-12);
        }
    }
}
