//! Emulators, to the byte, over a toy lab.

use flowtwin_backends::codec::chemyx::Dialect;
use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::emulator::chemyx::ChemyxEmulator;
use flowtwin_backends::emulator::f4t::{F4tEmulator, F4tTerminals};
use flowtwin_backends::emulator::hdx::HdxEmulator;
use flowtwin_backends::emulator::{Emulator, Line};
use flowtwin_backends::wiring::LampLine;
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{Lab as _, Span};
use proptest::prelude::*;

/// An emulator, a line and the lab behind.
struct Desk<E> {
    emulator: E,
    line: Line,
    world: ToyLab,
}

impl<E: Emulator> Desk<E> {
    fn new(emulator: E) -> Self {
        Self { emulator, line: Line::default(), world: ToyLab::new() }
    }

    fn say(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.line.input.extend_from_slice(bytes);
        self.emulator.serve(&mut self.line, &mut self.world);
        std::mem::take(&mut self.line.output)
    }

    fn text(&mut self, bytes: &[u8]) -> String {
        String::from_utf8(self.say(bytes)).expect("pumps speak ASCII")
    }

    fn wait(&mut self, seconds: f64) {
        self.world.wait(Span::from_secs(seconds)).expect("the toy lab waits");
    }
}

fn pump(dialect: Dialect) -> Desk<ChemyxEmulator> {
    Desk::new(ChemyxEmulator::single(dialect, "water".into()))
}

#[test]
fn a_pump_answers_as_the_manual_prints_it() {
    let mut desk = pump(Dialect::Classic);
    for (sent, answered) in [
        ("set units 2\r", "set units 2\r\nunits = 2\r\n>"),
        ("set rate 5\r", "set rate 5\r\nrate = 5.000000\r\n>"),
        ("pump status\r", "pump status\r\n0\r\n>"),
        ("set diameter 28.6\r", "set diameter 28.6\r\ndiameter = 28.600\r\n>"),
        ("bogus\r", "bogus\r\nInvalid Command!\r\n>"),
        (" set units 0\r", " set units 0\r\nInvalid Command!\r\n>"),
        ("stop \r", "stop \r\nPump stop!\r\n>"),
        ("\r", ">"),
        ("pump status\r\nstop\r\n", "pump status\r\n0\r\n>stop\r\nPump stop!\r\n>"),
        ("set rate 1e9\r", "set rate 1e9\r\nrate = 5.000000\r\n>"),
        ("echo off\r", "echo off\r\necho off\r\n>"),
        ("pump status\r", "0\r\n>"),
    ] {
        assert_eq!(desk.text(sent.as_bytes()), answered, "{sent:?}");
    }
}

#[test]
fn the_limits_at_30_mm_are_those_of_the_manual() {
    let mut desk = pump(Dialect::Classic);
    desk.text(b"set diameter 30\r");
    let reply = desk.text(b"read limit parameter\r");
    assert!(reply.contains("125.9622 0.0005 106.0288 0.0141"), "{reply}");
}

#[test]
fn a_run_ends_at_its_volume_and_a_second_start_does_not_begin_it_again() {
    let mut desk = pump(Dialect::X);
    desk.text(b"set units 2\rset rate 60\rset volume 2\r");
    assert_eq!(desk.text(b"start\r"), "start\rPump start running...\r\n>");
    desk.wait(1.0);
    desk.text(b"start\r");
    assert_eq!(
        desk.text(b"dispensed volume\r"),
        "dispensed volume\rdispensed volume = 1.0000\r\n>"
    );
    assert_eq!(desk.text(b"pump status\r"), "pump status\r1\r\n>");
    desk.wait(1.5);
    assert_eq!(desk.text(b"pump status\r"), "pump status\r0\r\n>");
    assert_eq!(
        desk.text(b"dispensed volume\r"),
        "dispensed volume\rdispensed volume = 2.0000\r\n>"
    );
}

#[test]
fn a_pause_keeps_the_count_and_a_stop_ends_the_run() {
    let mut desk = pump(Dialect::Classic);
    desk.text(b"echo off\rset units 2\rset rate 60\rset volume 10\rstart\r");
    desk.wait(1.0);
    desk.text(b"pause\r");
    desk.wait(5.0);
    assert_eq!(desk.text(b"pump status\r"), "2\r\n>");
    desk.text(b"start\r");
    desk.wait(1.0);
    assert_eq!(desk.text(b"dispensed volume\r"), "dispensed volume = 2.0000\r\n>");
    desk.text(b"stop\rstart\r");
    desk.wait(0.5);
    assert_eq!(desk.text(b"dispensed volume\r"), "dispensed volume = 0.5000\r\n>");
}

