//! A recording in, Markdown and SVG out.
//!
//! ```text
//! Recording + Analysis ─sections→ blocks ─render→ Rendered
//!                                          ─write→ reports/<run>/report.md + *.svg, report.html
//!                                          ─check→ every Difference from what stands there
//! Recording + Analysis ─answer→ a few sentences for the terminal
//!                      ─Answer, json→ the same for a program
//!                      ─warnings→ what may have disturbed it
//! Entries of all recordings ─index→ reports/README.md, index.html
//! ```
//!
//! A report is a pure function of the record: it knows no clock, no environment and no version of
//! its own, so the same record gives the same bytes. A section gives [`Block`]s and knows no
//! renderer: no mark of Markdown stands in one.

mod answer;
mod broke;
mod builds;
mod claims;
mod connections;
mod control;
mod environment;
mod facts;
mod failures;
mod files;
mod glossary;
mod ideal;
mod index;
mod laws;
mod numbers;
mod open_arrival;
mod own_work;
mod phases;
mod pieces;
mod prediction;
mod programs;
mod rates;
mod reproduce;
mod requests;
mod services;
mod standing;
mod tables;
#[cfg(test)]
mod tests;
mod time_scale;
mod validity;
mod warnings;

/// The charts: their data, their findings as titles, their captions.
mod figures {
    pub(super) mod cost;
    mod coverage;
    pub(super) mod inflight;
    pub(super) mod load;
    pub(super) mod parts;
    pub(super) mod percentiles;
    pub(super) mod phases;
    pub(super) mod ratios;
    mod representatives;
    pub(super) mod scaling;
    pub(super) mod throughput;
    pub(super) mod timeline;
    pub(super) mod wall;
    pub(super) mod waterfall;
}

use std::collections::BTreeMap;

use crate::analyse::Analysis;
use crate::chart::Drawing;
use crate::page::{self, Block, heading, html, markdown, terminal};
use crate::record::{RecordError, Recording};
use facts::Facts;

pub use answer::{Answer, SCHEMA, json};
pub use files::{Difference, check, write};
pub use index::{Entry, Index, index};

/// The name of the report beside its charts.
pub const REPORT: &str = "report.md";

/// The name of the same report as a page for a browser, with its charts.
pub const PAGE_FILE: &str = "report.html";

/// A part of the page; empty where the recording has nothing for it.
type Section = fn(&Facts) -> Result<Vec<Block>, RecordError>;

/// The page, part by part, each with the name of its charts' files if it has any. A chart is its
/// file, its `mod` line above and a line here.
const PAGE: &[(&str, Section)] = &[
    ("", title),
    ("builds", builds::section),
    ("", answer::section),
    ("", programs::overview),
    ("", answer::whole),
    ("", claims::section),
    ("", control::section),
    ("load", open_arrival::section),
    ("waterfall", figures::waterfall::section),
    ("wall", figures::wall::section),
    ("", tables::section),
    ("", programs::section),
    ("", services::section),
    ("", own_work::section),
    ("percentiles", figures::percentiles::section),
    ("phases", phases::section),
    ("", pieces::section),
    ("", connections::section),
    ("", broke::section),
    ("", failures::section),
    ("timeline", figures::timeline::section),
    ("scaling", figures::scaling::section),
    ("throughput", figures::throughput::section),
    ("inflight", figures::inflight::section),
    ("cost", figures::cost::section),
    ("ratios", figures::ratios::section),
    ("", prediction::section),
    ("", validity::section),
    ("", environment::section),
    ("", reproduce::section),
    ("", glossary::section),
];

/// A report, ready to be written or compared.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Content by name, relative to the report's folder.
    pub files: BTreeMap<String, Vec<u8>>,
    #[cfg_attr(not(feature = "png"), expect(dead_code, reason = "what PNG copies are made of"))]
    drawings: Vec<(String, Drawing)>,
}

/// Renders the report of a recording: `report.md`, its charts, and `report.html` with both. Of a recording of several builds
/// it shows the last, as [`Recording::subject`] has it, and so does [`Analysis::of`].
///
/// # Errors
///
/// If request rows, timelines or histograms of the record cannot be read.
pub fn render(recording: &Recording, analysis: &Analysis) -> Result<Rendered, RecordError> {
    let subject = recording.subject();
    let facts = Facts::new(recording, &subject, analysis);
    let (mut blocks, mut drawings) = (Vec::new(), Vec::new());
    for &(charts, section) in PAGE {
        let mut part = section(&facts)?;
        page::draw(&mut part, charts, &mut drawings);
        blocks.extend(part);
    }
    let svg = |(name, chart): &(String, Drawing)| (format!("{name}.svg"), chart.svg().into_bytes());
    let mut files: BTreeMap<String, Vec<u8>> = drawings.iter().map(svg).collect();
    files.insert(REPORT.to_owned(), format!("{}\n", markdown::text(&blocks)).into_bytes());
    files.insert(PAGE_FILE.to_owned(), html::document(&blocks, &drawings).into_bytes());
    Ok(Rendered { files, drawings })
}

/// The answer as a headline, a table and what to use, for a terminal.
pub fn answer(recording: &Recording, analysis: &Analysis, screen: terminal::Screen) -> String {
    screen.text(&answer::blocks(&Facts::new(recording, &recording.subject(), analysis)))
}

/// Signs of disturbance in a recording, each with advice, for a terminal: of the machine first, then
/// of single cells.
pub fn warnings(recording: &Recording, analysis: &Analysis) -> Vec<String> {
    warnings::plain(&Facts::new(recording, recording, analysis))
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

/// The title of the experiment, and its question.
fn title(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let experiment = &facts.plan().experiment;
    Ok(vec![heading(1, &experiment.title), Block::Quote((&experiment.question).into())])
}
