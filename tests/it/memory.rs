//! Whose memory it is: bodies are checked in pieces, so that a client needs what its library does.

use std::collections::BTreeMap;

use inflight::record::{Recording, TrialRow};

use crate::bench::{Bench, alone};

/// More than this is not allowed beside what a body of a megabyte takes.
const MORE_BYTES: u64 = 4_000_000;

/// A large body is forty times as long as a small one: whoever keeps it is far beyond the bound.
const EXPERIMENT: &str = r#"
title = "Large bodies"
question = "Is a body kept?"
record = "none"
blocks = { count = 1, warmup = 0 }
workload = { requests = 1, delay = "0s" BODY }
server = { tls = TLS }
strategy = [
    { label = "blocking", model = "sequential", client = ["ureq", "reqwest-blocking"] },
    { label = "async", model = "async-workers", limit = 1, client = ["hyper", "reqwest"], protocol = ["http1", "http2"] },
]
"#;

/// The peak memory of client and server, by client, protocol and length of the body.
fn peaks(body: &str, tls: bool, length: impl Fn(&TrialRow) -> String) -> Peaks {
    let bench = Bench::new();
    let text = EXPERIMENT.replace("BODY", body).replace("TLS", &tls.to_string());
    bench.file("memory.toml", &text);
    bench.call(&["run", "--quiet", "memory.toml"]).has_recorded();
    let recording = Recording::read(&bench.runs().pop().expect("a run")).expect("a record");
    let mut peaks = Peaks::new();
    for row in recording.trials {
        assert_eq!((row.ok, &*row.first_error), (Some(1), ""), "{} {}", row.client, row.protocol);
        let bytes = row.client_max_rss_bytes.zip(row.server_max_rss_bytes).expect("known");
        let ways = peaks.entry(format!("{} {}", row.client, row.protocol)).or_default();
        ways.insert(length(&row), bytes);
    }
    peaks
}

type Peaks = BTreeMap<String, BTreeMap<String, (u64, u64)>>;

#[track_caller]
fn are_bounded(what: &str, peaks: &Peaks) {
    assert_eq!(peaks.len(), 6, "{peaks:?}");
    for (client, by_length) in peaks {
        let (small, large) = (by_length["1MB"], by_length["40MB"]);
        println!(
            "{what} {client}: client {} and {} B, server {} and {} B",
            small.0, large.0, small.1, large.1
        );
        assert!(large.0 < small.0 + MORE_BYTES, "{what} {client}: {small:?} {large:?}");
        assert!(large.1 < small.1 + MORE_BYTES, "{what} {client}, server: {small:?} {large:?}");
    }
}

#[test]
fn a_large_answer_needs_no_more_memory_than_a_small_one() {
    let _alone = alone();
    for (tls, chunks) in [(false, ""), (false, ", chunks = 7"), (true, "")] {
        let body = format!(r#", body = ["1MB", "40MB"]{chunks}"#);
        let what = if tls { "TLS" } else { chunks };
        are_bounded(what, &peaks(&body, tls, |row| row.body.clone()));
    }
}

#[test]
fn a_large_upload_needs_no_more_memory_than_a_small_one() {
    let _alone = alone();
    for tls in [false, true] {
        let peaks = peaks(r#", upload = ["1MB", "40MB"]"#, tls, |row| row.upload.clone());
        are_bounded(if tls { "uploads, TLS" } else { "uploads" }, &peaks);
    }
}
