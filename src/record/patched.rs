//! Crates of a build that are not those of its commit's lock file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Crates that replace those from crates.io in a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patched {
    /// The crates, by name.
    pub crates: Vec<Patch>,
    /// Changes of `Cargo.lock` in other packages that they needed: `log 0.4.1 → 0.4.2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lock: Vec<String>,
}

/// A crate that replaces the one from crates.io.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Commit of its repository, if it was in one.
    pub commit: Option<String>,
    /// Digest of the changes against the commit, if there were any; without a commit, of all files.
    pub dirty: Option<String>,
}

impl Patched {
    /// The name that a build has for its patches: `+ureq@1a2b3c4d+rustls@5e6f7a8b`. The name of a
    /// folder is made of it, so it has two crates at most.
    pub(super) fn suffix(&self) -> String {
        const NAMED: usize = 2;
        let named = self.crates.iter().take(NAMED).map(|patch| format!("+{patch}"));
        let more = match self.crates.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("+{more}-more"),
        };
        named.chain([more]).collect()
    }
}

/// All that tells two patched builds apart, in one line.
impl fmt::Display for Patched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, patch) in self.crates.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{patch} ({}", patch.version)?;
            if let (Some(_), Some(dirty)) = (&patch.commit, &patch.dirty) {
                write!(f, ", changes {}", short(dirty))?;
            }
            f.write_str(")")?;
        }
        if !self.lock.is_empty() {
            write!(f, "; Cargo.lock: {}", self.lock.join(", "))?;
        }
        Ok(())
    }
}

/// Name and revision: `ureq@1a2b3c4d-dirty`, or `ureq@files-0011aabb` without a commit.
impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match (&self.commit, &self.dirty) {
            (Some(commit), None) => write!(f, "{name}@{}", short(commit)),
            (Some(commit), Some(_)) => write!(f, "{name}@{}-dirty", short(commit)),
            (None, files) => {
                write!(f, "{name}@files-{}", short(files.as_deref().unwrap_or("unknown")))
            }
        }
    }
}

/// Eight digits.
fn short(digest: &str) -> String {
    digest.chars().take(8).collect()
}

/// The option of `inflight ab` that patches a crate of a side.
pub fn patch_option(side: &str) -> &'static str {
    if side == "base" { "--base-patch" } else { "--patch" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(name: &str, commit: Option<&str>, dirty: Option<&str>) -> Patch {
        let digits = |digit: &str| digit.repeat(40);
        Patch {
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            commit: commit.map(digits),
            dirty: dirty.map(digits),
        }
    }

    #[test]
    fn a_patch_is_named_by_its_revision() {
        assert_eq!(patch("a", Some("1"), None).to_string(), "a@11111111");
        assert_eq!(patch("a", Some("1"), Some("2")).to_string(), "a@11111111-dirty");
        assert_eq!(patch("a", None, Some("2")).to_string(), "a@files-22222222");
    }

    #[test]
    fn a_name_has_two_patches_and_a_line_has_all() {
        let crates: Vec<Patch> = ["a", "b", "c", "d"]
            .map(|name| patch(name, Some("1"), (name == "a").then_some("2")))
            .into();
        let patched = |n: usize, lock: &[&str]| Patched {
            crates: crates[..n].to_vec(),
            lock: lock.iter().map(|&change| change.to_owned()).collect(),
        };
        assert_eq!(patched(1, &[]).suffix(), "+a@11111111-dirty");
        assert_eq!(patched(2, &[]).suffix(), "+a@11111111-dirty+b@11111111");
        assert_eq!(patched(4, &[]).suffix(), "+a@11111111-dirty+b@11111111+2-more");
        assert_eq!(
            patched(2, &["log 0.4.1 → 0.4.2"]).to_string(),
            "a@11111111-dirty (1.2.3, changes 22222222), b@11111111 (1.2.3); \
             Cargo.lock: log 0.4.1 → 0.4.2"
        );
    }
}
