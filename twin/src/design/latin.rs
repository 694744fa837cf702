//! Latin hypercube designs.

use flowtwin_lab::Stream;

use crate::region::Region;

/// Designs drawn, of which the one with the widest spacing is kept.
const CANDIDATES: usize = 64;

/// A Latin hypercube [count, dim]: on every axis, each of `count` equal strata holds one point (McKay, Beckman and
/// Conover 1979, DOI 10.2307/1268522). The places within the strata are random.
pub fn latin_hypercube(count: usize, dim: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let mut points = vec![vec![0.0; dim]; count];
    for axis in 0..dim {
        for (point, stratum) in points.iter_mut().zip(stream.permutation(count)) {
            point[axis] = (stratum as f64 + stream.uniform()) / count as f64;
        }
    }
    points
}

/// The Latin hypercube [count, d] with the most points inside the region and, among those, the widest spacing, of
/// 64 drawn. Points outside are replaced by random points of the region that keep away from the others.
///
/// Where the region is the whole cube, the design is a Latin hypercube; where constraints cut corners off, only the
/// points that could not be kept leave their strata.
pub fn latin_hypercube_in(region: &Region<'_>, count: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let dim = region.space().dim();
    let rank = |design: &[Vec<f64>]| {
        (design.iter().filter(|u| region.contains(u)).count(), spacing(design))
    };
    let mut design = latin_hypercube(count, dim, stream);
    let mut best = rank(&design);
    for _ in 1..CANDIDATES {
        let other = latin_hypercube(count, dim, stream);
        let ranked = rank(&other);
        if ranked > best {
            (best, design) = (ranked, other);
        }
    }
    for i in 0..count {
        if !region.contains(&design[i]) {
            design[i] = lonely(region, &design, i, stream);
        }
    }
    design
}

/// Of 64 random points of the region, the one furthest from the points of `design` other than `skip`.
fn lonely(region: &Region<'_>, design: &[Vec<f64>], skip: usize, stream: &mut Stream) -> Vec<f64> {
    let others = |i: &usize| *i != skip && region.contains(&design[*i]);
    let mut best = (f64::NEG_INFINITY, Vec::new());
    for _ in 0..CANDIDATES {
        let u = region.sample(stream);
        let gap = (0..design.len())
            .filter(others)
            .map(|i| squared_distance(&u, &design[i]))
            .fold(f64::INFINITY, f64::min);
        if gap > best.0 {
            best = (gap, u);
        }
    }
    best.1
}

/// Least squared distance between two points of a design.
///
/// Points are compared in the order of their first axis, and none with one that is further away along it than the nearest
/// pair so far: the result is that of all pairs, bit for bit.
fn spacing(design: &[Vec<f64>]) -> f64 {
    let along = |u: &[f64]| u.first().copied().unwrap_or(0.0);
    let mut sorted: Vec<&[f64]> = design.iter().map(Vec::as_slice).collect();
    sorted.sort_by(|a, b| along(a).total_cmp(&along(b)));
    let mut least = f64::INFINITY;
    for (i, a) in sorted.iter().enumerate() {
        for b in &sorted[i + 1..] {
            let apart = along(b) - along(a);
            if apart * apart > least {
                break;
            }
            least = least.min(squared_distance(a, b));
        }
    }
    least
}

/// Squared Euclidean distance.
pub(crate) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.iter().zip(b) {
        sum += (a - b) * (a - b);
    }
    sum
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Constraint, Input, Linear, Space, Streams};

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_stratum_of_every_axis_holds_one_point(count in 1_usize..40, dim in 1_usize..9, seed: u64) {
            let mut stream = Streams::new(seed).open("test", 0);
            let design = latin_hypercube(count, dim, &mut stream);
            for axis in 0..dim {
                let mut strata: Vec<_> =
                    design.iter().map(|u| (u[axis] * count as f64) as usize).collect();
                strata.sort_unstable();
                prop_assert_eq!(strata, (0..count).collect::<Vec<_>>());
            }
        }
    }

    proptest! {
        #[test]
        fn the_spacing_is_that_of_all_pairs(count in 0_usize..60, dim in 1_usize..9, seed: u64) {
            let mut stream = Streams::new(seed).open("test", 0);
            let design = latin_hypercube(count, dim, &mut stream);
            let pairs = (0..count).flat_map(|i| (0..i).map(move |j| (i, j)));
            let all = pairs.map(|(i, j)| squared_distance(&design[i], &design[j]));
            prop_assert_eq!(spacing(&design).to_bits(), all.fold(f64::INFINITY, f64::min).to_bits());
        }
    }

    #[test]
    fn a_constrained_design_stays_inside() {
        let input = |name: &str| Input::number(name, 0.0, 1.0, 0.0);
        let of = Linear { constant: 0.0, factors: vec![1.0; 4] };
        let total = Constraint::linear("total", of, f64::NEG_INFINITY, 1.2);
        let names = ["a", "b", "c", "d"];
        let space = Space::new(names.map(input).to_vec(), vec![total]).unwrap();
        let region = Region::new(&space).unwrap();
        let mut stream = Streams::new(5).open("test", 0);
        let design = latin_hypercube_in(&region, 12, &mut stream);
        assert!(design.iter().all(|u| region.contains(u)));
    }
}
