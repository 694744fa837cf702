//! Power cuts at any moment of a run, of a run that goes on, and of the salvage of a damaged journal: no experiment that
//! somebody was told of is lost, and what a rig has pumped stays known.

mod disk;
mod drive;
mod folder;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use drive::Drive;
use flowtwin_campaign::campaign::{Campaign, Observer};
use flowtwin_campaign::folder::{Identity, JOURNAL, RunFolder, SEAL, salvage_on};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Journal, Record, Seal, delivered, read};
use flowtwin_lab::{Command, Fault, Instant, Lab, Manifest, Observation, Reply, Stream, Streams};

const FOLDER: &str = "runs/power";

/// The scenario of all tests here, whose file is written once: they run beside each other, and none may read half of it.
fn scenario() -> Scenario {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    Scenario::load(FILE.get_or_init(written)).expect("it is a scenario")
}

fn written() -> PathBuf {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/cs3cu2i5.toml");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("power.toml");
    let text = format!(
        "schema = 1\nextends = {:?}\nname = \"power\"\n\n[[phases]]\nname = \"look\"\npolicy = \"lhs\"\nexperiments = 4\n",
        base.display().to_string()
    );
    fs::write(&path, text).expect("a scenario can be written");
    path
}

/// Remembers what it was told of.
#[derive(Default)]
struct Told(BTreeMap<u64, Observation>);

impl Observer for Told {
    fn experiment(&mut self, number: u64, observation: &Observation, _known: bool) {
        self.0.insert(number, observation.clone());
    }
}

/// Counts the starts of pumps that have reached it.
struct Counted<L>(L, Rc<Cell<usize>>);

impl<L: Lab> Lab for Counted<L> {
    fn manifest(&self) -> &Manifest {
        self.0.manifest()
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let starts = matches!(command, Command::Dispense { rate_ul_per_min, .. } if rate_ul_per_min.ul_per_min() > 0.0);
        self.1.set(self.1.get() + usize::from(starts));
        self.0.send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.wait_until(deadline)
    }
}

/// A lab, the drive of its computer, and what they have been through.
struct Trial<'a> {
    scenario: &'a Scenario,
    identity: Identity,
    drive: Drive,
    told: Told,
    starts: Rc<Cell<usize>>,
    /// Whether lines of the journal have been set aside.
    damaged: bool,
}

impl<'a> Trial<'a> {
    fn new(scenario: &'a Scenario, on_a_rig: bool) -> Self {
        let identity = Identity::new(scenario, scenario.file().seed, true);
        let identity = if on_a_rig { identity.in_wall_time() } else { identity };
        let (drive, told, starts) = (Drive::default(), Told::default(), Rc::default());
        let trial = Self { scenario, identity, drive, told, starts, damaged: false };
        if on_a_rig {
            trial.certify();
        }
        trial
    }

    /// What makes emulated instruments a rig whose run has happened.
    fn certify(&self) {
        let folder = Path::new(FOLDER);
        flowtwin_campaign::folder::make_folders(&self.drive, folder).expect("the power is on");
        self.drive.damage(&folder.join("rehearsal.json"), b"{}");
    }

    /// Runs or goes on, until the end or until the power is off; whether it came to its end.
    fn lives(&mut self) -> bool {
        let (disk, path) = (Rc::new(self.drive.clone()), Path::new(FOLDER));
        let resume = self.drive.bytes(&path.join(JOURNAL)).is_some();
        let folder = match resume {
            true => RunFolder::resume_on(disk, path, &self.identity),
            false => RunFolder::begin_on(disk, path, &self.identity),
        };
        let Ok(folder) = folder else { return false };
        let writer = if folder.goes_on() { folder.append() } else { folder.open() };
        let Ok(writer) = writer else { return false };
        let never = AtomicBool::new(false);
        let seed = self.scenario.file().seed;
        let campaign = Campaign::new(self.scenario, seed, NonZeroUsize::MIN, &never);
        let campaign = if folder.goes_on() { campaign.goes_on() } else { campaign };
        let lab = Counted(
            self.scenario.simulated().expect("it has a rig").lab(seed),
            self.starts.clone(),
        );
        let ran = campaign.run(lab, writer, folder.recorded(), &mut self.told);
        ran.expect("a policy answers").0.fault.is_none()
    }

    fn journal(&self) -> Option<Journal> {
        let bytes = self.drive.bytes(&Path::new(FOLDER).join(JOURNAL))?;
        read(&bytes).ok()
    }

    /// What must be true whenever the power is back.
    fn check(&self, what: &str) {
        let journal = self.journal();
        let there: BTreeMap<u64, _> = journal
            .iter()
            .flat_map(Journal::experiments)
            .map(|record| (record.experiment, record.observation(self.scenario.analysis())))
            .collect();
        for (number, told) in &self.told.0 {
            assert_eq!(there.get(number), Some(told), "{what}: experiment {number} is lost");
        }
        if self.identity.in_wall_time && !self.damaged {
            let starts = |r: &&Record| matches!(r, Record::Intended(i) if matches!(i.send, Command::Dispense { .. }));
            let known = journal.iter().flat_map(|j| j.records()).filter(starts).count();
            let sent = self.starts.get();
            assert!(known >= sent, "{what}: {known} of {sent} starts of pumps are known");
        }
    }

