//! Both halves of a protocol file fit, or what does not is said; and what they say on the line.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::codec::rtu;
use flowtwin_backends::driver::protocol::{At, ProtocolDriver, ProtocolHost};
use flowtwin_backends::emulator::protocol::ProtocolEmulator;
use flowtwin_backends::emulator::{Ailment, Emulator, Line, MemoryWire, World, WorldBehind};
use flowtwin_backends::examination::examine_protocol;
use flowtwin_backends::instrument::{Heater as _, Probe as _, Pump as _};
use flowtwin_backends::protocol::{BUILT_IN, Protocol, Value};
use flowtwin_backends::transport::{Dialog, Scripted};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{FaultKind, FlowRate, Lab as _, Probe, SensorKind, Span, Volume};

use crate::protocols::{ask, driver, file};

const PATIENCE: Duration = Duration::from_secs(1);

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

/// A frame of unit 1.
fn frame(pdu: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    rtu::write(&mut bytes, 1, pdu);
    bytes
}

/// Alarms that stand in the same register say nothing about the sensor.
#[test]
fn a_eurotherm_3200_tells_a_broken_sensor_in_one_bit_of_its_status() {
    let (status, temperature) = (frame(&[3, 0, 75, 0, 1]), frame(&[3, 0x80, 2, 0, 2]));
    let reads = frame(&[&[3, 4], &21.5_f32.to_be_bytes()[..]].concat());
    for (bits, c) in [(0x0001_u16, Some(21.5)), (0x1011, Some(21.5)), (0x0020, None)] {
        let told = frame(&[&[3, 2], &bits.to_be_bytes()[..]].concat());
        let script = [(&status[..], &told[..]), (&temperature, &reads)];
        let asked = if c.is_some() { &script[..] } else { &script[..1] };
        let wire = Dialog::new(Box::new(Scripted::new(asked)), PATIENCE);
        let host = ProtocolHost::new(&file("eurotherm-3200"), wire, Framing::Rtu, 1);
        let line = ProtocolDriver::line(host);
        let mut plate = ProtocolDriver::new(file("eurotherm-3200"), line, 1);
        assert_eq!(plate.temperature_c(), c.ok_or(FaultKind::SensorOpen), "{bits:#06x}");
    }
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(ToyLab::new()))));
    let parts = [("plate".to_owned(), 1)];
    let mut emulator = ProtocolEmulator::new(file("eurotherm-3200"), Framing::Rtu, parts);
    for (open, bits) in [(false, 0_u8), (true, 32)] {
        emulator.afflict(Ailment::SensorOpen, open, &mut *world.borrow_mut());
        let mut line = Line::default();
        line.input.extend_from_slice(&status);
        emulator.serve(&mut line, &mut *world.borrow_mut());
        assert_eq!(line.output, frame(&[3, 2, 0, bits]));
    }
}

#[test]
fn a_knauer_pump_tells_its_pressure_in_tenths_of_a_megapascal() {
    let lab = ToyLab::new().with_sensor("gauge", SensorKind::Probe(Probe::Pressure), 1200.0);
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(lab))));
    let parts = [("gauge".to_owned(), 0)];
    let mut emulator = ProtocolEmulator::new(file("knauer-pressure"), Framing::Rtu, parts);
    for (sent, said) in [
        ("PRESSURE?\n\r", "PRESSURE:12\r"),
        ("HEADTYPE?\n\r", "HEADTYPE:10\r"),
        ("ON\n\r", "ERROR:1\r"),
    ] {
        assert_eq!(ask(&mut emulator, &world, sent), said, "{sent:?}");
    }
    let script: &[(&[u8], &[u8])] =
        &[(b"HEADTYPE?\n\r", b"HEADTYPE:50\r"), (b"PRESSURE?\n\r", b"PRESSURE:7\r")];
    let mut gauge =
        driver("knauer-pressure", Dialog::new(Box::new(Scripted::new(script)), PATIENCE));
    assert_eq!(gauge.value(), Ok(700.0));
}

/// A mass-flow controller flows from the moment when its set point is written; its counter closes the valve.
#[test]
fn a_bronkhorst_controller_passes_a_volume_and_closes_its_valve() {
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(ToyLab::new()))));
    let protocol = file("bronkhorst-modbus");
    let parts = [("water".to_owned(), 1)];
    let emulator = ProtocolEmulator::new(protocol.clone(), Framing::Rtu, parts);
    let held: Rc<RefCell<Box<dyn Emulator>>> = Rc::new(RefCell::new(Box::new(emulator)));
    let wire = MemoryWire::new(held.clone(), world.clone());
    let host = ProtocolHost::new(&protocol, Dialog::new(Box::new(wire), PATIENCE), Framing::Rtu, 1);
    let mut gas = ProtocolDriver::new(protocol, ProtocolDriver::line(host), 1);
    assert_eq!(gas.identify().expect("it tells").serial_number.as_deref(), Some("M21200001A"));
    let (rate, ul) = (FlowRate::from_ul_per_min(92.5), Volume::from_ul(9.25));
    gas.dispense(rate, ul).expect("it flows");
    assert_eq!(gas.rate_ul_per_min(), Ok(92.5), "as it would be written");
    let passes = |s: f64| world.borrow_mut().wait(Span::from_secs(s)).expect("time passes");
    passes(2.4);
    assert_eq!((gas.status(), gas.dispensed_ul()), (Ok(1), Ok(3.7)));
    passes(4.0);
    assert_eq!((gas.status(), gas.dispensed_ul()), (Ok(0), Ok(9.25)), "its counter has closed it");
    gas.dispense(rate, ul).expect("it flows again");
    passes(2.4);
    assert_eq!(gas.dispensed_ul(), Ok(3.7), "counted from zero");
    gas.stop().expect("it stops");
    assert_eq!(gas.status(), Ok(0));
}

/// In another unit every number would mean another flow.
#[test]
fn a_bronkhorst_controller_that_is_set_to_another_unit_is_refused() {
    let unit = frame(&[3, 0x81, 0xF8, 0, 4]);
    for (said, fits) in [("ln/min\0\0", true), ("mls/min\0", false)] {
        let told = frame(&[&[3, 8], said.as_bytes()].concat());
        let (asked, flow) = (frame(&[3, 0xA1, 0x18, 0, 2]), 0.002_f32.to_be_bytes());
        let flow = frame(&[&[3, 4], &flow[..]].concat());
        let script = [(&unit[..], &told[..]), (&asked, &flow)];
        let script = if fits { &script[..] } else { &script[..1] };
        let protocol = file("bronkhorst-modbus");
        let wire = Dialog::new(Box::new(Scripted::new(script)), PATIENCE);
        let mut host = ProtocolHost::new(&protocol, wire, Framing::Rtu, 1);
        let at = At { address: 1, bore_mm: None };
        let read = host.get(&protocol, at, "flow");
        match fits {
            true => assert_eq!(read, Ok(Value::Number(2000.0))),
            false => assert!(
                matches!(&read, Err(FaultKind::Refused { detail }) if detail.contains("mls/min")),
                "{read:?}"
            ),
        }
    }
}
