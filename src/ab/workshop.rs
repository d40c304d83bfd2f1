//! The place where the binaries of both sides are made.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use fs_err as fs;
use sha2::{Digest, Sha256};

use super::build::{Built, Compiler, keep_log};
use super::git::{Repository, Worktree, copy};
use super::lock::{LOCK, Locked, Resolver};
use super::patch::{Crate, package_name, patch_error};
use super::{
    AbError, HelloError, Options, PatchError, PatchSource, Source, Step, Tell, Wanted, hello,
};
use crate::record::{Patched, Side};
use crate::units::hex;

/// Where the sides are made.
pub(super) struct Workshop<'a> {
    dir: &'a Path,
    options: &'a Options,
    stop: &'a AtomicBool,
    tell: Tell<'a>,
    /// Commit of the working tree, and the files that differ from it. They are copied at the first look:
    /// both sides may be of the tree, which may be edited while one is built.
    working_tree: Option<(String, Vec<PathBuf>)>,
    /// Binaries of what was built already: a commit against itself is one build.
    made: Vec<(Made, PathBuf)>,
}

/// The crates of a side that replace those of its lock file, and the lock file with them.
pub(super) struct Patches {
    crates: Vec<Crate>,
    locked: Locked,
}

/// Commit, whether it has the changes of the working tree, and patches.
type Made = (String, bool, Option<Patched>);

/// A commit of inflight and the changes against it.
struct Tree<'a> {
    side: &'a str,
    repository: Repository<'a>,
    commit: String,
    /// Files that differ from the commit,
    changes: Vec<PathBuf>,
    /// and the folder with copies of them.
    changed: PathBuf,
}

