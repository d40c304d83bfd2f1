//! `[[strategy]]`: ways of issuing the requests.

use std::num::NonZeroU32;

use crate::delay::LONGEST_NS;
use crate::spec::forms::{Duration, Even, Flag, Integer, Line, OneOf, RuntimeForm, Size, Word};
use crate::spec::key::{Key, Presence, Section, TableForm};
use crate::strategy::{ByName, Library, Listed, Model, Protocol, Retries, Reuse};

pub(in crate::spec) static LABEL: Key<Line> =
    Key::optional("label", Line { example: "\"async\"" }, "the reader's name for it")
        .otherwise("the model's name");
pub(in crate::spec) static MODEL: Key<OneOf<ByName<Model>>> = Key::required(
    "model",
    OneOf { all: models, example: "\"async-semaphore\"", other: Some(unknown) },
    "how requests are issued",
)
.many();
pub(in crate::spec) static CLIENT: Key<OneOf<ByName<Library>>> = Key::optional(
    "client",
    OneOf { all: libraries, example: "\"reqwest\"", other: Some(unknown) },
    "the HTTP library",
)
.otherwise("ureq for blocking models, reqwest for async ones")
.many();
pub(in crate::spec) static REUSE: Key<OneOf<Reuse>> = Key::optional(
    "reuse",
    OneOf { all: reuses, example: "\"none\"", other: None },
    "what happens to a connection after its answer",
)
.default("\"session\"")
.many();
pub(in crate::spec) static LIMIT: Key<Integer<NonZeroU32>> = Key::optional(
    "limit",
    Integer {
        least: 1,
        most: 10_000_000,
        make: |n| u32::try_from(n).ok().and_then(NonZeroU32::new),
        example: "100",
    },
    "requests in flight at most",
)
.otherwise("none; some models need one")
.many();
pub(in crate::spec) static MAX_CONNECTIONS: Key<Integer<NonZeroU32>> = Key::optional(
    "max_connections",
    Integer {
        least: 1,
        most: 1_000_000,
        make: |n| u32::try_from(n).ok().and_then(NonZeroU32::new),
        example: "100",
    },
    "open connections at most; further requests wait for one (client hyper)",
)
.otherwise("none")
.many();
pub(in crate::spec) static RUNTIME: Key<RuntimeForm> =
    Key::optional("runtime", RuntimeForm, "the runtime of an async model")
        .otherwise("current-thread for async models")
        .many();
pub(in crate::spec) static TIMEOUT: Key<Duration> = Key::optional(
    "timeout",
    Duration { least: 1_000, most: LONGEST_NS, example: "\"5s\"" },
    "a request that takes longer fails, with class `timeout(…)`: pool, dns, connect, tls, stream, head or body",
)
.otherwise("none")
.many();
pub(in crate::spec) static PROTOCOL: Key<OneOf<Protocol>> = Key::optional(
    "protocol",
    OneOf { all: protocols, example: "\"http2\"", other: None },
    "the version of HTTP",
)
.default("\"http1\"")
.many();
pub(in crate::spec) static TLS_RESUMPTION: Key<Flag> = Key::optional(
    "tls_resumption",
    Flag,
    "whether a new connection may resume a TLS session; if not, the server hands out no tickets",
)
.default("true")
.many();
pub(in crate::spec) static DNS_CACHE: Key<Flag> = Key::optional(
    "dns_cache",
    Flag,
    "whether the client keeps answers of the name server; if not, each look-up is a query",
)
.default("true")
.many();
pub(in crate::spec) static PROBES: Key<Flag> =
    Key::optional("probes", Flag, "whether the phases of requests and connections are taken")
        .default("true")
        .many();
