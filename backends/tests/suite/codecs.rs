//! Frames, to the byte, and against any bytes at any split.

use flowtwin_backends::codec::modbus::{Exception, Reply, Request, WordOrder};
use flowtwin_backends::codec::obp::{self, Checksum, Header, kind};
use flowtwin_backends::codec::{Scan, chemyx, line, rtu, take, tcp};
use proptest::prelude::*;

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|b| u8::from_str_radix(b, 16).expect("hex digits")).collect()
}

fn rtu_frame(request: &Request) -> Vec<u8> {
    let mut out = Vec::new();
    rtu::write(&mut out, 1, &request.to_bytes());
    out
}

fn read(register: u16, count: u16) -> Request {
    Request::Read { function: 3, register, count }
}

fn write_float(register: u16, value: f32) -> Request {
    let values = WordOrder::LowFirst.split(value).to_vec();
    Request::WriteMany { register, values }
}

/// Frames computed from the Watlow guide's tables, and accepted by pymodbus.
#[test]
fn rtu_requests_have_the_bytes_of_the_bus() {
    let cases = [
        (read(2820, 2), "01 03 0B 04 00 02 87 EE"),
        (read(2782, 2), "01 03 0A DE 00 02 A7 E9"),
        (write_float(2782, 180.0), "01 10 0A DE 00 02 04 00 00 43 34 31 38"),
        (write_float(2782, 65.5), "01 10 0A DE 00 02 04 00 00 42 83 70 DE"),
        (Request::WriteOne { register: 2730, value: 10 }, "01 06 0A AA 00 0A 2A 35"),
        (Request::WriteOne { register: 2730, value: 62 }, "01 06 0A AA 00 3E 2B E2"),
        (read(16, 15), "01 03 00 10 00 0F 04 0B"),
        (read(2980, 2), "01 03 0B A4 00 02 87 CC"),
    ];
    for (request, expected) in cases {
        assert_eq!(rtu_frame(&request), bytes(expected), "{request:?}");
        let Scan::Frame(frame, length) = rtu::scan_request(&bytes(expected)) else {
            panic!("{expected} is a frame");
        };
        assert_eq!(length, bytes(expected).len());
        assert_eq!(Request::from_bytes(&frame.pdu), Ok(request));
    }
}

#[test]
fn rtu_replies_are_read_with_the_low_word_first() {
    let request = read(2820, 2);
    let reply = bytes("01 03 04 33 33 41 BB 75 5B");
    let Scan::Frame(frame, 9) = rtu::scan_reply(&reply, 1, &request) else {
        panic!("a whole reply");
    };
    let Some(Reply::Registers(words)) = Reply::from_bytes(&frame.pdu, &request) else {
        panic!("registers");
    };
    let value = WordOrder::LowFirst.join([words[0], words[1]]);
    assert_eq!(value.to_bits(), 23.4_f32.to_bits());
    let wrong = WordOrder::HighFirst.join([words[0], words[1]]);
    assert!(wrong.abs() < 1e-6, "the wrong order reads {wrong}, a plausible zero");
}

#[test]
fn exceptions_are_told_apart() {
    for (code, frame) in [(2, "01 83 02 C0 F1"), (3, "01 83 03 01 31"), (6, "01 83 06 C1 32")] {
        let request = read(2820, 2);
        let Scan::Frame(found, 5) = rtu::scan_reply(&bytes(frame), 1, &request) else {
            panic!("{frame} is a frame");
        };
        let reply = Reply::from_bytes(&found.pdu, &request);
        assert_eq!(reply, Some(Reply::Exception(Exception(code))));
    }
}

#[test]
fn tcp_frames_have_the_bytes_of_the_wire() {
    let mut out = Vec::new();
    tcp::write(&mut out, 1, 1, &read(2820, 2).to_bytes());
    assert_eq!(out, bytes("00 01 00 00 00 06 01 03 0B 04 00 02"));
    out.clear();
    tcp::write(&mut out, 2, 1, &write_float(2782, 180.0).to_bytes());
    assert_eq!(out, bytes("00 02 00 00 00 0B 01 10 0A DE 00 02 04 00 00 43 34"));
}

