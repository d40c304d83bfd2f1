//! `reports/README.md` and `reports/index.html`: all reports in one table.

use crate::analyse::Analysis;
use crate::page::{Block, Table, Words, cells, code, heading, html, link, markdown, words};
use crate::record::Recording;

use super::facts::Facts;
use super::numbers::UNKNOWN;
use super::{PAGE_FILE, REPORT, answer};

/// A report as the index tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    run: String,
    title: String,
    question: String,
    answer: Words,
    machine: String,
    blocks: String,
}

impl Entry {
    /// The entry of a recording.
    pub fn of(recording: &Recording, analysis: &Analysis) -> Entry {
        let subject = recording.subject();
        let facts = Facts::new(recording, &subject, analysis);
        let experiment = &recording.plan.experiment;
        let blocks = match (analysis.blocks, analysis.planned_blocks) {
            (done, planned) if done == planned => done.to_string(),
            (done, planned) => format!("{done} of {planned}"),
        };
        Entry {
            run: recording.name.clone(),
            title: experiment.title.clone(),
            question: experiment.question.clone(),
            answer: answer::line(&facts),
            machine: recording.machine_name().to_owned(),
            blocks,
        }
    }
}

/// Names of the files of an index, each with its content.
pub type Index = [(&'static str, String); 2];

/// The index of all reports, by experiment and then the newest first, as Markdown and for a browser. It stands
/// in the folder that has a folder for each run.
pub fn index(entries: &[Entry]) -> Index {
    [
        ("README.md", format!("{}\n", markdown::text(&blocks(entries, REPORT)))),
        ("index.html", html::document(&blocks(entries, PAGE_FILE), &[])),
    ]
}

/// The index with links to this file of each report.
fn blocks(entries: &[Entry], file: &str) -> Vec<Block> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by(|a, b| (&a.title, &b.run).cmp(&(&b.title, &a.run)));
    let columns = ["experiment", "question", "answer", "machine", "date"];
    let mut table = Table::new(columns).numbers(["blocks"]);
    for entry in entries {
        table.row(cells![
            link(&entry.title, format!("{}/{file}", url(&entry.run))),
            &entry.question,
            entry.answer.clone(),
            code(&entry.machine),
            date(&entry.run),
            &entry.blocks,
        ]);
    }
    let intro = words!(
        "Each report is a pure function of the recording of the same name under " (code("results/"))
        "; " (code("inflight report --check")) " holds one against the other."
    );
    let list: Block = if table.is_empty() { "There are none yet.".into() } else { table.into() };
    vec![heading(1, "Reports"), intro.into(), list]
}

/// The date of a run's name: `20260101T000000Z-…` is 2026-01-01.
fn date(run: &str) -> String {
    let digits = run.split('T').next().unwrap_or_default();
    if digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()) {
        format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..])
    } else {
        UNKNOWN.to_owned()
    }
}

/// A folder's name in a link.
fn url(name: &str) -> String {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    name.bytes()
        .map(|b| if safe(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_from_the_names_of_runs() {
        assert_eq!(date("20260102T030405Z-003-async-0123abcd"), "2026-01-02");
        assert_eq!(date("copy of a run"), "–");
        assert_eq!(url("a b(1)"), "a%20b%281%29");
    }
}
