//! How far a key can move until the data speak against it, all others following.

use nalgebra::linalg::SVD;
use nalgebra::{DMatrix, DVector, Dyn};

use super::{Basis, OPEN, range};

/// Times the end of a profile is looked for.
const TRIES: usize = 10;
/// Times all others are brought to follow.
const PASSES: usize = 4;
/// Distances from the estimate at which squares are looked at in any case, on the scale of the key: of logarithms, or parts of its
/// range.
const FAR: [f64; 2] = [0.2, 0.5];
/// Rise of the squares that nothing will take back, in those that are wanted.
const MUCH: f64 = 30.0;
/// How near to the wanted rise of the squares is near enough, in parts of it.
const NEAR: f64 = 0.05;
/// Times an end is looked at again with slopes of its own.
const AGAIN: usize = 6;
/// How much further out an end is looked for first, where it was none.
const FURTHER: f64 = 1.3;
/// Squares less than those of the fit by which it is not the best.
pub(super) const LESS: f64 = 0.5;

/// A place from which the others follow, by its slopes.
struct Place {
    /// How far the key is from the estimate there.
    at: f64,
    /// The values of all keys.
    scaled: Vec<f64>,
    /// The slope of the residuals by the key, and by the others.
    slope: DVector<f64>,
    rest: Option<SVD<f64, Dyn, Dyn>>,
}

impl Place {
    fn new(
        (at, scaled): (f64, Vec<f64>),
        jacobian: &DMatrix<f64>,
        key: usize,
        others: &[usize],
    ) -> Self {
        let columns: Vec<_> = others.iter().map(|&k| jacobian.column(k).into_owned()).collect();
        let rest = (!columns.is_empty()).then(|| DMatrix::from_columns(&columns).svd(true, true));
        Self { at, scaled, slope: jacobian.column(key).into_owned(), rest }
    }
}

/// The squares along one key.
pub(super) struct Profile<'t, 'm, 'a> {
    basis: Basis<'m, 'a>,
    /// Whether slopes at the estimate tell each key.
    told: &'t [bool],
    key: usize,
    others: Vec<usize>,
    /// The estimate.
    estimate: Place,
    /// How much the squares are to rise.
    rise: f64,
    /// How much less they may be than those of the fit.
    less: f64,
}

/// Where a profile ends.
#[derive(Debug)]
pub(super) enum End {
    /// So far from the estimate: the squares have risen, or the range of the key ends.
    At(f64),
    /// Nowhere yet: these values explain the data better than the estimate.
    Better(Vec<f64>),
}

