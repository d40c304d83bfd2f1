//! The first screen of every shipped report can be read in seconds.

use std::path::Path;

/// Words of a headline at most.
const MOST_WORDS: usize = 25;

/// Headlines of a report: the bold lines, or the items of the list, below its question.
fn headlines(report: &str) -> Vec<String> {
    let (_, rest) = report.split_once("\n> ").expect("a question");
    let screen = rest.split("\n<details>").next().expect("a first screen");
    let is_headline = |line: &&str| {
        let is_bold = line.starts_with("**") && line.ends_with("**");
        let is_other = ["/s", "**Use**", "**No recommendation**"].iter().any(|w| line.contains(w));
        (is_bold || line.starts_with("- ")) && !is_other
    };
    screen.lines().filter(is_headline).map(str::to_owned).collect()
}

/// Words of a headline: a name in backquotes is one, and the scenario before the colon is none.
fn words(headline: &str) -> usize {
    let (_, text) = headline.split_once("**: ").unwrap_or(("", headline));
    let mut inside = false;
    let joined: String = text
        .chars()
        .map(|c| {
            inside ^= c == '`';
            if inside && c == ' ' { '_' } else { c }
        })
        .collect();
    joined.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

#[test]
fn headlines_of_shipped_reports_are_short() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports");
    let mut seen = 0;
    for entry in fs_err::read_dir(folder).expect("the reports") {
        let report = entry.expect("an entry").path().join("report.md");
        if !report.is_file() {
            continue;
        }
        for headline in headlines(&fs_err::read_to_string(&report).expect("a report")) {
            let n = words(&headline);
            assert!(n <= MOST_WORDS, "{n} words in {}: {headline}", report.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} headlines");
}

#[test]
fn a_name_is_a_word() {
    assert_eq!(words("**`a b` is the fastest: 1 ms, 2 times as fast as `c` (2 ms).**"), 14);
    assert_eq!(words("- **100 requests**: `a` takes 1 ms."), 4);
}
