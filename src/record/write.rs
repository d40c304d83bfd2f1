//! Writing a record so that nothing is lost: a run's folder appears whole, by rename; a trial's
//! files are synced before its row; a row is one write and one sync.

use std::fs::TryLockError;
use std::io::Write;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::env::EnvRow;
use super::plan::plan_rows;
use super::row::TrialRow;
use super::{
    CONNECTIONS, ENV, EXPERIMENT, Event, Happening, LATENCY, MACHINE, MANIFEST, Manifest, PLAN,
    REQUESTS, RecordError, RecordingId, RunPredictions, TIMELINE, TRIALS, folder, frames, lines,
};
use crate::machine::Machine;
use crate::plan::Plan;

/// Everything that stands in a record before its first trial.
pub struct NewRun<'a> {
    /// The folder of all records.
    pub results: &'a Path,
    /// The experiment file, verbatim.
    pub experiment: &'a str,
    /// The trace files that it names: name and content.
    pub traces: Vec<(String, Vec<u8>)>,
    /// The plan.
    pub plan: &'a Plan,
    /// Predictions for it, if there are any.
    pub predictions: RunPredictions<'a>,
    /// Build, command line, digest.
    pub manifest: Manifest,
    /// The machine that will run it.
    pub machine: &'a Machine,
    /// Start, for the folder's name.
    pub start: jiff::Timestamp,
}

/// A repair that was made when a record was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The file, relative to the run's folder.
    pub file: &'static str,
    /// Bytes of an unfinished last write that were cut.
    pub bytes: u64,
}

/// The only writer of one run's record.
#[derive(Debug)]
pub struct RunWriter {
    dir: PathBuf,
    manifest: Manifest,
    trials: lines::Appender,
    env: lines::Appender,
    latency: frames::Appender,
    /// Held for as long as this writer lives.
    _lock: fs::File,
}

impl NewRun<'_> {
    /// Creates the run's folder, complete with plan and headers, and gives the recording its id.
    pub fn create(mut self) -> Result<RunWriter, RecordError> {
        self.manifest.id = Some(RecordingId::new()?);
        let machine_dir = self.results.join(&self.manifest.machine);
        fs::create_dir_all(&machine_dir)?;
        let machine_file = machine_dir.join(MACHINE);
        if !machine_file.exists() {
            replace(&machine_file, self.machine.to_toml().as_bytes())?;
        }
        let building = tempfile::Builder::new().prefix(".new-").tempdir_in(&machine_dir)?;
        let dir = building.path();
        write_synced(&dir.join(EXPERIMENT), self.experiment.as_bytes())?;
        for (name, content) in &self.traces {
            write_synced(&dir.join(name), content)?;
        }
        for (name, content) in self.predictions.files()? {
            write_synced(&dir.join(name), &content)?;
        }
        let mut plan = Vec::new();
        for (row, first) in
            plan_rows(self.plan).zip(std::iter::once(true).chain(std::iter::repeat(false)))
        {
            plan.extend(lines::line(&row, first)?);
        }
        write_synced(&dir.join(PLAN), &plan)?;
        write_synced(&dir.join(MANIFEST), &to_json(&self.manifest))?;
        write_synced(&dir.join(TRIALS), &lines::header::<TrialRow>())?;
        write_synced(&dir.join(ENV), &lines::header::<EnvRow>())?;
        write_synced(&dir.join(LATENCY), &frames::header()?)?;
        fs::create_dir(dir.join(REQUESTS))?;
        fs::create_dir(dir.join(CONNECTIONS))?;
        fs::create_dir(dir.join(TIMELINE))?;
        sync_dir(dir)?;

        let name = format!(
            "{}-{}-{}",
            self.start.strftime(folder::START),
            self.manifest.experiment,
            self.manifest.builds_short()
        );
        let dir = free_name(&machine_dir, &name);
        fs::rename(building.keep(), &dir)?;
        // A temporary folder is private; a record is not.
        #[cfg(unix)]
        fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        sync_dir(&machine_dir)?;
        let lock = lock(&dir)?;
        RunWriter::open(dir, self.manifest, lock)
    }
}

