//! Lateness of a server: of its pauses against their plan, and of itself against a beat.
//!
//! A pause is measured only if the server makes one. A server that stands still while it makes none
//! (answers without a delay, a connection that waits to be accepted) shows at its beat: a timer of
//! its own, which ends every so often.
//!
//! A server that has much to do is late too, and that is the strategy's doing. So the CPU time that
//! its thread used since the last beat before a deadline is taken off: what is left is time in which
//! the server should have run and did not.

use std::collections::VecDeque;

use hdrhistogram::Histogram;

use crate::protocol::{LATE_NS, Lateness, Pause, PauseReport, STALL_NS, Stall, late_after_ns};
use crate::timer::Moment;

/// Lateness above this counts as this in percentiles (the longest is exact): ten minutes are
/// beyond any trial, and bound the memory of the histogram.
const LATEST_NS: u64 = 600_000_000_000;

/// The time between two beats is this part of the time so far: a twentieth is the share of a wall
/// time that matters, so a stall that matters is longer than a beat.
const BEATS: u64 = 20;
/// Half of the shortest stall that counts.
const SHORTEST_BEAT_NS: u64 = STALL_NS / 2;
/// Twenty beats a second cost 0.01 % of a CPU; a stall is told to this much.
const LONGEST_BEAT_NS: u64 = 50_000_000;

/// Beats that are remembered: those of 12 s, for pauses that are that late.
const KEPT_BEATS: usize = 256;
/// Stalls that are told one by one; more of them make the last one longer.
const MOST_STALLS: usize = 10_000;

/// Lateness of a server so far.
#[derive(Debug)]
pub(super) struct Watch {
    kinds: [Kind; Pause::ALL.len()],
    report: PauseReport,
    /// The last beats, in their order; at least one.
    beats: VecDeque<Beat>,
    began: Moment,
    next_beat: Moment,
}

/// The pauses of one kind.
#[derive(Debug, Default)]
struct Kind {
    /// Actual minus planned, in nanoseconds; made with the first.
    errors: Option<Histogram<u64>>,
    /// The histogram knows it to three digits only.
    latest_ns: u64,
    late: u64,
}

/// A moment, and the CPU time that the thread had used by then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beat {
    pub(super) at: Moment,
    pub(super) cpu_ns: u64,
}

impl Beat {
    /// The present one, of the calling thread.
    pub(super) fn now() -> Beat {
        Beat { at: Moment::now(), cpu_ns: crate::machine::process::thread_cpu_ns() }
    }
}

impl Watch {
    pub(super) fn new(first: Beat) -> Watch {
        let mut watch = Watch {
            kinds: Default::default(),
            report: PauseReport::default(),
            beats: VecDeque::from([first]),
            began: first.at,
            next_beat: first.at,
        };
        watch.plan_beat(first.at);
        watch
    }

    /// Moment of the next beat.
    pub(super) fn next_beat(&self) -> Moment {
        self.next_beat
    }

    fn plan_beat(&mut self, now: Moment) {
        let period = (now.ns_since(self.began) / BEATS).clamp(SHORTEST_BEAT_NS, LONGEST_BEAT_NS);
        self.next_beat = now.after_ns(period);
    }

    /// The beat that was due is there.
    pub(super) fn beat(&mut self, now: Beat) {
        let still_ns = self.not_own_ns(self.next_beat, now);
        if still_ns >= STALL_NS {
            let stall = Stall { end_ns: now.at.monotonic_ns(), ns: still_ns };
            let stalls = &mut self.report.stalls;
            match (stalls.len() == MOST_STALLS).then(|| stalls.pop()).flatten() {
                Some(last) => stalls.push(Stall { ns: last.ns + still_ns, ..stall }),
                None => stalls.push(stall),
            }
        }
        self.remember(now);
        self.plan_beat(now.at);
    }

    fn remember(&mut self, beat: Beat) {
        if self.beats.len() == KEPT_BEATS {
            self.beats.pop_front();
        }
        self.beats.push_back(beat);
    }

