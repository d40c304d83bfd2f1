//! Calibration of the simulation: measured walls are longer than the queue of delays and CPU time.

use super::queue::{Cost, Cpus, Order, wall_ns};

/// A side that is busy for this share of the simulated wall decides how long a trial takes: what is
/// missing is then time in which it could not work. Below, slots decide, and what is missing is
/// time of the requests. Near the border both give nearly the same.
const SATURATED: f64 = 0.9;

/// The wall of the simulation comes this near to the measured one.
const TOLERANCE: f64 = 2e-4;

/// Steps at most; the wall is nearly a straight line in what is searched, so a few suffice.
const STEPS: usize = 40;

/// A recorded cell, ready to be simulated.
pub(super) struct Recorded<'a> {
    pub(super) waits: &'a [u64],
    pub(super) order: Order,
    pub(super) cpus: Cpus,
}

impl Recorded<'_> {
    fn wall(&self, cost: Cost) -> f64 {
        wall_ns(self.waits, self.order, self.cpus, cost) as f64
    }

    /// Whether a CPU rather than the slots decides how long this takes.
    pub(super) fn is_saturated(&self, cost: Cost) -> bool {
        let n = self.waits.len() as f64;
        let client = (cost.fixed + n * cost.client) / self.cpus.client as f64;
        let server = n * cost.server;
        let busy = if self.cpus.shared { client + server } else { client.max(server) };
        busy >= SATURATED * self.wall(cost)
    }

    /// The cost with which the simulation takes as long as was measured. Where a CPU is saturated,
    /// its work takes longer or shorter; where it is not, requests take longer. A measured wall
    /// below the simulated one then leaves them as they are.
    pub(super) fn calibrated(&self, cost: Cost, measured_ns: f64, saturated: bool) -> Cost {
        let plain = self.wall(cost);
        if plain <= 0.0 || measured_ns <= 0.0 {
            return cost;
        }
        if saturated {
            // Time that is not CPU time does not stretch, so the ratio of the walls is a start only.
            let ratio = measured_ns / plain;
            let range = if ratio < 1.0 { (0.0, 1.0) } else { (1.0, ratio) };
            return cost.stretched(self.search(range, measured_ns, |by| cost.stretched(by)));
        }
        if plain >= measured_ns {
            return cost;
        }
        let per_slot = (self.waits.len() as f64 / self.order.slots() as f64).max(1.0);
        let with = |extra: f64| Cost { extra, ..cost };
        with(self.search((0.0, (measured_ns - plain) / per_slot), measured_ns, with))
    }

    /// The value with whose cost the wall is as measured: false position in its Illinois
    /// form, where an end that stays twice counts half. The upper end is moved until the wall is
    /// long enough; a wall that is never short enough gives the lower end.
    fn search(&self, ends: (f64, f64), measured_ns: f64, cost: impl Fn(f64) -> Cost) -> f64 {
        let missing = |x: f64| self.wall(cost(x)) - measured_ns;
        let (mut low, mut high) = ends;
        let (mut below, mut above) = (missing(low), missing(high));
        if below >= 0.0 {
            return low;
        }
        while above < 0.0 {
            (low, below) = (high, above);
            high *= 2.0;
            above = missing(high);
        }
        let mut last = 0;
        for _ in 0..STEPS {
            let next = (low * above - high * below) / (above - below);
            let at = missing(next);
            if at.abs() <= TOLERANCE * measured_ns {
                return next;
            }
            if at < 0.0 {
                (low, below) = (next, at);
                above /= if last == -1 { 2.0 } else { 1.0 };
                last = -1;
            } else {
                (high, above) = (next, at);
                below /= if last == 1 { 2.0 } else { 1.0 };
                last = 1;
            }
        }
        (low + high) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn a_known_overhead_is_found_again(
            waits in prop::collection::vec(1_000_000u64..9_000_000, 40..120),
            slots in 1usize..20,
            extra in 1_000u32..500_000,
        ) {
            let cpus = Cpus { client: 1, shared: false };
            let cost = Cost { client: 2_000.0, server: 1_000.0, ..Cost::default() };
            for order in [Order::List(slots), Order::Split(slots), Order::Batches(slots)] {
                let recorded = Recorded { waits: &waits, order, cpus };
                let truth = Cost { extra: f64::from(extra), ..cost };
                let measured = recorded.wall(truth);
                let found = recorded.calibrated(cost, measured, recorded.is_saturated(cost));
                let again = recorded.wall(found);
                prop_assert!((again / measured - 1.0).abs() < 1e-3, "{} {}", again, measured);
            }
        }

        #[test]
        fn a_cpu_that_was_not_always_there_is_found_again(
            n in 200usize..400, client in 10_000u32..90_000, percent in 0u32..40,
        ) {
            let waits = vec![1_000; n];
            let cpus = Cpus { client: 1, shared: false };
            let recorded = Recorded { waits: &waits, order: Order::List(50), cpus };
            let cost = Cost { client: f64::from(client), ..Cost::default() };
            prop_assert!(recorded.is_saturated(cost));
            let measured = recorded.wall(cost) * (1.0 + f64::from(percent) / 100.0);
            let found = recorded.calibrated(cost, measured, true);
            prop_assert!((recorded.wall(found) / measured - 1.0).abs() < 1e-2);
            prop_assert_eq!(found.extra, 0.0);
        }
    }

    #[test]
    fn a_wall_below_the_simulated_one_adds_nothing() {
        let waits = [1_000_000; 10];
        let cpus = Cpus { client: 1, shared: false };
        let recorded = Recorded { waits: &waits, order: Order::List(2), cpus };
        let cost = Cost { client: 100.0, ..Cost::default() };
        assert_eq!(recorded.calibrated(cost, 4_000_000.0, false), cost);
    }
}
