//! The fuzz target of tables on its seeds, also cut, joined and changed.

use std::fs;
use std::path::Path;

use flowtwin_lab::{Stream, Streams};

#[expect(unreachable_pub, reason = "for the fuzz targets this is a library")]
#[path = "../../fuzz/src/sheets.rs"]
mod sheets;

/// Valid and invalid parts of tables.
const PIECES: [&[u8]; 40] = [
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\"",
    b"\"\"",
    b"#",
    b"sep=;\n",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\0",
    b"\x81",
    b"\xb0C",
    b"\xc2\xa0",
    b"\xe2\x88\x92",
    b"0",
    b"1",
    b"1,134",
    b"1.134,5",
    b"1'134",
    b"-9999",
    b"9.91e37",
    b"1e308",
    b"-1e-320",
    b"inf",
    b"nan",
    b"n.a.",
    b"-",
    b"#REF!",
    b"#N/A",
    b"25 \xc2\xb0C",
    b"[%]",
    b"(mM)",
    b"yield",
    b"id",
    b" ",
    b"PK\x03\x04",
];

fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/sheet");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("seeds are there")
        .map(|e| e.expect("an entry").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed can be read")).collect()
}

/// A seed that has been cut, joined with another, and changed.
fn changed(seeds: &[Vec<u8>], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = seeds[stream.below(seeds.len())].clone();
    for _ in 0..1 + stream.below(8) {
        let at = stream.below(bytes.len() + 1);
        match stream.below(6) {
            0 => bytes.truncate(at),
            1 => {
                let other = &seeds[stream.below(seeds.len())];
                bytes.truncate(at);
                bytes.extend(&other[stream.below(other.len() + 1)..]);
            }
            2 if at < bytes.len() => bytes[at] = stream.below(256) as u8,
            3 if at < bytes.len() => {
                let end = at + 1 + stream.below((bytes.len() - at).min(12));
                bytes.drain(at..end.min(bytes.len()));
            }
            4 if at < bytes.len() => {
                let end = at + 1 + stream.below((bytes.len() - at).min(40));
                let piece = bytes[at..end.min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let piece = PIECES[stream.below(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}

/// So many rounds from a number on; what breaks a promise is shown.
fn rounds(first: u64, count: u64) {
    let (seeds, streams) = (seeds(), Streams::new(1));
    for round in first..first + count {
        let bytes = changed(&seeds, &mut streams.open("fuzz/sheet", round));
        let held = std::panic::catch_unwind(|| sheets::sheet(&bytes));
        assert!(held.is_ok(), "round {round}: {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn kept_tables_break_no_promise() {
    let seeds = seeds();
    assert!(seeds.len() > 8);
    seeds.iter().for_each(|seed| sheets::sheet(seed));
}

/// `FUZZ_FIRST=3000 FUZZ_ROUNDS=1000000 cargo test -p flowtwin-data --test fuzzed` runs as long as you like.
#[test]
fn tables_that_were_cut_joined_and_changed_break_no_promise() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"))
    };
    rounds(number("FUZZ_FIRST", 0), number("FUZZ_ROUNDS", 3_000));
}
