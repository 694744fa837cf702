//! Drivers against a script of bytes: what they send, and what they make of the answers.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::rc::Rc;
use std::time::Duration;

use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::codec::modbus::{Request, WordOrder};
use flowtwin_backends::codec::{line, rtu};
use flowtwin_backends::driver::chemyx::{Chemyx, ChemyxPort};
use flowtwin_backends::driver::dc2200::Dc2200;
use flowtwin_backends::driver::dc4100::{Dc4100, Dc4100Led};
use flowtwin_backends::driver::f4t::{F4t, F4tLoop};
use flowtwin_backends::driver::f4t_scpi::F4tScpi;
use flowtwin_backends::driver::modbus::ModbusHost;
use flowtwin_backends::instrument::{Heater as _, Light as _, Pump as _};
use flowtwin_backends::transport::{Dialog, Scripted, TcpWire, Transport};
use flowtwin_lab::{FaultKind, FlowRate, Temperature, Volume};

type Script<'a> = &'a [(&'a [u8], &'a [u8])];

fn dialog(script: Script<'_>) -> Dialog {
    Dialog::new(Box::new(Scripted::new(script)), Duration::from_millis(20))
}

/// The first commands of a pump, and its replies, in the classic dialect.
const PREPARE: [(&[u8], &[u8]); 6] = [
    (b"\r", b">"),
    (b"pump status\r", b"pump status\r\n0\r\n>"),
    (b"set units 2\r", b"set units 2\r\nunits = 2\r\n>"),
    (b"set diameter 28.600\r", b"set diameter 28.600\r\ndiameter = 28.600\r\n>"),
    (
        b"read limit parameter\r",
        b"read limit parameter\r\n114479.7345 0.4818 96363.4128 12.8485\r\n>",
    ),
    (b"set rate 92.500000\r", b"set rate 92.500000\r\nrate = 92.500000\r\n>"),
];

fn dispense(script: Script<'_>) -> Result<(), FaultKind> {
    let script: Vec<_> = PREPARE.iter().chain(script).copied().collect();
    let mut pump = Chemyx::new(dialog(&script), 28.6);
    pump.dispense(FlowRate::from_ul_per_min(92.5), Volume::from_ul(1000.0))
}

const VOLUME: (&[u8], &[u8]) =
    (b"set volume 1000.00000\r", b"set volume 1000.00000\r\nvolume = 1000.000000\r\n>");

#[test]
fn a_pump_is_prepared_once_and_shown_to_run() {
    let done = dispense(&[
        VOLUME,
        (b"start\r", b"start\r\nPump start running...\r\n>"),
        (b"pump status\r", b"pump status\r\n1\r\n>"),
    ]);
    assert_eq!(done, Ok(()));
}

#[test]
fn a_lost_acknowledgement_is_no_fault_where_the_pump_shows_that_it_runs() {
    let done = dispense(&[VOLUME, (b"start\r", b""), (b"pump status\r", b"pump status\r\n1\r\n>")]);
    assert_eq!(done, Ok(()));
}

#[test]
fn a_stall_at_the_start_is_left_to_the_status() {
    let done = dispense(&[
        VOLUME,
        (b"start\r", b"start\r\nPump start running...\r\n>"),
        (b"pump status\r", b"pump status\r\n4\r\n>"),
    ]);
    assert_eq!(done, Ok(()));
}

#[test]
fn a_value_that_the_pump_did_not_keep_is_a_fault() {
    let kept = (VOLUME.0, &b"set volume 1000.00000\r\nvolume = 500.000000\r\n>"[..]);
    let fault = dispense(&[kept]).unwrap_err();
    assert_eq!(fault.to_string(), "volume was set to 1000 µL, but the instrument kept 500 µL");
}

#[test]
fn a_late_reply_to_another_command_is_not_taken_for_the_answer() {
    let late =
        (VOLUME.0, &b"pump status\r\n0\r\n>set volume 1000.00000\r\nvolume = 1000.000000\r\n>"[..]);
    let done = dispense(&[
        late,
        (b"start\r", b"start\r\nPump start running...\r\n>"),
        (b"pump status\r", b"pump status\r\n1\r\n>"),
    ]);
    assert_eq!(done, Ok(()));
}

