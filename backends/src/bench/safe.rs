//! Making a rig safe: the heater first, cables side by side, in a time of its own, and everything is tried whatever else
//! fails.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use flowtwin_lab::{Command, Fault, FaultKind, HeaterId, Temperature};

use super::instruments::{Order, Part};
use super::station::Station;
use crate::transport::LONGEST_REPLY;

/// How long making a rig safe may take unless a bench is told otherwise, whatever patience instruments are given. What has
/// not acknowledged by then counts as not safe, and is tried on meanwhile.
pub const SAFE_WITHIN: Duration = Duration::from_millis(1200);

/// Several attempts that follow each other, as layers around a bench make them, share their time.
const ONE_SERIES: Duration = Duration::from_secs(3);

/// What a later attempt of a series waits at least.
const LATER: Duration = Duration::from_millis(50);

/// How long a heater is waited for that has just not acknowledged its safe state: two replies.
const ONCE_MORE: Duration = Duration::from_millis(400);

/// The last command of each instrument, and since when the rig could not be made safe.
#[derive(Debug)]
pub(super) struct Safety {
    /// How long making safe may take.
    within: Duration,
    working: BTreeMap<Part, String>,
    /// Heaters that were turned off, and have not been set to anything since.
    off: Vec<Part>,
    series: Option<Instant>,
    /// What did not acknowledge in the last attempt.
    left: Vec<Part>,
}

impl Default for Safety {
    fn default() -> Self {
        let (working, off, left) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { within: SAFE_WITHIN, working, off, series: None, left }
    }
}

impl Safety {
    /// From now on making safe may take `within`, and what shares this time as much more as that is.
    pub(super) fn may_take(&mut self, within: Duration) {
        self.within = within;
    }

    /// How long a reply may take while the rig is made safe.
    pub(super) fn reply_within(&self) -> Duration {
        self.share(LONGEST_REPLY)
    }

    /// What is `of` [`SAFE_WITHIN`], of the time that making safe may take.
    fn share(&self, of: Duration) -> Duration {
        of.mul_f64(self.within.as_secs_f64() / SAFE_WITHIN.as_secs_f64())
    }

    /// Notes what a command sets to work, or stops.
    pub(super) fn note(&mut self, command: &Command, done: bool) {
        let Some(part) = Part::told_by(command) else { return };
        match command {
            Command::Heat { .. } => self.off.retain(|off| *off != part),
            Command::HeaterOff { .. } if done => self.off.push(part.clone()),
            _ => {}
        }
        match at_work(command) {
            Some(what) => {
                self.series = None;
                self.working.insert(part, what);
            }
            None if done && stops(command) => {
                self.left.retain(|left| *left != part);
                self.working.remove(&part);
            }
            None => {}
        }
    }

    /// Until when an attempt that begins now may take.
    fn until(&mut self, now: Instant) -> Instant {
        let begun = self.series.filter(|begun| now.duration_since(*begun) < ONE_SERIES);
        let begun = *self.series.insert(begun.unwrap_or(now));
        (begun + self.within).max(now + LATER)
    }

    /// Makes all of `stations` safe; returns what did not acknowledge, and why.
    pub(super) fn make_safe(
        &mut self,
        stations: &mut [Station],
        safe: BTreeMap<HeaterId, Temperature>,
    ) -> Vec<(Part, String)> {
        let now = Instant::now();
        let until = self.until(now);
        self.off.clear();
        let order = Order::MakeSafe(safe);
        let mut stations: Vec<_> = stations.iter_mut().filter(|s| s.can_harm()).collect();
        // Heaters have the lowest names of parts: their stations are asked first.
        stations.sort_by(|a, b| a.parts.cmp(&b.parts));
        stations.iter_mut().for_each(|s| s.begin_safe(&order, now + self.within));
        let mut left = Vec::new();
        for station in stations {
            let mine = station.end_safe(&order, until);
            let is_left = |part: &Part| mine.iter().any(|(left, _)| left == part);
            self.working.retain(|part, _| !station.parts.contains(part) || is_left(part));
            left.extend(mine);
        }
        if left.is_empty() {
            self.series = None;
        }
        self.left = left.iter().map(|(part, _)| part.clone()).collect();
        left
    }

    /// Whether it was set to work, and has not acknowledged that it does not any more.
    pub(super) fn is_at_work(&self, part: &Part) -> bool {
        self.working.contains_key(part)
    }

    /// Whether it is a heater that was turned off, and has acknowledged that.
    pub(super) fn is_off(&self, part: &Part) -> bool {
        self.off.contains(part)
    }

    /// How long turning a heater off may take. Nobody is held up twice by one that does not answer; it is tried again.
    pub(super) fn off_within(&self, part: &Part) -> Duration {
        if self.left.contains(part) { self.share(ONCE_MORE) } else { self.within }
    }

