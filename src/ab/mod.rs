//! Two builds of inflight for one interleaved run: found or built, asked who they are, and kept
//! where nothing replaces them while they run.
//!
//! ```text
//! Source (revision, working tree, binary) ─git, build→ binary ─hello→ Build ─→ Side + its binary
//! ```
//!
//! Only the *client* of a trial is of the build that is compared. The delay server is always this
//! binary's own, so that both sides meet the same server, and a difference is the client's.

mod build;
mod call;
mod git;
mod hello;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use fs_err as fs;
use sha2::{Digest, Sha256};

use crate::exit::Exit;
use crate::record::{Build, Origin, Side};
use crate::units::hex;
use build::{Built, Compiler};
use git::{Repository, Worktree};

pub use hello::{HELLO_COMMAND, Hello, HelloError};

/// Names of the sides, in their order.
pub const SIDES: [&str; 2] = ["base", "new"];

/// Source of a side of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A commit of the repository that the current folder is in.
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

/// Options of a build: where it is made, and what is kept.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Build both sides here, one after the other, and leave it there: what they have in common is
    /// compiled once. Each side has a target directory of its own otherwise.
    pub target_dir: Option<PathBuf>,
    /// Leave copies of both binaries in this folder.
    pub keep: Option<PathBuf>,
}

