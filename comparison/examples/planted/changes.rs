//! Changes that are planted, and campaigns that have them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::{Phase, Scenario};
use flowtwin_comparison::Side;
use flowtwin_lab::journal::{self, Writer};
use flowtwin_lab::{Command, Conditions, Fault, FlowRate, Instant, Lab, Manifest, Reply};
use flowtwin_twin::{Ask, Context, Policy, PolicyError, Proposals};

/// Keys that are changed, each with the tables that change it.
pub(crate) const KEYS: [(&str, &str); 18] = [
    ("rig.mixing.flow_ul_per_min", "[rig.mixing]\nflow_ul_per_min = 300.0\n"),
    ("chemistry.product.growth.rate_per_s", "[chemistry.product.growth]\nrate_per_s = 0.23\n"),
    (
        "chemistry.product.growth.activation_kj_per_mol",
        "[chemistry.product.growth]\nactivation_kj_per_mol = 42.0\n",
    ),
    (
        "chemistry.product.nucleation.rate_per_s",
        "[chemistry.product.nucleation]\nrate_per_s = 0.11\n",
    ),
    ("chemistry.populations.b.midpoint_c", "[chemistry.populations.b]\nmidpoint_c = 114.0\n"),
    ("optics.counts_scale", "[optics]\ncounts_scale = 57000.0\n"),
    ("optics.excitation_nm", "[optics]\nexcitation_nm = 301.0\n"),
    ("optics.scatter.slug", "[optics.scatter]\nslug = 0.06\n"),
    ("rig.spectrometers.absorption.slit_nm", "[rig.spectrometers.absorption]\nslit_nm = 1.5\n"),
    ("rig.tube[reactor].volume_ul", REACTOR),
    ("noise.read_counts", "[noise]\nread_counts = 7.0\n"),
    ("noise.shot", "[noise]\nshot = false\n"),
    ("noise.pumps.bias_percent", "[noise.pumps]\nbias_percent = 0.5\n"),
    ("noise.lights.led.set_percent", "[noise.lights.led]\nset_percent = 1.0\n"),
    ("procedure.settle_for_s", "[procedure]\nsettle_for_s = 90.0\n"),
    ("procedure.wait.residence_times", "[procedure]\nwait = { residence_times = 1.4 }\n"),
    ("phases[ei].policy", "policy ucb"),
    ("seed", "seed = 2\n"),
];

/// A short campaign on the paper's rig: four experiments of a design, then two by expected improvement.
const SHORT: &str = "
[[phases]]
name = \"start\"
policy = \"lhs\"
experiments = 4
[[phases]]
name = \"ei\"
policy = \"ei\"
experiments = 2
from = \"start\"
[twin]
surrogate = \"gp\"
";

/// The short campaign with the keys of a change: tables, or `policy NAME` for another policy.
pub(crate) fn short(base: &str, change: &str) -> String {
    let head = format!("schema = 1\nextends = {base:?}\nname = \"short\"\n");
    match change.strip_prefix("policy ") {
        Some(policy) => head + &SHORT.replace("policy = \"ei\"", &format!("policy = {policy:?}")),
        None => head + change + SHORT,
    }
}

/// The tubes of the reference rig, its reactor 2 % longer.
const REACTOR: &str = "[[rig.tube]]
name = \"reactor\"
bore_mm = 0.762
volume_ul = 443.0
reacts = true
heater = \"plate\"
heat_s = 1.6
[[rig.tube]]
name = \"cooling\"
bore_mm = 0.762
volume_ul = 235.0
heat_s = 3.9
[[rig.tube]]
name = \"emission_cell\"
bore_mm = 1.016
volume_ul = 40.5
heat_s = 3.9
[[rig.tube]]
name = \"absorption_cell\"
bore_mm = 1.016
volume_ul = 40.5
heat_s = 3.9
";

/// Changes of last bits, in units of the last place of a reading.
pub(crate) const LAST_BITS: [i32; 20] =
    [-10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/// A change of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// None.
    None,
    /// A driver that rounds rates to whole microlitres a minute.
    RoundedRates,
    /// A policy that takes the other of two neighbours.
    OtherTies,
    /// Readings that differ by this many units in their last place.
    LastBits(i32),
}

/// The side of a campaign with a change of the program.
pub(crate) fn run(scenario: &Scenario, change: Change) -> Side {
    let scenario = match change {
        Change::OtherTies => scenario.with_phases(otherwise(scenario)),
        _ => scenario.with_phases(phases(scenario)),
    };
    let seed = scenario.file().seed;
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(&scenario, seed, NonZeroUsize::MIN, &never);
    let lab = Changed { lab: scenario.simulated().expect("it has a rig").lab(seed), change };
    let ran = campaign.run(lab, Writer::new(Vec::new()), None, &mut Silent);
    let (_, writer) = ran.expect("the policies have proposals");
    let journal = journal::read(writer.sink()).expect("a journal that was just written");
    Side::run(&format!("{change:?}"), journal).expect("it can be summed up")
}

/// The phases of a scenario once more.
fn phases(scenario: &Scenario) -> Vec<Phase> {
    let specs = scenario.file().phases.iter();
    let again = specs.zip(scenario.phases()).map(|(spec, phase)| Phase {
        name: phase.name.clone(),
        policy: spec.policy.build(scenario.surrogate()).into(),
        experiments: phase.experiments,
        from: phase.from,
        stop: phase.stop,
    });
    again.collect()
}

fn otherwise(scenario: &Scenario) -> Vec<Phase> {
    let other = |phase: Phase| Phase { policy: Arc::new(Otherwise(phase.policy)), ..phase };
    phases(scenario).into_iter().map(other).collect()
}

/// A lab of which something is changed.
struct Changed<L> {
    lab: L,
    change: Change,
}

impl<L: Lab> Lab for Changed<L> {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let reply = match (self.change, command) {
            (Change::RoundedRates, Command::Dispense { pump, rate_ul_per_min, at_most_ul }) => {
                let rate_ul_per_min =
                    FlowRate::from_ul_per_min(rate_ul_per_min.ul_per_min().round());
                let (pump, at_most_ul) = (pump.clone(), *at_most_ul);
                self.lab.send(&Command::Dispense { pump, rate_ul_per_min, at_most_ul })
            }
            _ => self.lab.send(command),
        }?;
        Ok(match (self.change, reply, command) {
            (Change::LastBits(by), Reply::Reading(x), Command::Read { .. }) => {
                Reply::Reading(x * (1.0 + f64::from(by) * f64::EPSILON))
            }
            (_, reply, _) => reply,
        })
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}

/// A policy that proposes the neighbour, one step of its resolution up, of what another proposes.
#[derive(Debug)]
struct Otherwise(Arc<dyn Policy>);

impl Policy for Otherwise {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let proposals = self.0.propose(ask, context)?;
        let neighbour = |conditions: &Conditions| {
            let first = &ask.space.inputs()[0];
            let mut values = conditions.values().to_vec();
            values[0] += first.resolution;
            let moved = ask.space.conditions(values);
            if ask.space.contains(&moved) { moved } else { conditions.clone() }
        };
        let conditions = proposals.conditions.iter().map(neighbour).collect();
        Ok(Proposals { conditions, ..proposals })
    }
}
