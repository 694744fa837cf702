//! Ramps are learnt from as ramps: the transport of their liquid is taken out, and readings are not taken for independent.

use std::fs;
use std::path::{Path, PathBuf};

use flowtwin_calibration::study::{Findings, Study, Wishes, best_ramps};
use flowtwin_calibration::{Calibration, Measured, calibrate, free, residuals_csv};
use flowtwin_campaign::scenario::{FreeSpec, Scenario};
use flowtwin_lab::journal;

use crate::studies::{bytes_of, with};
use crate::{scenario, specs};

const RATE: &str = "chemistry.reactions[1].k_in_mol_l_s";
const EPSILON: &str = "optics.absorption[1].epsilon_per_m_cm";

/// A ramp at 40 °C with little amine, in twelve minutes: the rate of the reaction shows.
fn slow(scenario: &Scenario) -> Wishes {
    let at = |values: [f64; 4]| Some(scenario.space().conditions(values.into()));
    let (from, to) = (at([40.0, 60.0, 20.0, 20.0]), at([40.0, 150.0, 40.0, 100.0]));
    Wishes { from, to, minutes: Some(12.0), ..Wishes::default() }
}

/// The rig of `snar` with a faster reaction and a paler product, and other fills.
fn rig(more: &str) -> Scenario {
    let mut definition = with("snar", more).definition();
    definition["chemistry"]["reactions"][0]["k_in_mol_l_s"] = 0.66.into();
    definition["optics"]["absorption"][0]["epsilon_per_m_cm"] = 37.0.into();
    Scenario::recorded(&definition).unwrap()
}

const EXACT: &str = "[noise]\nshot = false\nread_counts = 0.0\nheaters = { deviation_k = 0.0 }\n\
    pumps = { bias_percent = 0.0, ripple_percent = 0.0, jitter_percent = 0.0 }\nslugs = { volume_percent = 0.0 }\n\
    [noise.lights]\nwhite = { flicker_percent = 0.0, set_percent = 0.0 }\n";

const TRUTH: [f64; 2] = [0.66, 37.0];

/// The run folder of a ramp, and its table.
fn measured(name: &str, believed: &Scenario, rig: &Scenario, seed: u64) -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ramps-{name}"));
    fs::create_dir_all(&folder).unwrap();
    let bytes = bytes_of(believed, rig, Study::Ramp, &slow(believed), seed);
    let findings = Findings::of(&journal::read(&bytes).unwrap()).unwrap();
    fs::write(folder.join("journal.jsonl"), bytes).unwrap();
    let table = folder.join("ramp.csv");
    fs::write(&table, &findings.tables()[0].1).unwrap();
    (folder, table)
}

/// The rows of a ramp without their times: steady experiments.
fn steady(table: &Path) -> PathBuf {
    let text = fs::read_to_string(table).unwrap().replace("formed_s,read_s", "one,other");
    let path = table.with_file_name("steady.csv");
    fs::write(&path, text).unwrap();
    path
}

fn fitted(believed: &Scenario, data: &Path) -> Calibration {
    let measured = Measured::read(believed, &[data]).unwrap();
    let keys: Vec<FreeSpec> = specs(&[RATE, EPSILON]);
    calibrate(believed, &free(believed, &keys).unwrap(), &measured).unwrap()
}

/// What each key is off by, in parts.
fn off(calibration: &Calibration) -> [f64; 2] {
    [0, 1].map(|key| calibration.parameters[key].value.unwrap() / TRUTH[key] - 1.0)
}

/// Without noise a ramp tells the keys of a rig almost exactly, from its run folder and from its table. Taken for steady
/// experiments, as they were until now, its readings have the reaction far too fast.
#[test]
fn a_ramp_tells_the_keys_of_a_rig_without_bias() {
    let believed = scenario("snar");
    let (folder, table) = measured("exact", &believed, &rig(EXACT), 1);
    let of_folder = fitted(&believed, &folder);
    assert_eq!((of_folder.experiments, of_folder.tasks.len()), (0, 1));
    assert!(of_folder.tasks[0].contains("task 1 (ramp): "), "{:?}", of_folder.tasks);
    let of_table = fitted(&believed, &table);
    assert!(of_table.tasks[0].ends_with("ramp.csv, ramp 1"), "{:?}", of_table.tasks);
    let of_steady = fitted(&believed, &steady(&table));
    let [folder, table, steady] = [&of_folder, &of_table, &of_steady].map(off);
    println!("folder {folder:?}, table {table:?}, as steady experiments {steady:?}");
    assert!(folder.iter().all(|off| off.abs() < 6e-3), "{folder:?}");
    // A table does not say what flowed before the ramp, nor how the plate settled.
    assert!(table.iter().all(|off| off.abs() < 1.2e-2), "{table:?}");
    assert!(steady[0].abs() > 0.2, "{steady:?}");
    let residuals = residuals_csv(&believed, &of_folder);
    let readings = of_folder.tasks[0].split("(ramp): ").nth(1).unwrap().replace(" readings", "");
    assert_eq!(residuals.lines().count() - 1, readings.parse::<usize>().unwrap(), "{residuals}");
    assert!(residuals.lines().nth(1).unwrap().contains(",yellow,"), "{residuals}");
}

