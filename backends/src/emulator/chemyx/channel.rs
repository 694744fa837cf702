//! One pump of a port: its settings, and the answers to its commands.

use flowtwin_lab::{Lab, PumpId, math};

use super::Syringe;
use super::run::Delivery;

/// Units by number: volume per unit [µL], minutes per unit of time.
const UNITS: [(f64, f64); 4] = [(1000.0, 1.0), (1000.0, 60.0), (1.0, 1.0), (1.0, 60.0)];

/// One pump.
#[derive(Debug)]
pub struct Channel {
    pump: PumpId,
    settings: Settings,
    run: Delivery,
}

/// What a pump keeps, in the units in force.
#[derive(Clone, Copy, Debug)]
struct Settings {
    units: usize,
    syringe: Syringe,
    rate: f64,
    volume: f64,
    delay: f64,
    time: f64,
}

/// A bore has to be set before a pump can be trusted; this is what a new one shows.
const DEFAULTS: Settings = Settings {
    units: 0,
    syringe: Syringe { bore_mm: 20.0 },
    rate: 1.0,
    volume: 0.0,
    delay: 0.0,
    time: 0.0,
};

impl Settings {
    fn ul_per_min(&self) -> f64 {
        let (ul, minutes) = UNITS[self.units];
        self.rate * ul / minutes
    }

    fn volume_ul(&self) -> f64 {
        self.volume * UNITS[self.units].0
    }

    /// Limits in the units in force: rates, then volumes.
    fn limits(&self) -> String {
        let (ul, minutes) = UNITS[self.units];
        let syringe = self.syringe;
        let rate = |ul_per_min: f64| ul_per_min / ul * minutes;
        format!(
            "{:.4} {:.4} {:.4} {:.4}",
            rate(syringe.max_ul_per_min()),
            rate(syringe.min_ul_per_min()),
            syringe.max_ul() / ul,
            syringe.min_ul() / ul
        )
    }

    fn view(&self) -> Vec<String> {
        vec![
            format!("unit = {}", self.units),
            format!("dia = {:.3}", self.syringe.bore_mm),
            format!("rate = {:.6}", self.rate),
            format!("time = {}", self.time),
            format!("volume = {:.6}", self.volume),
            format!("delay = {}", self.delay),
        ]
    }

    fn set_units(&mut self, number: f64) {
        if let Some(units) = (0..UNITS.len()).find(|&n| (number - n as f64).abs() < 0.5) {
            let ((ul, minutes), (new_ul, new_minutes)) = (UNITS[self.units], UNITS[units]);
            self.volume *= ul / new_ul;
            self.rate *= ul / new_ul * (new_minutes / minutes);
            self.units = units;
        }
    }

    /// Takes a rate that the pump can run at; keeps the old one otherwise. Returns whether it
    /// changed.
    fn set_rate(&mut self, asked: f64) -> bool {
        let new = Self { rate: math::round_decimals(asked, 6), ..*self };
        let (low, high) = (self.syringe.min_ul_per_min(), self.syringe.max_ul_per_min());
        let takes = (low..=high).contains(&new.ul_per_min());
        let changes = takes && new.rate.to_bits() != self.rate.to_bits();
        if takes {
            *self = new;
        }
        changes
    }
}

impl Channel {
    /// A pump with its defaults, which moves `pump` of the lab behind.
    pub fn new(pump: PumpId) -> Self {
        Self { run: Delivery::new(pump.clone()), pump, settings: DEFAULTS }
    }

    /// The payload of the answer; none for an unknown command.
    pub fn answer(&mut self, command: &str, world: &mut dyn Lab) -> Option<Vec<String>> {
        let one = |line: String| Some(vec![line]);
        match command {
            "pump status" | "status" => one(self.run.status(world).to_string()),
            "dispensed volume" => one(self.dispensed(world)),
            "elapsed time" => one(format!("elapsed time = {:.5}", self.run.minutes(world.now()))),
            "read limit parameter" => one(self.settings.limits()),
            "view parameter" => Some(self.settings.view()),
            "start" | "start 0" | "start 1" => {
                self.start(world);
                one("Pump start running...".into())
            }
            "stop" => {
                self.run.halt(false, world);
                one("Pump stop!".into())
            }
            "pause" => {
                self.run.halt(true, world);
                one("Pump pause!".into())
            }
            "restart" => {
                self.run.halt(false, world);
                self.start(world);
                one("Pump restart!".into())
            }
            _ => self.set(command, world),
        }
    }

    /// `set NAME VALUE` and `change rate VALUE`. A value out of range is not an error: the old one
    /// is kept.
    fn set(&mut self, command: &str, world: &mut dyn Lab) -> Option<Vec<String>> {
        let (name, list) = command.rsplit_once(' ')?;
        let asked: f64 = list.split(',').next()?.parse().ok()?;
        if !asked.is_finite() {
            return None;
        }
        let settings = &mut self.settings;
        let line = match name {
            "set units" | "set unit" => {
                settings.set_units(asked);
                format!("units = {}", settings.units)
            }
            "set diameter" => {
                if (0.103..=40.0).contains(&asked) {
                    settings.syringe.bore_mm = math::round_decimals(asked, 3);
                }
                format!("diameter = {:.3}", settings.syringe.bore_mm)
            }
            "set volume" => {
                settings.volume = math::round_decimals(asked, 5);
                format!("volume = {:.6}", settings.volume)
            }
            "set delay" => {
                settings.delay = asked.max(0.0);
                format!("delay = {:.6}", settings.delay)
            }
            "set rate" | "set primerate" => format!("rate = {:.6}", self.set_rate(asked, world)),
            "change rate" => format!("pump 1 change rate = {:.6}", self.set_rate(asked, world)),
            "set time" if asked > 0.0 => return Some(self.set_time(asked, world)),
            _ => return None,
        };
        Some(vec![line])
    }

    fn set_rate(&mut self, asked: f64, world: &mut dyn Lab) -> f64 {
        if self.settings.set_rate(asked) {
            let settings = self.settings;
            self.run.change_rate(settings.ul_per_min(), settings.volume_ul(), world);
        }
        self.settings.rate
    }

    /// Sets the rate that delivers the volume in this many minutes.
    fn set_time(&mut self, minutes: f64, world: &mut dyn Lab) -> Vec<String> {
        self.settings.time = minutes;
        let per_unit = UNITS[self.settings.units].1;
        let rate = self.set_rate(self.settings.volume.abs() / minutes * per_unit, world);
        vec![
            String::new(),
            format!("rate = {rate:.6}"),
            String::new(),
            format!("time = {minutes:.6}"),
        ]
    }

    fn start(&mut self, world: &mut dyn Lab) {
        let settings = self.settings;
        self.run.start(settings.ul_per_min(), settings.volume_ul(), world);
    }

    fn dispensed(&self, world: &mut dyn Lab) -> String {
        let shown = self.run.delivered_ul(world) / UNITS[self.settings.units].0;
        format!("dispensed volume = {shown:.4}")
    }

    /// The drive stalls, or is free again.
    pub(super) fn stall(&mut self, begins: bool, world: &mut dyn Lab) {
        self.run.stall(begins, world);
    }

    /// Power goes or comes back: everything stops and settings are the defaults.
    pub(super) fn reset(&mut self, world: &mut dyn Lab) {
        self.run.halt(false, world);
        *self = Self::new(self.pump.clone());
    }
}
