//! Laws of every chart, whatever its data: read back from the SVG.

use super::font::Face;
use super::theme::Token;
use super::{Draw, Frame, KINDS, Mode};
use crate::chart;

/// Where a text is, in px.
struct Extent {
    text: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// Asserts that a chart is well-formed and deterministic, that all its text is on the
/// canvas, and that no two texts overlap.
pub(super) fn check(chart: &dyn Draw) {
    let drawing = chart.draw();
    let svg = drawing.svg();
    assert_eq!(svg, chart.svg(), "drawn twice, the bytes differ");
    for text in [&svg, &drawing.flat(Mode::Dark)] {
        let document = roxmltree::Document::parse(text).expect("well-formed XML");
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        let id = root.attribute("id").expect("an id");
        assert_eq!(
            root.attribute("aria-labelledby"),
            Some(format!("{id}-title {id}-desc").as_str())
        );
        for node in document.descendants().filter(|n| n.attribute("id").is_some()) {
            assert!(node.attribute("id").is_some_and(|i| i.starts_with(id)));
        }
    }
    let (width, height) = drawing.size();
    let texts = texts(&svg);
    for t in &texts {
        let inside = t.left >= 0.0 && t.right <= width && t.top >= 0.0 && t.bottom <= height;
        assert!(
            inside,
            "{:?} at {:.0}..{:.0}, {:.0} of {width}×{height}",
            t.text, t.left, t.right, t.top
        );
    }
    for (i, a) in texts.iter().enumerate() {
        for b in &texts[i + 1..] {
            let apart =
                a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
            assert!(apart, "{:?} and {:?} overlap at {:.0}, {:.0}", a.text, b.text, a.left, a.top);
        }
    }
}

fn texts(svg: &str) -> Vec<Extent> {
    let document = roxmltree::Document::parse(svg).expect("well-formed XML");
    let number = |n: roxmltree::Node, name| -> f64 {
        let value = n.attribute(name).expect("the attribute");
        value.parse::<f64>().expect("a number") / super::svg::UNITS
    };
    document
        .descendants()
        .filter(|n| n.has_tag_name("text"))
        .map(|n| {
            let text = n.text().unwrap_or_default().to_owned();
            let size = number(n, "font-size");
            let face = Face::new(size, Token::Ink);
            let face = if n.has_attribute("font-weight") { face.bold() } else { face };
            let wide = face.width(&text);
            let left = match n.attribute("text-anchor") {
                Some("end") => number(n, "x") - wide,
                Some("middle") => number(n, "x") - wide / 2.0,
                _ => number(n, "x"),
            };
            let baseline = number(n, "y");
            Extent {
                text,
                left,
                right: left + wide,
                top: baseline - size * 0.73,
                bottom: baseline + size * 0.2,
            }
        })
        .collect()
}

#[path = "../../examples/chart_gallery/data/mod.rs"]
mod data;

#[test]
fn every_chart_of_the_gallery_holds() {
    for (name, chart) in data::gallery() {
        println!("{name}");
        check(&chart);
    }
}

#[test]
fn the_gallery_has_every_kind() {
    let shown: Vec<&str> = data::gallery().iter().map(|(_, c)| c.kind()).collect();
    for kind in KINDS {
        assert!(shown.contains(kind), "{kind}");
    }
}

#[test]
fn the_worst_words_stay_on_the_canvas() {
    for (_, chart) in data::gallery() {
        let mut chart = chart;
        *chart.frame_mut() = worst_words();
        check(&chart);
    }
}

/// Words that a frame may have at their worst.
fn worst_words() -> Frame {
    Frame {
        id: "9 lives & <more>".to_owned(),
        title: "A finding with <angle brackets>, \"quotes\" & an ampersand that is far too long \
                for one line and, when all is said and done, also far too long for two lines of \
                a chart, which is why its end is cut off"
            .to_owned(),
        subtitle: "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW\
                   WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"
            .to_owned(),
        footer: "n = 15 blocks × 2 scenarios \u{0}\n ]]> 漢字 · ".repeat(20),
        description: "What <it> shows & why".to_owned(),
    }
}

mod odd_data {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::{Draw, Group, aa, inflight, phases, scaling, timeline, wall, waterfall};
    use super::{check, worst_words};

    /// From nothing to hours, most of it short.
    fn duration() -> impl Strategy<Value = Duration> {
        prop_oneof![
            Just(Duration::ZERO),
            (0u64..10_000).prop_map(Duration::from_nanos),
            (0u64..10_000_000).prop_map(Duration::from_micros),
            (0u64..100_000).prop_map(Duration::from_secs),
        ]
    }

