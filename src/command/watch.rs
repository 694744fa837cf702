//! `flowtwin watch`: the dead man's switch that `run --backend hardware` starts beside itself.

use std::path::Path;
use std::time::Duration;

use flowtwin_backends::bench::SAFE_WITHIN;
use flowtwin_backends::heartbeat::{Alarm, Duty, stand_watch};
use flowtwin_backends::hold::{Hold, HoldError};
use flowtwin_backends::lock::LockError;
use rustix::process::{Pid, Signal, getppid, kill_process};

use super::emulate::read_wiring;
use crate::cli::WatchArgs as Args;
use crate::console;
use crate::error::{CommandError, Kind};
use crate::shout::Shout;
use crate::signals;

/// How long a watch tries to make a rig safe.
pub(super) const TRIES_FOR: Duration = Duration::from_secs(600);

/// Holds what is at the end of the cables of a wiring file, so that no two campaigns drive one rig.
///
/// # Errors
/// If another process holds any of it.
pub(super) fn hold(
    wiring: &flowtwin_backends::Wiring,
    wiring_file: &Path,
) -> Result<Hold, CommandError> {
    Hold::take(wiring, wiring_file).map_err(held)
}

/// The error of a rig that cannot be held, usually because somebody else holds it.
pub(super) fn held(error: HoldError) -> CommandError {
    match error.error {
        LockError::Held(_) => CommandError::bad_input(error)
            .hint("nothing has moved; a campaign or its watch is at work there, and a watch ends when all is safe"),
        LockError::Unlockable(_) => CommandError::failed(error).hint("nothing has moved"),
    }
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let wiring = read_wiring(&args.wiring)?;
    let hold = Hold::join(&wiring, &args.wiring).map_err(held)?;
    // What asks the campaign to end may reach this process too; it must outlive the campaign to make the rig safe.
    signals::outlive().map_err(CommandError::failed)?;
    let silence = Duration::from_secs_f64(args.silence);
    let duty = Duty {
        wiring: &wiring,
        silence,
        tries_for: TRIES_FOR,
        safe_within: SAFE_WITHIN,
        on_alarm: &mut |alarm| {
            hold.sign();
            if let Alarm::Silent(silent_s) = alarm {
                say(format_args!(
                    "nothing was heard of the campaign for {silent_s:.0} s: the rig is made safe"
                ));
            }
        },
        herald: Box::new(Shout::of_watch()),
        end_campaign: &mut end,
    };
    let alarm = stand_watch(duty, std::io::stdin(), std::io::stdout()).map_err(|error| {
        CommandError::new(Kind::Fault, error)
            .hint("go to the rig: switch heater and pumps off by hand")
    })?;
    if matches!(alarm, Alarm::Silent(_)) {
        say("the rig is safe; go on with --resume");
    }
    Ok(())
}

fn say(what: impl std::fmt::Display) {
    console::say_line(format_args!("\nwatch: {what}"));
}

/// Ends a campaign that keeps the ports of its rig, as long as it is the parent of this process: so nobody else has its
/// number.
fn end(campaign: u32) {
    let parent = i32::try_from(campaign).ok().and_then(Pid::from_raw);
    if parent.is_some() && parent == getppid() {
        say(format_args!("the campaign (process {campaign}) keeps ports of the rig: it is ended"));
        let _gone = parent.map(|parent| kill_process(parent, Signal::KILL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rig_that_another_campaign_holds_is_refused_as_a_run_folder_is() {
        let kind = |error| held(HoldError { what: "the port (cui)".into(), error }).kind();
        assert_eq!(kind(LockError::Held(None)), Kind::BadInput);
        let unlockable = std::io::Error::from(std::io::ErrorKind::Unsupported);
        assert_eq!(kind(LockError::Unlockable(unlockable)), Kind::Failed);
    }
}
