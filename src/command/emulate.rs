//! `flowtwin emulate`: the instruments of a wiring file, served over a simulated world to other programs.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use flowtwin_backends::lock::{Lock, LockError};
use flowtwin_backends::{EmulatorServer, Wiring};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::unreadable;
use serde_json::json;

use crate::cli::EmulateArgs as Args;
use crate::console;
use crate::error::CommandError;
use crate::signals;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let speed = args.speed;
    if !(speed.is_finite() && speed > 0.0) {
        let message = format!("--speed {speed}: time runs forward, so it must be above 0");
        return Err(CommandError::bad_input(message));
    }
    let wiring = read_wiring(&args.wiring)?;
    let scenario = Scenario::load(&args.scenario)?;
    let seed = args.seed.unwrap_or(scenario.file().seed);
    // Another `emulate` would lead its campaigns to the instruments of this one.
    let _held = args.wired.as_deref().map(hold).transpose()?;
    args.wired.as_deref().map_or(Ok(()), may_be_replaced)?;
    let world = Box::new(scenario.simulated()?.lab(seed));
    let mut server = EmulatorServer::open(world, &wiring, speed).map_err(unopened)?;
    if let Some(path) = &args.wired {
        write_wired(path, &wiring, &server)?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    signals::heed(&stop).map_err(CommandError::failed)?;
    console::print_line(json!({ "ready": true, "endpoints": server.endpoints() }))?;
    console::say_line(format_args!(
        "serving emulated instruments at {speed} times real time; Ctrl-C ends it"
    ));
    server.run(&stop).map_err(CommandError::failed)
}

/// Why instruments cannot be served; a system without pseudo-terminals is asked in vain.
fn unopened(error: std::io::Error) -> CommandError {
    match error.kind() {
        ErrorKind::Unsupported if !cfg!(unix) => CommandError::bad_input(error).hint(
            "give it a TCP address, or serve it from Linux; --backend emulated needs no ports",
        ),
        _ => CommandError::failed(error),
    }
}

/// The lock on a wiring file that leads to these instruments, for as long as they are served.
#[derive(Debug)]
struct Held(Option<Lock>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Lock::dissolve);
    }
}

/// Keeps other processes from writing a wiring file.
fn hold(path: &Path) -> Result<Held, CommandError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let lock = Lock::take(&path.with_file_name(format!(".{name}.lock")));
    lock.map(|lock| Held(Some(lock))).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        match error {
            LockError::Held(_) => CommandError::bad_input(message)
                .hint("nothing was written; end that process, or give another name with --wired"),
            LockError::Unlockable(error) => CommandError::unwritable(path, &error),
        }
    })
}

/// Refuses to replace a file that this command has not written: it may be the wiring of a real rig. It gets no other name
/// either, because whoever waits for it would go on with the one that is there.
fn may_be_replaced(path: &Path) -> Result<(), CommandError> {
    let is_ours = || read_wiring(path).is_ok_and(|there| there.simulated && there.clock.is_some());
    if !path.exists() || is_ours() {
        return Ok(());
    }
    let message = format!("{} was not written by `flowtwin emulate`, and stays", path.display());
    Err(CommandError::bad_input(message).hint("give another name with --wired"))
}

/// Writes `wiring` with the links of the instruments that `server` serves.
fn write_wired(path: &Path, wiring: &Wiring, server: &EmulatorServer) -> Result<(), CommandError> {
    let clock = server.clock().map_err(CommandError::failed)?.to_string();
    let mut wired =
        Wiring { simulated: true, clock: Some(clock), faults: Vec::new(), ..wiring.clone() };
    for (name, endpoint) in server.endpoints() {
        if let Some(link) = endpoint.link() {
            wired.set_link(name, link);
        }
    }
    let text = toml::to_string(&wired).map_err(CommandError::failed)?;
    std::fs::write(path, text).map_err(|error| CommandError::unwritable(path, &error))
}

/// Reads a wiring file.
///
/// # Errors
/// If it cannot be read or understood; the message names file and place.
pub(super) fn read_wiring(path: &Path) -> Result<Wiring, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let table: Option<toml::Table> = text.parse().ok();
    if table.is_some_and(|table| {
        ["rig", "extends", "space", "phases"].iter().any(|key| table.contains_key(*key))
    }) {
        let message = format!("{} is a scenario, and a wiring file is wanted", path.display());
        let hint =
            "a wiring file says which instrument is on which port; `--scenario` names its scenario";
        return Err(CommandError::bad_input(message).hint(hint));
    }
    Wiring::parse_beside(&text, path.parent().unwrap_or(Path::new("")))
        .map_err(|error| CommandError::bad_input(format_args!("{}: {error}", path.display())))
}
