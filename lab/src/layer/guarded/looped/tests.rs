//! The balance of a heated zone, to the last figure.

use super::*;

/// A zone that full power warms by 0.2 K/s and that loses 0.002 of its distance to a room at 20 °C each second.
fn answer(lag_s: f64) -> Answer {
    let model = LoopModel {
        heater: "plate".into(),
        power_w: 400.0,
        heat_capacity_j_per_k: 2_000.0,
        loss_w_per_k: 4.0,
        ambient_c: 20.0,
        lag_s,
    };
    Answer::new(model, "plate.power".into())
}

fn look(at_s: f64, value: f64, power: f64) -> Look {
    let at = Instant::from_secs(at_s);
    Look { at, value, power, flow_ul_per_min: 0.0, set_point: None }
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
}

#[test]
fn heat_that_is_brought_lost_and_taken_is_summed_by_trapezoids() {
    let mut zone = answer(10.0);
    zone.push(&look(0.0, 20.0, 100.0));
    zone.push(&Look { flow_ul_per_min: 1_200.0, ..look(10.0, 24.0, 50.0) });
    let sums = zone.looks[1];
    near(sums.power, 0.5);
    near(sums.brought, 10.0 * 0.2 * 0.75);
    near(sums.lost, 10.0 * 0.002 * 2.0);
    // 0.02 mL/s of water, in the 2000 J/K of the zone.
    near(sums.taken, 10.0 * (4.2 * 0.02 / 2_000.0) * 2.0);
    near(sums.swing, 0.5);
    // Below the temperature of the room it gains; liquid may take or bring.
    zone.push(&Look { flow_ul_per_min: 600.0, ..look(30.0, 10.0, 20.0) });
    let later = zone.looks[2];
    near(later.brought, sums.brought + 20.0 * 0.2 * 0.35);
    near(later.lost, sums.lost - 20.0 * 0.002 * 3.0);
    near(later.taken, sums.taken + 20.0 * (4.2 * 0.01 / 2_000.0) * 3.0);
    // 20 s before is within the lag and the ten seconds beside it, 30 s is not.
    near(later.swing, 0.3);
}

#[test]
fn a_gap_begins_the_sums_again_and_old_looks_are_forgotten() {
    let mut zone = answer(10.0);
    for at_s in [0.0, 60.0] {
        zone.push(&look(at_s, 20.0, 100.0));
    }
    assert_eq!(zone.looks.len(), 2, "a minute is no gap");
    near(zone.looks[1].brought, 12.0);
    zone.push(&look(121.0, 20.0, 100.0));
    assert_eq!(zone.looks.len(), 1);
    near(zone.looks[0].brought, 0.0);

    let mut zone = answer(10.0);
    for at_s in (0..=1_320).step_by(60) {
        zone.push(&look(f64::from(at_s), 20.0, 0.0));
    }
    // The longest window, two gaps and the lag are 1330 s.
    zone.push(&look(1_330.0, 20.0, 0.0));
    assert_eq!(zone.looks[0].at, Instant::START);
    zone.push(&look(1_331.0, 20.0, 0.0));
    assert_eq!(zone.looks[0].at, Instant::from_secs(60.0));
}

#[test]
fn power_acts_a_lag_later() {
    let mut zone = answer(8.0);
    for at_s in [0.0, 20.0, 40.0, 60.0] {
        zone.push(&look(at_s, 20.0, 100.0));
    }
    near(zone.brought_by(0), 0.0);
    near(zone.brought_by(1), 0.2 * 12.0);
    near(zone.brought_by(3), 0.2 * 52.0);
}

/// Power swings between 40 and 60 %, the zone warms by 0.05 K/s, liquid flows.
fn driven(lag_s: f64, until_s: u32) -> Answer {
    let mut zone = answer(lag_s);
    for at_s in (0..=until_s).step_by(20) {
        let power = if at_s % 40 == 0 { 40.0 } else { 60.0 };
        let value = 20.0 + 0.05 * f64::from(at_s);
        zone.push(&Look { flow_ul_per_min: 600.0, ..look(f64::from(at_s), value, power) });
    }
    zone
}

