//! `[server]`: the delay server.

use std::num::NonZeroU32;

use crate::delay::LONGEST_NS;
use crate::spec::forms::{Duration, Flag, Integer};
use crate::spec::key::{Key, Presence, Section, TableForm};

pub(in crate::spec) static BACKLOG: Key<Integer<u32>> = Key::optional(
    "backlog",
    Integer { least: 1, most: 65_535, make: |n| u32::try_from(n).ok(), example: "128" },
    "length of the server's queue of connections that are not accepted yet",
)
.default("4096")
.many();

pub(in crate::spec) static TLS: Key<Flag> = Key::optional(
    "tls",
    Flag,
    "whether connections are encrypted (TLS 1.3, a certificate made for the trial)",
)
.default("false")
.many();
pub(in crate::spec) static CONNECT_DELAY: Key<Duration> = Key::optional(
    "connect_delay",
    Duration { least: 0, most: LONGEST_NS, example: "\"20ms\"" },
    "pause of the server before it reads from a new connection (the kernel has accepted it: clients see it as a slow handshake, or a slow first answer)",
)
.default("\"0s\"")
.many();
pub(in crate::spec) static HANDSHAKE_DELAY: Key<Duration> = Key::optional(
    "handshake_delay",
    Duration { least: 0, most: LONGEST_NS, example: "\"15ms\"" },
    "pause of the server before it answers a TLS handshake",
)
.default("\"0s\"")
.many();
/// The default is hyper's own, said so that it is in the record.
pub(in crate::spec) static STREAMS: Key<Integer<u32>> = Key::optional(
    "streams",
    Integer { least: 1, most: 1_000_000, make: |n| u32::try_from(n).ok(), example: "100" },
    "requests at once on an HTTP/2 connection at most; further ones wait in the client",
)
.default("200")
.many();
/// Resolvers ask again after some seconds (ours after 2.5), which would double the queries.
pub(in crate::spec) static DNS_DELAY: Key<Duration> = Key::optional(
    "dns_delay",
    Duration { least: 0, most: 2_000_000_000, example: "\"2ms\"" },
    "hosts have names, which a name server of the trial's own answers after this time",
)
.otherwise("requests go to the address itself, and no name is looked up")
.many();
/// The wire has whole seconds.
pub(in crate::spec) static DNS_TTL: Key<Duration> = Key::optional(
    "dns_ttl",
    Duration { least: 1_000_000_000, most: LONGEST_NS, example: "\"60s\"" },
    "how long an answer of the name server may be kept, rounded up to whole seconds",
)
.default("\"60s\"")
.many();
pub(in crate::spec) static UNKNOWN_HOSTS: Key<Integer<u32>> = Key::optional(
    "unknown_hosts",
    Integer { least: 0, most: 1_000, make: |n| u32::try_from(n).ok(), example: "1" },
    "of the `targets`, the last so many that the name server does not know (NXDOMAIN): requests to them fail",
)
.default("0")
.many();

/// A server needs some for itself.
pub(in crate::spec) static SERVER_NOFILE: Key<Integer<u64>> = Key::optional(
    "server_nofile",
    Integer { least: 16, most: 1_048_576, make: Some, example: "1024" },
    "open files that the server process may have; connections beyond wait in its accept queue",
)
.otherwise("as many as the harness may have (its hard limit)")
.many();
pub(in crate::spec) static CAPACITY: Key<Integer<NonZeroU32>> = Key::optional(
    "capacity",
    Integer {
        least: 1,
        most: 10_000_000,
        make: |n| u32::try_from(n).ok().and_then(NonZeroU32::new),
        example: "100",
    },
    "requests that the server has in flight at most; it refuses further ones at once, with 429",
)
.otherwise("any number")
.many();
/// The header has whole seconds.
pub(in crate::spec) static RETRY_AFTER: Key<Duration> = Key::optional(
    "retry_after",
    Duration { least: 0, most: LONGEST_NS, example: "\"1s\"" },
    "what `Retry-After` says to a request that was refused, rounded up to whole seconds",
)
.default("\"1s\"")
.many();

pub(in crate::spec) static SERVER: Section = Section {
    name: "server",
    presence: Presence::Optional,
    many: false,
    table: &TableForm {
        title: "[server]",
        doc: "The delay server. Lists multiply into scenarios.",
        keys: &[
            &BACKLOG,
            &TLS,
            &CONNECT_DELAY,
            &HANDSHAKE_DELAY,
            &STREAMS,
            &DNS_DELAY,
            &DNS_TTL,
            &UNKNOWN_HOSTS,
            &SERVER_NOFILE,
            &CAPACITY,
            &RETRY_AFTER,
        ],
        either: &[],
    },
};
