//! A straight line through what was measured at several sizes, robust against single outliers.

use inflight_stats::{Estimate, NoEstimate, median};

/// `fixed + slope × n`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub(super) fixed: f64,
    pub(super) slope: f64,
}

impl Line {
    /// Through points `(n, value)`, of which there is at least one: the slope is the median of the
    /// slopes between all two points of different size (Theil 1950, Sen 1968), the fixed part the
    /// median of what is left. Neither is negative, since nothing costs less than nothing. Points
    /// of one size do not tell the two apart; everything is then assigned to the requests.
    pub(super) fn through(points: &[(f64, f64)]) -> Line {
        let mut slopes = Vec::new();
        for (i, a) in points.iter().enumerate() {
            for b in points[..i].iter().filter(|b| b.0 != a.0) {
                slopes.push((a.1 - b.1) / (a.0 - b.0));
            }
        }
        let from_zero = || {
            let each = points.iter().map(|(n, value)| value / n.max(1.0));
            Line { fixed: 0.0, slope: middle(each.collect()).max(0.0) }
        };
        if slopes.is_empty() {
            return from_zero();
        }
        let slope = middle(slopes).max(0.0);
        let fixed = middle(points.iter().map(|(n, value)| value - slope * n).collect());
        if fixed < 0.0 { from_zero() } else { Line { fixed, slope } }
    }

    pub(super) fn at(self, n: f64) -> f64 {
        self.fixed + self.slope * n
    }
}

fn middle(values: Vec<f64>) -> f64 {
    median(&values).map_or(0.0, |estimate| estimate.value)
}

/// A line for each block: trials of a block are neighbours in time, so what drifts is the same for
/// all of its sizes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lines(Vec<Line>);

impl Lines {
    /// Lines through the points of each block.
    pub(super) fn new(blocks: &[Vec<(f64, f64)>]) -> Lines {
        Lines(blocks.iter().map(|points| Line::through(points)).collect())
    }

    /// The median over the blocks of what each gives for `n` requests, with its interval of order
    /// statistics.
    pub(super) fn at(&self, n: f64) -> Result<Estimate, NoEstimate> {
        median(&self.0.iter().map(|line| line.at(n)).collect::<Vec<f64>>())
    }

    /// The line in the middle.
    pub(super) fn middle(&self) -> Line {
        Line {
            fixed: middle(self.0.iter().map(|line| line.fixed).collect()),
            slope: middle(self.0.iter().map(|line| line.slope).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again_in_spite_of_an_outlier() {
        let mut points: Vec<(f64, f64)> =
            [100.0, 200.0, 400.0, 800.0, 1600.0].map(|n| (n, 50.0 + 3.0 * n)).into();
        points[2].1 = 9_000.0;
        let line = Line::through(&points);
        assert!((line.slope - 3.0).abs() < 1e-9, "{line:?}");
        assert!((line.fixed - 50.0).abs() < 1e-6, "{line:?}");
    }

    #[test]
    fn one_size_assigns_everything_to_the_requests() {
        let line = Line::through(&[(100.0, 400.0), (100.0, 500.0), (100.0, 900.0)]);
        assert_eq!(line, Line { fixed: 0.0, slope: 5.0 });
    }

    #[test]
    fn nothing_costs_less_than_nothing() {
        // A steeper line than one through the origin would begin below zero.
        assert_eq!(Line::through(&[(1.0, 1.0), (2.0, 4.0)]), Line { fixed: 0.0, slope: 1.5 });
        assert_eq!(Line::through(&[(1.0, 5.0), (2.0, 3.0)]), Line { fixed: 4.0, slope: 0.0 });
    }

    #[test]
    fn blocks_give_a_median_and_its_interval() {
        let blocks: Vec<Vec<(f64, f64)>> = (1..=6)
            .map(|b| vec![(10.0, 100.0 + 10.0 * f64::from(b)), (20.0, 100.0 + 20.0 * f64::from(b))])
            .collect();
        let lines = Lines::new(&blocks);
        let at = lines.at(100.0).expect("an estimate");
        assert_eq!(at.value, 450.0);
        let interval = at.interval.expect("an interval");
        assert_eq!((interval.low, interval.high), (200.0, 700.0));
        assert_eq!(lines.middle(), Line { fixed: 100.0, slope: 3.5 });
    }
}
