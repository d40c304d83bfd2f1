//! Recordings that are unlike the usual.

use super::*;
use crate::record::Status;
use crate::spec::RecordLevel;

/// 40 cells: four models, ten limits.
pub(super) fn forty_cells() -> Experiment {
    let models = ["threads", "thread-pool", "async-semaphore", "async-workers"];
    let limits = [1, 2, 5, 10, 20, 30, 50, 70, 90, 100];
    let cell = |m: &'static str| limits.into_iter().map(move |n| strategy(m, m, Some(n)));
    experiment(models.into_iter().flat_map(cell).collect(), 8)
}

/// Three scenarios, four strategies.
pub(super) fn scenarios() -> Experiment {
    let mut experiment = seed(8);
    let labels = |s: &Strategy| s.limit.is_none_or(|n| n.get() == 50) && s.reuse == Reuse::Session;
    experiment.strategies.retain(labels);
    experiment.baseline = None;
    experiment.claims =
        vec![claim("All are near their ideal", Selector::default(), Over::Ideal, 1.1)];
    let base = experiment.scenarios[0].clone();
    experiment.scenarios = [0.01, 0.05, 0.1]
        .map(|time_scale| crate::spec::Scenario { time_scale, ..base.clone() })
        .into();
    experiment
}

/// Labels with everything that Markdown, HTML and tables take for themselves.
pub(super) fn awkward_labels() -> Experiment {
    let long = "a label that somebody wrote in one go and never read again, with | and ` in it ";
    let labels =
        ["a|b", "`code` and ``more``", "<img src=x> & co", "*stars* _and_ [link](x)", long];
    experiment(
        labels
            .into_iter()
            .map(|l| strategy(l, "async-all", None))
            .zip(1u32..)
            .map(|(s, n)| Strategy { nofile: Some(u64::from(n) * 1_000), ..s })
            .collect(),
        8,
    )
}

/// Every table of a page has as many cells in each row as in its head.
pub(super) fn assert_tables(page: &str) {
    let cells = |line: &str| {
        let mut chars = line.chars();
        let mut pipes = 0;
        while let Some(c) = chars.next() {
            match c {
                '\\' => _ = chars.next(),
                '|' => pipes += 1,
                _ => {}
            }
        }
        pipes
    };
    let mut width = None;
    for line in page.lines() {
        if line.starts_with('|') {
            assert_eq!(*width.get_or_insert(cells(line)), cells(line), "{line}");
        } else {
            width = None;
        }
    }
    assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
    assert!(!page.contains("NaN") && !page.contains("inf "), "{page}");
}

#[test]
fn one_of_everything_is_one() {
    let mut one = experiment(vec![strategy("sync", "sequential", None)], 1);
    one.scenarios[0].requests = 1;
    let (_dir, recording) = on_a_disk(recording(one, lifelike));
    let page = page(&recording);
    assert!(page.contains("1 request, delay"), "{page}");
}

#[test]
fn one_cell_alone() {
    let alone = experiment(vec![strategy("gather", "async-all", None)], 8);
    let (_dir, recording) = on_a_disk(recording(alone, lifelike));
    let (page, answer) = (page(&recording), answer(&recording));
    assert!(
        answer.contains("`gather` completes 100 requests in 10.3 ms (median of 8 blocks"),
        "{answer}"
    );
    assert!(!answer.contains("baseline"), "{answer}");
    assert!(!page.contains("## Against the baseline"), "{page}");
    assert_tables(&page);
}

#[test]
fn one_block_says_why_there_is_no_interval() {
    let (_dir, recording) = on_a_disk(recording(seed(1), lifelike));
    let page = page(&recording);
    assert!(page.contains("No intervals: needs at least 6 blocks, has 1."), "{page}");
    assert!(page.contains("so the noise is not known"), "{page}");
    assert_tables(&page);
}

#[test]
fn a_cell_without_a_valid_trial() {
    let (_dir, recording) = on_a_disk(recording(seed(8), |plan, planned, row| {
        lifelike(plan, planned, row);
        if row.label == "gather" {
            row.set_status(Status::Failed, "client: out of <memory> | killed");
            row.wall_ns = None;
        }
    }));
    let page = page(&recording);
    assert!(page.contains("`gather`: 8 of 8 failed."), "{page}");
    assert!(page.contains("There is no time of `gather` (8 of 8 failed)."), "{page}");
    assert!(page.contains("client: out of &lt;memory&gt; \\| killed"), "{page}");
    assert_tables(&page);
}

