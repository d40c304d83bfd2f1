//! Requests that a library sends again by itself.

use super::http2::{refuse, refusing};
use super::*;
use crate::vocabulary::Retries;

/// One request that is refused `times` times: the class that it fails with, if it does, and how often it
/// was sent again, if that is known.
fn refused(library: &'static Library, times: u32, probes: bool, retries: Retries) -> Outcome {
    let wanted = Strategy {
        probes,
        retries: Some(retries),
        ..wanted(library, Protocol::Http2, Reuse::Session)
    };
    let strategy = wanted.checked().expect("valid");
    let server = refusing(times, refuse);
    let report = run(&config(server, strategy, 1, fixed_ms(0))).expect("a report");
    assert_eq!(report.issued, 1);
    (report.errors.into_keys().next(), report.retries)
}

type Outcome = (Option<String>, Option<u64>);

fn retrying() -> impl Iterator<Item = &'static Library> {
    library::ALL.iter().copied().filter(|library| !library.retries_over.is_empty())
}

#[test]
fn a_refused_request_is_sent_twice_more_as_the_library_has_it_and_never_without() {
    assert_eq!(retrying().count(), 2);
    let failed = Some("h2_reset".to_owned());
    for library in retrying() {
        for times in 0..=2 {
            let outcome = refused(library, times, true, Retries::Library);
            assert_eq!(outcome, (None, Some(times.into())), "{}", library.name);
        }
        let outcome = refused(library, 3, true, Retries::Library);
        assert_eq!(outcome, (failed.clone(), Some(2)), "{}", library.name);
        let outcome = refused(library, 1, true, Retries::None);
        assert_eq!(outcome, (failed.clone(), None), "{}", library.name);
    }
}

/// With probes, retries are counted by a copy of the library's own rule.
#[test]
fn whether_retries_are_counted_makes_no_difference() {
    for library in retrying() {
        for times in 0..=3 {
            let (counted, _) = refused(library, times, true, Retries::Library);
            let (own, unknown) = refused(library, times, false, Retries::Library);
            assert_eq!((own, unknown), (counted, None), "{} {times}", library.name);
        }
    }
}

#[test]
fn retries_are_those_of_a_library_that_has_some() {
    for library in library::ALL {
        for &protocol in library.protocols {
            let of = |retries| {
                Strategy { retries, ..wanted(library, protocol, Reuse::Session) }.checked()
            };
            let none = of(Some(Retries::None)).expect("every client can do without");
            assert_eq!(none.retries, Some(Retries::None));
            let usual = of(None).expect("valid").retries;
            let explicit = of(Some(Retries::Library));
            if library.retries_over.contains(&protocol) {
                assert_eq!(usual, Some(Retries::Library));
                assert_eq!(explicit.expect("valid").retries, usual);
            } else {
                assert_eq!(usual, Some(Retries::None));
                let told = explicit.expect_err("there are none").to_string();
                assert!(told.contains("remove `retries"), "{told}");
                assert!(told.contains("over http2"), "{told}");
            }
        }
    }
}
