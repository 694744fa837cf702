//! What every [`Lab`] must do, whatever is behind it: simulator, emulated rig, real rig, journal, folder.
//!
//! [`check`] drives a lab through the promises of the trait and returns the first that is broken. It moves
//! pumps and heaters gently and leaves the lab safe, so it can be run on a real rig filled with water.

use crate::command::{Command, Exposure, Reply, Setting};
use crate::conditions::Conditions;
use crate::fault::{Fault, FaultKind};
use crate::id::PumpId;
use crate::lab::Lab;
use crate::manifest::{Level, SensorKind};
use crate::procedure;
use crate::time::{Instant, Span};
use crate::units::{FlowRate, Temperature, Volume};

/// A promise that a lab does not keep, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("broken promise: {0}")]
pub struct Broken(String);

type Check = Result<(), Broken>;

fn promise(kept: bool, words: impl Fn() -> String) -> Check {
    if kept { Ok(()) } else { Err(Broken(words())) }
}

fn sent(lab: &mut dyn Lab, command: &Command) -> Result<Reply, Broken> {
    lab.send(command).map_err(|fault| Broken(format!("{command:?} failed: {fault}")))
}

/// Drives `lab` through every promise that its level makes.
///
/// `sample` are conditions that a lab driven by whole experiments can run; one driven by instruments needs
/// none.
///
/// # Errors
/// The first promise that is not kept.
pub fn check(lab: &mut dyn Lab, sample: Option<&Conditions>) -> Check {
    time_passes_only_in_wait_until(lab)?;
    match lab.manifest().level {
        Level::Instruments => {
            names_are_checked(lab)?;
            pumps_stop_by_themselves(lab)?;
            valves_turn_and_pumps_draw(lab)?;
            heaters_take_set_points(lab)?;
            frames_come_when_they_are_ready(lab)?;
            results_come_when_they_are_ready(lab)?;
        }
        Level::Experiments => {
            if let Some(conditions) = sample {
                an_experiment_can_be_begun_and_collected(lab, conditions)?;
            }
        }
    }
    safe_is_safe_twice(lab)
}

fn time_passes_only_in_wait_until(lab: &mut dyn Lab) -> Check {
    let before = lab.now();
    let deadline = before + Span::from_secs(0.25);
    lab.wait_until(deadline).map_err(|fault| Broken(format!("a wait failed: {fault}")))?;
    let now = lab.now();
    promise(now >= deadline, || format!("wait_until({deadline}) returned at {now}"))?;
    lab.wait_until(Instant::START).map_err(|fault| Broken(format!("a wait failed: {fault}")))?;
    promise(lab.now() >= now, || "waiting for the past turned time back".into())
}

fn is_unsupported(result: &Result<Reply, Fault>) -> bool {
    matches!(result, Err(Fault { kind: FaultKind::Unsupported { .. }, .. }))
}

fn names_are_checked(lab: &mut dyn Lab) -> Check {
    let nobody = "nobody-has-this-name";
    let commands = [
        Command::Stop { pump: nobody.into() },
        Command::Fill { pump: nobody.into(), holds_ul: Volume::from_ul(1.0) },
        Command::Turn { valve: nobody.into(), position: "open".into() },
        Command::HeaterOff { heater: nobody.into() },
        Command::Light { light: nobody.into(), on: false },
        Command::Fetch { spectrometer: nobody.into() },
        Command::Inject { analyser: nobody.into() },
        Command::Results { analyser: nobody.into() },
        Command::Read { sensor: nobody.into() },
        Command::ReadBack { setting: Setting::SetPoint(nobody.into()) },
        Command::Collect,
    ];
    commands.into_iter().try_for_each(|command| {
        let result = lab.send(&command);
        promise(is_unsupported(&result), || format!("{command:?} was answered with {result:?}"))
    })
}

