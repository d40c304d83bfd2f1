//! Crates of local folders that replace those from crates.io.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::AtomicBool;

use fs_err as fs;

use super::AbError;
use super::git::{Repository, Worktree, digest};
use crate::record::{Patch, patch_option};

/// A crate of a local folder, as typed: `CRATE=PATH`, or `CRATE=PATH@REV` for a commit of its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchSource {
    /// Name of the crate.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// Revision of the folder's repository; the folder as it stands without one.
    pub revision: Option<String>,
}

impl FromStr for PatchSource {
    type Err = String;

    fn from_str(text: &str) -> Result<PatchSource, String> {
        let parts =
            text.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty());
        let Some((name, path)) = parts else {
            return Err("write CRATE=PATH or CRATE=PATH@REV, as in ureq=../ureq@main".to_owned());
        };
        // A folder may have an `@` in its name, and so may a revision (`HEAD@{1}`).
        let mut ends = [path.len()].into_iter().chain(path.match_indices('@').map(|(at, _)| at));
        let Some(end) = ends.find(|&end| Path::new(&path[..end]).is_dir()) else {
            let folder = path.split('@').next().unwrap_or_default();
            return Err(format!("there is no folder {folder}"));
        };
        let revision = path[end..].strip_prefix('@').map(str::to_owned);
        if revision.as_deref() == Some("") {
            return Err("a revision is missing behind the `@`".to_owned());
        }
        Ok(PatchSource { name: name.to_owned(), folder: path[..end].into(), revision })
    }
}

/// Why a crate cannot be patched.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// Two patches of one crate on one side.
    #[error("it is given twice; a side has one version of a crate")]
    Twice,
    /// Another crate, or none.
    #[error("{folder} has {found}; give the folder that has the crate's Cargo.toml{hint}")]
    NoCrate {
        /// The folder as typed, with the revision.
        folder: String,
        /// The package that is there.
        found: String,
        /// Where the crate is, if it was found nearby.
        hint: String,
    },
    /// A revision of a folder that has none.
    #[error("{folder} is in no git repository; leave out `@{revision}`")]
    NoHistory {
        /// The folder as typed.
        folder: String,
        /// The revision as typed.
        revision: String,
    },
    /// A name that the lock file does not have.
    #[error(
        "inflight does not depend on a crate of this name from crates.io{hint}; `cargo tree -e normal` \
         in its folder lists those that it does"
    )]
    NoDependency {
        /// The name that may have been meant.
        hint: String,
    },
    /// Cargo keeps the version of crates.io.
    #[error(
        "cargo does not use version {version} of the folder instead of {locked}: give a revision of \
         that version (PATH@REV), set `version = \"{locked}\"` in the crate's Cargo.toml, or allow \
         {version} in the Cargo.toml of inflight{said}"
    )]
    NotUsed {
        /// The version of the folder.
        version: String,
        /// The version of the lock file.
        locked: String,
        /// The words of cargo, if it had any.
        said: String,
    },
    /// The binary does without it.
    #[error(
        "nothing of it is in inflight's binary: only tests, another system or a feature that is off \
         need it; patch a crate of `cargo tree -e normal`"
    )]
    NotLinked,
    /// Sources that changed while they were built.
    #[error("its files changed while it was built; leave them alone, or give a commit (PATH@REV)")]
    Edited,
}

/// A folder with the sources of a crate. What was checked out for it goes when this is dropped.
pub(super) struct Crate {
    pub(super) name: String,
    /// Absolute.
    pub(super) folder: PathBuf,
    identity: Identity,
    /// The checkout of its revision, if it has one.
    pub(super) tree: Option<Worktree>,
}

/// Identity of a crate's sources.
#[derive(PartialEq, Eq)]
struct Identity {
    commit: Option<String>,
    dirty: Option<String>,
}

