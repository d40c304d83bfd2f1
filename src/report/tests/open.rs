//! Reports of recordings whose requests come at a rate.

use super::*;
use crate::arrival::{Arrival, Rate};

/// A queue that carries 2 500 a second and a strategy without a limit, at these rates.
fn swept(rates: &[u32], blocks: u32) -> Recording {
    let strategies =
        vec![strategy("queue", "async-workers", Some(50)), strategy("all", "async-all", None)];
    let mut experiment = experiment(strategies, blocks);
    let closed = experiment.scenarios[0].clone();
    let at = |&rate: &u32| crate::spec::Scenario {
        arrival: Arrival::Poisson(Rate::per_s(rate)),
        requests: rate,
        ..closed.clone()
    };
    experiment.scenarios = rates.iter().map(at).collect();
    recording(experiment, |plan, planned, row| {
        let cell = &plan.cells[planned.cell];
        let rate = f64::from(plan.scenario_of(cell).requests);
        let noise = 1.0 + 0.002 * wobble(planned, 1);
        let capacity = if cell.strategy.limit.is_some() { 2_500.0 } else { f64::INFINITY };
        // What is behind after a second.
        let behind = (rate / capacity - 1.0).max(0.0) * noise;
        let ns = |seconds: f64| Some((seconds * 1e9) as u64);
        row.arrival_span_ns = ns(1.0);
        (row.arrivals_misplanned, row.arrivals_early) = (Some(0), Some(0));
        row.service_p50_ns = ns(0.014 * noise);
        row.service_p99_ns = ns(0.092 * noise);
        row.latency_p50_ns = ns(0.015 * noise + behind / 2.0);
        row.latency_p99_ns = ns(0.094 * noise + behind);
        row.start_lateness_p50_ns = Some(31_000);
        row.lateness_before_ns = ns(0.001 + behind * 0.05);
        row.lateness_end_ns = ns(0.001 + behind * 0.95);
        row.lateness_apart_ns = ns(0.9);
        row.backlog_peak = Some((rate * (1.0 - 1.0 / (1.0 + behind))) as u64);
        row.backlog_end = row.backlog_peak;
    })
}

#[test]
fn it_says_up_to_which_rate_each_strategy_keeps_up() {
    let recording = swept(&[500, 2_000, 4_000], 8);
    insta::assert_snapshot!(answer(&recording), @"`queue` keeps up to 2,000/s (99 of 100 answers within 94.0 ms of their planned start) and no longer at 4,000/s (2,501/s go through, 1,498 wait when the last one comes). `all` keeps up to 4,000/s, the highest rate offered (99 of 100 answers within 93.9 ms of their planned start).");
}

#[test]
fn the_section_has_latency_beside_service_time() {
    let (_dir, recording) = on_a_disk(swept(&[500, 2_000, 4_000], 8));
    let page = page(&recording);
    let section = page.split("## Open arrival").nth(1).and_then(|s| s.split("\n## ").next());
    insta::assert_snapshot!(section.expect("a section"));
    assert!(page.contains("requests were planned for their time"), "{page}");
    assert!(!page.contains("closed loop") && !page.contains("Closed loop"), "{page}");
    let files = rendered(&recording).files;
    assert!(files.contains_key("load.svg"));
    let percentiles = String::from_utf8_lossy(&files["percentiles.svg"]).into_owned();
    assert!(percentiles.contains("the planned start of a request"), "{percentiles}");
}

#[test]
fn the_answer_covers_every_way_to_end() {
    let said = |rates: &[u32]| answer(&swept(rates, 2));
    assert!(said(&[500]).contains("`queue` keeps up with 500/s (99 of"), "{}", said(&[500]));
    let never = said(&[4_000, 5_000]);
    assert!(never.contains("`queue` does not keep up even at 4,000/s (2,"), "{never}");
    assert!(never.contains("`all` keeps up to 5,000/s, the highest rate offered"), "{never}");
    // Two trials that do not agree show nothing.
    let mut torn = swept(&[500, 2_000], 2);
    for row in torn.trials.iter_mut().filter(|r| r.block == 2 && r.label == "queue") {
        row.lateness_end_ns = Some(300_000_000);
    }
    let torn = answer(&torn);
    assert!(torn.contains("Whether `queue` keeps up is not shown at any rate."), "{torn}");
}

/// A sweep is what differs in its rate alone; closed scenarios have answers of their own.
#[test]
fn each_sweep_has_an_answer() {
    let of = |change: &dyn Fn(&mut Experiment)| {
        let mut experiment = swept(&[500, 4_000], 2).plan.experiment;
        change(&mut experiment);
        answer(&recording(experiment, |_, _, row| {
            row.arrival_span_ns = Some(1_000_000_000);
            (row.lateness_before_ns, row.lateness_end_ns) = (Some(1), Some(1));
            row.lateness_apart_ns = Some(900_000_000);
        }))
    };
    let bodies = of(&|e| {
        let larger =
            e.scenarios.iter().map(|s| crate::spec::Scenario { body_bytes: 9, ..s.clone() });
        e.scenarios = [e.scenarios.clone(), larger.collect()].concat();
    });
    assert_eq!(bodies.lines().count(), 2, "{bodies}");
    assert!(bodies.contains("body 9B: `queue` keeps up to 4,000/s"), "{bodies}");
    let requests = of(&|e| {
        e.scenarios[1].arrival = e.scenarios[0].arrival;
    });
    assert_eq!(requests.lines().count(), 2, "{requests}");
    assert!(requests.contains("requests 4000: `queue` keeps up with 500/s"), "{requests}");
    let mixed = of(&|e| e.scenarios[1].arrival = Arrival::Closed);
    assert!(mixed.starts_with("open arrival: `queue` keeps up with 500/s"), "{mixed}");
    assert!(mixed.lines().nth(1).is_some_and(|l| l.contains("took the shortest time")), "{mixed}");
}

#[test]
fn closed_reports_say_nothing_of_it() {
    let (_dir, recording) = on_a_disk(recording(seed(2), lifelike));
    let page = page(&recording);
    assert!(!page.contains("Open arrival") && !page.contains("planned start"), "{page}");
}
