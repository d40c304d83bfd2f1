//! Whether values fall into groups: Hartigan & Hartigan's (1985) dip test of unimodality.

/// Fewest values that the test is asked about: below, two groups must be far apart and of equal
/// size to be told from one.
const MIN_VALUES: usize = 15;

/// The dip that 1 % of uniform samples of n values reach: the column 0.99 of the table `qDiptab` of
/// Maechler's R package diptest, simulated from a million samples for each n, which extends the
/// table of Hartigan & Hartigan. Of all unimodal distributions the uniform one dips most often, so
/// that noise of another shape is flagged far more rarely.
const CRITICAL_1_PERCENT: [(f64, f64); 11] = [
    (15.0, 0.135_983_57),
    (20.0, 0.120_624_04),
    (30.0, 0.101_478_56),
    (50.0, 0.081_199_84),
    (100.0, 0.059_024_13),
    (200.0, 0.042_686_48),
    (500.0, 0.027_451_80),
    (1_000.0, 0.019_608_03),
    (2_000.0, 0.013_965_51),
    (5_000.0, 0.008_863_58),
    (10_000.0, 0.006_280_35),
];

/// Whether these values, ascending, have more than one mode, at the level of 1 %. Never with fewer
/// than 15 values.
#[must_use]
pub fn is_multimodal(sorted: &[f64]) -> bool {
    sorted.len() >= MIN_VALUES && dip(sorted) > critical(sorted.len())
}

/// Between the sizes of the table √n · dip is interpolated, as R's `dip.test` does; beyond it, it
/// has come to its limit.
fn critical(n: usize) -> f64 {
    let n = n as f64;
    let scaled = |(size, dip): (f64, f64)| size.sqrt() * dip;
    let last = CRITICAL_1_PERCENT[CRITICAL_1_PERCENT.len() - 1];
    let between = CRITICAL_1_PERCENT.windows(2).find(|pair| n <= pair[1].0);
    let value = between.map_or(scaled(last), |pair| {
        let share = (n - pair[0].0) / (pair[1].0 - pair[0].0);
        scaled(pair[0]) + share * (scaled(pair[1]) - scaled(pair[0]))
    });
    value / n.sqrt()
}

/// The dip of ascending values: the greatest distance between their empirical distribution function
/// and the unimodal one that is nearest to it, between 1 ÷ 2n and ¼ (0 for equal values).
///
/// Left of its mode a unimodal distribution function is convex, right of it concave. So the greatest
/// convex minorant and the least concave majorant of the empirical function are compared; where
/// they are farthest apart, there is the mode, and what they leave out on either side of it is the
/// dip. This is repeated within the mode until it holds nothing that is worse (section 5 of the
/// paper).
fn dip(sorted: &[f64]) -> f64 {
    let steps = Steps::of(sorted);
    let (mut first, mut last) = (0, steps.x.len().saturating_sub(1));
    if first == last {
        return 0.0;
    }
    // Of one step of the empirical function, half lies above any continuous function.
    let mut doubled = 1.0 / sorted.len() as f64;
    loop {
        let minorant = hull(&steps.x, &steps.before, first..=last, |turn| turn > 0.0);
        let majorant = hull(&steps.x, &steps.after, first..=last, |turn| turn < 0.0);
        let widest = steps.widest(&minorant, &majorant);
        if widest.gap <= doubled {
            return doubled / 2.0;
        }
        let left = minorant.windows(2).filter(|edge| edge[1] <= widest.first);
        let right = majorant.windows(2).filter(|edge| edge[0] >= widest.last);
        let above = left.flat_map(|edge| steps.above_minorant(edge[0], edge[1]));
        let below = right.flat_map(|edge| steps.below_majorant(edge[0], edge[1]));
        doubled = above.chain(below).fold(doubled, f64::max);
        if (widest.first, widest.last) == (first, last) {
            return doubled / 2.0;
        }
        (first, last) = (widest.first, widest.last);
    }
}

/// An empirical distribution function.
struct Steps {
    /// Where it jumps, ascending.
    x: Vec<f64>,
    /// Its value just before each jump.
    before: Vec<f64>,
    /// Its value after it.
    after: Vec<f64>,
}

/// The interval that has the mode in it.
struct Widest {
    gap: f64,
    first: usize,
    last: usize,
}

