//! Snapshots of scenarios: what a scenario yields, in a form that a chemist can read and a test can compare.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, CampaignError, Ended, Silent};
use flowtwin_campaign::observations;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{self, Journal, Writer};

use crate::origin::Origin;

/// What a scenario yields.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// One row for each experiment, to six digits.
    pub observations: String,
    /// What was computed: the performance test that needs no stopwatch.
    pub work: String,
    /// Length and digest of the journal: everything, to the last bit.
    pub digest: String,
    /// How it was made. This is shown but not compared.
    pub origin: Origin,
}

impl Snapshot {
    /// Runs a scenario on the simulator, or its table, with its own seed, and takes its snapshot.
    ///
    /// # Errors
    /// If a policy has no proposal.
    pub fn take(scenario: &Scenario, threads: NonZeroUsize) -> Result<Self, CampaignError> {
        Self::taken(scenario, threads).map(|(snapshot, _)| snapshot)
    }

    /// As [`Snapshot::take`], with the journal that it was taken of.
    ///
    /// # Errors
    /// If a policy has no proposal.
    pub fn taken(
        scenario: &Scenario,
        threads: NonZeroUsize,
    ) -> Result<(Self, Journal), CampaignError> {
        let (ended, journal, lab) = campaign(scenario, scenario.file().seed, threads)?;
        let snapshot = Self {
            observations: observations(scenario, &journal, &ended),
            work: work(&lab, &ended),
            digest: digest(&journal),
            origin: Origin::of(scenario, &journal),
        };
        Ok((snapshot, journal))
    }

    /// The parts that are compared, by name.
    pub fn parts(&self) -> [(&'static str, &str); 3] {
        let Self { observations, work, digest, .. } = self;
        [("observations", observations), ("work", work), ("digest", digest)]
    }

    /// The parts that are not as in `folder`; one that is not there is not as it was.
    pub fn differing(&self, folder: &Path) -> Vec<&'static str> {
        let differs = |(name, now): &(&'static str, &str)| {
            part(folder, name).is_none_or(|before| before.trim_end() != now.trim_end())
        };
        self.parts().into_iter().filter(differs).map(|(name, _)| name).collect()
    }

    /// Writes the parts that are not as in `folder`, and what made them.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn accept(&self, folder: &Path) -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let differing = self.differing(folder);
        for (name, text) in self.parts() {
            if differing.contains(&name) {
                write_part(folder, name, text)?;
            }
        }
        let origin = self.origin.text();
        match part(folder, "origin") {
            Some(before) if before.trim_end() == origin.trim_end() => Ok(()),
            _ => write_part(folder, "origin", &origin),
        }
    }
}

/// The campaign of a scenario with a seed: how it ended, its journal, and what its lab computed.
pub(crate) fn campaign(
    scenario: &Scenario,
    seed: u64,
    threads: NonZeroUsize,
) -> Result<(Ended, Journal, flowtwin_sim::Work), CampaignError> {
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, seed, threads, &never);
    let writer = Writer::new(Vec::new());
    let (ended, writer, work) = match scenario.table_lab(seed) {
        Some(lab) => {
            let (ended, writer) = campaign.run(lab, writer, None, &mut Silent)?;
            (ended, writer, flowtwin_sim::Work::default())
        }
        None => {
            let mut lab = scenario.simulated()?.lab(seed);
            let (ended, writer) = campaign.run(&mut lab, writer, None, &mut Silent)?;
            (ended, writer, lab.work())
        }
    };
    let journal = journal::read(writer.sink()).expect("a journal that was just written");
    Ok((ended, journal, work))
}

/// Writes a part of a snapshot.
pub(crate) fn write_part(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    fs::write(folder.join(format!("{name}.snap")), format!("---\nsource: flowtwin\n---\n{text}"))
}

/// Removes a part of a snapshot, where it is there.
pub(crate) fn remove_part(folder: &Path, name: &str) -> std::io::Result<()> {
    match fs::remove_file(folder.join(format!("{name}.snap"))) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What a part of the snapshot in `folder` says; none where it is not there.
pub(crate) fn part(folder: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(format!("{name}.snap"))).ok()?;
    Some(contents(&text).to_owned())
}

/// A snapshot file without the lines that say where it comes from.
pub(crate) fn contents(file: &str) -> &str {
    let body = file.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    body.map_or(file, |(_, body)| body)
}

fn observations(scenario: &Scenario, journal: &Journal, ended: &Ended) -> String {
    let table = observations::table(scenario, journal);
    match &ended.fault {
        Some(fault) => format!("{table}\nstopped at {fault}\n"),
        None => table,
    }
}

fn work(lab: &flowtwin_sim::Work, ended: &Ended) -> String {
    let twin = &ended.work;
    let counts = [
        ("experiments", ended.experiments),
        ("events", lab.events),
        ("slugs", lab.slugs),
        ("frames", lab.frames),
        ("fits", twin.fits),
        ("epochs", twin.epochs),
        ("factorizations", twin.factorizations),
        ("likelihoods", twin.likelihoods),
        ("acquisition evaluations", twin.acquisitions),
    ];
    counts.iter().map(|(name, count)| format!("{name:<24}{count:>14}\n")).collect()
}

fn digest(journal: &Journal) -> String {
    format!("bytes   {}\nsha256  {}\n", journal.bytes().len(), journal.sha256())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_snapshot_is_no_part_of_it() {
        assert_eq!(contents("---\nsource: x\n---\nbody\n"), "body\n");
        assert_eq!(contents("body"), "body");
    }
}
