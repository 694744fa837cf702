//! A TCP connection to an instrument.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use flowtwin_lab::FaultKind;

use super::hurry::in_pieces;
use super::{Hurry, Transport, lost};

const CHUNK: usize = 64 * 1024;

/// A TCP connection that is made when it is first used, and again after it was lost.
#[derive(Debug)]
pub struct TcpWire {
    address: String,
    patience: Duration,
    hurry: Hurry,
    stream: Option<TcpStream>,
    /// How many connections were made.
    connections: u64,
}

impl TcpWire {
    /// A wire to `address` (`host:port`), which must accept within `patience`.
    pub fn new(address: &str, patience: Duration) -> Self {
        let hurry = Hurry::default();
        Self { address: address.to_owned(), patience, hurry, stream: None, connections: 0 }
    }

    /// The same wire, which waits no longer than `hurry` grants.
    #[must_use]
    pub fn heeding(self, hurry: Hurry) -> Self {
        Self { hurry, ..self }
    }

    fn connected(&mut self) -> Result<&mut TcpStream, FaultKind> {
        if self.stream.is_none() {
            self.stream = Some(self.connect()?);
            self.connections += 1;
        }
        Ok(self.stream.as_mut().expect("connected just now"))
    }

    /// Connects in a thread of its own: neither the search for a name nor a computer that is not there can be cut short,
    /// and whoever makes the rig safe waits for nobody.
    fn connect(&self) -> Result<TcpStream, FaultKind> {
        let (tell, hear) = channel();
        let (address, patience) = (self.address.clone(), self.granted());
        // Whoever wanted the connection may have given up.
        std::thread::spawn(move || drop(tell.send(connect(&address, patience))));
        let heard = in_pieces(&self.hurry, patience, |piece| match hear.recv_timeout(piece) {
            Ok(connected) => connected.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(ErrorKind::Other.into()),
        });
        let connected = heard.and_then(|stream| stream.ok_or(ErrorKind::TimedOut.into()));
        connected.map_err(|error| lost(&format!("{}: {error}", self.address)))
    }

    /// How long may be waited; the operating system takes no time at all for for ever.
    fn granted(&self) -> Duration {
        self.hurry.grants(self.patience).max(Duration::from_millis(1))
    }

    fn drop_link(&mut self, detail: &impl std::fmt::Display) -> FaultKind {
        self.stream = None;
        lost(&format!("{}: {detail}", self.address))
    }
}

impl Transport for TcpWire {
    fn reach(&mut self) -> Result<u64, FaultKind> {
        self.connected()?;
        Ok(self.connections)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        let granted = self.granted();
        let stream = self.connected()?;
        let sent = stream.set_write_timeout(Some(granted)).and_then(|()| stream.write_all(bytes));
        sent.map_err(|error| self.drop_link(&error))
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        let Some(stream) = &mut self.stream else {
            return Ok(0);
        };
        match in_pieces(&self.hurry, patience, |piece| read_once(stream, into, piece)) {
            Ok(Some(0)) => Err(self.drop_link(&"the instrument closed the connection")),
            Ok(came) => Ok(came.unwrap_or(0)),
            Err(error) => Err(self.drop_link(&error)),
        }
    }

    fn give_up(&mut self) {
        self.stream = None;
    }

    fn grants(&self, patience: Duration) -> Duration {
        self.hurry.grants(patience)
    }

    fn unheard(&mut self, _patience: Duration) -> Option<String> {
        // An instrument that has lost its power knows of no connection, and says so only when the operating system sends
        // again, which it does ever more seldom.
        self.stream = None;
        None
    }
}

/// A connection to the first of the places that `address` names which accepts within `patience`.
fn connect(address: &str, patience: Duration) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::new(ErrorKind::NotFound, "no such address");
    for place in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, patience) {
            Ok(stream) => return stream.set_nodelay(true).map(|()| stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Appends what arrives within `patience`; none where nothing did, no bytes where the other end has closed.
fn read_once(
    stream: &mut TcpStream,
    into: &mut Vec<u8>,
    patience: Duration,
) -> std::io::Result<Option<usize>> {
    let set = if patience.is_zero() {
        stream.set_nonblocking(true)
    } else {
        stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(patience)))
    };
    let start = into.len();
    into.resize(start + CHUNK, 0);
    let got = set.and_then(|()| stream.read(&mut into[start..]));
    into.truncate(start + *got.as_ref().unwrap_or(&0));
    stream.set_nonblocking(false)?;
    match got {
        Err(error) if is_silence(&error) => Ok(None),
        got => got.map(Some),
    }
}

/// Whether an error is only a timeout.
pub(crate) fn is_silence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A place that accepts no more connections, and says nothing: as where no computer is.
    fn full() -> (TcpListener, Vec<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let more = || TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok();
        let connected = std::iter::from_fn(more).collect();
        (listener, connected)
    }

    /// Who connected in his own thread heard of no hurry, and the rig was not made safe before his patience was over.
    #[test]
    fn a_connection_that_nobody_accepts_is_given_up_in_a_hurry() {
        let (listener, _connected) = full();
        let address = listener.local_addr().unwrap().to_string();
        let hurry = Hurry::default();
        let mut wire = TcpWire::new(&address, HOUR).heeding(hurry.clone());
        let wrote = std::thread::spawn(move || wire.write(b"?"));
        std::thread::sleep(Duration::from_millis(100));
        hurry.give_up();
        let refused = wrote.join().unwrap();
        assert!(matches!(refused, Err(FaultKind::LinkLost { .. })), "{refused:?}");
    }

    #[test]
    fn a_connection_that_is_given_up_is_closed_and_made_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut wire = TcpWire::new(&listener.local_addr().unwrap().to_string(), HOUR);
        assert_eq!(wire.reach(), Ok(1));
        let (mut accepted, _) = listener.accept().unwrap();
        wire.give_up();
        assert_eq!(wire.reach(), Ok(2));
        assert_eq!(accepted.read(&mut [0]).unwrap(), 0, "it is closed");
    }

    #[test]
    fn an_address_that_is_none_is_told() {
        let refused = TcpWire::new("nowhere", HOUR).write(b"?").unwrap_err();
        let FaultKind::LinkLost { detail } = refused else { panic!("{refused:?}") };
        assert!(detail.starts_with("nowhere: "), "{detail}");
    }
}
