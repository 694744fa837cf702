//! A golden run names what has moved, and reports nothing where nothing has.

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::{Cause, Plan};
use flowtwin_lab::journal::{self, Journal, Writer};

use crate::support::{file, folder};

/// The journal of a scenario on a rig that may be another.
fn run(scenario: &Scenario, rig: &Scenario, seed: u64) -> Journal {
    let never = std::sync::atomic::AtomicBool::new(false);
    let campaign =
        flowtwin_campaign::campaign::Campaign::new(scenario, seed, NonZeroUsize::MIN, &never);
    let lab = rig.simulated().unwrap().lab(seed);
    let silent = &mut flowtwin_campaign::campaign::Silent;
    let (_, writer) = campaign.run(lab, Writer::new(Vec::new()), None, silent).unwrap();
    journal::read(writer.sink()).unwrap()
}

#[test]
fn a_light_and_a_stock_are_named_and_a_rig_that_stands_still_raises_no_alarm() {
    let dir = folder("golden");
    let body = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 8\n";
    let scenario = Scenario::load(&file(&dir, "a.toml", "dye-mixing.toml", body)).unwrap();
    for seed in 1..=3 {
        let recorded = run(&scenario, &scenario, seed);
        let plan = Plan::of(&recorded, 4.0, NonZeroUsize::MIN).unwrap();
        assert!(plan.experiments.len() >= 2, "{:?}", plan.experiments);
        let [first, last] = plan.lab_time_s;
        assert!(last - first <= 240.0 || plan.experiments.len() == 2, "{first} {last}");
        let still = plan.verdict(&recorded, &run(&plan.scenario, &plan.scenario, 100 + seed));
        assert!(still.is_as_it_was(), "seed {seed}: {}", still.text("the run"));
        let causes = [Cause::Light("white".into()), Cause::Stock("amaranth".into())];
        for (place, cause) in causes.into_iter().enumerate() {
            let mut rig = plan.scenario.definition();
            cause.apply(&mut rig, -5.0);
            let rig = Scenario::recorded(&rig).unwrap();
            let golden = run(&plan.scenario, &rig, 1000 * (1 + place as u64) + seed);
            let verdict = plan.verdict(&recorded, &golden);
            let named = verdict.moved.first();
            let named = named.unwrap_or_else(|| panic!("{}", verdict.text("the run")));
            assert_eq!(named.cause, cause, "{}", verdict.text("the run"));
            assert!((named.amount + 5.0).abs() < 1.5, "{}", verdict.text("the run"));
            let [low, high] = named.interval;
            assert!(low < named.amount && named.amount < high, "{named:?}");
        }
    }
}

/// What a scenario says of the stretch before, and of lights that fade, is not a movement of the rig.
#[test]
fn what_is_expected_to_differ_is_no_alarm() {
    let dir = folder("golden-expected");
    let fading = "[noise.lights.white]\ndrift_percent_per_h = 10.0\n";
    let body =
        format!("{fading}[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 20\n");
    let scenario = Scenario::load(&file(&dir, "a.toml", "dye-mixing.toml", &body)).unwrap();
    let recorded = run(&scenario, &scenario, 5);
    let plan = Plan::of(&recorded, 4.0, NonZeroUsize::MIN).unwrap();
    let verdict = plan.verdict(&recorded, &run(&plan.scenario, &plan.scenario, 6));
    assert!(verdict.is_as_it_was(), "{}", verdict.text("the run"));
}

/// The highest point of a spectrum jumps from blue to red where the pump of the red dye delivers a tenth more. A line through the
/// effects of small changes makes that a pump which delivers less than nothing.
#[test]
fn a_position_that_jumps_is_no_amount_of_anything() {
    let dir = folder("golden-jumps");
    let points = [[89, 376], [364, 95], [203, 213], [400, 157], [400, 50]];
    let point = |[blue, red]: [u32; 2]| {
        format!("{{ blue_ul_per_min = {blue}.0, red_ul_per_min = {red}.0 }}")
    };
    let points = points.map(point).join(", ");
    let body = format!(
        "[[phases]]\nname = \"survey\"\npolicy = {{ list = {{ conditions = [{points}] }} }}\nexperiments = 5\n"
    );
    let scenario = Scenario::load(&file(&dir, "a.toml", "dye-mixing.toml", &body)).unwrap();
    let recorded = run(&scenario, &scenario, 1);
    let plan = Plan::of(&recorded, 10.0, NonZeroUsize::MIN).unwrap();
    let mut rig = plan.scenario.definition();
    Cause::Pump("red".into()).apply(&mut rig, 10.0);
    let golden = run(&plan.scenario, &Scenario::recorded(&rig).unwrap(), 7);
    let verdict = plan.verdict(&recorded, &golden);
    let (_, hue) = verdict.features.iter().find(|(name, _)| name == "hue_nm").unwrap();
    assert!(hue.iter().flatten().any(|by| by.abs() > 1000.0), "{}", verdict.text("the run"));
    let far = verdict.moved.iter().find(|moved| moved.amount.abs() > 30.0);
    assert!(far.is_none(), "{}", verdict.text("the run"));
}