#[test]
fn an_ocean_message_has_the_bytes_that_both_clients_send_and_take() {
    let mut out = Vec::new();
    let header = Header { kind: kind::SERIAL_NUMBER, ..Header::default() };
    obp::write(&mut out, header, 0, |_| {});
    let mut expected = bytes("C1 C0 00 11 00 00 00 00 00 01 00 00 00 00 00 00");
    expected.extend([0; 24]);
    expected.extend(bytes("14 00 00 00"));
    expected.extend([0; 16]);
    expected.extend(bytes("C5 C4 C3 C2"));
    assert_eq!(out, expected);
}

#[test]
fn an_md5_protects_a_message() {
    let mut out = Vec::new();
    let header = Header {
        kind: kind::SERIAL_NUMBER,
        flags: obp::RESPONSE,
        checksum: Checksum::Md5,
        ..Header::default()
    };
    obp::write(&mut out, header, 8, |out| out.extend_from_slice(b"HDX00042"));
    assert_eq!(out[44..60], bytes("10 A0 68 EC E7 E7 09 BA A8 C2 7E 4B F1 F8 53 CE"));
    out[24] ^= 1;
    assert!(!take(&mut out, obp::scan).expect("still a message").intact);
}

/// Takes all frames out of `input`, arriving in pieces.
fn in_pieces<T>(input: &[u8], cuts: &[usize], scan: impl Fn(&[u8]) -> Scan<T>) -> Vec<T> {
    let (mut waiting, mut found, mut at) = (Vec::new(), Vec::new(), 0);
    for end in cuts.iter().map(|cut| cut % (input.len() + 1)).chain([input.len()]) {
        let end = end.max(at);
        waiting.extend_from_slice(&input[at..end]);
        at = end;
        while let Some(frame) = take(&mut waiting, &scan) {
            found.push(frame);
        }
    }
    found
}

/// Bytes with the beginnings of frames among them, to get deep into every scanner.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(bytes("C1 C0 00 11")),
        Just(bytes("01 03 0B 04 00 02 87 EE")),
        Just(bytes("00 01 00 00 00 06 01 03 0B 04 00 02")),
        Just(b"set rate 5\r\n>".to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_at_any_split_break_a_scanner(
        input in noise(),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let request = read(2820, 2);
        in_pieces(&input, &cuts, obp::scan);
        in_pieces(&input, &cuts, rtu::scan_request);
        in_pieces(&input, &cuts, |b| rtu::scan_reply(b, 1, &request));
        in_pieces(&input, &cuts, tcp::scan);
        in_pieces(&input, &cuts, line::scan);
        in_pieces(&input, &cuts, chemyx::scan_command);
        in_pieces(&input, &cuts, chemyx::scan_reply);
    }

    #[test]
    fn an_ocean_message_survives_any_split_and_junk_before_it(
        junk in prop::collection::vec(0_u8..0xC0, 0..30),
        data in prop::collection::vec(any::<u8>(), 0..6000),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
        regarding in any::<u32>(),
    ) {
        let header = Header { kind: kind::SPECTRUM, regarding, ..Header::default() };
        let mut input = junk;
        obp::write(&mut input, header, data.len(), |out| out.extend_from_slice(&data));
        let found = in_pieces(&input, &cuts, obp::scan);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(&found[0].data, &data);
        prop_assert_eq!(found[0].header, header);
    }

    #[test]
    fn a_modbus_request_survives_both_framings(
        register in any::<u16>(),
        values in prop::collection::vec(any::<u16>(), 1..100),
        unit in 1_u8..248,
    ) {
        let request = Request::WriteMany { register, values };
        let (mut serial, mut network) = (Vec::new(), Vec::new());
        rtu::write(&mut serial, unit, &request.to_bytes());
        tcp::write(&mut network, 7, unit, &request.to_bytes());
        let serial = take(&mut serial, rtu::scan_request).expect("a frame");
        let network = take(&mut network, tcp::scan).expect("a frame");
        prop_assert_eq!(serial.unit, unit);
        prop_assert_eq!(Request::from_bytes(&serial.pdu), Ok(request.clone()));
        prop_assert_eq!(Request::from_bytes(&network.pdu), Ok(request));
    }

    #[test]
    fn a_float_survives_both_word_orders(value in any::<f32>()) {
        for order in [WordOrder::LowFirst, WordOrder::HighFirst] {
            prop_assert_eq!(order.join(order.split(value)).to_bits(), value.to_bits());
        }
    }
}
