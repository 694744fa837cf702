//! What a run folder promises.

use std::sync::OnceLock;

use flowtwin_lab::journal::Journal;

use super::*;

fn findings() -> Findings {
    Findings { twin: Some(sample::twin()), ..Findings::default() }
}

fn extras() -> Extras {
    Extras { backend: "sim".into(), simulated_events: Some(123_456) }
}

fn with_run<T>(look: impl FnOnce(&Run<'_>) -> T) -> T {
    static SAMPLE: OnceLock<Journal> = OnceLock::new();
    let journal = SAMPLE.get_or_init(sample::journal);
    look(&Run::read(journal).expect("the sample is a run"))
}

/// A folder that goes when the test ends.
struct TempDir(std::path::PathBuf);

impl TempDir {
    fn new(name: &str) -> Self {
        let name = format!("flowtwin-report-{name}-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn phases_own_their_experiments_and_know_their_ancestors() {
    with_run(|run| {
        let sizes: Vec<usize> = run.phases().iter().map(|p| p.experiments.len()).collect();
        assert_eq!(sizes, [9, 51, 10, 10, 10, 10]);
        assert_eq!(run.ancestors(4), [1, 0]);
        assert_eq!(run.history_of(4).len(), 60);
        assert_eq!(run.leaves(), [2, 3, 4, 5]);
    });
}

/// What is said above the table of phases and its last row are the same time and the same volume.
#[test]
fn the_table_of_phases_adds_up_to_the_headline() {
    use flowtwin_lab::Instant;
    use flowtwin_lab::journal::{BlankRecord, Record};

    let (at_ns, reference) = (Instant::from_secs(100.0), Vec::new());
    let blank = BlankRecord { at_ns, reference, stale: false };
    let journal = sample::journal().with(&Record::Blank(blank));
    let run = Run::read(&journal).expect("the sample is a run");
    let text = phases(&run).text();
    let priming = text.lines().find(|line| line.starts_with("priming")).expect("a row of its own");
    assert!(priming.contains(&format::duration(100.0)), "{priming}");
    let all = text.lines().last().expect("a last row");
    let whole = [format::duration(run.lab_time_s()), format::significant(run.total_ml(), 3)];
    for part in whole {
        assert!(all.contains(&part) && headline(&run).contains(&part), "{part}: {all}");
    }
}

#[test]
fn the_best_is_the_first_with_the_best_value_and_never_a_failed_one() {
    with_run(|run| {
        let best = run.best().expect("there is one");
        let value = best.value.expect("it has a value");
        assert!(run.experiments().iter().filter_map(|e| e.value).all(|v| v <= value));
        assert!(best.record.fault.is_none());
        assert_eq!(run.failed(), 2);
    });
}

#[test]
fn stages_add_up_to_the_lab_time_of_an_experiment() {
    with_run(|run| {
        for e in run.experiments() {
            let s = e.stages.expect("the sample has commands");
            let whole = e.record.ended_ns.since(e.record.started_ns).as_secs();
            assert!((s.heating_s + s.equilibrating_s + s.measuring_s - whole).abs() < 1e-9);
        }
    });
}

#[test]
fn observations_have_a_row_for_each_experiment_and_units_last() {
    let csv = with_run(observations_csv);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 101);
    assert_eq!(
        lines[0],
        "experiment,phase,policy,iteration,simulated,status,started_s,ended_s,temperature_c,\
         dye_ul_per_min,base_ul_per_min,residence_time_s,reaction_time_s,abs_300_au,pli_counts,\
         peak_nm,consumed_dye_ml,consumed_base_ml,consumed_oil_ml,flags,fault"
    );
    assert!(lines[23].starts_with("23,explore,maximum_variance,14,true,failed,"));
    assert!(lines[23].contains(",,,"), "a failed experiment has no features: {}", lines[23]);
}

#[test]
fn the_summary_has_the_keys_of_its_contract() {
    let text = with_run(|run| Summary::new(run, &findings(), &extras()).to_json());
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    for key in ["scenario", "seed", "backend", "journal_sha256", "phases", "twin", "lab_time_s"] {
        assert!(summary.get(key).is_some(), "{key} is missing");
    }
    let phase = &summary["phases"][2];
    for key in ["name", "policy", "experiments", "failed", "best", "lab_time_s", "reagent_ml"] {
        assert!(phase.get(key).is_some(), "{key} is missing");
    }
    assert_eq!(phase["best"]["conditions"].as_object().unwrap().len(), 3);
    assert_eq!(summary["simulated"], true);
    assert_eq!(summary["simulated_events"], 123_456);
}

#[test]
fn spectra_are_one_row_for_each_pixel() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    let bytes = with_run(|run| spectra_parquet(run).unwrap());
    let dir = TempDir::new("spectra");
    folder::write(&dir.0, "spectra.parquet", &bytes).unwrap();
    let file = std::fs::File::open(dir.0.join("spectra.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 98 * 2 * 512);
    let keys = reader.metadata().file_metadata().key_value_metadata().unwrap();
    assert!(
        keys.iter().any(|k| k.key == "flowtwin.simulated" && k.value.as_deref() == Some("true"))
    );
}

#[test]
fn equal_journals_give_equal_bytes() {
    let all = || {
        with_run(|run| {
            (
                report_html(run, &findings(), &extras()),
                spectra_parquet(run).unwrap(),
                terminal(run, None),
            )
        })
    };
    assert!(all() == all());
}

#[test]
fn every_figure_of_a_simulated_run_says_so() {
    let html = with_run(|run| report_html(run, &findings(), &extras()));
    // What is drawn here; what the script draws is marked by it.
    let html = html.split("<script").next().expect("there is a page");
    let charts = html.matches("role=\"img\"").count();
    assert!(charts >= 10, "only {charts} charts");
    assert_eq!(html.matches(">SIMULATED</text>").count(), charts);
}

#[test]
fn a_report_asks_nothing_of_the_network() {
    let html = with_run(|run| report_html(run, &findings(), &extras()));
    // `url(#…)` is a place on the page itself.
    let links = html.replace("http://www.w3.org/2000/svg", "").replace("url(#", "");
    for word in ["http:", "https:", "//cdn", "url(", "@import", "<link", "src="] {
        assert!(!links.contains(word), "{word} is in the report");
    }
}

#[test]
fn no_figure_holds_a_value_that_is_no_number() {
    let html = with_run(|run| report_html(run, &findings(), &extras()));
    for word in ["NaN", "inf\"", "inf "] {
        assert!(!html.contains(word), "{word} is in the report");
    }
}

#[test]
fn a_run_that_has_only_begun_has_a_report() {
    let journal = sample::journal();
    let header_only = journal.bytes().iter().position(|&b| b == b'\n').expect("there are lines");
    let journal = flowtwin_lab::journal::read(&journal.bytes()[..=header_only]).unwrap();
    let run = Run::read(&journal).unwrap();
    let page = report_html(&run, &Findings::default(), &extras());
    assert!(page.contains("Not complete: 0 experiments so far."));
    let text = terminal(&run, None);
    assert!(text.lines().nth(1).unwrap().starts_with("Not complete"), "{text}");
    assert_eq!(observations_csv(&run).lines().count(), 1);
    assert!(spectra_parquet(&run).is_ok());
}

#[test]
fn a_run_folder_is_written_whole_and_leaves_no_part_behind() {
    let dir = TempDir::new("run-folder");
    with_run(|run| write_run_folder(run, &findings(), &extras(), &dir.0).unwrap());
    let mut names: Vec<String> = std::fs::read_dir(&dir.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["observations.csv", "report.html", "spectra.parquet", "summary.json"]);
}
