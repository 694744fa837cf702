//! Protocol files make drivers and emulators that are mirror images.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_backends::codec::chemyx::Dialect;
use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::driver::chemyx::Chemyx;
use flowtwin_backends::driver::protocol::{ProtocolDriver, ProtocolHost};
use flowtwin_backends::emulator::chemyx::ChemyxEmulator;
use flowtwin_backends::emulator::protocol::ProtocolEmulator;
use flowtwin_backends::emulator::{Ailment, Emulator, Line, MemoryWire, World, WorldBehind};
use flowtwin_backends::instrument::{Heater as _, Probe as _, Pump, Valve as _};
use flowtwin_backends::protocol::Protocol;
use flowtwin_backends::transport::{Dialog, Scripted};
use flowtwin_backends::{EmulatedRig, Wiring};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    FaultKind, FlowRate, Lab, Probe, SensorKind, Span, Steps, Temperature, Volume, conformance,
};

const PATIENCE: Duration = Duration::from_secs(1);

/// The toy lab with a pump and a heater by these files, and the usual instruments for the rest.
fn rig(pump: &str, heater: &str) -> EmulatedRig {
    let text = format!(
        "schema = 1\n[protocol.water]\nfile = \"{pump}\"\n[protocol.plate]\nfile = \"{heater}\"\n[hdx.eye]\n\
         [dc2200.lamp]\ncurrent_a = 0.3\n[f4t.door]\nloops = {{}}\ninputs = {{ door = {{ module = 1, io = 1 }} }}\n"
    );
    let wiring = Wiring::parse(&text).expect("a wiring file");
    EmulatedRig::new(Box::new(ToyLab::new()), &wiring).expect("it fits")
}

#[test]
fn rigs_of_protocol_files_keep_the_contract_of_a_lab() {
    for (pump, heater) in [
        ("chemyx-fusion", "eurotherm-2000"),
        ("harvard-kds", "watlow-ez-zone-pm"),
        ("new-era-ne1000", "omega-platinum"),
        ("new-era-ne1000", "huber-kiss"),
        ("chemyx-fusion", "julabo"),
        ("new-era-ne1000", "huber-pb"),
        ("chemyx-fusion", "lauda"),
        ("new-era-ne1000", "ika-plate"),
        ("chemyx-fusion", "eurotherm-3200"),
    ] {
        let checked = conformance::check(&mut rig(pump, heater), None);
        checked.unwrap_or_else(|error| panic!("{pump}, {heater}: {error:?}"));
    }
}

/// The toy lab with a valve: a pump and a valve by their files, and the usual instruments for the rest.
#[test]
fn a_pump_refills_itself_through_a_valve_each_by_its_file() {
    for valve in ["vici-universal", "rheodyne-mx-2"] {
        let text = format!(
            "schema = 1\n[protocol.water]\nfile = \"new-era-ne1000\"\n[protocol.tap]\nfile = \"{valve}\"\n\
             [hdx.eye]\n[dc2200.lamp]\ncurrent_a = 0.3\n\
             [f4t.door]\nloops = {{ plate = 1 }}\ninputs = {{ door = {{ module = 1, io = 1 }} }}\n"
        );
        let wiring = Wiring::parse(&text).expect("a wiring file");
        let lab = Box::new(ToyLab::new().with_valve());
        let mut rig = EmulatedRig::new(lab, &wiring).expect("it fits");
        conformance::check(&mut rig, None).unwrap_or_else(|error| panic!("{valve}: {error:?}"));
    }
}

#[test]
fn a_rheodyne_valve_counts_its_positions_in_hexadecimal_digits() {
    let world: World =
        Rc::new(RefCell::new(WorldBehind::new(Box::new(ToyLab::new().with_valve()))));
    let mut emulator =
        ProtocolEmulator::new(file("rheodyne-mx-2"), Framing::Rtu, [("tap".to_owned(), 0)]);
    for (sent, said) in
        [("S\r", "01\r"), ("P02\r", "\r"), ("S\r", "02\r"), ("P0A\r", ""), ("X\r", "")]
    {
        assert_eq!(ask(&mut emulator, &world, sent), said, "{sent:?}");
    }
}

