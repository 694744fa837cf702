//! Programs that a campaign has left behind: they keep the ports of their instruments, and are ended before others start.
//!
//! A program that was in order has ended already, because its standard input has. One that hangs has not. It is recognised
//! by what it was started with: a word in its environment that names the process that has started it, and its command.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process_group};

/// The name of that word.
pub(super) const STARTED_BY: &str = "FLOWTWIN_STARTED_BY";

/// How long a program may take to end by itself.
const GRACE: Duration = Duration::from_millis(300);

/// Names this process, and no other that has its number later.
pub fn this_process() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("{}-{}", std::process::id(), since.as_nanos())
    });
    &NAME
}

/// Ends the programs with this command that the process `who` has started; where they end by themselves, nothing is done.
///
/// Needs the folder `/proc` of Linux; elsewhere nothing is found.
pub(super) fn end(who: &str, words: &[String]) {
    let until = Instant::now() + GRACE;
    loop {
        let left = started(who, words);
        if left.is_empty() {
            return;
        }
        if Instant::now() >= until {
            for process in left.into_iter().filter_map(Pid::from_raw) {
                let _gone = kill_process_group(process, Signal::KILL);
            }
            return;
        }
        sleep(Duration::from_millis(10));
    }
}

/// The processes that `who` has started with this command.
fn started(who: &str, words: &[String]) -> Vec<i32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let mark = format!("{STARTED_BY}={who}");
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let is_such =
        |process: &i32| is_such(&Path::new("/proc").join(process.to_string()), &mark, words);
    processes.filter_map(Result::ok).filter_map(number).filter(is_such).collect()
}

fn is_such(process: &Path, mark: &str, words: &[String]) -> bool {
    let read = |name: &str| fs::read(process.join(name)).unwrap_or_default();
    let (environment, command) = (read("environ"), read("cmdline"));
    let marked = environment.split(|&b| b == 0).any(|word| word == mark.as_bytes());
    let ends = words[1..].iter().fold(Vec::new(), |mut all, word| {
        all.extend_from_slice(word.as_bytes());
        all.push(0);
        all
    });
    marked && command.ends_with(&ends)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_somebody_else_has_started_is_left_alone() {
        let words: Vec<String> = ["sleep", "3600.25"].map(Into::into).to_vec();
        let start = |by: &str| {
            use std::os::unix::process::CommandExt as _;
            let mut command = Command::new(&words[0]);
            command.arg(&words[1]).env(STARTED_BY, by).process_group(0).spawn().unwrap()
        };
        let (mut mine, mut other) = (start("mine-1"), start("other-1"));
        while started("mine-1", &words).is_empty() || started("other-1", &words).is_empty() {
            sleep(Duration::from_millis(1));
        }
        end("mine-1", &words);
        assert!(!mine.wait().unwrap().success(), "it was ended");
        assert_eq!(started("other-1", &words).len(), 1, "somebody else's goes on");
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
