//! A lab over boxed instruments.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use flowtwin_lab::{
    Command, Fault, FaultKind, FlowRate, Instant, Lab, Manifest, PumpId, Reply, SensorId, ValveId,
    Volume,
};

#[cfg(test)]
mod doubles;
mod instruments;
mod safe;
mod sentry;
mod station;
#[cfg(test)]
mod tests;
mod worker;

pub use instruments::Instruments;
pub(crate) use instruments::{Answer, Order, Part};
pub use safe::{Herald, SAFE_WITHIN, Unsafe};

use crate::clock::Clock;
use crate::transport::Hurry;
use safe::Safety;
use sentry::{Rounds, Sentry};
use station::Station;
use worker::Worker;

/// A lab over boxed instruments, in the time of its clock.
///
/// Dropped while the rig may be at work, it makes the rig safe as far as it can.
#[derive(Debug)]
pub struct Bench {
    pub(crate) manifest: Manifest,
    stations: Vec<Station>,
    /// The station of each part.
    places: BTreeMap<Part, usize>,
    clock: Box<dyn Clock>,
    at_work: bool,
    safety: Safety,
    pulse: Option<Box<dyn Pulse>>,
    heralds: Vec<Box<dyn Herald>>,
    /// When the heaters are looked at.
    rounds: Rounds,
    /// The receiver of heartbeats has acted, has gone or does not answer: nobody turns heaters off after this bench.
    unwatched: bool,
}

/// The instruments at the end of a cable, and what makes them once more in a thread of their own.
pub(crate) type Cable = (Instruments, Box<dyn FnOnce(&Hurry) -> Instruments + Send>);

/// Receives a heartbeat while the bench is alive.
///
/// ```
/// use flowtwin_backends::bench::Pulse;
/// use flowtwin_lab::FaultKind;
///
/// /// Counts beats.
/// #[derive(Debug)]
/// struct Beats(u64);
///
/// impl Pulse for Beats {
///     fn beat(&mut self) -> Result<(), FaultKind> {
///         self.0 += 1;
///         Ok(())
///     }
/// }
/// ```
pub trait Pulse: std::fmt::Debug {
    /// Called at every command and every tick of a wait.
    ///
    /// # Errors
    /// If there is no receiver any more.
    fn beat(&mut self) -> Result<(), FaultKind>;

    /// Whether the receiver has confirmed this moment, or a later one: called, again and again, before what was measured
    /// is believed.
    ///
    /// # Errors
    /// If there is no receiver any more.
    fn confirm(&mut self) -> Result<bool, FaultKind> {
        self.beat().map(|()| true)
    }
}

impl<P: Pulse> Pulse for Rc<RefCell<P>> {
    fn beat(&mut self) -> Result<(), FaultKind> {
        self.borrow_mut().beat()
    }

    fn confirm(&mut self) -> Result<bool, FaultKind> {
        self.borrow_mut().confirm()
    }
}

impl Bench {
    /// A lab that is described by `manifest` and made of `instruments`, which are asked one after the other.
    pub fn new(manifest: Manifest, instruments: Instruments, clock: Box<dyn Clock>) -> Self {
        Self::of(manifest, vec![Station::here(instruments)], clock)
    }

    /// A lab whose instruments are asked in threads of their own: one for each of `cables`, which makes the instruments at
    /// the end of a cable, on wires that wait no longer than they are granted.
    pub(crate) fn of_cables(manifest: Manifest, cables: Vec<Cable>, clock: Box<dyn Clock>) -> Self {
        Self::of(manifest, cables.into_iter().map(in_a_thread).collect(), clock)
    }

    fn of(manifest: Manifest, stations: Vec<Station>, clock: Box<dyn Clock>) -> Self {
        let (safety, heralds, places) = (Safety::default(), Vec::new(), BTreeMap::new());
        let mut bench = Self {
            manifest,
            stations: Vec::new(),
            places,
            clock,
            at_work: false,
            safety,
            pulse: None,
            heralds,
            rounds: Rounds::below(f64::INFINITY),
            unwatched: false,
        };
        bench.install(stations);
        bench
    }

    /// Replaces the instruments. The cables of the old ones are closed first.
    fn install(&mut self, stations: Vec<Station>) {
        self.stations.iter_mut().for_each(Station::let_go);
        let parts = |(i, station): (usize, &Station)| {
            station.parts.iter().map(move |part| (part.clone(), i)).collect::<Vec<_>>()
        };
        self.places = stations.iter().enumerate().flat_map(parts).collect();
        self.stations = stations;
        self.pass_on_replies();
    }

    fn pass_on_replies(&self) {
        let reply = self.safety.reply_within();
        self.stations.iter().for_each(|station| station.replies_within(reply));
    }

    /// Releases all cables, so that another program can identify the instruments. Until they are
    /// [taken up](Self::take_up) again the bench has no instruments.
    pub fn let_go(&mut self) {
        self.install(Vec::new());
    }