    /// What is not safe, in words for the people at the rig.
    pub(super) fn in_words(&self, left: &[(Part, String)]) -> Vec<Unsafe> {
        let of = |(part, why): &(Part, String)| {
            let told = self.working.get(part);
            let what = match part {
                Part::Heater(_) => "heater",
                Part::Pump(_) => "pump",
                _ => "light",
            };
            let does = told.cloned().unwrap_or_else(|| "may be on".into());
            Unsafe { what, name: part.to_string(), does, why: why.clone() }
        };
        left.iter().map(of).collect()
    }
}

/// An instrument that did not acknowledge its safe state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsafe {
    /// `heater`, `pump` or `light`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Its last command.
    pub does: String,
    /// Why it is not safe.
    pub why: String,
}

/// Announces at once that a rig cannot be made safe, at every attempt.
///
/// ```
/// use flowtwin_backends::bench::{Herald, Unsafe};
///
/// #[derive(Debug)]
/// struct Loud;
///
/// impl Herald for Loud {
///     fn not_safe(&mut self, left: &[Unsafe]) {
///         left.iter().for_each(|part| eprintln!("{} {} {}: {}", part.what, part.name, part.does, part.why));
///     }
///     fn safe(&mut self) {
///         eprintln!("the rig is safe");
///     }
/// }
/// ```
pub trait Herald: std::fmt::Debug {
    /// These instruments did not acknowledge their safe state.
    fn not_safe(&mut self, left: &[Unsafe]);
    /// All have acknowledged.
    fn safe(&mut self);
}

/// What a command sets an instrument to; none where it sets nothing to work.
fn at_work(command: &Command) -> Option<String> {
    match command {
        Command::Heat { set_point_c, .. } => {
            Some(format!("is on, last set to {:.1} °C", set_point_c.c()))
        }
        Command::Dispense { rate_ul_per_min, at_most_ul, .. } => Some(format!(
            "runs at {:.1} µL/min, and stops by itself after {:.0} µL",
            rate_ul_per_min.ul_per_min(),
            at_most_ul.ul()
        )),
        Command::Withdraw { rate_ul_per_min, volume_ul, .. } => Some(format!(
            "draws at {:.1} µL/min, and stops by itself after {:.0} µL",
            rate_ul_per_min.ul_per_min(),
            volume_ul.ul()
        )),
        Command::Light { on: true, .. } => Some("is on".into()),
        _ => None,
    }
}

fn stops(command: &Command) -> bool {
    matches!(
        command,
        Command::Stop { .. } | Command::HeaterOff { .. } | Command::Light { on: false, .. }
    )
}

/// The fault of a rig that is not safe.
pub(super) fn not_safe(left: &[(Part, String)]) -> FaultKind {
    let left: Vec<String> = left.iter().map(|(part, why)| format!("{part} ({why})")).collect();
    FaultKind::NotSafe { because: None, left: left.join(", ") }
}

