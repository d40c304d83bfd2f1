//! `manifest.json`: what made a run, and what happened to it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use fs_err as fs;
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{MANIFEST, Patched, RecordError, patch_option};
use crate::machine::Machine;
use crate::plan::Plan;
use crate::strategy::IndexBy;
use crate::units::hex;

/// Version of the record's layout and columns. Raised when a reader of the version before would
/// misread a record.
pub const FORMAT: u32 = 1;

/// Origin and history of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// Identity of the recording, which its copies share and no other recording has; see
    /// [`Manifest::identity`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RecordingId>,
    /// Name of the experiment.
    pub experiment: String,
    /// The build that recorded it.
    pub build: Build,
    /// The builds whose clients are compared, base first; none in a usual run, where the client is
    /// the build that recorded it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub builds: Vec<Side>,
    /// Digest of cells and order.
    pub plan: String,
    /// `--set` arguments, in their order.
    pub overrides: Vec<String>,
    /// `--only` arguments, in their order.
    pub only: Vec<String>,
    /// The command line, without folders.
    pub argv: Vec<String>,
    /// Files and folders of the command line, to make the recording once more; unknown of older
    /// recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Given>,
    /// Identity of the machine.
    pub machine: String,
    /// Kernel name and release.
    pub kernel: String,
    /// CPUs that the server was kept on; any, if empty.
    pub server_cpus: Vec<usize>,
    /// CPUs that the client was kept on; any, if empty.
    pub client_cpus: Vec<usize>,
    /// The programs of the plan, as they were found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ProgramFacts>,
    /// Lines of code of the models of the plan, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub model_lines: BTreeMap<String, u64>,
    /// Open files that a process may have where the experiment does not say.
    pub nofile: Option<u64>,
    /// Start, stops and resumptions.
    pub events: Vec<Event>,
}

/// A program as a recording found it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramFacts {
    /// Its name.
    pub name: String,
    /// The words of its command, with their placeholders.
    pub run: Vec<String>,
    /// The index by which its requests are told apart.
    #[serde(default, skip_serializing_if = "IndexBy::is_path")]
    pub index_by: IndexBy,
    /// The first line that its version command printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Digest of its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Lines of its files that are neither empty nor comments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// Why it could not be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// The id of a recording: random, made when it is begun, and kept by its copies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordingId(String);

impl RecordingId {
    /// A new one: 128 random bits, so that no two are ever the same.
    pub(super) fn new() -> std::io::Result<RecordingId> {
        let mut bytes = [0; 16];
        SysRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
        Ok(RecordingId(hex(&bytes)))
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Files and folders of the command line that began a recording, and where the person stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The experiment file.
    pub file: GivenPath,
    /// The folder of the records.
    pub results: GivenPath,
    /// The binaries that were given for sides of a comparison, by the name of the side.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub binaries: BTreeMap<String, GivenPath>,
    /// Whether it was the top folder of a checkout of inflight, where a commit can be checked out.
    pub in_checkout: bool,
}

/// A path as it was given; of an absolute one only the last part, since a record names no folder of the
/// machine that it was made on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenPath {
    /// The path, or its last part.
    pub path: String,
    /// Whether it was absolute.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absolute: bool,
}

impl GivenPath {
    /// The part of a path that may be recorded.
    pub fn of(path: &Path) -> GivenPath {
        let absolute = path.is_absolute();
        let part = path.file_name().filter(|_| absolute).map_or(path, Path::new);
        GivenPath { path: part.to_string_lossy().into_owned(), absolute }
    }
}

/// The build that recorded a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Version of the package.
    pub version: String,
    /// Commit, if it was built from a checkout.
    pub commit: Option<String>,
    /// Digest of the changes against the commit, if there were any in what is built.
    pub dirty: Option<String>,
    /// The compiler.
    pub rustc: String,
    /// `release` or `debug`.
    pub profile: String,
    /// Digest of `Cargo.lock`.
    pub lock: String,
    /// Crates that replace those of the commit's `Cargo.lock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patched: Option<Patched>,
}

impl Build {
    /// This binary, as its build script saw it.
    pub fn this() -> Build {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Build {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: known(env!("INFLIGHT_COMMIT")),
            dirty: known(env!("INFLIGHT_DIRTY")),
            rustc: env!("INFLIGHT_RUSTC").to_owned(),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
            lock: env!("INFLIGHT_LOCK").to_owned(),
            // What another version of inflight wrote for itself is nothing here.
            patched: serde_json::from_str(env!("INFLIGHT_PATCHED")).ok(),
        }
    }

    /// The [short commit](Build::short_commit), then the patched crates: `1a2b3c4d+ureq@5e6f7a8b`.
    pub fn short(&self) -> String {
        let patched = self.patched.as_ref().map(Patched::suffix).unwrap_or_default();
        self.short_commit() + &patched
    }

    /// Eight digits of the commit, `-dirty` where it was; `unknown` without a commit.
    pub fn short_commit(&self) -> String {
        let commit = self.commit.as_deref().unwrap_or("unknown");
        let commit: String = commit.chars().take(8).collect();
        let dirty = if self.dirty.is_some() { "-dirty" } else { "" };
        format!("{commit}{dirty}")
    }
}