    /// A byte of the journal changes; whether there was one to change. The header stays as it is.
    fn damage(&mut self, luck: &mut Stream) -> bool {
        let path = Path::new(FOLDER).join(JOURNAL);
        let Some(mut bytes) = self.drive.bytes(&path) else { return false };
        let ends: Vec<usize> =
            bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(i, _)| i).collect();
        // Behind the second line: a change there accuses at most that one.
        let (Some(second), Some(last)) = (ends.get(1), ends.last()) else { return false };
        if second == last {
            return false;
        }
        let place = second + 1 + luck.below(last - second);
        bytes[place] ^= 1 << luck.below(7);
        self.drive.damage(&path, &bytes);
        true
    }

    /// Takes the damaged journal apart, with the power cut in the midst of it, and again.
    fn salvage(&mut self, luck: &mut Stream, what: &str) {
        let folder = Path::new(FOLDER);
        let before = self.drive.bytes(&folder.join(JOURNAL)).expect("a journal");
        let pumped = read(&before).map(|journal| delivered(&journal)).ok();
        self.drive.cut_after(luck.below(24));
        let _interrupted = salvage_on(&self.drive, folder);
        self.drive = self.drive.after_a_cut(luck);
        self.nothing_gone(&before, what);
        let _salvaged = salvage_on(&self.drive, folder).expect("the header is good");
        self.nothing_gone(&before, what);
        let journal = self.journal().expect("a journal that was salvaged");
        let seal = self.drive.bytes(&folder.join(SEAL)).and_then(|bytes| Seal::read(&bytes));
        assert!(seal.is_none_or(|seal| seal.line() < journal.records().len() as u64), "{what}");
        assert!(pumped.is_none_or(|before| before == delivered(&journal)), "{what}: not damaged");
        // What was set aside is done again.
        let kept = journal.experiments().count() as u64;
        self.told.0.retain(|number, _| *number <= kept);
        self.damaged = true;
    }

    /// Every byte that was there is in the journal or in what was set aside.
    fn nothing_gone(&self, before: &[u8], what: &str) {
        let folder = Path::new(FOLDER);
        let now = self.drive.bytes(&folder.join(JOURNAL)).expect("a journal stays");
        if now.starts_with(before) {
            return;
        }
        let aside: Vec<Vec<u8>> = (1..9)
            .filter_map(|n| self.drive.bytes(&folder.join(format!("journal.aside-{n}.jsonl"))))
            .collect();
        let is_rest = |aside: &Vec<u8>| {
            before.ends_with(aside) && now.starts_with(&before[..before.len() - aside.len()])
        };
        assert!(aside.iter().any(is_rest), "{what}: of {} bytes some are gone", before.len());
    }
}

/// How many requests of the drive a whole run takes.
fn requests(scenario: &Scenario, on_a_rig: bool) -> (usize, Vec<u8>) {
    let mut trial = Trial::new(scenario, on_a_rig);
    assert!(trial.lives(), "nothing disturbs it");
    trial.check("undisturbed");
    let journal = trial.drive.bytes(&Path::new(FOLDER).join(JOURNAL)).expect("a journal");
    (trial.drive.requests(), journal)
}

/// Cuts the power so many times, at random moments of run after run. Returns how often it was in a salvage.
fn cuts(count: usize, seed: u64) -> usize {
    let scenario = scenario();
    let (mut cut, mut run, mut salvages) = (0, 0, 0);
    let whole = [false, true].map(|on_a_rig| requests(&scenario, on_a_rig));
    while cut < count {
        let on_a_rig = run % 2 == 1;
        let mut luck = Streams::new(seed).open("power", run);
        run += 1;
        let mut trial = Trial::new(&scenario, on_a_rig);
        let (requests, journal) = &whole[usize::from(on_a_rig)];
        for _ in 0..1 + luck.below(4) {
            let what = format!("run {run}, rig {on_a_rig}, cut {cut}");
            trial.drive.cut_after(luck.below(*requests));
            trial.lives();
            trial.drive = trial.drive.after_a_cut(&mut luck);
            if on_a_rig && trial.drive.bytes(&Path::new(FOLDER).join("rehearsal.json")).is_none() {
                trial.certify();
            }
            cut += 1;
            trial.check(&what);
            if luck.uniform() < 0.4 && trial.damage(&mut luck) {
                trial.salvage(&mut luck, &what);
                trial.check(&what);
                (cut, salvages) = (cut + 1, salvages + 1);
            }
        }
        let what = format!("run {run}, rig {on_a_rig}, at its end");
        assert!(trial.lives(), "{what}: it goes on to its end");
        trial.check(&what);
        let now = trial.journal().expect("a journal");
        let numbers: Vec<u64> = now.experiments().map(|e| e.experiment).collect();
        assert!(now.complete() && numbers == [1, 2, 3, 4], "{what}: each once: {numbers:?}");
        assert!(on_a_rig || now.bytes() == journal, "{what}: a simulation is repeated to the byte");
    }
    salvages
}

/// `FLOWTWIN_POWER_CUTS=500 cargo test -p flowtwin-campaign --test power -- --nocapture cut` cuts it 500 times.
#[test]
fn no_experiment_is_lost_in_a_power_cut() {
    let asked = std::env::var("FLOWTWIN_POWER_CUTS").ok().and_then(|count| count.parse().ok());
    let count = asked.unwrap_or(40);
    let salvages = cuts(count, 11);
    assert!(salvages > count / 20, "{salvages} salvages");
    println!("{count} power cuts, {salvages} of them in a salvage: nothing lost");
}
