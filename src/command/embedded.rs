//! A run in a folder for a program that holds this one as a library.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, CampaignError, Ended, Observer};
use flowtwin_campaign::conclusion::Conclusion;
use flowtwin_campaign::folder::Identity;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_report::Extras;

pub use super::place::Place;
use super::run_folder::Target;
use crate::cli::Folder;
use crate::error::CommandError;

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Embedded<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Seed of its policies.
    pub seed: u64,
    /// Its folder; the usual one if none is named.
    pub out: Option<&'a Path>,
    /// Whether it goes on with the run that is there.
    pub resume: bool,
    /// Threads, which change no result.
    pub threads: NonZeroUsize,
    /// Interrupts it once set.
    pub stop: &'a AtomicBool,
}

/// A run in a folder, and how it ended.
#[derive(Debug)]
pub struct InFolder {
    /// Where it is.
    pub path: PathBuf,
    /// How it ended.
    pub ended: Result<Ended, CampaignError>,
    /// What its summary says that its journal does not.
    pub extras: Extras,
}

/// Makes an observer of a run, told whether it is simulated.
pub type Watches<'a> = &'a dyn Fn(bool) -> Box<dyn Observer + 'a>;

/// Runs a campaign at `place` and writes its run folder as `flowtwin run` does: the same files, locked meanwhile, nothing that is
/// there written over.
///
/// # Errors
/// If the place cannot be had, or the folder is in use or cannot be written. However the campaign ends is no error.
pub fn run_embedded<E: From<CommandError>>(
    run: &Embedded<'_>,
    place: &dyn Fn() -> Result<Place, E>,
    watches: Watches<'_>,
) -> Result<InFolder, E> {
    let Embedded { scenario, seed, threads, stop, .. } = *run;
    let to = Folder {
        out: run.out.map(Path::to_owned),
        resume: run.resume,
        jobs: Some(threads),
        json: false,
        #[cfg(feature = "serve")]
        page: crate::cli::Page::default(),
        shadow: None,
        on_drift: crate::cli::OnDrift::Flag,
    };
    let mut target = Target::of(&to, scenario, seed, "")?;
    loop {
        let Place { lab, backend, world } = place()?;
        let simulated = lab.manifest().simulated;
        let identity = Identity::new(scenario, seed, simulated);
        let (folder, here) = target.folder(&to, &identity, None)?;
        let mut campaign = Campaign::new(scenario, seed, threads, stop);
        let writer = match folder.goes_on() {
            true => {
                campaign = campaign.goes_on().in_wall_time();
                folder.append()
            }
            false => folder.open(),
        };
        let writer = writer.map_err(CommandError::from)?;
        let ended = campaign.run(lab, writer, folder.recorded(), &mut *watches(simulated));
        if folder.has_departed() && !run.resume {
            target = here.next()?;
            continue;
        }
        let simulated_events = world.map(|world| world.work().events);
        let extras = Extras { backend: backend.to_owned(), simulated_events };
        let path = folder.path().to_owned();
        if ended.is_ok() {
            let concluded = Conclusion::of(&path, extras.clone(), threads);
            let concluded = concluded.map_err(CommandError::from)?;
            concluded.write(&path).map_err(CommandError::from)?;
        }
        return Ok(InFolder { path, ended: ended.map(|(ended, _)| ended), extras });
    }
}
