//! Both halves of a protocol file fit, or what does not is said; and what they say on the line.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::driver::protocol::{ProtocolDriver, ProtocolHost};
use flowtwin_backends::emulator::protocol::ProtocolEmulator;
use flowtwin_backends::emulator::{Emulator, Line, World, WorldBehind};
use flowtwin_backends::examination::examine_protocol;
use flowtwin_backends::instrument::Heater as _;
use flowtwin_backends::protocol::{BUILT_IN, Protocol};
use flowtwin_backends::transport::{Dialog, Scripted};
use flowtwin_lab::toy::ToyLab;

const PATIENCE: Duration = Duration::from_secs(1);

fn file(name: &str) -> Rc<Protocol> {
    Rc::new(Protocol::load(name, "".as_ref()).expect("it comes with flowtwin"))
}

fn driver(name: &str, dialog: Dialog) -> ProtocolDriver {
    let protocol = file(name);
    let host = ProtocolHost::new(&protocol, dialog, Framing::Rtu, 1);
    ProtocolDriver::new(protocol, ProtocolDriver::line(host), 0)
}

/// What an emulator answers by hand.
fn ask(emulator: &mut dyn Emulator, world: &World, text: &str) -> String {
    let mut line = Line::default();
    line.input.extend_from_slice(text.as_bytes());
    emulator.serve(&mut line, &mut *world.borrow_mut());
    String::from_utf8(line.output).expect("text")
}

#[test]
fn the_two_halves_of_every_protocol_fit() {
    for (name, text) in BUILT_IN {
        let protocol = Protocol::parse(text, name).expect("it makes sense");
        assert_eq!(examine_protocol(&protocol), Vec::<String>::new(), "{name}");
    }
}

/// The blank before the end of a reply is no part of a text.
#[test]
fn a_text_before_a_blank_is_read() {
    let text = flowtwin_backends::protocol::built_in("lauda").expect("it is there");
    let blank = text.replacen("reply = \"{text}\\r\\n\"", "reply = \"{text} \\r\\n\"", 1);
    assert_ne!(text, blank);
    let protocol = Protocol::parse(&blank, "blank").expect("it makes sense");
    assert_eq!(examine_protocol(&protocol), Vec::<String>::new());
    let script: &[(&[u8], &[u8])] = &[
        (b"TYPE\r", b"ECO SILVER \r\n"),
        (b"IN_MODE_02\r", b"1 \r\n"),
        (b"IN_PV_00\r", b"21.50 \r\n"),
    ];
    let dialog = Dialog::new(Box::new(Scripted::new(script)), PATIENCE);
    let host = ProtocolHost::new(&protocol, dialog, Framing::Rtu, 1);
    let mut plate = ProtocolDriver::new(Rc::new(protocol), ProtocolDriver::line(host), 0);
    assert_eq!(plate.identify().expect("it is read").model, "LAUDA thermostat (ECO SILVER)");
}

/// What its author would hear only from the instrument, or in mid-campaign.
#[test]
fn what_does_not_fit_between_the_halves_of_a_file_is_said() {
    for (name, from, to, said) in [
        // A text that goes on to the end of the line leaves no room for another.
        (
            "lauda",
            "replies = \"{type}\" }",
            "replies = \"{type}{any}.\" }",
            "fields.type: the driver does not read what it is told",
        ),
        ("lauda", "text = \"ECO\"", "text = \"ECO > 1\"", "fields.type: the driver does not read"),
        // A field eats the number that comes after it.
        (
            "cavro-xlp-6000",
            "get = { sends = \"?\", replies = \"{plunger}\" }",
            "get = { sends = \"?\", replies = \"{rate}{plunger}\" }",
            "fields.plunger: the driver does not read",
        ),
        // Thousandths of 80 °C do not fit into four hexadecimal digits.
        ("huber-pb", "scale = 0.01\nlow", "scale = 0.001\nlow", "steps.heat: "),
        // What turns it off is taken for what turns it on.
        (
            "huber-pb",
            "[steps]",
            "[actions.go]\nsends = \"{{M140000\"\nreplies = \"{{S140000\"\ndoes = \"control_on\"\n[steps]",
            "steps.off: ",
        ),
        // Position 1 is half a step, which cannot be said.
        ("rheodyne-mx-2", "begins = 1.0", "begins = 1.0\nscale = 2.0", "position"),
    ] {
        let text = flowtwin_backends::protocol::built_in(name).expect("it is there");
        assert!(text.contains(from), "{name}: {from}");
        let protocol = Protocol::parse(&text.replacen(from, to, 1), name).expect("it is read");
        let wrong = examine_protocol(&protocol).join("; ");
        assert!(wrong.contains(said), "{name}, {to}: {wrong:?}");
    }
}

/// Its answers end with the number of the request and a blank, which some plates leave out.
#[test]
fn an_ika_plate_answers_as_its_manuals_say() {
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(ToyLab::new()))));
    let parts = [("plate".to_owned(), 0)];
    let mut emulator = ProtocolEmulator::new(file("ika-plate"), Framing::Rtu, parts);
    for (sent, said) in [
        ("IN_NAME \r\n", "RCT digital \r\n"),
        ("IN_PV_1\r\n", "25.0 1 \r\n"),
        ("STATUS_1 \r\n", "12 1 \r\n"),
        ("OUT_SP_1 80.5 \r\n", ""),
        ("IN_SP_1\r\n", "80.5 1 \r\n"),
        ("START_1\r\n", ""),
        ("STATUS_1\r\n", "11 1 \r\n"),
        ("STOP_1\r\n", ""),
        ("STATUS_1\r\n", "12 1 \r\n"),
        ("STATUS_2\r\n", ""),
    ] {
        assert_eq!(ask(&mut emulator, &world, sent), said, "{sent:?}");
    }
    for (status, mode) in [("12 1 ", 0.0), ("11 1", 1.0), ("22 1 ", 0.0), ("10 1", 2.0)] {
        let answer = format!("{status}\r\n");
        let asked: &[(&[u8], &[u8])] = &[(b"STATUS_1\r\n", answer.as_bytes())];
        let mut plate = driver("ika-plate", Dialog::new(Box::new(Scripted::new(asked)), PATIENCE));
        assert_eq!(plate.mode(), Ok(mode), "{status:?}");
    }
}
