//! A lab behind a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowtwin_backends::clock::{Clock, WallClock};
use flowtwin_backends::folder::FolderLab;
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, Conditions, Fault, FaultKind, Instant, Lab as _, Reply, Span, conformance,
};

fn folder(name: &str) -> PathBuf {
    let own = format!("{name}-{}", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(own);
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn open(path: &Path, patience_s: f64) -> FolderLab {
    behind(path, Box::new(WallClock::new(Instant::START, 20.0, Arc::default())), patience_s)
}

fn behind(path: &Path, clock: Box<dyn Clock>, patience_s: f64) -> FolderLab {
    let times = (Span::from_secs(1.0), Span::from_secs(patience_s));
    FolderLab::open(path, ToyLab::new().manifest().clone(), clock, times)
        .expect("the folder can be made")
}

fn conditions() -> Conditions {
    let names: Vec<String> = vec!["plate_c".into(), "water_ul_per_min".into()];
    Conditions::new(names.into(), vec![135.0, 92.500_001])
}

/// A rig of the lab's own, in a time that passes only where somebody waits: it measures as soon as it is asked for
/// something, and says when it is done.
#[derive(Debug)]
struct SomebodyElses {
    path: PathBuf,
    now: Instant,
}

impl SomebodyElses {
    fn measure(&self) -> std::io::Result<()> {
        let experiment = self.path.join("0001");
        std::fs::create_dir_all(experiment.join("spectra"))?;
        std::fs::write(experiment.join("features.csv"), "name,value\nyield,0.5\n")?;
        let spectrum = "wavelength_nm,AU\n300,0.1\n301,0.2\n";
        std::fs::write(experiment.join("spectra/absorbance.csv"), spectrum)?;
        std::fs::write(experiment.join("done"), "")
    }
}

impl Clock for SomebodyElses {
    fn now(&self) -> Instant {
        self.now
    }
    fn tick(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = deadline.min(self.now + Span::from_secs(0.05));
        if self.path.join("0001/conditions.csv").exists() {
            self.measure().expect("the folder can be written");
        }
        Ok(())
    }
}

#[test]
fn a_lab_behind_a_folder_conforms() {
    let path = folder("folder-conforms");
    let mut lab =
        behind(&path, Box::new(SomebodyElses { path: path.clone(), now: Instant::START }), 100.0);
    conformance::check(&mut lab, Some(&conditions())).unwrap();
    let text = std::fs::read_to_string(path.join("0001/conditions.csv")).unwrap();
    assert_eq!(text, "name,value\nplate_c,135\nwater_ul_per_min,92.500001\n");
    assert!(path.join("stop").exists(), "made safe, it asks the rig to stand still");
}

#[test]
fn spectra_and_failures_are_handed_over() {
    let path = folder("folder-outcomes");
    let mut lab = open(&path, 100.0);
    lab.send(&Command::Begin { conditions: conditions() }).unwrap();
    let first = path.join("0001");
    std::fs::create_dir_all(first.join("spectra")).unwrap();
    std::fs::write(first.join("features.csv"), "name,value\npeak_nm, 445.5\n").unwrap();
    std::fs::write(first.join("spectra/emission.csv"), "wavelength_nm,counts\n440,7\n441,9\n")
        .unwrap();
    let early = lab.send(&Command::Collect).unwrap_err();
    assert_eq!(early.kind, FaultKind::NotReady, "not before the rig says it is done");
    std::fs::write(first.join("done"), "").unwrap();
    let Ok(Reply::Outcome(outcome)) = lab.send(&Command::Collect) else { panic!("an outcome") };
    assert_eq!(outcome.features, [("peak_nm".into(), 445.5)]);
    assert_eq!(outcome.spectra[0].name, "emission");
    assert_eq!(outcome.spectra[0].unit, "counts");
    assert_eq!(outcome.spectra[0].values, [7.0, 9.0]);

    lab.send(&Command::Begin { conditions: conditions() }).unwrap();
    std::fs::write(path.join("0002/done"), "the chip leaks\n").unwrap();
    let failed = lab.send(&Command::Collect).unwrap_err();
    assert_eq!(failed.kind, FaultKind::Failed { detail: "the chip leaks".into() });
}

#[test]
fn a_rig_that_never_answers_is_given_up() {
    let path = folder("folder-silent");
    let mut lab = open(&path, 1.0);
    lab.send(&Command::Begin { conditions: conditions() }).unwrap();
    lab.wait(Span::from_secs(2.0)).unwrap();
    let fault = lab.send(&Command::Collect).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::NoReply { waited_s } if waited_s > 1.0));
}

#[test]
fn numbers_go_on_where_the_last_run_ended() {
    let path = folder("folder-resumed");
    open(&path, 1.0).send(&Command::Begin { conditions: conditions() }).unwrap();
    open(&path, 1.0).send(&Command::Begin { conditions: conditions() }).unwrap();
    assert!(path.join("0002/conditions.csv").exists());
}

#[test]
fn a_file_that_makes_no_sense_is_named_with_its_line() {
    let path = folder("folder-garbled");
    let mut lab = open(&path, 1.0);
    lab.send(&Command::Begin { conditions: conditions() }).unwrap();
    std::fs::write(path.join("0001/features.csv"), "name,value\nyield,much\n").unwrap();
    std::fs::write(path.join("0001/done"), "").unwrap();
    let fault = lab.send(&Command::Collect).unwrap_err();
    let said = fault.to_string();
    assert!(
        said.contains("features.csv: line 2: \"much\" is not a number within ±1e100"),
        "{said}"
    );
}