#[test]
fn a_rate_beyond_the_limits_of_the_pump_is_refused_before_it_is_sent() {
    let mut pump = Chemyx::new(dialog(&PREPARE[..5]), 28.6);
    let fault = pump.dispense(FlowRate::from_ul_per_min(2e5), Volume::from_ul(1.0)).unwrap_err();
    assert_eq!(fault.to_string(), "rate 200000 µL/min is outside 0.4818 to 114479.7345 µL/min");
}

fn rtu_frame(request: &Request) -> Vec<u8> {
    let mut out = Vec::new();
    rtu::write(&mut out, 1, &request.to_bytes());
    out
}

fn controller(script: Script<'_>) -> F4tLoop {
    let host = ModbusHost::new(dialog(script), Framing::Rtu, 1);
    F4tLoop::new(Rc::new(RefCell::new(F4t::new(host, WordOrder::LowFirst))), 1)
}

#[test]
fn a_set_point_is_read_back_and_the_mode_shown() {
    let mut heater = controller(&[
        (
            b"\x01\x10\x0A\xDE\x00\x02\x04\x00\x00\x43\x34\x31\x38",
            b"\x01\x10\x0A\xDE\x00\x02\x22\x2A",
        ),
        (b"\x01\x03\x0A\xDE\x00\x02\xA7\xE9", &with_crc(b"\x01\x03\x04\x00\x00\x43\x34")),
        (b"\x01\x06\x0A\xAA\x00\x0A\x2A\x35", b"\x01\x06\x0A\xAA\x00\x0A\x2A\x35"),
        (b"\x01\x03\x0A\xFE\x00\x01\xE6\x22", b"\x01\x03\x02\x00\x0A\x38\x43"),
    ]);
    assert_eq!(heater.heat(Temperature::from_c(180.0)), Ok(()));
}

fn with_crc(body: &[u8]) -> Vec<u8> {
    let mut out = body.to_vec();
    out.extend(flowtwin_backends::codec::crc::crc16(body).to_le_bytes());
    out
}

/// A process value of 23.4 °C, and what a controller says that lacks a register.
const WARM: &[u8] = b"\x01\x03\x04\x33\x33\x41\xBB\x75\x5B";
const NO_SUCH_REGISTER: &[u8] = b"\x01\x83\x02\xC0\xF1";

fn rtu_read(register: u16) -> Vec<u8> {
    rtu_frame(&Request::Read { function: 3, register, count: 1 })
}

#[test]
fn a_temperature_is_no_good_while_an_alarm_in_use_stands_or_the_limit_module_has_tripped() {
    let value = rtu_frame(&Request::Read { function: 3, register: 2820, count: 2 });
    let word = |value: u8| with_crc(&[1, 3, 2, 0, value]);
    let mut heater = controller(&[
        (&value, WARM),
        (&rtu_read(1330), &word(62)),
        (&rtu_read(1430), &word(76)),
        (&rtu_read(1530), NO_SUCH_REGISTER),
        (&rtu_read(11_288), &word(61)),
        (&rtu_read(1456), &word(61)),
        (&rtu_read(11_288), &word(61)),
        (&value, WARM),
        (&rtu_read(1456), &word(24)),
        (&value, WARM),
        (&rtu_read(1456), &word(61)),
        (&rtu_read(11_288), &word(7)),
    ]);
    assert!(heater.temperature_c().is_ok(), "alarm 1 is not in use, 2 does not stand");
    let said = heater.temperature_c().unwrap_err().to_string();
    assert!(said.contains("controller alarm: alarm 2 stands (state 24)"), "{said}");
    let said = heater.temperature_c().unwrap_err().to_string();
    assert!(said.contains("limit module 1 reports error 7"), "{said}");
}

#[test]
fn after_a_missing_reply_the_bus_is_resynchronised_by_an_unmistakable_read() {
    let value = rtu_frame(&Request::Read { function: 3, register: 2820, count: 2 });
    let part = rtu_frame(&Request::Read { function: 3, register: 16, count: 15 });
    let mut part_reply = vec![1, 3, 30];
    part_reply.extend([0, 65].repeat(15));
    let mut heater = controller(&[
        (&value, b""),
        (&part, &with_crc(&part_reply)),
        (&value, WARM),
        (&rtu_read(1330), NO_SUCH_REGISTER),
        (&rtu_read(11_288), NO_SUCH_REGISTER),
    ]);
    let c = heater.temperature_c().expect("the second answer");
    assert_eq!(c.to_bits(), f64::from(23.4_f32).to_bits());
}

