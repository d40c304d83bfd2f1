//! Metrics that claims need: percentiles, the server's costs, the whole client process.

use super::*;

fn two() -> Experiment {
    experiment(
        vec![strategy("sync", "sequential", None), strategy("gather", "async-all", None)],
        12,
    )
}

/// The row of a cell in the table that has this in its header, with single spaces.
fn row_of(page: &str, name: &str, table: &str) -> String {
    let (_, table) = page.split_once(table).expect("the table");
    let row = table.lines().find(|line| line.starts_with(&format!("| `{name}`")));
    let row = row.expect("a row of the cell");
    row.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_percentile_of_too_few_requests_is_a_dash_with_its_reason() {
    let with = |requests: u32| {
        let mut experiment = two();
        experiment.scenarios[0].requests = requests;
        page(&recording(experiment, |_, _, _| {}))
    };
    let times = "| verdict";
    let (enough, few) = (with(100), with(99));
    assert!(row_of(&enough, "gather", times).contains("| 10.9 ms (within ±0.1 %) |"), "{enough}");
    assert!(!enough.contains("cannot be told"), "{enough}");
    let row = row_of(&few, "gather", times);
    assert!(row.contains("| 10.1 ms (within ±0.1 %) | – |"), "{few}");
    assert!(
        few.contains("Not known: p99 cannot be told from 99 requests (100 are needed)."),
        "{few}"
    );
    assert!(!few.contains("10.9 ms"), "{few}");
}

#[test]
fn the_whole_client_is_shown_where_it_was_recorded() {
    let lived =
        |ns: Option<u64>| page(&recording(two(), move |_, _, row| row.client_process_wall_ns = ns));
    let (old, new) = (lived(None), lived(Some(1_234_000_000)));
    assert!(!old.contains("whole client"), "{old}");
    assert!(row_of(&new, "gather", "| whole client").contains("| 1.23 s |"), "{new}");
    assert!(new.contains("*Whole client* is the time from the start of its process"), "{new}");
}

#[test]
fn claims_name_the_metrics_that_they_divide_by() {
    let mut experiment = two();
    let cpu = || Over::Metric(Metric::Cpu);
    let bounded = |metric: Metric, over: Over, at_least: f64, at_most: f64| Claim {
        metric,
        at_least: Some(at_least),
        ..claim("A claim", of("gather"), over, at_most)
    };
    experiment.claims = vec![
        bounded(Metric::ServerCpu, cpu(), 0.4, 0.6),
        bounded(Metric::Wall, Over::Largest(vec![Over::Ideal, cpu()]), 0.85, 1.15),
        bounded(Metric::MinorFaults, Over::One, 0.0, 1e6),
        bounded(Metric::P999, Over::LongestDelay, 0.0, 2.0),
    ];
    let page = page(&recording(experiment, |_, _, _| {}));
    for expected in [
        "| **held** | 0.500 (within ±0.1 %) | 96.1 % | 0.4 to 0.6 | \
         server CPU time ÷ CPU time of",
        "wall time ÷ the larger of ideal and CPU time of",
        "**undecided**: there is no ratio: no trial tells minor-faults",
        "**undecided**: there is no ratio: p99.9 cannot be told from 100 requests (1,000 are needed)",
        "Where a metric is divided by another, it is so within each trial.",
    ] {
        let spaced = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(spaced.contains(expected), "{expected}\n{page}");
    }
}
