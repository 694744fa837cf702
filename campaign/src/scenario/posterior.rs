//! What a calibration knows of the keys of a scenario together.

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Stream;
use nalgebra::DMatrix;
use serde_json::Value;

use super::Scenario;
use super::calibration::FreeSpec;
use super::free::{Free, free};

/// A standard deviation as a share of a range that holds four.
const SHARE: f64 = 0.25;

/// Between the name of a scenario and the number of a rig that it may be.
const RIG: &str = "-rig-";

/// The name of a rig that was drawn from a scenario of this name.
pub fn rig_name(scenario: &str, number: u64) -> String {
    format!("{scenario}{RIG}{number}")
}

/// The name of the scenario from which the rig of this name was drawn; none of any other.
pub fn drawn_from(name: &str) -> Option<&str> {
    let (of, number) = name.rsplit_once(RIG)?;
    number.parse::<u64>().is_ok().then_some(of)
}

/// A normal distribution of keys about their values, on their scales.
#[derive(Clone, Debug)]
pub struct Posterior {
    keys: Vec<Free>,
    /// Lower triangle whose square is the covariance [keys × keys].
    root: DMatrix<f64>,
}

impl Posterior {
    /// The posterior of a scenario that has been calibrated; none of any other.
    ///
    /// # Errors
    /// If it is no normal distribution of free keys.
    pub fn of(scenario: &Scenario) -> Result<Option<Self>, Diagnostic> {
        let calibration = &scenario.file().calibration;
        let Some(posterior) = &calibration.posterior else { return Ok(None) };
        let wrong = |detail: String| Diagnostic::new(format!("calibration.posterior: {detail}"));
        let spec = |key: &String| {
            let found = calibration.free.iter().find(|free| free.key == *key);
            found
                .cloned()
                .ok_or_else(|| wrong(format!("\"{key}\" is not a key of calibration.free")))
        };
        let specs = posterior.keys.iter().map(spec).collect::<Result<Vec<FreeSpec>, _>>()?;
        if specs.is_empty() {
            return Ok(None);
        }
        let keys = free(scenario, &specs)?;
        let (n, rows) = (keys.len(), &posterior.covariance);
        if rows.len() != n || rows.iter().any(|row| row.len() != n) {
            let message = format!("covariance needs {n} rows of {n} numbers, one for each key");
            return Err(wrong(message));
        }
        let covariance = DMatrix::from_fn(n, n, |i, j| rows[i][j]);
        let alike = (&covariance - covariance.transpose()).amax() <= 1e-6 * covariance.amax();
        let factor = if alike { covariance.cholesky() } else { None };
        let root = factor.ok_or_else(|| {
            wrong("covariance must be symmetric, with positive eigenvalues".to_owned())
        })?;
        Ok(Some(Self { keys, root: root.l() }))
    }

    /// What is believed of all free keys of a scenario: its posterior, and of keys that have none their range, which is taken for
    /// the interval of two standard deviations either way.
    ///
    /// # Errors
    /// If no key is free, or the posterior is not valid.
    pub(super) fn believed(scenario: &Scenario) -> Result<Self, Diagnostic> {
        let known = Self::of(scenario)?;
        let (mut keys, root) =
            known.map_or((Vec::new(), DMatrix::zeros(0, 0)), |p| (p.keys, p.root));
        let told = keys.len();
        for free in free(scenario, &[])? {
            if !keys.iter().any(|known| known.key == free.key) {
                keys.push(free);
            }
        }
        let mut root = root.resize(keys.len(), keys.len(), 0.0);
        for (k, free) in keys.iter().enumerate().skip(told) {
            root[(k, k)] = SHARE * (free.scaled(free.high) - free.scaled(free.low));
        }
        Ok(Self { keys, root })
    }

    /// Number of keys.
    pub(super) fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Worlds one standard deviation up and down from this one, along each of the directions that have nothing to do with each
    /// other.
    pub fn directions(&self, world: &Value) -> Vec<[Value; 2]> {
        let keys = self.keys.iter().map(|free| free.clone().starting_in(world)).collect();
        let here = Self { keys, root: self.root.clone() };
        let moved = |column: usize, sign: f64| {
            let mut unit = vec![0.0; here.keys.len()];
            unit[column] = sign;
            here.at(world, &unit)
        };
        (0..self.keys.len()).map(|column| [moved(column, 1.0), moved(column, -1.0)]).collect()
    }

    /// The keys.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|free| free.key.as_str())
    }

    /// Values drawn from it, one for each key. They may lie outside the ranges of their keys.
    pub fn drawn(&self, draws: &mut Stream) -> Vec<f64> {
        let deviations: Vec<f64> = self.keys.iter().map(|_| draws.normal()).collect();
        let places = self.keys.iter().zip(self.places(&deviations));
        places.map(|(free, scaled)| free.anywhere(scaled)).collect()
    }

    /// What lies outside the range of its key, in words; none where all values are possible.
    pub fn outside(&self, values: &[f64]) -> Option<String> {
        let is_outside = |(free, value): &(&Free, &f64)| !(free.low..=free.high).contains(value);
        let (free, _) = self.keys.iter().zip(values).find(is_outside)?;
        Some(format!("{} outside {} to {}", free.key, free.low, free.high))
    }

    /// The world with these values, one for each key.
    pub fn with(&self, world: &Value, values: &[f64]) -> Value {
        let mut world = world.clone();
        self.keys.iter().zip(values).for_each(|(free, value)| free.put(&mut world, *value));
        world
    }

    /// Where keys lie on their scales at so many standard deviations along each direction.
    fn places(&self, deviations: &[f64]) -> Vec<f64> {
        let place = |(k, free): (usize, &Free)| {
            let off: f64 = deviations.iter().enumerate().map(|(j, d)| self.root[(k, j)] * d).sum();
            free.scaled(free.start) + off
        };
        self.keys.iter().enumerate().map(place).collect()
    }

    /// The world at so many standard deviations along each direction, within the ranges of its keys.
    pub(super) fn at(&self, world: &Value, deviations: &[f64]) -> Value {
        let places = self.keys.iter().zip(self.places(deviations));
        let values: Vec<f64> = places.map(|(free, scaled)| free.value(scaled)).collect();
        self.with(world, &values)
    }
}
