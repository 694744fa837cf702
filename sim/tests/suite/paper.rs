//! Claims of Sadeghi et al. 2024 that the world alone must carry, measured through the procedure.

use std::sync::Arc;

use flowtwin_lab::{
    Blank, Command, Exposure, Frames, Lab as _, Observation, Procedure, Reply, Span, Streams,
    Temperature, Volume,
};
use flowtwin_sim::SimLab;

use crate::support::{CENTRE, conditions, lab, plan, procedure, recipe};

fn quiet() -> SimLab {
    SimLab::new(Arc::new(plan().noiseless()), Streams::new(1))
}

fn feature(observation: &Observation, name: &str) -> f64 {
    observation.feature(name).unwrap_or_else(|| panic!("{:?}", observation.fault))
}

/// The inputs with all flows scaled so that the nominal reaction time is `seconds`.
fn at_reaction_time(seconds: f64) -> [f64; 7] {
    let mut inputs = CENTRE;
    let nominal = 60.0 * 434.0 / 830.0;
    inputs[1..].iter_mut().for_each(|flow| *flow *= nominal / seconds);
    inputs
}

fn series(inputs: impl IntoIterator<Item = [f64; 7]>) -> Vec<Observation> {
    let mut lab = quiet();
    let procedure = procedure(lab.plan());
    let blank = procedure.prime(&mut lab).unwrap();
    // The lines are full of blank at first: one experiment to fill them.
    procedure.run(&mut lab, &blank, &conditions(CENTRE));
    inputs.into_iter().map(|i| procedure.run(&mut lab, &blank, &conditions(i))).collect()
}

/// Fig. 5: 450 nm everywhere; PLI rises to 150 °C and falls beyond.
#[test]
fn emission_stays_at_450_nm_and_is_best_at_150_c() {
    let inputs = [120.0, 130.0, 140.0, 150.0, 160.0].map(|celsius| {
        let mut inputs = CENTRE;
        inputs[0] = celsius;
        inputs
    });
    let seen = series(inputs);
    let pli: Vec<f64> = seen.iter().map(|o| feature(o, "pli")).collect();
    assert!(pli[..4].is_sorted(), "{pli:?}");
    assert!((0.80..0.97).contains(&(pli[4] / pli[3])), "{pli:?}");
    assert!(seen.iter().all(|o| (feature(o, "peak_nm") - 450.0).abs() < 3.0));
}

/// Fig. 4C–D: absorbance the same from 25 to 42 s; PLI best near 28 s.
#[test]
fn reaction_time_hardly_moves_absorbance_and_lowers_emission_when_long() {
    let seen = series([25.0, 28.0, 31.37, 42.0].map(at_reaction_time));
    let abs: Vec<f64> = seen.iter().map(|o| feature(o, "abs_300")).collect();
    let pli: Vec<f64> = seen.iter().map(|o| feature(o, "pli")).collect();
    assert!((abs[3] / abs[0] - 1.0).abs() < 0.03, "{abs:?}");
    assert!((0.93..0.99).contains(&(pli[3] / pli[1])), "{pli:?}");
}

fn frames(lab: &mut SimLab, procedure: &Procedure) -> (f64, Vec<Frames>) {
    let mut ready = lab.now();
    for channel in procedure.analysis().channels() {
        let exposure = Exposure { frames: 300, ..channel.exposure };
        let arm = Command::Arm { spectrometer: channel.spectrometer.clone(), exposure };
        if let Reply::Ready(at) = lab.send(&arm).unwrap() {
            ready = at;
        }
    }
    let middle = 0.5 * (lab.now().as_secs() + ready.as_secs());
    lab.wait_until(ready).unwrap();
    let fetch = |spectrometer: &flowtwin_lab::SpectrometerId, lab: &mut SimLab| match lab
        .send(&Command::Fetch { spectrometer: spectrometer.clone() })
        .unwrap()
    {
        Reply::Frames(frames) => frames,
        other => panic!("{other:?}"),
    };
    let channels = procedure.analysis().channels();
    (middle, channels.iter().map(|c| fetch(&c.spectrometer, lab)).collect())
}

