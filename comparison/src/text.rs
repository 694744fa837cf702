//! A comparison as people read it in a terminal, at most 80 columns wide.

use flowtwin_campaign::outside::Setting;
use flowtwin_report::format::{counted, fixed, plain, significant};
use flowtwin_report::{Quantity, Table};
use serde_json::Value;

use crate::comparison::{Compared, Comparison};
use crate::decisions::Turn;
use crate::definition::KeyChange;
use crate::outcome::Cost;
use crate::parting::Parting;
use crate::shift::{Shift, percent};

/// Columns of a terminal.
const COLUMNS: usize = 80;
/// Characters of a feature in a table.
const NAME: usize = 22;
/// Keys that are shown at most.
const KEYS: usize = 24;

impl Comparison {
    /// The comparison in words and tables.
    pub fn text(&self) -> String {
        let [a, b] = &self.sides;
        let mut out = line(&format!("A  {}", side(a))) + &line(&format!("B  {}", side(b)));
        out.push('\n');
        if self.equal {
            return out + &format!("Equal: {}.\n", counted(b.experiments, "experiment"));
        }
        let parts = [
            self.definitions(),
            self.where_they_part(),
            self.only_on_one_side(),
            self.features(),
            self.proposals(),
            self.costs(),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        out + &parts.join("\n")
    }

    fn definitions(&self) -> String {
        let Some(keys) = &self.keys else {
            return "The snapshot does not say its definition: keys are not compared.\n".into();
        };
        if keys.is_empty() {
            return "The definitions are the same.\n".into();
        }
        let said = if keys.len() == 1 { "key differs" } else { "keys differ" };
        let mut out = format!("{} {said}\n", keys.len());
        keys.iter().take(KEYS).for_each(|key| out.push_str(&key_line(key)));
        if keys.len() > KEYS {
            out.push_str(&format!("  … and {} more: see --json\n", keys.len() - KEYS));
        }
        out
    }

    fn where_they_part(&self) -> String {
        match &self.parting {
            Some(parting) => parting_lines(parting),
            None if self.last_bits => {
                "The same to six digits. The journals differ in bits behind those.\n".into()
            }
            None => "No record differs.\n".into(),
        }
    }

    /// Inputs, features and experiments that the other side does not have.
    fn only_on_one_side(&self) -> String {
        let names = |side: &str, names: &[String]| match names.is_empty() {
            true => String::new(),
            false => wrapped(&format!("Only {side} has {}.", names.join(", "))),
        };
        let numbers = |side: &str, numbers: &[u64]| match numbers.is_empty() {
            true => String::new(),
            false => wrapped(&format!("Only {side} has {}.", experiments(numbers))),
        };
        let ([a, b], [of_a, of_b]) = (&self.only, &self.unpaired);
        names("A", a) + &names("B", b) + &numbers("A", of_a) + &numbers("B", of_b)
    }

    fn features(&self) -> String {
        let moved: Vec<&Shift> = self.shifts.iter().filter(|shift| shift.moved()).collect();
        let pairs = self.decisions.proposals - self.decisions.differing;
        let of = format!("{} at the same conditions", counted(pairs, "pair"));
        if moved.is_empty() {
            return format!("Nothing measured differs in {of}.\n");
        }
        let mut table = Table::new()
            .words("feature")
            .numbers("differ")
            .numbers("median %")
            .numbers("in SD")
            .numbers("largest %")
            .numbers("in SD")
            .numbers("experiment");
        moved.iter().for_each(|shift| table.row(shift_row(shift)));
        let known = moved.iter().any(|shift| shift.replicate_deviation.is_some());
        let note = if known { "SD: standard deviation of replicates on one rig.\n" } else { "" };
        format!("B against A, over {of}\n{}{note}", table.text())
    }

    fn proposals(&self) -> String {
        let found = &self.decisions;
        let of = counted(found.proposals, "proposal");
        let Some((first, largest)) = found.first.as_ref().zip(found.largest.as_ref()) else {
            return match found.differing {
                0 => format!("No proposal differs, of {of}.\n"),
                _ => "Proposals are not compared: the inputs differ.\n".into(),
            };
        };
        let head = format!("{} of {of} differ\n", found.differing);
        head + &turn_line("first", first) + &turn_line("largest", largest)
    }

    fn costs(&self) -> String {
        let mut table = Table::new().words("campaign").numbers("A").numbers("B").numbers("change");
        for (place, cost) in self.outcome.totals.iter().enumerate() {
            table.row(cost_row(cost));
            if let ([Some(a), Some(b)], 0) = (self.outcome.best_at, place) {
                let at = [a, b].map(|number| number.to_string());
                let change = if a == b { "0" } else { "" };
                table.row(vec![
                    "found in experiment".into(),
                    at[0].clone(),
                    at[1].clone(),
                    change.into(),
                ]);
            }
        }
        let moved = |cost: &&Cost| cost.moved() || cost.one_sided();
        // Experiments are counted above.
        let work = self.outcome.work.iter().filter(moved).filter(|cost| cost.name != "experiments");
        work.for_each(|cost| table.row(cost_row(cost)));
        table.text()
    }
}

/// "experiment 9", "experiments 3, 7 to 12".
fn experiments(numbers: &[u64]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let said = runs.map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    });
    let word = if numbers.len() == 1 { "experiment" } else { "experiments" };
    format!("{word} {}", said.collect::<Vec<_>>().join(", "))
}

