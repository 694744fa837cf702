//! A validated world: names resolved, spectra laid out on pixel grids, ready to be run any number
//! of times.

mod absorbers;
mod analysers;
mod bands;
mod check;
mod error;
mod excites;
mod grid;
mod manifest;
mod optics;
mod quantities;
mod reactions;
mod stages;

use flowtwin_lab::{Manifest, path::Standard};

pub(crate) use analysers::{AnalyserPlan, SensorPlan};
pub use error::PlanError;
pub(crate) use optics::Channel;
pub(crate) use quantities::Quantities;
pub(crate) use stages::{Kind, Stage, Stages};

use crate::model::network::Network;
use crate::model::particles::Look;
use crate::model::reaction::Reaction;
use crate::model::segmentation::{area_mm2, capillary_number};
use crate::spec::{self, World};

/// Parcels of a liquid without a carrier that the tube holds.
const PARCELS: f64 = 100.0;

/// A validated world.
///
/// Immutable and free of randomness: one plan serves any number of [`crate::SimLab`]s at the same
/// time.
#[derive(Clone, Debug)]
pub struct Plan {
    world: World,
    manifest: Manifest,
    pub(crate) pumps: Vec<spec::Pump>,
    pub(crate) pump_names: Vec<String>,
    pub(crate) streams: Vec<StreamPlan>,
    pub(crate) carrier: Option<CarrierPlan>,
    pub(crate) tube: Vec<StretchPlan>,
    /// Pumps whose flow passes each section of the tube: a section ends where streams join.
    pub(crate) sections: Vec<Vec<usize>>,
    pub(crate) stages: Stages,
    pub(crate) heaters: Vec<spec::Heater>,
    pub(crate) heater_names: Vec<String>,
    pub(crate) light_names: Vec<String>,
    pub(crate) quantities: Quantities,
    pub(crate) reaction: Option<Reaction>,
    pub(crate) network: Option<Network>,
    /// What is seen of particles, where there are any.
    pub(crate) look: Option<Look>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) analysers: Vec<AnalyserPlan>,
    pub(crate) sensors: Vec<SensorPlan>,
}

/// A stream with its pumps and heater by number.
#[derive(Clone, Debug)]
pub(crate) struct StreamPlan {
    pub(crate) spec: spec::Stream,
    pub(crate) pumps: Vec<usize>,
    pub(crate) heater: Option<usize>,
    /// The section of the tube that it is the first to pass.
    pub(crate) section: usize,
}

/// The carrier with its pump and heater by number, and how it forms slugs.
#[derive(Clone, Debug)]
pub(crate) struct CarrierPlan {
    pub(crate) spec: spec::Carrier,
    pub(crate) segmentation: spec::Segmentation,
    pub(crate) pump: usize,
    pub(crate) heater: Option<usize>,
    /// Conditions at which its flow is set, where it is a gas.
    pub(crate) gas: Option<Standard>,
}

impl CarrierPlan {
    fn new(rig: &spec::Rig, spec: &spec::Carrier, pump: usize, heater: Option<usize>) -> Self {
        Self {
            pump,
            heater,
            spec: spec.clone(),
            segmentation: rig.segmentation.clone().unwrap_or_default(),
            gas: rig.gases.get(&spec.pump).map(spec::Gas::standard),
        }
    }

    /// Capillary number of the liquid that wets the wall, at a mean speed [m/s]: the carrier's, or the slugs' where a gas is between
    /// them.
    pub(crate) fn capillary(&self, rig: &spec::Rig, celsius: f64, m_per_s: f64) -> f64 {
        let wets = self.spec.liquid.as_ref().unwrap_or(&rig.liquid);
        let viscosity = wets.viscosity_pa_s(celsius);
        capillary_number(viscosity, m_per_s, self.spec.interfacial_tension_mn_per_m)
    }
}

/// A stretch of tube with its heater by number.
#[derive(Clone, Debug)]
pub(crate) struct StretchPlan {
    /// As written, but for the volume: what is left to the liquid.
    pub(crate) spec: spec::Stretch,
    /// Length \[m\].
    pub(crate) length_m: f64,
    pub(crate) heater: Option<usize>,
    /// The section of the tube that it belongs to.
    pub(crate) section: usize,
}

