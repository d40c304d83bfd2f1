//! Manipulation checks: was this trial a measurement of what its cell names?
//!
//! What a strategy suffers (failed requests, overflows, retransmissions) is a result and leaves
//! the trial valid. The rules are explained in `docs/method.md`.

use super::TrialRow;
use crate::spec::Scenario;
use crate::strategy::{Reuse, Strategy};

/// A peak below this share of the expected one needs an explanation.
pub const PEAK_REACHED: f64 = 0.9;

/// The client was the brake, not a hidden cap, if it used this share of one CPU.
const CLIENT_BOUND: f64 = 0.85;

/// A hidden cap keeps the server as full as its peak all the time: the mean in flight is at least
/// this share of the peak. A ramp that is slow, or a schedule that runs empty, has less.
const CAPPED: f64 = 0.85;

/// The median delay may be late by this much, or by this share of the mean delay, or by the time
/// that one thread needs to answer everything that may be due at once, whichever is more: the last
/// is what the strategy itself does to a server. The record tells how late the delays really were.
const LATE_NS: f64 = 1_000_000.0;
const LATE_SHARE: f64 = 0.05;
/// CPU time of the delay server for one answer: 7 to 18 µs on a two-core machine, rounded up.
const ANSWER_NS: f64 = 20_000.0;
/// CPU time of the relay for one packet of a burst: 3 to 6 µs on the same machine, rounded up.
const PACKET_NS: f64 = 10_000.0;

/// One question about a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Was every request issued, and did the server get each?
    Requests,
    /// Were the answers right?
    Answers,
    /// Were never more in flight than allowed?
    Limit,
    /// Were as many in flight as the schedule asks for, or is it known why not?
    Peak,
    /// Do the connections match the way of reuse?
    Connections,
    /// Could the server accept every connection at once?
    Accepted,
    /// Were the delays served as planned?
    Delays,
    /// Did the network lose nothing, and hold packets for as long as it was to?
    Network,
    /// Was nothing faster than any schedule can be?
    Bound,
}

impl Check {
    /// Every check, in the order of the report.
    pub const ALL: [Check; 9] = [
        Check::Requests,
        Check::Limit,
        Check::Peak,
        Check::Connections,
        Check::Accepted,
        Check::Answers,
        Check::Delays,
        Check::Network,
        Check::Bound,
    ];

    /// Why a trial fails this check; `None` if it passes, or if what it needs is not recorded.
    pub fn failure(
        self,
        row: &TrialRow,
        scenario: &Scenario,
        strategy: &Strategy,
    ) -> Option<String> {
        let seen = Seen::of(row)?;
        match self {
            Check::Requests => check_requests(&seen, u64::from(scenario.requests)),
            Check::Answers => check_answers(row),
            Check::Limit => check_limit(&seen, scenario, strategy),
            Check::Peak => check_peak(row, &seen),
            Check::Connections => check_connections(&seen, scenario, strategy),
            Check::Accepted => check_accepted(row),
            Check::Delays => check_delays(row, &seen, u64::from(scenario.requests)),
            Check::Network => check_network(row, scenario),
            Check::Bound => check_bound(row, &seen),
        }
    }
}

