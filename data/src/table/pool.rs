//! The conditions that have been measured, each with its outcomes.

use flowtwin_lab::{Conditions, Goal, Manifest, Space, SpaceError, Stream};

use super::spec::{Measured, TableSpec};

/// Share of the conditions that count as the best (Liang et al. 2021, DOI 10.1038/s41524-021-00656-9).
const TOP: f64 = 0.05;

/// The conditions that a campaign can choose from, replicates put together.
#[derive(Clone, Debug)]
pub struct Pool {
    space: Space,
    manifest: Manifest,
    units: Vec<String>,
    places: Vec<Place>,
}

/// One condition and what came of it.
#[derive(Clone, Debug)]
struct Place {
    conditions: Conditions,
    unit: Vec<f64>,
    /// Each experiment there, with the value of each outcome.
    outcomes: Vec<Vec<Option<f64>>>,
}

/// The best conditions of a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Top {
    /// Whether each condition is one of them.
    pub is_in: Vec<bool>,
    /// How many they are.
    pub count: usize,
}

/// Why a table is not a pool.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// It has not been read.
    #[error("the table {0} has not been read")]
    Unread(String),
    /// Its inputs span no space.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// There is nothing to choose between.
    #[error("{places} conditions are too few to choose between: there must be 2")]
    Few {
        /// How many there are.
        places: usize,
    },
}

impl Pool {
    /// The pool of a table that has been read; `name` is what its manifest is called.
    ///
    /// # Errors
    /// If it has not been read, or holds fewer than two conditions.
    pub fn new(name: &str, table: &TableSpec) -> Result<Self, PoolError> {
        let unread = || PoolError::Unread(table.data.clone());
        let Measured { inputs, unit, experiments, more } = table.read.clone().ok_or_else(unread)?;
        let space = Space::new(inputs, Vec::new())?;
        let mut places: Vec<Place> = Vec::new();
        for (number, experiment) in experiments.into_iter().enumerate() {
            let conditions = space.conditions(experiment.inputs);
            let further = more.iter().map(|further| further.values.get(number).copied().flatten());
            let outcomes = std::iter::once(experiment.outcome).chain(further).collect();
            match places.iter_mut().find(|place| place.conditions == conditions) {
                Some(place) => place.outcomes.push(outcomes),
                None => places.push(Place {
                    unit: space.to_unit(&conditions),
                    outcomes: vec![outcomes],
                    conditions,
                }),
            }
        }
        if places.len() < 2 {
            return Err(PoolError::Few { places: places.len() });
        }
        Ok(Self {
            space,
            manifest: Manifest::of_experiments(format!("table of {name}")),
            units: std::iter::once(unit).chain(more.into_iter().map(|m| m.unit)).collect(),
            places,
        })
    }

    /// The box that holds all conditions.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The manifest of a lab of this pool.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Unit of each outcome.
    pub fn units(&self) -> &[String] {
        &self.units
    }

    /// Number of conditions.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// The conditions of a place.
    pub fn conditions(&self, place: usize) -> &Conditions {
        &self.places[place].conditions
    }

    /// Where a place lies in the unit cube \[d\].
    pub fn unit_of(&self, place: usize) -> &[f64] {
        &self.places[place].unit
    }

    /// The place nearest to a point of the unit cube \[d\] among those that are `allowed`; the first of several.
    ///
    /// # Panics
    /// If none is allowed.
    pub fn nearest(&self, unit: &[f64], allowed: impl Fn(usize) -> bool) -> usize {
        let far = |place: usize| {
            let squares = self.places[place].unit.iter().zip(unit).map(|(a, b)| (a - b) * (a - b));
            squares.fold(0.0, |sum, square| sum + square)
        };
        let allowed = (0..self.places.len()).filter(|&place| allowed(place));
        allowed.min_by(|&a, &b| far(a).total_cmp(&far(b))).expect("a place is allowed")
    }

    /// The place of these conditions, or the nearest.
    pub fn place(&self, conditions: &Conditions) -> usize {
        self.nearest(&self.space.to_unit(conditions), |_| true)
    }

