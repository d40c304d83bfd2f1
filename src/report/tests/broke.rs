//! Tests of the section on limits and its advice.

use super::*;
use crate::record::Status;
use crate::vocabulary::Protocol;

/// All at once, and limited to 50 and to 80: the first without files.
fn files() -> Experiment {
    let strategies = vec![
        strategy("gather", "async-all", None),
        strategy("semaphore", "async-semaphore", Some(50)),
        strategy("semaphore", "async-semaphore", Some(80)),
    ];
    experiment(strategies, 8)
}

fn without_files(plan: &Plan, planned: &PlannedTrial, row: &mut TrialRow) {
    lifelike(plan, planned, row);
    if row.label == "gather" {
        row.ok = Some(90);
        row.errors = Some(10);
        row.error_classes = "closed:1 emfile:9".parse().expect("classes");
        row.error_phases = "closed@wait:1 emfile@connect:9".parse().expect("classes");
        "emfile".clone_into(&mut row.first_failure_class);
        "connect".clone_into(&mut row.first_failure_phase);
        row.first_failure_in_flight = Some(91 + u64::from(planned.block % 2));
        row.first_failure_issued = Some(92);
    }
}

fn broke(page: &str) -> &str {
    let part = page.split("## What broke first\n\n").nth(1).expect("a part");
    part.split("\n\n").next().expect("a list")
}

#[test]
fn a_sentence_says_what_broke_where_and_what_avoids_it() {
    let (_dir, recording) = on_a_disk(recording(files(), without_files));
    let page = page(&recording);
    let said = "- `gather`: no file was left to open (`emfile`, in phase `connect`), first with 91 \
                to 92 in flight, after 92 were issued, and 80 of 800 requests failed (8 trials). It \
                did not happen in `semaphore limit 80` (`model` async-semaphore instead of async-all, \
                `limit` 80 instead of none). In general: limit what is in flight, or allow more \
                open files (`nofile`, `ulimit -n`).";
    assert_eq!(broke(&page), said);
    // Phases are counted, so no rows are needed for them.
    let failed = page.split("## Failed requests").nth(1).expect("a part");
    let row = failed.lines().find(|l| l.contains("`emfile`")).expect("a row");
    assert_eq!(row.split('|').map(str::trim).nth(5), Some("connect"), "{row}");
    assert!(!failed.contains("request rows that were kept"));
}

#[test]
fn green_threads_without_a_stack_are_told_with_the_number_that_had_one() {
    let strategies = [40, 100].map(|n| strategy("green", "green", Some(n))).to_vec();
    let (_dir, recording) =
        on_a_disk(recording(experiment(strategies, 8), |plan, planned, row| {
            lifelike(plan, planned, row);
            if plan.cells[planned.cell].strategy.limit == NonZeroU32::new(100) {
                (row.ok, row.errors) = (Some(70), Some(30));
                row.error_classes = "stack:30".parse().expect("classes");
                row.error_phases = "stack@queue:30".parse().expect("classes");
                "stack".clone_into(&mut row.first_failure_class);
                "queue".clone_into(&mut row.first_failure_phase);
                (row.first_failure_in_flight, row.first_failure_issued) = (Some(0), Some(1));
            }
        }));
    let said = "- `green limit 100`: no stack could be mapped for a green thread (`stack`, in phase \
                `queue`), beyond 70 green threads, and 240 of 800 requests failed (8 trials). It did \
                not happen in `green limit 40` (`limit` 40 instead of 100). In general: lower `limit`, or \
                allow more mappings (`vm.max_map_count`, two for each green thread) or more memory.";
    assert_eq!(broke(&page(&recording)), said);
}

#[test]
fn an_older_record_says_what_it_knows() {
    let (_dir, recording) = on_a_disk(recording(files(), |plan, planned, row| {
        without_files(plan, planned, row);
        row.error_phases = Default::default();
        row.first_failure_class.clear();
        row.client_peak_in_flight = Some(100);
    }));
    let page = page(&recording);
    let said =
        "- `gather`: no file was left to open (`emfile`), with at most 100 in flight, and 80 of";
    assert!(broke(&page).starts_with(said), "{}", broke(&page));
}

