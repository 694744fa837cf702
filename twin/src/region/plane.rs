//! Bounds with nothing between their ends: what they let is a plane, as of shares that sum to one.

use flowtwin_lab::{Constraint, Space, Stream};

/// Ends of a bound are the same that differ by less than this part of their size.
const SAME: f64 = 1e-9;
/// Points at which a bound is looked at for whether it is linear, and what it may be off, in parts of how much it varies.
const LOOKS: usize = 16;
const LINEAR: f64 = 1e-9;
/// How far a point may lie from a plane through rounding.
pub(super) const NEAR: f64 = 1e-10;
/// Rounds in which a point is moved onto several planes.
const ROUNDS: usize = 50;
/// Points that [`Planes::nearby`] looks at, at most.
const MOST: usize = 64;

/// A plane `normal · u = bound` in the unit cube, with a normal of length one.
#[derive(Clone, Debug)]
struct Plane {
    normal: Vec<f64>,
    bound: f64,
}

impl Plane {
    /// How far `u` [d] lies beyond it.
    fn miss(&self, u: &[f64]) -> f64 {
        dot(&self.normal, u) - self.bound
    }
}

/// The planes of a space.
#[derive(Clone, Debug, Default)]
pub(super) struct Planes {
    all: Vec<Plane>,
    /// Their places among the constraints.
    places: Vec<usize>,
    /// Their normals, made orthogonal: what is left of a direction without these lies in all planes.
    across: Vec<Vec<f64>>,
}

impl Planes {
    /// Those of the constraints of `space` whose lowest value is also the highest, and that are linear in the unit cube.
    pub(super) fn of(space: &Space, stream: &mut Stream) -> Self {
        let thin = space.constraints().iter().enumerate().filter(|(_, it)| is_thin(it));
        let flat = thin.filter_map(|(place, it)| Some((place, plane(space, it, stream)?)));
        let (places, all): (Vec<usize>, Vec<Plane>) = flat.unzip();
        let mut across: Vec<Vec<f64>> = Vec::new();
        for Plane { normal, .. } in &all {
            let mut left = normal.clone();
            across.iter().for_each(|known| remove(&mut left, known));
            let length = dot(&left, &left).sqrt();
            if length > NEAR {
                across.push(left.iter().map(|v| v / length).collect());
            }
        }
        Self { all, places, across }
    }

    /// Whether the constraint at a place is one of them.
    pub(super) fn has(&self, place: usize) -> bool {
        self.places.contains(&place)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether `u` [d] lies on all of them.
    pub(super) fn hold(&self, u: &[f64]) -> bool {
        self.all.iter().all(|plane| plane.miss(u).abs() <= NEAR)
    }

    /// Takes out of a direction [d] what leads away from them.
    pub(super) fn along(&self, direction: &mut [f64]) {
        self.across.iter().for_each(|normal| remove(direction, normal));
    }

    /// Moves `u` [d] onto them, by the shortest way where there is one (Kaczmarz 1937).
    pub(super) fn project(&self, u: &mut [f64]) {
        for _ in 0..ROUNDS {
            if self.hold(u) {
                return;
            }
            for plane in &self.all {
                let miss = plane.miss(u);
                u.iter_mut().zip(&plane.normal).for_each(|(u, a)| *u -= miss * a);
            }
        }
    }

    /// As [`super::Region::penalty`].
    pub(super) fn penalty(&self, u: &[f64], weight: f64, slope: &mut [f64]) -> f64 {
        let mut penalty = 0.0;
        for plane in &self.all {
            let miss = plane.miss(u);
            penalty += 0.5 * weight * miss * miss;
            slope.iter_mut().zip(&plane.normal).for_each(|(slope, a)| *slope -= weight * miss * a);
        }
        penalty
    }

    /// Points near `u` [d] that lie on the planes and differ from it in one coordinate for each, those first that move least.
    pub(super) fn nearby(&self, u: &[f64]) -> Vec<Vec<f64>> {
        let mut points = vec![u.to_vec()];
        for plane in &self.all {
            let mut pivots: Vec<usize> =
                (0..u.len()).filter(|&j| plane.normal[j].abs() > NEAR).collect();
            pivots.sort_by(|&a, &b| plane.normal[b].abs().total_cmp(&plane.normal[a].abs()));
            let moved = |point: &Vec<f64>| -> Vec<Vec<f64>> {
                let miss = plane.miss(point);
                let by = |&j: &usize| {
                    let mut point = point.clone();
                    point[j] -= miss / plane.normal[j];
                    point
                };
                pivots.iter().map(by).collect()
            };
            points = points.iter().flat_map(moved).take(MOST).collect();
        }
        points
    }
}

/// Whether a constraint lets one value alone.
fn is_thin(constraint: &Constraint) -> bool {
    let Constraint { low, high, .. } = *constraint;
    let size = low.abs().max(high.abs()).max(f64::MIN_POSITIVE);
    !constraint.or_zero && low.is_finite() && high.is_finite() && high - low <= SAME * size
}

/// The plane of a constraint; none where it is not linear in the unit cube.
fn plane(space: &Space, constraint: &Constraint, stream: &mut Stream) -> Option<Plane> {
    let value = |u: &[f64]| constraint.of.at(&space.at_unit(u));
    let corner = vec![0.0; space.dim()];
    let base = value(&corner);
    let slope = |j: usize| {
        let mut u = corner.clone();
        u[j] = 1.0;
        value(&u) - base
    };
    let slopes: Vec<f64> = (0..space.dim()).map(slope).collect();
    let length = dot(&slopes, &slopes).sqrt();
    if !(base.is_finite() && length.is_finite() && length > 0.0) {
        return None;
    }
    for _ in 0..LOOKS {
        let u: Vec<f64> = (0..space.dim()).map(|_| stream.uniform()).collect();
        let off = value(&u) - base - dot(&slopes, &u);
        if off.is_nan() || off.abs() > LINEAR * length {
            return None;
        }
    }
    let middle = 0.5 * (constraint.low + constraint.high);
    let normal = slopes.iter().map(|slope| slope / length).collect();
    Some(Plane { normal, bound: (middle - base) / length })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

/// Takes the part along a normal out of a direction.
fn remove(direction: &mut [f64], normal: &[f64]) {
    let part = dot(direction, normal);
    direction.iter_mut().zip(normal).for_each(|(d, n)| *d -= part * n);
}
