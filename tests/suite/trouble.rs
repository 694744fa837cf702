//! Every scripted fault on every instrument it applies to: the campaign completes or ends safe, and nothing is lost.
//!
//! The table in docs/emulators.md is what this test finds; `INSTA_UPDATE=always` writes it there.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

use flowtwin_backends::emulator::Ailment;
use flowtwin_backends::emulator::faulty::{Mischief, ScriptedFault};
use flowtwin_backends::{EmulatedRig, Wiring};
use flowtwin_campaign::campaign::{Campaign, Shared, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{self, Journal, Record, Writer};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, Fault, FaultKind, Instant, Lab, Manifest, Reply, SensorKind, Span, Temperature,
};

use crate::support::{folder, root, scenario};

const BODY: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 3\n";

/// How long the watch tries after a campaign has ended with a fault [s], and how often.
const WATCH_S: f64 = 120.0;
const WATCH_EVERY_S: f64 = 0.5;

/// What befalls an instrument, and what the table calls it.
const MISCHIEF: [(&str, Mischief); 12] = [
    ("missing reply", Mischief::Drop),
    ("delayed reply", Mischief::DelayS(3.0)),
    ("truncated reply", Mischief::Truncate),
    ("corrupted reply", Mischief::Corrupt),
    ("duplicated reply", Mischief::Duplicate),
    ("disconnect, reconnect", Mischief::Disconnect),
    ("busy", Mischief::Device(Ailment::Busy)),
    ("power loss", Mischief::Device(Ailment::PowerLoss)),
    ("stall", Mischief::Device(Ailment::Stall)),
    ("open sensor", Mischief::Device(Ailment::SensorOpen)),
    ("alarm", Mischief::Device(Ailment::Alarm)),
    ("saturated spectrum", Mischief::Device(Ailment::Saturated)),
];

/// An instrument: its column of the table, its bench and its name there.
struct Instrument {
    title: &'static str,
    wiring: Wiring,
    name: &'static str,
    /// The journal of the campaign on its bench without faults.
    calm: Vec<u8>,
}

fn instruments(scenario: &Scenario) -> Vec<Instrument> {
    let bench = |name: &str| {
        let path = root().join("scenarios/wirings").join(name);
        Wiring::parse(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let (network, serial) = (bench("cs3cu2i5.toml"), bench("serial-only.toml"));
    let mut scpi = network.clone();
    scpi.f4t.clear();
    let heater = Wiring::parse("schema = 1\n[f4t_scpi.plate]\n").unwrap().f4t_scpi;
    scpi.f4t_scpi = heater;
    [
        ("Chemyx", &network, "cui"),
        ("Chemyx X", &serial, "left"),
        ("F4T TCP", &network, "oven"),
        ("F4T RTU", &serial, "oven"),
        ("F4T SCPI", &scpi, "plate"),
        ("HDX TCP", &network, "absorption"),
        ("HDX serial", &serial, "absorption"),
        ("DC2200", &network, "led"),
        ("DC4100", &serial, "leds"),
    ]
    .map(|(title, wiring, name)| {
        let (calm, fault) = run(scenario, wiring);
        assert_eq!(fault, None, "{title}");
        Instrument { title, wiring: wiring.clone(), name, calm }
    })
    .into()
}

impl Instrument {
    /// Whether this can happen to it.
    fn can_suffer(&self, what: Mischief) -> bool {
        let Mischief::Device(ailment) = what else { return true };
        let mut emulators = self.wiring.emulators();
        let mine = emulators.iter_mut().find(|made| made.name == self.name).unwrap();
        mine.emulator.afflict(ailment, true, &mut ToyLab::new())
    }
}

/// The world behind the emulators, whose heater and lights are watched.
struct World {
    lab: Shared,
    hot: Rc<RefCell<bool>>,
}

impl Lab for World {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }
    fn now(&self) -> Instant {
        self.lab.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        if let Command::Heat { heater, set_point_c } = command {
            let safe = self.manifest().heater(heater).map_or(0.0, |info| info.safe_c);
            *self.hot.borrow_mut() = *set_point_c > Temperature::from_c(safe);
        }
        if matches!(command, Command::HeaterOff { .. }) {
            *self.hot.borrow_mut() = false;
        }
        self.lab.send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}

/// What is seen of a world whatever its instruments say.
struct Ground {
    lab: Shared,
    hot: Rc<RefCell<bool>>,
}

impl Ground {
    /// Everything that is not safe.
    fn dangers(&mut self) -> Vec<String> {
        let manifest = self.lab.manifest().clone();
        let mut found = Vec::new();
        for pump in &manifest.pumps {
            let sensor = manifest.sensor(&SensorKind::Status(pump.name.clone())).unwrap().clone();
            let status = self.lab.send(&Command::Read { sensor });
            if !matches!(status, Ok(Reply::Reading(s)) if !(0.5..=3.5).contains(&s)) {
                found.push(format!("{} runs", pump.name));
            }
        }
        if *self.hot.borrow() {
            found.push("the heater heats".into());
        }
        found
    }
}

fn rig(scenario: &Scenario, wiring: &Wiring) -> (EmulatedRig, Ground) {
    let lab = Shared::new(scenario.simulated().unwrap().lab(scenario.file().seed));
    let hot = Rc::new(RefCell::new(false));
    let world = World { lab: lab.clone(), hot: hot.clone() };
    let rig = EmulatedRig::new(Box::new(world), wiring).expect("the bench fits the scenario");
    (rig, Ground { lab, hot })
}

/// Runs a campaign; afterwards the rig is safe, by the campaign or by the watch.
fn run(scenario: &Scenario, wiring: &Wiring) -> (Vec<u8>, Option<FaultKind>) {
    let (mut rig, mut ground) = rig(scenario, wiring);
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, scenario.file().seed, NonZeroUsize::MIN, &never);
    let ran = campaign.run(&mut rig, Writer::new(Vec::new()), None, &mut Silent);
    let (ended, writer) = ran.expect("a policy answers");
    if ended.fault.is_some() {
        watch(&mut rig);
    }
    assert_eq!(ground.dangers(), Vec::<String>::new(), "{:?}", ended.fault);
    (writer.into_sink(), ended.fault.map(|fault| fault.kind))
}

/// Goes on with a campaign that a fault has stopped, an hour later and with the instrument in order.
fn go_on(scenario: &Scenario, wiring: &Wiring, known: &Journal) -> Vec<u8> {
    let calm = Wiring { faults: Vec::new(), ..wiring.clone() };
    let (mut rig, mut ground) = rig(scenario, &calm);
    rig.wait_until(known.last_at() + Span::from_secs(3600.0)).expect("lab time passes");
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, scenario.file().seed, NonZeroUsize::MIN, &never);
    let writer = Writer::after(known, Vec::new());
    let ran = campaign.goes_on().run(&mut rig, writer, Some(known), &mut Silent);
    let (ended, writer) = ran.expect("a policy answers");
    assert_eq!(ended.fault, None, "the instrument is in order again");
    assert_eq!(ground.dangers(), Vec::<String>::new());
    [known.bytes(), &writer.into_sink()].concat()
}

