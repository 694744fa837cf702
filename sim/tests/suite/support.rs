//! What the tests of whole labs share.

use std::sync::Arc;

use flowtwin_lab::{
    Analysis, AnalysisSpec, Conditions, Follows, Linear, Procedure, ProcedureSpec, Recipe, Streams,
};
use flowtwin_sim::spec::World;
use flowtwin_sim::{Plan, SimLab};

/// The reference world.
pub(crate) fn reference() -> World {
    toml::from_str(include_str!("../reference_world.toml")).expect("the reference is valid")
}

/// The world of a scenario of the repository.
pub(crate) fn world_of(scenario: &str) -> World {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let text = std::fs::read_to_string(format!("{folder}/{scenario}.toml")).expect("it is there");
    let mut tables: toml::Table = text.parse().expect("a scenario is TOML");
    let world = ["rig", "stocks", "chemistry", "optics", "noise", "faults"];
    tables.retain(|name, _| world.contains(&name));
    tables.try_into().expect("a scenario has a world")
}

/// A plan of the reference world.
pub(crate) fn plan() -> Arc<Plan> {
    Arc::new(Plan::new(&reference()).expect("the reference is valid"))
}

/// A lab of the reference world.
pub(crate) fn lab(seed: u64) -> SimLab {
    SimLab::new(plan(), Streams::new(seed))
}

/// The centre of the box: temperature [°C], CuI, Cs, OA with Cs, OA with Cu, OAm, ODE with Cu
/// [µL/min].
pub(crate) const CENTRE: [f64; 7] = [135.0, 90.0, 90.0, 20.0, 12.5, 12.5, 92.5];

const NAMES: [&str; 7] = [
    "temperature_c",
    "cui_ul_per_min",
    "cs_ul_per_min",
    "oa_cs_ul_per_min",
    "oa_cu_ul_per_min",
    "oam_ul_per_min",
    "ode_cu_ul_per_min",
];

/// Conditions of the reference rig.
pub(crate) fn conditions(values: [f64; 7]) -> Conditions {
    Conditions::new(NAMES.map(String::from).into(), values.to_vec())
}

fn linear(factors: [f64; 7]) -> Follows {
    Linear { constant: 0.0, factors: factors.to_vec() }.into()
}

fn unit(i: usize) -> Follows {
    let mut factors = [0.0; 7];
    factors[i] = 1.0;
    linear(factors)
}

/// The streams one to one, the carrier equal to both.
pub(crate) fn recipe() -> Recipe {
    let pump = |name: &str, linear| (name.into(), linear);
    Recipe {
        slowest: vec![],
        steps: vec![],
        options: vec![],
        heaters: vec![("plate".into(), unit(0))],
        pumps: vec![
            pump("cui", unit(1)),
            pump("cs", unit(2)),
            pump("oa_cs", unit(3)),
            pump("oa_cu", unit(4)),
            pump("oam", unit(5)),
            pump("ode_cu", unit(6)),
            pump("ode_cs", linear([0.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0])),
            pump("pfo", linear([0.0, 2.0, 0.0, 0.0, 2.0, 2.0, 2.0])),
        ],
    }
}

const ANALYSIS: &str = r#"
[[channels]]
name = "absorbance"
spectrometer = "absorption"
light = "lamp"
kind = "absorbance"
exposure = { integration_us = 20000, frames = 300 }
phase = { low_nm = 290.0, high_nm = 310.0, keep = 100 }
baseline = { low_nm = 550.0, high_nm = 600.0 }
decimals = 6

[[channels]]
name = "emission"
spectrometer = "emission"
light = "led"
kind = "emission"
exposure = { integration_us = 20000, frames = 300 }
phase = { low_nm = 290.0, high_nm = 310.0, keep = 50 }
baseline = { low_nm = 780.0, high_nm = 800.0 }
decimals = 3
"#;

/// The features of the paper.
pub(crate) fn features() -> &'static str {
    r#"
[[features]]
name = "abs_300"
channel = "absorbance"
measure = { value_at = { nm = 300.0, width_nm = 0.0 } }
[[features]]
name = "pli"
channel = "emission"
measure = { peak_height = { low_nm = 420.0, high_nm = 480.0, smooth_nm = 5.0 } }
[[features]]
name = "pla"
channel = "emission"
measure = { area = { low_nm = 400.0, high_nm = 520.0 } }
[[features]]
name = "peak_nm"
channel = "emission"
measure = { peak_position = { low_nm = 420.0, high_nm = 480.0, smooth_nm = 20.0 } }
"#
}

/// The procedure of the paper on the reference rig.
pub(crate) fn procedure(plan: &Plan) -> Procedure {
    let spec: AnalysisSpec =
        toml::from_str(&format!("{ANALYSIS}{}", features())).expect("the reference is valid");
    let analysis = Analysis::new(spec, plan.manifest()).expect("the reference is valid");
    let mut procedure = ProcedureSpec::default();
    procedure.blank.rates = vec![
        toml::from_str("pump = \"pfo\"\nul_per_min = 1000.0").expect("the reference is valid"),
    ];
    procedure.blank.flush_s = 120.0;
    Procedure::new(procedure, recipe(), analysis)
}