    /// The outcomes of one of the experiments that were done at a place, drawn; all of them none where that experiment failed.
    pub fn draw(&self, place: usize, stream: &mut Stream) -> &[Option<f64>] {
        let outcomes = &self.places[place].outcomes;
        &outcomes[stream.below(outcomes.len())]
    }

    /// The mean of what was measured of the first outcome at a place; none where every experiment failed.
    pub fn mean(&self, place: usize) -> Option<f64> {
        self.mean_of(place, 0)
    }

    /// The means of what was measured of each outcome at a place; none where nothing was.
    pub fn means(&self, place: usize) -> Vec<Option<f64>> {
        (0..self.units.len()).map(|outcome| self.mean_of(place, outcome)).collect()
    }

    fn mean_of(&self, place: usize, outcome: usize) -> Option<f64> {
        let measured = || self.places[place].outcomes.iter().filter_map(|values| values[outcome]);
        let count = measured().count();
        (count > 0).then(|| measured().fold(0.0, |sum, y| sum + y) / count as f64)
    }

    /// The best twentieth of the conditions by their means, rounded up, and all that are as good as the last of them.
    pub fn top(&self, goal: Goal) -> Top {
        let score = |place| self.mean(place).map_or(f64::NEG_INFINITY, |y| goal.score(y));
        let scores: Vec<f64> = (0..self.places.len()).map(score).collect();
        let mut ranked = scores.clone();
        ranked.sort_by(|a, b| b.total_cmp(a));
        let wanted = (TOP * ranked.len() as f64).ceil() as usize;
        let bar = ranked[wanted - 1];
        let is_in: Vec<bool> = scores.iter().map(|score| *score >= bar).collect();
        Top { count: is_in.iter().filter(|is_in| **is_in).count(), is_in }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use flowtwin_lab::{Input, Streams};

    use super::*;
    use crate::learnt::PriorExperiment;

    /// Forty conditions on a line with outcome x, the twentieth measured three times, the last failed.
    pub(in crate::table) fn pool() -> Pool {
        let row =
            |x: f64, outcome| PriorExperiment { inputs: vec![x], outcome, values: Vec::new() };
        let mut experiments: Vec<_> =
            (0..39).map(|i| row(f64::from(i), Some(f64::from(i)))).collect();
        experiments.extend([row(20.0, Some(21.0)), row(20.0, Some(22.0)), row(39.0, None)]);
        let input = Input::number("x", 0.0, 39.0, 0.0);
        let read =
            Measured { inputs: vec![input], unit: "J".into(), experiments, more: Vec::new() };
        let table =
            TableSpec { data: "x.csv".into(), inputs: None, read: Some(read), notes: Vec::new() };
        Pool::new("line", &table).unwrap()
    }

    #[test]
    fn replicates_are_one_place_whose_outcomes_are_drawn() {
        let pool = pool();
        assert_eq!(pool.places(), 40);
        assert_eq!(pool.mean(20), Some(21.0));
        let mut stream = Streams::new(1).open("test", 0);
        let mut drawn: Vec<f64> = (0..50).filter_map(|_| pool.draw(20, &mut stream)[0]).collect();
        drawn.sort_by(f64::total_cmp);
        drawn.dedup();
        assert_eq!(drawn, [20.0, 21.0, 22.0]);
    }

    #[test]
    fn the_top_is_the_best_twentieth_and_a_failure_is_none_of_it() {
        let (pool, best) = (pool(), |goal| {
            let top = self::pool().top(goal);
            (0..40).filter(|&place| top.is_in[place]).collect::<Vec<_>>()
        });
        assert_eq!(best(Goal::Maximize), [37, 38]);
        assert_eq!(best(Goal::Minimize), [0, 1]);
        assert_eq!(pool.top(Goal::Maximize).count, 2);
    }

    #[test]
    fn a_point_between_places_is_the_nearest_that_is_allowed() {
        let pool = pool();
        assert_eq!(pool.nearest(&[10.4 / 39.0], |_| true), 10);
        assert_eq!(pool.nearest(&[10.4 / 39.0], |place| place != 10), 11);
    }
}
