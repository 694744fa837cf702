//! Runs and benchmarks in a folder for a program that holds this one as a library.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, CampaignError, Ended, Observer, Reviewer};
use flowtwin_campaign::conclusion::Conclusion;
use flowtwin_campaign::folder::Identity;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_report::Extras;

use super::campaign::recorded_in;
pub use super::campaign::threads;
pub use super::contested::{Held, How, contested};
pub use super::place::Place;
use super::run_folder::Target;
pub use super::shadow::{fits, write_account};
pub use crate::cli::Backend;
use crate::cli::Folder;
use crate::error::CommandError;

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Embedded<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Seed of its policies.
    pub seed: u64,
    /// Its folder.
    pub out: &'a Path,
    /// Whether it goes on with the run that is there.
    pub resume: bool,
    /// Threads, which change no result.
    pub threads: NonZeroUsize,
    /// Interrupts it once set.
    pub stop: &'a AtomicBool,
    /// Who decides on each of its proposals, if somebody does.
    pub reviewer: Option<&'a dyn Reviewer>,
}

/// A run in a folder, and how it ended.
#[derive(Debug)]
pub struct InFolder {
    /// Where it is.
    pub path: PathBuf,
    /// How it ended.
    pub ended: Result<Ended, CampaignError>,
    /// Why what is made of its journal could not be written, if so; the journal is there all the same.
    pub unwritten: Option<CommandError>,
    /// What its summary says that its journal does not.
    pub extras: Extras,
}

/// Makes an observer of a run, told its folder and whether it is simulated.
pub type Watches<'a> = &'a dyn Fn(&Path, bool) -> Box<dyn Observer + 'a>;

/// Runs a campaign at `place` and writes its run folder as `flowtwin run` does: the same files, locked meanwhile, nothing that is
/// there written over.
///
/// # Errors
/// If the place cannot be had, or the folder is in use or cannot be written. However the campaign ends is no error, and what cannot be
/// written after its end is [`InFolder::unwritten`].
pub fn run_embedded<E: From<CommandError>>(
    run: &Embedded<'_>,
    place: &dyn Fn() -> Result<Place, E>,
    watches: Watches<'_>,
) -> Result<InFolder, E> {
    let Embedded { scenario, seed, threads, stop, .. } = *run;
    let to = Folder {
        out: Some(run.out.to_owned()),
        resume: run.resume,
        jobs: Some(threads),
        json: false,
        quiet: true,
        #[cfg(feature = "serve")]
        page: crate::cli::Page::default(),
        shadow: None,
        notify: None,
        notify_url: None,
        on_drift: crate::cli::OnDrift::Flag,
    };
    let mut target = Target::of(&to, scenario, seed, "")?;
    loop {
        let Place { lab, backend, world } = place()?;
        let simulated = lab.manifest().simulated;
        let identity = Identity::new(scenario, seed, simulated);
        let asked_by_number = lab.manifest().at_once.is_some();
        let identity = if asked_by_number { identity.in_wall_time() } else { identity };
        let campaign = Campaign::new(scenario, seed, threads, stop);
        let (identity, campaign) = match run.reviewer {
            Some(reviewer) => (identity.reviewed(), campaign.reviewed(reviewer)),
            None => (identity, campaign),
        };
        let (folder, here) = target.folder(&to, &identity, None)?;
        let ended = recorded_in(&folder, campaign, lab, &mut *watches(folder.path(), simulated))?;
        if folder.has_departed() && !run.resume {
            target = here.next()?;
            continue;
        }
        let simulated_events = world.map(|world| world.work().events);
        let extras = Extras { backend: backend.to_owned(), simulated_events };
        let path = folder.path().to_owned();
        let written = ended.is_ok().then(|| conclude(&path, &extras, threads));
        let unwritten = written.and_then(Result::err);
        return Ok(InFolder { path, ended, unwritten, extras });
    }
}

/// Writes what is made of the journal of a folder.
fn conclude(path: &Path, extras: &Extras, threads: NonZeroUsize) -> Result<(), CommandError> {
    let concluded = Conclusion::of(path, extras.clone(), threads)?;
    Ok(concluded.write(path)?)
}
