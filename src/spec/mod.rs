//! Experiment files: text in, an [`Experiment`] out, or every error with its place.
//!
//! ```text
//! Source ─node→ tree with spans ─overrides→ tree ─read (table of keys)→ values ─expand→ Experiment
//! ```
//!
//! `keys` is the one table of keys: the reader, the JSON schema and the reference in
//! `docs/experiment-file.md` are all made of it, so they cannot drift apart.

mod claim;
mod error;
mod experiment;
mod factor;
mod forms;
mod gate;
mod key;
mod keys;
mod metric;
mod node;
mod overrides;
mod read;
mod schema;
mod source;
#[cfg(test)]
mod tests;

pub use claim::{Claim, Over};
pub use error::{SpecError, SpecErrors};
pub use experiment::{
    Blocks, DEFAULT_BLOCKS, Experiment, FEWEST_LOOKED_AT, RecordLevel, Scenario, Until,
};
pub(crate) use factor::factors;
pub use factor::{Factor, Selector};
pub use gate::Gate;
pub(crate) use metric::metrics;
pub use metric::{Metric, Unit};
pub use schema::schema;
pub use source::Source;
