//! `flowtwin watch`: the dead man's switch that `run --backend hardware` starts beside itself.

use std::path::Path;
use std::time::Duration;

use flowtwin_backends::Wiring;
use flowtwin_backends::bench::SAFE_WITHIN;
use flowtwin_backends::heartbeat::{Alarm, Duty, stand_watch};
use flowtwin_backends::hold::{Hold, HoldError};
use flowtwin_backends::lock::LockError;

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
pub(super) fn hold(wiring: &Wiring, wiring_file: &Path) -> Result<Hold, CommandError> {
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
    needs_unix("the watch")?;
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

/// Refuses what needs a watch on a system on which there is none: what is called so.
///
/// # Errors
/// Elsewhere than on Unix.
pub(super) fn needs_unix(what: &str) -> Result<(), CommandError> {
    refused_unless(cfg!(unix), what)
}

fn refused_unless(is_unix: bool, what: &str) -> Result<(), CommandError> {
    if is_unix {
        return Ok(());
    }
    let message = format_args!(
        "{what} needs Linux or another Unix: on this operating system there is no watch that makes the rig safe if the \
         campaign dies"
    );
    Err(CommandError::bad_input(message)
        .hint("nothing has moved; simulated and emulated campaigns run here: --backend sim, --backend emulated"))
}

/// Refuses instruments that programs drive where the watch cannot end those that a dead campaign has left behind: they keep
/// the ports of their instruments.
///
/// # Errors
/// Elsewhere than on Linux, where one of them is real.
pub(super) fn programs_can_be_ended(wiring: &Wiring) -> Result<(), CommandError> {
    no_programs_unless(cfg!(target_os = "linux") || wiring.simulated, &wiring.programs())
}

fn no_programs_unless(can_be_ended: bool, programs: &[String]) -> Result<(), CommandError> {
    match programs.first() {
        Some(name) if !can_be_ended => {
            let message = format_args!(
                "{name} is driven by a program, and that needs Linux: elsewhere the watch cannot end a program that a dead \
                 campaign has left behind"
            );
            Err(CommandError::bad_input(message)
                .hint("nothing has moved; drive this rig from Linux"))
        }
        _ => Ok(()),
    }
}

/// Ends a campaign that keeps the ports of its rig, as long as it is the parent of this process: so nobody else has its
/// number.
#[cfg(unix)]
fn end(campaign: u32) {
    use rustix::process::{Pid, Signal, getppid, kill_process};

    let parent = i32::try_from(campaign).ok().and_then(Pid::from_raw);
    if parent.is_some() && parent == getppid() {
        say(format_args!("the campaign (process {campaign}) keeps ports of the rig: it is ended"));
        let _gone = parent.map(|parent| kill_process(parent, Signal::KILL));
    }
}

/// Ends nothing: a watch was refused before.
#[cfg(not(unix))]
fn end(_campaign: u32) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rig_is_driven_where_there_is_no_watch() {
        assert!(refused_unless(true, "--backend hardware").is_ok());
        let refused = refused_unless(false, "--backend hardware").unwrap_err();
        assert_eq!(refused.kind(), Kind::BadInput);
        let words = refused.to_string();
        assert!(words.starts_with("--backend hardware needs Linux"), "{words}");
        assert_eq!(needs_unix("the watch").is_ok(), cfg!(unix));
    }

    #[test]
    fn programs_drive_a_rig_only_where_the_watch_can_end_them() {
        let text = "schema = 1\n[program.led]\nkind = \"light\"\ncommand = \"led.py\"\n";
        let programs = Wiring::parse(text).expect("it is a wiring").programs();
        assert_eq!(programs, ["led"]);
        assert!(no_programs_unless(true, &programs).is_ok());
        assert!(no_programs_unless(false, &[]).is_ok());
        let refused = no_programs_unless(false, &programs).unwrap_err();
        assert_eq!(refused.kind(), Kind::BadInput);
        assert!(refused.to_string().starts_with("led is driven by a program"), "{refused}");
    }

    #[test]
    fn a_rig_that_another_campaign_holds_is_refused_as_a_run_folder_is() {
        let kind = |error| held(HoldError { what: "the port (cui)".into(), error }).kind();
        assert_eq!(kind(LockError::Held(None)), Kind::BadInput);
        let unlockable = std::io::Error::from(std::io::ErrorKind::Unsupported);
        assert_eq!(kind(LockError::Unlockable(unlockable)), Kind::Failed);
    }
}