#[test]
fn a_huber_thermostat_tells_hundredths_in_hexadecimal_digits() {
    let world = world();
    let parts = [("plate".to_owned(), 0)];
    let mut emulator = ProtocolEmulator::new(file("huber-pb"), Framing::Rtu, parts);
    for (sent, said) in [
        ("{M14****\r\n", "{S140000\r\n"),
        ("{M01****\r\n", "{S0109C4\r\n"),
        ("{M00FF9C\r\n", "{S00FF9C\r\n"),
        ("{M00****\r\n", "{S00FF9C\r\n"),
        ("{M140001\r\n", "{S140001\r\n"),
        ("{M14****\r\n", "{S140001\r\n"),
        ("{MFF****\r\n", ""),
    ] {
        assert_eq!(ask(&mut emulator, &world, sent), said, "{sent:?}");
    }
}

/// The examples of Huber's manual, and the temperature of the toy lab.
#[test]
fn a_kiss_thermostat_answers_as_its_manual_says() {
    let world = world();
    let parts = [("plate".to_owned(), 0)];
    let mut emulator = ProtocolEmulator::new(file("huber-kiss"), Framing::Rtu, parts);
    for (sent, said) in [
        ("CA?\r\n", "CA +00000\r\n"),
        ("TI?\r\n", "TI +02500\r\n"),
        ("TE?\r\n", "TE -15100\r\n"),
        ("SP@ -01234\r\n", "SP -01234\r\n"),
        ("SP?\r\n", "SP -01234\r\n"),
        ("CA@ 00001\r\n", "CA +00001\r\n"),
        ("CA?\r\n", "CA +00001\r\n"),
        ("CA@ 00000\r\n", "CA +00000\r\n"),
        ("CA?\r\n", "CA +00000\r\n"),
        ("XX?\r\n", ""),
    ] {
        assert_eq!(ask(&mut emulator, &world, sent), said, "{sent:?}");
    }
    let asked: &[(&[u8], &[u8])] = &[
        (b"SP@ +04560\r\n", b"SP +04560\r\n"),
        (b"SP?\r\n", b"SP +04560\r\n"),
        (b"CA@ 00001\r\n", b"CA +00001\r\n"),
        (b"CA?\r\n", b"CA +00001\r\n"),
        (b"TI?\r\n", b"TI +02499\r\n"),
    ];
    let mut plate = driver("huber-kiss", Dialog::new(Box::new(Scripted::new(asked)), PATIENCE));
    plate.heat(Temperature::from_c(45.6)).unwrap();
    assert_eq!(plate.temperature_c(), Ok(24.99));
}

#[test]
fn hundredths_of_a_degree_are_read_as_a_person_would_write_them() {
    let asked: &[(&[u8], &[u8])] =
        &[(b"{M1C****\r\n", b"{S1C4A38\r\n"), (b"{M01****\r\n", b"{S010CC9\r\n")];
    let mut plate = driver("huber-pb", Dialog::new(Box::new(Scripted::new(asked)), PATIENCE));
    assert_eq!(plate.temperature_c(), Ok(32.73));
}

/// A Cavro XLP 6000 with a syringe of 1 mL: 60 mm of travel are 48 000 microsteps.
fn cavro() -> ToyLab {
    ToyLab::new().with_valve().with_steps(BORE_MM, Steps::of(BORE_MM, 1.25, 1.25))
}

/// The bore of a syringe of 1 mL over 60 mm of travel.
const BORE_MM: f64 = 4.607;

