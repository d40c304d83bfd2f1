//! The section that compares two builds.

use crate::diff::{self, Contest};
use crate::page::{Block, Figure, Words, code, heading, words};
use crate::record::{Build, Origin, RecordError, Side};

use super::facts::Facts;

/// Differences of the builds, and which of them the page is about, where the recording has several.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let [base, new] = facts.whole.manifest.builds.as_slice() else { return Ok(Vec::new()) };
    let contests = Contest::by_build(facts.whole).unwrap_or_default();
    let diffs = diff::compare(&contests, &diff::Options::default());
    let mut out = vec![heading(2, format!("{} against {}", new.name, base.name))];
    out.extend(diffs.iter().flat_map(diff::blocks));
    for diff in &diffs {
        let alt = "Ratio of every cell, new build to base, with its interval".to_owned();
        out.push(Figure { alt, ..Figure::new(diff::chart(diff), []) }.into());
    }
    let named = |side: &Side| words!((code(&side.name)) " (" (code(side.build.short())) ")");
    out.push(Block::from(words!(
        "This recording compares two builds of inflight, " (named(base)) " and " (named(new))
        ", in the same blocks. From here on, where nothing else is said, this page shows the trials of "
        (code(&new.name)) "."
    )));
    Ok(out)
}

/// A side of a comparison in one line.
pub(super) fn describe(side: &Side) -> Words {
    let origin = match &side.origin {
        Origin::Revision(revision) => words!("revision "(code(revision))),
        other => other.into(),
    };
    let Side { build, binary, .. } = side;
    words!(
        (commit(build)) "; from " origin "; " (compiler(build)) "; lock " (code(&build.lock))
        "; file " (code(binary))
    )
}

/// Version and commit.
pub(super) fn commit(build: &Build) -> Words {
    let commit = build.commit.as_ref().map_or_else(|| "unknown commit".into(), code);
    let dirty = match &build.dirty {
        Some(digest) => words!(" with changes that are not committed (digest " (code(digest)) ")"),
        None => Words::default(),
    };
    let patched = match &build.patched {
        Some(patched) => words!(", with the patched crates "(code(patched))),
        None => Words::default(),
    };
    words!("inflight " (&build.version) ", " commit dirty patched)
}

/// Compiler and profile.
pub(super) fn compiler(build: &Build) -> Words {
    words!((&build.rustc) ", profile " (code(&build.profile)))
}
