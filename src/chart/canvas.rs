//! A surface to draw on in px, with the elements of plotters.

use std::borrow::Borrow;

use plotters::element::{Circle, Drawable, PathElement, PointCollection, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, RGBAColor, TextStyle};
use plotters_backend::BackendCoord;

use super::Frame;
use super::font::{Anchor, FAMILY, Face, Weight};
use super::svg::{Drawing, Svg, UNITS, clean};
use super::theme::Token;

/// A colour and how opaque it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint(pub(super) Token, pub(super) f64);

impl Paint {
    fn colour(self) -> RGBAColor {
        let (r, g, b) = self.0.light();
        RGBAColor(r, g, b, self.1)
    }
}

impl From<Token> for Paint {
    fn from(token: Token) -> Self {
        Self(token, 1.0)
    }
}

/// A point in px.
pub(super) type Point = (f64, f64);

/// Shapes of a drawing, in the order of drawing.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    svg: Svg,
    /// Whether any axis is logarithmic.
    has_log_axis: bool,
}

impl Canvas {
    fn draw<'a, E>(&mut self, element: &'a E)
    where
        &'a E: PointCollection<'a, BackendCoord>,
        E: Drawable<Svg>,
    {
        let points: Vec<BackendCoord> =
            element.point_iter().into_iter().map(|p| *p.borrow()).collect();
        let drawn = element.draw(points.into_iter(), &mut self.svg, (0, 0));
        assert!(drawn.is_ok(), "drawing into a string failed");
    }

    /// Draws a mark of data that says its numbers in `words` when it is pointed at.
    pub(super) fn mark(&mut self, words: impl AsRef<str>, draw: impl FnOnce(&mut Self)) {
        let before = self.svg.body.len();
        self.svg.open(words.as_ref());
        let opened = self.svg.body.len();
        draw(self);
        if self.svg.body.len() == opened {
            self.svg.body.truncate(before);
        } else {
            self.svg.close();
        }
    }

    /// Notes that an axis was drawn, and whether it is logarithmic.
    pub(super) fn has_axis(&mut self, is_log: bool) {
        self.has_log_axis |= is_log;
    }

    /// A filled rectangle; empty ones are dropped.
    pub(super) fn rect(&mut self, x: f64, y: f64, w: f64, h: f64, paint: impl Into<Paint>) {
        if w > 0.0 && h > 0.0 {
            let (from, to) = (point((x, y)), point((x + w, y + h)));
            // A bar of a tiny duration is still a bar.
            let to = (to.0.max(from.0 + 1), to.1.max(from.1 + 1));
            self.draw(&Rectangle::new([from, to], paint.into().colour().filled()));
        }
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: &[Point], paint: impl Into<Paint>, width: f64) {
        if points.len() > 1 {
            let width = units(width).unsigned_abs().max(1);
            let style = paint.into().colour().stroke_width(width);
            self.draw(&PathElement::new(path(points), style));
        }
    }

    /// A dashed line through points: `on` px of line, `off` px of gap, along the path.
    pub(super) fn dashed(
        &mut self,
        points: &[Point],
        paint: impl Into<Paint>,
        width: f64,
        (on, off): (f64, f64),
    ) {
        let paint = paint.into();
        for dash in dashes(points, on, off) {
            self.line(&dash, paint, width);
        }
    }

    /// A filled polygon.
    pub(super) fn polygon(&mut self, points: &[Point], paint: impl Into<Paint>) {
        if points.len() > 2 {
            self.draw(&Polygon::new(path(points), paint.into().colour()));
        }
    }

    /// A filled circle.
    pub(super) fn circle(&mut self, centre: Point, radius: f64, paint: impl Into<Paint>) {
        let style = paint.into().colour().filled();
        self.draw(&Circle::new(point(centre), units(radius), style));
    }

    /// A point of data: a disc with a thin ring of the surface around it.
    pub(super) fn dot(&mut self, centre: Point, radius: f64, paint: impl Into<Paint>) {
        self.circle(centre, radius + 1.25, Token::Surface);
        self.circle(centre, radius, paint);
    }

    /// A circle that is not filled, but hides what is below it.
    pub(super) fn ring(&mut self, centre: Point, radius: f64, paint: impl Into<Paint>) {
        self.circle(centre, radius, paint);
        self.circle(centre, radius - 1.75, Token::Surface);
    }

    /// One line of text with its baseline at `y`.
    pub(super) fn text(&mut self, x: f64, y: f64, text: impl AsRef<str>, face: Face) {
        let text = clean(text.as_ref());
        if !text.trim().is_empty() {
            self.draw(&Text::new(text, point((x, y)), text_style(face)));
        }
    }

    /// Everything drawn, on a surface of `width` × `height` px.
    pub(super) fn finish(self, frame: &Frame, width: f64, height: f64) -> Drawing {
        let mut ground = Canvas::default();
        ground.rect(0.0, 0.0, width, height, Token::Surface);
        let body = ground.svg.body + &self.svg.body;
        Drawing::new(frame, (width, height), body, self.has_log_axis)
    }
}