#[test]
fn pumps_that_count_steps_refill_themselves_through_valves_of_their_own() {
    let psd = || {
        let steps = Steps::of(BORE_MM, 1.25, 5.0);
        ToyLab::new().with_valve().with_steps(BORE_MM, steps)
    };
    for (file, lab) in [("cavro-xlp-6000", cavro()), ("hamilton-psd-4", psd())] {
        let text = format!(
            "schema = 1\n[protocol.water]\nfile = \"{file}\"\nvalves = {{ water = \"tap\" }}\n\
             [hdx.eye]\n[dc2200.lamp]\ncurrent_a = 0.3\n\
             [f4t.door]\nloops = {{ plate = 1 }}\ninputs = {{ door = {{ module = 1, io = 1 }} }}\n"
        );
        let wiring = Wiring::parse(&text).expect("a wiring file");
        let mut rig = EmulatedRig::new(Box::new(lab), &wiring).expect("it fits");
        conformance::check(&mut rig, None).unwrap_or_else(|error| panic!("{file}: {error:?}"));
    }
}

#[test]
fn a_cavro_pump_is_told_microsteps_and_says_where_its_plunger_is() {
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(cavro()))));
    let tapped = Rc::new(RefCell::new(Vec::new()));
    let valves = [("water".to_owned(), "tap".to_owned())].into();
    let parts = [("water".to_owned(), 1)];
    let emulator =
        ProtocolEmulator::with_valves(file("cavro-xlp-6000"), Framing::Rtu, parts, &valves);
    let emulator = Box::new(Tapped(Box::new(emulator), tapped.clone()));
    let protocol = file("cavro-xlp-6000");
    let host = ProtocolHost::new(&protocol, dialog(emulator, &world), Framing::Rtu, 1);
    let pump = ProtocolDriver::new(protocol, ProtocolDriver::line(host), 1);
    let mut valve = pump.beside();
    let mut pump = pump.with_bore(Some(BORE_MM));
    let steps = Steps::of(BORE_MM, 1.25, 1.25);
    let rate = FlowRate::from_ul_per_min(100.0 * steps.ul_per_min);
    pump.dispense(rate, Volume::from_ul(1000.0 * steps.ul)).expect("it runs");
    world.borrow_mut().wait(Span::from_secs(4.0)).expect("time passes");
    assert_eq!(pump.dispensed_ul().map(f64::to_bits), Ok((400.0 * steps.ul).to_bits()));
    pump.stop().expect("it stops");
    valve.turn(1).expect("it turns");
    assert_eq!(valve.position(), Ok(Some(1)));
    pump.withdraw(rate, Volume::from_ul(200.0 * steps.ul)).expect("it draws");
    world.borrow_mut().wait(Span::from_secs(3.0)).expect("time passes");
    assert_eq!(pump.dispensed_ul().map(f64::to_bits), Ok((200.0 * steps.ul).to_bits()));
    let said: Vec<(String, String)> = tapped.take();
    let said: Vec<(&str, &str)> = said.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    for exchange in [
        ("/1N2R\r", "/0`\u{3}\r\n"),
        ("/1?28\r", "/0`2\u{3}\r\n"),
        ("/1?\r", "/0`47991\u{3}\r\n"),
        ("/1V100R\r", "/0`\u{3}\r\n"),
        ("/1?2\r", "/0`100\u{3}\r\n"),
        ("/1D1000R\r", "/0@\u{3}\r\n"),
        ("/1Q\r", "/0@\u{3}\r\n"),
        ("/1?\r", "/0@47591\u{3}\r\n"),
        ("/1T\r", "/0`\u{3}\r\n"),
        ("/1IR\r", "/0`\u{3}\r\n"),
        ("/1?6\r", "/0`i\u{3}\r\n"),
        ("/1P200R\r", "/0@\u{3}\r\n"),
        ("/1?\r", "/0`47791\u{3}\r\n"),
    ] {
        assert!(said.contains(&exchange), "{exchange:?} in {said:#?}");
    }
}

