//! The table of keys: every key of the experiment file, once.

use std::num::NonZeroU32;

use super::forms::{
    ArrivalForm, BoundForm, DelayForm, Duration, Even, FirstLook, Flag, Integer, Line, MOST, OneOf,
    OverForm, Percent, Positive, RequestsForm, RuntimeForm, SelectorForm, Size, Word,
};
use super::key::{AnyKey, Key, Presence, Section, TableForm};
use super::{FEWEST_LOOKED_AT, Factor, Metric, Over, RecordLevel};
use crate::delay::LONGEST_NS;
use crate::strategy::{Library, Model, Protocol, Reuse, library, model};

// The file itself.

pub(super) static TITLE: Key<Line> = Key::required(
    "title",
    Line { example: "\"Is async worth it?\"" },
    "one line, shown at the top of the report",
);
pub(super) static QUESTION: Key<Line> = Key::required(
    "question",
    Line { example: "\"How long do 100 requests take?\"" },
    "what the report answers",
);
pub(super) static SEED: Key<Integer<u64>> = Key::optional(
    "seed",
    Integer { least: 0, most: MOST, make: Some, example: "1" },
    "seed of the delays and of the body; the same seed gives every strategy the same delays",
)
.default("1")
.many();
pub(super) static RECORD: Key<OneOf<RecordLevel>> = Key::optional(
    "record",
    OneOf { all: record_levels, example: "\"all\"" },
    "which rows of single requests are kept",
)
.default("\"sample\"");
pub(super) static MARGIN: Key<Percent> =
    Key::optional("margin", Percent, "a ratio within 1 ± this is no difference that matters")
        .default("\"2%\"");
pub(super) static DEADLINE: Key<Duration> = Key::optional(
    "deadline",
    Duration { least: MS, most: LONGEST_NS, example: "\"60s\"" },
    "a trial that takes longer is killed and counts as failed",
)
.otherwise("derived from the ideal time");

/// The top level.
pub(super) static FILE: TableForm = TableForm {
    title: "the experiment",
    doc: "An experiment: which way of issuing many HTTP requests is best, and at what cost.",
    keys: &[
        &TITLE, &QUESTION, &SEED, &RECORD, &MARGIN, &DEADLINE, &WORKLOAD, &SERVER, &STRATEGY,
        &BASELINE, &CONTROL, &EXCLUDE, &BLOCKS, &CLAIM, &GATE,
    ],
    either: &[],
};

const MS: u64 = 1_000_000;

fn record_levels() -> Vec<Word<RecordLevel>> {
    let word = |word, value, doc: &str| Word { word, value, doc: doc.to_owned() };
    vec![
        word("sample", RecordLevel::Sample, "of one trial of each cell, the first 1 000"),
        word("all", RecordLevel::All, "of every trial, all"),
        word("none", RecordLevel::None, "none"),
    ]
}

// [workload] and [server]

pub(super) static REQUESTS: Key<RequestsForm> = Key::required(
    "requests",
    RequestsForm,
    "requests of a trial; with open arrival it may be a duration: as many as come in it on average",
)
.many();
pub(super) static DELAY: Key<DelayForm> =
    Key::required("delay", DelayForm, "how long the server waits before each answer").many();
pub(super) static TIME_SCALE: Key<Positive> =
    Key::optional("time_scale", Positive { example: "0.1" }, "every delay is multiplied by this")
        .default("1")
        .many();
/// A gigabyte for each answer is beyond what a comparison of clients is about.
pub(super) static BODY: Key<Size> =
    Key::optional("body", Size { most: 1_000_000_000 }, "size of an answer's body")
        .default("\"0B\"")
        .many();
