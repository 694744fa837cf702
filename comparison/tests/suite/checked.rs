//! Three strengths of a snapshot: what each sees, and what each lets pass.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use flowtwin_campaign::scenario::{Scenario, SnapshotSpec, Strength};
use flowtwin_comparison::{Checked, Explanation};

use crate::support::{file, folder, short, side};

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

/// A campaign in which every experiment fails takes less time and liquid: that is no gain.
#[test]
fn a_campaign_in_which_everything_fails_is_worse_at_statistical_strength() {
    let dir = folder("failing");
    let of = |name: &str, fill_ml: f64| {
        let oil = format!("oil = {{ stock = \"oil\", bore_mm = 20.0, fill_ml = {fill_ml:.1} }}\n");
        dyes(&dir, name, &format!("[rig.pumps]\n{oil}"))
    };
    let statistical = spec(Strength::Statistical);
    check(&of("a.toml", 20.0), &dir, &statistical).accept().unwrap();
    let checked = check(&of("b.toml", 0.8), &dir, &statistical);
    assert!(!checked.passed(), "{}", checked.text());
    let reasons = checked.reasons.join("; ");
    assert!(reasons.contains("more campaigns end without a result"), "{reasons}");
}

/// Three quick experiments on two dyes, with these keys.
fn dyes(dir: &Path, name: &str, body: &str) -> Scenario {
    let phase = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 3\n";
    Scenario::load(&file(dir, name, "dye-mixing.toml", &format!("{body}{phase}"))).unwrap()
}

#[test]
fn seeds_that_the_distribution_does_not_have_are_a_reason() {
    let dir = folder("seeds");
    let scenario = dyes(&dir, "a.toml", "");
    check(&scenario, &dir, &spec(Strength::Statistical)).accept().unwrap();
    let more = SnapshotSpec { seeds: 9, ..spec(Strength::Statistical) };
    let reasons = check(&scenario, &dir, &more).reasons;
    assert!(reasons[0].contains("has 8 of the 9 seeds from 3 on"), "{reasons:?}");
    // At another strength the old distribution would promise what nobody has looked at.
    check(&scenario, &dir, &spec(Strength::Exact)).accept().unwrap();
    assert!(!dir.join("snap/distribution.snap").exists());
    let origin = fs::read_to_string(dir.join("snap/origin.snap")).unwrap();
    assert!(origin.contains("\"strength\": \"exact\""), "{origin}");
}

#[test]
fn several_objectives_are_compared_by_their_hypervolume() {
    let dir = folder("fronts");
    let of = |name: &str, stock: &str| {
        let phase = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 5\n";
        Scenario::load(&file(&dir, name, "trade-off.toml", &format!("{stock}{phase}"))).unwrap()
    };
    let weaker = "[stocks]\namaranth = { concentrations_mm = { am = 0.10 } }\n";
    let (scenario, changed) = (of("a.toml", ""), of("b.toml", weaker));
    let statistical = spec(Strength::Statistical);
    check(&scenario, &dir, &statistical).accept().unwrap();
    assert!(check(&scenario, &dir, &statistical).passed());
    let trials = check(&changed, &dir, &statistical).trials.unwrap();
    let volume = trials.quantities.iter().find(|q| q.name == "hypervolume").unwrap();
    assert!(volume.loss_percent.value.abs() > 1.0, "{}", trials.text());
}

#[test]
fn bands_of_work_hold_at_statistical_strength_too() {
    let dir = folder("worked");
    let scenario = dyes(&dir, "a.toml", "");
    check(&scenario, &dir, &spec(Strength::Statistical)).accept().unwrap();
    let longer = dyes(&dir, "b.toml", "[procedure]\nwait = { residence_times = 3.0 }\n");
    let narrow = SnapshotSpec { work_percent: 1.0, ..spec(Strength::Statistical) };
    let reasons = check(&longer, &dir, &narrow).reasons.join("; ");
    assert!(reasons.contains("events moves by"), "{reasons}");
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
    assert!(checked.text().contains("pli moves by 0.09"), "{}", checked.text());
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

/// Keys of which each alone explains nothing but their product does, among others that differ.
#[test]
fn keys_that_act_together_are_found_wherever_they_stand() {
    let dir = folder("together");
    let of = |name: &str, body: &str| dyes(&dir, name, body);
    // Ten keys that change no feature by much come before the two.
    let idle = "[rig]\nambient_c = 20.001\n[rig.streams]\nleft = { pumps = [\"blue\"], bore_mm = 0.8001, cold_ul = 40.001 }\n\
        right = { pumps = [\"red\"], bore_mm = 0.8001, cold_ul = 25.001 }\n\
        [rig.carrier]\ninterfacial_tension_mn_per_m = 35.001\n\
        [rig.pumps]\nblue = { stock = \"methylene_blue\", bore_mm = 14.5701, fill_ml = 10.001, lead_mm = 0.8001 }\n\
        red = { stock = \"amaranth\", bore_mm = 14.5701, fill_ml = 10.001, lead_mm = 0.8001 }\n";
    let two = "[stocks]\namaranth = { concentrations_mm = { am = 0.3 } }\n\
        [[optics.absorption]]\nof = \"mb\"\nepsilon_per_m_cm = 74000.0\nat_nm = 664.0\n\
        shape = [{ gaussian = { centre_nm = 664.0, fwhm_nm = 50.0 } }]\n\
        [[optics.absorption]]\nof = \"am\"\nepsilon_per_m_cm = 44000.0\nat_nm = 520.0\n\
        shape = [{ gaussian = { centre_nm = 520.0, fwhm_nm = 90.0 } }]\n";
    let (a, b) = (of("a.toml", ""), of("b.toml", &format!("{idle}{two}")));
    let why = Explanation::of(&side(&a), &side(&b), NonZeroUsize::MIN).unwrap();
    assert!(why.keys.len() >= 12, "{}", why.text());
    let red = why.features.iter().position(|(name, _)| name == "red").unwrap();
    let pair = why.together.iter().find(|pair| pair.beyond[red] > 0.2);
    let pair = pair.unwrap_or_else(|| panic!("{}", why.text()));
    assert!(pair.keys.iter().any(|key| key.contains("am")), "{pair:?}");
    assert!(why.is_whole(), "{}", why.text());
}

#[test]
fn an_explanation_keeps_to_what_both_sides_allow() {
    let dir = folder("allowed");
    let of = |name: &str, body: &str| {
        let phase = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 6\n";
        Scenario::load(&file(&dir, name, "dye-mixing.toml", &format!("{body}{phase}"))).unwrap()
    };
    let narrow = "[space.inputs]\nblue_ul_per_min = { low = 60.0, high = 300.0, resolution = 1.0, sets = { pump = \"blue\" } }\n\
        [stocks]\namaranth = { concentrations_mm = { am = 0.2 } }\n";
    let (a, b) = (of("a.toml", ""), of("b.toml", narrow));
    let why = Explanation::of(&side(&a), &side(&b), NonZeroUsize::MIN).unwrap();
    assert!(why.experiments < 6 && why.experiments > 0, "{}", why.text());
    assert!(why.names("stocks.amaranth.concentrations_mm.am"), "{}", why.text());
    let none = "[space.inputs]\nblue_ul_per_min = { low = 500.0, high = 600.0, resolution = 1.0, sets = { pump = \"blue\" } }\n";
    let far = of("c.toml", none);
    let error = Explanation::of(&side(&a), &side(&far), NonZeroUsize::MIN).unwrap_err().to_string();
    assert!(error.contains("no experiment of"), "{error}");
}
