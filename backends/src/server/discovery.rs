//! How an Ocean spectrometer is found on a network: a multicast question, and an answer from the
//! address and port at which it then serves TCP.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

#[cfg(unix)]
use nix::poll::{PollFd, PollFlags};

use crate::codec::obp::{self, kind};
use crate::codec::{Scan, take};
use crate::driver::hdx::discovery::{GROUP, PORT};
use crate::emulator::hdx::HdxEmulator;

/// Listens for the question, and answers for every emulated spectrometer.
#[derive(Debug)]
pub(super) struct Discovery {
    questions: UdpSocket,
    answers: Vec<UdpSocket>,
}

impl Discovery {
    /// Answers for the spectrometers at these addresses; none where the system does not let the
    /// question be heard, for discovery is a convenience: addresses work without it.
    pub(super) fn open(spectrometers: &[SocketAddr]) -> Option<Self> {
        if spectrometers.is_empty() {
            return None;
        }
        let questions = listen().ok()?;
        questions.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST).ok()?;
        questions.set_nonblocking(true).ok()?;
        let answers = spectrometers.iter().filter_map(|at| UdpSocket::bind(at).ok()).collect();
        Some(Self { questions, answers })
    }

    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> PollFd<'_> {
        use std::os::fd::AsFd as _;

        PollFd::new(self.questions.as_fd(), PollFlags::POLLIN)
    }

    /// Answers what has been asked.
    pub(super) fn answer(&self) {
        let mut packet = [0; 512];
        while let Ok((bytes, from)) = self.questions.recv_from(&mut packet) {
            let question = take(&mut packet[..bytes].to_vec(), |input| match obp::scan(input) {
                Scan::Incomplete => Scan::Junk(1),
                found => found,
            });
            if let Some(message) = question.filter(|m| m.header.kind == kind::PRODUCT_ID) {
                let reply = HdxEmulator::discovery_reply(message.header.regarding);
                for socket in &self.answers {
                    // A host that has gone needs no answer.
                    let _ = socket.send_to(&reply, from);
                }
            }
        }
    }
}

/// A socket at the port of the question, which other emulators may listen to as well.
#[cfg(unix)]
fn listen() -> std::io::Result<UdpSocket> {
    use rustix::net::{AddressFamily, SocketType};

    let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT)))?;
    Ok(socket.into())
}

/// A socket at the port of the question, which nobody else listens to.
#[cfg(not(unix))]
fn listen() -> std::io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT))
}