    /// A pause is over, or was given up when it should have been over. `now` is asked only of one
    /// that is late.
    pub(super) fn paused(
        &mut self,
        pause: Pause,
        planned_ns: u64,
        actual_ns: u64,
        now: impl FnOnce() -> Beat,
    ) {
        if planned_ns == 0 {
            return;
        }
        let error_ns = actual_ns.saturating_sub(planned_ns);
        self.report.sum_ns = self.report.sum_ns.saturating_add(actual_ns);
        let kind = &mut self.kinds[pause as usize];
        let errors = kind.errors.get_or_insert_with(|| {
            // Three digits: a percentile of 50 µs is then known to 0.05 µs.
            Histogram::new_with_bounds(1, LATEST_NS, 3).expect("bounds in order")
        });
        errors.saturating_record(error_ns);
        kind.latest_ns = kind.latest_ns.max(error_ns);
        if error_ns <= LATE_NS {
            return;
        }
        let now = now();
        let due = now.at.before_ns(error_ns);
        let late_ns = self.not_own_ns(due, now);
        if late_ns > LATE_NS {
            self.report.late_sum_ns = self.report.late_sum_ns.saturating_add(late_ns);
            self.report.late_max_ns = self.report.late_max_ns.max(late_ns);
        }
        self.kinds[pause as usize].late += u64::from(late_ns > late_after_ns(planned_ns));
    }

    /// Time since `due` in which the thread should have run and did not.
    fn not_own_ns(&self, due: Moment, now: Beat) -> u64 {
        let later = self.beats.partition_point(|beat| beat.at <= due);
        let before = &self.beats[later.saturating_sub(1)];
        now.at.ns_since(due).saturating_sub(now.cpu_ns.saturating_sub(before.cpu_ns))
    }

    /// The report of everything until now.
    pub(super) fn report(&mut self, now: Beat) -> PauseReport {
        if now.at > self.next_beat {
            self.beat(now);
        }
        let mut report = self.report.clone();
        for pause in Pause::ALL {
            *report.of_mut(pause) = self.kinds[pause as usize].told();
        }
        report
    }
}

