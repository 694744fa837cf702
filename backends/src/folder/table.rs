//! The files of an experiment's folder.

use std::path::Path;

use flowtwin_lab::{FaultKind, Outcome, Quality, Spectrum};

/// A table of two columns; numbers are written so that they read back the same.
pub(super) fn write(head: (&str, &str), rows: impl Iterator<Item = (String, f64)>) -> String {
    let mut text = format!("{},{}\n", head.0, head.1);
    for (name, value) in rows {
        text.push_str(&format!("{name},{value}\n"));
    }
    text
}

/// Features and spectra of a finished experiment.
pub(super) fn outcome(folder: &Path) -> Result<Outcome, FaultKind> {
    let features = features(&folder.join("features.csv"))?;
    let mut spectra = Vec::new();
    for path in spectrum_files(&folder.join("spectra"))? {
        spectra.push(spectrum(&path)?);
    }
    Ok(Outcome { features, spectra, quality: Quality::default() })
}

fn features(path: &Path) -> Result<Vec<(String, f64)>, FaultKind> {
    parse_features(&read(path)?).map_err(|detail| garbled(path, &detail))
}

/// Features from the text of `features.csv`: a head, then `name,value` rows.
///
/// # Errors
/// The line that has no sensible number, in words.
pub fn parse_features(text: &str) -> Result<Vec<(String, f64)>, String> {
    let rows = rows(text).skip(1);
    rows.map(|(line, first, second)| Ok((first.to_owned(), number(line, second)?))).collect()
}

fn spectrum_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, FaultKind> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<_> = entries
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()
        .map_err(|error| super::trouble(folder, &error))?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "csv"));
    paths.sort();
    Ok(paths)
}

fn spectrum(path: &Path) -> Result<Spectrum, FaultKind> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    parse_spectrum(&name, &read(path)?).map_err(|detail| garbled(path, &detail))
}

/// A spectrum from the text of its file: `wavelength_nm,UNIT`, then rows.
///
/// # Errors
/// The line that has no sensible number, or wavelengths that do not rise, in words.
pub fn parse_spectrum(name: &str, text: &str) -> Result<Spectrum, String> {
    let (mut nm, mut values) = (Vec::new(), Vec::new());
    let mut unit = String::new();
    for (line, first, second) in rows(text) {
        if line == 1 {
            unit = second.to_owned();
            continue;
        }
        nm.push(number(line, first)?);
        values.push(number(line, second)?);
    }
    if nm.is_empty() || nm.windows(2).any(|w| w[0] >= w[1]) {
        return Err("wavelengths must rise, and there must be some".into());
    }
    Ok(Spectrum { name: name.to_owned(), unit, wavelengths_nm: nm.into(), values })
}

/// Lines with their number and their first two cells; empty lines are passed over.
fn rows(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).map(|(number, line)| {
        let (first, rest) = line.split_once(',').unwrap_or((line, ""));
        let second = rest.split(',').next().unwrap_or("");
        (number, first.trim(), second.trim())
    })
}

fn number(line: usize, text: &str) -> Result<f64, String> {
    let value: Option<f64> = text.parse().ok();
    value
        .filter(|v| flowtwin_lab::is_sensible(*v))
        .ok_or_else(|| format!("line {line}: {text:?} is not a number within ±1e100"))
}

fn read(path: &Path) -> Result<String, FaultKind> {
    std::fs::read_to_string(path).map_err(|error| super::trouble(path, &error))
}

fn garbled(path: &Path, detail: &str) -> FaultKind {
    FaultKind::Garbled { detail: format!("{}: {detail}", path.display()) }
}
