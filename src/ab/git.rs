//! Repositories: their commits, their working trees, and worktrees of them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use fs_err as fs;
use sha2::{Digest, Sha256};

use super::AbError;
use super::call::{NotCalled, call};
use crate::units::hex;

/// Variables that a git hook sets for its programs: they would send ours to another repository.
pub(super) const HOOK_VARIABLES: [&str; 5] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"];

/// A repository with a working tree.
pub(super) struct Repository<'a> {
    /// Top folder of the working tree.
    pub(super) root: PathBuf,
    /// The folder that was asked for, from the root.
    pub(super) prefix: PathBuf,
    stop: &'a AtomicBool,
}

/// A folder with the files of one commit. It is removed when this is dropped.
pub(super) struct Worktree {
    root: PathBuf,
    path: PathBuf,
}

impl<'a> Repository<'a> {
    /// The repository that a folder is in, if it is in one.
    pub(super) fn of(
        folder: &Path,
        side: &str,
        stop: &'a AtomicBool,
    ) -> Result<Option<Repository<'a>>, AbError> {
        let there = Repository { root: folder.to_owned(), prefix: PathBuf::new(), stop };
        match there.git(&["rev-parse", "--show-toplevel", "--show-prefix"])? {
            Ok(said) => {
                let mut lines = said.split(|&b| b == b'\n').map(path_of);
                let mut line = || lines.next().unwrap_or_default();
                Ok(Some(Repository { root: line(), prefix: line(), stop }))
            }
            Err(said) if said.contains("not a git repository") => Ok(None),
            Err(said) => Err(git_error(side, "cannot look into the repository")(said)),
        }
    }

    /// The whole name of a revision's commit. `given` is the revision as it was typed.
    pub(super) fn commit(&self, given: &str, revision: &str) -> Result<String, AbError> {
        let commit = format!("{revision}^{{commit}}");
        match self.git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])? {
            Ok(commit) => Ok(String::from_utf8_lossy(&commit).trim().to_owned()),
            Err(_) => Err(AbError::NoCommit { given: given.to_owned() }),
        }
    }

    /// Whether git knows a file of the folder that was asked for.
    pub(super) fn tracks(&self, file: &str) -> Result<bool, AbError> {
        let path = self.prefix.join(file);
        let list = ["ls-files", "--error-unmatch", "--"].map(OsStr::new);
        Ok(self.git(&[&list[..], &[path.as_os_str()]].concat())?.is_ok())
    }

    /// Digest of the changes against `HEAD`, if there are any.
    pub(super) fn dirty(&self, side: &str) -> Result<Option<String>, AbError> {
        let changes = self.changes(side)?;
        if changes.is_empty() {
            return Ok(None);
        }
        Ok(Some(digest(&self.root, changes)?))
    }

    /// Checks a commit out at `path`, which must not exist.
    pub(super) fn worktree(
        &self,
        side: &str,
        path: &Path,
        commit: &str,
    ) -> Result<Worktree, AbError> {
        // Made first: what git has begun is removed too if it fails.
        let tree = Worktree { root: self.root.clone(), path: path.to_owned() };
        let add = ["worktree", "add", "--quiet", "--detach"].map(OsStr::new);
        let arguments = [&add[..], &[path.as_os_str(), OsStr::new(commit)]].concat();
        self.git(&arguments)?.map_err(git_error(side, "cannot check it out"))?;
        Ok(tree)
    }

    /// The files of the working tree that differ from `HEAD` or are not in it, those left out that
    /// git ignores.
    pub(super) fn changes(&self, side: &str) -> Result<Vec<PathBuf>, AbError> {
        let mut changes = Vec::new();
        let lists: [&[&str]; 2] = [
            &["diff", "--name-only", "--no-renames", "-z", "HEAD"],
            &["ls-files", "--others", "--exclude-standard", "-z"],
        ];
        for list in lists {
            let names = self.git(list)?.map_err(git_error(side, "cannot list the changes"))?;
            changes.extend(names.split(|&b| b == 0).filter(|n| !n.is_empty()).map(path_of));
        }
        Ok(changes)
    }

    /// Hides a file of a worktree from git, so that its change does not make the commit *dirty*.
    pub(super) fn hide(&self, side: &str, tree: &Worktree, file: &str) -> Result<(), AbError> {
        let tree = Repository { root: tree.path.clone(), prefix: PathBuf::new(), stop: self.stop };
        let hidden = tree.git(&["update-index", "--assume-unchanged", "--", file])?;
        hidden.map(drop).map_err(git_error(side, "cannot hide a change"))
    }

    /// Output of git, or its message when it fails.
    fn git(&self, arguments: &[impl AsRef<OsStr>]) -> Result<Result<Vec<u8>, String>, AbError> {
        let mut command = git(&self.root);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        match call(&mut command, self.stop, None) {
            Ok(called) if called.status.success() => Ok(Ok(called.stdout)),
            Ok(called) => Ok(Err(String::from_utf8_lossy(&called.stderr).trim().to_owned())),
            Err(NotCalled::Start(error)) => {
                Err(AbError::Start { program: "git".to_owned(), error })
            }
            Err(NotCalled::Stopped | NotCalled::TooLong) => Err(AbError::Stopped),
        }
    }
}

