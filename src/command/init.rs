//! `flowtwin init`: a commented scenario to start from.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flowtwin_campaign::scenario::LONGEST_NAME;

use crate::cli::{InitArgs as Args, Starter};
use crate::console;
use crate::error::CommandError;

/// The files of a starter.
struct Files {
    scenario: &'static str,
    /// The table that the scenario reads, if it does.
    table: Option<&'static str>,
}

/// The name of the table in the scenario of a starter.
const TABLE: &str = "outcomes.csv";

impl Starter {
    /// The text of its scenario; none where that reads a table beside it.
    pub fn scenario(self) -> Option<&'static str> {
        let Files { scenario, table } = self.files();
        table.is_none().then_some(scenario)
    }

    fn files(self) -> Files {
        let (scenario, table) = match self {
            Self::Paper => (include_str!("../../scenarios/cs3cu2i5.toml"), None),
            Self::Dye => (include_str!("../../scenarios/dye-mixing.toml"), None),
            Self::Coil => (include_str!("../../scenarios/fading-coil.toml"), None),
            Self::Tanks => (include_str!("init/tanks.toml"), None),
            Self::Slugs => (include_str!("../../scenarios/snar.toml"), None),
            Self::Hplc => (include_str!("../../scenarios/claisen.toml"), None),
            Self::Ester => (include_str!("../../scenarios/ester.toml"), None),
            Self::TwoStage => (include_str!("../../scenarios/two-stage.toml"), None),
            Self::QuantumDots => (include_str!("../../scenarios/quantum-dots.toml"), None),
            Self::GasLiquid => (include_str!("../../scenarios/gas-liquid.toml"), None),
            Self::Plain => (include_str!("init/plain.toml"), None),
            Self::Table => (include_str!("init/table.toml"), Some(include_str!("init/table.csv"))),
        };
        Files { scenario, table }
    }
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let path = &args.file;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = scenario_name(stem).ok_or_else(|| {
        CommandError::bad_input(format_args!("`{}` is not a name for a scenario", path.display()))
            .hint("take small letters, digits and hyphens, such as my-rig.toml")
    })?;
    let files = args.rig.files();
    let table = files.table.map(|text| (path.with_file_name(format!("{stem}.csv")), text));
    let mut text = named(files.scenario, &name);
    if let Some((table, _)) = &table {
        let table = table.file_name().unwrap_or_default().to_string_lossy();
        text = text.replacen(TABLE, &table, 1);
    }
    let scenario = (path.clone(), text.as_str());
    // The table first: a scenario without its table cannot be read.
    let all: Vec<(PathBuf, &str)> = table.into_iter().chain([scenario]).collect();
    all.iter().try_for_each(|(path, _)| refuse_existing(path))?;
    all.iter().try_for_each(|(path, text)| write_new(path, text))?;
    all.iter().for_each(|(path, _)| console::say_line(format_args!("wrote {}", path.display())));
    let shown = path.display();
    console::say_line(format_args!("next: flowtwin check {shown}; flowtwin run {shown}"));
    Ok(())
}

/// The name of a scenario in a file of this stem: capitals, blanks and underscores become small letters and hyphens.
fn scenario_name(stem: &str) -> Option<String> {
    let name = stem.to_lowercase().replace([' ', '_'], "-");
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ((1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fits)).then_some(name)
}

/// The scenario with another name. Its own stands before its first table.
fn named(scenario: &str, name: &str) -> String {
    let line = scenario.lines().find(|line| line.starts_with("name = "));
    scenario.replacen(line.expect("a scenario has a name"), &format!("name = \"{name}\""), 1)
}

fn refuse_existing(path: &Path) -> Result<(), CommandError> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(CommandError::bad_input(format_args!("{} exists already", path.display()))
        .hint("give another name: `flowtwin init` never overwrites a file"))
}

/// Writes a file that must not exist.
fn write_new(path: &Path, text: &str) -> Result<(), CommandError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| CommandError::unwritable(folder, &error))?;
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| CommandError::unwritable(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_from_the_file() {
        assert_eq!(scenario_name("My Rig_2"), Some("my-rig-2".into()));
        assert_eq!(scenario_name("ätzend"), None);
        assert_eq!(scenario_name(""), None);
        assert_eq!(scenario_name(&"x".repeat(101)), None);
    }

    #[test]
    fn only_the_name_of_the_scenario_changes() {
        let text = "schema = 1\nname = \"old\"\n[rig]\nname = \"old\"\n";
        assert_eq!(named(text, "new"), "schema = 1\nname = \"new\"\n[rig]\nname = \"old\"\n");
    }
}
