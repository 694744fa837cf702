//! What a program must do when something is wrong.

use std::thread::sleep;
use std::time::Duration;

use flowtwin_lab::FaultKind;

use super::good_days::{is_safe, set_to_work};
use super::{Examiner, words};
use crate::codec::program::{Kind, Request, What};

/// Rates and set points that no instrument takes [µL/min] [°C].
const TOO_MUCH: f64 = 1e9;
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
        if !matches!(self.subject.kind, Kind::Pump | Kind::Heater | Kind::Light) {
            return;
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
        self.report.grades.safe_state = Some(safe);
        self.killed();
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
        Kind::Heater => Some(Request::Heat { set_point_c: TOO_MUCH }),
        _ => None,
    }
}
