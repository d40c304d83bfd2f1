//! More than two recordings' wall times: metrics, machines, factors, several sides, bare trials.

use super::{exit, four, of, outcomes, recorded, scale, text, unchanged, with};
use crate::chart::Draw;
use crate::diff::{
    self, Contest, Diff, NoSplit, Options, Order, Pairing, Relative, Side, chart, compare,
};
use crate::exit::Exit;
use crate::page::terminal::Screen;
use crate::record::{Recording, synthetic};
use crate::spec::{Factor, Metric};

fn cell<'a>(diff: &'a Diff, name: &str, metric: Metric) -> &'a diff::CellDiff {
    let found = diff.cells.iter().find(|c| c.name == name && c.metric == metric);
    found.expect("a common cell")
}

/// With memory, CPU time and latencies that do not change.
fn with_costs(day: u32, change: impl Fn(&mut crate::record::TrialRow)) -> Recording {
    recorded(day, four(), move |_, row| {
        row.client_max_rss_bytes = Some(8_000_000);
        row.client_cpu_user_ns = Some(1_000_000);
        row.client_cpu_sys_ns = Some(500_000);
        (row.latency_p50_ns, row.latency_p99_ns) = (Some(10_000_000), Some(12_000_000));
        row.server_connections = Some(10);
        (row.ok, row.errors) = (Some(100), Some(0));
        change(row);
    })
}

#[test]
fn every_metric_has_its_direction_and_its_words() {
    let new = with_costs(2, |row| match row.label.as_str() {
        "threads" => row.client_max_rss_bytes = Some(16_000_000),
        "pool" => row.latency_p99_ns = Some(24_000_000),
        "async" => row.server_connections = Some(5),
        "sync" => row.errors = Some(1),
        _ => {}
    });
    let options = Options { metrics: Metric::of_every_trial().collect(), ..Options::default() };
    let diff = with(&with_costs(1, |_| {}), &new, &options);
    insta::assert_snapshot!("metrics_text", text(&diff, false));
    let word = |name, metric| cell(&diff, name, metric).outcome.name();
    assert_eq!(word("threads", Metric::Memory), "slower");
    assert_eq!(word("pool", Metric::P99), "slower");
    assert_eq!(word("async", Metric::Connections), "faster");
    assert_eq!(word("sync", Metric::Errors), "newly failing");
    // Nothing on both sides has no ratio, and is the same.
    assert_eq!(word("pool", Metric::Errors), "equivalent");
    assert_eq!(exit(&diff, false), Exit::Worse);
}

#[test]
fn what_was_not_recorded_or_cannot_be_told_is_not_measured() {
    let new = with_costs(2, |row| row.latency_p999_ns = Some(50_000_000));
    let base = with_costs(1, |row| row.latency_p999_ns = Some(10_000_000));
    let metrics = vec![Metric::P999, Metric::MinorFaults];
    let diff = with(&base, &new, &Options { metrics, ..Options::default() });
    let text = text(&diff, false);
    for (metric, reason) in [
        (Metric::P999, "p99.9 cannot be told from 100 requests (1,000 are needed)"),
        (Metric::MinorFaults, "no trial tells minor-faults"),
    ] {
        assert_eq!(cell(&diff, "threads", metric).outcome.name(), "not measured");
        assert!(text.contains(reason), "{text}");
    }
    // With a thousand requests the same numbers differ.
    let thousand = |row: &mut crate::record::TrialRow, p999_ns: u64| {
        (row.ok, row.latency_p999_ns) = (Some(1_000), Some(p999_ns));
    };
    let base = with_costs(1, |row| thousand(row, 10_000_000));
    let new = with_costs(2, |row| thousand(row, 50_000_000));
    let metrics = vec![Metric::P999];
    let diff = with(&base, &new, &Options { metrics, ..Options::default() });
    assert_eq!(cell(&diff, "threads", Metric::P999).outcome.name(), "slower");
}

#[test]
fn throughput_is_better_where_it_is_more() {
    let new = recorded(2, four(), |_, row| scale(row, 0.8));
    let options = Options { metrics: vec![Metric::Throughput], ..Options::default() };
    let diff = with(&recorded(1, four(), unchanged), &new, &options);
    let threads = cell(&diff, "threads", Metric::Throughput);
    assert!(threads.ratio.as_ref().expect("a ratio").ratio.value > 1.2);
    assert_eq!(threads.outcome.name(), "faster");
}

