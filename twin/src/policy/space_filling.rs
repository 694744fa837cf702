//! Policies that look at no outcome.

use std::cell::RefCell;

use crate::design::{Sobol, latin_hypercube_in};
use crate::policy::{Ask, Policy, PolicyError, Proposals};
use crate::region::Region;
use crate::{Context, History, Work};
use flowtwin_lab::Space;

/// Uniformly random points of the feasible region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random;

impl Policy for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let region = Region::new(ask.space)?;
        let first = ask.history.next();
        let point = |i: u64| region.sample(&mut context.streams.open("policy/random", first + i));
        Ok(snapped(&region, (0..ask.count as u64).map(point)))
    }

    fn pick(
        &self,
        _space: &Space,
        history: &History,
        candidates: &[Vec<f64>],
        context: &Context,
    ) -> Result<Option<(usize, Work)>, PolicyError> {
        let mut stream = context.streams.open("policy/random", history.next());
        Ok(Some((stream.below(candidates.len()), Work::default())))
    }
}

/// A Latin hypercube over the experiments of a phase; see [`crate::design::latin_hypercube_in`]. A phase that asks for
/// more than it planned gets further hypercubes of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatinHypercube;

impl Policy for LatinHypercube {
    fn name(&self) -> &'static str {
        "lhs"
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let region = Region::new(ask.space)?;
        let size = ask.planned.max(1);
        let start = ask.phase_start();
        let mut points = Vec::with_capacity(ask.count);
        while points.len() < ask.count {
            let at = ask.asked + points.len();
            let cube = (at / size * size) as u64;
            let rest = (at % size, ask.count - points.len());
            points.extend(Cube { index: start + cube, size }.points(&region, context, rest));
        }
        Ok(snapped(&region, points.into_iter()))
    }
}

/// One of the hypercubes of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cube {
    /// Number of its stream.
    index: u64,
    /// Its points.
    size: usize,
}

/// The points of a hypercube, and what they follow from.
#[derive(Debug)]
struct Drawn {
    cube: Cube,
    seed: u64,
    space: Space,
    points: Vec<Vec<f64>>,
}

thread_local! {
    /// The last design of this thread: a phase asks for the same one at each of its experiments.
    static LAST: RefCell<Option<Drawn>> = const { RefCell::new(None) };
}

impl Cube {
    /// So many of its points, behind the first few.
    fn points(
        self,
        region: &Region<'_>,
        context: &Context,
        (skip, take): (usize, usize),
    ) -> Vec<Vec<f64>> {
        let (seed, space) = (context.streams.seed(), region.space());
        LAST.with_borrow_mut(|last| {
            let is_it =
                |drawn: &&mut Drawn| (drawn.cube, drawn.seed, &drawn.space) == (self, seed, space);
            let drawn = match last.as_mut().filter(is_it) {
                Some(drawn) => drawn,
                None => {
                    let mut stream = context.streams.open("policy/lhs", self.index);
                    let points = latin_hypercube_in(region, self.size, &mut stream);
                    last.insert(Drawn { cube: self, seed, space: space.clone(), points })
                }
            };
            drawn.points.iter().skip(skip).take(take).cloned().collect()
        })
    }
}

/// A scrambled Sobol' sequence over the experiments of a phase, infeasible points left out. Above
/// [`Sobol::MAX_DIM`] inputs it gives random points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SobolSequence;

/// Points of the sequence looked at for each one that is needed.
const PATIENCE: usize = 1000;

impl Policy for SobolSequence {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let region = Region::new(ask.space)?;
        let dim = ask.space.dim();
        let needed = ask.asked + ask.count;
        let mut stream = context.streams.open("policy/sobol", ask.phase_start());
        let mut points: Vec<Vec<f64>> = if dim > Sobol::MAX_DIM {
            Vec::new()
        } else {
            let sequence = Sobol::scrambled(dim, &mut stream).take(needed * PATIENCE);
            sequence.filter(|u| region.contains(u)).take(needed).collect()
        };
        while points.len() < needed {
            points.push(region.sample(&mut stream));
        }
        Ok(snapped(&region, points.into_iter().skip(ask.asked)))
    }
}

fn snapped(region: &Region<'_>, points: impl Iterator<Item = Vec<f64>>) -> Proposals {
    Proposals { conditions: points.map(|u| region.snap(&u)).collect(), work: Work::default() }
}
