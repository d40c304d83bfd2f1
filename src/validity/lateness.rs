//! Checks of the lateness of server and network.
//!
//! Two things can be wrong. Pauses are late as a rule: then the median says so. Or a few are, or the
//! server stood still: then it matters if it has cost a part of the wall time that matters.

use crate::network::LinkKind;
use crate::protocol::{LATE_NS, LATE_SHARE, late_after_ns};
use crate::record::TrialRow;
use crate::units::{ReadableNs, count, percent};

use super::answer::{Answer, NotPassed, Why, ask_if, failed, recorded, require};
use super::{Check, MeasuredTrial};

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
pub(super) const DELAYS: Check = Check {
    words: "delays were as planned, but for the server's own bursts",
    by_machine: true,
    ask: delays,
    seen: |looked| {
        let p50 = looked.most(|t| t.row.server_delay_error_p50_ns)?;
        let p99 = looked.most(|t| t.row.server_delay_error_p99_ns)?;
        Some(late_by(p50, p99).into())
    },
};

/// `late by 60 µs (p50) and 1.20 ms (p99) in the worst trial`
fn late_by(p50_ns: u64, p99_ns: u64) -> String {
    let (p50, p99) = (ReadableNs(p50_ns as f64), ReadableNs(p99_ns as f64));
    format!("late by {p50} (p50) and {p99} (p99) in the worst trial")
}

fn delays(trial: &MeasuredTrial) -> Answer {
    let row = trial.row;
    // Older recordings do not tell how many delays were served. Refused requests have none.
    let served = row.server_delay_pauses.or(row.server_requests);
    let served = served.ok_or(NotPassed::NotAsked(Why::NotRecorded("server_delay_pauses")))?;
    if served == 0 {
        trial.all_succeeded()?;
    }
    ask_if(served > 0, Why::NoSubject)?;
    let late = recorded!(row, server_delay_error_p50_ns)? as f64;
    let mean = recorded!(row, server_delay_sum_ns)? as f64 / served as f64;
    let allowed = allowed_ns(mean).max(burst_ns(row, answer_ns(row)));
    require(late <= allowed, || {
        let (late, allowed) = told_apart(late, allowed);
        format!("the server's median delay was {late} ms late, {allowed} ms are allowed; {REMEDY}")
    })
}

/// Allowed lateness of a pause of this length.
fn allowed_ns(pause_ns: f64) -> f64 {
    (LATE_NS as f64).max(LATE_SHARE * pause_ns)
}

/// CPU time that the server needed for one request, [`ANSWER_NS`] at least. A request that needs a
/// connection of its own takes some 100 µs; that is the strategy's doing, and a busy machine adds nothing
/// to it. Where few of many requests reached the server, all that it needed is shared out among the many:
/// failed requests do not allow the others to be later.
fn answer_ns(row: &TrialRow) -> f64 {
    let Some((cpu, requests)) = row.server_cpu_ns().zip(row.server_requests) else {
        return ANSWER_NS;
    };
    let most = requests.max(row.expected_peak_in_flight.into()).max(1);
    (cpu as f64 / most as f64).max(ANSWER_NS)
}

/// Time that one thread needs for all that may be due at once.
fn burst_ns(row: &TrialRow, each_ns: f64) -> f64 {
    each_ns * f64::from(row.expected_peak_in_flight)
}

/// The pauses of one kind in a row.
struct Pauses {
    words: &'static str,
    /// Column that counts them.
    column: &'static str,
    planned_ns: Option<u64>,
    pauses: Option<u64>,
    late: Option<u64>,
    p50_ns: Option<u64>,
    max_ns: Option<u64>,
}

