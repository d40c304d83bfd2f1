//! Sweeps of limits, and trials that broke.

use super::*;
use crate::record::Status;

const LIMITS: [u32; 8] = [1, 2, 5, 10, 20, 50, 100, 200];

/// Requests of 10 ms under limits, each with this throughput by its limit and the ideal.
fn sweep(throughput: impl Fn(f64, f64) -> f64) -> Recording {
    let strategies = LIMITS.map(|n| strategy("workers", "async-workers", Some(n)));
    let mut experiment = experiment(strategies.to_vec(), 8);
    experiment.scenarios[0].requests = 20_000;
    recording(experiment, |plan, planned, row| {
        let cell = &plan.cells[planned.cell];
        let limit = f64::from(cell.strategy.limit.map_or(1, NonZeroU32::get));
        let noise = 1.0 + 0.004 * wobble(planned, 3);
        let wall = 20_000.0 * 1e9 / throughput(limit, 100.0 * limit) * noise;
        row.wall_ns = Some((wall as u64).max(row.ideal_ns));
        row.client_cpu_user_ns = row.wall_ns.map(|ns| ns / 100 * 93);
        row.client_cpu_sys_ns = Some(0);
        row.server_cpu_user_ns = row.wall_ns.map(|ns| ns / 100 * 41);
        row.server_cpu_sys_ns = Some(0);
    })
}

fn page(recording: &Recording) -> (String, Rendered) {
    let rendered = render(recording, &Analysis::of(recording)).expect("a report");
    let page = String::from_utf8(rendered.files["report.md"].clone()).expect("text");
    (page, rendered)
}

fn sentence(page: &str) -> String {
    let line = page.lines().find(|l| l.starts_with("- **workers**")).expect("a sentence");
    line.replace('\u{a0}', " ")
}

#[test]
fn a_sweep_with_a_peak_has_its_law_and_its_knee_in_words() {
    let law = |n: f64, _| 99.0 * n / (1.0 + 0.01 * (n - 1.0) + 1e-4 * n * (n - 1.0));
    let (page, rendered) = page(&sweep(law));
    assert!(rendered.files.contains_key("throughput.svg"));
    let words = sentence(&page);
    let knee = "from 20 requests in flight on, throughput is below 90 % of its ideal (1,610/s instead of \
                2,000/s there); the client's CPU is full (client 93 %, delay server 41 %).";
    assert!(words.contains(knee), "{words}");
    for part in ["λ = 99", "σ = 0.0", "κ = ", "it peaks at ", "bootstrap intervals"] {
        assert!(words.contains(part), "{part} is not in {words}");
    }
    assert!(page.contains("![workers falls behind its ideal from 20 requests in flight on"));
}

#[test]
fn a_law_is_refused_with_its_reason() {
    let linear = sentence(&page(&sweep(|_, ideal| ideal * 0.97)).0);
    assert!(linear.contains("no knee: up to 200 requests in flight"), "{linear}");
    assert!(linear.contains("no contention is seen up to a limit of 200"), "{linear}");
    let saturated = sentence(&page(&sweep(|_, ideal| f64::min(ideal * 0.99, 4_000.0))).0);
    assert!(saturated.contains("two straight lines are closer to the medians"), "{saturated}");
    assert!(saturated.contains("from 50 requests in flight on"), "{saturated}");
}

#[test]
fn a_few_limits_are_no_sweep_and_have_no_chart() {
    let strategies = [1, 2, 5, 10].map(|n| strategy("workers", "async-workers", Some(n)));
    let (page, rendered) = page(&recording(experiment(strategies.to_vec(), 8), lifelike));
    assert!(!rendered.files.contains_key("throughput.svg"));
    assert!(sentence(&page).contains("it takes at least 6 limits, and there are 4"), "{page}");
}

#[test]
fn trials_that_broke_are_shown_over_time_and_others_are_not() {
    let of = |errors: u64| {
        let folder = tempfile::tempdir().expect("a folder");
        let strategies = vec![strategy("threads", "threads", Some(10))];
        let mut recording = recording(experiment(strategies, 3), |_, _, row| {
            row.errors = Some(errors);
            row.ok = Some(100 - errors);
        });
        on_disk(&mut recording, folder.path());
        page(&recording)
    };
    let (whole, rendered) = of(0);
    assert!(!rendered.files.contains_key("timeline.svg") && !whole.contains("Trials that broke"));
    let (broken, rendered) = of(30);
    assert!(rendered.files.contains_key("timeline.svg"));
    assert!(broken.contains("## Trials that broke\n\n![threads: 30 of 100 requests failed"));
}

#[test]
fn a_trial_without_an_end_is_shown_as_far_as_it_came() {
    let folder = tempfile::tempdir().expect("a folder");
    let strategies = vec![strategy("threads", "threads", Some(10))];
    let mut recording = recording(experiment(strategies, 3), |_, _, _| {});
    on_disk(&mut recording, folder.path());
    let first = recording.trials.iter_mut().find(|t| t.block == 0 && t.replica == "a");
    let first = first.expect("a warm-up");
    first.set_status(Status::Failed, "was still running after the deadline");
    first.wall_ns = None;
    let (page, _) = page(&recording);
    let title = "![threads: the trial failed; the last that is known is from 100 ms";
    assert!(page.contains(title), "{page}");
}
