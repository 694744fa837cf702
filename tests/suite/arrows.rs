//! Imports point one way: each crate depends on what ARCHITECTURE.md says, and on nothing else of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::modules::{Crate, circle};
use crate::support::root;

/// Each crate and every crate of ours that it may use, from the bottom to the top.
const ARROWS: [(&str, &[&str]); 12] = [
    ("lab", &[]),
    ("sim", &["lab"]),
    ("backends", &["lab"]),
    ("statistics", &["lab"]),
    ("twin", &["lab", "statistics"]),
    ("report", &["lab", "statistics"]),
    ("serve", &["lab"]),
    ("data", &["lab", "statistics", "twin", "report"]),
    ("campaign", &["lab", "sim", "statistics", "twin", "report", "data"]),
    ("study", &["lab", "sim", "statistics", "twin", "report", "data", "campaign"]),
    ("comparison", &["lab", "sim", "statistics", "twin", "report", "data", "campaign", "study"]),
    (
        "calibration",
        &["lab", "sim", "statistics", "twin", "data", "report", "campaign", "comparison"],
    ),
];

/// The crates of ours that a crate depends on, tests and examples aside.
fn used_by(name: &str) -> BTreeSet<String> {
    let path = root().join(name).join("Cargo.toml");
    let text = fs::read_to_string(&path).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let tables = ["dependencies", "build-dependencies"];
    let tables = tables.into_iter().filter_map(|table| manifest.get(table)?.as_table());
    let names = tables.flat_map(|table| table.keys());
    names.filter_map(|name| name.strip_prefix("flowtwin-").map(str::to_owned)).collect()
}

#[test]
fn every_crate_uses_only_what_lies_below_it() {
    for (name, allowed) in ARROWS {
        let allowed: BTreeSet<String> = allowed.iter().map(|&other| other.to_owned()).collect();
        let wrong: Vec<String> = used_by(name).difference(&allowed).cloned().collect();
        assert!(wrong.is_empty(), "{name} uses {wrong:?}, which does not lie below it");
    }
}

#[test]
fn every_crate_of_the_workspace_has_its_place() {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let members: BTreeSet<&str> = members.iter().map(|name| name.as_str().unwrap()).collect();
    let placed: BTreeMap<&str, &[&str]> = ARROWS.into();
    assert_eq!(members, placed.keys().copied().collect());
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for name in members {
        assert!(page.contains(&format!("| `{name}/` |")), "the code map lacks {name}/");
    }
}

/// A real rig compiles no simulator, and the simulator links no serial port.
#[test]
fn the_simulator_and_the_drivers_never_see_each_other() {
    let below = |start: &str| {
        let mut all = BTreeSet::from([start.to_owned()]);
        let mut next = vec![start.to_owned()];
        while let Some(name) = next.pop() {
            next.extend(used_by(&name).into_iter().filter(|other| all.insert(other.clone())));
        }
        all
    };
    assert!(!below("backends").contains("sim"));
    assert!(!below("sim").contains("backends"));
}

/// What two modules need of each other belongs into a third.
#[test]
fn no_crate_has_a_circle_of_modules() {
    let crates = ARROWS.into_iter().map(|(name, _)| name).chain(["."]);
    for name in crates {
        let modules = Crate::read(&root().join(name).join("src")).unwrap();
        let arrows = modules.arrows();
        assert!(!arrows.is_empty(), "{name}: nothing was read");
        for (above, arrows) in arrows {
            let circle = circle(&arrows).map(|modules| modules.join(" → "));
            assert_eq!(circle, None, "{name}: a circle of modules in {above:?}");
        }
    }
}

#[test]
fn a_circle_of_modules_is_found_through_trees_of_imports_and_exports_again() {
    let folder = std::env::temp_dir().join(format!("flowtwin-modules-{}", std::process::id()));
    fs::create_dir_all(folder.join("b/tests")).unwrap();
    let write = |file: &str, text: &str| fs::write(folder.join(file), text).unwrap();
    write("lib.rs", "mod a;\nmod b;\nmod c;\npub use c::Thing as Other;\n");
    write("a.rs", "use crate::b::{self, inner::{Deep, Deeper}};\n");
    write("b.rs", "pub mod inner; // use crate::a::Commented\n");
    write(
        "b/inner.rs",
        "fn f() { crate::Other::new() }\n#[cfg(test)]\nmod tests { use crate::a; }",
    );
    write("b/tests/more.rs", "use crate::a;\n");
    let arrows = || Crate::read(&folder).unwrap().arrows();
    write("c.rs", "use std::fmt;\n");
    assert_eq!(arrows().values().find_map(circle), None);
    write("c.rs", "use super::a::Another;\n");
    let found = arrows().values().find_map(circle);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(found.unwrap(), ["a", "b", "c"]);
}