#[test]
fn a_balance_covers_the_shortest_time_that_is_not_below_its_window() {
    let zone = driven(12.0, 200);
    let balance = zone.balance(120.0).expect("200 s are enough");
    near(balance.span_s, 120.0);
    near(balance.rise, 6.0);
    // Between looks the power of the sums is the mean; at both ends 12 s of the step before are left out and taken in.
    near(balance.brought, 0.2 * 0.5 * 120.0);
    let square = 200.0 * 200.0 - 80.0 * 80.0;
    near(balance.lost, 0.002 * 0.05 * square / 2.0);
    let taken = 4.2 * 0.01 / 2_000.0 * 0.05 * square / 2.0;
    near(balance.slack, 3.0 + 0.2 * (0.5 * 12.0 + 5.0) * (0.2 + 0.2) + taken);
    near(zone.balance(110.0).expect("it is there").span_s, 120.0);
    assert!(zone.balance(201.0).is_none(), "nobody looked so long ago");
}

#[test]
fn a_balance_leaves_out_what_power_did_before_the_first_look() {
    let zone = driven(8.0, 200);
    assert!(zone.balance(200.0).is_none());
    assert!(zone.balance(180.0).is_some());
    assert!(driven(20.0, 200).balance(180.0).is_some());
    assert!(driven(20.5, 200).balance(180.0).is_none());
}

fn balance(rise: f64, brought: f64, lost: f64) -> Balance {
    Balance { span_s: 300.0, rise, brought, lost, slack: 3.0 }
}

fn limits(loop_tolerance: f64, loop_drift: f64) -> Limits {
    Limits { loop_tolerance, loop_drift, ..Limits::default() }
}

#[test]
fn a_rise_beyond_the_tolerance_is_a_breach_in_words() {
    let zone = answer(8.0);
    let spec = limits(0.3, 0.1);
    // 15 K are expected, within 3 K and 0.3 of the 25 K that were brought and lost.
    for (rise, lost, fits) in [
        (25.4, 5.0, true),
        (25.6, 5.0, false),
        (4.6, 5.0, true),
        (4.4, 5.0, false),
        (35.4, -5.0, true),
        (35.6, -5.0, false),
    ] {
        let found = zone.breach(&balance(rise, 20.0, lost), &spec);
        assert_eq!(found.is_none(), fits, "{rise} K: {found:?}");
    }
    // The limit itself is allowed: 3 + 0.5 · 25 K.
    assert!(zone.breach(&balance(30.5, 20.0, 5.0), &limits(0.5, 1.0)).is_none());
    let said = zone.breach(&balance(25.6, 20.0, 5.0), &spec).expect("a breach");
    let start = "too much heat arrives: 25.6 K in 300 s, expected are 15.0 K by its power (20.0 K) and the heater's numbers";
    assert!(said.starts_with(start), "{said}");
    let said = zone.breach(&balance(4.4, 20.0, 5.0), &spec).expect("a breach");
    assert!(said.starts_with("too little heat arrives: 4.4 K"), "{said}");
}

#[test]
fn what_this_rig_did_before_is_a_closer_measure() {
    let mut zone = answer(8.0);
    // 5 K lost in 300 s are a mean of 28.3 °C, 30 K one of 70 °C.
    near(zone.mean_c(&balance(0.0, 0.0, 5.0)), 20.0 + 5.0 / 0.6);
    zone.learnt = vec![(28.3, 1.2), (70.0, 1.2)];
    let spec = limits(0.3, 0.1);
    // Expected are 1.2 · 20 − 5 K within 3 K and a tenth of the larger of heat and loss.
    for (rise, lost, fits) in [
        (24.3, 5.0, true),
        (24.5, 5.0, false),
        (13.7, 5.0, true),
        (13.5, 5.0, false),
        (-0.1, 30.0, true),
        (0.1, 30.0, false),
    ] {
        let found = zone.breach(&balance(rise, 20.0, lost), &spec);
        assert_eq!(found.is_none(), fits, "{rise} K: {found:?}");
        assert!(found.is_none_or(|said| said.contains("what this rig did before")));
    }
    let short = Balance { span_s: 299.0, ..balance(24.5, 20.0, 5.0) };
    assert!(zone.breach(&short, &spec).is_none(), "a short window tells nothing of drift");
    assert!(zone.breach(&balance(24.5, 20.0, 5.0), &limits(0.3, 1.0)).is_none());
    let said = zone.breach(&balance(24.5, 20.0, 5.0), &spec).expect("a breach");
    assert!(said.contains("expected are 19.0 K"), "{said}");
    // A drift of one compares nothing: 35 K are expected, 43 K are allowed, 43.5 K are off.
    zone.learnt = vec![(28.3, 2.0)];
    assert!(zone.breach(&balance(-8.5, 20.0, 5.0), &limits(0.9, 1.0)).is_none());
    assert!(zone.breach(&balance(-8.5, 20.0, 5.0), &limits(0.9, 0.99)).is_some());
}

