//! Bytes from outside, given to everything that reads them: nothing panics, hangs, or moves the rig without being
//! told to, and nothing depends on how the bytes were split on their way.
//!
//! The first bytes of the data say where the rest is cut into pieces. The rest is then taken twice: as what a host
//! says to an emulated instrument, and as what an instrument answers to a driver.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_backends::Wiring;
use flowtwin_backends::codec::chemyx::Dialect;
use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::codec::modbus::WordOrder;
use flowtwin_backends::codec::ooi::Model;
use flowtwin_backends::codec::{Scan, crc, line, obp, rtu, tcp};
use flowtwin_backends::driver::chemyx::Chemyx;
use flowtwin_backends::driver::dc2200::Dc2200;
use flowtwin_backends::driver::dc4100::{Dc4100, Dc4100Led};
use flowtwin_backends::driver::f4t::{F4t, F4tInput, F4tLoop};
use flowtwin_backends::driver::f4t_scpi::F4tScpi;
use flowtwin_backends::driver::hdx::{Hdx, HdxLamp};
use flowtwin_backends::driver::modbus::ModbusHost;
use flowtwin_backends::driver::one_by_one::{self, Exposes, OneByOne};
use flowtwin_backends::driver::ooi::Ooi;
use flowtwin_backends::driver::qe_pro::QePro;
use flowtwin_backends::driver::sts::Sts;
use flowtwin_backends::emulator::chemyx::ChemyxEmulator;
use flowtwin_backends::emulator::dc2200::Dc2200Emulator;
use flowtwin_backends::emulator::dc4100::Dc4100Emulator;
use flowtwin_backends::emulator::f4t::{F4tEmulator, F4tTerminals};
use flowtwin_backends::emulator::f4t_scpi::F4tScpiEmulator;
use flowtwin_backends::emulator::hdx::HdxEmulator;
use flowtwin_backends::emulator::ooi::OoiEmulator;
use flowtwin_backends::emulator::qe_pro::QeProEmulator;
use flowtwin_backends::emulator::sts::StsEmulator;
use flowtwin_backends::emulator::{Emulator, Line};
use flowtwin_backends::folder::table;
use flowtwin_backends::instrument::{
    Heater as _, Light as _, Permit as _, Pump as _, Spectrometer,
};
use flowtwin_backends::transport::{Dialog, Transport};
use flowtwin_backends::wiring::LampLine;
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Exposure, FaultKind, FlowRate, Instant, Lab as _, Span, Temperature, Volume, journal,
};

/// A target: takes any bytes, and panics where a promise is broken.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const ALL: [(&str, Target); 10] = [
    ("chemyx", chemyx),
    ("modbus_rtu", modbus_rtu),
    ("modbus_tcp", modbus_tcp),
    ("scpi", scpi),
    ("obp", obp),
    ("ooi", ooi),
    ("dc4100", dc4100),
    ("folder_csv", folder_csv),
    ("journal", journal),
    ("wiring_file", wiring_file),
];

/// Most cuts.
const CUTS: usize = 8;

/// The pieces in which the bytes arrive: the first byte is the number of cuts, then one byte for each says how long
/// its piece is.
fn pieces(data: &[u8]) -> Vec<&[u8]> {
    let Some((&count, rest)) = data.split_first() else { return vec![data] };
    let (lengths, mut rest) = rest.split_at(usize::from(count) % CUTS % (rest.len() + 1));
    let mut pieces = Vec::new();
    for &length in lengths {
        let (piece, later) = rest.split_at(usize::from(length).min(rest.len()));
        pieces.push(piece);
        rest = later;
    }
    pieces.push(rest);
    pieces
}

/// What an emulator says to `pieces`, and whether everything stood still afterwards.
fn said(emulator: &mut dyn Emulator, pieces: &[&[u8]]) -> (Vec<u8>, bool) {
    let (mut line, mut world) = (Line::default(), ToyLab::new());
    let mut output = Vec::new();
    for piece in pieces {
        line.input.extend_from_slice(piece);
        emulator.serve(&mut line, &mut world);
        output.append(&mut line.output);
    }
    let still = world.is_safe();
    // Answers that are not due yet, and half a frame that is over.
    for _ in 0..4 {
        world.wait(Span::from_secs(100.0)).expect("a toy lab waits");
        line.quiet = true;
        emulator.serve(&mut line, &mut world);
        output.append(&mut line.output);
    }
    (output, still)
}

/// Gives the bytes to an emulator: whatever is not a command (as `commands` says of all bytes) moves nothing, and where
/// they are shorter than the longest line, the answer is the same as to bytes that come at once.
fn to_emulator<E: Emulator>(new: impl Fn() -> E, data: &[u8], commands: impl Fn(&[u8]) -> bool) {
    let pieces = pieces(data);
    let whole = pieces.concat();
    let (split, still) = said(&mut new(), &pieces);
    assert!(still || commands(&whole), "moved by bytes that hold no command");
    if whole.len() < line::LONGEST {
        let (joined, _) = said(&mut new(), &[&whole]);
        assert!(split == joined, "another answer to split bytes");
    }
}

