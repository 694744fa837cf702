//! Tables as spreadsheets and people write them: understood, or refused with what to do, and never read wrongly without
//! a word.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::support::{Done, folder, run, scenario};

/// Cells of twelve experiments in which temperature, flow and concentration make the yield.
fn rows() -> Vec<[String; 4]> {
    let row = |k: usize| {
        let [t, f, c] = [0.618_034, 0.414_214, 0.302_776].map(|step| (k as f64 * step).fract());
        let measured = 40.0 + 30.0 * t - 20.0 * (f - 0.5) * (f - 0.5) + 10.0 * c;
        [
            format!("{:.1}", 40.0 + 40.0 * t),
            format!("{:.1}", 100.0 + 1900.0 * f),
            format!("{:.2}", 0.3 + 1.7 * c),
            format!("{measured:.2}"),
        ]
    };
    (0..12).map(row).collect()
}

/// A table of these experiments with this header; `line` makes a line of the number and the cells of a row.
fn table(header: &str, line: impl Fn(usize, &[String; 4]) -> String) -> String {
    let mut text = format!("{header}\n");
    for (k, row) in rows().iter().enumerate() {
        writeln!(text, "{}", line(k, row)).expect("text takes text");
    }
    text
}

fn commas(_: usize, row: &[String; 4]) -> String {
    row.join(",")
}

const HEADER: &str = "temp_c,flow_ul_per_min,conc_mm,yield";

/// Fits a Gaussian process to the `yield` of a table.
fn fit(dir: &Path, bytes: impl AsRef<[u8]>, more: &[&str]) -> Done {
    fs::write(dir.join("data.csv"), bytes).expect("a table can be written");
    let fit = ["twin", "fit", "data.csv", "--target", "yield", "--surrogate", "gp"];
    run(dir, &[&fit[..], &["--out", "model.json"], more].concat())
}

/// What a table that is understood says last.
fn read(dir: &Path, bytes: impl AsRef<[u8]>, more: &[&str]) -> String {
    let done = fit(dir, bytes, more);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("12 experiments with `yield"), "{}", done.stderr);
    done.stderr
}

/// What a table that is refused gets to hear.
fn refused(dir: &Path, bytes: impl AsRef<[u8]>, more: &[&str]) -> String {
    let done = fit(dir, bytes, more);
    assert_eq!(done.code, Some(2), "{}{}", done.stdout, done.stderr);
    assert!(!dir.join("model.json").exists(), "a refused table makes no model");
    done.stderr
}

#[test]
fn whole_numbers_among_decimal_commas_are_no_proof_of_points() {
    let dir = folder("sheets-decimals");
    let german = table("Temp_C;Flow;Conc;yield", |k, row| {
        let conc = if k % 3 == 0 { "1".to_owned() } else { row[2].replace('.', ",") };
        format!("{k}0;{};{conc};{k}", row[1].split('.').next().expect("a number"))
    });
    let told = refused(&dir, german, &[]);
    assert!(told.contains("data.csv:3:") && told.contains("in column `Conc`"), "{told}");
    assert!(told.contains("write decimals with a point: 0.81"), "{told}");
    let thousands = table(HEADER, |k, row| match k {
        4 => format!("{},\"1,134\",{},{}", row[0], row[2], row[3]),
        _ => row.join(","),
    });
    let told = refused(&dir, thousands, &[]);
    assert!(told.contains("write 1.134 or 1134, whichever it is"), "{told}");
}

#[test]
fn rows_that_begin_with_a_number_sign_are_rows() {
    let dir = folder("sheets-hash");
    let header = "# exported by hand\nsample,temp_c,flow_ul_per_min,conc_mm,yield";
    let ids = table(header, |k, row| format!("#{k},{}", row.join(",")));
    assert!(read(&dir, ids, &[]).contains("columns left out: sample"));
    fs::remove_file(dir.join("model.json")).unwrap();
    let failed = table(HEADER, |k, row| match k {
        3 => format!("#REF!,{},{},{}", row[1], row[2], row[3]),
        _ => row.join(","),
    });
    let told = refused(&dir, failed, &[]);
    assert!(told.contains("`#REF!` in column `temp_c`") && told.contains("data.csv:5:1"), "{told}");
    assert!(told.contains("a formula of the spreadsheet has failed"), "{told}");
}

