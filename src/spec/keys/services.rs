//! `[[service]]`: servers that are no part of inflight.

use crate::spec::forms::{
    Choices, Duration, Integer, Line, OneOf, OutboundForm, PathForm, ProductForm, UrlForm, Word,
    WordList, WorkForm,
};
use crate::spec::key::{AnyKey, Key, Presence, Section, TableForm};
use crate::strategy::service::AnswerRule;

use super::{FILES, INSTALL, MS, PROGRAM, VERSION};

pub(in crate::spec) static SERVICE: Section = Section {
    name: "service",
    presence: Presence::Optional,
    many: true,
    table: &TableForm {
        title: "[[service]]",
        doc: "A server that is no part of inflight, asked in place of the delay server: see docs/services.md.",
        keys: || {
            let keys: [&dyn AnyKey; 17] = [
                &SERVICE_NAME,
                &SERVICE_URL,
                &SERVICE_RUN,
                &SERVICE_KIND,
                &SERVICE_CALLS,
                &SERVICE_OUTBOUND,
                &SERVICE_SLOTS,
                &SERVICE_WORK,
                &SERVICE_WORKERS,
                &SERVICE_PATH,
                &ANSWER,
                &READY,
                &READY_WITHIN,
                &SERVICE_SETTINGS,
                &VERSION,
                &FILES,
                &INSTALL,
            ];
            keys.into()
        },
        either: &[
            ("url", "run"),
            ("url", "path"),
            ("kind", "run"),
            ("kind", "url"),
            ("kind", "version"),
            ("kind", "files"),
            ("kind", "slots"),
            ("kind", "workers"),
        ],
    },
};

/// A file of programs and services.
pub(in crate::spec) static PROGRAMS_FILE: TableForm = TableForm {
    title: "the file of programs",
    doc: "Programs and services that several experiments may use.",
    keys: || vec![&PROGRAM, &SERVICE],
    either: &[],
};

pub(in crate::spec) static SERVICE_NAME: Key<Line> = Key::required(
    "name",
    Line { example: "\"flask\"" },
    "name of the service, for `[[strategy]]`; letters, digits, `-`, `_` and `.`",
);
pub(in crate::spec) static SERVICE_URL: Key<UrlForm> =
    Key::optional("url", UrlForm, "where it runs already; `{i}` is the number of a request")
        .otherwise("it is started by `run`");
pub(in crate::spec) static SERVICE_RUN: Key<WordList> = Key::optional(
    "run",
    WordList { example: r#"["{python}", "app.py", "{port}"]"# },
    "words of the command that serves on `{port}`; no shell is involved",
)
.otherwise("it runs already, at `url`");
pub(in crate::spec) static SERVICE_PATH: Key<PathForm> = Key::optional(
    "path",
    PathForm { example: "\"/page?id={i}\"" },
    "path of a request; `{i}` is its number. A client program needs one that ends with `/{i}`",
)
.default("\"/{i}\"");
pub(in crate::spec) static ANSWER: Key<OneOf<AnswerRule>> = Key::optional(
    "answer",
    OneOf::new(answer_rules, "\"json\""),
    "what is asked of an answer, beside status 200",
)
.default("\"any\"");
pub(in crate::spec) static READY: Key<PathForm> = Key::optional(
    "ready",
    PathForm { example: "\"/health\"" },
    "path that is asked until it answers, whatever it answers",
)
.default("\"/\"");
pub(in crate::spec) static READY_WITHIN: Key<Duration> = Key::optional(
    "ready_within",
    Duration { least: MS, most: 600_000_000_000, example: "\"60s\"" },
    "time that it has until then",
)
.default("\"30s\"");
pub(in crate::spec) static SERVICE_SETTINGS: Key<Choices> = Key::optional(
    "settings",
    Choices,
    "keys of its own for `[[strategy]]`, each with the values that it may have",
)
.otherwise("it has none");

pub(in crate::spec) static SERVICE_KIND: Key<OneOf<()>> = Key::optional(
    "kind",
    OneOf::new(kinds, "\"app\""),
    "the web application of inflight itself, in place of a command; its settings are `processes`, `threads` and `outbound`",
)
.otherwise("`run` or `url` says what it is");
pub(in crate::spec) static SERVICE_CALLS: Key<Integer<u32>> = Key::optional(
    "calls",
    Integer::whole(1, 1_000, "4"),
    "calls that it makes of its backend, the delay server, for each request: call k of request i is request `i × calls + k` there",
)
.otherwise("it has no backend");
pub(in crate::spec) static SERVICE_OUTBOUND: Key<OutboundForm> = Key::optional(
    "outbound",
    OutboundForm,
    "order of these calls, or a setting in braces that holds it",
)
.default("\"sequential\"");
pub(in crate::spec) static SERVICE_SLOTS: Key<ProductForm> = Key::optional(
    "slots",
    ProductForm { example: r#"["processes", "threads"]"# },
    "requests that it serves at once: settings and numbers, multiplied",
)
.otherwise("nothing limits them");
pub(in crate::spec) static SERVICE_WORK: Key<WorkForm> =
    Key::optional("work", WorkForm, "work of its own for each request: it sleeps, or computes")
        .otherwise("it has none");
pub(in crate::spec) static SERVICE_WORKERS: Key<ProductForm> = Key::optional(
    "workers",
    ProductForm { example: r#"["workers"]"# },
    "number of its worker processes, likewise; each answer then names its worker in a header, `Inflight-Worker`",
)
.otherwise("the share of a worker is not judged");

fn kinds() -> Vec<Word<()>> {
    let doc = "a web application: processes × threads, and calls of a backend for each request";
    vec![Word { word: "app", value: (), doc: doc.to_owned() }]
}

fn answer_rules() -> Vec<Word<AnswerRule>> {
    let doc = |rule| match rule {
        AnswerRule::Any => "nothing",
        AnswerRule::Body => "a body that is not empty",
        AnswerRule::Same => "the same body as all other answers of the trial",
        AnswerRule::Json => "a body that is JSON",
    };
    let word =
        |rule: AnswerRule| Word { word: rule.name(), value: rule, doc: doc(rule).to_owned() };
    AnswerRule::ALL.map(word).into()
}
