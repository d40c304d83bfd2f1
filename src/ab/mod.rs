//! Two builds of inflight for one interleaved run: found or built, asked who they are, and kept
//! where nothing replaces them while they run.
//!
//! ```text
//! Source (revision, working tree, binary) ─git, build→ binary ─hello→ Build ─→ Side + its binary
//! PatchSource (crate, folder, revision) ─git, lock→ build
//! ```
//!
//! Only the *client* of a trial is of the build that is compared. The delay server is always this
//! binary's own, so that both sides meet the same server, and a difference is the client's.

mod build;
mod call;
mod git;
mod hello;
mod lock;
mod patch;
#[cfg(test)]
mod tests;
mod workshop;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::exit::Exit;
use crate::record::{Build, Origin, Side};
use workshop::Workshop;

pub use hello::{HELLO_COMMAND, Hello, HelloError};
pub(crate) use patch::package_name;
pub use patch::{PatchError, PatchSource};

/// Names of the sides, in their order.
pub const SIDES: [&str; 2] = ["base", "new"];

/// Source of a side of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A commit of inflight's repository.
    Revision(String),
    /// The working tree of that repository as it stands: every file that git does not ignore.
    WorkingTree,
    /// A binary that exists.
    Binary(PathBuf),
}

impl Source {
    /// The source that gives the same build once more: the commit, where there were no other
    /// changes.
    ///
    /// # Errors
    ///
    /// If only the binary itself is that build.
    pub fn again(side: &Side) -> Result<Source, AbError> {
        match (&side.origin, &side.build) {
            (Origin::Binary, _) => Err(AbError::BinaryNeeded { side: side.name.clone() }),
            (_, Build { commit: Some(commit), dirty: None, .. }) => {
                Ok(Source::Revision(commit.clone()))
            }
            _ => Ok(Source::WorkingTree),
        }
    }

    fn origin(&self) -> Origin {
        match self {
            Source::Revision(revision) => Origin::Revision(revision.clone()),
            Source::WorkingTree => Origin::WorkingTree,
            Source::Binary(_) => Origin::Binary,
        }
    }
}

/// A side of the comparison that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its source.
    pub source: Source,
    /// The crates that replace those of its lock file.
    pub patches: Vec<PatchSource>,
}

impl Wanted {
    /// A recorded side once more. Its patches have to be given, since a record names no folder.
    ///
    /// # Errors
    ///
    /// If a patch of the side is not given, or [only the binary itself](Source::again) is that build.
    pub fn again(side: &Side, patches: Vec<PatchSource>) -> Result<Wanted, AbError> {
        let source = Source::again(side)?;
        let recorded = side.build.patched.iter().flat_map(|patched| &patched.crates);
        let is_missing = |name: &String| patches.iter().all(|patch| patch.name != *name);
        if recorded.map(|patch| &patch.name).any(is_missing) {
            let options = side.patch_options().join(" ");
            return Err(AbError::PatchesNeeded { side: side.name.clone(), options });
        }
        Ok(Wanted { source, patches })
    }
}

/// How to build, and what to leave behind.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A folder of the repository of inflight; the current folder without one.
    pub source: Option<PathBuf>,
    /// Build both sides here, one after the other, and leave it there: what they have in common is
    /// compiled once. Each side has a target directory of its own otherwise.
    pub target_dir: Option<PathBuf>,
    /// Leave copies of both binaries in this folder.
    pub keep: Option<PathBuf>,
}

/// Something that a person who waits may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Patched crates need other versions of other crates.
    Locked {
        /// `base` or `new`.
        side: &'a str,
        /// Changes of `Cargo.lock`.
        changes: &'a [String],
    },
    /// Cargo is at work on a side.
    Building {
        /// `base` or `new`.
        side: &'a str,
        /// Short commit, how many files were changed, and the patched crates.
        what: &'a str,
    },
    /// Cargo has done its work.
    Built {
        /// `base` or `new`.
        side: &'a str,
        /// Short commit, how many files were changed, and the patched crates.
        what: &'a str,
        /// Time that it took.
        took: Duration,
    },
    /// A copy of a binary stands here.
    Kept {
        /// `base` or `new`.
        side: &'a str,
        /// Its path.
        path: &'a Path,
    },
}

