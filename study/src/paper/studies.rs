//! What is set in the paper's own studies: `studies.toml`.

use flowtwin_lab::{Conditions, Space};
use flowtwin_twin::SurrogateSpec;
use serde::Deserialize;

use flowtwin_campaign::ordered::Ordered;

/// The settings of all studies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Studies {
    /// The conditions that studies start from, by input.
    pub baseline: Ordered<f64>,
    /// Fig. 3A.
    pub continuous: Continuous,
    /// Fig. 3B.
    pub replicates: Replicates,
    /// Fig. 3C.
    pub steps: Steps,
    /// Fig. 4A–B.
    pub flow: Flow,
    /// Fig. 4C–D.
    pub time: Time,
    /// Fig. 5.
    pub grid: Grid,
    /// Fig. 6.
    pub twin: TwinStudy,
    /// Vials for instruments beside the rig.
    pub vials: Vials,
    /// Steady state decided by watching.
    pub steady: Steady,
    /// A dynamic flow experiment.
    pub ramp: Ramp,
    /// How the stocks are made.
    pub recipes: Vec<Recipe>,
}

/// How a stock is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The stock.
    pub stock: String,
    /// Its volume, taken as the sum of the volumes that are mixed \[mL\].
    pub total_ml: f64,
    /// What goes into it besides solvent.
    pub parts: Vec<Part>,
}

/// A part of a recipe: an amount of substance, or a volume of a pure liquid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The species.
    pub species: String,
    /// Amount of it \[mmol\].
    #[serde(default)]
    pub mmol: f64,
    /// Volume of the liquid \[mL\].
    #[serde(default)]
    pub ml: f64,
    /// Its density [g/mL].
    #[serde(default)]
    pub density_g_per_ml: f64,
    /// Its molar mass [g/mol].
    #[serde(default = "one")]
    pub molar_mass_g_per_mol: f64,
    /// Share of it that is the species.
    #[serde(default = "one")]
    pub purity: f64,
}

fn one() -> f64 {
    1.0
}

/// 120 min of continuous operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Continuous {
    /// Reaction time \[s\].
    pub reaction_time_s: f64,
    /// Length of the run \[s\].
    pub lab_time_s: f64,
    /// Time between two values, in residence times.
    pub every_residence_times: f64,
}

/// Baselines with a random condition between each two.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replicates {
    /// Number of baselines.
    pub baselines: usize,
    /// How often the study is done on each rig: a deviation over six values is known to a third of it.
    pub rounds: usize,
}

/// Steps of the composition at several reaction times in sequence.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Reaction times \[s\].
    pub reaction_times_s: Vec<f64>,
    /// Frames of one reading: fewer than in an experiment, to see the step as it passes.
    pub frames: u32,
    /// First reading, in residence times.
    pub from_residence_times: f64,
    /// Time between two readings, in residence times.
    pub every_residence_times: f64,
    /// Last reading, in residence times.
    pub until_residence_times: f64,
    /// From here on readings are averaged to the final value [residence times].
    pub settled_residence_times: f64,
    /// Largest relative distance from the final value.
    pub band: f64,
}

/// Total flow at constant reaction time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Reaction time \[s\].
    pub reaction_time_s: f64,
    /// Readings at each flow, which are averaged.
    pub repeats: usize,
    /// Flows of slugs and carrier together [µL/min]; the last is the plateau.
    pub totals_ul_per_min: Vec<f64>,
}

/// Reaction time in one tube.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// Reaction times \[s\].
    pub reaction_times_s: Vec<f64>,
    /// Experiments at each.
    pub repeats: usize,
}

/// One input at a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// The input that makes up for changes of the flow.
    pub make_up: String,
    /// The inputs it makes up for.
    pub made_up: Vec<String>,
    /// What is varied.
    pub sweeps: Vec<Sweep>,
}

/// One input and its levels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// The input.
    pub input: String,
    /// Its levels.
    pub levels: Vec<f64>,
}

