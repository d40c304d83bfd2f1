//! Report of open arrival: service times beside latencies, the backlog, and whether lateness grew.
//! Every number is of requests that were made; none is filled in.

use super::outcome::Outcome;
use crate::protocol::{ClientConfig, OpenReport, Percentiles};

/// The requests of an open trial, as they are read back.
pub(super) struct Open<'a> {
    config: &'a ClientConfig,
    /// Drawn anew, so that what the model was given is checked too.
    planned_ns: Vec<u64>,
    starts_ns: Vec<u64>,
    late_starts_ns: Vec<u64>,
    service_ns: Vec<u64>,
    /// Time that each successful request ended later than if nothing but its delay took time.
    lateness_ns: Vec<(u32, u64)>,
    misplanned: u64,
    early: u64,
}

impl<'a> Open<'a> {
    /// `None` if arrival is closed.
    pub(super) fn of(config: &'a ClientConfig) -> Option<Open<'a>> {
        let planned_ns = config.arrival.all_ns(config.seed, config.requests)?;
        Some(Open {
            config,
            planned_ns,
            starts_ns: Vec::new(),
            late_starts_ns: Vec::new(),
            service_ns: Vec::new(),
            lateness_ns: Vec::new(),
            misplanned: 0,
            early: 0,
        })
    }

    /// Adds a request, and returns its latency: from its planned start to its end.
    pub(super) fn add(&mut self, index: u32, outcome: &Outcome) -> u64 {
        let planned_ns = self.planned_ns[index as usize];
        self.misplanned += u64::from(outcome.scheduled_ns != planned_ns);
        self.early += u64::from(outcome.start_ns < planned_ns);
        self.starts_ns.push(outcome.start_ns);
        self.late_starts_ns.push(outcome.start_ns.saturating_sub(planned_ns));
        let latency_ns = outcome.end_ns.saturating_sub(planned_ns);
        if outcome.failure.is_none() {
            let delay_ns = self.config.planned().ns(u64::from(index));
            self.service_ns.push(outcome.service_ns());
            self.lateness_ns.push((index, latency_ns.saturating_sub(delay_ns)));
        }
        latency_ns
    }

    pub(super) fn report(mut self) -> OpenReport {
        self.starts_ns.sort_unstable();
        self.late_starts_ns.sort_unstable();
        self.service_ns.sort_unstable();
        let (backlog_peak, backlog_end) = backlog(&self.planned_ns, &self.starts_ns);
        self.lateness_ns.sort_unstable();
        let growth = Growth::of(&self.lateness_ns, &self.planned_ns);
        let span_ns = match self.planned_ns.as_slice() {
            [first, .., last] => last - first,
            _ => 0,
        };
        OpenReport {
            span_ns,
            service: Percentiles::of(&self.service_ns),
            start_lateness: Percentiles::of(&self.late_starts_ns),
            backlog_peak,
            backlog_end,
            lateness_before_ns: growth.map(|g| g.before_ns),
            lateness_end_ns: growth.map(|g| g.end_ns),
            lateness_apart_ns: growth.map(|g| g.apart_ns),
            misplanned: self.misplanned,
            early: self.early,
        }
    }
}

/// Requests that were planned before another one and had not started when that one was planned: the
/// most, and those at the last. Both lists are sorted.
fn backlog(planned_ns: &[u64], starts_ns: &[u64]) -> (u64, u64) {
    let (mut started, mut peak, mut now) = (0, 0, 0);
    for (before, &planned) in planned_ns.iter().enumerate() {
        while starts_ns.get(started).is_some_and(|&start| start <= planned) {
            started += 1;
        }
        // A request that starts on the dot counts as started, and is none of those before itself.
        now = before.saturating_sub(started) as u64;
        peak = peak.max(now);
    }
    (peak, now)
}

/// Growth of lateness towards the end of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Growth {
    /// The least median lateness of a tenth of the requests, among the tenths of the first half: what
    /// it was once connections were open.
    before_ns: u64,
    /// The median lateness of the last tenth.
    end_ns: u64,
    /// From the middle of that tenth to the middle of the last, as planned.
    apart_ns: u64,
}

/// Medians of parts are as steady as one can have them: a tenth of a trial is long beside a moment in
/// which the machine was busy with something else, and there are still five before the middle.
const PARTS: usize = 10;

