//! A trial as a queue, simulated: slots that are handed on, a client whose CPU does one thing
//! after the other, a server likewise, and the delays between.
//!
//! A request of a slot passes the client's CPU (half of its cost), the server's CPU (half), waits
//! for its delay, and comes back through the server and the client (the other halves). Whoever
//! comes to a CPU first is served first. Without any cost this is the ideal schedule of the model.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::strategy::Strategy;
use crate::strategy::model::Next;

/// Order in which requests follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The next in index order, of this many at once.
    List(usize),
    /// The next of the worker's own share: `i`, `i + slots`, …
    Split(usize),
    /// Batches of this many: the next begins when all of the one before have ended.
    Batches(usize),
}

impl Order {
    /// The order of a strategy for this many requests, with `streams` at once on an HTTP/2
    /// connection. A cap on connections hands them on in index order, whatever the model does. The
    /// order of a model without one means nothing: it is not predicted.
    pub(super) fn of(strategy: &Strategy, requests: usize, streams: u32) -> Order {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        let slots = strategy.concurrency(requests, streams).max(1);
        let is_capped = slots < strategy.asked(requests);
        match strategy.model.known().and_then(|model| model.next) {
            Some(Next::OwnShare) if !is_capped => Order::Split(slots as usize),
            Some(Next::Batch) if !is_capped => Order::Batches(slots as usize),
            _ => Order::List(slots as usize),
        }
    }

    /// Requests at once at most.
    pub(super) fn slots(self) -> usize {
        match self {
            Order::List(slots) | Order::Split(slots) | Order::Batches(slots) => slots,
        }
    }
}

/// The CPUs that requests pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cpus {
    /// CPUs that the client can use at once, at least one.
    pub(super) client: usize,
    /// Whether the server has none of its own, so that both pass the client's.
    pub(super) shared: bool,
}

/// Cost of requests, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Cost {
    /// CPU time of the client before the first request.
    pub(super) fixed: f64,
    /// CPU time of the client for each request.
    pub(super) client: f64,
    /// CPU time of the server for each request.
    pub(super) server: f64,
    /// Time of each request beyond its delay that is no CPU time of either.
    pub(super) extra: f64,
}

impl Cost {
    /// This cost with all CPU time longer by a factor.
    pub(super) fn stretched(self, by: f64) -> Cost {
        Cost { fixed: self.fixed * by, client: self.client * by, server: self.server * by, ..self }
    }

    /// This cost as time of requests, none of it of a CPU: what is left is the schedule.
    pub(super) fn without_queues(self) -> Cost {
        Cost { extra: self.extra + self.client + self.server, ..Cost::default() }
    }
}

/// Next station of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Send,
    Serve,
    Answer,
    Receive,
}

/// Time, number (of two at the same time the first to be known comes first), request, place.
type Event = Reverse<(u64, u64, usize, Stage)>;

/// CPUs that take what comes in the order in which it comes.
struct Station {
    free_at: Vec<u64>,
}

impl Station {
    fn new(cpus: usize, from: u64) -> Station {
        Station { free_at: vec![from; cpus.max(1)] }
    }

    /// When work that comes at `at` is done.
    fn pass(&mut self, at: u64, cost: u64) -> u64 {
        let cpu = self.free_at.iter_mut().min().expect("a station has a CPU");
        *cpu = at.max(*cpu) + cost;
        *cpu
    }
}

/// Wall time of requests with these waits, in nanoseconds.
pub(super) fn wall_ns(waits: &[u64], order: Order, cpus: Cpus, cost: Cost) -> u64 {
    Queue::new(waits, order, cpus, cost).run()
}

struct Queue<'a> {
    waits: &'a [u64],
    order: Order,
    shared: bool,
    /// Time left to pass of each half, rounded so that the two are the whole.
    client: [u64; 2],
    server: [u64; 2],
    extra: u64,
    client_cpus: Station,
    server_cpu: Station,
    events: BinaryHeap<Event>,
    number: u64,
    next: usize,
    /// State of a batch: requests that are under way, and the end of the last of the others.
    under_way: usize,
    end: u64,
}

