//! The repository of the current folder: its commits, its working tree, and worktrees of them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use fs_err as fs;

use super::AbError;
use super::call::{NotCalled, call};

/// Variables that a git hook sets for its programs: they would send ours to another repository.
pub(super) const HOOK_VARIABLES: [&str; 5] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"];

/// A repository with a working tree.
pub(super) struct Repository<'a> {
    root: PathBuf,
    stop: &'a AtomicBool,
}

/// A folder with the files of one commit. It is removed when this is dropped.
pub(super) struct Worktree {
    root: PathBuf,
    path: PathBuf,
}

impl<'a> Repository<'a> {
    /// The repository of the current folder; `side` is named if there is none.
    pub(super) fn here(side: &str, stop: &'a AtomicBool) -> Result<Repository<'a>, AbError> {
        let here = Repository { root: PathBuf::from("."), stop };
        match here.git(&["rev-parse", "--show-toplevel"])? {
            Ok(root) => Ok(Repository { root: PathBuf::from(line(root)), stop }),
            Err(said) => Err(AbError::NoRepository { side: side.to_owned(), said }),
        }
    }

    /// The whole name of a revision's commit.
    pub(super) fn commit(&self, side: &str, revision: &str) -> Result<String, AbError> {
        let commit = format!("{revision}^{{commit}}");
        match self.git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])? {
            Ok(commit) => Ok(line(commit).to_string_lossy().into_owned()),
            Err(_) => {
                let (side, revision) = (side.to_owned(), revision.to_owned());
                Err(AbError::NoCommit { side, revision })
            }
        }
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

    /// Makes files of a worktree of `HEAD` what they are in the working tree.
    pub(super) fn copy(&self, changes: &[PathBuf], to: &Worktree) -> Result<(), AbError> {
        for name in changes {
            copy(&self.root.join(name), &to.path.join(name))?;
        }
        Ok(())
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

/// The first line of an output, which may be a path.
fn line(output: Vec<u8>) -> OsString {
    let end = output.iter().position(|&b| b == b'\n').unwrap_or(output.len());
    path_of(&output[..end]).into_os_string()
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
