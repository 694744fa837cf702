//! What a heating curve says of a heater.

use flowtwin_lab::study::{HeatTask, Reading};
use flowtwin_lab::{Instant, math};
use flowtwin_statistics::estimate::Estimate;
use flowtwin_statistics::mean;
use serde_json::Value;

use super::curve::Curve;
use super::findings::{Finding, Findings};
use super::line::{Line, level};
use crate::parts::Part;

/// A heater that is switched off cools from here on, whatever its controller did last \[s\].
const COOLS_AFTER_S: f64 = 45.0;
/// It is read down to so much above where it began \[K\].
const LEAST_K: f64 = 5.0;
/// Between these parts of the way to a set point a heater is at full power …
const FULL_POWER: (f64, f64) = (0.1, 0.6);
/// … where the way is at least so long \[K\].
const LEAST_WAY_K: f64 = 30.0;
/// Output that is full power \[%\].
const FULL_PERCENT: f64 = 99.0;
/// How far from the scenario's room a heater may begin that has not been heated \[K\].
const COLD_WITHIN_K: f64 = 5.0;

/// Settling, overshoot and deviation for each set point; the time constant from cooling, and heat capacity and loss to the
/// room from that and from heating at full power.
///
/// The plate is taken to be C dT/dt = P u − UA (T − Tₐ), as the simulator has it: switched off it cools as exp(−t UA/C), and at
/// full power T − Tₐ + UA/C ∫(T − Tₐ)dt rises by P/C. Tₐ is where it began.
pub(super) fn add(found: &mut Findings, definition: &Value, task: &HeatTask, part: &Part<'_>) {
    let all = points(&part.readings);
    let rest: Vec<f64> =
        all.iter().take_while(|p| p.set_point_c.is_none()).map(|p| p.celsius).collect();
    if rest.is_empty() {
        return;
    }
    let heater = task.heater.as_str();
    let begins = all[0].at;
    found.draw(Curve {
        figure: "How heaters warm and cool".into(),
        of: heater.to_owned(),
        x: "time [min]",
        y: "temperature [°C]".into(),
        points: all.iter().map(|p| (p.at.since(begins).as_secs() / 60.0, p.celsius)).collect(),
        joined: true,
    });
    let band_k = definition.pointer("/procedure/settle_band_k").and_then(Value::as_f64);
    for set_point_c in &task.set_points_c {
        let of = |p: &&Point| p.set_point_c.is_some_and(|c| same(c, *set_point_c));
        let curve: Vec<&Point> = all.iter().filter(of).collect();
        settled(found, heater, (*set_point_c, band_k.unwrap_or(1.0)), &curve);
    }
    let ambient_c = definition.pointer("/rig/ambient_c").and_then(Value::as_f64);
    let cold_c = mean(&rest);
    if ambient_c.is_some_and(|room| (cold_c - room).abs() > COLD_WITHIN_K) {
        found.notes.push(format!(
            "{heater}: began at {cold_c:.1} °C and not in the cold: its time constant is not told"
        ));
        return;
    }
    let Some(rate) = cooling(&all, &rest) else {
        found.notes.push(format!("{heater}: it did not cool enough to tell its time constant"));
        return;
    };
    if rate.low <= 0.0 {
        found.notes.push(format!("{heater}: its time constant is not told"));
        return;
    }
    let (n, time_s) = (all.len(), over(1.0, rate));
    found.push(Finding::new("heat", heater, "time constant", "s", time_s, n));
    let (Some(warms), Some(power_w)) = (
        warming(task, &all, cold_c, rate.value),
        definition.pointer(&format!("/rig/heaters/{heater}/power_w")).and_then(Value::as_f64),
    ) else {
        return;
    };
    let capacity = over(power_w, warms);
    let loss = product(capacity, rate);
    let key = |key: &str| vec!["rig".into(), "heaters".into(), heater.to_owned(), key.to_owned()];
    let capacity = Finding::new("heat", heater, "heat capacity", "J/K", capacity, n);
    found.push(capacity.key(key("heat_capacity_j_per_k")));
    let loss = Finding::new("heat", heater, "loss to the room", "W/K", loss, n);
    found.push(loss.key(key("loss_w_per_k")));
}

/// A number over an estimate above zero.
fn over(number: f64, Estimate { value, low, high }: Estimate) -> Estimate {
    Estimate { value: number / value, low: number / high, high: number / low }
}

/// The product of two estimates of numbers above zero that are off independently of one another.
fn product(a: Estimate, b: Estimate) -> Estimate {
    let value = a.value * b.value;
    let part = |end: fn(&Estimate) -> f64| {
        let [a, b] = [a, b].map(|it| end(&it) / it.value - 1.0);
        (a * a + b * b).sqrt()
    };
    let (low, high) = (1.0 - part(|it| it.low), 1.0 + part(|it| it.high));
    Estimate { value, low: value * low, high: value * high }
}