#[test]
fn what_a_spreadsheet_puts_around_a_table_is_understood_and_told() {
    let dir = folder("sheets-around");
    let plain = table(HEADER, commas);
    let separated = table(&format!("sep=;\n{}", HEADER.replace(',', ";")), |_, row| row.join(";"));
    assert!(read(&dir, &separated, &[]).contains("the first line says what separates the cells"));
    let returns = plain.replace('\n', "\r");
    assert!(read(&dir, returns, &[]).contains("lines end with carriage returns alone"));
    let wide: Vec<u8> =
        format!("\u{feff}{plain}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&dir, wide, &[]).contains("was read as UTF-16"));
    let latin: Vec<u8> =
        plain.replace("temp_c", "T (°C)").chars().map(|c| c as u32 as u8).collect();
    assert!(read(&dir, latin, &[]).contains("inputs T (°C)"));
    let units = table(&format!("{HEADER}\n°C,µL/min,mM,%"), commas);
    assert!(read(&dir, units, &[]).contains("line 2 holds units: °C, µL/min, mM, %"));
    let padded = plain.replace('\n', ",,\n") + ",,,,,\n,,,,,\n";
    assert!(read(&dir, padded, &[]).contains("2 empty rows were left out"));
    let told = refused_workbook(&dir);
    assert!(told.contains("a workbook") && told.contains("save the sheet as CSV"), "{told}");
}

fn refused_workbook(dir: &Path) -> String {
    fs::remove_file(dir.join("model.json")).unwrap();
    refused(dir, b"PK\x03\x04rest of a workbook", &[])
}

#[test]
fn a_name_with_a_comma_can_be_given_and_a_name_of_two_columns_is_answered_with_both() {
    let dir = folder("sheets-names");
    let quoted = table("\"Temp (°C)\",\"Flow [µL/min]\",\"Conc, mM\",\"yield [%]\"", commas);
    let told = read(&dir, &quoted, &["--inputs", "\"Conc, mM\",Temp"]);
    assert!(told.contains("inputs Conc, mM, Temp (°C)"), "{told}");
    fs::remove_file(dir.join("model.json")).unwrap();
    let told = refused(&dir, &quoted, &["--inputs", "Conc, mM"]);
    assert!(told.contains("in double quotes: --inputs '\"Conc, mM\"'"), "{told}");
    let twice = table("a,b,yield [%],yield_percent", commas);
    let told = refused(&dir, twice, &[]);
    assert!(told.contains("could be `yield [%]` or `yield_percent`"), "{told}");
}

#[test]
fn numbers_that_nothing_has_measured_are_told_or_refused() {
    let dir = folder("sheets-sentinels");
    let with = |value: &str, place: usize| {
        let value = value.to_owned();
        table(HEADER, move |k, row| {
            let mut row = row.clone();
            if k == 5 {
                row[place].clone_from(&value);
            }
            row.join(",")
        })
    };
    let told = read(&dir, with("9.91e37", 3), &[]);
    assert!(told.contains("`yield` is far from all other values"), "{told}");
    assert!(told.contains("at 9.91e37 (row 7)"), "{told}");
    let told = read(&dir, with("-9999", 1), &[]);
    assert!(told.contains("`flow_ul_per_min` is far") && told.contains("-9999 (row 7)"), "{told}");
    fs::remove_file(dir.join("model.json")).unwrap();
    for value in ["1.5e307", "1e155", "inf"] {
        let told = refused(&dir, with(value, 3), &[]);
        assert!(told.contains("numbers must lie within ±1e100"), "{told}");
    }
    let done = run(&dir, &["twin", "evaluate", "data.csv", "--target", "yield"]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
}

#[test]
fn counters_and_further_outcomes_are_no_silent_inputs() {
    let dir = folder("sheets-counters");
    let text = table(&format!("n,{HEADER},conversion"), |k, row| {
        format!("{},{},{}", k + 1, row.join(","), k * 37 % 11)
    });
    let told = read(&dir, text, &[]);
    assert!(told.contains("`n` is not an input: it counts the rows"), "{told}");
    assert!(told.contains("`conversion` is taken for an input although"), "{told}");
}

/// A scenario of two inputs and one experiment, and a table of earlier ones.
fn begun(dir: &Path, prior: &str) -> Done {
    let body = "title = \"Prior\"\nseed = 1\n[twin]\nsurrogate = \"gp\"\n[[phases]]\n\
                name = \"improve\"\npolicy = \"ei\"\nexperiments = 1\n";
    let path = scenario(dir, "prior", "noise-free.toml", body).display().to_string();
    fs::write(dir.join("prior.csv"), prior).expect("a table can be written");
    run(dir, &["run", &path, "--prior", "prior.csv", "--out", "out"])
}

const INPUTS: &str = "temperature_c,cui_ul_per_min,cs_ul_per_min,oa_cs_ul_per_min,\
                      oa_cu_ul_per_min,oam_ul_per_min,ode_cu_ul_per_min,pli";

/// Earlier experiments at the temperatures that `temperature` says.
fn earlier(temperature: impl Fn(f64) -> f64) -> String {
    let mut text = format!("{INPUTS}\n");
    for k in 0..8 {
        let share = |step: f64| (f64::from(k) * step).fract();
        let t = temperature(120.0 + 30.0 * share(0.618));
        let (a, b, c) = (60.0 + 60.0 * share(0.414), 60.0 + 60.0 * share(0.302), share(0.732));
        let row = format!(
            "{t},{a},{b},{},{},{},{},{}",
            5.0 + 30.0 * c,
            5.0 + 15.0 * share(0.236),
            5.0 + 15.0 * share(0.162),
            85.0 + 15.0 * share(0.873),
            1500.0 + 300.0 * c
        );
        writeln!(text, "{row}").expect("text takes text");
    }
    text
}

#[test]
fn earlier_experiments_in_other_units_are_told_on_the_console_and_in_the_report() {
    let dir = folder("sheets-prior-units");
    let done = begun(&dir, &earlier(|c| 1.8 * c + 32.0));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let outside = "8 outside the ranges: temperature_c 248 to";
    assert!(done.stderr.contains("prior.csv: 8 experiments with `pli` read"), "{}", done.stderr);
    assert!(done.stderr.contains(outside), "{}", done.stderr);
    let page = fs::read_to_string(dir.join("out/report.html")).expect("a report is written");
    assert!(page.contains(outside), "the report says where earlier experiments were");
}

#[test]
fn an_earlier_input_that_never_changed_is_no_obstacle_and_one_that_is_missing_is() {
    let dir = folder("sheets-prior-constant");
    let done = begun(&dir, &earlier(|_| 135.0));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    fs::remove_dir_all(dir.join("out")).unwrap();
    let one: Vec<String> = earlier(|c| c).lines().take(2).map(str::to_owned).collect();
    let done = begun(&dir, &(one.join("\n") + "\n"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("1 experiment with `pli` read"), "{}", done.stderr);
    fs::remove_dir_all(dir.join("out")).unwrap();
    let without: String = earlier(|c| c)
        .lines()
        .map(|line| line.split_once(',').expect("a line of cells").1.to_owned() + "\n")
        .collect();
    let done = begun(&dir, &without);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("no column `temperature_c` for the input"), "{}", done.stderr);
}
