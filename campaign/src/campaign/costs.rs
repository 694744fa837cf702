//! What the next experiment would cost, from the state of the rig and what earlier ones have cost.

use std::sync::Arc;

use flowtwin_lab::procedure::WaitSpec;
use flowtwin_lab::{Conditions, HeaterId, Manifest, Observation, Procedure, Settings, Temperature};
use flowtwin_twin::Cost;

/// Beliefs before the first experiment: to settle takes a minute, and each kelvin of heating or of cooling ten seconds.
const BELIEFS: [f64; TERMS] = [60.0, 10.0, 10.0];
/// How much such a belief weighs, in experiments that tell about it with a unit term.
const WEIGHTS: [f64; TERMS] = [0.5, 5.0, 5.0];
/// Terms of the lab time beyond the flow: settling, heating, cooling.
const TERMS: usize = 3;

/// Predicts lab time and volume of an experiment.
///
/// An experiment takes the waits of the procedure, which follow from flows and path, and the time in which the heaters
/// settle: a constant and so much for each kelvin up or down from where the experiment before has left them. The
/// constant and the two rates are learnt from the experiments so far (ridge regression about a prior belief). So the
/// prediction is a function of the journal alone, and needs no model of the rig.
#[derive(Clone, Debug)]
pub(super) struct Costs {
    procedure: Arc<Procedure>,
    manifest: Arc<Manifest>,
    /// What was learnt from the experiments so far.
    pub(super) learnt: Learnt,
}

/// The sum over all stocks [mL].
pub(super) fn ml(consumed: &[(String, f64)]) -> f64 {
    consumed.iter().map(|(_, ml)| ml).sum()
}

/// What experiments tell about costs.
#[derive(Clone, Debug)]
pub(super) struct Learnt {
    /// Set points of the heaters now.
    heaters: Vec<(HeaterId, Temperature)>,
    products: [[f64; TERMS]; TERMS],
    moments: [f64; TERMS],
    /// Pumping beyond the waits of the procedure, summed over experiments [s], and their number.
    extra: (f64, f64),
}

impl Costs {
    /// The costs on a rig that nobody has used: its heaters are where they are left unattended.
    pub(super) fn new(procedure: &Procedure, manifest: &Manifest) -> Self {
        let mut products = [[0.0; TERMS]; TERMS];
        let mut moments = [0.0; TERMS];
        for i in 0..TERMS {
            products[i][i] = WEIGHTS[i];
            moments[i] = WEIGHTS[i] * BELIEFS[i];
        }
        let heaters = unattended(manifest);
        let learnt = Learnt { heaters, products, moments, extra: (0.0, 0.0) };
        let (procedure, manifest) = (Arc::new(procedure.clone()), Arc::new(manifest.clone()));
        Self { procedure, manifest, learnt }
    }

    /// Learns from an experiment that has ended; a failed one only moves the heaters.
    pub(super) fn learn(&mut self, observation: &Observation) {
        let settings = self.procedure.recipe().settings(&observation.conditions);
        let waits_s = self.waits_s(&settings);
        if !observation.failed() && waits_s.is_finite() {
            let terms = self.terms(&settings);
            let left = observation.lab_time_s() - waits_s;
            for i in 0..TERMS {
                self.learnt.moments[i] += terms[i] * left;
                for j in 0..TERMS {
                    self.learnt.products[i][j] += terms[i] * terms[j];
                }
            }
            self.learn_pumping(observation, &settings, waits_s);
        }
        self.learnt.heaters = settings.heaters;
    }

    /// The rig has been made safe: its heaters are where they are left unattended.
    pub(super) fn rest(&mut self) {
        self.learnt.heaters = unattended(&self.manifest);
    }

    fn learn_pumping(&mut self, observation: &Observation, settings: &Settings, waits_s: f64) {
        let ml: f64 = observation.consumed_ml.iter().map(|(_, ml)| ml).sum();
        let flow = settings.total_ul_per_min();
        if flow > 0.0 {
            self.learnt.extra.0 += 60_000.0 * ml / flow - waits_s;
            self.learnt.extra.1 += 1.0;
        }
    }

    /// A way to predict what the experiment at some conditions would cost if it were the next; it stands alone.
    pub(super) fn next(&self) -> impl Fn(&Conditions) -> Cost + Send + 'static {
        let costs = self.clone();
        let rates = solve(self.learnt.products, self.learnt.moments);
        let extra_s =
            if self.learnt.extra.1 > 0.0 { self.learnt.extra.0 / self.learnt.extra.1 } else { 0.0 };
        move |conditions| {
            let settings = costs.procedure.recipe().settings(conditions);
            let waits_s = costs.waits_s(&settings);
            let terms = costs.terms(&settings);
            let beyond = terms.iter().zip(rates).fold(0.0, |sum, (term, rate)| sum + term * rate);
            let pumped_s = (waits_s + extra_s).max(0.0);
            Cost {
                lab_time_s: (waits_s + beyond).max(0.0),
                reagent_ml: settings.total_ul_per_min() * pumped_s / 60_000.0,
            }
        }
    }

    /// The part of an experiment that flows and path decide [s].
    fn waits_s(&self, settings: &Settings) -> f64 {
        let residence_times = match &self.procedure.spec().wait {
            WaitSpec::ResidenceTimes(factor) => *factor,
            WaitSpec::Steady(rule) => {
                0.5 * (rule.from_residence_times + rule.at_most_residence_times)
            }
        };
        residence_times * self.manifest.path.residence_time_s(settings)
    }

    /// One, and the farthest way of a heater up and down [K].
    fn terms(&self, settings: &Settings) -> [f64; TERMS] {
        let (mut up, mut down) = (0.0_f64, 0.0_f64);
        for (heater, set_point) in &settings.heaters {
            let now = self.learnt.heaters.iter().find(|(name, _)| name == heater);
            let way = now.map_or(0.0, |(_, now)| set_point.c() - now.c());
            (up, down) = (up.max(way), down.max(-way));
        }
        [1.0, up, down]
    }
}

