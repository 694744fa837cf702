//! What the shadow of a run saw: the calibrated scenario beside the lab.

use std::fmt::Write as _;

use flowtwin_lab::Instant;
use flowtwin_lab::journal::{ExperimentRecord, Journal, Recalibrated};
use serde::{Deserialize, Serialize};

use crate::format::{counted, fixed, significant};
use crate::table::Table;

/// Hours of lab time between two false alarms, on average and at least.
pub const FALSE_ALARM_H: f64 = 100.0;

/// 95 of 100 differences are within this many standard deviations.
const USUAL: f64 = 1.96;

/// Factor by which a rig may scatter more than its scenario says before a warning.
const SCATTERS: f64 = 1.2;

const COLUMNS: &str = "experiment,feature,measured,expected,off_in_deviations,chance";

/// What a shadow made of a run: `shadow.json`, and with the looks `shadow.csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The run, if it was given a name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// Experiments that were looked at.
    pub experiments: usize,
    /// Lab time of the run \[h\].
    pub hours: f64,
    /// How much more or less than the scenario's noise the rig scatters, as a factor.
    pub scatter: f64,
    /// What has moved.
    pub alarms: Vec<Alarm>,
    /// How the shadow was calibrated again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recalibrations: Vec<Recalibration>,
    /// Each feature over the run.
    pub features: Vec<OverRun>,
    /// Each experiment.
    #[serde(skip)]
    pub looks: Vec<Look>,
}

/// Something has moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The experiment after which the alarm was raised.
    pub experiment: u64,
    /// The first experiment that shows it, as far as is known.
    pub since: u64,
    /// Whether it was gradual.
    pub slow: bool,
    /// What may have moved, the most probable first.
    pub causes: Vec<Suspect>,
}

/// What may have moved, and how likely that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// What it is, such as `pump cui`.
    pub name: String,
    /// In words, such as `pump cui delivers 3.1 % more`.
    pub words: String,
    /// Its probability, given that something has moved.
    pub probability: f64,
    /// By how much, in `unit`.
    pub amount: f64,
    /// Standard deviation of the amount.
    pub deviation: f64,
    /// `%` or `K`.
    pub unit: String,
}

/// A shadow goes on with other values, because something has moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recalibration {
    /// The experiment after which this was found.
    pub experiment: u64,
    /// What has moved, or what was estimated, in words.
    pub because: String,
    /// From how many experiments it was estimated.
    pub experiments: usize,
    /// The keys that changed.
    pub values: Vec<Revalued>,
}

/// A key of the scenario of a shadow, and its value before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revalued {
    /// The key.
    pub key: String,
    /// Its value before; none where it had its default.
    pub before: Option<f64>,
    /// Its value from then on.
    pub after: f64,
}

impl Recalibration {
    /// What the journal of the run records of it; the campaign adds when.
    pub fn record(&self) -> Recalibrated {
        let values = self.values.iter().map(|value| (value.key.clone(), value.after)).collect();
        let (at_ns, because) = (Instant::START, self.because.clone());
        Recalibrated { at_ns, experiment: self.experiment, because, values }
    }

    /// In one sentence.
    pub fn words(&self) -> String {
        let value = |Revalued { key, before, after }: &Revalued| {
            let after = significant(*after, 4);
            match before {
                Some(before) => format!("{key} from {} to {after}", significant(*before, 4)),
                None => format!("{key} to {after}"),
            }
        };
        let values: Vec<String> = self.values.iter().map(value).collect();
        format!(
            "After experiment {} the shadow was calibrated anew from {} ({}): {}.",
            self.experiment,
            counted(self.experiments, "experiment"),
            self.because,
            values.join(", ")
        )
    }
}

/// A feature over a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverRun {
    /// Its name.
    pub name: String,
    /// Mean of the differences, in standard deviations of the prediction.
    pub mean_off: f64,
    /// The part of the experiments within 1.96 standard deviations; 0.95 where all is as expected.
    pub within: f64,
}