impl super::Bench {
    /// Makes the rig safe: heaters to their safe set point (or off, where they do not take it, or no watch is there that
    /// would turn them off later), pumps stopped, lights off. What hangs on one cable is asked in this order, cables
    /// side by side, for [`SAFE_WITHIN`] at most, or what it was told.
    ///
    /// # Errors
    /// What did not acknowledge, and what a person must do.
    pub(super) fn make_safe(&mut self) -> Result<(), Fault> {
        let kept = self.manifest.heaters.iter().filter(|_| !self.unwatched);
        let safe = kept.map(|info| (info.name.clone(), Temperature::from_c(info.safe_c))).collect();
        let left = self.safety.make_safe(&mut self.stations, safe);
        if left.is_empty() {
            self.heralds.iter_mut().for_each(|herald| herald.safe());
            return Ok(());
        }
        let words = self.safety.in_words(&left);
        self.heralds.iter_mut().for_each(|herald| herald.not_safe(&words));
        Err(self.fault("bench", not_safe(&left)))
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{FlowRate, Setting, Volume};

    use super::super::Instruments;
    use super::super::doubles::Acts;
    use super::super::tests::Told;
    use super::*;

    fn pump(name: &str) -> Part {
        Part::Pump(name.into())
    }

    fn plate() -> Part {
        Part::Heater("plate".into())
    }

    fn heat(heater: &str) -> Command {
        Command::Heat { heater: heater.into(), set_point_c: Temperature::from_c(80.0) }
    }

    fn run() -> Command {
        Command::Dispense {
            pump: "water".into(),
            rate_ul_per_min: FlowRate::from_ul_per_min(60.0),
            at_most_ul: Volume::from_ul(10.0),
        }
    }

    #[test]
    fn a_pump_is_at_work_until_it_has_acknowledged_that_it_stops() {
        let mut safety = Safety { left: vec![pump("water"), pump("oil")], ..Safety::default() };
        safety.note(&run(), true);
        assert!(safety.is_at_work(&pump("water")) && !safety.is_at_work(&pump("oil")));
        let stop = Command::Stop { pump: "water".into() };
        safety.note(&stop, false);
        assert!(safety.is_at_work(&pump("water")), "it has not acknowledged");
        let asked = Command::ReadBack { setting: Setting::Rate("water".into()) };
        safety.note(&asked, true);
        assert!(safety.is_at_work(&pump("water")), "a question stops nothing");
        assert_eq!(safety.off_within(&pump("water")), ONCE_MORE);
        safety.note(&stop, true);
        assert!(!safety.is_at_work(&pump("water")));
        assert_eq!(safety.off_within(&pump("water")), SAFE_WITHIN);
        assert_eq!(safety.off_within(&pump("oil")), ONCE_MORE, "nobody has told it anything");
    }

    #[test]
    fn a_heater_is_off_once_it_has_acknowledged_that_until_it_is_told_to_heat() {
        let mut safety = Safety::default();
        let off = Command::HeaterOff { heater: "plate".into() };
        safety.note(&off, false);
        assert!(!safety.is_off(&plate()));
        safety.note(&off, true);
        safety.note(&heat("cell"), true);
        assert!(safety.is_off(&plate()));
        safety.note(&heat("plate"), false);
        assert!(!safety.is_off(&plate()), "it may have heard it");
    }

    #[test]
    fn attempts_that_follow_each_other_share_their_time() {
        let (mut safety, begun) = (Safety::default(), Instant::now());
        let mut left_ms = |ms: u64| {
            let now = begun + Duration::from_millis(ms);
            (safety.until(now) - now).as_millis()
        };
        assert_eq!([0, 1000, 2000, 2999, 3000].map(&mut left_ms), [1200, 200, 50, 50, 1200]);
    }

    #[test]
    fn what_was_made_safe_begins_a_series_anew_and_keeps_no_heater_off() {
        let mut safety = Safety { series: Some(Instant::now()), ..Safety::default() };
        safety.note(&Command::HeaterOff { heater: "plate".into() }, true);
        assert!(safety.is_off(&plate()));
        assert_eq!(safety.make_safe(&mut [], BTreeMap::new()), []);
        assert!(!safety.is_off(&plate()), "it has a safe set point now");
        assert_eq!(safety.series, None);
    }

    #[test]
    fn what_did_not_acknowledge_is_at_work_still_and_nothing_else_is() {
        let mut safety = Safety::default();
        safety.note(&heat("plate"), true);
        safety.note(&run(), true);
        let (mut heats, mut flows) = (Instruments::default(), Instruments::default());
        heats.heaters.insert("plate".into(), Box::new(Acts(|_| Err(FaultKind::NotReady))));
        flows.pumps.insert("water".into(), Box::new(Told::default()));
        let mut stations = [Station::here(flows), Station::here(heats)];
        let left = safety.make_safe(&mut stations, BTreeMap::new());
        assert_eq!(left, [(plate(), FaultKind::NotReady.to_string())]);
        assert!(safety.is_at_work(&plate()) && !safety.is_at_work(&pump("water")));
        assert_eq!(safety.off_within(&plate()), ONCE_MORE, "nobody waits for it again so long");
        assert!(safety.series.is_some(), "what follows shares the time");
    }

    /// A spectrometer that is not there does no harm.
    #[test]
    fn what_can_do_no_harm_need_not_be_made_safe() {
        let here = |instruments| Station::here(instruments);
        assert!(!here(Instruments::default()).can_harm());
        let mut only = Instruments::default();
        only.permits.insert("door".into(), Box::new(Told::default()));
        assert!(!here(only).can_harm());
        let mut flows = Instruments::default();
        flows.pumps.insert("water".into(), Box::new(Told::default()));
        assert!(here(flows).can_harm());
    }

    #[test]
    fn people_are_told_what_is_on_by_its_last_command() {
        let mut safety = Safety::default();
        safety.note(&heat("plate"), true);
        safety.note(&run(), true);
        let shines = Command::Light { light: "lamp".into(), on: true };
        safety.note(&shines, true);
        let lamp = || Part::Light("lamp".into());
        let (rate_ul_per_min, volume_ul) = (FlowRate::from_ul_per_min(30.0), Volume::from_ul(5.0));
        let draws = Command::Withdraw { pump: "acid".into(), rate_ul_per_min, volume_ul };
        safety.note(&draws, true);
        let left = [plate(), pump("water"), lamp(), pump("oil"), pump("acid")];
        let left: Vec<_> = left.into_iter().map(|part| (part, "no reply".to_owned())).collect();
        let told: Vec<String> = safety
            .in_words(&left)
            .iter()
            .map(|it| format!("{} {} {}", it.what, it.name, it.does))
            .collect();
        let expected = [
            "heater plate is on, last set to 80.0 °C",
            "pump water runs at 60.0 µL/min, and stops by itself after 10 µL",
            "light lamp is on",
            "pump oil may be on",
            "pump acid draws at 30.0 µL/min, and stops by itself after 5 µL",
        ];
        assert_eq!(told, expected);
        safety.note(&Command::Light { light: "lamp".into(), on: false }, true);
        assert!(!safety.is_at_work(&lamp()));
    }
}
