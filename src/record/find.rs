//! Which recording is meant: from what a person types to a folder.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::folder::name_of;
use super::same::originals;
use super::{MANIFEST, Manifest, RecordError};

/// Hexadecimal digits that a commit is named by at least: fewer are likely to be a word or a date.
const COMMIT_DIGITS: usize = 7;

/// Recordings that an error lists at most.
const LISTED: usize = 10;

/// The recording or path that a person meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name that it goes by, from `LABEL=…`.
    pub label: Option<String>,
    /// A path that exists: a run's folder, or whatever else was named by its path.
    pub dir: PathBuf,
}

/// Why it is not clear which recording is meant.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// No recording goes by this name.
    #[error(
        "`{text}`: {what} under {}; `inflight runs` lists what there is", .results.display()
    )]
    Nothing {
        /// The text as typed.
        text: String,
        /// The kind of name that was looked for in vain.
        what: String,
        /// The folder that was searched.
        results: PathBuf,
    },
    /// Several recordings go by this name.
    #[error("`{text}` matches {} recordings; {way_out}:{}", .candidates.len(), list(.candidates))]
    Ambiguous {
        /// The text as typed.
        text: String,
        /// The folders' names, oldest first.
        candidates: Vec<String>,
        /// Advice on what to type instead.
        way_out: String,
    },
    /// It is no name at all.
    #[error("`{text}`: {what}; a recording is named by {FORMS}")]
    Malformed {
        /// The text as typed.
        text: String,
        /// The fault of the text.
        what: String,
    },
    /// The records cannot be looked through.
    #[error("{0}")]
    Record(#[from] RecordError),
}

/// Every way to name a recording.
const FORMS: &str = "its folder, the beginning of its folder's name, the name of its experiment, \
     @latest, @latest~1, @latest:EXPERIMENT, or at least 7 digits of its commit";

/// Names below each other, the oldest left out where there are many.
fn list(names: &[String]) -> String {
    let left_out = names.len().saturating_sub(LISTED);
    let mut text = String::new();
    if left_out > 0 {
        let _ = write!(text, "\n  … and {left_out} older");
    }
    for name in &names[left_out..] {
        let _ = write!(text, "\n  {name}");
    }
    text
}

/// The folders of all recordings under `results`, oldest first by their names. A link to one of them is
/// no other recording.
pub fn find_runs(results: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let mut runs = run_folders(results)?;
    runs.retain(|run| run.join(MANIFEST).is_file());
    Ok(runs)
}

/// The folders of all recordings under `results`, without copies, oldest first by their names. A
/// recording that cannot be read counts as no copy.
pub fn find_recordings(results: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let runs = find_runs(results)?;
    let manifests: Vec<_> = runs.iter().map(|dir| Manifest::read(dir).ok()).collect();
    let known: Vec<(PathBuf, &Manifest)> = runs
        .iter()
        .zip(&manifests)
        .filter_map(|(dir, m)| Some((dir.clone(), m.as_ref()?)))
        .collect();
    let originals = originals(&known);
    let copies: HashSet<PathBuf> = known
        .into_iter()
        .zip(originals)
        .filter_map(|((dir, _), original)| original.is_some().then_some(dir))
        .collect();
    Ok(runs.into_iter().filter(|dir| !copies.contains(dir)).collect())
}

/// Every folder in the place of a recording, be it one or not, oldest first by their names; links to
/// others of them left out.
pub(super) fn run_folders(results: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let home = results.canonicalize().unwrap_or_default();
    let mut runs: Vec<(bool, PathBuf, PathBuf)> = Vec::new();
    for run in folders_and_links(results)? {
        let real = run.canonicalize().unwrap_or_else(|_| run.clone());
        let inside = run.strip_prefix(results).map(|inside| home.join(inside));
        runs.push((inside.is_ok_and(|inside| inside == real), real, run));
    }
    runs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| by_name(&a.2, &b.2)));
    let mut seen = HashSet::new();
    runs.retain(|(_, real, _)| seen.insert(real.clone()));
    let mut runs: Vec<PathBuf> = runs.into_iter().map(|(_, _, run)| run).collect();
    runs.sort_by(|a, b| by_name(a, b));
    Ok(runs)
}

