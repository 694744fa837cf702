//! Three strengths of a snapshot: what each sees, and what each lets pass.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use flowtwin_campaign::scenario::{Scenario, SnapshotSpec, Strength};
use flowtwin_comparison::{Checked, Explanation};

use crate::support::{folder, short, side};

fn spec(strength: Strength) -> SnapshotSpec {
    SnapshotSpec { strength, seeds: 8, ..SnapshotSpec::default() }
}

fn check(scenario: &Scenario, dir: &Path, spec: &SnapshotSpec) -> Checked {
    Checked::of(scenario, &dir.join("snap"), spec, NonZeroUsize::MIN).unwrap()
}

#[test]
fn without_a_snapshot_nothing_passes_and_nothing_is_written() {
    let dir = folder("unchecked");
    let scenario = short(&dir, "a.toml", "");
    for strength in [Strength::Exact, Strength::Numeric, Strength::Statistical] {
        let checked = check(&scenario, &dir, &spec(strength));
        assert!(!checked.passed());
        assert!(checked.text().contains("there is no snapshot"), "{}", checked.text());
    }
    assert!(!dir.join("snap").exists());
}

#[test]
fn a_loss_of_five_per_cent_is_seen_at_every_strength_and_named() {
    let dir = folder("lost");
    let scenario = short(&dir, "a.toml", "");
    check(&scenario, &dir, &spec(Strength::Statistical)).accept().unwrap();
    let worse = short(&dir, "b.toml", "[optics]\ncounts_scale = 57000.0\n");
    for strength in [Strength::Exact, Strength::Numeric, Strength::Statistical] {
        assert!(check(&scenario, &dir, &spec(strength)).passed(), "{strength:?}");
        let checked = check(&worse, &dir, &spec(strength));
        assert!(!checked.passed(), "{strength:?}");
        let text = checked.text();
        assert!(text.contains("optics.counts_scale: 60000 → 57000"), "{strength:?}: {text}");
    }
    let text = check(&worse, &dir, &spec(Strength::Statistical)).text();
    assert!(text.contains("best value: got worse by"), "{text}");
    assert!(text.contains("95 % interval"), "{text}");
}

#[test]
fn a_gain_is_no_failure_at_statistical_strength_alone() {
    let dir = folder("gained");
    let scenario = short(&dir, "a.toml", "");
    check(&scenario, &dir, &spec(Strength::Statistical)).accept().unwrap();
    let better = short(&dir, "b.toml", "[optics]\ncounts_scale = 63000.0\n");
    assert!(!check(&better, &dir, &spec(Strength::Numeric)).passed());
    let checked = check(&better, &dir, &spec(Strength::Statistical));
    let regret = checked.trials.as_ref().unwrap();
    let best = regret.quantities.iter().find(|q| q.name == "best value").unwrap();
    assert!(!best.is_worse() && best.loss_percent.high < 0.0, "{}", checked.text());
}

#[test]
fn tolerances_and_bands_are_those_of_the_scenario() {
    let dir = folder("tolerant");
    let scenario = short(&dir, "a.toml", "");
    check(&scenario, &dir, &spec(Strength::Exact)).accept().unwrap();
    let moved = short(&dir, "b.toml", "[optics]\ncounts_scale = 60060.0\n");
    assert!(!check(&moved, &dir, &spec(Strength::Exact)).passed());
    let within = SnapshotSpec {
        percent: 5.0,
        deviations: 0.0,
        decisions: flowtwin_campaign::scenario::DecisionsMay::Differ,
        time_percent: 50.0,
        volume_percent: 50.0,
        work_percent: 100.0,
        ..spec(Strength::Numeric)
    };
    let checked = check(&moved, &dir, &within);
    assert!(checked.passed(), "{}", checked.text());
    let single = SnapshotSpec { features_percent: [("pli".to_owned(), 0.01)].into(), ..within };
    let checked = check(&moved, &dir, &single);
    assert!(checked.text().contains("pli moves by 0.0994 %"), "{}", checked.text());
}

#[test]
fn a_snapshot_says_what_made_it_and_leaves_what_is_the_same_as_it_was() {
    let dir = folder("origin");
    let scenario = short(&dir, "a.toml", "");
    let checked = check(&scenario, &dir, &spec(Strength::Exact));
    assert_eq!(checked.accept().unwrap(), 3);
    let at = |part: &str| dir.join("snap").join(format!("{part}.snap"));
    let origin = fs::read_to_string(at("origin")).unwrap();
    assert!(origin.contains(&format!("\"scenario_sha256\": \"{}\"", scenario.sha256())));
    // A head of another tool stays, as long as what is below it is the same.
    let other = fs::read_to_string(at("work")).unwrap().replace("source: flowtwin", "source: x");
    fs::write(at("work"), &other).unwrap();
    check(&scenario, &dir, &spec(Strength::Exact)).accept().unwrap();
    assert_eq!(fs::read_to_string(at("work")).unwrap(), other);
    // Snapshots of earlier versions have no origin.
    fs::remove_file(at("origin")).unwrap();
    assert!(check(&scenario, &dir, &spec(Strength::Exact)).passed());
}

#[test]
fn each_of_two_keys_gets_its_share_of_what_moved() {
    let dir = folder("shared");
    let keys = "[optics]\ncounts_scale = 66000.0\n[chemistry.product.growth]\nrate_per_s = 0.2\n";
    let (a, b) = (short(&dir, "a.toml", ""), short(&dir, "b.toml", keys));
    let why = Explanation::of(&side(&a), &side(&b), NonZeroUsize::MIN).unwrap();
    assert!(why.names("optics.counts_scale") && why.names("chemistry.product.growth.rate_per_s"));
    let place = |name: &str| why.features.iter().position(|(known, _)| known == name).unwrap();
    let share = |key: &str, feature: &str| {
        let effect = why.keys.iter().find(|effect| effect.key == key).unwrap();
        effect.shares.as_ref().unwrap()[place(feature)]
    };
    assert!(share("optics.counts_scale", "pli") > 0.5, "{}", why.text());
    assert!(share("optics.counts_scale", "abs_300").abs() < 0.05, "{}", why.text());
    assert!(share("chemistry.product.growth.rate_per_s", "abs_300") > 0.9, "{}", why.text());
    let text = why.text();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
