//! A run folder as a source of experiments: its journal says what was set and what was measured.

use std::fs;
use std::path::Path;

use flowtwin_lab::journal::{self, ExperimentRecord, Header, Journal, Seal};
use flowtwin_lab::{Input, Word};

use super::choice;
use super::source::{Selection, Source, Target};
use crate::error::DataError;
use crate::unreadable;

/// Name of the journal in a run folder.
const JOURNAL: &str = "journal.jsonl";

/// Name of the seal on the last line of the journal.
const SEAL: &str = "journal.seal";

pub(super) fn read(folder: &Path, selection: &Selection) -> Result<Source, DataError> {
    let path = folder.join(JOURNAL);
    let name = path.display().to_string();
    let bytes = fs::read(&path)
        .map_err(|error| unreadable(&path, &error).or_hint("give a run folder, or a CSV file"))?;
    let seal = fs::read(folder.join(SEAL)).ok().and_then(|bytes| Seal::read(&bytes));
    let journal = journal::read_sealed(&bytes, seal.as_ref())
        .map_err(|error| DataError::bad_input(format_args!("{name}: {error}")))?;
    source(folder, &journal, selection)
}

fn source(folder: &Path, journal: &Journal, selection: &Selection) -> Result<Source, DataError> {
    let header = journal.header();
    let name = folder.display().to_string();
    let target = target(&name, header, &selection.target)?;
    let inputs = selection.names().unwrap_or_else(|| header.inputs.clone());
    let fixed = inputs.iter().map(|input| settled(&name, header, input));
    let fixed = fixed.collect::<Result<Vec<_>, _>>()?;
    let own = ranges(header, &inputs);
    let known = |input: &str| {
        let own = || own.iter().flatten().find(|range| range.name == input);
        selection.range(input).or_else(own)
    };
    let row = |record: &ExperimentRecord| {
        let value = |(input, fixed): (&String, &Option<f64>)| {
            match record.conditions.words().find(|(name, _)| name == input) {
                Some((_, Word::Number(value))) => Some(value),
                // An option that is not known is as good as a missing input.
                Some((_, Word::Name(word))) => known(input)?.option(word).map(|place| place as f64),
                None => *fixed,
            }
        };
        let values = inputs.iter().zip(&fixed).map(value).collect();
        (record.experiment as usize, values, outcome(record, &target.name))
    };
    Ok(Source {
        sha256: journal.sha256(),
        rows: journal.experiments().map(row).collect(),
        ranges: own,
        simulated: Some(header.simulated),
        lab_time_s: lab_time_s(journal),
        notes: Vec::new(),
        not_inputs: Vec::new(),
        name,
        target,
        inputs,
    })
}

fn target(name: &str, header: &Header, feature: &str) -> Result<Target, DataError> {
    let found = header.features.iter().find(|(known, _)| known == feature);
    let Some((feature, unit)) = found else {
        let known: Vec<&str> = header.features.iter().map(|(known, _)| known.as_str()).collect();
        let message = format!("{name} measured no feature `{feature}` for the target");
        let hint = format!("choose among: {}", known.join(", "));
        return Err(DataError::bad_input(message).hint(hint));
    };
    Ok(Target { name: feature.clone(), unit: unit.clone() })
}

/// The value of an input that the run kept fixed; none for one that it chose.
fn settled(name: &str, header: &Header, input: &str) -> Result<Option<f64>, DataError> {
    if header.inputs.iter().any(|known| known == input) {
        return Ok(None);
    }
    let (low, high) = range(header, input).unzip();
    match (low, high) {
        (Some(low), Some(high)) if f64::total_cmp(&low, &high).is_eq() => Ok(Some(low)),
        _ => {
            let message = format!("{name} does not say what `{input}` was");
            let hint = format!("its inputs are: {}", header.inputs.join(", "));
            Err(DataError::bad_input(message).hint(hint))
        }
    }
}

/// The range of an input in the scenario that the journal records.
fn range(header: &Header, input: &str) -> Option<(f64, f64)> {
    let spec = header.definition.get("space")?.get("inputs")?.get(input)?;
    Some((spec.get("low")?.as_f64()?, spec.get("high")?.as_f64()?))
}

/// The ranges and options that the run chose from; options alone where a range is unknown, or an input was fixed.
fn ranges(header: &Header, inputs: &[String]) -> Option<Vec<Input>> {
    let input = |name: &String| {
        if let Some(options) = options(header, name) {
            return Some(choice::input(name, &options));
        }
        let (low, high) = range(header, name).filter(|(low, high)| low < high)?;
        let resolution = header.definition["space"]["inputs"][name]["resolution"].as_f64();
        Some(Input::number(name.clone(), low, high, resolution.unwrap_or(0.0)))
    };
    let all: Option<Vec<Input>> = inputs.iter().map(input).collect();
    let choices = || inputs.iter().filter(|name| options(header, name).is_some()).filter_map(input);
    all.or_else(|| Some(choices().collect::<Vec<_>>()).filter(|choices| !choices.is_empty()))
}

/// The options of an input in the scenario that the journal records, where it has any.
fn options<'a>(header: &'a Header, input: &str) -> Option<Vec<&'a str>> {
    let spec = header.definition.get("space")?.get("inputs")?.get(input)?;
    spec.get("options")?.as_array()?.iter().map(serde_json::Value::as_str).collect()
}

fn outcome(record: &ExperimentRecord, feature: &str) -> Option<f64> {
    let found = record.features.iter().find(|(name, _)| name == feature);
    found.and_then(|(_, value)| *value).filter(|_| record.fault.is_none())
}

/// Lab time of one experiment, the mean [s].
fn lab_time_s(journal: &Journal) -> Option<f64> {
    let spent = |record: &ExperimentRecord| record.ended_ns.since(record.started_ns).as_secs();
    let (count, sum) = journal
        .experiments()
        .fold((0.0, 0.0), |(count, sum), record| (count + 1.0, sum + spent(record)));
    (count > 0.0).then(|| sum / count)
}
