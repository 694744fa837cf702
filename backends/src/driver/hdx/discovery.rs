//! How spectrometers are found on a network: a question to all, and who answers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::codec::obp::{self, Header, kind};
use crate::codec::take;

/// Where spectrometers listen for the question who is there.
pub(crate) const GROUP: Ipv4Addr = Ipv4Addr::new(239, 239, 239, 239);
/// Port of the question.
pub(crate) const PORT: u16 = 57_357;
/// How long an answer may take.
const NETWORK: Duration = Duration::from_secs(1);

/// Where spectrometers answer from: the address and port at which they then serve.
///
/// # Errors
/// If the question cannot be sent.
pub(crate) fn addresses(adapter: Ipv4Addr) -> io::Result<Vec<SocketAddr>> {
    // Bound to an address, the question goes out by the adapter that has it.
    let socket = UdpSocket::bind((adapter, 0))?;
    let mut question = Vec::new();
    let header = Header { kind: kind::PRODUCT_ID, ..Header::default() };
    obp::write(&mut question, header, 0, |_| {});
    socket.send_to(&question, (GROUP, PORT))?;
    let (deadline, mut packet, mut found) = (Instant::now() + NETWORK, [0; 512], Vec::new());
    while let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|d| !d.is_zero())
    {
        socket.set_read_timeout(Some(left))?;
        let Ok((bytes, from)) = socket.recv_from(&mut packet) else { break };
        let answer = take(&mut packet[..bytes].to_vec(), obp::scan);
        if answer.is_some_and(|message| message.header.kind == kind::PRODUCT_ID) {
            found.push(from);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
