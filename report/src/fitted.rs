//! A table in a terminal that is too narrow for it: cells are broken between words, or each cell becomes a line.

use super::table::{Align, Table, aligned};

/// Narrowest column of words that is broken \[characters\].
const NARROWEST: usize = 8;

impl Table {
    /// As text that is at most this many columns of a terminal wide.
    pub fn fitted(&self, terminal: Option<usize>) -> String {
        match terminal {
            Some(columns) if self.width() > columns => match self.shrunk(columns) {
                Some(widths) => self.broken(&widths),
                None => self.told(columns),
            },
            _ => self.text(),
        }
    }

    /// Widths of the columns that together fit; none where words would have to be broken.
    fn shrunk(&self, columns: usize) -> Option<Vec<usize>> {
        let all = self.all();
        let count = all.first().map_or(0, Vec::len);
        let longest = |column: usize, of: fn(&str) -> usize| {
            all.iter().map(|row| of(&row[column])).max().unwrap_or(0)
        };
        let word = |text: &str| text.split(' ').map(|w| w.chars().count()).max().unwrap_or(0);
        let mut widths: Vec<usize> =
            (0..count).map(|c| longest(c, |t| t.chars().count())).collect();
        let least: Vec<usize> = (0..count)
            .map(|c| match self.align(c) {
                Align::Left => longest(c, word).max(NARROWEST).min(widths[c]),
                // Of numbers only the title is broken.
                Align::Right => {
                    let numbers = all[1..].iter().map(|row| row[c].chars().count()).max();
                    numbers.unwrap_or(0).max(word(&all[0][c]))
                }
            })
            .collect();
        let room = columns.checked_sub(2 * count.saturating_sub(1))?;
        while widths.iter().sum::<usize>() > room {
            let spare = |&c: &usize| widths[c] - least[c];
            let widest = (0..count).filter(|c| spare(c) > 0).max_by_key(|&c| widths[c])?;
            widths[widest] -= 1;
        }
        Some(widths)
    }

    /// With cells broken to these widths.
    fn broken(&self, widths: &[usize]) -> String {
        let lines = |row: &Vec<String>| {
            let cells: Vec<Vec<String>> =
                row.iter().zip(widths).map(|(cell, &width)| wrapped(cell, width)).collect();
            let high = cells.iter().map(Vec::len).max().unwrap_or(0);
            let line =
                |i: usize| cells.iter().map(|c| c.get(i).cloned().unwrap_or_default()).collect();
            (0..high).map(line).collect::<Vec<Vec<String>>>()
        };
        let all = self.all();
        let blocks: Vec<Vec<Vec<String>>> = all.iter().map(lines).collect();
        let text = aligned(&blocks.concat(), |column| self.align(column));
        let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)) + "\n";
        let mut text = text.split_inclusive('\n');
        let closing = all.len() - self.closing_rows();
        let mut out = String::new();
        for (i, block) in blocks.iter().enumerate() {
            if i == 1 || i == closing {
                out.push_str(&rule);
            }
            out.extend(text.by_ref().take(block.len()));
        }
        out
    }

    /// One line for each cell, named by the title of its column.
    fn told(&self, columns: usize) -> String {
        let all = self.all();
        let row = |row: &Vec<String>| {
            let cells = all[0].iter().zip(row).filter(|(_, cell)| !cell.is_empty());
            let lines = cells.flat_map(|(title, cell)| {
                let lines = wrapped(&format!("{title}: {cell}"), columns.saturating_sub(2));
                lines
                    .into_iter()
                    .enumerate()
                    .map(|(i, l)| if i == 0 { l } else { format!("  {l}") })
            });
            lines.map(|line| line + "\n").collect::<String>()
        };
        all[1..].iter().map(row).collect::<Vec<_>>().join("\n")
    }
}

/// A text in lines of at most this many characters, broken between words; a longer word stands alone.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a first line");
        let needed = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && needed > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new().words("policy").numbers("best so far [counts]").words("verdict");
        table.row(vec!["expected improvement".into(), "2516".into(), "better than random".into()]);
        table.close(vec!["all".into(), "2516".into(), String::new()]);
        table
    }

    fn widest(text: &str) -> usize {
        text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
    }

    #[test]
    fn a_table_fits_its_terminal_and_loses_no_word() {
        assert_eq!(table().fitted(None), table().text());
        assert_eq!(table().fitted(Some(200)), table().text());
        for columns in [62, 50, 40, 34, 24, 20] {
            let text = table().fitted(Some(columns));
            assert!(widest(&text) <= columns, "{columns}:\n{text}");
            for word in ["expected", "improvement", "[counts]", "2516", "better", "random", "all"] {
                assert!(text.contains(word), "{columns}: {word} is missing:\n{text}");
            }
        }
    }

    #[test]
    fn cells_are_broken_between_words() {
        let text = table().fitted(Some(40));
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert!(lines.iter().any(|line| line.starts_with("expected")), "{text}");
        assert!(lines.iter().any(|line| line.starts_with("improvement")), "{text}");
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable a", 4), ["unbreakable", "a"]);
    }
}
