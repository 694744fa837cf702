//! Which runs are shown.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the journal in a run folder.
const JOURNAL: &str = "journal.jsonl";

/// Most runs that are listed.
const MOST: usize = 5_000;

/// Run folders, and folders of run folders. Their content is read at each request.
#[derive(Clone, Debug)]
pub struct Runs {
    roots: Vec<PathBuf>,
}

/// A run that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What a browser calls it: the name of its folder, with a number where another has the same.
    pub name: String,
    /// Its journal.
    pub journal: PathBuf,
}

impl Runs {
    /// The runs in these folders: each is a run folder, or holds run folders.
    pub fn new(roots: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { roots: roots.into_iter().collect() }
    }

    /// All runs there are now, in order of the folders that were given and of their names.
    pub fn list(&self) -> Vec<Found> {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let folders = self.roots.iter().flat_map(|root| run_folders(root)).take(MOST);
        folders
            .map(|folder| {
                let name = name_of(&folder);
                let n = times.entry(name.clone()).and_modify(|n| *n += 1).or_insert(1);
                let name = if *n > 1 { format!("{name} ({n})") } else { name };
                Found { name, journal: folder.join(JOURNAL) }
            })
            .collect()
    }

    /// The run with this name. It is compared with the names there are and never made into a path.
    pub fn named(&self, name: &str) -> Option<Found> {
        self.list().into_iter().find(|found| found.name == name)
    }
}

/// The last part of the path, also of `.` and `..`.
fn name_of(folder: &Path) -> String {
    let known = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let resolved = || {
        let real = fs::canonicalize(folder).ok()?;
        Some(real.file_name()?.to_string_lossy().into_owned())
    };
    known.or_else(resolved).unwrap_or_else(|| "run".into())
}

/// The folder itself if it is a run folder or is to become one, else the run folders in it.
fn run_folders(root: &Path) -> Vec<PathBuf> {
    if root.join(JOURNAL).is_file() {
        return vec![root.to_owned()];
    }
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.join(JOURNAL).is_file());
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_by_its_name_and_never_by_a_path() {
        let base = std::env::temp_dir().join(format!("flowtwin-runs-{}", std::process::id()));
        for folder in ["runs/b", "runs/a", "other/a", "runs/no-run"] {
            fs::create_dir_all(base.join(folder)).unwrap();
            if !folder.ends_with("no-run") {
                fs::write(base.join(folder).join(JOURNAL), "").unwrap();
            }
        }
        let runs = Runs::new([base.join("runs"), base.join("other/a"), base.join("missing")]);
        let names: Vec<String> = runs.list().into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["a", "b", "a (2)"]);
        assert_eq!(runs.named("a (2)").unwrap().journal, base.join("other/a").join(JOURNAL));
        let path = base.join("runs/a");
        for stranger in ["", ".", "..", "../runs/a", path.to_str().unwrap(), "no-run"] {
            assert_eq!(runs.named(stranger), None, "{stranger}");
        }
        fs::remove_dir_all(base).unwrap();
    }
}
