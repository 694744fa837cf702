//! A campaign on a rig that is killed leaves it safe, and goes on; docs/emulators.md says how often it was tried.

use std::time::Duration;

use crate::killing::{kill_again_and_again, signalled};
use crate::support::{folder, scenario};

const BODY: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 3\n";
/// So many that they cannot be done by the time somebody asks for the end.
const MANY: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 12\n";

#[test]
fn a_rig_whose_campaign_is_killed_becomes_safe_and_the_campaign_goes_on() {
    let dir = folder("killed-rig");
    let file = scenario(&dir, "three", "cs3cu2i5.toml", BODY);
    let kills = kill_again_and_again(&dir, &file, 300.0, (3, Duration::from_secs(2)));
    assert!(kills.iter().any(|kill| kill.set_point_c.is_some()), "once it was hot: {kills:?}");
}

#[test]
fn a_rig_becomes_safe_although_everything_in_the_terminal_is_killed() {
    let dir = folder("killed-group");
    let file = scenario(&dir, "many", "cs3cu2i5.toml", MANY);
    assert_eq!(signalled(&dir, &file, "-KILL").0, None);
}

#[test]
fn a_campaign_that_is_asked_to_end_makes_the_rig_safe_and_says_so() {
    let ended_terminal = (!is_hangup_ignored()).then_some("-HUP");
    for signal in ["-TERM", "-INT"].into_iter().chain(ended_terminal) {
        let dir = folder(&format!("asked{signal}"));
        let file = scenario(&dir, "many", "cs3cu2i5.toml", MANY);
        let (code, said) = signalled(&dir, &file, signal);
        assert_eq!(code, Some(130), "{signal}: {said}");
        assert!(said.contains("interrupted: the rig is safe"), "{signal}: {said}");
    }
}

/// Whether these tests run under `nohup`, which campaigns heed.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1
}
