//! Cost grows linearly: work is counted, so that no stopwatch decides.
//! `benches/engine_experiment.rs` measures the seconds.

use flowtwin_lab::{Command, Exposure, Lab as _, Span, Volume};
use flowtwin_sim::{SimLab, Work};

use crate::support::{CENTRE, conditions, lab, recipe};

/// A lab in which everything flows and the lines are filled.
fn flowing() -> SimLab {
    let mut lab = lab(1);
    for (pump, rate_ul_per_min) in recipe().settings(&conditions(CENTRE)).pumps {
        let at_most_ul = Volume::from_ul(2e4);
        lab.send(&Command::Dispense { pump, rate_ul_per_min, at_most_ul }).unwrap();
    }
    lab.wait(Span::from_secs(300.0)).unwrap();
    lab
}

/// The work of a stretch of lab time.
fn work(during: impl FnOnce(&mut SimLab)) -> Work {
    let mut lab = flowing();
    let before = lab.work();
    during(&mut lab);
    let after = lab.work();
    Work {
        events: after.events - before.events,
        slugs: after.slugs - before.slugs,
        reactions: after.reactions - before.reactions,
        frames: after.frames - before.frames,
        pixels: after.pixels - before.pixels,
        samples: after.samples - before.samples,
    }
}

fn close(twice: u64, once: u64) -> bool {
    (twice as f64 / once as f64 - 2.0).abs() < 0.02
}

#[test]
fn twice_the_slugs_are_twice_the_events() {
    let flow = |seconds: f64| work(|lab| lab.wait(Span::from_secs(seconds)).unwrap());
    let (once, twice) = (flow(150.0), flow(300.0));
    assert!(close(twice.slugs, once.slugs) && close(twice.events, once.events));
    // Nobody looked, so nothing was computed of what became of them.
    assert_eq!((twice.reactions, twice.frames), (0, 0));
}

#[test]
fn twice_the_frames_are_twice_the_reactions_and_pixels() {
    let take = |frames: u32| {
        work(|lab| {
            let exposure = Exposure { integration_us: 20_000, frames };
            let spectrometer = flowtwin_lab::SpectrometerId::new("absorption");
            lab.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
            lab.send(&Command::Arm { spectrometer: spectrometer.clone(), exposure }).unwrap();
            lab.wait(Span::from_secs(0.02 * f64::from(frames))).unwrap();
            lab.send(&Command::Fetch { spectrometer }).unwrap();
        })
    };
    let (once, twice) = (take(1500), take(3000));
    assert_eq!((once.frames, twice.frames), (1500, 3000));
    assert_eq!(twice.pixels, 2 * once.pixels);
    assert!(close(twice.reactions, once.reactions), "{} {}", twice.reactions, once.reactions);
}

/// What was computed of a slug is kept: a second spectrometer that sees it asks for nothing new.
#[test]
fn a_slug_is_computed_once_however_often_it_is_seen() {
    let reactions = |spectrometers: &[&str]| {
        work(|lab| {
            for name in spectrometers {
                let exposure = Exposure { integration_us: 20_000, frames: 1500 };
                lab.send(&Command::Arm { spectrometer: (*name).into(), exposure }).unwrap();
            }
            for light in ["lamp", "led"] {
                lab.send(&Command::Light { light: light.into(), on: true }).unwrap();
            }
            lab.wait(Span::from_secs(30.0)).unwrap();
            for name in spectrometers {
                lab.send(&Command::Fetch { spectrometer: (*name).into() }).unwrap();
            }
        })
        .reactions
    };
    let (one, two) = (reactions(&["absorption"]), reactions(&["absorption", "emission"]));
    // The cells are 40 µL apart: the second sees a few slugs that the first does not.
    assert!(two < one + one / 4, "{two} against {one}");
}
