//! `flowtwin watch`: the dead man's switch that `run --backend hardware` starts beside itself.

use std::time::Duration;

use flowtwin_backends::heartbeat::stand_watch;

use super::emulate::read_wiring;
use crate::cli::Watch as Args;
use crate::error::{CommandError, Kind};

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let wiring = read_wiring(&args.bench)?;
    // Ctrl-C in the terminal reaches this process too; it must outlive the campaign to make the rig safe.
    ctrlc::set_handler(|| {}).map_err(CommandError::failed)?;
    let silence = Duration::from_secs_f64(args.silence);
    stand_watch(&wiring, silence, std::io::stdin(), std::io::stdout()).map(drop).map_err(|error| {
        CommandError::new(Kind::Fault, error)
            .hint("go to the rig: switch heater and pumps off by hand")
    })
}
