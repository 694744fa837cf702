//! A campaign on a rig that is killed leaves it safe, and goes on; docs/emulators.md says how often it was tried.

use std::time::Duration;

use crate::killing::kill_again_and_again;
use crate::support::{folder, scenario};

const BODY: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 3\n";

#[test]
fn a_rig_whose_campaign_is_killed_becomes_safe_and_the_campaign_goes_on() {
    let dir = folder("killed-rig");
    let file = scenario(&dir, "three", "cs3cu2i5.toml", BODY);
    let kills = kill_again_and_again(&dir, &file, 300.0, (3, Duration::from_secs(2)));
    assert!(kills.iter().any(|kill| kill.set_point_c.is_some()), "once it was hot: {kills:?}");
}
