//! Links within the documentation and the reports.

use std::fs;
use std::path::{Path, PathBuf};

/// Markdown files below a folder, or the file itself.
fn pages(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            pages(&entry.expect("an entry").path(), found);
        }
    } else if path.extension().is_some_and(|extension| extension == "md") {
        found.push(path.to_owned());
    }
}

/// Anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Lines of a page outside blocks of code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// Targets of the links of a line that lead into the repository.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
        .filter(|target| {
            !target.contains("://") && !target.is_empty() && !target.contains(char::is_whitespace)
        })
}

#[test]
fn every_link_of_the_documentation_and_the_reports_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for place in ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs", "reports"] {
        pages(&root.join(place), &mut all);
    }
    assert!(all.len() > 10, "{all:?}");
    let mut links = 0;
    let mut dead = Vec::new();
    for page in &all {
        let text = fs::read_to_string(page).expect("a page");
        for target in prose(&text).flat_map(targets) {
            links += 1;
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let file = match file {
                "" => page.clone(),
                file => page.parent().expect("a folder").join(file),
            };
            let is_there = file.exists()
                && (fragment.is_empty()
                    || fs::read_to_string(&file).is_ok_and(|text| {
                        prose(&text).any(|l| l.starts_with('#') && anchor(l) == fragment)
                    }));
            if !is_there {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(links > 50, "{links}");
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}
