//! A journal as tables, and its folder.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use flowtwin_campaign::conclusion::{Conclusion, extras};
use flowtwin_campaign::folder::{JOURNAL, SEAL, read_journal};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Analysis;
use flowtwin_lab::journal::{ExperimentRecord, Journal, Seal, stopped_by};
use flowtwin_report::{Experiment, Front, Run, reached};
use pyo3::exceptions::PyFileExistsError;
use pyo3::prelude::*;

use super::{Left, numbers, with_unit};
use crate::errors;
use crate::table::Column;

type Columns = Vec<(String, Column)>;

/// The run of a folder.
pub(super) fn load(path: &Path) -> PyResult<Left> {
    let folder = folder_of(path)?;
    let journal = read_journal(folder).map_err(errors::failed)?;
    let scenario = Scenario::recorded(&journal.header().definition).map_err(errors::scenario)?;
    let (extras, path) = (extras(folder), Some(folder.to_owned()));
    let (scenario, concluded) = (Arc::new(scenario), OnceLock::new());
    let fault = stopped_by(&journal);
    Ok(Left { journal, scenario, extras, concluded, fault, path, shadow: None })
}

/// The folder that is meant: itself, or that of its journal.
fn folder_of(path: &Path) -> PyResult<&Path> {
    match path.parent() {
        _ if path.is_dir() => Ok(path),
        Some(folder) if path.ends_with(JOURNAL) => Ok(folder),
        _ => {
            let path = path.display();
            Err(errors::failed(format_args!("{path} is neither a run folder nor its {JOURNAL}")))
        }
    }
}

/// Writes a run folder where nothing is lost by it.
pub(super) fn save(journal: &Journal, concluded: &Conclusion, folder: &Path) -> PyResult<()> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(JOURNAL);
    match std::fs::read(&path) {
        Ok(there) if there == journal.bytes() => {}
        Ok(_) => {
            let message = format!("{} holds another run", folder.display());
            return Err(PyFileExistsError::new_err(message));
        }
        Err(_) => std::fs::write(&path, journal.bytes())?,
    }
    std::fs::write(folder.join(SEAL), Seal::of(journal).text())?;
    concluded.write(folder).map_err(errors::failed)
}

/// A row for each experiment, with the columns of `observations.csv`.
pub(super) fn observations(run: &Run<'_>) -> Columns {
    let all = run.experiments();
    let records = || all.iter().map(|experiment| experiment.record);
    let text =
        |of: &dyn Fn(&Experiment<'_>) -> Option<String>| Column::Text(all.iter().map(of).collect());
    let policy = |e: &Experiment<'_>| Some(run.phases()[e.phase].record.policy.clone());
    let status = |e: &Experiment<'_>| {
        Some(if e.record.fault.is_some() { "failed" } else { "ok" }.to_owned())
    };
    let mut columns = vec![
        ("experiment".to_owned(), integers(records().map(|record| record.experiment))),
        ("phase".to_owned(), text(&|e| Some(e.record.phase.clone()))),
        ("policy".to_owned(), text(&policy)),
        ("iteration".to_owned(), integers(all.iter().map(|e| e.iteration as u64))),
        ("simulated".to_owned(), Column::Truth(vec![run.header().simulated; all.len()])),
        ("status".to_owned(), text(&status)),
        ("started_s".to_owned(), numbers(records().map(|r| Some(r.started_ns.as_secs())))),
        ("ended_s".to_owned(), numbers(records().map(|r| Some(r.ended_ns.as_secs())))),
    ];
    columns.extend(run.header().inputs.iter().map(|name| (name.clone(), input(all, name))));
    let reached = |name: &str| reached(name, &run.header().inputs);
    let residence = numbers(records().map(|r| r.residence_time_s));
    columns.push((reached("residence_time_s"), residence));
    columns.push((reached("reaction_time_s"), numbers(records().map(|r| r.reaction_time_s))));
    for (name, unit) in &run.header().features {
        columns.push((with_unit(name, unit), numbers(records().map(|r| feature(r, name)))));
    }
    for (stock, _) in run.consumed_ml() {
        let taken =
            |r: &ExperimentRecord| r.consumed_ml.iter().find(|(s, _)| *s == stock).map(|s| s.1);
        columns.push((format!("consumed_{stock}_ml"), numbers(records().map(taken))));
    }
    let flags = |e: &Experiment<'_>| Some(e.record.quality.flags().join(" "));
    columns.push(("flags".into(), text(&flags)));
    columns.push(("fault".into(), text(&|e| e.record.fault.as_ref().map(ToString::to_string))));
    columns
}

