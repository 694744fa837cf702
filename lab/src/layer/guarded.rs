//! A lab that enforces limits and interlocks, and leaves the rig safe on every way out.

mod kept;
mod looped;
mod pumps;
mod sensed;
mod thermal;
mod valves;

pub use looped::LoopModel;
pub use thermal::is_open;

use crate::command::{Command, Reply};
use crate::fault::{Fault, FaultKind, Shortage};
use crate::id::{LightId, PumpId, SensorId, SpectrometerId};
use crate::lab::Lab;
use crate::layer::rules::Limits;
use crate::manifest::{Level, Manifest};
use crate::time::{Instant, Span};

/// A lab that refuses commands outside the limits and watches its instruments while time passes.
///
/// A breach makes the rig safe and is returned as the fault of the command or wait. Dropped, also in a
/// panic, it makes the rig safe once more.
#[derive(Clone, Debug)]
pub struct Guarded<L: Lab> {
    lab: L,
    limits: Limits,
    pumps: pumps::Pumps,
    thermal: thermal::Thermal,
    kept: kept::Kept,
    valves: valves::Valves,
    sensed: sensed::Sensed,
    lit: Vec<(LightId, Instant)>,
    /// Spectrometers whose frames have not been handed over.
    armed: Vec<SpectrometerId>,
    looked: Instant,
    /// How far from its set point a temperature may be while frames are taken \[K\].
    within_k: f64,
    safe: bool,
}

impl<L: Lab> Guarded<L> {
    /// Guards `lab`.
    pub fn new(lab: L, limits: Limits) -> Self {
        let pumps = pumps::Pumps::new(lab.manifest());
        let thermal = thermal::Thermal::new(lab.manifest());
        let looked = lab.now();
        let valves = valves::Valves::new(lab.manifest());
        Self {
            lab,
            limits,
            pumps,
            thermal,
            kept: kept::Kept::default(),
            valves,
            sensed: sensed::Sensed::default(),
            lit: Vec::new(),
            armed: Vec::new(),
            looked,
            within_k: f64::INFINITY,
            safe: false,
        }
    }

    /// The same guard, which knows how these heated zones answer their power.
    #[must_use]
    pub fn knowing(mut self, loops: Vec<LoopModel>) -> Self {
        self.thermal.know(self.lab.manifest(), loops);
        self
    }

    /// The same guard, for which frames count only while every temperature is this close to its set point \[K\]: elsewhere
    /// they tell of no conditions that anybody asked for, whatever the controller says it keeps.
    #[must_use]
    pub fn measuring_within(mut self, within_k: f64) -> Self {
        self.within_k = within_k;
        self
    }

    /// The lab inside.
    pub fn lab(&self) -> &L {
        &self.lab
    }

    /// Volume left in each syringe, in the order of the manifest \[µL\].
    pub fn remaining_ul(&self) -> Vec<f64> {
        self.pumps.remaining_ul(self.lab.now())
    }

    /// The syringes that do not hold these volumes \[µL\] above the reserve.
    pub fn shortages(&self, needs: &[(PumpId, f64)]) -> Vec<Shortage> {
        let (now, reserve_ul) = (self.lab.now(), self.limits.reserve_ul);
        needs
            .iter()
            .filter_map(|(pump, ul)| self.pumps.shortage(now, pump, *ul, reserve_ul))
            .collect()
    }

    /// Takes away `ul` µL that a pump delivered before this guard was put on (a resumed run).
    pub fn delivered_before(&mut self, pump: usize, ul: f64) {
        self.pumps.delivered_before(pump, ul);
    }

    /// Takes away `ul` µL that a pump drew from its bottle before this guard was put on (a resumed run).
    pub fn drawn_before(&mut self, pump: usize, ul: f64) {
        self.pumps.drawn_before(pump, ul);
    }

    /// What the pumps among these that refill themselves can draw now \[µL\].
    pub fn can_draw_ul(&self, short: &[Shortage]) -> Vec<(PumpId, f64)> {
        let now = self.lab.now();
        let draw = |s: &Shortage| Some((s.pump.clone(), self.pumps.can_draw_ul(now, &s.pump)?));
        short.iter().filter(|s| s.can_be_filled()).filter_map(draw).collect()
    }

    /// Whether every instrument has acknowledged its safe state since one was last set to work.
    pub fn is_safe(&self) -> bool {
        self.safe
    }

    /// Since when a reading may have been wrong, where the rule that tripped tells that: nothing measured since then is an
    /// observation of its conditions. Whoever heats again has put it right.
    pub fn doubtful_since(&self) -> Option<Instant> {
        self.thermal.doubtful_since()
    }

