//! A run folder has one writer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use flowtwin_campaign::folder::{JOURNAL, read_journal};

use crate::support::{Done, done, files, flowtwin, folder, run, scenario};

const FOUR: &str = "seed = 3\n[[phases]]\nname = \"look\"\npolicy = \"random\"\nexperiments = 4\n";

/// A program that is a lab, and keeps to itself what the second experiment has yielded until there is a file `go`. Each
/// start of it adds a line to the file `starts`.
fn slow_lab(dir: &Path, scenario: &Path, simulated: bool) -> String {
    let script = format!(
        "echo lab >> starts\n\
         '{}' lab '{}' --seed 3 | sed -u 's/\"simulated\":true/\"simulated\":{simulated}/' | (\n\
           n=0\n\
           while IFS= read -r line; do\n\
             n=$((n+1))\n\
             while [ $n -gt 4 ] && [ ! -e go ]; do sleep 0.02; done\n\
             printf '%s\\n' \"$line\"\n\
           done)\n",
        env!("CARGO_BIN_EXE_flowtwin"),
        scenario.display()
    );
    fs::write(dir.join("slow.sh"), script).expect("a script can be written");
    "sh slow.sh".into()
}

/// A run under way, which waits for its lab; it and its lab end with the test.
struct Live {
    dir: PathBuf,
    child: Option<Child>,
}

impl Live {
    /// Starts a run into the folder `run` and waits until one experiment is in its journal.
    fn start(dir: &Path, args: &[&str]) -> Self {
        let mut command = flowtwin(dir);
        let command = command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the command starts");
        let live = Self { dir: dir.to_owned(), child: Some(child) };
        for _ in 0..6000 {
            if read_journal(&dir.join("run")).is_ok_and(|it| it.experiments().count() > 0) {
                return live;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("the run has not come to its second experiment");
    }

    fn pid(&self) -> u32 {
        self.child.as_ref().expect("it is at work").id()
    }

    /// Lets its lab go on to the end.
    fn finish(mut self) -> Done {
        fs::write(self.dir.join("go"), "").expect("a file can be written");
        let child = self.child.take().expect("it is at work");
        done(child.wait_with_output().expect("it ends"))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().and_then(|()| child.wait()).expect("a child can be killed");
            fs::write(self.dir.join("go"), "").expect("a file can be written");
        }
    }
}

fn starts(dir: &Path) -> usize {
    fs::read_to_string(dir.join("starts")).expect("it was started").lines().count()
}

/// The files of a folder, but for those of the lock.
fn unlocked(folder: &Path) -> Vec<(String, Vec<u8>)> {
    files(folder).into_iter().filter(|(name, _)| !name.starts_with(".lock")).collect()
}

fn one_writer(name: &str, simulated: bool) {
    let dir = folder(name);
    let file = scenario(&dir, "four", "cs3cu2i5.toml", FOUR);
    let (lab, file) = (slow_lab(&dir, &file, simulated), file.to_str().unwrap().to_owned());
    let begin = ["run", &file, "--out", "run", "--lab-command", &lab];
    let resume = [&begin[..], &["--resume"]].concat();
    let other = ["run", &file, "--out", "other"];
    let done = run(&dir, &other);
    assert_eq!(done.code, Some(0), "{}", done.stderr);

    let live = Live::start(&dir, &begin);
    let before = unlocked(&dir.join("run"));
    for args in [
        &resume[..],
        &begin[..],
        &["run", &file, "--out", "run/../run"],
        &["report", "run"],
        &["replay", "other", "--seed", "5", "--out", "run"],
    ] {
        let done = run(&dir, args);
        assert_eq!(done.code, Some(2), "{args:?}: {}{}", done.stdout, done.stderr);
        let holder = format!("in use by process {} since 20", live.pid());
        assert!(done.stderr.contains(&holder), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains("--lab-command"), "the command: {}", done.stderr);
        let now = unlocked(&dir.join("run"));
        // The live run itself may add to its journal.
        let grown = now.iter().zip(&before).all(|((_, now), (_, before))| now.starts_with(before));
        assert!(now.len() == before.len() && grown, "{args:?} has written something");
    }
    assert_eq!(starts(&dir), 1, "the lab of a run that is refused is not started");
    let finished = live.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let journal = read_journal(&dir.join("run")).expect("the journal is whole");
    assert!(journal.complete());
    let numbers: Vec<u64> = journal.experiments().map(|e| e.experiment).collect();
    assert_eq!(numbers, [1, 2, 3, 4], "each once");
    let left = files(&dir.join("run")).into_iter().any(|(name, _)| name.starts_with(".lock"));
    assert!(!left, "nothing is left of the lock");
    assert_eq!(run(&dir, &["report", "run"]).code, Some(0), "nobody holds it any more");
}

#[test]
fn a_run_of_a_simulated_lab_outside_has_its_folder_for_itself() {
    one_writer("writers-simulated", true);
}

#[test]
fn a_run_of_a_real_lab_outside_has_its_folder_for_itself() {
    one_writer("writers-real", false);
}

#[test]
fn a_killed_run_keeps_nobody_from_its_folder() {
    let dir = folder("writers-killed");
    let file = scenario(&dir, "four", "cs3cu2i5.toml", FOUR);
    let (lab, file) = (slow_lab(&dir, &file, false), file.to_str().unwrap().to_owned());
    let begin = ["run", &file, "--out", "run", "--lab-command", &lab];
    let before = {
        let _killed_here = Live::start(&dir, &begin);
        fs::read(dir.join("run").join(JOURNAL)).unwrap()
    };
    let done = run(&dir, &[&begin[..], &["--resume"]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let now = fs::read(dir.join("run").join(JOURNAL)).unwrap();
    assert!(now.starts_with(&before) && now.len() > before.len());
    let journal = read_journal(&dir.join("run")).expect("the journal is whole");
    assert_eq!(journal.experiments().count(), 4);
}

#[test]
fn a_run_that_is_refused_leaves_nothing_behind() {
    let dir = folder("writers-refused");
    let file = scenario(&dir, "four", "cs3cu2i5.toml", FOUR);
    let before = files(&dir);
    let lab = ["run", file.to_str().unwrap(), "--lab-command", "no-such-program"];
    assert_ne!(run(&dir, &lab).code, Some(0));
    assert_eq!(files(&dir), before);
    assert!(!dir.join("runs").exists());
}