impl RunWriter {
    /// Opens an interrupted record to go on with it. From then on nobody else writes it, so it may be
    /// read. Nothing is changed before [`RunWriter::mend`].
    ///
    /// # Errors
    ///
    /// If no row can be appended: a header lacks a column, or has one that this inflight does not know.
    pub fn resume(dir: &Path) -> Result<RunWriter, RecordError> {
        if !dir.join(MANIFEST).is_file() {
            return Err(RecordError::NotARecording(dir.to_owned()));
        }
        // The lock comes first: a file that grows must not be cut, nor be read by halves.
        let lock = lock(dir)?;
        let manifest = Manifest::read(dir)?;
        RunWriter::open(dir.to_owned(), manifest, lock)
    }

    /// Mends what the interruption tore, so that rows can be appended.
    pub fn mend(&mut self) -> Result<Vec<Repair>, RecordError> {
        let path = |file| self.dir.join(file);
        let mut repairs = Vec::new();
        for (file, bytes) in [
            // What may prove to be damaged comes first, and then nothing is cut.
            (LATENCY, frames::cut_torn_frame(&path(LATENCY))?),
            (TRIALS, lines::cut_torn_line(&path(TRIALS))?),
            (ENV, lines::cut_torn_line(&path(ENV))?),
        ] {
            if bytes > 0 {
                repairs.push(Repair { file, bytes });
            }
        }
        Ok(repairs)
    }

    fn open(dir: PathBuf, manifest: Manifest, lock: fs::File) -> Result<RunWriter, RecordError> {
        Ok(RunWriter {
            manifest,
            trials: lines::Appender::open::<TrialRow>(&dir.join(TRIALS))?,
            env: lines::Appender::open::<EnvRow>(&dir.join(ENV))?,
            latency: frames::Appender::open(&dir.join(LATENCY))?,
            _lock: lock,
            dir,
        })
    }

    /// The manifest, with the events so far.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The run's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// File of a trial's request rows.
    pub fn requests_path(&self, trial: &str) -> PathBuf {
        self.dir.join(REQUESTS).join(format!("{trial}.csv.zst"))
    }

    /// File of a trial's connection rows.
    pub fn connections_path(&self, trial: &str) -> PathBuf {
        self.dir.join(CONNECTIONS).join(format!("{trial}.csv.zst"))
    }

    /// File of a trial's timeline.
    pub fn timeline_path(&self, trial: &str) -> PathBuf {
        self.dir.join(TIMELINE).join(format!("{trial}.csv"))
    }

    /// Commits a trial: its histogram, then its row.
    pub fn append_trial(
        &mut self,
        row: &TrialRow,
        latency: &[(u64, u64)],
    ) -> Result<(), RecordError> {
        if !latency.is_empty() {
            self.latency.append(&row.trial, latency)?;
        }
        self.trials.append(row)
    }

    /// Adds the state of the machine.
    pub fn append_env(&mut self, row: &EnvRow) -> Result<(), RecordError> {
        self.env.append(row)
    }

    /// Notes that something happened to the run.
    pub fn note(&mut self, what: Happening, at: jiff::Timestamp) -> Result<(), RecordError> {
        let at_unix_ms = at.as_millisecond().unsigned_abs();
        self.manifest.events.push(Event { what, at_unix_ms });
        Ok(replace(&self.dir.join(MANIFEST), &to_json(&self.manifest))?)
    }
}

/// Keeps other writers out of a run for as long as the file is open.
pub(super) fn lock(dir: &Path) -> Result<fs::File, RecordError> {
    let lock = fs::File::open(dir.join(PLAN))?;
    match lock.file().try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(RecordError::Locked(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Whether another process writes a run now.
pub(super) fn is_locked(dir: &Path) -> bool {
    // A shared lock, so that two who look do not take each other for a writer.
    let Ok(plan) = fs::File::open(dir.join(PLAN)) else { return false };
    matches!(plan.file().try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Replaces a file as a whole: a reader sees the old or the new content, never a part.
pub fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(dir)?;
    file.write_all(content)?;
    #[cfg(unix)]
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    sync_dir(dir)
}

fn write_synced(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = fs::File::create_new(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_dir(dir: &Path) -> std::io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

/// The first of `name`, `name-2`, `name-3`… that is free.
fn free_name(parent: &Path, name: &str) -> PathBuf {
    let numbered = (2..).map(|n| parent.join(format!("{name}-{n}")));
    std::iter::once(parent.join(name))
        .chain(numbered)
        .find(|path| !path.exists())
        .expect("some number is free")
}

fn to_json(manifest: &Manifest) -> Vec<u8> {
    let mut json = serde_json::to_vec_pretty(manifest).expect("a manifest is plain data");
    json.push(b'\n');
    json
}
