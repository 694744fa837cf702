//! The simulator that a grey box learns with: which scenario it is of, and what is known of its free keys.

use std::path::Path;
use std::sync::{Arc, Mutex};

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::{Goal, Space};
use flowtwin_twin::{Mechanism, SurrogateSpec, Teaching, Tuned};

use super::Scenario;
use super::calibration::BelievedSpec;
use super::check::Problem;
use super::expected::Expected;
use super::file::ScenarioFile;
use super::posterior::Posterior;
use super::teaching::{Found, Known};
use super::tree::Tree;
use super::world::world;

/// Parts of a scenario that say nothing about what an experiment yields.
const NOT_NEEDED: [&str; 6] =
    ["twin", "phases", "prior", "policy_command", "refill", "description"];

impl BelievedSpec {
    /// The simulator of a scenario.
    pub(super) fn of(file: &ScenarioFile) -> Self {
        let mut scenario = serde_json::to_value(file).expect("a scenario is plain data");
        if let Some(parts) = scenario.as_object_mut() {
            parts.retain(|part, _| !NOT_NEEDED.contains(&part.as_str()));
        }
        Self { scenario, calibration: file.calibration.clone() }
    }

    /// That of the scenario file that `twin.simulator` names, looked for in the folder `below`.
    pub(super) fn read(name: &str, below: &Path) -> Result<Self, Diagnostic> {
        let tree = Tree::read(&below.join(name))?;
        Ok(Self::of(&tree.scenario()?))
    }
}

/// What a scenario says about the simulator that its surrogate or a policy learns with, if one of them needs one: that of the
/// file that it names, or its own.
pub(super) fn fill(file: &mut ScenarioFile) {
    if file.twin.believed.is_none() && who_needs(file).is_some() {
        file.twin.believed = Some(Box::new(BelievedSpec::of(file)));
    }
}

/// Who needs a simulator with free keys, and where the scenario says so.
fn who_needs(file: &ScenarioFile) -> Option<(&'static str, Vec<String>)> {
    if file.twin.surrogate == SurrogateSpec::Twin {
        return Some(("the surrogate twin", vec!["twin".into(), "surrogate".into()]));
    }
    let phase = file.phases.iter().position(|phase| phase.policy.needs_simulator())?;
    let key = vec!["phases".into(), phase.to_string(), "policy".into()];
    Some(("the policy calibrate", key))
}

/// A simulated rig as a function of what is not known of it.
#[derive(Clone, Debug)]
pub(super) struct Believed {
    known: Arc<Known>,
    /// Place of the outcome in the list of those that are wanted.
    outcome: usize,
    /// How it is scored.
    goal: Goal,
}

impl Believed {
    /// The simulator of a scenario that has one.
    pub(super) fn of(scenario: &Scenario) -> Result<Option<Self>, Problem> {
        let (file, space) = (&scenario.file, &scenario.space);
        let Some(spec) = &file.twin.believed else { return Ok(None) };
        let own = || ("the surrogate twin", vec!["twin".to_owned(), "surrogate".to_owned()]);
        let (who, at) = who_needs(file).unwrap_or_else(own);
        let at = if file.twin.simulator.is_some() {
            vec!["twin".into(), "simulator".into()]
        } else {
            at
        };
        let path: Vec<&str> = at.iter().map(String::as_str).collect();
        let wrong = |message: String| Problem::new(&path, message);
        let refused = |error: Diagnostic| wrong(error.message.clone()).hint(error.hint);
        if spec.calibration.free.is_empty() {
            let message = format!("{who} needs a simulator with free keys: it has none");
            let hint = "name what is not known of the rig in [[calibration.free]]";
            return Err(wrong(message).hint(Some(hint.into())));
        }
        let mut own = ScenarioFile::of(&spec.scenario)
            .map_err(|error| wrong(format!("the simulator is not understood: {error}")))?;
        own.calibration = spec.calibration.clone();
        let simulator = Scenario::inside(own, &Tree::default()).map_err(refused)?;
        simulator.simulated().map_err(|error| wrong(error.to_string()))?;
        let posterior = Posterior::believed(&simulator).map_err(refused)?;
        let inputs = inputs(simulator.space(), space, who).map_err(wrong)?;
        let features = features(&simulator, &file.wanted().outcomes).map_err(wrong)?;
        let measured = scenario.features();
        let place = |(name, _): &(String, String)| measured.iter().position(|(own, _)| own == name);
        let all_features = simulator.features().iter().map(place).collect();
        let world = world(&spec.scenario);
        let (space, noise) = (space.clone(), Found::new());
        let known =
            Known { simulator, world, posterior, noise, space, inputs, features, all_features };
        let goal = file.all_objectives().next().map_or(Goal::Maximize, |objective| objective.goal);
        Ok(Some(Self { known: Arc::new(known), outcome: 0, goal }))
    }

