//! `[[claim]]` and `[[gate]]`: what is expected of the cells, and what no change may worsen.

use crate::spec::forms::{BoundForm, Line, OneOf, Percent, Word};
use crate::spec::key::{Key, Presence, Section, TableForm};
use crate::spec::selector::{Over as OverForm, SelectorForm, ThanForm};
use crate::spec::{Metric, Over};

pub(in crate::spec) static TEXT: Key<Line> = Key::required(
    "text",
    Line { example: "\"Async takes about as long as the slowest answer\"" },
    "the claim, as a sentence",
);
pub(in crate::spec) static METRIC: Key<OneOf<Metric>> =
    Key::optional("metric", OneOf::new(metrics, "\"wall\""), "what is measured")
        .default("\"wall\"");
pub(in crate::spec) static OF: Key<SelectorForm> =
    Key::required("of", SelectorForm, "the cells that are claimed about; it must hold for each");
pub(in crate::spec) static OVER: Key<OverForm> = Key::required(
    "over",
    OverForm {
        words: OneOf::new(denominators, "\"ideal\""),
        metrics: OneOf::new(metrics, "\"cpu\""),
    },
    "what their metric is divided by",
);
pub(in crate::spec) static THAN: Key<ThanForm> = Key::optional(
    "than",
    ThanForm,
    "the ratio of two other cells, by which the ratio of this claim is divided: one gain over another",
)
.otherwise("the bounds are on the ratio itself");
pub(in crate::spec) static AT_LEAST: Key<BoundForm> =
    Key::optional("at_least", BoundForm, "the ratio is at least this").otherwise("no bound");
pub(in crate::spec) static AT_MOST: Key<BoundForm> =
    Key::optional("at_most", BoundForm, "the ratio is at most this").otherwise("no bound");

pub(in crate::spec) static CLAIM: Section = Section {
    name: "claim",
    presence: Presence::Optional,
    many: true,
    table: &TableForm {
        title: "[[claim]]",
        doc: "What the author expects: a ratio and its bounds.",
        keys: || vec![&TEXT, &METRIC, &OF, &OVER, &THAN, &AT_LEAST, &AT_MOST],
        either: &[],
    },
};

pub(in crate::spec) static GATE_OF: Key<SelectorForm> =
    Key::optional("of", SelectorForm, "the cells that it holds for").otherwise("all cells");
pub(in crate::spec) static GATE_MARGIN: Key<Percent> =
    Key::required("margin", Percent, "worse by more than this fails");

pub(in crate::spec) static GATE: Section = Section {
    name: "gate",
    presence: Presence::Optional,
    many: true,
    table: &TableForm {
        title: "[[gate]]",
        doc: "What `inflight diff` lets no change worsen.",
        keys: || vec![&METRIC, &GATE_OF, &GATE_MARGIN],
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
