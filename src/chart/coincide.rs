//! Lines that coincide, drawn so that none hides another.

use std::collections::HashMap;

use super::canvas::Point;

/// A part of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Strand {
    pub(super) points: Vec<Point>,
    /// Its place among the lines that run here.
    place: usize,
    /// The lines that run here.
    lines: Vec<usize>,
}

/// Length of the shortest dash where there is room for it.
const DASH: f64 = 7.0;

impl Strand {
    /// Dash and gap, so that a share of the way is left to each line below and above; `None` of the
    /// lowest, which is whole.
    pub(super) fn dashes(&self) -> Option<(f64, f64)> {
        let length = || -> f64 {
            self.points.windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum()
        };
        (self.place > 0).then(|| {
            let of = self.lines.len();
            let dash = DASH.min(length() / of as f64).max(0.5);
            ((of - self.place) as f64 * dash, self.place as f64 * dash)
        })
    }
}

/// The parts of each of some lines, from left to right, split where others join them or leave. Lines
/// coincide where both ends of a segment are within `close` px.
pub(super) fn strands(lines: &[Vec<Point>], close: f64) -> Vec<Vec<Strand>> {
    // Lines of one chart have the same places on its horizontal axis, to the bit.
    let segments: Vec<HashMap<(u64, u64), (f64, f64)>> = lines
        .iter()
        .map(|line| line.windows(2).map(|p| (key(p), (p[0].1, p[1].1))).collect())
        .collect();
    let together = |pair: &[Point], other: usize| {
        segments[other].get(&key(pair)).is_some_and(|&(from, to)| {
            (from - pair[0].1).abs() <= close && (to - pair[1].1).abs() <= close
        })
    };
    let mut out = Vec::new();
    for (line, points) in lines.iter().enumerate() {
        let mut parts: Vec<Strand> = Vec::new();
        for pair in points.windows(2) {
            let here: Vec<usize> =
                (0..lines.len()).filter(|&other| other == line || together(pair, other)).collect();
            match parts.last_mut() {
                // Dashes begin anew where a line joins or leaves, for all at the same place.
                Some(part) if part.lines == here => part.points.push(pair[1]),
                _ => parts.push(Strand {
                    points: pair.to_vec(),
                    place: here.iter().take_while(|&&other| other < line).count(),
                    lines: here,
                }),
            }
        }
        out.push(parts);
    }
    out
}

fn key(pair: &[Point]) -> (u64, u64) {
    (pair[0].0.to_bits(), pair[1].0.to_bits())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::canvas::dashes;
    use super::*;

    /// The parts of the horizontal axis that a line covers.
    fn covered(parts: &[Strand]) -> Vec<(f64, f64)> {
        let pieces = parts.iter().flat_map(|part| match part.dashes() {
            None => vec![part.points.clone()],
            Some((on, off)) => dashes(&part.points, on, off),
        });
        let pieces = pieces.filter(|piece| piece.len() > 1);
        pieces.map(|piece| (piece[0].0, piece[piece.len() - 1].0)).collect()
    }

    #[test]
    fn lines_apart_stay_whole_lines() {
        let line = |y: f64| vec![(0.0, y), (50.0, y), (100.0, y)];
        let parts = strands(&[line(0.0), line(9.0)], 1.5);
        assert!(parts.iter().all(|parts| parts.len() == 1 && parts[0].dashes().is_none()));
    }

    proptest! {
        /// Wherever lines coincide, each can be seen: it covers a place that none above it does.
        #[test]
        fn no_line_is_hidden(
            lines in prop::collection::vec(prop::collection::vec(0..3u8, 6), 1..9),
        ) {
            let points = |levels: &Vec<u8>| -> Vec<Point> {
                (0..).zip(levels).map(|(i, &y)| (f64::from(i) * 100.0, f64::from(y) * 30.0)).collect()
            };
            let lines: Vec<Vec<Point>> = lines.iter().map(points).collect();
            let all = strands(&lines, 1.5);
            for (line, parts) in all.iter().enumerate() {
                prop_assert_eq!(parts[0].points[0], lines[line][0]);
                for segment in 0..lines[line].len() - 1 {
                    let (from, to) = (segment as f64 * 100.0, segment as f64 * 100.0 + 100.0);
                    let same = |other: &Vec<Point>| {
                        other[segment..=segment + 1] == lines[line][segment..=segment + 1]
                    };
                    let above: Vec<usize> = (line + 1..lines.len()).filter(|&o| same(&lines[o])).collect();
                    let steps = (0..400).map(|i| from + (to - from) * (f64::from(i) + 0.5) / 400.0);
                    let covers = |line: usize, x: f64| {
                        covered(&all[line]).iter().any(|&(a, b)| a <= x && x <= b)
                    };
                    let seen = |x: f64| covers(line, x) && above.iter().all(|&o| !covers(o, x));
                    prop_assert!(steps.into_iter().any(seen), "line {} in segment {}", line, segment);
                }
            }
        }
    }
}