fn by_name(a: &Path, b: &Path) -> Ordering {
    a.file_name().cmp(&b.file_name()).then_with(|| a.cmp(b))
}

fn folders_and_links(results: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let mut runs = Vec::new();
    if results.is_dir() {
        for machine in fs::read_dir(results)? {
            let machine = machine?.path();
            if !machine.is_dir() {
                continue;
            }
            for run in fs::read_dir(machine)? {
                let run = run?.path();
                if !name_of(&run).starts_with('.') && run.is_dir() {
                    runs.push(run);
                }
            }
        }
    }
    Ok(runs)
}

/// Finds the recording that `text` means:
///
/// - a path, of a recording or of any other file;
/// - the beginning of the name of one folder under `results`;
/// - the name of an experiment that was recorded once;
/// - `@latest`, `@latest~1` (the one before), `@latest:EXPERIMENT`, `@latest~1:EXPERIMENT`, be it
///   finished or not;
/// - at least seven digits of a commit: the newest finished recording of that commit, without
///   changes, where all of them are of one experiment;
/// - `LABEL=` and any of these.
///
/// The first that fits is taken. A damaged recording can be named by its folder only.
pub fn find(results: &Path, text: &str) -> Result<Found, SelectError> {
    // A path may hold any character, so it comes first.
    if is_what_was_named(Path::new(text)) {
        return Ok(Found { label: None, dir: text.into() });
    }
    match text.split_once('=') {
        Some((label, rest)) if !label.contains(['/', '\\', '@']) => {
            let label = label.trim();
            if label.is_empty() || label.contains(char::is_control) {
                let what = "the label before the `=` is empty or not printable".to_owned();
                return Err(SelectError::Malformed { text: text.to_owned(), what });
            }
            Ok(Found { label: Some(label.to_owned()), dir: named(results, rest)? })
        }
        _ => Ok(Found { label: None, dir: named(results, text)? }),
    }
}

/// Whether a path leads to a recording or a file. Any other folder is only meant if nothing else
/// goes by its name.
fn is_what_was_named(path: &Path) -> bool {
    path.is_file() || path.join(MANIFEST).is_file()
}

fn named(results: &Path, text: &str) -> Result<PathBuf, SelectError> {
    if text.is_empty() {
        let what = "no recording is named".to_owned();
        return Err(SelectError::Malformed { text: text.to_owned(), what });
    }
    if is_what_was_named(Path::new(text)) {
        return Ok(text.into());
    }
    if let Some(rest) = text.strip_prefix("@latest") {
        return latest(results, text, rest);
    }
    if text.starts_with('@') {
        let what = "only `@latest` may begin with an `@`".to_owned();
        return Err(SelectError::Malformed { text: text.to_owned(), what });
    }
    if let Some(found) = begins_like(results, text)? {
        return Ok(found);
    }
    if let Some(found) = by_manifest(results, text)? {
        return Ok(found);
    }
    if Path::new(text).exists() {
        return Ok(text.into());
    }
    Err(nothing(results, text, "there is no such file, and no such recording"))
}

fn nothing(results: &Path, text: &str, what: impl Into<String>) -> SelectError {
    let (text, results) = (text.to_owned(), results.to_owned());
    SelectError::Nothing { text, what: what.into(), results }
}