#[test]
fn what_only_takes_time_and_what_ends_trials_are_limits_too() {
    let mut experiment = files();
    experiment.strategies[2].memory_bytes = Some(4_000_000);
    let (_dir, recording) = on_a_disk(recording(experiment, |plan, planned, row| {
        lifelike(plan, planned, row);
        match row.limit.as_str() {
            "none" => {
                row.listen_overflows = Some(7);
                row.syn_retransmits = Some(5);
                row.server_accept_failures = Some(2);
            }
            "80" if planned.block > 6 => {
                let why = format!("{}, which may have 4MB", crate::record::NOT_ENOUGH_MEMORY);
                row.set_status(Status::Failed, &why);
            }
            _ => {}
        }
    }));
    let page = page(&recording);
    let lines: Vec<&str> = broke(&page).lines().collect();
    let [queue, memory] = lines.as_slice() else { panic!("{lines:?}") };
    for said in [
        "(56 drops in 8 trials), and 40 attempts",
        "(16 times in 8 trials), with at most 100 in flight. It did not happen in `semaphore limit 50 \
         memory none`",
    ] {
        assert!(queue.contains(said), "{queue}");
    }
    let said = "the client needed more than its 4MB of memory, which ended it in 2 of 8 trials.";
    assert!(memory.contains(said), "{memory}");
}

#[test]
fn a_queue_for_streams_is_a_limit() {
    let hyper = library::named("hyper").expect("a library");
    let model = model::named("async-workers").expect("a model");
    let cell = |protocol, limit| {
        let limit = NonZeroU32::new(limit);
        let wanted = Strategy { protocol, limit, ..Strategy::of("shared", model, hyper) };
        wanted.checked().expect("a strategy")
    };
    let cells = vec![cell(Protocol::Http2, 100), cell(Protocol::Http2, 50)];
    let mut experiment = experiment(cells, 8);
    experiment.scenarios[0].streams = 50;
    let shared_by = |connections: u64| {
        on_a_disk(recording(experiment.clone(), move |plan, planned, row| {
            lifelike(plan, planned, row);
            row.server_connections_used = Some(connections);
            let over = row.limit == "100";
            row.client_peak_in_flight = Some(if over { 100 } else { 50 });
            row.phase_stream_ns = Some(if over { 60_000_000 } else { 20_000 });
            row.phase_wait_ns = Some(60_000_000);
            row.phase_receive_ns = Some(1_000_000);
        }))
    };
    // Two connections have room for all: whatever they waited for, it was no stream.
    let (_dir, roomy) = shared_by(2);
    assert!(!page(&roomy).contains("What broke first"));
    let (_dir, recording) = shared_by(1);
    let page = page(&recording);
    let said = "requests waited for one of the 50 streams that the server allows on a connection, \
                60.0 ms of 121 ms on average, with at most 100 in flight. It did not happen in";
    assert!(broke(&page).contains(said), "{}", broke(&page));
    assert_eq!(broke(&page).lines().count(), 1);
}

/// Only in cells of which it is known did something not happen.
#[test]
fn what_is_not_known_is_not_said_to_have_not_happened() {
    let told = |change: fn(&mut TrialRow)| {
        let (_dir, recording) = on_a_disk(recording(files(), move |plan, planned, row| {
            without_files(plan, planned, row);
            if row.limit == "80" {
                change(row);
            }
        }));
        broke(&page(&recording)).to_owned()
    };
    let unknown = "Whether it happened in `semaphore limit 80` is not known.";
    assert!(!told(|_| ()).contains("not known"));
    for change in [
        (|row| row.errors = None) as fn(&mut TrialRow),
        |row| row.set_status(Status::Failed, "killed"),
        |row| row.set_status(Status::Invalid, "late"),
        |row| row.issued = None,
    ] {
        let told = told(change);
        assert!(told.contains(unknown), "{told}");
        assert!(told.contains("It did not happen in `semaphore limit 50`"), "{told}");
    }
    // A cell with drops of its own is no cell without any.
    let (_dir, recording) = on_a_disk(recording(files(), |plan, planned, row| {
        lifelike(plan, planned, row);
        row.listen_overflows = Some(if row.limit == "80" { 7 } else { 0 });
        if row.label == "gather" {
            (row.listen_overflows, row.syn_retransmits) = (Some(7), Some(5));
        }
    }));
    let page = page(&recording);
    let told = broke(&page);
    assert!(told.contains(unknown), "{told}");
    assert!(told.contains("It did not happen in `semaphore limit 50`"), "{told}");
}

#[test]
fn where_nothing_broke_nothing_is_said() {
    let (_dir, recording) = on_a_disk(recording(files(), lifelike));
    assert!(!page(&recording).contains("What broke first"));
}