#[derive(Clone, Copy, Debug)]
struct Point {
    at: Instant,
    celsius: f64,
    set_point_c: Option<f64>,
    power_percent: Option<f64>,
}

fn points(readings: &[&Reading]) -> Vec<Point> {
    let point = |reading: &&Reading| {
        Some(Point {
            at: reading.at_ns,
            celsius: reading.value("temperature_c")?,
            set_point_c: reading.value("set_point_c"),
            power_percent: reading.value("power_percent"),
        })
    };
    readings.iter().filter_map(point).collect()
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

/// When a set point was reached for good, by how much it was passed, and how far off it is in the end.
fn settled(
    found: &mut Findings,
    heater: &str,
    (set_point_c, band_k): (f64, f64),
    curve: &[&Point],
) {
    let (Some(first), Some(last)) = (curve.first(), curve.last()) else { return };
    let of = format!("{heater} at {set_point_c} °C");
    let outside = |p: &&&Point| (p.celsius - set_point_c).abs() > band_k;
    let reached = curve
        .iter()
        .rposition(|p| outside(&p))
        .map_or(Some(0), |at| (at + 1 < curve.len()).then_some(at + 1));
    let Some(reached) = reached else {
        let (c, s) = (last.celsius, last.at.since(first.at).as_secs());
        found.notes.push(format!("{of}: not reached; {c:.1} °C after {s:.0} s"));
        return;
    };
    let begins_s = curve[reached].at.since(first.at).as_secs();
    found.push(Finding::known("heat", &of, "settles in", "s", begins_s, curve.len()));
    let up = set_point_c > first.celsius;
    let beyond = |p: &&Point| if up { p.celsius - set_point_c } else { set_point_c - p.celsius };
    let most = curve.iter().map(beyond).fold(0.0, f64::max);
    found.push(Finding::known("heat", &of, "overshoot", "K", most, curve.len()));
    let off: Vec<f64> =
        curve[(reached + curve.len()) / 2..].iter().map(|p| p.celsius - set_point_c).collect();
    if let Some(deviation) = level(&off) {
        found.push(Finding::new("heat", &of, "settled deviation", "K", deviation, off.len()));
    }
}

/// UA/C [1/s], from the heater switched off in the end; its interval holds how well it is known what the heater cools to.
fn cooling(all: &[Point], rest: &[f64]) -> Option<Estimate> {
    let begin = all.iter().rposition(|p| p.set_point_c.is_some())?;
    let since = all[begin].at;
    let cools = |cold_c: f64| {
        let point = |p: &Point| {
            let (seconds, over) = (p.at.since(since).as_secs(), p.celsius - cold_c);
            (seconds > COOLS_AFTER_S && over > LEAST_K).then(|| (seconds, math::ln(over)))
        };
        let points: Vec<(f64, f64)> = all[begin + 1..].iter().filter_map(point).collect();
        Line::through(&points).map(|line| line.slope)
    };
    let cold = level(rest)?;
    let slope = cools(cold.value)?;
    let [low, high] = [cools(cold.low)?.value, cools(cold.high)?.value];
    let (own, cold) = (slope.high - slope.value, 0.5 * (high - low));
    let half = (own * own + cold * cold).sqrt();
    let value = -slope.value;
    Some(Estimate { value, low: value - half, high: value + half })
}

/// P/C [K/s], from the longest way to a set point at full power.
fn warming(task: &HeatTask, all: &[Point], cold_c: f64, rate: f64) -> Option<Estimate> {
    let curve = |c: f64| -> Vec<&Point> {
        all.iter().filter(|p| p.set_point_c.is_some_and(|set| same(set, c))).collect()
    };
    let way = |c: f64| curve(c).first().map_or(0.0, |first| c - first.celsius);
    let longest = task.set_points_c.iter().copied().max_by(|a, b| way(*a).total_cmp(&way(*b)))?;
    let (curve, way) = (curve(longest), way(longest));
    if way < LEAST_WAY_K {
        return None;
    }
    let first = curve[0].celsius;
    let until = curve.iter().position(|p| p.celsius > first + FULL_POWER.1 * way)?;
    let at_full = |p: &&&Point| {
        p.celsius > first + FULL_POWER.0 * way && p.power_percent.is_none_or(|u| u >= FULL_PERCENT)
    };
    let rises: Vec<&Point> = curve[..until].iter().filter(at_full).copied().collect();
    let begins = rises.first()?.at;
    let (mut lost, mut before) = (0.0, None);
    let points: Vec<(f64, f64)> = rises
        .iter()
        .map(|p| {
            let (seconds, over) = (p.at.since(begins).as_secs(), p.celsius - cold_c);
            let (then, was) = before.replace((seconds, over)).unwrap_or((seconds, over));
            lost += 0.5 * (over + was) * (seconds - then) * rate;
            (seconds, over + lost)
        })
        .collect();
    Line::through(&points).map(|line| line.slope).filter(|slope| slope.low > 0.0)
}
