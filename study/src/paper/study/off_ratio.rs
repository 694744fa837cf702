//! What happens to the train of slugs when the two precursor streams are far from one to one.

use flowtwin_campaign::scenario::Simulated;
use flowtwin_lab::analysis::{Channel, ChannelKind};
use flowtwin_lab::{
    Command, Conditions, Fault, Follows, Frames, Instant, Lab, Manifest, Procedure, PumpId, Recipe,
    Reply, SpectrometerId,
};
use flowtwin_statistics::estimate::{quantile, relative_deviation_percent};

use crate::paper::studies::Studies;

/// The train of slugs with a stream too fast.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OffRatio {
    /// Spread of the lengths of slugs, over that with streams one to one, as the frames of the absorption cell show it.
    pub spread: f64,
    /// Whether the outcome says so, and whether it does with streams one to one.
    pub flagged: [bool; 2],
}

/// Runs the baseline with a stream too fast by `percent`, and with streams one to one.
///
/// It is run without the guard, which would not let it happen.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn run(
    scenario: Simulated<'_>,
    studies: &Studies,
    seed: u64,
    percent: f64,
) -> Result<OffRatio, Fault> {
    let baseline = studies.baseline(scenario.space());
    let usual = scenario.procedure();
    let off = Procedure::new(
        usual.spec().clone(),
        faster(usual.recipe(), percent),
        usual.analysis().clone(),
    );
    let of = |procedure| train(scenario, procedure, seed, &baseline);
    let ((off, off_flagged), (even, even_flagged)) = (of(&off)?, of(usual)?);
    Ok(OffRatio { spread: off / even, flagged: [off_flagged, even_flagged] })
}

/// Relative standard deviation of the lengths of slugs in one experiment [%], and whether its train is flagged.
fn train(
    scenario: Simulated<'_>,
    procedure: &Procedure,
    seed: u64,
    conditions: &Conditions,
) -> Result<(f64, bool), Fault> {
    let channels = procedure.analysis().channels();
    let place = channels.iter().position(|c| c.kind == ChannelKind::Absorbance).unwrap_or(0);
    let channel = &channels[place];
    let mut camera =
        Camera { lab: scenario.lab(seed), of: channel.spectrometer.clone(), last: None };
    let blank = procedure.prime(&mut camera)?;
    let observation = procedure.run(&mut camera, &blank, conditions);
    if let Some(fault) = observation.fault {
        return Err(fault);
    }
    let grid = procedure.analysis().wavelengths_nm(place);
    let spread = camera
        .last
        .map_or(f64::NAN, |frames| relative_deviation_percent(&lengths(&frames, channel, grid)));
    Ok((spread, observation.outcome.quality.irregular))
}

/// Lengths of the slugs that passed whole, in frames: runs of frames darker than half way between slug and carrier.
fn lengths(frames: &Frames, channel: &Channel, grid: &[f64]) -> Vec<f64> {
    let within = |nm: &f64| (channel.phase.low_nm..=channel.phase.high_nm).contains(nm);
    let pixels: Vec<usize> = (0..grid.len()).filter(|&i| within(&grid[i])).collect();
    let light = |frame: &[u16]| pixels.iter().map(|&i| f64::from(frame[i])).sum::<f64>();
    let lights: Vec<f64> = frames.iter().map(light).collect();
    let middle = 0.5 * (quantile(&lights, 0.05) + quantile(&lights, 0.95));
    let dark: Vec<bool> = lights.iter().map(|light| *light < middle).collect();
    let runs: Vec<&[bool]> = dark.chunk_by(|a, b| a == b).collect();
    let whole = runs.get(1..runs.len().saturating_sub(1)).unwrap_or(&[]);
    whole.iter().filter(|run| run[0]).map(|run| run.len() as f64).collect()
}

/// A layer that keeps the last frames of one spectrometer.
struct Camera<L> {
    lab: L,
    of: SpectrometerId,
    last: Option<Frames>,
}

impl<L: Lab> Lab for Camera<L> {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let reply = self.lab.send(command)?;
        if let (Command::Fetch { spectrometer }, Reply::Frames(frames)) = (command, &reply)
            && *spectrometer == self.of
        {
            self.last = Some(frames.clone());
        }
        Ok(reply)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}

/// The recipe with one stream faster by `percent`: the solvent pump of the Cs stream gives it all.
fn faster(recipe: &Recipe, percent: f64) -> Recipe {
    let mut recipe = recipe.clone();
    let stream = ["cs", "oa_cs", "ode_cs"].map(PumpId::new);
    let rates: Vec<_> =
        recipe.pumps.iter().filter(|(p, _)| stream.contains(p)).map(|(_, r)| r.clone()).collect();
    for (pump, rate) in &mut recipe.pumps {
        if let (true, Follows::Linear(rate)) = (*pump == stream[2], rate) {
            for part in rates.iter().filter_map(Follows::linear) {
                rate.add(0.01 * percent, part);
            }
        }
    }
    recipe
}
