//! One experiment over several recordings.

use super::*;
use crate::diff::{History, Point};
use crate::page::markdown;

/// A history of one recording a day; each has this factor for the cell `pool`.
fn history(factors: &[f64]) -> History {
    let recordings = (1..).zip(factors).map(|(day, &factor)| {
        let recording = recorded(day, four(), |_, row| {
            if row.label == "pool" {
                scale(row, factor);
            }
        });
        let point = Point {
            recording: recording.name.clone(),
            started: format!("2026-01-{day:02}"),
            build: format!("{day:08}"),
        };
        let side = Side::of(&recording, &point.started);
        (point, side)
    });
    History::of("lab", recordings.collect(), &Options::default())
}

/// `day outcome` of the steps that changed the cell `pool`, and what the whole says of it.
fn changes(history: &History) -> (Vec<(usize, &'static str)>, Option<&'static str>) {
    let pool = |diff: &Diff| -> Option<&'static str> {
        let cell = diff.cells.iter().find(|cell| cell.name == "pool")?;
        Some(cell.outcome.name())
    };
    let steps = history.steps.iter().enumerate();
    let steps = steps.filter_map(|(step, diff)| Some((step + 2, pool(diff)?)));
    (
        steps.filter(|(_, word)| *word != "equivalent").collect(),
        history.whole.as_ref().and_then(pool),
    )
}

#[test]
fn the_step_that_made_a_cell_slower_is_marked() {
    let history = history(&[1.0, 1.0, 1.0, 1.2, 1.2, 1.2]);
    assert_eq!(changes(&history), (vec![(4, "slower")], Some("slower")));
    insta::assert_snapshot!("history", markdown::text(&history.blocks()));
}

#[test]
fn small_steps_add_up() {
    let history = history(&[1.0, 1.012, 1.024, 1.036, 1.048, 1.06]);
    assert_eq!(changes(&history), (vec![], Some("slower")));
}

#[test]
fn a_change_that_was_taken_back_is_marked_twice() {
    let history = history(&[1.0, 1.2, 1.0]);
    assert_eq!(changes(&history), (vec![(2, "slower"), (3, "faster")], Some("equivalent")));
}

#[test]
fn one_recording_has_nothing_to_compare_and_two_have_no_whole() {
    assert!(markdown::text(&history(&[1.0]).blocks()).contains("one recording only"));
    assert!(!markdown::text(&history(&[1.0, 1.0, 1.0]).blocks()).contains("undecided"));
    let two = history(&[1.0, 1.0]);
    assert_eq!((two.steps.len(), &two.whole, two.diffs().len()), (1, &None, 1));
    assert!(history(&[]).steps.is_empty());
}

/// A cell that one recording lacks has a row there, and no verdict across it.
#[test]
fn a_cell_that_was_left_out_once_has_a_row_without_a_value() {
    let mut fewer = four();
    fewer.strategies.truncate(3);
    let recordings = [four(), fewer, four()];
    let recordings = (1..).zip(recordings).map(|(day, experiment)| {
        let recording = recorded(day, experiment, unchanged);
        let point = Point {
            recording: recording.name.clone(),
            started: format!("2026-01-{day:02}"),
            build: String::new(),
        };
        (point, Side::of(&recording, "x"))
    });
    let history = History::of("lab", recordings.collect(), &Options::default());
    let text = markdown::text(&history.blocks());
    assert!(text.contains("0 of 2 steps changed a cell. In 2, a cell is undecided"), "{text}");
    let missing = text.split("### ").find(|part| part.starts_with("async")).expect("a table");
    assert!(missing.contains("the last by the first") && missing.contains("equivalent"), "{text}");
    assert_eq!(text.matches("### ").count(), 4);
}
