//! A thread for the instruments of a cable, so that others need not wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use flowtwin_lab::FaultKind;

use super::instruments::{Answer, Instruments, Order, Pace};
use crate::transport::Hurry;

/// Time between two checks whether the answer is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// Time limit of an order whose answer is no longer wanted.
const LAST_WORD: Duration = Duration::from_millis(200);

/// Time between two looks at frames that are being taken.
const BREATH: Duration = Duration::from_millis(1);

type Answered = Result<Answer, FaultKind>;

/// An order with its number, and until when it must be done.
struct Job {
    number: u64,
    order: Order,
    until: Option<Instant>,
}

/// The instruments of a cable, in a thread of their own.
#[derive(Debug)]
pub(super) struct Worker {
    orders: Option<Sender<Job>>,
    answers: Receiver<(u64, Answered)>,
    hurry: Hurry,
    /// Number of the last order.
    last: u64,
    /// Orders up to this number are not begun any more.
    dropped: Arc<AtomicU64>,
    /// The order to make safe that has not been answered.
    making_safe: Option<u64>,
}

impl Worker {
    /// Starts the thread, in which `made` makes the instruments: their wires wait no longer than the hurry that it is
    /// given grants.
    pub(super) fn start(made: impl FnOnce(&Hurry) -> Instruments + Send + 'static) -> Self {
        let (orders, incoming) = channel();
        let (outgoing, answers) = channel();
        let (hurry, dropped) = (Hurry::default(), Arc::new(AtomicU64::new(0)));
        let (theirs, skipped) = (hurry.clone(), dropped.clone());
        thread::spawn(move || {
            let mut instruments = made(&theirs);
            work(&mut instruments, &theirs, &skipped, &incoming, &outgoing);
        });
        Self { orders: Some(orders), answers, hurry, last: 0, dropped, making_safe: None }
    }

    /// Gives an order and waits for the answer, as long as `alive` says that it may; with a deadline, until then.
    pub(super) fn ask(
        &mut self,
        order: &Order,
        until: Option<Instant>,
        alive: &mut dyn FnMut() -> Result<(), FaultKind>,
    ) -> Answered {
        let begun = Instant::now();
        let number = self.tell(order.clone(), until)?;
        loop {
            if let Some(answered) = self.answer(number, LOOK) {
                return answered;
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                let kind = FaultKind::NoReply { waited_s: begun.elapsed().as_secs_f64() };
                return self.give_up(number, kind);
            }
            if let Err(kind) = alive() {
                // What it says now comes of being given up.
                return self.give_up(number, kind.clone()).or(Err(kind));
            }
        }
    }

    /// In a hurry a reply may take `reply`.
    pub(super) fn replies_within(&self, reply: Duration) {
        self.hurry.replies_within(reply);
    }

    /// Begins to make everything safe, unless that is under way; what else is under way is given up.
    pub(super) fn begin_safe(&mut self, order: &Order, until: Instant) {
        if self.making_safe.is_some() {
            return;
        }
        self.drop_orders();
        self.making_safe = self.tell(order.clone(), Some(until)).ok();
    }

    /// Whether it is making everything safe.
    pub(super) fn is_making_safe(&self) -> bool {
        self.making_safe.is_some()
    }

    /// What did not become safe by `until`; none where no answer has come.
    pub(super) fn end_safe(&mut self, until: Instant) -> Option<Answered> {
        let number = self.making_safe?;
        let left = until.saturating_duration_since(Instant::now());
        let answered = self.answer(number, left)?;
        self.making_safe = None;
        Some(answered)
    }

    /// Sends an order. What is made safe is so no longer, where it is an order to work.
    fn tell(&mut self, order: Order, until: Option<Instant>) -> Result<u64, FaultKind> {
        self.making_safe = None;
        self.last += 1;
        let (number, orders) = (self.last, self.orders.as_ref());
        match orders.map(|orders| orders.send(Job { number, order, until })) {
            Some(Ok(())) => Ok(number),
            _ => Err(ended()),
        }
    }

    /// The answer to an order, if it comes within `patience`.
    fn answer(&mut self, number: u64, patience: Duration) -> Option<Answered> {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok((to, answered)) if to == number => return Some(answered),
                // An answer to an order that was given up.
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => return Some(Err(ended())),
            }
        }
    }

    /// Gives up on an order, and returns its result if it ends at once.
    fn give_up(&mut self, number: u64, kind: FaultKind) -> Answered {
        self.drop_orders();
        self.answer(number, LAST_WORD).unwrap_or(Err(kind))
    }

    fn drop_orders(&self) {
        self.dropped.store(self.last, Ordering::SeqCst);
        self.hurry.give_up();
    }
}

