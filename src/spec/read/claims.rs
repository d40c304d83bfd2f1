//! `[[claim]]` tables.

use super::cells::Cells;
use crate::spec::error::{Problem, Span};
use crate::spec::forms::Bound;
use crate::spec::key::{Open, Placed, Reading};
use crate::spec::node::Node;
use crate::spec::selector::{Picked, PickedOver};
use crate::spec::{Claim, Factor, Metric, Over, Than, Unit, keys};
use crate::units::{UnitError, parse_duration, parse_size};

/// Reads every claim; its cells are checked if the cells stand.
pub(super) fn read(file: &Open, cells: Option<&Cells>, reading: &mut Reading) -> Vec<Claim> {
    let nodes = file.tables(&keys::CLAIM, reading);
    nodes.into_iter().filter_map(|node| claim(node, cells, reading)).collect()
}

fn claim(node: &Node, cells: Option<&Cells>, reading: &mut Reading) -> Option<Claim> {
    let table = keys::CLAIM.table.open(node, reading)?;
    let text = table.one(&keys::TEXT, reading);
    let metric = table.one(&keys::METRIC, reading);
    let of = table.one(&keys::OF, reading);
    let over = table.one(&keys::OVER, reading);
    let than = table.one(&keys::THAN, reading);
    let before = reading.problems.len();
    let at_least = table.one(&keys::AT_LEAST, reading);
    let at_most = table.one(&keys::AT_MOST, reading);
    let unread = reading.problems.len() > before;
    if at_least.is_none() && at_most.is_none() && !unread {
        let what = "a claim needs `at_least`, `at_most` or both";
        reading.report(Problem::at(table.span, what).hint("for example: at_most = 1.15"));
    }
    if let (Some(cells), Some(of)) = (cells, &of) {
        check_cells(cells, &of.value, over.as_ref(), than.as_ref(), reading);
    }
    if let (Some(than), Some(Placed { value: PickedOver::Word(_) | PickedOver::Largest(_), .. })) =
        (&than, &over)
    {
        let what = "`than` is for a ratio of two cells, and this claim has none";
        let hint = "select a cell: over = { label = \"…\" }";
        reading.report(Problem::at(than.span, what).hint(hint));
    }
    let (metric, over) = (metric?.value, over?);
    check_metric(metric, &over, reading);
    let over = match over.value {
        PickedOver::Word(word) => word,
        PickedOver::Largest(words) => Over::Largest(words.into_iter().map(|w| w.value).collect()),
        PickedOver::Cell(picked) => Over::Cell(picked.selector),
    };
    let before = reading.problems.len();
    let at_least_value =
        at_least.as_ref().and_then(|b| bound(metric, &over, b, "at_least", reading));
    let at_most_value = at_most.as_ref().and_then(|b| bound(metric, &over, b, "at_most", reading));
    if reading.problems.len() > before {
        return None;
    }
    if let (Some(least), Some(most), Some(written)) = (at_least_value, at_most_value, &at_most)
        && least > most
    {
        let what = "`at_most` is below `at_least`, so no ratio can fit";
        let problem = Problem::at(written.span, what);
        reading.report(match &at_least {
            Some(least) => problem.also("`at_least`", least.span),
            None => problem,
        });
    }
    Some(Claim {
        text: text?.value,
        metric,
        of: of?.value.selector,
        over,
        than: than.map(|than| Than { of: than.value.0.selector, over: than.value.1.selector }),
        at_least: at_least_value,
        at_most: at_most_value,
    })
}

fn check_cells(
    cells: &Cells,
    of: &Picked,
    over: Option<&Placed<PickedOver>>,
    than: Option<&Placed<(Picked, Picked)>>,
    reading: &mut Reading,
) {
    let of = cells.pick(of, reading);
    for picked in than.iter().flat_map(|than| [&than.value.0, &than.value.1]) {
        if let (Some(picks), Some(of)) = (cells.pick(picked, reading), &of) {
            let scenarios = cells.scenarios_of(of.iter().copied());
            cells.one_for_each(picked, &picks, &scenarios, reading);
        }
    }
    let Some(over) = over else { return };
    match &over.value {
        PickedOver::Cell(picked) => {
            if let Some(denominators) = cells.pick(picked, reading)
                && let Some(of) = of
            {
                let scenarios = cells.scenarios_of(of.into_iter());
                cells.one_for_each(picked, &denominators, &scenarios, reading);
            }
        }
        PickedOver::Word(_) | PickedOver::Largest(_) => {
            let round_trip = words(over).into_iter().any(|(word, _)| *word == Over::RoundTrip);
            if round_trip && of.is_some_and(|of| cells.any_without(&of, Factor::Rtt)) {
                let what = "a claimed cell has no round trip to divide by";
                let hint = "set `rtt` in [workload], or select by it: of = { …, rtt = \"15ms\" }";
                reading.report(Problem::at(over.span, what).hint(hint));
            }
        }
    }
}