impl Crate {
    /// Finds the sources of a crate for a side; checks its revision out under `dir`, if it has one.
    pub(super) fn open(
        source: &PatchSource,
        side: &str,
        dir: &Path,
        stop: &AtomicBool,
    ) -> Result<Crate, AbError> {
        let PatchSource { name, folder, revision } = source;
        let at = revision.as_ref().map(|revision| format!("@{revision}")).unwrap_or_default();
        let given = format!("{}{at}", folder.display());
        let fail = |error| Err(patch_error(side, name, error));
        let found = match revision {
            None => {
                let folder = fs::canonicalize(folder)?;
                let identity = identity(&folder, side, stop)?;
                Crate { name: name.clone(), folder, identity, tree: None }
            }
            Some(revision) => {
                let Some(repository) = Repository::of(folder, side, stop)? else {
                    let (folder, revision) = (folder.display().to_string(), revision.clone());
                    return fail(PatchError::NoHistory { folder, revision });
                };
                let typed = format!("{} {name}={given}", patch_option(side));
                let commit = repository.commit(&typed, revision)?;
                let tree =
                    repository.worktree(side, &dir.join(format!("{side}-{name}")), &commit)?;
                let folder = fs::canonicalize(tree.path())?.join(&repository.prefix);
                // Without the slash that an empty prefix leaves.
                let folder = folder.components().collect();
                let identity = Identity { commit: Some(commit), dirty: None };
                Crate { name: name.clone(), folder, identity, tree: Some(tree) }
            }
        };
        let there = package_name(&found.folder);
        if there.as_ref() == Some(name) {
            return Ok(found);
        }
        let nearby = [name.clone(), format!("crates/{name}")];
        let nearby =
            nearby.iter().find(|sub| package_name(&found.folder.join(sub)).as_ref() == Some(name));
        fail(PatchError::NoCrate {
            folder: given,
            found: match there {
                Some(other) => format!("the crate `{other}`"),
                None => "no Cargo.toml of a crate".to_owned(),
            },
            hint: nearby.map_or(String::new(), |sub| {
                format!(": {name}={}{at}", folder.join(sub).display())
            }),
        })
    }

    /// Describes it for a record.
    pub(super) fn patch(&self, version: String) -> Patch {
        let Identity { commit, dirty } = &self.identity;
        Patch { name: self.name.clone(), version, commit: commit.clone(), dirty: dirty.clone() }
    }

    /// The setting that makes cargo use it: `[patch.crates-io]` without an edit of `Cargo.toml`, which
    /// would make the commit *dirty* and its digest one of this folder's path.
    pub(super) fn setting(&self) -> String {
        let path = toml_edit::Value::from(self.folder.to_string_lossy().into_owned());
        format!("patch.crates-io.{}.path={path}", self.name)
    }

    /// Checks that the sources did not change since they were opened.
    pub(super) fn is_as_it_was(&self, side: &str, stop: &AtomicBool) -> Result<(), AbError> {
        // A checkout is nobody else's.
        if self.tree.is_some() || identity(&self.folder, side, stop)? == self.identity {
            return Ok(());
        }
        Err(patch_error(side, &self.name, PatchError::Edited))
    }
}

/// An error of a patch, with the option that gave it.
pub(super) fn patch_error(side: &str, name: &str, error: PatchError) -> AbError {
    AbError::Patch { option: patch_option(side), name: name.to_owned(), error }
}

/// The identity of a folder as it stands. A repository around it counts only if it knows the crate: one
/// that ignores the folder says nothing of it.
fn identity(folder: &Path, side: &str, stop: &AtomicBool) -> Result<Identity, AbError> {
    if let Some(repository) = Repository::of(folder, side, stop)?
        && repository.tracks("Cargo.toml")?
        && let Ok(commit) = repository.commit("HEAD", "HEAD")
    {
        return Ok(Identity { commit: Some(commit), dirty: repository.dirty(side)? });
    }
    Ok(Identity { commit: None, dirty: Some(digest(folder, files_of(folder)?)?) })
}

/// The files of a folder, without those of git and of builds.
fn files_of(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut left = vec![PathBuf::new()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = folder.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                files.push(name);
            } else if name != Path::new("target") && name != Path::new(".git") {
                left.push(name);
            }
        }
    }
    Ok(files)
}

/// The name of the package that a folder has the `Cargo.toml` of.
pub(crate) fn package_name(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let document: toml_edit::DocumentMut = text.parse().ok()?;
    Some(document.get("package")?.get("name")?.as_str()?.to_owned())
}
