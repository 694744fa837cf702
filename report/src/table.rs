//! A table for a terminal and for a page.

use super::page::html::escape;

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Columns, rows, and closing rows set apart.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    closing: Vec<Vec<String>>,
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a further column of words.
    #[must_use]
    pub fn words(mut self, title: &str) -> Self {
        self.columns.push((title.into(), Align::Left));
        self
    }

    /// With a further column of numbers.
    #[must_use]
    pub fn numbers(mut self, title: &str) -> Self {
        self.columns.push((title.into(), Align::Right));
        self
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If it has not one cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        assert_eq!(cells.len(), self.columns.len(), "one cell for each column");
        self.rows.push(cells);
    }

    /// Adds a row below the line at the end.
    ///
    /// # Panics
    /// If it has not one cell for each column.
    pub fn close(&mut self, cells: Vec<String>) {
        assert_eq!(cells.len(), self.columns.len(), "one cell for each column");
        self.closing.push(cells);
    }

    /// At most this many columns of a terminal wide, without those of the dispensable columns that make it wider, the
    /// first of them first.
    #[must_use]
    pub fn within(mut self, terminal: Option<usize>, dispensable: &[&str]) -> Self {
        for title in dispensable {
            if terminal.is_none_or(|columns| self.width() <= columns) {
                break;
            }
            self = self.without(title);
        }
        self
    }

    /// Without the column of this title.
    #[must_use]
    pub fn without(mut self, title: &str) -> Self {
        if let Some(place) = self.columns.iter().position(|(known, _)| known == title) {
            self.columns.remove(place);
            self.rows.iter_mut().chain(&mut self.closing).for_each(|row| {
                row.remove(place);
            });
        }
        self
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As text with aligned columns, each line ended.
    pub fn text(&self) -> String {
        let rule: String = "─".repeat(self.width()) + "\n";
        let lines = aligned(&self.all(), |column| self.columns[column].1);
        let mut lines = lines.split_inclusive('\n');
        let mut out: String = lines.by_ref().take(1).collect();
        out.push_str(&rule);
        out.extend(lines.by_ref().take(self.rows.len()));
        if !self.closing.is_empty() {
            out.push_str(&rule);
        }
        out.extend(lines);
        out
    }

    /// Titles, rows and closing rows.
    pub(crate) fn all(&self) -> Vec<Vec<String>> {
        let titles = self.columns.iter().map(|(title, _)| title.clone()).collect();
        [titles].into_iter().chain(self.rows.clone()).chain(self.closing.clone()).collect()
    }

    /// Width of its text \[columns\].
    pub(crate) fn width(&self) -> usize {
        let widths = widths(&self.all());
        widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)
    }

    /// Where the text of a column stands.
    pub(crate) fn align(&self, column: usize) -> Align {
        self.columns[column].1
    }

    /// Number of rows below the line at the end.
    pub(crate) fn closing_rows(&self) -> usize {
        self.closing.len()
    }

    /// As an HTML table.
    pub fn html(&self) -> String {
        let row = |tag: &str, cells: &[String]| {
            let cell = |(text, (_, align)): (&String, &(String, Align))| {
                let class = if *align == Align::Right { " class=\"n\"" } else { "" };
                let scope = if tag == "th" { " scope=\"col\"" } else { "" };
                format!("<{tag}{scope}{class}>{}</{tag}>", escape(text))
            };
            format!("<tr>{}</tr>\n", cells.iter().zip(&self.columns).map(cell).collect::<String>())
        };
        let titles: Vec<String> = self.columns.iter().map(|(title, _)| title.clone()).collect();
        let body: String = self.rows.iter().map(|cells| row("td", cells)).collect();
        let closing: String = self.closing.iter().map(|cells| row("td", cells)).collect();
        let foot =
            if closing.is_empty() { closing } else { format!("<tfoot>\n{closing}</tfoot>\n") };
        format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table: {}\"><table>\n<thead>\n{}</thead>\n<tbody>\n{body}</tbody>\n{foot}</table></div>\n",
            escape(&titles.join(", ")),
            row("th", &titles)
        )
    }
}

/// Rows as lines of aligned columns with two spaces between, each line ended; `align` says where the text of a column stands.
///
/// ```
/// use flowtwin_report::{Align, aligned};
///
/// let rows = [["ei", "9.5"], ["random", "12.0"]].map(|row| row.map(str::to_owned).to_vec());
/// let text = aligned(&rows, |column| if column == 0 { Align::Left } else { Align::Right });
/// assert_eq!(text, "ei       9.5\nrandom  12.0\n");
/// ```
///
/// # Panics
/// If a row has fewer cells than the first.
pub fn aligned(rows: &[Vec<String>], align: impl Fn(usize) -> Align) -> String {
    let widths = widths(rows);
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let pad = " ".repeat(width - cell.chars().count());
            match align(column) {
                Align::Left => format!("{cell}{pad}"),
                Align::Right => format!("{pad}{cell}"),
            }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// The width of each column \[characters\].
fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    (0..columns).map(|column| width(column).unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_whatever_the_script() {
        let mut table = Table::new().words("stock").numbers("left [mL]");
        table.row(vec!["Cs".into(), "9.5".into()]);
        table.row(vec!["OA–Cu".into(), "28.25".into()]);
        table.close(vec!["all".into(), "37.75".into()]);
        let expected = "stock  left [mL]\n────────────────\nCs           9.5\nOA–Cu      28.25\n\
                        ────────────────\nall        37.75\n";
        assert_eq!(table.text(), expected);
    }

    #[test]
    fn what_can_be_spared_goes_where_a_terminal_is_narrow() {
        let mut table = Table::new().words("phase").words("policy").numbers("best");
        table.row(vec!["start".into(), "random".into(), "2516".into()]);
        table.close(vec!["all".into(), String::new(), "2516".into()]);
        let width = |columns| table.clone().within(columns, &["policy", "phase"]).width();
        assert_eq!(
            [width(None), width(Some(19)), width(Some(18)), width(Some(3))],
            [19, 19, 11, 4]
        );
    }

    #[test]
    fn html_cells_are_escaped() {
        let mut table = Table::new().words("a<b");
        table.row(vec!["x & y".into()]);
        assert!(table.html().contains(">a&lt;b</th>"));
        assert!(table.html().contains("<td>x &amp; y</td>"));
    }
}
