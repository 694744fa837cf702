//! Differences are named; what is equal is not reported.

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::snapshot::Snapshot;
use flowtwin_comparison::{Comparison, Effort, Side, Sort};
use flowtwin_lab::Instant;
use flowtwin_lab::journal::{Decided, Decision, Record, Writer, read};

use crate::support::{file, folder, quickly, short, side};

#[test]
fn a_scenario_equals_itself_and_its_snapshot() {
    let dir = folder("equal");
    let scenario = short(&dir, "a.toml", "");
    let now = side(&scenario);
    assert!(quickly(&now, &now).equal);
    let snapshot = Snapshot::take(&scenario, NonZeroUsize::MIN).unwrap();
    snapshot.accept(&dir.join("snap")).unwrap();
    let snapshot = Side::load(&dir.join("snap"), NonZeroUsize::MIN).unwrap();
    let found = quickly(&snapshot, &now);
    assert!(found.equal, "{}", found.text());
}

#[test]
fn a_changed_key_is_named_with_what_it_moved() {
    let dir = folder("changed");
    let (a, b) = (
        short(&dir, "a.toml", ""),
        short(&dir, "b.toml", "[rig.mixing]\nflow_ul_per_min = 300.0\n"),
    );
    let found = quickly(&side(&a), &side(&b));
    assert!(!found.equal);
    let keys = found.keys.as_ref().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].key, "rig.mixing.flow_ul_per_min");
    assert_eq!(found.parting.as_ref().unwrap().sort, Sort::Measurement);
    assert_eq!(found.parting.as_ref().unwrap().experiment, 1);
    let pli = found.shifts.iter().find(|shift| shift.name == "pli").unwrap();
    assert!(pli.differing >= 4 && pli.median < 0.0, "{pli:?}");
    assert!(found.text().contains("rig.mixing.flow_ul_per_min: 260 → 300 µL/min"));
}

#[test]
fn the_first_proposal_that_differs_is_told_in_shares_of_its_range() {
    let dir = folder("turned");
    let (a, b) = (short(&dir, "a.toml", ""), short(&dir, "b.toml", "seed = 2\n"));
    let found = quickly(&side(&a), &side(&b));
    let first = found.decisions.first.as_ref().unwrap();
    assert_eq!((first.experiment, first.phase.as_str()), (1, "start"));
    assert!(first.of_range > 0.0 && first.of_range <= 1.0, "{first:?}");
    assert!(found.text().contains("6 of 6 proposals differ"), "{}", found.text());
}

/// The side of a journal in which somebody has decided on the first two proposals, the second time in this way.
fn decided(scenario: &Scenario, second: Decision) -> Side {
    let (_, journal) = Snapshot::taken(scenario, NonZeroUsize::MIN).unwrap();
    let mut writer = Writer::new(Vec::new());
    for record in journal.records() {
        if let Record::Proposal(proposal) = record
            && proposal.experiment <= 2
        {
            let decision = if proposal.experiment == 1 { Decision::Accept } else { second.clone() };
            let (experiment, proposed) = (proposal.experiment, proposal.conditions.clone());
            let at_ns = Instant::START;
            let phase = "start".to_owned();
            let decided = Decided { at_ns, experiment, phase, proposed, decision };
            writer.write(&Record::Decided(Box::new(decided))).unwrap();
        }
        writer.write(record).unwrap();
    }
    Side::run("run", read(&writer.into_sink()).unwrap()).unwrap()
}

#[test]
fn what_a_person_accepted_is_no_difference_and_what_was_decided_otherwise_is_named() {
    let dir = folder("decided");
    let scenario = short(&dir, "a.toml", "");
    let alone = side(&scenario);
    let accepted = decided(&scenario, Decision::Accept);
    assert_eq!(quickly(&alone, &accepted).parting, None);
    let found = quickly(&accepted, &decided(&scenario, Decision::Skip));
    let parting = found.parting.as_ref().unwrap();
    assert_eq!((parting.sort, parting.experiment), (Sort::Decision, 2), "{}", found.text());
}

#[test]
fn another_policy_is_told_as_the_first_proposal_that_it_makes_otherwise() {
    let dir = folder("other-policy");
    let (a, b) = (short(&dir, "a.toml", ""), short(&dir, "b.toml", "policy random"));
    let found = quickly(&side(&a), &side(&b));
    let parting = found.parting.as_ref().unwrap();
    assert_eq!((parting.sort, parting.experiment), (Sort::Proposal, 5), "{}", found.text());
    assert!(parting.what.starts_with("proposal.conditions"), "{}", found.text());
    assert_eq!(found.decisions.first.as_ref().unwrap().experiment, 5);
}

