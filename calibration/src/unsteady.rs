//! What pumps that wander do to the readings of a ramp.
//!
//! A flow that is a little off while liquid enters changes what it is made of; one that is off later changes how long it
//! reacts. The first lasts as long as a reading, the second as long as the way: so neighbours on a ramp share much of the one and
//! little of the other. Each reading is differentiated by the flow of each pump in some times before it, and the covariance of
//! these flows is known: the ripple of a lead screw is a sine of the volume, its jitter is that of Ornstein and Uhlenbeck.

use std::f64::consts::TAU;

use flowtwin_campaign::scenario::{Expected, Scenario};
use flowtwin_lab::{FlowRate, PumpId, Settings, math};
use flowtwin_sim::{Plan, spec};
use nalgebra::DMatrix;

use crate::ramp::{Ramp, Reading, wandering};

/// Times into which the way from the entry to the cell is cut.
const ON_THE_WAY: u32 = 4;
/// Least time that a reading takes \[s\].
const LEAST_S: f64 = 2.0;
/// How much more of a line than its volume liquid is traced back through, as it disperses there.
const LINES: f64 = 2.0;
/// How much more a pump delivers, to see what that does, in parts.
const MORE: f64 = 0.01;

/// A time, from when to when \[s\].
type Time = (f64, f64);

/// Covariance of the readings of a ramp by flows that wander [values × values]; none where they cannot be followed. `places`
/// are those of the values among all [readings × features].
pub(crate) fn covariance(
    (scenario, plan): (&Scenario, &Plan),
    ramp: &Ramp,
    pumps: &[PumpId],
    places: &[usize],
) -> Option<DMatrix<f64>> {
    let mut rig = Expected::on(scenario, plan);
    let here =
        ramp.under(&mut rig, ramp.settings(), &ramp.readings().iter().collect::<Vec<_>>())?;
    let times: Vec<Vec<Time>> = ramp
        .readings()
        .iter()
        .map(|it| times(scenario, ramp, &mut rig, it))
        .collect::<Option<_>>()?;
    let groups = apart(&times);
    let features = scenario.features().len();
    let mut sum = DMatrix::zeros(places.len(), places.len());
    for pump in pumps {
        let wander = Wander::of(plan, ramp, pump);
        if wander.is_steady() {
            continue;
        }
        let slopes = slopes(&mut rig, (ramp, &here), pump, (&times, &groups))?;
        sum += DMatrix::from_fn(places.len(), places.len(), |a, b| {
            let (i, j) = (places[a] / features, places[b] / features);
            let (f, g) = (places[a] % features, places[b] % features);
            let of = |(s, t): (usize, usize)| {
                slopes[i][s][f] * slopes[j][t][g] * wander.covariance(times[i][s], times[j][t])
            };
            let pairs = (0..times[i].len()).flat_map(|s| (0..times[j].len()).map(move |t| (s, t)));
            pairs.map(of).sum::<f64>()
        });
    }
    Some(sum)
}

/// The times before a reading in which flows change it: while liquid is on its way in lines in which stocks meet, while it
/// enters, and on its way to the cell.
fn times(
    scenario: &Scenario,
    ramp: &Ramp,
    rig: &mut Expected<'_>,
    reading: &Reading,
) -> Option<Vec<Time>> {
    ramp.under(rig, ramp.settings(), &[reading])?;
    let (first_s, last_s) = rig.entered_s();
    let half_s = 0.5 * reading_s(scenario);
    let (from_s, to_s) = (first_s - half_s, (last_s + half_s).min(reading.read_s - LEAST_S));
    let mut all = Vec::new();
    let line_s = LINES * line_s(scenario, ramp, first_s);
    if line_s > 0.0 {
        all.push((from_s - line_s, from_s));
    }
    all.push((from_s, to_s));
    let step_s = (reading.read_s - to_s) / f64::from(ON_THE_WAY);
    let part = |i: u32| to_s + f64::from(i) * step_s;
    all.extend((0..ON_THE_WAY).map(|i| (part(i), part(i + 1))));
    Some(all)
}

/// How long a reading takes \[s\].
fn reading_s(scenario: &Scenario) -> f64 {
    let exposures = scenario.analysis().channels().iter().map(|channel| channel.exposure);
    let longest_us = exposures.map(|it| f64::from(it.frames) * f64::from(it.integration_us));
    (1e-6 * longest_us.fold(0.0, f64::max)).max(LEAST_S)
}

/// How long liquid is on its way in the slowest line in which stocks meet \[s\].
fn line_s(scenario: &Scenario, ramp: &Ramp, at_s: f64) -> f64 {
    let settings = at(ramp, at_s);
    let of_stream = |stream: &spec::Stream| {
        let flows = stream.pumps.iter().map(|pump| settings.flow(&PumpId::new(pump)).ul_per_min());
        let flow = flows.sum::<f64>() / 60.0;
        let line_ul = stream.cold_ul + stream.hot_ul + stream.junction_ul;
        if stream.pumps.len() > 1 && flow > 0.0 { line_ul / flow } else { 0.0 }
    };
    scenario.file().rig.streams.values().map(of_stream).fold(0.0, f64::max)
}

/// What is set at a moment.
fn at(ramp: &Ramp, at_s: f64) -> &Settings {
    let next = ramp.settings().partition_point(|(begins_s, _)| *begins_s <= at_s);
    &ramp.settings()[next.saturating_sub(1)].1
}

