//! The world behind the emulated instruments of a trial: it lies when it is told to, and remembers what really happened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use flowtwin_lab::{
    Command, Fault, FlowRate, Frames, HeaterInfo, Instant, Lab, Manifest, PumpId, Reply,
    SensorKind, Span, Temperature, Volume,
};

/// What the world does that no instrument tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// The plate is held 9 K below the set point that the controller keeps.
    HoldsLower,
    /// The thermometer reads 9 K more than there are.
    ReadsHigher,
    /// A pump delivers a fifth more than its rate.
    DeliversMore,
    /// A spectrometer hands over the frames that it has handed over before.
    OldFrames,
    /// A light that says that it is on is dark.
    StaysDark,
    /// The thermometer reads 300 °C: over-temperature.
    TooHot,
    /// The thermometer stands still but for a hundredth of a kelvin while the plate is heated, and the controller, which
    /// believes it, heats on with all its power.
    Sticks,
    /// The thermometer slips out of its place: it reads 0.8 K less every minute, and the controller makes up for it.
    Slips,
}

/// How fast a thermometer slips [K/s].
const SLIP_K_PER_S: f64 = 0.8 / 60.0;
/// How often the controller makes up for it \[s\].
const MADE_UP_S: f64 = 5.0;
/// What a reading that stands still moves by all the same [K].
const TREMOR_K: f64 = 0.01;

/// Something that happened, and when: on the clock of the rig \[s\], on the one on the wall \[s\], and in the lab time of the
/// instruments.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) rig_s: f64,
    pub(crate) wall_s: f64,
    pub(crate) at: Instant,
    pub(crate) what: Seen,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    /// The fault begins.
    Fault,
    /// The fault has ended.
    Cured,
    /// The thermometer has told of an over-temperature.
    Told,
    /// The heater was given a set point that is not safe.
    Hot,
    /// The heater was given its safe set point, or switched off.
    Cold,
    /// A pump was started, for so much at most \[µL\].
    Flow(PumpId, f64),
    /// A spectrometer began to take frames, under these conditions.
    Frames(Truth),
}

/// What the world really is like.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Truth {
    /// Temperature of the plate [°C].
    pub(crate) plate_c: f64,
    /// What each pump that runs delivers [µL/min].
    pub(crate) rates: BTreeMap<PumpId, f64>,
}

/// What a trial and the world behind its instruments share.
#[derive(Debug)]
pub(crate) struct Known {
    /// Whether the campaign has begun to do something; before, no time passes.
    pub(crate) begun: bool,
    /// When the fault begins and ends, in lab time.
    pub(crate) fault: (Instant, Instant),
    pub(crate) lie: Option<Lie>,
    pub(crate) log: Vec<Entry>,
    /// Lab time.
    pub(crate) now: Instant,
    /// The clock of the rig when `turned_at` was the lab time: each turn of the server counts as long as it took in lab
    /// time or by the clock on the wall, whichever is longer, as both are the same on a real rig.
    pub(crate) rig_s: f64,
    /// The clock on the wall, which counts the time that this process was not held up.
    pub(crate) wall_s: f64,
    pub(crate) turned_at: Instant,
    /// Whether the heater was on when the fault began.
    pub(crate) was_hot: bool,
    /// Whether the heater heats, by its last command.
    pub(crate) hot: bool,
    /// What the heater was last told to heat to, where it is on [°C].
    pub(crate) set_c: Option<f64>,
    /// How often each pump was started.
    pub(crate) starts: BTreeMap<PumpId, usize>,
    /// Pumps that have been told to run and not to stop: their rate [µL/min], and when they have come to their volume.
    pub(crate) running: BTreeMap<PumpId, (f64, Instant)>,
}

impl Known {
    /// Nothing has happened yet; a fault begins and ends in lab time.
    pub(crate) fn new(fault: (Instant, Instant), lie: Option<Lie>) -> Self {
        let (now, turned_at) = (Instant::START, Instant::START);
        let (log, running, starts) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let (begun, was_hot, hot, set_c) = (false, false, false, None);
        let (rig_s, wall_s) = (0.0, 0.0);
        Self {
            begun,
            fault,
            lie,
            log,
            now,
            rig_s,
            wall_s,
            turned_at,
            was_hot,
            hot,
            set_c,
            starts,
            running,
        }
    }

    pub(crate) fn note(&mut self, at: Instant, what: Seen) {
        let rig_s = self.rig_s + at.since(self.turned_at.min(at)).as_secs();
        self.log.push(Entry { rig_s, wall_s: self.wall_s, at, what });
    }

    /// Pumps that run, with their rates [µL/min].
    pub(crate) fn flows(&self, now: Instant) -> BTreeMap<PumpId, f64> {
        let run = self.running.iter().filter(|(_, (_, until))| *until > now);
        run.map(|(pump, (rate, _))| (pump.clone(), *rate)).collect()
    }

    /// Notes that a pump really runs.
    fn runs(&mut self, now: Instant, command: &Command) {
        if let Command::Dispense { pump, rate_ul_per_min, at_most_ul } = command {
            let rate = rate_ul_per_min.ul_per_min();
            let until = now + Span::from_secs(60.0 * at_most_ul.ul() / rate.max(1e-9));
            self.running.insert(pump.clone(), (rate, until));
        }
    }

