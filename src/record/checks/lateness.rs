//! How late the server and the network were.
//!
//! Two things can be wrong. Pauses are late as a rule: then the median says so. Or a few are, or the
//! server stood still: then it matters if it has cost a part of the wall time that matters.

use super::Trial;
use crate::protocol::{LATE_NS, LATE_SHARE, late_after_ns};
use crate::record::TrialRow;
use crate::units::ReadableNs;

/// CPU time of the delay server for one answer on a kept connection: 7 to 18 µs on a two-core machine,
/// rounded up.
const ANSWER_NS: f64 = 20_000.0;
/// CPU time of the relay for one packet of a burst: 3 to 6 µs on the same machine, rounded up.
const PACKET_NS: f64 = 10_000.0;

/// Lateness may cost this share of the wall time: as much as the median delay may be late by.
const LOST_SHARE: f64 = LATE_SHARE;
/// It may cost this much in any case. On a busy machine a thread waits for a few others, each of which
/// keeps its CPU for 3 ms or so; a single wait of that kind in a short trial is noise, which blocks average out.
const LOST_NS: f64 = crate::protocol::STALL_NS as f64;

const REMEDY: &str = "end other work on this machine, and run it again";

/// The median delay may be late by 1 ms, or by a share of the mean delay, or by the time that one
/// thread needs to answer everything that may be due at once, whichever is most: the last is what the
/// strategy itself does to a server. The record tells how late the delays really were.
pub(super) fn delays(trial: &Trial) -> Option<String> {
    let row = trial.row;
    let late = row.server_delay_error_p50_ns? as f64;
    // Older recordings do not tell how many delays were served. Refused requests have none.
    let served = row.server_delay_pauses.unwrap_or(trial.seen.served);
    let mean = row.server_delay_sum_ns? as f64 / served.max(1) as f64;
    let allowed = allowed_ns(mean).max(burst_ns(row, answer_ns(row)));
    (served > 0 && late > allowed).then(|| {
        let (late, allowed) = told_apart(late, allowed);
        format!("the server's median delay was {late} ms late, {allowed} ms are allowed; {REMEDY}")
    })
}

/// What a pause of this length may be late by.
fn allowed_ns(pause_ns: f64) -> f64 {
    (LATE_NS as f64).max(LATE_SHARE * pause_ns)
}

/// CPU time that the server needed for one request, [`ANSWER_NS`] at least. A request that needs a connection of
/// its own takes some 100 µs; that is the strategy's doing, and a busy machine adds nothing to it.
fn answer_ns(row: &TrialRow) -> f64 {
    let measured = row.server_cpu_ns().zip(row.server_requests.filter(|&n| n > 0));
    measured.map_or(ANSWER_NS, |(cpu, requests)| (cpu as f64 / requests as f64).max(ANSWER_NS))
}

/// Time that one thread needs for all that may be due at once.
fn burst_ns(row: &TrialRow, each_ns: f64) -> f64 {
    each_ns * f64::from(row.expected_peak_in_flight)
}

/// The pauses of one kind in a row.
struct Pauses {
    words: &'static str,
    planned_ns: Option<u64>,
    pauses: Option<u64>,
    late: Option<u64>,
    p50_ns: Option<u64>,
    max_ns: Option<u64>,
}

fn kinds(trial: &Trial) -> [Pauses; 5] {
    let (row, scenario) = (trial.row, trial.scenario);
    [
        Pauses {
            words: "delays",
            // Each has its own; their median is the check above.
            planned_ns: None,
            pauses: row.server_delay_pauses,
            late: row.server_delay_late,
            p50_ns: row.server_delay_error_p50_ns,
            max_ns: row.server_delay_error_max_ns,
        },
        Pauses {
            words: "pauses between pieces",
            planned_ns: Some(scenario.chunk_delay_ns),
            pauses: row.server_piece_pauses,
            late: row.server_piece_late,
            p50_ns: row.server_piece_error_p50_ns,
            max_ns: row.server_piece_error_max_ns,
        },
        Pauses {
            words: "pauses of connects",
            planned_ns: Some(scenario.connect_delay_ns),
            pauses: row.server_connect_pauses,
            late: row.server_connect_late,
            p50_ns: row.server_connect_error_p50_ns,
            max_ns: row.server_connect_error_max_ns,
        },
        Pauses {
            words: "pauses of handshakes",
            planned_ns: Some(scenario.handshake_delay_ns),
            pauses: row.server_handshake_pauses,
            late: row.server_handshake_late,
            p50_ns: row.server_handshake_error_p50_ns,
            max_ns: row.server_handshake_error_max_ns,
        },
        Pauses {
            words: "pauses of names",
            planned_ns: scenario.dns_delay_ns,
            pauses: row.server_name_pauses,
            late: row.server_name_late,
            p50_ns: row.server_name_error_p50_ns,
            max_ns: row.server_name_error_max_ns,
        },
    ]
}

impl Pauses {
    /// `3 of 4 pauses between pieces were late, the worst by 361 ms`
    fn told(&self) -> Option<String> {
        let (late, pauses) = (self.late.filter(|&late| late > 0)?, self.pauses?);
        let worst = ReadableNs(self.max_ns? as f64);
        Some(format!("{late} of {pauses} {} were late, the worst by {worst}", self.words))
    }

