//! `inflight run`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::{Folders, Judging, Output, Selection};

/// `inflight run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight run experiments/quickstart.toml
  inflight run experiments/sync-vs-async.toml --blocks 20 --set workload.time_scale=0.2
  inflight run experiments/semaphore-limit.toml --only limit=10,100
  inflight run mine.toml --target http://127.0.0.1:8000/path   measure a service of your own
  inflight run --resume results/MACHINE/RUN         go on after an interruption
  inflight run million.toml --predict-from @latest  say first how long it will take, then measure

Ctrl-C ends the run safely: every finished trial is on disk, and the last line says how to go on.")]
pub struct Run {
    /// Experiment files.
    #[arg(value_name = "FILE", required_unless_present = "resume", conflicts_with = "resume")]
    pub files: Vec<PathBuf>,
    /// Go on with an interrupted recording: its folder, the beginning of its name, or @latest.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["only", "blocks", "set", "target"])]
    pub resume: Option<String>,
    /// Predict every cell from this recording before the first trial; the report then says how far
    /// off that was. Named as in `inflight plan --from`.
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    pub predict_from: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub selection: Selection,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub folders: Folders,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub output: Output,
    /// Exit with 1 if a claim of the experiment is refuted.
    #[arg(long)]
    pub strict_claims: bool,
    /// Comparison of the builds, where there are several.
    #[arg(skip)]
    pub judging: Option<Judging>,
    /// The checkout that the builds are of, where it was given.
    #[arg(skip)]
    pub source: Option<PathBuf>,
}