impl Steps {
    fn of(sorted: &[f64]) -> Steps {
        let n = sorted.len() as f64;
        let mut steps = Steps { x: Vec::new(), before: Vec::new(), after: Vec::new() };
        let mut seen = 0.0;
        for tied in sorted.chunk_by(|a, b| a == b) {
            steps.x.push(tied[0]);
            steps.before.push(seen / n);
            seen += tied.len() as f64;
            steps.after.push(seen / n);
        }
        steps
    }

    /// The height at jump `at` of the line through `y` at jumps `from` and `to`.
    fn line(&self, y: &[f64], from: usize, to: usize, at: usize) -> f64 {
        let share = (self.x[at] - self.x[from]) / (self.x[to] - self.x[from]);
        y[from] + share * (y[to] - y[from])
    }

    /// Where the majorant is farthest above the minorant: at a corner of one of them, and the mode
    /// reaches from there to the next corner of the other, to the left in the minorant and to the
    /// right in the majorant.
    fn widest(&self, minorant: &[usize], majorant: &[usize]) -> Widest {
        let mut widest =
            Widest { gap: 0.0, first: minorant[0], last: majorant[majorant.len() - 1] };
        for edge in minorant.windows(2) {
            for &corner in majorant.iter().filter(|&&c| edge[0] <= c && c <= edge[1]) {
                let gap = self.after[corner] - self.line(&self.before, edge[0], edge[1], corner);
                if gap > widest.gap {
                    widest = Widest { gap, first: edge[0], last: corner };
                }
            }
        }
        for edge in majorant.windows(2) {
            for &corner in minorant.iter().filter(|&&c| edge[0] <= c && c <= edge[1]) {
                let gap = self.line(&self.after, edge[0], edge[1], corner) - self.before[corner];
                if gap > widest.gap {
                    widest = Widest { gap, first: corner, last: edge[1] };
                }
            }
        }
        widest
    }

    /// Distance of the function above an edge of its minorant, at each jump; that at the right end
    /// belongs to the next edge, or to the mode, where a unimodal function may jump.
    fn above_minorant(&self, from: usize, to: usize) -> impl Iterator<Item = f64> + '_ {
        (from..to).map(move |at| self.after[at] - self.line(&self.before, from, to, at))
    }

    /// Distance of the function below an edge of its majorant; the jump at the left end is not this
    /// edge's.
    fn below_majorant(&self, from: usize, to: usize) -> impl Iterator<Item = f64> + '_ {
        (from + 1..=to).map(move |at| self.line(&self.after, from, to, at) - self.before[at])
    }
}

/// The corners of a hull of the points of a range (Andrew 1979); `keeps` says for the turn at a
/// corner, positive to the left, whether it is one.
fn hull(
    x: &[f64],
    y: &[f64],
    range: std::ops::RangeInclusive<usize>,
    keeps: impl Fn(f64) -> bool,
) -> Vec<usize> {
    let mut corners: Vec<usize> = Vec::new();
    for point in range {
        while let [.., a, b] = corners[..] {
            let turn = (x[b] - x[a]) * (y[point] - y[a]) - (y[b] - y[a]) * (x[point] - x[a]);
            if keeps(turn) {
                break;
            }
            corners.pop();
        }
        corners.push(point);
    }
    corners
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{fixtures, near};

    #[test]
    fn dip_and_level_are_those_of_diptest() {
        for case in fixtures().dip {
            let mut values = case.values.clone();
            values.sort_by(f64::total_cmp);
            near(dip(&values), case.dip, &case.name);
            assert_eq!(is_multimodal(&values), case.p < 0.01, "{}: p {}", case.name, case.p);
        }
    }

    #[test]
    fn what_has_no_groups_dips_as_little_as_can_be() {
        let evenly: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(dip(&evenly), 0.025);
        assert_eq!(dip(&[1.0; 20]), 0.0);
        assert_eq!(dip(&[]), 0.0);
    }

    #[test]
    fn two_points_dip_most() {
        let mut halves = [0.0; 20];
        halves[10..].fill(1.0);
        assert_eq!(dip(&halves), 0.25);
        assert!(is_multimodal(&halves));
        assert!(!is_multimodal(&halves[3..17]), "14 values are too few");
    }

    #[test]
    fn the_table_is_interpolated_and_goes_on() {
        near(critical(15), CRITICAL_1_PERCENT[0].1, "15");
        assert!((15..20_000).map(critical).is_sorted_by(|few, many| few > many));
        assert!((critical(40_000) - 0.003_159).abs() < 3e-5, "as qDiptab has it");
    }
}
