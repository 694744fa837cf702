//! Promises of the guard: a rig has the settings that were commanded, and a temperature follows its power.

use super::{Odd, Shared, busy, dispense, guard, heat, rule_of};
use crate::Reply;
use crate::command::{Command, Exposure, Setting};
use crate::fault::{Fault, FaultKind};
use crate::lab::Lab;
use crate::layer::{Guarded, Limits};
use crate::manifest::Manifest;
use crate::time::{Instant, Span};

/// The commands of a lab that somebody else has changed, and the fault that the guard reports.
#[test]
fn what_somebody_else_changes_is_told_by_name_and_ends_the_experiment() {
    let cases = [
        (Setting::SetPoint("plate".into()), 117.4, "set 120 °C, the controller keeps 117.4 °C"),
        (
            Setting::Mode("plate".into()),
            Setting::FIXED_POWER,
            "set automatic control, the controller keeps a fixed power",
        ),
        (Setting::Mode("plate".into()), Setting::OFF, "the controller keeps control off"),
        (Setting::Rate("water".into()), 120.0, "set 100 µL/min, the pump keeps 120 µL/min"),
        (Setting::Light("lamp".into()), 0.0, "set on, the light keeps off"),
    ];
    for (setting, kept, said) in cases {
        let lab = Shared::default();
        let mut guarded = busy(&lab);
        guarded.wait(Span::from_secs(5.0)).unwrap();
        lab.0.borrow_mut().forced_settings = vec![(setting.clone(), kept)];
        let fault = guarded.wait(Span::from_secs(30.0)).unwrap_err();
        assert!(fault.to_string().contains(said), "{fault}");
        assert!(fault.kind.stops_campaign());
        assert!(guarded.now() <= Instant::from_secs(10.0), "{setting:?} was seen late");
        assert!(lab.0.borrow().is_safe());
    }
}

/// The change comes after the last look, and is undone before the next: frames taken in between are no observation.
#[test]
fn what_is_changed_while_frames_are_taken_is_found_when_they_are_handed_over() {
    let exposure = Exposure { integration_us: 20_000, frames: 10 };
    let arm = Command::Arm { spectrometer: "eye".into(), exposure };
    let fetch = Command::Fetch { spectrometer: "eye".into() };
    for (setting, kept) in
        [(Setting::Integration("eye".into()), 40_000.0), (Setting::SetPoint("plate".into()), 111.0)]
    {
        let lab = Shared::default();
        let mut guarded = Guarded::new(lab.clone(), Limits { tick_s: 60.0, ..Limits::default() });
        guarded.send(&heat(120.0)).unwrap();
        guarded.send(&arm).unwrap();
        lab.clone().wait_until(Instant::from_secs(0.3)).unwrap();
        lab.0.borrow_mut().forced_settings = vec![(setting, kept)];
        let fault = guarded.send(&fetch).unwrap_err();
        assert!(matches!(fault.kind, FaultKind::Changed { .. }), "{fault}");
        assert!(lab.0.borrow().is_safe());
    }
    let lab = Shared::default();
    let mut guarded = guard(&lab);
    guarded.send(&heat(120.0)).unwrap();
    lab.0.borrow_mut().forced_settings = vec![(Setting::SetPoint("plate".into()), 111.0)];
    let fault = guarded.send(&arm).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Changed { .. }), "{fault}");
}

#[test]
fn a_pump_that_delivers_more_than_its_rate_allows_is_judged_like_one_that_delivers_less() {
    let lab = Shared::default();
    let more = |lab: &mut Shared, command: &Command| match (lab.send(command)?, command) {
        (Reply::Reading(ul), Command::Read { sensor }) if sensor.as_str() == "water.dispensed" => {
            Ok(Reply::Reading(1.2 * ul))
        }
        (reply, _) => Ok(reply),
    };
    let odd = Odd(lab.clone(), Shared::manifest().clone(), more);
    let mut guarded = Guarded::new(odd, Limits::default());
    guarded.send(&dispense(100.0, 500.0)).unwrap();
    let fault = guarded.wait(Span::from_secs(120.0)).unwrap_err();
    assert_eq!(rule_of(&fault), "over-delivery");
    assert!(lab.0.borrow().is_safe());
}

