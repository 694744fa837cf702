//! What the tests share: small campaigns, and the sides that they make.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::snapshot::Snapshot;
use flowtwin_comparison::{Comparison, Effort, Side};

use crate::changes;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// An empty folder of this name, below the build's own.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    fs::create_dir_all(&path).unwrap();
    path
}

/// A scenario file that extends one of the repository.
pub(crate) fn file(dir: &Path, name: &str, base: &str, body: &str) -> PathBuf {
    let base = root().join("scenarios").join(base).display().to_string();
    let text = format!("schema = 1\nextends = {base:?}\nname = \"short\"\n{body}");
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// The paper's rig with a short campaign and these keys.
pub(crate) fn short(dir: &Path, name: &str, change: &str) -> Scenario {
    let base = root().join("scenarios/cs3cu2i5.toml").display().to_string();
    let path = dir.join(name);
    fs::write(&path, changes::short(&base, change)).unwrap();
    Scenario::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// The side of a scenario that is run now.
pub(crate) fn side(scenario: &Scenario) -> Side {
    let (snapshot, journal) = Snapshot::taken(scenario, NonZeroUsize::MIN).unwrap();
    Side::scenario(scenario.name(), snapshot, journal).unwrap()
}

/// Two sides compared, without what takes further experiments.
pub(crate) fn quickly(a: &Side, b: &Side) -> Comparison {
    Comparison::between(a, b, Effort::default())
}
