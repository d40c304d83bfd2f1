//! A recording in, Markdown and SVG out.
//!
//! ```text
//! Recording + Analysis ─render→ Rendered ─write→ reports/<run>/report.md + *.svg
//!                                        ─check→ every Difference from what stands there
//! Recording + Analysis ─answer→ a few sentences for the terminal
//!                      ─warnings→ what may have disturbed it
//! Entries of all recordings ─index→ reports/README.md
//! ```
//!
//! A report is a pure function of the record: it knows no clock, no environment and no version of
//! its own, so the same record gives the same bytes.

mod answer;
mod broke;
mod builds;
mod claims;
mod connections;
mod control;
mod environment;
mod facts;
mod failures;
mod figures;
mod files;
mod index;
mod laws;
mod markdown;
mod numbers;
mod open;
mod phases;
mod pieces;
mod prediction;
mod reproduce;
mod requests;
mod standing;
mod tables;
#[cfg(test)]
mod tests;
mod time_scale;
mod validity;
mod warnings;

use std::collections::BTreeMap;

use crate::analyse::Analysis;
use crate::chart::Drawing;
use crate::record::{RecordError, Recording};
use facts::Facts;
use figures::{All, Figures};

pub use files::{Difference, check, write};
pub use index::{Entry, index};

/// The name of the report beside its charts.
pub const REPORT: &str = "report.md";

/// A report, ready to be written or compared.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Content by name, relative to the report's folder.
    pub files: BTreeMap<String, Vec<u8>>,
    #[cfg_attr(not(feature = "png"), expect(dead_code, reason = "what PNG copies are made of"))]
    drawings: Vec<(String, Drawing)>,
}

/// Renders the report of a recording: `report.md` and its charts. Of a recording of several builds
/// it shows the last, as [`Recording::subject`] has it, and so does [`Analysis::of`].
///
/// # Errors
///
/// If request rows, timelines or histograms of the record cannot be read.
pub fn render(recording: &Recording, analysis: &Analysis) -> Result<Rendered, RecordError> {
    let subject = recording.subject();
    let facts = Facts::new(&subject, analysis);
    let figures = All::of(&facts)?;
    let mut files = BTreeMap::new();
    let page = page(&facts, &Facts::new(recording, analysis), &figures)?;
    files.insert(REPORT.to_owned(), page.into_bytes());
    let mut drawings = Vec::new();
    for (name, drawing) in builds::charts(recording) {
        files.insert(format!("{name}.svg"), drawing.svg().into_bytes());
        drawings.push((name, drawing));
    }
    for figure in figures.into_figures() {
        files.insert(format!("{}.svg", figure.name), figure.drawing.svg().into_bytes());
        drawings.push((figure.name, figure.drawing));
    }
    Ok(Rendered { files, drawings })
}

/// The answer in one to three sentences for each scenario, for a terminal.
pub fn answer(recording: &Recording, analysis: &Analysis) -> String {
    answer::plain(&Facts::new(&recording.subject(), analysis))
}

/// Signs of disturbance in a recording, each with advice, for a terminal: of the machine first, then
/// of single cells.
pub fn warnings(recording: &Recording, analysis: &Analysis) -> Vec<String> {
    warnings::plain(&Facts::new(recording, analysis))
}

#[cfg(feature = "png")]
impl Rendered {
    /// Adds a PNG copy of every chart, in light colours and twice as large. [`check`] does not
    /// look at them.
    #[must_use]
    pub fn with_png(mut self) -> Rendered {
        for (name, drawing) in &self.drawings {
            self.files.insert(format!("{name}.png"), drawing.png(crate::chart::Mode::Light, 2.0));
        }
        self
    }
}

/// `facts` are of what the report is about, `whole` of the recording with all its builds.
fn page(facts: &Facts, whole: &Facts, figures: &All) -> Result<String, RecordError> {
    let experiment = &facts.plan().experiment;
    let mut parts = vec![
        format!("# {}", markdown::text(&experiment.title)),
        format!("> {}", markdown::paragraph(&experiment.question)),
    ];
    parts.extend(builds::section(whole));
    parts.push(answer::section(facts));
    parts.extend(claims::section(facts));
    parts.push(control::section(facts));
    parts.extend(open::section(facts, &figures.load));
    parts.push("## What happened".to_owned());
    parts.push(figures.waterfall.render("The other scenarios, request by request"));
    parts.push(figures.wall.render("More scenarios"));
    parts.push(tables::section(facts));
    parts.extend(chart("## Latency", &figures.percentiles, "More scenarios"));
    parts.extend(phases::section(facts, &figures.phases)?);
    parts.extend(pieces::section(facts)?);
    parts.extend(connections::section(facts));
    parts.extend(broke::section(facts));
    parts.extend(failures::section(facts)?);
    parts.extend(chart("## Trials that broke", &figures.timeline, "The other cells"));
    parts.extend(chart("## Scaling", &figures.scaling, "The other scenarios"));
    parts.extend(chart(
        "### Throughput against the limit",
        &figures.throughput,
        "The other sweeps",
    ));
    let charts = [
        ("## In flight", &figures.inflight, "The other scenarios"),
        ("## Cost", &figures.cost, "More scenarios"),
        ("## Against the baseline", &figures.ratios, "More scenarios"),
    ];
    for (heading, figures, others) in charts {
        parts.extend(chart(heading, figures, others));
    }
    parts.extend(prediction::section(facts)?);
    parts.push(validity::section(facts, whole));
    parts.push(environment::section(whole));
    parts.push(reproduce::section(whole));
    let mut page = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("\n\n");
    page.push('\n');
    Ok(page)
}

/// A part of the page that is charts; nothing without any.
fn chart(heading: &str, figures: &Figures, others: &str) -> Option<String> {
    let body = figures.render(others);
    (!body.is_empty()).then(|| format!("{heading}\n\n{body}"))
}
