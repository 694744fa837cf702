//! A pseudo-terminal: a serial port without a cable.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::pty::openpty;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::ttyname;

/// The instrument's end of a pseudo-terminal.
#[derive(Debug)]
pub(crate) struct Pty {
    /// The instrument's end; reads and writes do not block.
    pub(super) master: File,
    /// Path of the host's end.
    pub(super) path: String,
    /// Kept open, for else reads fail whenever no host has the port open.
    slave: OwnedFd,
}

impl Pty {
    /// Lets the port be opened again: a host that was killed leaves it marked as in exclusive use, and the system
    /// takes the mark away only when nobody has the port open, but this process always has.
    pub(super) fn release(&self) {
        // Where the mark cannot be removed, the next host sees a busy port.
        let _ = rustix::termios::ioctl_tiocnxcl(&self.slave);
    }

    /// Opens a pseudo-terminal that passes bytes as they are.
    pub(super) fn open() -> io::Result<Self> {
        let pair = openpty(None, None)?;
        // Before anybody knows the path: else echo and line ends would spoil the first bytes.
        let mut settings = tcgetattr(&pair.slave)?;
        cfmakeraw(&mut settings);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &settings)?;
        // Programs that this process starts have nothing to do with it.
        for end in [&pair.master, &pair.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        let flags = OFlag::from_bits_retain(fcntl(&pair.master, FcntlArg::F_GETFL)?);
        fcntl(&pair.master, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        let path = ttyname(&pair.slave)?.to_string_lossy().into_owned();
        Ok(Self { master: File::from(pair.master), path, slave: pair.slave })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that outlives this process would keep the port open for its host.
    #[test]
    fn programs_do_not_inherit_the_ends_of_a_pseudo_terminal() {
        let pty = Pty::open().expect("there are pseudo-terminals");
        for flags in [fcntl(&pty.master, FcntlArg::F_GETFD), fcntl(&pty.slave, FcntlArg::F_GETFD)] {
            let flags = FdFlag::from_bits_retain(flags.expect("it is open"));
            assert!(flags.contains(FdFlag::FD_CLOEXEC));
        }
    }
}