    /// Whether they are late as a rule: half of them beyond what the server's own work explains, and
    /// their median beyond what a burst does.
    fn are_late(&self, burst_ns: f64) -> Option<String> {
        let (planned_ns, p50_ns) = (self.planned_ns?, self.p50_ns? as f64);
        let allowed = (late_after_ns(planned_ns) as f64).max(burst_ns);
        (2 * self.late? > self.pauses? && p50_ns > allowed).then(|| {
            let (late, allowed) = told_apart(p50_ns, allowed);
            let words = self.words;
            format!(
                "the server's {words} were {late} ms late (median), {allowed} ms are allowed; {REMEDY}"
            )
        })
    }
}

pub(super) fn pauses(trial: &Trial) -> Option<String> {
    lost_to_lateness(trial.row)?;
    let burst = burst_ns(trial.row, answer_ns(trial.row) + PACKET_NS);
    lost(trial).or_else(|| kinds(trial).iter().find_map(|kind| kind.are_late(burst)))
}

/// Whether the machine kept server or network waiting for a part of the wall time that matters. What the
/// trial itself did to them is taken off.
pub(super) fn machine_was_busy(trial: &Trial) -> bool {
    lost(trial).is_some() || held(trial).is_some()
}

/// The server's lateness cost a part of the wall time that matters.
fn lost(trial: &Trial) -> Option<String> {
    let row = trial.row;
    let lost = lost_to_lateness(row)?;
    let wall = trial.seen.wall_ns as f64;
    let allowed = LOST_NS.max(LOST_SHARE * wall);
    (lost > allowed).then(|| {
        let stalled = row.server_stalled_ns.filter(|&ns| ns > 0);
        let stalled = stalled.map(|ns| format!("it stood still for {}", ReadableNs(ns as f64)));
        let kinds = kinds(trial);
        let kinds = kinds.iter().filter_map(Pauses::told);
        let seen: Vec<String> = stalled.into_iter().chain(kinds).collect();
        let (lost, allowed) = told_apart(lost, allowed);
        let wall = ReadableNs(wall);
        let seen = seen.join("; ");
        format!(
            "the server's lateness cost {lost} ms of a wall time of {wall}, {allowed} ms are allowed \
             ({seen}); {REMEDY}"
        )
    })
}

/// What the server's lateness may have cost of the wall time: the time in which it stood still; or the
/// latest pause; or all late pauses, shared out among those that ran at once; whichever is most. CPU
/// time of the trial's own processes beside it is taken off. `None` if the recording does not tell.
pub fn lost_to_lateness(row: &TrialRow) -> Option<f64> {
    let wall = row.wall_ns? as f64;
    let at_once = (row.server_pause_sum_ns? as f64 / wall.max(1.0)).max(1.0);
    let late = row.server_late_sum_ns? as f64 / at_once;
    let worst = row.server_late_max_ns? as f64;
    // Where the two processes have no clock in common, pauses alone tell.
    let stalled = row.server_stalled_ns.unwrap_or(0) as f64;
    Some((late.max(worst).max(stalled) - row.server_shared_cpu_ns? as f64).max(0.0))
}

pub(super) fn network(trial: &Trial) -> Option<String> {
    let row = trial.row;
    let lost = row.rtt_dropped?;
    if lost > 0 {
        return Some(format!("the network lost {lost} packets, and was to lose none"));
    }
    let late = row.rtt_error_p50_ns? as f64;
    let hold = trial.scenario.rtt_ns? as f64 / 2.0;
    let burst = burst_ns(row, PACKET_NS);
    let allowed = allowed_ns(hold).max(burst);
    if late > allowed {
        let (late, allowed) = told_apart(late, allowed);
        return Some(format!(
            "the network held packets for {late} ms too long (median), {allowed} ms are allowed; \
             {REMEDY}"
        ));
    }
    held(trial)
}

/// The network held a packet for a part of the wall time that matters. Older recordings were judged by
/// the median alone.
fn held(trial: &Trial) -> Option<String> {
    let row = trial.row;
    row.server_shared_cpu_ns?;
    let own = (row.rtt_cpu_ns? + row.server_cpu_ns()?) as f64;
    let worst = (row.rtt_error_max_ns? as f64 - own).max(0.0);
    let allowed = LOST_NS.max(LOST_SHARE * trial.seen.wall_ns as f64) + burst_ns(row, PACKET_NS);
    (worst > allowed).then(|| {
        let (worst, allowed) = told_apart(worst, allowed);
        format!(
            "the network held a packet for {worst} ms too long, {allowed} ms are allowed; {REMEDY}"
        )
    })
}

/// Two times in milliseconds with as many digits as it takes to tell them apart, one at least.
pub(super) fn told_apart(one_ns: f64, other_ns: f64) -> (String, String) {
    let with = |digits: usize| {
        (format!("{:.digits$}", one_ns / 1e6), format!("{:.digits$}", other_ns / 1e6))
    };
    (1..6).map(with).find(|(one, other)| one != other).unwrap_or_else(|| with(6))
}
