//! How far apart replicates lie, and what lies apart together.
//!
//! Complete experiments are simulated with the scenario's own noise, one source at a time, several seeds at a few of the
//! conditions that were measured. Light, detectors and slugs give each feature a floor and a part of its value, and say how
//! features go together: a lamp that is a little brighter raises all of an emission at once. Flows and plates act by how
//! steeply each feature depends on them where it is. What a pump's fill gives too much or too little, and how an analyser or
//! a sensor is calibrated, is common to all experiments of a run. Residuals are freed of all that before they are squared.

mod replicates;
mod shared;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::PumpId;
use flowtwin_sim::{Plan, spec};
use nalgebra::{DMatrix, DVector};

use crate::data::Experiment;
use crate::model::{Misreading, Model, Table, slope};
use crate::whitening::{Block, Common, Whitener};
use replicates::{Group, Source, replicates, spread};
use shared::{detection_limits, fills, misreadings};

/// Part of a correlation between features that is not believed: with some forty replicates small ones are chance, and
/// features that seemed to be one would leave nothing between them to be explained.
const DOUBT: f64 = 0.1;
/// Noise of a scenario that has none, in parts of a value.
const ASSUMED: f64 = 0.01;
/// Least noise, in parts of a value: counts are whole numbers.
const LEAST: f64 = 1e-4;
/// Replicates in the data count as much as this many that are simulated.
const BELIEVED: f64 = 5.0;

/// What replicates scatter by.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
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
    /// What a fill of each pump may be off by, standard deviation, in parts: common to all experiments of a run.
    fills: Vec<(PumpId, f64)>,
    /// How instruments may be calibrated, one error at a time: common too.
    misreadings: Vec<Misreading>,
    pumps: Vec<PumpId>,
    /// Whether the scenario has noise, and this is not assumed.
    pub(crate) known: bool,
}

impl Noise {
    /// Simulates replicates on a plan.
    pub(crate) fn of(model: &Model<'_>, scaled: &[f64], plan: &Plan) -> Option<Self> {
        let (scenario, experiments) = (model.scenario(), model.experiments);
        let pumps: Vec<PumpId> = plan.manifest().pumps.iter().map(|p| p.name.clone()).collect();
        let groups = replicates(scenario, plan, experiments, Source::Light);
        let features = scenario.features().len();
        let (floor, relative): (Vec<f64>, Vec<f64>) =
            (0..features).map(|f| spread(&groups, f)).unzip();
        let known = plan.world().noise != spec::Noise::default();
        let relative = relative.into_iter().zip(&floor).map(|(relative, floor)| {
            if relative + floor > 0.0 || known { relative.max(LEAST) } else { ASSUMED }
        });
        let mut noise = Self {
            relative: relative.collect(),
            floor,
            correlation: DMatrix::identity(features, features),
            flows: 0.0,
            plates_k: 0.0,
            fills: fills(&plan.world().noise, &pumps),
            misreadings: misreadings(scenario, &plan.world().noise),
            pumps,
            known,
        };
        if known {
            noise.correlation = noise.correlated(&groups);
            let slopes = noise.slopes(model, scaled)?;
            let flows = replicates(scenario, plan, experiments, Source::Flows);
            let plates = replicates(scenario, plan, experiments, Source::Plates);
            noise.flows = noise.share(&flows, &slopes.0);
            noise.plates_k = noise.share(&plates, std::slice::from_ref(&slopes.1));
        }
        noise.allow_for_detection_limits(scenario, experiments);
        Some(noise.scaled_to(experiments))
    }

    /// A result of nothing says only that there is less than can be found: anything from none to that is as likely.
    fn allow_for_detection_limits(&mut self, scenario: &Scenario, experiments: &[Experiment]) {
        for (f, detects_mm) in detection_limits(scenario) {
            let missed = experiments.iter().any(|e| e.features[f].is_some_and(|mm| mm <= 0.0));
            if missed {
                self.floor[f] = self.floor[f].max(detects_mm / 12_f64.sqrt());
            }
        }
    }

    /// Slopes of all features by what each pump gives more [pumps], in parts, and by what plates are warmer [1/K].
    fn slopes(&self, model: &Model<'_>, scaled: &[f64]) -> Option<(Vec<Table>, Table)> {
        const MORE: f64 = 0.01;
        const WARMER_K: f64 = 0.5;
        let here = model.predict(scaled)?;
        let by_pump = |pump: &PumpId| {
            model.with_delivery(scaled, pump, MORE).map(|more| slope(&more, &here, MORE))
        };
        let flows = self.pumps.iter().map(by_pump).collect::<Option<Vec<_>>>()?;
        let warmer = model.with_warmth(scaled, WARMER_K)?;
        Some((flows, slope(&warmer, &here, WARMER_K)))
    }