/// Time after which absorbance stays within 5 % of its end, in residence times.
fn settling(seconds: f64) -> f64 {
    let mut lab = quiet();
    let procedure = procedure(lab.plan());
    let blank: Blank = procedure.prime(&mut lab).unwrap();
    let set_point_c = Temperature::from_c(135.0);
    lab.send(&Command::Heat { heater: "plate".into(), set_point_c }).unwrap();
    lab.wait(Span::from_secs(1500.0)).unwrap();
    let settings = recipe().settings(&conditions(at_reaction_time(seconds)));
    let residence_s = lab.manifest().path.residence_time_s(&settings);
    for (pump, rate) in &settings.pumps {
        let at_most_ul = Volume::from_ul(1e4);
        let (pump, rate_ul_per_min) = (pump.clone(), *rate);
        lab.send(&Command::Dispense { pump, rate_ul_per_min, at_most_ul }).unwrap();
    }
    let started = lab.now().as_secs();
    lab.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    let dark = vec![vec![1357.0; 2068]; 2];
    let seen: Vec<(f64, f64)> = (0..60)
        .map(|_| {
            let (middle, frames) = frames(&mut lab, &procedure);
            let outcome = procedure.analysis().outcome(&frames, &dark, &blank);
            (middle - started, outcome.features[0].1)
        })
        .collect();
    let end = seen[59].1;
    let off = |seen: &&(f64, f64)| (seen.1 / end - 1.0).abs() > 0.05;
    seen.iter().rev().find(off).expect("it starts off").0 / residence_s
}

/// Fig. 3A and C: steady state after 1.2 residence times, at 25, 31 and 42 s.
#[test]
fn steady_state_is_reached_after_one_point_two_residence_times() {
    let all = [25.0, 31.0, 42.0].map(settling);
    assert!(all.iter().all(|t| (t - 1.20).abs() < 0.08), "{all:?}");
}

/// Relative standard deviation [%].
fn spread(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    100.0 * square.sqrt() / mean
}

/// Fig. 3A: 1.3, 1.1, 1.0 % over two hours; Fig. 3B: 2.8, 1.2, 1.1 % with other conditions between.
#[test]
fn features_spread_as_the_paper_found_in_long_runs_and_between_replicates() {
    let names = ["abs_300", "pli", "pla"];
    let (seeds, mut long, mut replicates) = (10_u64, [0.0; 3], [0.0; 3]);
    for seed in 0..seeds {
        let mut lab = lab(seed);
        let procedure = procedure(lab.plan());
        let blank = procedure.prime(&mut lab).unwrap();
        let mut draw = Streams::new(seed).open("study", 0);
        let mut run = |inputs| procedure.run(&mut lab, &blank, &conditions(inputs));
        run(CENTRE);
        let standing: Vec<Observation> = (0..24).map(|_| run(CENTRE)).collect();
        let returning: Vec<Observation> = (0..6)
            .map(|_| {
                let between = CENTRE.map(|x| x * draw.between(0.9, 1.1));
                run(between);
                run(CENTRE)
            })
            .collect();
        for (i, name) in names.iter().enumerate() {
            let values = |all: &[Observation]| -> Vec<f64> {
                all.iter().map(|o| feature(o, name)).collect()
            };
            long[i] += spread(&values(&standing)) / seeds as f64;
            replicates[i] += spread(&values(&returning)) / seeds as f64;
        }
    }
    let within = |value: f64, paper: f64, band: f64| (value - paper).abs() < band;
    let bands = [(1.3, 0.3, 2.8, 0.7), (1.1, 0.25, 1.2, 0.3), (1.0, 0.25, 1.1, 0.3)];
    for (i, (a, da, b, db)) in bands.into_iter().enumerate() {
        assert!(within(long[i], a, da), "{long:?}");
        assert!(within(replicates[i], b, db), "{replicates:?}");
    }
}