/// A wire on which each request is answered by the next piece of the bytes, then by silence.
#[derive(Debug)]
struct Replies {
    pieces: VecDeque<Vec<u8>>,
    arrived: Vec<u8>,
}

impl Transport for Replies {
    fn write(&mut self, _: &[u8]) -> Result<(), FaultKind> {
        self.arrived.extend(self.pieces.pop_front().unwrap_or_default());
        Ok(())
    }

    fn read(&mut self, into: &mut Vec<u8>, _: Duration) -> Result<usize, FaultKind> {
        let bytes = self.arrived.len();
        into.append(&mut self.arrived);
        Ok(bytes)
    }
}

/// A dialog with an instrument that answers with these bytes.
fn dialog(data: &[u8]) -> Dialog {
    let pieces = pieces(data).into_iter().map(<[u8]>::to_vec).collect();
    Dialog::new(Box::new(Replies { pieces, arrived: Vec::new() }), Duration::from_secs(1))
}

/// Whether `needle` is somewhere in `bytes`, in any case.
fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// Chemyx commands and replies.
pub fn chemyx(data: &[u8]) {
    for dialect in [Dialect::Classic, Dialect::X] {
        to_emulator(
            || ChemyxEmulator::single(dialect, "water".into()),
            data,
            |bytes| holds(bytes, "start"),
        );
    }
    let two = || ChemyxEmulator::multi(Dialect::X, vec!["water".into(), "oil".into()]);
    to_emulator(two, data, |bytes| holds(bytes, "start"));
    // The outcome of a command is free; that there is one is the promise.
    let _ = Chemyx::new(dialog(data), 20.0).identify();
    let mut pump = Chemyx::new(dialog(data), 20.0);
    let _ = pump.dispense(FlowRate::from_ul_per_min(60.0), Volume::from_ul(10.0));
    let _ = Chemyx::new(dialog(data), 20.0).dispensed_ul();
    let _ = Chemyx::new(dialog(data), 20.0).stop();
}

fn f4t(framing: Framing) -> F4tEmulator {
    let wiring = F4tTerminals {
        loops: vec![Some("plate".into())],
        inputs: vec![(1, 1, "door".into())],
        ..F4tTerminals::default()
    };
    F4tEmulator::new(framing, 1, wiring)
}

fn f4t_driver(framing: Framing, data: &[u8]) {
    let driver = || {
        let host = ModbusHost::new(dialog(data), framing, 1);
        Rc::new(RefCell::new(F4t::new(host, WordOrder::LowFirst)))
    };
    let _ = driver().borrow_mut().identify();
    let _ = F4tLoop::new(driver(), 1).heat(Temperature::from_c(60.0));
    let _ = F4tLoop::new(driver(), 1).off();
    let _ = F4tLoop::new(driver(), 1).temperature_c();
    let _ = F4tLoop::new(driver(), 1).power_percent();
    let _ = F4tInput::new(driver(), 1, 1).granted();
}

/// Modbus RTU frames, and the F4T behind them.
pub fn modbus_rtu(data: &[u8]) {
    to_emulator(
        || f4t(Framing::Rtu),
        data,
        |bytes| (0..bytes.len()).any(|at| is_rtu_write(&bytes[at..])),
    );
    f4t_driver(Framing::Rtu, data);
    let whole = pieces(data).concat();
    if let Scan::Frame(frame, length) = rtu::scan_request(&whole) {
        let mut again = Vec::new();
        rtu::write(&mut again, frame.unit, &frame.pdu);
        assert_eq!(again, whole[..length], "a frame is written as it was read");
    }
}

/// Whether the bytes begin with a write to unit 1 whose checksum fits.
fn is_rtu_write(bytes: &[u8]) -> bool {
    let length = match bytes {
        [1, 6, ..] => 8,
        [1, 16, _, _, _, _, count, ..] => 9 + usize::from(*count),
        _ => return false,
    };
    bytes.get(..length).is_some_and(|frame| crc::crc16(frame) == 0)
}

/// Modbus TCP frames, and the F4T behind them.
pub fn modbus_tcp(data: &[u8]) {
    to_emulator(
        || f4t(Framing::Tcp),
        data,
        |bytes| {
            let write = |w: &[u8]| w[2..4] == [0, 0] && w[6] == 1 && matches!(w[7], 6 | 16);
            bytes.windows(8).any(write)
        },
    );
    f4t_driver(Framing::Tcp, data);
    let whole = pieces(data).concat();
    if let Scan::Frame(frame, length) = tcp::scan(&whole) {
        let mut again = Vec::new();
        tcp::write(&mut again, frame.transaction, frame.unit, &frame.pdu);
        assert_eq!(again, whole[..length], "a frame is written as it was read");
    }
}

