//! What the effects of light cost: `cargo bench -p flowtwin-campaign --bench light`.
//!
//! Complete experiments of `cs3cu2i5` and of `lifelike-light`, the same rig with every effect on: heating, slugs, all
//! frames of both spectrometers, analysis. Both take turns in one process, several times over. An experiment counts with
//! the shortest of its times, as it does the same work every time. The figure that counts is the ratio.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by unwrapping")]

use std::path::Path;
use std::time::Instant;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::{Blank, Conditions, Observation};
use flowtwin_sim::SimLab;

const EXPERIMENTS: usize = 30;
const TURNS: usize = 12;

/// A lab that is ready for its first experiment.
struct Ready {
    lab: SimLab,
    blank: Blank,
}

fn scenario(name: &str) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    Scenario::load(&folder.join(format!("{name}.toml"))).unwrap()
}

fn ready(scenario: &Scenario) -> Ready {
    let mut lab = scenario.simulated().unwrap().lab(1);
    let blank = scenario.procedure().prime(&mut lab).unwrap();
    Ready { lab, blank }
}

/// Conditions all over the box: in each input the multiples of another root, their whole parts left out.
fn conditions(scenario: &Scenario) -> Vec<Conditions> {
    let space = scenario.space();
    let steps: Vec<f64> = [2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0].map(f64::sqrt).to_vec();
    let at = |i: usize| -> Vec<f64> {
        (0..space.dim()).map(|input| (i as f64 * steps[input % steps.len()]).fract()).collect()
    };
    (1..=EXPERIMENTS).map(|i| space.from_unit(&at(i))).collect()
}

/// Seconds that an experiment took.
fn time(scenario: &Scenario, ready: &mut Ready, at: &Conditions) -> f64 {
    let began = Instant::now();
    let seen: Observation = scenario.procedure().run(&mut ready.lab, &ready.blank, at);
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(seen.fault, None, "nothing goes wrong");
    seconds
}

fn main() {
    let scenarios = [scenario("cs3cu2i5"), scenario("lifelike-light")];
    let conditions = conditions(&scenarios[0]);
    let mut least = [[f64::INFINITY; EXPERIMENTS]; 2];
    for _ in 0..TURNS {
        let mut labs = [ready(&scenarios[0]), ready(&scenarios[1])];
        for (i, at) in conditions.iter().enumerate() {
            for ((scenario, lab), least) in scenarios.iter().zip(&mut labs).zip(&mut least) {
                least[i] = least[i].min(time(scenario, lab, at));
            }
        }
    }
    let mean = least.map(|least| least.iter().sum::<f64>() / EXPERIMENTS as f64);
    for (scenario, mean) in scenarios.iter().zip(mean) {
        let (name, ms) = (scenario.name(), 1e3 * mean);
        println!("{name:16} {ms:6.2} ms an experiment, {:4.0} a second", 1.0 / mean);
    }
    println!("all effects of light on, over off: {:.2}", mean[1] / mean[0]);
}