#[test]
fn a_temperature_that_is_no_number_is_an_open_sensor() {
    let value = rtu_frame(&Request::Read { function: 3, register: 2820, count: 2 });
    let mut heater = controller(&[(&value, &with_crc(b"\x01\x03\x04\x00\x00\x7F\xC0"))]);
    assert_eq!(heater.temperature_c(), Err(FaultKind::SensorOpen));
}

#[test]
fn an_led_gets_its_current_before_its_first_light() {
    let mut led = Dc2200::new(
        dialog(&[
            (b"SOURCE1:MODE CC\n", b""),
            (b"SOURCE1:CCURENT:CURRENT 0.35\n", b""),
            (b"SOURCE1:CCURENT:CURRENT?\n", b"3.5E-01\n"),
            (b"OUTPUT1:STATE ON\n", b""),
            (b"OUTPUT1:STATE?\n", b"1\n"),
            (b"OUTPUT1:STATE OFF\n", b""),
            (b"OUTPUT1:STATE?\n", b"1\n"),
            (b"SYSTEM:ERROR?\n", b"-240,\"Hardware error\"\n"),
        ]),
        0.35,
    );
    assert_eq!(led.switch(true), Ok(()));
    let fault = led.switch(false).unwrap_err();
    assert_eq!(fault.to_string(), "refused: the output is not OFF: -240,\"Hardware error\"");
}

#[test]
fn an_led_of_four_is_switched_by_its_channel() {
    let driver = Dc4100::new(dialog(&[(b"o 2 0\r\n", b""), (b"o? 2\r\n", b"0\r\n")]));
    let mut led = Dc4100Led::new(Rc::new(RefCell::new(driver)), 2, 100.0);
    assert_eq!(led.switch(false), Ok(()));
}

/// An instrument that is slow answers a question that somebody else has asked at its port.
#[test]
fn what_another_instrument_says_makes_it_no_led_driver() {
    let script: Script<'_> = &[
        (b"n?\r\n", b"DC4104\r\n"),
        (b"s?\r\n", b"M00123456\r\n"),
        (b"v?\r\n", b"1.4\r\n"),
        (b"e?\r\n", b"0\r\n"),
    ];
    let identity = Dc4100::new(dialog(script)).identify().expect("it is one");
    assert_eq!(identity.model, "Thorlabs DC4104");
    let mut other = Dc4100::new(dialog(&[(b"n?\r\n", b"dispensed volume = 0\r\n")]));
    let fault = other.identify().expect_err("it is none");
    assert!(fault.to_string().contains("\"dispensed volume = 0\" answers n?"), "{fault}");
}

#[test]
fn what_is_no_number_is_no_value() {
    let garbled = |done: FaultKind| assert!(matches!(done, FaultKind::Garbled { .. }), "{done}");
    let volume = b"dispensed volume\r\ndispensed volume = nan\r\n>";
    let script: Script<'_> = &[(b"dispensed volume\r", volume)];
    garbled(Chemyx::new(dialog(script), 28.6).dispensed_ul().unwrap_err());

    // A pump that ran, and has units that are no number since.
    let running: Script<'_> = &[
        VOLUME,
        (b"start\r", b"start\r\nPump start running...\r\n>"),
        (b"pump status\r", b"pump status\r\n1\r\n>"),
        (b"view parameter\r", b"view parameter\r\nunit = nan\r\ndia = 28.600\r\n>"),
    ];
    let script: Vec<_> = PREPARE.iter().chain(running).copied().collect();
    let mut pump = Chemyx::new(dialog(&script), 28.6);
    let (rate, volume) = (FlowRate::from_ul_per_min(92.5), Volume::from_ul(1000.0));
    assert_eq!(pump.dispense(rate, volume), Ok(()));
    garbled(pump.dispense(rate, volume).unwrap_err());

    let led: Script<'_> = &[
        (b"SOURCE1:MODE CC\n", b""),
        (b"SOURCE1:CCURENT:CURRENT 0.35\n", b""),
        (b"SOURCE1:CCURENT:CURRENT?\n", b"NAN\n"),
    ];
    let fault = Dc2200::new(dialog(led), 0.35).switch(true).unwrap_err();
    assert!(matches!(fault, FaultKind::KeptOther { .. }), "{fault}");

    let question = b":SOURCE:CLOOP1:PVALUE?\n";
    let script: Script<'_> = &[(b":SOURCE:CLOOP1:ERROR?\n", b"NONE\n"), (question, b"NaN\n")];
    garbled(F4tScpi::new(dialog(script), 1, 1).temperature_c().unwrap_err());
}

