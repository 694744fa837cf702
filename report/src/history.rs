//! What instruments were set to and what they read, over a run.

use std::collections::BTreeMap;

use flowtwin_lab::journal::{Answer, CommandRecord, Record};
use flowtwin_lab::{Command, HeaterId, Instant, Manifest, PumpId, SensorKind, math};

use crate::run::Run;

/// Most points of a line: of more, each stretch keeps its lowest and its highest.
const MOST: usize = 600;

/// Points over the lab time \[h\].
pub(crate) type Points = Vec<(f64, f64)>;

/// What instruments were set to and what they read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    /// What the sensor of each heater read [°C].
    pub(crate) read: BTreeMap<HeaterId, Points>,
    /// What each heater was set to [°C]: from each point to the next.
    pub(crate) set: BTreeMap<HeaterId, Points>,
    /// What each pump delivered [µL/min]: from each point to the next.
    pub(crate) flows: BTreeMap<PumpId, Points>,
    /// When a pump that delivers is done by itself.
    until: BTreeMap<PumpId, Instant>,
}

impl History {
    /// That of a run.
    pub(crate) fn of(run: &Run<'_>) -> Self {
        let mut history = Self::default();
        let manifest = &run.header().manifest;
        let mut last = Instant::START;
        for record in run.journal().records() {
            last = record.at().unwrap_or(last);
            match record {
                Record::Command(command) => history.hear(command, manifest),
                // On a real rig, which has made itself safe meanwhile.
                Record::Resumed(resumed) => history.stop_all(resumed.at_ns),
                _ => {}
            }
        }
        history.close(last);
        history
    }

    fn hear(&mut self, command: &CommandRecord, manifest: &Manifest) {
        let (at, answer) = (command.at_ns, &command.answer);
        match (&command.send, answer) {
            (_, Answer::Fault(_)) => {}
            (Command::Read { sensor }, Answer::Reading(value)) => {
                let known = manifest.sensors.iter().find(|known| known.name == *sensor);
                if let Some(SensorKind::Temperature(heater)) = known.map(|sensor| &sensor.kind) {
                    self.read.entry(heater.clone()).or_default().push((hours(at), *value));
                }
            }
            (Command::Heat { heater, set_point_c }, _) => {
                self.set(heater, at, set_point_c.c());
            }
            (Command::Dispense { pump, rate_ul_per_min, at_most_ul }, _) => {
                let rate = rate_ul_per_min.ul_per_min();
                self.flow(pump, at, rate);
                if rate > 0.0 {
                    let lasts = flowtwin_lab::Span::from_secs(60.0 * at_most_ul.ul() / rate);
                    self.until.insert(pump.clone(), at + lasts);
                }
            }
            (Command::Stop { pump }, _) => self.flow(pump, at, 0.0),
            (Command::MakeSafe, _) => {
                self.stop_all(at);
                for heater in &manifest.heaters {
                    self.set(&heater.name, at, heater.safe_c);
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, heater: &HeaterId, at: Instant, set_point_c: f64) {
        self.set.entry(heater.clone()).or_default().push((hours(at), set_point_c));
    }

    fn flow(&mut self, pump: &PumpId, at: Instant, ul_per_min: f64) {
        let until = self.until.remove(pump).filter(|until| *until < at);
        let points = self.flows.entry(pump.clone()).or_default();
        points.extend(until.map(|until| (hours(until), 0.0)));
        if ul_per_min > 0.0 || points.last().is_some_and(|(_, rate)| *rate > 0.0) {
            points.push((hours(at), ul_per_min));
        }
    }

    fn stop_all(&mut self, at: Instant) {
        let pumps: Vec<PumpId> = self.flows.keys().cloned().collect();
        pumps.iter().for_each(|pump| self.flow(pump, at, 0.0));
    }

    /// Draws everything on until the end of the run, with so many points as a page has room for.
    fn close(&mut self, last: Instant) {
        let pumps: Vec<PumpId> =
            self.until.keys().filter(|pump| self.until[*pump] < last).cloned().collect();
        pumps.iter().for_each(|pump| self.flow(pump, last, 0.0));
        let steps = self.set.values_mut().chain(self.flows.values_mut());
        steps.for_each(|points| {
            points.extend(points.last().map(|(_, value)| (hours(last), *value)));
        });
        let all = self.read.values_mut().chain(self.set.values_mut());
        all.chain(self.flows.values_mut()).for_each(|points| *points = thinned(points));
    }
}

/// Time since the start of the run, to a tenth of a second \[h\].
fn hours(at: Instant) -> f64 {
    math::round_decimals(at.as_secs() / 3600.0, 5)
}

/// The lowest and the highest of each of so many stretches, in their order; the points themselves where there are no more.
fn thinned(points: &Points) -> Points {
    if points.len() <= MOST {
        return points.clone();
    }
    let stretches = MOST / 2;
    let part = |i: usize| {
        let stretch = &points[i * points.len() / stretches..(i + 1) * points.len() / stretches];
        let by = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let ends = [stretch.iter().min_by(by), stretch.iter().max_by(by)];
        let mut ends: Points = ends.into_iter().flatten().copied().collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends
    };
    (0..stretches).flat_map(part).collect()
}

#[cfg(test)]
mod tests {
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
    fn many_points_keep_their_ends_and_their_order() {
        let points: Points = (0..9_999).map(|i| (f64::from(i), f64::from(i % 100))).collect();
        let few = thinned(&points);
        assert!(few.len() <= MOST);
        assert!(few.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let values = || few.iter().map(|(_, value)| *value);
        assert!(values().any(|value| value < 1.0) && values().any(|value| value > 98.0));
        assert_eq!(thinned(&points[..MOST].to_vec()), points[..MOST]);
    }
}
