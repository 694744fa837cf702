//! What a shadow made of a run.

use std::fmt::Write as _;

use flowtwin_report::Table;
use flowtwin_report::format::{counted, significant};
use serde::Serialize;

use super::FALSE_ALARM_H;
use super::alarm::Alarm;
use super::look::Look;

/// Differences within so many standard deviations are 95 of 100.
const USUAL: f64 = 1.96;

/// What a shadow made of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// The run, if it was given a name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// Experiments that were looked at.
    pub experiments: usize,
    /// Lab time of the run \[h\].
    pub hours: f64,
    /// How much more or less than the scenario's noise the rig scatters, as a factor.
    pub scatter: f64,
    /// What has moved.
    pub alarms: Vec<Alarm>,
    /// Each feature over the run.
    pub features: Vec<OverRun>,
    /// Each experiment.
    #[serde(skip)]
    pub looks: Vec<Look>,
}

/// A feature over a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OverRun {
    /// Its name.
    pub name: String,
    /// Mean of the differences, in standard deviations of the prediction.
    pub mean_off: f64,
    /// The part of the experiments within 1.96 standard deviations; 0.95 where all is as expected.
    pub within: f64,
}

impl Account {
    pub(super) fn new(
        run: &str,
        hours: f64,
        scatter: f64,
        alarms: &[Alarm],
        looks: &[Look],
    ) -> Self {
        Self {
            run: run.to_owned(),
            experiments: looks.len(),
            hours,
            scatter,
            alarms: alarms.to_vec(),
            features: over_run(looks),
            looks: looks.to_vec(),
        }
    }

    /// One sentence: whether anything has moved.
    pub fn headline(&self) -> String {
        let done = counted(self.experiments, "experiment");
        let hours = significant(self.hours, 3);
        let found = match self.alarms.len() {
            0 => "nothing has moved, as far as they can tell".to_owned(),
            1 => "something has moved".to_owned(),
            n => format!("something has moved, {n} times"),
        };
        format!(
            "{done} in {hours} h: {found} (one false alarm in {FALSE_ALARM_H} h at most, on average)"
        )
    }

    /// What is to be said beside the table, one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let told =
            |alarm: &Alarm| format!("After experiment {}: {}.", alarm.experiment, alarm.words());
        let mut all: Vec<String> = self.alarms.iter().map(told).collect();
        if self.scatter > 1.2 {
            all.push(format!(
                "The rig scatters {} times as much as the noise of the scenario: calibrate it, or look for another cause.",
                significant(self.scatter, 2)
            ));
        }
        all
    }

    /// Each feature over the run.
    pub fn table(&self) -> Table {
        let table = Table::new().words("feature").numbers("mean off [sd]");
        let mut table = table.numbers("within 95 % interval [%]");
        for feature in &self.features {
            let within = format!("{:.0}", 100.0 * feature.within);
            table.row(vec![feature.name.clone(), format!("{:+.2}", feature.mean_off), within]);
        }
        table
    }

    /// Each experiment and feature as CSV: what was measured, what was expected, and the difference in standard deviations.
    pub fn csv(&self) -> String {
        let mut out =
            String::from("experiment,feature,measured,expected,off_in_deviations,chance\n");
        for look in &self.looks {
            for feature in &look.features {
                let _written = writeln!(
                    out,
                    "{},{},{:e},{:.6e},{:.3},{:.2e}",
                    look.experiment,
                    feature.name,
                    feature.measured,
                    feature.expected,
                    feature.off,
                    look.chance
                );
            }
        }
        out
    }
}

fn over_run(looks: &[Look]) -> Vec<OverRun> {
    let mut names: Vec<&str> = Vec::new();
    for feature in looks.iter().flat_map(|look| &look.features) {
        if !names.contains(&feature.name.as_str()) {
            names.push(&feature.name);
        }
    }
    let of = |name: &&str| {
        let all = looks.iter().flat_map(|look| &look.features);
        let off: Vec<f64> = all.filter(|f| f.name == **name).map(|f| f.off).collect();
        let within = off.iter().filter(|off| off.abs() < USUAL).count() as f64 / off.len() as f64;
        OverRun { name: (*name).to_owned(), mean_off: flowtwin_statistics::mean(&off), within }
    };
    names.iter().map(of).collect()
}
