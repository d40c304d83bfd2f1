//! Removing a recording.

use std::path::Path;

use fs_err as fs;

use super::write::lock;
use super::{MANIFEST, PLAN, RecordError};

/// Checks that a folder is a recording that may be removed.
///
/// # Errors
///
/// If it is none, is a link to one, or if a process writes it.
pub fn check_removable(dir: &Path) -> Result<(), RecordError> {
    held(dir).map(|_| ())
}

/// Removes a recording. It is first moved out of the sight of everything that lists recordings, so that what
/// an interruption leaves is a hidden folder and never half a recording.
///
/// # Errors
///
/// As [`check_removable`], or if the system says no.
pub fn remove(dir: &Path) -> Result<(), RecordError> {
    // Held until the end: nobody goes on with it meanwhile.
    let _lock = held(dir)?;
    let dir = dir.canonicalize()?;
    let parent = dir.parent().unwrap_or(Path::new("."));
    let hidden = tempfile::Builder::new().prefix(".removed-").tempdir_in(parent)?;
    fs::rename(&dir, hidden.path().join("recording"))?;
    Ok(hidden.close()?)
}

/// The lock of a recording; a damaged one may have nothing to lock.
fn held(dir: &Path) -> Result<Option<fs::File>, RecordError> {
    if !dir.join(MANIFEST).is_file() {
        return Err(RecordError::NotARecording(dir.to_owned()));
    }
    if fs::symlink_metadata(dir)?.is_symlink() {
        let what = "is a link; name the recording that it leads to".to_owned();
        return Err(RecordError::Elsewhere { recording: dir.to_owned(), what });
    }
    if !dir.join(PLAN).is_file() {
        return Ok(None);
    }
    lock(dir).map(Some)
}
