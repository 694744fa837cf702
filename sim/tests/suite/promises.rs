//! Results are functions of plan, seed and commands, and of nothing else.

use flowtwin_lab::{
    Command, Exposure, FlowRate, Instant, Lab as _, Reply, Span, Temperature, Volume,
};
use flowtwin_sim::SimLab;
use proptest::prelude::*;

use crate::support::{CENTRE, conditions, lab, recipe};

/// Everything a program of commands lets one see: frames as checksums, readings as bits.
fn witness(lab: &mut SimLab, program: &[(Command, f64)], cuts: &[f64]) -> Vec<u64> {
    let mut seen = Vec::new();
    for (command, seconds) in program {
        match lab.send(command) {
            Ok(Reply::Frames(frames)) => seen.push(frames.checksum()),
            Ok(Reply::Reading(value)) => seen.push(value.to_bits()),
            Ok(Reply::Ready(at)) => seen.push(at.as_nanos()),
            Ok(_) => {}
            Err(fault) => panic!("{fault}"),
        }
        let end = lab.now() + Span::from_secs(*seconds);
        for cut in cuts {
            let part = Instant::from_secs(lab.now().as_secs() + cut);
            if part < end {
                lab.wait_until(part).unwrap();
                for sensor in ["plate.temperature", "cui.dispensed", "pfo.status"] {
                    lab.send(&Command::Read { sensor: sensor.into() }).unwrap();
                }
            }
        }
        lab.wait_until(end).unwrap();
    }
    seen
}

fn program(changes: &[(usize, f64, f64)]) -> Vec<(Command, f64)> {
    let mut program = vec![
        (Command::Heat { heater: "plate".into(), set_point_c: Temperature::from_c(135.0) }, 30.0),
        (Command::Light { light: "led".into(), on: true }, 0.0),
        (Command::Light { light: "lamp".into(), on: true }, 0.0),
    ];
    let settings = recipe().settings(&conditions(CENTRE));
    let dispense = |pump: &flowtwin_lab::PumpId, rate: f64| Command::Dispense {
        pump: pump.clone(),
        rate_ul_per_min: FlowRate::from_ul_per_min(rate),
        at_most_ul: Volume::from_ul(4.0 * rate),
    };
    for (pump, rate) in &settings.pumps {
        program.push((dispense(pump, rate.ul_per_min()), 0.4));
    }
    for &(which, factor, seconds) in changes {
        let (pump, rate) = &settings.pumps[which];
        program.push((dispense(pump, factor * rate.ul_per_min()), seconds));
        for name in ["emission", "absorption"] {
            let exposure = Exposure { integration_us: 20_000, frames: 12 };
            program.push((Command::Arm { spectrometer: name.into(), exposure }, 0.1));
        }
        program.push((Command::Read { sensor: "plate.temperature".into() }, 3.7));
        for name in ["emission", "absorption"] {
            program.push((Command::Fetch { spectrometer: name.into() }, 0.0));
        }
        program.push((Command::Read { sensor: "cui.dispensed".into() }, 0.0));
    }
    program
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn it_makes_no_difference_how_waits_are_cut_and_what_is_read_meanwhile(
        changes in prop::collection::vec((0_usize..8, 0.5_f64..1.5, 5.0_f64..90.0), 2..5),
        cuts in prop::collection::vec(0.000_000_1_f64..20.0, 1..30),
    ) {
        let program = program(&changes);
        let whole = witness(&mut lab(7), &program, &[]);
        let parts = witness(&mut lab(7), &program, &cuts);
        prop_assert_eq!(whole, parts);
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let program = program(&[(0, 1.2, 80.0), (4, 0.8, 60.0)]);
    let first = witness(&mut lab(3), &program, &[]);
    assert_eq!(first, witness(&mut lab(3), &program, &[]));
    assert_ne!(first, witness(&mut lab(4), &program, &[]));
}

#[test]
fn fetching_later_gives_the_same_frames() {
    let frames = |late_s: f64| {
        let mut lab = lab(5);
        let mut program = program(&[(0, 1.0, 100.0)]);
        for (command, seconds) in &mut program {
            if matches!(command, Command::Read { .. }) {
                *seconds += late_s;
            }
        }
        let seen = witness(&mut lab, &program, &[]);
        // the two moments of readiness, a temperature, two blocks of frames, a volume
        (seen[3], seen[4])
    };
    assert_eq!(frames(0.0), frames(37.3));
}
