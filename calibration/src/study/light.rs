//! How steady lights are.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_statistics::estimate::Estimate;

use super::curve::Curve;
use super::findings::{Finding, Findings};
use super::line::Line;
use crate::parts::Part;

/// Relative standard deviation of the light of each channel from one reading to the next, and its drift.
pub(super) fn add(found: &mut Findings, scenario: &Scenario, part: &Part<'_>) {
    let Some(first) = part.readings.first() else { return };
    for channel in scenario.analysis().channels() {
        let name = format!("{}_counts", channel.name);
        let point = |reading: &&flowtwin_lab::study::Reading| {
            let hours = reading.at_ns.since(first.at_ns).as_secs() / 3600.0;
            reading.value(&name).map(|counts| (hours, counts))
        };
        let points: Vec<(f64, f64)> = part.readings.iter().filter_map(point).collect();
        let Some(line) = Line::through(&points) else { continue };
        // The light at the beginning is what the drift is a part of.
        let begins = line.level.value - line.slope.value * line.x_mean;
        if begins <= 0.0 {
            continue;
        }
        let (n, percent) = (points.len(), 100.0 / begins);
        let light = format!("{} ({})", channel.light, channel.name);
        let of = light.as_str();
        found.draw(Curve {
            figure: "How steady lights are".into(),
            of: of.to_owned(),
            x: "time [h]",
            y: "light, of that at the beginning [%]".into(),
            points: points.iter().map(|(hours, counts)| (*hours, percent * counts)).collect(),
            joined: false,
        });
        found.push(Finding::known("light", of, "light", "counts", begins, n));
        let left = percent * line.left;
        found.push(Finding::known("light", of, "deviation between readings", "%", left, n));
        let Estimate { value, low, high } = line.slope;
        let lost = Estimate { value: -percent * value, low: -percent * high, high: -percent * low };
        let loss = Finding::new("light", of, "loss of light", "%/h", lost, n);
        let light = channel.light.as_str();
        let known = found.iter().any(|other| other.is_of_key(&key(light)));
        // What cannot be told from none is left as it is.
        let is_told = lost.low > 0.0 && !known;
        found.push(if is_told { loss.key(key(light)) } else { loss });
    }
}

fn key(light: &str) -> Vec<String> {
    ["noise", "lights", light, "drift_percent_per_h"].map(String::from).to_vec()
}
