//! Facts about the rig and its stocks, and two operations that must not be done with them.

use flowtwin_campaign::scenario::{Scenario, Simulated};
use flowtwin_lab::layer::Guarded;
use flowtwin_lab::procedure::WaitSpec;
use flowtwin_lab::{Fault, PumpId, Streams};
use flowtwin_sim::Sample;
use flowtwin_sim::spec::Rig;

use super::StudyError;
use super::station::{Station, at_reaction_time};
use super::studies::{Recipe, Studies, with};
use super::study::off_ratio::{self, OffRatio};
use super::study::vials;

/// Facts that no seed changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Largest difference between what a recipe gives and what the scenario's stock holds [%], recipe by recipe.
    pub recipes_percent: Vec<(String, f64)>,
    /// Ligand for each solid in the Cs stock.
    pub oleic_acid_per_cs: f64,
    /// Whether a Cs stock with four ligands for each Cs clogs the rig.
    pub four_ligands_clog: bool,
    /// Whether the Cs stock of the recipe does, in the same time.
    pub recipe_clogs: bool,
    /// The train of slugs with a stream 30 % too fast.
    pub off_ratio: OffRatio,
    /// Temperature of the liquid in the emission cell at the highest reaction temperature, by the reaction time \[s\]
    /// [°C].
    pub outlet_c: Vec<(f64, f64)>,
    /// Mean diameter of the particles at a lower and a higher temperature \[nm\].
    pub sizes_nm: [f64; 2],
    /// Spread of the diameters at these temperatures, standard deviation of ln d [%].
    pub spreads_percent: [f64; 2],
    /// Volumes of the syringes \[mL\], in the order of the rig.
    pub syringes_ml: Vec<f64>,
    /// Pumps of the streams, the first that of the reaction-time line.
    pub pumps_of_streams: Vec<usize>,
    /// Inner diameters of lines, reactor and flow cells \[mm\].
    pub bores_mm: [f64; 3],
    /// Inputs of a campaign.
    pub inputs: usize,
    /// Range of the reaction temperature [°C].
    pub temperature_c: [f64; 2],
    /// Largest distance of the ratio of the streams from one, over random conditions.
    pub stream_ratio_error: f64,
    /// The same for carrier over precursors.
    pub carrier_ratio_error: f64,
    /// Experiments of each phase of the campaign.
    pub phases: Vec<(String, usize)>,
}

/// The input that is the reaction temperature.
const TEMPERATURE: &str = "temperature_c";
/// By how much a stream is too fast when the train is to break [%].
const OFF_RATIO_PERCENT: f64 = 30.0;
/// Ligands for each Cs below which the paper saw a precipitate are five; this is less.
const TOO_FEW_LIGANDS: f64 = 4.0;
/// An experiment this long passes several millilitres of every stock [residence times].
const LONG: f64 = 60.0;
/// Random conditions at which ratios are checked.
const CONDITIONS: usize = 1_000;

impl Facts {
    /// The facts of a scenario.
    ///
    /// # Errors
    /// If the scenario does not have what is asked about.
    pub fn of(scenario: Simulated<'_>, studies: &Studies, seed: u64) -> Result<Self, StudyError> {
        let file = scenario.file();
        let held = |stock: &str, species: &str| {
            let stock = file.stocks.get(stock);
            stock.and_then(|s| s.concentrations_mm.get(species)).copied().unwrap_or(f64::NAN)
        };
        let recipe = |r: &Recipe| (r.stock.clone(), r.largest_error_percent(&held));
        let (cs, oa) = (held("cs_oleate", "cs"), held("cs_oleate", "oa"));
        let starved = |ratio: f64| {
            let mut file = file.clone();
            let concentrations = file.stocks.get_mut("cs_oleate").map(|s| &mut s.concentrations_mm);
            concentrations.map(|c| c.insert("oa".into(), ratio * cs));
            Scenario::recorded(&serde_json::to_value(&file).expect("a scenario is plain data"))
        };
        let (stream_ratio_error, carrier_ratio_error) = ratio_errors(&scenario);
        let particles = particles(scenario, studies, seed)?;
        let segment = |name: &str| {
            let stretch = file.rig.tube.iter().find(|s| s.name.contains(name));
            stretch.map_or(f64::NAN, |s| s.bore_mm)
        };
        let streams = &file.rig.streams;
        let first = &file.rig.timed_stream;
        Ok(Self {
            recipes_percent: studies.recipes.iter().map(recipe).collect(),
            oleic_acid_per_cs: oa / cs,
            four_ligands_clog: clogs(starved(TOO_FEW_LIGANDS)?.simulated()?, studies, seed),
            recipe_clogs: clogs(scenario, studies, seed),
            off_ratio: off_ratio::run(scenario, studies, seed, OFF_RATIO_PERCENT)?,
            outlet_c: outlet(scenario, studies, seed)?,
            sizes_nm: particles.map(|p| p.diameter_nm),
            spreads_percent: particles.map(|p| p.spread_percent),
            syringes_ml: scenario.manifest().pumps.iter().map(|p| p.fill_ml).collect(),
            pumps_of_streams: pumps_of_streams(&file.rig),
            bores_mm: [
                streams.get(first).map_or(f64::NAN, |s| s.bore_mm),
                segment("reactor"),
                segment("absorption_cell"),
            ],
            inputs: scenario.space().dim(),
            temperature_c: temperature_range(&scenario),
            stream_ratio_error,
            carrier_ratio_error,
            phases: scenario.phases().iter().map(|p| (p.name.clone(), p.experiments)).collect(),
        })
    }

