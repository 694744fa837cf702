//! Where to explore when the present optimum is known.

use flowtwin_lab::{Input, Stream};

use crate::acquisition::Acquisition;
use crate::objective::Weighed;
use crate::region::Region;
use crate::search::{self, Objective as _};
use crate::{Model, Posterior as _};

/// Weight of the spread.
const BOLDNESS: f64 = 4.0;
/// Share of the way from the middle of the region to its edge that is looked at.
const INNER: f64 = 0.6;
/// Where the spread is less than this many times the noise of a measurement, nothing is left to learn.
const KNOWN: f64 = 2.0;
/// Points to evaluate.
const CANDIDATES: usize = 256;

/// The highest of many points by a bold confidence bound, away from the edge and from what is known; none where everything is
/// known. Returns the number of evaluations besides.
///
/// In many inputs most of a region is edge: a bound that is followed uphill ends in one corner after the other, where a belief is
/// always least certain, and where an experiment says least about the rest.
pub(super) fn elsewhere(
    region: &Region<'_>,
    objective: &Weighed<'_>,
    model: &Model,
    seeds: Vec<Vec<f64>>,
    stream: &mut Stream,
) -> (Option<Vec<f64>>, u64) {
    let acquisition = Acquisition::Ucb { lambda: BOLDNESS };
    let bold = Weighed { acquisition, price: None, ..*objective };
    let mut points = search::candidates(region, CANDIDATES, stream);
    let middle = mean(&points);
    points.extend(seeds.into_iter().filter(|u| region.contains(u)));
    let noise = model.noise_sd();
    let (mut best, mut evaluations): (Option<(f64, Vec<f64>)>, _) = (None, 0);
    let mut scratch = Vec::new();
    for point in points {
        let inputs = region.space().inputs();
        let inwards = |((u, m), input): ((&f64, &f64), &Input)| match input.options() {
            Some(_) => *u,
            None => m + INNER * (u - m),
        };
        let inner: Vec<f64> = point.iter().zip(&middle).zip(inputs).map(inwards).collect();
        evaluations += 1;
        if model.at(&inner).sd < KNOWN * noise || !region.contains(&inner) {
            continue;
        }
        let value = bold.value(&inner, &mut scratch);
        if best.as_ref().is_none_or(|(highest, _)| value > *highest) {
            best = Some((value, inner));
        }
    }
    (best.map(|(_, point)| point), evaluations)
}

/// The middle of the points, which is inside a region that is convex, as ours are.
fn mean(points: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = vec![0.0; points[0].len()];
    for point in points {
        sum.iter_mut().zip(point).for_each(|(s, u)| *s += u);
    }
    sum.iter().map(|s| s / points.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Space, Streams};

    use super::*;
    use crate::{Context, GaussianProcess, Surrogate as _};
    use ndarray::Array2;

    fn space(dim: usize) -> Space {
        let input = |i| Input::number(format!("x{i}"), 0.0, 1.0, 0.0);
        Space::new((0..dim).map(input).collect(), vec![]).unwrap()
    }

    /// A model of a plateau of which the half below 0.5 of the first of five inputs has been looked at.
    fn half_known() -> Model {
        let mut stream = Streams::new(3).open("test", 0);
        let mut x = Array2::from_shape_simple_fn((60, 5), || stream.uniform());
        x.column_mut(0).mapv_inplace(|u| 0.5 * u);
        let y: Vec<f64> = x.rows().into_iter().map(|r| r[0] + 0.3 * r[1] * r[2]).collect();
        let context = Context::new(Streams::new(1));
        Model::Gp(GaussianProcess::default().fit(x.view(), &y, &context).unwrap())
    }

    #[test]
    fn the_other_half_is_looked_at_and_no_corner() {
        let (space, model) = (space(5), half_known());
        let region = Region::new(&space).unwrap();
        let objective = Weighed {
            posterior: &model,
            acquisition: Acquisition::Mean,
            feasibility: None,
            floor: 0.0,
            price: None,
        };
        let mut stream = Streams::new(1).open("test", 0);
        let (point, evaluations) = elsewhere(&region, &objective, &model, vec![], &mut stream);
        let point = point.expect("half of the region is unknown");
        assert!(point[0] > 0.5, "{point:?}");
        assert!(point.iter().all(|u| (0.19..=0.81).contains(u)), "{point:?}");
        assert_eq!(evaluations, CANDIDATES as u64);
    }
}
