//! The distribution of transit through a line, as a function of volume.
//!
//! Inverse Gaussian: the first-passage law of drift with diffusion, which is what Taylor–Aris
//! dispersion is downstream of its development. In units of the line's volume its mean is one, its
//! variance σ²; written in volume, not in time, it holds while the flow changes.
//!
//! A changing flow also changes σ. What has left of a liquid by now is then the distribution of the present σ, and what leaves
//! now is its derivative by the volume that has left, the change of σ included: whatever σ does, all that entered leaves in the
//! end, and shares sum to one at every moment.

use flowtwin_lab::math;

use crate::made::Made;

/// Nodes of a table, over `SPAN` mean volumes.
const NODES: usize = 1024;
/// Largest volume in the tables, in units of the mean.
const SPAN: f64 = 8.0;
/// Step of σ between tables, and the smallest σ.
const SIGMA_STEP: f64 = 0.02;
/// Number of tables: σ from 0.02 to 0.8.
const TABLES: usize = 40;
/// Largest relative standard deviation a kernel can have.
pub(crate) const LARGEST_SIGMA: f64 = SIGMA_STEP * TABLES as f64;

static SHARES: Made<Vec<[f64; NODES + 1]>> =
    Made::by(|| (1..=TABLES).map(|i| table(SIGMA_STEP * i as f64)).collect());

/// Integrals of the shares from zero to each node. That of the last node is `SPAN` less the mean, for each σ alike.
static SUMS: Made<Vec<[f64; NODES + 1]>> = Made::by(|| SHARES.get().iter().map(sums).collect());

/// Parts into which what leaves is cut by age.
pub(crate) const PARTS: usize = 16;

/// Mean transit of each part, for each table of shares.
static TRANSITS: Made<Vec<[f64; PARTS]>> = Made::by(|| SHARES.get().iter().map(parts).collect());

/// A distribution of transit volumes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernel {
    below: &'static [f64; NODES + 1],
    above: &'static [f64; NODES + 1],
    towards_above: f64,
    /// Number of the table below.
    place: usize,
    /// Growth of σ while one mean volume leaves, in steps between tables.
    growth: f64,
}

impl Kernel {
    /// The kernel of a relative standard deviation, kept within 0.02 to 0.8.
    pub(crate) fn new(sigma: f64) -> Self {
        let place = (sigma.clamp(SIGMA_STEP, LARGEST_SIGMA) / SIGMA_STEP - 1.0).max(0.0);
        let below = (place as usize).min(TABLES - 1);
        Self {
            below: &SHARES.get()[below],
            above: &SHARES.get()[(below + 1).min(TABLES - 1)],
            towards_above: place - below as f64,
            place: below,
            growth: 0.0,
        }
    }

    /// The kernel of a relative standard deviation that changes: `before` it was when this part of a mean volume had not yet left.
    pub(crate) fn changing(sigma: f64, before: f64, volume: f64) -> Self {
        let within = |sigma: f64| sigma.clamp(SIGMA_STEP, LARGEST_SIGMA);
        let grown = within(sigma) - within(before);
        let growth = if volume > 0.0 { grown / volume / SIGMA_STEP } else { 0.0 };
        Self { growth, ..Self::new(sigma) }
    }

    /// Mean transits of equal parts of what leaves, youngest first, in units of the mean.
    pub(crate) fn transits(&self) -> [f64; PARTS] {
        std::array::from_fn(|part| {
            let below = TRANSITS.get()[self.place][part];
            let above = TRANSITS.get()[(self.place + 1).min(TABLES - 1)][part];
            below + self.towards_above * (above - below)
        })
    }

    /// The share that leaves within `volume`, in units of the mean: from 0 to 1.
    #[inline]
    pub(crate) fn share(&self, volume: f64) -> f64 {
        if volume <= 0.0 {
            return 0.0;
        }
        if volume >= SPAN {
            return 1.0;
        }
        let place = volume * (NODES as f64 / SPAN);
        let node = place as usize;
        let along = place - node as f64;
        let at = |table: &[f64; NODES + 1]| table[node] + along * (table[node + 1] - table[node]);
        let below = at(self.below);
        let share = below + self.towards_above * (at(self.above) - below);
        if self.growth == 0.0 {
            return share;
        }
        let sums = |table: usize| at(&SUMS.get()[table.min(TABLES - 1)]);
        share + self.growth * (sums(self.place + 1) - sums(self.place))
    }
}