    /// Takes cables up again that it had let go of.
    pub(crate) fn install_cables(&mut self, cables: Vec<Cable>) {
        self.install(cables.into_iter().map(in_a_thread).collect());
    }

    /// The same bench, which shows `pulse` that it is alive.
    #[must_use]
    pub fn with_pulse(mut self, pulse: Box<dyn Pulse>) -> Self {
        self.pulse = Some(pulse);
        self
    }

    /// The same bench, which informs `herald` at once when it cannot make the rig safe.
    #[must_use]
    pub fn with_herald(mut self, herald: Box<dyn Herald>) -> Self {
        self.heralds.push(herald);
        self
    }

    /// The same bench, which may take `within` to make the rig safe instead of [`SAFE_WITHIN`]: what must not depend on how
    /// busy a machine is needs more.
    #[must_use]
    pub fn with_safe_within(mut self, within: std::time::Duration) -> Self {
        self.safety.may_take(within);
        self.pass_on_replies();
        self
    }

    /// The same bench, which looks at its heaters twice a second while it waits, for time to pass or for another
    /// instrument, and gives that up where one is hotter than `ceiling_c` [°C] or heats with an open sensor.
    ///
    /// Only heaters at the end of a cable are looked at: what is in this process changes when it is asked to, and its
    /// journal must not depend on a clock.
    #[must_use]
    pub fn with_ceiling(mut self, ceiling_c: f64) -> Self {
        self.rounds = Rounds::below(ceiling_c);
        self
    }

    fn beat(&mut self) -> Result<(), Fault> {
        let beat = self.pulse.as_mut().map_or(Ok(()), |pulse| pulse.beat());
        beat.map_err(|kind| self.nobody_watches(kind))
    }

    /// The fault of a bench whose watch has acted, has gone or does not answer.
    fn nobody_watches(&mut self, kind: FaultKind) -> Fault {
        self.unwatched = true;
        self.fault("watch", kind)
    }

    /// Looks at the heaters, where it is time to.
    fn look_at_heaters(&mut self) -> Result<(), Fault> {
        let mut sentry = Sentry::of_all(&mut self.rounds, &mut self.stations);
        let judged = sentry.look(&self.safety);
        let found = sentry.found();
        judged.map_err(|kind| match found {
            Some(heater) => self.fault(heater, kind),
            None => self.fault("bench", kind),
        })
    }

    /// Waits until the watch, which could make the rig safe, has confirmed that it is alive.
    fn confirm(&mut self) -> Result<(), Fault> {
        loop {
            let heard = self.pulse.as_mut().map_or(Ok(true), |pulse| pulse.confirm());
            match heard {
                Ok(true) => return Ok(()),
                Ok(false) if self.clock.is_interrupted() => {
                    return Err(self.fault("operator", FaultKind::Interrupted));
                }
                Ok(false) => {}
                Err(kind) => return Err(self.nobody_watches(kind)),
            }
        }
    }

    pub(crate) fn fault(&self, origin: impl std::fmt::Display, kind: FaultKind) -> Fault {
        Fault::new(self.clock.now(), origin, kind)
    }

    /// Gives an order to a part; its fault is completed with time and origin. While it is carried out the bench shows that
    /// it is alive, and obeys requests to stop.
    pub(crate) fn order(&mut self, part: &Part, order: &Order) -> Result<Answer, Fault> {
        let Some(&at) = self.places.get(part) else {
            let detail = format!("there is no {part}");
            return Err(self.fault(part, FaultKind::Unsupported { detail }));
        };
        let turns_off = matches!(order, Order::Do(Command::HeaterOff { .. }));
        let off_within = self.safety.off_within(part);
        let until = turns_off.then(|| std::time::Instant::now() + off_within);
        let Self { stations, pulse, clock, rounds, safety, .. } = self;
        let (station, others) = sentry::apart(stations, at);
        let mut sentry = Sentry::beside(rounds, others);
        let mut alive = || match clock.is_interrupted() && !turns_off {
            true => Err(FaultKind::Interrupted),
            false => {
                pulse.as_mut().map_or(Ok(()), |pulse| pulse.beat())?;
                if turns_off { Ok(()) } else { sentry.look(safety) }
            }
        };
        let answered = station.ask(order, until, &mut alive);
        let found = sentry.found();
        answered.map_err(|kind| match (kind, found) {
            (kind @ FaultKind::Unwatched { .. }, _) => self.nobody_watches(kind),
            (kind, Some(heater)) => self.fault(heater, kind),
            (kind, None) => self.fault(part, kind),
        })
    }

