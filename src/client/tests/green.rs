//! Green threads make requests on one OS thread, and have limits of their own.

use super::protocol::run_as_a_child;
use super::*;

const REQUESTS: u32 = 100;
const DELAY_MS: u64 = 100;

fn green(limit: u32) -> Strategy {
    strategy("green", "ureq", Reuse::Session, limit)
}

#[test]
fn a_hundred_wait_at_once_on_the_thread_that_one_request_needs() {
    overlapping(DELAY_MS, |delay_ms| {
        let serving = Serving::start(fixed_ms(delay_ms));
        let of = |strategy, requests| {
            let config = config(serving.addr, strategy, requests, fixed_ms(delay_ms));
            let report = run_as_a_child(&config);
            assert_eq!((report.ok, &report.first_error), (u64::from(requests), &None));
            report
        };
        let alone = of(strategy("sequential", "ureq", Reuse::Session, 0), 1);
        let many = of(green(REQUESTS), REQUESTS);
        serving.stop();
        assert_eq!(many.peak_threads, alone.peak_threads);
        many.peak_in_flight == u64::from(REQUESTS)
    });
}

/// `cargo test --release --lib take_the_time_of_their_schedule -- --ignored --nocapture`, on a quiet
/// machine.
#[test]
#[ignore = "asserts a time"]
fn a_hundred_green_threads_take_the_time_of_their_schedule() {
    let serving = Serving::start(fixed_ms(DELAY_MS));
    let config = config(serving.addr, green(REQUESTS), 5 * REQUESTS, fixed_ms(DELAY_MS));
    let mut efficiencies: Vec<f64> = (0..5)
        .map(|_| (5 * DELAY_MS * 1_000_000) as f64 / run_as_a_child(&config).wall_ns as f64)
        .collect();
    serving.stop();
    efficiencies.sort_by(f64::total_cmp);
    println!("{efficiencies:?}");
    assert!(efficiencies[2] >= 0.95, "{efficiencies:?}");
}

/// Mappings that a process may have, and with them the stacks: two of them each.
fn stacks() -> Option<u32> {
    let most = fs_err::read_to_string("/proc/sys/vm/max_map_count").ok()?;
    // Some systems allow a million: more memory than a test should take.
    most.trim().parse::<u32>().ok().map(|n| n / 2).filter(|&n| n < 50_000)
}

#[test]
fn green_threads_without_a_stack_fail_with_their_class_and_say_at_which_number() {
    let Some(stacks) = stacks() else { return };
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let requests = stacks + 100;
    let strategy = Strategy { nofile: Some(256), ..green(requests) };
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("r.csv.zst");
    let mut config = config(nowhere, strategy, requests, fixed_ms(0));
    config.request_log = Some(RequestLog { path: path.clone(), rows: u32::MAX });
    let report = run_as_a_child(&config);
    let errors = &report.errors;
    let without = *errors.get("stack").expect("some without a stack");
    assert_eq!((report.issued, report.ok), (requests.into(), 0), "{errors:?}");
    assert_eq!(errors.values().sum::<u64>(), u64::from(requests), "{errors:?}");
    // The process itself has some hundred mappings.
    assert!((100..400).contains(&without), "{errors:?}");
    let first = u64::from(requests) - without;
    let said = format!("cannot map a stack for green thread {first} <- ");
    let told = report.failures.iter().find(|f| f.class == "stack").expect("it is counted");
    assert_eq!((told.phase, told.requests), (crate::strategy::probe::Phase::Queue, without));
    assert_eq!(report.first_failure.map(|first| first.class).as_deref(), Some("stack"));
    let rows: Vec<RequestRow> = rows(&path);
    let chain = rows[first as usize].error_chain.as_ref().expect("it failed");
    assert!(chain.starts_with(&said), "{chain}");
}