/// Told of every [`Step`].
pub type Tell<'a> = &'a dyn Fn(Step);

/// Why there are no two builds to compare.
#[derive(Debug, thiserror::Error)]
pub enum AbError {
    /// A build was asked for where inflight's sources are not.
    #[error(
        "`inflight ab` builds inflight from a git checkout of its sources, and {found}; name a \
         checkout with --source DIR, or clone inflight and go there, or give binaries (--base-bin, \
         --new-bin)"
    )]
    NoSources {
        /// Description of the place where they are not.
        found: String,
    },
    /// The repository has no such commit.
    #[error("{given}: git knows no such commit; `git log --oneline` lists some")]
    NoCommit {
        /// The option with the revision, as typed.
        given: String,
    },
    /// A crate cannot be patched.
    #[error("{option} {name}: {error}")]
    Patch {
        /// `--patch` or `--base-patch`.
        option: &'static str,
        /// The crate.
        name: String,
        /// Why.
        error: PatchError,
    },
    /// Cargo finds no set of crates with the patched ones.
    #[error("{side}: cargo cannot put the patched crates into Cargo.lock; its last lines:\n{said}")]
    Resolve {
        /// `base` or `new`.
        side: String,
        /// The end of what cargo said.
        said: String,
    },
    /// Git would not.
    #[error("{side}: {what}: git said: {said}")]
    Git {
        /// `base` or `new`.
        side: String,
        /// The step that failed.
        what: &'static str,
        /// Message of git.
        said: String,
    },
    /// A program that is needed cannot be started.
    #[error("{program} cannot be started: {error}; is it installed?")]
    Start {
        /// The program.
        program: String,
        /// Error of the system.
        error: io::Error,
    },
    /// Cargo failed.
    #[error(
        "{side} ({what}) cannot be built: cargo ended with {status}; its last lines, of {}:\n{last}",
        .log.display()
    )]
    Build {
        /// `base` or `new`.
        side: String,
        /// Short commit, and how many files were changed.
        what: String,
        /// Exit status of cargo.
        status: String,
        /// The whole of what it said, kept.
        log: PathBuf,
        /// The end of it.
        last: String,
    },
    /// The built binary says that it is something else.
    #[error(
        "{side}: the built binary says that it is {found}, not {wanted}; use another --target-dir"
    )]
    Mixed {
        /// `base` or `new`.
        side: String,
        /// Short name of the build.
        found: String,
        /// Short commit, how many files were changed, and the patched crates.
        wanted: String,
    },
    /// A binary cannot be read.
    #[error("{side}: {error}")]
    Binary {
        /// `base` or `new`.
        side: String,
        /// Error of the system, with the path.
        error: io::Error,
    },
    /// The binary did not say who it is.
    #[error("{side} ({what}): {error}")]
    Hello {
        /// `base` or `new`.
        side: String,
        /// Where it is from.
        what: String,
        /// Why.
        error: HelloError,
    },
    /// A comparison of given binaries is to go on.
    #[error("{side} was a given binary; give it again: --{side}-bin PATH")]
    BinaryNeeded {
        /// `base` or `new`.
        side: String,
    },
    /// A comparison of patched crates is to go on.
    #[error("{side} was built with patched crates; give them again: {options}")]
    PatchesNeeded {
        /// `base` or `new`.
        side: String,
        /// The options.
        options: String,
    },
    /// A comparison is to go on with something else than it began with.
    #[error(
        "{side} is not what it was: the recording has {recorded}, this is {found}; {hint}, or \
         record anew"
    )]
    Other {
        /// `base` or `new`.
        side: String,
        /// The build of the record.
        recorded: String,
        /// The build at hand.
        found: String,
        /// Advice on how to get the build of the record.
        hint: &'static str,
    },
    /// The system refused to read or write.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Someone asked to stop.
    #[error("interrupted; nothing was recorded")]
    Stopped,
}

