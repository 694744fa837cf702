//! What happens to the lab while a policy thinks.

use std::panic::resume_unwind;
use std::thread;

use flowtwin_lab::{Command, Fault, Lab, Level, Span};

/// Lab time between two looks at whether the answer is there \[s\].
const LOOK_S: f64 = 0.1;

/// The answer of `think`. Where the lab's time passes by itself, it goes on being looked at meanwhile: a heater is hot
/// although nobody asks anything of it, and the watch must hear that the campaign is alive.
///
/// # Errors
/// Where the lab must not go on; the rig is made safe before the answer is waited for.
pub(super) fn thinking<T: Send>(
    lab: &mut impl Lab,
    in_wall_time: bool,
    think: impl FnOnce() -> T + Send,
) -> Result<T, Fault> {
    // What runs whole experiments by itself looks after its own instruments.
    if !in_wall_time || lab.manifest().level == Level::Experiments {
        return Ok(think());
    }
    thread::scope(|scope| {
        let thinker = scope.spawn(think);
        let mut watched = Ok(());
        while watched.is_ok() && !thinker.is_finished() {
            watched = lab.wait(Span::from_secs(LOOK_S));
        }
        if watched.is_err() {
            // What could not be made safe is in the journal.
            let _unsafe_parts = lab.send(&Command::MakeSafe);
        }
        let answer = thinker.join().unwrap_or_else(|panic| resume_unwind(panic));
        watched.map(|()| answer)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use flowtwin_lab::layer::{Guarded, Limits};
    use flowtwin_lab::toy::ToyLab;
    use flowtwin_lab::{FaultKind, Instant, Temperature};

    use super::*;

    #[test]
    fn no_lab_time_passes_while_a_policy_thinks_about_a_simulation() {
        let mut lab = ToyLab::new();
        assert_eq!(thinking(&mut lab, false, || 7), Ok(7));
        assert_eq!(lab.now(), Instant::START);
    }

    #[test]
    fn a_real_lab_is_looked_at_while_a_policy_thinks() {
        let mut lab = ToyLab::new();
        let (told, hears) = channel();
        let mut lab = Ticking(&mut lab, Some(told));
        let thought = thinking(&mut lab, true, move || hears.recv().expect("time passes"));
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
        let fault = thinking(&mut lab, true, move || hears.recv()).expect_err("it is too hot");
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
