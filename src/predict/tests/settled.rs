//! Memory, where the recorded connections carried few requests.

use super::*;
use crate::predict::memory::harness_bytes;
use crate::strategy::library;
use crate::strategy::model;
use crate::vocabulary::Reuse;

/// `async-workers` of this client at this limit.
fn workers(client: &str, limit: u32, reuse: Reuse) -> Strategy {
    let model = model::named("async-workers").expect("a model");
    let library = library::named(client).expect("a client");
    let limit = std::num::NonZeroU32::new(limit);
    Strategy { limit, reuse, ..Strategy::of("it", model, library) }.checked().expect("a strategy")
}

/// A client needs 5 MB, and 20 kB for each connection, 30 kB if that has carried 64 requests.
fn needs(limit: u32, requests: u32) -> f64 {
    let each = if requests / limit >= 64 { 30_000 } else { 20_000 };
    harness_bytes(f64::from(requests)) + 5e6 + f64::from(limit * each)
}

/// A recording of these limits and requests.
fn of(all: &[(u32, u32)], client: &str, reuse: Reuse) -> Recording {
    let distinct = |values: Vec<u32>| std::collections::BTreeSet::from_iter(values);
    let limits = distinct(all.iter().map(|&(limit, _)| limit).collect());
    let sizes: Vec<u32> = distinct(all.iter().map(|&(_, n)| n).collect()).into_iter().collect();
    let strategies = limits.into_iter().map(|limit| workers(client, limit, reuse)).collect();
    recording(sized(strategies, &sizes, uniform(1, 3)), |plan, planned, row| {
        let cell = &plan.cells[planned.cell];
        let requests = plan.scenario_of(cell).requests;
        let limit = cell.strategy.limit.expect("a limit").get();
        if !all.contains(&(limit, requests)) {
            row.set_status(crate::record::Status::Skipped, "not of this recording");
        }
        // Blocks differ by what does not depend on connections.
        let block = f64::from(planned.block) * 1e4;
        row.client_max_rss_bytes = Some((needs(limit, requests) + block).round() as u64);
    })
}

/// This many requests at limit 100, predicted from it.
fn predicted(recording: &Recording, client: &str, reuse: Reuse, requests: u64) -> Predicted {
    let plan = plan(sized(vec![workers(client, 100, reuse)], &[1_000], uniform(1, 3)));
    only(&predict(&plan, recording, ask(requests))).clone()
}

fn bytes(predicted: &Predicted) -> f64 {
    predicted.memory_bytes.expect("a prediction").value
}

fn is_doubted(predicted: &Predicted) -> bool {
    predicted.notes.iter().any(|note| matches!(note, Note::NotSettled { .. }))
}

#[test]
fn settled_connections_of_lower_limits_tell_what_theirs_will_need() {
    let all = [(20, 2_000), (40, 4_000), (100, 2_000), (100, 4_000)];
    // The cell of 20 with 4 000 requests has no measurement, and is passed over.
    let recording = of(&all, "hyper", Reuse::Session);
    let far = predicted(&recording, "hyper", Reuse::Session, 8_000);
    close(bytes(&far), needs(100, 8_000), 0.01);
    assert!(far.memory_bytes.expect("a prediction").ends.is_some(), "six blocks have ends");
    let from = far.basis.memory.as_ref().expect("other limits");
    assert_eq!((from.limits.as_slice(), from.blocks), ([20, 40].as_slice(), 6));
    assert_eq!(far.basis.requests, [2_000, 4_000], "the rest is from its own limit");
    assert!(!is_doubted(&far));
    // As many requests as recorded need what was measured.
    let near = predicted(&recording, "hyper", Reuse::Session, 4_000);
    close(bytes(&near), needs(100, 4_000), 0.01);
    assert_eq!(near.basis.memory, None);
    // Wall and CPU do not know of it.
    let alone = of(&all[2..], "hyper", Reuse::Session);
    let alone = predicted(&alone, "hyper", Reuse::Session, 8_000);
    assert_eq!((far.wall_ns, far.cpu_ns), (alone.wall_ns, alone.cpu_ns));
}

#[test]
fn without_two_lower_limits_memory_is_doubted() {
    for all in [
        &[(100, 4_000)][..],
        &[(20, 4_000), (100, 4_000)],
        &[(20, 1_000), (40, 1_000), (100, 4_000)],
    ] {
        let recording = of(all, "hyper", Reuse::Session);
        let predicted = predicted(&recording, "hyper", Reuse::Session, 8_000);
        close(bytes(&predicted), needs(100, 4_000) - harness_bytes(4e3) + harness_bytes(8e3), 0.01);
        assert!(is_doubted(&predicted) && predicted.basis.memory.is_none(), "{all:?}");
    }
}

#[test]
fn connections_that_are_settled_or_not_kept_are_not_doubted() {
    let all = [(20, 2_000), (40, 4_000), (100, 4_000)];
    let without = predicted(&of(&all, "hyper", Reuse::None), "hyper", Reuse::None, 8_000);
    assert!(without.basis.memory.is_none() && !is_doubted(&without));
    let settled = of(&[(20, 2_000), (40, 4_000), (100, 6_400)], "hyper", Reuse::Session);
    let predicted = predicted(&settled, "hyper", Reuse::Session, 8_000);
    assert!(predicted.basis.memory.is_none() && !is_doubted(&predicted));
    close(bytes(&predicted), needs(100, 8_000), 0.01);
}

#[test]
fn settled_connections_need_no_less_than_others() {
    // Lower limits that say next to nothing of a connection.
    let mut recording = of(&[(20, 4_000), (40, 4_000), (100, 4_000)], "hyper", Reuse::Session);
    let is_low = |row: &&mut TrialRow| row.limit != "100";
    recording
        .trials
        .iter_mut()
        .filter(is_low)
        .for_each(|r| r.client_max_rss_bytes = Some(6_000_000));
    let predicted = predicted(&recording, "hyper", Reuse::Session, 8_000);
    assert!(bytes(&predicted) >= needs(100, 4_000), "{}", bytes(&predicted));
}

#[test]
fn other_limits_are_told() {
    let recording = of(&[(20, 4_000), (40, 4_000), (100, 4_000)], "hyper", Reuse::Session);
    let plan = plan(sized(vec![workers("hyper", 100, Reuse::Session)], &[1_000], uniform(1, 3)));
    let predictions = predict(&plan, &recording, ask(8_000));
    let text = text(&predictions, None);
    assert!(text.contains("memory from limits 20 and 40, 6 blocks (cell "), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&json(&predictions, None, &serde_json::Value::Null)).expect("JSON");
    assert_eq!(json["cells"][0]["memory_from_limits"], serde_json::json!([20, 40]));
    assert_eq!(rows(&predictions)[0].memory_from_limits, "20 40");
}
