//! Programs that have been left behind, as the folder `/proc` of Linux shows them.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process_group};

use super::marks;

/// How long a program may take to end by itself.
const GRACE: Duration = Duration::from_millis(300);

/// Ends the programs with this command that the process `who` has started; where they end by themselves, nothing is done.
pub(in super::super) fn end(who: &str, words: &[String]) {
    let until = Instant::now() + GRACE;
    loop {
        let left = started(who, words);
        if left.is_empty() {
            return;
        }
        if Instant::now() >= until {
            left.into_iter().for_each(end_now);
            return;
        }
        sleep(Duration::from_millis(10));
    }
}

/// Ends a process and the others of its group; a program is started in a group of its own, and so may be what it starts.
fn end_now(process: Pid) {
    if let Ok(group) = getpgid(Some(process))
        && group != getpgrp()
    {
        let _gone = kill_process_group(group, Signal::KILL);
    }
}

/// The processes that `who` has started with this command, and what these have started.
fn started(who: &str, words: &[String]) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let marks = marks(who, words).map(|(name, value)| format!("{name}={value}"));
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let is_such = |process: &i32| {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        let has = |mark: &String| environment.split(|&b| b == 0).any(|it| it == mark.as_bytes());
        marks.iter().all(has)
    };
    let numbers = processes.filter_map(Result::ok).filter_map(number).filter(is_such);
    numbers.filter_map(Pid::from_raw).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// A name that no other run of these tests has.
    fn own(name: &str) -> String {
        format!("{name}-{}", std::process::id())
    }

    fn start(by: &str, words: &[String]) -> Child {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).envs(marks(by, words)).process_group(0).stdin(Stdio::piped());
        let child = command.spawn().unwrap();
        while started(by, words).is_empty() {
            sleep(Duration::from_millis(1));
        }
        child
    }

    fn stop(mut child: Child) {
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn what_somebody_else_has_started_is_left_alone() {
        let words = words(&["sleep", "3600.25"]);
        let (me, other_one) = (own("mine-1"), own("other-1"));
        let (mut mine, other) = (start(&me, &words), start(&other_one, &words));
        end(&me, &words);
        assert!(!mine.wait().unwrap().success(), "it was ended");
        assert_eq!(started(&other_one, &words).len(), 1, "somebody else's goes on");
        stop(other);
    }

    #[test]
    fn a_program_of_one_word_is_no_other_of_one_word() {
        let (cat, tee) = (words(&["cat"]), words(&["tee"]));
        let me = own("mine-2");
        let (mut mine, other) = (start(&me, &cat), start(&me, &tee));
        end(&me, &cat);
        assert!(!mine.wait().unwrap().success(), "it was ended");
        assert_eq!(started(&me, &tee).len(), 1, "another instrument keeps its program");
        stop(other);
    }
}