/// Mean transit of each of `PARTS` equal parts of what leaves, youngest first.
fn parts(shares: &[f64; NODES + 1]) -> [f64; PARTS] {
    let (step, mut means) = (SPAN / NODES as f64, [0.0; PARTS]);
    for node in 0..NODES {
        let (low, high) = (shares[node], shares[node + 1]);
        let mut from = low;
        while from < high {
            let part = ((from * PARTS as f64) as usize).min(PARTS - 1);
            let border = (part + 1) as f64 / PARTS as f64;
            let to = if part + 1 == PARTS { high } else { high.min(border) };
            // Between the nodes the share is taken to grow evenly.
            let along = (0.5 * (from + to) - low) / (high - low);
            means[part] += (to - from) * step * (node as f64 + along) * PARTS as f64;
            if to <= from {
                break;
            }
            from = to;
        }
    }
    means
}

/// Cumulative shares at the nodes, by Simpson's rule on the density, scaled to end at one.
fn table(sigma: f64) -> [f64; NODES + 1] {
    let step = SPAN / NODES as f64;
    let mut shares = [0.0; NODES + 1];
    for node in 0..NODES {
        let mut sum = 0.0;
        for part in 0..2 {
            let low = step * (node as f64 + 0.5 * f64::from(part));
            sum += density(low, sigma)
                + 4.0 * density(low + 0.25 * step, sigma)
                + density(low + 0.5 * step, sigma);
        }
        shares[node + 1] = shares[node] + sum * step / 12.0;
    }
    let whole = shares[NODES];
    shares.map(|share| share / whole)
}

/// Integrals of shares from zero to each node, corrected for what the tables' mean is off one.
fn sums(shares: &[f64; NODES + 1]) -> [f64; NODES + 1] {
    let (step, mut sums) = (SPAN / NODES as f64, [0.0; NODES + 1]);
    for node in 0..NODES {
        sums[node + 1] = sums[node] + 0.5 * step * (shares[node] + shares[node + 1]);
    }
    let off = SPAN - 1.0 - sums[NODES];
    std::array::from_fn(|node| sums[node] + off * shares[node])
}

/// Density of the inverse Gaussian of mean one.
fn density(x: f64, sigma: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let lambda = 1.0 / (sigma * sigma);
    let off = x - 1.0;
    (lambda / (2.0 * std::f64::consts::PI * x * x * x)).sqrt()
        * math::exp(-lambda * off * off / (2.0 * x))
}