impl StretchPlan {
    /// Volume that liquid must push along before it gets through \[µL\]: what enters a stirred tank is at once in all of it.
    pub(crate) fn plug_ul(&self) -> f64 {
        if self.spec.tank { 0.0 } else { self.spec.volume_ul }
    }
}

impl Plan {
    /// Validates a world.
    ///
    /// # Errors
    /// The first key whose value is out of range, unknown, or at odds with another; see
    /// [`PlanError`].
    pub fn new(world: &World) -> Result<Self, PlanError> {
        Self::beside(world, &[])
    }

    /// The same plan as [`Plan::new`] makes, sooner where one of others is of the same light: spectra need not be laid out on pixels
    /// again.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn beside(world: &World, others: &[&Self]) -> Result<Self, PlanError> {
        check::world(world)?;
        reactions::check_balance(&world.chemistry)?;
        let rig = &world.rig;
        let names = |keys: Vec<&String>| keys.into_iter().cloned().collect::<Vec<_>>();
        let pump_names = names(rig.pumps.keys().chain(rig.gases.keys()).collect());
        let heater_names = names(rig.heaters.keys().collect());
        let light_names = names(rig.lights.keys().collect());
        let pump = |name: &String| place(&pump_names, name);
        let heater = |name: &Option<String>| name.as_ref().map(|n| place(&heater_names, n));
        let Sections { of_stretch, of_stream, joins } = Sections::new(rig);
        let joined = manifest::Joined { rig, of_stretch: &of_stretch, of_stream: &of_stream };
        let manifest = manifest::manifest(world, &joined);
        let streams: Vec<StreamPlan> = rig
            .streams
            .values()
            .zip(of_stream)
            .map(|(stream, section)| StreamPlan {
                section,
                pumps: stream.pumps.iter().map(pump).collect(),
                heater: heater(&stream.heater),
                spec: stream.clone(),
            })
            .collect();
        let carrier = |spec| CarrierPlan::new(rig, spec, pump(&spec.pump), heater(&spec.heater));
        let carrier = rig.carrier.as_ref().map(carrier);
        let stretch = |(s, &section): (&spec::Stretch, &usize)| StretchPlan {
            heater: heater(&s.heater),
            length_m: 1e-3 * s.volume_ul / area_mm2(s.bore_mm),
            spec: spec::Stretch { volume_ul: s.liquid_ul(), ..s.clone() },
            section,
        };
        let tube = rig.tube.iter().zip(&of_stretch).map(stretch).collect();
        let last = of_stretch.iter().copied().max().unwrap_or(0);
        let in_section = |section| pumps_in(section, &streams, carrier.as_ref());
        let sections = (0..=last).map(in_section).collect();
        let quantities = Quantities::new(world, &pump_names)?;
        let product = world.chemistry.product.as_ref();
        let reaction = product.map(|product| quantities.reaction(product)).transpose()?;
        let network = quantities.network(&world.chemistry)?;
        let stages = Stages::new(rig, &joins);
        let alike = others.iter().find(|other| other.is_of_the_same_light(world, &quantities));
        let channels = match alike {
            Some(other) => optics::behind(&other.channels, &stages),
            None => optics::channels(world, &quantities, &light_names, &stages)?,
        };
        let analysers = analysers::analysers(world, &quantities, &stages)?;
        let sensors = analysers::sensors(world, &quantities, &stages)?;
        Ok(Self {
            look: quantities.look(&world.chemistry)?,
            manifest,
            pumps: delivering(rig),
            streams,
            carrier,
            sections,
            stages,
            tube,
            heaters: rig.heaters.values().cloned().collect(),
            pump_names,
            heater_names,
            light_names,
            quantities,
            reaction,
            network,
            channels,
            analysers,
            sensors,
            world: world.clone(),
        })
    }

    /// Streams that join at the beginning of a section, with their numbers.
    pub(crate) fn joining(&self, section: usize) -> impl Iterator<Item = (usize, &StreamPlan)> {
        self.streams.iter().enumerate().filter(move |(_, stream)| stream.section == section)
    }

    /// Volume of the parcels in which a liquid without a carrier is followed \[µL\].
    pub(crate) fn parcel_ul(&self) -> f64 {
        let whole: f64 = self.tube.iter().map(|stretch| stretch.spec.volume_ul).sum();
        whole / PARCELS
    }

    /// The world as it was given.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What is installed.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The same world without noise, drift or mishaps, for true values.
    ///
    /// Frames are still counts: rounded to whole numbers and clipped.
    pub fn noiseless(&self) -> Self {
        let mut world = self.world.clone();
        // The shape of a change of windows is no noise itself, and nothing of it shows where they do not change.
        let window = spec::WindowNoise { offset_au: 0.0, ..world.noise.window };
        world.noise = spec::Noise { window, ..spec::Noise::default() };
        world.faults.scheduled.clear();
        world.faults.random.clear();
        Self::beside(&world, &[self]).expect("a valid world without its noise is valid")
    }

    /// Whether spectrometers of another world see light of the same spectra, by quantities in the same places.
    fn is_of_the_same_light(&self, other: &World, quantities: &Quantities) -> bool {
        let own = &self.world;
        let rigs = own.rig.spectrometers == other.rig.spectrometers
            && own.rig.lights == other.rig.lights
            && own.rig.tube == other.rig.tube;
        let particles = own.chemistry.particles == other.chemistry.particles;
        let shape = |world: &World| (world.noise.window.at_nm, world.noise.window.decay_nm);
        let windows = shape(own) == shape(other);
        rigs && windows
            && particles
            && own.optics == other.optics
            && self.quantities.are_named_as(quantities)
    }
}