fn pumps_stop_by_themselves(lab: &mut dyn Lab) -> Check {
    for info in lab.manifest().pumps.clone() {
        let pump = info.name.clone();
        ways_open(lab, &pump)?;
        let too_fast = Command::Dispense {
            pump: pump.clone(),
            rate_ul_per_min: FlowRate::from_ul_per_min(2.0 * info.max_ul_per_min),
            at_most_ul: Volume::from_ul(1.0),
        };
        let result = lab.send(&too_fast);
        let refused = matches!(&result, Err(Fault { kind: FaultKind::OutOfRange { .. }, .. }));
        promise(refused, || format!("{pump} took twice its largest rate: {result:?}"))?;
        let rate = info.nearest_ul_per_min(info.min_ul_per_min.max(60.0));
        let whole = |ul: f64| info.steps.map_or(ul, |steps| steps.whole_ul(ul));
        let ul = whole(rate / 60.0);
        let dispense = Command::Dispense {
            pump: pump.clone(),
            rate_ul_per_min: FlowRate::from_ul_per_min(rate),
            at_most_ul: Volume::from_ul(ul),
        };
        sent(lab, &dispense)?;
        expect_kept(lab, Setting::Rate(pump.clone()), rate, 1e-4 * rate)?;
        lab.wait(Span::from_secs(3.0)).map_err(|fault| Broken(fault.to_string()))?;
        expect_reading(lab, &SensorKind::Status(pump.clone()), 0.0, 0.1)?;
        expect_reading(lab, &SensorKind::Dispensed(pump.clone()), ul, 1e-3)?;
        sent(lab, &Command::Stop { pump: pump.clone() })?;
        let holds_ul = Volume::from_ml(info.fill_ml);
        sent(lab, &Command::Fill { pump: pump.clone(), holds_ul })?;
        let off = Command::Dispense {
            pump: pump.clone(),
            rate_ul_per_min: FlowRate::ZERO,
            at_most_ul: Volume::from_ul(1.0),
        };
        sent(lab, &dispense)?;
        sent(lab, &off)?;
        expect_reading(lab, &SensorKind::Status(pump), 0.0, 0.1)?;
    }
    Ok(())
}

/// Turns the valves in the way of a pump.
fn ways_open(lab: &mut dyn Lab, pump: &PumpId) -> Check {
    for info in lab.manifest().valves.clone() {
        if let Some(position) = info.opening(std::slice::from_ref(pump)) {
            let position = position.name.clone();
            sent(lab, &Command::Turn { valve: info.name.clone(), position })?;
            lab.wait(Span::from_secs(info.turns_s)).map_err(|fault| Broken(fault.to_string()))?;
        }
    }
    Ok(())
}

/// Valves turn, and a pump that refills itself draws and stops by itself.
fn valves_turn_and_pumps_draw(lab: &mut dyn Lab) -> Check {
    for info in lab.manifest().valves.clone() {
        for (number, position) in info.positions.iter().enumerate().rev() {
            let (valve, position) = (info.name.clone(), position.name.clone());
            sent(lab, &Command::Turn { valve, position })?;
            lab.wait(Span::from_secs(info.turns_s)).map_err(|fault| Broken(fault.to_string()))?;
            expect_kept(lab, Setting::Position(info.name.clone()), number as f64, 0.1)?;
        }
    }
    for info in lab.manifest().pumps.clone() {
        let Some(refill) = &info.refill else { continue };
        let ul = (0.01 * refill.ul_per_min).min(1e3 * info.fill_ml);
        let ul = info.steps.map_or(ul, |steps| steps.whole_ul(ul));
        procedure::refill(lab, &info.name, ul).map_err(|fault| Broken(fault.to_string()))?;
        expect_reading(lab, &SensorKind::Dispensed(info.name.clone()), ul, 1e-2)?;
        expect_reading(lab, &SensorKind::Status(info.name.clone()), 0.0, 0.1)?;
    }
    Ok(())
}

fn expect_reading(lab: &mut dyn Lab, kind: &SensorKind, expected: f64, tolerance: f64) -> Check {
    let Some(sensor) = lab.manifest().sensor(kind).cloned() else { return Ok(()) };
    let reply = sent(lab, &Command::Read { sensor: sensor.clone() })?;
    let near = matches!(reply, Reply::Reading(value) if (value - expected).abs() <= tolerance);
    promise(near, || format!("{sensor} should read {expected} but answered {reply:?}"))
}

/// An instrument keeps its settings, or cannot report them.
fn expect_kept(lab: &mut dyn Lab, setting: Setting, expected: f64, tolerance: f64) -> Check {
    let result = lab.send(&Command::ReadBack { setting: setting.clone() });
    let near = matches!(result, Ok(Reply::Reading(kept)) if (kept - expected).abs() <= tolerance);
    promise(near || is_unsupported(&result), || {
        format!("{setting:?} was set to {expected} but is answered with {result:?}")
    })
}