impl<'a> Queue<'a> {
    fn new(waits: &'a [u64], order: Order, cpus: Cpus, cost: Cost) -> Queue<'a> {
        let halves = |ns: f64| {
            let whole = ns.round() as u64;
            [whole / 2, whole - whole / 2]
        };
        let start = (cost.fixed / cpus.client.max(1) as f64).round() as u64;
        Queue {
            waits,
            order,
            shared: cpus.shared,
            client: halves(cost.client),
            server: halves(cost.server),
            extra: cost.extra.round() as u64,
            client_cpus: Station::new(cpus.client, start),
            server_cpu: Station::new(1, 0),
            events: BinaryHeap::with_capacity(order.slots().min(waits.len())),
            number: 0,
            next: 0,
            under_way: 0,
            end: start,
        }
    }

    fn run(mut self) -> u64 {
        self.begin_next(self.order.slots(), 0);
        while let Some(Reverse((at, _, index, stage))) = self.events.pop() {
            match stage {
                Stage::Send => {
                    let sent = self.client_cpus.pass(at, self.client[0]);
                    // A server without cost is nothing to queue for.
                    if self.server[1] == 0 {
                        self.push(sent + self.waits[index] + self.extra, index, Stage::Receive);
                    } else {
                        self.push(sent, index, Stage::Serve);
                    }
                }
                Stage::Serve => {
                    let taken = self.pass_server(at, self.server[0]);
                    self.push(taken + self.waits[index], index, Stage::Answer);
                }
                Stage::Answer => {
                    let answered = self.pass_server(at, self.server[1]);
                    self.push(answered + self.extra, index, Stage::Receive);
                }
                Stage::Receive => {
                    let end = self.client_cpus.pass(at, self.client[1]);
                    self.ended(index, end);
                }
            }
        }
        self.end
    }

    fn pass_server(&mut self, at: u64, cost: u64) -> u64 {
        let station = if self.shared { &mut self.client_cpus } else { &mut self.server_cpu };
        station.pass(at, cost)
    }

    fn ended(&mut self, index: usize, end: u64) {
        self.end = self.end.max(end);
        match self.order {
            Order::List(_) => self.begin_next(1, end),
            Order::Split(slots) => {
                if index + slots < self.waits.len() {
                    self.push(end, index + slots, Stage::Send);
                }
            }
            Order::Batches(slots) => {
                self.under_way -= 1;
                if self.under_way == 0 {
                    self.begin_next(slots, self.end);
                }
            }
        }
    }

    fn begin_next(&mut self, requests: usize, at: u64) {
        let until = (self.next + requests).min(self.waits.len());
        for index in self.next..until {
            self.push(at, index, Stage::Send);
        }
        self.under_way += until - self.next;
        self.next = until;
    }

    fn push(&mut self, at: u64, index: usize, stage: Stage) {
        self.number += 1;
        self.events.push(Reverse((at, self.number, index, stage)));
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;
    use crate::strategy::model::{self, LimitRule};
    use crate::strategy::{Strategy, library};

    const ALONE: Cpus = Cpus { client: 1, shared: false };

    fn strategy(model: &'static model::Model, limit: u32, connections: Option<u32>) -> Strategy {
        let limit = (model.limit == LimitRule::Required).then_some(limit);
        let mut libraries = library::of_flavour(model.flavour());
        let library = libraries
            .find(|l| connections.is_none() || l.bounds_connections)
            .unwrap_or_else(|| library::of_flavour(model.flavour()).next().expect("a library"));
        let wanted = Strategy {
            limit: limit.and_then(NonZeroU32::new),
            max_connections: connections
                .filter(|_| library.bounds_connections)
                .and_then(NonZeroU32::new),
            ..Strategy::of("it", model, library)
        };
        wanted.checked().expect("a valid strategy")
    }

    #[test]
    fn a_cpu_does_one_thing_after_the_other() {
        let cost = Cost { client: 10.0, ..Cost::default() };
        // Four sends of 5, the first answer comes at 5, when three sends are before it.
        assert_eq!(wall_ns(&[0; 4], Order::List(4), ALONE, cost), 40);
        assert_eq!(wall_ns(&[0; 4], Order::List(4), Cpus { client: 2, ..ALONE }, cost), 20);
        assert_eq!(wall_ns(&[100; 4], Order::List(4), ALONE, cost), 125);
        assert_eq!(wall_ns(&[100; 4], Order::List(1), ALONE, cost), 440);
        let both = Cost { fixed: 7.0, server: 6.0, ..cost };
        assert_eq!(wall_ns(&[100], Order::List(1), ALONE, both), 123);
        let shared = Cpus { client: 1, shared: true };
        assert_eq!(wall_ns(&[0; 4], Order::List(4), shared, both), 7 + 64);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn without_cost_it_is_the_ideal_of_every_model(
            waits in prop::collection::vec(0u64..1_000, 1..60),
            limit in 1u32..70,
            connections in prop::option::of(1u32..20),
        ) {
            for model in model::ALL.iter().filter(|model| model.next.is_some()) {
                let strategy = strategy(model, limit, connections);
                let order = Order::of(&strategy, waits.len(), 200);
                prop_assert_eq!(
                    wall_ns(&waits, order, ALONE, Cost::default()),
                    strategy.ideal(&waits, 200).expect("a known model").wall_ns,
                    "{}", model.name
                );
            }
        }

        #[test]
        fn the_wall_is_between_the_largest_bound_and_the_sum_of_all(
            waits in prop::collection::vec(0u64..1_000, 1..60),
            slots in 1usize..70,
            client in 0u32..200,
            server in 0u32..200,
        ) {
            // Even numbers, so that halves are exact.
            let cost = Cost {
                client: f64::from(client * 2),
                server: f64::from(server * 2),
                ..Cost::default()
            };
            let n = waits.len() as u64;
            for order in [Order::List(slots), Order::Split(slots), Order::Batches(slots)] {
                let wall = wall_ns(&waits, order, ALONE, cost);
                let (client, server) = (n * u64::from(client) * 2, n * u64::from(server) * 2);
                prop_assert!(wall >= client.max(server));
                let longest = waits.iter().max().copied().unwrap_or(0);
                prop_assert!(wall >= longest);
                prop_assert!(wall <= client + server + waits.iter().sum::<u64>());
            }
            // One at a time waits for nothing but itself.
            let alone = wall_ns(&waits, Order::List(1), ALONE, cost);
            prop_assert_eq!(alone, wall_ns(&waits, Order::List(1), ALONE, cost.without_queues()));
        }
    }

    proptest! {
        // Each case simulates twenty thousand requests.
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn many_slots_take_the_larger_of_schedule_and_cpu(
            seed in 0u64..1_000, slots in 200usize..400, client in 1u64..20,
        ) {
            // Where the two are equal, they add up to 15 % (and the more, the fewer slots there are).
            let waits: Vec<u64> =
                (0..10_000u64).map(|i| (i * 7_919 + seed * 104_729) % 2_000).collect();
            let cost = Cost { client: client as f64, ..Cost::default() };
            let wall = wall_ns(&waits, Order::List(slots), ALONE, cost) as f64;
            let schedule = wall_ns(&waits, Order::List(slots), ALONE, cost.without_queues()) as f64;
            let cpu = (10_000 * client) as f64;
            prop_assert!(wall >= cpu && wall >= 0.99 * schedule);
            prop_assert!(wall <= 1.15 * schedule.max(cpu), "{} of {} and {}", wall, schedule, cpu);
        }
    }
}
