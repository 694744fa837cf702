//! Plants changes and prints what a comparison says of each: `cargo run --release -p flowtwin-comparison --example planted`.
//!
//! Prints the tables of docs/validation.md. With `-- statistical` it prints the last of them alone, which takes seconds a repeat.

mod changes;

use std::num::NonZeroUsize;
use std::path::Path;
use std::thread::available_parallelism;

use changes::{Change, KEYS, LAST_BITS};
use flowtwin_campaign::scenario::{Scenario, SnapshotSpec};
use flowtwin_comparison::snapshot::Snapshot;
use flowtwin_comparison::{
    Comparison, Distribution, Effort, Explanation, Row, Side, Trials, beyond_tolerance,
};
use flowtwin_lab::Goal;
use flowtwin_statistics::{mean, standard_deviation};

/// Seeds of a distribution.
const SEEDS: u64 = 20;
/// Repeats of the statistical strength.
const REPEATS: u64 = 100;

fn main() {
    let dir = std::env::temp_dir().join(format!("flowtwin-planted-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder can be made");
    if std::env::args().all(|arg| arg != "statistical") {
        planted(&dir);
        last_bits(&dir);
    }
    repeats(&dir);
    std::fs::remove_dir_all(&dir).expect("the folder can be removed");
}

fn threads() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn scenario(dir: &Path, change: &str) -> Scenario {
    let base = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/cs3cu2i5.toml"));
    let path = dir.join("short.toml");
    let text = changes::short(&base.display().to_string(), change);
    std::fs::write(&path, text).expect("a scenario can be written");
    Scenario::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

fn side(scenario: &Scenario) -> Side {
    let (snapshot, journal) = Snapshot::taken(scenario, threads()).expect("it can be run");
    Side::scenario(scenario.name(), snapshot, journal).expect("it can be summed up")
}

fn seeds() -> Vec<u64> {
    (1..=SEEDS).collect()
}

fn distribution(scenario: &Scenario) -> Distribution {
    Distribution::run(scenario, &seeds(), threads()).expect("the policies have proposals")
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// The table of planted changes.
fn planted(dir: &Path) {
    println!(
        "| planted change | they part at | exact | numeric | statistical | named by `--explain` |"
    );
    println!("|---|---|---|---|---|---|");
    let plain = scenario(dir, "");
    let (before, recorded) = (side(&plain), distribution(&plain));
    for (key, body) in KEYS {
        let changed = scenario(dir, body);
        let after = side(&changed);
        let why = Explanation::of(&before, &after, threads()).expect("both can be run");
        let named = yes(why.names(key));
        let trials = Trials::between(&recorded, &distribution(&changed), Some(Goal::Maximize), 5.0);
        row(&format!("`{key}`"), &before, &after, yes(trials.is_worse()), named);
    }
    let before = changes::run(&plain, Change::None);
    for (change, name) in [
        (Change::RoundedRates, "driver rounds rates to 1 µL/min"),
        (Change::OtherTies, "policy takes the neighbour on its grid"),
    ] {
        let after = changes::run(&plain, change);
        row(name, &before, &after, "–", "the program: no key differs");
    }
}

fn row(name: &str, before: &Side, after: &Side, statistical: &str, named: &str) {
    let effort = Effort { simulate: Some(threads()), regret: false };
    let found = Comparison::between(before, after, effort);
    let part = found.parting.as_ref().map_or("nothing".to_owned(), |parting| {
        format!("{}, experiment {}", parting.sort.words(), parting.experiment)
    });
    let numeric = yes(!beyond_tolerance(&found, &SnapshotSpec::default()).is_empty());
    let exact = yes(!found.equal);
    println!("| {name} | {part} | {exact} | {numeric} | {statistical} | {named} |");
}

/// How many of the changes of last bits each strength sees.
fn last_bits(dir: &Path) {
    let plain = scenario(dir, "");
    let before = changes::run(&plain, Change::None);
    let rows = |change: Change| -> Distribution {
        let row = |seed: u64| {
            let side = changes::run(&scenario(dir, &format!("seed = {seed}\n")), change);
            let best = side.experiments.iter().filter_map(|m| m.features[1]).fold(0.0, f64::max);
            let ml = side.reagent_ml.iter().flatten().map(|(_, ml)| ml).sum();
            let lab_time_s = side.lab_time_s.unwrap_or(0.0);
            Row { seed, best, regret: 0.0, lab_time_s, ml }
        };
        Distribution { optimum: 0.0, rows: (1..=8).map(row).collect() }
    };
    let recorded = rows(Change::None);
    let (mut exact, mut numeric, mut statistical) = (0, 0, 0);
    for bits in LAST_BITS {
        let change = Change::LastBits(bits);
        let found = Comparison::between(&before, &changes::run(&plain, change), Effort::default());
        exact += usize::from(!found.equal);
        numeric += usize::from(!beyond_tolerance(&found, &SnapshotSpec::default()).is_empty());
        let trials = Trials::between(&recorded, &rows(change), Some(Goal::Maximize), 5.0);
        statistical += usize::from(trials.is_worse());
    }
    let of = LAST_BITS.len();
    println!(
        "\nOf {of} changes of last bits: exact sees {exact}, numeric {numeric}, statistical {statistical}."
    );
}

/// A campaign that takes a moment: the least red of six mixtures of dyes at random, within flows so narrow that 20 seeds show
/// a loss of 5 %.
const DYES: &str = "
[space.inputs]
blue_ul_per_min = { low = 300.0, high = 310.0, resolution = 1.0, sets = { pump = \"blue\" } }
red_ul_per_min = { low = 100.0, high = 150.0, resolution = 1.0, sets = { pump = \"red\" } }
[[phases]]
name = \"search\"
policy = \"random\"
experiments = 6
";

/// False alarms between campaigns that differ by chance only, and how often a loss of 5 % is found.
fn repeats(dir: &Path) {
    let base = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/dye-mixing.toml"));
    let renamed = |n: u64, body: &str| {
        let path = dir.join("renamed.toml");
        let base = base.display();
        let text =
            format!("schema = 1\nextends = {:?}\nname = \"dyes\"\n{body}{DYES}", base.to_string());
        // Another name of a phase draws other random numbers and changes nothing else.
        let text = text.replace("name = \"search\"", &format!("name = \"search-{n}\""));
        std::fs::write(&path, text).expect("a scenario can be written");
        distribution(&Scenario::load(&path).unwrap_or_else(|error| panic!("{error}")))
    };
    let (mut alarms, mut found) = (0, 0);
    let mut needed = Vec::new();
    for n in 0..REPEATS {
        let before = renamed(2 * n, "");
        let again = Trials::between(&before, &renamed(2 * n + 1, ""), Some(Goal::Minimize), 5.0);
        alarms += u64::from(again.is_worse());
        let more = "[stocks]\namaranth = { concentrations_mm = { am = 0.1575 } }\n";
        let trials = Trials::between(&before, &renamed(2 * n + 1, more), Some(Goal::Minimize), 5.0);
        let best = trials.quantities.iter().find(|quantity| quantity.name == "best value");
        found += u64::from(best.is_some_and(|quantity| quantity.is_worse()));
        needed.extend(best.and_then(|quantity| quantity.seeds_needed).map(|n| n as f64));
    }
    println!(
        "False alarms: {alarms} of {REPEATS}. A loss of 5 %: found in {found} of {REPEATS} with {SEEDS} seeds;"
    );
    println!("seeds said to be needed: {:.0} ± {:.0}.", mean(&needed), standard_deviation(&needed));
}
