//! A validated world: names resolved, spectra laid out on pixel grids, ready to be run any number
//! of times.

mod check;
mod error;
mod manifest;
mod optics;
mod quantities;
mod reactions;

use flowtwin_lab::Manifest;

pub use error::PlanError;
pub(crate) use optics::Channel;
pub(crate) use quantities::Quantities;

use crate::model::network::Network;
use crate::model::reaction::Reaction;
use crate::spec::{self, World};

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
    pub(crate) carrier: CarrierPlan,
    pub(crate) tube: Vec<StretchPlan>,
    pub(crate) heaters: Vec<spec::Heater>,
    pub(crate) heater_names: Vec<String>,
    pub(crate) light_names: Vec<String>,
    pub(crate) quantities: Quantities,
    pub(crate) reaction: Option<Reaction>,
    pub(crate) network: Option<Network>,
    pub(crate) channels: Vec<Channel>,
}

/// A stream with its pumps and heater by number.
#[derive(Clone, Debug)]
pub(crate) struct StreamPlan {
    pub(crate) spec: spec::Stream,
    pub(crate) pumps: Vec<usize>,
    pub(crate) heater: Option<usize>,
}

/// The carrier with its pump and heater by number.
#[derive(Clone, Debug)]
pub(crate) struct CarrierPlan {
    pub(crate) spec: spec::Carrier,
    pub(crate) pump: usize,
    pub(crate) heater: Option<usize>,
}

/// A stretch of tube with its heater by number.
#[derive(Clone, Debug)]
pub(crate) struct StretchPlan {
    pub(crate) spec: spec::Stretch,
    pub(crate) heater: Option<usize>,
}

impl Plan {
    /// Validates a world.
    ///
    /// # Errors
    /// The first key whose value is out of range, unknown, or at odds with another; see
    /// [`PlanError`].
    pub fn new(world: &World) -> Result<Self, PlanError> {
        check::world(world)?;
        reactions::check_balance(&world.chemistry)?;
        let rig = &world.rig;
        let names = |keys: Vec<&String>| keys.into_iter().cloned().collect::<Vec<_>>();
        let pump_names = names(rig.pumps.keys().collect());
        let heater_names = names(rig.heaters.keys().collect());
        let light_names = names(rig.lights.keys().collect());
        let pump = |name: &String| place(&pump_names, name);
        let heater = |name: &Option<String>| name.as_ref().map(|n| place(&heater_names, n));
        let streams: Vec<StreamPlan> = rig
            .streams
            .values()
            .map(|stream| StreamPlan {
                pumps: stream.pumps.iter().map(pump).collect(),
                heater: heater(&stream.heater),
                spec: stream.clone(),
            })
            .collect();
        let quantities = Quantities::new(world, &pump_names)?;
        let reaction = match &world.chemistry.product {
            Some(product) => Some(quantities.reaction(product)?),
            None => None,
        };
        let network = quantities.network(&world.chemistry)?;
        let channels = optics::channels(world, &quantities, &light_names)?;
        Ok(Self {
            manifest: manifest::manifest(world),
            pumps: rig.pumps.values().cloned().collect(),
            streams,
            carrier: CarrierPlan {
                pump: pump(&rig.carrier.pump),
                heater: heater(&rig.carrier.heater),
                spec: rig.carrier.clone(),
            },
            tube: rig
                .tube
                .iter()
                .map(|s| StretchPlan { heater: heater(&s.heater), spec: s.clone() })
                .collect(),
            heaters: rig.heaters.values().cloned().collect(),
            pump_names,
            heater_names,
            light_names,
            quantities,
            reaction,
            network,
            channels,
            world: world.clone(),
        })
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
        world.noise = spec::Noise::default();
        world.faults.scheduled.clear();
        world.faults.random.clear();
        Self::new(&world).expect("a valid world without its noise is valid")
    }
}

fn place(names: &[String], name: &str) -> usize {
    names.iter().position(|n| n == name).expect("names have been checked")
}
