//! inflight: a reproducible experiment harness for HTTP client concurrency.
//!
//! The pipeline, stage by stage. Each has one input and one output type and never imports a later
//! one:
//!
//! ```text
//! experiment.toml ─spec→ Experiment ─plan→ Plan ─run→ rows ─record→ results/…/*.csv
//! results/…/*.csv ─record::Recording→ Recording ─analyse→ Analysis ─report→ report.md + *.svg
//! Recording + Plan of other sizes ─predict→ Predictions ─→ text, JSON, predictions.csv
//! two Recordings, or two parts of one ─diff→ Diff ─→ text, Markdown, CSV, JSON, SVG, exit code
//! two revisions ─ab→ two binaries ─run→ one record in which the build is a factor
//! ```
//!
//! What the stages share:
//!
//! - [`vocabulary`]: words of experiment files and columns of trials that several stages share
//! - [`strategy`]: models and HTTP libraries, one file each, and their ideal schedules
//! - [`delay`]: delays as a function of seed and request index
//! - [`arrival`]: when requests are to start, likewise
//! - [`payload`]: the bytes of answers and uploads, likewise
//! - [`protocol`]: what the harness and its trial children say to each other
//! - [`child`]: any process that takes a document and gives documents, and what every child does
//! - [`server`] and [`client`]: the two children of a trial
//! - [`service`]: the child that starts a service, in place of the delay server
//! - [`network`]: a network with a round trip, around the two
//! - [`dns`]: a server for host names with a delay, and the resolver of every client
//! - [`events`]: what happens during a run, and who is told: a bar, plain lines, JSON
//! - [`timer`]: sleeps that end tens of microseconds after their deadline
//! - [`tls`]: certificates and sessions
//! - [`machine`]: this process and this machine
//! - [`validity`]: checks of whether a trial measured what its cell names
//! - [`inflight_stats`]: statistics of numbers, a crate of its own
//! - [`chart`]: drawings of numbers, for `report` and `diff`
//! - [`words`]: words in a line, without markup
//! - [`page`]: words, tables and charts as data, and their renderers

pub mod ab;
pub mod analyse;
pub mod app;
pub mod arrival;
pub mod chart;
pub mod child;
pub mod cli;
pub mod client;
pub mod cmd;
pub mod delay;
pub mod diff;
pub mod dns;
pub mod events;
pub mod exit;
pub mod machine;
pub mod network;
pub mod page;
pub mod payload;
pub mod plan;
pub mod predict;
pub mod protocol;
pub mod record;
pub mod report;
pub mod run;
pub mod server;
pub mod service;
pub mod spec;
pub mod strategy;
#[cfg(test)]
mod tests;
pub mod timer;
pub mod tls;
pub mod units;
pub mod validity;
pub mod vocabulary;
pub mod words;
