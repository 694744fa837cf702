//! The documents: every link leads somewhere, and the book has every page once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::root;

/// Folders without documents of ours.
const ELSEWHERE: [&str; 5] = ["target", ".git", "runs", "snapshots", "book"];

/// Every page below a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        // A link to a page is that page.
        if entry.file_type().unwrap().is_symlink() || ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        match path.is_dir() {
            true => found.extend(pages(&path)),
            false if name.ends_with(".md") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// The text of a page without its blocks of code.
fn prose(text: &str) -> String {
    let mut inside = false;
    let kept = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// Where the links of a page lead, those to the web aside.
fn links(text: &str) -> Vec<String> {
    let starts = text.match_indices("](").map(|(at, _)| &text[at + 2..]);
    let targets = starts.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    targets.filter(|t| !t.contains("://") && !t.contains(' ')).map(str::to_owned).collect()
}

/// The anchor of a heading, as forges and mdbook make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let text = prose(text);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in pages(root()) {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&prose(&text)) {
            followed += 1;
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            let leads = target.exists()
                && (heading.is_empty()
                    || anchors(&fs::read_to_string(&target).unwrap()).contains(heading));
            if !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 100, "only {followed} links");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_book_has_every_page_once() {
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let mut listed = links(&summary);
    let parts = summary.lines().filter(|line| line.starts_with("# ")).skip(1);
    let order = ["# Start here", "# Guides", "# Reference", "# Explanations"];
    assert_eq!(parts.collect::<Vec<_>>(), order);
    let name = |page: PathBuf| page.strip_prefix(&docs).unwrap().display().to_string();
    let apart = ["SUMMARY.md", "decisions/0000-template.md"];
    let mut there: Vec<String> = pages(&docs).into_iter().map(name).collect();
    there.retain(|page| !apart.contains(&page.as_str()));
    listed.sort();
    there.sort();
    assert_eq!(listed, there);
}

/// Nobody should have to find out on a hot rig.
#[test]
fn what_happens_after_power_returns_is_stated_for_every_instrument() {
    let text = fs::read_to_string(root().join("docs/wiring.md")).unwrap();
    let (_, table) = text.split_once("## When power returns").expect("the section is there");
    let table = table.split("\n## ").next().unwrap_or_default();
    let first = |line: &str| line.split('|').nth(1).unwrap_or_default().to_owned();
    let named: BTreeSet<String> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| {
            first(line).split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let files = flowtwin_backends::protocol::BUILT_IN.iter().map(|(name, _)| *name);
    let known: BTreeSet<String> = files
        .chain(flowtwin_backends::Wiring::SECTIONS.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(named, known);
}

#[test]
fn headings_become_anchors() {
    assert_eq!(anchor(" What it is not"), "what-it-is-not");
    assert_eq!(anchor("`[rig.pumps]`: pumps"), "rigpumps-pumps");
    assert_eq!(links("[a](b.md#c) [d](https://e)"), ["b.md#c"]);
}
