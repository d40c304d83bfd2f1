//! The log gives back what was put in, in little memory.

use proptest::prelude::*;

use super::*;
use crate::client::outcome::Seen;
use crate::client::outcome::tests::{BODY_BYTES, any_outcome};
use crate::strategy::failure::Class;
use crate::strategy::probe::Carried;

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
    let (pool, stream) = (Some(start_ns + 950), Some(start_ns + 1_100));
    let seen = Seen {
        ends_ns: [pool, None, None, None, stream, Some(start_ns + 12_345)],
        carried: Some(Carried { connection: index % 1_000, nth: index / 1_000 + 1 }),
        ..Seen::default()
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
        ..Outcome::default()
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
