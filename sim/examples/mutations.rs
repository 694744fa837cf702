//! Makes the mistakes of `tests/mutations.toml` one after another, and sees whether a test notices.
//!
//! ```text
//! cargo run -p flowtwin-sim --example mutations [-- FIRST [LAST]]
//! ```
//!
//! All mistakes are compiled at once into a copy of the workspace, each behind a switch, so that one
//! build serves them all; then the unit tests run once for each, with that switch on. A mistake
//! passes where the test that its entry names fails. What no unit test notices is tried on
//! `tests/suite`. Ends with 1 if anything went unnoticed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::Deserialize;

/// What the copy reads its switch with.
const SWITCH: &str = r#"//! Which mistake is made.
static ACTIVE: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| {
    std::env::var("FLOWTWIN_MUTATION").ok().and_then(|n| n.parse().ok()).unwrap_or(0)
});
pub(crate) fn is(number: usize) -> bool {
    *ACTIVE == number
}
"#;

#[derive(Deserialize)]
struct List {
    mutation: Vec<Mutation>,
}

/// What the manifest of the workspace says of its crates.
#[derive(Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    members: Vec<String>,
}

/// A mistake: in `file` below `sim/src/`, the expression `from` becomes `to`.
#[derive(Deserialize)]
struct Mutation {
    file: String,
    what: String,
    from: String,
    to: String,
    /// The test that must notice.
    test: String,
}

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|n| n.parse::<usize>().ok());
    let text = include_str!("../tests/mutations.toml");
    let list: List = toml::from_str(text).expect("the list of mutations can be read");
    let first = numbers.next().unwrap_or(1);
    let last = numbers.next().unwrap_or(list.mutation.len());
    let copy = copy_of_workspace(&list.mutation).expect("the workspace can be copied");
    assert!(failing(&copy, "--lib", 0).is_empty(), "the tests fail without any mistake");
    let mut missed = 0;
    for (i, mutation) in list.mutation.iter().enumerate().take(last).skip(first.max(1) - 1) {
        missed += usize::from(!is_noticed(&copy, i + 1, mutation));
    }
    println!("{missed} went unnoticed");
    ExitCode::from(u8::from(missed > 0))
}

/// Makes one mistake and says which tests fail.
fn is_noticed(copy: &Path, number: usize, mutation: &Mutation) -> bool {
    let mut failed = failing(copy, "--lib", number);
    if !failed.contains(&mutation.test) {
        failed.extend(failing(copy, "--test=suite", number));
    }
    let noticed = failed.contains(&mutation.test);
    let verdict = if noticed { "noticed" } else { "NOT AS EXPECTED" };
    println!(
        "{number:>3} {verdict}  {}: {}\n      {}",
        mutation.file, mutation.what, mutation.test
    );
    failed.iter().filter(|test| **test != mutation.test).for_each(|t| println!("      {t}"));
    noticed
}

/// The tests that fail with a mistake made.
fn failing(copy: &Path, target: &str, number: usize) -> Vec<String> {
    let output = Command::new("cargo")
        .args(["test", "--quiet", "--package", "flowtwin-sim", target])
        .args(["--", "--format=pretty"])
        .current_dir(copy)
        // Its own builds: cargo would take those of the workspace for its own.
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .env("FLOWTWIN_MUTATION", number.to_string())
        .output()
        .expect("cargo can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let tests = said.lines().filter_map(|line| line.strip_prefix("test "));
    let failed: Vec<String> =
        tests.filter_map(|t| t.strip_suffix(" ... FAILED")).map(str::to_owned).collect();
    let ran = said.contains("test result: ");
    assert!(ran, "the tests did not run: {}", String::from_utf8_lossy(&output.stderr));
    failed
}

/// A copy of the workspace below the folder of builds, with every mistake behind its switch.
fn copy_of_workspace(mutations: &[Mutation]) -> io::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let copy = root.join("target/mutations");
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let Manifest { workspace } = toml::from_str(&manifest).expect("the manifest can be read");
    for folder in workspace.members.iter().map(String::as_str).chain(["src"]) {
        copy_folder(&root.join(folder), &copy.join(folder))?;
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(root.join(file), copy.join(file))?;
    }
    let sources = copy.join("sim/src");
    fs::write(sources.join("mutation.rs"), SWITCH)?;
    let library = fs::read_to_string(sources.join("lib.rs"))?;
    fs::write(sources.join("lib.rs"), format!("{library}\nmod mutation;\n"))?;
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for (i, mutation) in mutations.iter().enumerate() {
        let Mutation { file, from, to, .. } = mutation;
        if !files.contains_key(file.as_str()) {
            files.insert(file, fs::read_to_string(sources.join(file))?);
        }
        let text = files.get_mut(file.as_str()).expect("it has just been read");
        assert!(text.contains(from), "{file} does not contain {from}");
        let switched = format!("(if crate::mutation::is({}) {{ {to} }} else {{ {from} }})", i + 1);
        *text = text.replacen(from, &switched, 1);
    }
    files.iter().try_for_each(|(file, text)| fs::write(sources.join(file), text))?;
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
