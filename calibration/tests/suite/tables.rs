//! Tables that people keep as data of a calibration.

use std::path::Path;

use flowtwin_calibration::{Measured, calibrate, free};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;

fn read(name: &str, scenario: &str, table: &str) -> Result<Measured, Diagnostic> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let scenario = Scenario::load(&root.join("scenarios").join(scenario)).unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, table).unwrap();
    Measured::read(&scenario, &[path])
}

/// Options by name, whatever the capitals; a word that is not an option says so at its cell.
#[test]
fn tables_have_options_by_name_and_words_for_failures() {
    let columns = "catalyst,equivalents,reaction_time_s,oven_c,ester";
    let rows = |catalyst: &str, ester: &str| {
        format!("{columns}\n{catalyst},2,300,90,{ester}\nweak,2,300,90,31")
    };
    let measured = read("options.csv", "ester-equivalents.toml", &rows("Strong", "40")).unwrap();
    let all = &measured.experiments;
    assert!(all.len() == 2 && all[0].conditions != all[1].conditions, "{all:?}");
    let failed = read("failed.csv", "ester-equivalents.toml", &rows("weak", "failed")).unwrap();
    assert_eq!(failed.experiments.len(), 1);
    assert!(failed.notes[0].ends_with("line 2 failed: left out"), "{:?}", failed.notes);
    for (catalyst, ester, said) in
        [("stronk", "40", "did you mean `strong`?"), ("weak", "much", "`much` is not a number")]
    {
        let error =
            read("wrong.csv", "ester-equivalents.toml", &rows(catalyst, ester)).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn rows_of_a_table_say_to_which_run_and_ramp_they_belong() {
    let columns = "oven_c,residence_time_min,share_b,ether,run,ramp";
    let table = format!("{columns}\n180,4,0.5,90,a,1\n190,4,0.5,80,a,2\n200,4,0.5,70,b,1");
    let measured = read("ramps.csv", "claisen-ramps.toml", &table).unwrap();
    let belongs: Vec<(usize, &str)> = measured
        .experiments
        .iter()
        .map(|it| (it.run, it.ramp.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(belongs, [(0, "1"), (0, "2"), (1, "1")]);
}

/// As `observations.csv` of a run has them: with a unit, and with flags.
#[test]
fn columns_may_have_their_unit_in_their_name_and_flagged_rows_are_left_out() {
    let columns = "bath_c,arene_ul_per_min,amine_ul_per_min,ethanol_ul_per_min";
    let rows = "60,60,30,30,0.5,\n60,80,30,30,0.4,unresolved\n60,90,30,30,0.3,";
    for name in ["yellow", "yellow_au", "Yellow_AU"] {
        let table = format!("{columns},{name},flags\n{rows}");
        let measured = read(&format!("{name}.csv"), "snar.toml", &table).unwrap();
        let seen: Vec<Option<f64>> = measured.experiments.iter().map(|it| it.features[0]).collect();
        assert_eq!(seen, [Some(0.5), Some(0.3)], "{name}");
        let note = &measured.notes[0];
        assert!(note.ends_with("line 3 is unresolved: left out"), "{note}");
    }
    let other = read("other.csv", "snar.toml", &format!("{columns},yellow_nm\n60,60,30,30,0.5"));
    assert!(other.unwrap_err().to_string().contains("no column is a feature"));
}

/// A sentinel of an instrument is no flow; what was done to a file before it was read is said.
#[test]
fn what_cannot_have_been_set_is_refused_at_its_cell() {
    let rows = |red: &str| {
        format!("blue_ul_per_min,red_ul_per_min,blue,red\nµL/min,µL/min,AU,AU\n140,{red},0.2,0.3")
    };
    for odd in ["9.91e37", "1e12", "-1e30"] {
        let error = read("odd.csv", "dye-mixing.toml", &rows(odd)).unwrap_err().to_string();
        assert!(error.contains("is far outside the range 50 to 400 of red_ul_per_min"), "{error}");
        assert!(error.contains("odd.csv:3:5"), "{error}");
    }
    let measured = read("units.csv", "dye-mixing.toml", &rows("235")).unwrap();
    assert!(measured.notes[0].ends_with("line 2 holds units: µL/min, µL/min, AU, AU"));
}

/// Nothing flows in a row without flow, and nothing can be seen.
#[test]
fn an_experiment_of_which_the_simulator_has_no_number_is_named() {
    let columns = "blue_ul_per_min,red_ul_per_min,blue,red";
    let rows = "0,0,0.2,0.3\n0,0,0.25,0.2\n0,0,0.15,0.4\n0,0,0.2,0.3";
    let table = format!("{columns}\n{rows}");
    let measured = read("zero.csv", "dye-mixing.toml", &table).unwrap();
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/dye-mixing.toml");
    let scenario = Scenario::load(&scenario).unwrap();
    let specs = crate::specs(&["optics.absorption[1].epsilon_per_m_cm"]);
    let keys = free(&scenario, &specs).unwrap();
    let error = calibrate(&scenario, &keys, &measured).unwrap_err().to_string();
    assert!(error.contains("line 2: the simulator gives no number for it"), "{error}");
}