#[test]
fn a_channel_believes_its_own_settings_not_those_of_the_first() {
    let both = b"2 view parameter\rPump 1:\r\nunit = 2\r\ndia = 28.600\r\nPump 2: \r\nunit = 0\r\ndia = 28.600\r\n>";
    let script: Script<'_> = &[
        (b"\r", b">"),
        (b"2 pump status\r", b"2 pump status\r0\r\n>"),
        (b"2 set units 2\r", b"2 set units 2\runits = 2\r\n>"),
        (b"2 set diameter 28.600\r", b"2 set diameter 28.600\rdiameter = 28.600\r\n>"),
        (b"2 read limit parameter\r", b"2 read limit parameter\r114479.7 0.48 96363.4 12.8\r\n>"),
        (b"2 view parameter\r", both),
    ];
    let port = Rc::new(RefCell::new(ChemyxPort::new(dialog(script))));
    let mut pump = Chemyx::channel(port, Some(2), 28.6);
    assert_eq!(pump.get_ready(), Ok(()));
    let fault = pump.get_ready().unwrap_err();
    assert!(matches!(fault, FaultKind::KeptOther { .. }), "it is back in mL/min: {fault}");
}

#[test]
fn a_connection_that_has_died_in_silence_is_made_anew() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let instrument = std::thread::spawn(move || {
        // The power is cut on the first connection: nobody answers, nobody hangs up.
        let (_dead, _) = listener.accept().expect("a connection");
        let (mut alive, _) = listener.accept().expect("another connection");
        let mut asked = [0; 6];
        alive.read_exact(&mut asked).expect("a question");
        alive.write_all(b"Thorlabs\n").expect("an answer");
    });
    let (brief, patient) = (Duration::from_millis(50), Duration::from_secs(600));
    let mut dialog = Dialog::new(Box::new(TcpWire::new(&address, patient)), patient);
    let mut ask =
        |patience| dialog.ask_patiently(b"*IDN?\n", patience, line::scan, |line| Ok(Some(line)));
    assert!(matches!(ask(brief), Err(FaultKind::NoReply { .. })));
    assert_eq!(ask(patient).as_deref(), Ok("Thorlabs"));
    instrument.join().expect("it was asked on a second connection");
}

/// A line that carries what is sent, and brings nothing back.
#[derive(Clone, Debug, Default)]
struct OneWay {
    sent: Rc<RefCell<Vec<Vec<u8>>>>,
    hurried: Rc<std::cell::Cell<bool>>,
}

impl Transport for OneWay {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        self.sent.borrow_mut().push(bytes.to_vec());
        Ok(())
    }
    fn read(&mut self, _: &mut Vec<u8>, _: Duration) -> Result<usize, FaultKind> {
        Ok(0)
    }
    fn grants(&self, patience: Duration) -> Duration {
        if self.hurried.get() { patience / 4 } else { patience }
    }
}

/// The receiver of an RS-485 adapter has died, or the wire back has come off: the controller hears every word.
#[test]
fn a_controller_that_is_not_heard_is_turned_off_all_the_same() {
    let line = OneWay::default();
    let dialog = Dialog::new(Box::new(line.clone()), Duration::from_millis(20));
    let mut oven = ModbusHost::new(dialog, Framing::Rtu, 1);
    assert!(oven.read(2_000, 1).is_err(), "nothing comes back");
    let writes = || -> Vec<Vec<u8>> {
        let sent = std::mem::take(&mut *line.sent.borrow_mut());
        sent.into_iter().filter(|frame| frame[1] == 6).collect()
    };
    assert_eq!(writes(), Vec::<Vec<u8>>::new());
    assert!(oven.write(2_000, &[10]).is_err());
    assert_eq!(writes(), Vec::<Vec<u8>>::new(), "nothing new is begun on a line that is silent");
    line.hurried.set(true);
    assert!(oven.write(2_000, &[62]).is_err(), "it has not acknowledged");
    let written = writes();
    assert_eq!(written.len(), 1, "{written:?}");
    assert_eq!(written[0][..6], [1, 6, 0x07, 0xD0, 0, 62]);
}
