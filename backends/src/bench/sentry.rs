//! Who looks at the heaters while the bench waits: for time to pass, or for another instrument, which may take minutes not
//! to answer.

use std::time::{Duration, Instant};

use flowtwin_lab::layer::is_open;
use flowtwin_lab::{FaultKind, HeaterId};

use super::instruments::Part;
use super::safe::Safety;
use super::station::Station;

/// Time between two looks at the heaters.
const EVERY: Duration = Duration::from_millis(500);

/// The same where a heater did not answer.
const LATER: Duration = Duration::from_secs(2);

/// How long a heater is waited for while another instrument is.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long it is waited for where nobody else is.
const AT_LEISURE: Duration = Duration::from_secs(1);

/// When the heaters are looked at next, and how hot they may be.
#[derive(Debug)]
pub(super) struct Rounds {
    ceiling_c: f64,
    next: Instant,
}

impl Rounds {
    /// Rounds on which no heater may be hotter than `ceiling_c` [°C]; where that is infinite, there are none.
    pub(super) fn below(ceiling_c: f64) -> Self {
        Self { ceiling_c, next: Instant::now() }
    }

    fn are_due(&self) -> bool {
        self.ceiling_c.is_finite() && Instant::now() >= self.next
    }
}

/// Looks at the heaters at the ends of some cables.
#[derive(Debug)]
pub(super) struct Sentry<'a> {
    rounds: &'a mut Rounds,
    stations: Vec<&'a mut Station>,
    patience: Duration,
    found: Option<HeaterId>,
}

/// One of `stations`, and the others.
pub(super) fn apart(stations: &mut [Station], at: usize) -> (&mut Station, Vec<&mut Station>) {
    let (before, rest) = stations.split_at_mut(at);
    let (station, behind) = rest.split_first_mut().expect("there is a station at that place");
    (station, before.iter_mut().chain(behind).collect())
}

impl<'a> Sentry<'a> {
    /// Looks after those of `others` that heat while another station is waited for.
    pub(super) fn beside(rounds: &'a mut Rounds, others: Vec<&'a mut Station>) -> Self {
        Self { rounds, stations: others, patience: PATIENCE, found: None }
    }

    /// Looks after those of `stations` that heat while time passes.
    pub(super) fn of_all(rounds: &'a mut Rounds, stations: &'a mut [Station]) -> Self {
        let stations = stations.iter_mut().collect();
        Self { rounds, stations, patience: AT_LEISURE, found: None }
    }

    /// Looks at the heaters, if it is time to. `safety` knows which of them heat.
    ///
    /// # Errors
    /// If one is too hot, or heats although its sensor reads nothing.
    pub(super) fn look(&mut self, safety: &Safety) -> Result<(), FaultKind> {
        if !self.rounds.are_due() {
            return Ok(());
        }
        let mut pause = EVERY;
        for station in &mut self.stations {
            for heater in heaters(station) {
                let Some(read) = station.temperature_c(&heater, Instant::now() + self.patience)
                else {
                    pause = LATER;
                    continue;
                };
                let judged = judge(&heater, read, self.rounds.ceiling_c, safety);
                if judged.is_err() {
                    self.found = Some(heater);
                    return judged;
                }
            }
        }
        self.rounds.next = Instant::now() + pause;
        Ok(())
    }

    /// The heater that must not go on.
    pub(super) fn found(self) -> Option<HeaterId> {
        self.found
    }
}

/// What a reading says of a heater: none where the sensor of one that heats is open.
fn judge(
    heater: &HeaterId,
    read: Option<f64>,
    ceiling_c: f64,
    safety: &Safety,
) -> Result<(), FaultKind> {
    let part = Part::Heater(heater.clone());
    match read.filter(|celsius| !is_open(*celsius)) {
        None if safety.is_at_work(&part) => Err(FaultKind::SensorOpen),
        // One that is off may still be hot: nothing more can be done about it from here.
        Some(celsius) if celsius > ceiling_c && !safety.is_off(&part) => {
            let detail = format!(
                "{celsius:.1} °C, allowed are {ceiling_c} °C: cut the heater's supply and let it cool"
            );
            Err(FaultKind::Interlock { rule: "over-temperature".into(), detail })
        }
        _ => Ok(()),
    }
}

