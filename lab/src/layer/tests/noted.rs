//! What a guard notes of the commands that it lets through.

use super::*;

fn limits_with(ratio: (f64, f64)) -> Limits {
    let rule = RatioRule {
        name: "water to itself".into(),
        of: vec!["water".into()],
        to: vec!["water".into()],
        low: ratio.0,
        high: ratio.1,
    };
    Limits { ratios: vec![rule], ratio_grace_s: 20.0, ..Limits::default() }
}

#[test]
fn a_guard_says_whether_the_rig_is_safe() {
    let lab = Shared::default();
    let mut guarded = guard(&lab);
    assert!(!guarded.is_safe(), "nobody has made it safe yet");
    guarded.send(&Command::MakeSafe).unwrap();
    assert!(guarded.is_safe());
    // To look, to stop and to turn off leave it safe.
    for command in [
        Command::Read { sensor: "plate.temperature".into() },
        Command::Stop { pump: "water".into() },
        Command::HeaterOff { heater: "plate".into() },
        Command::Light { light: "lamp".into(), on: false },
    ] {
        guarded.send(&command).unwrap();
        assert!(guarded.is_safe(), "{command:?}");
    }
    for command in
        [heat(60.0), dispense(100.0, 50.0), Command::Light { light: "lamp".into(), on: true }]
    {
        guarded.send(&command).unwrap();
        assert!(!guarded.is_safe(), "{command:?}");
        guarded.send(&Command::MakeSafe).unwrap();
    }
}

#[test]
fn a_tripped_guard_is_safe_once_the_rig_has_acknowledged_it() {
    let lab = Shared::default();
    let mut guarded = busy(&lab);
    lab.0.borrow_mut().permit = 0.0;
    guarded.wait(Span::from_secs(60.0)).unwrap_err();
    assert!(guarded.is_safe());
}

#[test]
fn a_guard_counts_what_is_left_in_a_syringe() {
    let lab = Shared::default();
    let mut guarded = guard(&lab);
    let full = guarded.remaining_ul()[0];
    guarded.send(&dispense(120.0, 60.0)).unwrap();
    guarded.wait(Span::from_secs(10.0)).unwrap();
    assert!((guarded.remaining_ul()[0] - (full - 20.0)).abs() < 1e-9);
    // No more than the volume it was started with.
    guarded.wait(Span::from_secs(60.0)).unwrap();
    assert!((guarded.remaining_ul()[0] - (full - 60.0)).abs() < 1e-9);
    guarded.delivered_before(0, 100.0);
    assert!((guarded.remaining_ul()[0] - (full - 160.0)).abs() < 1e-9);
    let fault = guarded.send(&dispense(100.0, full - 150.0)).unwrap_err();
    assert!(fault.to_string().contains("volume"), "{fault}");
}

#[test]
fn set_points_stay_a_margin_below_the_highest_temperature() {
    let lab = Shared::default();
    let limits = Limits { max_temperature_c: 150.0, ..Limits::default() };
    let mut guarded = Guarded::new(lab.clone(), limits.clone());
    guarded.send(&heat(140.0)).unwrap();
    let fault = guarded.send(&heat(141.0)).unwrap_err();
    let expected = "set point 141 °C is outside 20 to 140 °C";
    assert_eq!(fault.kind.to_string(), expected);
    let narrow = Limits { set_point_margin_k: 1.0, ..limits };
    Guarded::new(lab, narrow).send(&heat(149.0)).unwrap();
}

/// A heater that is off follows no set point: it may cool without being out of step.
#[test]
fn a_heater_that_was_turned_off_is_not_out_of_step() {
    let spec = Limits { out_of_step_s: 60.0, ..Limits::default() };
    for command in [Command::HeaterOff { heater: "plate".into() }, Command::MakeSafe] {
        let lab = Shared::default();
        let mut guarded = Guarded::new(lab.clone(), spec.clone());
        guarded.send(&heat(60.0)).unwrap();
        guarded.wait(Span::from_secs(600.0)).unwrap();
        guarded.send(&command).unwrap();
        guarded.wait(Span::from_secs(900.0)).unwrap();
    }
}

/// A light that was turned off, by itself or with everything, may have been on for long.
#[test]
fn a_light_that_was_turned_off_is_not_timed_any_more() {
    for command in [Command::Light { light: "lamp".into(), on: false }, Command::MakeSafe] {
        let lab = Shared::default();
        let mut guarded = guard(&lab);
        guarded.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
        guarded.wait(Span::from_secs(500.0)).unwrap();
        guarded.send(&command).unwrap();
        guarded.wait(Span::from_secs(500.0)).unwrap();
    }
    let lab = Shared::default();
    let mut guarded = guard(&lab);
    guarded.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    let fault = guarded.wait(Span::from_secs(700.0)).unwrap_err();
    assert_eq!(rule_of(&fault), "light");
    assert!(guarded.now() > Instant::from_secs(600.0));
    assert!(guarded.now() < Instant::from_secs(611.0));
}

