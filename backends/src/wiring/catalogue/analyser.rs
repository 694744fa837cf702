//! Analysers behind a program that speaks the lines of `docs/emulators.md`.

use flowtwin_lab::{AnalyserId, Command, FaultKind, Lab, Manifest, Reply, Span};
use serde::{Deserialize, Serialize};

use crate::bench::Instruments;
use crate::codec::{line, take};
use crate::emulator::{Emulator, Line};
use crate::instrument::{Analyser, Identity};
use crate::transport::{Dialog, garbled, read_again};
use crate::wiring::{InstrumentWiring, Job, Link};

/// How the emulator calls itself.
const MODEL: &str = "flowtwin,analyser";
const EMULATED: &str = "A00420042";

/// An analyser (HPLC, GC) behind a program that speaks lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalyserWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
}

impl InstrumentWiring for AnalyserWiring {
    crate::reached_by!(link, serial_number);

    fn jobs(&self, name: &str) -> Vec<Job> {
        vec![Job::Analyser(AnalyserId::new(name))]
    }

    fn drive(&self, name: &str, dialog: Dialog, manifest: &Manifest, drivers: &mut Instruments) {
        let species = manifest.analyser(name).map(|info| info.species.len());
        let driver = LineAnalyser { dialog, species, awaits: false };
        drivers.analysers.insert(AnalyserId::new(name), Box::new(driver));
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        super::lines::identify(dialog)
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let serial_number = self.serial_number.as_deref().unwrap_or(EMULATED).to_owned();
        let analyser = AnalyserId::new(name);
        Box::new(AnalyserEmulator { analyser, serial_number, found: None })
    }

    fn example() -> &'static str {
        "serial_number = \"A00420042\""
    }
}

/// The driver.
#[derive(Debug)]
struct LineAnalyser {
    dialog: Dialog,
    /// Number of species that it should find.
    species: Option<usize>,
    /// Whether results are still to be handed over.
    awaits: bool,
}

impl Analyser for LineAnalyser {
    /// A sample is taken once: this is not asked again where the answer is lost.
    fn inject(&mut self) -> Result<Span, FaultKind> {
        let answer = self.dialog.ask(b"INJECT\n", line::scan, |line| Ok(Some(line)))?;
        let seconds = answer.strip_prefix("READY ").and_then(|text| text.parse::<f64>().ok());
        match seconds.filter(|s| s.is_finite() && *s >= 0.0) {
            Some(seconds) => {
                self.awaits = true;
                Ok(Span::from_secs(seconds))
            }
            None if answer == "BUSY" => Err(FaultKind::NotReady),
            None => Err(FaultKind::Refused { detail: answer }),
        }
    }

    fn results(&mut self) -> Result<Vec<f64>, FaultKind> {
        if !self.awaits {
            return Err(FaultKind::NotReady);
        }
        let ask = || self.dialog.ask(b"RESULTS?\n", line::scan, |line| Ok(Some(line)));
        let answer = read_again(ask)?;
        if answer == "WAIT" {
            return Err(FaultKind::NotReady);
        }
        let Some(values) = answer.strip_prefix("RESULTS ") else {
            return Err(FaultKind::Refused { detail: answer });
        };
        let found: Option<Vec<f64>> = values.split(',').map(|mm| mm.trim().parse().ok()).collect();
        let found = found.ok_or_else(|| garbled(format!("{answer:?} is no list of results")))?;
        if let Some(expected) = self.species.filter(|n| *n != found.len()) {
            let detail = format!("{} results for {expected} species", found.len());
            return Err(garbled(detail));
        }
        self.awaits = false;
        Ok(found)
    }
}

/// The emulator.
#[derive(Debug)]
struct AnalyserEmulator {
    analyser: AnalyserId,
    serial_number: String,
    /// The results that were there last: they can be asked for again until the next sample is taken.
    found: Option<String>,
}

impl AnalyserEmulator {
    fn answer(&mut self, sent: &str, world: &mut dyn Lab) -> String {
        match sent.to_ascii_uppercase().as_str() {
            "*IDN?" => format!("{MODEL},{},1", self.serial_number),
            "INJECT" => self.inject(world),
            "RESULTS?" => self.results(world),
            _ => "ERROR unknown".into(),
        }
    }

    fn inject(&mut self, world: &mut dyn Lab) -> String {
        match world.send(&Command::Inject { analyser: self.analyser.clone() }) {
            Ok(Reply::Ready(at)) => {
                self.found = None;
                format!("READY {:.3}", at.since(world.now()).as_secs())
            }
            Ok(_) => "ERROR".into(),
            Err(fault) if fault.kind == FaultKind::NotReady => "BUSY".into(),
            Err(fault) => format!("ERROR {}", fault.kind),
        }
    }

    fn results(&mut self, world: &mut dyn Lab) -> String {
        if let Some(found) = &self.found {
            return found.clone();
        }
        match world.send(&Command::Results { analyser: self.analyser.clone() }) {
            Ok(Reply::Results(found)) => {
                let values: Vec<String> = found.iter().map(|mm| format!("{mm:.6}")).collect();
                let line = format!("RESULTS {}", values.join(","));
                self.found = Some(line.clone());
                line
            }
            Ok(_) => "ERROR".into(),
            Err(fault) if fault.kind == FaultKind::NotReady => "WAIT".into(),
            Err(fault) => format!("ERROR {}", fault.kind),
        }
    }
}

impl Emulator for AnalyserEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        while let Some(sent) = take(&mut line.input, line::scan) {
            let answer = self.answer(&sent, world);
            line.output.extend_from_slice(answer.as_bytes());
            line.output.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use flowtwin_lab::conformance;
    use flowtwin_lab::toy::ToyLab;

    use super::*;
    use crate::EmulatedRig;
    use crate::emulator::{MemoryWire, WorldBehind};

    #[test]
    fn an_analyser_behind_its_line_keeps_the_contract() {
        let lab = ToyLab::new().with_analyser();
        conformance::check(&mut EmulatedRig::usual(Box::new(lab)).unwrap(), None).unwrap();
    }

    #[test]
    fn results_of_other_species_than_the_scenario_names_are_refused() {
        let world = WorldBehind::new(Box::new(ToyLab::new().with_analyser()));
        let world = Rc::new(RefCell::new(world));
        let emulator = AnalyserWiring::default().emulator("column");
        let wire = MemoryWire::new(Rc::new(RefCell::new(emulator)), world.clone());
        let dialog = Dialog::new(Box::new(wire), std::time::Duration::from_secs(1));
        let mut driver = LineAnalyser { dialog, species: Some(2), awaits: false };
        let takes = driver.inject().unwrap();
        assert_eq!(driver.results(), Err(FaultKind::NotReady));
        world.borrow_mut().wait(takes).unwrap();
        let refused = driver.results().unwrap_err().to_string();
        assert!(refused.contains("1 results for 2 species"), "{refused}");
    }
}
