//! The table of factors: every key of the experiment file that tells cells apart, once.

use std::num::NonZeroU32;

use super::{FactorOf, Lens, Row, Slot, words};
use crate::arrival::Arrival;
use crate::delay::{Delay, LONGEST_NS, Sampling};
use crate::spec::forms::{
    ArrivalForm, DelayForm, Duration, Even, Flag, Integer, Line, MOST, OneOf, Positive,
    RequestsForm, RuntimeForm, ServiceForm, SettingsForm, Size, WorkForm,
};
use crate::strategy::Strategy;
use crate::vocabulary::RttBy;

/// The table: factors of the strategy first, then those of the scenario. Hands its lines to the macro
/// of this name: variant, key of the experiment file (and column of the record), meaning, and in
/// braces the field that holds it and all else that is known of it, see [`Row`].
macro_rules! factors {
    ($use:ident) => {
        $use! {
            strategy {
                Label label "the reader's name for it" {
                    label: strategy(Line { example: "\"async\"" })
                        .otherwise("the model's name")
                        .single()
                }
                Model model "how requests are issued" {
                    model: strategy(OneOf::new(words::models, "\"async-semaphore\"").or(words::unknown))
                        .required()
                }
                Client client "the HTTP library" {
                    library: strategy(OneOf::new(words::clients, "\"reqwest\"").or(words::unknown))
                        .otherwise("ureq for blocking models, reqwest for async ones")
                }
                Reuse reuse "what happens to a connection after its answer" {
                    reuse: strategy(OneOf::new(words::reuses, "\"none\"")).default("\"session\"")
                }
                Limit limit "requests in flight at most" {
                    limit: strategy(Integer::positive(10_000_000, "100"))
                        .or_none("none; some models need one")
                }
                MaxConnections max_connections
                "open connections at most; further requests wait for one (client hyper)" {
                    max_connections: strategy(Integer::positive(1_000_000, "100"))
                        .or_none("none")
                        .legacy("none")
                }
                Runtime runtime "the runtime of an async model" {
                    runtime: strategy(RuntimeForm).or_none("current-thread for async models")
                }
                Protocol protocol "the version of HTTP" {
                    protocol: strategy(OneOf::new(words::protocols, "\"http2\""))
                        .default("\"http1\"")
                        .legacy("http1")
                }
                TlsResumption tls_resumption
                "whether a new connection may resume a TLS session; if not, the server hands out no tickets" {
                    tls_resumption: strategy(Flag).default("true").legacy("true")
                }
                DnsCache dns_cache
                "whether the client keeps answers of the name server; if not, each look-up is a query" {
                    dns_cache: strategy(Flag).default("true").legacy("true")
                }
                Probes probes "whether the phases of requests and connections are taken" {
                    probes: strategy(Flag).default("true").legacy("true")
                }
                Retries retries "what a client sends again by itself" {
                    retries: strategy(OneOf::new(words::retries, "\"none\""))
                        .otherwise("`\"library\"` if the client's library sends anything again over this version of HTTP, `\"none\"` if not")
                        .legacy("none")
                }
                Work work
                "work of the caller's own, once: for model offload beside its requests, for sequential after them" {
                    own_work: strategy(WorkForm).or_none("none").legacy("none")
                }
                Timeout timeout
                "a request that takes longer fails, with class `timeout(…)`: pool, dns, connect, tls, stream, head or body" {
                    timeout_ns: strategy(Duration { least: 1_000, most: LONGEST_NS, example: "\"5s\"" })
                        .or_none("none")
                }
                // Below 16 a client cannot even start; 1 048 576 is Linux's `fs.nr_open`.
                Nofile nofile "open files that the client process may have" {
                    nofile: strategy(Integer::wide(16, 1_048_576, "1024"))
                        .or_none("as many as the harness may have (its hard limit)")
                }
                // Linux looks at an even number of ports, so that one of an odd number would never
                // be used; and few ports are free below the usual range, which begins at 32 768.
                Ports ports
                "local ports that there are for connections, in a network of the trial's own; a closed one is taken for a minute" {
                    ports: strategy(Even { least: 2, most: 28_000, example: "2000" })
                        .or_none("those of the machine")
                        .legacy("none")
                }
                // A terabyte is more than any client is about. Linux takes a limit of 0 for none
                // (`may_expand_vm`).
                Memory memory
                "memory that the client process may have (`RLIMIT_DATA`); a client that needs more fails its trial" {
                    memory_bytes: strategy(Size { least: 1, most: 1_000_000_000_000, example: "\"64MB\"" })
                        .or_none("no limit")
                        .legacy("none")
                }
                Settings settings
                "values of its program's settings; usually written as keys of their own, `session = [\"shared\"]`" {
                    settings: strategy(SettingsForm).or_none("it has none").legacy("none")
                }
                Service service
                "what is asked in place of the delay server: the URL of a service of this machine, or the name of a `[[service]]`" {
                    service: strategy(ServiceForm).or_none("the delay server").legacy("none")
                }
                ServiceSettings service_settings
                "values of its service's settings; usually written as keys of their own, `workers = [1, 4]`" {
                    service_settings: strategy(SettingsForm).or_none("it has none").legacy("none")
                }
            }
            scenario {
                Requests requests
                "requests of a trial; with open arrival it may be a duration: as many as come in it on average" {
                    requests: u32 = workload(RequestsForm).required()
                }
                Delay delay "how long the server waits before each answer" {
                    delay: Delay = workload(DelayForm).required()
                }
                TimeScale time_scale "every delay is multiplied by this" {
                    time_scale: f64 = workload(Positive { example: "0.1" }).default("1")
                }
                Draw draw
                "how delays are drawn from their model: each by itself, or so that the sample follows the model's quantiles" {
                    sampling: Sampling = workload(OneOf::new(words::draws, "\"stratified\""))
                        .default("\"independent\"")
                        .legacy("independent")
                        .phrase("{} delays")
                }
                Body body "size of an answer's body" {
                    body_bytes: u64 = workload(BODY).default("\"0B\"")
                }
                // A piece is a frame of its own: more than these are no way to send an answer.
                Chunks chunks "pieces that an answer's body comes in, as even as can be" {
                    chunks: u32 = workload(Integer::whole(1, 10_000, "10"))
                        .default("1")
                        .legacy("1")
                        .phrase("answers in {} pieces")
                }
                ChunkDelay chunk_delay "pause of the server between two pieces" {
                    chunk_delay_ns: u64 = workload(Duration { least: 0, most: LONGEST_NS, example: "\"2ms\"" })
                        .default("\"0s\"")
                        .legacy("0s")
                        .phrase("{} between pieces")
                }
                Upload upload "size of a request's body; with one, a request is a POST" {
                    upload_bytes: u64 = workload(BODY)
                        .default("\"0B\"")
                        .legacy("0B")
                        .phrase("request bodies of {}")
                }
                // RFC 9110 asks clients to stop loops; browsers do after some twenty.
                Redirects redirects
                "redirects (302) before each answer; the delay is that of the answer" {
                    redirects: u32 = workload(Integer::whole(0, 20, "2"))
                        .default("0")
                        .legacy("0")
                        .phrase("redirects of each request: {}")
                }
                Targets targets
                "hosts that requests go to in turn; several need `dns_delay`, since hosts are told apart by name" {
                    targets: u32 = workload(Integer::whole(1, 1_000, "2"))
                        .default("1")
                        .legacy("1")
                        .phrase("{} hosts")
                }
                Rtt rtt
                "round trip of the network: each packet is held for half of it, in a network of the trial's own" {
                    rtt_ns: Option<u64> = workload(Duration { least: 1_000, most: 10_000_000_000, example: "\"15ms\"" })
                        .or_none("plain loopback")
                        .legacy("none")
                        .phrase("round trip {}")
                }
                // Recordings before it were held by the relay, where this finds netem: `rtt_kind` tells.
                RttBy rtt_by
                "what holds the packets of a round trip: the kernel's netem, or a relay behind a TUN device; `auto` is netem where the machine has it" {
                    rtt_by: RttBy = workload(OneOf::new(words::rtt_holders, "\"tun\""))
                        .default("\"auto\"")
                        .legacy("auto")
                        .phrase("packets held by {}")
                }
                Arrival arrival
                "when requests are to start: as the strategy has room for them, or at a rate that no answer slows down" {
                    arrival: Arrival = workload(ArrivalForm)
                        .default("\"closed\"")
                        .legacy("closed")
                        .phrase("open arrival, {}")
                }
                Seed seed
                "seed of the delays and of the body; the same seed gives every strategy the same delays" {
                    seed: u64 = file(Integer::wide(0, MOST, "1")).default("1")
                }
                Backlog backlog
                "length of the server's queue of connections that are not accepted yet" {
                    backlog: u32 = server(Integer::whole(1, 65_535, "128")).default("4096")
                }
                Tls tls
                "whether connections are encrypted (TLS 1.3, a certificate made for the trial)" {
                    tls: bool = server(Flag).default("false").legacy("false").phrase("TLS")
                }
                ConnectDelay connect_delay
                "pause of the server before it reads from a new connection (the kernel has accepted it: clients see it as a slow handshake, or a slow first answer)" {
                    connect_delay_ns: u64 = server(Duration { least: 0, most: LONGEST_NS, example: "\"20ms\"" })
                        .default("\"0s\"")
                        .legacy("0s")
                        .phrase("the server reads from a connection after {}")
                }
                HandshakeDelay handshake_delay
                "pause of the server before it answers a TLS handshake" {
                    handshake_delay_ns: u64 = server(Duration { least: 0, most: LONGEST_NS, example: "\"15ms\"" })
                        .default("\"0s\"")
                        .legacy("0s")
                        .phrase("TLS handshakes begin after {}")
                }
                // The default is hyper's own, said so that it is in the record.
                Streams streams
                "requests at once on an HTTP/2 connection at most; further ones wait in the client" {
                    streams: u32 = server(Integer::whole(1, 1_000_000, "100"))
                        .default("200")
                        .legacy("200")
                        .phrase("at most {} streams on a connection")
                }
                // Resolvers ask again after some seconds (ours after 2.5), which would double the
                // queries.
                DnsDelay dns_delay
                "hosts have names, which a name server of the trial's own answers after this time" {
                    dns_delay_ns: Option<u64> = server(Duration { least: 0, most: 2_000_000_000, example: "\"2ms\"" })
                        .or_none("requests go to the address itself, and no name is looked up")
                        .legacy("none")
                        .phrase("names are answered after {}")
                }
                // The wire has whole seconds.
                DnsTtl dns_ttl
                "how long an answer of the name server may be kept, rounded up to whole seconds" {
                    dns_ttl_ns: u64 = server(Duration { least: 1_000_000_000, most: LONGEST_NS, example: "\"60s\"" })
                        .default("\"60s\"")
                        .legacy("60s")
                        .phrase("names are kept for {}")
                }
                UnknownHosts unknown_hosts
                "of the `targets`, the last so many that the name server does not know (NXDOMAIN): requests to them fail" {
                    unknown_hosts: u32 = server(Integer::whole(0, 1_000, "1"))
                        .default("0")
                        .legacy("0")
                        .phrase("{} of them unknown to the name server")
                }
                // A server needs some for itself.
                ServerNofile server_nofile
                "open files that the server process may have; connections beyond wait in its accept queue" {
                    server_nofile: Option<u64> = server(Integer::wide(16, 1_048_576, "1024"))
                        .or_none("as many as the harness may have (its hard limit)")
                        .legacy("none")
                        .phrase("the server may open {} files")
                }
                ShareCpus share_cpus
                "whether a service runs on all CPUs of a trial, the client's too; otherwise it has those of the delay server" {
                    share_cpus: bool = server(Flag)
                        .default("false")
                        .legacy("false")
                        .phrase("service on all CPUs: {}")
                }
                Capacity capacity
                "requests that the server has in flight at most; it refuses further ones at once, with 429" {
                    capacity: Option<NonZeroU32> = server(Integer::positive(10_000_000, "100"))
                        .or_none("any number")
                        .legacy("none")
                        .phrase("the server takes {} requests at once")
                }
                // The header has whole seconds.
                RetryAfter retry_after
                "what `Retry-After` says to a request that was refused, rounded up to whole seconds" {
                    retry_after_ns: u64 = server(Duration { least: 0, most: LONGEST_NS, example: "\"1s\"" })
                        .default("\"1s\"")
                        .legacy("1s")
                        .phrase("refused requests may come again after {}")
                }
            }
        }
    };
}
pub(crate) use factors;

