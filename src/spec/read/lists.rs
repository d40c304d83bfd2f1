//! Lists of values that multiply.

use crate::spec::Factor;
use crate::spec::error::Span;
use crate::spec::factor::FactorOf;
use crate::spec::key::{Open, Placed, Reading};
use crate::strategy::Strategy;

/// The values of a factor, each in an `S` that has all else by default.
struct List<S: 'static> {
    factor: Factor,
    entry: &'static dyn FactorOf<S>,
    values: Vec<Placed<S>>,
}

/// The lists of some factors, in the order of the factors.
pub(super) struct Lists<S: 'static>(Vec<List<S>>);

/// The lists of one `[[strategy]]` table.
pub(super) struct Table {
    pub(super) lists: Lists<Strategy>,
    /// All that is not written.
    pub(super) start: Strategy,
    pub(super) span: Span,
}

/// One value of each list that has any, and their places.
#[derive(Clone)]
pub(super) struct Point<S> {
    pub(super) of: S,
    spans: Vec<(Factor, Span)>,
}

impl<S> Point<S> {
    pub(super) fn new(of: S) -> Point<S> {
        Point { of, spans: Vec::new() }
    }

    /// The place of the value of a factor; `None` if it has none.
    pub(super) fn span(&self, factor: Factor) -> Option<Span> {
        self.spans.iter().find(|(of, _)| *of == factor).map(|(_, span)| *span)
    }
}

impl<S: Clone + 'static> Lists<S> {
    /// Reads those of one table.
    pub(super) fn read(
        factors: impl Iterator<Item = (Factor, &'static dyn FactorOf<S>)>,
        table: &Open,
        start: &S,
        reading: &mut Reading,
    ) -> Lists<S> {
        let list = |(factor, entry): (Factor, &'static dyn FactorOf<S>)| {
            let values = entry.read(table, start, reading);
            List { factor, entry, values }
        };
        Lists(factors.map(list).collect())
    }

    /// These and those of other tables.
    pub(super) fn and(mut self, others: impl IntoIterator<Item = Lists<S>>) -> Lists<S> {
        self.0.extend(others.into_iter().flat_map(|lists| lists.0));
        self.0.sort_by_key(|list| list.factor);
        self
    }

    /// The values of a factor.
    pub(super) fn of(&self, factor: Factor) -> &[Placed<S>] {
        self.0.iter().find(|list| list.factor == factor).map_or(&[], |list| &list.values)
    }

    /// The values of a factor, which is no longer one of these.
    pub(super) fn take(&mut self, factor: Factor) -> Vec<Placed<S>> {
        let place = self.0.iter().position(|list| list.factor == factor);
        place.map_or_else(Vec::new, |place| self.0.remove(place).values)
    }

    /// Number of values of each key; an absent key counts as one.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.0.iter().map(|list| (list.factor.name(), list.values.len().max(1)))
    }

    /// Every point with every combination of values, the last list fastest; an absent list leaves the
    /// points as they are.
    pub(super) fn multiply(&self, mut points: Vec<Point<S>>) -> Vec<Point<S>> {
        for List { factor, entry, values } in self.0.iter().filter(|list| !list.values.is_empty()) {
            let with = |point: &Point<S>, value: &Placed<S>| {
                let mut point = point.clone();
                entry.copy(&value.value, &mut point.of);
                point.spans.push((*factor, value.span));
                point
            };
            let all = points.iter().flat_map(|point| values.iter().map(move |v| with(point, v)));
            points = all.collect();
        }
        points
    }
}
