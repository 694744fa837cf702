//! Which module of a crate uses which, read from its source: a small reader of `use` trees and paths.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where a module is in its crate: the names from the root of the crate down.
pub(crate) type Module = Vec<String>;

/// Siblings, and each sibling that it uses: by the module above them.
pub(crate) type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The modules of a crate, and what each of them names.
pub(crate) struct Crate {
    /// What each module imports or names by path, from the root of the crate.
    names: BTreeMap<Module, Vec<Name>>,
}

/// A path in the source, and the name by which the module knows its end.
struct Name {
    path: Module,
    local: String,
}

impl Crate {
    /// Reads the source of a crate. Tests are left out: they look at what they please.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn read(source: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        walk(source, &mut files)?;
        let mut texts = BTreeMap::new();
        for file in files {
            let module = module_of(&file, source);
            let is_test = module.iter().any(|part| part == "tests");
            if !is_test && module.last().is_none_or(|last| last != "main") {
                texts.insert(module, code(&fs::read_to_string(&file)?));
            }
        }
        let names = |(module, text): (&Module, &String)| {
            let found = paths(text).into_iter();
            let absolute = found.filter_map(|(path, local)| {
                let path = absolute(module, path, |child| texts.contains_key(child))?;
                Some(Name { path, local })
            });
            (module.clone(), absolute.collect())
        };
        Ok(Self { names: texts.iter().map(names).collect() })
    }

    /// The module in which the thing at `path` stands, re-exports followed.
    fn home(&self, path: &[String], depth: usize) -> Module {
        let known = (0..=path.len()).rev().find(|&n| self.names.contains_key(&path[..n]));
        let known = known.unwrap_or(0);
        let module = path[..known].to_vec();
        let through = path.get(known).filter(|_| depth < 8).and_then(|name| {
            let names = self.names.get(&module)?.iter();
            names.into_iter().find(|n| n.local == *name && n.path != path)
        });
        through.map_or(module, |name| self.home(&name.path, depth + 1))
    }

    /// The arrows between siblings, by the module above them. What a child takes from above it is no arrow.
    pub(crate) fn arrows(&self) -> BTreeMap<Module, Arrows> {
        let mut all: BTreeMap<Module, Arrows> = BTreeMap::new();
        for (from, names) in &self.names {
            for name in names {
                let to = self.home(&name.path, 0);
                let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                if let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) {
                    let arrows = all.entry(from[..shared].to_vec()).or_default();
                    arrows.entry(a.clone()).or_default().insert(b.clone());
                }
            }
        }
        all
    }
}

/// A circle among `arrows`, if there is one: each uses the next, and the last the first.
pub(crate) fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    arrows.keys().find_map(|start| {
        let mut came_from: BTreeMap<&String, &String> = BTreeMap::new();
        let mut next = vec![start];
        while let Some(at) = next.pop() {
            for to in arrows.get(at).into_iter().flatten() {
                if to == start {
                    let mut way = vec![at.clone()];
                    while let Some(before) = came_from.get(way.last()?) {
                        way.push((*before).clone());
                    }
                    way.reverse();
                    return Some(way);
                }
                if !came_from.contains_key(to) {
                    came_from.insert(to, at);
                    next.push(to);
                }
            }
        }
        None
    })
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

fn module_of(file: &Path, source: &Path) -> Module {
    let inside = file.strip_prefix(source).unwrap_or(file).with_extension("");
    let names = inside.iter().map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name != "lib").collect()
}

/// The source without comments and without what only tests see.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut lines = text.lines();
    let mut out = String::new();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            lines.next();
            continue;
        }
        out.push_str(line.split("//").next().unwrap_or_default());
        out.push('\n');
    }
    out
}

/// A path from the root of the crate; none where it leads elsewhere.
fn absolute(here: &Module, path: Module, is_module: impl Fn(&Module) -> bool) -> Option<Module> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    let join = |base: &[String], rest: &[String]| [base, rest].concat();
    match path[0].as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some(join(here, &path[1..])),
        "super" => Some(join(&here[..here.len().checked_sub(ups)?], &path[ups..])),
        _ => is_module(&join(here, &path[..1])).then(|| join(here, &path)),
    }
}

/// Every path that begins with `crate`, `super` or `self`, and every path of a `use`, with its local name.
fn paths(text: &str) -> Vec<(Module, String)> {
    let mut found = Vec::new();
    let continues = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(start) {
            if !text[..at].ends_with(continues) {
                Reader { text, at }.tree(&[], &mut found);
            }
        }
    }
    for (at, _) in text.match_indices("use ") {
        let rest = &text[at + 4..];
        let own = ["crate::", "super::", "self::"].iter().any(|start| rest.starts_with(start));
        if !text[..at].ends_with(continues) && !own {
            Reader { text, at: at + 4 }.tree(&[], &mut found);
        }
    }
    found.retain(|(path, _)| !path.is_empty());
    found
}

/// Reads a tree of `use`, or a plain path.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip(&mut self, what: impl Fn(char) -> bool) {
        self.at += self.rest().len() - self.rest().trim_start_matches(what).len();
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let end = if rest.starts_with('*') { 1 } else { end };
        let word = rest[..end].to_owned();
        self.at += end;
        word
    }

    fn tree(&mut self, prefix: &[String], found: &mut Vec<(Module, String)>) {
        if self.rest().starts_with('{') {
            self.at += 1;
            loop {
                self.skip(|c| c.is_whitespace() || c == ',');
                if self.rest().is_empty() || self.rest().starts_with('}') {
                    self.at += self.rest().len().min(1);
                    return;
                }
                let before = self.at;
                self.tree(prefix, found);
                if self.at == before {
                    return;
                }
            }
        }
        let word = self.word();
        if word.is_empty() {
            return;
        }
        let path = [prefix, std::slice::from_ref(&word)].concat();
        if self.rest().starts_with("::") && !self.rest().starts_with("::<") {
            self.at += 2;
            return self.tree(&path, found);
        }
        let mut local = word.clone();
        if let Some(renamed) = self.rest().strip_prefix(" as ") {
            self.at += self.rest().len() - renamed.len();
            local = self.word();
        }
        if word == "self" && path.len() > 1 {
            let module = prefix.to_vec();
            let local = if local == "self" { prefix[prefix.len() - 1].clone() } else { local };
            return found.push((module, local));
        }
        found.push((path, local));
    }
}