    /// The standard deviation of a cause, from what replicates scatter by that have no other, and the slopes of features by it.
    fn share(&self, groups: &[Group], slopes: &[Table]) -> f64 {
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

    /// Standard deviation of a feature about a value.
    pub(crate) fn deviation(&self, feature: usize, value: f64) -> f64 {
        let (floor, part) = (self.floor[feature], self.relative[feature] * value);
        (floor * floor + part * part).sqrt().max(f64::MIN_POSITIVE)
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

    /// Replicates among the data say how much larger or smaller the noise of the rig is than the scenario's.
    fn scaled_to(mut self, experiments: &[Experiment]) -> Self {
        let mut groups: Vec<Vec<&Experiment>> = Vec::new();
        for experiment in experiments {
            let same = |g: &&mut Vec<&Experiment>| g[0].conditions == experiment.conditions;
            match groups.iter_mut().find(same) {
                Some(group) => group.push(experiment),
                None => groups.push(vec![experiment]),
            }
        }
        for feature in 0..self.floor.len() {
            let (mut squares, mut freedom) = (0.0, 0.0);
            for group in &groups {
                let values: Vec<f64> = group.iter().filter_map(|e| e.features[feature]).collect();
                let mean = flowtwin_statistics::mean(&values);
                let deviation = self.deviation(feature, mean);
                if values.len() > 1 {
                    let off = values.iter().map(|v| (v - mean) / deviation);
                    squares += off.map(|off| off * off).sum::<f64>();
                    freedom += values.len() as f64 - 1.0;
                }
            }
            let factor = ((squares + BELIEVED) / (freedom + BELIEVED)).sqrt();
            self.floor[feature] *= factor;
            self.relative[feature] *= factor;
        }
        self
    }

    /// What frees residuals of a model near `scaled` of their noise.
    pub(crate) fn whitener(&self, model: &Model<'_>, scaled: &[f64]) -> Option<Whitener> {
        let predicted = model.predict(scaled)?;
        let (flows, warmth) = self.slopes(model, scaled)?;
        let block = |(i, (experiment, predicted)): (usize, (&Experiment, &Vec<f64>))| {
            let flows: Vec<Vec<f64>> = flows.iter().map(|slope| slope[i].clone()).collect();
            self.own(experiment, predicted, &flows, &warmth[i])
        };
        let blocks = model.experiments.iter().zip(&predicted).enumerate().map(block).collect();
        let mut whitener = Whitener { blocks, common: None };
        let runs = model.experiments.iter().map(|e| e.run).max().map_or(0, |last| last + 1);
        let mut common = Vec::new();
        for (pump, bias) in &self.fills {
            let place = self.pumps.iter().position(|known| known == pump)?;
            common.push(*bias * whitener.apply(&flows[place]));
        }
        for misreading in &self.misreadings {
            let off = model.with_misreading(scaled, misreading)?;
            common.push(whitener.apply(&slope(&off, &predicted, 1.0)));
        }
        let of_runs = |by_one: &DVector<f64>| -> Vec<DVector<f64>> {
            (0..runs).map(|run| whitener.of_run(model.experiments, by_one, run)).collect()
        };
        let columns: Vec<DVector<f64>> = common.iter().flat_map(of_runs).collect();
        if !columns.is_empty() {
            whitener.common = Some(Common::of(DMatrix::from_columns(&columns)));
        }
        Some(whitener)
    }

    /// The pumps whose flows are noisy, and what a fill of each may be off by, standard deviation, in parts.
    pub(crate) fn pumps(&self) -> impl Iterator<Item = (&PumpId, f64)> {
        self.pumps.iter().map(|pump| {
            let bias = self.fills.iter().find(|(known, _)| known == pump);
            (pump, bias.map_or(0.0, |(_, bias)| *bias))
        })
    }

    /// How instruments may be calibrated in a run, one error at a time.
    pub(crate) fn misreadings(&self) -> &[Misreading] {
        &self.misreadings
    }

    /// What frees one experiment of its own noise: `flows` and `warmth` are its slopes by what each pump gives more, in parts,
    /// and by what plates are warmer [1/K].
    pub(crate) fn own(
        &self,
        experiment: &Experiment,
        predicted: &[f64],
        flows: &[Vec<f64>],
        warmth: &Vec<f64>,
    ) -> Block {
        let by_flow = flows.iter().map(|slope| (self.flows, slope));
        let causes: Vec<(f64, &Vec<f64>)> = by_flow.chain([(self.plates_k, warmth)]).collect();
        self.block(experiment, predicted, &causes)
    }

    fn block(
        &self,
        experiment: &Experiment,
        predicted: &[f64],
        causes: &[(f64, &Vec<f64>)],
    ) -> Block {
        let there = |f: &usize| {
            experiment.features[*f].is_some_and(f64::is_finite) && predicted[*f].is_finite()
        };
        let features: Vec<usize> = (0..predicted.len()).filter(there).collect();
        let own: Vec<f64> = features.iter().map(|&f| self.deviation(f, predicted[f])).collect();
        let mut covariance = DMatrix::from_fn(features.len(), features.len(), |i, j| {
            self.correlation[(features[i], features[j])]
        });
        for (deviation, slope) in causes {
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
        Block { features, deviations: own, root }
    }
}