#[test]
fn several_objectives_and_targets_are_told_by_front_and_distance() {
    let dir = folder("several");
    let told = |base: &str, body: &str, names: &[&str]| {
        let load =
            |name: &str, body: &str| side(&Scenario::load(&file(&dir, name, base, body)).unwrap());
        let phase = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 6\n";
        let found = quickly(&load("a.toml", phase), &load("b.toml", &format!("{body}{phase}")));
        let text = found.text();
        for name in names {
            let cost = found.outcome.totals.iter().find(|cost| cost.name == *name);
            let cost = cost.unwrap_or_else(|| panic!("{name}: {text}"));
            assert!(cost.moved() && cost.after.is_some(), "{name}: {text}");
            assert!(text.contains(name), "{text}");
        }
        found
    };
    let weaker = "[stocks]\namaranth = { concentrations_mm = { am = 0.12 } }\n";
    told("trade-off.toml", weaker, &["hypervolume"]);
    let found = told("colour-target.toml", weaker, &["off its target"]);
    let best = found.outcome.totals.iter().find(|cost| cost.name.starts_with("best ")).unwrap();
    let off = found.outcome.totals.iter().find(|cost| cost.name == "off its target").unwrap();
    assert!(((best.before.unwrap() - 0.40).abs() - off.before.unwrap()).abs() < 1e-12);
}

#[test]
fn a_fault_is_told_as_a_fault_at_its_experiment() {
    let dir = folder("faulty");
    let stall = "[faults]\nscheduled = [{ at_s = 1700.0, for_s = 60.0, mishap = { stall = { pump = \"cui\" } } }]\n";
    let (a, b) = (short(&dir, "a.toml", ""), short(&dir, "b.toml", stall));
    let found = quickly(&side(&a), &side(&b));
    let parting = found.parting.as_ref().unwrap();
    assert_eq!(parting.sort, Sort::Fault, "{}", found.text());
    assert!(parting.experiment > 1);
}

#[test]
fn replicates_tell_how_large_a_change_is() {
    let dir = folder("replicated");
    let (a, b) =
        (short(&dir, "a.toml", ""), short(&dir, "b.toml", "[optics]\ncounts_scale = 66000.0\n"));
    let effort = Effort { simulate: Some(NonZeroUsize::MIN), regret: true };
    let found = Comparison::between(&side(&a), &side(&b), effort);
    let of = |name: &str| found.shifts.iter().find(|shift| shift.name == name).unwrap();
    let deviations = of("pli").median_in_deviations().unwrap();
    assert!((of("pli").median_percent.unwrap() - 10.0).abs() < 1.0, "{}", found.text());
    assert!(deviations > 3.0, "{}", found.text());
    assert!(found.outcome.totals.iter().any(|cost| cost.name == "regret" && cost.after.is_some()));
}

#[test]
fn a_key_is_told_with_its_unit_also_where_that_is_no_suffix() {
    let dir = folder("units");
    let body = "[rig.liquid]\nexpansion_per_k = 0.0009\nviscosity_mpa_s = 4.7\nheat_capacity_j_per_kg_k = 2100.0\n";
    let (a, b) = (short(&dir, "a.toml", ""), short(&dir, "b.toml", body));
    let text = quickly(&side(&a), &side(&b)).text();
    for said in [
        "rig.liquid.expansion_per_k: 0.00086 → 0.0009 1/K",
        "rig.liquid.viscosity_mpa_s: 4.6 → 4.7 mPa·s",
        "rig.liquid.heat_capacity_j_per_kg_k: 2090 → 2100 J/(kg·K)",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    let dir = folder("wide");
    let long = "[chemistry.product.growth]\nactivation_kj_per_mol = 41.0\nrate_per_s = 0.23\nat_mm = 0.61\n";
    let name = "a-scenario-with-a-name-that-is-longer-than-most-names-of-files.toml";
    let a = short(&dir, "a.toml", "");
    short(&dir, name, long);
    let b = Side::load(&dir.join(name), NonZeroUsize::MIN).unwrap();
    let text = quickly(&side(&a), &b).text();
    let narrow = |text: &str| {
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 80, "{widest} columns:\n{text}");
    };
    narrow(&text);
    let feature = |name: &str, stock: &str| {
        let phase = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 3\n[objective]\nfeature = \"absorbance_of_the_second_dye_at_its_maximum\"\n";
        let measured = "[[analysis.features]]\nname = \"absorbance_of_the_second_dye_at_its_maximum\"\nchannel = \"colour\"\nmeasure = { value_at = { nm = 520.0, width_nm = 6.0 } }\n";
        side(
            &Scenario::load(&file(
                &dir,
                name,
                "dye-mixing.toml",
                &format!("{stock}{measured}{phase}"),
            ))
            .unwrap(),
        )
    };
    let weaker = "[stocks]\namaranth = { concentrations_mm = { am = 0.12 } }\n";
    narrow(&quickly(&feature("c.toml", ""), &feature("d.toml", weaker)).text());
}

#[test]
fn a_snapshot_has_the_regret_of_its_run() {
    let dir = folder("regret");
    let scenario = short(&dir, "a.toml", "");
    Snapshot::take(&scenario, NonZeroUsize::MIN).unwrap().accept(&dir.join("snap")).unwrap();
    let snapshot = Side::load(&dir.join("snap"), NonZeroUsize::MIN).unwrap();
    let effort = Effort { simulate: Some(NonZeroUsize::MIN), regret: true };
    let found = Comparison::between(&snapshot, &side(&scenario), effort);
    let regret = found.outcome.totals.iter().find(|cost| cost.name == "regret").unwrap();
    let (before, now) = (regret.before.unwrap(), regret.after.unwrap());
    assert!(now > 0.0 && (before / now - 1.0).abs() < 1e-6, "{before} and {now}");
}