#[test]
fn a_rate_changed_while_running_does_not_stop_the_flow() {
    let mut desk = pump(Dialect::Classic);
    desk.text(b"echo off\rset units 2\rset rate 60\rset volume 10\rstart\r");
    desk.wait(1.0);
    assert_eq!(desk.text(b"set rate 120\r"), "rate = 120.000000\r\n>");
    assert!((desk.world.flow() - 120.0).abs() < 1e-9);
    desk.wait(1.0);
    assert_eq!(desk.text(b"dispensed volume\r"), "dispensed volume = 3.0000\r\n>");
}

fn controller(framing: Framing) -> Desk<F4tEmulator> {
    let wiring = F4tTerminals { loops: vec![Some("plate".into())], ..F4tTerminals::default() };
    Desk::new(F4tEmulator::new(framing, 1, wiring))
}

#[test]
fn a_controller_is_silent_to_others_and_to_wrong_checksums() {
    let mut desk = controller(Framing::Rtu);
    assert_eq!(desk.say(b"\x02\x03\x0B\x04\x00\x02\x87\xDD"), b"");
    desk.line.quiet = true;
    assert_eq!(desk.say(b"\x01\x03\x0B\x04\x00\x02\x87\xEF"), b"");
    desk.line.quiet = false;
    let reply = desk.say(b"\x01\x03\x0A\xFE\x00\x01\xE6\x22");
    assert_eq!(reply, b"\x01\x03\x02\x00\x3E\x39\x94", "it recovers after noise: mode 62, off");
}

#[test]
fn what_does_not_exist_is_exception_2_and_what_cannot_be_is_3() {
    let mut desk = controller(Framing::Tcp);
    let unknown = desk.say(b"\x00\x03\x00\x00\x00\x06\x01\x03\xEA\x60\x00\x01");
    assert_eq!(unknown, b"\x00\x03\x00\x00\x00\x03\x01\x83\x02");
    let wrong_mode = desk.say(b"\x00\x04\x00\x00\x00\x06\x01\x06\x0A\xAA\x00\x07");
    assert_eq!(wrong_mode, b"\x00\x04\x00\x00\x00\x03\x01\x86\x03");
}

#[test]
fn nothing_heats_before_the_mode_is_automatic() {
    let mut desk = controller(Framing::Tcp);
    desk.say(b"\x00\x01\x00\x00\x00\x0B\x01\x10\x0A\xDE\x00\x02\x04\x00\x00\x43\x34");
    assert_eq!(desk.world.set_point_c(), None);
    desk.say(b"\x00\x02\x00\x00\x00\x06\x01\x06\x0A\xAA\x00\x0A");
    assert_eq!(desk.world.set_point_c(), Some(180.0));
    desk.say(b"\x00\x03\x00\x00\x00\x06\x01\x06\x0A\xAA\x00\x3E");
    assert_eq!(desk.world.set_point_c(), None);
}

#[test]
fn requests_that_arrive_joined_or_split_are_all_answered() {
    let mut desk = controller(Framing::Tcp);
    let request = b"\x00\x01\x00\x00\x00\x06\x01\x03\x0A\xFE\x00\x01";
    assert_eq!(desk.say(&[&request[..], &request[..5]].concat()).len(), 11);
    assert_eq!(desk.say(&request[5..]).len(), 11);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes that are no command move nothing, however they arrive.
    #[test]
    fn garbage_moves_nothing(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..10)
    ) {
        let mut pump = pump(Dialect::Classic);
        let mut serial = controller(Framing::Rtu);
        let mut network = controller(Framing::Tcp);
        let mut eye = Desk::new(HdxEmulator::new("eye".into(), Some(("lamp".into(), LampLine::LampEnable)), "1"));
        for piece in &pieces {
            pump.say(piece);
            serial.say(piece);
            network.say(piece);
            eye.say(piece);
        }
        for world in [&pump.world, &serial.world, &network.world, &eye.world] {
            prop_assert!(world.is_safe());
        }
    }
}