/// A gigabyte for each answer is beyond what a comparison of clients is about.
const BODY: Size = Size { least: 0, most: 1_000_000_000, example: "\"4kB\"" };

const fn file<F>(form: F) -> Row<F> {
    Row::new("the experiment", form)
}

const fn strategy<F>(form: F) -> Row<F> {
    Row::new("[[strategy]]", form)
}

const fn workload<F>(form: F) -> Row<F> {
    Row::new("[workload]", form)
}

const fn server<F>(form: F) -> Row<F> {
    Row::new("[server]", form)
}

macro_rules! define {
    (
        strategy {
            $($s:ident $s_name:ident $s_doc:literal { $s_field:ident: $s_row:expr })*
        }
        scenario {
            $($c:ident $c_name:ident $c_doc:literal { $c_field:ident: $c_type:ty = $c_row:expr })*
        }
    ) => {
        /// A named property of a cell, as text. Selectors, tables and `diff` speak of these.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Factor {
            $(#[doc = concat!("`", stringify!($s_name), "`: ", $s_doc)] $s,)*
            $(#[doc = concat!("`", stringify!($c_name), "`: ", $c_doc)] $c,)*
        }

        impl Factor {
            /// Every factor: those of the strategy first, then those of the scenario.
            pub const ALL: [Factor; [$(stringify!($s),)* $(stringify!($c),)*].len()] =
                [$(Factor::$s,)* $(Factor::$c,)*];
        }

        /// One point of the workload and server settings.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Scenario {
            $(#[doc = $c_doc] pub $c_field: $c_type,)*
        }

        pub(super) static OF_STRATEGY: &[&dyn FactorOf<Strategy>] = &[$(
            &Lens::<Strategy, _> {
                row: $s_row.named(stringify!($s_name), $s_doc),
                get: |strategy| Slot::get(&strategy.$s_field),
                set: |strategy, value| Slot::set(&mut strategy.$s_field, value),
            },
        )*];

        pub(super) static OF_SCENARIO: &[&dyn FactorOf<Scenario>] = &[$(
            &Lens::<Scenario, _> {
                row: $c_row.named(stringify!($c_name), $c_doc),
                get: |scenario| Slot::get(&scenario.$c_field),
                set: |scenario, value| Slot::set(&mut scenario.$c_field, value),
            },
        )*];
    };
}
factors!(define);
