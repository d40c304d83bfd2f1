//! Rows on both sides of every rule.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::arrival::{Arrival, Rate};
use crate::plan::Plan;
use crate::record::TrialRow;
use crate::record::synthetic::{experiment, recording, strategy};
use crate::spec::Scenario;
use crate::strategy::{Page, Service, Slots, Strategy};
use crate::vocabulary::{Protocol, Reuse};

/// Reason for which a trial of ten threads is invalid after `change`.
fn after(reuse: Reuse, change: impl Fn(&mut TrialRow)) -> Option<String> {
    after_with(|_, strategy| strategy.reuse = reuse, change)
}

/// Reason for which it is invalid with another scenario or strategy, after `set`.
fn after_with(
    set: impl Fn(&mut Scenario, &mut Strategy),
    change: impl Fn(&mut TrialRow),
) -> Option<String> {
    let (plan, row) = planned_and_measured(set, change);
    invalid(&MeasuredTrial::new(&plan, 0, &row))
}

fn planned_and_measured(
    set: impl Fn(&mut Scenario, &mut Strategy),
    change: impl Fn(&mut TrialRow),
) -> (Plan, TrialRow) {
    let mut experiment = experiment(vec![strategy("threads", "threads", Some(10))], 1);
    set(&mut experiment.scenarios[0], &mut experiment.strategies[0]);
    let mut recording = recording(experiment, |_, _, row| {
        row.server_requests_per_connection_max = Some(10);
        change(row);
    });
    (recording.plan, recording.trials.remove(0))
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
    // What a full server says that it refused is no wrong answer.
    let refused = |by_the_server: u64| {
        session(|row| {
            row.errors = Some(30);
            row.error_classes = "status(4xx):30".parse().expect("a class");
            row.server_refused = Some(by_the_server);
        })
    };
    assert_eq!(refused(30), "valid");
    assert_eq!(refused(28), "2 answers were wrong (status(4xx))");
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

/// Two connections for three hosts in turn: each request may need the room of another.
#[test]
fn a_bounded_pool_replaces_connections_where_hosts_are_more() {
    let opened = |targets: u32, protocol: Protocol| {
        let set = |scenario: &mut Scenario, strategy: &mut Strategy| {
            scenario.targets = targets;
            strategy.protocol = protocol;
            strategy.max_connections = std::num::NonZeroU32::new(2);
        };
        after_with(set, |row| {
            row.server_connections = Some(100);
            row.server_connections_used = Some(100);
            row.server_peak_in_flight = Some(2);
            row.expected_peak_in_flight = 2;
        })
    };
    for protocol in Protocol::ALL {
        assert_eq!(opened(3, protocol), None);
        let reason = opened(1, protocol).expect("one host needs no more than the pool has");
        assert!(reason.contains("connections were opened instead of 1"), "{reason}");
    }
}

#[test]
fn a_server_without_files_is_noticed() {
    let reason = session(|row| row.server_accept_failures = Some(3));
    assert!(reason.starts_with("the server could not accept a connection 3 times"), "{reason}");
    // Unless it is meant to have few, which is what caps requests then.
    let limited = after_with(
        |scenario, _| scenario.server_nofile = Some(16),
        |row| {
            row.server_accept_failures = Some(3);
            row.server_peak_in_flight = Some(6);
            row.server_delay_sum_ns = row.wall_ns.map(|wall| wall * 6);
        },
    );
    assert_eq!(limited, None);
}

#[test]
fn a_network_that_loses_or_keeps_packets_is_noticed() {
    let network = |lost, late_ns| {
        after_with(
            |scenario, _| scenario.rtt_ns = Some(60_000_000),
            move |row| {
                row.rtt_dropped = Some(lost);
                row.rtt_error_p50_ns = Some(late_ns);
            },
        )
    };
    // 5 % of half a round trip.
    assert_eq!(network(0, 1_500_000), None);
    assert_eq!(
        network(0, 1_600_000).as_deref(),
        Some(
            "the network held packets for 1.6 ms too long (median), 1.5 ms are allowed; \
             end other work on this machine, and run it again"
        )
    );
    assert_eq!(network(2, 0).as_deref(), Some("the network lost 2 packets, and was to lose none"));
}

#[test]
fn unknown_hosts_are_those_that_were_asked_for() {
    let failing = |dns: u64, errors: u64| {
        after_with(
            |scenario, _| {
                scenario.dns_delay_ns = Some(0);
                scenario.targets = 4;
                scenario.unknown_hosts = 1;
            },
            move |row| {
                row.dns_queries = row.issued;
                row.dns_misses = row.issued;
                row.dns_hits = Some(0);
                row.dns_coalesced = Some(0);
                row.errors = Some(errors);
                row.ok = Some(100 - errors);
                row.error_classes = format!("dns:{dns}").parse().expect("a class");
            },
        )
    };
    assert_eq!(failing(25, 25), None);
    // Without a file, a request may fail before it asks.
    assert_eq!(failing(20, 30), None);
    for (dns, errors) in [(24, 24), (26, 26)] {
        let reason = failing(dns, errors).expect("a reason");
        let said = "requests failed for their names, and 25 went to unknown hosts";
        assert!(reason.contains(said), "{reason}");
    }
}

#[test]
fn late_delays_and_impossible_times_are_noticed() {
    assert_eq!(
        session(|row| row.server_delay_error_p50_ns = Some(3_000_000)),
        "the server's median delay was 3.0 ms late, 1.0 ms are allowed; \
         end other work on this machine, and run it again"
    );
    assert_eq!(
        session(|row| row.wall_ns = Some(row.bound_ns - 1)),
        "it took 99.999999 ms, less than the 100.000000 ms that any schedule needs"
    );
}

/// Reason for which a trial of 100 requests with names, TLS, redirects and bodies is invalid. Everything
/// is as it should be before `change`.
fn rich(
    set: impl Fn(&mut Scenario, &mut Strategy),
    change: impl Fn(&mut TrialRow),
) -> Option<String> {
    let furnish = |scenario: &mut Scenario, strategy: &mut Strategy| {
        rich_scenario(scenario);
        set(scenario, strategy);
    };
    after_with(furnish, |row| {
        rich_row(row);
        change(row);
    })
}

fn rich_scenario(scenario: &mut Scenario) {
    scenario.tls = true;
    scenario.dns_delay_ns = Some(1_000_000);
    scenario.targets = 2;
    scenario.redirects = 1;
    scenario.upload_bytes = 50;
}

fn rich_row(row: &mut TrialRow) {
    row.server_requests_per_connection_max = Some(10);
    row.server_redirects = Some(100);
    row.server_uploaded_bytes = Some(10_000);
    row.server_connections = Some(20);
    row.server_connections_used = Some(19);
    row.connections_opened = Some(19);
    row.connections_unused = Some(0);
    row.connections_failed = Some(0);
    row.connections_given_up = Some(1);
    row.connections_kept = Some(19);
    row.connections_mismatched = Some(0);
    row.tls_full = Some(3);
    row.tls_resumed = Some(16);
    row.tls_failed = Some(1);
    row.dns_queries = Some(2);
    row.dns_misses = Some(2);
    row.dns_hits = Some(15);
    row.dns_coalesced = Some(4);
    row.dns_failed = Some(0);
    row.dns_resends = Some(0);
}

fn of_rich(change: impl Fn(&mut TrialRow)) -> String {
    rich(|_, _| (), change).unwrap_or_else(|| "valid".to_owned())
}

#[test]
fn a_rich_trial_that_did_what_it_says_is_valid() {
    assert_eq!(of_rich(|_| ()), "valid");
}

#[test]
fn what_is_not_recorded_is_not_held_against_a_trial() {
    let old = of_rich(|row| {
        row.server_redirects = Some(100);
        row.server_uploaded_bytes = None;
        row.server_connections_used = None;
        row.connections_opened = None;
        row.connections_kept = None;
        row.connections_mismatched = None;
        row.tls_full = None;
        row.dns_queries = None;
    });
    assert_eq!(old, "valid");
    let without_probes = of_rich(|row| {
        row.connections_given_up = None;
        row.connections_kept = None;
        row.connections_mismatched = None;
    });
    assert_eq!(without_probes, "valid");
}

/// A plan that gives every check a subject.
fn everything() -> (Plan, TrialRow) {
    planned_and_measured(
        |scenario, _| {
            rich_scenario(scenario);
            scenario.rtt_ns = Some(60 * MS);
            scenario.arrival = Arrival::Poisson(Rate::per_s(1_000));
        },
        |row| {
            punctual(row);
            rich_row(row);
            (row.arrivals_misplanned, row.arrivals_early) = (Some(0), Some(0));
            (row.rtt_dropped, row.rtt_error_p50_ns, row.rtt_error_max_ns) =
                (Some(0), Some(0), Some(0));
            (row.rtt_cpu_ns, row.server_cpu_user_ns, row.server_cpu_sys_ns) =
                (Some(0), Some(0), Some(0));
            (row.server_piece_pauses, row.server_piece_late) = (Some(0), Some(0));
            (row.server_connect_pauses, row.server_connect_late) = (Some(0), Some(0));
            (row.server_handshake_pauses, row.server_handshake_late) = (Some(0), Some(0));
            (row.server_name_pauses, row.server_name_late) = (Some(2), Some(0));
        },
    )
}

/// The same where a service answers that makes one call for each request.
fn everything_of_a_service() -> (Plan, TrialRow) {
    let (mut plan, mut row) = everything();
    let page = Page { calls: 1, outbound: "async".to_owned(), slots: Slots::Any, work: None };
    let service = Service { page: Some(page), ..Service::named("app") };
    plan.cells[0].strategy.service = Some(service);
    row.backend_requests = Some(100);
    row.backend_distinct_requests = Some(100);
    (plan, row)
}

#[test]
fn a_page_makes_each_of_its_calls_once() {
    let (plan, row) = everything_of_a_service();
    let of = |change: &dyn Fn(&mut TrialRow)| {
        let mut row = row.clone();
        change(&mut row);
        requests::CALLS.ask(&MeasuredTrial::new(&plan, 0, &row))
    };
    assert_eq!(of(&|_| ()), Ok(()));
    for wrong in [0, 99, 101, 200] {
        assert!(matches!(of(&|row| row.backend_requests = Some(wrong)), Err(NotPassed::Failed(_))));
        assert!(matches!(
            of(&|row| row.backend_distinct_requests = Some(wrong)),
            Err(NotPassed::Failed(_))
        ));
    }
    let failed = of(&|row| {
        (row.backend_requests, row.errors) = (Some(96), Some(1));
    });
    assert_eq!(failed, Err(NotPassed::NotAsked(Why::RequestsFailed)));
}

/// A row in which these columns are empty. Those that are never empty stay.
fn without(row: &TrialRow, is_lost: impl Fn(&str) -> bool) -> TrialRow {
    let Value::Object(columns) = serde_json::to_value(row).expect("columns") else {
        panic!("a row is an object");
    };
    let names: Vec<String> = columns.keys().filter(|name| is_lost(name)).cloned().collect();
    names.iter().fold(row.clone(), |row, name| {
        let mut columns = serde_json::to_value(&row).expect("columns");
        columns[name] = Value::Null;
        serde_json::from_value(columns).unwrap_or(row)
    })
}

#[test]
fn with_every_column_every_check_passes_and_without_any_none_does() {
    let (plan, row) = everything_of_a_service();
    for check in CHECKS {
        assert_eq!(check.ask(&MeasuredTrial::new(&plan, 0, &row)), Ok(()), "{}", check.words);
    }
    let empty = without(&row, |_| true);
    for check in CHECKS {
        assert_ne!(check.ask(&MeasuredTrial::new(&plan, 0, &empty)), Ok(()), "{}", check.words);
    }
}

#[test]
fn a_check_that_is_not_asked_says_why() {
    let (plan, row) = everything();
    let of = |row: TrialRow| requests::ISSUED.ask(&MeasuredTrial::new(&plan, 0, &row));
    let lost = of(without(&row, |name| name.starts_with("server_")));
    assert_eq!(lost, Err(NotPassed::NotAsked(Why::NotRecorded("server_requests"))));
    let (plan, mut row) = planned_and_measured(|_, _| (), |_| ());
    row.server_delay_pauses = Some(0);
    let delays = lateness::DELAYS.ask(&MeasuredTrial::new(&plan, 0, &row));
    assert_eq!(delays, Err(NotPassed::NotAsked(Why::NoSubject)), "answers without a delay");
    let tls = connections::TLS.ask(&MeasuredTrial::new(&plan, 0, &row));
    assert_eq!(tls, Err(NotPassed::NotAsked(Why::NoSubject)));
    (row.errors, row.server_peak_in_flight) = (Some(1), Some(11));
    let limit = flight::LIMIT.ask(&MeasuredTrial::new(&plan, 0, &row));
    assert_eq!(limit, Err(NotPassed::NotAsked(Why::RequestsFailed)));
}

proptest! {
    /// Losing what is recorded never makes a trial pass.
    #[test]
    fn no_check_passes_for_a_column_that_is_lost(
        wrong in prop::collection::vec((any::<prop::sample::Index>(), 0..300_000_000u64), 0..6),
        lost in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let (plan, row) = everything();
        let mut columns = serde_json::to_value(&row).expect("columns");
        let names: Vec<String> =
            columns.as_object().expect("an object").keys().cloned().collect();
        for (name, value) in wrong {
            let name = name.get(&names);
            let before = std::mem::replace(&mut columns[name], Value::from(value));
            if serde_json::from_value::<TrialRow>(columns.clone()).is_err() {
                columns[name] = before;
            }
        }
        let whole: TrialRow = serde_json::from_value(columns).expect("a row");
        let lost: Vec<&String> = lost.iter().map(|index| index.get(&names)).collect();
        let less = without(&whole, |name| lost.iter().any(|lost| *lost == name));
        for check in CHECKS {
            let (before, after) =
                (check.ask(&MeasuredTrial::new(&plan, 0, &whole)), check.ask(&MeasuredTrial::new(&plan, 0, &less)));
            prop_assert!(after.is_err() || before.is_ok(), "{}: {:?} without {:?}", check.words, before, lost);
        }
    }
}

#[test]
fn redirects_and_bodies_are_counted() {
    // A redirect that the client did not follow, or a cache answered, is missed at the server.
    assert_eq!(
        of_rich(|row| row.server_redirects = Some(99)),
        "the server sent 99 redirects instead of 100"
    );
    assert_eq!(
        of_rich(|row| row.server_uploaded_bytes = Some(9_999)),
        "the server got 9999 bytes of request bodies instead of 10000"
    );
    let failed = of_rich(|row| {
        row.errors = Some(1);
        row.server_redirects = Some(99);
        row.server_uploaded_bytes = Some(9_950);
    });
    assert_eq!(failed, "valid");
}

#[test]
fn both_sides_know_the_same_connections() {
    let disputed = |row: &mut TrialRow| row.connections_mismatched = Some(2);
    assert_eq!(
        of_rich(disputed),
        "client and server do not agree on 2 connections and their requests"
    );
    // What a request that failed did to its connection, the two may see differently.
    let failed = of_rich(|row| {
        disputed(row);
        row.errors = Some(1);
    });
    assert_eq!(failed, "valid");
}

#[test]
fn without_reuse_no_connection_is_kept() {
    let kept = |kept: u64| {
        rich(
            |_, strategy| strategy.reuse = Reuse::None,
            move |row| {
                row.server_connections = Some(200);
                row.server_connections_used = Some(200);
                row.server_requests_per_connection_max = Some(1);
                row.connections_opened = Some(200);
                row.connections_given_up = Some(0);
                row.connections_kept = Some(kept);
                row.dns_hits = Some(198);
                row.dns_coalesced = Some(0);
                row.tls_resumed = Some(197);
            },
        )
    };
    // The last request of each of 10 slots may leave one that is still to close.
    assert_eq!(kept(10), None);
    let reason = "11 connections were kept at the end, 10 are allowed";
    assert_eq!(kept(11).as_deref(), Some(reason));
    let reason = "20 connections were kept at the end, 19 are allowed";
    assert_eq!(of_rich(|row| row.connections_kept = Some(20)), reason);
}

#[test]
fn each_redirect_needs_a_connection_without_reuse() {
    let opened = |opened: u64| {
        after_with(
            |scenario, strategy| {
                scenario.redirects = 1;
                strategy.reuse = Reuse::None;
            },
            move |row| {
                row.server_redirects = Some(100);
                row.server_connections = Some(opened);
                row.server_requests_per_connection_max = Some(1);
            },
        )
    };
    assert_eq!(opened(200), None);
    let reason = "100 connections were opened instead of 200";
    assert_eq!(opened(100).as_deref(), Some(reason));
}

#[test]
fn every_connection_is_encrypted() {
    assert_eq!(of_rich(|row| row.tls_full = Some(2)), "18 TLS handshakes instead of 19 to 20");
    // One that was given up after the handshake is a handshake too.
    assert_eq!(of_rich(|row| row.tls_full = Some(4)), "valid");
    assert_eq!(of_rich(|row| row.tls_full = Some(5)), "21 TLS handshakes instead of 19 to 20");
}

#[test]
fn sessions_are_resumed_only_where_they_may_be() {
    let resumed = |resumed: u64| {
        rich(
            |_, strategy| strategy.tls_resumption = false,
            move |row| {
                row.tls_full = Some(19 - resumed);
                row.tls_resumed = Some(resumed);
            },
        )
    };
    assert_eq!(resumed(0), None);
    let reason = "1 TLS sessions were resumed, and none may be";
    assert_eq!(resumed(1).as_deref(), Some(reason));
}

#[test]
fn a_cache_of_names_saves_queries() {
    let queries = |queries: u64, wall_s: u64| {
        of_rich(move |row| {
            row.wall_ns = Some(wall_s * 1_000_000_000);
            row.dns_queries = Some(queries);
            row.dns_misses = Some(queries);
        })
    };
    // Two names, kept for a minute.
    assert_eq!(queries(2, 59), "valid");
    assert_eq!(
        queries(3, 59),
        "the name server got 3 queries, with the cache at most 2 are needed"
    );
    assert_eq!(queries(4, 61), "valid");
}

#[test]
fn a_query_may_be_sent_twice_only_if_the_client_says_so() {
    let reason = "the name server got 3 queries instead of 1 to 2";
    assert_eq!(of_rich(|row| row.dns_queries = Some(3)), reason);
    let sent_twice = of_rich(|row| {
        row.dns_queries = Some(3);
        row.dns_resends = Some(1);
    });
    assert_eq!(sent_twice, "valid");
}

#[test]
fn without_a_cache_every_look_up_is_a_query() {
    let uncached = |queries: u64, hits: u64| {
        rich(
            |_, strategy| strategy.dns_cache = false,
            move |row| {
                row.dns_queries = Some(queries);
                row.dns_misses = Some(21);
                row.dns_hits = Some(hits);
                row.dns_coalesced = Some(0);
            },
        )
    };
    assert_eq!(uncached(21, 0), None);
    // The one connection that was given up may have been about to ask.
    assert_eq!(uncached(20, 0), None);
    let reason = "the name server got 19 queries instead of 20 to 21";
    assert_eq!(uncached(19, 0).as_deref(), Some(reason));
    let reason = "1 look-ups were answered without a query, and there is no cache";
    assert_eq!(uncached(20, 1).as_deref(), Some(reason));
}

#[test]
fn connections_by_name_need_look_ups() {
    let bypassed = of_rich(|row| {
        row.dns_queries = Some(0);
        row.dns_misses = Some(0);
        row.dns_hits = Some(0);
        row.dns_coalesced = Some(0);
    });
    assert_eq!(bypassed, "0 look-ups for 19 connections: names were not used");
}

#[test]
fn many_requests_share_a_connection_of_http2() {
    let used = |used: u64, streams: u32| {
        after_with(
            move |scenario, strategy| {
                scenario.streams = streams;
                strategy.protocol = Protocol::Http2;
            },
            move |row| {
                // Those that were begun before the protocol was known carry nothing.
                row.server_connections = Some(10);
                row.server_connections_used = Some(used);
            },
        )
    };
    assert_eq!(used(1, 200), None);
    let reason = "2 connections carried requests instead of at most 1";
    assert_eq!(used(2, 200).as_deref(), Some(reason));
    assert_eq!(used(2, 5), None);
}

#[test]
fn streams_that_the_server_allows_are_no_hidden_cap() {
    let peak = |streams: u32| {
        after_with(
            move |scenario, strategy| {
                scenario.streams = streams;
                strategy.protocol = Protocol::Http2;
            },
            |row| {
                row.wall_ns = Some(row.ideal_ns * 2);
                row.server_connections = Some(10);
                row.server_connections_used = Some(1);
                row.server_peak_in_flight = Some(5);
            },
        )
    };
    assert_eq!(peak(5), None);
    let reason = "never more than 5 requests in flight instead of 10: something caps them";
    assert_eq!(peak(200).as_deref(), Some(reason));
}

fn open(change: impl Fn(&mut TrialRow)) -> String {
    let arrival = Arrival::Poisson(Rate::per_s(1_000));
    let rate = |scenario: &mut Scenario, _: &mut Strategy| scenario.arrival = arrival;
    let told = |row: &mut TrialRow| {
        (row.arrivals_misplanned, row.arrivals_early) = (Some(0), Some(0));
        change(row);
    };
    after_with(rate, told).unwrap_or_else(|| "valid".to_owned())
}

#[test]
fn arrivals_are_kept() {
    assert_eq!(open(|_| ()), "valid");
    assert_eq!(
        open(|row| row.arrivals_misplanned = Some(3)),
        "3 requests were planned for another time than asked"
    );
    assert_eq!(
        open(|row| row.arrivals_early = Some(1)),
        "1 requests started before their planned time"
    );
    assert_eq!(
        open(|row| row.arrivals_early = None),
        "the client did not tell when requests were planned"
    );
    // What is not asked for is not held against a trial.
    assert_eq!(session(|row| row.arrivals_early = Some(1)), "valid");
}

/// The bound counts from the arrivals: all at once would have been faster.
#[test]
fn nothing_ends_before_the_last_arrival() {
    let told = open(|row| row.wall_ns = Some(row.bound_ns - 1));
    assert!(told.contains("less than the"), "{told}");
    assert_eq!(open(|row| row.wall_ns = Some(row.bound_ns)), "valid");
}

/// A row of this version, of a server that was never late: 100 delays of 10 ms, ten at once.
fn punctual(row: &mut TrialRow) {
    row.server_delay_pauses = Some(100);
    row.server_delay_late = Some(0);
    row.server_pause_sum_ns = row.server_delay_sum_ns;
    (row.server_late_sum_ns, row.server_late_max_ns) = (Some(0), Some(0));
    (row.server_stalled_ns, row.server_shared_cpu_ns) = (Some(0), Some(0));
}

fn late(change: impl Fn(&mut TrialRow)) -> String {
    session(|row| {
        punctual(row);
        change(row);
    })
}

const MS: u64 = 1_000_000;

#[test]
fn a_figure_beside_its_limit_has_the_digits_that_tell_them_apart() {
    // Ten at once may be late by 200 µs, less than the millisecond that is always allowed.
    for (late_ns, said) in [
        (1_040_000, "1.04 ms late, 1.00 ms are allowed"),
        (1_000_001, "1.000001 ms late, 1.000000 ms are allowed"),
    ] {
        let reason = session(|row| row.server_delay_error_p50_ns = Some(late_ns));
        assert!(reason.contains(said), "{reason}");
    }
}

#[test]
fn what_is_allowed_is_not_diluted_by_requests_without_a_delay() {
    // 20 of 100 requests are answered, after 100 ms each; the others are refused.
    let refused = |pauses: Option<u64>| {
        session(move |row| {
            punctual(row);
            (row.errors, row.ok) = (Some(80), Some(20));
            row.error_classes = "status(4xx):80".parse().expect("a class");
            row.server_refused = Some(80);
            row.server_answered = Some(20);
            row.server_delay_pauses = pauses;
            row.server_delay_sum_ns = Some(20 * 100 * MS);
            row.server_delay_error_p50_ns = Some(4 * MS);
        })
    };
    assert_eq!(refused(Some(20)), "valid");
    // Recordings that do not tell how many were delayed are judged as before.
    assert!(refused(None).contains("4.0 ms late, 1.0 ms are allowed"));
}

/// Answers that cost the server more CPU time are later at once, and that is the strategy's doing.
#[test]
fn the_servers_own_work_is_no_lateness() {
    // Ten at once, 200 µs of the server's CPU time for each.
    let with = |cpu_us: u64, late_us: u64| {
        late(move |row| {
            (row.server_cpu_user_ns, row.server_cpu_sys_ns) = (Some(0), Some(100 * cpu_us * 1_000));
            row.server_delay_error_p50_ns = Some(late_us * 1_000);
        })
    };
    assert_eq!(with(200, 2_000), "valid");
    assert_ne!(with(200, 2_001), "valid");
    assert_ne!(with(20, 1_001), "valid");
    // All that the server needed is no more for a burst of which nearly all failed.
    let failing = late(|row| {
        (row.server_cpu_user_ns, row.server_cpu_sys_ns) = (Some(0), Some(2 * MS));
        (row.server_requests, row.server_answered) = (Some(1), Some(1));
        (row.errors, row.ok) = (Some(99), Some(1));
        row.server_delay_error_p50_ns = Some(3 * MS);
    });
    assert!(failing.contains("3.0 ms late, 2.0 ms are allowed"), "{failing}");
}

#[test]
fn a_server_that_stood_still_is_noticed() {
    assert_eq!(late(|_| ()), "valid");
    // 10 ms, or a twentieth of the wall time, are allowed; it was to take 100 ms.
    let stalled = |ms: u64, wall_ms: u64| {
        late(move |row| {
            row.wall_ns = Some(wall_ms * MS);
            row.server_stalled_ns = Some(ms * MS);
        })
    };
    assert_eq!(stalled(10, 100), "valid");
    assert_eq!(
        stalled(11, 110),
        "the server's lateness cost 11.0 ms of a wall time of 110 ms, 10.0 ms are allowed (it stood \
         still for 11.0 ms); end other work on this machine, and run it again"
    );
    assert_eq!(stalled(49, 1_000), "valid");
    assert!(stalled(51, 1_000).contains("cost 51.0 ms of a wall time of 1.00 s, 50.0 ms"));
}

#[test]
fn a_few_late_pauses_matter_if_the_wall_time_does() {
    // One of four pauses between pieces, by as much as the trial takes.
    let one = |ms: u64, wall_ms: u64| {
        late(move |row| {
            row.wall_ns = Some(wall_ms * MS);
            (row.server_piece_pauses, row.server_piece_late) = (Some(4), Some(1));
            row.server_piece_error_p50_ns = Some(60_000);
            row.server_piece_error_max_ns = Some(ms * MS);
            row.server_late_max_ns = Some(ms * MS);
            row.server_late_sum_ns = Some(ms * MS);
        })
    };
    assert_eq!(one(49, 1_000), "valid");
    assert!(
        one(360, 1_000).contains("1 of 4 pauses between pieces were late, the worst by 360 ms")
    );
    // Many that are a little late: 40 of 100, one after the other, by 3 ms each.
    let many = |at_once: u64| {
        late(move |row| {
            row.wall_ns = Some(1_120 * MS);
            row.server_pause_sum_ns = Some(at_once * 1_120 * MS);
            row.server_delay_late = Some(40);
            row.server_delay_error_max_ns = Some(3 * MS);
            row.server_late_max_ns = Some(3 * MS);
            row.server_late_sum_ns = Some(120 * MS);
        })
    };
    assert!(many(1).contains("cost 120.0 ms of a wall time of 1.12 s, 56.0 ms are allowed"));
    // Ten at once share them out.
    assert_eq!(many(10), "valid");
}

#[test]
fn every_kind_of_pause_is_late_as_a_rule_if_its_median_is() {
    type Set = fn(&mut TrialRow, u64, u64);
    let kinds: [(&str, Set); 4] = [
        ("pauses between pieces", |row, late, p50| {
            (row.server_piece_pauses, row.server_piece_late) = (Some(100), Some(late));
            row.server_piece_error_p50_ns = Some(p50);
        }),
        ("pauses of connects", |row, late, p50| {
            (row.server_connect_pauses, row.server_connect_late) = (Some(100), Some(late));
            row.server_connect_error_p50_ns = Some(p50);
        }),
        ("pauses of handshakes", |row, late, p50| {
            (row.server_handshake_pauses, row.server_handshake_late) = (Some(100), Some(late));
            row.server_handshake_error_p50_ns = Some(p50);
        }),
        ("pauses of names", |row, late, p50| {
            (row.server_name_pauses, row.server_name_late) = (Some(100), Some(late));
            row.server_name_error_p50_ns = Some(p50);
        }),
    ];
    for (words, set) in kinds {
        let of = |late: u64, p50: u64| {
            let reason = after_with(
                |scenario, _| {
                    scenario.chunk_delay_ns = 60 * MS;
                    scenario.connect_delay_ns = 60 * MS;
                    scenario.handshake_delay_ns = 60 * MS;
                    scenario.dns_delay_ns = Some(60 * MS);
                },
                |row| {
                    punctual(row);
                    set(row, late, p50);
                },
            );
            reason.unwrap_or_default()
        };
        assert_eq!(of(100, 3 * MS), "", "{words}");
        let said = format!("the server's {words} were 3.1 ms late (median), 3.0 ms are allowed");
        assert!(of(51, 3_100_000).starts_with(&said), "{}", of(51, 3_100_000));
        // What its own work explains is no lateness.
        assert_eq!(of(50, 3_100_000), "", "{words}");
    }
}

#[test]
fn cpu_time_of_the_trials_own_processes_is_not_the_machines() {
    let beside = |shared_ms: u64| {
        late(move |row| {
            row.server_stalled_ns = Some(40 * MS);
            row.server_shared_cpu_ns = Some(shared_ms * MS);
        })
    };
    assert_ne!(beside(29), "valid");
    assert_eq!(beside(30), "valid");
}

#[test]
fn a_network_that_stands_still_is_noticed() {
    let worst = |ms: u64, tells: bool| {
        after_with(
            |scenario, _| scenario.rtt_ns = Some(60 * MS),
            move |row| {
                if tells {
                    punctual(row);
                }
                (row.rtt_dropped, row.rtt_error_p50_ns) = (Some(0), Some(20_000));
                (row.rtt_cpu_ns, row.rtt_error_max_ns) = (Some(6 * MS), Some(ms * MS));
            },
        )
    };
    // 10 ms of CPU time, 10 ms that are always allowed, and ten packets at once.
    assert_eq!(worst(20, true), None);
    let reason = worst(700, true).expect("a reason");
    assert!(reason.starts_with("the network held a packet for 690.0 ms too long"), "{reason}");
    assert_eq!(worst(700, false), None);
}