fn heaters_take_set_points(lab: &mut dyn Lab) -> Check {
    for info in lab.manifest().heaters.clone() {
        let set_point_c = Temperature::from_c(info.safe_c);
        sent(lab, &Command::Heat { heater: info.name.clone(), set_point_c })?;
        expect_kept(lab, Setting::SetPoint(info.name.clone()), info.safe_c, 0.05)?;
        expect_kept(lab, Setting::Mode(info.name.clone()), Setting::AUTOMATIC, 0.1)?;
        let kind = SensorKind::Temperature(info.name.clone());
        if let Some(sensor) = lab.manifest().sensor(&kind).cloned() {
            let reply = sent(lab, &Command::Read { sensor })?;
            let single = |v: f64| v.to_bits() == f64::from(v as f32).to_bits();
            let kept = matches!(reply, Reply::Reading(v) if single(v));
            promise(kept, || format!("a temperature is not a single-precision number: {reply:?}"))?;
        }
        sent(lab, &Command::HeaterOff { heater: info.name.clone() })?;
        expect_kept(lab, Setting::Mode(info.name), Setting::OFF, 0.1)?;
    }
    Ok(())
}

fn frames_come_when_they_are_ready(lab: &mut dyn Lab) -> Check {
    for info in lab.manifest().spectrometers.clone() {
        let fetch = Command::Fetch { spectrometer: info.name.clone() };
        let early = lab.send(&fetch);
        let not_ready = |result: &Result<Reply, Fault>| {
            matches!(result, Err(Fault { kind: FaultKind::NotReady, .. }))
        };
        promise(not_ready(&early), || format!("frames before any were taken: {early:?}"))?;
        let exposure = Exposure { integration_us: info.min_integration_us.max(10_000), frames: 3 };
        let arm = Command::Arm { spectrometer: info.name.clone(), exposure };
        let before = lab.now();
        let Reply::Ready(ready) = sent(lab, &arm)? else {
            return Err(Broken(format!("{} was armed but is never ready", info.name)));
        };
        let integration = Setting::Integration(info.name.clone());
        expect_kept(lab, integration, f64::from(exposure.integration_us), 0.5)?;
        promise(ready > before, || "frames take no time".into())?;
        let early = lab.send(&fetch);
        // Where time passes while instruments are talked to, the frames may have come meanwhile: also before the moment that
        // was told, which is counted from the acknowledgement, and that may have been long under way.
        let takes = Span::from_nanos(1_000 * u64::from(exposure.integration_us));
        let soonest = before + takes.times(u64::from(exposure.frames));
        let may_be_there = lab.now() >= soonest && early.is_ok();
        promise(may_be_there || not_ready(&early), || {
            format!("frames before their time: {early:?}")
        })?;
        lab.wait_until(ready).map_err(|fault| Broken(fault.to_string()))?;
        let fetched = if may_be_there { early } else { lab.send(&fetch) };
        let frames = match fetched {
            Ok(Reply::Frames(frames)) => frames,
            Ok(_) => return Err(Broken(format!("{} answers Fetch without frames", info.name))),
            Err(fault) => return Err(Broken(format!("{fetch:?} failed: {fault}"))),
        };
        let shape = (frames.len(), frames.pixels());
        promise(shape == (3, info.pixels), || {
            format!("asked for 3 frames of {} pixels, got {shape:?}", info.pixels)
        })?;
    }
    Ok(())
}

fn results_come_when_they_are_ready(lab: &mut dyn Lab) -> Check {
    let not_ready = |result: &Result<Reply, Fault>| {
        matches!(result, Err(Fault { kind: FaultKind::NotReady, .. }))
    };
    for info in lab.manifest().analysers.clone() {
        let name = &info.name;
        let [inject, results] = [
            Command::Inject { analyser: name.clone() },
            Command::Results { analyser: name.clone() },
        ];
        let early = lab.send(&results);
        promise(not_ready(&early), || format!("results before any sample: {early:?}"))?;
        let before = lab.now();
        let Reply::Ready(ready) = sent(lab, &inject)? else {
            return Err(Broken(format!("{name} took a sample but is never ready")));
        };
        promise(ready > before, || "an analysis takes no time".into())?;
        let second = lab.send(&inject);
        promise(not_ready(&second), || format!("{name} took two samples at once: {second:?}"))?;
        lab.wait_until(ready).map_err(|fault| Broken(fault.to_string()))?;
        let found = lab.send(&results);
        let fits = |mm: &Vec<f64>| mm.len() == info.species.len();
        let right = matches!(&found, Ok(Reply::Results(mm)) if fits(mm));
        promise(right, || format!("{name} answers {found:?} for {:?}", info.species))?;
        let again = lab.send(&results);
        promise(not_ready(&again), || format!("results were handed over twice: {again:?}"))?;
    }
    Ok(())
}

