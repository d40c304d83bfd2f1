//! What picks cells: `baseline`, `control`, `[[exclude]]`.

use super::{SEED, server::*, strategy::*, workload::*};
use crate::spec::Factor;
use crate::spec::forms::SelectorForm;
use crate::spec::key::{AnyKey, Key, Presence, Section, TableForm};

pub(in crate::spec) static BASELINE: Key<SelectorForm> = Key::optional(
    "baseline",
    SelectorForm,
    "the cell of each scenario that the others are compared with",
)
.otherwise("the first cell of each scenario");
pub(in crate::spec) static CONTROL: Key<SelectorForm> = Key::optional(
    "control",
    SelectorForm,
    "the cell of each scenario that is run twice, to show the noise (the A/A twin)",
)
.otherwise("the cell with the shortest ideal time");

pub(in crate::spec) static EXCLUDE: Section = Section {
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
