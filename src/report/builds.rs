//! What was built from what.

use crate::chart::Drawing;
use crate::diff::{self, Contest, Diff};
use crate::record::{Build, Origin, Recording, Side};

use super::facts::Facts;
use super::markdown::{code, image, text};

/// The chart of the comparison, without number and ending.
pub(super) const CHART: &str = "builds";

/// What the builds differ by, and which of them the page is about, where the recording has several.
pub(super) fn section(whole: &Facts) -> Option<String> {
    let [base, new] = whole.recording.manifest.builds.as_slice() else { return None };
    let diffs = compared(whole.recording);
    let images: Vec<String> = charts(whole.recording)
        .iter()
        .map(|(name, _)| image(&format!("{name}.svg"), ALT))
        .collect();
    Some(format!(
        "## {} against {}\n\n{}\n\n{}\n\nThis recording compares two builds of inflight, {} and {}, in \
         the same blocks. From here on, where nothing else is said, this page shows the trials of {}.",
        text(&new.name),
        text(&base.name),
        diff::markdown(&diffs).trim_end(),
        images.join("\n\n"),
        named(base),
        named(new),
        code(&new.name)
    ))
}

const ALT: &str = "Ratio of every cell, new build to base, with its interval";

/// The charts of the comparison by name; none of a recording of one build.
pub(super) fn charts(recording: &Recording) -> Vec<(String, Drawing)> {
    let name = |n: usize| if n == 1 { CHART.to_owned() } else { format!("{CHART}-{n}") };
    (1..).zip(&compared(recording)).map(|(n, diff)| (name(n), diff::chart(diff))).collect()
}

fn compared(recording: &Recording) -> Vec<Diff> {
    let contests = Contest::by_build(recording).unwrap_or_default();
    diff::compare(&contests, &diff::Options::default())
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
