//! The horizontal axis of charts over the limit.

use super::axes::Label;
use super::font::Face;
use super::format;
use super::layout::RIGHT;
use super::scale::Scale;
use super::theme::Token;

/// Limit of requests in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// At most this many, at least one.
    Bounded(u64),
    /// As many as there are.
    Unbounded,
}

const UNBOUNDED: &str = "unbounded";
/// Free space between the last limit and "unbounded", at least.
const GAP: f64 = 62.0;
/// Free space between the labels of the two.
const APART: f64 = 13.0;

/// The horizontal axis: limits on a logarithmic scale, then a place for "unbounded".
pub(super) struct Limits {
    scale: Scale,
    unbounded: f64,
    pub(super) ticks: Vec<Label>,
}

impl Limits {
    /// An axis for points at these limits, between two edges in px.
    pub(super) fn new(mut all: Vec<Limit>, left: f64, right: f64) -> Self {
        all.sort_unstable();
        all.dedup();
        let bounded: Vec<u64> = all.iter().filter_map(|l| bound(*l)).collect();
        let wide = |text: &str| Face::new(12.0, Token::Muted).width(text);
        let end = match (all.last(), bounded.last()) {
            (Some(Limit::Unbounded), Some(&last)) => {
                let labels = f64::midpoint(wide(UNBOUNDED), wide(&format::count(last)));
                // The label of "unbounded" is moved to the left where it would leave the chart.
                let label = right.min(RIGHT + 12.0 - wide(UNBOUNDED) / 2.0);
                (right - GAP).min(label - labels - APART)
            }
            _ => right,
        };
        let values: Vec<f64> = bounded.iter().map(|&n| n as f64).collect();
        let scale = match (values.first(), values.last()) {
            (Some(&lo), Some(&hi)) if hi > lo => Scale::log(lo, hi, left + 8.0, end),
            _ => Scale::fit_log(values.iter().copied(), 4.0, left, end),
        };
        let mut limits = Self {
            scale,
            unbounded: if bounded.is_empty() { f64::midpoint(left, right) } else { right },
            ticks: Vec::new(),
        };
        let last = bounded.last().map(|&n| Limit::Bounded(n));
        let ends = [all.first().copied(), last, all.last().copied()];
        limits.ticks = all
            .iter()
            .map(|&limit| Label {
                at: limits.at(limit),
                text: bound(limit).map_or_else(|| UNBOUNDED.to_owned(), format::count),
                major: ends.contains(&Some(limit)),
                log: true,
            })
            .collect();
        limits
    }

    /// The smallest and the largest limit on the axis.
    pub(super) fn range(&self) -> (f64, f64) {
        (self.scale.start(), self.scale.end())
    }

    /// The place of any number in flight, even beyond the axis: for lines that are clipped as lines.
    pub(super) fn of(&self, n: f64) -> f64 {
        self.scale.beyond(n)
    }

    /// The place of a limit in px.
    pub(super) fn at(&self, limit: Limit) -> f64 {
        bound(limit).map_or(self.unbounded, |n| self.scale.at(n as f64))
    }
}

fn bound(limit: Limit) -> Option<u64> {
    match limit {
        Limit::Bounded(n) => Some(n.max(1)),
        Limit::Unbounded => None,
    }
}
