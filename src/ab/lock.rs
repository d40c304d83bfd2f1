//! `Cargo.lock` of a tree with patched crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::AtomicBool;

use fs_err as fs;

use super::AbError;
use super::build::{cargo, last_lines, run};
use super::patch::{Crate, PatchError, patch_error};
use crate::record::Patched;
use crate::spec::nearest;

/// The lock file of every tree.
pub(super) const LOCK: &str = "Cargo.lock";

/// A tree whose crates are to be patched.
pub(super) struct Resolver<'a> {
    pub(super) side: &'a str,
    pub(super) tree: &'a Path,
    pub(super) crates: &'a [Crate],
    pub(super) stop: &'a AtomicBool,
}

/// A lock file with patched crates.
pub(super) struct Locked {
    pub(super) text: String,
    pub(super) patched: Patched,
}

impl Resolver<'_> {
    /// Lets cargo put the patched crates into the lock file, and change as little else as it can.
    pub(super) fn resolve(&self) -> Result<Locked, AbError> {
        let before = fs::read_to_string(self.tree.join(LOCK))?;
        for patched in self.crates {
            let all = packages(&before);
            let from_registry = || all.iter().filter(|p| p.is_from_crates_io).map(|p| &*p.name);
            if !from_registry().any(|name| name == patched.name) {
                let near = nearest(&patched.name, from_registry());
                let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                return Err(patch_error(
                    self.side,
                    &patched.name,
                    PatchError::NoDependency { hint },
                ));
            }
        }
        // What was downloaded before is enough, unless a crate needs others than it did.
        match self.attempt(&before, true) {
            Err(
                offline @ (AbError::Resolve { .. }
                | AbError::Patch { error: PatchError::NotUsed { .. }, .. }),
            ) => self.attempt(&before, false).map_err(|online| match (&offline, &online) {
                // Without a network cargo cannot say more than it did.
                (AbError::Patch { .. }, AbError::Resolve { .. }) => offline,
                _ => online,
            }),
            done => done,
        }
    }

    fn attempt(&self, before: &str, offline: bool) -> Result<Locked, AbError> {
        let path = self.tree.join(LOCK);
        let now = || fs::read_to_string(&path);
        fs::write(&path, before)?;
        let mut linked = self.linked(offline)?;
        let unused_at_first = unused(&now()?);
        if !unused_at_first.is_empty() {
            let mut said = String::new();
            for (name, version) in unused_at_first {
                said = self.update(before, &name, &version, offline)?;
            }
            if let Some((name, version)) = unused(&now()?).into_iter().next() {
                let locked = versions(before, &name).into_iter().collect::<Vec<_>>().join(" and ");
                let error = PatchError::NotUsed { version, locked, said };
                return Err(patch_error(self.side, &name, error));
            }
            linked = self.linked(offline)?;
        }
        let text = now()?;
        let mut crates = Vec::new();
        for patched in self.crates {
            let all = packages(&text);
            let used = all.into_iter().find(|p| p.name == patched.name && p.is_local);
            match used.filter(|p| linked.contains(&format!("{} v{}", p.name, p.version))) {
                Some(package) => crates.push(patched.patch(package.version)),
                None => {
                    return Err(patch_error(self.side, &patched.name, PatchError::NotLinked));
                }
            }
        }
        let lock = changes(before, &text, self.crates);
        Ok(Locked { text, patched: Patched { crates, lock } })
    }

    /// Names and versions of the packages that the binary is made of. Writes the lock file.
    fn linked(&self, offline: bool) -> Result<BTreeSet<String>, AbError> {
        let listed = self.cargo(
            &["tree", "--package", "inflight", "--edges", "normal,build", "--prefix", "none"],
            offline,
        )?;
        let listed =
            listed.map_err(|said| AbError::Resolve { side: self.side.to_owned(), said })?;
        let package = |line: &str| {
            let mut words = line.split(' ');
            Some(format!("{} {}", words.next()?, words.next()?))
        };
        Ok(listed.lines().filter_map(package).collect())
    }

    /// Moves a crate that is locked to another version to that of the folder. Returns what cargo says
    /// against it.
    fn update(
        &self,
        before: &str,
        name: &str,
        version: &str,
        offline: bool,
    ) -> Result<String, AbError> {
        let mut all = String::new();
        for locked in versions(before, name) {
            let package = format!("{name}@{locked}");
            match self.cargo(&["update", "--precise", version, &package], offline)? {
                Ok(_) => return Ok(String::new()),
                Err(said) => all = format!(". Cargo said:\n{said}"),
            }
        }
        Ok(all)
    }

    /// Calls cargo. Returns its output, or the end of its errors.
    fn cargo(&self, args: &[&str], offline: bool) -> Result<Result<String, String>, AbError> {
        let mut command = cargo(self.tree, self.crates);
        command.args(args).args(offline.then_some("--offline")).stderr(Stdio::piped());
        let called = run(&mut command, self.stop)?;
        Ok(if called.status.success() {
            Ok(String::from_utf8_lossy(&called.stdout).into_owned())
        } else {
            Err(last_lines(&called.stderr))
        })
    }
}