/// A piece is a frame of its own: more than these are no way to send an answer.
pub(super) static CHUNKS: Key<Integer<u32>> = Key::optional(
    "chunks",
    Integer { least: 1, most: 10_000, make: |n| u32::try_from(n).ok(), example: "10" },
    "pieces that an answer's body comes in, as even as can be",
)
.default("1")
.many();
pub(super) static CHUNK_DELAY: Key<Duration> = Key::optional(
    "chunk_delay",
    Duration { least: 0, most: LONGEST_NS, example: "\"2ms\"" },
    "pause of the server between two pieces",
)
.default("\"0s\"")
.many();
pub(super) static UPLOAD: Key<Size> = Key::optional(
    "upload",
    Size { most: 1_000_000_000 },
    "size of a request's body; with one, a request is a POST",
)
.default("\"0B\"")
.many();
/// RFC 9110 asks clients to stop loops; browsers do after some twenty.
pub(super) static REDIRECTS: Key<Integer<u32>> = Key::optional(
    "redirects",
    Integer { least: 0, most: 20, make: |n| u32::try_from(n).ok(), example: "2" },
    "redirects (302) before each answer; the delay is that of the answer",
)
.default("0")
.many();
pub(super) static TARGETS: Key<Integer<u32>> = Key::optional(
    "targets",
    Integer { least: 1, most: 1_000, make: |n| u32::try_from(n).ok(), example: "2" },
    "hosts that requests go to in turn; several need `dns_delay`, since hosts are told apart by name",
)
.default("1")
.many();
pub(super) static RTT: Key<Duration> = Key::optional(
    "rtt",
    Duration { least: 1_000, most: 10_000_000_000, example: "\"15ms\"" },
    "round trip of the network: each packet is held for half of it, in a network of the trial's own",
)
.otherwise("plain loopback")
.many();
pub(super) static ARRIVAL: Key<ArrivalForm> = Key::optional(
    "arrival",
    ArrivalForm,
    "when requests are to start: as the strategy has room for them, or at a rate that no answer slows down",
)
.default("\"closed\"")
.many();

pub(super) static WORKLOAD: Section = Section {
    name: "workload",
    presence: Presence::Required,
    many: false,
    table: &TableForm {
        title: "[workload]",
        doc: "What every strategy has to do. Lists multiply into scenarios.",
        keys: &[
            &REQUESTS,
            &DELAY,
            &TIME_SCALE,
            &BODY,
            &CHUNKS,
            &CHUNK_DELAY,
            &UPLOAD,
            &REDIRECTS,
            &TARGETS,
            &RTT,
            &ARRIVAL,
        ],
        either: &[],
    },
};

pub(super) static BACKLOG: Key<Integer<u32>> = Key::optional(
    "backlog",
    Integer { least: 1, most: 65_535, make: |n| u32::try_from(n).ok(), example: "128" },
    "length of the server's queue of connections that are not accepted yet",
)
.default("4096")
.many();

pub(super) static TLS: Key<Flag> = Key::optional(
    "tls",
    Flag,
    "whether connections are encrypted (TLS 1.3, a certificate made for the trial)",
)
.default("false")
.many();
pub(super) static CONNECT_DELAY: Key<Duration> = Key::optional(
    "connect_delay",
    Duration { least: 0, most: LONGEST_NS, example: "\"20ms\"" },
    "pause of the server before it reads from a new connection (the kernel has accepted it: clients see it as a slow handshake, or a slow first answer)",
)
.default("\"0s\"")
.many();
pub(super) static HANDSHAKE_DELAY: Key<Duration> = Key::optional(
    "handshake_delay",
    Duration { least: 0, most: LONGEST_NS, example: "\"15ms\"" },
    "pause of the server before it answers a TLS handshake",
)
.default("\"0s\"")
.many();
/// The default is hyper's own, said so that it is in the record.
pub(super) static STREAMS: Key<Integer<u32>> = Key::optional(
    "streams",
    Integer { least: 1, most: 1_000_000, make: |n| u32::try_from(n).ok(), example: "100" },
    "requests at once on an HTTP/2 connection at most; further ones wait in the client",
)
.default("200")
.many();
/// Resolvers ask again after some seconds (ours after 2.5), which would double the queries.
pub(super) static DNS_DELAY: Key<Duration> = Key::optional(
    "dns_delay",
    Duration { least: 0, most: 2_000_000_000, example: "\"2ms\"" },
    "hosts have names, which a name server of the trial's own answers after this time",
)
.otherwise("requests go to the address itself, and no name is looked up")
.many();
/// The wire has whole seconds.
pub(super) static DNS_TTL: Key<Duration> = Key::optional(
    "dns_ttl",
    Duration { least: 1_000_000_000, most: LONGEST_NS, example: "\"60s\"" },
    "how long an answer of the name server may be kept, rounded up to whole seconds",
)
.default("\"60s\"")
.many();