/// Set points of heaters that nobody watches.
fn unattended(manifest: &Manifest) -> Vec<(HeaterId, Temperature)> {
    let safe = manifest.heaters.iter();
    safe.map(|h| (h.name.clone(), Temperature::from_c(h.safe_c))).collect()
}

/// Solves a symmetric, positive definite system by elimination.
fn solve(mut a: [[f64; TERMS]; TERMS], mut b: [f64; TERMS]) -> [f64; TERMS] {
    for i in 0..TERMS {
        for j in i + 1..TERMS {
            let factor = a[j][i] / a[i][i];
            let above = a[i];
            for (x, y) in a[j].iter_mut().zip(above) {
                *x -= factor * y;
            }
            b[j] -= factor * b[i];
        }
    }
    for i in (0..TERMS).rev() {
        for j in i + 1..TERMS {
            b[i] -= a[i][j] * b[j];
        }
        b[i] /= a[i][i];
    }
    b
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use flowtwin_lab::{Instant, Span, Streams};
    use flowtwin_twin::{Ask, Context, History, PolicySpec, SurrogateSpec, Trial};

    use super::*;
    use crate::scenario::Scenario;

    fn scenario() -> Scenario {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/cs3cu2i5.toml");
        Scenario::load(Path::new(file)).expect("the scenario is valid")
    }

    /// All flows in the middle.
    fn at(scenario: &Scenario, temperature_c: f64) -> Conditions {
        let mut values = scenario.space().centre().values().to_vec();
        values[0] = temperature_c;
        scenario.space().conditions(values)
    }

    /// What an experiment takes on a rig with known rates.
    fn experiment(scenario: &Scenario, costs: &Costs, conditions: Conditions) -> Observation {
        let settings = scenario.procedure().recipe().settings(&conditions);
        let [_, up, down] = costs.terms(&settings);
        let waits_s = costs.waits_s(&settings);
        let taken = waits_s + 75.0 + 12.0 * up + 6.0 * down;
        let ml = settings.total_ul_per_min() * (waits_s + 9.0) / 60_000.0;
        Observation {
            conditions,
            started: Instant::START,
            ended: Instant::START + Span::from_secs(taken),
            residence_time_s: 0.0,
            reaction_time_s: 0.0,
            vial: None,
            consumed_ml: vec![("all".into(), ml)],
            outcome: flowtwin_lab::Outcome::default(),
            fault: None,
        }
    }

    #[test]
    fn rates_of_heating_and_cooling_are_learnt_from_what_experiments_took() {
        let scenario = scenario();
        let mut costs = Costs::new(scenario.procedure(), scenario.manifest());
        for t in [130.0, 145.0, 122.0, 138.0, 149.0, 131.0, 125.0, 127.0, 120.0] {
            let observation = experiment(&scenario, &costs, at(&scenario, t));
            costs.learn(&observation);
        }
        for t in [120.0, 128.0, 150.0] {
            let observation = experiment(&scenario, &costs, at(&scenario, t));
            let Cost { lab_time_s, reagent_ml } = costs.next()(&observation.conditions);
            let taken = observation.lab_time_s();
            assert!((lab_time_s - taken).abs() < 0.02 * taken, "{t}: {lab_time_s} of {taken}");
            assert!((reagent_ml - observation.consumed_ml[0].1).abs() < 1e-3, "{reagent_ml}");
        }
    }

    #[test]
    fn a_policy_that_pays_for_time_or_reagent_asks_for_cheaper_experiments() {
        let scenario = scenario();
        let (space, context) = (scenario.space(), Context::new(Streams::new(3)));
        let mut costs = Costs::new(scenario.procedure(), scenario.manifest());
        let mut history = History::default();
        for asked in 0..16 {
            let ask = Ask { space, history: &history, count: 1, asked, planned: 16, cost: None };
            let policy = PolicySpec::Lhs {}.build(SurrogateSpec::Gp);
            let conditions = policy.propose(&ask, &context).unwrap().conditions.remove(0);
            costs.learn(&experiment(&scenario, &costs, conditions.clone()));
            let x = space.to_unit(&conditions);
            let outcome = Some(-x.iter().map(|u| (u - 0.6) * (u - 0.6)).sum::<f64>());
            history.trials.push(Trial::at(x, outcome));
        }
        let cost = costs.next();
        let asks_for = |policy: PolicySpec| {
            let ask =
                Ask { space, history: &history, count: 1, asked: 0, planned: 9, cost: Some(&cost) };
            let answer = policy.build(SurrogateSpec::Gp).propose(&ask, &context).unwrap();
            cost(&answer.conditions[0])
        };
        let plain = asks_for(PolicySpec::Ei {});
        let (quick, frugal) =
            (asks_for(PolicySpec::EiPerTime {}), asks_for(PolicySpec::EiPerMl {}));
        assert!(quick.lab_time_s < plain.lab_time_s, "{quick:?} {plain:?}");
        assert!(frugal.reagent_ml <= plain.reagent_ml, "{frugal:?} {plain:?}");
    }
}
