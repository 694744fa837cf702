//! The limits of a rig, as a person reads them before saying yes.

use std::fmt::Write as _;

use flowtwin_lab::Manifest;
use flowtwin_lab::layer::{Limits, SensorRule};

/// What the guard will not let pass, and what no sensor of the rig watches.
pub fn limits_in_words(limits: &Limits, manifest: &Manifest) -> String {
    let l = limits;
    let mut text = format!(
        "limits           {} °C (set points {} K below), {} K/min, {} µL/min in all\n",
        l.max_temperature_c, l.set_point_margin_k, l.max_rise_k_per_min, l.max_total_ul_per_min
    );
    let mut line = |words: String| writeln!(text, "                 {words}").expect("text");
    line(format!(
        "{} K off the set point for {} s, a reading that is frozen for {} s, none for {} s",
        l.out_of_step_k, l.out_of_step_s, l.frozen_s, l.no_reading_s
    ));
    line(format!(
        "less than {} % of a pump's volume delivered, a light on for {} s",
        100.0 * l.least_delivered,
        l.max_light_s
    ));
    if let Some(kpa) = l.max_pressure_kpa {
        line(format!("pumps that stall above {kpa} kPa"));
    }
    for (rule, sensor) in limits.watched(manifest) {
        line(format!("{rule}: {sensor}"));
    }
    for (sensor, rule) in &l.sensors {
        line(format!("{sensor} {}", in_words(rule)));
    }
    match l.needs_flow_above_c() {
        Some(c) => line(format!("above {c} °C without flow for {} s", l.no_flow_grace_s)),
        None => line("heating without flow is ALLOWED".into()),
    }
    for rule in &l.ratios {
        line(format!(
            "{} outside {} to {} for {} s",
            rule.name, rule.low, rule.high, l.ratio_grace_s
        ));
    }
    for lacking in limits.unwatched(manifest) {
        writeln!(text, "not watched      {lacking}").expect("text");
    }
    text
}

/// What a sensor may not read.
fn in_words(rule: &SensorRule) -> String {
    let beyond = match (rule.low, rule.high) {
        (Some(low), Some(high)) => format!("outside {low} to {high}"),
        (Some(low), None) => format!("below {low}"),
        (None, Some(high)) => format!("above {high}"),
        (None, None) => "is free".into(),
    };
    let flowing = if rule.while_flowing { " while something flows" } else { "" };
    format!("{beyond} for {} s{flowing}", rule.for_s)
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::toy::ToyLab;
    use flowtwin_lab::{Lab as _, Probe, SensorInfo, SensorKind};

    use super::*;

    fn limits_in_words(limits: &Limits) -> String {
        super::limits_in_words(limits, ToyLab::new().manifest())
    }

    #[test]
    fn what_sensors_watch_is_told_and_what_no_sensor_watches() {
        let mut manifest = ToyLab::new().manifest().clone();
        let mut add = |name: &str, kind| {
            manifest.sensors.push(SensorInfo { name: name.into(), kind });
        };
        add("gauge", SensorKind::Probe(Probe::Pressure));
        add("waste", SensorKind::Probe(Probe::Level));
        add("tray", SensorKind::Leak);
        let high = SensorRule { high: Some(900.0), for_s: 5.0, ..SensorRule::default() };
        let sensors = [("waste".into(), high)].into();
        let limits = Limits { max_pressure_kpa: Some(700.0), sensors, ..Limits::default() };
        let text = super::limits_in_words(&limits, &manifest);
        for said in [
            "  more than 700 kPa: gauge\n",
            "  an open switch: door\n",
            "  a leak: tray\n",
            "  waste above 900 for 5 s\n",
            "not watched      no flow sensor: what pumps say that they deliver is believed\n",
        ] {
            assert!(text.contains(said), "{said}{text}");
        }
        assert!(!text.contains("no pressure sensor") && !text.contains("no level"), "{text}");
    }

    #[test]
    fn every_limit_that_is_set_is_told() {
        let text = limits_in_words(&Limits::default());
        assert!(
            text.starts_with("limits           220 °C (set points 10 K below), 60 K/min"),
            "{text}"
        );
        assert!(text.contains("above 60 °C without flow") && !text.contains("kPa"), "{text}");
        let lax = Limits { heat_without_flow: true, ..Limits::default() };
        assert!(limits_in_words(&lax).contains("heating without flow is ALLOWED"));
        let strict = Limits {
            max_pressure_kpa: Some(700.0),
            no_heat_without_flow_above_c: Some(90.0),
            ..Limits::default()
        };
        let text = limits_in_words(&strict);
        assert!(
            text.contains("700 kPa") && text.contains("above 90 °C without flow for 3600 s"),
            "{text}"
        );
    }
}
