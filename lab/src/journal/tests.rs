//! Promises of the journal: what was synced survives, what was changed is named.

mod kept;

use std::io;

use super::{
    Answer, CommandRecord, Continued, End, Header, Intended, Journal, JournalError, PhaseRecord,
    Record, Resumed, Seal, Sink, Writer, read, read_sealed,
};
use crate::command::Command;
use crate::lab::Lab as _;
use crate::random::Streams;
use crate::time::{Instant, Span};
use crate::toy::ToyLab;
use crate::units::{FlowRate, Volume};

pub(super) fn header() -> Record {
    Record::Header(Box::new(Header {
        schema: 1,
        flowtwin: "test".into(),
        scenario: "toy".into(),
        scenario_sha256: String::new(),
        definition: serde_json::Value::Null,
        seed: 1,
        simulated: true,
        inputs: Vec::new(),
        features: Vec::new(),
        manifest: ToyLab::new().manifest().clone(),
    }))
}

/// A journal of commands.
pub(super) fn journal_of(commands: &[CommandRecord]) -> Journal {
    journal_with(&commands.iter().cloned().map(Record::Command).collect::<Vec<_>>())
}

/// A journal with these records behind its header.
pub(super) fn journal_with(records: &[Record]) -> Journal {
    let records: Vec<Record> = [header()].into_iter().chain(records.iter().cloned()).collect();
    read(&written(&records)).expect("it is whole")
}

fn at(seconds: u32) -> Instant {
    Instant::START + Span::from_secs(f64::from(seconds))
}

fn start(seconds: u32) -> Record {
    let send = Command::Dispense {
        pump: "a".into(),
        rate_ul_per_min: FlowRate::from_ul_per_min(10.0),
        at_most_ul: Volume::from_ul(5.0),
    };
    Record::Command(CommandRecord { at_ns: at(seconds), send, answer: Answer::Done })
}

fn about_to_start(seconds: u32) -> Record {
    let Record::Command(command) = start(seconds) else { unreachable!("it is one") };
    Record::Intended(Intended { at_ns: command.at_ns, send: command.send })
}

fn stop(seconds: u32) -> Record {
    let send = Command::Stop { pump: "a".into() };
    Record::Command(CommandRecord { at_ns: at(seconds), send, answer: Answer::Done })
}

fn resumed(seconds: u32) -> Record {
    let (lost_ul, filled) = (vec![("a".into(), 5.0)], Vec::new());
    Record::Resumed(Resumed { at_ns: at(seconds), lost_ul, filled })
}

fn end(seconds: u32) -> Record {
    Record::End(End { at_ns: at(seconds), experiments: 2 })
}

/// Eight records, of which those of number 0, 4 and 7 are durable.
fn records() -> Vec<Record> {
    let phase = PhaseRecord { name: "p".into(), policy: "lhs".into(), experiments: 1, from: None };
    let phase = Record::Phase(phase);
    vec![header(), phase, about_to_start(1), stop(2), resumed(3), start(4), stop(5), end(6)]
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    records.iter().for_each(|record| writer.write(record).expect("a sink that takes all"));
    writer.into_sink()
}

/// A disk behind a cache: a power cut at its `cut`-th request, and what was not synced may be gone.
#[derive(Default)]
struct Forgetful {
    written: Vec<u8>,
    synced: usize,
    requests: usize,
    cut: Option<usize>,
    seal: Option<Seal>,
}

impl Forgetful {
    fn until(cut: usize) -> Self {
        Self { cut: Some(cut), ..Self::default() }
    }

    fn request(&mut self) -> io::Result<()> {
        self.requests += 1;
        match self.cut {
            Some(cut) if self.requests > cut => Err(io::Error::other("the power is off")),
            _ => Ok(()),
        }
    }

    /// What is there when the power is back, if `lucky` bytes of the cache had been written in time.
    fn survives(&self, lucky: usize) -> &[u8] {
        &self.written[..(self.synced + lucky).min(self.written.len())]
    }
}

impl Sink for Forgetful {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let done = self.request();
        self.written.extend_from_slice(bytes);
        done
    }

    fn sync(&mut self) -> io::Result<()> {
        self.request()?;
        self.synced = self.written.len();
        Ok(())
    }

    fn seal(&mut self, seal: &Seal) -> io::Result<()> {
        assert_eq!(self.synced, self.written.len(), "only what is on the disk is sealed");
        self.seal = Some(seal.clone());
        Ok(())
    }
}

