//! Kills at any moment of a run, of a run that goes on, and of the salvage of a damaged journal: nothing is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use flowtwin_campaign::folder::{JOURNAL, SEAL, read_journal};
use flowtwin_lab::{Stream, Streams};

use crate::support::{flowtwin, folder, run, scenario};

const SHORT: &str = "[[phases]]\nname = \"look\"\npolicy = \"lhs\"\nexperiments = 4\n";

/// A run that is killed again and again.
struct Victim {
    dir: PathBuf,
    file: String,
    name: String,
    /// The journal of a run that nobody has killed, and how long it took.
    whole: Vec<u8>,
    lasts: Duration,
}

impl Victim {
    fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    fn journal(&self) -> Vec<u8> {
        fs::read(self.path().join(JOURNAL)).unwrap_or_default()
    }

    /// Starts a command and kills it after some time.
    fn kill(&self, args: &[&str], after: Duration) {
        let mut command = flowtwin(&self.dir);
        command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the command starts");
        std::thread::sleep(after);
        child.kill().expect("a child can be killed");
        child.wait().expect("a killed child ends");
    }

    /// What is there of the journal is the beginning of the whole; returns the number of experiments in it.
    fn check(&self, what: &str) -> usize {
        let Ok(journal) = read_journal(&self.path()) else { return 0 };
        let bytes = journal.bytes();
        assert!(self.whole.starts_with(bytes), "{what}: {} bytes", bytes.len());
        journal.experiments().count()
    }

    fn run(&self, luck: &mut Stream, what: &str) {
        let before = self.check(what);
        let resume = before > 0 && luck.uniform() < 0.7;
        let args = ["run", &self.file, "--out", &self.name, "--resume"];
        let args = if resume { &args[..] } else { &args[..4] };
        self.kill(args, self.lasts.mul_f64(1.1 * luck.uniform()));
        assert!(self.check(what) >= before, "{what}: an experiment is lost");
        let second = self.dir.join(format!("{}-2", self.name));
        assert!(!second.exists(), "{what}: it is the same run, and stays in its folder");
    }

    /// Number of the last line whose seal is written, from 0. A process that is killed in the moment between a line and its
    /// seal leaves a last line that nothing proves.
    fn sealed(&self) -> Option<usize> {
        let seal = fs::read_to_string(self.path().join(SEAL)).ok()?;
        seal.split(' ').next()?.parse().ok()
    }

    /// Changes a byte behind the first two lines, in a line that the next one or the seal proves; whether there was one.
    fn damage(&self, luck: &mut Stream) -> bool {
        let mut bytes = self.journal();
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let mut ends: Vec<usize> = ends.map(|(i, _)| i).collect();
        if self.sealed().is_none_or(|line| line + 1 < ends.len()) {
            ends.pop();
        }
        let (Some(&second), Some(&last)) = (ends.get(1), ends.last()) else { return false };
        if second == last {
            return false;
        }
        let place = second + 1 + luck.below(last - second);
        bytes[place] ^= 1 << luck.below(7);
        fs::write(self.path().join(JOURNAL), &bytes).expect("it can be written");
        true
    }

    fn salvage(&self, luck: &mut Stream, what: &str) {
        let before = self.journal();
        let args = ["report", "--salvage", &self.name];
        self.kill(&args, self.lasts.mul_f64(0.5 * luck.uniform()));
        self.nothing_gone(&before, what);
        let _there_may_be_nothing_to_report = run(&self.dir, &args);
        self.nothing_gone(&before, what);
        self.check(what);
    }

    /// Every byte that was there is in the journal or in what was set aside.
    fn nothing_gone(&self, before: &[u8], what: &str) {
        let now = self.journal();
        let aside = (1..99).map(|n| self.path().join(format!("journal.aside-{n}.jsonl")));
        let mut aside = aside.filter_map(|path| fs::read(path).ok());
        let is_rest = |aside: Vec<u8>| [&now[..], &aside].concat() == before;
        assert!(now == before || aside.any(is_rest), "{what}: some of {} bytes", before.len());
    }
}

/// Kills so many processes, and returns how many of them were at a salvage.
fn kills(dir: &Path, count: usize, seed: u64) -> usize {
    let file = scenario(dir, "short", "cs3cu2i5.toml", SHORT).display().to_string();
    let began = Instant::now();
    let done = run(dir, &["run", &file, "--out", "whole"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let (lasts, whole) = (began.elapsed(), fs::read(dir.join("whole").join(JOURNAL)).unwrap());
    let (mut killed, mut salvages, mut number) = (0, 0, 0);
    while killed < count {
        let mut luck = Streams::new(seed).open("kills", number);
        number += 1;
        let (name, whole) = (format!("killed-{number}"), whole.clone());
        let victim = Victim { dir: dir.to_owned(), file: file.clone(), name, whole, lasts };
        for _ in 0..1 + luck.below(4) {
            let what = format!("run {number}, kill {killed}");
            victim.run(&mut luck, &what);
            killed += 1;
            if luck.uniform() < 0.5 && victim.damage(&mut luck) {
                victim.salvage(&mut luck, &what);
                (killed, salvages) = (killed + 1, salvages + 1);
            }
        }
        let done = run(dir, &["run", &file, "--out", &victim.name]);
        assert_eq!(done.code, Some(0), "run {number}: {}", done.stderr);
        assert!(victim.journal() == victim.whole, "run {number} is completed to the byte");
        assert!(!victim.path().join(".lock").exists(), "run {number}: the lock is gone");
        fs::remove_dir_all(victim.path()).expect("it can be removed");
    }
    salvages
}

/// `FLOWTWIN_KILLS=500 cargo test --release --test suite -- --nocapture kills` kills 500.
#[test]
fn nothing_is_lost_where_processes_are_killed() {
    let asked = std::env::var("FLOWTWIN_KILLS").ok().and_then(|count| count.parse().ok());
    let count = asked.unwrap_or(12);
    let salvages = kills(&folder("kills"), count, 21);
    println!("{count} kills, {salvages} of them in a salvage: nothing lost");
}