impl Kind {
    fn told(&self) -> Lateness {
        let Some(errors) = &self.errors else { return Lateness::default() };
        // The bucket of a percentile can end above the longest.
        let at = |quantile| Some(errors.value_at_quantile(quantile).min(self.latest_ns));
        Lateness {
            pauses: errors.len(),
            late: self.late,
            error_p50_ns: at(0.5),
            error_p99_ns: at(0.99),
            error_max_ns: Some(self.latest_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: u64 = 1_000_000;

    fn at(ns: u64, cpu_ns: u64) -> Beat {
        Beat { at: Moment::at_ns(ns), cpu_ns }
    }

    /// Beats on time, with this much CPU time in each millisecond, until `until_ns`.
    fn busy(until_ns: u64, cpu_per_ms: u64) -> Watch {
        let mut watch = Watch::new(at(MS, 0));
        while watch.next_beat() < Moment::at_ns(until_ns) {
            let now = watch.next_beat();
            let ms = now.ns_since(Moment::at_ns(MS)) / MS;
            watch.beat(Beat { at: now, cpu_ns: ms * cpu_per_ms });
        }
        watch
    }

    #[test]
    fn a_server_that_stands_still_is_seen_without_any_pause() {
        let mut watch = busy(300 * MS, 0);
        let report = watch.report(at(1_000 * MS, MS / 10));
        let [stall] = report.stalls[..] else { panic!("{report:?}") };
        assert!((680 * MS..705 * MS).contains(&stall.ns), "{stall:?}");
        assert_eq!(report.of(Pause::Delay), &Lateness::default());
    }

    #[test]
    fn own_work_is_no_stall_and_makes_no_pause_late() {
        let mut watch = busy(300 * MS, 0);
        let due = watch.next_beat();
        // 10 000 answers at once: the beat waits for 150 ms of work, and so do the answers.
        let after = Beat { at: due.after_ns(150 * MS), cpu_ns: 151 * MS };
        watch.paused(Pause::Delay, 40 * MS, 190 * MS, || after);
        watch.beat(after);
        let report = watch.report(after);
        assert_eq!((report.stalls.len(), report.late_sum_ns), (0, 0));
        let delays = report.of(Pause::Delay);
        assert_eq!((delays.pauses, delays.late, delays.error_max_ns), (1, 0, Some(150 * MS)));
    }

    #[test]
    fn a_pause_is_late_beyond_a_millisecond_or_a_twentieth_of_it() {
        for (planned_ms, error_us, late) in
            [(10, 1_000, 0), (10, 1_001, 1), (600, 29_999, 0), (600, 30_100, 1)]
        {
            let mut watch = busy(2_000 * MS, 0);
            let planned_ns = planned_ms * MS;
            let actual_ns = planned_ns + error_us * 1_000;
            watch.paused(Pause::Piece, planned_ns, actual_ns, || at(2_000 * MS, 0));
            let pieces = watch.report(at(2_000 * MS, 0)).pieces;
            assert_eq!((pieces.pauses, pieces.late), (1, late), "{planned_ms} {error_us}");
        }
    }

    #[test]
    fn nothing_planned_is_no_pause() {
        let mut watch = busy(10 * MS, 0);
        watch.paused(Pause::Delay, 0, 5 * MS, || panic!("nobody asks"));
        assert_eq!(watch.report(at(10 * MS, 0)), PauseReport::default());
    }

    proptest! {
        /// Wherever a server stands still and whatever it worked before: what is told is no more than
        /// that time, and less by no more than a beat and the work of one.
        #[test]
        fn a_stall_is_told_to_a_beat(
            from_ms in 20u64..5_000, still_ms in 0u64..3_000, cpu_per_ms in 0u64..300_000,
        ) {
            let mut watch = busy(from_ms * MS, cpu_per_ms);
            let used = from_ms * cpu_per_ms;
            let report = watch.report(at((from_ms + still_ms) * MS, used));
            let told: u64 = report.stalls.iter().map(|stall| stall.ns).sum();
            prop_assert!(told <= still_ms * MS);
            let beat = (from_ms * MS / BEATS).clamp(SHORTEST_BEAT_NS, LONGEST_BEAT_NS) + MS;
            let work = beat / MS * cpu_per_ms + cpu_per_ms;
            prop_assert!(told + beat + work + STALL_NS >= still_ms * MS, "{told}");
        }

        /// Pauses are counted by kind, their percentiles are in order, and no more are late than are
        /// later than allowed.
        #[test]
        fn kinds_are_apart(
            pauses in prop::collection::vec((0usize..Pause::ALL.len(), 1u64..50, 0u64..20_000), 0..60),
        ) {
            let mut watch = busy(100 * MS, 0);
            for &(kind, planned_ms, error_us) in &pauses {
                let planned_ns = planned_ms * MS;
                let pause = Pause::ALL[kind];
                watch.paused(pause, planned_ns, planned_ns + error_us * 1_000, || at(100 * MS, 0));
            }
            let report = watch.report(at(100 * MS, 0));
            for (index, pause) in Pause::ALL.into_iter().enumerate() {
                let of_kind = || pauses.iter().filter(|p| p.0 == index);
                let told = report.of(pause);
                prop_assert_eq!(told.pauses, of_kind().count() as u64);
                let late = of_kind().filter(|p| p.2 * 1_000 > late_after_ns(p.1 * MS)).count();
                prop_assert_eq!(told.late, late as u64);
                prop_assert_eq!(told.error_max_ns, of_kind().map(|p| p.2 * 1_000).max());
                prop_assert!(told.error_p50_ns <= told.error_p99_ns);
                prop_assert!(told.error_p99_ns <= told.error_max_ns);
            }
        }
    }
}