impl Worker {
    /// Lets the thread end with its orders, and close its cable: somebody else may be waiting for it.
    pub(super) fn let_go(&mut self) {
        drop(self.orders.take());
        self.drop_orders();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.let_go();
        let _ended = self.answer(u64::MAX, LAST_WORD);
    }
}

fn ended() -> FaultKind {
    FaultKind::LinkLost { detail: "the thread of this instrument has ended".into() }
}

fn work(
    instruments: &mut Instruments,
    hurry: &Hurry,
    dropped: &AtomicU64,
    orders: &Receiver<Job>,
    answers: &Sender<(u64, Answered)>,
) {
    while let Some(Job { number, order, until }) = next(instruments, orders) {
        match until {
            Some(until) => hurry.until(until),
            None => hurry.relax(),
        }
        // Looked at after the hurry is set: who drops orders sets it once more.
        if number <= dropped.load(Ordering::SeqCst) {
            continue;
        }
        let pace = Pace { hurry: hurry.clone(), until };
        let answered = instruments.obey(&order, &pace);
        if answers.send((number, answered)).is_err() {
            break;
        }
    }
}

/// The next order; until it comes, spectrometers that take their frames one by one go on with that.
fn next(instruments: &mut Instruments, orders: &Receiver<Job>) -> Option<Job> {
    let began = Instant::now();
    let now = || flowtwin_lab::Instant::from_secs(began.elapsed().as_secs_f64());
    while instruments.attend(now()).is_some() {
        match orders.recv_timeout(BREATH) {
            Err(RecvTimeoutError::Timeout) => {}
            came => return came.ok(),
        }
    }
    orders.recv().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use flowtwin_lab::Temperature;

    use super::super::doubles::Acts;
    use super::*;
    use crate::instrument::Heater;

    /// A heater on a wire that nobody answers: it waits until it must give up, and records its commands.
    struct Deaf(Hurry, Arc<Mutex<Vec<&'static str>>>);

    impl Deaf {
        fn told(&mut self, what: &'static str) -> Result<(), FaultKind> {
            self.1.lock().unwrap().push(what);
            let hour = Duration::from_secs(3600);
            while !self.0.grants(hour).is_zero() {
                thread::sleep(Duration::from_millis(1));
            }
            Err(FaultKind::NoReply { waited_s: 3600.0 })
        }
    }

    impl Heater for Deaf {
        fn heat(&mut self, _: Temperature) -> Result<(), FaultKind> {
            self.told("heat")
        }
        fn off(&mut self) -> Result<(), FaultKind> {
            self.told("off")
        }
        fn temperature_c(&mut self) -> Result<f64, FaultKind> {
            Ok(20.0)
        }
        fn power_percent(&mut self) -> Result<f64, FaultKind> {
            panic!("a driver that fails")
        }
    }

    fn deaf() -> (Worker, Arc<Mutex<Vec<&'static str>>>) {
        let told = Arc::default();
        let noted = Arc::clone(&told);
        let worker = Worker::start(move |hurry| {
            let mut instruments = Instruments::default();
            let heater = Deaf(hurry.clone(), noted);
            instruments.heaters.insert("plate".into(), Box::new(heater));
            instruments
        });
        (worker, told)
    }

    fn heat() -> Order {
        let set_point_c = Temperature::from_c(100.0);
        Order::Do(flowtwin_lab::Command::Heat { heater: "plate".into(), set_point_c })
    }

    fn read() -> Order {
        let kind = flowtwin_lab::SensorKind::Temperature("plate".into());
        Order::Read(kind, "plate.temperature".into())
    }

    #[test]
    fn an_instrument_that_does_not_answer_is_given_up_when_somebody_says_so() {
        let (mut worker, told) = deaf();
        // Somebody says so once the instrument is being asked.
        let mut interrupted = || match told.lock().unwrap().is_empty() {
            true => Ok(()),
            false => Err(FaultKind::Interrupted),
        };
        let answered = worker.ask(&heat(), None, &mut interrupted);
        assert_eq!(answered, Err(FaultKind::Interrupted), "not that it gave no reply");
        assert_eq!(worker.ask(&read(), None, &mut || Ok(())), Ok(Answer::Reading(20.0)));
        assert_eq!(*told.lock().unwrap(), ["heat"]);
    }

    #[test]
    fn both_ways_to_a_safe_heater_are_tried_in_the_time_there_is() {
        let (mut worker, told) = deaf();
        let safe = [("plate".into(), Temperature::from_c(25.0))].into();
        let until = Instant::now() + Duration::from_millis(100);
        worker.begin_safe(&Order::MakeSafe(safe), until);
        let left = loop {
            if let Some(left) = worker.end_safe(Instant::now() + LOOK) {
                break left;
            }
        };
        let Ok(Answer::Left(left)) = left else { panic!("{left:?}") };
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(*told.lock().unwrap(), ["heat", "off"]);
        assert_eq!(worker.end_safe(Instant::now()), None, "it is told once");
    }

    #[test]
    fn making_safe_comes_before_what_is_under_way_and_is_not_begun_twice() {
        let (mut worker, told) = deaf();
        worker.tell(heat(), None).unwrap();
        worker.tell(heat(), None).unwrap();
        let until = Instant::now();
        worker.begin_safe(&Order::MakeSafe([].into()), until);
        worker.begin_safe(&Order::MakeSafe([].into()), until);
        while worker.end_safe(Instant::now() + LOOK).is_none() {}
        let told = told.lock().unwrap().clone();
        assert!(told == ["off"] || told == ["heat", "off"], "{told:?}");
        assert_eq!(worker.last, 3);
    }

    /// A worker whose heater answers when the test says so, whatever the hurry.
    fn late() -> (Worker, Sender<()>, Arc<Mutex<Vec<&'static str>>>) {
        let (says_so, waits) = channel();
        let told: Arc<Mutex<Vec<_>>> = Arc::default();
        let noted = Arc::clone(&told);
        let worker = Worker::start(move |_| {
            let mut instruments = Instruments::default();
            let heater = Acts(move |what| {
                noted.lock().unwrap().push(what);
                let _gone = waits.recv();
                Ok(())
            });
            instruments.heaters.insert("plate".into(), Box::new(heater));
            instruments
        });
        (worker, says_so, told)
    }

    #[test]
    fn an_answer_to_an_order_that_was_given_up_is_not_taken_for_that_to_the_next() {
        let (mut worker, says_so, told) = late();
        let mut begun = || match told.lock().unwrap().is_empty() {
            true => Ok(()),
            false => Err(FaultKind::Interrupted),
        };
        let given_up = worker.ask(&heat(), None, &mut begun);
        assert_eq!(given_up, Err(FaultKind::Interrupted), "it does not hear that");
        says_so.send(()).unwrap();
        assert_eq!(worker.ask(&read(), None, &mut || Ok(())), Ok(Answer::Reading(20.0)));
    }

    #[test]
    fn an_order_has_the_time_until_its_deadline() {
        let (mut worker, says_so, _) = late();
        let (until, mut looks) = (Instant::now() + Duration::from_secs(3600), 0);
        let mut third = || {
            looks += 1;
            if looks == 3 { says_so.send(()).map_err(|_| FaultKind::Stalled) } else { Ok(()) }
        };
        assert_eq!(worker.ask(&heat(), Some(until), &mut third), Ok(Answer::Done));
    }

    /// Whoever closes a cable that hangs does not wait for it.
    #[test]
    fn a_thread_ends_with_its_worker_whatever_its_instruments_do() {
        let (mut worker, told) = deaf();
        worker.tell(heat(), None).unwrap();
        worker.tell(heat(), None).unwrap();
        while told.lock().unwrap().is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        drop(worker);
        while Arc::strong_count(&told) > 1 {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(*told.lock().unwrap(), ["heat"], "the second is not begun");
    }

    /// Half of the time belongs to the first way, all that is left to the second.
    #[test]
    fn both_ways_to_a_safe_heater_have_their_time() {
        let ((sender, granted), days) = (channel(), Duration::from_secs(1_000_000));
        let mut worker = Worker::start(move |hurry| {
            hurry.replies_within(days);
            let (mut instruments, hurry) = (Instruments::default(), hurry.clone());
            let heater = Acts(move |_| {
                sender.send(hurry.grants(Duration::MAX)).unwrap();
                Err(FaultKind::NotReady)
            });
            instruments.heaters.insert("plate".into(), Box::new(heater));
            instruments
        });
        let safe = [("plate".into(), Temperature::from_c(25.0))].into();
        let until = Instant::now() + days;
        worker.begin_safe(&Order::MakeSafe(safe), until);
        let nearly = |share: f64| {
            let of = granted.recv().unwrap().as_secs_f64() / days.as_secs_f64();
            assert!((share - 0.01..=share).contains(&of), "{of} for {share}");
        };
        nearly(0.5);
        nearly(1.0);
    }

    #[test]
    fn an_order_that_must_be_done_by_a_moment_is_given_up_then() {
        let (mut worker, _) = deaf();
        let until = Some(Instant::now());
        let answered = worker.ask(&heat(), until, &mut || Ok(()));
        assert!(matches!(answered, Err(FaultKind::NoReply { .. })), "{answered:?}");
    }

    #[test]
    fn a_driver_that_panics_is_a_lost_link() {
        let (mut worker, _) = deaf();
        let kind = flowtwin_lab::SensorKind::Power("plate".into());
        let order = Order::Read(kind, "plate.power".into());
        for _ in 0..2 {
            let answered = worker.ask(&order, None, &mut || Ok(()));
            assert!(matches!(answered, Err(FaultKind::LinkLost { .. })), "{answered:?}");
        }
    }
}