#[test]
fn a_pump_that_runs_untold_or_stands_paused_is_told() {
    for (told, status, said) in [
        (false, 1.0, "set stopped, the pump keeps running"),
        (true, 2.0, "set running, the pump keeps paused"),
    ] {
        let lab = Shared::default();
        let mut guarded = guard(&lab);
        if told {
            guarded.send(&dispense(100.0, 500.0)).unwrap();
        }
        lab.0.borrow_mut().forced_status = Some(status);
        let fault = guarded.wait(Span::from_secs(10.0)).unwrap_err();
        assert!(fault.to_string().contains(said), "{fault}");
    }
}

/// A plate of 450 W on 1800 J/K and 2.5 W/K in a room at 23 °C that its controller holds by what its sensor says.
struct Plate<F> {
    manifest: Manifest,
    now: Instant,
    true_c: f64,
    set_c: f64,
    integral: f64,
    power: f64,
    reads: F,
}

impl<F: FnMut(f64, f64) -> f64> Plate<F> {
    fn guarded(reads: F) -> Guarded<Self> {
        let mut manifest = Shared::manifest().clone();
        let power = crate::manifest::SensorKind::Power("plate".into());
        manifest.sensors.retain(|s| s.name.as_str() == "plate.temperature");
        manifest.sensors.push(crate::SensorInfo { name: "plate.power".into(), kind: power });
        let plate = Self {
            manifest,
            now: Instant::START,
            true_c: 23.0,
            set_c: 23.0,
            integral: 0.0,
            power: 0.0,
            reads,
        };
        let model = crate::layer::LoopModel {
            heater: "plate".into(),
            power_w: 450.0,
            heat_capacity_j_per_k: 1_800.0,
            loss_w_per_k: 2.5,
            ambient_c: 23.0,
            lag_s: 2.0,
        };
        let limits = Limits { heat_without_flow: true, out_of_step_s: 1e9, ..Limits::default() };
        Guarded::new(plate, limits).knowing(vec![model])
    }
}

impl<F: FnMut(f64, f64) -> f64> Lab for Plate<F> {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }
    fn now(&self) -> Instant {
        self.now
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Heat { set_point_c, .. } => {
                self.set_c = set_point_c.c();
                self.integral = 2.5 * (self.set_c - 23.0) / 450.0;
            }
            Command::Read { sensor } if sensor.as_str() == "plate.power" => {
                return Ok(Reply::Reading(100.0 * self.power));
            }
            Command::Read { .. } => {
                return Ok(Reply::Reading((self.reads)(self.now.as_secs(), self.true_c)));
            }
            Command::ReadBack { .. } => {
                let detail = "it cannot tell".into();
                return Err(Fault::new(self.now, "plate", FaultKind::Unsupported { detail }));
            }
            Command::MakeSafe => self.set_c = 23.0,
            _ => {}
        }
        Ok(Reply::Done)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        while self.now < deadline {
            let error = self.set_c - (self.reads)(self.now.as_secs(), self.true_c);
            self.power = (error / 8.0 + self.integral).clamp(0.0, 1.0);
            if self.power > 0.0 && self.power < 1.0 {
                self.integral = (self.integral + error / 8.0 * 0.5 / 180.0).clamp(0.0, 1.0);
            }
            self.true_c += 0.5 * (450.0 * self.power - 2.5 * (self.true_c - 23.0)) / 1_800.0;
            self.now += Span::from_secs(0.5);
        }
        Ok(())
    }
}

/// Runs a plate at 135 °C for up to an hour; when the guard tripped, and by which rule.
fn plate_trips(reads: impl FnMut(f64, f64) -> f64) -> Option<(f64, String)> {
    let mut guarded = Plate::guarded(reads);
    guarded.send(&heat(135.0)).unwrap();
    let fault = guarded.wait(Span::from_secs(5_700.0)).err()?;
    Some((fault.at.as_secs(), rule_of(&fault).to_owned()))
}

