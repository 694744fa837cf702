//! Benchmarks: the same tables for any number of threads, shards and restarts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use flowtwin_lab::digest::sha256;

use crate::support::{flowtwin, folder, root, run};

/// A benchmark of two policies on one scenario with four seeds, five experiments each.
fn bench(dir: &Path, out: &str, more: &[&str]) -> (Option<i32>, String) {
    let scenario = paper();
    let done = run(dir, &[&arguments(&scenario, out)[..], more].concat());
    (done.code, done.stderr)
}

fn arguments<'a>(scenario: &'a str, out: &'a str) -> Vec<&'a str> {
    let mut args = vec!["benchmark", scenario, "--policies", "random,lhs", "--seeds", "4"];
    args.extend(["--opening", "3", "--experiments", "2", "--csv", "--out", out]);
    args
}

fn paper() -> String {
    root().join("scenarios/suite/paper.toml").display().to_string()
}

fn results(dir: &Path, out: &str) -> Vec<Vec<u8>> {
    let names = ["table.parquet", "table.csv", "report.html", "benchmark.json"];
    names.map(|name| fs::read(dir.join(out).join(name)).expect("the benchmark wrote it")).into()
}

fn campaigns(dir: &Path, out: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.join(out).join("campaigns")).expect("there are campaigns");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("it can be read").path()).collect();
    paths.sort();
    paths
}

/// A benchmark whose policy never answers: it ends with the test.
struct Waiting(std::process::Child);

impl Waiting {
    /// Starts it and waits until it has its folder.
    fn start(dir: &Path, out: &str, more: &[&str]) -> Self {
        fs::write(dir.join("waits.sh"), "while sleep 0.1; do :; done\n").unwrap();
        let scenario = paper();
        let mut command = flowtwin(dir);
        command.args([
            "benchmark",
            &scenario,
            "--policies",
            "random",
            "--seeds",
            "1",
            "--out",
            out,
        ]);
        command.args(["--policy-command", "slow=sh waits.sh", "--patience-s", "600"]).args(more);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !dir.join(out).join("benchmark.json").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Self(child)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("a child can be killed");
    }
}