    /// The simulator, and what is known of it.
    #[cfg(test)]
    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// The same for another of the outcomes that are wanted, scored so.
    pub(super) fn scoring(&self, outcome: usize, goal: Goal) -> Self {
        Self { known: self.known.clone(), outcome, goal }
    }
}

/// For each input of the simulator, its place among those of the campaign.
fn inputs(simulator: &Space, campaign: &Space, who: &str) -> Result<Vec<usize>, String> {
    let a_choice = |name: &str| format!("{who} learns with numbers, and {name} is a choice");
    let place = |input: &flowtwin_lab::Input| {
        if input.options().is_some() {
            return Err(a_choice(&input.name));
        }
        let found = campaign.inputs().iter().position(|own| own.name == input.name);
        found.ok_or_else(|| {
            format!("the simulator needs {}, which is not an input here", input.name)
        })
    };
    if let Some(choice) = campaign.inputs().iter().find(|input| input.options().is_some()) {
        return Err(a_choice(&choice.name));
    }
    simulator.inputs().iter().map(place).collect()
}

/// For each outcome, its place among the features of the simulator.
fn features(simulator: &Scenario, outcomes: &[String]) -> Result<Vec<usize>, String> {
    let known = simulator.features();
    let place = |outcome: &String| {
        let found = known.iter().position(|(name, _)| name == outcome);
        found.ok_or_else(|| format!("the simulator does not tell {outcome}"))
    };
    outcomes.iter().map(place).collect()
}

impl Mechanism for Believed {
    fn parameters(&self) -> usize {
        self.known.posterior.keys()
    }

    fn tuned(&self, z: &[f64]) -> Option<Arc<dyn Tuned>> {
        let plan = self.known.plan(z)?;
        let rig = Mutex::new(Expected::owned(self.known.simulator.clone(), &plan));
        Some(Arc::new(Rig { believed: self.clone(), rig }))
    }

    fn of_outcome(&self, place: usize) -> Option<Arc<dyn Mechanism>> {
        let known = place < self.known.features.len();
        known.then(|| Arc::new(self.scoring(place, Goal::Maximize)) as Arc<dyn Mechanism>)
    }

    fn teaching(&self) -> Option<Arc<dyn Teaching>> {
        Some(self.known.clone())
    }
}

/// A simulated rig of which everything is given.
#[derive(Debug)]
struct Rig {
    believed: Believed,
    rig: Mutex<Expected<'static>>,
}

impl Tuned for Rig {
    fn outcome(&self, x: &[f64]) -> f64 {
        let Believed { known, outcome, goal } = &self.believed;
        let conditions = known.conditions(x);
        let mut rig = self.rig.lock().expect("an expected experiment does not panic");
        let expected = rig.outcome(&conditions);
        goal.score(expected.features[known.features[*outcome]].1)
    }
}

impl Scenario {
    /// The simulator that surrogates learn with, where there is one: of the first outcome that is wanted, as it is maximised.
    pub fn mechanism(&self) -> Option<Arc<dyn Mechanism>> {
        let believed = self.believed.as_ref()?;
        Some(Arc::new(believed.clone()))
    }

    /// The same of the outcome at this place among those that are wanted, scored by `goal`.
    pub fn mechanism_of(&self, outcome: usize, goal: Goal) -> Option<Arc<dyn Mechanism>> {
        Some(Arc::new(self.believed.as_ref()?.scoring(outcome, goal)))
    }

