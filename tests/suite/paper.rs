//! The claims of the paper: the command's shape and its determinism. Whether the claims hold is for 30 rigs to say.

use crate::support::{folder, run};

#[test]
fn the_claims_of_the_paper_do_not_depend_on_the_number_of_threads() {
    let dir = folder("paper-threads");
    let claims = |jobs: &str| {
        run(&dir, &["paper", "--seeds", "2", "--jobs", jobs, "--json", "--out", jobs]).stdout
    };
    let one = claims("1");
    assert!(one.contains("\"claims\""), "{one}");
    assert_eq!(one, claims("2"));
    let report = |jobs: &str| {
        std::fs::read(dir.join(jobs).join("report.html")).expect("a report was written")
    };
    assert_eq!(report("1"), report("2"));
}