/// A server needs some for itself.
pub(super) static SERVER_NOFILE: Key<Integer<u64>> = Key::optional(
    "server_nofile",
    Integer { least: 16, most: 1_048_576, make: Some, example: "1024" },
    "open files that the server process may have; connections beyond wait in its accept queue",
)
.otherwise("as many as the harness may have (its hard limit)")
.many();
pub(super) static CAPACITY: Key<Integer<NonZeroU32>> = Key::optional(
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
pub(super) static RETRY_AFTER: Key<Duration> = Key::optional(
    "retry_after",
    Duration { least: 0, most: LONGEST_NS, example: "\"1s\"" },
    "what `Retry-After` says to a request that was refused, rounded up to whole seconds",
)
.default("\"1s\"")
.many();

pub(super) static SERVER: Section = Section {
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
            &SERVER_NOFILE,
            &CAPACITY,
            &RETRY_AFTER,
        ],
        either: &[],
    },
};

// [[strategy]]

pub(super) static LABEL: Key<Line> =
    Key::optional("label", Line { example: "\"async\"" }, "the reader's name for it")
        .otherwise("the model's name");
pub(super) static MODEL: Key<OneOf<&'static Model>> = Key::required(
    "model",
    OneOf { all: models, example: "\"async-semaphore\"" },
    "how requests are issued",
)
.many();
pub(super) static CLIENT: Key<OneOf<&'static Library>> =
    Key::optional("client", OneOf { all: libraries, example: "\"reqwest\"" }, "the HTTP library")
        .otherwise("ureq for blocking models, reqwest for async ones")
        .many();
pub(super) static REUSE: Key<OneOf<Reuse>> = Key::optional(
    "reuse",
    OneOf { all: reuses, example: "\"none\"" },
    "what happens to a connection after its answer",
)
.default("\"session\"")
.many();
pub(super) static LIMIT: Key<Integer<NonZeroU32>> = Key::optional(
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
pub(super) static MAX_CONNECTIONS: Key<Integer<NonZeroU32>> = Key::optional(
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
pub(super) static RUNTIME: Key<RuntimeForm> =
    Key::optional("runtime", RuntimeForm, "the runtime of an async model")
        .otherwise("current-thread for async models")
        .many();
pub(super) static TIMEOUT: Key<Duration> = Key::optional(
    "timeout",
    Duration { least: 1_000, most: LONGEST_NS, example: "\"5s\"" },
    "a request that takes longer fails, with class `timeout(…)`: dns, connect, tls, head or body",
)
.otherwise("none")
.many();
pub(super) static PROTOCOL: Key<OneOf<Protocol>> = Key::optional(
    "protocol",
    OneOf { all: protocols, example: "\"http2\"" },
    "the version of HTTP",
)
.default("\"http1\"")
.many();
pub(super) static TLS_RESUMPTION: Key<Flag> = Key::optional(
    "tls_resumption",
    Flag,
    "whether a new connection may resume a TLS session; if not, the server hands out no tickets",
)
.default("true")
.many();
pub(super) static DNS_CACHE: Key<Flag> = Key::optional(
    "dns_cache",
    Flag,
    "whether the client keeps answers of the name server; if not, each look-up is a query",
)
.default("true")
.many();
pub(super) static PROBES: Key<Flag> =
    Key::optional("probes", Flag, "whether the phases of requests and connections are taken")
        .default("true")
        .many();
/// Below 16 a client cannot even start; 1 048 576 is Linux's `fs.nr_open`.
pub(super) static NOFILE: Key<Integer<u64>> = Key::optional(
    "nofile",
    Integer { least: 16, most: 1_048_576, make: Some, example: "1024" },
    "open files that the client process may have",
)
.otherwise("as many as the harness may have (its hard limit)")
.many();

/// Linux looks at an even number of ports, so that one of an odd number would never be used; and
/// few ports are free below the usual range, which begins at 32 768.
pub(super) static PORTS: Key<Even> = Key::optional(
    "ports",
    Even { least: 2, most: 28_000, example: "2000" },
    "local ports that there are for connections, in a network of the trial's own; a closed one is taken for a minute",
)
.otherwise("those of the machine")
.many();
/// A terabyte is more than any client is about.
pub(super) static MEMORY: Key<Size> = Key::optional(
    "memory",
    Size { most: 1_000_000_000_000 },
    "memory that the client process may have (`RLIMIT_DATA`); a client that needs more fails its trial",
)
.otherwise("no limit")
.many();

pub(super) static STRATEGY: Section = Section {
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
            &TIMEOUT,
            &NOFILE,
            &PORTS,
            &MEMORY,
        ],
        either: &[],
    },
};

