//! What open arrival adds to a trial's report: service times beside latencies, the backlog, and
//! whether lateness grew. Every number is of requests that were made; none is filled in.

use super::record::Outcome;
use super::report::percentiles;
use crate::protocol::{ClientConfig, OpenReport};

/// The requests of an open trial, as they are read back.
pub(super) struct Open<'a> {
    config: &'a ClientConfig,
    /// Drawn anew, so that what the model was given is checked too.
    planned_ns: Vec<u64>,
    starts_ns: Vec<u64>,
    late_starts_ns: Vec<u64>,
    service_ns: Vec<u64>,
    /// How much later each successful request ended than if nothing but its delay took time.
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
            let ClientConfig { delay, seed, time_scale, .. } = self.config;
            let delay_ns = delay.planned_ns(*seed, u64::from(index), *time_scale);
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
        let lateness_ns: Vec<u64> = self.lateness_ns.into_iter().map(|(_, late)| late).collect();
        let (first, last) = ends(&lateness_ns);
        let span_ns = match self.planned_ns.as_slice() {
            [first, .., last] => last - first,
            _ => 0,
        };
        OpenReport {
            span_ns,
            service: percentiles(&self.service_ns),
            start_lateness: percentiles(&self.late_starts_ns),
            backlog_peak,
            backlog_end,
            lateness_first_ns: first,
            lateness_last_ns: last,
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

/// The medians of the first and of the last tenth.
fn ends(lateness_ns: &[u64]) -> (Option<u64>, Option<u64>) {
    let tenth = lateness_ns.len().div_ceil(10);
    let median = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        percentiles(&part).map(|p| p.p50_ns)
    };
    (median(&lateness_ns[..tenth]), median(&lateness_ns[lateness_ns.len() - tenth..]))
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

    #[test]
    fn lateness_is_that_of_the_first_and_last_tenth() {
        let lateness: Vec<u64> = (0..100).collect();
        assert_eq!(ends(&lateness), (Some(4), Some(94)));
        assert_eq!(ends(&[7]), (Some(7), Some(7)));
        assert_eq!(ends(&[]), (None, None));
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