/// One experiment, compared with its prediction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Look {
    /// The number of the experiment in its run, from 1.
    pub experiment: u64,
    /// Its features.
    pub features: Vec<Feature>,
    /// The chance of an experiment at least as far off, if nothing has moved.
    pub chance: f64,
}

/// One feature of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// What was measured.
    pub measured: f64,
    /// The prediction, including fills and earlier changes as far as they are known.
    pub expected: f64,
    /// The difference in standard deviations of the prediction.
    pub off: f64,
}

impl Alarm {
    /// The alarm in one sentence.
    pub fn words(&self) -> String {
        let since = if self.slow { "little by little since" } else { "since" };
        let cause =
            |suspect: &Suspect| format!("{} ({:.0} %)", suspect.words, 100.0 * suspect.probability);
        let named = self.causes.iter().take(3).filter(|suspect| suspect.probability > 0.05);
        let causes: Vec<String> = named.map(cause).collect();
        format!("{since} experiment {}: {}", self.since, causes.join("; or "))
    }
}

impl Account {
    /// Of a run of this many hours in which a rig scattered by a factor of its scenario's noise.
    pub fn new(run: &str, hours: f64, scatter: f64, alarms: &[Alarm], looks: &[Look]) -> Self {
        Self {
            run: run.to_owned(),
            experiments: looks.len(),
            hours,
            scatter,
            alarms: alarms.to_vec(),
            recalibrations: Vec::new(),
            features: over_run(looks),
            looks: looks.to_vec(),
        }
    }

