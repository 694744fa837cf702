//! The fuzz targets on their seeds, on what fuzzing has found, and on random bytes: nothing panics, hangs, or moves.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

#[expect(unreachable_pub, reason = "for the fuzz targets this is a library")]
#[path = "../../../fuzz/src/targets.rs"]
mod targets;

/// Inputs of a target that are kept in the repository.
fn kept(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let path = |entry: std::io::Result<fs::DirEntry>| entry.expect("the folder is there").path();
    entries.map(|entry| fs::read(path(entry)).expect("a seed can be read")).collect()
}

#[test]
fn kept_inputs_break_no_promise() {
    let mut inputs = 0;
    for (name, target) in targets::ALL {
        for input in kept(name) {
            target(&input);
            inputs += 1;
        }
    }
    assert!(inputs > 20, "{inputs} inputs were found");
}

/// Number of random inputs of each sort: `FLOWTWIN_FUZZED=10000 cargo test -p flowtwin-backends --test suite fuzzed` tries so many.
fn cases() -> u32 {
    std::env::var("FLOWTWIN_FUZZED").ok().and_then(|count| count.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_changes_of_kept_inputs_break_no_promise(
        at in prop::collection::vec(any::<(usize, u8)>(), 1..6),
        cuts in prop::collection::vec(any::<u8>(), 1..5),
    ) {
        for (name, target) in targets::ALL {
            for input in kept(name) {
                let mut data = vec![cuts.len() as u8];
                data.extend(&cuts);
                data.extend(input.get(1..).unwrap_or_default());
                let length = data.len();
                at.iter().for_each(|&(place, byte)| data[place % length] = byte);
                target(&data);
            }
        }
    }

    #[test]
    fn random_bytes_break_no_promise(data in prop::collection::vec(any::<u8>(), 0..300)) {
        for (_, target) in targets::ALL {
            target(&data);
        }
    }
}
