//! Instruments behind programs in other languages: the same journal, and the same faults, as built-in ones.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use flowtwin_backends::wiring::Link;
use rustix::process::{Pid, Signal, kill_process};

use crate::served::Served;
use crate::support::{folder, root, run, scenario};

/// The pumps of the reference rig.
const PUMPS: [&str; 8] = ["cui", "oa_cu", "oam", "ode_cu", "cs", "oa_cs", "ode_cs", "pfo"];

/// A campaign of one experiment.
const ONE: &str = "[[phases]]\nname = \"a\"\npolicy = \"lhs\"\nexperiments = 1\n";

/// A wiring of the reference rig for `dir`: these sections for pumps, and example programs for heater, LED and a spectrometer.
fn wiring(dir: &Path, pump: impl Fn(&str) -> String) {
    let mut text = String::from("schema = 1\npatience_s = 20.0\n");
    text.extend(PUMPS.map(pump));
    text += &program("led", "light", "led.py {address} 0.35", "dc2200 = { current_a = 0.35 }");
    let eurotherm = "protocol = { file = \"eurotherm-2000\" }";
    text += &program("plate", "heater", "eurotherm.py {port}", eurotherm);
    text += &program("emission", "spectrometer", "hdx.py {address}", "hdx = {}");
    text += "[hdx.absorption]\nlamp = \"lamp\"\n";
    std::fs::write(dir.join("programs.toml"), text).unwrap();
}

/// The section of an example program, which waits for its instrument however busy the machine is.
fn program(name: &str, kind: &str, command: &str, speaks: &str) -> String {
    let folder = root().join("examples/instruments");
    let folder = folder.to_str().unwrap();
    format!(
        "[program.{name}]\ncommand = \"env FLOWTWIN_LINE_PATIENCE_S=60 python3 {command}\"\nkind = \"{kind}\"\nspeaks.{speaks}\nfolder = {folder:?}\n"
    )
}

