//! The rig during a run: temperatures, flows, what the guard watched over, what went wrong, what the shadow saw.

use super::html::{self, HALF, Legend, WIDE, escape, figure, section};
use crate::format::{counted, plain};
use crate::guarded;
use crate::history::{History, Points};
use crate::plot::{self, Axis, Chart, Colour, Dash, Dot, Line, Rule, Style};
use crate::run::Run;
use crate::shadow::{Account, Feature, Look, Recalibration};
use crate::trouble;

/// The sections on the rig.
pub(super) fn sections(run: &Run<'_>, shadow: Option<&Account>) -> String {
    let mut out = String::new();
    let history = History::of(run);
    let body = [temperatures(run, &history), flows(run, &history), guard(run)];
    let body: String = body.into_iter().flatten().collect();
    if !body.is_empty() {
        out.push_str(&section("rig", "The rig", &body));
    }
    let faults = trouble::table(run);
    if !faults.is_empty() {
        out.push_str(&section("faults", "What went wrong", &faults.html()));
    }
    out + &shadow.map(|shadow| watched(run, shadow)).unwrap_or_default()
}

/// The lab time as an axis, up to the last of these points; none where no time has passed.
fn lab_time<'p>(lines: impl Iterator<Item = &'p Points>) -> Option<Axis> {
    let end = lines.filter_map(|points| Some(points.last()?.0)).fold(0.0, f64::max);
    (end > 0.0).then(|| Axis::between("lab time [h]", 0.0, end).ticked(10).plain())
}

/// What heaters read, beside what they were set to.
fn temperatures(run: &Run<'_>, history: &History) -> Option<String> {
    let values = || history.read.values().chain(history.set.values().flatten());
    history.read.values().find(|points| !points.is_empty())?;
    let temperatures = values().flatten().map(|(_, celsius)| *celsius);
    let mut chart = Chart::new(
        lab_time(values())?,
        Axis::covering("temperature [°C]", temperatures),
        "temperature of every heater over the lab time",
        run.header().simulated,
    )
    .sized(WIDE, 260.0);
    let mut legend = Legend::default();
    for (i, (heater, points)) in history.read.iter().enumerate() {
        let style = Style::series(i + 1);
        legend.push(style, heater.as_str());
        for set in history.set.get(heater).into_iter().flatten() {
            let set = Line::new(set.iter().copied(), Colour::SOFT).dashed(Dash::Dashed).in_steps();
            chart.add(set.wide(1.0));
        }
        chart.add(Line::new(points.iter().copied(), style.colour).wide(1.3));
    }
    let note = "As it was read; dashed: the set point.";
    Some(figure("Temperatures", note, &legend, &chart.responsive()))
}

/// What pumps delivered.
fn flows(run: &Run<'_>, history: &History) -> Option<String> {
    history.flows.values().find(|points| !points.is_empty())?;
    let rates = history.flows.values().flatten().map(|(_, rate)| *rate);
    let mut chart = Chart::new(
        lab_time(history.flows.values())?,
        Axis::from_zero("flow [µL/min]", rates),
        "flow of every pump over the lab time",
        run.header().simulated,
    )
    .sized(WIDE, 260.0);
    let mut legend = Legend::default();
    for (i, (pump, points)) in history.flows.iter().enumerate() {
        let style = Style::series(i);
        legend.push(style, pump.as_str());
        chart.add(Line::new(points.iter().copied(), style.colour).in_steps().wide(1.1));
    }
    let note = "What each pump was told to deliver. Click a pump’s name to see its line alone.";
    Some(figure("Flows", note, &legend, &chart.responsive()))
}

fn guard(run: &Run<'_>) -> Option<String> {
    let table = guarded::table(run)?;
    let words = format!("<p>{}</p>\n", escape(&guarded::headline(run)));
    Some(format!("<h3>The guard</h3>\n{words}{}", table.html()))
}

/// What the shadow saw.
fn watched(run: &Run<'_>, shadow: &Account) -> String {
    let mut said = vec![shadow.headline() + "."];
    said.extend(shadow.recalibrations.iter().map(Recalibration::words));
    said.extend(shadow.scattering());
    if let n @ 1.. = shadow.unseen(run.journal()) {
        said.push(format!("{} at the end of the run ended without it.", counted(n, "experiment")));
    }
    let words: String = said.iter().map(|said| format!("<p>{}</p>\n", escape(said))).collect();
    let alarms = shadow.causes();
    let alarms = if alarms.is_empty() { String::new() } else { alarms.html() };
    let features =
        figure("Each feature over the run", "", &Legend::default(), &shadow.table().html());
    let beside = html::pair(&[differences(run, shadow), features]);
    section("shadow", "Is the rig as it was?", &(words + &alarms + &beside))
}

/// How far each feature of each experiment was off.
fn differences(run: &Run<'_>, shadow: &Account) -> String {
    let off = || shadow.looks.iter().flat_map(|look| &look.features).map(|feature| feature.off);
    let last = shadow.looks.iter().map(|look| look.experiment).max().unwrap_or(1) as f64;
    let mut chart = Chart::new(
        Axis::between("experiment", 0.0, last + 1.0).whole().plain(),
        Axis::covering("measured less expected [standard deviations]", off().chain([-3.0, 3.0])),
        "difference of each feature from what the shadow expected, by experiment",
        run.header().simulated,
    )
    .sized(HALF, 300.0);
    for bound in [-1.96, 1.96] {
        chart.add(Rule::level(bound, ""));
    }
    let alarms: Vec<(f64, String)> = shadow
        .alarms
        .iter()
        .map(|a| (a.experiment as f64, format!("alarm {}", plain(a.experiment as f64))))
        .collect();
    let axis = Axis::between("experiment", 0.0, last + 1.0);
    for rule in Rule::uprights(&alarms, &axis, 240.0) {
        chart.add(rule.coloured(Colour::ALERT));
    }
    let mut legend = Legend::default();
    for (i, feature) in shadow.features.iter().enumerate() {
        let style = Style::series(i + 1);
        legend.push(style, &feature.name.replace('_', " "));
        let dots = shadow.looks.iter().filter_map(|look: &Look| {
            let own = |own: &&Feature| own.name == feature.name;
            let off = look.features.iter().find(own)?.off;
            Some(Dot::of_experiment(look.experiment, look.experiment as f64, off))
        });
        chart.add(plot::Points::new(dots, style).sized(2.5));
    }
    let note = "Dashed: 95 of 100 lie between these lines while nothing has moved.";
    figure("Measured less expected", note, &legend, &chart.responsive())
}