fn kinds(trial: &MeasuredTrial) -> [Pauses; 5] {
    let (row, scenario) = (trial.row, trial.scenario);
    [
        Pauses {
            words: "delays",
            column: "server_delay_pauses",
            // Each has its own; their median is the check above.
            planned_ns: None,
            pauses: row.server_delay_pauses,
            late: row.server_delay_late,
            p50_ns: row.server_delay_error_p50_ns,
            max_ns: row.server_delay_error_max_ns,
        },
        Pauses {
            words: "pauses between pieces",
            column: "server_piece_pauses",
            planned_ns: Some(scenario.chunk_delay_ns),
            pauses: row.server_piece_pauses,
            late: row.server_piece_late,
            p50_ns: row.server_piece_error_p50_ns,
            max_ns: row.server_piece_error_max_ns,
        },
        Pauses {
            words: "pauses of connects",
            column: "server_connect_pauses",
            planned_ns: Some(scenario.connect_delay_ns),
            pauses: row.server_connect_pauses,
            late: row.server_connect_late,
            p50_ns: row.server_connect_error_p50_ns,
            max_ns: row.server_connect_error_max_ns,
        },
        Pauses {
            words: "pauses of handshakes",
            column: "server_handshake_pauses",
            planned_ns: Some(scenario.handshake_delay_ns),
            pauses: row.server_handshake_pauses,
            late: row.server_handshake_late,
            p50_ns: row.server_handshake_error_p50_ns,
            max_ns: row.server_handshake_error_max_ns,
        },
        Pauses {
            words: "pauses of names",
            column: "server_name_pauses",
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

    /// Fails if they are late as a rule: half of them beyond what the server's own work explains, and
    /// their median beyond what a burst does.
    fn are_on_time(&self, burst_ns: f64) -> Answer {
        let Some(planned_ns) = self.planned_ns else { return Ok(()) };
        let not_recorded = NotPassed::NotAsked(Why::NotRecorded(self.column));
        let (Some(late), Some(pauses)) = (self.late, self.pauses) else { return Err(not_recorded) };
        if 2 * late <= pauses {
            return Ok(());
        }
        let p50_ns = self.p50_ns.ok_or(not_recorded)? as f64;
        let allowed = (late_after_ns(planned_ns) as f64).max(burst_ns);
        require(p50_ns <= allowed, || {
            let (late, allowed) = told_apart(p50_ns, allowed);
            let words = self.words;
            format!(
                "the server's {words} were {late} ms late (median), {allowed} ms are allowed; {REMEDY}"
            )
        })
    }
}

pub(super) const PAUSES: Check = Check {
    words: "the server's lateness cost no part of the wall time that matters",
    by_machine: true,
    ask: pauses,
    seen: |looked| {
        let late = looked.sum(|t| kinds(t).iter().map(|kind| kind.late).sum())?;
        let all = looked.sum(|t| kinds(t).iter().map(|kind| kind.pauses).sum())?;
        let worst = looked.most(|t| t.row.server_late_max_ns)?;
        let shares = looked.values(|t| {
            let wall_ns = t.row.wall_ns.filter(|&ns| ns > 0)?;
            Some(lost_to_lateness(t.row).ok()? / wall_ns as f64)
        })?;
        let share = shares.into_iter().fold(0.0, f64::max);
        Some(
            format!(
                "{} of {} pauses late, the worst by {}; at most {} of a wall time",
                count(late),
                count(all),
                ReadableNs(worst as f64),
                percent(share)
            )
            .into(),
        )
    },
};

fn pauses(trial: &MeasuredTrial) -> Answer {
    let burst = burst_ns(trial.row, answer_ns(trial.row) + PACKET_NS);
    let answers = kinds(trial).map(|kind| kind.are_on_time(burst));
    lost(trial)?;
    // One that fails is told before one that is not recorded.
    let first = answers.iter().find(|a| failed(a)).or(answers.iter().find(|a| a.is_err()));
    first.cloned().unwrap_or(Ok(()))
}

/// Whether the machine kept server or network waiting for a part of the wall time that matters. CPU time
/// that the trial itself needed is taken off.
pub(super) fn machine_was_busy(trial: &MeasuredTrial) -> bool {
    failed(&lost(trial)) || failed(&held(trial))
}

/// Fails if the server's lateness cost a part of the wall time that matters.
fn lost(trial: &MeasuredTrial) -> Answer {
    let row = trial.row;
    let lost = lost_to_lateness(row)?;
    let wall = trial.wall_ns()?;
    let allowed = LOST_NS.max(LOST_SHARE * wall);
    require(lost <= allowed, || {
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
    })?;
    recorded!(row, server_stalled_ns).map(|_| ())
}

/// Nanoseconds of the wall time that the server's lateness may have cost: the time in which it stood
/// still; or the latest pause; or all late pauses, shared out among those that ran at once; whichever is
/// most. CPU time of the trial's own processes beside it is taken off.
fn lost_to_lateness(row: &TrialRow) -> Result<f64, NotPassed> {
    let wall = recorded!(row, wall_ns)? as f64;
    let at_once = (recorded!(row, server_pause_sum_ns)? as f64 / wall.max(1.0)).max(1.0);
    let late = recorded!(row, server_late_sum_ns)? as f64 / at_once;
    let worst = recorded!(row, server_late_max_ns)? as f64;
    // Where the two processes have no clock in common, pauses alone can tell that it was late.
    let stalled = row.server_stalled_ns.unwrap_or(0) as f64;
    let shared = recorded!(row, server_shared_cpu_ns)? as f64;
    Ok((late.max(worst).max(stalled) - shared).max(0.0))
}

pub(super) const NETWORK: Check = Check {
    words: "the network lost nothing, and held packets for as long as it was to",
    by_machine: true,
    ask: network,
    seen: |looked| {
        let lost = looked.sum(|t| t.row.rtt_dropped)?;
        let p50 = looked.most(|t| t.row.rtt_error_p50_ns)?;
        let p99 = looked.most(|t| t.row.rtt_error_p99_ns)?;
        // The relay times every packet; of netem only probes are timed.
        let by_netem = looked.values(|t| Some(t.row.rtt_kind == LinkKind::Netem.name()))?;
        let timed = match by_netem.iter().filter(|&&netem| netem).count() {
            0 => String::new(),
            n if n == by_netem.len() => " (netem, by probes)".to_owned(),
            n => format!(" (netem, by probes, in {} of {})", count(n as u64), by_netem.len()),
        };
        Some(format!("{} lost; {}{timed}", count(lost), late_by(p50, p99)).into())
    },
};

fn network(trial: &MeasuredTrial) -> Answer {
    let row = trial.row;
    let Some(rtt_ns) = trial.scenario.rtt_ns else {
        return Err(NotPassed::NotAsked(Why::NoSubject));
    };
    let lost = recorded!(row, rtt_dropped)?;
    require(lost == 0, || format!("the network lost {lost} packets, and was to lose none"))?;
    let late = recorded!(row, rtt_error_p50_ns)? as f64;
    let allowed = allowed_ns(rtt_ns as f64 / 2.0).max(burst_ns(row, PACKET_NS));
    require(late <= allowed, || {
        let (late, allowed) = told_apart(late, allowed);
        format!(
            "the network held packets for {late} ms too long (median), {allowed} ms are allowed; \
             {REMEDY}"
        )
    })?;
    held(trial)
}

/// Fails if the network held a packet for a part of the wall time that matters.
fn held(trial: &MeasuredTrial) -> Answer {
    let row = trial.row;
    // Recordings without it were judged by the median alone.
    recorded!(row, server_shared_cpu_ns)?;
    let own = recorded!(row, rtt_cpu_ns)?
        + recorded!(row, server_cpu_user_ns)?
        + recorded!(row, server_cpu_sys_ns)?;
    let worst = (recorded!(row, rtt_error_max_ns)? as f64 - own as f64).max(0.0);
    let allowed = LOST_NS.max(LOST_SHARE * trial.wall_ns()?) + burst_ns(row, PACKET_NS);
    require(worst <= allowed, || {
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
