//! Where in the region an acquisition function is highest.

use flowtwin_lab::Stream;

use crate::acquisition::Acquisition;
use crate::design::Sobol;
use crate::region::Region;
use crate::{Posterior, Work};

/// Points among which the published Fast-Cat loop chooses.
const CANDIDATES: usize = 512;

/// The best of 512 points of a scrambled Sobol' sequence, as in Fast-Cat.
pub(crate) fn maximise(
    region: &Region<'_>,
    posterior: &dyn Posterior,
    acquisition: Acquisition,
    stream: &mut Stream,
    work: &mut Work,
) -> Vec<f64> {
    let mut scratch = Vec::new();
    let mut best: Option<(f64, Vec<f64>)> = None;
    for u in candidates(region, CANDIDATES, stream) {
        work.acquisitions += 1;
        let value = acquisition.at(posterior, &u, &mut scratch);
        if best.as_ref().is_none_or(|(b, _)| value > *b) {
            best = Some((value, u));
        }
    }
    best.expect("there is at least one candidate").1
}

/// `count` points that fill the region evenly: a scrambled Sobol' sequence, infeasible points left out and replaced by
/// random ones where the region is a small part of the cube.
pub(crate) fn candidates(region: &Region<'_>, count: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let dim = region.space().dim();
    let mut points: Vec<Vec<f64>> = Vec::with_capacity(count);
    if dim <= Sobol::MAX_DIM {
        let sequence = Sobol::scrambled(dim, stream).take(8 * count);
        points.extend(sequence.filter(|u| region.contains(u)).take(count));
    }
    while points.len() < count {
        points.push(region.sample(stream));
    }
    points
}
