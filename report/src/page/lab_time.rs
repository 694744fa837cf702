//! How lab time and liquids were used.

use super::html::{HALF, Legend, WIDE, figure, section};
use super::{legend, style};
use crate::format::{NONE, count, duration, fixed, plain, significant};
use crate::plot::{Axis, Bars, Chart, Colour, Dot, Ends, Line, Points, Shape, Style};
use crate::run::{Experiment, Run, span_s};
use crate::stages::Stages;
use crate::stock::{self, Stock};
use crate::table::Table;
use crate::thin;

/// The section on time and liquids.
pub(super) fn sections(run: &Run<'_>) -> String {
    if run.experiments().is_empty() {
        return String::new();
    }
    let stocks = stock::of(run);
    let mut out = String::new();
    // A table has neither times nor volumes.
    if !stocks.is_empty() {
        let table = figure("What is left", "", &Legend::default(), &table(&stocks).html());
        let beside = table + &stages(run).unwrap_or_default();
        out.push_str(&section(
            "lab-time",
            "Lab time and liquids",
            &(levels(run, &stocks) + &beside),
        ));
    }
    out
}

/// Time since the start of the run [h].
fn hours(at: flowtwin_lab::Instant) -> f64 {
    at.as_secs() / 3600.0
}

fn levels(run: &Run<'_>, stocks: &[Stock]) -> String {
    let end = run.experiments().last().map_or(0.0, |e| hours(e.record.ended_ns));
    let top = stocks.iter().map(|s| s.filled_ml).fold(0.0, f64::max);
    let mut chart = Chart::new(
        Axis::between("lab time [h]", 0.0, end).ticked(10).plain(),
        Axis::between("volume left [mL]", 0.0, 1.08 * top),
        "volume left of every stock over the lab time",
        run.header().simulated,
    )
    .sized(WIDE, 320.0);
    let mut ends = Ends::default();
    let first = stock::first_empty(stocks).map(|stock| stock.name.as_str());
    for stock in stocks {
        let scarce = first == Some(stock.name.as_str());
        let colour = if scarce { Colour::ALERT } else { Colour::SOFT };
        let level = |(at, ml): (f64, f64)| (at / 3600.0, ml);
        let level = thin::thinned(&stock.level).into_iter().map(level);
        chart.add(Line::new(level, colour).wide(if scarce { 2.0 } else { 1.3 }));
        let text = format!("{} {} mL", stock.name, significant(stock.left_ml(), 3));
        ends.push(stock.left_ml(), text, colour);
    }
    chart.add(ends);
    strip(run, 1.05 * top, 0.03 * top, &mut chart);
    chart.add(failures(run, 1.05 * top));
    let note = "Red: the stock that will be used up first. Strip: the phases; crosses: experiments that failed.";
    let has_bottles = run.header().manifest.pumps.iter().any(|pump| !pump.has_syringe());
    let title =
        if has_bottles { "What syringes and bottles hold" } else { "What the syringes hold" };
    figure(title, note, &legend(run), &chart.responsive())
}

/// A strip of the phases.
fn strip(run: &Run<'_>, at: f64, thick: f64, chart: &mut Chart) {
    for (i, phase) in run.phases().iter().enumerate() {
        let experiments = run.of_phase(i);
        if let (Some(first), Some(last)) = (experiments.first(), experiments.last()) {
            let mut bar = Bars::new(style(i).colour, thick);
            let tip = format!("{}\n{}", phase.record.name, duration(span_s(experiments)));
            bar.push(at, hours(first.record.started_ns), hours(last.record.ended_ns), tip);
            chart.add(bar);
        }
    }
}

fn failures(run: &Run<'_>, at: f64) -> Points {
    let dots = run.experiments().iter().filter_map(|e| {
        let fault = e.record.fault.as_ref()?;
        let tip = format!("experiment {} failed\n{}", e.record.experiment, fault.kind);
        let dot = Dot::of_experiment(e.record.experiment, hours(fault.at), at);
        Some(Dot { tip, ..dot })
    });
    Points::new(dots, Style { colour: Colour::ALERT, shape: Shape::Cross }).sized(4.0)
}

fn table(stocks: &[Stock]) -> Table {
    let refilled = stocks.iter().any(|stock| stock.refilled_ml > 0.0);
    let mut table =
        Table::new().words("stock").numbers("pumps").numbers("filled at the start [mL]");
    if refilled {
        table = table.numbers("refilled [mL]");
    }
    let mut table = table.numbers("used [mL]").numbers("left [mL]").numbers("lasts for");
    for stock in stocks {
        let more = stock.lasts_for().map_or(NONE.into(), |n| format!("{} more", fixed(n, 0)));
        let mut row = vec![stock.name.clone(), count(stock.pumps), plain(stock.filled_ml)];
        row.extend(refilled.then(|| significant(stock.refilled_ml, 3)));
        row.extend([significant(stock.used_ml, 3), significant(stock.left_ml(), 3), more]);
        table.row(row);
    }
    table
}

/// A stage of an experiment: its name, its colour, and its length [s].
type Stage = (&'static str, Colour, fn(&Stages) -> f64);

const STAGES: [Stage; 3] = [
    ("heating", Colour("#c3cad2"), |s| s.heating_s),
    ("reaching steady state", Colour("#7b8794"), |s| s.equilibrating_s),
    ("taking spectra", Colour("#323f4b"), |s| s.measuring_s),
];

/// Mean time of each stage, phase by phase.
fn stages(run: &Run<'_>) -> Option<String> {
    let timed = |i: &usize| run.of_phase(*i).iter().any(|e| e.stages.is_some());
    let phases: Vec<usize> = (0..run.phases().len()).filter(timed).collect();
    if phases.is_empty() {
        return None;
    }
    let means: Vec<[f64; 3]> = phases.iter().map(|&i| means(run.of_phase(i))).collect();
    let names = phases.iter().map(|&i| run.phases()[i].record.name.clone());
    let longest = means.iter().map(|m| m.iter().sum::<f64>() / 60.0);
    let mut chart = Chart::new(
        Axis::from_zero("mean lab time of an experiment [min]", longest),
        Axis::names("", names).reversed(),
        "mean lab time of the stages of an experiment, by phase",
        run.header().simulated,
    )
    .sized(HALF, 76.0 + 30.0 * phases.len() as f64);
    let mut legend = Legend::default();
    for (stage, (name, colour, _)) in STAGES.iter().enumerate() {
        legend.push(Style { colour: *colour, shape: Shape::Square }, name);
        let mut bars = Bars::new(*colour, 0.62);
        for (row, mean) in means.iter().enumerate() {
            let from: f64 = mean[..stage].iter().sum();
            let tip = format!("{name}\n{}", duration(mean[stage]));
            bars.push(row as f64, from / 60.0, (from + mean[stage]) / 60.0, tip);
        }
        chart.add(bars);
    }
    Some(figure("Where the time of an experiment goes", "", &legend, &chart.responsive()))
}

fn means(experiments: &[Experiment<'_>]) -> [f64; 3] {
    let stages: Vec<Stages> = experiments.iter().filter_map(|e| e.stages).collect();
    let n = stages.len().max(1) as f64;
    STAGES.map(|(_, _, of)| stages.iter().map(of).sum::<f64>() / n)
}
