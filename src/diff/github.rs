//! Annotations and summary of a GitHub Actions job.
//!
//! Formats: "Workflow commands for GitHub Actions" (`::error title=…::…`, with `%`, line breaks and in
//! properties `:` and `,` as percent escapes) and "Adding a job summary" (Markdown appended to the
//! file that `GITHUB_STEP_SUMMARY` names), both in GitHub's documentation.

use super::{CellDiff, Diff, GateFinding, Outcome, markdown, words};

/// One annotation a line: an error for what is worse, a warning for what is not known. With gates,
/// only what they look at.
pub fn annotations(diffs: &[Diff]) -> String {
    diffs.iter().flat_map(of).collect()
}

fn of(diff: &Diff) -> Vec<String> {
    if !diff.is_judged() {
        return vec![command("error", "not comparable", &words::standing(diff))];
    }
    if !diff.gates.is_empty() {
        let lines = words::gates(diff).into_iter().zip(&diff.gates);
        return lines
            .filter_map(|(line, gate)| {
                let level = match gate.finding {
                    GateFinding::Passed => return None,
                    GateFinding::Failed => "error",
                    _ => "warning",
                };
                let cells = gate.cells.iter().map(|(row, _)| {
                    let cell = &diff.cells[*row];
                    format!("{}: {}", words::name(&cell.name, &cell.scenario), size(diff, cell))
                });
                let said: Vec<String> = [line].into_iter().chain(cells).collect();
                let title = format!("gate {}", gate.finding.name());
                Some(command(level, &title, &said.join("\n")))
            })
            .collect();
    }
    let row = |cell: &CellDiff| {
        let level = match cell.outcome {
            Outcome::Slower | Outcome::NewlyFailing | Outcome::FailingMoreOften => "error",
            Outcome::Inconclusive | Outcome::NotJudged | Outcome::NotMeasured => "warning",
            _ => return None,
        };
        let title = format!(
            "{}: {} {}",
            words::name(&cell.name, &cell.scenario),
            cell.metric.name(),
            words::word(cell.outcome, cell.metric)
        );
        Some(command(level, &title, &size(diff, cell)))
    };
    diff.cells.iter().filter_map(row).collect()
}

/// How much a cell differs, and what is to be said of it.
fn size(diff: &Diff, cell: &CellDiff) -> String {
    let [ratio, range] = words::ratio_and_range(diff, cell);
    let size = format!("ratio {ratio}, 95 % interval {range}");
    [size].into_iter().chain(words::notes(diff, cell)).collect::<Vec<_>>().join("; ")
}

fn command(level: &str, title: &str, message: &str) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    format!("::{level} title={}::{}\n", property(title), data(message))
}

/// Text for the summary of the job.
pub fn step_summary(diffs: &[Diff]) -> String {
    format!("## inflight diff\n\n{}\n", markdown(diffs))
}
