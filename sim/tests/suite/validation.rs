//! `docs/validation.md` and `tests/mutations.toml` say what is there.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Deserialize)]
struct List {
    mutation: Vec<Mutation>,
}

#[derive(Deserialize)]
struct Mutation {
    file: String,
    what: String,
    from: String,
    to: String,
    test: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(root().join("docs/validation.md")).unwrap()
}

fn mutations() -> Vec<Mutation> {
    toml::from_str::<List>(include_str!("../mutations.toml")).unwrap().mutation
}

/// All Rust code of this crate and of the contract.
fn code() -> String {
    fn collect(folder: &Path, code: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, code);
            } else if path.extension().is_some_and(|e| e == "rs") {
                code.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut code = String::new();
    let crates = [
        "sim",
        "lab",
        "campaign",
        "report",
        "backends",
        "twin",
        "data",
        "comparison",
        "study",
        "calibration",
    ];
    let folders = crates
        .into_iter()
        .flat_map(|name| [root().join(name).join("src"), root().join(name).join("tests")]);
    let own = [root().join("tests")];
    folders
        .chain(own)
        .filter(|folder| folder.is_dir())
        .for_each(|folder| collect(&folder, &mut code));
    code
}

/// The last part of a test's name.
fn function(test: &str) -> &str {
    test.rsplit("::").next().unwrap_or(test)
}

#[test]
fn every_mutation_still_applies_in_one_place() {
    let all = mutations();
    assert!(all.len() >= 60, "only {} mutations", all.len());
    for Mutation { file, what, from, to, .. } in all {
        let text = fs::read_to_string(root().join("sim/src").join(&file)).unwrap();
        assert_eq!(text.matches(&from).count(), 1, "{file}, {what}: {from}");
        assert_ne!(from, to);
    }
}

#[test]
fn every_mutation_is_a_row_of_the_page_with_the_test_that_notices() {
    let (page, code) = (page(), code());
    for Mutation { file, what, test, .. } in mutations() {
        let row = format!("| `{file}` | {what} | `{}` |", function(&test));
        assert!(page.contains(&row), "docs/validation.md lacks: {row}");
        assert!(code.contains(&format!("fn {}(", function(&test))), "there is no test {test}");
    }
}

#[test]
fn the_page_counts_its_mutations_and_has_no_row_of_one_that_is_gone() {
    let (page, all) = (page(), mutations().len());
    assert!(page.contains(&format!("Each of these {all} mistakes")), "there are {all}");
    let (_, table) = page.split_once("## Mistakes that would be noticed").unwrap();
    assert_eq!(table.lines().filter(|line| line.starts_with("| `")).count(), all);
}

/// A name of three words or more in backticks is that of a test.
#[test]
fn every_test_that_the_page_names_is_there() {
    let (page, code) = (page(), code());
    let named = page.split('`').skip(1).step_by(2).map(function);
    let named: Vec<&str> = named
        .filter(|name| name.matches('_').count() >= 2)
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    assert!(named.len() > 60, "only {} tests are named", named.len());
    for name in named {
        let known = code.contains(&format!("fn {name}("));
        assert!(known, "docs/validation.md names {name}, which is no test");
    }
}

/// Every file of models, instruments and the way through the rig has its rows.
#[test]
fn every_model_has_a_row() {
    let page = page();
    for folder in ["model", "instrument", "world"] {
        for entry in fs::read_dir(root().join("sim/src").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_file() && !name.ends_with("tests.rs") {
                assert!(page.contains(&format!("{folder}/{name}")), "{folder}/{name} has no row");
            }
        }
    }
}