/// What the watch does beside a campaign on a rig, in the time of the rig: it tries until everything acknowledges.
fn watch(rig: &mut EmulatedRig) {
    for _ in 0..(WATCH_S / WATCH_EVERY_S) as u32 {
        if rig.send(&Command::MakeSafe).is_ok() {
            return;
        }
        rig.wait(Span::from_secs(WATCH_EVERY_S)).expect("lab time passes");
    }
}

/// The moment in the second experiment at which the lights go on for the sample.
fn busy_moment(journal: &[u8]) -> Instant {
    let journal = journal::read(journal).unwrap();
    let second = journal.experiments().nth(1).unwrap();
    let lit = |record: &Record| match record {
        Record::Command(c) if c.at_ns > second.started_ns => {
            matches!(c.send, Command::Light { on: true, .. }).then_some(c.at_ns)
        }
        _ => None,
    };
    journal.records().iter().find_map(lit).expect("the sample is lit")
}

/// A short campaign with and without faults.
struct Study {
    scenario: Scenario,
    instruments: Vec<Instrument>,
    moment: Instant,
}

impl Study {
    fn new() -> Self {
        let dir = folder("trouble");
        let scenario = Scenario::load(&scenario(&dir, "three", "cs3cu2i5.toml", BODY)).unwrap();
        let instruments = instruments(&scenario);
        let moment = busy_moment(&instruments[0].calm);
        Self { scenario, instruments, moment }
    }

    /// How the campaign ends when `what` befalls an instrument for so long, with so many of its replies.
    fn outcome(
        &self,
        instrument: &Instrument,
        what: Mischief,
        (before_s, for_s, share): (f64, f64, f64),
    ) -> String {
        let at_s = self.moment.as_secs() - before_s;
        let fault = ScriptedFault { instrument: instrument.name.into(), at_s, for_s, share, what };
        let wiring = Wiring { faults: vec![fault], ..instrument.wiring.clone() };
        let (mut bytes, fault) = run(&self.scenario, &wiring);
        nothing_is_lost(&journal::read(&bytes).expect("the journal holds"));
        if fault.is_some() {
            bytes = go_on(&self.scenario, &wiring, &journal::read(&bytes).unwrap());
        }
        let journal = journal::read(&bytes).expect("the journal holds");
        nothing_is_lost(&journal);
        self.word(instrument, &bytes, fault.as_ref())
    }

