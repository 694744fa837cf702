//! Who may drive a rig: one campaign at a time, and its watch.
//!
//! What is locked is what is at the end of the cables, whatever the wiring file is called and whatever paths lead there: a
//! serial port by its number in the system, a TCP address by the addresses that its name stands for, a USB device by its
//! serial number, a hand-off by its folder. Other computers know nothing of these locks.

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
#[cfg(unix)]
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::lock::{Lock, LockError};
use crate::wiring::{Link, Wiring};

/// Folders for locks: the first of these that is writable for all.
#[cfg(unix)]
const FOLDERS: [&str; 2] = ["/run/lock", "/tmp"];

/// Everything at the end of the cables of a wiring file, held by this process.
#[derive(Debug)]
pub struct Hold(Vec<(String, Lock)>);

/// Something at the end of a cable cannot be held.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {error}")]
pub struct HoldError {
    /// What, in words.
    pub what: String,
    /// Why: usually another process holds it.
    #[source]
    pub error: LockError,
}

impl Hold {
    /// Holds a rig alone; `wiring_file` is the path of its wiring file.
    ///
    /// # Errors
    /// If anything at the end of its cables is held already.
    pub fn take(wiring: &Wiring, wiring_file: &Path) -> Result<Self, HoldError> {
        Self::with(wiring, wiring_file, Lock::take)
    }

    /// Holds a rig together with those who share it.
    ///
    /// # Errors
    /// If another process holds one of its instruments and does not share it.
    pub fn join(wiring: &Wiring, wiring_file: &Path) -> Result<Self, HoldError> {
        Self::with(wiring, wiring_file, Lock::join)
    }

    fn with(
        wiring: &Wiring,
        wiring_file: &Path,
        lock: impl Fn(&Path) -> Result<Lock, LockError>,
    ) -> Result<Self, HoldError> {
        let places = places(wiring, wiring_file).into_iter().map(|(key, what)| {
            let held = lock(&folder().join(format!("flowtwin-{key}.lock")));
            held.map(|lock| (what.clone(), lock)).map_err(|error| HoldError { what, error })
        });
        places.collect::<Result<_, _>>().map(Self)
    }

    /// Lets others [join](Hold::join).
    ///
    /// # Errors
    /// If another process took the rig in the moment between.
    pub fn share(&self) -> Result<(), HoldError> {
        self.0.iter().try_for_each(|(what, lock)| {
            lock.share().map_err(|error| HoldError { what: what.clone(), error })
        })
    }

    /// Says that it is this process that holds the rig.
    pub fn sign(&self) {
        self.0.iter().for_each(|(_, lock)| lock.sign());
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|(_, lock)| lock.dissolve());
    }
}

#[cfg(unix)]
fn folder() -> PathBuf {
    let is_everybodys = |path: &&str| {
        std::fs::metadata(path).is_ok_and(|it| it.is_dir() && it.permissions().mode() & 0o2 != 0)
    };
    FOLDERS.into_iter().find(is_everybodys).unwrap_or(FOLDERS[1]).into()
}

/// The folder for locks: on Windows each user has one, and others know nothing of these locks.
#[cfg(not(unix))]
fn folder() -> PathBuf {
    std::env::temp_dir()
}

/// What is at the end of the cables, by a name for its lock, in words.
fn places(wiring: &Wiring, wiring_file: &Path) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    for (name, link) in wiring.links() {
        for (key, what) in at_the_end(link) {
            places.insert(key, format!("{what} ({name})"));
        }
    }
    for wired in wiring.wired().filter(|wired| wired.instrument.link().is_none()) {
        if let Some(program) = wired.instrument.program() {
            let what = format!("the instrument of `{}` ({})", program.command, wired.name);
            let key = flowtwin_lab::digest::sha256(program.command.as_bytes());
            places.insert(format!("program-{}", &key[..16]), what);
        }
    }
    if let Some(folder) = wiring.folder.as_ref().map(|folder| folder.beside(wiring_file)) {
        let what = format!("the folder {}", folder.display());
        places.insert(format!("folder-{}", file_key(&folder)), what);
    }
    places
}

fn at_the_end(link: &Link) -> Vec<(String, String)> {
    match link {
        Link::Serial(serial) => {
            let key = format!("serial-{}", file_key(Path::new(&serial.port)));
            vec![(key, format!("the port {}", serial.port))]
        }
        Link::Tcp(address) => {
            let what = format!("the address {address}");
            // A name that cannot be looked up leads nowhere else either.
            let Ok(found) = address.to_socket_addrs() else {
                return vec![(format!("tcp-{}", plain(address)), what)];
            };
            let key =
                |at: SocketAddr| plain(&format!("tcp-{}-{}", at.ip().to_canonical(), at.port()));
            found.map(|at| (key(at), what.clone())).collect()
        }
        Link::Usb(number) => {
            vec![(format!("usb-{}", plain(number)), format!("the USB device {number}"))]
        }
    }
}

