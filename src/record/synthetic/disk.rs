//! The files of a synthetic recording: histograms, request rows, timelines.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::Path;

use fs_err as fs;

use crate::record::{
    LATENCY, Numbers, REQUESTS, Recording, RequestRow, TIMELINE, TimelineRow, TrialRow, frames,
    lines, write_compressed,
};
use crate::spec::Scenario;
use crate::strategy::probe::PerLibraryPhase;

/// Rows that are kept of a trial, as in `record = "sample"`.
const ROWS: usize = 1_000;

/// Samples of a timeline.
const SAMPLES: u64 = 100;

/// Gives a recording a folder with a histogram of every `ok` trial, the request rows of block 1
/// and a timeline of the first trial of each cell. Requests follow the schedule of their cell,
/// stretched to the wall time of the trial; the latency columns are made to agree.
pub(crate) fn on_disk(recording: &mut Recording, dir: &Path) {
    dir.clone_into(&mut recording.dir);
    for folder in [REQUESTS, TIMELINE] {
        fs::create_dir_all(dir.join(folder)).expect("a folder");
    }
    let mut latencies = frames::header().expect("a header");
    let mut trials = std::mem::take(&mut recording.trials);
    for row in trials.iter_mut().filter(|t| t.is_ok()) {
        let requests = requests(recording, row);
        let mut sorted: Vec<u64> = requests.iter().map(|r| r.end_ns - r.start_ns).collect();
        sorted.sort_unstable();
        let rank =
            |p: usize| sorted.get((sorted.len() * p).div_ceil(100).saturating_sub(1)).copied();
        row.latency_p50_ns = rank(50);
        row.latency_p90_ns = rank(90);
        row.latency_p99_ns = rank(99);
        row.latency_max_ns = rank(100);
        let mut histogram: BTreeMap<u64, u64> = BTreeMap::new();
        for value in sorted {
            *histogram.entry(value).or_default() += 1;
        }
        let histogram: Vec<(u64, u64)> = histogram.into_iter().collect();
        latencies.extend(frames::frame(&row.trial, &histogram).expect("a frame"));
        if row.block == 1 && row.replica == "a" {
            let path = dir.join(REQUESTS).join(format!("{}.csv.zst", row.trial));
            let kept = requests.iter().take(ROWS).cloned();
            write_compressed(fs::File::create(path).expect("a file"), kept).expect("rows");
        }
        if row.block == 0 && row.replica == "a" {
            let path = dir.join(TIMELINE).join(format!("{}.csv", row.trial));
            fs::write(path, timeline(row, &requests)).expect("a file");
        }
    }
    recording.trials = trials;
    fs::write(dir.join(LATENCY), latencies).expect("a file");
}

fn requests(recording: &Recording, row: &TrialRow) -> Vec<RequestRow> {
    let plan = &recording.plan;
    let cell = plan.cells.iter().find(|c| c.id.to_string() == row.cell).expect("a planned cell");
    let scenario = plan.scenario_of(cell);
    let delays = scenario.planned().all_ns();
    let wall = row.wall_ns.unwrap_or(row.ideal_ns);
    let stretch = wall as f64 / row.ideal_ns.max(1) as f64;
    let slots = cell.strategy.concurrency(scenario.requests, scenario.streams);
    let mut free: BinaryHeap<Reverse<u64>> = (0..slots).map(|_| Reverse(0)).collect();
    let failed = row.errors.unwrap_or(0) as usize;
    (0u32..)
        .zip(delays)
        .map(|(index, delay)| {
            let Reverse(start_ns) = free.pop().expect("a slot");
            let end_ns = (start_ns + (delay as f64 * stretch) as u64 + 50_000).min(wall);
            free.push(Reverse(end_ns));
            let fails = (index as usize) < failed;
            let marks =
                row.phase_receive_ns.map(|_| marks(scenario, start_ns, end_ns, index < slots));
            let [pool_ns, dns_ns, connect_ns, tls_ns, stream_ns, send_ns] =
                marks.unwrap_or_default();
            RequestRow {
                pool_ns,
                dns_ns,
                connect_ns,
                tls_ns,
                stream_ns,
                send_ns,
                connection: pool_ns.map(|_| index % slots),
                nth: pool_ns.map(|_| index / slots + 1),
                index,
                scheduled_ns: 0,
                start_ns,
                head_ns: (!fails).then(|| end_ns - (end_ns - start_ns) / 20),
                end_ns,
                planned_delay_ns: delay,
                served_delay_ns: (!fails).then_some(delay),
                status: (!fails).then_some(200),
                body_bytes: scenario.body_bytes,
                chunk_ns: pieces(scenario, end_ns, |place| place * 1_000_000),
                chunk_bytes: pieces(scenario, scenario.body_bytes, |_| 0),
                error: fails.then(|| "timeout".to_owned()),
                error_chain: fails.then(|| "timeout: global".to_owned()),
                ..RequestRow::default()
            }
        })
        .collect()
}

/// Numbers of an answer's pieces, if there are several: `last` minus `less` of the place from the
/// end.
fn pieces(scenario: &Scenario, last: u64, less: impl Fn(u64) -> u64) -> Numbers {
    let several = if scenario.chunks > 1 { u64::from(scenario.chunks) } else { 0 };
    Numbers((0..several).rev().map(|place| last.saturating_sub(less(place))).collect())
}

/// Marks within the first half of a request, in their order; a connection of its own has those
/// of its opening, what the scenario has not is empty.
fn marks(
    scenario: &Scenario,
    start: u64,
    end: u64,
    is_first: bool,
) -> PerLibraryPhase<Option<u64>> {
    let half = (end - start) / 2;
    let at = |of_hundred: u64| Some(start + half * of_hundred / 100);
    let dns = at(20).filter(|_| is_first && scenario.dns_delay_ns.is_some());
    let connect = at(50).filter(|_| is_first);
    let tls = at(90).filter(|_| is_first && scenario.tls);
    [at(1), dns, connect, tls, at(92), at(100)]
}

fn timeline(row: &TrialRow, requests: &[RequestRow]) -> Vec<u8> {
    let wall = row.wall_ns.unwrap_or(0);
    let mut out = Vec::new();
    for sample in 0..=SAMPLES {
        let at_ns = wall * sample / SAMPLES;
        let count =
            |test: &dyn Fn(&RequestRow) -> bool| requests.iter().filter(|r| test(r)).count() as u64;
        let row = TimelineRow {
            at_ns,
            in_flight: count(&|r| r.start_ns <= at_ns && at_ns < r.end_ns),
            completed: count(&|r| r.end_ns <= at_ns),
            cpu_ns: at_ns / 10,
            rss_bytes: Some(8_000_000),
            threads: Some(2),
            open_files: Some(10),
            ..TimelineRow::default()
        };
        out.extend(lines::line(&row, sample == 0).expect("a line"));
    }
    out
}
