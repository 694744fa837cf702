//! The event queue in the hold model: take the first event, schedule one a random while later.
//!
//! Beside the simulator's own queue stand two yardsticks: the standard library's `BinaryHeap` with
//! the same ordering by (time, ticket), and nexosim, whose events pass through mailboxes and an
//! executor as well.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use divan::counter::ItemsCount;
use flowtwin_lab::{Instant, Span};
use flowtwin_sim::Engine;
use nexosim::model::{Context, Model, schedulable};
use nexosim::simulation::{Mailbox, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

const HOLDS: u32 = 100_000;
const PENDING: [usize; 4] = [10, 100, 1_000, 10_000];

fn main() {
    divan::main();
}

/// A small generator, the same for all queues, that costs next to nothing.
#[derive(Serialize, Deserialize)]
struct Pauses(u64);

impl Pauses {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 40
    }
}

#[divan::bench(args = PENDING)]
fn engine(bencher: divan::Bencher<'_, '_>, pending: usize) {
    let (mut engine, mut pauses) = (Engine::new(), Pauses(0x9e37_79b9_7f4a_7c15));
    for event in 0..pending {
        engine.schedule(Instant::from_nanos(pauses.next()), event as u32);
    }
    let end = Instant::from_nanos(u64::MAX);
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(|| {
        for _ in 0..HOLDS {
            let (now, event) = engine.next_until(end).expect("one is scheduled for each taken");
            engine.schedule(now + Span::from_nanos(pauses.next()), event);
        }
    });
}

#[divan::bench(args = PENDING)]
fn binary_heap(bencher: divan::Bencher<'_, '_>, pending: usize) {
    let (mut heap, mut pauses) = (BinaryHeap::new(), Pauses(0x9e37_79b9_7f4a_7c15));
    let mut ticket = 0_u64;
    for event in 0..pending {
        heap.push(Reverse((pauses.next(), ticket, event as u32)));
        ticket += 1;
    }
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(|| {
        for _ in 0..HOLDS {
            let Reverse((now, _, event)) = heap.pop().expect("one is pushed for each popped");
            heap.push(Reverse((now + pauses.next(), ticket, event)));
            ticket += 1;
        }
    });
}

#[divan::bench(args = PENDING)]
fn engine_with_cancellation(bencher: divan::Bencher<'_, '_>, pending: usize) {
    let (mut engine, mut pauses) = (Engine::new(), Pauses(0x9e37_79b9_7f4a_7c15));
    for event in 0..pending {
        engine.schedule(Instant::from_nanos(pauses.next()), event as u32);
    }
    let end = Instant::from_nanos(u64::MAX);
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(|| {
        for _ in 0..HOLDS {
            let (now, event) = engine.next_until(end).expect("one is scheduled for each taken");
            let dropped = engine.schedule(now + Span::from_nanos(pauses.next()), event);
            engine.cancel(dropped);
            engine.schedule(now + Span::from_nanos(pauses.next()), event);
        }
    });
}

/// A model that schedules one event for each that it is given.
#[derive(Serialize, Deserialize)]
struct Holder {
    pending: usize,
    pauses: Pauses,
}

#[Model]
impl Holder {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>, _: &mut ()) {
        for event in 0..self.pending {
            self.hold(event as u32, context);
        }
    }

    #[nexosim(schedulable)]
    fn hold(&mut self, event: u32, context: &Context<Self>) {
        let pause = Duration::from_nanos(self.pauses.next() + 1);
        context
            .schedule_event(pause, schedulable!(Self::hold), event)
            .expect("the pause is positive");
    }
}

fn simulation(pending: usize) -> Simulation {
    let holder = Holder { pending, pauses: Pauses(0x9e37_79b9_7f4a_7c15) };
    SimInit::with_num_threads(1)
        .add_model(holder, Mailbox::new(), "holder")
        .init(MonotonicTime::EPOCH)
        .expect("one model is a valid bench")
}

#[divan::bench(args = PENDING)]
fn nexosim(bencher: divan::Bencher<'_, '_>, pending: usize) {
    let mut simulation = simulation(pending);
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(|| {
        for _ in 0..HOLDS {
            simulation.step().expect("there is always a next event");
        }
    });
}
