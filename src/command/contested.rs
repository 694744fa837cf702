//! The campaigns of a benchmark in a folder, for this command and for programs that hold it as a library.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use flowtwin_study::benchmark::{Contest, ContestError, Failure, Shard, Store};

use super::occupied::Occupied;
use super::run_folder::numbered;
use crate::console;
use crate::error::{CommandError, Kind};

/// A folder in which no other process does the same, for as long as this is held.
#[derive(Debug)]
pub struct Held {
    _occupied: Option<Occupied>,
}

impl Held {
    /// Holds a folder: shards may share one. On a disk that knows no locks nobody is kept out: results are written whole or not at
    /// all, whoever writes them.
    ///
    /// # Errors
    /// If another process holds it, or it is not a folder.
    pub(super) fn take(folder: &Path, shard: Shard) -> Result<Self, CommandError> {
        let taken = match shard.of {
            1 => Occupied::take(folder),
            of => Occupied::take_part(folder, &format!("shard-{}-of-{of}", shard.index + 1)),
        };
        match taken {
            Ok(occupied) => Ok(Self { _occupied: Some(occupied) }),
            Err(error) if error.kind() == Kind::BadInput || !folder.is_dir() => Err(error),
            Err(error) => {
                console::say_line(format_args!("{error}; it is written to nevertheless"));
                Ok(Self { _occupied: None })
            }
        }
    }
}

/// How the campaigns of a benchmark are run.
#[derive(Clone, Copy)]
pub struct How<'a> {
    /// Which of them.
    pub shard: Shard,
    /// Threads, which change no result.
    pub threads: NonZeroUsize,
    /// Interrupts them once set.
    pub stop: &'a AtomicBool,
    /// Is told how many are done, and of how many.
    pub tell: &'a (dyn Fn(usize, usize) + Sync),
    /// Is told why they go into another folder, and into which.
    pub moved: &'a dyn Fn(&ContestError, &Path),
}

impl fmt::Debug for How<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("How").field("shard", &self.shard).finish_non_exhaustive()
    }
}

/// Runs the campaigns of a shard in the folder `out`. Where that holds another benchmark, that stays, and this one gets the next
/// number. Nobody else writes there for as long as what is returned last is held.
///
/// # Errors
/// If the folder is in use or cannot be written.
pub fn contested(
    contest: &Contest,
    out: &Path,
    how: &How<'_>,
) -> Result<(Store, Vec<Failure>, Held), CommandError> {
    let (mut number, mut here) = (1, out.to_owned());
    loop {
        let (store, held) = (Store::new(&here), Held::take(&here, how.shard)?);
        match contest.run(&store, how.shard, how.threads, how.stop, how.tell) {
            Ok(failures) => return Ok((store, failures, held)),
            Err(other @ (ContestError::Other(_) | ContestError::Build(_))) => {
                number += 1;
                here = numbered(out, number);
                (how.moved)(&other, &here);
            }
            Err(error) => return Err(CommandError::failed(error)),
        }
    }
}