impl<'t, 'm, 'a> Profile<'t, 'm, 'a> {
    pub(super) fn new(
        (basis, told): (Basis<'m, 'a>, &'t [bool]),
        jacobian: &DMatrix<f64>,
        key: usize,
        (rise, less): (f64, f64),
    ) -> Self {
        let others: Vec<usize> = (0..basis.model.free.len()).filter(|&k| k != key).collect();
        let estimate = Place::new((0.0, basis.fit.scaled.clone()), jacobian, key, &others);
        Self { basis, told, key, others, estimate, rise, less }
    }

    /// Where the squares have risen so much on one side; `reach` is where they have by their slopes at the estimate.
    ///
    /// Squares are looked at [further out](FAR) too: where they are as small as within, everything up to there is possible. The others
    /// follow by slopes at the estimate, which may lead them astray, so the end is looked at again with slopes of its own, and
    /// where the squares then have risen less, the search goes on from there.
    pub(super) fn end(&self, reach: f64) -> End {
        let (low, high) = range(&self.basis.model.free[self.key]);
        let here = self.basis.fit.scaled[self.key];
        let limit = if reach < 0.0 { low - here } else { high - here };
        let mut end = match self.from(&self.estimate, (0.0, 0.0), reach, limit) {
            End::At(end) => end,
            better @ End::Better(_) => return better,
        };
        for far in FAR.map(|far| far.copysign(reach)) {
            if far.abs() <= end.abs() || far.abs() >= limit.abs() {
                continue;
            }
            let (risen, scaled) = self.risen(&self.estimate, far);
            if risen < -self.less {
                return End::Better(scaled);
            }
            if risen < self.rise {
                match self.from(&self.estimate, (far, risen.max(0.0)), 1.5 * far, limit) {
                    End::At(further) => end = further,
                    better @ End::Better(_) => return better,
                }
            }
        }
        self.verified(end, limit)
    }

    /// The end, or another further out, where the squares have risen so much although the others follow by slopes of that place.
    fn verified(&self, mut end: f64, limit: f64) -> End {
        let mut scaled = self.risen(&self.estimate, end).1;
        for _ in 0..AGAIN {
            let from = [Some(scaled), self.reset()].into_iter().flatten();
            let places = from.filter_map(|scaled| self.place(end, scaled));
            let looked = places.map(|place| (self.risen(&place, end), place));
            let least = looked.min_by(|((a, _), _), ((b, _), _)| a.total_cmp(b));
            let Some(((risen, followed), place)) = least else { break };
            if risen < -self.less {
                return End::Better(followed);
            }
            if end.to_bits() == limit.to_bits() || risen > (1.0 - 2.0 * NEAR) * self.rise {
                break;
            }
            match self.from(&place, (end, risen.max(0.0)), FURTHER * end, limit) {
                End::At(further) => end = further,
                better @ End::Better(_) => return better,
            }
            scaled = self.risen(&place, end).1;
        }
        End::At(end)
    }

    /// A place with the key so far from the estimate; none where the simulator cannot be differentiated.
    fn place(&self, at: f64, mut scaled: Vec<f64>) -> Option<Place> {
        scaled[self.key] = self.basis.fit.scaled[self.key] + at;
        let jacobian = self.basis.jacobian(&scaled)?;
        Some(Place::new((at, scaled), &jacobian, self.key, &self.others))
    }

    /// The estimate, but for keys that the data do not tell there, which are as in the scenario: where the estimate has them nothing may
    /// depend on them, so that no slope leads away. None if all are told.
    fn reset(&self) -> Option<Vec<f64>> {
        let fit = &self.basis.fit.scaled;
        let keys = self.basis.model.free.iter().zip(fit).zip(self.told);
        let scaled = keys.map(|((free, &scaled), &told)| match told {
            true => scaled,
            false => free.scaled(free.start),
        });
        self.told.iter().any(|told| !told).then(|| scaled.collect())
    }

    /// The same outwards from where they have risen less, beginning at some place.
    ///
    /// The root of the rise is about proportional to the distance. Where the squares hardly rise, because a slope is that of a jump, the
    /// search goes on outwards, to the end of the range at most.
    fn from(&self, place: &Place, mut inside: (f64, f64), first: f64, limit: f64) -> End {
        let within = |at: f64| if at.abs() < limit.abs() { at } else { limit };
        let (mut at, mut outside): (f64, Option<(f64, f64)>) = (within(first), None);
        for _ in 0..TRIES {
            let (risen, scaled) = self.risen(place, at);
            if risen < -self.less {
                return End::Better(scaled);
            }
            if (risen / self.rise - 1.0).abs() < NEAR {
                return End::At(at);
            }
            if risen > self.rise {
                outside = Some((at, risen));
            } else {
                inside = (at, risen.max(0.0));
            }
            let root = |squares: f64| squares.min(1e6 * self.rise).sqrt();
            at = match outside {
                Some((end, _)) if (end - inside.0).abs() < NEAR * end.abs() => return End::At(end),
                Some((end, risen)) => {
                    let share = (root(self.rise) - root(inside.1)) / (root(risen) - root(inside.1));
                    inside.0 + share.clamp(0.1, 0.9) * (end - inside.0)
                }
                None if at.to_bits() == limit.to_bits() => return End::At(limit),
                None => within(at * (self.rise / risen.max(1e-9)).sqrt().clamp(1.1, 3.0)),
            };
        }
        End::At(outside.map_or(at, |(end, _)| end))
    }

    /// By how much the squares have risen where the key is so far from the estimate, and where the others are then: they follow from
    /// a place.
    fn risen(&self, place: &Place, at: f64) -> (f64, Vec<f64>) {
        let Basis { model, whitener, weights, fit } = self.basis;
        let mut scaled = place.scaled.clone();
        scaled[self.key] = fit.scaled[self.key] + at;
        self.follow(place, &mut scaled, &(&place.slope * (place.at - at)));
        let mut best = (f64::INFINITY, scaled.clone());
        for pass in 0..PASSES {
            let Some(table) = model.predict(&scaled) else { break };
            let residuals = whitener.residuals(model.experiments, &table).component_mul(weights);
            let squares = residuals.norm_squared() - fit.squares;
            let gained = best.0 - squares;
            if squares < best.0 {
                best = (squares, scaled.clone());
            }
            // Not so, too, where these are no numbers.
            let goes_on = gained > 0.5 * NEAR * self.rise;
            if !goes_on || pass > 0 && squares > MUCH * self.rise {
                break;
            }
            self.follow(place, &mut scaled, &residuals);
        }
        best
    }

    /// Moves the others to where their slopes say that these residuals go.
    fn follow(&self, place: &Place, scaled: &mut [f64], residuals: &DVector<f64>) {
        let step = place.rest.as_ref().and_then(|rest| rest.solve(residuals, OPEN).ok());
        let Some(step) = step else { return };
        for (&k, step) in self.others.iter().zip(step.iter()) {
            let (low, high) = range(&self.basis.model.free[k]);
            scaled[k] = (scaled[k] + step).clamp(low, high);
        }
    }
}
