//! `[workload]`: what every strategy has to do.

use crate::delay::{LONGEST_NS, Sampling};
use crate::link::RttBy;
use crate::spec::forms::{
    ArrivalForm, DelayForm, Duration, Integer, OneOf, Positive, RequestsForm, Size, Word,
};
use crate::spec::key::{Key, Presence, Section, TableForm};

pub(in crate::spec) static REQUESTS: Key<RequestsForm> = Key::required(
    "requests",
    RequestsForm,
    "requests of a trial; with open arrival it may be a duration: as many as come in it on average",
)
.many();
pub(in crate::spec) static DELAY: Key<DelayForm> =
    Key::required("delay", DelayForm, "how long the server waits before each answer").many();
pub(in crate::spec) static TIME_SCALE: Key<Positive> =
    Key::optional("time_scale", Positive { example: "0.1" }, "every delay is multiplied by this")
        .default("1")
        .many();
pub(in crate::spec) static DRAW: Key<OneOf<Sampling>> = Key::optional(
    "draw",
    OneOf { all: samplings, example: "\"stratified\"", other: None },
    "how delays are drawn from their model: each by itself, or so that the sample follows the model's quantiles",
)
.default("\"independent\"")
.many();
/// A gigabyte for each answer is beyond what a comparison of clients is about.
const SIZE: Size = Size { least: 0, most: 1_000_000_000, example: "\"4kB\"" };
pub(in crate::spec) static BODY: Key<Size> =
    Key::optional("body", SIZE, "size of an answer's body").default("\"0B\"").many();
/// A piece is a frame of its own: more than these are no way to send an answer.
pub(in crate::spec) static CHUNKS: Key<Integer<u32>> = Key::optional(
    "chunks",
    Integer { least: 1, most: 10_000, make: |n| u32::try_from(n).ok(), example: "10" },
    "pieces that an answer's body comes in, as even as can be",
)
.default("1")
.many();
pub(in crate::spec) static CHUNK_DELAY: Key<Duration> = Key::optional(
    "chunk_delay",
    Duration { least: 0, most: LONGEST_NS, example: "\"2ms\"" },
    "pause of the server between two pieces",
)
.default("\"0s\"")
.many();
pub(in crate::spec) static UPLOAD: Key<Size> =
    Key::optional("upload", SIZE, "size of a request's body; with one, a request is a POST")
        .default("\"0B\"")
        .many();
/// RFC 9110 asks clients to stop loops; browsers do after some twenty.
pub(in crate::spec) static REDIRECTS: Key<Integer<u32>> = Key::optional(
    "redirects",
    Integer { least: 0, most: 20, make: |n| u32::try_from(n).ok(), example: "2" },
    "redirects (302) before each answer; the delay is that of the answer",
)
.default("0")
.many();
pub(in crate::spec) static TARGETS: Key<Integer<u32>> = Key::optional(
    "targets",
    Integer { least: 1, most: 1_000, make: |n| u32::try_from(n).ok(), example: "2" },
    "hosts that requests go to in turn; several need `dns_delay`, since hosts are told apart by name",
)
.default("1")
.many();
pub(in crate::spec) static RTT: Key<Duration> = Key::optional(
    "rtt",
    Duration { least: 1_000, most: 10_000_000_000, example: "\"15ms\"" },
    "round trip of the network: each packet is held for half of it, in a network of the trial's own",
)
.otherwise("plain loopback")
.many();
pub(in crate::spec) static RTT_BY: Key<OneOf<RttBy>> = Key::optional(
    "rtt_by",
    OneOf { all: holders, example: "\"tun\"", other: None },
    "what holds the packets of a round trip: the kernel's netem, or a relay behind a TUN device; `auto` is netem where the machine has it",
)
.default("\"auto\"")
.many();
pub(in crate::spec) static ARRIVAL: Key<ArrivalForm> = Key::optional(
    "arrival",
    ArrivalForm,
    "when requests are to start: as the strategy has room for them, or at a rate that no answer slows down",
)
.default("\"closed\"")
.many();

pub(in crate::spec) static WORKLOAD: Section = Section {
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
            &DRAW,
            &BODY,
            &CHUNKS,
            &CHUNK_DELAY,
            &UPLOAD,
            &REDIRECTS,
            &TARGETS,
            &RTT,
            &RTT_BY,
            &ARRIVAL,
        ],
        either: &[],
    },
};

fn samplings() -> Vec<Word<Sampling>> {
    let doc = |sampling| match sampling {
        Sampling::Independent => "each by itself: a rare part of the model may be missing",
        Sampling::Stratified => "one from each of as many equal strata as there are requests",
    };
    Sampling::ALL.map(|s| Word { word: s.name(), value: s, doc: doc(s).to_owned() }).into()
}

fn holders() -> Vec<Word<RttBy>> {
    let doc = |by| match by {
        RttBy::Auto => "netem where the machine has it, otherwise the relay",
        RttBy::Netem => "the kernel's netem; a trial is skipped where there is none",
        RttBy::Tun => "the relay behind a TUN device",
    };
    RttBy::ALL.map(|by| Word { word: by.name(), value: by, doc: doc(by).to_owned() }).into()
}
