//! What experiments tell of the free keys of a simulator, by all that they measure.

use std::sync::OnceLock;

use flowtwin_lab::{Conditions, PumpId, Space, Streams};
use flowtwin_sim::Plan;
use flowtwin_twin::design::Sobol;
use flowtwin_twin::region::Region;
use flowtwin_twin::{Lesson, Question, Teaching};
use nalgebra::{DMatrix, DVector};
use serde_json::Value;

use super::Scenario;
use super::expected::Expected;
use super::posterior::Posterior;
use super::scatter::{Misreading, Scatter, Slopes, detection_limits, fills, misreadings};
use super::world::plan;

/// Places of the space at which replicates are simulated.
const PLACES: usize = 6;
/// Most points that are tried in search of them.
const TRIED: usize = 4096;
/// Step of differences by a parameter, in its standard deviations.
const STEP: f64 = 0.05;
/// What a pump gives more, in parts, …
const MORE: f64 = 0.01;
/// … and what plates are warmer [K], where slopes are taken.
const WARMER_K: f64 = 0.5;

/// A simulated rig as a function of what is not known of it, and what its experiments tell.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) simulator: Scenario,
    pub(super) world: Value,
    pub(super) posterior: Posterior,
    pub(super) noise: Found,
    /// The inputs of the campaign.
    pub(super) space: Space,
    /// For each input of the simulator, its place among those of the campaign.
    pub(super) inputs: Vec<usize>,
    /// For each outcome that the campaign wants, its place among the features of the simulator.
    pub(super) features: Vec<usize>,
    /// For each feature of the simulator, its place among those of the campaign.
    pub(super) all_features: Vec<Option<usize>>,
}

impl Known {
    /// The rig with parameters `z`; none where the simulator does not accept them.
    pub(super) fn plan(&self, z: &[f64]) -> Option<Plan> {
        plan(&self.posterior.at(&self.world, z)).ok()
    }

    /// What a point `x` \[d\] of the unit cube of the campaign is for the simulator.
    pub(super) fn conditions(&self, x: &[f64]) -> Conditions {
        let here = self.space.at_unit(x);
        let values = self.inputs.iter().map(|place| here[*place]).collect();
        self.simulator.space().conditions(values)
    }
}

/// The noise of a simulated rig as its own numbers have it: what replicates scatter by, and what is common to a run.
#[derive(Debug)]
pub(super) struct Noise {
    scatter: Scatter,
    pumps: Vec<PumpId>,
    /// What a fill may be off by, standard deviation, in parts, with the place of its pump.
    fills: Vec<(usize, f64)>,
    misreadings: Vec<Misreading>,
}

/// A simulated rig with parameters, and rigs that are off from it in one thing each.
struct Rigs<'a> {
    here: Expected<'a>,
    /// With each parameter one step further, and what the step is.
    parameters: Vec<(Expected<'a>, f64)>,
    pumps: Vec<Expected<'a>>,
    warmer: Expected<'a>,
    misread: Vec<Expected<'a>>,
}

/// What an experiment should yield [features], and how that depends on what is off.
struct Said {
    here: Vec<f64>,
    parameters: Vec<Vec<f64>>,
    flows: Vec<Vec<f64>>,
    warmth: Vec<f64>,
    /// Differences, not slopes: one standard deviation each.
    misread: Vec<Vec<f64>>,
}

impl Noise {
    /// None where the simulator has no experiment at some conditions.
    fn of(known: &Known) -> Option<Self> {
        let simulator = &known.simulator;
        let plan = known.plan(&vec![0.0; known.posterior.keys()])?;
        let noise = plan.world().noise.clone();
        let pumps: Vec<PumpId> = plan.manifest().pumps.iter().map(|p| p.name.clone()).collect();
        let places = places(simulator);
        let slopes = || {
            let mut rigs = Rigs::without_parameters(simulator, &plan, &pumps, &[]);
            let all: Vec<Said> = places.iter().map(|place| rigs.say(place)).collect();
            let flow = |pump: usize| all.iter().map(|said| said.flows[pump].clone()).collect();
            let flows = (0..pumps.len()).map(flow).collect();
            Some(Slopes { flows, warmth: all.into_iter().map(|said| said.warmth).collect() })
        };
        let mut scatter =
            Scatter::of(simulator, &plan, &places.iter().collect::<Vec<_>>(), slopes)?;
        // A result of nothing says only that there is less than can be found.
        for (feature, detects_mm) in detection_limits(simulator) {
            scatter.raise_floor(feature, detects_mm / 12_f64.sqrt());
        }
        let place = |pump: &PumpId| pumps.iter().position(|known| known == pump);
        let fills = fills(&noise, &pumps).into_iter();
        let fills = fills.filter_map(|(pump, bias)| Some((place(&pump)?, bias))).collect();
        Some(Self { scatter, fills, misreadings: misreadings(simulator, &noise), pumps })
    }

