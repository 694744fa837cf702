//! Signals that ask a program to end: Ctrl-C, `kill`, a terminal that is closed.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

#[cfg(unix)]
use signal_hook::consts::{SIGHUP, SIGQUIT, SIGTSTP};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

use crate::error::Kind;

/// Signals that ask the program to end.
#[cfg(unix)]
const ENDS: &[i32] = &[SIGINT, SIGTERM, SIGHUP];
/// On Windows only Ctrl-C comes from outside.
#[cfg(not(unix))]
const ENDS: &[i32] = &[SIGINT, SIGTERM];

/// Signals that end or stop the program, and can be lived on.
#[cfg(unix)]
const OUTLIVED: &[i32] = &[SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP];
/// The same of Windows.
#[cfg(not(unix))]
const OUTLIVED: &[i32] = ENDS;

/// Whether nothing is under way that must be brought to an end.
static IDLE: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// While nothing has moved yet, whoever asks the program to end ends it at once: an instrument that does not answer must
/// not hold it up.
pub(crate) fn nothing_is_under_way(so: bool) {
    IDLE.store(so, Ordering::SeqCst);
}

/// Sets `stop` when somebody asks the program to end; whoever asks again ends it at once.
///
/// # Errors
/// If the operating system does not allow it.
pub(crate) fn heed(stop: &Arc<AtomicBool>) -> io::Result<()> {
    let code = i32::from(Kind::Interrupted.exit_code());
    for &signal in ENDS {
        // `nohup` has the end of a terminal ignored, and it stays so.
        #[cfg(unix)]
        if signal == SIGHUP && is_ignored(signal) {
            continue;
        }
        register_conditional_shutdown(signal, code, IDLE.clone())?;
        register_conditional_shutdown(signal, code, stop.clone())?;
        register(signal, stop.clone())?;
    }
    Ok(())
}

/// Lives on whoever asks: nothing but the end of its work, or SIGKILL, ends this program.
///
/// # Errors
/// If the operating system does not allow it.
pub(crate) fn outlive() -> io::Result<()> {
    for &signal in OUTLIVED {
        register(signal, Arc::default())?;
    }
    Ok(())
}

/// Whether this program was started with a signal ignored; where the system does not tell, as on macOS, it was not.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
