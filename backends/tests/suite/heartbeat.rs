//! The watch sounds the alarm when beats stop, and not before.

use std::cell::RefCell;
use std::io::Read;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_backends::EmulatedRig;
use flowtwin_backends::heartbeat::{Alarm, make_safe_at_last, watch};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{Command, Fault, FaultKind, Instant, Lab, Manifest, Reply, Temperature};

/// A pipe on which so many beats come, and that is then closed or held open.
struct Pipe {
    beats: usize,
    holds: bool,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.beats == 0 {
            if self.holds {
                // Longer than any test: the pipe stays open, and nothing comes.
                std::thread::sleep(Duration::from_secs(3600));
            }
            return Ok(0);
        }
        self.beats -= 1;
        buffer[0] = b'.';
        Ok(1)
    }
}

#[test]
fn a_closed_pipe_is_the_campaigns_end() {
    let mut answers = Vec::new();
    let alarm = watch(Pipe { beats: 3, holds: false }, Duration::from_secs(60), &mut answers);
    assert_eq!(alarm, Alarm::Closed);
    assert_eq!(answers, b"...", "every beat is answered");
}

#[test]
fn silence_on_an_open_pipe_is_an_alarm() {
    let pipe = Pipe { beats: 3, holds: true };
    let alarm = watch(pipe, Duration::from_millis(20), &mut std::io::sink());
    // On a busy machine the beats themselves may come so far apart.
    assert!(matches!(alarm, Alarm::Silent(silent_s) if silent_s >= 0.02), "{alarm:?}");
}

/// A lab whose ports are still held by a dying process for the first tries.
struct Held(ToyLab, u32);

impl Lab for Held {
    fn manifest(&self) -> &Manifest {
        self.0.manifest()
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        if self.1 > 0 && *command == Command::MakeSafe {
            self.1 -= 1;
            let detail = "device or resource busy".into();
            return Err(Fault::new(self.now(), "water", FaultKind::LinkLost { detail }));
        }
        self.0.send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.wait_until(deadline)
    }
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_rig_that_cannot_be_made_safe_is_told_in_the_end() {
    let mut lab = Held(ToyLab::new(), u32::MAX);
    let refused = make_safe_at_last(&mut lab, Duration::ZERO, HOUR, &mut |_| true).unwrap_err();
    assert!(refused.to_string().contains("busy"), "{refused}");
    assert!(lab.0.set_point_c().is_none(), "control is off although nothing else was to be had");
}

#[test]
fn the_rig_is_made_safe_as_soon_as_its_ports_are_free() {
    let mut lab = Held(ToyLab::new(), 2);
    let set_point_c = Temperature::from_c(180.0);
    lab.send(&Command::Heat { heater: "plate".into(), set_point_c }).unwrap();
    let mut tries = 0;
    make_safe_at_last(&mut lab, HOUR, Duration::ZERO, &mut |_| {
        tries += 1;
        true
    })
    .unwrap();
    assert_eq!(tries, 3, "it was free at the third try");
    assert!(lab.0.is_safe());
}

/// A lab whose heater takes its safe set point and cannot be turned off.
struct Stays(ToyLab);

impl Lab for Stays {
    fn manifest(&self) -> &Manifest {
        self.0.manifest()
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        if let Command::HeaterOff { heater } = command {
            return Err(Fault::new(self.now(), heater, FaultKind::NoReply { waited_s: 1.0 }));
        }
        self.0.send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.wait_until(deadline)
    }
}

#[test]
fn a_heater_that_cannot_be_turned_off_at_last_is_told() {
    let mut lab = Stays(ToyLab::new());
    let refused = make_safe_at_last(&mut lab, Duration::ZERO, HOUR, &mut |_| true).unwrap_err();
    assert_eq!(refused.origin, "plate");
}

/// A lab that can be looked at while others drive it.
struct Seen(Rc<RefCell<ToyLab>>, Manifest);

impl Lab for Seen {
    fn manifest(&self) -> &Manifest {
        &self.1
    }
    fn now(&self) -> Instant {
        self.0.borrow().now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.0.borrow_mut().send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.borrow_mut().wait_until(deadline)
    }
}

/// As the watch does it: the safe set point, then off, then it goes.
#[test]
fn a_heater_that_was_turned_off_at_last_stays_off() {
    let world = Rc::new(RefCell::new(ToyLab::new()));
    let manifest = world.borrow().manifest().clone();
    let mut rig = EmulatedRig::usual(Box::new(Seen(world.clone(), manifest))).unwrap();
    let set_point_c = Temperature::from_c(180.0);
    rig.send(&Command::Heat { heater: "plate".into(), set_point_c }).unwrap();
    make_safe_at_last(&mut rig, HOUR, Duration::ZERO, &mut |_| true).unwrap();
    assert_eq!(world.borrow().set_point_c(), None);
    drop(rig);
    assert_eq!(world.borrow().set_point_c(), None, "not even to the safe set point");
}
