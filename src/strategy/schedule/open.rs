//! Schedules without overhead under open arrival: no request starts before it has arrived.
//!
//! Every function takes arrivals (ascending) and delays in request order, in nanoseconds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU32;

use super::Spans;

/// Every request when it arrives.
pub fn all_at_once(arrivals: &[u64], delays: &[u64]) -> Spans {
    Spans(arrivals.iter().zip(delays).map(|(&start, &delay)| (start, start + delay)).collect())
}

/// One request after the other.
pub fn one_by_one(arrivals: &[u64], delays: &[u64]) -> Spans {
    list(arrivals, delays, NonZeroU32::MIN)
}

/// The list schedule with release times: each request, in index order, goes to the slot that is
/// free first, and starts there when it has arrived. With slots that are handed out in the order of
/// arrival it makes no difference whether a slot waits for the request or the request for a slot.
pub fn list(arrivals: &[u64], delays: &[u64], slots: NonZeroU32) -> Spans {
    let slots = (slots.get() as usize).min(delays.len());
    let mut free_at: BinaryHeap<Reverse<u64>> = (0..slots).map(|_| Reverse(0)).collect();
    let mut spans = Vec::with_capacity(delays.len());
    for (&arrival, &delay) in arrivals.iter().zip(delays) {
        let Some(mut slot) = free_at.peek_mut() else {
            break;
        };
        let start = slot.0.max(arrival);
        slot.0 = start + delay;
        spans.push((start, start + delay));
    }
    Spans(spans)
}

/// `slots` workers with a fixed share each: worker `i` takes requests `i`, `i + slots`, …, and waits
/// for each until it has arrived.
pub fn strided(arrivals: &[u64], delays: &[u64], slots: NonZeroU32) -> Spans {
    let slots = slots.get() as usize;
    let mut free_at = vec![0u64; slots.min(delays.len())];
    let spans = arrivals.iter().zip(delays).enumerate().map(|(i, (&arrival, &delay))| {
        let start = free_at[i % slots].max(arrival);
        free_at[i % slots] = start + delay;
        (start, start + delay)
    });
    Spans(spans.collect())
}

