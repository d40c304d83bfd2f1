//! The log gives back what was put in, in little memory.

use proptest::prelude::*;

use super::*;
use crate::client::record::Piece;
use crate::strategy::failure::Class;

const BODY_BYTES: u64 = 1_000;

fn any_seen() -> impl Strategy<Value = Seen> {
    let mark = || prop::option::of(any::<u64>());
    let carried = prop::option::of((any::<u32>(), any::<u32>()));
    let source = prop::sample::select(vec![
        None,
        Some(Source::Query),
        Some(Source::Hit),
        Some(Source::Coalesced),
    ]);
    let marks = [mark(), mark(), mark(), mark(), mark(), mark()];
    (marks, carried, source, 0u32..3, 0u32..3).prop_map(
        |([pool_ns, dns_ns, connect_ns, tls_ns, stream_ns, send_ns], carried, source, n, r)| Seen {
            pool_ns,
            dns_ns,
            connect_ns,
            tls_ns,
            stream_ns,
            send_ns,
            source,
            carried: carried.map(|(connection, nth)| Carried { connection, nth }),
            sent_chunks: n,
            redirects: r,
        },
    )
}

fn any_pieces() -> impl Strategy<Value = Pieces> {
    let piece = (any::<u64>(), any::<u64>()).prop_map(|(at_ns, bytes)| Piece { at_ns, bytes });
    (prop::collection::vec(piece, 0..4), prop::collection::vec(any::<u64>(), 0..4)).prop_map(
        |(all, sent_ns)| {
            let mut received = Received::default();
            all.into_iter().for_each(|piece| received.push(piece));
            Pieces { received, sent_ns }
        },
    )
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let times = (any::<u64>(), any::<u64>(), any::<u64>());
    let marks = [(); 3].map(|()| prop::option::of(any::<u64>()));
    let status = prop::option::of(prop::sample::select(vec![200u16, 302, 503]));
    let failure = prop::option::of("[ab]{0,2}");
    let bytes = prop_oneof![Just(BODY_BYTES), any::<u64>()];
    let bodies = (bytes, 0u32..3, prop::option::of(any_pieces()));
    (times, marks, prop::option::of(any_seen()), status, bodies, failure).prop_map(
        |((scheduled_ns, start_ns, end_ns), marks, seen, status, bodies, failure)| {
            let (body_bytes, chunks, pieces) = bodies;
            let [head_ns, first_body_ns, served_delay_ns] = marks;
            let failure = failure.map(|text| Box::new(Failure::new(Class::Other, text)));
            Outcome {
                scheduled_ns,
                start_ns,
                seen,
                head_ns,
                first_body_ns,
                end_ns,
                served_delay_ns,
                status,
                body_bytes,
                chunks,
                pieces: pieces.map(Box::new),
                failure,
            }
        },
    )
}

fn read(log: &Log) -> Vec<(u32, Outcome)> {
    let mut all = Vec::new();
    log.for_each(|index, outcome| all.push((index, outcome))).expect("readable");
    all
}

proptest! {
    #[test]
    fn what_is_put_in_comes_out(outcomes in prop::collection::vec(any_outcome(), 0..40)) {
        let log = Log::new(1_000, BODY_BYTES);
        // Any order of the indices: 37 and 1 000 have no common divisor.
        let indices = (0u32..).map(|i| i * 37 % 1_000);
        let put: Vec<(u32, Outcome)> = indices.zip(outcomes).collect();
        put.iter().for_each(|(index, outcome)| log.push(*index, outcome));
        prop_assert_eq!(format!("{:?}", read(&log)), format!("{put:?}"));
    }
}

/// A request as a fast client makes them: 64 at once, an answer after 50 ms.
fn usual(index: u32) -> Outcome {
    let scheduled_ns = u64::from(index) * 50_123;
    let start_ns = scheduled_ns + 180;
    let seen = Seen {
        pool_ns: Some(start_ns + 950),
        dns_ns: None,
        connect_ns: None,
        tls_ns: None,
        stream_ns: Some(start_ns + 1_100),
        send_ns: Some(start_ns + 12_345),
        source: None,
        carried: Some(Carried { connection: index % 1_000, nth: index / 1_000 + 1 }),
        sent_chunks: 0,
        redirects: 0,
    };
    Outcome {
        scheduled_ns,
        start_ns,
        seen: Some(seen),
        head_ns: Some(start_ns + 50_150_000),
        first_body_ns: Some(start_ns + 50_151_000),
        end_ns: start_ns + 50_153_000 + u64::from(index % 7) * 10_000,
        served_delay_ns: Some(50_030_000),
        status: Some(200),
        body_bytes: BODY_BYTES,
        chunks: 1,
        pieces: None,
        failure: None,
    }
}

#[test]
fn a_usual_record_takes_32_bytes_at_most_and_the_rest_is_spilled() {
    let requests = 1_000_000;
    let log = Log::new(requests, BODY_BYTES);
    (0..requests).for_each(|index| log.push(index, &usual(index)));
    let each = log.bytes() as f64 / f64::from(requests);
    assert!(each <= 32.0, "{each} bytes for each request");
    {
        let state = log.state();
        assert!(state.in_memory <= MEMORY_BYTES + CHUNK_BYTES, "{} bytes", state.in_memory);
        assert!(state.full.iter().any(|chunk| matches!(chunk, Chunk::Spilled(_))));
    }
    let mut next = 0;
    log.for_each(|index, outcome| {
        assert_eq!((index, outcome.end_ns), (next, usual(next).end_ns));
        next += 1;
    })
    .expect("readable");
    assert_eq!((u64::from(next), log.len()), (u64::from(requests), u64::from(requests)));
}

#[test]
fn alike_failures_are_kept_once() {
    let log = Log::new(100, BODY_BYTES);
    let failed = |text: &str| {
        let failure = Some(Box::new(Failure::new(Class::Reset, text)));
        Outcome { failure, status: None, ..usual(0) }
    };
    (0..100).for_each(|index| log.push(index, &failed(["a", "b"][index as usize % 2])));
    assert_eq!(log.state().failures.len(), 2);
    let chains: Vec<String> =
        read(&log).into_iter().filter_map(|(_, o)| Some(o.failure?.chain)).collect();
    assert_eq!((chains.len(), chains[0].as_str(), chains[99].as_str()), (100, "a", "b"));
}

#[test]
#[should_panic(expected = "7 came twice")]
fn a_request_ends_once() {
    let log = Log::new(10, BODY_BYTES);
    log.push(7, &usual(7));
    log.push(7, &usual(7));
}