fn text_style(face: Face) -> TextStyle<'static> {
    let style = match face.weight {
        Weight::Regular => FontStyle::Normal,
        Weight::SemiBold => FontStyle::Bold,
    };
    let h_pos = match face.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    TextStyle {
        font: (FAMILY, face.size * UNITS, style).into(),
        color: Paint::from(face.token).colour().to_backend_color(),
        pos: Pos::new(h_pos, VPos::Bottom),
    }
}

fn path(points: &[Point]) -> Vec<BackendCoord> {
    points.iter().copied().map(point).collect()
}

fn point((x, y): Point) -> BackendCoord {
    (units(x), units(y))
}

fn units(px: f64) -> i32 {
    assert!(px.is_finite(), "a coordinate is {px}");
    (px * UNITS).round() as i32
}

pub(super) fn dashes(points: &[Point], on: f64, off: f64) -> Vec<Vec<Point>> {
    let mut out = Vec::new();
    let mut dash: Vec<Point> = points.first().copied().into_iter().collect();
    let (mut drawing, mut left) = (true, on);
    for pair in points.windows(2) {
        let (mut a, b) = (pair[0], pair[1]);
        loop {
            let rest = (b.0 - a.0).hypot(b.1 - a.1);
            if rest <= left {
                left -= rest;
                if drawing {
                    dash.push(b);
                }
                break;
            }
            let share = left / rest;
            a = (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share);
            if drawing {
                dash.push(a);
                out.push(std::mem::take(&mut dash));
            } else {
                dash = vec![a];
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
    }
    out.push(dash);
    out
}

/// The parts of a line through points that are inside `x0..=x1` and `y0..=y1`.
pub(super) fn clip(
    points: &[Point],
    (x0, x1): (f64, f64),
    (y0, y1): (f64, f64),
) -> Vec<Vec<Point>> {
    let (x0, x1, y0, y1) = (x0.min(x1), x0.max(x1), y0.min(y1), y0.max(y1));
    let mut out: Vec<Vec<Point>> = Vec::new();
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        // Liang–Barsky: the range of the segment's parameter that is inside.
        let (mut from, mut to) = (0.0f64, 1.0f64);
        for (d, room) in [(-dx, a.0 - x0), (dx, x1 - a.0), (-dy, a.1 - y0), (dy, y1 - a.1)] {
            if d == 0.0 && room < 0.0 {
                to = -1.0;
            } else if d < 0.0 {
                from = from.max(room / d);
            } else if d > 0.0 {
                to = to.min(room / d);
            }
        }
        if from > to {
            continue;
        }
        let at = |t: f64| (a.0 + dx * t, a.1 + dy * t);
        match out.last_mut() {
            Some(part) if from == 0.0 && part.last() == Some(&a) => part.push(at(to)),
            _ => out.push(vec![at(from), at(to)]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dashes_cover_their_share_of_the_path() {
        let path = [(0.0, 0.0), (30.0, 0.0), (30.0, 30.0)];
        let length = |d: &Vec<Point>| -> f64 {
            d.windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum()
        };
        let total: f64 = dashes(&path, 4.0, 2.0).iter().map(length).sum();
        assert!((total - 40.0).abs() < 1e-9, "{total}");
    }

    #[test]
    fn clipping_splits_a_line_that_leaves_and_returns() {
        let parts = clip(&[(0.0, 5.0), (5.0, 15.0), (10.0, 5.0)], (0.0, 10.0), (0.0, 10.0));
        assert_eq!(parts, [vec![(0.0, 5.0), (2.5, 10.0)], vec![(7.5, 10.0), (10.0, 5.0)]]);
    }

    proptest! {
        #[test]
        fn clipped_points_are_inside(
            points in prop::collection::vec((-50.0..150.0f64, -50.0..150.0f64), 0..20),
        ) {
            for (x, y) in clip(&points, (0.0, 100.0), (10.0, 90.0)).into_iter().flatten() {
                prop_assert!((-1e-6..=100.000_001).contains(&x));
                prop_assert!((9.999_999..=90.000_001).contains(&y));
            }
        }
    }
}
