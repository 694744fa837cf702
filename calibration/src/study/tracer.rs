//! What a step of what flows says of the way to the flow cells.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::study::TracerTask;
use flowtwin_statistics::estimate::{Estimate, student_95};
use flowtwin_statistics::{mean, variance};

use super::curve::Curve;
use super::findings::{Finding, Findings};
use super::line::Line;
use super::table::Table;
use crate::parts::Part;

/// The last part of the readings, in which the response is taken to be complete.
const COMPLETE: f64 = 0.25;
/// Least change, in standard deviations of a reading, from which a response is read.
const LEAST_CHANGE: f64 = 10.0;

/// What one step has told.
pub(super) struct Told {
    /// Mean residence time from where the liquids meet, by the scenario \[s\].
    expected_s: f64,
    /// What it is.
    mean_s: Estimate,
    /// Flow of all pumps after the step [µL/min].
    flow_ul_per_min: f64,
}

/// The distribution of residence times of one step, read off the feature that changes most clearly, positions and widths of peaks and
/// formulas left out: they follow no concentration.
///
/// With the response F from 0 to 1, the mean is ∫(1 − F)dt and the variance 2∫t(1 − F)dt less its square (Danckwerts 1953;
/// Levenspiel 1999, ch. 11). F is that of what arrives as far as the feature is linear in it.
pub(super) fn add(
    found: &mut Findings,
    scenario: &Scenario,
    task: &TracerTask,
    part: &Part<'_>,
) -> Option<Told> {
    let features = scenario.analysis().features().iter();
    let features = features.filter(|feature| feature.measure.follows_amounts());
    let names = features.map(|feature| &feature.name);
    let responses = names.filter_map(|name| Response::of(name, part));
    let clearest = responses.max_by(|a, b| a.clarity().total_cmp(&b.clarity()));
    let of = format!("step {}", part.number);
    let Some(response) = clearest.filter(|response| response.clarity() > LEAST_CHANGE) else {
        found.notes.push(format!("{of}: no feature changes clearly"));
        return None;
    };
    let settings = scenario.procedure().recipe().settings(&task.to);
    let way = scenario.manifest().path.merged();
    let flow_ul_per_min: f64 = settings.pumps.iter().map(|(_, rate)| rate.ul_per_min()).sum();
    let (mean_s, relative) = response.moments();
    let n = response.points.len();
    found.push(Finding::new("tracer", &of, "mean residence time", "s", mean_s, n));
    found.push(Finding::known("tracer", &of, "relative variance", "", relative, n));
    let columns = ["step", "flow_ul_per_min", "feature", "since_s", "value", "response"];
    let table = found.table("tracer.csv", columns.map(String::from).to_vec());
    for (seconds, value) in &response.points {
        let row = [
            part.number.to_string(),
            format!("{flow_ul_per_min:?}"),
            response.name.clone(),
            format!("{seconds:?}"),
            format!("{value:?}"),
            format!("{:.5}", response.share(*value)),
        ];
        Table::push(table, row.to_vec());
    }
    let arrived = |(seconds, value): &(f64, f64)| (*seconds, response.share(*value));
    found.draw(Curve {
        figure: "How a step arrives".into(),
        of: format!("{of}: {flow_ul_per_min:.0} µL/min"),
        x: "time since the step [s]",
        y: "response, from 0 to 1".into(),
        points: response.points.iter().map(arrived).collect(),
        joined: true,
    });
    Some(Told { expected_s: way.residence_time_s(&settings), mean_s, flow_ul_per_min })
}

