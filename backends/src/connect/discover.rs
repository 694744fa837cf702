//! Who is there at all: spectrometers on the network, and whatever answers on serial ports. Nothing is
//! moved, heated or lit.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use flowtwin_lab::FaultKind;

use super::identify::Finding;
use crate::instrument::Identity;
use crate::transport::{Dialog, SerialPort, SerialSettings, TcpWire};
use crate::wiring::{Found, Link, SerialTry, Wiring};

/// How long an instrument may take to answer a question that may not be meant for it.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long a network connection may take.
const NETWORK: Duration = Duration::from_secs(1);

/// Asks the network of the adapter with this address which instruments there are, and each who it is.
///
/// # Errors
/// If the question cannot be sent.
pub fn on_network(adapter: Ipv4Addr) -> io::Result<Vec<Finding>> {
    let identify = |(section, found): (&'static str, Found)| {
        let address = found.address.to_string();
        let dialog = Dialog::new(Box::new(TcpWire::new(&address, NETWORK)), NETWORK);
        finding(section, Link::Tcp(address), found.instrument.identify(dialog))
    };
    Ok(Wiring::on_network(adapter)?.into_iter().map(identify).collect())
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
    for (section, SerialTry { mut instrument, bauds, .. }) in Wiring::serial_tries() {
        for &baud in bauds {
            let settings = SerialSettings { baud, ..SerialSettings::at(port) };
            let wire = Box::new(SerialPort::new(settings.clone()));
            *instrument.link_mut() = Some(Link::Serial(settings.clone()));
            match instrument.identify(Dialog::new(wire, PATIENCE)) {
                Err(FaultKind::NoReply { .. } | FaultKind::Garbled { .. }) => {}
                asked => return Some(finding(section, Link::Serial(settings), asked)),
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
