//! What a spectrometer can do besides plain frames: averaging, a response that is not straight, lines that switch a light.

use flowtwin_backends::{EmulatedRig, Wiring};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, Exposure, Fault, Frames, Instant, Lab, Manifest, Reply, Span, conformance,
};

/// A toy lab whose spectrometer has a bent response.
struct Bent(ToyLab, Manifest);

impl Bent {
    fn new(nonlinearity: &[f32]) -> Self {
        let lab = ToyLab::new();
        let mut manifest = lab.manifest().clone();
        manifest.spectrometers[0].nonlinearity = nonlinearity.to_vec();
        Self(lab, manifest)
    }
}

impl Lab for Bent {
    fn manifest(&self) -> &Manifest {
        &self.1
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.0.send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.wait_until(deadline)
    }
}

/// A bench of the toy lab whose spectrometer is wired with `more`.
fn wiring(more: &str) -> Wiring {
    let text = format!(
        "schema = 1\n[chemyx.water]\n[f4t.oven]\nloops = {{ plate = 1 }}\n\
         inputs = {{ door = {{ module = 1, io = 2 }} }}\n[hdx.eye]\nlamp = \"lamp\"\n{more}\n"
    );
    Wiring::parse(&text).expect("a wiring file")
}

fn arm(frames: u32) -> Command {
    let exposure = Exposure { integration_us: 10_000, frames };
    Command::Arm { spectrometer: "eye".into(), exposure }
}

/// Frames of a lab, and how long they took.
fn frames(lab: &mut dyn Lab, count: u32) -> (Frames, Span) {
    let began = lab.now();
    let Ok(Reply::Ready(ready)) = lab.send(&arm(count)) else { panic!("it is armed") };
    lab.wait_until(ready).expect("time passes");
    match lab.send(&Command::Fetch { spectrometer: "eye".into() }) {
        Ok(Reply::Frames(frames)) => (frames, lab.now().since(began)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn averaged_frames_are_the_means_of_as_many_exposures_and_take_as_long() {
    let mut plain = ToyLab::new();
    let (single, took) = frames(&mut plain, 12);
    let world = Box::new(ToyLab::new());
    let mut rig = EmulatedRig::new(world, &wiring("average = 4")).expect("it is wired");
    let (mean, averaging_took) = frames(&mut rig, 3);
    assert_eq!((mean.len(), took), (3, averaging_took));
    for (i, frame) in mean.iter().enumerate() {
        for (pixel, &count) in frame.iter().enumerate() {
            let sum: u32 = (4 * i..4 * i + 4).map(|k| u32::from(single.frame(k)[pixel])).sum();
            assert_eq!(u32::from(count), (sum + 2) / 4, "frame {i}, pixel {pixel}");
        }
    }
}

#[test]
fn a_pin_switches_a_light_as_well_as_the_lamp_line_does() {
    for line in ["lamp_line = { gpio = 3 }", "lamp_line = \"lamp_enable\"", ""] {
        let world = Box::new(ToyLab::new());
        let mut rig = EmulatedRig::new(world, &wiring(line)).expect("it is wired");
        let mut bare = ToyLab::new();
        for on in [true, false, true] {
            for lab in [&mut rig as &mut dyn Lab, &mut bare] {
                lab.send(&Command::Light { light: "lamp".into(), on }).expect("it is switched");
            }
            assert_eq!(frames(&mut rig, 2).0, frames(&mut bare, 2).0, "{line}: on is {on}");
        }
        conformance::check(&mut rig, None).unwrap();
    }
}

#[test]
fn a_pin_that_is_not_there_is_refused() {
    let world = Box::new(ToyLab::new());
    let mut rig = EmulatedRig::new(world, &wiring("lamp_line = { gpio = 9 }")).expect("wired");
    let lit = rig.send(&Command::Light { light: "lamp".into(), on: true });
    assert!(lit.unwrap_err().to_string().contains("refused"));
}

/// The manifest of a rig whose spectrometers have been asked.
fn described(world: Bent) -> Manifest {
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (asked, (ready, served)) = (stop.clone(), std::sync::mpsc::channel());
    let mut wired = wiring("");
    let wiring = wired.clone();
    let serving = std::thread::spawn(move || {
        let world = Box::new(world);
        let mut server =
            flowtwin_backends::EmulatorServer::open(world, &wiring, 1.0).expect("ports");
        ready.send(server.endpoints().clone()).expect("the test waits");
        server.run(&asked).expect("the ports can be waited for");
    });
    for (name, at) in served.recv().expect("the server starts") {
        wired.set_link(&name, at.link().expect("a place to be found"));
    }
    let clock = Box::new(flowtwin_backends::clock::WallClock::real());
    let manifest = ToyLab::new().manifest().clone();
    let mut bench = flowtwin_backends::connect(&wired, manifest, clock).expect("it fits");
    bench.ask_spectrometers().expect("it answers");
    let found = bench.manifest().clone();
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    serving.join().expect("the server ends well");
    found
}

#[test]
fn the_response_is_learnt_from_the_instrument() {
    let bent = [1.0, -2e-6, 0.0, 3e-16];
    assert_eq!(described(Bent::new(&bent)).spectrometers[0].nonlinearity, bent);
    assert!(described(Bent::new(&[])).spectrometers[0].nonlinearity.is_empty());
}
