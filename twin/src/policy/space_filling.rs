//! Policies that do not use outcomes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

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
            let design = Cube { index: start + cube, size }.points(&region, context);
            points.extend(design.iter().skip(at % size).take(ask.count - points.len()).cloned());
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

/// A hypercube, and what it follows from.
#[derive(Debug)]
struct Drawn {
    cube: Cube,
    seed: u64,
    space: Space,
    points: Arc<Vec<Vec<f64>>>,
}

/// The last hypercubes: a phase asks for the same one at each of its experiments, from a thread of its own each time.
static LAST: Mutex<VecDeque<Drawn>> = Mutex::new(VecDeque::new());
/// How many are kept: some for each campaign that runs beside others.
const KEPT: usize = 16;

/// How often somebody looks whether the last hypercubes are free.
const LOOKS: usize = 10_000;

/// The last hypercubes; none where they are not free for a long time. That is so for ever in a process that was forked while a thread held
/// them which it does not have: there every hypercube is drawn anew, and is the same.
fn last() -> Option<MutexGuard<'static, VecDeque<Drawn>>> {
    for _ in 0..LOOKS {
        match LAST.try_lock() {
            Ok(last) => return Some(last),
            Err(TryLockError::Poisoned(last)) => return Some(last.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    None
}

impl Cube {
    /// Its points, drawn if they are not among the last.
    fn points(self, region: &Region<'_>, context: &Context) -> Arc<Vec<Vec<f64>>> {
        let (seed, space) = (context.streams.seed(), region.space());
        if let Some(points) = self.kept(seed, space) {
            return points;
        }
        let mut stream = context.streams.open("policy/lhs", self.index);
        let points = Arc::new(latin_hypercube_in(region, self.size, &mut stream));
        let drawn = Drawn { cube: self, seed, space: space.clone(), points: points.clone() };
        if let Some(mut last) = last() {
            last.push_back(drawn);
            if last.len() > KEPT {
                last.pop_front();
            }
        }
        points
    }

    fn kept(self, seed: u64, space: &Space) -> Option<Arc<Vec<Vec<f64>>>> {
        let last = last()?;
        let is_it = |drawn: &&Drawn| (drawn.cube, drawn.seed, &drawn.space) == (self, seed, space);
        last.iter().rev().find(is_it).map(|drawn| drawn.points.clone())
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

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Input, Streams};

    use super::*;
    use crate::history::History;

    #[test]
    fn a_hypercube_is_drawn_once_for_all_experiments_of_a_phase() {
        let input = |name: &str| Input::number(name, 0.0, 1.0, 0.0);
        let space = Space::new(vec![input("a"), input("b")], Vec::new()).unwrap();
        let (context, region) = (Context::new(Streams::new(4321)), Region::new(&space).unwrap());
        let cube = Cube { index: 0, size: 9 };
        assert!(cube.kept(4321, &space).is_none());
        let proposed = |asked: usize| {
            let history = History::default();
            let (space, history) = (&space, &history);
            let ask = Ask { space, history, count: 1, asked, planned: 9, cost: None };
            LatinHypercube.propose(&ask, &context).unwrap().conditions.remove(0)
        };
        let first = std::thread::scope(|scope| scope.spawn(|| proposed(0)).join().unwrap());
        let kept = cube.kept(4321, &space).expect("another thread has drawn it");
        let mut stream = context.streams.open("policy/lhs", 0);
        assert_eq!(*kept, latin_hypercube_in(&region, 9, &mut stream));
        assert_eq!(first, region.snap(&kept[0]));
        assert_eq!(proposed(8), region.snap(&kept[8]));
        // Another seed and another space have other designs.
        assert!(cube.kept(4322, &space).is_none());
        let other = Space::new(vec![input("a"), input("c")], Vec::new()).unwrap();
        assert!(cube.kept(4321, &other).is_none());
        // Where a thread never gives the hypercubes back, as after a fork, nobody waits for it, and the design is the same.
        let held = LAST.lock().unwrap();
        let beside = std::thread::scope(|scope| scope.spawn(|| proposed(3)).join().unwrap());
        assert_eq!(beside, region.snap(&kept[3]));
        drop(held);
    }
}
