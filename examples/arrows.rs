//! Prints which crate of this workspace uses which, and which module of a crate uses which:
//! `cargo run --example arrows`, `cargo run --example arrows -- sim`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, error, fs};

#[path = "../tests/suite/modules.rs"]
mod modules;

use modules::{Arrows, Crate, circle};

fn main() -> Result<(), Box<dyn error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(name) = env::args().nth(1) else {
        print(&nearest(&crates(root)?), 0);
        return Ok(());
    };
    for (above, arrows) in Crate::read(&root.join(name).join("src"))?.arrows() {
        println!("{}", if above.is_empty() { "(top)".to_owned() } else { above.join("::") });
        print(&arrows, 2);
        if let Some(circle) = circle(&arrows) {
            println!("  a circle: {}", circle.join(" → "));
        }
    }
    Ok(())
}

fn print(arrows: &Arrows, indent: usize) {
    let width = arrows.keys().map(|name| name.len()).max().unwrap_or(0);
    for (from, to) in arrows {
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let line = format!("{:indent$}{from:<width$} → {}", "", to.join(", "));
        println!("{}", line.trim_end_matches([' ', '→']));
    }
}

/// Every crate and the crates of ours that it names in its manifest.
fn crates(root: &Path) -> Result<Arrows, Box<dyn error::Error>> {
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let members = manifest["workspace"]["members"].as_array().into_iter().flatten();
    let members = members.filter_map(|member| member.as_str());
    let mut all = Arrows::new();
    for (name, folder) in [("flowtwin", "")].into_iter().chain(members.map(|m| (m, m))) {
        let text = fs::read_to_string(root.join(folder).join("Cargo.toml"))?;
        let manifest: toml::Table = text.parse()?;
        let used = manifest.get("dependencies").and_then(|table| table.as_table());
        let used = used.into_iter().flat_map(|table| table.keys());
        let used = used.filter_map(|name| name.strip_prefix("flowtwin-").map(str::to_owned));
        all.insert(name.to_owned(), used.collect());
    }
    Ok(all)
}

/// The arrows without those that a longer way makes needless.
fn nearest(all: &Arrows) -> Arrows {
    fn below(all: &Arrows, name: &str) -> BTreeSet<String> {
        let direct = all.get(name).into_iter().flatten();
        direct.flat_map(|to| below(all, to).into_iter().chain([to.clone()])).collect()
    }
    let mut out = BTreeMap::new();
    for (from, to) in all {
        let far: BTreeSet<String> = to.iter().flat_map(|next| below(all, next)).collect();
        out.insert(from.clone(), to.difference(&far).cloned().collect());
    }
    out
}