/// One of the builds that a run compares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// `base` or `new`: what rows say in their column `build`.
    pub name: String,
    /// The build, as the binary tells it.
    pub build: Build,
    /// Origin of the binary.
    pub origin: Origin,
    /// Digest of the binary's file.
    pub binary: String,
}

impl Side {
    /// The options of `inflight ab` that patch its crates once more. `PATH` stands for the folder of a
    /// crate, which no record names.
    pub fn patch_options(&self) -> Vec<String> {
        let built = self.build.patched.iter().filter(|_| self.origin != Origin::Binary);
        let option = |patch: &super::Patch| {
            let revision = patch.commit.as_ref().filter(|_| patch.dirty.is_none());
            let revision = revision.map_or(String::new(), |commit| format!("@{commit}"));
            format!("{} {}=PATH{revision}", patch_option(&self.name), patch.name)
        };
        built.flat_map(|patched| &patched.crates).map(option).collect()
    }
}

/// Where the binary of a [`Side`] is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Built from a commit; the text is the revision as it was named.
    Revision(String),
    /// Built from the working tree as it stood.
    WorkingTree,
    /// It was there already.
    Binary,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Revision(revision) => write!(f, "revision {revision}"),
            Origin::WorkingTree => f.write_str("the working tree"),
            Origin::Binary => f.write_str("a given binary"),
        }
    }
}

/// An event in the life of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Kind of the event.
    pub what: Happening,
    /// Unix time, in milliseconds.
    pub at_unix_ms: u64,
}

/// Kind of an event in the life of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// The first trial is about to run.
    Started,
    /// It goes on after an interruption.
    Resumed,
    /// A person or the system asked it to stop.
    Interrupted,
    /// Every planned trial has a row.
    Finished,
    /// Every interval that the stopping rule of the experiment looks at is narrow enough; the
    /// blocks that are left need not run.
    NarrowEnough,
}

impl Manifest {
    /// The manifest of a run of this plan, with this build on this machine: no command line, no
    /// events, and nothing known of its processes.
    pub fn of(plan: &Plan, machine: &Machine) -> Manifest {
        Manifest {
            format: FORMAT,
            id: None,
            experiment: plan.experiment.name.clone(),
            build: Build::this(),
            builds: Vec::new(),
            plan: plan.digest(),
            overrides: Vec::new(),
            only: Vec::new(),
            argv: Vec::new(),
            given: None,
            machine: machine.id(),
            kernel: String::new(),
            server_cpus: Vec::new(),
            client_cpus: Vec::new(),
            programs: Vec::new(),
            model_lines: plan.model_lines(),
            nofile: None,
            events: Vec::new(),
        }
    }

    /// Reads the manifest of a run's folder, and nothing else of it.
    pub fn read(dir: &Path) -> Result<Manifest, RecordError> {
        let path = dir.join(MANIFEST);
        if !path.is_file() {
            return Err(RecordError::NotARecording(dir.to_owned()));
        }
        Manifest::parse(&path.display().to_string(), &fs::read(&path)?)
    }

    /// Reads a manifest, its format first: another version is told apart from damage, and so is a key
    /// of a later inflight. `file` is its path.
    fn parse(file: &str, text: &[u8]) -> Result<Manifest, RecordError> {
        let damaged = |error: serde_json::Error| {
            RecordError::damaged(file, error.line() as u64, error.to_string())
        };
        let any: serde_json::Value = serde_json::from_slice(text).map_err(damaged)?;
        let file = file.to_owned();
        match any.get("format").and_then(serde_json::Value::as_u64) {
            Some(found) if found > u64::from(FORMAT) => Err(RecordError::TooNew { file, found }),
            Some(found) if found < u64::from(FORMAT) => Err(RecordError::TooOld { file, found }),
            _ => serde_json::from_slice(text).map_err(|error| {
                let said = error.to_string();
                match said.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
                    Some((key, _)) => RecordError::Newer { file, what: format!("key `{key}`") },
                    None => damaged(error),
                }
            }),
        }
    }

    /// The id; of a recording that was made before there were ids, one that follows from all that its
    /// manifest says of its beginning, the millisecond included. Copies have the same.
    pub fn identity(&self) -> RecordingId {
        self.id.clone().unwrap_or_else(|| {
            let mut begun = self.clone();
            begun.events.truncate(1);
            let begun = serde_json::to_vec(&begun).expect("a manifest is plain data");
            RecordingId(hex(&Sha256::digest(begun)[..16]))
        })
    }

    /// When its first trial was about to run, in Unix milliseconds; `None` before that.
    pub fn started_unix_ms(&self) -> Option<u64> {
        self.events.first().map(|e| e.at_unix_ms)
    }

    /// The build, or the builds that are compared, as the name of the run's folder has them:
    /// `1a2b3c4d-dirty`, `ab-1a2b3c4d-5e6f7a8b`.
    pub fn builds_short(&self) -> String {
        match self.builds.as_slice() {
            [] => self.build.short(),
            sides => {
                let sides: Vec<String> = sides.iter().map(|side| side.build.short()).collect();
                format!("ab-{}", sides.join("-"))
            }
        }
    }

    /// Whether nothing is left to run.
    pub fn is_finished(&self) -> bool {
        self.happened(Happening::Finished) || self.happened(Happening::NarrowEnough)
    }

    /// Whether this happened to the run.
    pub fn happened(&self, what: Happening) -> bool {
        self.events.iter().any(|e| e.what == what)
    }
}