#[test]
fn a_metric_may_have_a_margin_of_its_own() {
    let new = with_costs(2, |row| row.client_max_rss_bytes = Some(8_400_000));
    let base = with_costs(1, |_| {});
    let word = |margins| {
        let metrics = vec![Metric::Memory];
        let diff = with(&base, &new, &Options { metrics, margins, ..Options::default() });
        cell(&diff, "threads", Metric::Memory).outcome.name()
    };
    assert_eq!(word(vec![]), "slower");
    assert_eq!(word(vec![(Metric::Memory, 0.10)]), "equivalent");
}

/// A machine that is 1.7 times as slow for whatever it does, and worse by a third at one thing.
#[test]
fn across_machines_only_advantages_are_compared() {
    let mut new = recorded(2, four(), |_, row| {
        scale(row, 1.7);
        if row.label == "async" {
            scale(row, 1.3);
        }
    });
    new.manifest.machine = "linux-aarch64-8cpu-16gib-0000".to_owned();
    let diff = of(&recorded(1, four(), unchanged), &new);
    insta::assert_snapshot!("across_machines_text", text(&diff, false));
    assert!(diff.relative && diff.is_comparable());
    // The baseline is what the others are divided by, and has no row.
    assert_eq!(outcomes(&diff), ["async slower", "threads equivalent", "pool equivalent"]);
    assert_eq!(exit(&diff, false), Exit::Worse);
    // Divided by another cell, a ratio means something else.
    let mut other = recorded(2, four(), unchanged);
    other.manifest.machine = "linux-aarch64-8cpu-16gib-0000".to_owned();
    other.plan.scenarios[0].baseline = 1;
    let other = of(&recorded(1, four(), unchanged), &other);
    assert!(!other.is_comparable());
    assert_eq!(exit(&other, false), Exit::NotComparable);
    let never = Options { relative: Relative::Never, ..Options::default() };
    let refused = with(&recorded(1, four(), unchanged), &new, &never);
    assert_eq!(exit(&refused, false), Exit::NotComparable);
}

#[test]
fn shares_are_divided_by_no_baseline() {
    let metrics = vec![Metric::Efficiency, Metric::Wall];
    let options = |relative| Options { relative, metrics: metrics.clone(), ..Options::default() };
    let (base, new) = (recorded(1, four(), unchanged), recorded(2, four(), unchanged));
    let absolute = with(&base, &new, &options(Relative::Never));
    let relative = with(&base, &new, &options(Relative::Always));
    let median =
        |diff: &Diff, metric| cell(diff, "async", metric).base.value.clone().unwrap().value;
    assert_eq!(median(&absolute, Metric::Efficiency), median(&relative, Metric::Efficiency));
    assert!(median(&absolute, Metric::Wall) > median(&relative, Metric::Wall));
    let json: serde_json::Value = serde_json::from_str(&diff::json(&[relative])).expect("JSON");
    for cell in json["comparisons"][0]["cells"].as_array().expect("cells") {
        let unit = if cell["metric"] == "efficiency" { "" } else { "×" };
        assert_eq!(cell["unit"], unit, "{cell}");
    }
}

#[test]
fn several_sides_are_one_family() {
    let base = recorded(1, four(), unchanged);
    let slow = recorded(3, four(), |_, row| {
        if row.label == "threads" {
            scale(row, 1.10);
        }
    });
    let new = |recording: &Recording, label| {
        Contest::between(Side::of(&base, "base"), Side::of(recording, label))
    };
    let contests = [new(&recorded(2, four(), unchanged), "same"), new(&slow, "slow")];
    let diffs = compare(&contests, &Options::default());
    insta::assert_snapshot!("several_text", diff::text(&diffs, Screen::default(), true));
    assert_eq!(diff::exit(&diffs, false), Exit::Worse);
    assert_eq!(diffs[0].count(diff::Outcome::Slower), 0);
    // Eight tests, not four: Holm asks more of each.
    let alone = of(&base, &slow);
    let adjusted = |diff: &Diff| {
        let threads = cell(diff, "threads", Metric::Wall);
        threads.judged.as_ref().and_then(|j| j.adjusted_p).expect("a p")
    };
    assert!(adjusted(&diffs[1]) > adjusted(&alone));
}

