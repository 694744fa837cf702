//! Ocean spectrometers without a buffer: one frame for each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_backends::clock::WallClock;
use flowtwin_backends::codec::obp::{self, Header, kind};
use flowtwin_backends::codec::take;
use flowtwin_backends::connect::discover;
use flowtwin_backends::emulator::sts::StsEmulator;
use flowtwin_backends::emulator::{Emulator, Line};
use flowtwin_backends::wiring::Link;
use flowtwin_backends::{EmulatedRig, EmulatorServer, Wiring, connect, identify};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, Exposure, Fault, FaultKind, Frames, Instant, Lab, Manifest, Reply, Setting, Span,
    conformance,
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

/// One of those that are driven by commands over USB.
const fn usb(keys: &'static str, pixels: usize, full_scale: u16, name: &'static str) -> Model {
    Model { section: "ocean_usb", keys, pixels, full_scale, name }
}

/// Every model.
pub(crate) const MODELS: [Model; 4] = [
    STS,
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
        let text = format!(
            "schema = 1\npatience_s = 60\n[chemyx.water]\n[f4t.oven]\nloops = {{ plate = 1 }}\n\
             inputs = {{ door = {{ module = 1, io = 2 }} }}\n[{section}.eye]\nlamp = \"lamp\"\n{keys}\n{more}\n"
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
        for setting in [Setting::Integration("eye".into()), Setting::Light("lamp".into())] {
            let kept = rig.send(&Command::ReadBack { setting });
            assert!(matches!(kept, Ok(Reply::Reading(n)) if n < 0.5 || n > 19_999.0), "{kept:?}");
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
        assert_eq!(told.wavelength_coefficients, known.wavelength_coefficients);
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

/// An HDX speaks the same protocol: the tests of the server find one as such.
#[test]
fn an_sts_at_a_serial_port_is_found_as_one() {
    let served = Served::new(STS, "");
    let port = port(served.wiring.sts["eye"].link.as_ref());
    let found = (0..20).find_map(|_| discover::at_serial_port(&port)).expect("it answers");
    assert_eq!((found.kind, found.problem), ("sts", None));
}

/// An emulated STS on a line, and the reply to a message: its error number and its data.
fn ask(
    emulator: &mut StsEmulator,
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
