//! From the record of a trial to the report that the parent reads.

use std::collections::BTreeMap;
use std::io;

use hdrhistogram::Histogram;

use super::open::Open;
use super::outcome::Outcome;
use super::record::Recorder;
use crate::machine::process::Usage;
use crate::protocol::{
    self, ClientConfig, ClientReport, Failures, FirstFailure, Percentiles, PhaseTime,
};
use crate::strategy::failure::{Class, Stage};
use crate::strategy::probe::{self, Phase, times_ns};

/// The histogram tells latencies of a microsecond apart, and longer ones to three digits (0.1 %).
const LOWEST_NS: u64 = 1_000;
/// A day; a longer latency is counted as one.
const HIGHEST_NS: u64 = 86_400_000_000_000;
/// Significant digits.
const DIGITS: u8 = 3;

/// The report of a trial that took `wall_ns` and `used`.
///
/// # Errors
///
/// If the record cannot be read back.
pub(super) fn of(
    recorder: &Recorder,
    config: &ClientConfig,
    wall_ns: u64,
    used: Usage,
) -> io::Result<ClientReport> {
    let mut report = ClientReport {
        protocol: protocol::VERSION,
        began_ns: recorder.began_ns(),
        wall_ns,
        cpu_user_ns: used.user_ns,
        cpu_sys_ns: used.sys_ns,
        peak_threads: recorder.peak_threads(),
        voluntary_switches: used.voluntary_switches,
        involuntary_switches: used.involuntary_switches,
        minor_faults: Some(used.minor_faults),
        major_faults: Some(used.major_faults),
        issued: recorder.started(),
        peak_in_flight: recorder.peak_in_flight(),
        peak_open_files: recorder.peak_open_files(),
        workers: recorder.workers(),
        ..ClientReport::default()
    };
    let mut classes: BTreeMap<Class, u64> = BTreeMap::new();
    let mut failures: BTreeMap<(Class, Phase), u64> = BTreeMap::new();
    let first_in_time = recorder.first_failure();
    let mut first_failed: Option<(u32, String)> = None;
    let mut phases = PhaseTimes::default();
    let mut latencies: Vec<u64> = Vec::new();
    let mut open = Open::of(config);
    let tells = config.strategy.tells(config.dns.is_some(), config.certificate.is_some());
    recorder.for_each(|index, outcome| {
        report.body_bytes += outcome.body_bytes;
        let latency_ns = match &mut open {
            Some(open) => open.add(index, &outcome),
            None => outcome.service_ns(),
        };
        match outcome.failure {
            None => {
                phases.add(&outcome);
                latencies.push(latency_ns);
            }
            Some(ref failure) => {
                let phase = failed_in(&outcome, tells);
                *failures.entry((failure.class, phase)).or_default() += 1;
                if let Some(first) = first_in_time.filter(|first| first.index == index) {
                    report.first_failure = Some(FirstFailure {
                        class: failure.class.to_string(),
                        phase,
                        at_ns: first.at_ns,
                        in_flight: first.in_flight,
                        started: first.started,
                    });
                }
                *classes.entry(failure.class).or_default() += 1;
                if first_failed.as_ref().is_none_or(|(first, _)| index < *first) {
                    first_failed = Some((index, failure.chain.clone()));
                }
            }
        }
    })?;
    latencies.sort_unstable();
    report.first_error = first_failed.map(|(_, chain)| chain);
    report.phases = phases.list();
    report.ok = latencies.len() as u64;
    report.body_mismatches = classes.get(&Class::BodyMismatch).copied().unwrap_or(0);
    let group = |((class, phase), requests): ((Class, Phase), u64)| Failures {
        class: class.to_string(),
        phase,
        requests,
    };
    report.failures = failures.into_iter().map(group).collect();
    report.errors = classes.into_iter().map(|(class, n)| (class.to_string(), n)).collect();
    report.latency = histogram(&latencies);
    report.latency_percentiles = Percentiles::of(&latencies);
    report.open = open.map(Open::report);
    // Last, so that it covers the making of the report too.
    report.cpu_process_ns = Usage::now().cpu_ns();
    Ok(report)
}

/// The phase that a failed request did not come to the end of.
fn failed_in(outcome: &Outcome, tells: [bool; Phase::ALL.len()]) -> Phase {
    let carried = outcome.seen.is_some_and(|seen| seen.carried.is_some());
    let class = outcome.failure.as_ref().map(|failure| failure.class);
    // Who waits for a stream has a connection that does not carry it yet.
    let connected = carried || class == Some(Class::Timeout(Stage::Stream));
    probe::failed_in(outcome.ends_ns().map(|(_, end)| end), connected, tells)
}

/// Time in each phase, and requests that were in it.
#[derive(Default)]
struct PhaseTimes([(u64, u64); Phase::ALL.len()]);

impl PhaseTimes {
    /// Adds a request. Without probes nothing is known of what lies between its marks.
    fn add(&mut self, outcome: &Outcome) {
        if outcome.seen.is_none() {
            return;
        }
        for (phase, time) in times_ns(outcome.scheduled_ns, outcome.ends_ns()) {
            let (requests, sum_ns) = &mut self.0[phase as usize];
            *requests += 1;
            *sum_ns += time;
        }
    }

    fn list(&self) -> Vec<PhaseTime> {
        let time = |(phase, (requests, sum_ns))| PhaseTime { phase, requests, sum_ns };
        let all = Phase::ALL.into_iter().zip(self.0).map(time);
        all.filter(|time| time.requests > 0).collect()
    }
}

/// Highest value of each bucket that is not empty, and its count.
pub(super) fn histogram(latencies_ns: &[u64]) -> Vec<(u64, u64)> {
    let mut histogram = Histogram::<u64>::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS)
        .expect("the bounds are far enough apart");
    for &ns in latencies_ns {
        histogram.saturating_record(ns);
    }
    let highest = |value| histogram.highest_equivalent(value);
    histogram
        .iter_recorded()
        .map(|step| (highest(step.value_iterated_to()), step.count_at_value()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_histogram_keeps_every_latency_to_three_digits(
            mut all in prop::collection::vec(1_000u64..10_000_000_000, 1..50),
        ) {
            all.sort_unstable();
            let buckets = histogram(&all);
            prop_assert_eq!(buckets.iter().map(|b| b.1).sum::<u64>(), all.len() as u64);
            let kept = buckets.iter().flat_map(|&(ns, n)| std::iter::repeat_n(ns, n as usize));
            for (kept, real) in kept.zip(&all) {
                // Above by a part in a thousand, or by the resolution of a microsecond.
                prop_assert!(kept >= *real && kept - real <= (real / 1_000).max(LOWEST_NS));
            }
        }
    }
}
