//! Wall time against the ideal: a row per cell.

use std::time::Duration;

use super::axes::{duration_labels, x_labels};
use super::canvas::{Canvas, Paint};
use super::font::Face;
use super::layout::{Key, RIGHT, Swatch, legend};
use super::rows::{Column, all, lay_out};
use super::scale::Scale;
use super::theme::Token;
use super::{Frame, Group, format};

/// Wall time of each cell: median, interval and every trial, beside its ideal.
#[derive(Clone, Debug, PartialEq)]
pub struct Wall {
    /// The words around it.
    pub frame: Frame,
    /// Cells, by scenario.
    pub groups: Vec<Group<Row>>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Name of the strategy.
    pub label: String,
    /// Hue; the same for the same strategy in all charts.
    pub series: usize,
    /// Median wall time; `None` if no trial was valid.
    pub median: Option<Duration>,
    /// Interval of the median; `None` if too few trials.
    pub interval: Option<(Duration, Duration)>,
    /// Every trial.
    pub trials: Vec<Duration>,
    /// Wall time of the schedule without overhead.
    pub ideal: Option<Duration>,
    /// Ideal ÷ wall.
    pub efficiency: Option<f64>,
    /// Text at the right where there is no median, such as "3 of 3 failed".
    pub note: String,
}

impl Row {
    /// `async: median 31.2 ms (30.9 ms to 31.8 ms), ideal 30.0 ms, 12 trials`
    fn numbers(&self) -> String {
        let text = |d: Duration| format::duration(d.as_secs_f64());
        let median = match self.median {
            Some(median) => format!("median {}", text(median)),
            None if self.note.is_empty() => "no median".to_owned(),
            None => self.note.clone(),
        };
        let interval = self.interval.map(|(lo, hi)| format!(" ({} to {})", text(lo), text(hi)));
        let ideal = self.ideal.map(|ideal| format!(", ideal {}", text(ideal)));
        let trials = match self.trials.len() {
            1 => "1 trial".to_owned(),
            n => format!("{n} trials"),
        };
        let [interval, ideal] = [interval, ideal].map(Option::unwrap_or_default);
        format!("{}: {median}{interval}{ideal}, {trials}", self.label)
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let interval = self.interval.map(|(lo, hi)| [lo, hi]);
        self.trials
            .iter()
            .copied()
            .chain(self.median)
            .chain(self.ideal)
            .chain(interval.into_iter().flatten())
            .map(|d| d.as_secs_f64())
    }
}

impl Wall {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let all = all(&self.groups);
        let token = Token::Mark(all.first()?.series);
        let any = |test: fn(&Row) -> bool| all.iter().any(|r| test(r));
        let trials = Swatch::Tick(Paint(token, 0.45));
        let keys = [
            Key::when(true, Swatch::Dot(token), "median"),
            Key::when(any(|r| r.interval.is_some()), Swatch::Whisker(token), "interval"),
            Key::when(any(|r| !r.trials.is_empty()), trials, "trials"),
            Key::when(any(|r| r.ideal.is_some()), Swatch::Bar(Token::Reference), "ideal"),
        ];
        let is_log = Scale::fit(all.iter().flat_map(|r| r.values()), 0.0, 1.0).is_log();
        let axis = if is_log { "logarithmic time axis" } else { "time axis from zero" };
        let y = legend(canvas, y, keys.into_iter().chain([Some(Key::words(axis))]));

        let height = if all.len() > 20 { 23.0 } else { 28.0 };
        let rows = lay_out(&self.groups, |r| &r.label, y + 22.0, height);
        let (medians, efficiencies) = (medians(&all), efficiencies(&all));
        let right = RIGHT - medians.width() - 16.0 - efficiencies.width();
        let scale = Scale::fit(all.iter().flat_map(|r| r.values()), rows.left, right - 24.0);

        let ticks = duration_labels(&scale, 6.0);
        rows.axis(canvas, &ticks);
        if all.len() > 15 {
            // The axis at the bottom is out of sight from up here.
            x_labels(canvas, &ticks, rows.top - 8.0);
        }
        rows.draw(canvas);
        for (row, &middle) in all.iter().zip(&rows.middles) {
            canvas.mark(row.numbers(), |canvas| draw_row(canvas, row, &scale, middle, rows.height));
        }
        medians.draw(canvas, &rows, right);
        efficiencies.draw(canvas, &rows, right + medians.width() + 16.0);
        Some(rows.bottom + 24.0)
    }
}

/// A note is no wider than this.
const NOTE: f64 = 130.0;

fn medians(rows: &[&Row]) -> Column {
    let face = Face::new(12.5, Token::Ink).bold();
    Column {
        heading: "median",
        face,
        cells: rows
            .iter()
            .map(|r| match r.median {
                Some(median) => (format::duration(median.as_secs_f64()), Token::Text(r.series)),
                None if r.note.is_empty() => ("no data".to_owned(), Token::Muted),
                None => (face.cut_end(&r.note, NOTE), Token::Muted),
            })
            .collect(),
    }
}

fn efficiencies(rows: &[&Row]) -> Column {
    let known = rows.iter().any(|r| r.efficiency.is_some());
    Column {
        heading: if known { "efficiency" } else { "" },
        face: Face::new(12.5, Token::Muted),
        cells: rows
            .iter()
            .map(|r| {
                let text = r.efficiency.map(|e| format!("{e:.2}"));
                (text.unwrap_or_default(), Token::Muted)
            })
            .collect(),
    }
}

fn draw_row(canvas: &mut Canvas, row: &Row, scale: &Scale, y: f64, height: f64) {
    let at = |d: Duration| scale.at(d.as_secs_f64());
    let mark = Token::Mark(row.series);
    let half = height * 0.30;
    if let (Some(ideal), Some(median)) = (row.ideal, row.median) {
        // The overhead: from what it could have been to what it was.
        let gap = [(at(ideal), y), (at(median), y)];
        canvas.line(&gap, Paint(mark, 0.30), 1.5);
    }
    for &trial in &row.trials {
        let tick = [(at(trial), y - half * 0.8), (at(trial), y + half * 0.8)];
        canvas.line(&tick, Paint(mark, 0.40), 1.25);
    }
    if let Some(ideal) = row.ideal {
        let tick = [(at(ideal), y - half * 1.2), (at(ideal), y + half * 1.2)];
        canvas.line(&tick, Token::Reference, 2.0);
    }
    if let Some((lo, hi)) = row.interval {
        canvas.line(&[(at(lo), y), (at(hi), y)], mark, 2.0);
        for end in [lo, hi] {
            let cap = [(at(end), y - 5.0), (at(end), y + 5.0)];
            canvas.line(&cap, mark, 1.5);
        }
    }
    if let Some(median) = row.median {
        canvas.circle((at(median), y), 3.75, mark);
    }
}
