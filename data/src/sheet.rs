//! A spreadsheet that people keep of their experiments: those that were done, are under way, or are to come.

use std::fs;
use std::path::Path;

use flowtwin_lab::Word;

use crate::diagnostic::Diagnostic;
use crate::learnt::{Cell, Csv};
use crate::missing::is_missing;
use crate::unreadable;

/// A table with columns for inputs and outcomes among others, as a spreadsheet exports it.
#[derive(Clone, Debug)]
pub struct Sheet {
    csv: Option<Csv>,
    header: Vec<String>,
    inputs: Vec<usize>,
    outcomes: Vec<usize>,
    look: Look,
}

/// How its file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    separator: char,
    decimal_comma: bool,
    mark: bool,
    line_end: &'static str,
}

/// A row of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetRow {
    /// Its line in the file, from 1.
    pub line: usize,
    /// What was set, in the order in which the inputs were named.
    pub inputs: Vec<Entry>,
    /// What was measured, in the order in which the outcomes were named.
    pub outcomes: Vec<Entry>,
}

/// What a cell says.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// As it stands there.
    pub text: String,
    /// The number it is, if it is one.
    pub number: Option<f64>,
    cell: Option<Cell>,
}

impl Entry {
    /// Whether nothing stands there, or a word that says so.
    pub fn is_empty(&self) -> bool {
        is_missing(&self.text)
    }
}

impl Sheet {
    /// A sheet without rows.
    pub fn new(inputs: &[String], outcomes: &[String]) -> Self {
        let look = Look { separator: ',', decimal_comma: false, mark: false, line_end: "\n" };
        Self {
            csv: None,
            header: inputs.iter().chain(outcomes).cloned().collect(),
            inputs: (0..inputs.len()).collect(),
            outcomes: (inputs.len()..inputs.len() + outcomes.len()).collect(),
            look,
        }
    }

    /// Reads a file. Columns are found by their names, capitals or not; others are let be. Decimals are written with points or with
    /// commas, but not with both.
    ///
    /// # Errors
    /// If it cannot be read, lacks a column, or is not clear about its decimals.
    pub fn read(path: &Path, inputs: &[String], outcomes: &[String]) -> Result<Self, Diagnostic> {
        let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
        let csv = Csv::read(path)?;
        let header: Vec<String> = csv.header().iter().map(|cell| cell.text.clone()).collect();
        let find = |what: &'static str| {
            let (csv, header) = (&csv, &header);
            move |name: &String| find(csv, header, what, name)
        };
        let inputs = inputs.iter().map(find("input")).collect::<Result<Vec<_>, _>>()?;
        let outcomes = outcomes.iter().map(find("outcome")).collect::<Result<Vec<_>, _>>()?;
        let mut look = look(&bytes);
        let columns = inputs.iter().chain(&outcomes).copied();
        look.decimal_comma = decimal_comma(&csv, columns, look.separator)?;
        Ok(Self { csv: Some(csv), header, inputs, outcomes, look })
    }

    /// What was done to the file before its rows were read, one sentence each: rows of units, columns without a name.
    pub fn notes(&self) -> &[String] {
        self.csv.as_ref().map_or(&[], Csv::notes)
    }

    /// Its rows, from top to bottom.
    pub fn rows(&self) -> Vec<SheetRow> {
        let Some(csv) = &self.csv else { return Vec::new() };
        let entries = |row: &Vec<Cell>, places: &[usize]| {
            places.iter().map(|&place| self.entry(&row[place])).collect::<Vec<_>>()
        };
        let row = |(i, row): (usize, &Vec<Cell>)| SheetRow {
            line: csv.line(i),
            inputs: entries(row, &self.inputs),
            outcomes: entries(row, &self.outcomes),
        };
        csv.rows().iter().enumerate().map(row).collect()
    }

    fn entry(&self, cell: &Cell) -> Entry {
        let text = cell.text.clone();
        let plain = text.replace('−', "-");
        let plain = if self.look.decimal_comma { plain.replace(',', ".") } else { plain };
        let number = plain.parse().ok().filter(|number: &f64| number.is_finite());
        Entry { text, number, cell: Some(cell.clone()) }
    }

    /// A complaint at a cell.
    pub fn complain(&self, entry: &Entry, message: impl Into<String>) -> Diagnostic {
        let place = self.csv.as_ref().zip(entry.cell.as_ref());
        Diagnostic::new(message.into()).at(place.and_then(|(csv, cell)| csv.place(cell)))
    }

    /// A number as the sheet writes them.
    pub fn number(&self, text: &str) -> String {
        if self.look.decimal_comma { text.replace('.', ",") } else { text.to_owned() }
    }

    /// A value of an input as the sheet writes them: a number, or the name of an option.
    pub fn value(&self, word: Word<'_>) -> String {
        match word {
            Word::Number(_) => self.number(&word.to_string()),
            Word::Name(name) => name.to_owned(),
        }
    }

    /// The text of a file like this one, with these rows in place of its own: values of the inputs, and cells of the `more` columns
    /// behind all others. What is neither is left empty.
    pub fn with_rows(&self, more: &[String], rows: &[(Vec<String>, Vec<String>)]) -> String {
        let mut text = String::from(if self.look.mark { "\u{feff}" } else { "" });
        text.push_str(&self.line(self.header.iter().chain(more)));
        for (inputs, others) in rows {
            let mut cells = vec![String::new(); self.header.len()];
            for (place, value) in self.inputs.iter().zip(inputs) {
                cells[*place].clone_from(value);
            }
            text.push_str(&self.line(cells.iter().chain(others)));
        }
        text
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a String>) -> String {
        let Look { separator, line_end, .. } = self.look;
        let quoted = |cell: &String| match cell.contains([separator, '"', '\n', '\r']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.clone(),
        };
        let cells: Vec<String> = cells.map(quoted).collect();
        cells.join(&separator.to_string()) + line_end
    }
}

