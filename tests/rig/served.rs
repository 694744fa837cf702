//! Emulated instruments in a process of their own, and campaigns in another that drive them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use flowtwin_backends::Wiring;
use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Conditions;
use flowtwin_lab::journal::{self, Writer};

use crate::support::flowtwin;

/// `flowtwin emulate` at work, until dropped.
pub(crate) struct Served {
    pub(crate) process: Child,
    wired: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().expect("a child can be killed");
        self.process.wait().expect("a killed child ends");
    }
}

impl Served {
    /// Serves the instruments of `wiring_file` over the world of `scenario` from within `dir`.
    pub(crate) fn start(dir: &Path, scenario: &Path, wiring_file: &Path, speed: f64) -> Self {
        let wired = dir.join("wired.toml");
        let mut command = flowtwin(dir);
        command.arg("emulate").arg(wiring_file).arg("--scenario").arg(scenario);
        command.args(["--speed", &speed.to_string(), "--wired"]).arg(&wired);
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut ready = String::new();
        let output = process.stdout.take().expect("a pipe was asked for");
        BufReader::new(output).read_line(&mut ready).expect("it says when it is ready");
        assert!(ready.contains("\"ready\":true"), "{ready}");
        let served = Self { process, wired };
        // What is in order answers, however busy this machine is.
        let patient = Wiring { patience_s: 5.0, ..served.wiring() };
        let text = toml::to_string(&patient).expect("a wiring file can be written");
        std::fs::write(&served.wired, text).expect("a file can be written");
        served
    }

    /// The wiring file that leads to it.
    pub(crate) fn wiring(&self) -> Wiring {
        let text = std::fs::read_to_string(&self.wired).expect("the wiring file was written");
        Wiring::parse(&text).expect("a wiring file")
    }

    /// The command that runs `scenario` on it into the folder `run`, or goes on with it.
    pub(crate) fn campaign(&self, dir: &Path, scenario: &Path) -> Command {
        let mut command = flowtwin(dir);
        command.arg("run").arg(scenario).args(["--backend", "hardware", "--yes", "--out", "run"]);
        command.arg("--wiring").arg(&self.wired);
        if dir.join("run/journal.jsonl").exists() {
            command.arg("--resume");
        }
        command
    }
}

/// The conditions of the first `count` experiments of a scenario on the simulator.
pub(crate) fn simulated(scenario: &Path, count: usize) -> Vec<Conditions> {
    let scenario = Scenario::load(scenario).expect("a scenario");
    let seed = scenario.file().seed;
    let never = std::sync::atomic::AtomicBool::new(false);
    let campaign = Campaign::new(&scenario, seed, std::num::NonZeroUsize::MIN, &never);
    let lab = scenario.simulated().unwrap().lab(seed);
    let ran = campaign.run(lab, Writer::new(Vec::new()), None, &mut Silent);
    let journal = journal::read(ran.expect("a policy answers").1.sink()).expect("a journal");
    journal.experiments().take(count).map(|e| e.conditions.clone()).collect()
}