    /// What an experiment tells: `measured` is in the order of the features of the simulator.
    fn lesson(&self, said: &Said, measured: Option<&[Option<f64>]>, simulations: u64) -> Lesson {
        let is_told = |f: &usize| {
            let seen = measured.is_none_or(|seen| seen[*f].is_some_and(f64::is_finite));
            let fills = self.fills.iter().map(|(pump, _)| &said.flows[*pump]);
            let mut slopes = said.parameters.iter().chain(&said.misread).chain(fills);
            seen && said.here[*f].is_finite() && slopes.all(|by| by[*f].is_finite())
        };
        let told: Vec<usize> = (0..said.here.len()).filter(is_told).collect();
        let (deviations, root) = self.scatter.root(&told, &said.here, &said.flows, &said.warmth);
        let free = |value: &dyn Fn(usize) -> f64| -> DVector<f64> {
            let scaled = told.iter().zip(&deviations).map(|(&f, own)| value(f) / own);
            let scaled = DVector::from_iterator(told.len(), scaled);
            root.solve_lower_triangular(&scaled).unwrap_or(scaled)
        };
        let residuals =
            free(&|f| measured.map_or(0.0, |seen| seen[f].unwrap_or(0.0) - said.here[f]));
        let fills = self.fills.iter().map(|(pump, bias)| free(&|f| bias * said.flows[*pump][f]));
        let misread = said.misread.iter().map(|by| free(&|f| by[f]));
        let parameters = said.parameters.iter().map(|by| free(&|f| by[f]));
        let columns: Vec<DVector<f64>> = fills.chain(misread).chain(parameters).collect();
        let slopes = DMatrix::from_columns(&columns);
        Lesson {
            residuals: residuals.iter().copied().collect(),
            slopes: slopes
                .row_iter()
                .flat_map(|row| row.iter().copied().collect::<Vec<_>>())
                .collect(),
            simulations,
        }
    }
}

/// Some conditions of the space, spread over it.
fn places(simulator: &Scenario) -> Vec<Conditions> {
    let (space, dim) = (simulator.space(), simulator.space().dim());
    let mut stream = Streams::new(0).open("teaching", 0);
    let spread = (dim <= Sobol::MAX_DIM).then(|| Sobol::scrambled(dim, &mut stream));
    let all = spread.into_iter().flat_map(|points| points.take(TRIED));
    let settable = all.map(|u| space.from_unit(&u)).filter(|at| space.contains(at));
    let mut places: Vec<Conditions> = settable.take(PLACES).collect();
    // Next to no point meets a tight constraint by chance, and there is no sequence for very many inputs.
    if let Some(region) = Region::new(space).ok().filter(|_| places.len() < PLACES) {
        let mut stream = Streams::new(0).open("teaching", 1);
        let within = (places.len()..PLACES).map(|_| region.snap(&region.sample(&mut stream)));
        places.extend(within);
    }
    places
}

impl<'a> Rigs<'a> {
    fn without_parameters(
        simulator: &'a Scenario,
        plan: &Plan,
        pumps: &[PumpId],
        misreadings: &[Misreading],
    ) -> Self {
        let here = Expected::on(simulator, plan);
        let off = |adjust: &dyn Fn(&mut Expected<'a>)| {
            let mut rig = here.clone();
            adjust(&mut rig);
            rig
        };
        Self {
            parameters: Vec::new(),
            pumps: pumps.iter().map(|pump| off(&|rig| rig.deliver(pump, 1.0 + MORE))).collect(),
            warmer: off(&|rig| rig.warm(WARMER_K)),
            misread: misreadings
                .iter()
                .map(|it| off(&|rig| rig.misread(it.reading, it.factor, it.offset)))
                .collect(),
            here,
        }
    }