    /// Reads `shadow.json` and `shadow.csv`; none where they are not what a shadow writes.
    pub fn read(json: &str, csv: &str) -> Option<Self> {
        let mut account: Self = serde_json::from_str(json).ok()?;
        let mut lines = csv.lines();
        if lines.next()? != COLUMNS {
            return None;
        }
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            let &[experiment, name, measured, expected, off, chance] = &cells[..] else {
                return None;
            };
            let number = |text: &str| text.parse::<f64>().ok();
            let (measured, expected, off) = (number(measured)?, number(expected)?, number(off)?);
            let feature = Feature { name: name.to_owned(), measured, expected, off };
            let experiment = experiment.parse().ok()?;
            match account.looks.last_mut().filter(|last| last.experiment == experiment) {
                Some(last) => last.features.push(feature),
                None => {
                    let (features, chance) = (vec![feature], number(chance)?);
                    account.looks.push(Look { experiment, features, chance });
                }
            }
        }
        Some(account)
    }

    /// The same, if these are the experiments of `journal`: what lies beside a journal that somebody has cut and continued
    /// since is about others.
    pub fn if_of(self, journal: &Journal) -> Option<Self> {
        let known: Vec<&ExperimentRecord> = journal.experiments().collect();
        let fits = |look: &Look| {
            let record = known.iter().find(|record| record.experiment == look.experiment);
            record.is_some_and(|record| {
                let measured = |name: &str| record.features.iter().find(|(known, _)| known == name);
                look.features.iter().all(|feature| {
                    let value = measured(&feature.name).and_then(|(_, value)| *value);
                    value.unwrap_or(f64::NAN).total_cmp(&feature.measured).is_eq()
                })
            })
        };
        self.looks.iter().all(fits).then_some(self)
    }

    /// How many experiments of `journal` that it could have looked at ended behind the last one that it has.
    pub(crate) fn unseen(&self, journal: &Journal) -> usize {
        let last = self.looks.last().map_or(0, |look| look.experiment);
        let tells = |record: &&ExperimentRecord| {
            record.experiment > last && record.fault.is_none() && record.quality.flags().is_empty()
        };
        journal.experiments().filter(tells).count()
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

    /// Remarks on the table, one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let told =
            |alarm: &Alarm| format!("After experiment {}: {}.", alarm.experiment, alarm.words());
        let anew = self.recalibrations.iter().map(Recalibration::words);
        self.alarms.iter().map(told).chain(anew).chain(self.scattering()).collect()
    }

    /// Where the rig scatters more than its scenario says.
    pub(crate) fn scattering(&self) -> Option<String> {
        let more = || {
            format!(
                "The rig scatters {} times as much as the noise of the scenario: calibrate it, or look for another cause.",
                significant(self.scatter, 2)
            )
        };
        (self.scatter > SCATTERS).then(more)
    }

    /// The alarms and what may have caused them.
    pub(crate) fn causes(&self) -> Table {
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
    pub fn table(&self) -> Table {
        let table = Table::new().words("feature").numbers("mean off [sd]");
        let mut table = table.numbers("within 95 % interval [%]");
        for feature in &self.features {
            let within = format!("{:.0}", 100.0 * feature.within);
            table.row(vec![feature.name.clone(), format!("{:+.2}", feature.mean_off), within]);
        }
        table
    }

    /// `shadow.json`: everything but the looks.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// `shadow.csv`, each experiment and feature: what was measured, what was expected, and the difference in standard
    /// deviations.
    pub fn csv(&self) -> String {
        let mut out = format!("{COLUMNS}\n");
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a shadow saw of these experiments.
    fn account(looks: Vec<Look>) -> Account {
        let cause = |words: &str, probability| Suspect {
            name: "stock cui".into(),
            words: words.into(),
            probability,
            amount: -5.1,
            deviation: 1.0,
            unit: "%".into(),
        };
        let causes = vec![
            cause("stock cui is 5.1 % weaker", 0.67),
            cause("pump cui delivers 6.3 % less", 0.33),
        ];
        let alarm = Alarm { experiment: 2, since: 1, slow: true, causes };
        Account::new("", 1.5, 1.1, &[alarm], &looks)
    }

    fn look(record: &ExperimentRecord) -> Look {
        let feature = |(name, value): &(String, Option<f64>)| Feature {
            name: name.clone(),
            measured: value.unwrap_or(f64::NAN),
            expected: 1.5,
            off: -2.75,
        };
        let features = record.features.iter().map(feature).collect();
        Look { experiment: record.experiment, features, chance: 0.25 }
    }

    #[test]
    fn what_a_shadow_wrote_is_read_again() {
        let journal = crate::sample::journal();
        let written = account(journal.experiments().take(2).map(look).collect());
        let read = Account::read(&written.json(), &written.csv()).unwrap();
        assert_eq!((read.json(), read.csv()), (written.json(), written.csv()));
        assert!(read.headline().contains("something has moved"));
        let text = read.causes().text();
        assert!(text.contains("stock cui is 5.1 % weaker, little by little"), "{text}");
        assert!(text.contains("67") && text.contains("33"), "{text}");
        let (json, csv) = (written.json(), written.csv());
        for (json, csv) in [("{}", &csv[..]), (&json, ""), (&json, "a,b\n1,2\n"), ("no json", &csv)]
        {
            assert_eq!(Account::read(json, csv), None, "{json} {csv}");
        }
    }

    #[test]
    fn what_lies_beside_a_journal_counts_if_it_tells_of_its_experiments() {
        let journal = crate::sample::journal();
        let usable = journal.experiments().filter(|record| record.fault.is_none());
        let looks: Vec<Look> = usable.map(look).collect();
        let whole = account(looks.clone());
        assert_eq!(whole.unseen(&journal), 0);
        assert!(whole.if_of(&journal).is_some());
        let first = account(looks[..2].to_vec());
        assert_eq!(first.unseen(&journal), looks.len() - 2);
        assert!(first.if_of(&journal).is_some());
        let mut other = looks;
        other[0].features[0].measured += 1.0;
        assert_eq!(account(other).if_of(&journal), None);
    }
}
