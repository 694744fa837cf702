//! Who is there at all: spectrometers on the network, and whatever answers on serial ports. Nothing is
//! moved, heated or lit.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use flowtwin_lab::FaultKind;

use super::identify::Finding;
use crate::codec::modbus::Framing;
use crate::codec::modbus::WordOrder;
use crate::codec::obp::{self, Header, kind};
use crate::codec::take;
use crate::driver::chemyx::Chemyx;
use crate::driver::dc4100::Dc4100;
use crate::driver::f4t::F4t;
use crate::driver::hdx::Hdx;
use crate::driver::modbus::ModbusHost;
use crate::instrument::Identity;
use crate::transport::{Dialog, SerialPort, SerialSettings, TcpWire};
use crate::wiring::Link;

/// Where spectrometers listen for the question who is there.
pub(crate) const GROUP: Ipv4Addr = Ipv4Addr::new(239, 239, 239, 239);
/// Port of the question.
pub(crate) const PORT: u16 = 57_357;

/// How long an instrument may take to answer a question that may not be meant for it.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long a network connection may take.
const NETWORK: Duration = Duration::from_secs(1);

/// Asks the network of the adapter with this address which spectrometers there are, and each who it is.
///
/// # Errors
/// If the question cannot be sent.
pub fn spectrometers(adapter: Ipv4Addr) -> io::Result<Vec<Finding>> {
    let mut found = addresses(adapter)?;
    found.sort_unstable();
    found.dedup();
    let identify = |at: SocketAddr| {
        let address = at.to_string();
        let dialog = Dialog::new(Box::new(TcpWire::new(&address, NETWORK)), NETWORK);
        finding("hdx", Link::Tcp(address), Hdx::new(dialog, 1).identify())
    };
    Ok(found.into_iter().map(identify).collect())
}

/// Where spectrometers answer from: the address and port at which they then serve.
fn addresses(adapter: Ipv4Addr) -> io::Result<Vec<SocketAddr>> {
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
    Ok(found)
}

/// The serial ports that the system knows of; none in a program that was built without them.
pub fn serial_ports() -> Vec<String> {
    #[cfg(not(feature = "serial"))]
    return Vec::new();
    #[cfg(feature = "serial")]
    names_of_ports()
}

#[cfg(feature = "serial")]
fn names_of_ports() -> Vec<String> {
    let ports = serialport::available_ports().unwrap_or_default();
    ports.into_iter().map(|port| port.port_name).collect()
}

/// Asks at a serial port, in one protocol after the other and at the usual baud rates, who is there.
pub fn at_serial_port(port: &str) -> Option<Finding> {
    type Ask = fn(Dialog) -> Result<Identity, FaultKind>;
    let pump: Ask = |dialog| Chemyx::lone(dialog, None).identify();
    let oven: Ask = |dialog| {
        F4t::new(ModbusHost::new(dialog, Framing::Rtu, 1), WordOrder::default()).identify()
    };
    let leds: Ask = |dialog| Dc4100::new(dialog).identify();
    let eye: Ask = |dialog| Hdx::new(dialog, 1).identify();
    let tries: [(&str, Ask, &[u32]); 4] = [
        ("chemyx", pump, &[9_600, 38_400, 115_200, 19_200]),
        ("f4t", oven, &[9_600, 38_400, 19_200]),
        ("dc4100", leds, &[115_200]),
        ("hdx", eye, &[9_600, 115_200]),
    ];
    for (kind, ask, bauds) in tries {
        for &baud in bauds {
            let settings = SerialSettings { port: port.to_owned(), baud };
            let wire = Box::new(SerialPort::new(settings.clone()));
            match ask(Dialog::new(wire, PATIENCE)) {
                Err(FaultKind::NoReply { .. } | FaultKind::Garbled { .. }) => {}
                asked => return Some(finding(kind, Link::Serial(settings), asked)),
            }
        }
    }
    None
}

fn finding(kind: &'static str, link: Link, asked: Result<Identity, FaultKind>) -> Finding {
    let name = match &link {
        Link::Serial(settings) => settings.port.clone(),
        Link::Tcp(at) | Link::Usb(at) => at.clone(),
    };
    let (identity, problem) = match asked {
        Ok(identity) => (Some(identity), None),
        Err(problem) => (None, Some(problem)),
    };
    Finding { name, kind, link: Some(link), identity, problem }
}
