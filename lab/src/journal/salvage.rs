//! What can be kept of a journal that is damaged.

use super::line::{self, Line};
use super::reader::{Journal, JournalError, read};
use super::record::Record;
use super::seal::{Seal, read_sealed};
use crate::id::PumpId;
use crate::time::Instant;

/// A damaged journal, taken apart. What is kept and what is set aside are together the bytes that were there.
#[derive(Clone, Debug)]
pub struct Salvage {
    /// Everything up to the last good record.
    pub journal: Journal,
    /// Everything behind it, as it was.
    pub aside: Vec<u8>,
    /// What is wrong.
    pub why: JournalError,
}

/// Takes a damaged journal apart; none if it is not damaged. `seal` is the one on its last line, where there is one.
///
/// Each line proves the one before by its hash. Where two lines disagree, the next line tells which of them was changed; where
/// it cannot, both are set aside.
///
/// # Errors
/// If not even the header can be kept.
pub fn salvage(bytes: &[u8], seal: Option<&Seal>) -> Result<Option<Salvage>, JournalError> {
    let why = match read_sealed(bytes, seal) {
        Ok(_) => return Ok(None),
        Err(why) => why,
    };
    let JournalError::Damaged { line: number, .. } = &why else { return Err(why) };
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    let good = good(&lines, *number as usize - 1, seal);
    let kept: usize = lines[..good].iter().map(|line| line.len()).sum();
    let journal = read(&bytes[..kept]).map_err(|_| why.clone())?;
    Ok(Some(Salvage { journal, aside: bytes[kept..].to_vec(), why }))
}

/// How many lines are good, where the chain breaks at line `at`.
fn good(lines: &[&[u8]], at: usize, seal: Option<&Seal>) -> usize {
    let Some(before) = at.checked_sub(1) else { return 0 };
    let expected = line::hash(lines[before]);
    let Some(found) = parsed(lines[at]) else {
        // What is still legible of its reference may tell that the line before was changed as well.
        return if legible_prev(lines[at]).is_none_or(|prev| prev == expected) {
            at
        } else {
            before
        };
    };
    if found.prev == expected {
        return at;
    }
    let is_vouched_for = |bytes: &[u8]| {
        let next = lines.get(at + 1).and_then(|next| parsed(next));
        next.is_some_and(|next| next.prev == line::hash(bytes))
            || seal.is_some_and(|seal| seal.vouches_for(at, bytes))
    };
    // With the reference that it should have, it is the line that was written: nothing but its reference was changed.
    let mended = line::render(at as u64, &expected, &found.record);
    match is_vouched_for(lines[at]) {
        // It is as it was written, and so the line before is not; or lines are missing between the two.
        true if found.n == at as u64 => before,
        true => at,
        false if is_vouched_for(mended.as_bytes()) => at,
        false => before,
    }
}

fn parsed(bytes: &[u8]) -> Option<Line<Record>> {
    serde_json::from_slice(bytes).ok()
}

/// The reference of a line to the one before, where the line is not legible as a whole.
fn legible_prev(bytes: &[u8]) -> Option<&str> {
    let text = bytes.utf8_chunks().next()?.valid();
    let (_, rest) = text.split_once("\"prev\":\"")?;
    let (prev, _) = rest.split_once('"')?;
    (prev.len() == line::GENESIS.len()).then_some(prev)
}

/// What can be read of lines that were set aside.
#[derive(Clone, Debug, Default)]
pub struct Legible {
    /// The records, in order.
    pub records: Vec<Record>,
    /// Volumes that pumps were allowed by lines that cannot be read as a whole \[µL\].
    pub allowed_ul: Vec<(PumpId, f64)>,
    /// Latest lab time of a record that the next line proves.
    pub last_at: Option<Instant>,
    /// How many lines cannot be read.
    pub illegible: usize,
}

impl Legible {
    /// Reads lines that were set aside.
    pub fn of(aside: &[u8]) -> Self {
        let mut legible = Self::default();
        let lines: Vec<&[u8]> = aside.split_inclusive(|&byte| byte == b'\n').collect();
        for (i, bytes) in lines.iter().enumerate() {
            let Some(line) = parsed(bytes) else {
                legible.illegible += 1;
                legible.allowed_ul.extend(start_of_a_pump(bytes));
                continue;
            };
            let next = lines.get(i + 1).and_then(|next| parsed(next));
            if next.is_some_and(|next| next.prev == line::hash(bytes)) {
                legible.last_at = legible.last_at.max(line.record.at());
            }
            legible.records.push(line.record);
        }
        legible
    }
}