fn feature(record: &ExperimentRecord, name: &str) -> Option<f64> {
    record.features.iter().find(|(known, _)| known == name).and_then(|(_, value)| *value)
}

fn integers(values: impl Iterator<Item = u64>) -> Column {
    Column::Integer(values.map(|value| value as i64).collect())
}

/// The values of an input: words where it is chosen by name.
fn input(all: &[Experiment<'_>], name: &str) -> Column {
    use flowtwin_lab::Word;
    let word = |e: &Experiment<'_>| {
        e.record
            .conditions
            .words()
            .find(|(known, _)| *known == name)
            .map(|(_, word)| word.to_string())
    };
    let named = |e: &Experiment<'_>| {
        e.record
            .conditions
            .words()
            .any(|(known, word)| known == name && matches!(word, Word::Name(_)))
    };
    match all.iter().any(named) {
        true => Column::Text(all.iter().map(word).collect()),
        false => numbers(all.iter().map(|e| e.record.conditions.get(name))),
    }
}

/// A row for each pixel, with the columns of `spectra.parquet`.
pub(super) fn spectra(journal: &Journal, analysis: &Analysis) -> Columns {
    let (mut experiment, mut phase, mut channel, mut unit) = (vec![], vec![], vec![], vec![]);
    let (mut wavelengths, mut values) = (vec![], vec![]);
    for record in journal.experiments() {
        for spectrum in record.observation(analysis).outcome.spectra {
            let pixels = spectrum.values.len();
            experiment.extend(std::iter::repeat_n(record.experiment as i64, pixels));
            phase.extend(std::iter::repeat_n(Some(record.phase.clone()), pixels));
            channel.extend(std::iter::repeat_n(Some(spectrum.name), pixels));
            unit.extend(std::iter::repeat_n(Some(spectrum.unit), pixels));
            let known = spectrum.wavelengths_nm.iter().copied().map(Some);
            wavelengths.extend(known.chain(std::iter::repeat(None)).take(pixels));
            values.extend(spectrum.values.into_iter().map(Some));
        }
    }
    vec![
        ("experiment".into(), Column::Integer(experiment)),
        ("phase".into(), Column::Text(phase)),
        ("channel".into(), Column::Text(channel)),
        ("unit".into(), Column::Text(unit)),
        ("wavelength_nm".into(), Column::Number(wavelengths)),
        ("value".into(), Column::Number(values)),
    ]
}

/// A row for each of the best compromises.
pub(super) fn front(run: &Run<'_>, front: &Front) -> Columns {
    let members: Vec<Experiment<'_>> =
        front.members.iter().map(|&place| run.experiments()[place].clone()).collect();
    let records = || members.iter().map(|experiment| experiment.record);
    let mut columns = vec![
        ("experiment".to_owned(), integers(records().map(|record| record.experiment))),
        (
            "phase".to_owned(),
            Column::Text(records().map(|record| Some(record.phase.clone())).collect()),
        ),
    ];
    for outcome in &run.wanted().outcomes {
        let unit = run.header().features.iter().find(|(name, _)| name == outcome);
        let unit = unit.map(|(_, unit)| unit.as_str()).unwrap_or_default();
        columns.push((with_unit(outcome, unit), numbers(records().map(|r| feature(r, outcome)))));
    }
    columns.extend(run.header().inputs.iter().map(|name| (name.clone(), input(&members, name))));
    columns
}