/// The digital twin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwinStudy {
    /// What the campaigns of the paper's scenario learn with.
    pub surrogate: SurrogateSpec,
    /// Numbers of experiments to learn from.
    pub sizes: Vec<usize>,
    /// Monte-Carlo inputs at which the uncertainty is taken.
    pub inputs: usize,
    /// Random splits into 80 % to learn from and 20 % to test on.
    pub splits: usize,
    /// … with fewer experiments than all, where only the stop rule is needed.
    pub early_splits: usize,
}

/// Vials for instruments beside the rig.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vials {
    /// Random conditions of which vials are taken.
    pub experiments: usize,
    /// What is random in them; all else stays at the baseline, so that all absorb much the same.
    pub varied: Vec<String>,
    /// How far their absorbance may be from the median to be compared, relatively.
    pub window: f64,
    /// Temperatures of which the size of the particles is compared [°C].
    pub size_at_c: [f64; 2],
    /// Reaction times at which the temperature at the outlet is looked at, at the highest reaction temperature \[s\].
    pub outlet_reaction_times_s: Vec<f64>,
}

/// Steady state decided by watching.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steady {
    /// Experiments done by both rules.
    pub experiments: usize,
    /// Watched features.
    pub features: Vec<String>,
    /// See [`flowtwin_lab::procedure::SteadySpec::band`].
    pub band: f64,
    /// See [`flowtwin_lab::procedure::SteadySpec::window`].
    pub window: usize,
    /// First reading, in residence times.
    pub from_residence_times: f64,
    /// Time between two readings, in residence times.
    pub every_residence_times: f64,
    /// Last reading, in residence times.
    pub at_most_residence_times: f64,
}

/// A ramp of one input beside steady-state points.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The input.
    pub input: String,
    /// Where the ramp starts.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Its length \[s\].
    pub duration_s: f64,
    /// Time between two changes of the rates \[s\].
    pub step_s: f64,
    /// Time between two readings \[s\].
    pub every_s: f64,
    /// Number of steady-state experiments along the same line.
    pub steady_points: usize,
}

impl Studies {
    /// The studies of the paper.
    ///
    /// # Panics
    /// Never: the text is part of the program, and a test reads it.
    pub(crate) fn of_the_paper() -> Self {
        toml::from_str(include_str!("studies.toml")).expect("studies.toml is well formed")
    }

    /// The baseline, as conditions of `space`; the middle of the range where an input is not named.
    pub fn baseline(&self, space: &Space) -> Conditions {
        let middle = space.centre();
        let value = |(name, middle): (&str, f64)| *self.baseline.get(name).unwrap_or(&middle);
        space.conditions(middle.iter().map(value).collect())
    }
}

impl Grid {
    /// The baseline with one input at a level, made up for.
    pub fn at(&self, baseline: &Conditions, space: &Space, input: &str, level: f64) -> Conditions {
        let change = level - baseline.get(input).unwrap_or(level);
        let taken = if self.made_up.iter().any(|name| name == input) { change } else { 0.0 };
        let value = |(name, value): (&str, f64)| match name {
            _ if name == input => level,
            _ if name == self.make_up => value - taken,
            _ => value,
        };
        space.conditions(baseline.iter().map(value).collect())
    }
}

impl Recipe {
    /// Concentration of a part [mM].
    fn concentration_mm(&self, part: &Part) -> f64 {
        let liquid_mmol = 1e3 * part.ml * part.density_g_per_ml / part.molar_mass_g_per_mol;
        1e3 * part.purity * (part.mmol + liquid_mmol) / self.total_ml
    }

    /// By how much the concentrations that a stock holds differ from the recipe's at most [%].
    pub(crate) fn largest_error_percent(&self, held_mm: &dyn Fn(&str, &str) -> f64) -> f64 {
        let error = |part: &Part| {
            100.0 * (held_mm(&self.stock, &part.species) / self.concentration_mm(part) - 1.0).abs()
        };
        // Not `f64::max`, which would forget that a species is not there at all.
        self.parts.iter().map(error).fold(0.0, |most, e| if e <= most { most } else { e })
    }
}

/// Conditions with one input changed.
pub fn with(conditions: &Conditions, space: &Space, input: &str, level: f64) -> Conditions {
    let value = |(name, value): (&str, f64)| if name == input { level } else { value };
    space.conditions(conditions.iter().map(value).collect())
}
