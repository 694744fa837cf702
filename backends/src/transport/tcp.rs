//! A TCP connection to an instrument.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use flowtwin_lab::FaultKind;

use super::{Transport, lost};

const CHUNK: usize = 64 * 1024;

/// A TCP connection that is made when it is first used, and again after it was lost.
#[derive(Debug)]
pub struct TcpWire {
    address: String,
    patience: Duration,
    stream: Option<TcpStream>,
}

impl TcpWire {
    /// A wire to `address` (`host:port`), which must accept within `patience`.
    pub fn new(address: &str, patience: Duration) -> Self {
        Self { address: address.to_owned(), patience, stream: None }
    }

    fn connected(&mut self) -> Result<&mut TcpStream, FaultKind> {
        if self.stream.is_none() {
            self.stream = Some(self.connect()?);
        }
        Ok(self.stream.as_mut().expect("connected just now"))
    }

    fn connect(&self) -> Result<TcpStream, FaultKind> {
        let named = |error: std::io::Error| lost(&format!("{}: {error}", self.address));
        let mut last = std::io::Error::new(ErrorKind::NotFound, "no such address");
        for address in self.address.to_socket_addrs().map_err(named)? {
            match TcpStream::connect_timeout(&address, self.patience) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(named)?;
                    stream.set_write_timeout(Some(self.patience)).map_err(named)?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(named(last))
    }

    fn drop_link(&mut self, detail: &impl std::fmt::Display) -> FaultKind {
        self.stream = None;
        lost(&format!("{}: {detail}", self.address))
    }
}

impl Transport for TcpWire {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        self.connected()?.write_all(bytes).map_err(|error| self.drop_link(&error))
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        let Some(stream) = &mut self.stream else {
            return Ok(0);
        };
        let set = if patience.is_zero() {
            stream.set_nonblocking(true)
        } else {
            stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(patience)))
        };
        let start = into.len();
        into.resize(start + CHUNK, 0);
        let got = set.and_then(|()| stream.read(&mut into[start..]));
        let back = stream.set_nonblocking(false);
        into.truncate(start + *got.as_ref().unwrap_or(&0));
        match (got, back) {
            (Ok(0), _) => Err(self.drop_link(&"the instrument closed the connection")),
            (Ok(bytes), Ok(())) => Ok(bytes),
            (Err(error), _) if is_silence(&error) => Ok(0),
            (Err(error), _) | (_, Err(error)) => Err(self.drop_link(&error)),
        }
    }

    fn unheard(&mut self) {
        // An instrument that has lost its power knows of no connection, and says so only when the operating system sends
        // again, which it does ever more seldom.
        self.stream = None;
    }
}

/// Whether an error only says that nothing came in time.
pub(super) fn is_silence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
