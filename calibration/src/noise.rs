//! How far apart replicates lie, and what lies apart together.
//!
//! What replicates scatter by is that of [`Scatter`]. What a pump's fill gives too much or too little, and how an analyser or
//! a sensor is calibrated, is common to all experiments of a run. Residuals are freed of all that before they are squared.

use flowtwin_campaign::scenario::{
    Free, Misreading, Scatter, Scenario, Slopes, detection_limits, fills, misreadings,
};
use flowtwin_lab::{Conditions, PumpId};
use flowtwin_sim::{Plan, spec};
use nalgebra::{DMatrix, DVector};

use crate::block::Block;
use crate::experiment::Experiment;
use crate::model::{Model, Table, slope};
use crate::ramp::Ramp;
use crate::series::Series;
use crate::unsteady;
use crate::whitening::{Common, Whitener};

/// Replicates in the data count as much as this many that are simulated.
const BELIEVED: f64 = 5.0;

/// What replicates scatter by, and what is common to those of a run.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    scatter: Scatter,
    /// What a fill of each pump may be off by, standard deviation, in parts: common to all experiments of a run.
    fills: Vec<(PumpId, f64)>,
    /// How instruments may be calibrated, one error at a time: common too.
    misreadings: Vec<Misreading>,
    pumps: Vec<PumpId>,
    /// For how long plates wander \[s\].
    wander_s: f64,
    /// Noise as the scenario has it.
    spec: spec::Noise,
    /// Whether the scenario has noise, and this is not assumed.
    pub(crate) known: bool,
}

impl Noise {
    /// Simulates replicates at these conditions, on a rig with these values of the keys.
    pub(crate) fn near(
        scenario: &Scenario,
        free: &[Free],
        scaled: &[f64],
        places: impl Iterator<Item = Conditions>,
    ) -> Option<Self> {
        let places: Vec<Experiment> = places.map(|at| Experiment::unread(scenario, at)).collect();
        let model = Model::new(scenario, free, &places);
        Self::of(&model, scaled, &model.plan(scaled)?)
    }

    /// Simulates replicates on a plan.
    pub(crate) fn of(model: &Model<'_>, scaled: &[f64], plan: &Plan) -> Option<Self> {
        let (scenario, experiments) = (model.scenario(), model.experiments);
        let pumps: Vec<PumpId> = plan.manifest().pumps.iter().map(|p| p.name.clone()).collect();
        // Readings of ramps scatter as steady experiments there do.
        let on_ramps =
            model.series.iter().filter_map(Series::ramp).flat_map(|ramp| ramp.as_steady(scenario));
        let near: Vec<Experiment> = experiments.iter().cloned().chain(on_ramps).collect();
        let places: Vec<&Conditions> = near.iter().map(|e| &e.conditions).collect();
        let steady = model.of(&near);
        let scatter = Scatter::of(scenario, plan, &places, || slopes(&pumps, &steady, scaled))?;
        let heaters = plan.manifest().heaters.iter();
        let wander_s =
            heaters.map(|info| plan.world().noise.heaters.of(info.name.as_str()).correlation_s);
        let mut noise = Self {
            wander_s: wander_s.fold(0.0, f64::max),
            known: scatter.is_known(),
            scatter,
            fills: fills(&plan.world().noise, &pumps),
            misreadings: misreadings(scenario, &plan.world().noise),
            pumps,
            spec: plan.world().noise.clone(),
        };
        noise.allow_for_detection_limits(scenario, experiments);
        Some(noise.scaled_to(scenario.features().len(), experiments))
    }

    /// A result of nothing says only that there is less than can be found: anything from none to that is as likely.
    fn allow_for_detection_limits(&mut self, scenario: &Scenario, experiments: &[Experiment]) {
        for (f, detects_mm) in detection_limits(scenario) {
            let missed = experiments.iter().any(|e| e.features[f].is_some_and(|mm| mm <= 0.0));
            if missed {
                self.scatter.raise_floor(f, detects_mm / 12_f64.sqrt());
            }
        }
    }

    /// Standard deviation of a feature about a value.
    pub(crate) fn deviation(&self, feature: usize, value: f64) -> f64 {
        self.scatter.deviation(feature, value)
    }

    /// Replicates among the data say how much larger or smaller the noise of the rig is than the scenario's.
    fn scaled_to(mut self, features: usize, experiments: &[Experiment]) -> Self {
        let mut groups: Vec<Vec<&Experiment>> = Vec::new();
        for experiment in experiments {
            let same = |g: &&mut Vec<&Experiment>| g[0].conditions == experiment.conditions;
            match groups.iter_mut().find(same) {
                Some(group) => group.push(experiment),
                None => groups.push(vec![experiment]),
            }
        }
        for feature in 0..features {
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
            self.scatter.scale(feature, factor);
        }
        self
    }