/// Since when the readings of a plate at 135 °C may have been wrong, once a rule has tripped.
fn doubtful_since(reads: impl FnMut(f64, f64) -> f64) -> Option<f64> {
    let mut guarded = Plate::guarded(reads);
    guarded.send(&heat(135.0)).unwrap();
    let fault = guarded.wait(Span::from_secs(5_700.0)).unwrap_err();
    let since = guarded.doubtful_since().map(Instant::as_secs);
    assert!(since.is_none_or(|since| since < fault.at.as_secs()));
    guarded.send(&heat(135.0)).unwrap();
    assert_eq!(guarded.doubtful_since(), None, "whoever heats again has put it right");
    since
}

#[test]
fn a_rule_that_finds_a_reading_wrong_tells_since_when_it_may_have_been() {
    // Every slip that is found is found within the longest balance: what was read before that is not in doubt.
    for k_per_min in [0.5, 0.8, 3.0] {
        let slip = move |s: f64, c: f64| c - k_per_min / 60.0 * (s - 2_500.0).max(0.0);
        let since_s = doubtful_since(slip).unwrap();
        assert!((1_000.0..=2_500.0).contains(&since_s), "{k_per_min} K/min: {since_s} s");
    }
    // It stands still to the last digit from 1500 s on, and is found ten minutes later.
    let mut kept = None;
    let stands = move |s: f64, c: f64| {
        if s < 1_500.0 { c + 0.01 * crate::math::sin(s) } else { *kept.get_or_insert(c) }
    };
    let since_s = doubtful_since(stands).unwrap();
    assert!((1_480.0..=1_510.0).contains(&since_s), "{since_s} s");
    // Too hot is what was read: nothing before it is in doubt.
    assert_eq!(
        doubtful_since(|s, c| if s < 1_500.0 { c } else { c + 0.01 * (s - 1_500.0) + 400.0 }),
        None
    );
}

/// Without it the jump back, and what was read before, would trip the guard again.
#[test]
fn a_sensor_that_was_put_back_is_believed_once_somebody_heats_again() {
    for k_per_s in [0.01, 0.03, 0.2] {
        let is_back = std::cell::Cell::new(false);
        let slip = |s: f64| if is_back.get() { 0.0 } else { k_per_s * (s - 2_500.0).max(0.0) };
        let mut guarded = Plate::guarded(|s, c| c - slip(s));
        guarded.send(&heat(135.0)).unwrap();
        let fault = guarded.wait(Span::from_secs(5_700.0)).unwrap_err();
        assert_eq!(rule_of(&fault), "heating");
        is_back.set(true);
        guarded.send(&heat(135.0)).unwrap();
        assert_eq!(guarded.wait(Span::from_secs(3_600.0)), Ok(()), "{k_per_s} K/s");
    }
}

#[test]
fn a_sound_plate_is_left_alone() {
    assert_eq!(plate_trips(|s, c| c + 0.3 * crate::math::sin(s)), None);
}

/// docs/wiring.md states these times.
#[test]
fn a_reading_that_does_not_answer_the_power_makes_the_rig_safe_in_the_stated_time() {
    let mut digit = 0.0;
    let mut noise = move || {
        digit = 0.01 - digit;
        digit
    };
    // It sticks at 90 °C with a hundredth of a kelvin of noise on the way up.
    let stuck = plate_trips(move |_, c| c.min(90.0) + noise());
    let (at_s, rule) = stuck.expect("a stuck sensor is found");
    assert_eq!(rule, "heating");
    assert!(at_s < 103.0 + 300.0, "{at_s} s");
    // From 1500 s on it slips out of the plate, by 0.8 K/min.
    let slip = plate_trips(|s, c| c - 0.8 / 60.0 * (s - 1_500.0).max(0.0));
    let (at_s, rule) = slip.expect("a slow slip is found");
    assert_eq!(rule, "heating");
    assert!(at_s < 1_500.0 + 1_200.0, "{at_s} s");
    // From 1500 s on it reads a rise of 6 K/min that no power has brought.
    let rise = plate_trips(|s, c| c + 0.1 * (s - 1_500.0).max(0.0));
    let (at_s, _) = rise.expect("a rise without power is found");
    assert!(at_s < 1_500.0 + 600.0, "{at_s} s");
}
