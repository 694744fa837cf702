//! Twenty kills of a campaign on a rig, and twenty of one on the simulator.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use flowtwin_lab::Streams;

use crate::killing::kill_again_and_again;
use crate::support::{flowtwin, folder, root, run, scenario};

const TIMES: usize = 20;

const BODY: &str = r#"
[[phases]]
name = "start"
policy = "lhs"
experiments = 9

[[phases]]
name = "explore"
policy = "max_variance"
experiments = 11
from = "start"
"#;

#[test]
fn twenty_kills_on_an_emulated_rig() {
    let dir = folder("twenty-rig");
    let file = scenario(&dir, "twenty", "cs3cu2i5.toml", BODY);
    println!(
        "| after [s] | set point [°C] | pumps running | experiments | torn [bytes] | \
         heater safe after [s] | pumps still, heater off after [s] |"
    );
    let kills = kill_again_and_again(&dir, &file, 300.0, (TIMES, Duration::from_secs(8)));
    let hot = kills.iter().filter(|kill| kill.set_point_c.is_some()).count();
    assert!(hot >= TIMES / 4, "{hot} of {TIMES} kills found the heater on");
    let under_way = kills.iter().filter(|kill| kill.experiments > 0).count();
    assert!(under_way >= TIMES / 4, "{under_way} of {TIMES} kills found finished experiments");
}

/// Kills at moments of writing: as soon as the journal has grown beyond a length.
#[test]
fn twenty_kills_on_the_simulator() {
    let dir = folder("twenty-sim");
    let file = root().join("scenarios/cs3cu2i5.toml");
    let file = file.to_str().unwrap();
    assert_eq!(run(&dir, &["run", file, "--out", "whole"]).code, Some(0));
    let whole = fs::read(dir.join("whole/journal.jsonl")).unwrap();
    let path = dir.join("killed/journal.jsonl");
    let mut moments = Streams::new(21).open("kill", 0);
    for kill in 1..=TIMES {
        let mut command = flowtwin(&dir);
        command.args(["run", file, "--out", "killed"]);
        if path.exists() {
            command.arg("--resume");
        }
        let there = fs::metadata(&path).map_or(0, |m| m.len());
        let left = (whole.len() as u64 - there) as f64 / (TIMES - kill + 2) as f64;
        let target = there + (2.0 * left * moments.uniform()) as u64;
        let begun = Instant::now();
        let mut program =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        // Even kills come while a line is being written, odd ones a moment later.
        while fs::metadata(&path).map_or(0, |m| m.len()) <= target {
            assert!(program.try_wait().unwrap().is_none(), "it had ended before");
            std::hint::spin_loop();
        }
        if kill % 2 == 1 {
            std::thread::sleep(Duration::from_micros((10_000.0 * moments.uniform()) as u64));
        }
        program.kill().expect("a child can be killed");
        program.wait().expect("a killed child ends");
        let left = fs::read(&path).unwrap();
        let torn = left.len() - left.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        assert!(whole.starts_with(&left), "what is there is what an undisturbed run writes");
        println!(
            "kill {kill}: after {:.2} s, {} of {} bytes, {torn} of them torn",
            begun.elapsed().as_secs_f64(),
            left.len(),
            whole.len()
        );
    }
    let resumed = run(&dir, &["run", file, "--out", "killed", "--resume"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(fs::read(&path).unwrap() == whole, "byte-identical");
    let replayed = run(&dir, &["replay", "killed"]);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    println!("resumed to the byte; {}", replayed.stdout.trim());
}