    /// The first entry of a kind, from an entry on.
    pub(crate) fn first(&self, from: usize, is: impl Fn(&Seen) -> bool) -> Option<(usize, &Entry)> {
        self.log.iter().enumerate().skip(from).find(|(_, entry)| is(&entry.what))
    }

    /// From the first reading that told of the fault until the heater was off [s], on the clock on the wall.
    pub(crate) fn told_s(&self) -> Option<f64> {
        let (at, told) = self.first(0, |it| *it == Seen::Told)?;
        let (_, off) = self.first(at, |it| *it == Seen::Cold)?;
        Some(off.wall_s - told.wall_s)
    }

    /// From the fault until the heater was off [s], on the clock of the rig or on that on the wall.
    pub(crate) fn off_s(&self, on_the_wall: bool) -> Option<f64> {
        let (at, fault) = self.first(0, |it| *it == Seen::Fault)?;
        let (_, off) = self.first(at, |it| *it == Seen::Cold)?;
        let passed_s = (off.rig_s - fault.rig_s, off.wall_s - fault.wall_s);
        Some(if on_the_wall { passed_s.1 } else { passed_s.0 })
    }
}

/// The simulated world, watched.
pub(crate) struct World {
    lab: Box<dyn Lab>,
    known: Arc<Mutex<Known>>,
    active: Option<Lie>,
    old: Option<Frames>,
    /// When the lie began, what was read then, and when the controller has last made up for it.
    since: Instant,
    read_c: f64,
    made_up: Instant,
}

impl World {
    pub(crate) fn new(lab: Box<dyn Lab>, known: Arc<Mutex<Known>>) -> Self {
        let (since, made_up) = (Instant::START, Instant::START);
        Self { lab, known, active: None, old: None, since, read_c: 0.0, made_up }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("nobody panics while looking")
    }

    /// Notes a command, and what is on afterwards.
    fn note(&mut self, command: &Command) {
        let (now, truth) = (self.lab.now(), self.truth(command));
        let mut known = self.known();
        known.begun |= matches!(
            command,
            Command::Heat { .. } | Command::Dispense { .. } | Command::Arm { .. }
        );
        match command {
            Command::Heat { set_point_c, .. } => {
                known.set_c = Some(set_point_c.c());
                known.hot = *set_point_c > Temperature::from_c(30.0);
                let seen = if known.hot { Seen::Hot } else { Seen::Cold };
                known.note(now, seen);
            }
            Command::HeaterOff { .. } => {
                (known.hot, known.set_c) = (false, None);
                known.note(now, Seen::Cold);
            }
            Command::Dispense { pump, at_most_ul, .. } => {
                known.runs(now, command);
                *known.starts.entry(pump.clone()).or_default() += 1;
                known.note(now, Seen::Flow(pump.clone(), at_most_ul.ul()));
            }
            Command::Stop { pump } => drop(known.running.remove(pump)),
            _ => {}
        }
        if let Some(mut truth) = truth {
            truth.rates = known.flows(now);
            known.note(now, Seen::Frames(truth));
        }
    }

    fn truth(&mut self, command: &Command) -> Option<Truth> {
        if !matches!(command, Command::Arm { .. }) {
            return None;
        }
        self.plate_c().map(|plate_c| Truth { plate_c, rates: BTreeMap::new() })
    }

    /// How warm the plate really is [°C].
    fn plate_c(&mut self) -> Option<f64> {
        let kind = SensorKind::Temperature(self.lab.manifest().heaters[0].name.clone());
        let sensor = self.lab.manifest().sensor(&kind)?.clone();
        match self.lab.send(&Command::Read { sensor }) {
            Ok(Reply::Reading(plate_c)) => Some(plate_c),
            _ => None,
        }
    }

    /// How much the thermometer has slipped [K].
    fn slipped_k(&self) -> f64 {
        SLIP_K_PER_S * self.lab.now().since(self.since).as_secs()
    }

    /// The set point at which the plate is held by a controller whose thermometer lies, where it heats at all.
    fn held_c(&self, heater: &HeaterInfo, set_c: f64) -> Option<f64> {
        let heats = set_c > heater.safe_c;
        match self.active {
            Some(Lie::HoldsLower) => Some(set_c - 9.0),
            Some(Lie::Sticks) if heats => Some(heater.high_c),
            Some(Lie::Slips) if heats => Some((set_c + self.slipped_k()).min(heater.high_c)),
            _ => None,
        }
    }

    /// Heats the plate as a controller does whose thermometer lies.
    fn heat_again(&mut self) {
        let heater = self.lab.manifest().heaters[0].clone();
        let set_c = self.known().set_c;
        let Some(held_c) = set_c.and_then(|set_c| self.held_c(&heater, set_c)) else { return };
        let set_point_c = Temperature::from_c(held_c);
        self.lab.send(&Command::Heat { heater: heater.name, set_point_c }).expect("it heats");
        self.made_up = self.lab.now();
    }

