//! A shadow is silent while nothing moves, and names what has.

use flowtwin_calibration::{Experiment, Shadow};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::Cause;
use flowtwin_lab::{Command, Conditions, Lab as _, Streams, Volume};
use flowtwin_sim::SimLab;

use super::scenario;

/// A rig with a part that may have moved, and the blank of the rig before that.
struct Rig {
    lab: SimLab,
    scenario: Scenario,
    blank: flowtwin_lab::Blank,
}

impl Rig {
    fn new(scenario: &Scenario, moved: Option<(&Cause, f64)>) -> Self {
        let mut definition = scenario.definition();
        if let Some((cause, amount)) = moved {
            cause.apply(&mut definition, amount);
        }
        let scenario = Scenario::recorded(&definition).unwrap();
        let mut lab = scenario.simulated().unwrap().lab(5);
        let blank = scenario.procedure().prime(&mut lab).unwrap();
        Self { lab, scenario, blank }
    }

    /// The outcome of conditions, syringes full.
    fn measured(&mut self, conditions: &Conditions, blank: &flowtwin_lab::Blank) -> Vec<f64> {
        for pump in self.lab.manifest().pumps.clone() {
            let holds_ul = Volume::from_ml(pump.fill_ml);
            self.lab.send(&Command::Fill { pump: pump.name, holds_ul }).unwrap();
        }
        let seen = self.scenario.procedure().run(&mut self.lab, blank, conditions);
        assert!(seen.fault.is_none(), "{:?}", seen.fault);
        seen.outcome.features.iter().map(|(_, value)| *value).collect()
    }
}

/// Experiments on a rig of which something moves after the first `before`, or nothing.
fn experiments(
    scenario: &Scenario,
    moved: Option<(&Cause, f64)>,
    (before, all): (usize, usize),
) -> Vec<Experiment> {
    let (mut as_it_was, mut rig) = (Rig::new(scenario, None), Rig::new(scenario, moved));
    let blank = as_it_was.blank.clone();
    let mut draws = Streams::new(3).open("conditions", 0);
    let mut last: Option<Conditions> = None;
    let experiment = |number: usize| {
        let unit: Vec<f64> = (0..scenario.space().dim()).map(|_| draws.uniform()).collect();
        let conditions = scenario.space().from_unit(&unit);
        let on = if number < before { &mut as_it_was } else { &mut rig };
        let features = on.measured(&conditions, &blank);
        Experiment {
            source: String::new(),
            run: 0,
            ramp: None,
            conditions: conditions.clone(),
            before: last.replace(conditions),
            hours: 0.2 * (number + 1) as f64,
            features: features.into_iter().map(Some).collect(),
        }
    };
    (0..all).map(experiment).collect()
}

fn shadow<'a>(scenario: &'a Scenario, experiments: &[Experiment]) -> Shadow<'a> {
    let mut shadow = Shadow::new(scenario).unwrap();
    for (number, experiment) in (1..).zip(experiments) {
        shadow.look(number, experiment);
    }
    shadow
}

#[test]
fn nothing_is_told_while_nothing_moves() {
    let scenario = scenario("snar");
    let shadow = shadow(&scenario, &experiments(&scenario, None, (0, 60)));
    assert_eq!(shadow.alarms(), []);
    let account = shadow.account("a run");
    assert_eq!(account.experiments, 60);
    for feature in &account.features {
        assert!(feature.within > 0.85, "{feature:?}");
        assert!(feature.mean_off.abs() < 1.0, "{feature:?}");
    }
    assert_eq!(account.csv().lines().count(), 1 + 60 * account.features.len());
}

#[test]
fn a_weaker_stock_is_told_and_named_with_its_amount() {
    let scenario = scenario("cs3cu2i5");
    let weaker = Cause::Stock("cui".to_owned());
    let data = experiments(&scenario, Some((&weaker, -5.0)), (12, 30));
    let told = shadow(&scenario, &data);
    let alarm = &told.alarms()[0];
    assert!((13..=20).contains(&alarm.experiment), "{alarm:?}");
    assert!(alarm.since.abs_diff(13) <= 2, "{alarm:?}");
    let found = alarm.causes.iter().find(|cause| cause.name == "stock cui").unwrap();
    assert!(found.probability > 0.2, "{alarm:?}");
    assert!((found.amount + 5.0).abs() < 3.0 * found.deviation.max(0.5), "{alarm:?}");
    // From then on it is known, and not told again and again.
    assert!(told.alarms().len() <= 2, "{:?}", told.alarms());
}

#[test]
fn one_experiment_far_off_is_no_alarm_and_two_are() {
    let scenario = scenario("snar");
    let mut data = experiments(&scenario, None, (0, 30));
    let off = |experiment: &mut Experiment| {
        experiment.features.iter_mut().flatten().for_each(|value| *value *= 1.3);
    };
    off(&mut data[20]);
    assert_eq!(shadow(&scenario, &data).alarms(), []);
    data[21..].iter_mut().for_each(off);
    let alarms = shadow(&scenario, &data).alarms().to_vec();
    assert!((22..=24).contains(&alarms[0].experiment), "{alarms:?}");
}