    /// The same scenario with its own simulator as what surrogates may learn with, unless it names another.
    ///
    /// # Errors
    /// If it has no rig or no free keys.
    pub fn believing(&self) -> Result<Self, Diagnostic> {
        let mut file = self.file.clone();
        if file.twin.believed.is_none() {
            file.twin.believed = Some(Box::new(BelievedSpec::of(&file)));
        }
        Self::new(file, &Tree::default())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const FREE: &str = r#"
[twin]
surrogate = "twin"

[[calibration.free]]
key = "chemistry.reactions[1].k_in_mol_l_s"
low = 0.3
high = 1.2
"#;

    fn folder() -> String {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/").to_owned()
    }

    /// A scenario that extends another by `more`.
    fn scenario(name: &str, base: &str, more: &str) -> Result<Scenario, Diagnostic> {
        let here = std::env::temp_dir().join(format!("flowtwin-believed-{name}"));
        fs::create_dir_all(&here).unwrap();
        let path = here.join("scenario.toml");
        let text =
            format!("schema = 1\nextends = \"{}{base}.toml\"\nname = \"here\"\n{more}", folder());
        fs::write(&path, text).unwrap();
        Scenario::load(&path)
    }

    fn refusal(name: &str, base: &str, more: &str) -> String {
        scenario(name, base, more).unwrap_err().to_string()
    }

    #[test]
    fn a_scenario_with_free_keys_is_what_its_surrogate_believes() {
        let own = scenario("own", "snar", FREE).unwrap();
        let mechanism = own.mechanism().unwrap();
        assert_eq!(mechanism.parameters(), 1);
        let (before, faster) = (mechanism.tuned(&[0.0]).unwrap(), mechanism.tuned(&[1.0]).unwrap());
        let (low, high) = ([0.25, 0.5, 0.5, 0.5], [0.75, 0.5, 0.5, 0.5]);
        let first = before.outcome(&low);
        let expected = |u: &[f64]| {
            let outcome = own.simulated().unwrap().expected().outcome(&own.space().from_unit(u));
            outcome.features[0].1
        };
        assert_eq!(first.to_bits(), expected(&low).to_bits());
        assert!(faster.outcome(&low) > first);
        // What was asked before changes nothing.
        assert_eq!((before.outcome(&high), before.outcome(&low)), (expected(&high), first));
    }

    #[test]
    fn a_journal_records_what_is_believed() {
        let own = scenario("recorded", "snar", FREE).unwrap();
        let again = Scenario::recorded(&own.definition()).unwrap();
        let value = |scenario: &Scenario| {
            let tuned = scenario.mechanism().unwrap().tuned(&[-0.5]).unwrap();
            tuned.outcome(&[0.2, 0.8, 0.4, 0.6]).to_bits()
        };
        assert_eq!(value(&own), value(&again));
        assert_eq!(own.definition(), again.definition());
        let without = scenario("without", "snar", "").unwrap();
        assert!(
            without.mechanism().is_none() && without.definition()["twin"].get("believed").is_none()
        );
    }

    #[test]
    fn another_scenario_may_be_believed() {
        let here = std::env::temp_dir().join("flowtwin-believed-another");
        fs::create_dir_all(&here).unwrap();
        let text = format!(
            "schema = 1\nextends = \"{}snar.toml\"\nname = \"fitted\"\n[optics]\nexcitation_nm = 500.0\n{}",
            folder(),
            FREE.replace("[twin]\nsurrogate = \"twin\"", "[rig]\nambient_c = 25.0")
        );
        fs::write(here.join("fitted.toml"), text).unwrap();
        let more = "[twin]\nsurrogate = \"twin\"\nsimulator = \"fitted.toml\"\n";
        let scenario = scenario("another", "snar", more).unwrap();
        let believed = &scenario.definition()["twin"]["believed"]["scenario"];
        assert_eq!(believed["rig"]["ambient_c"], 25.0);
        assert_eq!(scenario.definition()["rig"]["ambient_c"], 22.0);
        assert_eq!(scenario.mechanism().unwrap().parameters(), 1);
    }

    /// The journal of six experiments of a design and two proposals with the simulator.
    fn journal(scenario: &Scenario, threads: usize) -> Vec<u8> {
        let stop = std::sync::atomic::AtomicBool::new(false);
        let threads = std::num::NonZeroUsize::new(threads).unwrap();
        let campaign = crate::campaign::Campaign::new(scenario, 1, threads, &stop);
        let lab = scenario.simulated().unwrap().lab(1);
        let writer = flowtwin_lab::journal::Writer::new(Vec::new());
        let ran = campaign.run(lab, writer, None, &mut crate::campaign::Silent);
        let (ended, writer) = ran.unwrap();
        assert!(ended.fault.is_none() && ended.work.simulations > 100, "{:?}", ended.work);
        writer.sink().clone()
    }

    #[test]
    fn a_campaign_that_believes_is_the_same_on_any_number_of_threads() {
        let phases = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 6\n\n[[phases]]\nname = \"improve\"\npolicy = \"ei\"\nexperiments = 2\nfrom = \"survey\"\n";
        let scenario = scenario("threads", "snar", &format!("{FREE}{phases}")).unwrap();
        let one = journal(&scenario, 1);
        assert!(one == journal(&scenario, 3));
        let recorded = Scenario::recorded(&scenario.definition()).unwrap();
        assert!(one == journal(&recorded, 1), "a run that is resumed proposes the same");
    }

    #[test]
    fn what_cannot_be_believed_is_told_at_its_key() {
        let surrogate = "[twin]\nsurrogate = \"twin\"\n";
        let none = refusal("none", "snar", surrogate);
        assert!(none.contains("free keys") && none.contains("[[calibration.free]]"), "{none}");
        assert!(none.contains("surrogate = \"twin\""), "{none}");
        let file = format!("{surrogate}simulator = \"nowhere.toml\"\n");
        assert!(refusal("nowhere", "snar", &file).contains("nowhere.toml"));
        let key = FREE.replace("reactions[1].k_in_mol_l_s", "reactions[9].k");
        assert!(refusal("key", "snar", &key).contains("no number chemistry.reactions[9].k"));
        let other = format!("{surrogate}simulator = \"{}ester.toml\"\n", folder());
        assert!(refusal("other", "snar", &other).contains("free keys"));
    }
}