/// Where streams join the tube.
struct Sections {
    /// Section of each stretch.
    of_stretch: Vec<usize>,
    /// The first section that each stream passes.
    of_stream: Vec<usize>,
    /// Whether a stream joins before each stretch.
    joins: Vec<bool>,
}

impl Sections {
    fn new(rig: &spec::Rig) -> Self {
        let before = |stream: &spec::Stream| {
            let name = stream.joins.as_ref()?;
            rig.tube.iter().position(|stretch| stretch.name == *name).filter(|place| *place > 0)
        };
        let places: Vec<Option<usize>> = rig.streams.values().map(before).collect();
        let joins: Vec<bool> = (0..rig.tube.len()).map(|i| places.contains(&Some(i))).collect();
        let of_stretch: Vec<usize> =
            (0..joins.len()).map(|i| joins[..=i].iter().filter(|joins| **joins).count()).collect();
        let of_stream = places.iter().map(|place| place.map_or(0, |i| of_stretch[i])).collect();
        Self { of_stretch, of_stream, joins }
    }
}

/// Pumps whose flow passes a section, by number.
fn pumps_in(section: usize, streams: &[StreamPlan], carrier: Option<&CarrierPlan>) -> Vec<usize> {
    let joined = streams.iter().filter(|stream| stream.section <= section);
    let mut pumps: Vec<usize> = joined.flat_map(|stream| stream.pumps.iter().copied()).collect();
    pumps.extend(carrier.map(|carrier| carrier.pump));
    pumps.sort_unstable();
    pumps
}

/// Pumps, then mass-flow controllers.
fn delivering(rig: &spec::Rig) -> Vec<spec::Pump> {
    rig.pumps.values().cloned().chain(rig.gases.values().map(as_pump)).collect()
}

/// A mass-flow controller as a pump: one without a screw, whose turns would make a ripple.
fn as_pump(gas: &spec::Gas) -> spec::Pump {
    spec::Pump {
        stock: gas.stock.clone(),
        bore_mm: Some(1.0),
        continuous: None,
        fill_ml: 1e3 * gas.holds_l,
        lead_mm: f64::INFINITY,
        compliance_s: gas.response_s,
        slowest_um_per_min: 0.0,
        fastest_mm_per_min: f64::INFINITY,
        thrust_n: None,
        digits: None,
        steps: None,
        delivers_percent: gas.delivers_percent,
        refill: None,
    }
}

fn place(names: &[String], name: &str) -> usize {
    names.iter().position(|n| n == name).expect("names have been checked")
}