/// Groups of readings whose times do not overlap: their flows can be changed together.
fn apart(times: &[Vec<Time>]) -> Vec<Vec<usize>> {
    let whole = |i: usize| (times[i][0].0, times[i][times[i].len() - 1].1);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in 0..times.len() {
        let free =
            |group: &&mut Vec<usize>| group.last().is_none_or(|last| whole(*last).1 <= whole(i).0);
        match groups.iter_mut().find(free) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    groups
}

/// Slopes of each reading by what a pump gives more in each of its times, in parts [readings][times][features].
fn slopes(
    rig: &mut Expected<'_>,
    (ramp, here): (&Ramp, &[Vec<f64>]),
    pump: &PumpId,
    (times, groups): (&[Vec<Time>], &[Vec<usize>]),
) -> Option<Vec<Vec<Vec<f64>>>> {
    let mut all: Vec<Vec<Vec<f64>>> = times.iter().map(|of| vec![Vec::new(); of.len()]).collect();
    for group in groups {
        let count = times[group[0]].len();
        for time in 0..count {
            let hurried: Vec<Time> = group.iter().map(|&i| times[i][time]).collect();
            let settings = with_more(ramp.settings(), pump, &hurried);
            let readings: Vec<&Reading> = group.iter().map(|&i| &ramp.readings()[i]).collect();
            let there = ramp.under(rig, &settings, &readings)?;
            for (&i, there) in group.iter().zip(there) {
                let slope = there.iter().zip(&here[i]).map(|(there, here)| (there - here) / MORE);
                all[i][time] = slope.collect();
            }
        }
    }
    Some(all)
}

/// The same settings with a pump that delivers more in these times, in order.
fn with_more(settings: &[(f64, Settings)], pump: &PumpId, times: &[Time]) -> Vec<(f64, Settings)> {
    let mut moments: Vec<f64> = settings.iter().map(|(begins_s, _)| *begins_s).collect();
    let begins_s = moments[0];
    moments.extend(times.iter().flat_map(|(from, to)| [*from, *to]).filter(|s| *s > begins_s));
    moments.sort_by(f64::total_cmp);
    moments.dedup_by(|a, b| a.to_bits() == b.to_bits());
    let there = |moment: f64| {
        let next = settings.partition_point(|(begins_s, _)| *begins_s <= moment);
        let mut set = settings[next.saturating_sub(1)].1.clone();
        if times.iter().any(|(from, to)| *from <= moment && moment < *to) {
            for (_, rate) in set.pumps.iter_mut().filter(|(known, _)| known == pump) {
                *rate = FlowRate::from_ul_per_min((1.0 + MORE) * rate.ul_per_min());
            }
        }
        (moment, set)
    };
    moments.into_iter().map(there).collect()
}

/// How the flow of a pump wanders over a ramp, in parts of it.
struct Wander {
    jitter: f64,
    jitter_s: f64,
    /// Amplitude of each ripple, and the volume after which it repeats \[µL\].
    ripples: [(f64, f64); 2],
    /// When its rate changes \[s\], what it has delivered by then \[µL\], and its rate from then on \[µL/s\].
    course: Vec<(f64, f64, f64)>,
}

impl Wander {
    fn of(plan: &Plan, ramp: &Ramp, pump: &PumpId) -> Self {
        let noise = plan.world().noise.pumps.of(pump.as_str());
        let turn_ul =
            plan.world().rig.pumps.get(pump.as_str()).map_or(f64::INFINITY, |spec| spec.turn_ul());
        let mut course: Vec<(f64, f64, f64)> = Vec::new();
        for (begins_s, settings) in ramp.settings() {
            let by_then = course.last().map_or(0.0, |(at, ul, rate)| ul + rate * (begins_s - at));
            course.push((*begins_s, by_then, settings.flow(pump).ul_per_min() / 60.0));
        }
        Self {
            jitter: 0.01 * noise.jitter_percent,
            jitter_s: noise.jitter_s,
            ripples: [
                (0.01 * noise.ripple_percent, turn_ul),
                (0.01 * noise.second_ripple_percent, 0.5 * turn_ul),
            ],
            course,
        }
    }

    fn is_steady(&self) -> bool {
        let flows = self.course.iter().any(|(.., rate)| *rate > 0.0);
        let wanders = self.jitter > 0.0 || self.ripples.iter().any(|(part, _)| *part > 0.0);
        !flows || !wanders
    }

    /// Delivered at a moment \[µL\].
    fn volume(&self, at_s: f64) -> f64 {
        let next = self.course.partition_point(|(begins_s, ..)| *begins_s <= at_s);
        let (begins_s, ul, rate) = self.course[next.saturating_sub(1)];
        ul + rate * (at_s - begins_s).max(0.0)
    }

    /// Covariance of the mean flows of two times. A ripple has any phase; over a time its mean is less, as sin x/x.
    fn covariance(&self, a: Time, b: Time) -> f64 {
        let mut sum = self.jitter * self.jitter * wandering(a, b, self.jitter_s);
        let ends = [a, b].map(|(from, to)| (self.volume(from), self.volume(to)));
        let [middle_a, middle_b] = ends.map(|(from, to)| 0.5 * (from + to));
        for (part, period_ul) in self.ripples {
            let left = ends.map(|(from, to)| {
                let x = 0.5 * TAU * (to - from) / period_ul;
                if x > 1e-6 { math::sin(x) / x } else { 1.0 }
            });
            let together = math::cos(TAU * (middle_a - middle_b) / period_ul);
            sum += 0.5 * part * part * left[0] * left[1] * together;
        }
        sum
    }
}