    fn ratio() -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(0.0),
            -2.0..2.0f64,
            1e-12..1e12f64,
            0.9..1.1f64,
        ]
    }

    fn label() -> impl Strategy<Value = String> {
        prop_oneof!["\\PC{0,80}", "[a-z0-9 ·-]{0,30}", Just(String::new())]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn wall(rows in prop::collection::vec(
            (label(), prop::option::of(duration()), prop::option::of((duration(), duration())),
             prop::collection::vec(duration(), 0..5), prop::option::of(duration())), 0..9,
        )) {
            let rows = rows.into_iter().enumerate();
            let rows = rows.map(|(series, (label, median, interval, trials, ideal))| wall::Row {
                note: label.clone(),
                label, series, median, interval, trials, ideal,
                efficiency: None,
            });
            let heading = "a scenario".to_owned();
            check(&wall::Wall {
                frame: worst_words(),
                groups: vec![Group { heading, rows: rows.collect() }],
            });
        }

        #[test]
        fn phases(
            rows in prop::collection::vec(
                (label(), prop::option::of(prop::collection::vec(duration(), 0..9)), duration()), 0..9,
            ),
            rest in prop::option::of(label()),
        ) {
            let rows = rows.into_iter().map(|(label, times, total)| phases::Row {
                note: label.clone(),
                label,
                rest: times.as_ref().filter(|t| t.len() > 3).map(|times| phases::Bar {
                    parts: phases::Phase::ALL.into_iter().zip(times.iter().copied()).skip(2).collect(),
                    total,
                }),
                whole: times.map(|times| phases::Bar {
                    parts: phases::Phase::ALL.into_iter().zip(times).collect(),
                    total,
                }),
            });
            let heading = "a scenario".to_owned();
            check(&phases::Phases {
                frame: worst_words(),
                groups: vec![Group { heading, rows: rows.collect() }],
                rest,
            });
        }

        #[test]
        fn ratios(
            rows in prop::collection::vec(
                (label(), prop::option::of(ratio()), prop::option::of((ratio(), ratio())),
                 prop::option::of(ratio()), label()), 0..6,
            ),
            margin in (ratio(), ratio()), control in prop::option::of((ratio(), ratio())),
        ) {
            let rows = rows.into_iter().map(|(label, ratio, interval, bound, verdict)| aa::Row {
                label, ratio, interval, bound, verdict,
                tone: aa::Tone::Open,
            });
            check(&aa::Ratios {
                frame: worst_words(),
                margin,
                control,
                less: "less".to_owned(),
                more: "more".to_owned(),
                groups: vec![Group { heading: String::new(), rows: rows.collect() }],
            });
        }

        #[test]
        fn scaling(
            series in prop::collection::vec((label(), prop::collection::vec(
                (0u64..5_000, ratio(), prop::option::of((ratio(), ratio()))), 0..6,
            )), 0..6),
            ideal in ratio(), reference in ratio(), slope in ratio(),
            fit in prop::collection::vec((ratio(), ratio()), 0..4),
        ) {
            let point = |(n, value, interval)| scaling::Point {
                limit: if n % 7 == 0 { scaling::Limit::Unbounded } else { scaling::Limit::Bounded(n) },
                value,
                interval,
            };
            let series = series.into_iter().enumerate().map(|(i, (label, points))| scaling::Series {
                label,
                series: i,
                points: points.into_iter().map(point).collect(),
                ideal: vec![(scaling::Limit::Bounded(1), ideal), (scaling::Limit::Bounded(9), 1.0)],
                fit: fit.clone(),
                knee: Some(scaling::Limit::Bounded(9)),
            });
            check(&scaling::Scaling {
                frame: worst_words(),
                quantity: scaling::Quantity::Throughput,
                series: series.collect(),
                reference: Some(scaling::Reference { value: reference, label: "x".repeat(200) }),
                line: Some(scaling::Line { slope, label: "y".repeat(200) }),
            });
        }

        #[test]
        fn timeline(panels in prop::collection::vec(
            (label(), 0usize..4, prop::collection::vec((label(), prop::collection::vec((duration(), ratio()), 0..9)), 0..5)), 0..6,
        )) {
            use timeline::{Line, Panel, Quantity};
            let panels = panels.into_iter().map(|(label, quantity, lines)| Panel {
                label,
                quantity: [Quantity::Count, Quantity::PerSecond, Quantity::Share, Quantity::Bytes][quantity],
                lines: lines.into_iter().enumerate().map(|(series, (label, mut points))| {
                    points.sort_by_key(|p| p.0);
                    Line { label, series, points }
                }).collect(),
            });
            check(&timeline::Timeline { frame: worst_words(), panels: panels.collect() });
        }

        #[test]
        fn requests_over_time(panels in prop::collection::vec(
            (label(), duration(), prop::collection::vec((duration(), duration(), duration(), any::<bool>()), 0..20)), 0..5,
        )) {
            let steps = |requests: &[(Duration, Duration, Duration, bool)]| {
                let mut times: Vec<Duration> = requests.iter().map(|r| r.0).collect();
                times.sort_unstable();
                times.into_iter().zip([3, 1, 4, 1, 5, 9, 2, 6].into_iter().cycle()).collect::<Vec<_>>()
            };
            check(&inflight::InFlight {
                frame: worst_words(),
                panels: panels.iter().map(|(label, wall, requests)| inflight::Panel {
                    label: label.clone(),
                    series: 3,
                    wall: *wall,
                    steps: steps(requests),
                    completed: steps(requests),
                    reference: Some(inflight::Reference { count: 7, label: label.clone() }),
                }).collect(),
            });
            let request = |&(issued, sent, end, failed): &(Duration, Duration, Duration, bool)| {
                let between = [Some(end), None, Some(issued), None, None, failed.then_some(sent)];
                waterfall::Request { issued, sent, between, head: failed.then_some(issued), end, failed }
            };
            let chart = waterfall::Waterfall {
                frame: worst_words(),
                panels: panels.iter().map(|(label, wall, requests)| waterfall::Panel {
                    label: label.clone(),
                    note: label.clone(),
                    wall: *wall,
                    requests: requests.iter().map(request).collect(),
                    every: 3,
                    total: requests.len() * 3,
                    left_out: 1,
                }).collect(),
            };
            check(&chart);
            prop_assert!(chart.svg().len() > 500);
        }
    }
}