    /// About parameters `z`; none where the simulator does not accept them or those a step further.
    fn about(known: &'a Known, noise: &Noise, z: &[f64]) -> Option<Self> {
        let simulator = &known.simulator;
        let plan = known.plan(z)?;
        let mut rigs = Self::without_parameters(simulator, &plan, &noise.pumps, &noise.misreadings);
        let mut moved = z.to_vec();
        for k in 0..z.len() {
            // Towards what was believed before; the other way where a range ends here.
            let mut step = if z[k] > 0.0 { -STEP } else { STEP };
            moved[k] = z[k] + step;
            if known.posterior.at(&known.world, &moved) == known.posterior.at(&known.world, z) {
                step = -step;
                moved[k] = z[k] + step;
            }
            rigs.parameters.push((Expected::on(simulator, &known.plan(&moved)?), step));
            moved[k] = z[k];
        }
        Some(rigs)
    }

    fn say(&mut self, conditions: &Conditions) -> Said {
        let here = features(&mut self.here, conditions);
        let by = |rig: &mut Expected<'a>, step: f64| -> Vec<f64> {
            let there = features(rig, conditions);
            there.iter().zip(&here).map(|(there, here)| (there - here) / step).collect()
        };
        Said {
            parameters: self.parameters.iter_mut().map(|(rig, step)| by(rig, *step)).collect(),
            flows: self.pumps.iter_mut().map(|rig| by(rig, MORE)).collect(),
            warmth: by(&mut self.warmer, WARMER_K),
            misread: self.misread.iter_mut().map(|rig| by(rig, 1.0)).collect(),
            here,
        }
    }

    /// How many experiments are expected for each that is asked about.
    fn count(&self) -> u64 {
        2 + (self.parameters.len() + self.pumps.len() + self.misread.len()) as u64
    }
}

fn features(rig: &mut Expected<'_>, conditions: &Conditions) -> Vec<f64> {
    rig.outcome(conditions).features.into_iter().map(|(_, value)| value).collect()
}

/// The noise of a simulator, found once it is needed.
pub(super) type Found = OnceLock<Option<Noise>>;

impl Known {
    fn noise(&self) -> Option<&Noise> {
        self.noise.get_or_init(|| Noise::of(self)).as_ref()
    }
}

impl Teaching for Known {
    fn parameters(&self) -> usize {
        self.posterior.keys()
    }

    fn shared(&self) -> usize {
        self.noise().map_or(0, |noise| noise.fills.len() + noise.misreadings.len())
    }