/// The place of a column.
fn find(csv: &Csv, header: &[String], what: &str, name: &str) -> Result<usize, Diagnostic> {
    let same = |column: &String| column.to_lowercase() == name.trim().to_lowercase();
    let exact = header.iter().position(|column| column == name);
    exact.or_else(|| header.iter().position(same)).ok_or_else(|| {
        Diagnostic::new(format!("{} has no column `{name}` for the {what}", csv.name()))
            .hint(format!("its columns are: {}", header.join(", ")))
    })
}

/// How a file is written, decimals apart.
fn look(bytes: &[u8]) -> Look {
    let text = String::from_utf8_lossy(bytes);
    let is_header = |line: &&str| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && !line.to_lowercase().starts_with("sep=")
    };
    let header = text.trim_start_matches('\u{feff}').lines().find(is_header).unwrap_or_default();
    let count = |c: char| header.matches(c).count();
    let separator = [',', ';', '\t'].into_iter().rev().max_by_key(|&c| count(c)).unwrap_or(',');
    Look {
        separator,
        decimal_comma: false,
        mark: text.starts_with('\u{feff}'),
        line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
    }
}

/// Whether the cells of these columns have commas in their decimals. Columns beside them count as evidence.
///
/// # Errors
/// If some have commas and others points, or if the commas could part thousands.
fn decimal_comma<'a>(
    csv: &'a Csv,
    columns: impl Iterator<Item = usize>,
    separator: char,
) -> Result<bool, Diagnostic> {
    let cells: Vec<&Cell> = columns.flat_map(|column| csv.column(column)).collect();
    let with = |cells: &[&'a Cell], mark: char| {
        let is = move |cell: &&&Cell| {
            let parts: Vec<&str> = cell.text.split(mark).collect();
            let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
            parts.len() == 2
                && digits(parts[0].trim_start_matches(['-', '+', '−']))
                && digits(parts[1].split(['e', 'E']).next().unwrap_or_default())
        };
        cells.iter().filter(is).copied().collect::<Vec<&'a Cell>>()
    };
    let (mut commas, points) = (with(&cells, ','), with(&cells, '.'));
    // Between commas, a comma in a cell of another column may part anything.
    if separator != ',' {
        let all: Vec<&Cell> = (0..csv.header().len()).flat_map(|at| csv.column(at)).collect();
        commas.extend(with(&all, ',').into_iter().filter(|cell| !grouped(cell)));
    }
    let Some(first) = commas.first() else { return Ok(false) };
    if !points.is_empty() {
        let message =
            format!("`{}` has a decimal comma and `{}` a point", first.text, points[0].text);
        return Err(Diagnostic::new(message)
            .at(csv.place(first))
            .hint("write all decimals in one way"));
    }
    if commas.iter().all(|cell| grouped(cell)) {
        let message = format!("the comma of `{}` could part decimals or thousands", first.text);
        return Err(Diagnostic::new(message)
            .at(csv.place(first))
            .hint("write decimals with a point, and thousands without a comma"));
    }
    Ok(true)
}

