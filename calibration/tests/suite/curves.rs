//! What studies read over time is learnt from as experiments are.

use std::fs;
use std::path::PathBuf;

use flowtwin_calibration::study::{Study, Wishes};
use flowtwin_calibration::{Calibration, Measured, calibrate, free, residuals_csv};
use flowtwin_campaign::scenario::{FreeSpec, Scenario};

use crate::studies::{BALANCE, bytes_on, with};
use crate::{scenario, specs};

const CAPACITY: &str = "rig.heaters.bath.heat_capacity_j_per_k";
const LOSS: &str = "rig.heaters.bath.loss_w_per_k";

/// A run folder of a study on a rig of which the scenario is only believed.
fn folder(name: &str, believed: &Scenario, rig: &Scenario, study: Study) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("flowtwin-curves-{name}"));
    fs::create_dir_all(&folder).unwrap();
    let bytes = bytes_on(believed, rig, study, &Wishes::default());
    fs::write(folder.join("journal.jsonl"), bytes).unwrap();
    folder
}

fn fitted(scenario: &Scenario, keys: &[FreeSpec], folders: &[PathBuf]) -> Calibration {
    let measured = Measured::read(scenario, folders).unwrap();
    calibrate(scenario, &free(scenario, keys).unwrap(), &measured).unwrap()
}

/// Whether the truth lies in the interval of a key, and this is no wider than that part of it.
fn tells(calibration: &Calibration, key: usize, truth: f64, part: f64) {
    let it = &calibration.parameters[key];
    let holds = it.identifiable && it.low <= truth && truth <= it.high;
    assert!(holds && it.high - it.low < part * truth, "{truth} {it:?}");
}

/// The scenario says 500 J/K and 1 W/K. A change of the heat capacity shows while the bath heats, one of the loss while it cools.
#[test]
fn a_heating_curve_tells_what_a_heater_holds_and_loses() {
    let believed = scenario("snar");
    let rig =
        with("snar", "[rig.heaters.bath]\nheat_capacity_j_per_k = 560.0\nloss_w_per_k = 1.12\n");
    let run = folder("heat", &believed, &rig, Study::Heat);
    let calibration = fitted(&believed, &specs(&[CAPACITY, LOSS]), &[run]);
    tells(&calibration, 0, 560.0, 0.05);
    tells(&calibration, 1, 1.12, 0.05);
    assert!(calibration.lack_of_fit_p.unwrap() > 0.001, "{}", calibration.chi2_per_dof);
    assert_eq!((calibration.experiments, calibration.tasks.len()), (0, 1));
    assert!(calibration.tasks[0].ends_with("task 1 (heat): bath"), "{:?}", calibration.tasks);
    let residuals = residuals_csv(&believed, &calibration);
    assert!(residuals.lines().filter(|line| line.contains(",temperature_c,")).count() > 80);
    // A heater that the model does not describe is not explained: this one is far from its sensor.
    let other = with("snar", "[rig.heaters.bath]\nsensor_s = 14.0\n");
    let run = folder("slow-sensor", &believed, &other, Study::Heat);
    let wrong = fitted(&believed, &specs(&[CAPACITY, LOSS]), &[run]);
    assert!(wrong.lack_of_fit_p.unwrap() < 1e-6, "{}", wrong.chi2_per_dof);
}

const RED: &str = "rig.pumps.red.delivers_percent";

