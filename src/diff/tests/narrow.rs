//! Parts of a comparison, and narrow terminals.

use proptest::prelude::*;

use super::*;
use crate::diff::{Outcome, exit, parse_selector};
use crate::spec::Selector;

fn slower(label: &'static str) -> Diff {
    only(label, "")
}

fn only(slow: &'static str, selector: &str) -> Diff {
    let base = recorded(1, four(), unchanged);
    let new = recorded(2, four(), |_, row| {
        if row.label == slow {
            scale(row, 1.2);
        }
    });
    let only = parse_selector(selector).expect("a selector");
    with(&base, &new, &Options { only, ..Options::default() })
}

#[test]
fn sixty_columns_are_enough() {
    let screen = Screen { width: Some(60), color: false };
    let narrow = diff::text(&[slower("threads")], screen, false);
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
    insta::assert_snapshot!("sixty_columns", narrow);
    let part = diff::text(&[only("threads", "label=sync,async")], screen, false);
    insta::assert_snapshot!("only_in_sixty_columns", part);
}

#[test]
fn what_is_not_shown_is_judged_and_told() {
    let whole = slower("threads");
    let part = only("threads", "label=sync");
    assert_eq!(exit(&[whole], false), Exit::Worse);
    assert_eq!(exit(std::slice::from_ref(&part), false), Exit::Worse);
    assert_eq!(part.shown().count(), 1);
    for text in [text(&part, false), markdown(&part)] {
        assert!(text.contains("Not shown: 1 slower, 2 equivalent."), "{text}");
        assert!(!text.contains("pool"), "{text}");
    }
    assert_eq!(csv(&part).lines().count(), 2);
    assert!(json(&part).contains("\"not_shown\": 3"));
    assert!(!diff::chart(&part).frame.title.contains("slower"));
    assert!(parse_selector("sync").is_err_and(|e| e.contains("selects no cell")));
    assert!(parse_selector("labl=sync").is_err_and(|e| e.contains("did you mean `label`")));
}

fn selector() -> impl Strategy<Value = String> {
    let labels = prop::sample::subsequence(vec!["sync", "threads", "pool", "async"], 1..4);
    labels.prop_map(|labels| format!("label={}", labels.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever is looked at: words, p-values, gates and the exit code are those of the whole.
    #[test]
    fn a_choice_of_cells_changes_no_verdict(selector in selector(), factor in 0.9f64..1.15) {
        let base = recorded(1, four(), unchanged);
        let new = recorded(2, four(), |_, row| {
            if row.label == "pool" || row.label == "async" {
                scale(row, factor);
            }
        });
        let only: Selector = parse_selector(&selector).expect("a selector");
        let gates = vec![diff::parse_gate("wall=3%").expect("a gate")];
        let options = Options { gates, ..Options::default() };
        let whole = with(&base, &new, &options);
        let part = with(&base, &new, &Options { only, ..options });
        prop_assert_eq!(&whole.gates, &part.gates);
        for strict in [false, true] {
            prop_assert_eq!(exit(std::slice::from_ref(&whole), strict), exit(std::slice::from_ref(&part), strict));
        }
        for cell in part.shown() {
            let same = whole.cells.iter().find(|other| other.id == cell.id);
            prop_assert_eq!(same, Some(cell));
        }
        let hidden = part.cells.len() - part.shown().count();
        let all = Outcome::ALL.into_iter().map(|outcome| part.count(outcome)).sum::<usize>();
        prop_assert_eq!(all, part.shown().count() + hidden);
    }
}
