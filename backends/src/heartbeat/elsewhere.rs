//! A system on which there is no watch: what it needs, to be waited for and to outlive the campaign, is written for Unix alone.

use std::io::{self, ErrorKind};
use std::process::{Child, ChildStdout};

/// Refuses: there is no watch.
pub(super) fn can_be_watched() -> io::Result<()> {
    let why = "there is no watch on this operating system, so no rig may be driven from here";
    Err(io::Error::new(ErrorKind::Unsupported, why))
}

/// Fails, as what is said to a watch that cannot be listened to does.
pub(super) fn came_within(_answers: &ChildStdout, _patience_ms: u16) -> io::Result<bool> {
    Err(ErrorKind::Unsupported.into())
}

/// Nobody stops a watch that was not started.
pub(super) fn go_on(_watch: &Child) {}
