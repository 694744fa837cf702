//! What is read on a ramp, expected and complete.

use flowtwin_campaign::scenario::{Followed, Scenario, commanded};
use flowtwin_lab::procedure::{RampPoint, RampSpec};
use flowtwin_lab::{Command, Conditions, Fault, Instant, Lab, Manifest, Outcome, Reply};

use super::scenario;

/// A lab that takes note of what it was told, and when [s].
struct Noted<L> {
    lab: L,
    told: Vec<(f64, Command)>,
}

impl<L: Lab> Lab for Noted<L> {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.told.push((self.lab.now().as_secs(), command.clone()));
        self.lab.send(command)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}

/// A ramp without noise: when it began, its readings, and what was commanded when [s].
fn ramp(
    scenario: &Scenario,
    ends: [&Conditions; 2],
    spec: &RampSpec,
) -> (Instant, Vec<RampPoint>, Vec<(f64, Command)>) {
    let rig = scenario.simulated().unwrap();
    let (procedure, mut lab) = (rig.procedure(), rig.noiseless_lab());
    let blank = procedure.prime(&mut lab).unwrap();
    let began = lab.now();
    let mut lab = Noted { lab, told: Vec::new() };
    let ends = (ends[0], ends[1]);
    let points = procedure.ramp(&mut lab, &blank, scenario.space(), ends, spec).unwrap();
    (began, points, lab.told)
}

/// Ends of a ramp of all inputs but the first, which heats; or of all where nothing heats.
fn ends(scenario: &Scenario) -> [Conditions; 2] {
    let space = scenario.space();
    let heats = |place: usize| space.inputs()[place].name.ends_with("_c");
    [0.2, 0.8].map(|share| {
        let unit = (0..space.dim()).map(|place| if heats(place) { 0.2 } else { share });
        space.from_unit(&unit.collect::<Vec<f64>>())
    })
}

/// Slugs that react, dyes that mix, one liquid that disperses. Without noise both are the same but for frames that are whole
/// counts. Where liquid reacts, a reading that is taken for a steady experiment at the conditions it stands for is off by more.
#[test]
fn an_expected_ramp_is_a_complete_one_without_noise() {
    let rigs = [
        ("snar", "yellow", 1e-3, 10.0),
        ("dye-mixing", "red", 1e-3, 0.0),
        ("fading-coil", "colour", 1e-3, 10.0),
    ];
    for (name, feature, within, times) in rigs {
        let scenario = scenario(name);
        let [from, to] = ends(&scenario);
        let spec = RampSpec { duration_s: 900.0, step_s: 4.5, every_s: 45.0 };
        let (began, points, commands) = ramp(&scenario, [&from, &to], &spec);
        assert!(points.len() > 15, "{name}: {} readings", points.len());
        let settings = scenario.procedure().recipe().settings(&from);
        let commands = commands.iter().map(|(at, command)| (at - began.as_secs(), command));
        let settings = commanded(&settings.heaters, commands);
        let mut expected = scenario.simulated().unwrap().expected();
        let moments: Vec<f64> = points.iter().map(|p| p.measured.since(began).as_secs()).collect();
        let followed = Followed { before: None, settings: &settings, hours: 0.0 };
        let said = expected.along(&followed, &moments).unwrap();
        let value = |outcome: &Outcome| {
            outcome.features.iter().find(|(known, _)| known == feature).unwrap().1
        };
        let (mut worst, mut steady) = (0.0_f64, 0.0_f64);
        for (point, said) in points.iter().zip(&said) {
            let seen = value(&point.outcome);
            worst = worst.max((value(said) / seen - 1.0).abs());
            let at_rest = value(&expected.outcome(&point.conditions));
            steady = steady.max((at_rest / seen - 1.0).abs());
        }
        println!("{name}: {worst:.2e} off at worst; {steady:.2e} as steady experiments");
        assert!(worst < within, "{name}: {worst}");
        assert!(steady > times * worst, "{name}: {steady}");
    }
}

/// What enters a tank mixes with all that entered before: such a rig is not followed.
#[test]
fn a_rig_with_tanks_is_not_followed() {
    let scenario = scenario("fading-tanks");
    let settings = [(0.0, scenario.procedure().recipe().settings(&ends(&scenario)[0]))];
    let followed = Followed { before: None, settings: &settings, hours: 0.0 };
    assert!(scenario.simulated().unwrap().expected().along(&followed, &[100.0]).is_none());
}
