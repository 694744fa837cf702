//! Ocean spectrometers without a buffer: one frame for each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_backends::clock::WallClock;
use flowtwin_backends::codec::obp::{self, Header, kind};
use flowtwin_backends::codec::ooi::{self, Packet, Request, Status};
use flowtwin_backends::codec::{qe_pro, take};
use flowtwin_backends::connect::discover;
use flowtwin_backends::driver::one_by_one::{Exposes as _, OneByOne};
use flowtwin_backends::driver::ooi::Ooi;
use flowtwin_backends::driver::qe_pro::QePro;
use flowtwin_backends::driver::sts::Sts;
use flowtwin_backends::emulator::ooi::OoiEmulator;
use flowtwin_backends::emulator::qe_pro::QeProEmulator;
use flowtwin_backends::emulator::sts::StsEmulator;
use flowtwin_backends::emulator::{Emulator, Line};
use flowtwin_backends::instrument::Spectrometer as _;
use flowtwin_backends::transport::{Dialog, Scripted};
use flowtwin_backends::wiring::Link;
use flowtwin_backends::{EmulatedRig, EmulatorServer, Wiring, connect, identify};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, Exposure, Fault, FaultKind, Frames, Instant, Lab, Manifest, Reply, Setting, Span,
    SpectrometerInfo, conformance,
};

/// A toy lab whose spectrometer has another detector, on which every pixel shows something else.
pub(crate) struct Wide(ToyLab, Manifest);

impl Wide {
    pub(crate) fn new(pixels: usize, full_scale: u16) -> Self {
        let mut manifest = ToyLab::new().manifest().clone();
        let eye = &mut manifest.spectrometers[0];
        (eye.pixels, eye.full_scale) = (pixels, full_scale);
        eye.wavelength_coefficients = [350.5, 0.25, -1e-6, 2e-11];
        eye.nonlinearity = vec![1.0, -2e-6];
        Self(ToyLab::new(), manifest)
    }
}

impl Lab for Wide {
    fn manifest(&self) -> &Manifest {
        &self.1
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let reply = self.0.send(command)?;
        let Reply::Frames(frames) = reply else { return Ok(reply) };
        let pixels = self.1.spectrometers[0].pixels;
        let seen = |frame: &[u16]| -> Vec<u16> {
            (0..pixels).map(|pixel| frame[0] + (pixel % 777) as u16).collect()
        };
        Ok(Reply::Frames(Frames::new(pixels, frames.iter().flat_map(seen).collect::<Vec<_>>())))
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.wait_until(deadline)
    }
}

/// A model: its section of a wiring file, what its detector has, and its name for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    pub(crate) section: &'static str,
    pub(crate) keys: &'static str,
    pub(crate) pixels: usize,
    pub(crate) full_scale: u16,
    pub(crate) name: &'static str,
}

const STS: Model =
    Model { section: "sts", keys: "", pixels: 1024, full_scale: 16_383, name: "Ocean STS" };

const QE_PRO: Model =
    Model { section: "qe_pro", keys: "", pixels: 1044, full_scale: u16::MAX, name: "Ocean QE Pro" };

/// One of those that are driven by commands over USB.
const fn usb(keys: &'static str, pixels: usize, full_scale: u16, name: &'static str) -> Model {
    Model { section: "ocean_usb", keys, pixels, full_scale, name }
}

/// Every model.
pub(crate) const MODELS: [Model; 5] = [
    STS,
    QE_PRO,
    usb("model = \"usb2000\"", 2048, 4_095, "Ocean USB2000"),
    usb("model = \"usb2000_plus\"", 2048, u16::MAX, "Ocean USB2000+"),
    usb("model = \"usb4000\"", 3840, u16::MAX, "Ocean USB4000"),
];

impl Model {
    pub(crate) fn world(self) -> Wide {
        Wide::new(self.pixels, self.full_scale)
    }