fn heaters(station: &Station) -> Vec<HeaterId> {
    let heater = |part: &Part| match part {
        Part::Heater(name) => Some(name.clone()),
        _ => None,
    };
    station.parts.iter().filter_map(heater).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::thread;

    use flowtwin_lab::toy::ToyLab;
    use flowtwin_lab::{Command, FlowRate, Instant as LabInstant, Lab as _, Temperature, Volume};

    use super::super::{Bench, Cable, Instruments, Order, Pulse};
    use super::*;
    use crate::clock::WallClock;
    use crate::instrument::{Heater, Pump};
    use crate::transport::Hurry;

    /// A pump on a wire that nobody answers: it is waited for without end, until nobody waits.
    struct Deaf(Hurry);

    impl Deaf {
        fn asked<T>(&self) -> Result<T, FaultKind> {
            while !self.0.grants(Duration::from_secs(3600)).is_zero() {
                thread::sleep(Duration::from_millis(1));
            }
            Err(FaultKind::NoReply { waited_s: 3600.0 })
        }
    }

    impl Pump for Deaf {
        fn dispense(&mut self, _: FlowRate, _: Volume) -> Result<(), FaultKind> {
            self.asked()
        }
        fn stop(&mut self) -> Result<(), FaultKind> {
            self.asked()
        }
        fn status(&mut self) -> Result<u8, FaultKind> {
            self.asked()
        }
        fn dispensed_ul(&mut self) -> Result<f64, FaultKind> {
            self.asked()
        }
    }

    /// What a heater reads, and what it was told.
    type Told = Arc<Mutex<(Result<f64, FaultKind>, Vec<&'static str>)>>;

    /// A heater that reads what it is told to read.
    struct Played(Told, Hurry);

    impl Played {
        fn told(&self, what: &'static str) -> Result<(), FaultKind> {
            self.0.lock().unwrap().1.push(what);
            Ok(())
        }
    }

    impl Heater for Played {
        fn heat(&mut self, _: Temperature) -> Result<(), FaultKind> {
            self.told("heat")
        }
        fn off(&mut self) -> Result<(), FaultKind> {
            self.told("off")
        }
        fn temperature_c(&mut self) -> Result<f64, FaultKind> {
            match self.1.grants(Duration::from_secs(3600)).is_zero() {
                true => Err(FaultKind::NoReply { waited_s: 0.0 }),
                false => self.0.lock().unwrap().0.clone(),
            }
        }
        fn power_percent(&mut self) -> Result<f64, FaultKind> {
            Ok(0.0)
        }
    }

    fn cable(made: impl Fn(&Hurry) -> Instruments + Send + 'static) -> Cable {
        (made(&Hurry::default()), Box::new(made))
    }

    /// The pump of the toy, deaf, and its heater, which reads this, each at a cable of its own.
    fn bench(reads: Result<f64, FaultKind>) -> (Bench, Told) {
        let manifest = ToyLab::new().manifest().clone();
        let (pump, heater) = (manifest.pumps[0].name.clone(), manifest.heaters[0].name.clone());
        let told: Told = Arc::new(Mutex::new((reads, Vec::new())));
        let theirs = told.clone();
        let deaf = move |hurry: &Hurry| {
            let mut instruments = Instruments::default();
            instruments.pumps.insert(pump.clone(), Box::new(Deaf(hurry.clone())));
            instruments
        };
        let played = move |hurry: &Hurry| {
            let mut instruments = Instruments::default();
            let heats = Played(theirs.clone(), hurry.clone());
            instruments.heaters.insert(heater.clone(), Box::new(heats));
            instruments
        };
        let clock = Box::new(WallClock::real());
        let bench = Bench::of_cables(manifest, vec![cable(deaf), cable(played)], clock);
        (bench.with_ceiling(220.0), told)
    }

    const HOUR: LabInstant = LabInstant::from_nanos(3_600_000_000_000);

    fn heat() -> Command {
        Command::Heat { heater: "plate".into(), set_point_c: Temperature::from_c(100.0) }
    }

    fn off() -> Command {
        Command::HeaterOff { heater: "plate".into() }
    }

    /// Without it this waits for an hour.
    #[test]
    fn a_heater_that_becomes_too_hot_ends_the_wait_for_a_pump_that_does_not_answer() {
        let (mut bench, _) = bench(Ok(300.5));
        let fault = bench.send(&Command::Stop { pump: "water".into() }).expect_err("it is deaf");
        assert_eq!(fault.origin, "plate");
        let FaultKind::Interlock { rule, detail } = fault.kind else { panic!("{fault}") };
        assert_eq!(rule, "over-temperature");
        assert!(detail.starts_with("300.5 °C, allowed are 220 °C"), "{detail}");
    }

    /// Without it this waits for an hour.
    #[test]
    fn a_heater_that_becomes_too_hot_ends_a_wait_for_time_to_pass() {
        let (mut bench, _) = bench(Ok(300.5));
        let fault = bench.wait_until(HOUR).expect_err("it is too hot");
        assert_eq!(fault.origin, "plate");
        assert!(
            matches!(fault.kind, FaultKind::Interlock { rule, .. } if rule == "over-temperature")
        );
    }

    /// Without it this waits for an hour.
    #[test]
    fn a_heater_that_heats_with_an_open_sensor_ends_a_wait() {
        for reads in [Err(FaultKind::SensorOpen), Ok(f64::NAN), Ok(-200.0)] {
            let (mut bench, _) = bench(reads);
            bench.send(&heat()).unwrap();
            let fault = bench.wait_until(HOUR).expect_err("nobody knows how hot it is");
            assert_eq!((fault.origin.as_str(), fault.kind), ("plate", FaultKind::SensorOpen));
        }
    }

    /// What one look says of a heater that reads `reads`, below 220 °C, after some commands.
    fn look(reads: Result<f64, FaultKind>, commands: &[Command]) -> Result<(), FaultKind> {
        let (mut bench, _) = bench(reads);
        // The deaf pump would be waited for.
        let mut station = bench.stations.remove(1);
        bench.let_go();
        let mut safety = Safety::default();
        commands.iter().for_each(|command| safety.note(command, true));
        let mut rounds = Rounds::below(220.0);
        let mut sentry = Sentry::beside(&mut rounds, vec![&mut station]);
        sentry.patience = Duration::from_secs(3600);
        sentry.look(&safety)
    }

    #[test]
    fn heaters_that_are_as_warm_as_they_may_be_end_no_wait() {
        assert_eq!(look(Ok(220.0), &[heat()]), Ok(()));
        assert!(look(Ok(220.1), &[heat()]).is_err() && look(Ok(220.1), &[]).is_err());
    }

    #[test]
    fn a_heater_that_is_off_may_be_hot_and_its_sensor_open() {
        for reads in [Ok(300.0), Err(FaultKind::SensorOpen)] {
            assert!(look(reads.clone(), &[heat()]).is_err());
            assert_eq!(look(reads.clone(), &[heat(), off()]), Ok(()));
            assert!(look(reads, &[off(), heat()]).is_err(), "it is on again");
        }
        assert_eq!(look(Err(FaultKind::SensorOpen), &[]), Ok(()), "it has never been on");
    }

    #[test]
    fn a_heater_that_does_not_answer_is_looked_at_later_and_ends_no_wait() {
        let (mut bench, _) = bench(Err(FaultKind::NoReply { waited_s: 1.0 }));
        let mut rounds = Rounds::below(1.0);
        let mut sentry = Sentry::of_all(&mut rounds, &mut bench.stations);
        let before = Instant::now();
        assert!(sentry.look(&Safety::default()).is_ok() && sentry.found().is_none());
        assert!(rounds.next >= before + LATER && !rounds.are_due());
    }

    #[test]
    fn heaters_are_looked_at_when_that_is_due_and_where_there_is_a_limit() {
        let (now, hour) = (Instant::now(), Duration::from_secs(3600));
        let due = |ceiling_c, next| Rounds { ceiling_c, next }.are_due();
        assert!(due(220.0, now) && !due(220.0, now + hour));
        assert!(!due(f64::INFINITY, now) && !due(f64::INFINITY, now + hour));
    }

    /// A heater that is made safe has no time for questions, and its answer is not lost to them.
    #[test]
    fn a_heater_that_is_being_made_safe_is_not_asked() {
        let (mut bench, told) = bench(Ok(100.0));
        let mut station = bench.stations.remove(1);
        bench.let_go();
        let hour = Instant::now() + Duration::from_secs(3600);
        let order = Order::MakeSafe([("plate".into(), Temperature::from_c(25.0))].into());
        assert_eq!(station.temperature_c(&"plate".into(), hour), Some(Some(100.0)));
        station.begin_safe(&order, hour);
        assert_eq!(station.temperature_c(&"plate".into(), hour), None);
        assert_eq!(station.end_safe(&order, hour), []);
        assert_eq!(told.lock().unwrap().1, ["heat"]);
        assert_eq!(station.temperature_c(&"plate".into(), hour), Some(Some(100.0)));
    }

    /// A clock that begins anew with every wait never comes to its end.
    #[test]
    fn heaters_are_looked_at_in_time_however_short_the_waits() {
        let (mut bench, told) = bench(Ok(100.0));
        let soon = flowtwin_lab::Span::from_secs(0.01);
        let first = bench.rounds.next;
        while bench.rounds.next == first {
            bench.wait(soon).unwrap();
        }
        told.lock().unwrap().0 = Ok(300.0);
        while bench.wait(soon).is_ok() {}
    }

    /// A watch that has acted, or has gone.
    #[derive(Debug)]
    struct Gone;

    impl Pulse for Gone {
        fn beat(&mut self) -> Result<(), FaultKind> {
            Err(FaultKind::Unwatched { detail: "the watch has acted".into() })
        }
    }

    /// Nobody would turn it off any more, whatever becomes of this process.
    #[test]
    fn what_nobody_watches_is_left_with_its_heaters_off() {
        let (mut bench, told) = bench(Ok(100.0));
        bench.send(&heat()).unwrap();
        let made_safe = |bench: &mut Bench, expected: &[&str]| {
            bench.send(&Command::MakeSafe).expect_err("the pump is deaf");
            while told.lock().unwrap().1.len() < expected.len() {
                thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(told.lock().unwrap().1, expected);
        };
        made_safe(&mut bench, &["heat", "heat"]);
        let mut bench = bench.with_pulse(Box::new(Gone));
        bench.wait_until(HOUR).expect_err("nobody watches");
        made_safe(&mut bench, &["heat", "heat", "off"]);
    }
}