    /// Refuses a rate outside the range of the pump in the manifest, before anything is sent.
    fn check_rate(&self, pump: &PumpId, rate: FlowRate) -> Result<(), Fault> {
        let Some(info) = self.manifest.pump(pump) else { return Ok(()) };
        let (low, high) = (info.min_ul_per_min, info.max_ul_per_min);
        let value = rate.ul_per_min();
        if value.total_cmp(&0.0).is_eq() || (low..=high).contains(&value) {
            return Ok(());
        }
        let (quantity, unit) = ("rate".into(), "µL/min".into());
        Err(self.fault(pump, FaultKind::OutOfRange { quantity, value, low, high, unit }))
    }

    /// Somebody has filled a syringe: no instrument needs to know, but a world that is simulated behind it.
    fn filled(&mut self, pump: &PumpId, holds: Volume) -> Result<Reply, Fault> {
        match self.manifest.pump(pump) {
            Some(_) => self.clock.filled(pump, holds).map(|()| Reply::Done),
            None => {
                let detail = format!("there is no {pump}");
                Err(self.fault(pump, FaultKind::Unsupported { detail }))
            }
        }
    }

    /// Turns a valve to one of its positions in the manifest.
    fn turn(&mut self, valve: &ValveId, position: &str) -> Result<Reply, Fault> {
        let known = self.manifest.valve(valve).map(|info| info.number(position));
        let unsupported = |detail| FaultKind::Unsupported { detail };
        let number = match known {
            Some(Some(number)) => number,
            Some(None) => {
                let kind = unsupported(format!("it has no position \"{position}\""));
                return Err(self.fault(valve, kind));
            }
            None => return Err(self.fault(valve, unsupported(format!("there is no {valve}")))),
        };
        let answer =
            self.order(&Part::Valve(valve.clone()), &Order::Turn(valve.clone(), number))?;
        Ok(self.reply(answer))
    }

    fn read(&mut self, sensor: &SensorId) -> Result<Reply, Fault> {
        let found = self.manifest.sensors.iter().find(|s| s.name == *sensor);
        let Some(kind) = found.map(|info| info.kind.clone()) else {
            let detail = format!("there is no {sensor}");
            return Err(self.fault(sensor, FaultKind::Unsupported { detail }));
        };
        let part = Part::read_by(&kind, sensor);
        let answer = self.order(&part, &Order::Read(kind, sensor.clone()))?;
        Ok(self.reply(answer))
    }

    fn reply(&self, answer: Answer) -> Reply {
        match answer {
            Answer::Takes(span) => Reply::Ready(self.clock.now() + span),
            Answer::Frames(frames) => Reply::Frames(frames),
            Answer::Results(found) => Reply::Results(found),
            Answer::Reading(value) => Reply::Reading(value),
            Answer::Done | Answer::Info(_) | Answer::Left(_) => Reply::Done,
        }
    }

    fn dispatch(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Read { sensor } => return self.read(sensor),
            Command::MakeSafe => return self.make_safe().map(|()| Reply::Done),
            Command::Fill { pump, holds_ul } => return self.filled(pump, *holds_ul),
            Command::Turn { valve, position } => return self.turn(valve, position),
            Command::Dispense { pump, rate_ul_per_min, .. }
            | Command::Withdraw { pump, rate_ul_per_min, .. } => {
                self.check_rate(pump, *rate_ul_per_min)?;
            }
            _ => {}
        }
        let Some(part) = Part::told_by(command) else {
            let detail = "this rig is driven by commands to instruments".into();
            return Err(self.fault("bench", FaultKind::Unsupported { detail }));
        };
        let done = self.order(&part, &Order::Do(command.clone()));
        self.safety.note(command, done.is_ok());
        let reply = self.reply(done?);
        if matches!(command, Command::Fetch { .. } | Command::Results { .. }) {
            self.confirm()?;
        }
        Ok(reply)
    }
}

/// A station with a thread of its own, for the instruments at the end of a cable.
fn in_a_thread((known, made): Cable) -> Station {
    Station::there(known.parts(), Worker::start(made))
}

impl Lab for Bench {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let heard = self.beat();
        if *command != Command::MakeSafe {
            heard?;
        }
        match command {
            Command::MakeSafe => self.at_work = false,
            Command::Dispense { .. }
            | Command::Withdraw { .. }
            | Command::Heat { .. }
            | Command::Arm { .. } => self.at_work = true,
            Command::Light { on: true, .. } => self.at_work = true,
            // What stops something, or only looks, leaves no work: above all, a heater that was turned off at last
            // must not be given a set point again when the bench is dropped.
            _ => {}
        }
        self.dispatch(command)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        while self.clock.now() < deadline {
            self.beat()?;
            self.look_at_heaters()?;
            let now = self.clock.now();
            let next = self.stations.iter_mut().filter_map(|station| station.attend(now)).min();
            self.clock.tick(next.map_or(deadline, |next| deadline.min(next)))?;
        }
        Ok(())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if self.at_work {
            // There is nobody left to tell; the heartbeat process will find the rig as it is.
            let _ = self.make_safe();
        }
        self.stations.iter_mut().for_each(Station::let_go);
    }
}
