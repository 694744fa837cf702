//! Who is told of a run that nobody watches: a command of the user's, and a webhook.

mod hook;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use flowtwin_campaign::campaign::{Answer, Observer, Proposed, Reviewer};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Observation;
use flowtwin_lab::child::apart;
use flowtwin_report::format::said;
use serde_json::json;

use self::hook::Hook;
use crate::cli::Folder;
use crate::console;
use crate::error::CommandError;
use crate::syringes::Syringes;

/// Share of what it was filled with below which a stock is low.
const LOW: f64 = 0.1;

/// How long the end of the program waits for commands and messages, all together.
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
    /// A proposal waits for a decision.
    Asks,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Drift => "drift",
            Self::Low => "low",
            Self::Asks => "asks",
        }
    }
}

/// Tells a command and a webhook what happens. The run does not wait for them, and does not mind what becomes of them.
#[derive(Debug)]
pub(super) struct Notifier {
    command: Option<String>,
    hook: Option<Hook>,
    run: String,
    syringes: RefCell<Syringes>,
    experiments: Cell<u64>,
    commands: UnderWay,
    messages: UnderWay,
}

/// What has not ended, commands or the thread of the webhook: each holds a sender, and nothing is left once all are gone.
#[derive(Debug)]
struct UnderWay {
    held: Option<Sender<Infallible>>,
    over: Receiver<Infallible>,
}

impl Default for UnderWay {
    fn default() -> Self {
        let (held, over) = channel();
        Self { held: Some(held), over }
    }
}

impl UnderWay {
    /// What is held by one of them as long as it is under way.
    fn one(&self) -> Option<Sender<Infallible>> {
        self.held.clone()
    }

    /// Waits until all have ended, or `patience` is over, however many there are; whether they have.
    fn wait(&mut self, patience: Duration) -> bool {
        self.held = None;
        self.over.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }
}

impl Notifier {
    /// Tells those whom `to` names of the run in this folder; nobody where there is none.
    ///
    /// # Errors
    /// If the webhook needs a program that is not there.
    pub(super) fn new(
        to: &Folder,
        folder: &Path,
        scenario: &Scenario,
    ) -> Result<Self, CommandError> {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let messages = UnderWay::default();
        let hook = to.notify_url.as_ref().map(|url| Hook::new(url, messages.one())).transpose()?;
        Ok(Self {
            command: to.notify.clone(),
            hook,
            run: name.unwrap_or_default(),
            syringes: RefCell::new(Syringes::new(scenario.manifest())),
            experiments: Cell::new(0),
            commands: UnderWay::default(),
            messages,
        })
    }

    /// Tells how the run has ended, `complete` or not, and what could not be done afterwards; and passes it on.
    pub(super) fn ended(
        &self,
        complete: bool,
        done: Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        match &done {
            Ok(()) => self.tell(Event::Done, "the run is complete"),
            Err(error) if complete => {
                self.tell(Event::Done, &format!("the run is complete, but: {error}"));
            }
            Err(error) => self.tell(Event::Stopped, &error.to_string()),
        }
        done
    }

    /// Starts the command with an event: in its environment, and as one line of JSON on its standard input. The webhook gets
    /// that line.
    pub(super) fn tell(&self, event: Event, text: &str) {
        let (name, experiments) = (event.name(), self.experiments.get());
        let line =
            json!({ "event": name, "run": self.run, "experiments": experiments, "text": text });
        if let Some(hook) = &self.hook {
            hook.tell(line.to_string());
        }
        let Some(command) = &self.command else { return };
        let mut shell = shell(command);
        shell.env("FLOWTWIN_EVENT", name).env("FLOWTWIN_RUN", &self.run).env("FLOWTWIN_TEXT", text);
        // Ctrl-C is for the run.
        apart(&mut shell).stdin(Stdio::piped()).stdout(Stdio::null());
        match shell.spawn() {
            Ok(child) => hand(child, line.to_string(), self.commands.one()),
            Err(error) => console::say_line(format_args!("note: --notify: {error}")),
        }
    }
}

/// What runs a command of the user's.
#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

/// What runs a command of the user's: it gets the command as it was typed.
#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    std::os::windows::process::CommandExt::raw_arg(shell.arg("/C"), command);
    shell
}

/// Hands a line to a program and waits for its end, in a thread, which holds `under_way` until then.
fn hand(mut child: Child, line: String, under_way: Option<Sender<Infallible>>) {
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
        drop(under_way);
    });
}

impl Observer for &Notifier {
    fn experiment(&mut self, number: u64, _observation: &Observation, _known: bool) {
        self.experiments.set(number);
    }

    fn left(&mut self, left_ml: &[(String, f64)], known: bool) {
        let low = self.syringes.borrow_mut().note_below(left_ml, LOW);
        for (stock, left_ml) in low.into_iter().filter(|_| !known) {
            self.tell(Event::Low, &format!("{stock} is nearly used up: {left_ml:.1} mL left"));
        }
    }
}

/// It decides on nothing; it tells that somebody should.
impl Reviewer for &Notifier {
    fn show(&self, proposed: &Proposed) {
        let Proposed { experiment, phase, conditions, .. } = proposed;
        let words = conditions.words().map(|(name, word)| format!("{name} {}", said(word)));
        let words = words.collect::<Vec<_>>().join(", ");
        let asks =
            format!("experiment {experiment} of phase {phase} waits for a decision: {words}");
        self.tell(Event::Asks, &asks);
    }

    fn decision(&self) -> Option<Answer> {
        None
    }

    fn refused(&self, _why: &str) {}
}

impl Drop for Notifier {
    fn drop(&mut self) {
        let end = Instant::now() + PATIENCE;
        let left = || end.saturating_duration_since(Instant::now());
        // What waits for the webhook is still sent.
        let url = self.hook.take().map(|hook| hook.url().clone());
        if !self.commands.wait(left()) {
            console::say_line("note: --notify: a command has not ended; it is left to itself");
        }
        if !self.messages.wait(left())
            && let Some(url) = url
        {
            console::say_line(format_args!(
                "note: --notify-url: messages to {url} were not sent or not answered within {} s",
                PATIENCE.as_secs()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_waits_once_however_many_commands_have_not_ended() {
        let mut under_way = UnderWay::default();
        let commands = [under_way.one(), under_way.one(), under_way.one()];
        assert!(!under_way.wait(Duration::ZERO));
        drop(commands);
        assert!(under_way.wait(PATIENCE));
    }
}