/// Writes records until the power is cut, and returns the sink and the number of those that were acknowledged.
fn until_cut(cut: usize, promptly: bool) -> (Forgetful, usize) {
    let mut writer = Writer::new(Forgetful::until(cut));
    if promptly {
        writer = writer.promptly();
    }
    let records = records();
    let done = records.iter().take_while(|record| writer.write(record).is_ok()).count();
    (writer.into_sink(), done)
}

#[test]
fn a_record_that_must_be_kept_survives_a_power_cut_at_any_later_moment() {
    let whole = written(&records());
    let mut luck = Streams::new(5).open("luck", 0);
    for promptly in [false, true] {
        for cut in 0..20 {
            let (disk, done) = until_cut(cut, promptly);
            let must_be_kept = |record: &Record| {
                record.is_durable() || promptly && matches!(record, Record::Intended(_))
            };
            let needed = records()[..done].iter().rposition(must_be_kept).map_or(0, |i| i + 1);
            let lucky = (luck.uniform() * 300.0) as usize;
            for lucky in [0, 1, lucky, usize::MAX >> 1] {
                let bytes = disk.survives(lucky);
                assert!(whole.starts_with(bytes), "cut {cut}: it is no other journal");
                let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
                assert!(lines >= needed, "cut {cut}: {lines} of {needed} records are there");
                if needed > 0 {
                    let journal = read_sealed(bytes, disk.seal.as_ref()).expect("it is good");
                    assert_eq!(journal.records(), &records()[..lines]);
                }
            }
        }
    }
}

#[test]
fn each_record_that_must_be_kept_is_synced_once_and_sealed() {
    let sizes: Vec<usize> = (1..=8).map(|count| written(&records()[..count]).len()).collect();
    for (promptly, expected) in [(false, vec![0, 4, 7]), (true, vec![0, 2, 4, 7])] {
        let mut writer = Writer::new(Forgetful::default());
        if promptly {
            writer = writer.promptly();
        }
        let mut synced = Vec::new();
        for (i, record) in records().iter().enumerate() {
            let before = writer.sink().requests;
            writer.write(record).expect("a sink that takes all");
            let sink = writer.sink();
            assert_eq!(writer.records(), i as u64 + 1);
            if sink.requests == before + 2 {
                synced.push(i);
                assert_eq!(sink.synced, sizes[i]);
                let journal = read(&sink.written).expect("it is whole");
                assert_eq!(sink.seal, Some(Seal::of(&journal)));
            } else {
                assert_eq!(sink.requests, before + 1);
            }
        }
        assert_eq!(synced, expected);
        assert_eq!(writer.sha256(), read(&writer.sink().written).expect("it is whole").sha256());
    }
}

#[test]
fn after_a_record_that_could_not_be_written_nothing_is_written_any_more() {
    let mut writer = Writer::new(Forgetful::until(1));
    assert!(writer.write(&header()).is_err(), "it was written, but not synced");
    let before = writer.sink().written.len();
    assert!(writer.write(&start(1)).is_err(), "a journal with a hole would be no journal");
    assert_eq!(writer.sink().written.len(), before);
}

#[test]
fn every_changed_byte_of_a_sealed_journal_is_found_at_its_line_or_the_next() {
    let whole = written(&records());
    let seal = Seal::of(&read(&whole).expect("it is whole"));
    let mut line = 1;
    for i in 0..whole.len() {
        let mut changed = whole.clone();
        changed[i] ^= 1;
        let last = i + 1 == whole.len();
        match read_sealed(&changed, Some(&seal)) {
            Err(JournalError::Damaged { line: found, .. }) => {
                assert!(found == line || found == line + 1, "byte {i}: {found} for {line}");
            }
            // Without its line end the last line is torn.
            Ok(journal) => assert!(last && journal.torn() > 0, "byte {i} of {}", whole.len()),
            Err(other) => panic!("byte {i}: {other}"),
        }
        line += u64::from(whole[i] == b'\n');
    }
    // Without the seal a digit of the last line would go unnoticed.
    let text = String::from_utf8(whole).expect("text");
    let changed = text.replace("\"experiments\":2", "\"experiments\":3");
    assert!(
        read(changed.as_bytes()).is_ok() && read_sealed(changed.as_bytes(), Some(&seal)).is_err()
    );
}

