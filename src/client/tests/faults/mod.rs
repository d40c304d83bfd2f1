//! Servers that misbehave, and what each library says of it: one table.
//!
//! A case says what happens, over which versions of HTTP, how a server is made that really does it,
//! and what requests then fail with. Every library that speaks the version meets it. To add one, add
//! it to the list of its kind: [`network`], [`http1`], [`tls`] or [`http2`]. `docs/method/errors.md` has the
//! same table for readers, written from this one.

mod case;
mod http1;
mod http2;
mod meet;
mod network;
mod retries;
pub(super) mod server;
mod table;
mod tls;

use super::*;
use crate::arrival::{Arrival, Rate};
use crate::strategy::probe::Phase;
use crate::tests::generated::same_part;
use case::{Case, FINE, Faulty, Said, fails};

const METHOD: &str = "docs/method/errors.md";

const HTTP1: &[Protocol] = &[Protocol::Http1];
const HTTP2: &[Protocol] = &[Protocol::Http2];
const BOTH: &[Protocol] = &Protocol::ALL;

/// Requests of each trial, all at once.
const REQUESTS: u32 = 4;

/// Timeout of the cases that have one: long enough for a healthy exchange on a machine under load,
/// short enough to wait for.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Requests that come so far apart that a connection is idle between them, and what the server does
/// with it is seen: half a second.
fn apart(scenario: Scenario) -> Scenario {
    Scenario { arrival: Arrival::Constant(Rate::per_s(2)), ..scenario }
}

/// One request: what happens to it happens to nobody else.
fn one(scenario: Scenario) -> Scenario {
    Scenario { requests: 1, ..scenario }
}

/// Why ureq does not know of a reset.
const NO_RESET: &str = "ureq takes a reset within a body for the body's end, and does not tell";

/// Why reqwest counts a timeout in the phase `pool`.
const NO_CONNECTION: &str =
    "reqwest's timeout says nothing of the connection, so it is counted in the phase `pool`";

fn is_odd(index: u32) -> bool {
    index % 2 == 1
}

#[test]
fn connections_that_do_not_come_about() {
    meet::all(&network::cases());
}

#[test]
fn servers_of_http1() {
    meet::all(&http1::cases());
}

#[test]
fn servers_of_tls() {
    meet::all(&tls::cases());
}

#[test]
fn servers_of_http2() {
    meet::all(&http2::cases());
}

#[test]
fn the_tables_of_errors_are_those_of_the_cases() {
    same_part(METHOD, "what each client says of it", &table::classes());
    same_part(METHOD, "why clients say different things", &table::reasons());
}

#[test]
fn one_failure_does_not_stop_the_others() {
    let server = server::misbehaving(|stream, index| match index {
        3 => server::reset(stream),
        5 => server::answer(stream, 6, BODY_BYTES, &server::body()),
        _ => server::answer(stream, index, BODY_BYTES, &server::body()),
    });
    for model in model::ALL {
        let client = library::of_flavour(model.flavour()).next().expect("a library");
        let strategy = strategy(model.name, client.name, Reuse::Session, 3);
        let report = run(&config(server, strategy, 10, fixed_ms(0))).expect("a report");
        let errors: Vec<_> = report.errors.iter().map(|(c, n)| (c.as_str(), *n)).collect();
        assert_eq!(errors, [("body_mismatch", 1), ("reset", 1)], "{}", model.name);
        assert_eq!(
            (report.ok, report.issued, report.body_mismatches),
            (8, 10, 1),
            "{}",
            model.name
        );
    }
}
