//! The verdict of a golden run as people read it, at most 80 columns wide.

use flowtwin_report::Table;
use flowtwin_report::format::{counted, fixed, significant};

use super::verdict::{HasMoved, Verdict};

/// Columns of a terminal.
const COLUMNS: usize = 80;
/// Experiments that are shown beside each other.
const SHOWN: usize = 8;

impl Verdict {
    /// Whether the rig is as it was, as far as these experiments show.
    pub fn is_as_it_was(&self) -> bool {
        self.moved.is_empty() && !self.unexplained && self.failed.is_empty()
    }

    /// In words: what has moved since `run`.
    pub fn text(&self, run: &str) -> String {
        let mut out = String::new();
        if self.is_as_it_was() {
            out += &format!("As it was in {run}: nothing has moved that shows here.\n");
        } else if !self.moved.is_empty() {
            out += &format!("Moved since {run}\n");
            self.moved.iter().for_each(|moved| out += &lines(moved));
        }
        if self.unexplained {
            let beside = if self.moved.is_empty() { "" } else { "beside that " };
            out += &format!(
                "Readings differ {beside}by more than chance, and as no light, pump, stock or\n\
                 heater would make them: look at the spectra.\n"
            );
        }
        if !self.failed.is_empty() {
            let failed: Vec<String> = self.failed.iter().map(u64::to_string).collect();
            out += &format!("Failed now: experiment {} of the run.\n", failed.join(", "));
        }
        out + &self.changes() + &self.would()
    }

    fn changes(&self) -> String {
        let numbers = self.experiments.iter().chain(&self.failed).count().min(SHOWN);
        let mut table = Table::new().words("change in SD");
        for place in 0..numbers {
            table = table.numbers(&format!("{}", place + 1));
        }
        for (name, changes) in &self.features {
            let cell = |change: &Option<f64>| change.map_or("–".into(), |by| fixed(by, 1));
            let cells = changes.iter().take(SHOWN).map(cell);
            table.row([name.clone()].into_iter().chain(cells).collect());
        }
        let of = counted(self.experiments.len(), "experiment");
        format!(
            "\n{}SD: standard deviation of chance between {of} and the recorded.\n",
            table.text()
        )
    }

    fn would(&self) -> String {
        if self.would_show.is_empty() {
            return String::new();
        }
        let mut out = String::from("\nNine times of ten this would have shown, moved alone:\n");
        let unit = |name: &str| if name.starts_with("heater") { "K" } else { "%" };
        let all: Vec<String> = self
            .would_show
            .iter()
            .map(|(name, by)| format!("{name} {} {}", significant(*by, 2), unit(name)))
            .collect();
        out += &wrapped(&all);
        out
    }
}

fn lines(moved: &HasMoved) -> String {
    let mut ends = moved.interval.map(|end| end * moved.amount.signum());
    ends.sort_by(f64::total_cmp);
    let [low, high] = ends.map(|end| significant(end, 2));
    let mut out =
        format!("  {} (95 % interval {low} to {high})\n", moved.cause.moved_by(moved.amount));
    for (cause, amount) in &moved.or {
        out += &format!("    or {}: these experiments cannot tell\n", cause.moved_by(*amount));
    }
    out
}

/// Items in lines of at most 80 columns.
fn wrapped(items: &[String]) -> String {
    let mut out = String::new();
    let mut line = String::from(" ");
    for (place, item) in items.iter().enumerate() {
        let end = if place + 1 == items.len() { "" } else { "," };
        if line.chars().count() + item.chars().count() + 2 > COLUMNS {
            out += &format!("{line}\n");
            line = " ".into();
        }
        line += &format!(" {item}{end}");
    }
    out + &format!("{line}\n")
}
