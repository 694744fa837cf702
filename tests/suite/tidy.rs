//! House rules, kept by a test.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::root;

/// The folders of the library crates.
const MANIFEST: &str = include_str!("../../Cargo.toml");

/// Folders of the crates, as the workspace lists its members.
fn crates() -> Vec<&'static str> {
    let manifest: toml::Table = MANIFEST.parse().expect("the manifest is TOML");
    let members = manifest["workspace"]["members"].as_array().expect("a list of members").len();
    let list = MANIFEST.split("members = [").nth(1).and_then(|rest| rest.split(']').next());
    let names: Vec<&str> = list.expect("members").split('"').skip(1).step_by(2).collect();
    assert_eq!(names.len(), members);
    names
}
const LINES: usize = 600;
const FUNCTION_LINES: usize = 70;
/// Widest comment [columns]; `cargo fmt` keeps code to 100.
const COMMENT: usize = 140;

/// All Rust files of the repository.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in crates().into_iter().chain(["src", "tests", "benches", "examples"]) {
        collect(&root().join(name), &mut found);
    }
    found.sort();
    found
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file that breaks a rule, with what it does.
fn offenders(rule: impl Fn(&Path, &str) -> Option<String>) -> Vec<String> {
    let look = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file is text");
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        rule(&path, &text).map(|complaint| format!("{name}: {complaint}"))
    };
    sources().into_iter().filter_map(look).collect()
}

#[test]
fn no_file_is_too_long() {
    let long = offenders(|_, text| {
        let lines = text.lines().count();
        (lines > LINES).then(|| format!("{lines} lines, at most {LINES}"))
    });
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_comment_is_too_wide() {
    let wide = offenders(|_, text| {
        let comments = text.lines().enumerate().filter(|(_, line)| line.trim().starts_with("//"));
        let widths = comments.map(|(at, line)| (at + 1, line.chars().count()));
        let (line, width) = widths.into_iter().find(|(_, width)| *width > COMMENT)?;
        Some(format!("line {line} has {width} columns, a comment at most {COMMENT}"))
    });
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn no_function_is_too_long() {
    let long = offenders(|_, text| {
        let lines: Vec<&str> = text.lines().collect();
        let (name, length) = longest_function(&lines)?;
        (length > FUNCTION_LINES)
            .then(|| format!("{name}: {length} lines, at most {FUNCTION_LINES}"))
    });
    assert!(long.is_empty(), "{long:#?}");
}

/// Name and number of lines of the longest function of formatted code.
fn longest_function<'a>(lines: &[&'a str]) -> Option<(&'a str, usize)> {
    let starts = lines.iter().enumerate().filter_map(|(i, line)| {
        let code = line.trim_start();
        let name = code.split_once("fn ").filter(|(before, _)| {
            before
                .split_whitespace()
                .all(|w| w.starts_with("pub") || ["const", "unsafe", "in"].contains(&w))
        })?;
        if code.ends_with(';') {
            return None;
        }
        let indent = &line[..line.len() - code.len()];
        let end = lines[i..]
            .iter()
            .position(|l| l.strip_prefix(indent).is_some_and(|l| l.starts_with('}')))?;
        let closed = lines[i..i + end].iter().any(|l| l.trim_end().ends_with('{'));
        closed.then_some((name.1, end + 1))
    });
    starts.max_by_key(|(_, length)| *length)
}

#[test]
fn no_work_is_left_for_later() {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("#[ig", "nore"),
        concat!("#[al", "low("),
        concat!("#![al", "low("),
        concat!("dbg", "!("),
    ];
    let left = offenders(|_, text| {
        let found = words.iter().find(|word| text.contains(**word));
        found.map(|word| format!("contains {word}"))
    });
    assert!(left.is_empty(), "{left:#?}");
}

/// Who prints, and with which code a program ends, is for the command line to say.
#[test]
fn no_library_prints_or_ends_the_program() {
    let words = ["print!(", "println!(", "eprint!(", "eprintln!(", "process::exit", "CommandError"];
    let loud = offenders(|path, text| {
        let inside = path.strip_prefix(root()).ok()?;
        let library = crates().iter().any(|name| inside.starts_with(Path::new(name).join("src")));
        let code = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        let found = code.flat_map(|line| words.iter().find(|word| line.contains(**word))).next()?;
        library.then(|| format!("contains {found}"))
    });
    assert!(loud.is_empty(), "{loud:#?}");
}

