//! Results on disk: one file for each finished campaign, written at once or not at all, and checked when read.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flowtwin_lab::digest::sha256;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A folder of results.
///
/// A file is an object of JSON: `content`, and before it the SHA-256 of the bytes of that. It is written under another
/// name, synced and renamed, so that a killed process leaves a whole file or none.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What stands before the digest, between it and the content, and after that.
const BEFORE: &str = "{\"sha256\":\"";
const BETWEEN: &str = "\",\"content\":";
const AFTER: &str = "}\n";

/// The name of what `identity` determines: 16 hexadecimal digits of the SHA-256 of its JSON.
pub(super) fn key(identity: &impl Serialize) -> String {
    let json = serde_json::to_vec(identity).expect("an identity is plain data");
    sha256(&json)[..16].to_owned()
}

impl Store {
    /// The results in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a file is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What a file holds; none if it is not there, or not whole: then it is as if it had never been written.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text = fs::read_to_string(self.path(name)).ok()?;
        let (sum, json) = text.strip_prefix(BEFORE)?.split_once(BETWEEN)?;
        let json = json.strip_suffix(AFTER)?;
        (sha256(json.as_bytes()) == sum).then(|| serde_json::from_str(json).ok()).flatten()
    }

    /// Writes a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let json = serde_json::to_string(value).map_err(io::Error::other)?;
        let sum = sha256(json.as_bytes());
        self.put(name, format!("{BEFORE}{sum}{BETWEEN}{json}{AFTER}").as_bytes())
    }

    /// Writes bytes as they are, at once or not at all.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(name);
        let folder = path.parent().expect("a result is in a folder");
        fs::create_dir_all(folder)?;
        // Two processes may be at the same campaign: each writes a file of its own, and the last rename wins.
        let unfinished = path.with_extension(format!("{}.unfinished", std::process::id()));
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(name: &str) -> Store {
        let folder = std::env::temp_dir().join(format!("flowtwin-{name}-{}", std::process::id()));
        Store::new(&folder)
    }

    #[test]
    fn what_was_written_is_read_and_what_was_damaged_is_not() {
        let store = store("store");
        store.write("a/b.json", &vec![1.5, 2.0]).unwrap();
        assert_eq!(store.read::<Vec<f64>>("a/b.json"), Some(vec![1.5, 2.0]));
        assert_eq!(store.read::<Vec<f64>>("a/c.json"), None);
        let path = store.path("a/b.json");
        let text = fs::read_to_string(&path).unwrap();
        let plain: serde_json::Value = serde_json::from_str(&text).expect("any reader of JSON");
        assert_eq!(plain["content"], serde_json::json!([1.5, 2.0]));
        fs::write(&path, text.replace("1.5", "1.6")).unwrap();
        assert_eq!(store.read::<Vec<f64>>("a/b.json"), None);
        fs::write(&path, &text[..text.len() - 9]).unwrap();
        assert_eq!(store.read::<Vec<f64>>("a/b.json"), None);
        fs::remove_dir_all(store.folder()).unwrap();
    }
}
