//! `[workload]`, `[server]` and `[[strategy]]`: tables of factors.

use crate::spec::factor::keys_of;
use crate::spec::forms::{Line, ServiceForm};
use crate::spec::key::{Key, Presence, Section, TableForm};

pub(in crate::spec) static WORKLOAD: Section = Section {
    name: "workload",
    presence: Presence::Required,
    many: false,
    table: &TableForm {
        title: "[workload]",
        doc: "What every strategy has to do. Lists multiply into scenarios.",
        keys: || keys_of("[workload]"),
        either: &[],
    },
};

pub(in crate::spec) static SERVER: Section = Section {
    name: "server",
    presence: Presence::Optional,
    many: false,
    table: &TableForm {
        title: "[server]",
        doc: "The delay server. Lists multiply into scenarios.",
        keys: || {
            let mut keys = keys_of("[server]");
            keys.push(&SERVER_SERVICE);
            keys
        },
        either: &[],
    },
};

pub(in crate::spec) static STRATEGY: Section = Section {
    name: "strategy",
    presence: Presence::Required,
    many: true,
    table: &TableForm {
        title: "[[strategy]]",
        doc: "A way of issuing the requests. Lists are multiplied; tables are added.",
        keys: || {
            let mut keys = keys_of("[[strategy]]");
            keys.push(&PROGRAM_OF);
            keys
        },
        either: &[],
    },
};

pub(in crate::spec) static SERVER_SERVICE: Key<ServiceForm> = Key::optional(
    "service",
    ServiceForm,
    "the service that strategies ask which name none, as their key `service`; `inflight run --target` sets it",
)
.otherwise("they ask the delay server");

pub(in crate::spec) static PROGRAM_OF: Key<Line> = Key::optional(
    "program",
    Line { example: "\"aiohttp\"" },
    "the program that issues the requests, in place of `model` and `client`; its settings are keys beside it",
)
.otherwise("one of inflight's own clients does");