    /// A rig of the toy lab with this spectrometer, whose section has `more`.
    pub(crate) fn wiring(self, more: &str) -> Wiring {
        let Self { section, keys, .. } = self;
        // A QE Pro switches no light.
        let (own, other) = match section {
            "qe_pro" => ("", "[dc2200.lamp]\ncurrent_a = 0.35\n"),
            _ => ("lamp = \"lamp\"\n", ""),
        };
        let text = format!(
            "schema = 1\npatience_s = 60\n[chemyx.water]\n[f4t.oven]\nloops = {{ plate = 1 }}\n\
             inputs = {{ door = {{ module = 1, io = 2 }} }}\n{other}[{section}.eye]\n{own}{keys}\n{more}\n"
        );
        Wiring::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn rig(self) -> EmulatedRig {
        EmulatedRig::new(Box::new(self.world()), &self.wiring("")).expect("it is wired")
    }
}

fn arm(integration_us: u32, frames: u32) -> Command {
    let exposure = Exposure { integration_us, frames };
    Command::Arm { spectrometer: "eye".into(), exposure }
}

fn fetch(lab: &mut dyn Lab) -> Result<Frames, FaultKind> {
    match lab.send(&Command::Fetch { spectrometer: "eye".into() }) {
        Ok(Reply::Frames(frames)) => Ok(frames),
        Ok(other) => panic!("{other:?}"),
        Err(fault) => Err(fault.kind),
    }
}

/// Frames of a lab, and how long they took; the wait is cut into pieces of `piece`.
fn frames(lab: &mut dyn Lab, count: u32, piece: Span) -> (Frames, Span) {
    let began = lab.now();
    let Ok(Reply::Ready(ready)) = lab.send(&arm(20_000, count)) else { panic!("it is armed") };
    while lab.now() < ready {
        lab.wait_until(ready.min(lab.now() + piece)).expect("time passes");
    }
    (fetch(lab).expect("they are there"), lab.now().since(began))
}

#[test]
fn an_emulated_rig_with_each_of_them_conforms() {
    for model in MODELS {
        conformance::check(&mut model.rig(), None).unwrap_or_else(|e| panic!("{model:?}: {e}"));
    }
}

/// Frames follow each other without a gap, however the wait is cut, although each must be asked for.
#[test]
fn frames_one_by_one_are_those_of_the_lab_and_take_as_long() {
    for model in MODELS {
        for piece_ms in [1.0, 7.0, 1000.0] {
            let (mut rig, mut bare) = (model.rig(), model.world());
            for lab in [&mut rig as &mut dyn Lab, &mut bare] {
                lab.send(&Command::Light { light: "lamp".into(), on: true }).expect("it shines");
            }
            let piece = Span::from_secs(1e-3 * piece_ms);
            let (seen, there) = (frames(&mut rig, 5, piece), frames(&mut bare, 5, piece));
            assert_eq!(seen, there, "{model:?}, in pieces of {piece_ms} ms");
            assert_eq!(seen.0.frame(4)[776], 1_776);
        }
    }
}

#[test]
fn a_frame_that_is_under_way_is_not_lost_when_settings_are_read() {
    for model in MODELS {
        let mut rig = model.rig();
        let Ok(Reply::Ready(ready)) = rig.send(&arm(20_000, 2)) else { panic!("it is armed") };
        rig.wait_until(Instant::from_secs(0.01)).expect("time passes");
        for (setting, value) in
            [(Setting::Integration("eye".into()), 20_000.0), (Setting::Light("lamp".into()), 0.0)]
        {
            let kept = rig.send(&Command::ReadBack { setting });
            assert_eq!(kept, Ok(Reply::Reading(value)), "{model:?}");
        }
        assert_eq!(fetch(&mut rig), Err(FaultKind::NotReady));
        rig.wait_until(ready).expect("time passes");
        assert_eq!(fetch(&mut rig).map(|frames| frames.len()), Ok(2));
    }
}

#[test]
fn what_it_cannot_expose_is_refused_before_anything_is_sent() {
    for model in MODELS {
        let mut rig = model.rig();
        for (us, frames) in [(1, 1), (u32::MAX, 1), (20_000, 0)] {
            let refused = rig.send(&arm(us, frames)).unwrap_err().kind;
            assert!(matches!(refused, FaultKind::OutOfRange { .. }), "{model:?}: {refused:?}");
        }
    }
}

#[test]
fn a_scenario_with_another_detector_is_told_which_it_must_have() {
    for model in MODELS {
        let Model { pixels, full_scale, .. } = model;
        for world in [Wide::new(pixels + 1, full_scale), Wide::new(pixels, full_scale - 1)] {
            let wrong = EmulatedRig::new(Box::new(world), &model.wiring("")).unwrap_err();
            let said = wrong.to_string();
            let wanted = format!("say `pixels = {pixels}` and `full_scale = {full_scale}` there");
            assert!(said.contains("rig.spectrometers.eye") && said.contains(&wanted), "{said}");
        }
    }
}

/// Emulators of a rig in a thread of their own.
struct Served {
    wiring: Wiring,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Served {
    fn new(model: Model, more: &str) -> Self {
        let mut wiring = model.wiring(more);
        let stop = Arc::new(AtomicBool::new(false));
        let (asked, wired) = (stop.clone(), wiring.clone());
        let (ready, served) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let world = Box::new(model.world());
            let mut server = EmulatorServer::open(world, &wired, 1.0).expect("ports");
            ready.send(server.endpoints().clone()).expect("the test waits");
            server.run(&asked).expect("the ports can be waited for");
        });
        for (name, at) in served.recv().expect("the server starts") {
            wiring.set_link(&name, at.link().expect("a place to be found"));
        }
        Self { wiring, stop, thread: Some(thread) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        assert!(ended.is_some_and(|ended| ended.is_ok()) || std::thread::panicking());
    }
}

/// The frames of a bench on a wall clock, which may be late.
fn patiently(lab: &mut dyn Lab, count: u32) -> Frames {
    let Ok(Reply::Ready(ready)) = lab.send(&arm(20_000, count)) else { panic!("it is armed") };
    lab.wait_until(ready).expect("time passes");
    loop {
        match fetch(lab) {
            Err(FaultKind::NotReady) => lab.wait(Span::from_secs(0.01)).expect("time passes"),
            frames => return frames.expect("they come"),
        }
    }
}

#[test]
fn a_bench_over_a_cable_takes_frames_and_learns_the_detector() {
    for model in MODELS {
        let served = Served::new(model, "gap_ms = 5.0");
        let found = identify(&served.wiring);
        let eye = found.iter().find(|finding| finding.name == "eye").expect("it is wired");
        assert_eq!(eye.problem, None, "{model:?}");
        assert_eq!(eye.identity.as_ref().expect("it tells").model, model.name);
        let manifest = model.world().manifest().clone();
        let clock = Box::new(WallClock::real());
        let mut bench = connect(&served.wiring, manifest.clone(), clock).expect("it fits");
        bench.ask_spectrometers().expect("it answers");
        let (told, known) = (&bench.manifest().spectrometers[0], &manifest.spectrometers[0]);
        assert_eq!((told.pixels, told.full_scale), (known.pixels, known.full_scale), "{model:?}");
        let bits = |info: &SpectrometerInfo| info.wavelength_coefficients.map(f32::to_bits);
        assert_eq!(bits(told), bits(known), "{model:?}");
        assert_eq!(told.nonlinearity, known.nonlinearity);
        for on in [true, false] {
            bench.send(&Command::Light { light: "lamp".into(), on }).expect("it is switched");
            let seen = patiently(&mut bench, 4);
            let level = if on { 1_000 } else { 100 };
            assert_eq!((seen.len(), seen.pixels()), (4, model.pixels), "{model:?}");
            assert_eq!((seen.frame(3)[0], seen.frame(3)[778]), (level, level + 1), "{model:?}");
        }
        bench.send(&Command::MakeSafe).expect("it is safe");
    }
}

fn port(link: Option<&Link>) -> String {
    match link {
        Some(Link::Serial(settings)) => settings.port.clone(),
        other => panic!("{other:?}"),
    }
}

/// All speak the same protocol as an HDX, which the tests of the server find as such.
#[test]
fn an_sts_and_a_qe_pro_at_serial_ports_are_found_as_what_they_are() {
    for model in [STS, QE_PRO] {
        let served = Served::new(model, "");
        let wired = &served.wiring;
        let link = match model.section {
            "sts" => wired.sts["eye"].link.as_ref(),
            _ => wired.qe_pro["eye"].link.as_ref(),
        };
        let port = port(link);
        let found = (0..20).find_map(|_| discover::at_serial_port(&port)).expect("it answers");
        assert_eq!((found.kind, found.problem), (model.section, None));
    }
}

/// One message to an emulated instrument: the error number of the reply and its data.
fn ask(
    emulator: &mut dyn Emulator,
    world: &mut dyn Lab,
    kind: u32,
    data: &[u8],
) -> Option<(u16, Vec<u8>)> {
    let mut line = Line::default();
    let header = Header { kind, flags: obp::ACK_REQUESTED, ..Header::default() };
    obp::write(&mut line.input, header, data.len(), |out| out.extend_from_slice(data));
    emulator.serve(&mut line, world);
    take(&mut line.output, obp::scan).map(|message| (message.header.error, message.data))
}

#[test]
fn an_sts_knows_its_own_messages_and_takes_no_spectrum_before_its_integration_time_is_set() {
    let (mut sts, mut world) = (StsEmulator::new("eye".into(), None, "S00042"), STS.world());
    let us = |us: u32| us.to_le_bytes().to_vec();
    for (kind, data, error, answer) in [
        (kind::SERIAL_NUMBER, vec![], 0, Some(b"S00042".to_vec())),
        (kind::SERIAL_LENGTH, vec![], 0, Some(vec![6])),
        (kind::WAVELENGTH, vec![0], 0, Some(350.5_f32.to_le_bytes().to_vec())),
        (kind::WAVELENGTH, vec![4], 12, None),
        (kind::NONLINEARITY, vec![2], 0, Some(vec![0; 4])),
        (kind::PIXELS, vec![], 2, None),
        (kind::BUFFER_ACQUIRE, vec![], 2, None),
        (kind::INTEGRATION, vec![], 2, None),
        (kind::RAW_SPECTRUM, vec![], 7, None),
        (kind::SET_INTEGRATION, us(9), 6, None),
        (kind::SET_INTEGRATION, us(85_000_001), 6, None),
        (kind::SET_INTEGRATION, vec![1], 5, None),
        (kind::SET_INTEGRATION, us(10_000), 0, None),
        (kind::SET_BOXCAR, vec![16], 6, None),
    ] {
        let (number, told) = ask(&mut sts, &mut world, kind, &data).expect("it answers");
        assert_eq!((number, told), (error, answer.unwrap_or_default()), "0x{kind:06X} {data:?}");
    }
    let spectrum = ask(&mut sts, &mut world, kind::RAW_SPECTRUM, &[]);
    assert_eq!(spectrum, None, "it takes its time");
}

/// An emulated USB4000, USB2000+ or USB2000 on a line, and the packets that answer bytes.
fn packets(
    emulator: &mut OoiEmulator,
    world: &mut dyn Lab,
    line: &mut Line,
    sent: &[u8],
) -> Vec<(u8, Vec<u8>)> {
    line.input.extend_from_slice(sent);
    emulator.serve(line, world);
    let mut came = Vec::new();
    while let Some(Packet { endpoint, bytes }) = take(&mut line.output, ooi::scan_packet) {
        came.push((endpoint, bytes));
    }
    came
}

/// As the data sheets print it: at which endpoint what comes, in which order the bytes are, and what ends a spectrum.
#[test]
fn spectra_come_at_the_endpoints_and_in_the_order_of_the_data_sheets() {
    use ooi::Model::{Usb2000, Usb2000Plus, Usb4000};
    let model = |name: &str| *MODELS.iter().find(|model| model.name == name).expect("listed");
    for (ooi, at, ends) in [
        (Usb2000, model("Ocean USB2000"), &[(0x82, 4097)][..]),
        (Usb2000Plus, model("Ocean USB2000+"), &[(0x82, 4097)]),
        (Usb4000, model("Ocean USB4000"), &[(0x86, 2048), (0x82, 5633)]),
    ] {
        let (mut world, mut line) = (at.world(), Line::default());
        let mut emulator = OoiEmulator::new(ooi, "eye".into(), None, "X00001");
        assert_eq!(packets(&mut emulator, &mut world, &mut line, &[0x09]), [], "{ooi:?}");
        world.wait_until(Instant::from_secs(0.1)).expect("100 ms, as out of the box");
        let came = packets(&mut emulator, &mut world, &mut line, &[]);
        let lengths: Vec<_> =
            came.iter().map(|(endpoint, bytes)| (*endpoint, bytes.len())).collect();
        assert_eq!(lengths, ends, "{ooi:?}");
        let bytes: Vec<u8> = came.into_iter().flat_map(|(_, bytes)| bytes).collect();
        assert_eq!(bytes.last(), Some(&0x69));
        // Pixel 300 shows 400 = 0x0190.
        let places = if ooi == Usb2000 { [4 * 128 + 44, 4 * 128 + 64 + 44] } else { [600, 601] };
        assert_eq!(places.map(|place| bytes[place]), [0x90, 0x01], "{ooi:?}");
    }
}

#[test]
fn commands_have_the_bytes_of_the_data_sheets() {
    use ooi::Model::{Usb2000, Usb2000Plus};
    for (request, model, bytes) in [
        (Request::Initialise, Usb2000Plus, &[0x01][..]),
        (Request::Integrate(0x0102_0304), Usb2000Plus, &[0x02, 0x04, 0x03, 0x02, 0x01]),
        (Request::Integrate(258_000), Usb2000, &[0x02, 0x02, 0x01]),
        (Request::Lamp(1), Usb2000Plus, &[0x03, 1, 0]),
        (Request::Information(17), Usb2000Plus, &[0x05, 17]),
        (Request::Spectrum, Usb2000, &[0x09]),
        (Request::Trigger(3), Usb2000Plus, &[0x0A, 3, 0]),
        (Request::Register(4), Usb2000Plus, &[0x6B, 4]),
        (Request::Status, Usb2000Plus, &[0xFE]),
    ] {
        assert_eq!(request.bytes(model), bytes, "{request:?}");
        let mut joined = [&[0xFF][..], bytes, bytes].concat();
        for _ in 0..2 {
            assert_eq!(take(&mut joined, ooi::scan(model)), Some(request));
        }
        assert!(joined.is_empty());
    }
    let status = Status { pixels: 2048, integration_us: 258_000, is_lit: true, trigger: 3 };
    let [plus, old] = [Usb2000Plus, Usb2000].map(|model| status.bytes(model));
    assert_eq!(plus[..8], [0x00, 0x08, 0xD0, 0xEF, 0x03, 0x00, 1, 3], "µs, low byte first");
    assert_eq!(plus[14], 0x80, "high speed");
    assert_eq!(old[..6], [0x00, 0x08, 0x01, 0x02, 1, 3], "ms, high byte first");
    for (model, bytes) in [(Usb2000Plus, plus), (Usb2000, old)] {
        assert_eq!(Status::of(&bytes, model), Some(status));
    }
}

fn packet(endpoint: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ooi::write(&mut out, endpoint, bytes);
    out
}

/// The data sheet of the USB2000+ prints where the saturation is stored, and what follows from it.
#[test]
fn counts_are_scaled_to_the_saturation_that_is_stored() {
    let model = ooi::Model::Usb2000Plus;
    let mut stored = [0; 17];
    (stored[0], stored[1], stored[6], stored[7]) = (0x05, 17, 0x00, 0x80);
    let status = Status { pixels: 2048, integration_us: 10_000, ..Status::default() }.bytes(model);
    let mut counts = vec![100; 2048];
    (counts[0], counts[1], counts[2]) = (0x8000, 0x4000, 0xFFFF);
    let spectrum = packet(0x82, &ooi::spectrum(&counts, model));
    let (stored, status) = (packet(0x81, &stored), packet(0x81, &status));
    let script: [(&[u8], &[u8]); 6] = [
        (&[0x05, 17], &stored),
        (&[0x01], &[]),
        (&[0x0A, 0, 0], &[]),
        (&[0x02, 0x10, 0x27, 0, 0], &[]),
        (&[0xFE], &status),
        (&[0x09], &spectrum),
    ];
    let dialog = Dialog::new(Box::new(Scripted::new(&script)), std::time::Duration::from_secs(1));
    let mut eye = OneByOne::new(Ooi::new(dialog, model), Span::ZERO);
    eye.arm(Exposure { integration_us: 10_000, frames: 1 }).expect("it takes the settings");
    let frames = eye.fetch().expect("it is there");
    assert_eq!(frames.frame(0)[..4], [u16::MAX, 0x8000, u16::MAX, 200]);
}

/// A spectrum whose last byte is another has been cut or shifted.
#[test]
fn a_spectrum_without_its_end_is_garbled() {
    let model = ooi::Model::Usb4000;
    let mut bytes = ooi::spectrum(&vec![0x6969; 3840], model);
    assert_eq!(ooi::counts(&bytes, model).map(|counts| counts.len()), Some(3840));
    assert_eq!(ooi::counts(&bytes[1..], model), None, "one byte is missing");
    *bytes.last_mut().expect("it has bytes") = 0x68;
    assert_eq!(ooi::counts(&bytes, model), None);
}

/// What an instrument of another protocol, or none, says to a driver.
#[test]
fn an_sts_whose_frame_has_another_length_is_garbled() {
    let mut reply = Vec::new();
    let header = Header {
        kind: kind::RAW_SPECTRUM,
        flags: obp::RESPONSE,
        regarding: 1,
        ..Header::default()
    };
    obp::write(&mut reply, header, 2046, |out| out.resize(out.len() + 2046, 0));
    let mut request = Vec::new();
    let header = Header { kind: kind::RAW_SPECTRUM, regarding: 1, ..Header::default() };
    obp::write(&mut request, header, 0, |_| {});
    let script: [(&[u8], &[u8]); 1] = [(&request, &reply)];
    let dialog = Dialog::new(Box::new(Scripted::new(&script)), std::time::Duration::from_secs(1));
    let mut sts = Sts::new(dialog);
    sts.request().expect("it is sent");
    let heard = sts.hear(std::time::Duration::from_secs(1));
    assert!(
        matches!(&heard, Err(FaultKind::Garbled { detail }) if detail.contains("2046")),
        "{heard:?}"
    );
}

/// In the middle of an exposure a light goes out as soon as somebody says so, and the next exposure has its own frames.
#[test]
fn a_light_is_switched_while_frames_are_taken_and_they_are_given_up() {
    for model in MODELS {
        let mut rig = model.rig();
        rig.send(&Command::Light { light: "lamp".into(), on: true }).expect("it shines");
        rig.send(&arm(20_000, 3)).expect("it is armed");
        rig.wait_until(Instant::from_secs(0.03)).expect("time passes");
        rig.send(&Command::MakeSafe).unwrap_or_else(|fault| panic!("{model:?}: {fault}"));
        assert_eq!(fetch(&mut rig), Err(FaultKind::NotReady), "{model:?}");
        rig.wait_until(Instant::from_secs(0.1)).expect("time passes");
        let (dark, _) = frames(&mut rig, 2, Span::from_secs(1.0));
        assert_eq!((dark.len(), dark.frame(0)[0]), (2, 100), "{model:?}");
    }
}

/// Data sheet, "Conditions": idle, it refuses; measuring, it waits for the next spectrum.
#[test]
fn a_qe_pro_that_was_stopped_gives_no_spectrum_before_it_measures_again() {
    let (mut eye, mut world) = (QeProEmulator::new("eye".into(), "QEP1"), QE_PRO.world());
    let mut ask = |kind: u32, data: &[u8]| ask(&mut eye, &mut world, kind, data);
    let done = Some((0, vec![]));
    for (kind, data, answer) in [
        (kind::INTEGRATION_MINIMUM, vec![], Some((0, 8_000_u32.to_le_bytes().to_vec()))),
        (kind::INTEGRATION_MAXIMUM, vec![], Some((0, 3_600_000_000_u32.to_le_bytes().to_vec()))),
        (kind::PIXELS, vec![], Some((2, vec![]))),
        (kind::SET_INTEGRATION, 7_999_u32.to_le_bytes().to_vec(), Some((6, vec![]))),
        (kind::SET_INTEGRATION, vec![1, 2], Some((5, vec![]))),
        (kind::ABORT, vec![], done.clone()),
        (kind::BUFFERED, vec![], Some((7, vec![]))),
        (kind::BUFFER_ACQUIRE, vec![], done),
        (kind::BUFFERED, vec![], None),
    ] {
        assert_eq!(ask(kind, &data), answer, "0x{kind:06X} {data:?}");
    }
}

#[test]
fn a_spectrum_of_a_qe_pro_has_the_bytes_of_its_data_sheet() {
    let mut counts = vec![5; 1044];
    (counts[0], counts[1]) = (0x0003_FFFF, 0xFFFF_FFFF);
    let bytes = qe_pro::spectrum(0x0102_0304, 0x1112_1314_1516_1718, 8_000, &counts);
    assert_eq!(bytes.len(), 4208);
    assert_eq!(bytes[..4], [0x04, 0x03, 0x02, 0x01]);
    assert_eq!(bytes[4..12], [0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]);
    assert_eq!((&bytes[12..16], bytes[18]), (&8_000_u32.to_le_bytes()[..], 0), "µs, free running");
    let (us, seen) = qe_pro::counts(&bytes).expect("it is one");
    assert_eq!(
        (us, seen.len(), &seen[..3]),
        (8_000, 1044, &[0x3_FFFF, 0x3_FFFF, 5][..]),
        "18 bits"
    );
    assert_eq!(qe_pro::counts(&bytes[1..]), None);
}

/// What was measured before the integration time was set is not taken for what was asked for.
#[test]
fn a_spectrum_of_a_qe_pro_with_another_integration_time_is_refused() {
    let number = |n: u32| n.to_le_bytes().to_vec();
    let message = |flags: u16, kind: u32, regarding: u32, data: &[u8]| {
        let mut bytes = Vec::new();
        let header = Header { kind, flags, regarding, ..Header::default() };
        obp::write(&mut bytes, header, data.len(), |out| out.extend_from_slice(data));
        bytes
    };
    let spectrum = qe_pro::spectrum(1, 0, 9_000, &[0; 1044]);
    let exchanges = [
        (kind::ABORT, 4, vec![], vec![]),
        (kind::BUFFER_CLEAR, 4, vec![], vec![]),
        (kind::SET_TRIGGER, 4, vec![0], vec![]),
        (kind::TRIGGER, 0, vec![], vec![0]),
        (kind::SET_INTEGRATION, 4, number(10_000), vec![]),
        (kind::INTEGRATION, 0, vec![], number(10_000)),
        (kind::BUFFER_ACQUIRE, 4, vec![], vec![]),
        (kind::BUFFERED, 0, vec![], spectrum),
    ];
    let spoken: Vec<(Vec<u8>, Vec<u8>)> = (1..)
        .zip(exchanges)
        .map(|(i, (kind, flags, data, answer))| {
            (message(flags, kind, i, &data), message(1 | (flags / 2), kind, i, &answer))
        })
        .collect();
    let script: Vec<(&[u8], &[u8])> = spoken.iter().map(|(a, b)| (&a[..], &b[..])).collect();
    let dialog = Dialog::new(Box::new(Scripted::new(&script)), std::time::Duration::from_secs(1));
    let mut eye = OneByOne::new(QePro::new(dialog), Span::ZERO);
    eye.arm(Exposure { integration_us: 10_000, frames: 1 }).expect("it takes the settings");
    let refused = eye.fetch().unwrap_err();
    assert!(matches!(refused, FaultKind::KeptOther { kept: 9_000.0, .. }), "{refused:?}");
}