    fn interlock(&self, rule: &str, origin: impl std::fmt::Display, detail: String) -> Fault {
        let kind = FaultKind::Interlock { rule: rule.into(), detail };
        Fault::new(self.lab.now(), origin, kind)
    }

    /// Makes the rig safe because of `fault`, and adds to it if that failed too.
    fn trip(&mut self, fault: Fault) -> Fault {
        let result = self.lab.send(&Command::MakeSafe);
        self.note(&Command::MakeSafe, self.lab.now());
        match result {
            Ok(_) => {
                self.safe = true;
                fault
            }
            Err(unsafe_part) => fault.and_not_safe(unsafe_part),
        }
    }

    fn check_before(&self, command: &Command) -> Result<(), Fault> {
        let now = self.lab.now();
        match command {
            Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
                let asked = (rate_ul_per_min.ul_per_min(), at_most_ul.ul());
                self.valves.opens(now, pump, asked.0)?;
                self.pumps.check(&self.limits, now, pump, asked)
            }
            Command::Withdraw { pump, rate_ul_per_min, volume_ul } => {
                self.valves.is_at_the_bottle(now, pump)?;
                let asked = (rate_ul_per_min.ul_per_min(), volume_ul.ul());
                self.pumps.check_draw(now, pump, asked)
            }
            Command::Turn { valve, position } => {
                self.valves.may_turn(now, valve, position, &self.pumps)
            }
            Command::Fill { pump, .. } => self.pumps.stands_still(now, pump),
            Command::Heat { heater, set_point_c } => {
                thermal::check(&self.limits, self.lab.manifest(), now, heater, set_point_c.c())
            }
            _ => Ok(()),
        }
    }

    /// Notes a command that was sent at `sent` and has been carried out.
    fn note(&mut self, command: &Command, sent: Instant) {
        let now = self.lab.now();
        self.kept.note(command);
        match command {
            Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
                let asked = (rate_ul_per_min.ul_per_min(), at_most_ul.ul());
                self.pumps.started((sent, now), pump, asked);
            }
            Command::Withdraw { pump, rate_ul_per_min, volume_ul } => {
                let asked = (rate_ul_per_min.ul_per_min(), volume_ul.ul());
                self.pumps.draws((sent, now), pump, asked);
            }
            Command::Turn { valve, position } => {
                if let Some(number) = self.valves.turned(valve, position) {
                    let turns_s = self.lab.manifest().valve(valve).map_or(0.0, |it| it.turns_s);
                    self.kept.turned(valve, number, now + Span::from_secs(turns_s));
                }
            }
            Command::Stop { pump } => self.pumps.stopped(now, pump),
            Command::Fill { pump, holds_ul } => self.pumps.filled(pump, holds_ul.ul()),
            Command::Heat { heater, set_point_c } => {
                self.thermal.heated(now, heater, Some(set_point_c.c()));
            }
            Command::HeaterOff { heater } => self.thermal.heated(now, heater, None),
            Command::Light { light, on } => {
                self.lit.retain(|(lit, _)| lit != light);
                if *on {
                    self.lit.push((light.clone(), now));
                }
            }
            Command::MakeSafe => {
                self.pumps.all_stopped(now);
                self.thermal.all_safe(now);
                self.lit.clear();
                self.armed.clear();
            }
            Command::Arm { spectrometer, .. } => self.armed.push(spectrometer.clone()),
            Command::Fetch { spectrometer } => self.armed.retain(|armed| armed != spectrometer),
            _ => {}
        }
    }

    /// Whether something pumps, heats or shines.
    fn at_work(&self, now: Instant) -> bool {
        !self.lit.is_empty() || self.thermal.heats() || self.pumps.flowing(now)
    }

    /// Refuses to continue if the instruments were not checked for too long.
    fn look_was_recent(&mut self) -> Result<(), Fault> {
        let now = self.lab.now();
        let blind_s = now.since(self.looked).as_secs();
        if !self.at_work(now) {
            self.looked = now;
        } else if blind_s > self.limits.no_reading_s {
            self.looked = now;
            let detail = format!(
                "nothing was read for {blind_s:.0} s, allowed are {:.0} s: find out what held the program up",
                self.limits.no_reading_s
            );
            return Err(self.interlock("no reading", "guard", detail));
        }
        Ok(())
    }

    /// Looks at every instrument once.
    fn look(&mut self) -> Result<(), Fault> {
        self.look_was_recent()?;
        let now = self.lab.now();
        self.looked = now;
        sensed::look_at_switches(&mut self.lab)?;
        if let Some((light, since)) = self
            .lit
            .iter()
            .find(|(_, since)| now.since(*since).as_secs() > self.limits.max_light_s)
            .cloned()
        {
            let detail = format!(
                "on for {:.0} s, allowed are {:.0} s: ultraviolet light is an eye hazard",
                now.since(since).as_secs(),
                self.limits.max_light_s
            );
            return Err(self.interlock("light", light, detail));
        }
        self.pumps.look(&mut self.lab, &self.limits)?;
        self.sensed.look(&mut self.lab, &self.limits, &self.pumps)?;
        let flow = self.pumps.flow(self.lab.now());
        self.thermal.look(&mut self.lab, &self.limits, flow)?;
        self.kept.look(&mut self.lab)
    }

    /// Makes sure that the rig has the settings that were commanded, at the beginning and at the end of taking frames, and
    /// before a sample is taken: nothing else becomes an observation.
    fn verify(&mut self) -> Result<(), Fault> {
        self.pumps.verify(&mut self.lab, &self.limits)?;
        self.thermal.verify(&mut self.lab, self.within_k)?;
        self.kept.look(&mut self.lab)
    }

    /// Sends a command to the lab inside. What runs whole experiments by itself need not know who fills its syringes.
    fn pass_on(&mut self, command: &Command) -> Result<Reply, Fault> {
        let need_not_know = matches!(command, Command::Fill { .. })
            && self.lab.manifest().level == Level::Experiments;
        match self.lab.send(command) {
            Err(Fault { kind: FaultKind::Unsupported { .. }, .. }) if need_not_know => {
                Ok(Reply::Done)
            }
            answer => answer,
        }
    }

    /// Whether a command begins to take frames.
    fn begins_frames(&self, command: &Command) -> bool {
        let Command::Arm { spectrometer, .. } = command else { return false };
        self.armed.is_empty() || self.armed.contains(spectrometer)
    }
}

