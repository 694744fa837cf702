//! Who is told of a run that nobody watches: a command of the user's.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use flowtwin_campaign::campaign::Observer;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Observation;
use serde_json::json;

use crate::console;
use crate::error::CommandError;
use crate::syringes::Syringes;

/// Share of what it was filled with below which a stock is low.
const LOW: f64 = 0.1;

/// How long the end of the program waits for commands that have not ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// What somebody is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The run is complete.
    Done,
    /// The run has ended before its end.
    Stopped,
    /// The shadow says that the rig is not as it was.
    Drift,
    /// A stock is nearly used up.
    Low,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Drift => "drift",
            Self::Low => "low",
        }
    }
}

/// Tells a command what happens. The run does not wait for it, and does not mind what becomes of it.
#[derive(Debug)]
pub(super) struct Notifier {
    command: Option<String>,
    run: String,
    syringes: RefCell<Syringes>,
    experiments: Cell<u64>,
    under_way: RefCell<Vec<Receiver<()>>>,
}

impl Notifier {
    /// Tells `command` of the run in this folder; nobody where there is none.
    pub(super) fn new(command: Option<&String>, folder: &Path, scenario: &Scenario) -> Self {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        Self {
            command: command.cloned(),
            run: name.unwrap_or_default(),
            // Where somebody refills them, what experiments took says nothing of what is left.
            syringes: RefCell::new(match scenario.refill() {
                Some(_) => Syringes::default(),
                None => Syringes::new(scenario.manifest()),
            }),
            experiments: Cell::new(0),
            under_way: RefCell::default(),
        }
    }

    /// Tells how the run has ended, and passes it on.
    pub(super) fn ended(&self, done: Result<(), CommandError>) -> Result<(), CommandError> {
        match &done {
            Ok(()) => self.tell(Event::Done, "the run is complete"),
            Err(error) => self.stopped(error),
        }
        done
    }

    /// Tells that the run has ended before its end.
    pub(super) fn stopped(&self, error: &CommandError) {
        self.tell(Event::Stopped, &error.to_string());
    }

    /// Starts the command with an event: in its environment, and as one line of JSON on its standard input.
    pub(super) fn tell(&self, event: Event, text: &str) {
        let Some(command) = &self.command else { return };
        let (name, experiments) = (event.name(), self.experiments.get());
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("FLOWTWIN_EVENT", name);
        shell.env("FLOWTWIN_RUN", &self.run).env("FLOWTWIN_TEXT", text);
        // Ctrl-C is for the run.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null());
        let line =
            json!({ "event": name, "run": self.run, "experiments": experiments, "text": text });
        match shell.spawn() {
            Ok(child) => self.under_way.borrow_mut().push(hand(child, line.to_string())),
            Err(error) => console::say_line(format_args!("note: --notify: {error}")),
        }
    }
}

/// Hands a line to a program and waits for its end, in a thread; what is answered with tells when that is over.
fn hand(mut child: Child, line: String) -> Receiver<()> {
    let (tell, hear) = channel();
    thread::spawn(move || {
        if let Some(mut stdin) = child.stdin.take() {
            // It need not read it.
            let _unread = writeln!(stdin, "{line}");
        }
        match child.wait() {
            Ok(status) if !status.success() => {
                console::say_line(format_args!("note: --notify: the command ended with {status}"));
            }
            _ => {}
        }
        let _gone = tell.send(());
    });
    hear
}

impl Observer for &Notifier {
    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        self.experiments.set(number);
        let low = self.syringes.borrow_mut().take_below(&observation.consumed_ml, LOW);
        for (stock, left_ml) in low.into_iter().filter(|_| !known) {
            self.tell(Event::Low, &format!("{stock} is nearly used up: {left_ml:.1} mL left"));
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        for over in self.under_way.borrow().iter() {
            let _not_over = over.recv_timeout(PATIENCE);
        }
    }
}