/// Whoever identifies pumps knows no syringe yet: the pump moves a whole number of steps all the same.
#[test]
fn a_pump_that_counts_steps_is_nudged_before_its_syringe_is_known() {
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(cavro()))));
    let tapped = Rc::new(RefCell::new(Vec::new()));
    let parts = [("water".to_owned(), 1)];
    let emulator = ProtocolEmulator::new(file("cavro-xlp-6000"), Framing::Rtu, parts);
    let emulator = Box::new(Tapped(Box::new(emulator), tapped.clone()));
    let emulator = Box::new(Ticking(emulator));
    let protocol = file("cavro-xlp-6000");
    let host = ProtocolHost::new(&protocol, dialog(emulator, &world), Framing::Rtu, 1);
    let mut pump = ProtocolDriver::new(protocol, ProtocolDriver::line(host), 1);
    // 191 microsteps of 1.25 µm in a bore of 7.3 mm.
    let moved = pump.nudge().expect("it moves");
    assert!((moved - 191.0 * flowtwin_lab::travel_ul(7.3, 1.25)).abs() < 1e-9, "{moved}");
    assert!(tapped.take().iter().any(|(sent, _)| sent == "/1D191R\r"));
}

/// It says with every answer what is wrong: in the low half of its status.
#[test]
fn a_cavro_pump_refuses_in_its_status() {
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(cavro()))));
    let parts = || [("water".to_owned(), 1)];
    let mut emulator = ProtocolEmulator::new(file("cavro-xlp-6000"), Framing::Rtu, parts());
    for (sent, said) in [
        ("/1Q\r", "/0`\u{3}\r\n"),
        ("/1XR\r", "/0b\u{3}\r\n"),
        ("/1V3R\r", "/0c\u{3}\r\n"),
        ("/1D48000R\r", "/0c\u{3}\r\n"),
        ("/2Q\r", ""),
        ("1Q\r", ""),
    ] {
        assert_eq!(ask(&mut emulator, &world, sent), said, "{sent:?}");
    }
    // After its power was lost, somebody has to initialise it.
    for begins in [true, false] {
        emulator.afflict(Ailment::PowerLoss, begins, &mut *world.borrow_mut());
    }
    assert_eq!(ask(&mut emulator, &world, "/1D100R\r"), "/0o\u{3}\r\n");
    let protocol = file("cavro-xlp-6000");
    let host = ProtocolHost::new(&protocol, dialog(Box::new(emulator), &world), Framing::Rtu, 1);
    let pump = ProtocolDriver::new(protocol, ProtocolDriver::line(host), 1);
    let (rate, ul) = (FlowRate::from_ul_per_min(125.0), Volume::from_ul(10.0));
    let unknown = pump.beside().dispense(rate, ul).expect_err("nobody knows its syringe");
    assert!(unknown.to_string().contains("the bore of the syringe is not known"), "{unknown}");
    let refused = pump.with_bore(Some(BORE_MM)).dispense(rate, ul).expect_err("it does not move");
    assert!(refused.to_string().contains("it cannot do that now"), "{refused}");
}

#[test]
fn a_vici_valve_is_told_a_position_and_says_its_own_with_two_digits() {
    let lab = Box::new(ToyLab::new().with_valve());
    let world: World = Rc::new(RefCell::new(WorldBehind::new(lab)));
    let tapped = Rc::new(RefCell::new(Vec::new()));
    let emulator =
        ProtocolEmulator::new(file("vici-universal"), Framing::Rtu, [("tap".to_owned(), 0)]);
    let emulator = Box::new(Tapped(Box::new(emulator), tapped.clone()));
    let mut valve = driver("vici-universal", dialog(emulator, &world));
    valve.turn(1).expect("it turns");
    assert_eq!(valve.position(), Ok(Some(1)));
    let far = valve.turn(40).expect_err("it has no position 41");
    assert_eq!(far.to_string(), "position 41  is outside 1 to 40 ");
    let said: Vec<(String, String)> = tapped.take();
    let said: Vec<(&str, &str)> = said.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(said, [("IFM0\r", ""), ("GO2\r", ""), ("CP\r", "CP02\r")]);
}