    fn word(&self, instrument: &Instrument, bytes: &[u8], fault: Option<&FaultKind>) -> String {
        let [journal, calm] = [bytes, &instrument.calm].map(|bytes| journal::read(bytes).unwrap());
        assert!(journal.complete() && journal.experiments().count() == 3);
        let failed = journal.experiments().filter(|e| e.fault.is_some()).count();
        match fault {
            Some(kind) => ending(kind),
            None if bytes == instrument.calm => "unharmed".into(),
            None if failed > 0 => format!("{failed} failed"),
            None if flagged(&journal) => "flagged".into(),
            None if results(&journal) == results(&calm) => "unharmed, later".into(),
            None => "NOT NOTICED".into(),
        }
    }
}

fn flagged(journal: &Journal) -> bool {
    journal.experiments().any(|experiment| experiment.quality.saturated)
}

fn results(journal: &Journal) -> Vec<Vec<Option<u64>>> {
    let bits = |(_, value): &(String, Option<f64>)| value.map(f64::to_bits);
    journal.experiments().map(|e| e.features.iter().map(bits).collect()).collect()
}

/// Every proposal has become an experiment, each once and in order, or was spoiled, but for one that was under way.
fn nothing_is_lost(journal: &Journal) {
    let numbers: Vec<u64> = journal.experiments().map(|e| e.experiment).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    let proposed = journal.records().iter().filter(|r| matches!(r, Record::Proposal(_))).count();
    let spoiled = journal.spoiled().count();
    let open = proposed - numbers.len() - spoiled;
    assert!(open <= 1, "{proposed} proposals, {} done, {spoiled} spoiled", numbers.len());
    let blamed: Vec<_> = journal.experiments().filter_map(|e| e.fault.as_ref()).collect();
    assert!(blamed.iter().all(|fault| !fault.is_of_the_rig()), "learnt as infeasible: {blamed:?}");
}

/// Who made the rig safe, and because of what.
fn ending(kind: &FaultKind) -> String {
    match kind {
        FaultKind::NotSafe { because: Some(because), .. } => format!("watch: {}", word(because)),
        _ => format!("safe: {}", word(kind)),
    }
}

fn word(kind: &FaultKind) -> &str {
    match kind {
        FaultKind::Interlock { rule, .. } => rule,
        FaultKind::NoReply { .. } => "no reply",
        FaultKind::Garbled { .. } => "garbled",
        FaultKind::Refused { .. } => "refused",
        FaultKind::LinkLost { .. } => "link lost",
        FaultKind::Stalled => "stalled",
        FaultKind::SensorOpen => "sensor open",
        FaultKind::KeptOther { .. } => "kept other",
        FaultKind::NotReady => "not ready",
        FaultKind::Empty => "ran out",
        _ => "other",
    }
}

fn table(study: &Study, mischief: &[(&str, Mischief)], when: (f64, f64, f64)) -> String {
    let instruments = &study.instruments;
    let titles: Vec<&str> = instruments.iter().map(|i| i.title).collect();
    let mut text = format!("| | {} |\n|{}\n", titles.join(" | "), "---|".repeat(titles.len() + 1));
    for (row, what) in mischief {
        let cells: Vec<String> = instruments
            .iter()
            .map(|instrument| match instrument.can_suffer(*what) {
                true => study.outcome(instrument, *what, when),
                false => "–".into(),
            })
            .collect();
        writeln!(text, "| {row} | {} |", cells.join(" | ")).expect("text can be written to");
    }
    text
}

#[test]
fn every_fault_on_every_instrument_ends_well_and_the_document_says_how() {
    let study = Study::new();
    let lasting = table(&study, &MISCHIEF, (30.0, 60.0, 1.0));
    let rare = table(&study, &MISCHIEF[..6], (30.0, 1e6, 0.05));
    let found = format!("For a minute:\n\n{lasting}\nOne reply in twenty, from then on:\n\n{rare}");
    let path = root().join("docs/emulators.md");
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- outcomes -->\n", "<!-- /outcomes -->");
    let (before, rest) = text.split_once(begin).expect("the document has a place for the table");
    let (written, after) = rest.split_once(end).expect("the place has an end");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, format!("{before}{begin}{found}{end}{after}")).unwrap();
    } else {
        assert_eq!(written, found, "INSTA_UPDATE=always writes it anew");
    }
}
