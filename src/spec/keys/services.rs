//! `[[service]]`: servers that are no part of inflight.

use crate::spec::forms::{Choices, Duration, Line, OneOf, PathForm, UrlForm, Word, WordList};
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
            let keys: [&dyn AnyKey; 11] = [
                &SERVICE_NAME,
                &SERVICE_URL,
                &SERVICE_RUN,
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
        either: &[("url", "run"), ("url", "path")],
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