/// Why a trial is no measurement of its cell, or `None` if it is one.
pub fn invalid(row: &TrialRow, scenario: &Scenario, strategy: &Strategy) -> Option<String> {
    let reasons: Vec<String> =
        Check::ALL.into_iter().filter_map(|c| c.failure(row, scenario, strategy)).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// The counts that every measured trial has.
struct Seen {
    issued: u64,
    errors: u64,
    wall_ns: u64,
    served: u64,
    answered: u64,
    connections: u64,
    most_on_one: u64,
    peak: u64,
}

impl Seen {
    fn of(row: &TrialRow) -> Option<Seen> {
        Some(Seen {
            issued: row.issued?,
            errors: row.errors?,
            wall_ns: row.wall_ns?,
            served: row.server_requests?,
            answered: row.server_answered?,
            connections: row.server_connections?,
            most_on_one: row.server_requests_per_connection_max?,
            peak: row.server_peak_in_flight?,
        })
    }
}

fn check_requests(seen: &Seen, requests: u64) -> Option<String> {
    let Seen { issued, errors, served, answered, .. } = *seen;
    if issued != requests {
        return Some(format!("{issued} of {requests} requests were issued"));
    }
    if errors == 0 && served != requests {
        return Some(format!("the server got {served} requests instead of {requests}"));
    }
    let succeeded = requests - errors.min(requests);
    (answered < succeeded)
        .then(|| format!("{succeeded} answers arrived, but the server gave {answered}"))
}

fn check_answers(row: &TrialRow) -> Option<String> {
    let wrong: Vec<String> = row
        .error_classes
        .0
        .iter()
        .filter(|(class, _)| *class == "body_mismatch" || class.starts_with("status"))
        .map(|(class, n)| format!("{n} answers were wrong ({class})"))
        .collect();
    (!wrong.is_empty()).then(|| wrong.join(", "))
}

fn check_limit(seen: &Seen, scenario: &Scenario, strategy: &Strategy) -> Option<String> {
    let allowed = u64::from(strategy.concurrency(scenario.requests, scenario.streams));
    // A request that the client gave up is in flight at the server until it notices.
    (seen.peak > allowed && seen.errors == 0)
        .then(|| format!("{} requests were in flight, {allowed} are allowed", seen.peak))
}

fn check_peak(row: &TrialRow, seen: &Seen) -> Option<String> {
    let expected = f64::from(row.expected_peak_in_flight);
    if seen.errors > 0 || seen.peak as f64 >= PEAK_REACHED * expected {
        return None;
    }
    let busy = row.client_cpu_ns()? as f64 / seen.wall_ns as f64;
    let mean = row.server_delay_sum_ns? as f64 / seen.wall_ns as f64;
    (busy < CLIENT_BOUND && mean > CAPPED * seen.peak as f64).then(|| {
        let peak = seen.peak;
        format!(
            "never more than {peak} requests in flight instead of {expected}: something caps them"
        )
    })
}

fn check_connections(seen: &Seen, scenario: &Scenario, strategy: &Strategy) -> Option<String> {
    if strategy.reuse == Reuse::None && seen.most_on_one > 1 {
        return Some(format!("a connection carried {} requests instead of 1", seen.most_on_one));
    }
    let expected = strategy.connections(scenario.requests, scenario.targets);
    let (least, most) = (u64::from(*expected.start()), u64::from(*expected.end()));
    let opened = seen.connections;
    // A failed request may need a connection more, or none at all.
    (seen.errors == 0 && !(least..=most).contains(&opened)).then(|| {
        let expected = if least == most { most.to_string() } else { format!("{least} to {most}") };
        format!("{opened} connections were opened instead of {expected}")
    })
}

fn check_accepted(row: &TrialRow) -> Option<String> {
    let failures = row.server_accept_failures.filter(|&n| n > 0)?;
    Some(format!(
        "the server could not accept a connection {failures} times: it may open too few files; \
         raise the hard limit (`ulimit -Hn`)"
    ))
}

fn check_delays(row: &TrialRow, seen: &Seen, requests: u64) -> Option<String> {
    let late = row.server_delay_error_p50_ns? as f64;
    let mean = row.server_delay_sum_ns? as f64 / requests.max(1) as f64;
    let burst = ANSWER_NS * f64::from(row.expected_peak_in_flight);
    let allowed = LATE_NS.max(LATE_SHARE * mean).max(burst);
    (seen.served > 0 && late > allowed).then(|| {
        format!(
            "the server's median delay was {:.1} ms late, {:.1} ms are allowed",
            late / 1e6,
            allowed / 1e6
        )
    })
}

fn check_network(row: &TrialRow, scenario: &Scenario) -> Option<String> {
    let lost = row.rtt_dropped?;
    if lost > 0 {
        return Some(format!("the network lost {lost} packets, and was to lose none"));
    }
    let late = row.rtt_error_p50_ns? as f64;
    let hold = scenario.rtt_ns? as f64 / 2.0;
    let burst = PACKET_NS * f64::from(row.expected_peak_in_flight);
    let allowed = LATE_NS.max(LATE_SHARE * hold).max(burst);
    (late > allowed).then(|| {
        format!(
            "the network held packets for {:.1} ms too long (median), {:.1} ms are allowed",
            late / 1e6,
            allowed / 1e6
        )
    })
}

fn check_bound(row: &TrialRow, seen: &Seen) -> Option<String> {
    (seen.errors == 0 && seen.wall_ns < row.bound_ns).then(|| {
        format!(
            "it took {:.3} ms, less than the {:.3} ms that any schedule needs",
            seen.wall_ns as f64 / 1e6,
            row.bound_ns as f64 / 1e6
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Only, Plan};
    use crate::record::synthetic::{experiment, recording, strategy};

    /// What the checks say of a trial of `limit` threads after `change`.
    fn after(reuse: Reuse, change: impl Fn(&mut TrialRow)) -> Option<String> {
        let mut threads = strategy("threads", "threads", Some(10));
        threads.reuse = reuse;
        let recording = recording(experiment(vec![threads], 1), |_, _, row| {
            row.server_requests_per_connection_max = Some(10);
            change(row);
        });
        let plan = Plan::new(recording.plan.experiment.clone(), &Only::default()).expect("a plan");
        let cell = &plan.cells[0];
        invalid(&recording.trials[0], plan.scenario_of(cell), &cell.strategy)
    }

    fn session(change: impl Fn(&mut TrialRow)) -> String {
        after(Reuse::Session, change).unwrap_or_else(|| "valid".to_owned())
    }

    #[test]
    fn a_trial_that_did_what_it_says_is_valid() {
        assert_eq!(session(|_| ()), "valid");
    }

    #[test]
    fn a_request_that_never_reached_the_server_is_noticed() {
        // The beginner's mistake: an await is forgotten and nothing is sent.
        assert_eq!(
            session(|row| row.server_requests = Some(0)),
            "the server got 0 requests instead of 100"
        );
        assert_eq!(session(|row| row.issued = Some(99)), "99 of 100 requests were issued");
        assert_eq!(
            session(|row| row.server_answered = Some(90)),
            "100 answers arrived, but the server gave 90"
        );
    }

    #[test]
    fn wrong_answers_void_a_trial() {
        let wrong = session(|row| {
            row.errors = Some(100);
            row.error_classes = "status(5xx):100".parse().expect("a class");
        });
        assert_eq!(wrong, "100 answers were wrong (status(5xx))");
    }

    #[test]
    fn failures_that_a_strategy_suffers_leave_it_valid() {
        let emfile = session(|row| {
            row.errors = Some(40);
            row.error_classes = "emfile:40".parse().expect("a class");
            row.server_requests = Some(60);
            row.server_answered = Some(60);
            row.server_peak_in_flight = Some(5);
        });
        assert_eq!(emfile, "valid");
    }

    #[test]
    fn a_limit_without_effect_is_noticed() {
        assert_eq!(
            session(|row| row.server_peak_in_flight = Some(11)),
            "11 requests were in flight, 10 are allowed"
        );
    }

    #[test]
    fn a_pool_capped_below_the_limit_is_noticed_and_a_busy_client_is_not_accused() {
        let capped = |cpu_share: f64| {
            session(move |row| {
                // Half of the slots: twice the time, and the server is as full as it ever gets.
                let wall = row.ideal_ns * 2;
                row.wall_ns = Some(wall);
                row.server_peak_in_flight = Some(5);
                row.client_cpu_user_ns = Some((wall as f64 * cpu_share) as u64);
                row.client_cpu_sys_ns = Some(0);
            })
        };
        assert_eq!(
            capped(0.1),
            "never more than 5 requests in flight instead of 10: something caps them"
        );
        assert_eq!(capped(0.95), "valid");
    }

    #[test]
    fn connections_match_the_way_of_reuse() {
        let none = |most| {
            after(Reuse::None, move |row| {
                row.server_connections = Some(100);
                row.server_requests_per_connection_max = Some(most);
            })
        };
        assert_eq!(none(1), None);
        assert_eq!(none(2).as_deref(), Some("a connection carried 2 requests instead of 1"));
        assert_eq!(
            session(|row| row.server_connections = Some(100)),
            "100 connections were opened instead of 1 to 10"
        );
    }

    #[test]
    fn a_server_without_files_is_noticed() {
        let reason = session(|row| row.server_accept_failures = Some(3));
        assert!(reason.starts_with("the server could not accept a connection 3 times"), "{reason}");
    }

    #[test]
    fn a_network_that_loses_or_keeps_packets_is_noticed() {
        let network = |lost, late_ns| {
            let mut threads = strategy("threads", "threads", Some(10));
            threads.reuse = Reuse::Session;
            let mut experiment = experiment(vec![threads], 1);
            experiment.scenarios[0].rtt_ns = Some(60_000_000);
            let recording = recording(experiment, |_, _, row| {
                row.server_requests_per_connection_max = Some(10);
                row.rtt_dropped = Some(lost);
                row.rtt_error_p50_ns = Some(late_ns);
            });
            let cell = &recording.plan.cells[0];
            let scenario = recording.plan.scenario_of(cell);
            Check::Network.failure(&recording.trials[0], scenario, &cell.strategy)
        };
        // 5 % of half a round trip.
        assert_eq!(network(0, 1_500_000), None);
        assert_eq!(
            network(0, 1_600_000).as_deref(),
            Some("the network held packets for 1.6 ms too long (median), 1.5 ms are allowed")
        );
        assert_eq!(
            network(2, 0).as_deref(),
            Some("the network lost 2 packets, and was to lose none")
        );
    }

    #[test]
    fn late_delays_and_impossible_times_are_noticed() {
        assert_eq!(
            session(|row| row.server_delay_error_p50_ns = Some(3_000_000)),
            "the server's median delay was 3.0 ms late, 1.0 ms are allowed"
        );
        assert_eq!(
            session(|row| row.wall_ns = Some(row.bound_ns - 1)),
            "it took 100.000 ms, less than the 100.000 ms that any schedule needs"
        );
    }
}
