//! The reference world is complete and says what it means.

use flowtwin_sim::spec::World;

#[test]
fn the_reference_world_can_be_read() {
    let world: World = toml::from_str(include_str!("../reference_world.toml")).unwrap();
    assert_eq!(world.rig.pumps.len(), 8);
    assert_eq!(world.rig.tube.len(), 4);
}

#[test]
fn the_reference_world_is_that_of_the_scenario() {
    assert_eq!(crate::support::reference(), crate::support::world_of("cs3cu2i5"));
}

#[test]
fn an_unknown_key_is_refused_where_it_stands() {
    let text = include_str!("../reference_world.toml")
        .replace("lead_mm", "lead_um")
        .replace("epsilon = 2.0", "epsilom = 2.0");
    let error = toml::from_str::<World>(&text).unwrap_err().to_string();
    assert!(error.contains("epsilom"), "{error}");
}