/// `@latest`, with what stands behind it.
fn latest(results: &Path, text: &str, rest: &str) -> Result<PathBuf, SelectError> {
    let (back, experiment) = match rest.split_once(':') {
        Some((back, experiment)) => (back, Some(experiment)),
        None => (rest, None),
    };
    let back: usize = match back.strip_prefix('~') {
        None if back.is_empty() => 0,
        Some(number) if let Ok(number) = number.parse() => number,
        _ => {
            let what = format!("`{back}` cannot follow `@latest`");
            return Err(SelectError::Malformed { text: text.to_owned(), what });
        }
    };
    let mut runs = manifests(results)?;
    runs.retain(|(_, manifest)| experiment.is_none_or(|wanted| manifest.experiment == wanted));
    let found = runs.len();
    let of = experiment.map_or(String::new(), |wanted| format!(" of experiment {wanted}"));
    runs.into_iter().rev().nth(back).map(|(dir, _)| dir).ok_or_else(|| {
        let what = match found {
            0 => format!("there is no recording{of}"),
            1 => format!("there is only 1 recording{of} (links and copies do not count)"),
            n => format!("there are only {n} recordings{of} (links and copies do not count)"),
        };
        nothing(results, text, what)
    })
}

/// The one folder or link with this name, or else the one recording whose name begins like this.
fn begins_like(results: &Path, text: &str) -> Result<Option<PathBuf>, SelectError> {
    let mut named = folders_and_links(results)?;
    named.retain(|run| name_of(run) == text && run.join(MANIFEST).is_file());
    named.sort();
    let places: HashSet<Option<PathBuf>> =
        named.iter().map(|run| run.canonicalize().ok()).collect();
    if let ([one, ..], 1) = (named.as_slice(), places.len()) {
        return Ok(Some(one.clone()));
    }
    let mut runs = find_runs(results)?;
    runs.retain(|run| name_of(run).starts_with(text));
    if runs.iter().any(|run| name_of(run) == text) {
        runs.retain(|run| name_of(run) == text);
    }
    one(runs, text, || "write more of the name, or the path".to_owned())
}

/// The recording of this experiment or commit.
fn by_manifest(results: &Path, text: &str) -> Result<Option<PathBuf>, SelectError> {
    let runs = manifests(results)?;
    let of_experiment = runs.iter().filter(|(_, manifest)| manifest.experiment == text);
    let of_experiment: Vec<PathBuf> = of_experiment.map(|(dir, _)| dir.clone()).collect();
    if let Some(found) =
        one(of_experiment, text, || format!("the newest is @latest:{text}, or name one of them"))?
    {
        return Ok(Some(found));
    }
    let is_commit =
        text.len() >= COMMIT_DIGITS && text.chars().all(|digit| digit.is_ascii_hexdigit());
    if !is_commit {
        return Ok(None);
    }
    let commit = text.to_ascii_lowercase();
    let of_commit = |manifest: &Manifest| {
        manifest.build.commit.as_ref().is_some_and(|c| c.starts_with(&commit))
    };
    let all: Vec<_> = runs.into_iter().filter(|(_, manifest)| of_commit(manifest)).collect();
    let fit: Vec<_> = all
        .iter()
        .filter(|(_, manifest)| manifest.is_finished() && manifest.build.dirty.is_none())
        .collect();
    let Some((newest, first)) = fit.last() else {
        return if all.is_empty() {
            Ok(None)
        } else {
            let what = "no finished recording is of this commit without changes";
            Err(nothing(results, text, what))
        };
    };
    if fit.iter().any(|(_, manifest)| manifest.experiment != first.experiment) {
        return Err(SelectError::Ambiguous {
            text: text.to_owned(),
            candidates: fit.iter().map(|(dir, _)| name_of(dir)).collect(),
            way_out: "name one of them".to_owned(),
        });
    }
    Ok(Some(newest.clone()))
}

/// The one of several that can only be one.
fn one(
    mut runs: Vec<PathBuf>,
    text: &str,
    way_out: impl FnOnce() -> String,
) -> Result<Option<PathBuf>, SelectError> {
    if runs.len() > 1 {
        let mut candidates: Vec<String> = runs.iter().map(|run| name_of(run)).collect();
        if candidates.windows(2).all(|pair| pair[0] == pair[1]) {
            // Two machines may have recorded at the same second: only the paths tell them apart.
            candidates = runs.iter().map(|run| run.display().to_string()).collect();
        }
        let way_out = way_out();
        return Err(SelectError::Ambiguous { text: text.to_owned(), candidates, way_out });
    }
    Ok(runs.pop())
}