#[test]
fn a_cell_that_the_machine_cannot_run() {
    let (_dir, recording) = on_a_disk(recording(seed(8), |plan, planned, row| {
        lifelike(plan, planned, row);
        if row.label == "gather" {
            row.set_status(Status::Skipped, "this machine has no <network>");
            row.wall_ns = None;
        }
    }));
    let (page, answer) = (page(&recording), answer(&recording));
    assert!(
        answer.contains("8 were skipped (`gather`): this machine has no <network>."),
        "{answer}"
    );
    assert!(!answer.contains("measured something else"), "{answer}");
    assert!(page.contains("`gather`: 8 of 8 skipped."), "{page}");
    assert!(page.contains("There is no time of `gather` (8 of 8 skipped)."), "{page}");
    assert!(page.contains("ok / failed / invalid / skipped"), "{page}");
    assert!(page.contains("this machine has no &lt;network&gt;"), "{page}");
    assert!(page.contains("8 skipped trials"), "{page}");
    assert_tables(&page);
}

#[test]
fn a_network_of_its_own_is_checked_and_loopback_is_not() {
    let line = "the network lost nothing";
    let (_dir, plain) = on_a_disk(recording(seed(8), lifelike));
    assert!(!page(&plain).contains(line));
    let linked = |kind: &str| {
        let mut experiment = seed(8);
        for scenario in &mut experiment.scenarios {
            scenario.rtt_ns = Some(15_000_000);
        }
        let (_dir, linked) = on_a_disk(recording(experiment, |plan, planned, row| {
            lifelike(plan, planned, row);
            row.rtt_kind = kind.to_owned();
            row.rtt_dropped = Some(0);
            row.rtt_error_p50_ns = Some(20_000);
            row.rtt_error_p99_ns = Some(90_000);
        }));
        page(&linked)
    };
    let seen = "0 lost; late by 20.0 µs (p50) and 90.0 µs (p99) in the worst trial";
    for (kind, timed) in [("tun", ""), ("netem", " (netem, by probes)")] {
        let page = linked(kind);
        assert!(page.contains(line) && page.contains(&format!("{seen}{timed} |")), "{page}");
        assert_tables(&page);
    }
}

#[test]
fn a_baseline_without_a_valid_trial() {
    let (_dir, recording) = on_a_disk(recording(seed(8), |plan, planned, row| {
        lifelike(plan, planned, row);
        if row.reuse == "none" {
            row.set_status(Status::Invalid, "a reason");
        }
    }));
    let (page, answer) = (page(&recording), answer(&recording));
    assert!(
        answer.contains("not compared with the baseline `sync ureq reuse none` (8 of 8 invalid)"),
        "{answer}"
    );
    assert!(page.contains("No ratios: the baseline"), "{page}");
    assert_tables(&page);
}

#[test]
fn nothing_at_all() {
    let (_dir, mut recording) = on_a_disk(recording(seed(8), |_, _, row| {
        row.set_status(Status::Failed, "no server");
    }));
    assert!(answer(&recording).contains("Nothing can be said"));
    assert_tables(&page(&recording));
    recording.trials.clear();
    recording.env.clear();
    let page = page(&recording);
    assert!(page.contains("it holds 0 of 8 planned blocks"), "{page}");
    assert_tables(&page);
}

#[test]
fn without_rows_timelines_and_histograms_the_report_says_so() {
    let mut experiment = seed(8);
    experiment.record = RecordLevel::None;
    let page = page(&recording(experiment, lifelike));
    assert!(page.contains("(`record = \"none\"`)"), "{page}");
    assert!(page.contains("neither timelines nor all request rows"), "{page}");
    assert!(page.contains("no latency histogram"), "{page}");
    assert_tables(&page);
}

#[test]
fn forty_cells_are_represented_by_a_few() {
    let (_dir, recording) = on_a_disk(recording(forty_cells(), lifelike));
    let page = page(&recording);
    assert!(page.contains("Shown are the baseline, the fastest and one of each kind"), "{page}");
    // Eight blocks cannot carry 39 comparisons, and that is what is said.
    assert!(page.contains("but to rank 40 cells at once takes at least 15 blocks."), "{page}");
    assert_tables(&page);
}

#[test]
fn scenarios_are_answered_one_by_one() {
    let (_dir, recording) = on_a_disk(recording(scenarios(), lifelike));
    let page = page(&recording);
    for name in ["time × 0.01", "time × 0.05", "time × 0.1"] {
        assert!(page.contains(&format!("- **{name}**: ")), "{page}");
        assert!(page.contains(&format!("### {name}")), "{page}");
    }
    assert_eq!(page.matches("waterfall").count(), 3);
    assert_tables(&page);
}

#[test]
fn awkward_labels_break_nothing() {
    let (_dir, recording) = on_a_disk(recording(awkward_labels(), lifelike));
    let page = page(&recording);
    assert!(page.contains("| `a\\|b` (baseline, A/A)"), "{page}");
    assert_tables(&page);
}

#[test]
fn rows_beyond_the_first_thousand_are_counted() {
    let mut experiment = seed(6);
    experiment.scenarios[0].requests = 1_500;
    let (_dir, recording) = on_a_disk(recording(experiment, lifelike));
    let page = page(&recording);
    assert!(page.contains("Left out: the requests beyond the rows that were kept."), "{page}");
}
