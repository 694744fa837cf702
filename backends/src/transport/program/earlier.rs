//! Programs that a campaign has left behind: they keep the ports of their instruments, and are ended before others start.
//!
//! A program that was in order has ended already, because its standard input has. One that hangs has not. It is recognised
//! by its environment, in which two words name the process that has started it and its command.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(target_os = "linux")]
mod by_proc;

#[cfg(target_os = "linux")]
pub(super) use by_proc::end;

/// The names of these words.
const STARTED_BY: &str = "FLOWTWIN_STARTED_BY";
const STARTED_AS: &str = "FLOWTWIN_STARTED_AS";

/// When a process first asked for its name \[ns\]; 0 before.
static SINCE: AtomicU64 = AtomicU64::new(0);

/// Names this process, and no other that has its number later. One that is forked from it has a name of its own.
pub fn this_process() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX).max(1);
    let since = match SINCE.compare_exchange(0, now, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => now,
        Err(earlier) => earlier,
    };
    format!("{}-{since}", std::process::id())
}

/// What the environment of a program says that `who` starts with this command.
pub(super) fn marks(who: &str, words: &[String]) -> [(&'static str, String); 2] {
    [(STARTED_BY, who.to_owned()), (STARTED_AS, words.join("\n"))]
}

/// Finds nothing to end: only Linux tells what stands in the environment of a process.
#[cfg(not(target_os = "linux"))]
pub(super) fn end(_who: &str, _words: &[String]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_keeps_its_name() {
        let name = this_process();
        assert!(name.starts_with(&format!("{}-", std::process::id())), "{name}");
        assert_eq!(this_process(), name);
    }
}
