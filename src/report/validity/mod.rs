//! Section on whether the trials measured what they name, and how quiet it was.

mod checks;
mod quiet;

use crate::analyse::widest_half_width;
use crate::page::{Block, Table, blocks, cells, code, details, heading, words};
use crate::record::{Happening, RecordError, Status, TrialRow};

use super::facts::Facts;
use super::numbers::{count, counted, percent};

/// Trials, checks, disturbances.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut out = vec![heading(2, "Validity and noise")];
    out.extend(trials(facts));
    out.extend(reasons(facts));
    out.push(heading(3, "Was it what its name says?"));
    out.extend(checks::table(facts));
    out.push(heading(3, "Was it quiet?"));
    out.extend(quiet::noise(facts));
    out.extend(quiet::signs(facts));
    out.extend(quiet::saturation(facts));
    Ok(out)
}

fn trials(facts: &Facts) -> Vec<Block> {
    let recording = facts.recording;
    let last = facts.analysis.planned_blocks;
    let planned = facts.plan().trials.iter().filter(|t| t.block > 0 && t.block as usize <= last);
    let planned = planned.count();
    let rows: Vec<&TrialRow> = recording.measured().collect();
    let of = |status: Status| rows.iter().filter(|r| r.status == status).count();
    let skipped = Some(of(Status::Skipped)).filter(|&n| n > 0);
    let mut table = Table::default()
        .numbers(["trials planned", "ok", "failed", "invalid"])
        .numbers(skipped.map(|_| "skipped"))
        .numbers(["not in a complete block"]);
    let mut row = cells![count(planned as u64), of(Status::Ok), of(Status::Failed)];
    row.push(of(Status::Invalid).into());
    row.extend(skipped.map(Into::into));
    row.push(planned.saturating_sub(rows.len()).into());
    table.row(row);
    let warmup = recording.trials.len() - rows.len();
    let aside = recording.all_trials.len() - recording.trials.len();
    let mut notes = words!(
        (facts.analysis.blocks) " of " (counted(facts.analysis.planned_blocks, "planned block"))
        " are complete. Trials of the A/A control are counted here."
    );
    if let Some(rule) = rule(facts) {
        notes.push(format!(" {rule}"));
    }
    if warmup > 0 {
        let trials = counted(warmup, "trial");
        notes.push(format!(" {trials} of warm-up are recorded and not analysed."));
    }
    if aside > 0 {
        let trials = counted(aside, "trial");
        notes.push(format!(
            " {trials} of interrupted or repeated blocks are recorded and set aside."
        ));
    }
    let repeated = recording.repeated_blocks();
    if repeated > 0 {
        let most = facts.plan().experiment.blocks.repeat_invalid;
        let (attempts, were) =
            (counted(repeated, "attempt"), if repeated == 1 { "was" } else { "were" });
        notes.push(words!(
            " " attempts " of a block " were " repeated, because the server was late in a trial of it ("
            (code(format!("repeat_invalid = {most}"))) ")."
        ));
    }
    blocks![table, notes]
}

/// Decision of the stopping rule, which looks at all builds.
fn rule(facts: &Facts) -> Option<String> {
    let whole = facts.whole;
    let until = whole.plan.experiment.blocks.until.as_ref()?;
    let measured: Vec<TrialRow> = whole.measured().cloned().collect();
    let widest = match widest_half_width(&whole.plan, &measured) {
        Some(widest) => format!("the widest is {}", plus_minus(widest)),
        None => "not every one can be computed".to_owned(),
    };
    let (most, blocks) = (until.max, facts.analysis.blocks);
    let wanted = format!(
        "every interval that a verdict rests on is within {}",
        plus_minus(until.half_width)
    );
    let manifest = &whole.manifest;
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

fn reasons(facts: &Facts) -> Option<Block> {
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
    let mut table = Table::new(["cell", "status"]).numbers(["trials"]).text(["reason"]);
    for (cell, status, reason, n) in &seen {
        table.row(cells![facts.full_code(*cell), status, n, reason]);
    }
    let all: usize = seen.iter().map(|(.., n)| n).sum();
    let summary = format!(
        "Why {} {} no measurement",
        counted(all, "trial"),
        if all == 1 { "is" } else { "are" }
    );
    Some(details(summary, blocks![table]))
}