#[test]
fn a_folder_of_a_benchmark_has_one_writer_and_shards_of_one_have_one_each() {
    let dir = folder("bench-locked");
    let refused = |out: &str, more: &[&str], holder: &Waiting| {
        let (code, stderr) = bench(&dir, out, more);
        assert_eq!(code, Some(2), "{more:?}: {stderr}");
        let named = format!("in use by process {} since 20", holder.0.id());
        assert!(stderr.contains(&named) && stderr.contains("slow=sh waits.sh"), "{stderr}");
    };
    let whole = Waiting::start(&dir, "whole", &[]);
    refused("whole", &[], &whole);
    refused("whole", &["--shard", "1/2"], &whole);
    let merged = run(&dir, &["benchmark", "merge", "whole", "--out", "whole"]);
    assert_eq!(merged.code, Some(2), "{}", merged.stderr);
    drop(whole);

    let part = Waiting::start(&dir, "parts", &["--shard", "1/2"]);
    refused("parts", &["--shard", "1/2"], &part);
    refused("parts", &[], &part);
    // The other shard may write beside it, were it one of the same benchmark.
    let (code, stderr) = bench(&dir, "parts", &["--shard", "2/2"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(dir.join("parts-2").is_dir(), "{stderr}");
}

#[test]
fn threads_shards_and_restarts_do_not_show_in_the_table() {
    let dir = folder("bench-same");
    assert_eq!(bench(&dir, "one", &["--jobs", "1"]).0, Some(0));
    assert_eq!(bench(&dir, "two", &["--jobs", "2"]).0, Some(0));
    let one = results(&dir, "one");
    assert!(one == results(&dir, "two"), "--jobs 2 gives other bytes");
    assert_eq!(String::from_utf8_lossy(&one[1]).lines().count(), 1 + 2 * 4 * 5);

    // Damaged: one campaign is torn, another is gone.
    let there = campaigns(&dir, "two");
    let text = fs::read_to_string(&there[1]).unwrap();
    fs::write(&there[1], &text[..text.len() / 2]).unwrap();
    fs::remove_file(&there[4]).unwrap();
    fs::remove_file(dir.join("two/table.parquet")).unwrap();
    assert_eq!(bench(&dir, "two", &[]).0, Some(0));
    assert!(one == results(&dir, "two"), "a restart gives other bytes");

    let shards = ["1/4", "2/4", "3/4", "4/4"];
    let mut merge = vec!["benchmark".to_owned(), "merge".into()];
    for shard in shards {
        let out = format!("shard-{}", &shard[..1]);
        let (code, stderr) = bench(&dir, &out, &["--shard", shard]);
        assert_eq!(code, Some(0), "{stderr}");
        merge.push(out);
    }
    let missing = run(&dir, &["benchmark", "merge", "shard-1", "shard-2", "--out", "half"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("4 of 8 campaigns"), "{}", missing.stderr);
    merge.extend(["--out".into(), "merged".into(), "--csv".into()]);
    let merge: Vec<&str> = merge.iter().map(String::as_str).collect();
    let merged = run(&dir, &merge);
    assert_eq!(merged.code, Some(0), "{}", merged.stderr);
    assert!(one == results(&dir, "merged"), "merged shards give other bytes");
}

#[test]
fn a_killed_benchmark_goes_on_to_the_same_bytes() {
    let dir = folder("bench-killed");
    assert_eq!(bench(&dir, "whole", &[]).0, Some(0));
    let scenario = paper();
    let finished = || fs::read_dir(dir.join("killed/campaigns")).map_or(0, Iterator::count);
    let before = loop {
        let mut child = flowtwin(&dir)
            .args(arguments(&scenario, "killed"))
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        while finished() < 2 && child.try_wait().expect("it can be asked").is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        // SIGKILL on Unix: nothing is tidied up.
        child.kill().expect("it can be killed");
        if child.wait().expect("it has ended").code().is_none() {
            break finished();
        }
        // This process was held up until the other had done everything: once more.
        fs::remove_dir_all(dir.join("killed")).expect("a folder can be removed");
    };
    assert_eq!(bench(&dir, "killed", &[]).0, Some(0));
    assert!((2..=8).contains(&before), "{before} of 8 campaigns were done");
    assert!(results(&dir, "whole") == results(&dir, "killed"), "a killed benchmark differs");
}

#[test]
fn results_of_other_code_are_not_taken_for_its_own() {
    let dir = folder("bench-code");
    assert_eq!(bench(&dir, "out", &[]).0, Some(0));
    let card = dir.join("out/benchmark.json");
    let text = fs::read_to_string(&card).unwrap();
    let (_sum, json) = text.trim_end().split_once("\"content\":").unwrap();
    let json = json.strip_suffix('}').unwrap();
    let at = json.find("\"code\":\"").expect("the card tells the code") + 8;
    let other = format!("{}{}{}", &json[..at], "0123456789abcdef", &json[at + 16..]);
    let sum = sha256(other.as_bytes());
    fs::write(&card, format!("{{\"sha256\":\"{sum}\",\"content\":{other}}}\n")).unwrap();
    let before = crate::support::files(&dir.join("out"));
    let (code, stderr) = bench(&dir, "out", &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("another build") && stderr.contains("out-2"), "{stderr}");
    assert!(crate::support::files(&dir.join("out")) == before, "what was there stays");
    assert!(dir.join("out-2/table.csv").exists());
}

#[test]
fn policies_share_their_opening_and_its_noise() {
    let dir = folder("bench-paired");
    assert_eq!(bench(&dir, "out", &[]).0, Some(0));
    let table = fs::read_to_string(dir.join("out/table.csv")).unwrap();
    let opening = |policy: &str| -> Vec<String> {
        let of_policy = |line: &&str| line.split(',').nth(1) == Some(policy);
        let opened = |line: &&str| {
            line.split(',').nth(4).is_some_and(|s| s.parse::<i64>().is_ok_and(|step| step <= 0))
        };
        let rest = |line: &str| line.split(',').skip(2).collect::<Vec<_>>().join(",");
        table.lines().filter(of_policy).filter(opened).map(rest).collect()
    };
    assert_eq!(opening("random").len(), 12);
    assert_eq!(opening("random"), opening("lhs"));
}

#[test]
fn a_folder_holds_one_benchmark_and_slips_are_refused() {
    let dir = folder("bench-slips");
    let scenario = paper();
    for (args, complaint) in [
        (vec!["--policies", "best"], "`best` is not a policy"),
        (vec!["--policies", "random,random"], "two policies are named random"),
        (vec!["--policies", "random", "--shard", "5/4"], "`5/4` is not a shard"),
        (vec!["--policies", "ei@twin"], "free keys"),
        (vec![], "there is no policy to compare"),
    ] {
        let done = run(&dir, &[vec!["benchmark", scenario.as_str()], args].concat());
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        assert!(done.stderr.contains(complaint), "{}", done.stderr);
    }
}

#[test]
fn a_choice_by_name_that_formulas_turn_into_rates_is_compared() {
    let dir = folder("bench-suite-v2");
    let ligands = root().join("scenarios/suite-v2/ligands.toml").display().to_string();
    let how = ["--policies", "random,ei", "--seeds", "2", "--opening", "4", "--experiments", "1"];
    let done = run(&dir, &[&["benchmark", &ligands], &how[..]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("suite-v2-ligands"), "{}", done.stdout);
}

#[test]
fn every_scenario_of_the_suite_is_valid() {
    let dir = folder("bench-suite");
    let folders = ["suite", "suite-v2"].map(|name| root().join("scenarios").join(name));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("it is there"));
    let mut files: Vec<String> =
        entries.map(|e| e.expect("it can be read").path().display().to_string()).collect();
    files.retain(|file| file.ends_with(".toml"));
    files.sort();
    assert!(files.len() >= 14, "{files:?}");
    let mut args = vec!["check"];
    args.extend(files.iter().map(String::as_str));
    let done = run(&dir, &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}
