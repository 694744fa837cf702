//! Who looks after a campaign on a rig: holds its first experiment against the rehearsal, and waits for lost links.

use std::cell::RefCell;
use std::io::{IsTerminal as _, stdin};
use std::rc::Rc;
use std::sync::atomic::Ordering;

use flowtwin_backends::connect::{Finding, identify_heeding};
use flowtwin_backends::transport::Hurry;
use flowtwin_backends::{Bench, Wiring};
use flowtwin_campaign::campaign::Observer;
use flowtwin_campaign::hardware::unlike;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::{Command, Fault, FaultKind, Instant, Lab, Manifest, Observation, Reply, Span};

use super::campaign::STOP;
use crate::console;
use crate::lines::{self, Line};

/// How long a lost link is waited for [s].
const PATIENCE_S: f64 = 600.0;
/// Time between two tries to find it again [s].
const EVERY_S: f64 = 5.0;
/// Time between two signs of life while somebody else is waited for [s].
const LOOK_S: f64 = 0.5;
/// How often in a row an experiment is repeated at once.
const MOST: usize = 3;

/// A bench that its attendant can reach while a campaign drives it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    bench: Rc<RefCell<Bench>>,
    manifest: Manifest,
}

impl Held {
    pub(super) fn new(bench: Bench) -> Self {
        let manifest = bench.manifest().clone();
        Self { bench: Rc::new(RefCell::new(bench)), manifest }
    }
}

impl Lab for Held {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.bench.borrow().now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.bench.borrow_mut().send(command)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.bench.borrow_mut().wait_until(deadline)
    }
}

/// The cables of a rig, and who was at their ends when the campaign began.
#[derive(Debug)]
pub(super) struct Cables {
    pub(super) held: Held,
    pub(super) wiring: Wiring,
    pub(super) found: Vec<Finding>,
}

impl Cables {
    /// Asks everybody again who they are, and takes the cables up again; what is not as it was, in words.
    fn look(&mut self) -> Result<Vec<String>, String> {
        self.held.bench.borrow_mut().let_go();
        let (wiring, hurry) = (&self.wiring, Hurry::default());
        let now = std::thread::scope(|scope| {
            let asking = scope.spawn(|| identify_heeding(wiring, &hurry));
            // The watch must hear that the campaign is alive.
            while !asking.is_finished() && self.held.wait(Span::from_secs(LOOK_S)).is_ok() {}
            // Somebody asks the program to end: nobody else is waited for.
            hurry.give_up();
            asking.join().map_err(|_| "the instruments could not be asked".to_owned())
        });
        let mut bench = self.held.bench.borrow_mut();
        bench.take_up(wiring).map_err(|error| error.to_string())?;
        let wrong: Vec<String> = differences(&self.found, &now?);
        if wrong.is_empty() {
            bench.ready_pumps().map_err(|fault| fault.to_string())?;
        }
        Ok(wrong)
    }
}

/// Who does not answer, and who is another one than before.
fn differences(before: &[Finding], now: &[Finding]) -> Vec<String> {
    let who = |finding: &Finding| {
        finding.identity.as_ref().map(|who| (who.model.clone(), who.serial_number.clone()))
    };
    let wrong = before.iter().zip(now).filter_map(|(before, now)| match &now.problem {
        Some(problem) => Some(format!("{}: {problem}", now.name)),
        None if who(before) != who(now) => {
            Some(format!("{}: another instrument answers", now.name))
        }
        None => None,
    });
    wrong.collect()
}

/// Looks after a campaign on a rig.
pub(super) struct Attendant<'a> {
    /// The scenario as it was rehearsed.
    pub(super) rehearsed: &'a Scenario,
    /// Whether the first experiment is taken as it is.
    pub(super) accept: bool,
    /// None where something else drives the instruments.
    pub(super) cables: Option<Cables>,
}

impl Attendant<'_> {
    /// Waits until the rig is safe and everybody is there who was there before.
    fn until_there(&mut self, lab: &mut dyn Lab) -> bool {
        let Some(cables) = &mut self.cables else { return false };
        let until = lab.now() + Span::from_secs(PATIENCE_S);
        let mut told = String::new();
        while lab.now() < until && !STOP.load(Ordering::Relaxed) {
            let before = lab.now();
            // A guard that cannot read cuts the wait short; time passes on the bench in any case.
            let waited = lab.wait(Span::from_secs(EVERY_S)).is_ok();
            if lab.now() == before && cables.held.wait(Span::from_secs(EVERY_S)).is_err() {
                return false;
            }
            let said = match waited && lab.send(&Command::MakeSafe).is_ok() {
                false => vec!["the rig does not say that it is safe".to_owned()],
                true => cables.look().unwrap_or_else(|error| vec![error]),
            };
            if said.is_empty() {
                return true;
            }
            let said = said.join(", ");
            if said != told {
                console::say_line(format_args!("waiting for {said}"));
                told = said;
            }
        }
        false
    }
}

/// A line from the terminal, while the rig is looked after; none if nobody answers before the rig must stop.
fn answer(lab: &mut dyn Lab) -> Option<String> {
    lines::forget();
    loop {
        match lines::poll() {
            Line::Typed(line) => return Some(line.trim().to_owned()),
            Line::End => return Some(String::new()),
            Line::NotYet => lab.wait(Span::from_secs(LOOK_S)).ok()?,
        }
    }
}

impl Observer for Attendant<'_> {
    fn repeats(&mut self, lab: &mut dyn Lab, fault: &Fault, times: usize) -> bool {
        if !fault.kind.is_of_a_link() || times >= MOST {
            return false;
        }
        console::say_line(format_args!(
            "{fault}\nthe experiment is spoiled and nothing is learnt of it; it is repeated once everybody answers again \
             (Ctrl-C stops)"
        ));
        let there = self.until_there(lab);
        if there {
            console::say_line(
                "everybody answers again and is who it was; the experiment is repeated",
            );
        }
        there
    }

    fn first(&mut self, lab: &mut dyn Lab, observation: &Observation) -> Result<(), FaultKind> {
        let Some(detail) = unlike(self.rehearsed, observation) else { return Ok(()) };
        console::say_line(format_args!("\nthe first experiment is unlike its rehearsal: {detail}"));
        if self.accept {
            console::say_line("it is taken as it is, as --accept-first says");
            return Ok(());
        }
        if stdin().is_terminal() && lab.send(&Command::MakeSafe).is_ok() {
            console::say(
                "Look for swapped cables and stocks. Type continue to go on, anything else stops: ",
            );
            if answer(lab).as_deref() == Some("continue") {
                return Ok(());
            }
        }
        Err(FaultKind::Unlike { detail })
    }
}
