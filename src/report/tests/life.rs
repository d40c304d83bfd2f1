//! Reports of recordings that have phases, connections and names.

use super::*;

/// Two hosts with TLS, a round trip and names: without and with reuse, with a pool, and one cell
/// without probes.
fn reuse_modes() -> Experiment {
    let cell = |label: &str, model: &str, client: &str, reuse: Reuse, probes: bool| {
        let model = model::named(model).expect("a model");
        let library = library::named(client).expect("a library");
        let wanted = Strategy { reuse, probes, ..Strategy::of(label, model, library) };
        wanted.checked().expect("a strategy")
    };
    let mut experiment = experiment(
        vec![
            cell("sync, no reuse", "sequential", "ureq", Reuse::None, true),
            cell("sync, session", "sequential", "ureq", Reuse::Session, true),
            cell("sync, pool", "sequential", "ureq", Reuse::Pool, true),
            cell("async, session", "async-all", "reqwest", Reuse::Session, true),
            cell("async, blind", "async-all", "reqwest", Reuse::Session, false),
        ],
        8,
    );
    let scenario = &mut experiment.scenarios[0];
    scenario.tls = true;
    scenario.targets = 2;
    scenario.rtt_ns = Some(15_000_000);
    scenario.dns_delay_ns = Some(2_000_000);
    experiment
}

/// Fills trials of [`reuse_modes`] with likely values. Requests of `async, session` fail.
fn alive(plan: &Plan, planned: &PlannedTrial, row: &mut TrialRow) {
    lifelike(plan, planned, row);
    row.server_requests_per_connection_max = Some(if row.reuse == "none" { 1 } else { 50 });
    if row.probes == "false" {
        return;
    }
    let none = row.reuse == "none";
    let opened: u32 = if none { 100 } else { 2 };
    let wave = 1.0 + 0.02 * wobble(planned, 3);
    let mean = |ns: f64| Some((ns * wave) as u64);
    row.phase_queue_ns = mean(if row.model == "sequential" { 700_000_000.0 } else { 9_000.0 });
    row.phase_pool_ns = mean(12_000.0);
    row.phase_dns_ns = mean(2_100_000.0 * f64::from(opened) / 100.0);
    row.phase_connect_ns = mean(15_100_000.0 * f64::from(opened) / 100.0);
    row.phase_tls_ns = mean(16_000_000.0 * f64::from(opened) / 100.0);
    row.phase_send_ns = mean(31_000.0);
    row.phase_wait_ns = mean(25_300_000.0);
    row.phase_receive_ns = mean(45_000.0);
    row.server_delay_sum_ns = Some(1_002_000_000);
    row.connections_opened = Some(u64::from(opened));
    row.connections_unused = Some(0);
    row.connections_failed = Some(0);
    row.connections_given_up = Some(0);
    row.connections_kept = Some(if none { 0 } else { 2 });
    row.tls_full = Some(2);
    row.tls_resumed = Some(u64::from(opened) - 2);
    row.dns_misses = Some(2);
    row.dns_hits = Some(if row.client == "ureq" { 98 } else { 0 });
    row.dns_coalesced = Some(0);
    row.dns_failed = Some(0);
    row.dns_queries = Some(2);
    if row.label == "async, session" {
        row.connections_opened = Some(61);
        row.connections_unused = Some(9);
        row.ok = Some(97);
        row.errors = Some(3);
        row.error_classes = "timeout:3".parse().expect("a class");
        row.first_error = "timeout: global".to_owned();
    }
}

/// A recording of [`reuse_modes`], on a disk.
pub(super) fn traced() -> (tempfile::TempDir, Recording) {
    on_a_disk(recording(reuse_modes(), alive))
}

/// The part of a page under a heading.
fn part<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = page.find(&format!("{heading}\n")).unwrap_or_else(|| panic!("{heading}:\n{page}"));
    let part = &page[start..];
    let end = part[3..].find("\n## ").map_or(part.len(), |end| end + 3);
    part[..end].trim_end()
}

#[test]
fn where_the_time_of_a_request_goes() {
    let (_dir, recording) = traced();
    let page = page(&recording);
    odd::assert_tables(&page);
    insta::assert_snapshot!(part(&page, "## Where the time of a request goes"));
}

