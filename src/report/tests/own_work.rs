//! Own work of callers, beside requests and after them.

use super::*;
use crate::strategy::OwnWork;

const HOUR: OwnWork = OwnWork::Compute(3_600_000_000_000);

fn page_of(strategies: Vec<Strategy>) -> String {
    page(&recording(experiment(strategies, 8), |_, _, _| ()))
}

fn working(label: &str, model: &str, limit: Option<u32>, own_work: Option<OwnWork>) -> Strategy {
    Strategy { own_work, ..strategy(label, model, limit) }
}

#[test]
fn each_cell_with_work_has_a_row_that_says_what_was_hidden() {
    let page = page_of(vec![
        strategy("plain", "async-workers", Some(10)),
        working("behind", "offload", Some(10), Some(HOUR)),
        working("after", "sequential", None, Some(HOUR)),
    ]);
    let part = page.split("## Own work").nth(1).and_then(|rest| rest.split("\n## ").next());
    let part = part.expect("a section");
    let row = |label: &str| part.lines().find(|line| line.contains(label));
    let (behind, after) = (row("`behind").expect("a row"), row("`after").expect("a row"));
    assert!(behind.contains("compute 3600s") && behind.ends_with(" 100 % |"), "{behind}");
    assert!(after.contains("compute 3600s") && after.ends_with(" 0 % |"), "{after}");
    assert_eq!(row("`plain"), None, "{part}");
}

#[test]
fn without_work_there_is_no_section() {
    let page = page_of(vec![working("behind", "offload", Some(10), None)]);
    assert!(!page.contains("## Own work"));
}