/// Rigs that differ in noise: 95 % intervals hold, and what keys are off by is as large as is said. What is left is no larger
/// than the noise of the scenario.
#[test]
fn intervals_of_ramps_hold_though_their_readings_go_together() {
    const RIGS: u64 = 6;
    let believed = scenario("snar");
    let rig = rig("");
    let (mut held, mut squares, mut far) = (0, 0.0, 0.0);
    for seed in 1..=RIGS {
        let (folder, _) = measured(&format!("rig-{seed}"), &believed, &rig, seed);
        let it = fitted(&believed, &folder);
        for (key, off) in off(&it).into_iter().enumerate() {
            let told = &it.parameters[key];
            held += usize::from(told.low <= TRUTH[key] && TRUTH[key] <= told.high);
            // Keys are on logarithmic scales.
            far += off * off / it.covariance[key][key] / (2.0 * RIGS as f64);
        }
        squares += it.chi2_per_dof / RIGS as f64;
    }
    println!("{held} of {}, {far} deviations squared, {squares} left", 2 * RIGS);
    assert!(held >= 10, "{held} of 12");
    assert!((0.3..2.5).contains(&far), "{far}");
    assert!((0.25..1.3).contains(&squares), "{squares}");
}

#[test]
fn a_table_of_a_ramp_that_makes_no_sense_is_refused_or_left_out() {
    let believed = scenario("snar");
    let columns =
        "bath_c,arene_ul_per_min,amine_ul_per_min,ethanol_ul_per_min,yellow,formed_s,read_s,ramp";
    let read = |name: &str, rows: &str| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.csv"));
        fs::write(&path, format!("{columns}\n{rows}\n")).unwrap();
        Measured::read(&believed, &[path])
    };
    let wrong = read("no-time", "60,60,30,30,0.5,soon,150,a").unwrap_err().to_string();
    assert!(wrong.contains("`soon` is not a number of seconds"), "{wrong}");
    assert!(wrong.contains("no-time.csv:2:"), "{wrong}");
    let rows = "60,60,30,30,0.5,0,150,a\n70,80,30,30,0.4,60,200,a";
    let warmer = read("warmer", rows).unwrap_err().to_string();
    assert!(warmer.contains("warmer.csv, ramp a: left out: it changes a temperature"), "{warmer}");
    let alone = read("alone", "60,60,30,30,0.5,0,150,a").unwrap_err().to_string();
    assert!(alone.contains("ramp a: left out: a ramp has two rows or more"), "{alone}");
    // A row without times, and one beside all ramps, are steady experiments.
    let mixed = read("mixed", "60,60,30,30,0.5,,,a\n70,80,30,30,0.4,60,200,").unwrap();
    assert!(mixed.experiments.len() == 2 && mixed.series.is_empty(), "{mixed:?}");
}

const RED: &str = "rig.pumps.red.delivers_percent";
const DYE: &str = "optics.absorption[1].epsilon_per_m_cm";

/// The usual ramp of two dyes changes both alike, and so hardly their mixture. One that is chosen for what it tells tells more in
/// the same lab time, and what it is expected to tell is what a calibration finds.
#[test]
fn a_ramp_that_is_chosen_for_what_it_tells_tells_more_than_the_usual_one() {
    // Without the colour of the darkest band, which jumps from one dye to the other.
    let mut definition = scenario("dye-mixing").definition();
    let features = definition["analysis"]["features"].as_array_mut().unwrap();
    features.retain(|feature| feature["name"] != "hue_nm");
    let believed = Scenario::recorded(&definition).unwrap();
    let keys = free(&believed, &specs(&[RED, DYE])).unwrap();
    let best = best_ramps(&believed, &keys, None, 1).unwrap();
    let told = |name: &str, wishes: &Wishes| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ramps-{name}"));
        fs::create_dir_all(&folder).unwrap();
        let bytes = bytes_of(&believed, &believed, Study::Ramp, wishes, 1);
        let hours = journal::read(&bytes).unwrap().last_at().as_secs() / 3600.0;
        fs::write(folder.join("journal.jsonl"), bytes).unwrap();
        let measured = Measured::read(&believed, &[folder]).unwrap();
        let it = calibrate(&believed, &keys, &measured).unwrap();
        // Without what chance widens it by.
        let c = |i: usize, j: usize| it.covariance[i][j] / it.chi2_per_dof.max(1.0);
        let volume = (c(0, 0) * c(1, 1) - c(0, 1) * c(1, 0)).sqrt();
        ([0, 1].map(|key| c(key, key).sqrt()), volume * hours)
    };
    let (chosen, of_chosen) = told("chosen", &Wishes { ramps: best.clone(), ..Wishes::default() });
    let (_, of_usual) = told("usual", &Wishes::default());
    println!("{of_chosen} {of_usual}");
    assert!(of_chosen < 0.5 * of_usual, "{of_chosen} {of_usual}");
    for (key, (_, within)) in best[0].within.iter().enumerate() {
        let found = 1.96 * chosen[key];
        // The chosen ramp was tried with a third of its readings, and with the noise of other places.
        assert!((0.35..1.2).contains(&(found / within)), "{key}: {found} {within}");
    }
}