#[test]
fn a_seal_on_an_earlier_line_says_nothing_of_the_last() {
    let whole = written(&records());
    let early = Seal::of(&read(&written(&records()[..5])).expect("it is whole"));
    assert!(read_sealed(&whole, Some(&early)).is_ok());
    let late = Seal::of(&read(&whole).expect("it is whole"));
    assert!(read_sealed(&written(&records()[..5]), Some(&late)).is_ok());
}

#[test]
fn a_torn_end_is_left_out_and_counted() {
    let whole = written(&records());
    let ends: Vec<usize> =
        whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(i, _)| i + 1).collect();
    for cut in ends[0]..=whole.len() {
        let journal = read(&whole[..cut]).expect("its complete lines are good");
        let complete = ends.iter().filter(|&&end| end <= cut).count();
        assert_eq!(journal.records().len(), complete, "cut at byte {cut}");
        assert_eq!(journal.bytes(), &whole[..ends[complete - 1]]);
        assert_eq!(journal.torn(), cut - ends[complete - 1]);
        assert_eq!(journal.complete(), complete == 8);
        let durable = [0, 4, 7].into_iter().rfind(|&i| i < complete).expect("the header");
        assert_eq!(journal.durable_bytes(), &whole[..ends[durable]]);
        assert_eq!(journal.is_amid_an_experiment(), durable + 1 != complete);
    }
    assert_eq!(read(&whole[..ends[0] - 1]).expect_err("no record"), JournalError::Empty);
}

#[test]
fn a_writer_that_goes_on_writes_the_journal_of_one_that_never_stopped() {
    let whole = written(&records());
    for split in 1..8 {
        let before = written(&records()[..split]);
        let journal = read(&before).expect("it is whole");
        let mut writer = Writer::after(&journal, before);
        records()[split..].iter().for_each(|record| writer.write(record).expect("it takes all"));
        assert_eq!(writer.records(), 8);
        assert_eq!(writer.sha256(), read(&whole).expect("it is whole").sha256());
        assert_eq!(writer.into_sink(), whole);
    }
}

#[test]
fn what_is_there_is_compared_not_written_and_not_synced_again() {
    let whole = written(&records());
    for there in [0, 1, whole.len() / 2, whole.len()] {
        let mut writer = Writer::new(Continued::new(whole[..there].to_vec(), Forgetful::default()));
        records().iter().for_each(|record| writer.write(record).expect("it is the same run"));
        let sink = writer.into_sink();
        assert!(sink.caught_up());
        assert_eq!(sink.into_inner().written, whole[there..]);
    }
    let early = written(&records()[..5]);
    let mut writer = Writer::new(Continued::new(early, Forgetful::default()));
    records()[..4].iter().for_each(|record| writer.write(record).expect("it is the same run"));
    assert!(!writer.sink().caught_up());
    let error = writer.write(&end(9)).expect_err("another run");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("at line 5:"), "{error}");
    assert_eq!(writer.into_sink().into_inner().requests, 0);
}

#[test]
fn a_journal_begins_with_a_header_of_this_format() {
    let Record::Header(mut header) = header() else { unreachable!("it is one") };
    header.schema = 2;
    let newer = written(&[Record::Header(header)]);
    let error = read(&newer).expect_err("another format").to_string();
    assert!(error.contains("found format 2"), "{error}");
    let error = read(&written(&[end(1)])).expect_err("no header").to_string();
    assert!(error.contains("found another record"), "{error}");
    assert_eq!(read(b"").expect_err("nothing"), JournalError::Empty);
}

#[test]
fn a_journal_knows_its_latest_moment_and_what_a_record_more_makes_of_it() {
    let journal = read(&written(&records()[..6])).expect("it is whole");
    assert_eq!(journal.last_at(), at(4));
    let more = journal.with(&resumed(7));
    assert_eq!(more.last_at(), at(7));
    assert_eq!(read(more.bytes()).expect("it is whole").records(), more.records());
    assert_eq!(more.torn(), 0);
    let lines = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(lines(more.durable_bytes()), 7);
    assert_eq!(more.last_hash(), Seal::of(&more).text().split(' ').nth(1).expect("a hash"));
}