/// The start of a pump that a damaged line tells of, so far as pump and volume are legible.
fn start_of_a_pump(bytes: &[u8]) -> Option<(PumpId, f64)> {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.split_once("\"pump\":\"")?;
    let (pump, rest) = rest.split_once('"')?;
    let (_, rest) = rest.split_once("\"at_most_ul\":")?;
    let number = rest.split(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).next()?;
    let ul: f64 = number.parse().ok().filter(|ul: &f64| ul.is_finite() && *ul >= 0.0)?;
    Some((pump.into(), ul))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::journal::{Answer, CommandRecord, End, Writer};
    use crate::time::Span;
    use crate::units::{FlowRate, Volume};

    fn command(seconds: f64, pump: &str) -> Record {
        let send = Command::Dispense {
            pump: pump.into(),
            rate_ul_per_min: FlowRate::from_ul_per_min(60.0),
            at_most_ul: Volume::from_ul(700.0),
        };
        let at_ns = Instant::START + Span::from_secs(seconds);
        Record::Command(CommandRecord { at_ns, send, answer: Answer::Done })
    }

    /// Six lines: a header and commands.
    fn journal() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        writer.write(&super::super::tests::header()).expect("a sink that takes all");
        for i in 1..5 {
            writer.write(&command(f64::from(i), "a")).expect("a sink that takes all");
        }
        let end = End { at_ns: Instant::START + Span::from_secs(9.0), experiments: 0 };
        writer.write(&Record::End(end)).expect("a sink that takes all");
        writer.into_sink()
    }

    fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
        bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    /// How many lines are kept where `from` was replaced by `to` in line `at`.
    fn kept(at: usize, from: &str, to: &str, seal: Option<&Seal>) -> usize {
        let mut lines = lines(&journal());
        let text = String::from_utf8(lines[at].clone()).expect("text");
        assert!(text.contains(from), "{text}");
        lines[at] = text.replacen(from, to, 1).into_bytes();
        let damaged = lines.concat();
        let salvage = salvage(&damaged, seal).expect("the header is good").expect("it is damaged");
        assert_eq!([salvage.journal.bytes(), &salvage.aside].concat(), damaged, "nothing is lost");
        salvage.journal.records().len()
    }

    #[test]
    fn a_journal_that_is_whole_or_torn_is_not_taken_apart() {
        let whole = journal();
        let seal = Seal::of(&read(&whole).expect("it is whole"));
        assert!(salvage(&whole, Some(&seal)).expect("it is whole").is_none());
        assert!(salvage(&whole[..whole.len() - 3], None).expect("it is whole").is_none());
    }

    #[test]
    fn everything_before_a_line_that_was_changed_is_kept() {
        for at in 2..5 {
            assert_eq!(kept(at, "700", "800", None), at, "a digit of line {at}");
            assert_eq!(kept(at, "at_most", "at_moss", None), at, "a letter of line {at}");
            assert_eq!(kept(at, "{\"n\":", "{\"n\":7", None), at, "the number of line {at}");
            assert_eq!(kept(at, "record", "recor}", None), at, "the form of line {at}");
        }
    }

    #[test]
    fn a_changed_reference_accuses_nobody_else_where_the_next_line_tells() {
        let text = String::from_utf8(lines(&journal())[3].clone()).expect("text");
        let prev = legible_prev(text.as_bytes()).expect("a reference").to_owned();
        let other = line::hash(b"another line");
        assert_eq!(kept(3, &prev, &other, None), 3);
        // Reference and content have changed: nothing tells which of the two lines before is good.
        let both = format!("{prev}\",\"record\":{{\"command\":{{\"at_ns\":3");
        assert_eq!(kept(3, &both, &both.replacen(&prev, &other, 1).replace(":3", ":4"), None), 2);
        // Illegible, but for a reference that disagrees.
        assert_eq!(kept(3, &both, &format!("{other}\",\"rec"), None), 2);
        assert_eq!(kept(3, &both, &format!("{prev}\",\"rec"), None), 3);
    }

    #[test]
    fn the_last_line_is_vouched_for_by_the_seal() {
        let seal = Seal::of(&read(&journal()).expect("it is whole"));
        assert_eq!(kept(5, "\"experiments\":0", "\"experiments\":1", Some(&seal)), 5);
        // Line 4 was changed; without a seal line 5 may have been.
        assert_eq!(kept(4, "700", "800", Some(&seal)), 4);
        assert_eq!(kept(4, "700", "800", None), 4);
        let text = String::from_utf8(lines(&journal())[5].clone()).expect("text");
        let prev = legible_prev(text.as_bytes()).expect("a reference").to_owned();
        let other = line::hash(b"another line");
        assert_eq!(kept(5, &prev, &other, Some(&seal)), 5, "only the reference was changed");
        assert_eq!(kept(5, &prev, &other, None), 4, "nothing tells");
    }

    #[test]
    fn a_line_that_is_missing_accuses_nobody() {
        let mut lines = lines(&journal());
        lines.remove(3);
        let salvage = salvage(&lines.concat(), None).expect("a header").expect("it is damaged");
        assert_eq!(salvage.journal.records().len(), 3);
    }

    #[test]
    fn without_a_header_nothing_can_be_kept() {
        let whole = journal();
        let text = String::from_utf8(whole.clone()).expect("text");
        let changed = text.replacen("\"schema\":1", "\"schema\":2", 1);
        for damaged in [changed.as_bytes(), b"nonsense\n", &[0; 64], b""] {
            assert!(salvage(damaged, None).is_err());
        }
    }

    #[test]
    fn lines_that_were_set_aside_are_read_so_far_as_they_are_legible() {
        let lines = lines(&journal());
        let torn = &lines[3][..lines[3].len() - 4];
        let aside = [&lines[1], &lines[2], torn, b"\n", &b"\0\0\n"[..], &lines[4]].concat();
        let legible = Legible::of(&aside);
        assert_eq!(legible.records.len(), 3);
        assert_eq!(legible.illegible, 2);
        assert_eq!(legible.allowed_ul, [("a".into(), 700.0)]);
        assert_eq!(legible.last_at, Some(Instant::START + Span::from_secs(1.0)));
    }
}