fn an_experiment_can_be_begun_and_collected(lab: &mut dyn Lab, conditions: &Conditions) -> Check {
    let early = lab.send(&Command::Collect);
    promise(early.is_err(), || format!("an outcome before any experiment: {early:?}"))?;
    if let Reply::Ready(at) = sent(lab, &Command::Begin { conditions: conditions.clone() })? {
        lab.wait_until(at).map_err(|fault| Broken(fault.to_string()))?;
    }
    for _ in 0..100 {
        match lab.send(&Command::Collect) {
            Ok(Reply::Outcome(outcome)) => {
                return promise(!outcome.features.is_empty(), || "an empty outcome".into());
            }
            Ok(Reply::Report(report)) => {
                let empty = report.outcome.features.is_empty() && report.fault.is_none();
                return promise(!empty, || "an empty outcome and no fault".into());
            }
            Err(fault) if fault.kind == FaultKind::NotReady => {
                lab.wait(Span::from_secs(0.1)).map_err(|fault| Broken(fault.to_string()))?;
            }
            other => return Err(Broken(format!("Collect was answered with {other:?}"))),
        }
    }
    Err(Broken("the outcome never came".into()))
}

fn safe_is_safe_twice(lab: &mut dyn Lab) -> Check {
    for _ in 0..2 {
        sent(lab, &Command::MakeSafe)?;
    }
    let pumps: Vec<_> = lab.manifest().pumps.iter().map(|p| p.name.clone()).collect();
    if lab.manifest().level == Level::Experiments {
        return Ok(());
    }
    pumps.into_iter().try_for_each(|p| expect_reading(lab, &SensorKind::Status(p), 0.0, 0.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Guarded, Limits};
    use crate::toy::ToyLab;

    #[test]
    fn the_toy_lab_conforms_bare_and_guarded() {
        check(&mut ToyLab::new(), None).unwrap();
        let mut guarded = Guarded::new(ToyLab::new(), Limits::default());
        check(&mut guarded, None).unwrap();
        let mut analysed = Guarded::new(ToyLab::new().with_analyser(), Limits::default());
        check(&mut analysed, None).unwrap();
    }

    /// A lab whose pump never stops by itself.
    struct Runaway(ToyLab);

    impl Lab for Runaway {
        fn manifest(&self) -> &crate::Manifest {
            self.0.manifest()
        }
        fn now(&self) -> Instant {
            self.0.now()
        }
        fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
            let mut command = command.clone();
            if let Command::Dispense { at_most_ul, .. } = &mut command {
                *at_most_ul = Volume::from_ul(1e6);
            }
            self.0.send(&command)
        }
        fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
            self.0.wait_until(deadline)
        }
    }

    /// A lab that is so slow to answer that its time goes on meanwhile; it hands over frames that it does not have yet, or
    /// only those that have come.
    struct HeldUp {
        lab: ToyLab,
        hasty: bool,
    }

    impl Lab for HeldUp {
        fn manifest(&self) -> &crate::Manifest {
            self.lab.manifest()
        }
        fn now(&self) -> Instant {
            self.lab.now()
        }
        fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
            if self.hasty {
                let mut later = self.lab.clone();
                later.wait(Span::from_secs(0.1))?;
                let is_fetch = matches!(command, Command::Fetch { .. });
                return if is_fetch { later.send(command) } else { self.lab.send(command) };
            }
            self.lab.wait(Span::from_secs(0.1))?;
            self.lab.send(command)
        }
        fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
            self.lab.wait_until(deadline)
        }
    }

    #[test]
    fn a_lab_whose_time_goes_on_while_it_is_talked_to_conforms() {
        check(&mut HeldUp { lab: ToyLab::new(), hasty: false }, None).unwrap();
        let broken = check(&mut HeldUp { lab: ToyLab::new(), hasty: true }, None).unwrap_err();
        assert!(broken.to_string().contains("frames before their time"), "{broken}");
    }

    #[test]
    fn a_pump_that_never_stops_is_found() {
        let broken = check(&mut Runaway(ToyLab::new()), None).unwrap_err();
        assert!(broken.to_string().contains("water.status should read 0"), "{broken}");
    }
}