impl AbError {
    /// The exit code that a command has to end with.
    pub fn exit(&self) -> Exit {
        match self {
            AbError::Patch { error: PatchError::NotUsed { .. } | PatchError::Edited, .. } => {
                Exit::BadInput
            }
            AbError::NoSources { .. }
            | AbError::NoCommit { .. }
            | AbError::Patch { .. }
            | AbError::PatchesNeeded { .. }
            | AbError::BinaryNeeded { .. } => Exit::Usage,
            AbError::Build { .. }
            | AbError::Resolve { .. }
            | AbError::Mixed { .. }
            | AbError::Other { .. } => Exit::BadInput,
            AbError::Hello { error: HelloError::Start(_), .. } => Exit::Io,
            AbError::Hello { .. } => Exit::BadInput,
            AbError::Git { .. }
            | AbError::Start { .. }
            | AbError::Binary { .. }
            | AbError::Io(_) => Exit::Io,
            AbError::Stopped => Exit::Interrupted,
        }
    }
}

/// Two builds, ready to run. Their files go when this is dropped.
#[derive(Debug)]
pub struct Builds {
    /// Sides as a manifest lists them, base first.
    pub sides: Vec<Side>,
    /// Their binaries, in the same order.
    pub binaries: Vec<PathBuf>,
    /// Holds the binaries.
    _dir: tempfile::TempDir,
}

impl Builds {
    /// Builds what has to be built, and asks both binaries who they are.
    ///
    /// Runs git and cargo in inflight's repository, and git in those of patched crates. Everything
    /// that is written stands in one temporary folder, which goes with the result or with the error,
    /// as do git's worktrees; only the log of a failed build stays.
    ///
    /// # Errors
    ///
    /// If a side cannot be built or found, cannot be started, is no inflight, or does not speak the
    /// [protocol](crate::protocol) of this one; or if `stop` was set in the meantime.
    pub fn prepare(
        wanted: [&Wanted; 2],
        options: &Options,
        stop: &AtomicBool,
        tell: Tell,
    ) -> Result<Builds, AbError> {
        let dir = tempfile::Builder::new().prefix("inflight-ab-").tempdir()?;
        let mut workshop = Workshop::new(dir.path(), options, stop, tell);
        // A slip of the pen is told before some minutes are spent on the other side.
        let patches = [workshop.check(SIDES[0], wanted[0])?, workshop.check(SIDES[1], wanted[1])?];
        // What takes no time comes first, then crates where they stand: they may be edited while the
        // other side is built. Then what may not compile: a commit did once.
        let mut order = [0, 1];
        order.sort_by_key(|&side| match (&wanted[side].source, &patches[side]) {
            (Source::Binary(_), _) => 0,
            (_, Some(patches)) if patches.are_in_place() => 1,
            (Source::WorkingTree, _) => 2,
            (Source::Revision(_), _) => 3,
        });
        let mut made = Vec::new();
        for side in order {
            let source = &wanted[side].source;
            made.push((side, workshop.side(SIDES[side], source, patches[side].as_ref())?));
        }
        made.sort_by_key(|(side, _)| *side);
        let (sides, binaries) = made.into_iter().map(|(_, made)| made).unzip();
        Ok(Builds { sides, binaries, _dir: dir })
    }

    /// Checks that these are the builds that a recording began with.
    ///
    /// # Errors
    ///
    /// With the first side that is another.
    pub fn are_those_of(&self, recorded: &[Side]) -> Result<(), AbError> {
        for (side, was) in self.sides.iter().zip(recorded) {
            let given_again = (&was.origin, &side.origin) == (&Origin::Binary, &Origin::Binary);
            if side.build == was.build && (!given_again || side.binary == was.binary) {
                continue;
            }
            let hint = match was.origin {
                Origin::Binary => "give the same binary",
                _ if side.build.patched != was.build.patched => "give the same patched crates",
                Origin::Revision(_) => "use the same compiler",
                Origin::WorkingTree if was.build.dirty.is_none() => "use the same compiler",
                Origin::WorkingTree => "bring the working tree back to what it was",
            };
            let words = |side: &Side| {
                let Build { dirty, rustc, profile, patched, .. } = &side.build;
                let changes = dirty.as_ref().map_or(String::new(), |d| format!(" (changes {d})"));
                let patched = patched.as_ref().map_or(String::new(), |p| format!(", with {p}"));
                let (short, binary) = (side.build.short_commit(), &side.binary);
                format!("{short}{changes}{patched}, {profile}, {rustc}, file {binary}")
            };
            return Err(AbError::Other {
                side: side.name.clone(),
                recorded: words(was),
                found: words(side),
                hint,
            });
        }
        Ok(())
    }
}