#[test]
fn connections_and_names() {
    let (_dir, recording) = traced();
    let page = page(&recording);
    // How a library does it is said by the library itself.
    let part = part(&page, "## Connections");
    let (counted, libraries) = part.split_once("### How each library does it").expect("both");
    insta::assert_snapshot!(counted);
    for library in ["ureq", "reqwest"].map(|name| library::named(name).expect("a library")) {
        let row = libraries.lines().find(|l| l.contains(&format!("`{}`", library.name)));
        assert!(row.is_some_and(|row| row.contains(library.ways.resolves)), "{libraries}");
    }
    let shown = libraries.lines().rfind(|l| l.contains("`reqwest`")).expect("a row");
    let cells: Vec<&str> = shown.split('|').map(str::trim).collect();
    // 61 connections for 100 requests; 52 of them carried the 100, of which 97 were answered.
    assert_eq!(cells[2..7], ["session", "0.0200", "0.610", "9", "48 %"]);
}

#[test]
fn failed_requests_have_a_class_a_phase_and_a_reason() {
    let (_dir, recording) = traced();
    let page = page(&recording);
    let part = part(&page, "## Failed requests");
    let row = part.lines().find(|l| l.contains("`async, session`")).expect("a row");
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    // Of eight trials; the rows of one are kept. They were sent, so they waited for the answer.
    let failed = ["`timeout`", "24", "800", "wait (of 3 in rows)", "`timeout: global`"];
    assert_eq!(cells[2..7], failed);
    assert_eq!(part.lines().filter(|l| l.starts_with("| `")).count(), 1);
}

#[test]
fn what_a_scenario_has_beyond_delays_is_said() {
    let (_dir, recording) = traced();
    let conditions = "2 hosts, round trip 15ms, TLS, names are answered after 2ms";
    let said = answer(&recording);
    assert!(said.contains(&format!("100 requests ({conditions})")), "{said}");
    assert!(page(&recording).contains(&format!("Beyond that: {conditions}.")));
}

#[test]
fn a_recording_without_any_of_it_has_none_of_the_parts() {
    let (_dir, recording) = on_a_disk(recording(seed(8), lifelike));
    let rendered = rendered(&recording);
    let page = page(&recording);
    for heading in
        ["## Where the time of a request goes", "## Connections", "### Names", "## Failed requests"]
    {
        assert!(!page.contains(heading), "{heading}");
    }
    assert!(!rendered.files.contains_key("phases.svg"));
}

#[test]
fn the_waterfall_has_the_phases_that_can_be_seen() {
    let (_dir, with) = traced();
    let svg = |recording: &Recording| {
        String::from_utf8(rendered(recording).files["waterfall.svg"].clone()).expect("text")
    };
    let words = ["looking up the name", "connecting", "TLS handshake", "writing the request"];
    let marked = svg(&with);
    for word in words {
        assert!(marked.contains(word), "{word}");
    }
    let (_dir, without) = on_a_disk(recording(seed(8), lifelike));
    let plain = svg(&without);
    assert!(words.into_iter().all(|word| !plain.contains(word)));
}

#[test]
fn a_cell_that_cannot_tell_a_phase_says_so() {
    let (_dir, recording) = on_a_disk(recording(reuse_modes(), |plan, planned, row| {
        alive(plan, planned, row);
        if row.label == "sync, pool" {
            (row.phase_pool_ns, row.phase_send_ns) = (None, None);
        }
    }));
    let page = page(&recording);
    let part = part(&page, "## Where the time of a request goes");
    let row = part.lines().find(|l| l.contains("`sync, pool`")).expect("a row");
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    assert_eq!((cells[3], cells[7]), ("–", "–"), "{row}");
    assert!(!part.contains("`async, blind`"), "it has no phases to show");
}

#[test]
fn bodies_in_pieces_have_a_table() {
    let mut experiment = reuse_modes();
    experiment.scenarios[0].chunks = 4;
    experiment.scenarios[0].chunk_delay_ns = 1_000_000;
    experiment.scenarios[0].body_bytes = 40_000;
    let (_dir, recording) = on_a_disk(recording(experiment, alive));
    let page = page(&recording);
    let table = page.split("## Pieces of bodies").nth(1).expect("a section");
    let row = table.lines().find(|line| line.contains("`sync, session`")).expect("a row");
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    // Four pieces a millisecond apart; percentiles are told to three digits.
    assert_eq!(cells[2..5], ["received", "4", "40.0 kB"], "{row}");
    assert_eq!(cells[5..8], ["1.00 ms / 1.00 ms", "1.00 ms", "3.00 ms"], "{row}");
    // A request of them is told by its row, whoever sends it: nothing was sent in pieces.
    assert!(!table.lines().any(|line| line.contains("| sent ")), "{table}");
}
