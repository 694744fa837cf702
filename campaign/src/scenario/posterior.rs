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
            found.cloned().ok_or_else(|| wrong(format!("\"{key}\" is no key of calibration.free")))
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

    /// Worlds one standard deviation up and down along each of the directions that have nothing to do with each other.
    pub fn directions(&self, world: &Value) -> Vec<[Value; 2]> {
        let moved = |column: usize, sign: f64| {
            let mut unit = vec![0.0; self.keys.len()];
            unit[column] = sign;
            self.at(world, &unit)
        };
        (0..self.keys.len()).map(|column| [moved(column, 1.0), moved(column, -1.0)]).collect()
    }

    /// A world drawn from it.
    pub fn drawn(&self, world: &Value, draws: &mut Stream) -> Value {
        let deviations: Vec<f64> = self.keys.iter().map(|_| draws.normal()).collect();
        self.at(world, &deviations)
    }

    /// The world at so many standard deviations along each direction.
    pub(super) fn at(&self, world: &Value, deviations: &[f64]) -> Value {
        let mut world = world.clone();
        for (k, free) in self.keys.iter().enumerate() {
            let off: f64 = deviations.iter().enumerate().map(|(j, d)| self.root[(k, j)] * d).sum();
            free.put(&mut world, free.value(free.scaled(free.start) + off));
        }
        world
    }
}
