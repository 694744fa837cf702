//! What the shadow of a run saw: the calibrated scenario beside the rig.

use serde::Deserialize;

use crate::format::{counted, fixed, significant};
use crate::table::Table;

/// What a shadow made of a run, from the files that it leaves in the run folder.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Shadow {
    /// Experiments that it looked at.
    pub experiments: usize,
    /// Lab time of the run \[h\].
    pub hours: f64,
    /// What has moved.
    pub alarms: Vec<Alarm>,
    /// Each feature over the run.
    pub features: Vec<OverRun>,
    /// Each experiment and feature; of `shadow.csv`.
    #[serde(skip)]
    pub looks: Vec<Look>,
}

/// Something has moved.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Alarm {
    /// The experiment after which it was told.
    pub experiment: u64,
    /// The first experiment that shows it.
    pub since: u64,
    /// Whether it came little by little.
    pub slow: bool,
    /// What may have moved, the most probable first.
    pub causes: Vec<Suspect>,
}

/// What may have moved.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Suspect {
    /// In words, such as `pump cui delivers 3.1 % more`.
    pub words: String,
    /// Its probability, given that something has moved.
    pub probability: f64,
}

/// A feature over a run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OverRun {
    /// Its name.
    pub name: String,
    /// Mean of the differences, in standard deviations of the prediction.
    pub mean_off: f64,
    /// The part of the experiments within 1.96 standard deviations.
    pub within: f64,
}

/// A feature of an experiment beside what was expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Number of the experiment.
    pub experiment: u64,
    /// Name of the feature.
    pub feature: String,
    /// Measured less expected, in standard deviations of the prediction.
    pub off: f64,
}

impl Shadow {
    /// Reads `shadow.json` and `shadow.csv`; none where they are not what a shadow writes.
    pub fn read(json: &str, csv: &str) -> Option<Self> {
        let mut shadow: Self = serde_json::from_str(json).ok()?;
        let mut lines = csv.lines();
        let head: Vec<&str> = lines.next()?.split(',').collect();
        let place = |name: &str| head.iter().position(|known| *known == name);
        let (number, feature, off) =
            (place("experiment")?, place("feature")?, place("off_in_deviations")?);
        let look = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            Some(Look {
                experiment: cells.get(number)?.parse().ok()?,
                feature: (*cells.get(feature)?).to_owned(),
                off: cells.get(off)?.parse().ok()?,
            })
        };
        shadow.looks = lines.map(look).collect::<Option<_>>()?;
        Some(shadow)
    }

    /// One sentence: whether anything has moved.
    pub(crate) fn headline(&self) -> String {
        let looked = format!(
            "{} in {} h held against the calibrated scenario",
            counted(self.experiments, "experiment"),
            significant(self.hours, 3)
        );
        match self.alarms.len() {
            0 => format!("{looked}: nothing has moved, as far as they can tell."),
            n => format!("{looked}: something has moved, {}.", counted(n, "alarm")),
        }
    }

    /// The alarms and what may have caused them.
    pub(crate) fn alarms(&self) -> Table {
        let mut table = Table::new()
            .numbers("told after experiment")
            .numbers("since experiment")
            .words("what may have moved")
            .numbers("probability [%]");
        for alarm in &self.alarms {
            for (i, cause) in alarm.causes.iter().enumerate() {
                let once = |text: String| if i == 0 { text } else { String::new() };
                let slow = if alarm.slow { ", little by little" } else { "" };
                table.row(vec![
                    once(alarm.experiment.to_string()),
                    once(alarm.since.to_string()),
                    cause.words.clone() + slow,
                    fixed(100.0 * cause.probability, 0),
                ]);
            }
        }
        table
    }

    /// Each feature over the run.
    pub(crate) fn features(&self) -> Table {
        let mut table = Table::new()
            .words("feature")
            .numbers("mean off [standard deviations]")
            .numbers("within 95 % interval [%]");
        for feature in &self.features {
            let (off, within) = (fixed(feature.mean_off, 2), fixed(100.0 * feature.within, 0));
            table.row(vec![feature.name.replace('_', " "), off, within]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{ "experiments": 2, "hours": 1.5, "scatter": 1.1,
        "alarms": [{ "experiment": 2, "since": 1, "slow": true, "causes": [
            { "name": "stock cui", "words": "stock cui is 5.1 % weaker", "probability": 0.67, "amount": -5.1, "deviation": 1.0, "unit": "%" },
            { "name": "pump cui", "words": "pump cui delivers 6.3 % less", "probability": 0.33, "amount": -6.3, "deviation": 1.2, "unit": "%" }] }],
        "features": [{ "name": "pli", "mean_off": -2.1, "within": 0.5 }] }"#;
    const CSV: &str = "experiment,feature,measured,expected,off_in_deviations,chance\n\
                       1,pli,1e3,1.1e3,-1.500,2e-1\n2,pli,1e3,1.2e3,-2.700,1e-2\n";

    #[test]
    fn what_a_shadow_wrote_is_read_again() {
        let shadow = Shadow::read(JSON, CSV).unwrap();
        assert_eq!(shadow.looks[1], Look { experiment: 2, feature: "pli".into(), off: -2.7 });
        assert!(shadow.headline().contains("something has moved, 1 alarm"));
        let text = shadow.alarms().text();
        assert!(text.contains("stock cui is 5.1 % weaker, little by little"), "{text}");
        assert!(text.contains("67") && text.contains("33"), "{text}");
        for (json, csv) in [("{}", CSV), (JSON, ""), (JSON, "a,b\n1,2\n"), ("no json", CSV)] {
            assert_eq!(Shadow::read(json, csv), None, "{json} {csv}");
        }
    }
}