#[test]
fn no_module_is_a_folder_with_a_mod_file() {
    let found =
        offenders(|path, _| path.ends_with("mod.rs").then(|| "name it after its folder".into()));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_test_file_is_forgotten() {
    let main = fs::read_to_string(root().join("tests/suite/main.rs")).unwrap();
    for entry in fs::read_dir(root().join("tests/suite")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_file() && name != "main" {
            assert!(main.contains(&format!("mod {name};")), "tests/suite/{name}.rs is not run");
        }
    }
}

#[test]
fn every_source_file_says_what_it_is() {
    let silent = offenders(|path, text| {
        let said = path.ends_with("tests.rs")
            || text.lines().next().is_some_and(|line| line.starts_with("//! "));
        (!said).then(|| "does not begin with //!".into())
    });
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn random_order_reaches_no_result() {
    let unordered = [concat!("Hash", "Map"), concat!("Hash", "Set")];
    let found = offenders(|_, text| {
        let word = unordered.iter().find(|word| text.contains(**word));
        word.map(|word| format!("uses {word}"))
    });
    assert!(found.is_empty(), "{found:#?}");
}

/// Another rig or chemistry is a file. What belongs to the paper's stands in `study/src/paper`, in tests, and in examples
/// of documentation.
#[test]
fn the_code_knows_no_chemistry_and_counts_no_pumps() {
    let words = [
        "cui",
        "iodide",
        "cesium",
        "caesium",
        "oleic",
        "octadecene",
        "pli",
        "pla",
        "nanocrystals",
        "seven",
        "abs_300",
    ];
    let known = offenders(|path, text| {
        let place = path.strip_prefix(root()).expect("below the root");
        let crates = crates();
        let mut product = crates.iter().map(|name| format!("{name}/src")).chain(["src".into()]);
        let about_the_paper = place.starts_with("study/src/paper");
        let of_tests = path.ends_with("tests.rs") || path.ends_with("sample.rs");
        if about_the_paper || of_tests || !product.any(|folder| place.starts_with(folder)) {
            return None;
        }
        let code = text.lines().take_while(|line| !line.contains("#[cfg(test)]"));
        let code = code.filter(|line| !line.trim_start().starts_with("//"));
        let mut names =
            code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
        names
            .find(|name| words.contains(&name.to_lowercase().as_str()))
            .map(|name| format!("knows {name}"))
    });
    assert!(known.is_empty(), "{known:#?}");
}

/// Whoever implements a trait finds an example where it stands.
#[test]
fn every_public_trait_has_an_example() {
    let without = offenders(|path, text| {
        let inside = path.strip_prefix(root()).expect("below the root");
        let library = crates().iter().any(|name| inside.starts_with(Path::new(name).join("src")));
        let lines: Vec<&str> = text.lines().collect();
        let traits = (0..lines.len()).filter(|at| library && lines[*at].starts_with("pub trait "));
        let bare = traits.filter(|at| {
            let above = lines[..*at].iter().rev();
            let docs = above.take_while(|line| line.starts_with("///") || line.starts_with("#["));
            !docs.into_iter().any(|line| line.contains("```") || line.contains("examples/"))
        });
        bare.map(|at| format!("{} has no example", lines[at])).next()
    });
    assert!(without.is_empty(), "{without:#?}");
}

/// The first page of a crate has a picture of its types, and a program of at most 25 lines that runs.
#[test]
fn every_crate_has_a_first_page_with_a_picture_and_a_short_program() {
    for name in crates().into_iter().chain(["."]) {
        let page = fs::read_to_string(root().join(name).join("src/lib.rs")).expect("a library");
        let docs = page.lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim);
        let docs: Vec<&str> = docs.collect();
        assert!(docs.contains(&"```text"), "{name}: there is no picture");
        let (mut open, mut programs): (Option<&str>, Vec<u32>) = (None, vec![0]);
        for line in &docs {
            let is_program = open.is_some_and(|kind| matches!(kind, "" | "no_run"));
            match (line.strip_prefix("```"), open) {
                (Some(kind), None) => {
                    open = Some(kind);
                    programs.push(0);
                }
                (Some(_), Some(_)) => open = None,
                (None, _) if is_program && !line.starts_with('#') && !line.is_empty() => {
                    *programs.last_mut().expect("a program has begun") += 1;
                }
                _ => {}
            }
        }
        let longest = programs.iter().max().expect("at least none");
        assert!((1..=25).contains(longest), "{name}: {longest} lines of program");
    }
}
