//! What was built from what.

use crate::record::{Build, Origin, Side};

use super::facts::Facts;
use super::markdown::{code, text};

/// Which build the page is about, where the recording has several.
pub(super) fn note(whole: &Facts) -> Option<String> {
    let [base, new] = whole.recording.manifest.builds.as_slice() else { return None };
    Some(format!(
        "This recording compares two builds of inflight, {} and {}, in the same blocks. Where \
         nothing else is said, this page shows the trials of {}.",
        named(base),
        named(new),
        code(&new.name)
    ))
}

fn named(side: &Side) -> String {
    format!("{} ({})", code(&side.name), code(&side.build.short()))
}

/// A side of a comparison in one line.
pub(super) fn describe(side: &Side) -> String {
    let origin = match &side.origin {
        Origin::Revision(revision) => format!("revision {}", code(revision)),
        other => text(&other.to_string()),
    };
    let Side { build, binary, .. } = side;
    format!(
        "{}; from {origin}; {}; lock {}; file {}",
        commit(build),
        compiler(build),
        code(&build.lock),
        code(binary)
    )
}

/// Version and commit.
pub(super) fn commit(build: &Build) -> String {
    let commit = build.commit.as_deref().map_or_else(|| "unknown commit".to_owned(), code);
    let dirty = match &build.dirty {
        Some(digest) => format!(" with changes that are not committed (digest {})", code(digest)),
        None => String::new(),
    };
    format!("inflight {}, {commit}{dirty}", text(&build.version))
}

/// Compiler and profile.
pub(super) fn compiler(build: &Build) -> String {
    format!("{}, profile {}", text(&build.rustc), code(&build.profile))
}