/// A name for a file that is the same for every path to it; that of its path where there is none.
#[cfg(unix)]
fn file_key(path: &Path) -> String {
    match std::fs::metadata(path) {
        Ok(it) if it.file_type().is_char_device() => format!("device-{:x}", it.rdev()),
        Ok(it) => format!("file-{:x}-{:x}", it.dev(), it.ino()),
        Err(_) => plain(&path.to_string_lossy()),
    }
}

/// A name for a file that is the same for every path to it; that of its path, such as `COM3`, where there is none. Windows does
/// not tell capitals from small letters.
#[cfg(not(unix))]
fn file_key(path: &Path) -> String {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    plain(real.to_string_lossy().to_lowercase().trim_start_matches(r"\\.\"))
}

/// The same text as a part of a file name; Windows has no colon there.
fn plain(text: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-') || c == ':' && cfg!(unix);
    text.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let wiring = Wiring::parse(text).unwrap();
        places(&wiring, Path::new("bench.toml")).into_keys().collect()
    }

    fn led(address: &str) -> String {
        format!("schema = 1\n[dc2200.led]\ncurrent_a = 0.1\nlink.tcp = \"{address}\"\n")
    }

    #[test]
    fn one_address_is_one_place_whatever_it_is_called() {
        assert_eq!(keys(&led("127.0.0.1:502")), ["tcp-127.0.0.1-502"]);
        assert_eq!(keys(&led("[::ffff:127.0.0.1]:502")), ["tcp-127.0.0.1-502"]);
        assert!(keys(&led("localhost:502")).contains(&"tcp-127.0.0.1-502".to_owned()));
        assert_ne!(keys(&led("127.0.0.1:503")), keys(&led("127.0.0.1:502")));
        assert_eq!(keys(&led("no such/name")), ["tcp-no_such_name"]);
    }

    #[test]
    #[cfg(unix)]
    fn one_port_is_one_place_whatever_path_leads_there() {
        let dir = std::env::temp_dir().join(format!("flowtwin-hold-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let link = dir.join("by-id");
        let _old = std::fs::remove_file(&link);
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        let pump = |port: &Path| {
            keys(&format!(
                "schema = 1\n[chemyx.a]\nlink.serial.port = {:?}\n",
                port.to_str().unwrap()
            ))
        };
        assert_eq!(pump(&link), pump(Path::new("/dev/null")));
        assert_eq!(pump(&link), ["serial-device-103"]);
        assert_ne!(pump(&link), pump(Path::new("/dev/zero")));
        let hand_off = |wiring_file: &Path| {
            let text = "schema = 1\n[folder]\npath = \".\"\nexpected_s = 1\npatience_s = 2\n";
            places(&Wiring::parse(text).unwrap(), wiring_file)
        };
        let there = hand_off(&dir.join("bench.toml"));
        assert_eq!(there.keys().next(), hand_off(&dir.join("./copy.toml")).keys().next());
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_rig_is_held_once_by_any_bench_file_that_leads_there_and_free_afterwards() {
        // An address of this process, on which nobody listens; locks ask nobody.
        let [_, a, b, c] = std::process::id().to_be_bytes();
        let own = format!("127.{a}.{b}.{c}");
        let (one, other) = (led(&format!("{own}:6")), led(&format!("[::ffff:{own}]:6")));
        let (one, other) = (Wiring::parse(&one).unwrap(), Wiring::parse(&other).unwrap());
        let bench = Path::new("bench.toml");
        let first = Hold::take(&one, bench).unwrap();
        let refused = Hold::take(&other, Path::new("copy.toml")).unwrap_err().to_string();
        let start = format!("the address [::ffff:{own}]:6 (led): in use by process ");
        assert!(refused.starts_with(&start), "{refused}");
        assert!(Hold::join(&other, bench).is_err(), "it is not shared");
        first.share().unwrap();
        let watch = Hold::join(&other, bench).unwrap();
        drop(first);
        assert!(Hold::take(&one, bench).is_err(), "its watch is at work");
        watch.sign();
        let refused = Hold::take(&one, bench).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(watch);
        drop(Hold::take(&one, bench).unwrap());
        assert!(!folder().join(format!("flowtwin-tcp-{own}-6.lock")).exists(), "nothing is left");
    }
}
