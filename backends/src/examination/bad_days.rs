//! What a program must do when something is wrong.

use std::thread::sleep;
use std::time::Duration;

use flowtwin_lab::FaultKind;

use super::good_days::{is_safe, set_to_work};
use super::{Examiner, words};
use crate::codec::program::{Kind, Request, What};
use crate::instrument::{Heater as _, Light as _, Pump as _};

/// Rates and set points that no instrument takes [µL/min] [°C].
const TOO_MUCH: f64 = 1e9;
/// How often an instrument is made safe at the end, each time by another start of the program.
const ENDS: u32 = 3;
/// How long an instrument may take to show that it is safe.
const SHOWS: Duration = Duration::from_secs(3);

impl Examiner {
    pub(super) fn bad_days(&mut self) {
        self.must("it answers a request that it does not know with an error, and goes on", |it| {
            it.refuses(other(it.subject.kind))?;
            it.is_there()
        });
        self.must("it answers what it cannot read with an error, and goes on", |it| {
            let strange = match it.subject.kind {
                Kind::Pump => What::Granted,
                _ => What::DispensedUl,
            };
            it.refuses(Request::Read { what: strange })?;
            it.is_there()
        });
        if let Some(request) = too_much(self.subject.kind) {
            self.must("it refuses what is far out of range, and does nothing", |it| {
                it.refuses(request)?;
                is_safe(it)
            });
        }
        if !self.can_harm() {
            return;
        }
        if self.shows_whether_it_is_safe() {
            self.must("it says who it is without stopping what is at work", |it| {
                set_to_work(it)?;
                let at_work = is_safe(it).err();
                let (kind, bore_mm) = (it.subject.kind, it.subject.bore_mm);
                it.ask(Request::Identify { kind, bore_mm }).map_err(words)?;
                match is_safe(it) {
                    Err(still) if Some(&still) == at_work.as_ref() => Ok(()),
                    Err(other) => Err(other),
                    Ok(()) => Err("it was at work, and is not any more".into()),
                }
            });
        }
        self.must("it brings its instrument to its safe state", |it| {
            set_to_work(it)?;
            it.ask(Request::MakeSafe {}).map_err(words)?;
            until_safe(it)
        });
        let safe = self.must("it makes its instrument safe when its input ends, and ends", |it| {
            set_to_work(it)?;
            it.begin_anew();
            until_safe(it)
        });
        let seen = self.shows_whether_it_is_safe();
        self.report.grades.safe_state = (seen || !safe).then_some(safe);
        if !seen {
            let note = "it cannot be read: nobody has seen that it was safe".into();
            self.note("it shows whether it is safe", note);
        }
        self.killed();
    }

    /// What an examination must not leave behind, whatever the program is like.
    pub(super) fn leaves_it_safe(&mut self) {
        if !self.can_harm() {
            return;
        }
        self.must("at the end of the examination its instrument is safe", |it| {
            let mut safe = it.make_it_safe();
            for _ in 1..ENDS {
                if safe.is_ok() {
                    break;
                }
                it.program.borrow_mut().give_up();
                safe = it.make_it_safe();
            }
            safe.map_err(|why| format!("IT MAY STILL BE AT WORK, go and look: {why}"))
        });
    }

    /// Tells the instrument in every way to be safe, and looks whether it is.
    pub(super) fn make_it_safe(&mut self) -> Result<(), String> {
        if !self.can_harm() {
            return Ok(());
        }
        let mut part = self.part();
        let told = match self.subject.kind {
            Kind::Pump => part.stop(),
            Kind::Heater => part.off(),
            _ => part.switch(false),
        };
        let asked = self.ask(Request::MakeSafe {});
        if let (Err(told), Err(_)) = (told, asked) {
            return Err(words(told));
        }
        until_safe(self)
    }

    /// What is left when the program is ended by force: nobody can make it safe then but the watch.
    fn killed(&mut self) {
        let promise =
            "after it was ended by force it starts again, and its instrument can be made safe";
        self.must(promise, |it| {
            set_to_work(it)?;
            it.program.borrow_mut().give_up();
            is_there_again(it)?;
            it.ask(Request::MakeSafe {}).map_err(words)?;
            until_safe(it)
        });
    }

    /// Whether it refuses a request; silence, an end or nonsense are no refusal.
    fn refuses(&self, request: Request) -> Result<(), String> {
        let shown = format!("{request:?}");
        match self.ask(request) {
            Ok(()) => Err(format!("it says ok to {shown}")),
            Err(
                kind @ (FaultKind::NoReply { .. }
                | FaultKind::LinkLost { .. }
                | FaultKind::Garbled { .. }),
            ) => Err(format!("{shown}: {kind}")),
            Err(_) => Ok(()),
        }
    }

    fn is_there(&self) -> Result<(), String> {
        self.part().identify().map(drop).map_err(words)
    }
}

fn is_there_again(it: &Examiner) -> Result<(), String> {
    it.is_there().map_err(|why| format!("it does not start again: {why}"))
}

/// Waits until the instrument shows that it is safe: a drive takes a moment to stop.
fn until_safe(it: &Examiner) -> Result<(), String> {
    let mut left = SHOWS;
    loop {
        match is_safe(it) {
            Err(_) if !left.is_zero() => {
                sleep(Duration::from_millis(100));
                left = left.saturating_sub(Duration::from_millis(100));
            }
            done => return done,
        }
    }
}

/// A request that is meant for instruments of another kind.
fn other(kind: Kind) -> Request {
    match kind {
        Kind::Pump => Request::Inject {},
        _ => Request::Dispense { rate_ul_per_min: 1.0, volume_ul: 1.0 },
    }
}

/// A request that no instrument of this kind can carry out.
fn too_much(kind: Kind) -> Option<Request> {
    match kind {
        Kind::Pump => Some(Request::Dispense { rate_ul_per_min: TOO_MUCH, volume_ul: 1.0 }),
        Kind::Valve => Some(Request::Turn { position: 1_000_000 }),
        Kind::Heater => Some(Request::Heat { set_point_c: TOO_MUCH }),
        _ => None,
    }
}
