//! Any key of a scenario with a value that nobody means: the scenario is refused in words, or its experiment ends. Nothing panics or
//! computes for ever, and no feature is infinite.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use flowtwin_campaign::choice;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::is_sensible;
use flowtwin_lab::layer::Guarded;
use serde_json::{Value, json};

/// An experiment that computes for longer hangs: the others take some milliseconds.
const HANGS: Duration = Duration::from_secs(600);
/// Entries of a list that are looked at; the others are alike.
const ENTRIES: usize = 2;

/// What is put in the place of a value.
fn odd(value: &Value) -> Vec<Value> {
    let numbers = [0.0, -1.0, 0.5, 1e-300, 1e9, 1e300, -1e300].map(|number| json!(number));
    let others = [json!(0), json!(u64::MAX), json!(true), json!(""), json!("\u{0}")];
    let empty = [json!([]), json!({}), Value::Null];
    let twice = value.as_str().map(|text| json!(format!("{text} {text}")));
    let all = numbers.into_iter().chain(others).chain(empty).chain(twice);
    all.filter(|other| other != value).collect()
}

/// The pointers to all values below a value.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    let mut below = |key: &str, inner: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        pointers(inner, &pointer, into);
        into.push(pointer);
    };
    match value {
        Value::Object(table) => table.iter().for_each(|(key, inner)| below(key, inner)),
        Value::Array(list) => {
            let first = list.iter().enumerate().take(ENTRIES);
            first.for_each(|(i, inner)| below(&i.to_string(), inner));
        }
        _ => {}
    }
}

/// What is wrong with an experiment in the middle of the space of a definition, if anything is.
fn wrong(definition: &Value) -> Option<String> {
    let scenario = match Scenario::recorded(definition) {
        Ok(scenario) => scenario,
        Err(complaint) => {
            let empty = complaint.to_string().is_empty();
            return empty.then(|| "refused without a word".to_owned());
        }
    };
    // What `flowtwin check` computes besides.
    let _ = scenario.cannot_everywhere();
    let _ = scenario.lasts();
    let simulated = scenario.simulated().ok()?;
    let conditions = choice::conditions(scenario.space(), &[]).ok()?;
    let mut lab = Guarded::new(simulated.lab(1), scenario.file().guard.clone());
    let blank = scenario.procedure().prime(&mut lab).ok()?;
    let observation = scenario.procedure().run(&mut lab, &blank, &conditions);
    let features = &observation.outcome.features;
    let endless = features.iter().find(|(_, value)| !value.is_nan() && !is_sensible(*value))?;
    Some(format!("{endless:?}"))
}

/// The same, and whether that panics or hangs.
fn fault(definition: Value) -> Option<String> {
    let (tell, told) = mpsc::channel();
    let trial = thread::spawn(move || {
        let wrong = wrong(&definition);
        let _ = tell.send(());
        wrong
    });
    match told.recv_timeout(HANGS) {
        Err(mpsc::RecvTimeoutError::Timeout) => Some("computes for ever".to_owned()),
        _ => trial.join().unwrap_or_else(|_| Some("panics".to_owned())),
    }
}

fn faults(path: &Path) -> Vec<String> {
    let name = path.file_stem().expect("a file").to_string_lossy();
    let definition = Scenario::load(path).expect("a scenario of ours").definition();
    let mut all = Vec::new();
    pointers(&definition, "", &mut all);
    assert!(all.len() > 20, "{name} has {} keys", all.len());
    let mut faults = Vec::new();
    for pointer in all {
        for other in odd(definition.pointer(&pointer).expect("it was found there")) {
            let mut changed = definition.clone();
            *changed.pointer_mut(&pointer).expect("it was found there") = other.clone();
            faults.extend(fault(changed).map(|what| format!("{name}{pointer} = {other}: {what}")));
        }
    }
    faults
}

/// `FLOWTWIN_ODD=all cargo test --release -p flowtwin-campaign --test odd_values` tries every scenario, which takes long;
/// a file name in the place of `all` tries that one.
#[test]
fn no_value_of_any_key_makes_a_scenario_panic_or_hang() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let asked = std::env::var("FLOWTWIN_ODD").unwrap_or_else(|_| "dye-mixing.toml".to_owned());
    let mut paths: Vec<PathBuf> = match asked.as_str() {
        "all" => {
            let entries = std::fs::read_dir(&folder).expect("there are scenarios");
            entries.map(|entry| entry.expect("a scenario").path()).collect()
        }
        one => vec![folder.join(one)],
    };
    paths.retain(|path| path.extension().is_some_and(|it| it == "toml"));
    paths.sort();
    assert!(!paths.is_empty(), "no scenario");
    let faults: Vec<String> = paths.iter().flat_map(|path| faults(path)).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