/// A number of the rig that is off by its last bits does not hide one behind it that has changed.
#[test]
fn the_rig_parts_where_more_than_last_bits_differ() {
    let dir = folder("last-bits-first");
    let of = |name: &str, part: f64, cold_ul: f64| {
        let mut definition = short(&dir, name, "").definition();
        let volume = definition.pointer_mut("/rig/streams/cu/cold_ul").unwrap();
        *volume = (volume.as_f64().unwrap() * part).into();
        let volume = definition.pointer_mut("/rig/streams/cs/cold_ul").unwrap();
        *volume = cold_ul.into();
        side(&Scenario::recorded(&definition).unwrap())
    };
    let (a, b) = (of("a.toml", 1.0, 100.0), of("b.toml", 1.0 + f64::EPSILON, 101.0));
    let parting = quickly(&a, &b).parting.unwrap();
    assert_eq!(parting.sort, Sort::Rig, "{parting:?}");
    let [before, after] = [&parting.before, &parting.after].map(|x| x.parse::<f64>().unwrap());
    assert!((after - before).abs() > 1e-6 * before.abs(), "{parting:?}");
}

/// Features in another order, and one more of them, are compared by their names.
#[test]
fn features_and_inputs_are_compared_by_name_wherever_they_stand() {
    let dir = folder("ordered");
    let of = |name: &str, body: &str| {
        let phase = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 3\n";
        side(
            &Scenario::load(&file(&dir, name, "dye-mixing.toml", &format!("{body}{phase}")))
                .unwrap(),
        )
    };
    let value = |name: &str, nm: f64| {
        format!(
            "[[analysis.features]]\nname = \"{name}\"\nchannel = \"colour\"\nmeasure = {{ value_at = {{ nm = {nm:.1}, width_nm = 6.0 }} }}\n"
        )
    };
    let other = value("red", 520.0) + &value("green", 560.0) + &value("blue", 664.0);
    let found = quickly(&of("a.toml", ""), &of("b.toml", &other));
    for name in ["red", "blue"] {
        let shift = found.shifts.iter().find(|shift| shift.name == name).unwrap();
        assert!(!shift.moved() && shift.pairs == 3, "{shift:?}");
    }
    assert_eq!(found.only, [vec!["hue_nm".to_owned()], vec!["green".to_owned()]]);
    assert!(found.text().contains("Only A has hue_nm."), "{}", found.text());
    assert!(!found.equal && found.decisions.differing == 0, "{}", found.text());
    // A rig with other inputs has no conditions in common with it.
    let found = quickly(&of("a.toml", ""), &side(&short(&dir, "c.toml", "")));
    assert_eq!(found.decisions.differing, found.decisions.proposals);
    let text = found.text();
    assert!(found.decisions.proposals == 0 || text.contains("the inputs differ"), "{text}");
    assert!(text.contains("Only A has blue_ul_per_min"), "{text}");
}

#[test]
fn experiments_without_a_partner_are_told() {
    let dir = folder("unpaired");
    let of = |name: &str, n: u32| {
        let phase =
            format!("[[phases]]\nname = \"survey\"\npolicy = \"random\"\nexperiments = {n}\n");
        side(&Scenario::load(&file(&dir, name, "dye-mixing.toml", &phase)).unwrap())
    };
    let found = quickly(&of("a.toml", 5), &of("b.toml", 3));
    assert_eq!(found.unpaired, [vec![4, 5], vec![]]);
    assert!(found.text().contains("Only A has experiments 4 to 5."), "{}", found.text());
}

#[test]
fn what_has_no_rig_is_told_so() {
    let path = crate::support::root().join("scenarios/by-hand/coupling.toml");
    let error = Side::load(&path, NonZeroUsize::MIN).unwrap_err().to_string();
    assert!(error.contains("has no rig"), "{error}");
}

#[test]
fn a_file_of_a_folder_stands_for_the_folder() {
    let dir = folder("inside");
    let scenario = short(&dir, "a.toml", "");
    Snapshot::take(&scenario, NonZeroUsize::MIN).unwrap().accept(&dir.join("snap")).unwrap();
    let of = |path: &str| Side::load(&dir.join(path), NonZeroUsize::MIN).unwrap();
    assert!(quickly(&of("snap"), &of("snap/digest.snap")).equal);
}

#[test]
fn what_is_nothing_to_compare_is_refused() {
    let dir = folder("nothing");
    let error = Side::load(&dir, NonZeroUsize::MIN).unwrap_err().to_string();
    assert!(error.contains("is neither a run folder"), "{error}");
    std::fs::write(dir.join("observations.snap"), "---\nsource: x\n---\nnonsense\n").unwrap();
    let error = Side::load(&dir, NonZeroUsize::MIN).unwrap_err().to_string();
    assert!(error.contains("observations.snap is not a snapshot"), "{error}");
}