/// Reads a sensor; anything but a reading is a fault.
fn read(lab: &mut impl Lab, sensor: &SensorId) -> Result<f64, Fault> {
    match lab.send(&Command::Read { sensor: sensor.clone() })? {
        Reply::Reading(value) => Ok(value),
        _ => {
            let detail = "the lab answered a reading with something else".into();
            Err(Fault::new(lab.now(), sensor, FaultKind::Garbled { detail }))
        }
    }
}

impl<L: Lab> Lab for Guarded<L> {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let safe = *command == Command::MakeSafe;
        let fit = if safe { Ok(()) } else { self.look_was_recent() };
        let mut fit = fit.and_then(|()| self.check_before(command));
        if self.begins_frames(command) {
            self.armed.clear();
            fit = fit.and_then(|()| self.verify());
        }
        if matches!(command, Command::Inject { .. }) {
            fit = fit.and_then(|()| self.verify());
        }
        if let Err(fault) = fit {
            return Err(self.trip(fault));
        }
        let sent = self.lab.now();
        let result = self.pass_on(command);
        self.safe = match command {
            Command::MakeSafe => self.safe || result.is_ok(),
            Command::Stop { .. }
            | Command::Fill { .. }
            | Command::Turn { .. }
            | Command::HeaterOff { .. }
            | Command::Inject { .. }
            | Command::Results { .. }
            | Command::Read { .. }
            | Command::ReadBack { .. } => self.safe,
            Command::Light { on, .. } => self.safe && !on,
            _ => false,
        };
        match &result {
            Ok(_) => {
                self.note(command, sent);
                if matches!(command, Command::Fetch { .. })
                    && self.armed.is_empty()
                    && let Err(fault) = self.verify()
                {
                    return Err(self.trip(fault));
                }
            }
            Err(fault) if !safe && fault.kind.stops_campaign() => {
                let fault = fault.clone();
                return Err(self.trip(fault));
            }
            Err(_) => {}
        }
        result
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        if self.lab.manifest().level == Level::Experiments {
            return self.lab.wait_until(deadline);
        }
        let tick = Span::from_secs(self.limits.tick());
        while self.lab.now() < deadline {
            let next = deadline.min(self.lab.now() + tick);
            let result = self.lab.wait_until(next).and_then(|()| self.look());
            if let Err(fault) = result {
                return Err(self.trip(fault));
            }
        }
        Ok(())
    }
}

impl<L: Lab> Drop for Guarded<L> {
    fn drop(&mut self) {
        // Nobody is left to tell; the lab inside records what it could not do.
        let _outcome = self.lab.send(&Command::MakeSafe);
    }
}