impl Worktree {
    /// Its folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        // Not to be stopped: this is what someone who asks to stop waits for.
        let never = AtomicBool::new(false);
        let git_does = |arguments: &[&OsStr]| {
            let mut command = git(&self.root);
            command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
            call(&mut command, &never, None).is_ok_and(|called| called.status.success())
        };
        let remove = ["worktree", "remove", "--force"].map(OsStr::new);
        if !git_does(&[&remove[..], &[self.path.as_os_str()]].concat()) {
            // Without its folder git forgets it. There is nobody to tell if that fails: the folder
            // is a temporary one.
            let _ = fs::remove_dir_all(&self.path);
            git_does(&["worktree", "prune"].map(OsStr::new));
        }
    }
}

/// Git in a folder, without hooks: a checkout of ours is nobody's business.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "core.hooksPath=/dev/null"]).env("LC_ALL", "C");
    for variable in HOOK_VARIABLES {
        command.env_remove(variable);
    }
    command
}

fn git_error(side: &str, what: &'static str) -> impl FnOnce(String) -> AbError {
    let side = side.to_owned();
    move |said| AbError::Git { side, what, said }
}

/// Digest of files under a folder: their names and contents.
pub(super) fn digest(root: &Path, mut files: Vec<PathBuf>) -> std::io::Result<String> {
    files.sort();
    let mut all = Sha256::new();
    for file in files {
        let path = root.join(&file);
        let (kind, content) = match path.symlink_metadata() {
            Err(_) => ("gone", Vec::new()),
            Ok(kind) if kind.is_dir() => ("folder", Vec::new()),
            Ok(kind) if kind.is_symlink() => {
                ("link", fs::read_link(&path)?.as_os_str().as_encoded_bytes().to_owned())
            }
            Ok(_) => ("file", fs::read(&path)?),
        };
        for part in [file.as_os_str().as_encoded_bytes(), kind.as_bytes(), &content] {
            all.update(Sha256::digest(part));
        }
    }
    Ok(hex(&all.finalize()[..8]))
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// Puts a file, a link, or the lack of either, in the place of another. A folder in this place is
/// a repository of its own (a submodule), which stays as the commit has it.
pub(super) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let Ok(kind) = from.symlink_metadata() else {
        return match to.symlink_metadata() {
            Ok(_) => fs::remove_file(to),
            Err(_) => Ok(()),
        };
    };
    if kind.is_dir() {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if to.symlink_metadata().is_ok_and(|there| !there.is_dir()) {
        fs::remove_file(to)?;
    }
    #[cfg(unix)]
    if kind.is_symlink() {
        return fs_err::os::unix::fs::symlink(fs::read_link(from)?, to);
    }
    fs::copy(from, to).map(drop)
}