    /// What frees residuals of a model near `scaled` of their noise.
    pub(crate) fn whitener(&self, model: &Model<'_>, scaled: &[f64]) -> Option<Whitener> {
        let predicted = model.predict(scaled)?;
        let Slopes { flows, warmth } = slopes(&self.pumps, model, scaled)?;
        let block = |(i, (experiment, predicted)): (usize, (&Experiment, &Vec<f64>))| {
            let flows: Vec<Vec<f64>> = flows.iter().map(|slope| slope[i].clone()).collect();
            self.own(experiment, predicted, &flows, &warmth[i])
        };
        let mut blocks: Vec<Block> =
            model.experiments.iter().zip(&predicted).enumerate().map(block).collect();
        let plan = model.plan(scaled)?;
        for (series, i) in model.series.iter().zip(model.experiments.len()..) {
            let said = &predicted[i];
            blocks.push(match series.ramp() {
                Some(ramp) => self.of_ramp(&plan, (model, series, ramp), said, &warmth[i])?,
                None => series.block(&self.spec, said)?,
            });
        }
        let of_experiments = model.experiments.iter().map(|experiment| experiment.run);
        let runs = of_experiments.chain(model.series.iter().map(|series| series.run)).collect();
        let series = model.series.iter().map(|series| series.values.clone()).collect();
        let columns = DMatrix::zeros(0, 0);
        let mut whitener = Whitener { blocks, runs, series, common: None, columns };
        let runs = whitener.runs.iter().max().map_or(0, |last| last + 1);
        let mut common = Vec::new();
        for (pump, bias) in &self.fills {
            let place = self.pumps.iter().position(|known| known == pump)?;
            common.push(*bias * whitener.apply(&flows[place]));
        }
        for misreading in &self.misreadings {
            let off = model.with_misreading(scaled, misreading)?;
            common.push(whitener.apply(&slope(&off, &predicted, 1.0)));
        }
        common.extend(model.by_blanks(scaled)?.iter().map(|off| whitener.apply(off)));
        common.extend(self.balances(model, &predicted).iter().map(|off| whitener.apply(off)));
        let of_runs = |by_one: &DVector<f64>| -> Vec<DVector<f64>> {
            (0..runs).map(|run| whitener.of_run(by_one, run)).collect()
        };
        let columns: Vec<DVector<f64>> = common.iter().flat_map(of_runs).collect();
        if !columns.is_empty() {
            whitener.columns = DMatrix::from_columns(&columns);
            whitener.common = Some(Common::of(whitener.columns.clone()));
        }
        Some(whitener)
    }

    /// What weighed deliveries are off where the slope of their balance is off by its standard deviation; none where balances are
    /// exact. A rig has one balance.
    fn balances(&self, model: &Model<'_>, predicted: &Table) -> Option<Table> {
        let gains: Vec<f64> = model.series.iter().map(|series| series.gain(&self.spec)).collect();
        let is_off = gains.iter().any(|gain| *gain > 0.0);
        is_off.then(|| {
            let mut off: Table = predicted.iter().map(|row| vec![0.0; row.len()]).collect();
            let series = off.iter_mut().zip(predicted).skip(model.experiments.len());
            for ((off, said), gain) in series.zip(gains) {
                off.iter_mut().zip(said).for_each(|(off, said)| *off = gain * said);
            }
            off
        })
    }

    /// What frees the readings of a ramp of their noise: light scatters in each by itself, as in experiments; what flows and plates do
    /// is seen together by liquids that were on their way together. `warmth` is the slope of the whole ramp by warmer plates.
    fn of_ramp(
        &self,
        plan: &Plan,
        (model, series, ramp): (&Model<'_>, &Series, &Ramp),
        said: &[f64],
        warmth: &[f64],
    ) -> Option<Block> {
        let features = said.len() / ramp.readings().len();
        let there = |&i: &usize| series.values[i].is_finite() && said[i].is_finite();
        let places: Vec<usize> = (0..said.len()).filter(there).collect();
        let own: Vec<f64> = places.iter().map(|&i| self.deviation(i % features, said[i])).collect();
        let on = (model.scenario(), plan);
        let by_flows = unsteady::covariance(on, ramp, &self.pumps, &places)?;
        let (alike, seen) = (self.scatter.together(), ramp.together(self.wander_s));
        let plates_k = self.scatter.plates_k();
        let together = DMatrix::from_fn(places.len(), places.len(), |a, b| {
            let ((i, f), (j, g)) =
                [a, b].map(|it| (places[it] / features, places[it] % features)).into();
            let light = if i == j { alike[(f, g)] } else { 0.0 };
            let warm = plates_k * plates_k * warmth[places[a]] * warmth[places[b]] * seen[(i, j)];
            light + (by_flows[(a, b)] + warm) / (own[a] * own[b])
        });
        Some(Block::of(places, own, together))
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
        let there = |f: &usize| {
            experiment.features[*f].is_some_and(f64::is_finite) && predicted[*f].is_finite()
        };
        let features: Vec<usize> = (0..predicted.len()).filter(there).collect();
        let (deviations, root) = self.scatter.root(&features, predicted, flows, warmth);
        Block { features, deviations, root }
    }
}

/// Slopes of all features by what each pump gives more [pumps], in parts, and by what plates are warmer [1/K].
fn slopes(pumps: &[PumpId], model: &Model<'_>, scaled: &[f64]) -> Option<Slopes> {
    const MORE: f64 = 0.01;
    const WARMER_K: f64 = 0.5;
    let here = model.predict(scaled)?;
    let by_pump = |pump: &PumpId| {
        model.with_delivery(scaled, pump, MORE).map(|more| slope(&more, &here, MORE))
    };
    let flows: Vec<Table> = pumps.iter().map(by_pump).collect::<Option<_>>()?;
    let warmer = model.with_warmth(scaled, WARMER_K)?;
    Some(Slopes { flows, warmth: slope(&warmer, &here, WARMER_K) })
}
