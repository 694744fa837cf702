//! `flowtwin watch`: the dead man's switch that `run --backend hardware` starts beside itself.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use flowtwin_backends::heartbeat::stand_watch;

use super::emulate::read_wiring;
use crate::cli::Watch as Args;
use crate::error::{CommandError, Kind};
use crate::signals;

/// Holds a wiring file while this process lives, so that no campaign begins while a watch is at work on its rig.
///
/// # Errors
/// If another process holds it.
pub(super) fn hold(wiring_file: &Path) -> Result<File, CommandError> {
    let file = File::open(wiring_file).map_err(CommandError::failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let wiring_file = wiring_file.display();
            let message =
                format!("{wiring_file}: another campaign is at work on this rig, or its watch");
            Err(CommandError::failed(message)
                .hint("nothing has moved; a watch ends when all is safe"))
        }
        Err(TryLockError::Error(error)) => Err(CommandError::failed(error)),
    }
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let wiring = read_wiring(&args.wiring)?;
    let _held = hold(&args.wiring)?;
    // What asks the campaign to end may reach this process too; it must outlive the campaign to make the rig safe.
    signals::outlive().map_err(CommandError::failed)?;
    let silence = Duration::from_secs_f64(args.silence);
    stand_watch(&wiring, silence, std::io::stdin(), std::io::stdout()).map(drop).map_err(|error| {
        CommandError::new(Kind::Fault, error)
            .hint("go to the rig: switch heater and pumps off by hand")
    })
}