fn side(side: &Compared) -> String {
    let seed = side.seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
    let version = side.flowtwin.as_ref().map(|v| format!(", flowtwin {v}")).unwrap_or_default();
    format!("{} ({}{seed}{version})", side.name, side.kind.words())
}

/// A line that fits a terminal.
fn line(text: &str) -> String {
    within(text, COLUMNS) + "\n"
}

/// A text of this many characters at most: the middle of a longer one is cut out.
fn within(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let half = (most - 1) / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(length - (most - 1 - half)).collect();
    format!("{head}…{tail}")
}

fn key_line(change: &KeyChange) -> String {
    let unit = unit_of(&change.key);
    let unit = if unit.is_empty() { unit } else { format!(" {unit}") };
    let value = |value: &Option<Value>| value.as_ref().map_or("(none)".into(), shown);
    let values = format!("{} → {}{unit}", value(&change.before), value(&change.after));
    let whole = format!("  {}: {values}", change.key);
    if whole.chars().count() <= COLUMNS {
        return whole + "\n";
    }
    line(&format!("  {}:", change.key)) + &line(&format!("    {values}"))
}

/// The unit of a key: what its range says, or that of the table of names that it is in; else its suffix.
fn unit_of(key: &str) -> String {
    let all = [flowtwin_sim::spec::RANGES, flowtwin_lab::procedure::RANGES];
    let said = |part: &str| {
        let ranges = all.iter().copied().flatten().flat_map(|(_, ranges)| ranges.iter());
        let mut named = ranges.filter(|range| range.key.rsplit('.').next() == Some(part));
        named.next().map(|range| range.unit.to_owned())
    };
    let parts: Vec<&str> = key.rsplit('.').take(2).map(last).collect();
    let found = parts.iter().find_map(|part| said(part));
    found.unwrap_or_else(|| Quantity::of_key(last(key)).unit)
}

/// The key itself, without the tables it is in.
fn last(key: &str) -> &str {
    let key = key.rsplit('.').next().unwrap_or(key);
    key.split('[').next().unwrap_or(key)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), exactly),
        Value::Array(parts) => named(parts).unwrap_or_else(|| value.to_string()),
        value => value.to_string(),
    }
}

/// The names of tables that have one, such as phases.
fn named(parts: &[Value]) -> Option<String> {
    let names: Option<Vec<&str>> = parts.iter().map(|part| part.get("name")?.as_str()).collect();
    names.filter(|names| !names.is_empty()).map(|names| format!("({})", names.join(", ")))
}

/// A number with all its digits, and no zero behind the point.
fn exactly(number: f64) -> String {
    number.to_string()
}

