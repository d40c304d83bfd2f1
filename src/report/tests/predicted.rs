//! Reports of runs that were predicted.

use super::*;
use crate::record::{EarlierRow, PredictionRow};

/// Files of predictions beside a recording.
fn write(recording: &Recording, predictions: &[PredictionRow], earlier: &[EarlierRow]) {
    fs_err::write(recording.dir.join("predictions.csv"), table(predictions)).expect("a file");
    let path = recording.dir.join("earlier-predictions.csv");
    // This table has no header without rows, as no file of a record is.
    if earlier.is_empty() {
        let _ = fs_err::remove_file(path);
    } else {
        fs_err::write(path, table(earlier)).expect("a file");
    }
}

fn table<T: serde::Serialize>(rows: &[T]) -> Vec<u8> {
    let mut table = csv::Writer::from_writer(Vec::new());
    rows.iter().for_each(|row| table.serialize(row).expect("a row"));
    table.into_inner().expect("memory takes every write")
}

/// The wall of the first cell a tenth too low, the second one not predicted.
fn predictions(recording: &Recording) -> Vec<PredictionRow> {
    let walls = Analysis::of(recording).cells;
    let wall = walls[0].wall.as_ref().expect("a median").value / 1.08;
    let cell = |index: usize| recording.plan.cells[index].id.to_string();
    let first = PredictionRow {
        cell: cell(0),
        requests: 100,
        from: "20260101T000000Z-small-01234567".to_owned(),
        from_requests: "10 1000".to_owned(),
        from_blocks: Some(6),
        wall_ns: Some(wall as u64),
        wall_low_ns: Some((wall * 0.97) as u64),
        wall_high_ns: Some((wall * 1.02) as u64),
        bound: "limit".to_owned(),
        ..PredictionRow::default()
    };
    let second = PredictionRow {
        cell: cell(1),
        from: first.from.clone(),
        reason: "no such *cell*".to_owned(),
        ..PredictionRow::default()
    };
    vec![first, second]
}

#[test]
fn a_predicted_run_shows_how_far_off_it_was() {
    let (_dir, recording) = on_a_disk(recording(seed(9), lifelike));
    let plain = page(&recording);
    assert!(!plain.contains("## Prediction"), "{plain}");
    let earlier = EarlierRow {
        run: "20260101T000000Z-large-01234567".to_owned(),
        predicted_wall_ns: Some(100),
        measured_wall_ns: Some(120),
        ..EarlierRow::default()
    };
    let better = EarlierRow { measured_wall_ns: Some(104), ..earlier.clone() };
    write(&recording, &predictions(&recording), &[earlier, better]);
    let predicted = page(&recording);
    let words = predicted.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    for text in [
        "| 10 and 1,000 | wall |",
        "| 1.080 (",
        "Measured ÷ predicted, wall time: 1 of 1 within 10 %, median +8 %, farthest +8 %.",
        "no such \\*cell\\*",
        "first trial (1 run): 1 of 2 within 10 %, median +12 %, farthest +20 %.",
    ] {
        assert!(words.contains(text), "`{text}` is not in\n{words}");
    }
    // Nothing else of the page has changed.
    let (before, rest) = predicted.split_once("## Prediction").expect("a section");
    let (_, after) = rest.split_once("## Validity").expect("a section after it");
    assert_eq!(format!("{before}## Validity{after}"), plain);
}

#[test]
fn requests_that_failed_are_not_what_was_predicted() {
    let (_dir, recording) = on_a_disk(recording(seed(9), |plan, planned, row| {
        lifelike(plan, planned, row);
        row.errors = Some(50);
    }));
    write(&recording, &predictions(&recording), &[]);
    let page = page(&recording);
    assert!(page.contains("requests failed, so it is not the same work"), "{page}");
    assert!(page.contains("No earlier prediction had been put to the test"), "{page}");
}

#[test]
fn damaged_predictions_are_an_error_with_their_line() {
    let (_dir, recording) = on_a_disk(recording(seed(6), lifelike));
    fs_err::write(recording.dir.join("predictions.csv"), "cell,wall\nx,1\n").expect("a file");
    let error = render(&recording, &Analysis::of(&recording)).expect_err("damaged").to_string();
    assert!(
        error.contains("predictions.csv: this inflight does not know column `wall`"),
        "{error}"
    );
    let rows = String::from_utf8(table(&predictions(&recording))).expect("text");
    let rows = rows.replacen(",100,", ",ten,", 1);
    fs_err::write(recording.dir.join("predictions.csv"), rows).expect("a file");
    let error = render(&recording, &Analysis::of(&recording)).expect_err("damaged").to_string();
    let wanted = "predictions.csv:2: damaged: column `requests`: `ten` is not a whole number";
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn memory_that_was_predicted_from_other_limits_names_them() {
    let (_dir, recording) = on_a_disk(recording(seed(9), lifelike));
    let mut rows = predictions(&recording);
    rows[0].memory_bytes = Some(9_000_000);
    let words = |rows: &[PredictionRow]| {
        write(&recording, rows, &[]);
        let page = page(&recording);
        page.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    };
    assert!(words(&rows).contains("| 10 and 1,000 | memory |"));
    rows[0].memory_from_limits = "45 150".to_owned();
    let page = words(&rows);
    assert!(page.contains("| limits 45 and 150 | memory |"), "{page}");
    assert!(page.contains("| 10 and 1,000 | wall |"), "{page}");
    // A record from before there was this column.
    let cut = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let at = fields.len() - 3;
        [&fields[..at], &fields[at + 1..]].concat().join(",")
    };
    let path = recording.dir.join("predictions.csv");
    let text = fs_err::read_to_string(&path).expect("a file");
    let older: Vec<String> = text.lines().map(cut).collect();
    assert!(!older[0].contains("memory_from_limits"), "{}", older[0]);
    fs_err::write(&path, older.join("\n") + "\n").expect("a file");
    let read = recording.predictions().expect("rows");
    assert_eq!((read[0].memory_from_limits.as_str(), read[0].memory_bytes), ("", Some(9_000_000)));
}
