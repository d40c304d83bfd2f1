//! What must hold of every chart, whatever its data: read back from the SVG.

use super::font::{Weight, width};
use super::{Draw, Frame, KINDS, Mode};
use crate::report::chart;

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
    let svg = chart.svg();
    assert_eq!(svg, chart.svg(), "drawn twice, the bytes differ");
    for text in [
        &svg,
        &chart.draw().flat(Mode::Light),
        &chart.draw().flat(Mode::Dark),
    ] {
        let document = roxmltree::Document::parse(text).expect("well-formed XML");
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        let id = root.attribute("id").expect("an id");
        assert_eq!(
            root.attribute("aria-labelledby"),
            Some(format!("{id}-title {id}-desc").as_str())
        );
        for node in document
            .descendants()
            .filter(|n| n.attribute("id").is_some())
        {
            assert!(node.attribute("id").is_some_and(|i| i.starts_with(id)));
        }
    }
    let (width, height) = chart.draw().size();
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
            assert!(
                apart,
                "{:?} and {:?} overlap at {:.0}, {:.0}",
                a.text, b.text, a.left, a.top
            );
        }
    }
}

fn texts(svg: &str) -> Vec<Extent> {
    let document = roxmltree::Document::parse(svg).expect("well-formed XML");
    let number = |n: roxmltree::Node, name| -> f64 {
        let value = n.attribute(name).expect("the attribute");
        value.parse::<f64>().expect("a number") / super::canvas::UNITS
    };
    document
        .descendants()
        .filter(|n| n.has_tag_name("text"))
        .map(|n| {
            let text = n.text().unwrap_or_default().to_owned();
            let size = number(n, "font-size");
            let weight = match n.attribute("font-weight") {
                Some(_) => Weight::SemiBold,
                None => Weight::Regular,
            };
            let wide = width(&text, size, weight);
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

#[path = "../../../examples/chart_gallery/data.rs"]
#[expect(clippy::cast_precision_loss, reason = "synthetic data")]
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