/// The journals of one experiment on the simulator and on emulated instruments, line by line.
fn journals(name: &str, pump: impl Fn(&str) -> String, more: &str) -> [Vec<String>; 2] {
    let dir = folder(name);
    scenario(&dir, "one", "noise-free.toml", &format!("{more}{ONE}"));
    wiring(&dir, pump);
    assert_eq!(run(&dir, &["run", "one.toml", "--out", "sim"]).code, Some(0));
    let args = ["run", "one.toml", "--backend", "emulated", "--wiring", "programs.toml"];
    let done = run(&dir, &[&args[..], &["--out", "programs"]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let read = |folder: &str| {
        let text = std::fs::read_to_string(dir.join(folder).join("journal.jsonl")).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    [read("sim"), read("programs")]
}

#[test]
fn a_wiring_is_compared_with_its_scenario_and_a_program_that_is_not_started_is_named() {
    let dir = folder("left-out");
    scenario(&dir, "one", "dye-mixing.toml", ONE);
    let rest = "schema = 1\n[chemyx.blue]\n[chemyx.oil]\n[hdx.colour]\nlamp = \"white\"\n";
    let program = |name: &str| {
        format!("{rest}[program.{name}]\ncommand = \"no-such-program {{port}}\"\nkind = \"pump\"\n")
    };
    std::fs::write(dir.join("good.toml"), program("red")).unwrap();
    std::fs::write(dir.join("bad.toml"), program("rad")).unwrap();
    let good = run(&dir, &["check", "one.toml", "good.toml"]);
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    assert!(good.stdout.contains("wiring file, wires the rig of one;"), "{}", good.stdout);
    let bad = run(&dir, &["check", "one.toml", "bad.toml"]);
    assert_eq!(bad.code, Some(2), "{}", bad.stdout);
    assert!(
        bad.stderr.contains("bad.toml: pump red of the scenario is not wired"),
        "{}",
        bad.stderr
    );
    // A wiring alone, or with several scenarios, is for no rig that is known.
    let alone = run(&dir, &["check", "bad.toml"]);
    assert_eq!(alone.code, Some(0), "{}", alone.stderr);
    let args = ["run", "one.toml", "--backend", "emulated", "--wiring", "good.toml"];
    let ran = run(&dir, &[&args[..], &["--out", "run"]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("stand in for the programs of red, which are not started"), "{said}");
}

#[test]
fn a_campaign_with_programs_on_emulated_instruments_has_the_journal_of_its_rehearsal() {
    let chemyx = |pump: &str| program(pump, "pump", "chemyx.py {port}", "chemyx = {}");
    let [sim, programs] = journals("programs", chemyx, "");
    for (number, (a, b)) in sim.iter().zip(&programs).enumerate() {
        assert_eq!(a, b, "line {}", number + 1);
    }
    assert_eq!(sim.len(), programs.len());
}

/// Pumps that have room for four digits: New Era, two behind a program and the others by their protocol file.
#[test]
fn a_rehearsal_that_knows_how_pumps_round_is_what_they_do_to_the_byte() {
    let file = "file = \"new-era-ne1000\"";
    let new_era = |pump: &str| match pump {
        "cui" | "pfo" => {
            let speaks = format!("protocol = {{ {file} }}");
            program(pump, "pump", "new_era.py {port}", &speaks)
        }
        _ => format!("[protocol.{pump}]\n{file}\n"),
    };
    let digits: String = PUMPS.map(|pump| format!("[rig.pumps.{pump}]\ndigits = 4\n")).concat();
    let [sim, rounding] = journals("rounding", new_era, &digits);
    for (number, (a, b)) in sim.iter().zip(&rounding).enumerate() {
        assert_eq!(a, b, "line {}", number + 1);
    }
    assert_eq!(sim.len(), rounding.len());
    let [exact, _] = journals("exact", |pump| format!("[chemyx.{pump}]\n"), "");
    assert_ne!(exact.last(), sim.last(), "rounding is seen");
}

/// What befalls a campaign whose heater is behind a program.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mishap {
    /// The campaign is killed.
    Killed,
    /// The program has hung, then the campaign is killed.
    KilledWhileItsProgramHangs,
    /// The campaign is stopped, and keeps everything.
    Stopped,
}

/// A campaign on emulated instruments with the heater behind a program.
struct HeatedByProgram {
    served: Served,
    campaign: std::process::Child,
}

impl HeatedByProgram {
    fn start(name: &str) -> Self {
        Self::started(&folder(name), "f4t_scpi.py")
    }

    /// The same with another program in place of the example.
    fn started(dir: &Path, program: &str) -> Self {
        let scenario = scenario(dir, "one", "cs3cu2i5.toml", ONE);
        let examples = root().join("examples/instruments");
        let pumps: String = PUMPS.iter().map(|pump| format!("[chemyx.{pump}]\n")).collect();
        let text = format!(
            "schema = 1\n{pumps}[program.plate]\nkind = \"heater\"\ncommand = \"python3 {program} {{address}}\"\n\
             speaks.f4t_scpi = {{}}\nfolder = {:?}\n[dc2200.led]\ncurrent_a = 0.35\n[hdx.emission]\n[hdx.absorption]\nlamp = \"lamp\"\n",
            examples.to_str().unwrap()
        );
        let wiring_file = dir.join("programs.toml");
        std::fs::write(&wiring_file, text).unwrap();
        let served = Served::start(dir, &scenario, &wiring_file, 60.0);
        let mut command = served.campaign(dir, &scenario);
        let campaign = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { served, campaign }
    }

    /// Whether the controller has its output on, as a third party sees it.
    fn is_on(&self) -> bool {
        let wiring = self.served.wiring();
        let Some(Link::Tcp(address)) = &wiring.program["plate"].link else { panic!("a TCP port") };
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b":OUTPUT1:STATE?\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.trim() == "ON"
    }

    /// The processes that this one has started whose command contains `word`.
    fn children(&self, word: &str) -> Vec<i32> {
        let mine = format!("PPid:\t{}\n", self.campaign.id());
        let of = |entry: std::fs::DirEntry| {
            let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            let (status, command) = (read("status"), read("cmdline"));
            let is_mine = String::from_utf8_lossy(&status).contains(&mine);
            let named = String::from_utf8_lossy(&command).contains(word);
            (is_mine && named).then(|| entry.file_name().to_string_lossy().parse().ok()).flatten()
        };
        std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).filter_map(of).collect()
    }
}

fn signal(process: i32, signal: Signal) {
    kill_process(Pid::from_raw(process).unwrap(), signal).unwrap();
}

fn is_alive(process: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

fn the_heater_is_off_after(mishap: Mishap, name: &str) {
    let mut rig = HeatedByProgram::start(name);
    while !rig.is_on() {
        assert!(
            rig.campaign.try_wait().unwrap().is_none(),
            "the campaign has ended before it heated"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let (programs, watches) = (rig.children("f4t_scpi.py"), rig.children("watch"));
    assert_eq!((programs.len(), watches.len()), (1, 1));
    if mishap == Mishap::KilledWhileItsProgramHangs {
        signal(programs[0], Signal::STOP);
    }
    let campaign = i32::try_from(rig.campaign.id()).unwrap();
    signal(campaign, if mishap == Mishap::Stopped { Signal::STOP } else { Signal::KILL });
    while is_alive(watches[0]) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let on = rig.is_on();
    let ended = rig.campaign.wait().unwrap();
    assert!(!on, "{mishap:?}: the watch has gone, and the heater is on");
    assert!(!ended.success());
    assert!(!is_alive(programs[0]), "{mishap:?}: a program was left behind");
}

#[test]
fn a_heater_behind_a_program_is_off_when_its_campaign_is_killed() {
    the_heater_is_off_after(Mishap::Killed, "program-killed");
}

#[test]
fn a_heater_behind_a_program_that_hangs_is_off_when_its_campaign_is_killed() {
    the_heater_is_off_after(Mishap::KilledWhileItsProgramHangs, "program-hangs");
}

#[test]
fn a_heater_behind_a_program_is_off_when_its_campaign_is_stopped() {
    the_heater_is_off_after(Mishap::Stopped, "program-stopped");
}

/// No software reaches the heater while every program hangs. The campaign goes on trying, and one that works again turns it off.
#[test]
fn a_heater_whose_program_hangs_after_every_start_is_off_once_one_does_not() {
    let dir = folder("program-hangs-always");
    let program = dir.join("sometimes.py");
    let driver = root().join("examples/instruments/f4t_scpi.py");
    let text = format!(
        "import os, runpy, sys, time\nsys.path.insert(0, os.path.dirname({driver:?}))\n\
         if os.path.exists({:?}):\n    print('{{\"hello\":{{\"protocol\":1}}}}', flush=True)\n    time.sleep(600)\n\
         runpy.run_path({driver:?}, run_name='__main__')\n",
        dir.join("hangs")
    );
    std::fs::write(&program, text).unwrap();
    let mut rig = HeatedByProgram::started(&dir, program.to_str().unwrap());
    while !rig.is_on() {
        assert!(rig.campaign.try_wait().unwrap().is_none(), "the campaign has ended");
        std::thread::sleep(Duration::from_millis(50));
    }
    let hung = rig.children("sometimes.py")[0];
    std::fs::write(dir.join("hangs"), "").unwrap();
    signal(hung, Signal::STOP);
    // Two more are started, and hang too.
    let mut seen = vec![hung];
    while seen.len() < 3 {
        let started = rig.children("sometimes.py");
        seen.extend(started.into_iter().find(|process| !seen.contains(process)));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(rig.is_on(), "nothing could reach it");
    std::fs::remove_file(dir.join("hangs")).unwrap();
    let begun = std::time::Instant::now();
    while rig.is_on() {
        assert!(rig.campaign.try_wait().unwrap().is_none(), "nobody tries on");
        std::thread::sleep(Duration::from_millis(50));
    }
    eprintln!("the heater is off after {:.1} s", begun.elapsed().as_secs_f64());
    rig.campaign.kill().unwrap();
    rig.campaign.wait().unwrap();
}

/// The examples pass the examination that every driver of somebody's own should pass.
#[test]
fn example_programs_pass_their_examination_and_one_that_lies_does_not() {
    let dir = folder("examination");
    let pin = dir.join("pin");
    let built = Command::new("cc")
        .arg("-o")
        .arg(&pin)
        .arg(root().join("examples/instruments/pin.c"))
        .status();
    assert!(built.unwrap().success(), "a C compiler links this program too");
    std::fs::write(dir.join("light"), "0\n").unwrap();
    let command = format!("{} light", pin.display());
    let args = ["conformance", &command, "--kind", "light", "--patience-s", "30"];
    let refused = run(&dir, &args);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let passed = run(&dir, &[&args[..], &["--yes", "--json"]].concat());
    assert_eq!(passed.code, Some(0), "{}\n{}", passed.stdout, passed.stderr);
    let report: serde_json::Value = serde_json::from_str(&passed.stdout).unwrap();
    assert_eq!(report["grades"]["safe_state"], true, "{report}");
    let lies = "import sys\nprint('{\"hello\":{\"protocol\":1}}', flush=True)\n\
                for line in sys.stdin:\n    id = line.split(',')[0].split(':')[1]\n    \
                print('{\"id\":' + id + ',\"ok\":{\"protocol\":1,\"model\":\"liar\",\"reads\":[\"on\"],\"value\":false}}', flush=True)\n";
    std::fs::write(dir.join("liar.py"), lies).unwrap();
    let liar = run(
        &dir,
        &["conformance", "python3 liar.py", "--kind", "light", "--yes", "--patience-s", "30"],
    );
    assert_eq!(liar.code, Some(1), "{}", liar.stdout);
    for said in [
        "FAILED  it goes on and off: refused: it is off after it was switched",
        "safe by itself   NO",
    ] {
        assert!(liar.stdout.contains(said), "{}", liar.stdout);
    }
}