/// Lower bound of the wall time of any schedule with this concurrency, in nanoseconds, rounded
/// down. One bound is the moment at which the last answer could be there if each request had
/// started as it arrived. Another, for any request, is its arrival and then the sum of its delay
/// and all later ones, shared evenly by `slots`: none of them can be started earlier.
pub fn bound_ns(arrivals: &[u64], delays: &[u64], slots: u32) -> u64 {
    let slots = u64::from(slots.max(1));
    let mut rest = 0u64;
    let mut bound = 0;
    for (&arrival, &delay) in arrivals.iter().zip(delays).rev() {
        rest = rest.saturating_add(delay);
        bound = bound.max(arrival + delay).max(arrival + rest / slots);
    }
    bound
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{self as closed, Schedule, one_by_one as closed_one_by_one};
    use super::*;

    fn slots(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).expect("a positive number")
    }

    #[test]
    fn a_request_waits_for_its_arrival_and_for_a_slot() {
        // One slot: 0–5, then 5–6 (came at 1), then idle until 10.
        let schedule = one_by_one(&[0, 1, 10], &[5, 1, 2]).schedule();
        assert_eq!(schedule, Schedule { wall_ns: 12, peak: 1 });
        assert_eq!(
            all_at_once(&[0, 1, 10], &[5, 1, 2]).schedule(),
            Schedule { wall_ns: 12, peak: 2 }
        );
        // The second worker has a share of one, and the third request waits for the first worker.
        assert_eq!(
            strided(&[0, 1, 2], &[5, 1, 2], slots(2)).schedule(),
            Schedule { wall_ns: 7, peak: 2 }
        );
        assert_eq!(
            list(&[0, 1, 2], &[5, 1, 2], slots(2)).schedule(),
            Schedule { wall_ns: 5, peak: 2 }
        );
    }

    #[test]
    fn an_ideal_latency_is_the_wait_for_a_slot_and_the_delay() {
        let (arrivals, delays) = ([0, 1, 2, 20], [5, 1, 2, 3]);
        let latencies = |spans: Spans| spans.latencies_ns(&arrivals);
        assert_eq!(latencies(all_at_once(&arrivals, &delays)), delays);
        // 0–5, then 5–6 (came at 1), 6–8 (came at 2), idle, 20–23.
        assert_eq!(latencies(one_by_one(&arrivals, &delays)), [5, 5, 6, 3]);
        // Two slots: 0–5 and 1–2, where the third, which came at 2, finds a free one.
        assert_eq!(latencies(list(&arrivals, &delays, slots(2))), [5, 1, 2, 3]);
        // Its own worker is busy with the first until 5.
        assert_eq!(latencies(strided(&arrivals, &delays, slots(2))), [5, 1, 5, 3]);
    }

    #[test]
    fn the_bound_counts_from_the_arrival_on() {
        assert_eq!(bound_ns(&[0, 100], &[5, 5], 2), 105);
        // Two slots, ten units of work from 100 on: nobody can be done before 105.
        assert_eq!(bound_ns(&[0, 100, 100, 100, 100, 100], &[1, 2, 2, 2, 2, 2], 2), 105);
        assert_eq!(bound_ns(&[], &[], 2), 0);
    }

    /// Every way to give requests to slots, in every order of starting: the shortest wall time.
    fn best(arrivals: &[u64], delays: &[u64], slots: usize) -> u64 {
        fn go(todo: &[(u64, u64)], free_at: &mut Vec<u64>, wall: u64) -> u64 {
            if todo.is_empty() {
                return wall;
            }
            let mut best = u64::MAX;
            for pick in 0..todo.len() {
                let mut rest = todo.to_vec();
                let (arrival, delay) = rest.remove(pick);
                for slot in 0..free_at.len() {
                    let before = free_at[slot];
                    let end = before.max(arrival) + delay;
                    free_at[slot] = end;
                    best = best.min(go(&rest, free_at, wall.max(end)));
                    free_at[slot] = before;
                }
            }
            best
        }
        let todo: Vec<(u64, u64)> = arrivals.iter().copied().zip(delays.iter().copied()).collect();
        go(&todo, &mut vec![0; slots], 0)
    }

    /// A simulation moment by moment: a queue of those that have come, slots that empty.
    fn simulated(arrivals: &[u64], delays: &[u64], slots: usize) -> u64 {
        let mut running: Vec<u64> = Vec::new();
        let (mut next, mut now, mut wall) = (0, 0, 0);
        while next < delays.len() || !running.is_empty() {
            running.retain(|&end| end > now);
            while next < delays.len() && arrivals[next] <= now && running.len() < slots {
                wall = wall.max(now + delays[next]);
                if delays[next] > 0 {
                    running.push(now + delays[next]);
                }
                next += 1;
            }
            now += 1;
        }
        wall
    }

    fn load(requests: usize) -> impl Strategy<Value = (Vec<u64>, Vec<u64>)> {
        prop::collection::vec((0u64..20, 0u64..20), 1..=requests).prop_map(|load| {
            let (gaps, delays): (Vec<u64>, Vec<u64>) = load.into_iter().unzip();
            let arrivals = gaps.iter().scan(0, |at, gap| {
                *at += gap;
                Some(*at)
            });
            (arrivals.collect(), delays)
        })
    }

    proptest! {
        #[test]
        fn the_bound_is_below_the_best_of_all_schedules((arrivals, delays) in load(5), n in 1u32..4) {
            let best = best(&arrivals, &delays, n as usize);
            prop_assert!(bound_ns(&arrivals, &delays, n) <= best);
            prop_assert!(best <= list(&arrivals, &delays, slots(n)).schedule().wall_ns);
        }

        #[test]
        fn a_list_schedule_is_what_happens_moment_by_moment((arrivals, delays) in load(30), n in 1u32..6) {
            let wall_ns = list(&arrivals, &delays, slots(n)).schedule().wall_ns;
            prop_assert_eq!(wall_ns, simulated(&arrivals, &delays, n as usize));
        }

        #[test]
        fn every_schedule_keeps_the_bound((arrivals, delays) in load(60), n in 1u32..70) {
            let bound = bound_ns(&arrivals, &delays, n);
            for spans in [list(&arrivals, &delays, slots(n)), strided(&arrivals, &delays, slots(n))] {
                let schedule = spans.schedule();
                prop_assert!(schedule.wall_ns >= bound);
                prop_assert!(schedule.peak <= n);
                prop_assert!(schedule.wall_ns <= one_by_one(&arrivals, &delays).schedule().wall_ns);
            }
            prop_assert_eq!(list(&arrivals, &delays, slots(100)), all_at_once(&arrivals, &delays));
            prop_assert!(bound >= closed::bound_ns(&delays, n));
            let latencies = list(&arrivals, &delays, slots(n)).latencies_ns(&arrivals);
            prop_assert!(latencies.iter().zip(&delays).all(|(latency, delay)| latency >= delay));
        }

        #[test]
        fn requests_that_come_at_once_have_the_closed_schedules((_, delays) in load(60), n in 1u32..70) {
            let at_once = vec![0; delays.len()];
            prop_assert_eq!(list(&at_once, &delays, slots(n)).schedule(), closed::list(&delays, slots(n)));
            prop_assert_eq!(strided(&at_once, &delays, slots(n)).schedule(), closed::strided(&delays, slots(n)));
            prop_assert_eq!(one_by_one(&at_once, &delays).schedule(), closed_one_by_one(&delays));
            prop_assert_eq!(all_at_once(&at_once, &delays).schedule(), closed::all_at_once(&delays));
            prop_assert_eq!(bound_ns(&at_once, &delays, n), closed::bound_ns(&delays, n));
        }
    }
}