#[test]
fn a_factor_is_compared_within_blocks() {
    let mut experiment = four();
    experiment.strategies = vec![
        synthetic::strategy("pool", "thread-pool", Some(10)),
        synthetic::strategy("pool", "thread-pool", Some(20)),
        synthetic::strategy("async", "async-semaphore", Some(10)),
        synthetic::strategy("async", "async-semaphore", Some(20)),
    ];
    let run = recorded(1, experiment, |planned, row| {
        // What a whole block has in common is no difference within it.
        scale(row, 1.0 + f64::from(planned.block) / 10.0);
        if row.model == "async-semaphore" {
            scale(row, 1.10);
        }
    });
    let contests = Contest::by_factor(&run, Factor::Model).expect("two models");
    let diffs = compare(&contests, &Options::default());
    insta::assert_snapshot!("by_model_text", diff::text(&diffs, Screen::default(), false));
    let [one] = diffs.as_slice() else { panic!("one comparison") };
    assert_eq!(one.pairing, Pairing::Blocks);
    assert_eq!(one.count(diff::Outcome::Slower), 2);
    // The client comes with the model, which is easily overlooked.
    assert!(one.warnings.iter().any(|w| w.contains("client")), "{:?}", one.warnings);

    let limits = Contest::by_factor(&run, Factor::Limit).expect("two limits");
    let diffs = compare(&limits, &Options::default());
    assert_eq!(diffs[0].cells.len(), 2);
    assert!(diffs[0].warnings.is_empty());
    let none = Contest::by_factor(&run, Factor::Requests).expect_err("one value");
    assert!(matches!(none, NoSplit::OneValue { .. }), "{none}");
    assert_eq!(Contest::by_build(&run).expect_err("one build"), NoSplit::OneBuild);
}

#[test]
fn work_that_only_looks_the_same_is_warned_about() {
    let mut other = four();
    other.scenarios[0].body_bytes = 8_000;
    let diff = of(&recorded(1, four(), unchanged), &recorded(2, other, unchanged));
    assert_eq!(diff.cells.len(), 0);
    assert_eq!(
        diff.warnings,
        ["4 cells have the same name and another body (4kB against 8kB): other work, not compared"]
    );
    insta::assert_snapshot!("other_work_text", text(&diff, false));
    assert_eq!(exit(&diff, false), Exit::NotComparable);
}

#[test]
fn bare_trials_are_compared_and_told_to_be_bare() {
    let dir = tempfile::tempdir().expect("a folder");
    let side = |recording: &Recording, name: &str| {
        let path = dir.path().join(name);
        let mut writer = csv::Writer::from_path(&path).expect("a file");
        for row in &recording.all_trials {
            writer.serialize(row).expect("a row");
        }
        writer.flush().expect("the file");
        Side::of_trials(&path, name).expect("trials")
    };
    let base = recorded(1, four(), unchanged);
    let new = recorded(2, four(), |_, row| {
        if row.label == "threads" {
            scale(row, 1.10);
        }
    });
    let bare = Contest::between(side(&base, "base.csv"), side(&new, "new.csv"));
    let diff = compare(&[bare], &Options::default()).remove(0);
    let whole = of(&base, &new);
    assert_eq!(diff.count(diff::Outcome::Slower), 1);
    let ratio = |diff: &Diff| {
        let slower = diff.cells.iter().find(|c| c.outcome == diff::Outcome::Slower);
        slower.and_then(|c| c.ratio.as_ref().ok()).expect("a ratio").ratio.clone()
    };
    assert_eq!(ratio(&diff), ratio(&whole));
    // The path of a file depends on where the test runs.
    let named = Diff {
        base: diff::Name { recording: "base.csv".to_owned(), ..diff.base.clone() },
        new: diff::Name { recording: "new.csv".to_owned(), ..diff.new.clone() },
        ..diff
    };
    insta::assert_snapshot!("bare_text", text(&named, false));
}

#[test]
fn cells_stand_in_the_order_that_is_asked_for() {
    let base = recorded(1, four(), unchanged);
    let new = recorded(2, four(), |_, row| match row.label.as_str() {
        "threads" => scale(row, 0.9),
        "pool" => scale(row, 1.1),
        _ => {}
    });
    let names = |order| {
        let diff = with(&base, &new, &Options { order, ..Options::default() });
        diff.cells.into_iter().map(|c| c.name).collect::<Vec<_>>()
    };
    assert_eq!(names(Order::Plan), ["sync", "threads", "pool", "async"]);
    assert_eq!(names(Order::Name), ["async", "pool", "sync", "threads"]);
    let by_ratio = names(Order::Ratio);
    assert_eq!((by_ratio[0].as_str(), by_ratio[3].as_str()), ("pool", "threads"));
    assert_eq!(names(Order::Verdict)[..2], ["pool", "threads"]);
}

#[test]
fn the_mean_says_what_it_leaves_out() {
    let mut fewer = four();
    fewer.strategies.pop();
    let diff = of(&recorded(1, four(), unchanged), &recorded(2, fewer, unchanged));
    let mean = diff.geometric_mean(Metric::Wall).expect("a mean");
    assert_eq!((mean.cells, mean.left_out), (3, 1));
}

