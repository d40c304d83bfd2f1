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
    let says_log = texts.iter().any(|t| t.text.contains("logarithmic"));
    let log = drawing.has_log_axis();
    assert!(says_log || !log, "an axis is logarithmic, and no word says so");
    let document = roxmltree::Document::parse(&svg).expect("well-formed XML");
    for group in document.descendants().filter(|n| n.has_tag_name("g")) {
        let first = group.first_element_child().filter(|n| n.has_tag_name("title"));
        let words = first.and_then(|n| n.text()).unwrap_or_default().trim();
        assert!(!words.is_empty(), "a mark says nothing");
        assert!(group.children().filter(roxmltree::Node::is_element).count() > 1, "{words}: empty");
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

/// Asserts that each of some cells is named on a chart, or counted as one of `and … more`.
fn names_all(chart: &dyn Draw, labels: &[String]) {
    // A name may be broken into lines.
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let texts = texts(&chart.svg());
    let all: String = texts.iter().map(|t| squeezed(&t.text)).collect();
    let missing = labels.iter().filter(|label| !all.contains(&squeezed(label))).count();
    let more = all.split("and").filter_map(|rest| rest.split_once("more")?.0.parse::<usize>().ok());
    assert!(missing <= more.sum(), "{missing} of {} cells are not named", labels.len());
}

/// Cells as no author of a chart thinks of them: one and sixty, with names of 74 characters, all failed or
/// some, over four orders of magnitude, and of fewer trials than an interval needs.
mod awkward {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::{
        Frame, Group, aa, bars, inflight, load, percentiles, phases, scaling, wall, waterfall,
    };
    use super::{check, names_all};

    /// Length of the longest names in the experiments of users.
    const LONG: usize = 74;

    #[derive(Clone, Debug)]
    struct Cell {
        label: String,
        /// `None` of a cell that failed.
        time: Option<Duration>,
        trials: usize,
        failed_at_once: bool,
    }

    impl Cell {
        fn seconds(&self) -> f64 {
            self.time.map_or(f64::NAN, |time| time.as_secs_f64())
        }
    }

    fn cells() -> impl Strategy<Value = Vec<Cell>> {
        let count = prop_oneof![Just(1usize), 2..9usize, Just(60usize)];
        (count, 0..3u8, any::<bool>()).prop_flat_map(|(count, failed, long)| {
            let cell = (0..4u32, 100..1_000u64, 1..9usize, any::<bool>(), any::<bool>());
            prop::collection::vec(cell, count).prop_map(move |cells| {
                let cells = cells.into_iter().enumerate();
                cells
                    .map(|(i, (order, time, trials, lost, failed_at_once))| {
                        let mut label = format!("{i} strategy");
                        while long && label.len() < LONG {
                            label += " semaphore";
                        }
                        label.truncate(LONG);
                        let time = Duration::from_micros(time * 10u64.pow(order));
                        let is_lost = failed == 2 || (failed == 1 && lost);
                        let time = (!is_lost).then_some(time);
                        Cell { label: label.trim().to_owned(), time, trials, failed_at_once }
                    })
                    .collect()
            })
        })
    }

    fn frame() -> Frame {
        Frame { title: "A finding".to_owned(), ..Frame::default() }
    }

    fn group<R>(rows: Vec<R>) -> Vec<Group<R>> {
        vec![Group { heading: "a scenario".to_owned(), rows }]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn rows_of_cells(cells in cells()) {
            let labels: Vec<String> = cells.iter().map(|c| c.label.clone()).collect();
            let wall_of = |c: &Cell| wall::Row {
                label: c.label.clone(),
                series: 0,
                median: c.time,
                interval: c.time.filter(|_| c.trials > 5).map(|t| (t / 2, t * 2)),
                trials: c.time.map_or(vec![], |t| vec![t; c.trials]),
                ideal: c.time.map(|t| t / 3),
                efficiency: c.time.map(|_| 0.33),
                note: "3 of 3 failed".to_owned(),
            };
            let chart =
                wall::Wall { frame: frame(), groups: group(cells.iter().map(wall_of).collect()) };
            check(&chart);
            names_all(&chart, &labels);

            let bar = |c: &Cell| bars::Row {
                label: c.label.clone(),
                bars: vec![vec![c.time.map(|t| t.as_secs_f64()), Some(1e9)]; 2],
            };
            let panel = |heading: &str, unit| {
                bars::Panel { heading: heading.to_owned(), unit, share: 0.5 }
            };
            let chart = bars::Bars {
                frame: frame(),
                panels: vec![panel("CPU time", bars::Unit::Seconds), panel("memory", bars::Unit::Bytes)],
                series: vec!["client".to_owned(), "server".to_owned()],
                groups: group(cells.iter().map(bar).collect()),
            };
            check(&chart);
            names_all(&chart, &labels);

            let ratio = |c: &Cell| aa::Row {
                label: c.label.clone(),
                ratio: c.time.map(|t| t.as_secs_f64()),
                interval: c.time.filter(|_| c.trials > 5).map(|t| (t.as_secs_f64() / 2.0, 1e3)),
                bound: None,
                tone: aa::Tone::Open,
                verdict: "inconclusive (fewer than 6 blocks)".to_owned(),
            };
            let chart = aa::Ratios {
                frame: frame(),
                margin: (0.98, 1.02),
                control: None,
                less: "faster".to_owned(),
                more: "slower".to_owned(),
                groups: group(cells.iter().map(ratio).collect()),
            };
            check(&chart);
            names_all(&chart, &labels);

            let bar = |total: Duration| phases::Bar {
                parts: vec![(phases::Phase::Queue, total / 1_000), (phases::Phase::Wait, total)],
                total,
            };
            let phases_of = |c: &Cell| phases::Row {
                label: c.label.clone(),
                whole: c.time.map(bar),
                rest: c.time.map(|t| bar(t / 100)),
                note: "3 of 3 failed".to_owned(),
            };
            let chart = phases::Phases {
                frame: frame(),
                groups: group(cells.iter().map(phases_of).collect()),
                rest: Some("the rest".to_owned()),
            };
            check(&chart);
            names_all(&chart, &labels);
        }

        #[test]
        fn curves_of_cells(cells in cells(), heading in prop_oneof![Just(String::new()), "[a-z ]{0,300}"]) {
            let labels: Vec<String> = cells.iter().map(|c| c.label.clone()).collect();
            let points = |c: &Cell, times: u32| {
                let at = |p: f64, by: u32| c.time.map(|t| (p, t * by / 8 * times));
                [at(0.0, 8), at(50.0, 9), at(99.0, 30)].into_iter().flatten().collect::<Vec<_>>()
            };
            let curve = |c: &Cell| percentiles::Curve {
                label: c.label.clone(),
                series: 1,
                points: points(c, 2),
                ideal: if c.failed_at_once { vec![] } else { points(c, 1) },
            };
            let panel = percentiles::Panel { heading, curves: cells.iter().map(curve).collect() };
            let chart = percentiles::Percentiles { frame: frame(), panels: vec![panel] };
            check(&chart);
            names_all(&chart, &labels);

            let rates = [4.6, 500.0, 20_000.0];
            let point = |c: &Cell, offered: f64| load::Point {
                offered,
                p50: c.seconds(),
                p99: c.seconds() * 3.0,
                interval: (c.trials > 5).then(|| (c.seconds(), c.seconds() * 4.0)),
                kept_up: !c.failed_at_once,
            };
            let series = |c: &Cell| load::Series {
                label: c.label.clone(),
                series: 2,
                points: rates.iter().map(|&rate| point(c, rate)).collect(),
            };
            let chart = load::Load { frame: frame(), series: cells.iter().map(series).collect() };
            check(&chart);
            names_all(&chart, &labels);

            let point = |c: &Cell, limit| scaling::Point { limit, value: c.seconds(), interval: None };
            let series = |c: &Cell| scaling::Series {
                label: c.label.clone(),
                series: 3,
                points: [1, 10, 1_000]
                    .map(scaling::Limit::Bounded)
                    .into_iter()
                    .chain([scaling::Limit::Unbounded])
                    .map(|limit| point(c, limit))
                    .collect(),
                ideal: vec![],
                fit: vec![],
                knee: None,
            };
            let chart = scaling::Scaling {
                frame: frame(),
                quantity: scaling::Quantity::WallTime,
                series: cells.iter().map(series).collect(),
                reference: None,
                line: None,
            };
            check(&chart);
            names_all(&chart, &labels);
        }

        #[test]
        fn panels_of_cells(cells in cells()) {
            let labels: Vec<String> = cells.iter().map(|c| c.label.clone()).collect();
            let steps = |c: &Cell| c.time.map_or(vec![], |t| vec![(t / 4, 3), (t / 2, 1), (t, 0)]);
            let panel = |c: &Cell| inflight::Panel {
                label: c.label.clone(),
                series: 0,
                wall: c.time.unwrap_or_default(),
                steps: steps(c),
                completed: steps(c),
                reference: None,
            };
            let chart =
                inflight::InFlight { frame: frame(), panels: cells.iter().map(panel).collect() };
            check(&chart);
            names_all(&chart, &labels);

            let requests = |c: &Cell| -> Vec<waterfall::Request> {
                let Some(time) = c.time else { return Vec::new() };
                let request = |i: u32| waterfall::Request {
                    issued: Duration::ZERO,
                    sent: time * i / 40,
                    between: Default::default(),
                    head: None,
                    end: time * (i + u32::from(!c.failed_at_once)) / 40,
                    failed: c.failed_at_once && i > 3,
                };
                (0..40).map(request).collect()
            };
            let panel = |c: &Cell| waterfall::Panel {
                label: c.label.clone(),
                note: "36 failed".to_owned(),
                wall: c.time.unwrap_or_default() * c.trials as u32,
                requests: requests(c),
                every: c.trials,
                total: 40 * c.trials,
                left_out: c.trials - 1,
            };
            let chart =
                waterfall::Waterfall { frame: frame(), panels: cells.iter().map(panel).collect() };
            check(&chart);
            names_all(&chart, &labels);
        }

        /// The names of two cells in a sentence are never cut.
        #[test]
        fn titles_keep_names_whole(a in "[a-z]{3,9}( [a-z0-9]{1,9}){0,9}", b in "[a-z]{3,9}( [a-z0-9]{1,9}){0,9}") {
            let cut = |name: &str| name.chars().take(LONG).collect::<String>();
            let title = format!("99 of 100 requests take at most 1.23 ms with {}, 4.56 s with {}; 3 cells had failures", cut(&a), cut(&b));
            let frame = Frame { title: title.clone(), ..Frame::default() };
            let chart = inflight::InFlight { frame, panels: Vec::new() };
            check(&chart);
            names_all(&chart, &[title]);
        }
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