    /// Experiments of a phase.
    pub fn experiments(&self, phase: &str) -> f64 {
        self.phases.iter().find(|(name, _)| name == phase).map_or(f64::NAN, |(_, n)| *n as f64)
    }

    /// See [`Facts::recipes_percent`]; NaN where there is no such recipe.
    pub(crate) fn recipe_percent(&self, stock: &str) -> f64 {
        let found = self.recipes_percent.iter().find(|(name, _)| name == stock);
        found.map_or(f64::NAN, |(_, percent)| *percent)
    }
}

/// Whether the rig still works after a long experiment at the baseline.
fn clogs(scenario: Simulated<'_>, studies: &Studies, seed: u64) -> bool {
    let mut lab = scenario.lab(seed);
    let mut guarded = Guarded::new(&mut lab, scenario.file().guard.clone());
    let baseline = studies.baseline(scenario.space());
    let Ok(mut station) = Station::new(&mut guarded, scenario.procedure(), scenario.space()) else {
        return true;
    };
    let long = WaitSpec::ResidenceTimes(LONG);
    station.run_waiting(&baseline, long).and_then(|_| station.run(&baseline)).is_err()
}

/// Temperature in the emission cell at several reaction times [°C].
fn outlet(scenario: Simulated<'_>, studies: &Studies, seed: u64) -> Result<Vec<(f64, f64)>, Fault> {
    let space = scenario.space();
    let [_, hottest] = temperature_range(&scenario);
    let hot = with(&studies.baseline(space), space, TEMPERATURE, hottest);
    let (path, recipe) = (&scenario.manifest().path, scenario.procedure().recipe());
    let times = &studies.vials.outlet_reaction_times_s;
    let at = |seconds: &f64| at_reaction_time(path, recipe, space, &hot, *seconds);
    let vials = vials::take(scenario, seed, &times.iter().map(at).collect::<Vec<_>>())?;
    Ok(times.iter().copied().zip(vials.iter().map(|v| v.sample.celsius)).collect())
}

/// Vials of the particles made at two temperatures.
fn particles(scenario: Simulated<'_>, studies: &Studies, seed: u64) -> Result<[Sample; 2], Fault> {
    let space = scenario.space();
    let baseline = studies.baseline(space);
    let at = studies.vials.size_at_c.map(|c| with(&baseline, space, TEMPERATURE, c));
    let vials = vials::take(scenario, seed, &at)?;
    Ok([0, 1].map(|i| vials.get(i).map_or(vials::NOTHING, |v| v.sample)))
}

/// Pumps of each stream, that of the line that counts in the residence time first.
fn pumps_of_streams(rig: &Rig) -> Vec<usize> {
    let timed = rig.streams.get(&rig.timed_stream);
    let others = rig.streams.iter().filter(|(name, _)| **name != rig.timed_stream);
    timed.into_iter().chain(others.map(|(_, s)| s)).map(|s| s.pumps.len()).collect()
}

fn temperature_range(scenario: &Scenario) -> [f64; 2] {
    let inputs = scenario.space().inputs();
    inputs.iter().find(|i| i.name.ends_with("_c")).map_or([f64::NAN; 2], |i| [i.low, i.high])
}

/// How far the commanded ratios of streams, and of carrier to precursors, are off one at random conditions.
fn ratio_errors(scenario: &Scenario) -> (f64, f64) {
    let rig = &scenario.file().rig;
    let mut stream = Streams::new(0).open("paper/ratios", 0);
    let space = scenario.space();
    let mut worst = (0.0_f64, 0.0_f64);
    for _ in 0..CONDITIONS {
        let unit: Vec<f64> = (0..space.dim()).map(|_| stream.uniform()).collect();
        let settings = scenario.procedure().recipe().settings(&space.from_unit(&unit));
        let flow = |pump: &String| settings.flow(&PumpId::new(pump)).ul_per_min();
        let flows: Vec<f64> =
            rig.streams.values().map(|s| s.pumps.iter().map(flow).sum()).collect();
        let total: f64 = flows.iter().sum();
        let off = |ratio: f64| (ratio - 1.0).abs();
        worst.0 = flows.iter().map(|f| off(f / flows[0])).fold(worst.0, f64::max);
        let carrier = rig.carrier.as_ref().map_or(total, |carrier| flow(&carrier.pump));
        worst.1 = worst.1.max(off(carrier / total));
    }
    worst
}