/// A few transits, and how many of the given ones each stands for: sums of a smooth function over both are the same.
///
/// The function is replaced by a polynomial through Chebyshev's points of the range. An exponential decay by the mean transit
/// is met to within 1e-6 of what it started with, one three times as fast to within 2e-5.
pub(crate) fn few(transits: &[f64]) -> Vec<(f64, f64)> {
    let low = transits.iter().copied().fold(f64::INFINITY, f64::min);
    let high = transits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let points = match high - low {
        wide if wide > 1.6 => 8,
        wide if wide > 0.6 => 6,
        _ => 4,
    };
    if transits.len() <= points {
        return transits.iter().map(|transit| (*transit, 1.0)).collect();
    }
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    let node = |i: usize| {
        let angle = std::f64::consts::PI * (i as f64 + 0.5) / points as f64;
        middle - half * math::cos(angle)
    };
    let nodes: Vec<f64> = (0..points).map(node).collect();
    // Lagrange's polynomial of a node at a place.
    let basis = |j: usize, at: f64| {
        let others = nodes.iter().enumerate().filter(|(i, _)| *i != j);
        others.fold(1.0, |product, (_, node)| product * (at - node) / (nodes[j] - node))
    };
    let count = |j: usize| transits.iter().map(|&at| basis(j, at)).sum::<f64>();
    nodes.iter().enumerate().map(|(j, node)| (*node, count(j))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(kernel: &Kernel) -> (f64, f64) {
        let (steps, mut mean, mut square) = (80_000, 0.0, 0.0);
        let step = SPAN / f64::from(steps);
        for i in 0..steps {
            let x = step * (f64::from(i) + 0.5);
            let outside = 1.0 - kernel.share(x);
            mean += outside * step;
            square += 2.0 * x * outside * step;
        }
        (mean, square - mean * mean)
    }

    #[test]
    fn few_transits_stand_for_all() {
        for sigma in [0.02, 0.1, 0.2, 0.3, 0.45, 0.6] {
            let transits = Kernel::new(sigma).transits();
            for (rate, within) in [(0.3, 1e-6), (1.0, 1e-6), (3.0, 2e-5)] {
                let decay = |transit: f64| math::exp(-rate * transit);
                let all: f64 = transits.iter().map(|&t| decay(t)).sum();
                let some: f64 = few(&transits).iter().map(|(t, n)| n * decay(*t)).sum();
                let off = (all - some).abs() / transits.len() as f64;
                assert!(off < within, "{off} at {sigma}, {rate}");
            }
        }
    }

    #[test]
    fn mean_and_variance_are_those_asked_for() {
        for sigma in [0.1, 0.11, 0.255, 0.27, 0.41, 0.6] {
            let (mean, variance) = moments(&Kernel::new(sigma));
            assert!((mean - 1.0).abs() < 1e-3, "mean {mean} at {sigma}");
            let off = variance / (sigma * sigma) - 1.0;
            assert!(off.abs() < 0.015, "variance off by {off} at {sigma}");
        }
    }

    /// F(x) = Φ(√(λ/x)(x − 1)) + exp(2λ) Φ(−√(λ/x)(x + 1)) (Chhikara and Folks 1974).
    #[test]
    fn shares_are_those_of_the_closed_form() {
        let normal = |z: f64| 0.5 * math::erfc(-z / std::f64::consts::SQRT_2);
        for sigma in [0.2, 0.26, 0.34, 0.5] {
            let (kernel, lambda) = (Kernel::new(sigma), 1.0 / (sigma * sigma));
            for x in [0.4, 0.7, 1.0, 1.3, 1.7, 2.5] {
                let root = (lambda / x).sqrt();
                let exact =
                    normal(root * (x - 1.0)) + math::exp(2.0 * lambda) * normal(-root * (x + 1.0));
                let share = kernel.share(x);
                assert!((share - exact).abs() < 5e-4, "{share} against {exact} at {x}");
            }
        }
    }

    /// σ changes while what entered between −0.05 and 0.05 mean volumes leaves: all of it does, whenever that is.
    #[test]
    fn everything_leaves_while_the_spread_changes() {
        let step = 0.0025;
        for (from, to) in [(0.15, 0.3), (0.3, 0.15), (0.2, 0.45)] {
            let sigma = |left: f64| from + (to - from) * (left - 0.6).clamp(0.0, 1.0);
            let left = |changes: bool| {
                let at = |i: i32| step * (f64::from(i) + 0.5);
                let of = |left: f64| match changes {
                    true => Kernel::changing(sigma(left), sigma(left - step), step),
                    false => Kernel::new(sigma(left)),
                };
                let part = |left: f64| of(left).share(left + 0.05) - of(left).share(left - 0.05);
                (0..3200).map(|i| step * part(at(i)) / 0.1).sum::<f64>()
            };
            assert!((left(true) - 1.0).abs() < 5e-4, "{} left from {from} to {to}", left(true));
            assert!((left(false) - 1.0).abs() > 3e-3, "{} left from {from} to {to}", left(false));
            let whole = Kernel::changing(to, from, 0.3).share(SPAN - 1e-9);
            assert!((whole - 1.0).abs() < 1e-9, "shares sum to {whole}");
        }
    }

    #[test]
    fn everything_leaves_in_the_end() {
        let kernel = Kernel::new(0.3);
        assert!(kernel.share(0.0) < 1e-12 && kernel.share(SPAN) > 1.0 - 1e-12);
        assert!((1..800).all(|i| kernel.share(0.01 * f64::from(i))
            >= kernel.share(0.01 * f64::from(i - 1))));
    }
}
