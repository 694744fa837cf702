//! Who looks at the heaters while another instrument is waited for: it may take minutes not to answer.

use std::time::{Duration, Instant};

use flowtwin_lab::{FaultKind, HeaterId};

use super::instruments::Part;
use super::station::Station;

/// How long an instrument is waited for before the heaters are looked at, and between two looks.
const EVERY: Duration = Duration::from_millis(500);

/// The same where a heater did not answer.
const LATER: Duration = Duration::from_secs(2);

/// How long a heater is waited for.
const PATIENCE: Duration = Duration::from_millis(250);

/// The heaters at the ends of other cables.
#[derive(Debug)]
pub(super) struct Sentry<'a> {
    ceiling_c: f64,
    stations: Vec<&'a mut Station>,
    next: Instant,
    hot: Option<HeaterId>,
}

/// One of `stations`, and the others.
pub(super) fn apart(stations: &mut [Station], at: usize) -> (&mut Station, Vec<&mut Station>) {
    let (before, rest) = stations.split_at_mut(at);
    let (station, behind) = rest.split_first_mut().expect("there is a station at that place");
    (station, before.iter_mut().chain(behind).collect())
}

impl<'a> Sentry<'a> {
    /// Looks after those of `others` that heat: none may be hotter than `ceiling_c` [°C].
    pub(super) fn new(ceiling_c: f64, others: Vec<&'a mut Station>) -> Self {
        Self { ceiling_c, stations: others, next: Instant::now() + EVERY, hot: None }
    }

    /// Looks at the heaters, if it is time to.
    ///
    /// # Errors
    /// If one is too hot.
    pub(super) fn look(&mut self) -> Result<(), FaultKind> {
        if self.ceiling_c.is_infinite() || Instant::now() < self.next {
            return Ok(());
        }
        let mut pause = EVERY;
        for station in &mut self.stations {
            for heater in heaters(station) {
                let value = station.temperature_c(&heater, Instant::now() + PATIENCE);
                if value.is_none() {
                    pause = LATER;
                }
                if let Some(value) = value.filter(|value| *value > self.ceiling_c) {
                    let detail = format!(
                        "{value:.1} °C, allowed are {} °C: cut the heater's supply and let it cool",
                        self.ceiling_c
                    );
                    self.hot = Some(heater);
                    return Err(FaultKind::Interlock { rule: "over-temperature".into(), detail });
                }
            }
        }
        self.next = Instant::now() + pause;
        Ok(())
    }

    /// The heater that is too hot.
    pub(super) fn found(self) -> Option<HeaterId> {
        self.hot
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
    use std::thread;

    use flowtwin_lab::toy::ToyLab;
    use flowtwin_lab::{Command, FlowRate, Lab as _, Temperature, Volume};

    use super::super::{Bench, Cable, Instruments};
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

    /// A heater that reads this.
    struct At(f64);

    impl Heater for At {
        fn heat(&mut self, _: Temperature) -> Result<(), FaultKind> {
            Ok(())
        }
        fn off(&mut self) -> Result<(), FaultKind> {
            Ok(())
        }
        fn temperature_c(&mut self) -> Result<f64, FaultKind> {
            Ok(self.0)
        }
        fn power_percent(&mut self) -> Result<f64, FaultKind> {
            Ok(0.0)
        }
    }

    fn cable(made: impl Fn(&Hurry) -> Instruments + Send + 'static) -> Cable {
        (made(&Hurry::default()), Box::new(made))
    }

    /// The pump of the toy, deaf, and its heater at a temperature, each at a cable of its own.
    fn bench(celsius: f64) -> Bench {
        let manifest = ToyLab::new().manifest().clone();
        let (pump, heater) = (manifest.pumps[0].name.clone(), manifest.heaters[0].name.clone());
        let deaf = move |hurry: &Hurry| {
            let mut instruments = Instruments::default();
            instruments.pumps.insert(pump.clone(), Box::new(Deaf(hurry.clone())));
            instruments
        };
        let hot = move |_: &Hurry| {
            let mut instruments = Instruments::default();
            instruments.heaters.insert(heater.clone(), Box::new(At(celsius)));
            instruments
        };
        Bench::of_cables(manifest, vec![cable(deaf), cable(hot)], Box::new(WallClock::real()))
    }

    /// Without it this waits for an hour.
    #[test]
    fn a_heater_that_becomes_too_hot_ends_the_wait_for_a_pump_that_does_not_answer() {
        let mut bench = bench(300.5).with_ceiling(220.0);
        let (pump, heater) =
            (bench.manifest().pumps[0].name.clone(), bench.manifest().heaters[0].name.clone());
        let fault = bench.send(&Command::Stop { pump }).expect_err("it does not answer");
        assert_eq!(fault.origin, heater.as_str());
        let FaultKind::Interlock { rule, detail } = fault.kind else { panic!("{fault}") };
        assert_eq!(rule, "over-temperature");
        assert!(detail.starts_with("300.5 °C, allowed are 220 °C"), "{detail}");
    }

    #[test]
    fn heaters_that_are_as_warm_as_they_may_be_or_do_not_answer_end_no_wait() {
        let mut station = bench(220.0).stations.remove(1);
        let ends = |sentry: &mut Sentry<'_>| {
            sentry.next = Instant::now();
            sentry.look().is_err()
        };
        assert!(!ends(&mut Sentry::new(220.0, vec![&mut station])));
        assert!(ends(&mut Sentry::new(219.9, vec![&mut station])));
        let mut deaf = bench(300.0).stations.remove(0);
        let mut sentry = Sentry::new(1.0, vec![&mut deaf]);
        assert!(!ends(&mut sentry) && sentry.found().is_none());
    }
}
