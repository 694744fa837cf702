//! Whole experiments: heat, flow for 1.2 residence times, every frame of both spectrometers.
//!
//! `cargo bench -p flowtwin-sim --bench engine_experiment`. Frames are fetched and thrown away:
//! their analysis is not the simulator's work. Cost grows linearly in frames, and in slugs
//! (`minutes_of_flow`).
//!
//! 300 frames take 3.1 ms (median, on a core whose twin is busy; 2.2 ms at best): 320 experiments a
//! second. A third of it turns light into counts, at the pace of square roots and of the memory that
//! takes 2.5 MB of them; a twelfth draws their noise; a sixth follows the liquid of some forty slugs
//! back through the lines, a tenth makes their spectra. The rest is spread over pumps, plate and events.

use std::sync::Arc;

use divan::counter::ItemsCount;
use flowtwin_lab::{
    Command, Exposure, FlowRate, Lab as _, Reply, Span, Streams, Temperature, Volume,
};
use flowtwin_sim::{Plan, SimLab};

const FLOWS: [(&str, f64); 8] = [
    ("cui", 90.0),
    ("cs", 90.0),
    ("oa_cs", 20.0),
    ("oa_cu", 12.5),
    ("oam", 12.5),
    ("ode_cu", 92.5),
    ("ode_cs", 97.5),
    ("pfo", 415.0),
];

fn main() {
    divan::main();
}

fn plan() -> Arc<Plan> {
    let world = toml::from_str(include_str!("../tests/reference_world.toml"));
    Arc::new(Plan::new(&world.expect("the reference can be read")).expect("the reference is valid"))
}

fn send(lab: &mut SimLab, command: Command) -> Reply {
    lab.send(&command).expect("nothing goes wrong in the reference")
}

fn wait(lab: &mut SimLab, seconds: f64) {
    lab.wait(Span::from_secs(seconds)).expect("nothing goes wrong in the reference");
}

fn flow(lab: &mut SimLab) {
    for (pump, rate) in FLOWS {
        let rate_ul_per_min = FlowRate::from_ul_per_min(rate);
        let at_most_ul = Volume::from_ul(4.0 * rate);
        send(lab, Command::Dispense { pump: pump.into(), rate_ul_per_min, at_most_ul });
    }
}

fn lights(lab: &mut SimLab, on: bool) {
    for light in ["lamp", "led"] {
        send(lab, Command::Light { light: light.into(), on });
    }
}

fn take(lab: &mut SimLab, frames: u32) {
    let spectrometers = ["absorption", "emission"];
    for name in spectrometers {
        let exposure = Exposure { integration_us: 20_000, frames };
        send(lab, Command::Arm { spectrometer: name.into(), exposure });
    }
    wait(lab, 0.02 * f64::from(frames));
    for name in spectrometers {
        divan::black_box(send(lab, Command::Fetch { spectrometer: name.into() }));
    }
}

fn experiment(lab: &mut SimLab, celsius: f64, frames: u32) {
    let set_point_c = Temperature::from_c(celsius);
    send(lab, Command::Heat { heater: "plate".into(), set_point_c });
    wait(lab, 180.0);
    flow(lab);
    wait(lab, 122.0);
    lights(lab, true);
    take(lab, frames);
    lights(lab, false);
    for (pump, _) in FLOWS {
        send(lab, Command::Stop { pump: pump.into() });
    }
}

/// A lab whose syringes never run dry.
fn lab(plan: &Arc<Plan>) -> SimLab {
    let mut world = plan.world().clone();
    world.rig.pumps.values_mut().for_each(|pump| pump.fill_ml = 500.0);
    SimLab::new(Arc::new(Plan::new(&world).expect("the reference is valid")), Streams::new(1))
}

#[divan::bench(args = [150, 300, 600], sample_count = 20, sample_size = 5)]
fn frames(bencher: divan::Bencher<'_, '_>, frames: u32) {
    let plan = plan();
    let (mut lab, mut celsius) = (lab(&plan), 120.0);
    experiment(&mut lab, celsius, frames);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        celsius = if celsius > 130.0 { 125.0 } else { 135.0 };
        experiment(&mut lab, celsius, frames);
    });
}

#[divan::bench(args = [2, 4, 8], sample_count = 20, sample_size = 5)]
fn minutes_of_flow(bencher: divan::Bencher<'_, '_>, minutes: u32) {
    let plan = plan();
    let mut lab = lab(&plan);
    bencher.counter(ItemsCount::new(minutes)).bench_local(|| {
        for _ in 0..minutes {
            flow(&mut lab);
            wait(&mut lab, 60.0);
        }
    });
}
