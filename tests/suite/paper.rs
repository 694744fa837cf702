//! The claims of the paper: the command's shape and its determinism. Whether the claims hold is for 30 rigs to say.

use crate::support::{folder, run, scenario};

/// The paper's rig with a quarter of the pixels, and a surrogate that is quick to fit.
const QUICK: &str = "\
[twin]
surrogate = \"gp\"
[rig.spectrometers.emission]
pixels = 517
wavelength_coefficients = [195.2096, 1.4909564, -6.606688e-4, 1.4743104e-7]
[rig.spectrometers.absorption]
pixels = 517
wavelength_coefficients = [195.2096, 1.4909564, -6.606688e-4, 1.4743104e-7]
";

#[test]
fn the_claims_of_the_paper_do_not_depend_on_the_number_of_threads() {
    let dir = folder("paper-threads");
    let quick = scenario(&dir, "quick", "cs3cu2i5.toml", QUICK).display().to_string();
    let claims = |jobs: &str| {
        let args = [
            "paper",
            "--scenario",
            &quick,
            "--seeds",
            "2",
            "--jobs",
            jobs,
            "--json",
            "--out",
            jobs,
        ];
        let done = run(&dir, &args);
        assert!(done.stdout.contains("\"claims\""), "{}{}", done.stdout, done.stderr);
        done.stdout
    };
    assert_eq!(claims("1"), claims("2"));
    let report = |jobs: &str| {
        std::fs::read(dir.join(jobs).join("report.html")).expect("a report was written")
    };
    assert_eq!(report("1"), report("2"));
}
