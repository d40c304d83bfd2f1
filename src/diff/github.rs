//! Annotations and summary of a GitHub Actions job.
//!
//! Formats: "Workflow commands for GitHub Actions" (`::error title=…::…`, with `%`, line breaks and in
//! properties `:` and `,` as percent escapes) and "Adding a job summary" (Markdown appended to the
//! file that `GITHUB_STEP_SUMMARY` names), both in GitHub's documentation.

use super::{Diff, GateFinding, Outcome, markdown, words};

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
            .filter_map(|(line, gate)| match gate.finding {
                GateFinding::Passed => None,
                GateFinding::Failed => Some(command("error", "gate failed", &line)),
                finding => Some(command("warning", &format!("gate {}", finding.name()), &line)),
            })
            .collect();
    }
    let row = |cell: &super::CellDiff| {
        let level = match cell.outcome {
            Outcome::Slower | Outcome::NewlyFailing | Outcome::FailingMoreOften => "error",
            Outcome::Inconclusive | Outcome::NotJudged | Outcome::NotMeasured => "warning",
            _ => return None,
        };
        let [ratio, range] = words::ratio_and_range(diff, cell);
        let mut said = vec![format!("ratio {ratio}, 95 % interval {range}")];
        said.extend(words::notes(diff, cell));
        let title = format!(
            "{}: {} {}",
            words::name(&cell.name, &cell.scenario),
            cell.metric.name(),
            words::word(cell.outcome, cell.metric)
        );
        Some(command(level, &title, &said.join("; ")))
    };
    diff.cells.iter().filter_map(row).collect()
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