fn parting_lines(parting: &Parting) -> String {
    let at = match parting.experiment {
        0 => "before the first experiment".to_owned(),
        n if parting.phase.is_empty() => format!("in experiment {n}"),
        n => format!("in experiment {n} ({})", parting.phase),
    };
    let time = parting.at_s.map(|s| format!(", at {} s", plain(s))).unwrap_or_default();
    let journal = parting.line.map(|line| format!(", line {line} of the journal"));
    let head =
        format!("They part at {}, {at}{time}{}", parting.sort.words(), journal.unwrap_or_default());
    let what = in_words(&parting.what);
    let values = format!("  {what}: {} → {}", parting.before, parting.after);
    let values = if values.chars().count() <= COLUMNS {
        values + "\n"
    } else {
        let Parting { before, after, .. } = parting;
        line(&format!("  {what}"))
            + &line(&format!("    A: {before}"))
            + &line(&format!("    B: {after}"))
    };
    wrapped(&head) + &values
}

/// What a place in a record is called.
fn in_words(what: &str) -> String {
    match what {
        "command.answer.frames.checksum" => return "checksum of the spectra".into(),
        "record" => return "what happens".into(),
        _ => {}
    }
    let known = [("proposal.conditions.", "proposed"), ("decided.", "decided")];
    let named = known.iter().find_map(|(path, said)| Some((what.strip_prefix(path)?, said)));
    match named {
        Some((rest, said)) => format!("{said} {rest}"),
        None => what.replace('.', " › "),
    }
}

/// Words over as many lines as they need.
fn wrapped(text: &str) -> String {
    let (mut out, mut columns) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if columns > 0 && columns + 1 + length > COLUMNS {
            out.push_str("\n  ");
            columns = 2;
        } else if columns > 0 {
            out.push(' ');
            columns += 1;
        }
        out.push_str(word);
        columns += length;
    }
    out + "\n"
}

fn shift_row(shift: &Shift) -> Vec<String> {
    let signed = |x: Option<f64>| x.map_or("–".into(), signed);
    let largest = shift.largest.as_ref();
    vec![
        within(&Quantity::of_feature(&shift.name, &shift.unit).label(), NAME),
        format!("{}/{}", shift.differing + shift.one_sided, shift.pairs + shift.one_sided),
        signed(shift.median_percent),
        signed(shift.median_in_deviations()),
        signed(largest.and_then(|largest| largest.percent)),
        signed(shift.largest_in_deviations()),
        largest.map_or("–".into(), |largest| largest.experiment.to_string()),
    ]
}

/// Three digits and a sign; what is far below a thousandth is about zero.
fn signed(x: f64) -> String {
    if x.abs() > 0.0 && x.abs() < 1e-4 {
        return "≈0".into();
    }
    let sign = if x > 0.0 && x.is_finite() { "+" } else { "" };
    format!("{sign}{}", significant(x, 3))
}

fn turn_line(which: &str, turn: &Turn) -> String {
    let unit = Quantity::of_key(&turn.input).unit;
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    let word = |setting: &Setting| setting.number().map_or_else(|| setting.to_string(), plain);
    let (before, after) = (word(&turn.before), word(&turn.after));
    let share = significant(turn.of_range, 2);
    line(&format!("  {which}: experiment {} ({})", turn.experiment, turn.phase))
        + &line(&format!("    {}: {before} → {after}{unit}, {share} of the range", turn.input))
}

fn cost_row(cost: &Cost) -> Vec<String> {
    let number = |x: Option<f64>| match x {
        None => "–".into(),
        Some(x) if cost.unit.is_empty() && x.fract().abs() <= 0.0 => fixed(x, 0),
        Some(x) => significant(x, 5),
    };
    let change = cost.before.zip(cost.after).and_then(|(before, after)| percent(before, after));
    let change = change.map_or("–".into(), |by| match by.abs() > 0.0 {
        true => format!("{} %", signed(by)),
        false => "0".into(),
    });
    let name = Quantity::new(&cost.name.replace('_', " "), &cost.unit).label();
    vec![name, number(cost.before), number(cost.after), change]
}