/// A pump that delivers 3 % more is told by the balance, and no better than its fill is known: 0.5 % either way.
#[test]
fn weighed_deliveries_tell_what_a_pump_delivers_as_well_as_its_fill_is_known() {
    let fills = |percent: f64| format!("[noise.pumps]\nbias_percent = {percent:?}\n");
    let believed = |percent: f64| with("dye-mixing", &format!("{BALANCE}{}", fills(percent)));
    let more = "[rig.pumps]\nred = { delivers_percent = 103.0 }\n";
    let rig = with("dye-mixing", &format!("{BALANCE}{}{more}", fills(0.0)));
    let run = folder("deliver", &believed(0.0), &rig, Study::Flow);
    let told = |percent: f64| {
        let believed = believed(percent);
        fitted(&believed, &specs(&[RED]), std::slice::from_ref(&run))
    };
    let exact = told(0.0);
    assert_eq!((exact.experiments, exact.tasks.len()), (0, 1), "the other pumps are not free");
    tells(&exact, 0, 103.0, 0.02);
    assert!(exact.lack_of_fit_p.unwrap() > 0.01, "{}", exact.chi2_per_dof);
    // Without what chance widens it by.
    let deviation = |it: &Calibration| (it.covariance[0][0] / it.chi2_per_dof.max(1.0)).sqrt();
    let (known, unknown) = (deviation(&exact), deviation(&told(0.5)));
    let expected = (known * known + 0.005 * 0.005).sqrt();
    assert!((unknown / expected - 1.0).abs() < 0.1, "{known} {unknown} {expected}");
}

/// Experiments that the light sees tell a pump beside another; weighed deliveries of the other tell both.
#[test]
fn deliveries_and_experiments_are_learnt_from_together() {
    let blue = "rig.pumps.blue.delivers_percent";
    let believed = with("dye-mixing", BALANCE);
    let more =
        "[rig.pumps]\nred = { delivers_percent = 104.0 }\nblue = { delivers_percent = 102.0 }\n";
    let rig = with("dye-mixing", &format!("{BALANCE}{more}"));
    let weighed = folder("together", &believed, &rig, Study::Flow);
    let alone = fitted(&believed, &specs(&[RED, blue]), std::slice::from_ref(&weighed));
    let light = folder("by-light", &scenario("dye-mixing"), &with("dye-mixing", more), Study::Flow);
    let both = fitted(&believed, &specs(&[RED, blue]), &[weighed, light]);
    assert!(both.experiments >= 8 && both.tasks.len() == 2, "{both:?}");
    let determinant = |it: &Calibration| {
        let c = &it.covariance;
        c[0][0] * c[1][1] - c[0][1] * c[1][0]
    };
    assert!(determinant(&both) < 0.7 * determinant(&alone), "{both:?} {alone:?}");
    tells(&both, 0, 104.0, 0.04);
    tells(&both, 1, 102.0, 0.04);
}

/// A scenario whose bath is wrong says nothing against rate constants.
#[test]
fn a_curve_that_no_free_key_changes_is_left_out() {
    let believed = scenario("snar");
    let bath = "[rig.heaters.bath]\nheat_capacity_j_per_k = 560.0\nloss_w_per_k = 1.12\n";
    let rig = with("snar", bath);
    let runs = [
        folder("bath", &believed, &rig, Study::Heat),
        folder("replicates", &believed, &rig, Study::Replicates),
    ];
    let calibration = fitted(&believed, &specs(&["optics.absorption[1].epsilon_per_m_cm"]), &runs);
    assert!(calibration.tasks.is_empty() && calibration.parameters[0].identifiable);
    assert!(calibration.lack_of_fit_p.unwrap() > 0.01, "{}", calibration.chi2_per_dof);
    let note = calibration.notes.iter().find(|note| note.contains("(heat)")).unwrap();
    assert!(note.ends_with("bath: left out: no free key changes it"), "{note}");
}

/// What calibrations do not learn from yet is left out, and that is said.
#[test]
fn tasks_that_are_not_learnt_from_are_named() {
    let believed = scenario("dye-mixing");
    let run = folder("light", &believed, &believed, Study::Light);
    let refused = Measured::read(&believed, &[run]).unwrap_err().to_string();
    assert!(refused.contains("no experiment to learn from"), "{refused}");
    assert!(refused.contains("task 1 (light)") && refused.contains("left out"), "{refused}");
    let hot = scenario("snar");
    let heat = folder("elsewhere", &hot, &hot, Study::Heat);
    let refused = Measured::read(&believed, &[heat]).unwrap_err().to_string();
    assert!(refused.contains("the scenario has no heater bath"), "{refused}");
}
