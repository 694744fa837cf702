//! How far apart replicates lie.
//!
//! Complete experiments are simulated with the scenario's own noise, one source at a time, several seeds at a few places.
//! Light, detectors and slugs give each feature a floor and a part of its value, and say how features go together: a lamp that
//! is a little brighter raises all of an emission at once. Flows and plates act by how steeply each feature depends on them
//! where it is.

mod replicates;
mod shared;

use flowtwin_lab::Conditions;
use flowtwin_sim::{Plan, spec};
use nalgebra::{DMatrix, DVector};

use super::Scenario;
use replicates::{Group, Source, replicates, spread};

pub use shared::{Misreading, detection_limits, fills, misreadings};

/// Part of a correlation between features that is not believed: with some forty replicates small ones are chance, and
/// features that seemed to be one would leave nothing between them to be explained.
const DOUBT: f64 = 0.1;
/// Noise of a scenario that has none, in parts of a value.
const ASSUMED: f64 = 0.01;
/// Least noise, in parts of a value: counts are whole numbers.
const LEAST: f64 = 1e-4;

/// Slopes of all features at all places \[places\]\[features\].
type Steepness = Vec<Vec<f64>>;

/// How steep features are at all places.
#[derive(Clone, Debug)]
pub struct Slopes {
    /// By what each pump gives more, in parts \[pumps\].
    pub flows: Vec<Steepness>,
    /// By what plates are warmer \[1/K\].
    pub warmth: Steepness,
}

/// What replicates scatter by.
#[derive(Clone, Debug)]
pub struct Scatter {
    /// Standard deviation of each feature near zero, from light, detectors and slugs.
    floor: Vec<f64>,
    /// … and in parts of its value.
    relative: Vec<f64>,
    /// How features go together [features × features].
    correlation: DMatrix<f64>,
    /// What an experiment's flows are off by, standard deviation for each pump, in parts.
    flows: f64,
    /// What an experiment's plates are off by, standard deviation [K].
    plates_k: f64,
    known: bool,
}

impl Scatter {
    /// Simulates replicates on a plan, at some of these places. What depends on flows and plates needs slopes; none where these
    /// cannot be had.
    pub fn of(
        scenario: &Scenario,
        plan: &Plan,
        places: &[&Conditions],
        slopes: impl FnOnce() -> Option<Slopes>,
    ) -> Option<Self> {
        let groups = replicates(scenario, plan, places, Source::Light);
        let features = scenario.features().len();
        let (floor, relative): (Vec<f64>, Vec<f64>) =
            (0..features).map(|f| spread(&groups, f)).unzip();
        let known = plan.world().noise != spec::Noise::default();
        let relative = relative.into_iter().zip(&floor).map(|(relative, floor)| {
            if relative + floor > 0.0 || known { relative.max(LEAST) } else { ASSUMED }
        });
        let mut scatter = Self {
            relative: relative.collect(),
            floor,
            correlation: DMatrix::identity(features, features),
            flows: 0.0,
            plates_k: 0.0,
            known,
        };
        if known {
            scatter.correlation = scatter.correlated(&groups);
            let slopes = slopes()?;
            let flows = replicates(scenario, plan, places, Source::Flows);
            let plates = replicates(scenario, plan, places, Source::Plates);
            scatter.flows = scatter.share(&flows, &slopes.flows);
            scatter.plates_k = scatter.share(&plates, std::slice::from_ref(&slopes.warmth));
        }
        Some(scatter)
    }

    /// Whether the scenario has noise, and this is not assumed.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Standard deviation of a feature about a value.
    pub fn deviation(&self, feature: usize, value: f64) -> f64 {
        let (floor, part) = (self.floor[feature], self.relative[feature] * value);
        (floor * floor + part * part).sqrt().max(f64::MIN_POSITIVE)
    }

    /// How features go together that light, detectors and slugs scatter [features × features].
    pub fn together(&self) -> &DMatrix<f64> {
        &self.correlation
    }

    /// What an experiment's plates are off by, standard deviation \[K\].
    pub fn plates_k(&self) -> f64 {
        self.plates_k
    }

    /// Lets a feature scatter by no less than this near zero, in its unit.
    pub fn raise_floor(&mut self, feature: usize, least: f64) {
        self.floor[feature] = self.floor[feature].max(least);
    }

    /// Lets a feature scatter by so much more.
    pub fn scale(&mut self, feature: usize, factor: f64) {
        self.floor[feature] *= factor;
        self.relative[feature] *= factor;
    }

    /// The standard deviations of some features of an experiment, flows and plates apart, and the lower root of their covariance
    /// in units of these, flows and plates included. `flows` and `warmth` are the slopes of all features, as in [`Slopes`].
    pub fn root(
        &self,
        features: &[usize],
        predicted: &[f64],
        flows: &[Vec<f64>],
        warmth: &Vec<f64>,
    ) -> (Vec<f64>, DMatrix<f64>) {
        let own: Vec<f64> = features.iter().map(|&f| self.deviation(f, predicted[f])).collect();
        let mut covariance = DMatrix::from_fn(features.len(), features.len(), |i, j| {
            self.correlation[(features[i], features[j])]
        });
        let by_flow = flows.iter().map(|slope| (self.flows, slope));
        for (deviation, slope) in by_flow.chain([(self.plates_k, warmth)]) {
            let by = features.iter().zip(&own).map(|(&f, own)| deviation * slope[f] / own);
            let by = DVector::from_iterator(features.len(), by);
            if by.iter().all(|by| by.is_finite()) {
                covariance += &by * by.transpose();
            }
        }
        let root = covariance.cholesky().map_or_else(
            || DMatrix::identity(features.len(), features.len()),
            |cholesky| cholesky.l(),
        );
        (own, root)
    }

    /// The standard deviation of a cause, from what replicates scatter by that have no other, and the slopes of features by it.
    fn share(&self, groups: &[Group], slopes: &[Steepness]) -> f64 {
        let (mut scatter, mut expected) = (0.0, 0.0);
        for group in groups {
            for (f, value) in group.expected.iter().enumerate() {
                let deviation = self.deviation(f, *value);
                let by = slopes.iter().map(|slope| slope[group.place][f] / deviation);
                let by: f64 = by.map(|by| by * by).sum();
                let off = group.variance(f) / (deviation * deviation);
                if by.is_finite() && off.is_finite() {
                    scatter += off;
                    expected += by;
                }
            }
        }
        if expected > 0.0 { (scatter / expected).sqrt() } else { 0.0 }
    }

    fn correlated(&self, groups: &[Group]) -> DMatrix<f64> {
        let features = self.floor.len();
        let mut sums = DMatrix::zeros(features, features);
        for group in groups {
            for off in &group.off {
                let scaled = (0..features).map(|f| off[f] / self.deviation(f, group.expected[f]));
                let off = DVector::from_iterator(features, scaled);
                sums += &off * off.transpose();
            }
        }
        DMatrix::from_fn(features, features, |i, j| {
            let both = (sums[(i, i)] * sums[(j, j)]).sqrt();
            match i == j {
                true => 1.0,
                false if both > 0.0 => (1.0 - DOUBT) * sums[(i, j)] / both,
                false => 0.0,
            }
        })
    }
}
