//! The forms of arrival, and of requests that may be as many as arrive in a time.

use serde_json::{Value, json};

use super::{Duration, Integer};
use crate::arrival::{Arrival, Rate};
use crate::delay::LONGEST_NS;
use crate::spec::error::Problem;
use crate::spec::key::{Canonical, Form, Inside, Reading};
use crate::spec::node::{Entry, Kind, Node};
use crate::units::exact_duration;

/// `"closed"`, or a table with one way of open arrival and its rate.
pub(in crate::spec) struct ArrivalForm;

/// An open arrival of the file: its word, and what it makes of a rate.
type Written = (&'static str, fn(Rate) -> Arrival);

const OPEN: [Written; 2] = [("constant", Arrival::Constant), ("poisson", Arrival::Poisson)];

impl Form for ArrivalForm {
    type Value = Arrival;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Arrival> {
        match &node.kind {
            Kind::Text(text) if text == "closed" => Some(Arrival::Closed),
            Kind::Table(entries) => open(node, entries, reading),
            _ => {
                reading.unfit(node, &self.expected(), self.example());
                None
            }
        }
    }

    fn expected(&self) -> String {
        "\"closed\" or a table with `constant` or `poisson` and a rate with its unit".to_owned()
    }

    fn example(&self) -> &'static str {
        r#"{ poisson = "500/s" }"#
    }

    fn schema(&self) -> Value {
        let rate = json!({ "type": "string", "pattern": "^\\s*[0-9.]+\\s*/\\s*(s|min)\\s*$" });
        let one = |(word, _): Written| {
            json!({
                "type": "object",
                "properties": { word: rate },
                "required": [word],
                "additionalProperties": false,
            })
        };
        let mut any = vec![json!({ "const": "closed" })];
        any.extend(OPEN.map(one));
        json!({ "anyOf": any })
    }

    fn inside(&self) -> Inside {
        Inside::Open
    }
}

impl Canonical for ArrivalForm {
    fn canonical(&self, value: &Arrival) -> String {
        value.describe()
    }
}

fn open(node: &Node, entries: &[Entry], reading: &mut Reading) -> Option<Arrival> {
    let before = reading.problems.len();
    let written = |e: &Entry| OPEN.into_iter().find(|(word, _)| *word == e.key);
    for entry in entries.iter().filter(|e| written(e).is_none()) {
        let what = format!("there is no arrival `{}`", entry.key);
        let known = OPEN.map(|(word, _)| word);
        reading.report(Problem::at(entry.key_span, what).known(&entry.key, known));
    }
    let found: Vec<(&Entry, Written)> =
        entries.iter().filter_map(|e| Some((e, written(e)?))).collect();
    let arrival = match found.as_slice() {
        [(entry, (word, make))] => reading.within(word, |r| rate(&entry.node, r)).map(make),
        // A word that is misspelt is one error, not two.
        [] if reading.problems.len() > before => None,
        [] => {
            let what = "`arrival` has no rate";
            let hint = format!("for example: arrival = {}", ArrivalForm.example());
            reading.report(Problem::at(node.span, what).hint(hint));
            None
        }
        [(first, _), (second, _), ..] => {
            let what = "an arrival is `constant` or `poisson`, not both";
            let hint = "for several arrivals write a list of tables";
            let problem = Problem::at(second.key_span, what).also("first", first.key_span);
            reading.report(problem.hint(hint));
            None
        }
    };
    arrival.filter(|_| reading.problems.len() == before)
}

fn rate(node: &Node, reading: &mut Reading) -> Option<Rate> {
    if let Kind::Text(text) = &node.kind
        && let Ok(rate) = Rate::parse(text)
        && (Rate::LEAST..=Rate::MOST).contains(&rate)
    {
        return Some(rate);
    }
    let expected = format!("a rate with its unit, from {} to {}", Rate::LEAST, Rate::MOST);
    reading.unfit(node, &expected, "\"500/s\"");
    None
}

/// Number of requests of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Requests {
    /// So many.
    Count(u32),
    /// As many as come in this time on average, in nanoseconds.
    During(u64),
}

/// A number of requests, or a time in which they come.
pub(in crate::spec) struct RequestsForm;

/// Largest result of [`Requests::of`], too.
const MOST: u64 = 10_000_000;
const COUNT: Integer<u32> = Integer::whole(1, MOST, "1000");
const TIME: Duration = Duration { least: 1_000_000, most: LONGEST_NS, example: "\"2s\"" };

impl Requests {
    /// The number, if arrival is open or the number is given; `None` if it is out of range, or if
    /// no rate says what comes in a time.
    pub(in crate::spec) fn of(self, arrival: Arrival) -> Option<u32> {
        match self {
            Requests::Count(n) => Some(n),
            Requests::During(ns) => {
                let n = arrival.rate()?.within_ns(ns);
                u32::try_from(n).ok().filter(|n| (1..=MOST).contains(&u64::from(*n)))
            }
        }
    }
}

impl Form for RequestsForm {
    type Value = Requests;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Requests> {
        if let Kind::Text(_) = node.kind {
            let before = reading.problems.len();
            let time = TIME.read(node, reading);
            if time.is_none() {
                reading.problems.truncate(before);
                reading.unfit(node, &self.expected(), self.example());
            }
            return time.map(Requests::During);
        }
        COUNT.read(node, reading).map(Requests::Count)
    }

    fn expected(&self) -> String {
        format!("{}, or a duration", COUNT.expected())
    }

    fn example(&self) -> &'static str {
        COUNT.example
    }

    fn schema(&self) -> Value {
        // Of text a number without a unit is no duration.
        let time = json!({ "type": "string", "pattern": "^\\s*[0-9].*[a-zµ]\\s*$" });
        json!({ "anyOf": [COUNT.schema(), time] })
    }
}

impl Canonical for RequestsForm {
    fn canonical(&self, value: &Requests) -> String {
        match value {
            Requests::Count(n) => n.to_string(),
            Requests::During(ns) => exact_duration(*ns),
        }
    }
}