#[test]
fn a_ratio_acts_below_above_and_not_within_its_range() {
    for (range, trips) in
        [((2.0, 3.0), true), ((0.1, 0.5), true), ((1.0, 1.0), false), ((0.5, 2.0), false)]
    {
        let lab = Shared::default();
        let mut guarded = Guarded::new(lab.clone(), limits_with(range));
        guarded.send(&dispense(100.0, 500.0)).unwrap();
        let outcome = guarded.wait(Span::from_secs(60.0));
        assert_eq!(outcome.is_err(), trips, "{range:?}");
        assert_eq!(lab.0.borrow().is_safe(), trips, "{range:?}");
    }
    // Where nothing flows there is no ratio.
    let mut guarded = Guarded::new(Shared::default(), limits_with((2.0, 3.0)));
    guarded.send(&heat(60.0)).unwrap();
    guarded.wait(Span::from_secs(120.0)).unwrap();
}

/// Too little and too much are judged alike, each beyond its share and the lag that is always allowed.
#[test]
fn delivery_is_judged_both_ways() {
    for (share, verdict) in
        [(0.90, Some("stalled")), (0.985, None), (1.0, None), (1.015, None), (1.10, Some("more"))]
    {
        let lab = Shared::default();
        let odd = move |lab: &mut Shared, command: &Command| match (lab.send(command)?, command) {
            (Reply::Reading(ul), Command::Read { sensor })
                if sensor.as_str() == "water.dispensed" =>
            {
                Ok(Reply::Reading(share * ul))
            }
            (reply, _) => Ok(reply),
        };
        let odd = Odd(lab.clone(), Shared::manifest().clone(), odd);
        let mut guarded = Guarded::new(odd, Limits { lag_ul: 5.0, ..Limits::default() });
        guarded.send(&dispense(100.0, 900.0)).unwrap();
        let outcome = guarded.wait(Span::from_secs(400.0));
        assert_eq!(outcome.is_err(), verdict.is_some(), "{share}: {outcome:?}");
        assert_eq!(lab.0.borrow().is_safe(), verdict.is_some(), "{share}");
    }
}

/// A lab whose pump does not stop, for this reason.
struct Stubborn(Shared, FaultKind);

impl Lab for Stubborn {
    fn manifest(&self) -> &Manifest {
        self.0.manifest()
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Stop { pump } => Err(Fault::new(self.now(), pump, self.1.clone())),
            _ => self.0.send(command),
        }
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.wait_until(deadline)
    }
}

#[test]
fn a_command_that_fails_makes_the_rig_safe_unless_only_its_experiment_fails() {
    for (kind, safe) in [(FaultKind::NoReply { waited_s: 1.0 }, true), (FaultKind::NotReady, false)]
    {
        let lab = Shared::default();
        let mut guarded = Guarded::new(Stubborn(lab.clone(), kind.clone()), Limits::default());
        guarded.send(&heat(120.0)).unwrap();
        guarded.send(&dispense(100.0, 500.0)).unwrap();
        let fault = guarded.send(&Command::Stop { pump: "water".into() }).unwrap_err();
        assert_eq!(fault.kind, kind);
        assert_eq!((lab.0.borrow().is_safe(), guarded.is_safe()), (safe, safe), "{kind:?}");
    }
}

/// A disk that is full from a number of lines on.
struct Full(Vec<u8>, usize);

impl journal::Sink for Full {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let lines = self.0.iter().filter(|&&byte| byte == b'\n').count();
        if lines >= self.1 {
            return Err(std::io::Error::other("no space is left"));
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }
    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Before, the command came first, and a power cut behind it left a start that no journal knew of.
#[test]
fn on_a_rig_nothing_moves_or_heats_before_that_is_in_the_journal() {
    let stop = Command::Stop { pump: "water".into() };
    let off = dispense(0.0, 0.0);
    for (command, first) in
        [(dispense(100.0, 500.0), true), (heat(120.0), true), (off, false), (stop, false)]
    {
        for promptly in [true, false] {
            let lab = Shared::default();
            let writer = Writer::new(Full(Vec::new(), 0));
            let writer = if promptly { writer.promptly() } else { writer };
            let mut journaled = Journaled::new(lab.clone(), writer);
            assert!(journaled.send(&command).is_err());
            let sent = lab.0.borrow().commands;
            assert_eq!(sent == 0, first && promptly, "{command:?}");
        }
    }
    let lab = Shared::default();
    let mut journaled = Journaled::new(lab, Writer::new(Full(Vec::new(), 9)).promptly());
    let (procedure, space) = procedure();
    journaled.record(&header(&procedure, &space)).unwrap();
    for command in [heat(120.0), dispense(100.0, 500.0), Command::MakeSafe] {
        journaled.send(&command).unwrap();
    }
    let (_, writer) = journaled.into_parts();
    let journal = journal::read(&writer.into_sink().0).unwrap();
    let told = journal.records()[1..].iter().map(|record| match record {
        Record::Intended(intended) => (false, intended.send.clone()),
        Record::Command(command) => (true, command.send.clone()),
        other => panic!("{other:?}"),
    });
    let twice = |command: Command| [(false, command.clone()), (true, command)];
    let expected =
        [&twice(heat(120.0))[..], &twice(dispense(100.0, 500.0)), &[(true, Command::MakeSafe)]]
            .concat();
    assert_eq!(told.collect::<Vec<_>>(), expected);
}
