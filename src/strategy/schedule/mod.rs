//! Ideal schedules: when requests would start and end if nothing but the delays took time.
//!
//! Every function takes the planned delays in request order, in nanoseconds. How schedules look if
//! requests come at moments of their own is in [`open`].

pub mod open;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU32;

/// Wall time and concurrency of a schedule without overhead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// From the start of the window to the end of the last request, in nanoseconds.
    pub wall_ns: u64,
    /// Requests in flight at the busiest moment, those with a delay of zero left out (they take
    /// no time here, so they overlap with nothing).
    pub peak: u32,
}

/// Start and end of each request of a schedule, in request order, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spans(Vec<(u64, u64)>);

impl Spans {
    /// Wall time and concurrency.
    pub fn schedule(self) -> Schedule {
        of_spans(self.0)
    }

    /// Ideal latencies of requests that come at these moments: from the moment at which each is wanted to
    /// its last byte, in request order.
    pub fn latencies_ns(&self, arrivals: &[u64]) -> Vec<u64> {
        let wanted = self.0.iter().zip(arrivals);
        wanted.map(|(&(_, end), &arrival)| end.saturating_sub(arrival)).collect()
    }
}

/// One request after the other.
pub fn one_by_one(delays: &[u64]) -> Schedule {
    Schedule { wall_ns: delays.iter().sum(), peak: u32::from(delays.iter().any(|&d| d > 0)) }
}

/// All requests at time zero.
pub fn all_at_once(delays: &[u64]) -> Schedule {
    let waiting = delays.iter().filter(|&&d| d > 0).count();
    Schedule { wall_ns: delays.iter().copied().max().unwrap_or(0), peak: to_u32(waiting) }
}

/// `slots` workers with a fixed share each: worker `i` takes requests `i`, `i + slots`, …
pub fn strided(delays: &[u64], slots: NonZeroU32) -> Schedule {
    let slots = slots.get() as usize;
    let mut free_at = vec![0u64; slots.min(delays.len())];
    let spans = delays.iter().enumerate().map(|(i, &delay)| {
        let start = free_at[i % slots];
        free_at[i % slots] += delay;
        (start, start + delay)
    });
    of_spans(spans.collect())
}

/// `slots` requests at time zero, the next `slots` when all of these have ended, …
pub fn batches(delays: &[u64], slots: NonZeroU32) -> Schedule {
    let batches = delays.chunks(slots.get() as usize).map(all_at_once);
    batches.fold(Schedule { wall_ns: 0, peak: 0 }, |sum, batch| Schedule {
        wall_ns: sum.wall_ns + batch.wall_ns,
        peak: sum.peak.max(batch.peak),
    })
}

/// Graham's list schedule: each request, in index order, goes to the slot that is free first.
pub fn list(delays: &[u64], slots: NonZeroU32) -> Schedule {
    let slots = (slots.get() as usize).min(delays.len());
    let mut free_at: BinaryHeap<Reverse<u64>> = (0..slots).map(|_| Reverse(0)).collect();
    let mut spans = Vec::with_capacity(delays.len());
    for &delay in delays {
        let Some(mut slot) = free_at.peek_mut() else {
            break;
        };
        let start = slot.0;
        slot.0 = start + delay;
        spans.push((start, start + delay));
    }
    of_spans(spans)
}

/// Lower bound of the wall time of any schedule with this concurrency, in nanoseconds, rounded
/// down. It is the longest delay, or the sum of the delays shared evenly by `slots` (Graham 1966),
/// whichever is more.
pub fn bound_ns(delays: &[u64], slots: u32) -> u64 {
    let longest = delays.iter().copied().max().unwrap_or(0);
    let shared = delays.iter().sum::<u64>() / u64::from(slots.max(1));
    longest.max(shared)
}

fn of_spans(spans: Vec<(u64, u64)>) -> Schedule {
    let wall_ns = spans.iter().map(|s| s.1).max().unwrap_or(0);
    // An end sorts before a start at the same moment: a slot that is handed on holds one request.
    let mut edges: Vec<(u64, i32)> = spans
        .into_iter()
        .filter(|(start, end)| end > start)
        .flat_map(|(start, end)| [(start, 1), (end, -1)])
        .collect();
    edges.sort_unstable();
    let (mut now, mut peak) = (0i32, 0i32);
    for (_, step) in edges {
        now += step;
        peak = peak.max(now);
    }
    Schedule { wall_ns, peak: peak.unsigned_abs() }
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slots(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).expect("a positive number")
    }

    #[test]
    fn the_list_schedule_depends_on_the_order() {
        assert_eq!(list(&[1, 1, 2], slots(2)), Schedule { wall_ns: 3, peak: 2 });
        assert_eq!(list(&[2, 1, 1], slots(2)), Schedule { wall_ns: 2, peak: 2 });
    }

    #[test]
    fn a_static_split_waits_for_its_slowest_share() {
        assert_eq!(strided(&[5, 1, 5, 1], slots(2)), Schedule { wall_ns: 10, peak: 2 });
        assert_eq!(list(&[5, 1, 5, 1], slots(2)).wall_ns, 6);
    }

    #[test]
    fn a_batch_waits_for_its_slowest() {
        assert_eq!(batches(&[5, 1, 1, 5, 2], slots(2)), Schedule { wall_ns: 12, peak: 2 });
        assert_eq!(batches(&[0, 3, 0, 0, 2], slots(2)), Schedule { wall_ns: 5, peak: 1 });
        assert_eq!(batches(&[], slots(2)), Schedule { wall_ns: 0, peak: 0 });
    }

    #[test]
    fn requests_without_delay_are_never_in_flight() {
        assert_eq!(all_at_once(&[0, 0, 7]), Schedule { wall_ns: 7, peak: 1 });
        assert_eq!(one_by_one(&[0, 0]), Schedule { wall_ns: 0, peak: 0 });
        assert_eq!(list(&[], slots(3)), Schedule { wall_ns: 0, peak: 0 });
    }

    proptest! {
        #[test]
        fn every_schedule_keeps_the_bound(
            delays in prop::collection::vec(0u64..1_000, 1..60), n in 1u32..70,
        ) {
            let n_slots = slots(n);
            for schedule in
                [list(&delays, n_slots), strided(&delays, n_slots), batches(&delays, n_slots)]
            {
                prop_assert!(schedule.wall_ns >= bound_ns(&delays, n));
                prop_assert!(schedule.wall_ns <= one_by_one(&delays).wall_ns);
                prop_assert!(schedule.peak <= n);
            }
            // No slot waits for others in a list.
            prop_assert!(list(&delays, n_slots).wall_ns <= batches(&delays, n_slots).wall_ns);
            prop_assert_eq!(batches(&delays, slots(1)), one_by_one(&delays));
            prop_assert_eq!(batches(&delays, slots(100)), all_at_once(&delays));
            // Graham: a list schedule is at most twice the best one.
            prop_assert!(list(&delays, slots(n)).wall_ns <= 2 * bound_ns(&delays, n));
            prop_assert_eq!(list(&delays, slots(1)), one_by_one(&delays));
            prop_assert_eq!(list(&delays, slots(100)).wall_ns, all_at_once(&delays).wall_ns);
        }
    }
}
