//! A table of what was read, for people and for calibrations.

/// Rows under columns, as text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    /// The file it is written to.
    pub(super) name: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(name: &str, columns: Vec<String>) -> Self {
        Self { name: name.to_owned(), columns, rows: Vec::new() }
    }

    pub(super) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// The table as CSV.
    pub(super) fn csv(&self) -> String {
        let line =
            |cells: &Vec<String>| cells.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(",");
        let all = [&self.columns].into_iter().chain(&self.rows);
        all.map(|cells| line(cells) + "\n").collect()
    }
}

fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}
