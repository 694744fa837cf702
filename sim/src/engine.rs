//! The event queue: integer time, first come first served at equal times, cancellation.
//!
//! A four-ary implicit heap of packed 16-byte keys, so that the four children of a node share one
//! cache line and one comparison orders time and ticket at once. Events stay in a slab beside it
//! and never move. Taking the first event leaves a hole at the root, which the next event scheduled
//! fills: a simulation that schedules one event for each it takes sifts once, not twice. A
//! cancelled event leaves its key behind, to be dropped when it surfaces.

use flowtwin_lab::Instant;

/// Children of a node.
const ARITY: usize = 4;
/// Bits of a key that name the slot of the event; the bits above are the order of scheduling.
const SLOT_BITS: u32 = 24;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;

/// A claim on a scheduled event, by which it can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// A queue of events in order of time, and in order of scheduling at equal times.
#[derive(Clone, Debug)]
pub struct Engine<E> {
    now: Instant,
    scheduled: u64,
    taken: u64,
    heap: Vec<u128>,
    /// Whether the root has been taken and not yet been replaced.
    hole: bool,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    cancelled: usize,
}

#[derive(Clone, Debug)]
struct Slot<E> {
    ticket: u64,
    event: Option<E>,
}

impl<E> Default for Engine<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Engine<E> {
    /// An empty queue at the start of the run.
    pub fn new() -> Self {
        Self {
            now: Instant::START,
            scheduled: 0,
            taken: 0,
            heap: Vec::new(),
            hole: false,
            slots: Vec::new(),
            free: Vec::new(),
            cancelled: 0,
        }
    }

    /// The time of the event taken last, or the limit up to which there was none.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Number of events taken so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Number of events that wait.
    pub fn len(&self) -> usize {
        self.heap.len() - usize::from(self.hole) - self.cancelled
    }