/// A package of a lock file.
struct Package {
    name: String,
    version: String,
    is_from_crates_io: bool,
    /// Whether its sources are in a folder: a member of the workspace, or patched.
    is_local: bool,
}

fn packages(lock: &str) -> Vec<Package> {
    tables(lock, &["package"])
        .into_iter()
        .map(|[name, version, source]| Package {
            name,
            version,
            is_from_crates_io: source.ends_with("/crates.io-index"),
            is_local: source.is_empty(),
        })
        .collect()
}

/// Name and version of the patches that cargo has no use for.
fn unused(lock: &str) -> Vec<(String, String)> {
    let all = tables(lock, &["patch", "unused"]);
    all.into_iter().map(|[name, version, _]| (name, version)).collect()
}

/// Name, version and source of an array of tables.
fn tables(lock: &str, path: &[&str]) -> Vec<[String; 3]> {
    let Ok(document) = lock.parse::<toml_edit::DocumentMut>() else { return Vec::new() };
    let array = path.iter().try_fold(document.as_item(), |item, key| item.get(key));
    let Some(array) = array.and_then(toml_edit::Item::as_array_of_tables) else {
        return Vec::new();
    };
    let text = |table: &toml_edit::Table, key| {
        table.get(key).and_then(toml_edit::Item::as_str).unwrap_or_default().to_owned()
    };
    array.iter().map(|table| ["name", "version", "source"].map(|key| text(table, key))).collect()
}

fn versions(lock: &str, name: &str) -> BTreeSet<String> {
    packages(lock).into_iter().filter(|p| p.name == name).map(|p| p.version).collect()
}

/// Changes of packages that are not patched: `log 0.4.1 → 0.4.2`, `libm 0.2.1 added`.
fn changes(before: &str, after: &str, crates: &[Crate]) -> Vec<String> {
    let by_name = |lock: &str| {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for package in packages(lock) {
            if crates.iter().all(|patched| patched.name != package.name) {
                all.entry(package.name).or_default().insert(package.version);
            }
        }
        all
    };
    let (before, after) = (by_name(before), by_name(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let none = BTreeSet::new();
    let change = |name: &String| {
        let (before, after) = (before.get(name).unwrap_or(&none), after.get(name).unwrap_or(&none));
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            one.difference(other).cloned().collect::<Vec<_>>().join(" and ")
        };
        match (only(before, after).as_str(), only(after, before).as_str()) {
            ("", "") => None,
            ("", added) => Some(format!("{name} {added} added")),
            (removed, "") => Some(format!("{name} {removed} removed")),
            (old, new) => Some(format!("{name} {old} → {new}")),
        }
    };
    names.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "source = \"registry+https://example.org/crates.io-index\"\n";

    fn lock(packages: &[(&str, &str, &str)]) -> String {
        let package = |(name, version, source): &(&str, &str, &str)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}\n")
        };
        format!("version = 4\n\n{}", packages.iter().map(package).collect::<String>())
    }

    #[test]
    fn packages_and_unused_patches_are_read() {
        let text = lock(&[("inflight", "0.1.0", ""), ("itoa", "1.0.18", REGISTRY)])
            + "[[patch.unused]]\nname = \"itoa\"\nversion = \"2.0.0\"\n";
        let all = packages(&text);
        let flags: Vec<_> = all.iter().map(|p| (p.is_from_crates_io, p.is_local)).collect();
        assert_eq!(flags, [(false, true), (true, false)]);
        assert_eq!(unused(&text), [("itoa".to_owned(), "2.0.0".to_owned())]);
        assert_eq!(unused(&lock(&[("a", "1.0.0", "")])), []);
    }

    #[test]
    fn what_changes_beside_the_patches_is_told() {
        let before = lock(&[
            ("base64", "0.22.0", REGISTRY),
            ("base64", "0.23.0", REGISTRY),
            ("gone", "1.0.0", REGISTRY),
            ("log", "0.4.1", REGISTRY),
            ("same", "1.0.0", REGISTRY),
        ]);
        let after = lock(&[
            ("base64", "0.22.0", REGISTRY),
            ("base64", "0.23.1", REGISTRY),
            ("log", "0.4.2", REGISTRY),
            ("more", "2.0.0", REGISTRY),
            ("same", "1.0.0", REGISTRY),
        ]);
        assert_eq!(
            changes(&before, &after, &[]),
            [
                "base64 0.23.0 → 0.23.1",
                "gone 1.0.0 removed",
                "log 0.4.1 → 0.4.2",
                "more 2.0.0 added"
            ]
        );
        assert_eq!(changes(&before, &before, &[]), Vec::<String>::new());
    }
}