pub(in crate::spec) static RETRIES: Key<OneOf<Retries>> = Key::optional(
    "retries",
    OneOf { all: retries, example: "\"none\"", other: None },
    "what a client sends again by itself",
)
.otherwise("`\"library\"` if the client's library sends anything again over this version of HTTP, `\"none\"` if not")
.many();
/// Below 16 a client cannot even start; 1 048 576 is Linux's `fs.nr_open`.
pub(in crate::spec) static NOFILE: Key<Integer<u64>> = Key::optional(
    "nofile",
    Integer { least: 16, most: 1_048_576, make: Some, example: "1024" },
    "open files that the client process may have",
)
.otherwise("as many as the harness may have (its hard limit)")
.many();

/// Linux looks at an even number of ports, so that one of an odd number would never be used; and
/// few ports are free below the usual range, which begins at 32 768.
pub(in crate::spec) static PORTS: Key<Even> = Key::optional(
    "ports",
    Even { least: 2, most: 28_000, example: "2000" },
    "local ports that there are for connections, in a network of the trial's own; a closed one is taken for a minute",
)
.otherwise("those of the machine")
.many();
/// A terabyte is more than any client is about. Linux takes a limit of 0 for none (`may_expand_vm`).
pub(in crate::spec) static MEMORY: Key<Size> = Key::optional(
    "memory",
    Size { least: 1, most: 1_000_000_000_000, example: "\"64MB\"" },
    "memory that the client process may have (`RLIMIT_DATA`); a client that needs more fails its trial",
)
.otherwise("no limit")
.many();

pub(in crate::spec) static STRATEGY: Section = Section {
    name: "strategy",
    presence: Presence::Required,
    many: true,
    table: &TableForm {
        title: "[[strategy]]",
        doc: "A way of issuing the requests. Lists are multiplied; tables are added.",
        keys: &[
            &LABEL,
            &MODEL,
            &CLIENT,
            &REUSE,
            &LIMIT,
            &MAX_CONNECTIONS,
            &RUNTIME,
            &PROTOCOL,
            &TLS_RESUMPTION,
            &DNS_CACHE,
            &PROBES,
            &RETRIES,
            &TIMEOUT,
            &NOFILE,
            &PORTS,
            &MEMORY,
        ],
        either: &[],
    },
};

fn models() -> Vec<Word<ByName<Model>>> {
    listed(|model| model.summary)
}

fn libraries() -> Vec<Word<ByName<Library>>> {
    listed(|library| library.summary)
}

fn listed<T: Listed>(doc: fn(&T) -> &str) -> Vec<Word<ByName<T>>> {
    let word = |&one: &&'static T| Word {
        word: one.name(),
        value: ByName::Known(one),
        doc: doc(one).to_owned(),
    };
    T::ALL.iter().map(word).collect()
}

fn unknown<T>(name: &str) -> ByName<T> {
    ByName::Unknown(name.to_owned())
}

fn protocols() -> Vec<Word<Protocol>> {
    let doc = |protocol| match protocol {
        Protocol::Http1 => "HTTP/1.1",
        Protocol::Http2 => "HTTP/2, by ALPN with TLS and by prior knowledge without",
    };
    Protocol::ALL.map(|p| Word { word: p.name(), value: p, doc: doc(p).to_owned() }).into()
}

fn retries() -> Vec<Word<Retries>> {
    let doc = |retries| match retries {
        Retries::Library => {
            "what its library does by default; only reqwest and reqwest-blocking, over HTTP/2"
        }
        Retries::None => "nothing: the library is told not to, if it would",
    };
    Retries::ALL.map(|r| Word { word: r.name(), value: r, doc: doc(r).to_owned() }).into()
}

fn reuses() -> Vec<Word<Reuse>> {
    let doc = |reuse| match reuse {
        Reuse::None => "a connection for every request",
        Reuse::Session => "one client for the whole trial; it keeps its connections",
        Reuse::Pool => "a fresh client object for every request over one shared pool",
    };
    Reuse::ALL.map(|r| Word { word: r.name(), value: r, doc: doc(r).to_owned() }).into()
}