#[test]
fn a_new_era_pump_draws_and_tells_what_it_has_drawn() {
    let lab = Box::new(ToyLab::new().with_valve());
    let world: World = Rc::new(RefCell::new(WorldBehind::new(lab)));
    let emulator = by_file("new-era-ne1000");
    let mut pump = driver("new-era-ne1000", dialog(emulator, &world)).with_bore(Some(20.0));
    let (rate, ul) = (FlowRate::from_ul_per_min(600.0), Volume::from_ul(50.0));
    let pass = |s: f64| world.borrow_mut().wait(Span::from_secs(s)).expect("time passes");
    pump.dispense(rate, ul).expect("it runs");
    pass(1.0);
    pump.withdraw(rate, ul).expect("it draws");
    pass(2.0);
    assert_eq!((pump.status(), pump.dispensed_ul()), (Ok(1), Ok(20.0)), "what it has drawn");
    pass(4.0);
    assert_eq!((pump.status(), pump.dispensed_ul()), (Ok(0), Ok(50.0)));
    pump.dispense(rate, ul).expect("it delivers again");
    pass(1.0);
    assert_eq!(pump.dispensed_ul(), Ok(10.0));
}

/// An emulator that writes down what comes and goes.
struct Tapped(Box<dyn Emulator>, Rc<RefCell<Vec<(String, String)>>>);

impl Emulator for Tapped {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        let (came, said) = (line.input.clone(), line.output.len());
        self.0.serve(line, world);
        if !came.is_empty() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            self.1.borrow_mut().push((text(&came), text(&line.output[said..])));
        }
    }
}

/// An emulator whose world goes on by a second with every request.
struct Ticking(Box<dyn Emulator>);

impl Emulator for Ticking {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        self.0.serve(line, world);
        world.wait(Span::from_secs(1.0)).expect("time passes");
    }
}

fn world() -> World {
    Rc::new(RefCell::new(WorldBehind::new(Box::new(ToyLab::new()))))
}

pub(crate) fn file(name: &str) -> Rc<Protocol> {
    Rc::new(Protocol::load(name, "".as_ref()).expect("it comes with flowtwin"))
}

fn by_file(name: &str) -> Box<dyn Emulator> {
    Box::new(ProtocolEmulator::new(file(name), Framing::Rtu, [("water".to_owned(), 0)]))
}

fn dialog(emulator: Box<dyn Emulator>, world: &World) -> Dialog {
    let emulator = Rc::new(RefCell::new(emulator));
    Dialog::new(Box::new(MemoryWire::new(emulator, world.clone())), PATIENCE)
}

pub(crate) fn driver(name: &str, dialog: Dialog) -> ProtocolDriver {
    let protocol = file(name);
    let host = ProtocolHost::new(&protocol, dialog, Framing::Rtu, 1);
    ProtocolDriver::new(protocol, ProtocolDriver::line(host), 0)
}

/// What a pump does on a working day; what it showed.
fn day(pump: &mut dyn Pump, world: &World) -> Vec<String> {
    let run = |ul| (FlowRate::from_ul_per_min(92.5), Volume::from_ul(ul));
    let mut seen = Vec::new();
    let ((rate, volume), (_, short)) = (run(50.0), run(1.0));
    pump.get_ready().expect("it takes its settings");
    pump.dispense(rate, volume).expect("it runs");
    for span_s in [5.0, 60.0] {
        world.borrow_mut().wait(Span::from_secs(span_s)).expect("time passes");
        seen.push(format!("{:?} {:.2}", pump.status(), pump.dispensed_ul().expect("it tells")));
    }
    pump.dispense(rate, short).expect("it runs");
    seen.push(format!("{:.3}", pump.rate_ul_per_min().expect("it tells")));
    pump.stop().expect("it stops");
    seen.push(format!("{:?}", pump.status()));
    seen
}

