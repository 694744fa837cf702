//! The verdict of a golden run as people read it, at most 80 columns wide.

use flowtwin_report::Table;
use flowtwin_report::format::{counted, fixed, significant};

use super::plan::Plan;
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
        let all = amounts(&self.would_show);
        match all.is_empty() {
            true => String::new(),
            false => format!(
                "\nNine times of ten this would have shown, moved alone:\n{}",
                wrapped(&all)
            ),
        }
    }
}

impl Plan {
    /// In words: what the golden run will find, and how long it would have to be to find more.
    pub fn promise(&self) -> String {
        let mut out = format!(
            "Nine times of ten it will find, moved alone:\n{}",
            wrapped(&amounts(&self.would_show()))
        );
        let mut all: Vec<(String, Option<f64>)> = self
            .causes
            .iter()
            .zip(&self.needed_min)
            .map(|(cause, needed)| (cause.name(), *needed))
            .collect();
        all.sort_by(|(_, a), (_, b)| {
            a.unwrap_or(f64::INFINITY).total_cmp(&b.unwrap_or(f64::INFINITY))
        });
        let (can, cannot): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, it)| it.is_some());
        let needed: Vec<String> = can
            .into_iter()
            .filter_map(|(name, needed)| Some(format!("{name} {} min", fixed(needed?.ceil(), 0))))
            .collect();
        let never: Vec<String> = cannot.into_iter().map(|(name, _)| name).collect();
        out += "Minutes for 5 % of a light or stock, 3 % of a pump, 3 K of a heater:\n";
        out += &wrapped(&needed);
        if !never.is_empty() {
            out += "More than all experiments of the run:\n";
            out += &wrapped(&never);
        }
        out
    }
}

/// Causes and amounts with their units.
fn amounts(all: &[(String, f64)]) -> Vec<String> {
    let unit = |name: &str| if name.starts_with("heater") { "K" } else { "%" };
    all.iter().map(|(name, by)| format!("{name} {} {}", significant(*by, 2), unit(name))).collect()
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