    /// Whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts an event into the queue, behind all events of the same moment.
    ///
    /// # Panics
    /// If `at` lies in the past, or more than 2²⁴ events wait.
    #[inline]
    pub fn schedule(&mut self, at: Instant, event: E) -> Ticket {
        assert!(at >= self.now, "an event at {at} lies before {}", self.now);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { ticket: 0, event: None });
            (self.slots.len() - 1) as u32
        });
        assert!(u64::from(slot) <= SLOT_MASK, "too many events wait");
        let ticket = (self.scheduled << SLOT_BITS) | u64::from(slot);
        self.scheduled += 1;
        self.slots[slot as usize] = Slot { ticket, event: Some(event) };
        let key = (u128::from(at.as_nanos()) << 64) | u128::from(ticket);
        if self.hole {
            self.hole = false;
            self.sift_down(key);
        } else {
            self.heap.push(key);
            self.sift_up(key);
        }
        Ticket(ticket)
    }

    /// Takes an event out of the queue; false where it has been taken or cancelled already.
    pub fn cancel(&mut self, ticket: Ticket) -> bool {
        let slot = &mut self.slots[(ticket.0 & SLOT_MASK) as usize];
        let cancelled = slot.ticket == ticket.0 && slot.event.take().is_some();
        self.cancelled += usize::from(cancelled);
        cancelled
    }

    /// Takes the first event that is due up to `limit`, and moves `now` to its time; without one,
    /// to `limit`.
    #[inline]
    pub fn next_until(&mut self, limit: Instant) -> Option<(Instant, E)> {
        loop {
            self.fill_hole();
            let Some(&first) = self.heap.first() else {
                self.now = self.now.max(limit);
                return None;
            };
            let at = Instant::from_nanos((first >> 64) as u64);
            if at > limit {
                self.now = self.now.max(limit);
                return None;
            }
            self.hole = true;
            let slot = (first as u64 & SLOT_MASK) as u32;
            self.free.push(slot);
            if let Some(event) = self.slots[slot as usize].event.take() {
                self.now = at;
                self.taken += 1;
                return Some((at, event));
            }
            self.cancelled -= 1;
        }
    }

    #[inline]
    fn fill_hole(&mut self) {
        if self.hole {
            self.hole = false;
            let last = self.heap.pop().expect("a hole is a place in the heap");
            if !self.heap.is_empty() {
                self.sift_down(last);
            }
        }
    }

    #[inline]
    fn sift_up(&mut self, key: u128) {
        let mut at = self.heap.len() - 1;
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.heap[parent] <= key {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = key;
    }

    /// Puts `key` in the place of the root and moves it down to where it belongs.
    #[inline]
    fn sift_down(&mut self, key: u128) {
        let heap = &mut self.heap[..];
        let mut at = 0;
        loop {
            let child = ARITY * at + 1;
            let least = if let Some(&[a, b, c, d]) = heap.get(child..child + ARITY) {
                let (left, left_key) = if b < a { (1, b) } else { (0, a) };
                let (right, right_key) = if d < c { (3, d) } else { (2, c) };
                child + if right_key < left_key { right } else { left }
            } else {
                let Some(least) = (child..heap.len()).min_by_key(|&i| heap[i]) else {
                    break;
                };
                least
            };
            if heap[least] >= key {
                break;
            }
            heap[at] = heap[least];
            at = least;
        }
        heap[at] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    const END: Instant = Instant::from_nanos(u64::MAX);

    #[test]
    fn equal_times_run_in_order_of_scheduling() {
        let mut engine = Engine::new();
        for i in 0..100 {
            engine.schedule(at(7), i);
        }
        let order: Vec<i32> = std::iter::from_fn(|| engine.next_until(END)).map(|e| e.1).collect();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_beyond_the_limit_is_taken_and_time_moves_to_it() {
        let mut engine = Engine::new();
        engine.schedule(at(10), "later");
        assert_eq!(engine.next_until(at(9)), None);
        assert_eq!(engine.now(), at(9));
        assert_eq!(engine.next_until(at(10)), Some((at(10), "later")));
    }

    #[test]
    fn a_cancelled_event_never_comes_and_is_cancelled_once() {
        let mut engine = Engine::new();
        let first = engine.schedule(at(1), 1);
        engine.schedule(at(2), 2);
        assert!(engine.cancel(first));
        assert!(!engine.cancel(first));
        assert_eq!(engine.next_until(END), Some((at(2), 2)));
        let third = engine.schedule(at(3), 3);
        assert_eq!(engine.next_until(END), Some((at(3), 3)));
        assert!(!engine.cancel(third));
        assert!(engine.is_empty());
    }

    #[test]
    #[should_panic(expected = "lies before")]
    fn the_past_is_closed() {
        let mut engine = Engine::new();
        engine.schedule(at(5), ());
        engine.next_until(END);
        engine.schedule(at(4), ());
    }

    proptest! {
        /// Against a sorted list, with cancellations and takes mixed in.
        #[test]
        fn any_sequence_comes_out_as_from_a_sorted_list(
            steps in prop::collection::vec((0_u64..50, 0_u8..4), 1..400),
        ) {
            let mut engine = Engine::new();
            let mut model: Vec<(u64, usize, Ticket)> = Vec::new();
            for (number, (delay, kind)) in steps.into_iter().enumerate() {
                match kind {
                    0 | 1 => {
                        let due = engine.now().as_nanos() + delay;
                        let ticket = engine.schedule(at(due), number);
                        model.push((due, number, ticket));
                    }
                    2 if !model.is_empty() => {
                        let (_, _, ticket) = model.remove(delay as usize % model.len());
                        prop_assert!(engine.cancel(ticket));
                    }
                    _ => {
                        model.sort_by_key(|&(due, number, _)| (due, number));
                        let expected = (!model.is_empty()).then(|| model.remove(0));
                        let limit = expected.map_or(engine.now(), |(due, ..)| at(due));
                        let taken = engine.next_until(limit);
                        prop_assert_eq!(taken, expected.map(|(due, n, _)| (at(due), n)));
                    }
                }
                prop_assert_eq!(engine.len(), model.len());
            }
        }
    }
}
