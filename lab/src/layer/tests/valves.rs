//! Valves under the guard, and a pump that refills itself.

use super::*;
use crate::command::Setting;
use crate::procedure::refill;

fn guarded() -> Guarded<ToyLab> {
    Guarded::new(ToyLab::new().with_valve(), Limits::default())
}

fn turn(position: &str) -> Command {
    Command::Turn { valve: "tap".into(), position: position.into() }
}

fn draw(ul: f64) -> Command {
    Command::Withdraw {
        pump: "water".into(),
        rate_ul_per_min: FlowRate::from_ul_per_min(600.0),
        volume_ul: Volume::from_ul(ul),
    }
}

fn said(result: Result<Reply, Fault>) -> String {
    result.expect_err("it is refused").to_string()
}

#[test]
fn no_pump_presses_against_a_closed_way() {
    let mut lab = guarded();
    let unknown = said(lab.send(&dispense(60.0, 10.0)));
    assert!(unknown.contains("interlock closed way") && unknown.contains("not been turned"));
    lab.send(&turn("bottle")).unwrap();
    let closed = said(lab.send(&dispense(60.0, 10.0)));
    assert!(closed.contains("valve tap is at \"bottle\""), "{closed}");
    assert!(lab.lab().is_safe());
    lab.send(&turn("line")).unwrap();
    lab.send(&dispense(60.0, 10.0)).unwrap();
}

#[test]
fn no_valve_is_turned_while_its_pump_runs_and_none_to_a_position_that_it_does_not_have() {
    let mut lab = guarded();
    lab.send(&turn("line")).unwrap();
    let nowhere = said(lab.send(&turn("waste")));
    assert!(nowhere.contains("no position \"waste\"; it has line, bottle"), "{nowhere}");
    lab.send(&dispense(60.0, 10.0)).unwrap();
    let running = said(lab.send(&turn("bottle")));
    assert!(running.contains("valve under flow"), "{running}");
    assert!(lab.lab().is_safe(), "the pump was stopped");
}

#[test]
fn a_syringe_is_drawn_full_from_its_bottle_alone_and_no_fuller() {
    let mut lab = guarded();
    lab.send(&turn("line")).unwrap();
    lab.send(&dispense(60.0, 10.0)).unwrap();
    lab.wait(Span::from_secs(20.0)).unwrap();
    let from_line = said(lab.send(&draw(5.0)));
    assert!(from_line.contains("draw from the line"), "{from_line}");
    lab.send(&turn("bottle")).unwrap();
    let too_much = said(lab.send(&draw(11.0)));
    assert!(too_much.contains("volume to draw 11 µL is outside 0 to 10 µL"), "{too_much}");
}

#[test]
fn a_pump_refills_itself_in_lab_time_until_its_bottle_is_empty() {
    let mut lab = guarded();
    let mut begun = Vec::new();
    for _ in 0..3 {
        lab.send(&turn("line")).unwrap();
        let holds_ul = lab.remaining_ul()[0];
        lab.send(&dispense(1_000.0, holds_ul)).unwrap();
        lab.wait(Span::from_secs(60.0)).unwrap();
        let short = lab.shortages(&[("water".into(), 500.0)]);
        begun.push((short[0].left_ml, short[0].bottle_ml));
        let Some((pump, ul)) = lab.can_draw_ul(&short).pop() else { break };
        let before = lab.now();
        refill(&mut lab, &pump, ul).unwrap();
        // Two turns of 2 s, 600 µL/min, 5 s of rest.
        let took_s = lab.now().since(before).as_secs();
        assert!((took_s - (9.0 + ul / 10.0)).abs() < 1e-6, "{took_s} s for {ul} µL");
        assert!((lab.remaining_ul()[0] - ul).abs() < 1e-3);
        assert!(
            lab.send(&Command::ReadBack { setting: Setting::Position("tap".into()) })
                == Ok(Reply::Reading(0.0))
        );
    }
    assert_eq!(begun, [(0.0, Some(1.5)), (0.0, Some(0.5)), (0.0, Some(0.0))]);
}

#[test]
fn a_valve_that_does_not_turn_ends_the_refill_before_the_pump_draws() {
    let mut lab = ToyLab::new().with_valve();
    lab.stuck = true;
    let mut lab = Guarded::new(lab, Limits::default());
    let stuck = refill(&mut lab, &"water".into(), 10.0).expect_err("it does not turn").to_string();
    assert!(stuck.contains("tap") && stuck.contains("stuck"), "{stuck}");
    assert!(lab.lab().is_safe());
}

#[test]
fn what_draws_less_than_it_was_told_has_stalled() {
    let lab = ToyLab::new().with_valve();
    let mut lab = Blocked { lab };
    let stalled = refill(&mut lab, &"water".into(), 100.0).expect_err("nothing came");
    assert_eq!(stalled.kind, FaultKind::Stalled);
}

/// Its pump says that it has drawn half of what it was told.
struct Blocked {
    lab: ToyLab,
}

impl Lab for Blocked {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }
    fn now(&self) -> Instant {
        self.lab.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match (command, self.lab.send(command)?) {
            (Command::Read { sensor }, Reply::Reading(ul))
                if sensor.as_str() == "water.dispensed" =>
            {
                Ok(Reply::Reading(0.5 * ul))
            }
            (_, reply) => Ok(reply),
        }
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}
