//! What happens to the lab while a policy thinks.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use flowtwin_lab::journal::Sink;
use flowtwin_lab::{Command, Fault, Lab, Level, Span};

use super::UnderWay;

/// Lab time between two looks at whether the answer is there \[s\].
const LOOK_S: f64 = 0.1;

/// Wall time between two looks at whether somebody has asked for the end, where no lab time passes.
const LOOK: Duration = Duration::from_millis(50);

impl<L: Lab, S: Sink> UnderWay<'_, '_, L, S> {
    /// The answer of `think`, beside which the lab is looked after.
    pub(super) fn thinking<T: Send + 'static>(
        &mut self,
        think: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let passes = self.time_passes();
        thinking(&mut self.lab, passes, self.campaign.stop, think)
    }

    /// Whether time passes by itself on a lab that must be looked at meanwhile.
    fn time_passes(&self) -> bool {
        // What runs whole experiments by itself looks after its own instruments.
        let alone = self.lab.manifest().level == Level::Experiments;
        self.campaign.in_wall_time && !alone
    }

    /// Leaves the lab to itself for as long as people take: a rig whose time passes is made safe.
    pub(super) fn rest(&mut self) -> Result<(), Fault> {
        if self.time_passes() {
            self.lab.send(&Command::MakeSafe)?;
            self.costs.rest();
        }
        Ok(())
    }

    /// Waits a moment, in which the lab is looked at, and somebody may ask for the end.
    pub(super) fn look(&mut self) -> Result<(), Fault> {
        let (passes, stop) = (self.time_passes(), self.campaign.stop);
        if !passes {
            thread::sleep(LOOK);
        }
        look(&mut self.lab, passes, stop)
    }

    /// Stands still as long as somebody wants it to: nobody knows for how long, so a rig whose time passes is made safe
    /// first.
    pub(super) fn stand_still(&mut self) -> Result<(), Fault> {
        let paused = self.campaign.pause.filter(|pause| pause.load(Ordering::Relaxed));
        let Some(pause) = paused.cloned() else { return Ok(()) };
        self.rest()?;
        self.thinking(move || until_over(&pause))
    }
}

/// Returns once a pause is over.
fn until_over(pause: &AtomicBool) {
    while pause.load(Ordering::Relaxed) {
        thread::sleep(LOOK);
    }
}

/// The answer of `think`. Where the lab's time `passes` by itself, it goes on being looked at meanwhile: a heater is hot
/// although nobody asks anything of it, and the watch must hear that the campaign is alive.
///
/// It is thought in a thread of its own. An answer that nobody needs any more, because the lab must not go on or somebody
/// asks for the end, is not waited for: it may take minutes.
///
/// # Errors
/// Where the lab must not go on.
fn thinking<T: Send + 'static>(
    lab: &mut impl Lab,
    passes: bool,
    stop: &AtomicBool,
    think: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let (tell, hear) = channel();
    // Whoever waits for the answer may have gone.
    let thinker = thread::spawn(move || drop(tell.send(think())));
    let patience = if passes { Duration::ZERO } else { LOOK };
    loop {
        match hear.recv_timeout(patience) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Disconnected) => match thinker.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => unreachable!("it ends with an answer or a panic"),
            },
            Err(RecvTimeoutError::Timeout) => look(lab, passes, stop)?,
        }
    }
}