#[test]
fn the_chart_has_every_cell() {
    let diff = super::eventful();
    let svg = chart(&diff).svg();
    for cell in &diff.cells {
        assert!(svg.contains(&cell.name), "{}", cell.name);
    }
}

/// Two builds in the same blocks; the new one is slower in one cell by less than the machine wanders.
#[test]
fn builds_of_one_recording_are_compared_block_by_block() {
    let run = synthetic::recording_of_builds(four(), &["base", "new"], |_, planned, row| {
        let noise = f64::from((planned.block * 7 + planned.position * 3) % 11) / 2_000.0;
        scale(row, 1.0 + f64::from(planned.block) / 20.0 + noise);
        if row.build == "new" && row.label == "async" {
            scale(row, 1.10);
        }
    });
    let contests = Contest::by_build(&run).expect("two builds");
    let diffs = compare(&contests, &Options::default());
    assert_eq!(diffs[0].pairing, Pairing::Blocks);
    let slower: Vec<&str> = diffs[0]
        .cells
        .iter()
        .filter(|c| c.outcome == diff::Outcome::Slower)
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(slower, ["async"]);
    // As one side of a comparison it is its new build, and says so.
    let side = Side::of(&run, "new");
    assert!(side.name.ends_with("(build new)"), "{}", side.name);
    let trials = |cell: &str| {
        compare(&[Contest::between(side.clone(), side.clone())], &Options::default())[0]
            .cells
            .iter()
            .find(|c| c.name == cell)
            .map(|c| c.new.trials())
    };
    assert_eq!(trials("async"), Some(12));
}

#[test]
fn a_baseline_that_drifts_or_fails_does_not_go_unseen() {
    let always = Options { relative: Relative::Always, ..Options::default() };
    let base = recorded(1, four(), unchanged);
    // Only what the others are divided by gets slower: their ratios drift.
    let drifting = recorded(2, four(), |planned, row| {
        if row.label == "sync" {
            scale(row, 1.0 + f64::from(planned.block) * 0.03);
        }
    });
    let diff = with(&base, &drifting, &always);
    assert_eq!(diff.count(diff::Outcome::Faster), 0, "{:?}", outcomes(&diff));
    let failing = recorded(2, four(), |_, row| {
        if row.label == "sync" {
            row.set_status(crate::record::Status::Failed, "a reason");
            row.wall_ns = None;
        }
    });
    let diff = with(&base, &failing, &always);
    assert!(outcomes(&diff).contains(&"sync newly failing".to_owned()), "{:?}", outcomes(&diff));
    assert_eq!(exit(&diff, false), Exit::Worse);
}

#[test]
fn the_control_is_noise_for_every_part_of_a_recording() {
    let run = recorded(1, four(), unchanged);
    let contests = Contest::by_factor(&run, Factor::Model).expect("models");
    for diff in compare(&contests, &Options::default()) {
        assert!(diff.controls.iter().all(|c| c.base.is_some() && c.new.is_some()));
        assert!(diff.gates.is_empty());
    }
}

#[test]
fn errors_in_some_trials_are_compared_by_ranks() {
    let with_errors = |day, errors: u64| {
        recorded(day, four(), move |planned, row| {
            let errors = if planned.block % 6 == 0 { 0 } else { errors };
            (row.ok, row.errors) = (Some(100), Some(errors));
        })
    };
    let options = Options { metrics: vec![Metric::Errors], ..Options::default() };
    let diff = with(&with_errors(1, 1), &with_errors(2, 2), &options);
    let pool = cell(&diff, "pool", Metric::Errors);
    assert!(pool.ratio.is_err());
    assert_eq!(pool.outcome.name(), "slower");
    assert_eq!(exit(&diff, false), Exit::Worse);
    let diff = with(&with_errors(1, 2), &with_errors(2, 2), &options);
    assert_eq!(cell(&diff, "pool", Metric::Errors).outcome.name(), "inconclusive");
    assert_eq!((exit(&diff, false), exit(&diff, true)), (Exit::Fine, Exit::Inconclusive));
}

#[test]
fn trials_of_two_builds_in_one_file_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("trials.csv");
    let run = synthetic::recording_of_builds(four(), &["base", "new"], |_, _, _| {});
    let mut writer = csv::Writer::from_path(&path).expect("a file");
    for row in &run.trials {
        writer.serialize(row).expect("a row");
    }
    writer.flush().expect("the file");
    let error = Side::of_trials(&path, "both").expect_err("an error").to_string();
    assert!(error.contains("several builds"), "{error}");
}