    /// The command that really reaches the rig.
    fn altered(&self, command: &Command) -> Option<Command> {
        match (self.active, command) {
            (_, Command::Heat { heater, set_point_c }) => {
                let info = self.lab.manifest().heater(heater)?;
                let set_point_c = Temperature::from_c(self.held_c(info, set_point_c.c())?);
                Some(Command::Heat { heater: heater.clone(), set_point_c })
            }
            (Some(Lie::DeliversMore), Command::Dispense { pump, rate_ul_per_min, at_most_ul })
                if pump.as_str() == "cui" =>
            {
                Some(Command::Dispense {
                    pump: pump.clone(),
                    rate_ul_per_min: FlowRate::from_ul_per_min(1.2 * rate_ul_per_min.ul_per_min()),
                    at_most_ul: *at_most_ul,
                })
            }
            (Some(Lie::StaysDark), Command::Light { light, .. }) => {
                Some(Command::Light { light: light.clone(), on: false })
            }
            _ => None,
        }
    }

    fn falsified(&mut self, command: &Command, reply: Reply) -> Reply {
        let is_plate = matches!(command, Command::Read { sensor } if sensor.as_str().contains("plate")
            && !sensor.as_str().contains("power"));
        let is_power =
            matches!(command, Command::Read { sensor } if sensor.as_str().contains("power"));
        let is_eye = matches!(command, Command::Fetch { spectrometer } if spectrometer.as_str() == "absorption");
        match (self.active, reply) {
            (Some(Lie::ReadsHigher), Reply::Reading(c)) if is_plate => {
                Reply::Reading(f64::from((c + 9.0) as f32))
            }
            (Some(Lie::Sticks), Reply::Reading(c)) if is_plate => {
                // The noise of the sensor, as its last digits tell.
                let tremor = if (c * 1000.0) as i64 % 2 == 0 { TREMOR_K } else { 0.0 };
                Reply::Reading(f64::from((self.read_c + tremor) as f32))
            }
            (Some(Lie::Sticks), Reply::Reading(_)) if is_power && self.known().hot => {
                Reply::Reading(100.0)
            }
            (Some(Lie::Slips), Reply::Reading(c)) if is_plate => {
                Reply::Reading(f64::from((c - self.slipped_k()) as f32))
            }
            (Some(Lie::TooHot), Reply::Reading(_)) if is_plate => {
                let now = self.lab.now();
                self.known().note(now, Seen::Told);
                Reply::Reading(300.0)
            }
            (lie, Reply::Frames(frames)) if is_eye => {
                let kept = self.old.get_or_insert_with(|| frames.clone());
                if lie != Some(Lie::OldFrames) {
                    *kept = frames;
                }
                Reply::Frames(kept.clone())
            }
            (_, reply) => reply,
        }
    }

    /// What changes under way when a lie begins.
    fn begin(&mut self) {
        let (lie, cui) = {
            let mut known = self.known();
            let now = self.lab.now();
            known.was_hot = known.hot;
            known.note(now, Seen::Fault);
            (known.lie, known.flows(now).get("cui").copied())
        };
        self.active = lie;
        self.since = self.lab.now();
        self.read_c = self.plate_c().unwrap_or(f64::NAN);
        self.heat_again();
        let manifest = self.lab.manifest();
        let light = manifest.lights[0].name.clone();
        let again = match (lie, cui) {
            (Some(Lie::DeliversMore), Some(rate)) => Command::Dispense {
                pump: "cui".into(),
                rate_ul_per_min: FlowRate::from_ul_per_min(1.2 * rate),
                at_most_ul: Volume::from_ul(5_000.0),
            },
            (Some(Lie::StaysDark), _) => Command::Light { light, on: false },
            _ => return,
        };
        self.lab.send(&again).expect("the rig does as it likes");
        let now = self.lab.now();
        self.known().runs(now, &again);
    }

    /// Goes on to `until`, and lets the fault begin or end on the way.
    fn pass(&mut self, until: Instant) -> Result<(), Fault> {
        let (from, to) = self.known().fault;
        let now = self.lab.now();
        for (moment, begins) in [(from, true), (to, false)] {
            if now < moment && moment <= until {
                self.lab.wait_until(moment)?;
                if begins {
                    self.begin();
                } else {
                    self.active = None;
                    self.known().note(moment, Seen::Cured);
                }
            }
        }
        if self.active == Some(Lie::Slips)
            && self.lab.now().since(self.made_up).as_secs() > MADE_UP_S
        {
            self.heat_again();
        }
        self.lab.wait_until(until)
    }
}

impl Lab for World {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }
    fn now(&self) -> Instant {
        self.lab.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.note(command);
        let altered = self.altered(command);
        if let Some(altered) = &altered {
            let now = self.lab.now();
            self.known().runs(now, altered);
        }
        let reply = self.lab.send(altered.as_ref().unwrap_or(command))?;
        Ok(self.falsified(command, reply))
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        if !self.known().begun {
            return Ok(());
        }
        let passed = self.pass(deadline);
        let now = self.lab.now();
        self.known().now = now;
        passed
    }
}