/// The recordings whose manifests can be read, oldest first by their start; neither links nor copies.
fn manifests(results: &Path) -> Result<Vec<(PathBuf, Manifest)>, RecordError> {
    let runs = find_recordings(results)?;
    let readable = runs.into_iter().filter_map(|dir| {
        let manifest = Manifest::read(&dir).ok()?;
        Some((dir, manifest))
    });
    let mut runs: Vec<_> = readable.collect();
    // A folder may have been given another name; one without a start has not begun yet.
    runs.sort_by_key(|(_, manifest)| manifest.started_unix_ms().unwrap_or(u64::MAX));
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::synthetic::{experiment, recording, strategy};
    use crate::record::{Event, Happening};

    /// Recordings without rows, in a folder of their own.
    struct Results(tempfile::TempDir);

    impl Results {
        /// Eight recordings: of two experiments, three commits, one of them interrupted, one
        /// with changes, one damaged, two of the same name on two machines.
        fn new() -> Results {
            let results = Results(tempfile::tempdir().expect("a folder"));
            results.add("m1", "20260101T000000Z-alpha-aaaaaaaa", 'a', |_| ());
            results.add("m1", "20260102T000000Z-alpha-bbbbbbbb", 'b', |_| ());
            results.add("m1", "20260103T000000Z-alpha-bbbbbbbb", 'b', |_| ());
            results.add("m1", "20260104T000000Z-alpha-bbbbbbbb", 'b', |m| m.events.truncate(1));
            results.add("m1", "20260105T000000Z-beta-aaaaaaaa", 'a', |_| ());
            results.add("m1", "20260106T000000Z-gamma-cccccccc-dirty", 'c', |m| {
                m.build.dirty = Some("00".to_owned());
            });
            results.add("m1", "20260107T000000Z-alpha-bbbbbbbb", 'd', |_| ());
            results.add("m2", "20260107T000000Z-alpha-bbbbbbbb", 'e', |_| ());
            let damaged = results.0.path().join("m1/20260108T000000Z-alpha-ffffffff");
            fs::create_dir_all(&damaged).expect("a folder");
            fs::write(damaged.join(MANIFEST), "{").expect("a manifest");
            fs::create_dir_all(results.0.path().join("m1/.new-1")).expect("a folder");
            results
        }

        fn add(&self, machine: &str, name: &str, commit: char, change: impl Fn(&mut Manifest)) {
            let empty = experiment(vec![strategy("sync", "sequential", None)], 1);
            let mut manifest = recording(empty, |_, _, _| ()).manifest;
            let day: u64 = name[6..8].parse().unwrap_or(0);
            name.split('-').nth(1).expect("an experiment").clone_into(&mut manifest.experiment);
            manifest.build.commit = Some(commit.to_string().repeat(40));
            let event = |what, at_unix_ms| Event { what, at_unix_ms };
            manifest.events = vec![
                event(Happening::Started, day * 1_000),
                event(Happening::Finished, day * 1_000 + 1),
            ];
            change(&mut manifest);
            let dir = self.0.path().join(machine).join(name);
            fs::create_dir_all(&dir).expect("a folder");
            let text = serde_json::to_string(&manifest).expect("a manifest");
            fs::write(dir.join(MANIFEST), text).expect("a manifest");
        }

        fn find(&self, text: &str) -> Result<Found, SelectError> {
            find(self.0.path(), text)
        }

        #[track_caller]
        fn name(&self, text: &str) -> String {
            name_of(&self.find(text).expect("a recording").dir)
        }

        #[track_caller]
        fn error(&self, text: &str) -> String {
            let error = self.find(text).expect_err("not found").to_string();
            error.replace(&self.0.path().display().to_string(), "results")
        }
    }

    #[test]
    fn a_path_is_itself_and_a_label_goes_before_it() {
        let results = Results::new();
        let dir = results.0.path().join("m1/20260102T000000Z-alpha-bbbbbbbb");
        let path = dir.display().to_string();
        assert_eq!(results.find(&path).expect("a path"), Found { label: None, dir: dir.clone() });
        let labelled = results.find(&format!("before = {path}").replace("= ", "="));
        let label = Some("before".to_owned());
        assert_eq!(labelled.expect("a path"), Found { label: label.clone(), dir });
        assert_eq!(results.find("before=@latest~6").expect("a recording").label, label);
        // A file that is no recording is left to the caller, whatever is in its name.
        let file = results.0.path().join("a=b.csv");
        fs::write(&file, "").expect("a file");
        let found = results.find(&file.display().to_string()).expect("a file");
        assert_eq!(found, Found { label: None, dir: file });
        // A folder that is no recording is told by whoever reads it.
        let folder = results.0.path().join("m1");
        assert_eq!(results.find(&folder.display().to_string()).expect("a folder").dir, folder);
    }

    #[test]
    fn the_beginning_of_a_name_is_enough_if_it_is_the_only_one() {
        let results = Results::new();
        assert_eq!(results.name("20260105"), "20260105T000000Z-beta-aaaaaaaa");
        assert_eq!(
            results.error("2026010"),
            "`2026010` matches 9 recordings; write more of the name, or the path:\n  \
             20260101T000000Z-alpha-aaaaaaaa\n  20260102T000000Z-alpha-bbbbbbbb\n  \
             20260103T000000Z-alpha-bbbbbbbb\n  20260104T000000Z-alpha-bbbbbbbb\n  \
             20260105T000000Z-beta-aaaaaaaa\n  20260106T000000Z-gamma-cccccccc-dirty\n  \
             20260107T000000Z-alpha-bbbbbbbb\n  20260107T000000Z-alpha-bbbbbbbb\n  \
             20260108T000000Z-alpha-ffffffff"
        );
        let same = results.error("20260107");
        assert!(same.contains("results/m1/20260107") && same.contains("results/m2/"), "{same}");
        results.add("m1", "20260105T000000Z-beta-aaaaaaaa-2", 'a', |_| ());
        assert_eq!(
            results.name("20260105T000000Z-beta-aaaaaaaa"),
            "20260105T000000Z-beta-aaaaaaaa"
        );
    }

    #[test]
    fn an_experiment_names_its_only_recording() {
        let results = Results::new();
        assert_eq!(results.name("gamma"), "20260106T000000Z-gamma-cccccccc-dirty");
        let error = results.error("alpha");
        assert!(error.contains("`alpha` matches 6 recordings; the newest is @latest:alpha"));
    }

    #[test]
    fn the_latest_are_counted_from_the_newest() {
        let results = Results::new();
        // By their start, not by their names.
        results.add("m1", "a-baseline-alpha", 'a', |m| m.events[0].at_unix_ms = 1);
        assert_eq!(results.name("@latest~2"), "20260106T000000Z-gamma-cccccccc-dirty");
        assert_eq!(results.name("@latest~0:beta"), "20260105T000000Z-beta-aaaaaaaa");
        assert_eq!(results.name("@latest:beta"), results.name("@latest~0:beta"));
        assert_eq!(results.name("@latest~8"), "a-baseline-alpha");
        assert_eq!(
            results.error("@latest~1:beta"),
            "`@latest~1:beta`: there is only 1 recording of experiment beta (links and copies do not \
             count) under results; `inflight runs` lists what there is"
        );
        assert!(results.error("@latest~9").contains("only 9 recordings (links"));
        assert!(results.error("@latest~x").contains("`~x` cannot follow"));
        assert!(results.error("@newest").contains("@latest:EXPERIMENT"));
    }

    #[test]
    #[cfg(unix)]
    fn links_and_copies_are_no_other_recordings() {
        let results = Results::new();
        let machine = results.0.path().join("m1");
        let newest = "20260106T000000Z-gamma-cccccccc-dirty";
        let latest = results.name("@latest~2");
        let count = find_runs(results.0.path()).expect("runs").len();
        fs_err::os::unix::fs::symlink(newest, machine.join("latest")).expect("a link");
        fs_err::os::unix::fs::symlink("m1", results.0.path().join("here")).expect("a link");
        assert_eq!(find_runs(results.0.path()).expect("runs").len(), count);
        let copy = machine.join("20260106T000000Z-gamma-cccccccc-dirty-copy");
        fs::create_dir(&copy).expect("a folder");
        fs::copy(machine.join(newest).join(MANIFEST), copy.join(MANIFEST)).expect("a copy");
        assert_eq!(results.name("@latest~2"), latest);
        assert_eq!(results.name("@latest~2"), newest);
        assert_eq!(results.name("@latest~3"), "20260105T000000Z-beta-aaaaaaaa");
        assert_eq!(results.name("gamma"), newest, "its only recording");
        // A link and a copy can still be named.
        assert_eq!(results.name("latest"), "latest");
        assert_eq!(results.name(&name_of(&copy)), name_of(&copy));
        assert_eq!(find_recordings(results.0.path()).expect("runs").len(), count);
        // The copy is what is left once the original is gone.
        fs::remove_dir_all(machine.join(newest)).expect("gone");
        assert_eq!(results.name("@latest:gamma"), name_of(&copy));
        // A link to a recording that stands elsewhere is the recording here.
        let elsewhere = tempfile::tempdir().expect("a folder");
        let moved = elsewhere.path().join("moved");
        fs::rename(machine.join("20260105T000000Z-beta-aaaaaaaa"), &moved).expect("a move");
        fs_err::os::unix::fs::symlink(&moved, machine.join("beta")).expect("a link");
        assert_eq!(results.name("@latest:beta"), "beta");
    }

    #[test]
    fn names_outside_ascii_stay_apart() {
        let results = Results::new();
        for (day, name) in (10..).zip(["ü", "ä", "漢字"]) {
            results.add("m1", &format!("202601{day}T000000Z-{name}-aaaaaaaa"), 'a', |_| ());
        }
        for name in ["ü", "ä", "漢字"] {
            assert!(results.name(name).contains(name));
            assert_eq!(results.name(&format!("@latest:{name}")), results.name(name));
        }
    }

    #[test]
    fn a_commit_names_its_newest_finished_recording() {
        let results = Results::new();
        assert_eq!(results.name("bbbbbbb"), "20260103T000000Z-alpha-bbbbbbbb");
        assert_eq!(results.name(&"B".repeat(40)), "20260103T000000Z-alpha-bbbbbbbb");
        let two = results.error("aaaaaaa");
        assert!(two.starts_with("`aaaaaaa` matches 2 recordings; name one of them"), "{two}");
        assert!(results.error("ccccccc").contains("no finished recording"));
        assert!(results.error("bbbbbb").contains("no such recording"), "six digits");
        assert!(results.error("1234567").contains("no such recording"));
    }

    #[test]
    fn nothing_and_nonsense_are_told_apart_from_what_is_missing() {
        let results = Results::new();
        assert_eq!(
            results.error("results/m9/x"),
            "`results/m9/x`: there is no such file, and no such recording under results; \
             `inflight runs` lists what there is"
        );
        assert!(results.error("").contains("no recording is named"));
        assert!(results.error("x=").contains("no recording is named"));
        assert!(results.error("=@latest").contains("the label before the `=` is empty"));
        let empty = tempfile::tempdir().expect("a folder");
        let error = find(&empty.path().join("none"), "@latest").expect_err("nothing there");
        assert!(error.to_string().contains("there is no recording under"), "{error}");
    }
}
