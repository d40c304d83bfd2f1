//! Experiment files: text in, an [`Experiment`] out, or every error with its place.
//!
//! ```text
//! Source ─node→ tree with spans ─overrides→ tree ─read (table of keys)→ values ─expand→ Experiment
//! ```
//!
//! `factor::table` is the one table of keys that tell cells apart, `keys` that of all others: the
//! reader, the JSON schema and the reference in `docs/experiment-file.md` are all made of them, so
//! they cannot drift apart.

mod blocks;
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
mod selector;
mod source;
#[cfg(test)]
mod tests;

pub use blocks::{Blocks, DEFAULT_BLOCKS, FEWEST_LOOKED_AT, Until};
pub use claim::{Claim, Over, Than};
pub(crate) use error::nearest;
pub use error::{SpecError, SpecErrors};
pub use experiment::{Experiment, RecordLevel};
pub(crate) use factor::factors;
pub use factor::{Factor, Scenario, Selector};
pub use gate::Gate;
pub(crate) use metric::metrics;
pub use metric::{Metric, Unit};
pub use read::programs_of;
pub use schema::schema;
pub use source::Source;