    fn lessons(&self, z: &[f64], experiments: &[Question<'_>]) -> Option<Vec<Lesson>> {
        let noise = self.noise()?;
        let mut rigs = Rigs::about(self, noise, z)?;
        let count = rigs.count();
        let lesson = |question: &Question<'_>| {
            let said = rigs.say(&self.conditions(question.x));
            let seen = |place: &Option<usize>| {
                let measured = question.measured?;
                *measured.get((*place)?)?
            };
            let measured: Vec<Option<f64>> = self.all_features.iter().map(seen).collect();
            noise.lesson(&said, question.measured.map(|_| &measured[..]), count)
        };
        Some(experiments.iter().map(lesson).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZeroUsize;
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// The amination whose keys are to be told, with fewer experiments.
    fn scenario(name: &str, more: &str) -> Result<Scenario, String> {
        let here = std::env::temp_dir().join(format!("flowtwin-teaching-{name}"));
        fs::create_dir_all(&here).unwrap();
        let base = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/");
        let text = format!("schema = 1\nextends = \"{base}{more}");
        fs::write(here.join("scenario.toml"), text).unwrap();
        Scenario::load(&here.join("scenario.toml")).map_err(|error| error.to_string())
    }

    fn phases(policy: &str, experiments: usize) -> String {
        format!("[[phases]]\nname = \"teach\"\npolicy = {policy}\nexperiments = {experiments}\n")
    }

    fn amination(name: &str, policy: &str, experiments: usize) -> Result<Scenario, String> {
        let phases = phases(policy, experiments);
        scenario(name, &format!("snar-calibrate.toml\"\nname = \"here\"\n{phases}"))
    }

    fn journal(scenario: &Scenario, threads: usize) -> Vec<u8> {
        let (stop, threads) = (AtomicBool::new(false), NonZeroUsize::new(threads).unwrap());
        let campaign = crate::campaign::Campaign::new(scenario, 1, threads, &stop);
        let lab = scenario.simulated().unwrap().lab(1);
        let writer = flowtwin_lab::journal::Writer::new(Vec::new());
        let ran = campaign.run(lab, writer, None, &mut crate::campaign::Silent);
        let (ended, writer) = ran.unwrap();
        assert!(ended.fault.is_none() && ended.work.simulations > 1000, "{:?}", ended.work);
        writer.sink().clone()
    }

    #[test]
    fn a_campaign_that_calibrates_is_the_same_on_any_number_of_threads_and_from_its_record() {
        let scenario = amination("threads", "\"calibrate\"", 2).unwrap();
        let one = journal(&scenario, 1);
        assert!(one == journal(&scenario, 3));
        let recorded = Scenario::recorded(&scenario.definition()).unwrap();
        assert!(one == journal(&recorded, 1), "a run that is resumed proposes the same");
    }

    #[test]
    fn what_a_policy_needs_and_lacks_is_told_at_its_key() {
        let phases = phases("\"calibrate\"", 3);
        let none = scenario("none", &format!("snar.toml\"\nname = \"here\"\n{phases}"));
        let none = none.unwrap_err();
        assert!(none.contains("the policy calibrate needs a simulator with free keys"), "{none}");
        assert!(none.contains("policy = \"calibrate\"") && none.contains("[[calibration.free]]"));
        let dear = amination("dear", "{ calibrate = { per_hour = -1.0 } }", 3).unwrap_err();
        assert!(dear.contains("per_hour = -1 is not a price: it must lie between 0 and"), "{dear}");
    }

    /// Experiments that are exactly as expected leave nothing, and twice the noise tells half as much of a key.
    #[test]
    fn a_lesson_is_what_is_measured_in_units_of_noise() {
        let scenario = amination("lesson", "\"calibrate\"", 3).unwrap();
        let teaching = scenario.mechanism().unwrap().teaching().unwrap();
        assert_eq!(teaching.parameters(), 4);
        let pumps = scenario.manifest().pumps.len();
        assert_eq!(teaching.shared(), pumps, "the fill of each is off by an amount of its own");
        let (x, z) = ([0.2, 0.5, 0.6, 0.1], [0.3, 0.0, 0.0, -0.4]);
        let lesson = |measured: Option<&[Option<f64>]>| {
            teaching.lessons(&z, &[Question { x: &x, measured }]).unwrap().remove(0)
        };
        let before = lesson(None);
        assert_eq!((before.residuals.as_slice(), before.slopes.len()), (&[0.0][..], pumps + 4));
        let known = scenario.believed.as_ref().unwrap().known();
        let plan = known.plan(&z).unwrap();
        let mut rig = Expected::on(&scenario, &plan);
        let said = rig.outcome(&known.conditions(&x)).features[0].1;
        assert!(lesson(Some(&[Some(said)])).residuals[0].abs() < 1e-12);
        assert!(lesson(Some(&[None])).residuals.is_empty(), "what was not measured tells nothing");
        // One standard deviation of noise is one: replicates of complete experiments scatter by it.
        let above = lesson(Some(&[Some(said + 0.01)])).residuals[0];
        let deviation = 0.01 / above;
        let lab = |seed| {
            let mut lab = flowtwin_sim::SimLab::new(plan.clone().into(), Streams::new(seed));
            let blank = scenario.procedure().prime(&mut lab).unwrap();
            scenario.procedure().run(&mut lab, &blank, &known.conditions(&x)).outcome.features[0].1
        };
        let seen: Vec<f64> = (0..24).map(lab).collect();
        // What the fills of four pumps are off by is another 0.5 % each, and no noise of its own.
        let shared: f64 = before.slopes[..pumps].iter().map(|by| by * by).sum();
        let expected = deviation * (1.0 + shared).sqrt();
        let scatter = flowtwin_statistics::standard_deviation(&seen);
        assert!((0.65..1.5).contains(&(scatter / expected)), "{scatter} {expected}");
    }
}
