//! What pumps deliver of what they are told.

use flowtwin_campaign::scenario::{FreeSpec, Scenario, free};
use flowtwin_lab::journal::Journal;
use flowtwin_lab::study::DeliverTask;
use flowtwin_statistics::estimate::{Estimate, student_95};
use serde_json::Value;

use super::curve::Curve;
use super::findings::{Finding, Findings};
use super::table::Table;
use crate::calibration::{SPEAKS_AGAINST, calibrate};
use crate::data::Measured;
use crate::parts::Part;

/// The phase of the experiments by which the light tells deliveries.
pub(super) const BY_LIGHT: &str = "flow";

/// The share of what it is told that a pump delivers, weighed.
pub(super) fn weighed(
    found: &mut Findings,
    definition: &Value,
    task: &DeliverTask,
    part: &Part<'_>,
) {
    let pump = task.pump.as_str();
    let density = density(definition, pump);
    let columns = ["pump", "rate_ul_per_min", "asked_ul", "weighed_g", "delivered_ul"];
    let mut points = Vec::new();
    for reading in &part.readings {
        let value = |name: &str| reading.value(name);
        let (Some(rate), Some(asked), Some(grams)) =
            (value("rate_ul_per_min"), value("asked_ul"), value("weighed_g"))
        else {
            continue;
        };
        // 1 µL of 1 kg/m³ is 1e-6 g.
        let delivered = grams / (1e-6 * density);
        points.push((asked, delivered));
        let numbers = [rate, asked, grams, delivered].map(|number| format!("{number:?}"));
        let row = [pump.to_owned()].into_iter().chain(numbers).collect();
        Table::push(found.table("flow.csv", columns.map(String::from).to_vec()), row);
    }
    found.draw(Curve {
        figure: "What pumps deliver".into(),
        of: pump.to_owned(),
        x: "asked for [µL]",
        y: "delivered [µL]".into(),
        points: points.clone(),
        joined: false,
    });
    let n = points.len();
    let Some(share) = share(&points) else {
        found.notes.push(format!("flow: {pump} was weighed {n} times only"));
        return;
    };
    found.push(
        Finding::new("flow", pump, "delivers of what it is told", "%", share, n).key(key(pump)),
    );
}

/// What is delivered of what is asked for \[%\]: the slope of a line through zero; a balance is off by as much whatever it weighs.
fn share(points: &[(f64, f64)]) -> Option<Estimate> {
    let n = points.len();
    let squares: f64 = points.iter().map(|(asked, _)| asked * asked).sum();
    if n < 2 || squares <= 0.0 {
        return None;
    }
    let slope = points.iter().map(|(asked, came)| asked * came).sum::<f64>() / squares;
    let off = points.iter().map(|(asked, came)| came - slope * asked);
    let variance = off.map(|off| off * off).sum::<f64>() / (n - 1) as f64;
    let half = student_95(n - 1) * (variance / squares).sqrt();
    let [value, low, high] = [slope, slope - half, slope + half].map(|share| 100.0 * share);
    Some(Estimate { value, low, high })
}

/// Density of what a pump delivers, at room temperature [kg/m³].
fn density(definition: &Value, pump: &str) -> f64 {
    let carrier = definition.pointer("/rig/carrier/pump").and_then(Value::as_str);
    let liquid = if carrier == Some(pump) { "/rig/carrier/liquid" } else { "/rig/liquid" };
    let density = definition.pointer(&format!("{liquid}/density_kg_per_m3"));
    density.and_then(Value::as_f64).unwrap_or(1000.0)
}

fn key(pump: &str) -> Vec<String> {
    ["rig", "pumps", pump, "delivers_percent"].map(String::from).to_vec()
}

/// What the light tells of deliveries: those of all pumps but one are fitted to experiments at several flows.
///
/// How strongly things absorb is fitted too: nobody need believe the scenario there. A spectrum shows how liquids are mixed, and
/// not how much flows: each delivery is told as if that of the first pump were what the scenario says. What the light does not
/// tell is named.
pub(super) fn by_light(found: &mut Findings, scenario: &Scenario, journal: &Journal) {
    let carrier = &scenario.file().rig.carrier;
    let carrier = carrier.as_ref().map(|carrier| carrier.pump.as_str());
    let pumps = scenario.manifest().pumps.iter().map(|info| info.name.as_str());
    let pumps: Vec<&str> = pumps.filter(|pump| Some(*pump) != carrier).collect();
    let Some((first, others)) = pumps.split_first().filter(|(_, others)| !others.is_empty()) else {
        found.notes.push("flow: one pump alone is told by no light".into());
        return;
    };
    let delivery = |pump: &&str| FreeSpec {
        low: Some(50.0),
        high: Some(150.0),
        ..FreeSpec::new(format!("rig.pumps.{pump}.delivers_percent"))
    };
    let absorbs =
        |place: usize| FreeSpec::new(format!("optics.absorption[{}].epsilon_per_m_cm", place + 1));
    let absorptions = 0..scenario.file().optics.absorption.len();
    let specs: Vec<FreeSpec> =
        others.iter().map(delivery).chain(absorptions.map(absorbs)).collect();
    let fitted = || {
        let mut measured = Measured::default();
        measured.add_journal(scenario, BY_LIGHT, journal, |phase| phase == BY_LIGHT)?;
        calibrate(scenario, &free(scenario, &specs)?, &measured)
    };
    let calibration = match fitted() {
        Ok(calibration) => calibration,
        Err(why) => {
            found.notes.push(format!("flow: the light tells no deliveries: {}", why.message));
            return;
        }
    };
    if calibration.lack_of_fit_p.is_some_and(|p| p < SPEAKS_AGAINST) {
        found.notes.push(format!("flow: the light tells no deliveries: {}", calibration.verdict()));
        return;
    }
    found.notes.push(format!("flow: told by the light, as if {first} delivered what it is told"));
    for (pump, parameter) in others.iter().zip(&calibration.parameters) {
        let Some(value) = parameter.value else {
            found.notes.push(format!("flow: the light does not tell what {pump} delivers"));
            continue;
        };
        let share = Estimate { value, low: parameter.low, high: parameter.high };
        let n = calibration.experiments;
        let finding = Finding::new("flow", pump, "delivers of what it is told", "%", share, n);
        found.push(finding.key(key(pump)));
    }
}