fn models() -> Vec<Word<&'static Model>> {
    let word = |m: &&'static Model| Word { word: m.name, value: *m, doc: m.summary.to_owned() };
    model::ALL.iter().map(word).collect()
}

fn libraries() -> Vec<Word<&'static Library>> {
    let word = |l: &&'static Library| Word { word: l.name, value: *l, doc: l.summary.to_owned() };
    library::ALL.iter().map(word).collect()
}

fn protocols() -> Vec<Word<Protocol>> {
    let doc = |protocol| match protocol {
        Protocol::Http1 => "HTTP/1.1",
        Protocol::Http2 => "HTTP/2, by ALPN with TLS and by prior knowledge without",
    };
    Protocol::ALL.map(|p| Word { word: p.name(), value: p, doc: doc(p).to_owned() }).into()
}

fn reuses() -> Vec<Word<Reuse>> {
    let doc = |reuse| match reuse {
        Reuse::None => "a connection for every request",
        Reuse::Session => "one client for the whole trial; it keeps its connections",
        Reuse::Pool => "a fresh client object for every request over one shared pool",
    };
    Reuse::ALL.map(|r| Word { word: r.name(), value: r, doc: doc(r).to_owned() }).into()
}

// Selectors

pub(super) static BASELINE: Key<SelectorForm> = Key::optional(
    "baseline",
    SelectorForm,
    "the cell of each scenario that the others are compared with",
)
.otherwise("the first cell of each scenario");
pub(super) static CONTROL: Key<SelectorForm> = Key::optional(
    "control",
    SelectorForm,
    "the cell of each scenario that is run twice, to show the noise (the A/A twin)",
)
.otherwise("the cell with the shortest ideal time");

pub(super) static EXCLUDE: Section = Section {
    name: "exclude",
    presence: Presence::Optional,
    many: true,
    table: &TableForm {
        title: "[[exclude]]",
        doc: "Cells that are left out.",
        keys: &FACTORS,
        either: &[],
    },
};

/// The keys of a selector.
static FACTORS: [&dyn AnyKey; Factor::ALL.len()] = [
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
    &TIMEOUT,
    &NOFILE,
    &PORTS,
    &MEMORY,
    &REQUESTS,
    &DELAY,
    &TIME_SCALE,
    &BODY,
    &CHUNKS,
    &CHUNK_DELAY,
    &UPLOAD,
    &REDIRECTS,
    &TARGETS,
    &RTT,
    &ARRIVAL,
    &SEED,
    &BACKLOG,
    &TLS,
    &CONNECT_DELAY,
    &HANDSHAKE_DELAY,
    &STREAMS,
    &DNS_DELAY,
    &DNS_TTL,
    &SERVER_NOFILE,
    &CAPACITY,
    &RETRY_AFTER,
];

// [blocks]

const MOST_BLOCKS: u64 = 1_000;

pub(super) static COUNT: Key<Integer<u32>> = Key::optional(
    "count",
    Integer { least: 1, most: MOST_BLOCKS, make: |n| u32::try_from(n).ok(), example: "15" },
    "measured blocks; a block is every cell once, in a random order",
)
.default("10");
pub(super) static HALF_WIDTH: Key<Percent> = Key::required(
    "half_width",
    Percent,
    "every interval that a verdict rests on reaches at most this far to either side of its middle",
);
pub(super) static MIN: Key<FirstLook> = Key::optional(
    "min",
    FirstLook { most: MOST_BLOCKS },
    "measured blocks before the intervals are looked at",
)
.default("8");
pub(super) static MAX: Key<Integer<u32>> = Key::required(
    "max",
    Integer {
        least: FEWEST_LOOKED_AT as u64,
        most: MOST_BLOCKS,
        make: |n| u32::try_from(n).ok(),
        example: "50",
    },
    "measured blocks at most",
);

pub(super) static UNTIL: Section = Section {
    name: "until",
    presence: Presence::Optional,
    many: false,
    table: &TableForm {
        title: "[blocks.until]",
        doc: "Instead of `count`: whole blocks until the intervals are narrow.",
        keys: &[&HALF_WIDTH, &MIN, &MAX],
        either: &[],
    },
};
pub(super) static WARMUP: Key<Integer<u32>> = Key::optional(
    "warmup",
    Integer { least: 0, most: 100, make: |n| u32::try_from(n).ok(), example: "1" },
    "blocks before them that are recorded but not analysed",
)
.default("1");
pub(super) static BLOCK_SEED: Key<Integer<u64>> = Key::optional(
    "seed",
    Integer { least: 0, most: MOST, make: Some, example: "1" },
    "seed of the order within blocks; the delays do not depend on it",
)
.default("1");