/// Looks at a lab for a moment where its time `passes`, and heeds whoever asks for the end.
fn look(lab: &mut impl Lab, passes: bool, stop: &AtomicBool) -> Result<(), Fault> {
    match passes {
        true => lab.wait(Span::from_secs(LOOK_S)),
        // It notices that somebody has asked for the end, and no time passes.
        false if stop.load(Ordering::Relaxed) => lab.wait(Span::from_secs(0.0)),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex};

    use flowtwin_lab::journal;
    use flowtwin_lab::layer::{Guarded, Limits};
    use flowtwin_lab::toy::ToyLab;
    use flowtwin_lab::{FaultKind, Instant, Temperature};

    use super::*;
    use crate::campaign::Interruptible;

    static NEVER: AtomicBool = AtomicBool::new(false);

    /// The old way waited for the answer, which comes only when this test has its own.
    #[test]
    fn an_answer_that_takes_for_ever_holds_up_nobody_who_asks_for_the_end() {
        for passes in [false, true] {
            let stop = AtomicBool::new(true);
            let mut toy = ToyLab::new();
            let mut lab = Interruptible::new(&mut toy, &stop);
            let (tell, hears) = channel();
            let thought = thinking(&mut lab, passes, &stop, move || hears.recv());
            let fault = thought.expect_err("somebody has asked for the end");
            assert_eq!(fault.kind, FaultKind::Interrupted);
            assert_eq!(lab.now(), Instant::START);
            tell.send(()).expect("it still thinks");
        }
    }

    #[test]
    #[should_panic(expected = "no such point")]
    fn a_policy_that_panics_does_so_here() {
        let _never = thinking(&mut ToyLab::new(), false, &NEVER, || panic!("no such point"));
    }

    #[test]
    fn no_lab_time_passes_while_a_policy_thinks_about_a_simulation() {
        let mut lab = ToyLab::new();
        assert_eq!(thinking(&mut lab, false, &NEVER, || 7), Ok(7));
        assert_eq!(lab.now(), Instant::START);
    }

    /// The journal of a campaign of dyes that stands still while `pause` is set, and how it ended.
    fn journal(pause: &Arc<AtomicBool>, stop: &AtomicBool) -> (Vec<u8>, Option<FaultKind>) {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/dye-mixing.toml");
        let scenario = crate::scenario::Scenario::load(file.as_ref()).expect("it is a scenario");
        let lab = scenario.simulated().expect("it has a rig").lab(1);
        let campaign =
            crate::campaign::Campaign::new(&scenario, 1, std::num::NonZeroUsize::MIN, stop);
        let (campaign, writer) = (campaign.pausing(pause), journal::Writer::new(Vec::new()));
        let ran = campaign.run(lab, writer, None, &mut crate::campaign::Silent);
        let (ended, writer) = ran.expect("it runs");
        (writer.sink().clone(), ended.fault.map(|fault| fault.kind))
    }

    #[test]
    fn a_pause_of_a_simulation_changes_no_byte() {
        let pause = Arc::new(AtomicBool::new(false));
        let (alone, _) = journal(&pause, &NEVER);
        pause.store(true, Ordering::Relaxed);
        let over = pause.clone();
        let hand = thread::spawn(move || {
            thread::sleep(2 * LOOK);
            over.store(false, Ordering::Relaxed);
        });
        let (paused, fault) = journal(&pause, &NEVER);
        hand.join().expect("it sleeps");
        assert!(alone == paused && fault.is_none());
    }

    /// A lab that ends a pause once it has lasted for two hours of lab time, and says how hot its plate was meant to be meanwhile.
    struct Paused<L> {
        lab: L,
        pause: Arc<AtomicBool>,
        since: Option<Instant>,
        set_c: Arc<Mutex<Vec<f64>>>,
    }

    impl<L: Lab> Lab for Paused<L> {
        fn manifest(&self) -> &flowtwin_lab::Manifest {
            self.lab.manifest()
        }
        fn now(&self) -> Instant {
            self.lab.now()
        }
        fn send(&mut self, command: &Command) -> Result<flowtwin_lab::Reply, Fault> {
            let safe_c = self.lab.manifest().heaters[0].safe_c;
            let set_c = match command {
                Command::Heat { set_point_c, .. } => Some(set_point_c.c()),
                Command::MakeSafe => Some(safe_c),
                _ => None,
            };
            self.set_c.lock().expect("nobody panics").extend(set_c);
            self.lab.send(command)
        }
        fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
            if self.pause.load(Ordering::Relaxed) {
                let since = *self.since.get_or_insert(self.lab.now());
                if self.lab.now().since(since).as_secs() > 7_200.0 {
                    self.pause.store(false, Ordering::Relaxed);
                }
            }
            self.lab.wait_until(deadline)
        }
    }

    /// Sets `pause` after the second experiment.
    struct Pausing(Arc<AtomicBool>);

    impl crate::campaign::Observer for Pausing {
        fn experiment(&mut self, number: u64, _: &flowtwin_lab::Observation, _: bool) {
            self.0.store(number == 2, Ordering::Relaxed);
        }
    }

    /// Two hours are far beyond what the guard lets a rig stay hot without flow.
    #[test]
    fn a_rig_that_stands_still_is_safe_and_its_campaign_goes_on() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/cs3cu2i5.toml");
        let scenario = crate::scenario::Scenario::load(file.as_ref()).expect("it is a scenario");
        assert!(scenario.file().guard.no_flow_grace_s < 7_200.0);
        let pause = Arc::new(AtomicBool::new(false));
        let set_c = Arc::<Mutex<Vec<f64>>>::default();
        let lab = scenario.simulated().expect("it has a rig").lab(1);
        let lab = Paused { lab, pause: pause.clone(), since: None, set_c: set_c.clone() };
        let stop = AtomicBool::new(false);
        let campaign =
            crate::campaign::Campaign::new(&scenario, 1, std::num::NonZeroUsize::MIN, &stop);
        let campaign = campaign.pausing(&pause).in_wall_time();
        let (ran, writer) = (&mut Pausing(pause.clone()), journal::Writer::new(Vec::new()));
        let (ended, _) = campaign.run(lab, writer, None, ran).expect("its policies propose");
        assert_eq!(ended.fault, None);
        assert!(ended.experiments > 3);
        let set_c = set_c.lock().expect("nobody panics").clone();
        let safe_c = scenario.manifest().heaters[0].safe_c;
        assert!(set_c[..set_c.len() - 1].contains(&safe_c), "safe in between: {set_c:?}");
    }

    #[test]
    fn a_real_lab_is_looked_at_while_a_policy_thinks() {
        let mut lab = ToyLab::new();
        let (told, hears) = channel();
        let mut lab = Ticking(&mut lab, Some(told));
        let thought = thinking(&mut lab, true, &NEVER, move || hears.recv().expect("time passes"));
        assert_eq!(thought, Ok(()));
        assert!(lab.now() > Instant::START);
    }

    #[test]
    fn an_interlock_makes_the_rig_safe_although_a_policy_thinks() {
        let mut toy = ToyLab::new();
        let set_point_c = Temperature::from_c(60.0);
        let heat = Command::Heat { heater: "plate".into(), set_point_c };
        let limits =
            Limits { max_temperature_c: 20.0, set_point_margin_k: -100.0, ..Limits::default() };
        let (told, hears) = channel();
        let mut lab = Ticking(Guarded::new(&mut toy, limits), Some(told));
        lab.send(&heat).expect("the set point is allowed");
        let fault =
            thinking(&mut lab, true, &NEVER, move || hears.recv()).expect_err("it is too hot");
        assert!(
            matches!(fault.kind, FaultKind::Interlock { rule, .. } if rule == "over-temperature")
        );
        drop(lab);
        assert!(toy.is_safe());
    }

    /// A lab that tells when time has passed, once.
    struct Ticking<L>(L, Option<std::sync::mpsc::Sender<()>>);

    impl<L: Lab> Lab for Ticking<L> {
        fn manifest(&self) -> &flowtwin_lab::Manifest {
            self.0.manifest()
        }
        fn now(&self) -> Instant {
            self.0.now()
        }
        fn send(&mut self, command: &Command) -> Result<flowtwin_lab::Reply, Fault> {
            self.0.send(command)
        }
        fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
            let waited = self.0.wait_until(deadline);
            if let Some(told) = self.1.take() {
                told.send(()).expect("somebody thinks");
            }
            waited
        }
    }
}
