//! The table for readers: `docs/method/errors.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;
use crate::strategy::failure::{Class, Stage};

/// Faults at limits of the system, which `tests/it/limits.rs` sets for processes of their own.
const LIMITS: [(&str, Class); 3] = [
    ("no file is left to open", Class::Emfile),
    ("no local port is left", Class::AddressUnavailable),
    ("no stack can be mapped for a green thread", Class::Stack),
];

/// A row for each case: its class by each client.
pub(super) fn classes() -> String {
    let mut text = "| what happens | over |".to_owned();
    for library in library::ALL {
        let _ = write!(text, " `{}` |", library.name);
    }
    text.push_str("\n| --- | --- |");
    text.push_str(&" --- |".repeat(library::ALL.len()));
    text.push('\n');
    for (name, class) in LIMITS {
        row(&mut text, name, &over(HTTP1, false), |library| match class {
            Class::Stack if !library.green_threads => "–".to_owned(),
            class => format!("`{class}`"),
        });
    }
    for (encrypted, case) in all() {
        row(&mut text, case.name, &over(case.protocols, encrypted), |library| {
            if !case.protocols.iter().any(|protocol| library.protocols.contains(protocol)) {
                return "–".to_owned();
            }
            let said = case.said_by(library);
            let classes: Vec<_> = [said.class, said.or].into_iter().flatten().collect();
            if classes.is_empty() {
                return "no failure".to_owned();
            }
            format!("`{}`", classes.join("` or `"))
        });
    }
    text
}

/// Why clients say different things.
pub(super) fn reasons() -> String {
    let mut cases: Vec<(&str, Vec<String>)> = Vec::new();
    for (encrypted, case) in all() {
        for unlike in &case.unlike {
            let over = over(case.protocols, encrypted);
            let name = format!("*{}* ({over})", case.name);
            match cases.iter_mut().find(|(because, _)| *because == unlike.because) {
                Some((_, names)) => names.push(name),
                None => cases.push((unlike.because, vec![name])),
            }
        }
    }
    let mut text = String::new();
    for (because, cases) in cases {
        let _ = writeln!(text, "- {}: {because}.", cases.join(", "));
    }
    text
}

/// Every case, and whether its connection is encrypted.
fn all() -> impl Iterator<Item = (bool, Case)> {
    let plain = [network::cases(), http1::cases(), http2::cases()].into_iter().flatten();
    let plain = plain.map(|case| (false, case));
    plain.chain(tls::cases().into_iter().map(|case| (true, case)))
}

fn over(protocols: &[Protocol], encrypted: bool) -> String {
    let tls = encrypted.then(|| "TLS".to_owned());
    let versions = protocols.iter().map(|protocol| match protocol {
        Protocol::Http1 => "HTTP/1.1".to_owned(),
        Protocol::Http2 => "HTTP/2".to_owned(),
    });
    tls.into_iter().chain(versions).collect::<Vec<_>>().join(", ")
}

fn row(text: &mut String, name: &str, over: &str, cell: impl Fn(&Library) -> String) {
    let cells: Vec<String> = library::ALL.iter().map(|library| cell(library)).collect();
    let _ = writeln!(text, "| {name} | {over} | {} |", cells.join(" | "));
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let mut seen = BTreeSet::new();
    for (encrypted, case) in all() {
        for protocol in case.protocols {
            let name = format!("{} {protocol} {encrypted}", case.name);
            assert!(seen.insert(name.clone()), "{name}");
        }
    }
}

#[test]
fn whoever_says_something_else_is_a_library_that_meets_the_case() {
    for (_, case) in all() {
        for unlike in &case.unlike {
            assert!(!unlike.because.is_empty());
            for client in unlike.clients {
                let library = library::named(client).expect("a library");
                let speaks = case.protocols.iter().any(|p| library.protocols.contains(p));
                assert!(speaks, "{}: {client}", case.name);
            }
        }
    }
}

/// Nothing happens to nobody: each class that a server or the system can bring about has a case.
#[test]
fn every_class_of_the_system_and_of_servers_has_a_case() {
    let of_cases: Vec<String> = all()
        .flat_map(|(_, case)| {
            let said = library::ALL.iter().map(|library| case.said_by(library));
            said.flat_map(|said| [said.class, said.or]).flatten().collect::<Vec<_>>()
        })
        .map(str::to_owned)
        .chain(LIMITS.map(|(_, class)| class.to_string()))
        .collect();
    for class in [
        Class::Refused,
        Class::Reset,
        Class::Emfile,
        Class::AddressUnavailable,
        Class::Stack,
        Class::Timeout(Stage::Dns),
        Class::Timeout(Stage::Connect),
        Class::Timeout(Stage::Tls),
        Class::Timeout(Stage::Stream),
        Class::Timeout(Stage::Head),
        Class::Timeout(Stage::Body),
        Class::Tls,
        Class::Dns,
        Class::Redirects,
        Class::Parse,
        Class::H2Reset,
        Class::H2Goaway,
        Class::Truncated,
        Class::Closed,
        Class::Status(4),
        Class::Status(5),
        Class::BodyMismatch,
    ] {
        assert!(of_cases.contains(&class.to_string()), "{class}");
    }
}
