//! The way to an emulated instrument: a pseudo-terminal, or a port with any number of connections.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

#[cfg(unix)]
use nix::poll::{PollFd, PollFlags};

use super::QUIET;
use super::pty::Pty;
use crate::emulator::Line;
use crate::wiring::Face;

/// Most bytes that are read in one go.
const CHUNK: usize = 4096;

/// The way to an instrument.
#[derive(Debug)]
pub(crate) enum Door {
    /// A pseudo-terminal.
    Serial(Pty, Wire),
    /// A loopback port, and who has connected.
    Tcp(TcpListener, Vec<(TcpStream, Wire)>),
}

/// A line, and when something last came over it.
#[derive(Debug)]
pub(crate) struct Wire {
    line: Line,
    last: Instant,
    gone: bool,
}

impl Wire {
    fn new() -> Self {
        Self { line: Line::default(), last: Instant::now(), gone: false }
    }

    /// Reads what has arrived.
    fn receive(&mut self, from: &mut impl Read, end_is_gone: bool) {
        let start = self.line.input.len();
        self.line.input.resize(start + CHUNK, 0);
        let got = from.read(&mut self.line.input[start..]);
        self.line.input.truncate(start + *got.as_ref().unwrap_or(&0));
        match got {
            Ok(0) => self.gone = end_is_gone,
            Ok(_) => self.last = Instant::now(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.gone = end_is_gone,
        }
        self.line.quiet = !self.line.input.is_empty() && self.last.elapsed() > QUIET;
    }

    /// Writes what is on its way out, as much as the other end takes.
    fn send(&mut self, to: &mut impl Write, end_is_gone: bool) {
        while !self.line.output.is_empty() {
            match to.write(&self.line.output) {
                Ok(bytes) => drop(self.line.output.drain(..bytes)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.line.output.clear();
                    self.gone = end_is_gone;
                }
            }
        }
        self.gone |= end_is_gone && std::mem::take(&mut self.line.hung_up);
    }
}

impl Door {
    /// Opens a door of this sort.
    pub(crate) fn open(face: Face) -> io::Result<Self> {
        match face {
            Face::Serial => Ok(Self::Serial(Pty::open()?, Wire::new())),
            Face::Tcp | Face::Discovered => {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                listener.set_nonblocking(true)?;
                Ok(Self::Tcp(listener, Vec::new()))
            }
        }
    }

    /// Path of the pseudo-terminal.
    pub(super) fn path(&self) -> Option<&str> {
        match self {
            Self::Serial(pty, _) => Some(&pty.path),
            Self::Tcp(..) => None,
        }
    }

    /// TCP address.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Serial(..) => None,
            Self::Tcp(listener, _) => listener.local_addr().ok(),
        }
    }

    /// What to wait for.
    #[cfg(unix)]
    pub(super) fn descriptors(&self) -> Vec<PollFd<'_>> {
        use std::os::fd::AsFd as _;

        let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
        match self {
            Self::Serial(pty, _) => vec![watch(pty.master.as_fd())],
            Self::Tcp(listener, connections) => connections
                .iter()
                .map(|(stream, _)| stream.as_fd())
                .chain([listener.as_fd()])
                .map(watch)
                .collect(),
        }
    }

    /// Accepts who comes, and reads what has arrived.
    pub(crate) fn receive(&mut self) {
        match self {
            Self::Serial(pty, wire) => {
                pty.release();
                wire.receive(&mut pty.master, false);
            }
            Self::Tcp(listener, connections) => {
                while let Ok((stream, _)) = listener.accept() {
                    let ready = stream.set_nonblocking(true).and(stream.set_nodelay(true));
                    if ready.is_ok() {
                        connections.push((stream, Wire::new()));
                    }
                }
                for (stream, wire) in connections.iter_mut() {
                    wire.receive(stream, true);
                }
            }
        }
    }

    /// All lines.
    pub(crate) fn lines(&mut self) -> Vec<&mut Line> {
        match self {
            Self::Serial(_, wire) => vec![&mut wire.line],
            Self::Tcp(_, connections) => {
                connections.iter_mut().map(|(_, wire)| &mut wire.line).collect()
            }
        }
    }

    /// Writes what is on its way out, and forgets who has left.
    pub(crate) fn send(&mut self) {
        match self {
            Self::Serial(pty, wire) => wire.send(&mut pty.master, false),
            Self::Tcp(_, connections) => {
                for (stream, wire) in connections.iter_mut() {
                    wire.send(stream, true);
                }
                connections.retain(|(_, wire)| !wire.gone);
            }
        }
    }

    /// Whether an answer is due, on its way, or half a frame has arrived.
    pub(super) fn is_busy(&self) -> bool {
        match self {
            Self::Serial(_, wire) => wire.line.is_busy(),
            Self::Tcp(_, connections) => connections.iter().any(|(_, wire)| wire.line.is_busy()),
        }
    }
}
