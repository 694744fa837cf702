//! The fuzz target of lines from outside on its seeds and on what becomes of them by cutting, joining and changing.

use std::fs;
use std::path::Path;

use flowtwin_lab::Streams;

#[expect(unreachable_pub, reason = "for the fuzz targets this is a library")]
#[path = "../../fuzz/src/lines.rs"]
mod lines;

/// What lines are made of, and what they should not be made of.
const PIECES: [&[u8]; 22] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\"",
    b"\n",
    b"\r\n",
    b"null",
    b"NaN",
    b"-0.0",
    b"1e308",
    b"-1e-320",
    b"1e999",
    b"18446744073709551616",
    b"\\ud800",
    b"\xff",
    b"\0",
    b"\xc2\xa0",
    b"\"t_c\":80,",
    b"\"experiment\":",
];

fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/lab_lines");
    let entries = fs::read_dir(folder).expect("there are seeds");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a seed").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed can be read")).collect()
}

#[test]
fn kept_lines_break_no_promise() {
    let seeds = seeds();
    assert!(seeds.len() > 4, "{} seeds were found", seeds.len());
    seeds.iter().for_each(|seed| lines::lab_lines(seed));
}

/// `FLOWTWIN_FUZZED=1000000 cargo test -p flowtwin-campaign --test lines` changes so many lines.
#[test]
fn changed_lines_break_no_promise() {
    let asked = std::env::var("FLOWTWIN_FUZZED").ok().and_then(|count| count.parse().ok());
    let (seeds, mut luck) = (seeds(), Streams::new(7).open("lines", 0));
    for _ in 0..asked.unwrap_or(4_000) {
        let mut data = seeds[luck.below(seeds.len())].clone();
        for _ in 0..1 + luck.below(4) {
            let (from, piece) = (luck.below(data.len() + 1), PIECES[luck.below(PIECES.len())]);
            let to = (from + luck.below(6)).min(data.len());
            match luck.below(3) {
                0 => drop(data.splice(from..to, piece.iter().copied())),
                1 => drop(data.drain(from..to)),
                _ => drop(data.splice(from..from, piece.iter().copied())),
            }
        }
        lines::lab_lines(&data);
    }
}
