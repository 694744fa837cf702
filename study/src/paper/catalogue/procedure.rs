//! Beyond the paper: what its procedure would gain from watching the features, and from ramps.

use super::{Claim, beyond};
use crate::paper::reading::Reading;

pub(super) fn claims() -> Vec<Claim> {
    vec![
        beyond("S01", "lab time when steady state is watched for, over that of the fixed 1.2 τ")
            .geometric("", |s| s.steady.time_ratio())
            .within(0.8, 1.5)
            .unless("the rule that watches waits much longer, or stops much sooner"),
        beyond("S02.abs", "Abs300 by the watched rule against the fixed one")
            .mean("%", |s| s.steady.shift_percent(Reading::abs))
            .within(-2.0, 2.0)
            .unless("the rule that watches stops before the steady state"),
        beyond("S02.pli", "PLI by the watched rule against the fixed one")
            .mean("%", |s| s.steady.shift_percent(Reading::pli))
            .within(-2.0, 2.0)
            .unless("the rule that watches stops before the steady state"),
        beyond("T01.abs", "Abs300 of a ramp against steady state at the same conditions: mean")
            .mean("%", |s| s.ramp.bias_percent(Reading::abs))
            .within(-2.0, 2.0)
            .unless("conditions are assigned to the wrong moment of a ramp"),
        beyond("T01.pli", "PLI of a ramp against steady state: mean")
            .mean("%", |s| s.ramp.bias_percent(Reading::pli))
            .within(-2.0, 2.0)
            .unless("conditions are assigned to the wrong moment of a ramp"),
        beyond(
            "T02.abs",
            "Abs300 of a ramp against steady state: root mean square, replicates have 2.8 %",
        )
        .mean("%", |s| s.ramp.scatter_percent(Reading::abs))
        .below(5.0)
        .unless("a ramp is noisier than steady state"),
        beyond(
            "T02.pli",
            "PLI of a ramp against steady state: root mean square, replicates have 1.2 %",
        )
        .mean("%", |s| s.ramp.scatter_percent(Reading::pli))
        .below(2.5)
        .unless("a ramp is noisier than steady state"),
        beyond("T03", "pairs of conditions and outcome for each hour: ramp over steady state")
            .geometric("", |s| s.ramp.gain())
            .above(1.0)
            .unless("a ramp gains nothing"),
    ]
}
