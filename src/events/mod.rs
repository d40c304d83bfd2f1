//! Events of a run, and their sinks: a bar, plain lines, JSON documents.

mod bar;
mod course;
mod json;
mod lines;

use crate::plan::{Plan, PlannedTrial};
use crate::protocol::Tick;
use crate::record::TrialRow;

pub use self::{bar::Bar, json::Json, lines::Lines};

/// Something that happens during a run.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A doubt about what the run will be able to show, before its first trial.
    Warning(&'a str),
    /// These trials are about to run.
    Planned(&'a [&'a PlannedTrial]),
    /// A trial begins.
    TrialBegun(&'a PlannedTrial),
    /// A long trial has come this far.
    Tick(&'a PlannedTrial, Tick),
    /// A trial has its row.
    TrialEnded(&'a PlannedTrial, &'a TrialRow),
    /// All trials of a block, which has this number, have their rows.
    BlockEnded(u32),
    /// A block is about to be repeated, for this many times.
    Repeated(&'a [&'a PlannedTrial], u32),
    /// Nothing more will happen.
    Ended(&'a Summary),
}

/// Outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Trials that ended `ok`, warm-up included.
    pub ok: u64,
    /// Trials that failed.
    pub failed: u64,
    /// Trials that measured something else than their cell names.
    pub invalid: u64,
    /// Trials that this machine cannot run.
    pub skipped: u64,
    /// Times that a block was repeated; the trials thrown away are in no other number.
    pub repeats: u64,
    /// Whether it was asked to stop before its end.
    pub interrupted: bool,
    /// The measured block after which the stopping rule ended it, if it did.
    pub narrow_enough_after: Option<u32>,
}

/// Is told of every [`Event`] of a run.
pub trait Sink {
    /// Takes note of an event.
    fn note(&mut self, plan: &Plan, event: Event);
}

/// Says nothing.
pub struct Quiet;

impl Sink for Quiet {
    fn note(&mut self, _plan: &Plan, _event: Event) {}
}