impl<'a> Workshop<'a> {
    pub(super) fn new(
        dir: &'a Path,
        options: &'a Options,
        stop: &'a AtomicBool,
        tell: Tell<'a>,
    ) -> Workshop<'a> {
        Workshop { dir, options, stop, tell, working_tree: None, made: Vec::new() }
    }

    /// Finds what a side is to be built from, and lets cargo take its patches.
    pub(super) fn check(
        &mut self,
        side: &str,
        wanted: &Wanted,
    ) -> Result<Option<Patches>, AbError> {
        if let Source::Binary(_) = wanted.source {
            return Ok(None);
        }
        let tree = self.tree(side, &wanted.source)?;
        if wanted.patches.is_empty() {
            return Ok(None);
        }
        let mut sources: Vec<&PatchSource> = wanted.patches.iter().collect();
        sources.sort_by_key(|patch| &patch.name);
        if let Some(pair) = sources.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(patch_error(side, &pair[0].name, PatchError::Twice));
        }
        let open = |source| Crate::open(source, side, self.dir, self.stop);
        let crates = sources.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
        // Checked out anew for the build: cargo takes files that are older than another side's build for
        // the files of that build.
        let tree = tree.check_out(&self.dir.join("tree"))?;
        let resolver = Resolver { side, tree: tree.path(), crates: &crates, stop: self.stop };
        let locked = resolver.resolve()?;
        if !locked.patched.lock.is_empty() {
            (self.tell)(Step::Locked { side, changes: &locked.patched.lock });
        }
        Ok(Some(Patches { crates, locked }))
    }

    /// Makes or finds a binary, and asks it who it is.
    pub(super) fn side(
        &mut self,
        name: &str,
        source: &Source,
        patches: Option<&Patches>,
    ) -> Result<(Side, PathBuf), AbError> {
        let binary = self.dir.join(name);
        let (what, commit) = match source {
            Source::Binary(given) => {
                // A copy: the file may be replaced while it runs, by the next build for one.
                let at_hand = |error| AbError::Binary { side: name.to_owned(), error };
                fs::copy(given, &binary).map_err(at_hand)?;
                (given.display().to_string(), None)
            }
            source => self.made_of(name, source, patches, &binary)?,
        };
        let mut build = hello::ask(&binary, self.stop).map_err(|error| match error {
            HelloError::Stopped => AbError::Stopped,
            error => AbError::Hello { side: name.to_owned(), what: what.clone(), error },
        })?;
        if let Some(commit) = commit {
            let patched = patches.map(|patches| &patches.locked.patched);
            // An inflight that does not know patches says nothing of them.
            let is_patched_else = build.patched.is_some() && build.patched.as_ref() != patched;
            if build.commit != Some(commit) || is_patched_else {
                let found = build.short();
                return Err(AbError::Mixed { side: name.to_owned(), found, wanted: what });
            }
            build.patched = patched.cloned();
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

    /// Makes the binary of a revision or of the working tree. Returns what it is made of: in words, and
    /// the commit.
    fn made_of(
        &mut self,
        side: &str,
        source: &Source,
        patches: Option<&Patches>,
        to: &Path,
    ) -> Result<(String, Option<String>), AbError> {
        let tree = self.tree(side, source)?;
        let patched = patches.map(|patches| patches.locked.patched.clone());
        let mut what = match tree.changes.len() {
            0 => short(&tree.commit),
            1 => format!("{} with a changed file", short(&tree.commit)),
            n => format!("{} with {n} changed or new files", short(&tree.commit)),
        };
        for patch in patched.iter().flat_map(|patched| &patched.crates) {
            what += &format!(", {patch}");
        }
        let key = (tree.commit.clone(), !tree.changes.is_empty(), patched);
        if let Some((_, made)) = self.made.iter().find(|(made, _)| *made == key) {
            fs::copy(made, to)?;
        } else {
            let checkout = tree.check_out(&self.dir.join("tree"))?;
            if let Some(patches) = patches {
                // With changes of its own, a lock file makes the tree dirty as any file does.
                if !tree.changes.iter().any(|file| file == Path::new(LOCK)) {
                    tree.repository.hide(side, &checkout, LOCK)?;
                }
                fs::write(checkout.path().join(LOCK), &patches.locked.text)?;
            }
            self.build(side, &what, &checkout, patches, to)?;
            for patched in patches.iter().flat_map(|patches| &patches.crates) {
                patched.is_as_it_was(side, self.stop)?;
            }
            self.made.push((key, to.to_owned()));
        }
        Ok((what, Some(tree.commit)))
    }

    /// Finds the commit of a source, and what differs from it.
    fn tree<'s>(&mut self, side: &'s str, source: &Source) -> Result<Tree<'s>, AbError>
    where
        'a: 's,
    {
        let folder = self.options.source.as_deref();
        let here = folder.unwrap_or(Path::new("."));
        let place = folder.map_or("the current folder".to_owned(), |f| f.display().to_string());
        let Some(repository) = Repository::of(here, side, self.stop)? else {
            return Err(AbError::NoSources { found: format!("{place} is in no git repository") });
        };
        let found = match package_name(&repository.root) {
            Some(name) if name == env!("CARGO_PKG_NAME") => None,
            Some(name) => Some(format!("{place} is in a checkout of `{name}`")),
            None => Some(format!("{place} is in a checkout of something else")),
        };
        if let Some(found) = found {
            return Err(AbError::NoSources { found });
        }
        let changed = self.dir.join("changed");
        let commit = |revision: &str| repository.commit(&format!("--{side} {revision}"), revision);
        let (commit, changes) = match (source, &self.working_tree) {
            (Source::Revision(revision), _) => (commit(revision)?, Vec::new()),
            (_, Some(seen)) => seen.clone(),
            (_, None) => {
                let commit = commit("HEAD")?;
                let mut changes = repository.changes(side)?;
                changes.retain(|file| !is_folder(&repository.root.join(file)));
                for file in &changes {
                    copy(&repository.root.join(file), &changed.join(file))?;
                }
                self.working_tree.insert((commit, changes)).clone()
            }
        };
        Ok(Tree { side, repository, commit, changes, changed })
    }

    /// Builds a tree, and copies its binary.
    fn build(
        &self,
        side: &str,
        what: &str,
        tree: &Worktree,
        patches: Option<&Patches>,
        to: &Path,
    ) -> Result<(), AbError> {
        let began = Instant::now();
        (self.tell)(Step::Building { side, what });
        let own = self.dir.join(format!("target-{side}"));
        let target_dir = match &self.options.target_dir {
            // Cargo runs in another folder.
            Some(shared) => std::path::absolute(shared)?,
            None => own.clone(),
        };
        let log = self.dir.join(format!("{side}.log"));
        let compiler = Compiler {
            tree: tree.path(),
            target_dir: &target_dir,
            log: &log,
            crates: patches.map_or(&[], |patches| patches.crates.as_slice()),
            patched: patches.map(|patches| &patches.locked.patched),
        };
        match compiler.build(self.stop)? {
            Built::Binary(binary) => drop(fs::copy(binary, to)?),
            Built::Failed(status) => {
                let (log, last) = keep_log(&log, &format!("inflight-ab-{side}-"))?;
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

impl Tree<'_> {
    /// Checks it out at `path`, which must not exist.
    fn check_out(&self, path: &Path) -> Result<Worktree, AbError> {
        let tree = self.repository.worktree(self.side, path, &self.commit)?;
        for file in &self.changes {
            copy(&self.changed.join(file), &tree.path().join(file))?;
        }
        Ok(tree)
    }
}

impl Patches {
    /// Whether cargo reads a folder of the user.
    pub(super) fn are_in_place(&self) -> bool {
        self.crates.iter().any(|patched| patched.tree.is_none())
    }
}

/// Whether a path is a folder itself: a submodule, which stays as its commit has it.
fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|kind| kind.is_dir())
}

fn short(commit: &str) -> String {
    commit.chars().take(8).collect()
}