/// SCPI lines: the F4T and the DC2200.
pub fn scpi(data: &[u8]) {
    to_emulator(
        || F4tScpiEmulator::new("plate".into(), 4711),
        data,
        |bytes| holds(bytes, "spo") || holds(bytes, "outp"),
    );
    to_emulator(|| Dc2200Emulator::new("lamp".into(), "M1"), data, |bytes| holds(bytes, "outp"));
    let _ = F4tScpi::new(dialog(data), 1, 1).identify();
    let _ = F4tScpi::new(dialog(data), 1, 1).heat(Temperature::from_c(60.0));
    let _ = F4tScpi::new(dialog(data), 1, 1).temperature_c();
    let _ = F4tScpi::new(dialog(data), 1, 1).off();
    let _ = Dc2200::new(dialog(data), 0.35).identify();
    let _ = Dc2200::new(dialog(data), 0.35).switch(true);
    let _ = Dc2200::new(dialog(data), 0.35).switch(false);
}

/// The ASCII protocol of the DC4100.
pub fn dc4100(data: &[u8]) {
    let new = || Dc4100Emulator::new([Some("lamp".into()), None, None, None], "M1");
    to_emulator(new, data, |bytes| holds(bytes, "o"));
    let driver = || Rc::new(RefCell::new(Dc4100::new(dialog(data))));
    let _ = driver().borrow_mut().identify();
    let _ = Dc4100Led::new(driver(), 0, 350.0).switch(true);
    let _ = Dc4100Led::new(driver(), 0, 350.0).switch(false);
}

/// Messages of the Ocean Binary Protocol, and the HDX, the STS and the QE Pro behind them.
pub fn obp(data: &[u8]) {
    let set_lamp = obp::kind::SET_LAMP.to_le_bytes();
    let lights = |bytes: &[u8]| bytes.windows(4).any(|window| window == set_lamp);
    to_emulator(
        || HdxEmulator::new("eye".into(), Some(("lamp".into(), LampLine::LampEnable)), "HDX1"),
        data,
        lights,
    );
    to_emulator(|| StsEmulator::new("eye".into(), Some("lamp".into()), "S1"), data, lights);
    to_emulator(|| QeProEmulator::new("eye".into(), "QEP1"), data, |_| false);
    let _ = Sts::new(dialog(data)).identify();
    exposed(Sts::new(dialog(data)));
    let _ = QePro::new(dialog(data)).identify();
    exposed(QePro::new(dialog(data)));
    let driver = || Hdx::new(dialog(data), 10);
    let _ = driver().identify();
    let _ = driver().describe("eye");
    let mut eye = driver();
    if eye.arm(Exposure { integration_us: 10_000, frames: 3 }).is_ok() {
        let _ = eye.fetch();
    }
    let _ = HdxLamp::new(Rc::new(RefCell::new(driver())), LampLine::LampEnable).switch(true);
    let _ = HdxLamp::new(Rc::new(RefCell::new(driver())), LampLine::Gpio(3)).switch(true);
}

/// Takes frames one by one, and switches the light.
fn exposed(spectrometer: impl Exposes) {
    let mut eye = OneByOne::new(spectrometer, Span::ZERO);
    if eye.arm(Exposure { integration_us: 10_000, frames: 3 }).is_ok() {
        let _ = eye.attend(Instant::START);
        let _ = eye.fetch();
    }
    let _ = one_by_one::LampLine::new(Rc::new(RefCell::new(eye))).switch(true);
}

/// Commands of Ocean spectrometers over USB, and what answers them.
pub fn ooi(data: &[u8]) {
    for model in [Model::Usb2000, Model::Usb2000Plus, Model::Usb4000] {
        let new = || OoiEmulator::new(model, "eye".into(), Some("lamp".into()), "U1");
        to_emulator(new, data, |bytes| bytes.contains(&3));
        let _ = Ooi::new(dialog(data), model).identify();
        exposed(Ooi::new(dialog(data), model));
    }
}

/// The tables that a rig behind a folder writes.
pub fn folder_csv(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(features) = table::parse_features(text) {
        assert!(features.iter().all(|(_, value)| value.is_finite()));
    }
    if let Ok(spectrum) = table::parse_spectrum("pl", text) {
        assert_eq!(spectrum.wavelengths_nm.len(), spectrum.values.len());
        assert!(spectrum.wavelengths_nm.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(spectrum.values.iter().all(|value| value.is_finite()));
    }
}

/// The lines of a journal: what is read is what was written, to the byte.
pub fn journal(data: &[u8]) {
    if let Ok(read) = journal::read(data) {
        assert_eq!(read.bytes().len() + read.torn(), data.len());
        assert!(data.starts_with(read.bytes()) && read.bytes().starts_with(read.durable_bytes()));
        assert!(read.experiments().count() <= read.records().len());
    }
}

/// Wiring files: what is understood can be written, read again and emulated.
pub fn wiring_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(wiring) = Wiring::parse(text) {
        let written = toml::to_string(&wiring).expect("a wiring is plain data");
        assert_eq!(Wiring::parse(&written).expect("what was written is read"), wiring);
        assert!(wiring.emulators().len() < text.len());
        let _ = wiring.check(ToyLab::new().manifest());
    }
}