pub(super) static BLOCKS: Section = Section {
    name: "blocks",
    presence: Presence::Optional,
    many: false,
    table: &TableForm {
        title: "[blocks]",
        doc: "How often everything is repeated.",
        keys: &[&COUNT, &UNTIL, &WARMUP, &BLOCK_SEED],
        either: &[("count", "until")],
    },
};

// [[claim]]

pub(super) static TEXT: Key<Line> = Key::required(
    "text",
    Line { example: "\"Async takes about as long as the slowest answer\"" },
    "the claim, as a sentence",
);
pub(super) static METRIC: Key<OneOf<Metric>> =
    Key::optional("metric", OneOf { all: metrics, example: "\"wall\"" }, "what is measured")
        .default("\"wall\"");
pub(super) static OF: Key<SelectorForm> =
    Key::required("of", SelectorForm, "the cells that are claimed about; it must hold for each");
pub(super) static OVER: Key<OverForm> = Key::required(
    "over",
    OverForm { words: OneOf { all: denominators, example: "\"ideal\"" } },
    "what their metric is divided by",
);
pub(super) static AT_LEAST: Key<BoundForm> =
    Key::optional("at_least", BoundForm, "the ratio is at least this").otherwise("no bound");
pub(super) static AT_MOST: Key<BoundForm> =
    Key::optional("at_most", BoundForm, "the ratio is at most this").otherwise("no bound");

pub(super) static CLAIM: Section = Section {
    name: "claim",
    presence: Presence::Optional,
    many: true,
    table: &TableForm {
        title: "[[claim]]",
        doc: "What the author expects: a ratio and its bounds.",
        keys: &[&TEXT, &METRIC, &OF, &OVER, &AT_LEAST, &AT_MOST],
        either: &[],
    },
};

// [[gate]]

pub(super) static GATE_OF: Key<SelectorForm> =
    Key::optional("of", SelectorForm, "the cells that it holds for").otherwise("all cells");
pub(super) static GATE_MARGIN: Key<Percent> =
    Key::required("margin", Percent, "worse by more than this fails");

pub(super) static GATE: Section = Section {
    name: "gate",
    presence: Presence::Optional,
    many: true,
    table: &TableForm {
        title: "[[gate]]",
        doc: "What `inflight diff` lets no change worsen.",
        keys: &[&METRIC, &GATE_OF, &GATE_MARGIN],
        either: &[],
    },
};

fn metrics() -> Vec<Word<Metric>> {
    let word = |m: Metric| Word { word: m.name(), value: m, doc: m.meaning().to_owned() };
    Metric::ALL.map(word).into()
}

fn denominators() -> Vec<Word<Over>> {
    let word = |word, value, doc: &str| Word { word, value, doc: doc.to_owned() };
    vec![
        word("ideal", Over::Ideal, "the ideal wall time of the same cell (metric wall)"),
        word("longest-delay", Over::LongestDelay, "the longest planned delay (metrics of time)"),
        word("sum-of-delays", Over::SumOfDelays, "the sum of the planned delays (metrics of time)"),
        word("round-trip", Over::RoundTrip, "the round trip of the network (metrics of time)"),
        word("requests", Over::Requests, "the requests of a trial (metrics of counts)"),
        word("nothing", Over::One, "nothing: the bounds are on the metric, with its unit"),
    ]
}

/// Every table of the file under its title.
pub(super) fn tables() -> [&'static TableForm; 9] {
    [
        &FILE,
        WORKLOAD.table,
        SERVER.table,
        STRATEGY.table,
        EXCLUDE.table,
        BLOCKS.table,
        UNTIL.table,
        CLAIM.table,
        GATE.table,
    ]
}

/// The tables that have a key of this name, selectors left out.
pub(super) fn tables_with(name: &str) -> Vec<&'static str> {
    let has = |t: &&'static TableForm| t.keys.iter().any(|k| k.name() == name);
    let selects = |t: &&'static TableForm| t.title == EXCLUDE.table.title;
    tables().into_iter().filter(|t| has(t) && !selects(t)).map(|t| t.title).collect()
}