/// The built-in pump and the one of the file are told the same, byte for byte, where they are asked the same.
#[test]
fn the_file_of_the_chemyx_pump_speaks_the_bytes_of_the_built_in_one() {
    let transcript = |emulator: Box<dyn Emulator>| {
        let (world, tapped) = (world(), Rc::new(RefCell::new(Vec::new())));
        let emulator = Box::new(Tapped(emulator, tapped.clone()));
        let mut pump = driver("chemyx-fusion", dialog(emulator, &world)).with_bore(Some(20.0));
        let seen = day(&mut pump, &world);
        (seen, tapped.take())
    };
    let built_in = ChemyxEmulator::single(Dialect::Classic, "water".into());
    let (ours, theirs) = (transcript(by_file("chemyx-fusion")), transcript(Box::new(built_in)));
    assert_eq!(ours.0, theirs.0);
    for (ours, theirs) in ours.1.iter().zip(&theirs.1) {
        assert_eq!(ours, theirs);
    }
    assert!(ours.1.len() > 20 && ours.1.len() == theirs.1.len());
}

/// The built-in driver takes the emulator of the file for a pump, except that it tells no limits.
#[test]
fn the_built_in_driver_runs_the_chemyx_pump_of_the_file_as_far_as_that_knows_its_commands() {
    let world = world();
    let mut pump = Chemyx::new(dialog(by_file("chemyx-fusion"), &world), 20.0);
    assert_eq!(pump.status(), Ok(0));
    assert!(
        matches!(pump.get_ready(), Err(FaultKind::Refused { detail }) if detail.contains("read limit parameter"))
    );
}

#[test]
fn a_new_era_pump_counts_pauses_and_refuses_as_its_manual_says() {
    let world = world();
    let mut pump =
        driver("new-era-ne1000", dialog(by_file("new-era-ne1000"), &world)).with_bore(Some(20.0));
    let seen = day(&mut pump, &world);
    assert_eq!(seen, ["Ok(1) 7.71", "Ok(0) 50.00", "92.500", "Ok(0)"]);
    let fast = FlowRate::from_ul_per_min(1e8);
    let refused = pump.dispense(fast, Volume::from_ul(1.0));
    assert!(matches!(refused, Err(FaultKind::OutOfRange { .. })), "{refused:?}");
    // By hand, as somebody at a terminal.
    let mut emulator = by_file("new-era-ne1000");
    let mut ask = |text: &str| {
        let mut line = Line::default();
        line.input.extend_from_slice(text.as_bytes());
        emulator.serve(&mut line, &mut *world.borrow_mut());
        String::from_utf8(line.output).expect("text")
    };
    assert_eq!(ask("dia 20\r"), "\u{2}00S\u{3}");
    assert_eq!(ask("00 DIA\r"), "\u{2}00S20.00\u{3}");
    assert_eq!(ask("rat 0.5 mm\r"), "\u{2}00S\u{3}");
    assert_eq!(ask("RAT\r"), "\u{2}00S0.500MM\u{3}");
    assert_eq!(
        ask("VOL UL\r") + &ask("VOL 40\r") + &ask("VOL\r"),
        "\u{2}00S\u{3}\u{2}00S\u{3}\u{2}00S40.00UL\u{3}"
    );
    assert_eq!(ask("DIA 99\r"), "\u{2}00S?OOR\u{3}");
    assert_eq!(ask("XYZ\r"), "\u{2}00S?\u{3}");
    assert_eq!(ask("RUN\r"), "\u{2}00I\u{3}");
    assert_eq!(ask("STP\r"), "\u{2}00P\u{3}", "the first stop pauses");
    assert_eq!(ask("STP\r"), "\u{2}00S\u{3}");
    // The manual's own packet that returns a pump to the basic mode.
    assert_eq!(ask("\u{2}\u{8}SAF0\u{55}\u{43}\u{3}"), "\u{2}00S\u{3}");
    assert_eq!(ask("07RUN\r"), "", "it is meant for another");
}