/// What all steps together say of the volume of the way: mean residence times over those that the scenario expects.
///
/// The slope is the volume over that of the scenario; what all of them are late by, however fast the flow, is not a volume: pumps
/// that follow slowly.
pub(super) fn together(found: &mut Findings, all: &[Told]) {
    let points: Vec<(f64, f64)> = all.iter().map(|it| (it.expected_s, it.mean_s.value)).collect();
    let Some(line) = Line::through(&points) else {
        if !all.is_empty() {
            found.notes.push("tracer: fewer than three flows tell no volume".into());
        }
        return;
    };
    let n = points.len();
    let volumes: Vec<f64> =
        all.iter().map(|it| it.expected_s * it.flow_ul_per_min / 60.0).collect();
    let volume_ul = mean(&volumes);
    let more = |slope: f64| (slope - 1.0) * volume_ul;
    let value = line.slope.value;
    // Steps are scattered about the line by chance; where that was less than each is uncertain, it says too little.
    let half = (line.slope.high - value).max(own(all, line.x_mean));
    let (low, high) = (value - half, value + half);
    let percent = Estimate { value: 100.0 * value, low: 100.0 * low, high: 100.0 * high };
    found.push(Finding::new("tracer", "way", "volume, of the scenario's", "%", percent, n));
    let dead = Estimate { value: more(value), low: more(low), high: more(high) };
    found.push(Finding::new("tracer", "way", "dead volume", "µL", dead, n));
    let late_s = line.level.value - value * line.x_mean;
    found.push(Finding::known("tracer", "way", "late at any flow", "s", late_s, n));
}

/// Half the interval of the slope that the uncertainty of each step makes for.
fn own(all: &[Told], x_mean: f64) -> f64 {
    let away = |it: &Told| it.expected_s - x_mean;
    let half_s = |it: &Told| 0.5 * (it.mean_s.high - it.mean_s.low);
    let parts: f64 = all.iter().map(|it| away(it) * away(it) * half_s(it) * half_s(it)).sum();
    parts.sqrt() / all.iter().map(|it| away(it) * away(it)).sum::<f64>()
}

/// How a feature goes from one value to another.
struct Response {
    name: String,
    /// Time since the step \[s\], and value.
    points: Vec<(f64, f64)>,
    before: f64,
    after: f64,
    /// Standard deviation of a reading.
    deviation: f64,
    /// Readings of which `before` and `after` are means.
    counts: (f64, f64),
}

impl Response {
    fn of(name: &str, part: &Part<'_>) -> Option<Self> {
        let all = part
            .readings
            .iter()
            .filter_map(|reading| Some((reading.value("since_s")?, reading.value(name)?)));
        let (before, points): (Vec<_>, Vec<_>) = all.partition(|(seconds, _)| *seconds < 0.0);
        let complete = (COMPLETE * points.len() as f64) as usize;
        if before.len() < 2 || complete < 3 {
            return None;
        }
        let values = |points: &[(f64, f64)]| points.iter().map(|(_, y)| *y).collect::<Vec<_>>();
        let (first, last) = (values(&before), values(&points[points.len() - complete..]));
        let freedom = (first.len() + last.len() - 2) as f64;
        let part_of = |values: &[f64]| (values.len() - 1) as f64 * variance(values) / freedom;
        Some(Self {
            name: name.to_owned(),
            before: mean(&first),
            after: mean(&last),
            deviation: (part_of(&first) + part_of(&last)).sqrt(),
            counts: (first.len() as f64, last.len() as f64),
            points,
        })
    }

    /// The change over the noise of a reading.
    fn clarity(&self) -> f64 {
        (self.after - self.before).abs() / self.deviation.max(f64::MIN_POSITIVE)
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.before) / (self.after - self.before)
    }

    /// Mean \[s\] with its interval, and variance over its square. A reading is noisy; and where in between two readings the
    /// response rises nobody sees.
    fn moments(&self) -> (Estimate, f64) {
        let noise = 1.0 / self.clarity();
        let (mut mean_s, mut second, mut weights) = (0.0, 0.0, 0.0);
        let (mut then, mut left, mut unseen) = (0.0, 1.0, 0.0);
        for (seconds, value) in &self.points {
            let (width, now) = (seconds - then, 1.0 - self.share(*value));
            mean_s += 0.5 * width * (left + now);
            second += width * (then * left + seconds * now);
            weights += width * width;
            unseen += width * (left - now) * width * (left - now) / 12.0;
            (then, left) = (*seconds, now);
        }
        let first = mean_s / self.counts.0.sqrt();
        let last = (then - mean_s) / self.counts.1.sqrt();
        let noisy = noise * noise * (weights + first * first + last * last);
        let deviation = (noisy + unseen).sqrt();
        let half = student_95((self.counts.0 + self.counts.1) as usize - 2) * deviation;
        let mean = Estimate { value: mean_s, low: mean_s - half, high: mean_s + half };
        (mean, (second - mean_s * mean_s) / (mean_s * mean_s))
    }
}
