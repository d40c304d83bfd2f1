//! Plans of one build and of several.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::record::synthetic::{experiment, strategy};
use crate::spec::Source;

const NAMES: [&str; 2] = ["base", "new"];

fn three() -> Plan {
    let strategies = vec![
        strategy("sync", "sequential", None),
        strategy("threads", "threads", Some(10)),
        strategy("async", "async-semaphore", Some(50)),
    ];
    Plan::new(experiment(strategies, 12), &Only::default()).expect("a plan")
}

#[test]
fn a_block_holds_every_cell_once_for_each_build_and_both_twins_of_the_control() {
    let plan = three().with_builds(&NAMES);
    let mut blocks: BTreeMap<u32, Vec<&PlannedTrial>> = BTreeMap::new();
    for trial in &plan.trials {
        blocks.entry(trial.block).or_default().push(trial);
    }
    assert_eq!(blocks.len(), 13);
    let mut expected = BTreeSet::new();
    for build in 0..2 {
        expected.extend((0..3).map(|cell| (cell, Replica::A, build)));
        expected.insert((plan.scenarios[0].control, Replica::B, build));
    }
    for trials in blocks.values() {
        let found: BTreeSet<_> = trials.iter().map(|t| (t.cell, t.replica, t.build)).collect();
        assert_eq!((found, trials.len()), (expected.clone(), 8));
        let positions: Vec<u32> = trials.iter().map(|t| t.position).collect();
        assert_eq!(positions, (0..8).collect::<Vec<u32>>());
    }
}

#[test]
fn builds_take_turns_in_an_order_of_chance() {
    let plan = three().with_builds(&NAMES);
    let orders: BTreeSet<Vec<usize>> = plan
        .trials
        .chunk_by(|a, b| a.block == b.block)
        .map(|block| block.iter().map(|t| t.build).collect())
        .collect();
    // 70 orders are possible; thirteen draws hardly ever give fewer than eight of them.
    assert!(orders.len() >= 8, "{orders:?}");
    let base_first =
        plan.trials.chunk_by(|a, b| a.block == b.block).filter(|block| block[0].build == 0).count();
    assert!((1..13).contains(&base_first), "{base_first} of 13 blocks begin with base");
    assert_eq!(plan, three().with_builds(&NAMES), "the seed gives the order");
}

#[test]
fn one_build_changes_nothing_and_several_change_the_digest() {
    let usual = three();
    assert_eq!(usual.clone().with_builds(&["only"]), usual);
    assert_eq!(usual.clone().with_builds(&[] as &[&str]), usual);
    let two = usual.clone().with_builds(&NAMES);
    assert_ne!(two.digest(), usual.digest());
    assert_ne!(two.digest(), usual.with_builds(&["new", "base"]).digest());
}

#[test]
fn of_each_build_there_is_a_plan_of_its_own() {
    let plan = three().with_builds(&NAMES);
    for (index, name) in NAMES.iter().enumerate() {
        let of_build = plan.of_build(name).expect("a build of this name");
        assert!(of_build.builds.is_empty());
        let places = |trials: &[PlannedTrial], build: usize| -> Vec<(u32, u32, usize)> {
            let of = trials.iter().filter(|t| t.build == build);
            of.map(|t| (t.block, t.position, t.cell)).collect()
        };
        assert_eq!(places(&of_build.trials, 0), places(&plan.trials, index));
        assert_eq!(of_build.trials.len(), 13 * 4);
    }
    assert_eq!(plan.of_build("other"), None);
}

#[test]
fn requests_that_get_to_no_server_take_nothing() {
    let mut experiment = experiment(vec![strategy("sync", "sequential", None)], 6);
    let scenario = &mut experiment.scenarios[0];
    (scenario.targets, scenario.unknown_hosts, scenario.dns_delay_ns) = (4, 1, Some(0));
    let all = scenario.delay.all_ns(scenario.seed, scenario.requests, scenario.time_scale);
    // Every fourth goes to the last of the hosts.
    let reached = all.iter().enumerate().filter(|(index, _)| index % 4 != 3);
    let sum: u64 = reached.map(|(_, delay)| delay).sum();
    assert!(sum < all.iter().sum(), "some of the others have a delay");
    let plan = Plan::new(experiment, &Only::default()).expect("a plan");
    let facts = &plan.scenarios[0];
    assert_eq!((facts.sum_of_delays_ns, plan.cells[0].ideal.wall_ns), (sum, sum));
}

/// An experiment recorded on 22 November 2026, before there was the key `retries`.
const BEFORE_RETRIES: &str = r#"
title = "t"
question = "q"
workload = { requests = 2000, delay = "20ms", body = "1kB" }
server = { tls = true, streams = 250 }
strategy = [{ model = "async-workers", client = ["hyper", "reqwest"], limit = 200, protocol = ["http1", "http2"] }]
"#;

#[test]
fn a_cell_is_another_one_only_where_its_library_may_send_requests_again() {
    let source = Source {
        name: "t.toml".to_owned(),
        text: BEFORE_RETRIES.to_owned(),
        overrides: Vec::new(),
    };
    let here = std::path::Path::new(".");
    // hyper and reqwest over HTTP/1.1, hyper over HTTP/2; and the last, which recordings have.
    let before = ["82c716c1", "349d16b6", "ced0dfd5", "fe08edb6"];
    let is_planned = |scenario: &Scenario, strategy: &Strategy| {
        before.contains(&CellId::of(scenario, strategy).to_string().as_str())
    };
    let recorded = Experiment::parse_recorded(&source, here, &is_planned).expect("good");
    let ids = |experiment: Experiment| {
        let plan = Plan::new(experiment, &Only::default()).expect("a plan");
        plan.cells.iter().map(|cell| cell.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(recorded), before);
    let now = ids(Experiment::parse(&source, here).expect("good"));
    assert_eq!(before[..3], now[..3]);
    assert_ne!(before[3], now[3]);
}
