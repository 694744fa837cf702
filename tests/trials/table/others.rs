//! Somebody else at the cable of an instrument: a second client that changes what a campaign has set.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use flowtwin_backends::codec::f4t as register;
use flowtwin_backends::codec::modbus::Request;
use flowtwin_backends::codec::{rtu, tcp};
use flowtwin_backends::wiring::Link;

use super::cell::Whom;
use super::rig::Rig;
use super::world::Known;

/// The pump that has a cable of its own on every rig of the trials.
const PUMP: &str = "pfo";
/// By how much the set point is lowered [K], and to how many times its rate a pump is set.
const LOWER_K: f64 = 9.0;
const TIMES: f64 = 1.2;
/// How often somebody tries whose words were lost among those of the campaign.
const TRIES: usize = 40;

/// Lowers the set point of the heater by 9 K, or lets the carrier's pump run a fifth faster.
pub(crate) fn meddle(rig: &Rig, whom: Whom) {
    let now = |known: &Known| match whom {
        Whom::Heater => known.set_c,
        _ => known.flows(known.now).get(PUMP).copied(),
    };
    let before = now(&rig.known()).expect("it is at work");
    let wiring = rig.wiring();
    let (link, words) = match whom {
        Whom::Heater => {
            let oven = &wiring.f4t["oven"];
            let Some(link) = oven.link.clone() else { panic!("wired") };
            let values = oven.word_order.split((before - LOWER_K) as f32).to_vec();
            let pdu = Request::WriteMany { register: register::SET_POINT, values }.to_bytes();
            let mut frame = Vec::new();
            match link {
                Link::Tcp(_) => tcp::write(&mut frame, 1, oven.unit, &pdu),
                _ => rtu::write(&mut frame, oven.unit, &pdu),
            }
            (link, frame)
        }
        _ => {
            let link = wiring.chemyx[PUMP].link.clone().expect("wired");
            (link, format!("set rate {:.3}\r", TIMES * before).into_bytes())
        }
    };
    for _ in 0..TRIES {
        say(&link, &words);
        std::thread::sleep(Duration::from_millis(50));
        let known = rig.known();
        if now(&known).is_none_or(|after| (after - before).abs() > 1e-3) {
            return;
        }
    }
    panic!("{}: nobody listens to somebody else", rig.dir.display());
}

/// Says something at a cable, and hangs up.
fn say(link: &Link, words: &[u8]) {
    match link {
        Link::Tcp(at) => {
            let mut wire = TcpStream::connect(at).expect("the instrument listens");
            wire.write_all(words).expect("it is heard");
            std::thread::sleep(Duration::from_millis(20));
        }
        Link::Serial(port) => {
            let mut wire = File::options().write(true).open(&port.port).expect("a port");
            wire.write_all(words).expect("it is heard");
        }
        other => panic!("nobody else is at {other:?}"),
    }
}