#[test]
fn what_was_learnt_holds_at_like_temperatures() {
    let mut zone = answer(8.0);
    zone.learnt = vec![(50.0, 1.1)];
    for (mean_c, like) in [(30.0, true), (29.9, false), (70.0, true), (70.1, false)] {
        assert_eq!(zone.scale(mean_c), like.then_some(1.1), "{mean_c} °C");
    }
}

#[test]
fn a_zone_teaches_once_what_power_does_at_a_temperature() {
    let mut zone = driven(8.0, 300);
    zone.learn();
    assert!(zone.learnt.is_empty(), "300 s and a lag have not passed");
    let mut zone = driven(8.0, 320);
    zone.learn();
    let [(mean_c, scale)] = zone.learnt[..] else { panic!("{:?}", zone.learnt) };
    let lost = 0.002 * 0.05 * (320.0 * 320.0 - 20.0 * 20.0) / 2.0;
    near(mean_c, 20.0 + lost / 0.6);
    near(scale, (15.0 + lost) / 30.0);
    zone.learn();
    assert_eq!(zone.learnt.len(), 1, "it is known");

    // Too little heat teaches nothing: 0.06 of full power for 300 s are 3.6 K.
    let mut cold = answer(8.0);
    for at_s in (0..=400).step_by(20) {
        cold.push(&look(f64::from(at_s), 20.0, 6.0));
    }
    cold.learn();
    assert!(cold.learnt.is_empty());
}

#[test]
fn a_heater_that_goes_on_above_its_set_point_is_found_after_its_time() {
    let spec = Limits { out_of_step_k: 10.0, ..limits(0.3, 0.1) };
    // At 70 °C half of the power is lost; 0.65 of it and more heats on.
    let at = |at_s: f64, value: f64, power: f64, set: f64| Look {
        set_point: Some(set),
        ..look(at_s, value, power)
    };
    let mut zone = answer(8.0);
    assert_eq!(zone.drives_away(&at(0.0, 70.0, 66.0, 50.0), &spec), None);
    assert_eq!(zone.drives_away(&at(60.0, 70.0, 66.0, 50.0), &spec), None);
    let said = zone.drives_away(&at(61.0, 70.0, 66.0, 50.0), &spec).expect("it is found");
    assert!(said.starts_with("70.0 °C, set 50.0 °C, and still heated with 66 %"), "{said}");
    // Any look at which it does not begins the time again.
    for calm in [at(30.0, 70.0, 64.0, 50.0), at(30.0, 70.0, 66.0, 60.0)] {
        let mut zone = answer(8.0);
        for look in [at(0.0, 70.0, 66.0, 50.0), calm, at(61.0, 70.0, 66.0, 50.0)] {
            assert_eq!(zone.drives_away(&look, &spec), None);
        }
        assert_eq!(zone.drives_away(&at(121.0, 70.0, 66.0, 50.0), &spec), None);
        assert!(zone.drives_away(&at(122.0, 70.0, 66.0, 50.0), &spec).is_some());
    }
    // In a room that is colder than it should be nothing is lost, and any power heats.
    let mut zone = answer(8.0);
    assert_eq!(zone.drives_away(&at(0.0, 15.0, 1.0, 0.0), &spec), None);
    assert!(zone.drives_away(&at(61.0, 15.0, 1.0, 0.0), &spec).is_some());
    let mut off = answer(8.0);
    for at_s in [0.0, 61.0] {
        assert_eq!(off.drives_away(&look(at_s, 70.0, 66.0), &spec), None, "it has no set point");
    }
}

#[test]
fn a_power_that_is_no_number_is_told_and_no_tolerance_compares_nothing() {
    let mut zone = answer(8.0);
    let said = zone.take(look(0.0, 70.0, f64::NAN), &limits(1.0, 0.1)).expect("it is told");
    assert!(said.starts_with("an output power of NaN %"), "{said}");
    assert_eq!(zone.take(look(0.0, 70.0, 50.0), &limits(1.0, 0.1)), None);
    assert!(zone.looks.is_empty());
    assert_eq!(zone.take(look(0.0, 70.0, 50.0), &limits(0.9, 0.1)), None);
    assert_eq!(zone.looks.len(), 1);
    assert_eq!(zone.power().as_str(), "plate.power");
}
