//! Reading the table of experiments of a snapshot.

use super::Measured;
use flowtwin_campaign::outside::Setting;

/// The table of a snapshot, read back.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) inputs: Vec<String>,
    pub(super) features: Vec<(String, String)>,
    pub(super) experiments: Vec<Measured>,
    pub(super) stopped: Option<String>,
}

/// Columns behind the features: residence time, reaction time, lab time, remarks.
const BEHIND: usize = 4;

impl Table {
    /// Reads a table in which the inputs `choices` have names of options; the error says what is wrong with which line.
    pub(super) fn read(text: &str, choices: &[String]) -> Result<Self, String> {
        let mut lines = text.lines().enumerate();
        let (_, head) = lines.next().ok_or("it is empty")?;
        let names = cells(head);
        let known = names.first().is_some_and(|name| *name == "experiment");
        if !known || names.len() < 2 + BEHIND {
            return Err("its first line names no experiments".into());
        }
        let middle = &names[2..names.len() - BEHIND];
        let measured = |name: &&str| name.ends_with(']');
        let inputs = middle.iter().filter(|name| !measured(name)).map(|&name| name.to_owned());
        let features = middle.iter().filter(|name| measured(name)).map(|name| feature(name));
        let mut table = Self {
            inputs: inputs.collect(),
            features: features.collect(),
            experiments: Vec::new(),
            stopped: None,
        };
        for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
            match line.strip_prefix("stopped at ") {
                Some(fault) => table.stopped = Some(fault.to_owned()),
                None => {
                    let row = table.row(&cells(line), choices);
                    let row = row.ok_or_else(|| format!("its line {} is not a row", at + 1))?;
                    table.experiments.push(row);
                }
            }
        }
        Ok(table)
    }

    fn row(&self, cells: &[&str], choices: &[String]) -> Option<Measured> {
        let (inputs, features) = (self.inputs.len(), self.features.len());
        let numbers = 2 + inputs + features;
        if !(numbers + BEHIND - 1..=numbers + BEHIND).contains(&cells.len()) {
            return None;
        }
        let optional = |cell: &&str| match *cell {
            "-" => Some(None),
            text => text.parse().ok().map(Some),
        };
        let times: Option<Vec<Option<f64>>> =
            cells[numbers..numbers + 3].iter().map(optional).collect();
        let times = times?;
        let setting = |(input, cell): (&String, &&str)| match choices.contains(input) {
            true => Some(Setting::Name((*cell).to_owned())),
            false => cell.parse().ok().map(Setting::Number),
        };
        Some(Measured {
            experiment: cells[0].parse().ok()?,
            phase: cells[1].into(),
            conditions: (self.inputs.iter().zip(&cells[2..]))
                .map(setting)
                .collect::<Option<_>>()?,
            features: cells[2 + inputs..numbers].iter().map(optional).collect::<Option<_>>()?,
            residence_time_s: times[0],
            reaction_time_s: times[1],
            lab_time_s: times[2]?,
            ml: None,
            remarks: cells.get(numbers + 3).map_or("", |cell| cell).to_owned(),
        })
    }
}

/// Name and unit of a feature, of `pli [counts]`.
fn feature(name: &str) -> (String, String) {
    let (name, unit) = name.rsplit_once(" [").unwrap_or((name, ""));
    (name.to_owned(), unit.trim_end_matches(']').to_owned())
}

/// The cells of a line, which stand two blanks apart at least.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
experiment       phase  cui_ul_per_min  pli [counts]  peak_nm [nm]    τ [s]  reaction time [s]  lab time [s]  remarks
         1  warming up              89       43.5133             -  103.293            31.5254       237.752  unreadable
         2  warming up            90.6       222.873       451.323        -            31.2830       131.799

stopped at 9.5 s: cui: the pump stalled
";

    #[test]
    fn a_table_reads_back_as_it_was_written() {
        let table = Table::read(TEXT, &[]).unwrap();
        assert_eq!(table.inputs, ["cui_ul_per_min"]);
        assert_eq!(table.features[1], ("peak_nm".to_owned(), "nm".to_owned()));
        let [first, second] = &table.experiments[..] else { panic!("{table:?}") };
        assert_eq!((first.phase.as_str(), first.remarks.as_str()), ("warming up", "unreadable"));
        assert_eq!(first.features, [Some(43.5133), None]);
        assert_eq!((second.residence_time_s, second.lab_time_s), (None, 131.799));
        assert_eq!(table.stopped.as_deref(), Some("9.5 s: cui: the pump stalled"));
    }

    #[test]
    fn a_line_that_is_no_row_is_named() {
        let broken = TEXT.replace("90.6", "90,6");
        assert_eq!(Table::read(&broken, &[]).unwrap_err(), "its line 3 is not a row");
        assert!(Table::read("a  b\n", &[]).is_err());
    }

    #[test]
    fn the_scenario_says_what_is_a_name_and_not_how_it_is_spelled() {
        let text = TEXT.replace("cui_ul_per_min", "       solvent");
        let chosen = |option: &str, choices: &[String]| {
            let text = text.replace("    89 ", &format!("{option:>6} "));
            let table = Table::read(&text, choices)?;
            Ok::<_, String>(table.experiments[0].conditions[0].clone())
        };
        let choices = ["solvent".to_owned()];
        for option in ["2-MeTHF", "1e5", "inf", "7", "γ-val"] {
            assert_eq!(chosen(option, &choices), Ok(Setting::Name(option.into())));
        }
        assert_eq!(chosen("1e5", &[]), Ok(Setting::Number(1e5)));
        assert!(chosen("2-MeTHF", &[]).is_err(), "a damaged number is not a name");
    }
}
