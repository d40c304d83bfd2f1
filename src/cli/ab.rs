//! `inflight ab`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::{Folders, Judging, Output, Selection};
use crate::ab::PatchSource;

/// `inflight ab`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight ab experiments/quickstart.toml                  what the uncommitted changes do
  inflight ab --base main --new my-branch experiments/quickstart.toml --blocks 20
  inflight ab --base-bin old/inflight --new-bin new/inflight experiments/quickstart.toml
  inflight ab experiments/quickstart.toml --patch ureq=../ureq --base-patch ureq=../ureq@main
                                                           your changes of a library
  inflight ab --resume results/MACHINE/RUN                 go on after an interruption

Every block holds every cell once for each build, in one random order, so that what drifts is on
both sides. Only the client of a trial is of the build that is compared; the delay server is always
that of this inflight. A build takes some minutes; --target-dir makes the second one quick, --keep
saves it for next time.

A patch replaces a crate from crates.io that inflight's client is built of, on one side. Its version has to
be one that inflight allows.")]
pub struct Ab {
    /// Experiment file.
    #[arg(value_name = "FILE", required_unless_present = "resume", conflicts_with = "resume")]
    pub file: Option<PathBuf>,
    /// Commit to compare with [default: HEAD; with patches the working tree].
    #[arg(long, value_name = "REV", conflicts_with_all = ["base_bin", "resume"])]
    pub base: Option<String>,
    /// Commit in question [default: the working tree as it stands].
    #[arg(long, value_name = "REV", conflicts_with_all = ["new_bin", "resume"])]
    pub new: Option<String>,
    /// Binary to compare with, instead of building one.
    #[arg(long, value_name = "PATH")]
    pub base_bin: Option<PathBuf>,
    /// Binary in question, instead of building one.
    #[arg(long, value_name = "PATH")]
    pub new_bin: Option<PathBuf>,
    /// Build the new side with the crate of a folder, or of a commit of its repository; repeatable.
    #[arg(long, value_name = "CRATE=PATH[@REV]", conflicts_with = "new_bin")]
    pub patch: Vec<PatchSource>,
    /// Build the base so; repeatable.
    #[arg(long, value_name = "CRATE=PATH[@REV]", conflicts_with = "base_bin")]
    pub base_patch: Vec<PatchSource>,
    /// A checkout of inflight to build from [default: that of the current folder].
    #[arg(long, value_name = "DIR")]
    pub source: Option<PathBuf>,
    /// Build here, and leave there what is compiled; each build has a temporary folder otherwise.
    #[arg(long, value_name = "DIR")]
    pub target_dir: Option<PathBuf>,
    /// Save both binaries here, for --base-bin and --new-bin.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub judging: Judging,
    /// Go on with an interrupted recording of two builds; what was built is built again. Binaries
    /// and patches have to be given again.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["only", "blocks", "set"])]
    pub resume: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub selection: Selection,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub folders: Folders,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub output: Output,
}
