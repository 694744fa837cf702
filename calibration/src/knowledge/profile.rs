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
/// Squares less than those of the fit by which it is not the best.
pub(super) const LESS: f64 = 0.5;

/// The squares along one key.
pub(super) struct Profile<'b, 'm, 'a> {
    basis: Basis<'m, 'a>,
    jacobian: &'b DMatrix<f64>,
    key: usize,
    others: Vec<usize>,
    rest: Option<SVD<f64, Dyn, Dyn>>,
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

impl<'b, 'm, 'a> Profile<'b, 'm, 'a> {
    pub(super) fn new(
        basis: Basis<'m, 'a>,
        jacobian: &'b DMatrix<f64>,
        key: usize,
        (rise, less): (f64, f64),
    ) -> Self {
        let others: Vec<usize> = (0..basis.model.free.len()).filter(|&k| k != key).collect();
        let columns: Vec<_> = others.iter().map(|&k| jacobian.column(k).into_owned()).collect();
        let rest = (!columns.is_empty()).then(|| DMatrix::from_columns(&columns).svd(true, true));
        Self { basis, jacobian, key, others, rest, rise, less }
    }

    /// Where the squares have risen so much on one side; `reach` is where they have by their slopes at the estimate.
    ///
    /// Squares are looked at [further out](FAR) too: where they are as small as within, everything up to there is possible.
    pub(super) fn end(&self, reach: f64) -> End {
        let (low, high) = range(&self.basis.model.free[self.key]);
        let here = self.basis.fit.scaled[self.key];
        let limit = if reach < 0.0 { low - here } else { high - here };
        let mut end = match self.from((0.0, 0.0), reach, limit) {
            End::At(end) => end,
            better @ End::Better(_) => return better,
        };
        for far in FAR.map(|far| far.copysign(reach)) {
            if far.abs() <= end.abs() || far.abs() >= limit.abs() {
                continue;
            }
            let (risen, scaled) = self.risen(far);
            if risen < -self.less {
                return End::Better(scaled);
            }
            if risen < self.rise {
                match self.from((far, risen.max(0.0)), 1.5 * far, limit) {
                    End::At(further) => end = further,
                    better @ End::Better(_) => return better,
                }
            }
        }
        End::At(end)
    }

    /// The same outwards from where they have risen less, beginning at some place.
    ///
    /// The root of the rise is about proportional to the distance. Where the squares hardly rise, because a slope is that of a jump, the
    /// search goes on outwards, to the end of the range at most.
    fn from(&self, mut inside: (f64, f64), first: f64, limit: f64) -> End {
        let within = |at: f64| if at.abs() < limit.abs() { at } else { limit };
        let (mut at, mut outside): (f64, Option<(f64, f64)>) = (within(first), None);
        for _ in 0..TRIES {
            let (risen, scaled) = self.risen(at);
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

    /// By how much the squares have risen where the key is so far from the estimate, and where the others are then.
    fn risen(&self, at: f64) -> (f64, Vec<f64>) {
        let Basis { model, whitener, weights, fit } = self.basis;
        let mut scaled = fit.scaled.clone();
        scaled[self.key] += at;
        self.follow(&mut scaled, &(self.jacobian.column(self.key) * -at));
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
            self.follow(&mut scaled, &residuals);
        }
        best
    }

    /// Moves the others to where their slopes say that these residuals go.
    fn follow(&self, scaled: &mut [f64], residuals: &DVector<f64>) {
        let step = self.rest.as_ref().and_then(|rest| rest.solve(residuals, OPEN).ok());
        let Some(step) = step else { return };
        for (&k, step) in self.others.iter().zip(step.iter()) {
            let (low, high) = range(&self.basis.model.free[k]);
            scaled[k] = (scaled[k] + step).clamp(low, high);
        }
    }
}