/// Something that a person who waits may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Cargo is at work on a side.
    Building {
        /// `base` or `new`.
        side: &'a str,
        /// Short commit, and how many files were changed.
        what: &'a str,
    },
    /// Cargo has done its work.
    Built {
        /// `base` or `new`.
        side: &'a str,
        /// Short commit, and how many files were changed.
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
    /// A build was asked for outside of a repository.
    #[error(
        "{side}: there is no git repository here to build from ({said}); go to a checkout of \
         inflight, or give binaries (--base-bin, --new-bin)"
    )]
    NoRepository {
        /// `base` or `new`.
        side: String,
        /// Message of git.
        said: String,
    },
    /// The repository has no such commit.
    #[error("--{side} {revision}: git knows no such commit; `git log --oneline` lists some")]
    NoCommit {
        /// `base` or `new`.
        side: String,
        /// The revision as named.
        revision: String,
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
        /// Short commit.
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
            AbError::NoRepository { .. }
            | AbError::NoCommit { .. }
            | AbError::BinaryNeeded { .. } => Exit::Usage,
            AbError::Build { .. } | AbError::Mixed { .. } | AbError::Other { .. } => Exit::BadInput,
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
    /// Runs git and cargo in the repository of the current folder. Everything that is written
    /// stands in one temporary folder, which goes with the result or with the error, as do git's
    /// worktrees; only the log of a failed build stays.
    ///
    /// # Errors
    ///
    /// If a side cannot be built or found, cannot be started, is no inflight, or does not speak the
    /// [protocol](crate::protocol) of this one; or if `stop` was set in the meantime.
    pub fn prepare(
        sources: [&Source; 2],
        options: &Options,
        stop: &AtomicBool,
        tell: Tell,
    ) -> Result<Builds, AbError> {
        let dir = tempfile::Builder::new().prefix("inflight-ab-").tempdir()?;
        let mut workshop = Workshop { dir: dir.path(), options, stop, tell, made: Vec::new() };
        for (name, source) in SIDES.into_iter().zip(sources) {
            // A slip of the pen is told before some minutes are spent on the other side.
            if let Source::Revision(revision) = source {
                Repository::here(name, stop)?.commit(name, revision)?;
            }
        }
        // What takes no time comes first, then the working tree: it is wanted as it stands, and may
        // be edited while the other side is built.
        let mut order = [0, 1];
        order.sort_by_key(|&side| match sources[side] {
            Source::Binary(_) => 0,
            Source::WorkingTree => 1,
            Source::Revision(_) => 2,
        });
        let mut made = Vec::new();
        for side in order {
            made.push((side, workshop.side(SIDES[side], sources[side])?));
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
                Origin::Revision(_) => "use the same compiler",
                Origin::WorkingTree if was.build.dirty.is_none() => "use the same compiler",
                Origin::WorkingTree => "bring the working tree back to what it was",
            };
            let words = |side: &Side| {
                let Build { dirty, rustc, profile, .. } = &side.build;
                let changes = dirty.as_ref().map_or(String::new(), |d| format!(" (changes {d})"));
                let (short, binary) = (side.build.short(), &side.binary);
                format!("{short}{changes}, {profile}, {rustc}, file {binary}")
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

/// State of making the sides.
struct Workshop<'a> {
    dir: &'a Path,
    options: &'a Options,
    stop: &'a AtomicBool,
    tell: Tell<'a>,
    /// Commits that were built already, and their binaries: a commit against itself is one build.
    made: Vec<(String, PathBuf)>,
}

impl Workshop<'_> {
    fn side(&mut self, name: &str, source: &Source) -> Result<(Side, PathBuf), AbError> {
        let binary = self.dir.join(name);
        let (what, commit) = match source {
            Source::Binary(given) => {
                // A copy: the file may be replaced while it runs, by the next build for one.
                let at_hand = |error| AbError::Binary { side: name.to_owned(), error };
                fs::copy(given, &binary).map_err(at_hand)?;
                (given.display().to_string(), None)
            }
            Source::Revision(revision) => self.made_of(name, Some(revision), &binary)?,
            Source::WorkingTree => self.made_of(name, None, &binary)?,
        };
        let build = hello::ask(&binary, self.stop).map_err(|error| match error {
            HelloError::Stopped => AbError::Stopped,
            error => AbError::Hello { side: name.to_owned(), what, error },
        })?;
        if let Some(commit) = commit.filter(|c| build.commit.as_ref() != Some(c)) {
            let wanted = short(&commit);
            return Err(AbError::Mixed { side: name.to_owned(), found: build.short(), wanted });
        }
        let digest = hex(&Sha256::digest(fs::read(&binary)?)[..8]);
        if let Some(folder) = &self.options.keep {
            fs::create_dir_all(folder)?;
            let path = folder.join(format!("{name}-{}", build.short()));
            fs::copy(&binary, &path)?;
            (self.tell)(Step::Kept { side: name, path: &path });
        }
        let origin = source.origin();
        Ok((Side { name: name.to_owned(), build, origin, binary: digest }, binary))
    }

    /// Makes the binary of a revision, or else of the working tree. Returns what it is made of: in
    /// words, and the commit.
    fn made_of(
        &mut self,
        side: &str,
        revision: Option<&str>,
        to: &Path,
    ) -> Result<(String, Option<String>), AbError> {
        let repository = Repository::here(side, self.stop)?;
        let commit = repository.commit(side, revision.unwrap_or("HEAD"))?;
        let changes = match revision {
            Some(_) => Vec::new(),
            None => repository.changes(side)?,
        };
        let what = match changes.len() {
            0 => short(&commit),
            1 => format!("{} with a changed file", short(&commit)),
            n => format!("{} with {n} changed or new files", short(&commit)),
        };
        let made = self.made.iter().find(|(made, _)| changes.is_empty() && *made == commit);
        if let Some((_, made)) = made {
            fs::copy(made, to)?;
        } else {
            let tree = repository.worktree(side, &self.dir.join("tree"), &commit)?;
            repository.copy(&changes, &tree)?;
            self.build(side, &what, &tree, to)?;
            if changes.is_empty() {
                self.made.push((commit.clone(), to.to_owned()));
            }
        }
        Ok((what, Some(commit)))
    }

    /// Builds a tree, and copies its binary.
    fn build(&self, side: &str, what: &str, tree: &Worktree, to: &Path) -> Result<(), AbError> {
        let began = Instant::now();
        (self.tell)(Step::Building { side, what });
        let own = self.dir.join(format!("target-{side}"));
        let target_dir = match &self.options.target_dir {
            // Cargo runs in another folder.
            Some(shared) => std::path::absolute(shared)?,
            None => own.clone(),
        };
        let log = self.dir.join(format!("{side}.log"));
        let compiler = Compiler { tree: tree.path(), target_dir: &target_dir, log: &log };
        match compiler.build(self.stop)? {
            Built::Binary(binary) => drop(fs::copy(binary, to)?),
            Built::Failed(status) => {
                let (log, last) = build::keep_log(&log, &format!("inflight-ab-{side}-"))?;
                let (side, what) = (side.to_owned(), what.to_owned());
                return Err(AbError::Build { side, what, status, log, last });
            }
        }
        if own.exists() {
            // Some hundred megabytes that are of no use any more.
            fs::remove_dir_all(own)?;
        }
        (self.tell)(Step::Built { side, what, took: began.elapsed() });
        Ok(())
    }
}

fn short(commit: &str) -> String {
    commit.chars().take(8).collect()
}