/// The words of a denominator, each with its place.
fn words(over: &Placed<PickedOver>) -> Vec<(&Over, Span)> {
    match &over.value {
        PickedOver::Word(word) => vec![(word, over.span)],
        PickedOver::Largest(words) => words.iter().map(|w| (&w.value, w.span)).collect(),
        PickedOver::Cell(_) => Vec::new(),
    }
}

fn check_metric(metric: Metric, over: &Placed<PickedOver>, reading: &mut Reading) {
    let alone = matches!(over.value, PickedOver::Word(_));
    for (word, span) in words(over) {
        check_word(metric, word, alone, span, reading);
    }
}

fn check_word(metric: Metric, word: &Over, alone: bool, span: Span, reading: &mut Reading) {
    let fits = match word {
        Over::Ideal => metric.has_ideal(),
        Over::LongestDelay | Over::SumOfDelays | Over::RoundTrip => {
            metric.unit() == Unit::Nanoseconds
        }
        Over::Requests => metric.unit() == Unit::Count,
        Over::Metric(other) => *other != metric && other.unit() == metric.unit(),
        // It has no size that could be the largest.
        Over::One => alone,
        Over::Cell(_) | Over::Largest(_) => true,
    };
    if !fits {
        let name = metric.name();
        let what = match word {
            Over::Metric(other) if *other == metric => {
                format!("metric `{name}` over itself is always 1")
            }
            Over::Metric(other) => format!(
                "metrics of different units have no ratio: `{name}` over `{}`",
                other.name()
            ),
            Over::One => "`nothing` has no size, so it cannot stand in a list".to_owned(),
            Over::Ideal => format!("the ideal time divides metric `wall` only, not `{name}`"),
            Over::Requests => {
                let counts = metrics_of("counts", Unit::Count);
                format!("the number of requests divides {counts}, not `{name}`")
            }
            Over::RoundTrip => {
                let time = metrics_of("time", Unit::Nanoseconds);
                format!("the round trip divides {time}, not `{name}`")
            }
            _ => {
                let time = metrics_of("time", Unit::Nanoseconds);
                format!("delays divide {time}, not `{name}`")
            }
        };
        let hint = "compare with another cell, over = { label = \"…\" }, or use over = \"nothing\"";
        reading.report(Problem::at(span, what).hint(hint));
    }
}

/// `metrics of time only (wall, p50, p99, cpu, …)`
fn metrics_of(what: &str, unit: Unit) -> String {
    let of_unit = Metric::ALL.into_iter().filter(|metric| metric.unit() == unit);
    let some: Vec<&str> = of_unit.take(4).map(Metric::name).collect();
    format!("metrics of {what} only ({}, …)", some.join(", "))
}

/// The bound in the unit of the ratio or, where it stands alone, of the metric.
fn bound(
    metric: Metric,
    over: &Over,
    written: &Placed<Bound>,
    key: &str,
    reading: &mut Reading,
) -> Option<f64> {
    let (expected, example) = match (over, metric.unit(), &written.value) {
        (Over::One, Unit::Nanoseconds, Bound::Text(text)) => match parse_duration(text) {
            Ok(ns) => return Some(ns as f64),
            Err(UnitError::TooSmall { .. }) => {
                ("a duration of at least 1ns, or \"0s\"", "\"10ms\"")
            }
            Err(_) => ("a duration", "\"10ms\""),
        },
        (Over::One, Unit::Nanoseconds, Bound::Number(_)) => {
            ("a duration with its unit", "\"10ms\"")
        }
        (Over::One, Unit::Bytes, Bound::Text(text)) => match parse_size(text) {
            Ok(bytes) => return Some(bytes as f64),
            Err(UnitError::TooSmall { .. }) => ("a size of at least 1B, or \"0B\"", "\"50MB\""),
            Err(_) => ("a size", "\"50MB\""),
        },
        (Over::One, Unit::Bytes, Bound::Number(_)) => ("a size with its unit", "\"50MB\""),
        (Over::One, Unit::Count | Unit::Share | Unit::PerSecond, Bound::Text(_)) => {
            ("a number", "100")
        }
        (_, _, Bound::Text(_)) => ("a ratio", "1.15"),
        (_, _, Bound::Number(x)) => return Some(*x),
    };
    let found = match &written.value {
        Bound::Number(x) => format!("the number {x}"),
        Bound::Text(text) => format!("{text:?}"),
    };
    let what = format!("`{key}` of metric `{}` must be {expected}, found {found}", metric.name());
    reading.report(Problem::at(written.span, what).hint(format!("for example: {key} = {example}")));
    None
}