/// A calibrated scenario whose key is known to a quarter does not take a rig within that for one that has moved.
#[test]
fn what_a_calibration_does_not_know_is_no_alarm() {
    let mut definition = scenario("snar").definition();
    let key = "chemistry.reactions[1].k_in_mol_l_s";
    let posterior = |covariance: f64| {
        serde_json::json!({ "free": [{ "key": key }],
            "posterior": { "keys": [key], "covariance": [[covariance]] } })
    };
    let rig = scenario("snar");
    let data = experiments(&rig, None, (0, 25));
    let k = definition["chemistry"]["reactions"][0]["k_in_mol_l_s"].as_f64().unwrap();
    definition["chemistry"]["reactions"][0]["k_in_mol_l_s"] = (1.3 * k).into();
    let told = |covariance: f64| {
        let mut calibrated = definition.clone();
        calibrated["calibration"] = posterior(covariance);
        let calibrated = Scenario::recorded(&calibrated).unwrap();
        shadow(&calibrated, &data).alarms().len()
    };
    assert!(told(1e-8) > 0, "a key that is known and wrong");
    assert_eq!(told(0.0625), 0, "a key that is known to a quarter");
}

#[test]
fn a_posterior_that_is_none_is_refused() {
    let key = "chemistry.reactions[1].k_in_mol_l_s";
    let with = |keys: &[&str], covariance: serde_json::Value| {
        let mut definition = scenario("snar").definition();
        definition["calibration"] = serde_json::json!({ "free": [{ "key": key }],
            "posterior": { "keys": keys, "covariance": covariance } });
        let scenario = Scenario::recorded(&definition).unwrap();
        Shadow::new(&scenario).map(|_| ()).unwrap_err().to_string()
    };
    let cases = [
        (with(&["other"], serde_json::json!([[1.0]])), "is not a key of calibration.free"),
        (with(&[key], serde_json::json!([[1.0, 2.0]])), "needs 1 rows of 1 numbers"),
        (with(&[key], serde_json::json!([[-1.0]])), "positive"),
    ];
    for (said, wanted) in cases {
        assert!(said.contains(wanted), "{said}");
    }
}

/// A shadow that is calibrated anew at every alarm, and how often it was.
fn recalibrated<'a>(scenario: &'a Scenario, data: &[Experiment]) -> (Shadow<'a>, usize) {
    let (mut shadow, mut anew) = (Shadow::new(scenario).unwrap(), 0);
    for (number, experiment) in (1..).zip(data) {
        let told = shadow.look(number, experiment).is_some();
        let found = shadow.recalibrate().unwrap();
        assert!(told || found.is_none(), "without an alarm nothing is calibrated");
        anew += usize::from(found.is_some());
    }
    (shadow, anew)
}

#[test]
fn a_shadow_that_is_calibrated_anew_expects_what_has_moved() {
    let scenario = scenario("cs3cu2i5");
    let colder = Cause::Heater("plate".to_owned());
    let data = experiments(&scenario, Some((&colder, -4.0)), (8, 40));
    let (beside, anew) = recalibrated(&scenario, &data);
    let account = beside.account("");
    let flagged = shadow(&scenario, &data).account("");
    let alarms = [&account, &flagged].map(|account| account.alarms.len());
    assert!(anew >= 1 && alarms[0] <= alarms[1], "{alarms:?}");
    let found = &account.recalibrations[0];
    assert_eq!(found.values[0].key, "rig.heaters.plate.above_sensor_k", "{found:?}");
    assert!((found.values[0].after + 4.0).abs() < 1.5, "{found:?}");
    assert!(found.words().contains("the shadow was calibrated anew from"), "{}", found.words());
    // All experiments are in the account, and those behind are as expected.
    assert_eq!(account.looks.len(), 40);
    let behind = account.looks.iter().filter(|look| look.experiment > found.experiment);
    let off: Vec<f64> = behind.flat_map(|look| &look.features).map(|feature| feature.off).collect();
    let within = off.iter().filter(|off| off.abs() < 1.96).count() as f64 / off.len() as f64;
    assert!(within > 0.85, "{within}");
    // The values are those of a world without a change where none is told.
    let (quiet, anew) = recalibrated(&scenario, &data[..8]);
    assert_eq!((anew, quiet.account("").recalibrations.len()), (0, 0));
    assert!(!quiet.account("").json().contains("recalibrations"));
}

#[test]
fn a_key_that_has_moved_is_estimated_anew() {
    let mut definition = scenario("snar").definition();
    let rig = scenario("snar");
    let data = experiments(&rig, None, (0, 40));
    let key = "chemistry.reactions[1].k_in_mol_l_s";
    let true_k = definition["chemistry"]["reactions"][0]["k_in_mol_l_s"].as_f64().unwrap();
    definition["chemistry"]["reactions"][0]["k_in_mol_l_s"] = (1.25 * true_k).into();
    definition["calibration"]["free"] = serde_json::json!([{ "key": key }]);
    let wrong = Scenario::recorded(&definition).unwrap();
    let (beside, anew) = recalibrated(&wrong, &data);
    let account = beside.account("");
    assert!(anew >= 1, "{account:?}");
    let flagged = shadow(&wrong, &data);
    let within = |account: &flowtwin_calibration::Account| {
        let late = account.looks.iter().filter(|look| look.experiment > 20);
        let off: Vec<f64> = late.flat_map(|look| &look.features).map(|f| f.off.abs()).collect();
        off.iter().filter(|off| **off < 1.96).count() as f64 / off.len() as f64
    };
    assert!(within(&account) > 0.85, "{}", within(&account));
    assert!(within(&account) >= within(&flagged.account("")) - 0.1);
    let mut values = account.recalibrations.iter().flat_map(|anew| &anew.values);
    let last = values.rfind(|value| value.key == key);
    if let Some(last) = last {
        assert!((last.after / true_k - 1.0).abs() < 0.15, "{last:?} of {true_k}");
    }
}
