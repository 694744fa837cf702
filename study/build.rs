//! Tells the program which code it was built from, so that results of other code are not taken for its own.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// What decides a result: the sources of the workspace and the versions of what they depend on.
const SOURCES: [&str; 9] = [
    "Cargo.lock",
    "lab/src",
    "sim/src",
    "statistics/src",
    "twin/src",
    "report/src",
    "data/src",
    "campaign/src",
    "study/src",
];

fn main() {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = package.join("..");
    // Fowler, Noll and Vo's 64-bit hash: not secure, but needs no dependency.
    let mut digest = 0xcbf2_9ce4_8422_2325;
    if root.join("lab/src").is_dir() {
        for source in SOURCES {
            println!("cargo:rerun-if-changed=../{source}");
            add(&root, &root.join(source), &mut digest);
        }
    } else {
        // Outside the workspace, as a package of a registry: all crates are released together, by version.
        add_bytes(env!("CARGO_PKG_VERSION").as_bytes(), &mut digest);
        add(&package, &package.join("src"), &mut digest);
    }
    println!("cargo:rustc-env=FLOWTWIN_CODE={digest:016x}");
}

/// Adds the names and contents of everything at `path`, in order of name.
fn add(root: &Path, path: &Path, digest: &mut u64) {
    if let Ok(entries) = fs::read_dir(path) {
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths.iter().for_each(|path| add(root, path, digest));
    } else if let Ok(bytes) = fs::read(path) {
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        // Line ends differ between checkouts and change no result.
        let text = bytes.iter().filter(|byte| **byte != b'\r');
        add_bytes(name.as_bytes().iter().chain(text), digest);
    }
}

fn add_bytes<'a>(bytes: impl IntoIterator<Item = &'a u8>, digest: &mut u64) {
    for byte in bytes {
        *digest = (*digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
}