/// Nothing but the prompt ends an answer of these pumps, and the prompt alone is an answer too.
#[test]
fn a_pump_of_a_pump_chain_answers_as_its_manuals_say() {
    let world = world();
    let name = "harvard-kds";
    let mut pump = driver(name, dialog(by_file(name), &world)).with_bore(Some(20.0));
    assert_eq!(day(&mut pump, &world), ["Ok(1) 7.71", "Ok(0) 50.00", "92.500", "Ok(0)"]);
    // By hand, at the first address of a chain and at another.
    for (address, line, prompt) in [(0, "", ""), (12, "12:", "12")] {
        let parts = [("water".to_owned(), address)];
        let mut emulator = ProtocolEmulator::new(file(name), Framing::Rtu, parts);
        let mut ask = |text: &str| {
            let mut wire = Line::default();
            wire.input.extend_from_slice(format!("{prompt}{text}\r").as_bytes());
            emulator.serve(&mut wire, &mut *world.borrow_mut());
            String::from_utf8(wire.output).expect("text")
        };
        assert_eq!(ask(""), format!("\n{prompt}:"));
        assert_eq!(ask("irat 3.2 u/m"), format!("\n{line}Command error:\r\n{line}\r\n{prompt}:"));
        assert_eq!(ask("irate 3.2 u/m"), format!("\n{prompt}:"));
        assert_eq!(ask("IRATE"), format!("\n{line}3.2000 ul/min\r\n{prompt}:"));
        assert_eq!(
            ask("diameter 99 mm"),
            format!("\n{line}Argument error:\r\n{line}\r\n{prompt}:")
        );
        assert_eq!(ask("tvolume 40 ul"), format!("\n{prompt}:"));
        assert_eq!(ask("irun"), format!("\n{prompt}>"));
        assert_eq!(ask("stop"), format!("\n{prompt}:"));
    }
}

#[test]
fn answers_that_their_pattern_ends_are_read_with_and_without_polling() {
    let pump = |script: &[(&[u8], &[u8])]| {
        driver("harvard-kds", Dialog::new(Box::new(Scripted::new(script)), PATIENCE))
    };
    for (said, status) in [(":", 0), (">", 1), ("T*", 0), (":\u{11}", 0), ("T*\u{11}", 0)] {
        let answer = format!("\n{said}");
        assert_eq!(pump(&[(b"\r", answer.as_bytes())]).status(), Ok(status), "{said:?}");
    }
    let known: (&[u8], &[u8]) = (b"ver\r", b"\n11 ELITE I/W Single 3.0.4\r\n:");
    let counts = |said: &str, times: usize| {
        let asked: (&[u8], &[u8]) = (b"ivolume\r", said.as_bytes());
        pump(&[&[known][..], &vec![asked; times]].concat()).dispensed_ul()
    };
    assert_eq!(counts("\n0.5 ml\r\n>\u{11}", 1), Ok(500.0));
    // Half an answer is none, and neither is one of another pump: it is asked three times.
    for said in ["\n0.5 ml\r", "\n", "", "\n07:0.5 ml\r\n07>"] {
        let none = counts(said, 3);
        let is_none = matches!(none, Err(FaultKind::NoReply { .. } | FaultKind::Garbled { .. }));
        assert!(is_none, "{said:?}: {none:?}");
    }
    let refused = counts("\nCommand error:\r\n   Unknown command\r\n:", 1);
    assert!(matches!(refused, Err(FaultKind::Refused { .. })), "{refused:?}");
}

#[test]
fn controllers_by_file_heat_and_are_off() {
    let all = [
        "eurotherm-2000",
        "eurotherm-3200",
        "omega-platinum",
        "watlow-ez-zone-pm",
        "julabo",
        "huber-kiss",
        "huber-pb",
        "ika-plate",
        "lauda",
    ];
    all.into_iter().for_each(heats_and_is_off);
}

fn heats_and_is_off(name: &str) {
    let (world, protocol) = (world(), file(name));
    let address = u16::from(protocol.line.is_none());
    let emulator = ProtocolEmulator::new(protocol, Framing::Rtu, [("plate".to_owned(), address)]);
    let mut heater = driver(name, dialog(Box::new(emulator), &world));
    assert!(heater.identify().expect("it answers").notes[0].contains("control off"));
    heater.heat(Temperature::from_c(80.0)).expect("it takes it");
    assert!((heater.set_point_c().expect("it tells") - 80.0).abs() < 1e-6);
    world.borrow_mut().wait(Span::from_secs(600.0)).expect("time passes");
    assert!(heater.temperature_c().expect("it tells") > 60.0);
    heater.off().expect("it is off");
    assert_eq!(heater.mode(), Ok(0.0));
}