impl Growth {
    /// Growth of lateness by request, which is sorted by it; `None` if there are not two.
    fn of(lateness_ns: &[(u32, u64)], planned_ns: &[u64]) -> Option<Growth> {
        let parts: Vec<&[(u32, u64)]> = {
            let size = lateness_ns.len().div_ceil(PARTS).max(1);
            // From the end, so that the last part is a whole one.
            lateness_ns.rchunks(size).collect()
        };
        let (last, before) = parts.split_first()?;
        let median = |part: &&[(u32, u64)]| {
            let mut part: Vec<u64> = part.iter().map(|(_, late)| *late).collect();
            part.sort_unstable();
            part[(part.len() - 1) / 2]
        };
        let middle = |part: &[(u32, u64)]| planned_ns[part[(part.len() - 1) / 2].0 as usize];
        // Parts come from the end here: the later half of these is the first half of the trial. Of
        // equals the first of the trial, which is farthest from the last.
        let (least, before_ns) = before[before.len() / 2..]
            .iter()
            .rev()
            .map(|part| (part, median(part)))
            .min_by_key(|(_, late)| *late)?;
        let apart_ns = middle(last) - middle(least);
        Some(Growth { before_ns, end_ns: median(last), apart_ns })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_backlog_is_of_requests_planned_before() {
        // The second starts late, behind the third's plan.
        assert_eq!(backlog(&[0, 10, 20], &[1, 25, 26]), (1, 1));
        assert_eq!(backlog(&[0, 10, 20], &[0, 10, 20]), (0, 0));
        assert_eq!(backlog(&[0, 10, 20, 30], &[15, 16, 17, 31]), (1, 0));
        assert_eq!(backlog(&[0, 0, 0], &[5, 6, 7]), (2, 2));
        assert_eq!(backlog(&[], &[]), (0, 0));
    }

    fn of(lateness_ns: impl Iterator<Item = u64>, gap_ns: u64) -> Option<Growth> {
        let all: Vec<(u32, u64)> = (0..).zip(lateness_ns).collect();
        let planned: Vec<u64> = (0..all.len() as u64).map(|i| i * gap_ns).collect();
        Growth::of(&all, &planned)
    }

    #[test]
    fn lateness_that_grows_is_seen_and_a_slow_start_is_not_held_against_it() {
        // Two seconds of work come every second: 10 ms more for each request.
        let grown = of((0..100).map(|i| i * 10), 10);
        assert_eq!(grown, Some(Growth { before_ns: 40, end_ns: 940, apart_ns: 900 }));
        // The first fifth is late, since connections are opened.
        let opened = of((0..100).map(|i| if i < 20 { 500 } else { 3 }), 10);
        assert_eq!(opened, Some(Growth { before_ns: 3, end_ns: 3, apart_ns: 700 }));
        // What is only late in the end did not keep up.
        let broke = of((0..100).map(|i| if i < 80 { 3 } else { 500 }), 10);
        assert_eq!(broke.map(|g| (g.before_ns, g.end_ns)), Some((3, 500)));
        assert_eq!(
            of([5, 7].into_iter(), 10),
            Some(Growth { before_ns: 5, end_ns: 7, apart_ns: 10 })
        );
        assert_eq!(of([5].into_iter(), 10), None);
        assert_eq!(of([].into_iter(), 10), None);
    }

    proptest! {
        #[test]
        fn the_backlog_is_what_counting_finds(
            gaps in prop::collection::vec((0u64..10, 0u64..40), 1..40),
        ) {
            let planned: Vec<u64> = gaps.iter().scan(0, |at, gap| {
                *at += gap.0;
                Some(*at)
            }).collect();
            let mut starts: Vec<u64> = planned.iter().zip(&gaps).map(|(at, gap)| at + gap.1).collect();
            let each: Vec<u64> = planned.iter().enumerate().map(|(i, &at)| {
                let waiting = starts[..i].iter().filter(|&&start| start > at).count();
                // Those behind it that start at this very moment are ahead of their turn by none.
                let ahead = starts[i..].iter().filter(|&&start| start <= at).count();
                (waiting as u64).saturating_sub(ahead as u64)
            }).collect();
            starts.sort_unstable();
            let want = (each.iter().copied().max().unwrap_or(0), each[each.len() - 1]);
            prop_assert_eq!(backlog(&planned, &starts), want);
        }
    }
}
