//! Snapshots of scenarios: what a scenario yields, in a form that a chemist can read and a test can compare.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, CampaignError, Ended, Silent};
use flowtwin_campaign::observations;
use flowtwin_campaign::scenario::{Scenario, Simulated};
use flowtwin_lab::journal::{self, Journal, Writer};

/// What a scenario yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// One row for each experiment, to six digits.
    pub observations: String,
    /// What was computed: the performance test that needs no stopwatch.
    pub work: String,
    /// Length and digest of the journal: everything, to the last bit.
    pub digest: String,
}

impl Snapshot {
    /// Runs a scenario on the simulator, with its own seed, and takes its snapshot.
    ///
    /// # Errors
    /// If a policy has no proposal.
    pub fn take(scenario: Simulated<'_>, threads: NonZeroUsize) -> Result<Self, CampaignError> {
        Self::taken(scenario, threads).map(|(snapshot, _)| snapshot)
    }

    /// As [`Snapshot::take`], with the journal that it was taken of.
    ///
    /// # Errors
    /// If a policy has no proposal.
    pub fn taken(
        scenario: Simulated<'_>,
        threads: NonZeroUsize,
    ) -> Result<(Self, Journal), CampaignError> {
        let seed = scenario.file().seed;
        let mut lab = scenario.lab(seed);
        let never = AtomicBool::new(false);
        let campaign = Campaign::new(&scenario, seed, threads, &never);
        let writer = Writer::new(Vec::new());
        let (ended, writer) = campaign.run(&mut lab, writer, None, &mut Silent)?;
        let journal = journal::read(writer.sink()).expect("a journal that was just written");
        let snapshot = Self {
            observations: observations(&scenario, &journal, &ended),
            work: work(&lab.work(), &ended),
            digest: digest(&journal),
        };
        Ok((snapshot, journal))
    }

    /// The parts by name.
    pub fn parts(&self) -> [(&'static str, &str); 3] {
        let Self { observations, work, digest } = self;
        [("observations", observations), ("work", work), ("digest", digest)]
    }

    /// The parts that are not as in `folder`, each with its first line that differs.
    pub fn differences(&self, folder: &Path) -> Vec<Difference> {
        let difference = |(part, now): (&'static str, &str)| {
            let path = folder.join(format!("{part}.snap"));
            let before = fs::read_to_string(path).ok();
            Difference::between(part, before.as_deref().map(contents), now)
        };
        self.parts().into_iter().filter_map(difference).collect()
    }

    /// Writes the parts into `folder`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn accept(&self, folder: &Path) -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        for (part, text) in self.parts() {
            let text = format!("---\nsource: flowtwin\n---\n{text}");
            fs::write(folder.join(format!("{part}.snap")), text)?;
        }
        Ok(())
    }
}

/// How a part of a snapshot differs from what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The part.
    pub part: &'static str,
    /// Its first line that differs, from one; 0 where there was no snapshot.
    pub line: usize,
    /// That line as it was.
    pub before: String,
    /// That line as it is.
    pub now: String,
}

impl Difference {
    fn between(part: &'static str, before: Option<&str>, now: &str) -> Option<Self> {
        let Some(before) = before else {
            return Some(Self { part, line: 0, before: String::new(), now: String::new() });
        };
        if before.trim_end() == now.trim_end() {
            return None;
        }
        let (mut old, mut new) = (before.lines(), now.lines());
        let mut line = 1;
        loop {
            match (old.next(), new.next()) {
                (a, b) if a == b && a.is_some() => line += 1,
                (a, b) => {
                    let text = |line: Option<&str>| line.unwrap_or("(nothing)").to_owned();
                    return Some(Self { part, line, before: text(a), now: text(b) });
                }
            }
        }
    }
}

/// What a part of the snapshot in `folder` says; none where it is not there.
pub(crate) fn part(folder: &Path, part: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(format!("{part}.snap"))).ok()?;
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
    fn the_first_line_that_differs_is_named() {
        let found = Difference::between("work", Some("a 1\nb 2\n"), "a 1\nb 3\n").unwrap();
        assert_eq!((found.line, found.before.as_str(), found.now.as_str()), (2, "b 2", "b 3"));
        assert_eq!(Difference::between("work", Some("a\n"), "a"), None);
        assert_eq!(Difference::between("work", Some("a\nb"), "a").unwrap().now, "(nothing)");
    }

    #[test]
    fn the_head_of_a_snapshot_is_no_part_of_it() {
        assert_eq!(contents("---\nsource: x\n---\nbody\n"), "body\n");
        assert_eq!(contents("body"), "body");
    }
}