/// Whether a comma in a cell could part thousands: three digits behind it, and up to three before it, of which the first is no zero.
fn grouped(cell: &Cell) -> bool {
    let parts = cell.text.trim_start_matches(['-', '+', '−']).split_once(',');
    parts.is_some_and(|(before, behind)| {
        behind.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Sheet, Diagnostic> {
        let folder = std::env::temp_dir().join("flowtwin-sheet");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        let names = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        Sheet::read(&path, &names(&["Ligand", "T (°C)"]), &names(&["Yield"]))
    }

    const EXPORT: &str =
        "\u{feff}No;T (°C);ligand;Yield;note\r\n1;80,5;XPhos;12,25;\r\n2;90;SPhos;;waits\r\n";

    #[test]
    fn what_a_spreadsheet_with_commas_exports_is_read_and_written_alike() {
        let sheet = read("commas.csv", EXPORT).unwrap();
        let rows = sheet.rows();
        assert_eq!((rows[0].line, rows[1].line), (2, 3));
        assert_eq!(
            (rows[0].inputs[0].text.as_str(), rows[0].inputs[1].number),
            ("XPhos", Some(80.5))
        );
        assert_eq!(rows[0].outcomes[0].number, Some(12.25));
        assert!(rows[1].outcomes[0].is_empty());
        let row = (vec!["dppf".into(), sheet.number("70.5")], vec!["a;b".into()]);
        let text = sheet.with_rows(&["why".into()], &[row]);
        assert_eq!(text, "\u{feff}No;T (°C);ligand;Yield;note;why\r\n;70,5;dppf;;;\"a;b\"\r\n");
    }

    #[test]
    fn what_says_that_nothing_was_measured_is_no_outcome() {
        for word in ["", "n.d.", "N/A", "#N/A", "—", "missing"] {
            let text = format!("T (°C);Ligand;Yield\n80;X;{word}\n");
            let rows = read("words.csv", &text).unwrap().rows();
            assert!(rows[0].outcomes[0].is_empty(), "{word:?}");
        }
    }

    #[test]
    fn decimals_in_two_ways_and_commas_with_two_meanings_are_refused() {
        let mixed = EXPORT.replace("90;", "90.5;");
        let error = read("mixed.csv", &mixed).unwrap_err().to_string();
        assert!(error.contains("`80,5` has a decimal comma and `90.5` a point"), "{error}");
        assert!(error.contains("mixed.csv:2:3"), "{error}");
        let thousands = "T (°C),Ligand,Yield\n\"1,500\",X,3\n";
        let error = read("thousands.csv", thousands).unwrap_err().to_string();
        assert!(error.contains("could part decimals or thousands"), "{error}");
        // So they are between semicolons and tabs, unless a cell shows what a comma means.
        for separator in ["\t", ";"] {
            let of = |text: &str| text.replace('|', separator);
            let error = read("tabs.csv", &of("T (°C)|Ligand|Yield\n\"1,500\"|X|3\n900|X|4\n"));
            let error = error.unwrap_err().to_string();
            assert!(error.contains("could part decimals or thousands"), "{error}");
            let clear = read("clear.csv", &of("T (°C)|Ligand|Yield|g\n1,500|X|3|2,5\n")).unwrap();
            assert_eq!(clear.rows()[0].inputs[1].number, Some(1.5));
            let zero = read("zero.csv", &of("T (°C)|Ligand|Yield\n80|X|0,217\n")).unwrap();
            assert_eq!(zero.rows()[0].outcomes[0].number, Some(0.217));
            let beside = read("beside.csv", &of("T (°C)|Ligand|Yield|g\n1.500|X|3|2,5\n"));
            let beside = beside.unwrap_err().to_string();
            assert!(beside.contains("`2,5` has a decimal comma and `1.500` a point"), "{beside}");
        }
        let column = read("column.csv", "T,Ligand,Yield\n1,2,3\n").unwrap_err();
        assert!(column.to_string().contains("no column `T (°C)` for the input"), "{column}");
    }
}
