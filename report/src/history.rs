//! What instruments were set to and what they read, over a run.

use std::collections::{BTreeMap, BTreeSet};

use flowtwin_lab::journal::{self, Answer, CommandRecord, Record};
use flowtwin_lab::{Command, HeaterId, Instant, Manifest, PumpId, SensorKind, math};

use crate::run::Run;
use crate::thin;

/// Points over the lab time \[h\].
pub(crate) type Points = Vec<(f64, f64)>;

/// What instruments were set to and what they read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    /// What the sensor of each heater read [°C].
    pub(crate) read: BTreeMap<HeaterId, Points>,
    /// What each heater was set to [°C], from each point to the next; while it is off, there is no line.
    pub(crate) set: BTreeMap<HeaterId, Vec<Points>>,
    /// What each pump delivered [µL/min]: from each point to the next.
    pub(crate) flows: BTreeMap<PumpId, Points>,
    /// Heaters that have a set point now.
    on: BTreeSet<HeaterId>,
}

impl History {
    /// That of a run.
    pub(crate) fn of(run: &Run<'_>) -> Self {
        let mut history = Self::default();
        let manifest = &run.header().manifest;
        for record in run.journal().records() {
            match record {
                Record::Command(command) => history.hear(command, manifest),
                // The guard or the watch has made the rig safe meanwhile.
                Record::Resumed(resumed) => history.make_safe(resumed.at_ns, manifest),
                _ => {}
            }
        }
        let hourly = |points: Vec<(Instant, f64)>| -> Points {
            points.into_iter().map(|(at, rate)| (hours(at), rate)).collect()
        };
        let flows = journal::flows(run.journal()).into_iter();
        history.flows = flows.map(|(pump, points)| (pump, hourly(points))).collect();
        history.close(run.journal().last_at());
        history
    }

    fn hear(&mut self, command: &CommandRecord, manifest: &Manifest) {
        let (at, answer) = (command.at_ns, &command.answer);
        match (&command.send, answer) {
            // What was never sent sets nothing; where only the answer was lost, it may well have.
            (Command::Heat { .. }, answer) if answer.is_out_of_range() => {}
            (Command::Heat { heater, set_point_c }, _) => self.set(heater, at, set_point_c.c()),
            (_, Answer::Fault(_)) => {}
            (Command::Read { sensor }, Answer::Reading(value)) => {
                let known = manifest.sensors.iter().find(|known| known.name == *sensor);
                if let Some(SensorKind::Temperature(heater)) = known.map(|sensor| &sensor.kind) {
                    self.read.entry(heater.clone()).or_default().push((hours(at), *value));
                }
            }
            (Command::HeaterOff { heater }, _) => self.off(heater, at),
            (Command::MakeSafe, _) => self.make_safe(at, manifest),
            _ => {}
        }
    }

    fn set(&mut self, heater: &HeaterId, at: Instant, set_point_c: f64) {
        let lines = self.set.entry(heater.clone()).or_default();
        if self.on.insert(heater.clone()) {
            lines.push(Points::new());
        }
        lines.last_mut().expect("one was begun").push((hours(at), set_point_c));
    }

    fn off(&mut self, heater: &HeaterId, at: Instant) {
        if !self.on.remove(heater) {
            return;
        }
        let line = self.set.get_mut(heater).and_then(|lines| lines.last_mut());
        let last = line.as_ref().and_then(|line| line.last()).map(|(_, value)| *value);
        if let (Some(line), Some(value)) = (line, last) {
            line.push((hours(at), value));
        }
    }

    fn make_safe(&mut self, at: Instant, manifest: &Manifest) {
        for heater in &manifest.heaters {
            self.set(&heater.name, at, heater.safe_c);
        }
    }

    /// Draws everything on until the end of the run, with as many points as a page has room for.
    fn close(&mut self, last: Instant) {
        for heater in std::mem::take(&mut self.on) {
            self.on.insert(heater.clone());
            self.off(&heater, last);
        }
        let all = self.read.values_mut().chain(self.set.values_mut().flatten());
        all.chain(self.flows.values_mut()).for_each(|points| *points = thin::thinned(points));
    }
}

/// Time since the start of the run, to a tenth of a second \[h\].
fn hours(at: Instant) -> f64 {
    math::round_decimals(at.as_secs() / 3600.0, 5)
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Fault, FaultKind, HeaterInfo, Span};

    use super::*;

    #[test]
    fn a_pump_delivers_from_one_point_to_the_next_until_the_end_of_the_run() {
        let journal = crate::sample::journal();
        let run = Run::read(&journal).unwrap();
        let history = History::of(&run);
        let points = &history.flows[&PumpId::new("dye")];
        assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let rates = || points.iter().map(|(_, rate)| *rate);
        assert!(rates().all(|rate| [0.0, 90.0].contains(&rate)) && rates().any(|rate| rate > 0.0));
        let last = points.last().unwrap().0;
        assert!((last - hours(journal.last_at())).abs() < 1e-9, "{last}");
        // 500 µL at 90 µL/min take 333.3 s.
        let stop = points.iter().position(|(_, rate)| *rate == 0.0).expect("one stops by itself");
        assert!((3600.0 * (points[stop].0 - points[stop - 1].0) - 333.3).abs() < 0.2);
        assert!(history.read.is_empty(), "it has no heater");
    }

    #[test]
    fn a_set_point_is_drawn_while_the_heater_has_one() {
        let plate = HeaterId::new("plate");
        let mut manifest = Manifest::of_experiments("rig");
        let (name, safe_c) = (plate.clone(), 25.0);
        manifest.heaters =
            vec![HeaterInfo { name, low_c: 20.0, high_c: 200.0, safe_c, still: false }];
        let at = |second: f64, send: Command, answer: Answer| CommandRecord {
            at_ns: Instant::START + Span::from_secs(second),
            send,
            answer,
        };
        let heat = |c| Command::Heat {
            heater: plate.clone(),
            set_point_c: flowtwin_lab::Temperature::from_c(c),
        };
        let lost = Answer::Fault(Fault::new(
            Instant::START,
            "plate",
            FaultKind::NoReply { waited_s: 1.0 },
        ));
        let mut history = History::default();
        for command in [
            at(0.0, heat(60.0), Answer::Done),
            at(36.0, heat(80.0), lost),
            at(72.0, Command::HeaterOff { heater: plate.clone() }, Answer::Done),
            at(108.0, Command::HeaterOff { heater: plate.clone() }, Answer::Done),
            at(144.0, heat(50.0), Answer::Done),
            at(180.0, Command::MakeSafe, Answer::Done),
        ] {
            history.hear(&command, &manifest);
        }
        history.close(Instant::START + Span::from_secs(216.0));
        let lines = [
            vec![(0.0, 60.0), (0.01, 80.0), (0.02, 80.0)],
            vec![(0.04, 50.0), (0.05, safe_c), (0.06, safe_c)],
        ];
        assert_eq!(history.set[&plate], lines, "off from the third command to the fifth");
    }
}
