//! Reports of recordings that compare builds.

use super::*;
use crate::record::synthetic::recording_of_builds;

/// `new` takes twice as long in every cell.
fn slower() -> Recording {
    recording_of_builds(seed(9), &["base", "new"], |plan, planned, row| {
        lifelike(plan, planned, row);
        if row.build == "new" {
            row.wall_ns = scaled(row.wall_ns, 2.0);
        }
    })
}

#[test]
fn the_report_shows_the_new_build_and_names_both() {
    let (_dir, recording) = on_a_disk(slower());
    let analysis = Analysis::of(&recording);
    for (cell, analysed) in recording.plan.cells.iter().zip(&analysis.cells) {
        let wall = analysed.wall.as_ref().expect("a median").value;
        assert!(wall > 1.9 * cell.ideal.wall_ns as f64, "{} takes {wall} ns", cell.name);
    }
    // Tables are padded.
    let page = page(&recording).split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    for text in [
        "compares two builds of inflight, `base` (`00000000`) and `new` (`10000000`)",
        "| build of the server | inflight 0.1.0, `0123456789abcdef0123456789abcdef01234567` |",
        "| build base of the client | inflight 0.1.0, `0000000000000000000000000000000000000000`",
        "from revision `v1`",
        "inflight ab --base 0000000000000000000000000000000000000000 --new 1000000000000000000000",
    ] {
        assert!(page.contains(text), "`{text}` is not in\n{page}");
    }
    // Nine blocks of eleven cells and a twin: those of one build.
    assert!(page.contains("| 108 | 108 | 0 | 0 | 0 |"), "{page}");
}

#[test]
fn a_side_alone_gives_the_numbers_of_a_usual_report() {
    let (_dir, recording) = on_a_disk(slower());
    let base = recording.of_build("base");
    let wall = |recording: &Recording| {
        let cells = Analysis::of(recording).cells;
        cells[0].wall.as_ref().expect("a median").value
    };
    let ratio = wall(&recording) / wall(&base);
    assert!((1.9..2.1).contains(&ratio), "{ratio}");
    assert_eq!(base.latencies().expect("histograms").len(), 240);
}
