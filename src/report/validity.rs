//! Whether the trials measured what they name, and how quiet it was.

mod checks;
mod quiet;

use crate::analyse::widest_half_width;
use crate::record::{Happening, Status, TrialRow};

use super::facts::Facts;
use super::markdown::{Align, Table, details, text};
use super::numbers::{count, counted, percent};

/// Trials, checks, disturbances. A stopping rule looks at the `whole` recording, with all its builds.
pub(super) fn section(facts: &Facts, whole: &Facts) -> String {
    let mut out = vec!["## Validity and noise".to_owned(), trials(facts, whole)];
    out.extend(reasons(facts));
    out.push("### Was it what its name says?".to_owned());
    out.push(checks::table(facts));
    out.push("### Was it quiet?".to_owned());
    out.push(quiet::noise(facts));
    out.push(quiet::signs(facts));
    out.push(quiet::saturation(facts));
    out.join("\n\n")
}

fn trials(facts: &Facts, whole: &Facts) -> String {
    let recording = facts.recording;
    let last = facts.analysis.planned_blocks;
    let planned = facts.plan().trials.iter().filter(|t| t.block > 0 && t.block as usize <= last);
    let planned = planned.count();
    let rows: Vec<&TrialRow> = recording.measured().collect();
    let of = |status: Status| rows.iter().filter(|r| r.status == status).count();
    let mut columns = vec![
        ("trials planned", count(planned as u64)),
        ("ok", of(Status::Ok).to_string()),
        ("failed", of(Status::Failed).to_string()),
        ("invalid", of(Status::Invalid).to_string()),
    ];
    let skipped = of(Status::Skipped);
    if skipped > 0 {
        columns.push(("skipped", skipped.to_string()));
    }
    columns.push(("not in a complete block", planned.saturating_sub(rows.len()).to_string()));
    let heads: Vec<_> = columns.iter().map(|(head, _)| (*head, Align::Right)).collect();
    let mut table = Table::new(&heads);
    table.row(columns.into_iter().map(|(_, value)| value).collect());
    let warmup = recording.trials.len() - rows.len();
    let aside = recording.all_trials.len() - recording.trials.len();
    let mut notes = vec![format!(
        "{} of {} are complete. Trials of the A/A control are counted here.",
        facts.analysis.blocks,
        counted(facts.analysis.planned_blocks, "planned block"),
    )];
    notes.extend(rule(whole));
    if warmup > 0 {
        notes.push(format!(
            "{} of warm-up are recorded and not analysed.",
            counted(warmup, "trial")
        ));
    }
    if aside > 0 {
        notes.push(format!(
            "{} of interrupted or repeated blocks are recorded and set aside.",
            counted(aside, "trial")
        ));
    }
    let repeated = recording.repeated_blocks();
    if repeated > 0 {
        let most = facts.plan().experiment.blocks.repeat_invalid;
        notes.push(format!(
            "{} of a block {} repeated, because the server was late in a trial of it (`repeat_invalid = {most}`).",
            counted(repeated, "attempt"),
            if repeated == 1 { "was" } else { "were" },
        ));
    }
    format!("{}\n\n{}", table.render(), notes.join(" "))
}

/// What the stopping rule did.
fn rule(facts: &Facts) -> Option<String> {
    let until = facts.plan().experiment.blocks.until.as_ref()?;
    let measured: Vec<TrialRow> = facts.recording.measured().cloned().collect();
    let widest = match widest_half_width(facts.plan(), &measured) {
        Some(widest) => format!("the widest is {}", plus_minus(widest)),
        None => "not every one can be computed".to_owned(),
    };
    let (most, blocks) = (until.max, facts.analysis.blocks);
    let wanted = format!(
        "every interval that a verdict rests on is within {}",
        plus_minus(until.half_width)
    );
    let manifest = &facts.recording.manifest;
    Some(if manifest.happened(Happening::NarrowEnough) {
        format!(
            "The run ended by its rule after {blocks} of at most {most} blocks: {wanted} ({widest})."
        )
    } else if manifest.is_finished() {
        format!(
            "The run went on to block {most}, the last that its rule allows before {wanted} ({widest})."
        )
    } else {
        format!("The run goes on until {wanted} ({widest}).")
    })
}

/// `±1.8 %`
fn plus_minus(share: f64) -> String {
    format!("±{}", percent(share))
}

fn reasons(facts: &Facts) -> Option<String> {
    let mut seen: Vec<(usize, Status, String, usize)> = Vec::new();
    for row in facts.recording.measured().filter(|r| !r.is_ok()) {
        let Some(cell) = facts.cell_of(row) else { continue };
        let same = |(c, s, reason, _): &&mut (usize, Status, String, usize)| {
            *c == cell && *s == row.status && *reason == row.reason
        };
        match seen.iter_mut().find(same) {
            Some((.., n)) => *n += 1,
            None => seen.push((cell, row.status, row.reason.clone(), 1)),
        }
    }
    if seen.is_empty() {
        return None;
    }
    seen.sort_by_key(|(cell, ..)| *cell);
    let mut table = Table::new(&[
        ("cell", Align::Left),
        ("status", Align::Left),
        ("trials", Align::Right),
        ("reason", Align::Left),
    ]);
    for (cell, status, reason, n) in &seen {
        let status = status.to_string();
        table.row(vec![facts.full_code(*cell), status, n.to_string(), text(reason)]);
    }
    let all: usize = seen.iter().map(|(.., n)| n).sum();
    let summary = format!(
        "Why {} {} no measurement",
        counted(all, "trial"),
        if all == 1 { "is" } else { "are" }
    );
    Some(details(&summary, &table.render()))
}