/// What an emulator answers by hand.
pub(crate) fn ask(emulator: &mut dyn Emulator, world: &World, text: &str) -> String {
    let mut line = Line::default();
    line.input.extend_from_slice(text.as_bytes());
    emulator.serve(&mut line, &mut *world.borrow_mut());
    String::from_utf8(line.output).expect("text")
}

/// It answers questions, and takes commands without a word.
#[test]
fn a_julabo_circulator_answers_as_its_manuals_say() {
    let world = world();
    let parts = [("plate".to_owned(), 0)];
    let mut emulator = ProtocolEmulator::new(file("julabo"), Framing::Rtu, parts);
    for (sent, said) in [
        ("in_mode_05\r", "0\r\n"),
        ("out_sp_00 55.5\r", ""),
        ("in_sp_00\r", "55.50\r\n"),
        ("out_mode_05 1\r", ""),
        ("in_mode_05\r", "1\r\n"),
        ("in_pv_00\r", "25.00\r\n"),
        ("out_mode_05 0\r", ""),
        ("in_mode_05\r", "0\r\n"),
        ("in_nothing\r", ""),
    ] {
        assert_eq!(ask(&mut emulator, &world, sent), said, "{sent:?}");
    }
}

#[test]
fn a_balance_tells_grams_in_whatever_unit_it_shows() {
    let lab = ToyLab::new().with_sensor("scale", SensorKind::Probe(Probe::Mass), 120.2);
    let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(lab))));
    let parts = || [("scale".to_owned(), 0)];
    let mut emulator = ProtocolEmulator::new(file("mettler-mt-sics"), Framing::Rtu, parts());
    assert_eq!(ask(&mut emulator, &world, "SI\r\n"), "S S     120.20 g\r\n");
    assert_eq!(ask(&mut emulator, &world, "I4\r\n"), "I4 A \"B021002593\"\r\n");
    assert_eq!(ask(&mut emulator, &world, "XX\r\n"), "ES\r\n");
    let mut scale = driver("mettler-mt-sics", dialog(Box::new(emulator), &world));
    assert_eq!(scale.value(), Ok(120.2));
    assert_eq!(scale.identify().expect("it tells").serial_number.as_deref(), Some("B021002593"));
    for (said, reads) in [
        ("S S      0.120 kg\r\n", Some(120.0)),
        ("S D      -0.35 g\r\n", Some(-0.35)),
        ("S I\r\n", None),
        ("S +\r\n", None),
    ] {
        let asked: &[(&[u8], &[u8])] =
            &[(b"I4\r\n", b"I4 A \"B1\"\r\n"), (b"SI\r\n", said.as_bytes())];
        let wire = Scripted::new(asked);
        let read = driver("mettler-mt-sics", Dialog::new(Box::new(wire), PATIENCE)).value();
        assert_eq!(read.as_ref().ok().copied(), reads, "{said:?}: {read:?}");
    }
}

#[test]
fn several_pumps_of_a_chain_share_a_line_by_their_addresses() {
    ["new-era-ne1000", "harvard-kds"].into_iter().for_each(share_a_line);
}

fn share_a_line(name: &str) {
    let world = world();
    let parts = [("water".to_owned(), 0), ("none".to_owned(), 7)];
    let emulator = ProtocolEmulator::new(file(name), Framing::Rtu, parts);
    let protocol = file(name);
    let host = ProtocolHost::new(&protocol, dialog(Box::new(emulator), &world), Framing::Rtu, 1);
    let line = ProtocolDriver::line(host);
    let pump = |address| ProtocolDriver::new(protocol.clone(), line.clone(), address);
    for address in [0, 7] {
        assert!(pump(address).identify().is_ok(), "{address}");
    }
    let silent = pump(3).identify();
    assert!(matches!(silent, Err(FaultKind::NoReply { .. })), "{silent:?}");
}
