//! How a campaign listens to its watch on a Unix system.

use std::io;
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStdout};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, Signal, kill_process};

/// A Unix system has what a watch needs.
pub(super) fn can_be_watched() -> io::Result<()> {
    Ok(())
}

/// Whether there is something to read, or the end, within this time.
pub(super) fn came_within(answers: &ChildStdout, patience_ms: u16) -> io::Result<bool> {
    let answers = PollFd::new(answers.as_fd(), PollFlags::POLLIN);
    Ok(poll(&mut [answers], PollTimeout::from(patience_ms))? > 0)
}

/// Lets a watch go on that somebody has stopped.
pub(super) fn go_on(watch: &Child) {
    // It has not been waited for, so nobody else has its number.
    if let Some(process) = i32::try_from(watch.id()).ok().and_then(Pid::from_raw) {
        let _gone = kill_process(process, Signal::CONT);
    }
}
