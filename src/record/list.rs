//! A look at every recording that is quick enough to look at hundreds: no plan is made, no histogram
//! is unpacked, of a trial only its place and status are read.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;

use super::columns::row;
use super::find::run_folders;
use super::folder::{name_of, start_in_name};
use super::same::originals;
use super::status::Status;
use super::write::is_locked;
use super::{
    Build, EXPERIMENT, Happening, MANIFEST, Manifest, PLAN, RecordError, RecordingId, TRIALS,
    lines, machines,
};

/// A recording, as a list tells of it. What could not be read is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its folder.
    pub dir: PathBuf,
    /// The folder's name.
    pub run: String,
    /// Name of the experiment.
    pub experiment: Option<String>,
    /// Identity of the machine: from the manifest, or else the name of the folder above.
    pub machine: String,
    /// The machine's label, if it has one of its own.
    pub label: Option<String>,
    /// The build that recorded it.
    pub build: Option<Build>,
    /// Measured blocks that are complete, and that were planned; a run that its stopping rule ended
    /// has planned no more.
    pub blocks: Option<(u32, u32)>,
    /// State of the recording.
    pub state: State,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Start in Unix milliseconds.
    pub started_unix_ms: Option<u64>,
    /// Identity that it shares with its copies.
    pub id: Option<RecordingId>,
    /// The name of the folder that this is a copy of.
    pub copy_of: Option<String>,
}

/// State of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing is left to run.
    Finished,
    /// A process writes it now.
    Running,
    /// It was stopped or killed; `run --resume` goes on with it.
    Interrupted,
    /// It cannot be read, and this is why. Damage inside single files is found by those who read
    /// all of it.
    Damaged(String),
}

impl State {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            State::Finished => "finished",
            State::Running => "running",
            State::Interrupted => "interrupted",
            State::Damaged(_) => "damaged",
        }
    }
}

/// Every recording under `results`, the oldest first. A recording that cannot be read is listed as
/// damaged; so is a folder in the place of a recording that is none.
///
/// # Errors
///
/// Only if the folders themselves cannot be read.
pub fn list(results: &Path) -> Result<Vec<Listed>, RecordError> {
    let labels: HashMap<String, String> = machines(results)?
        .into_iter()
        .filter_map(|found| Some((found.id, found.machine.ok()?.label)))
        .collect();
    let runs = run_folders(results)?.into_iter().map(|dir| (Manifest::read(&dir), dir));
    let runs: Vec<_> = runs.collect();
    let known = runs.iter().filter_map(|(m, dir)| Some((dir.clone(), m.as_ref().ok()?)));
    let known: Vec<(PathBuf, &Manifest)> = known.collect();
    let copies: HashMap<&Path, String> = known
        .iter()
        .zip(originals(&known))
        .filter_map(|((dir, _), original)| Some((dir.as_path(), name_of(&known[original?].0))))
        .collect();
    let of = |(manifest, dir): &(Result<Manifest, RecordError>, PathBuf)| Listed {
        copy_of: copies.get(dir.as_path()).cloned(),
        ..Listed::of(dir.clone(), manifest, &labels)
    };
    let mut all: Vec<Listed> = runs.iter().map(of).collect();
    // The sort keeps the order of names where starts are unknown or the same.
    all.sort_by_key(|listed| listed.started_unix_ms.unwrap_or(0));
    Ok(all)
}

impl Listed {
    fn of(
        dir: PathBuf,
        manifest: &Result<Manifest, RecordError>,
        labels: &HashMap<String, String>,
    ) -> Listed {
        let run = name_of(&dir);
        let known = manifest.as_ref().ok();
        let machine = match known {
            Some(manifest) => manifest.machine.clone(),
            None => dir.parent().map(name_of).unwrap_or_default(),
        };
        let (blocks, state) = match manifest {
            Ok(manifest) => look(&dir, manifest),
            Err(RecordError::NotARecording(_)) => {
                (None, State::Damaged(format!("it has no {MANIFEST}")))
            }
            Err(error) => (None, State::Damaged(error.to_string())),
        };
        Listed {
            experiment: known.map(|m| m.experiment.clone()),
            label: labels.get(&machine).filter(|label| **label != machine).cloned(),
            machine,
            build: known.map(|m| m.build.clone()),
            blocks,
            state,
            bytes: size(&dir),
            started_unix_ms: known
                .and_then(Manifest::started_unix_ms)
                .or_else(|| start_in_name(&run)),
            id: known.map(Manifest::identity),
            copy_of: None,
            run,
            dir,
        }
    }

    /// Start of the recording.
    pub fn started(&self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_millisecond(i64::try_from(self.started_unix_ms?).ok()?).ok()
    }

    /// The label, or the machine's identity if it has none of its own.
    pub fn machine_name(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.machine)
    }
}

row! {
    /// A row of `plan.csv` or `trials.csv`, as far as blocks are concerned.
    #[derive(Deserialize)]
    struct Placed {
        block: u32,
        #[serde(default)]
        attempt: Option<u32>,
        #[serde(default)]
        status: Option<Status>,
    }
}

fn placed(file: &Path) -> Result<Vec<Placed>, RecordError> {
    lines::read_some_columns(&file.display().to_string(), &fs::read(file)?)
}

fn look(dir: &Path, manifest: &Manifest) -> (Option<(u32, u32)>, State) {
    // What is not looked into is still needed by whoever reads the rest.
    if let Some(lost) = [EXPERIMENT, PLAN, TRIALS].iter().find(|file| !dir.join(file).is_file()) {
        return (None, State::Damaged(format!("it has no {lost}")));
    }
    match count_blocks(dir, manifest) {
        Ok(blocks) if manifest.is_finished() && blocks.0 < blocks.1 => {
            let (done, planned) = blocks;
            let what = format!("it is finished, but {TRIALS} holds {done} of {planned} blocks");
            (Some(blocks), State::Damaged(what))
        }
        Ok(blocks) if manifest.is_finished() => (Some(blocks), State::Finished),
        Ok(blocks) if is_locked(dir) => (Some(blocks), State::Running),
        Ok(blocks) => (Some(blocks), State::Interrupted),
        Err(error) => (None, State::Damaged(error.to_string())),
    }
}

/// Measured blocks that are complete, and that were planned.
fn count_blocks(dir: &Path, manifest: &Manifest) -> Result<(u32, u32), RecordError> {
    let mut planned: BTreeMap<u32, usize> = BTreeMap::new();
    for row in placed(&dir.join(PLAN))? {
        *planned.entry(row.block).or_default() += 1;
    }
    let mut attempts: BTreeMap<(u32, Option<u32>), (usize, bool)> = BTreeMap::new();
    for row in placed(&dir.join(TRIALS))? {
        let (rows, aborted) = attempts.entry((row.block, row.attempt)).or_default();
        *rows += 1;
        *aborted |= row.status == Some(Status::Aborted);
    }
    let whole = |(&(block, _), &(rows, aborted)): (&(u32, _), &(usize, bool))| {
        (block > 0 && !aborted && planned.get(&block) == Some(&rows)).then_some(block)
    };
    let mut blocks: Vec<u32> = attempts.iter().filter_map(whole).collect();
    blocks.dedup();
    let done = blocks.len() as u32;
    let most = planned.keys().next_back().copied().unwrap_or(0);
    Ok(match manifest.happened(Happening::NarrowEnough) {
        true => (done, blocks.last().copied().unwrap_or(most)),
        false => (done, most),
    })
}

/// Bytes of the files under a folder; what cannot be looked at counts nothing.
fn size(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let of = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => size(&entry.path()),
        Ok(_) => entry.metadata().map_or(0, |m| m.len()),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::plan::{Only, Plan};
    use crate::record::synthetic::{experiment, recording, strategy};
    use crate::record::{FORMAT, MACHINE, NewRun, RunPredictions, RunWriter, TrialRow};

    const START_MS: u64 = 1_767_225_600_000;

    /// Recordings of two cells and three blocks.
    struct Results {
        dir: tempfile::TempDir,
        plan: Plan,
        rows: Vec<TrialRow>,
        machine: Machine,
    }

    impl Results {
        fn new() -> Results {
            let strategies =
                vec![strategy("sync", "sequential", None), strategy("all", "async-all", None)];
            let experiment = experiment(strategies, 3);
            let rows = recording(experiment.clone(), |_, _, _| ()).trials;
            let plan = Plan::new(experiment, &Only::default()).expect("a plan");
            let dir = tempfile::tempdir().expect("a folder");
            Results { dir, plan, rows, machine: Machine::this() }
        }

        /// Begins a recording of this experiment at this second, and writes these rows.
        fn begin(&self, name: &str, second: u64, rows: &[TrialRow]) -> RunWriter {
            let at = |ms: u64| jiff::Timestamp::from_millisecond(ms as i64).expect("a time");
            let start = at(START_MS + second * 1_000);
            let manifest = Manifest {
                format: FORMAT,
                id: None,
                experiment: name.to_owned(),
                build: Build { commit: Some("abcdef0123".to_owned()), ..Build::this() },
                builds: Vec::new(),
                plan: self.plan.digest(),
                overrides: Vec::new(),
                only: Vec::new(),
                argv: Vec::new(),
                given: None,
                machine: self.machine.id(),
                kernel: String::new(),
                server_cpus: Vec::new(),
                client_cpus: Vec::new(),
                programs: Vec::new(),
                model_lines: BTreeMap::new(),
                nofile: None,
                events: Vec::new(),
            };
            let new = NewRun {
                results: self.dir.path(),
                experiment: "",
                traces: Vec::new(),
                plan: &self.plan,
                predictions: RunPredictions::default(),
                manifest,
                machine: &self.machine,
                start,
            };
            let mut writer = new.create().expect("a new run");
            writer.note(Happening::Started, start).expect("a note");
            for row in rows {
                writer.append_trial(row, &[]).expect("a row");
            }
            writer
        }

        fn list(&self) -> Vec<Listed> {
            list(self.dir.path()).expect("a list")
        }
    }

    fn states(list: &[Listed]) -> Vec<String> {
        let one = |l: &Listed| {
            let (done, planned) = l.blocks.expect("blocks");
            let experiment = l.experiment.as_deref().unwrap_or("?");
            format!("{experiment}: {}, {done} of {planned}", l.state.name())
        };
        list.iter().map(one).collect()
    }

    #[test]
    fn every_state_is_told_apart_and_the_newest_is_last() {
        let results = Results::new();
        let running = results.begin("running", 4, &results.rows[..7]);
        let mut done = results.begin("done", 1, &results.rows);
        done.note(Happening::Finished, jiff::Timestamp::UNIX_EPOCH).expect("a note");
        drop(done);
        // An aborted trial: its block is not complete, whatever else it holds.
        let mut rows = results.rows[..9].to_vec();
        rows[8].set_status(Status::Aborted, "");
        drop(results.begin("stopped", 2, &rows));
        let mut ruled = results.begin("ruled", 3, &results.rows[..9]);
        ruled.note(Happening::NarrowEnough, jiff::Timestamp::UNIX_EPOCH).expect("a note");
        drop(ruled);
        let mut lost = results.begin("lost", 5, &results.rows[..9]);
        lost.note(Happening::Finished, jiff::Timestamp::UNIX_EPOCH).expect("a note");
        drop(lost);
        let list = results.list();
        assert_eq!(
            states(&list),
            [
                "done: finished, 3 of 3",
                "stopped: interrupted, 1 of 3",
                "ruled: finished, 2 of 2",
                "running: running, 1 of 3",
                "lost: damaged, 2 of 3",
            ]
        );
        let State::Damaged(what) = &list[4].state else { panic!("damaged") };
        assert_eq!(what, "it is finished, but trials.csv holds 2 of 3 blocks");
        assert_eq!(list[0].started_unix_ms, Some(START_MS + 1_000));
        let build = list[0].build.as_ref().expect("a build");
        assert_eq!(build.commit.as_deref(), Some("abcdef0123"));
        let files = ["trials.csv", "plan.csv", "manifest.json"];
        let least: u64 =
            files.map(|f| fs::metadata(list[0].dir.join(f)).expect("a file").len()).iter().sum();
        assert!(list[0].bytes > least, "{} > {least}", list[0].bytes);
        drop(running);
        assert_eq!(results.list()[3].state, State::Interrupted);
    }

    #[test]
    fn damage_is_a_row_and_not_the_end() {
        let results = Results::new();
        let spoil = |second: u64, file: &str, text: Option<&str>| {
            let dir = results.begin("x", second, &results.rows).dir().to_owned();
            match text {
                Some(text) => fs::write(dir.join(file), text).expect("a file"),
                None => fs::remove_file(dir.join(file)).expect("a file"),
            }
        };
        spoil(1, MANIFEST, Some("{"));
        spoil(2, MANIFEST, Some("{\"format\": 99}"));
        spoil(3, MANIFEST, None);
        spoil(4, TRIALS, Some("block,attempt,status\n1,1,fine\n"));
        spoil(5, PLAN, None);
        spoil(6, EXPERIMENT, None);
        fs::create_dir(results.dir.path().join("empty")).expect("a folder");
        let list = results.list();
        let why: Vec<String> = list
            .iter()
            .map(|l| match &l.state {
                State::Damaged(why) => why.replace(&l.dir.display().to_string(), "RUN"),
                other => other.name().to_owned(),
            })
            .collect();
        let begins = [
            "RUN/manifest.json:1: damaged: EOF",
            "RUN/manifest.json: the recording has format 99",
            "it has no manifest.json",
            "RUN/trials.csv:2: damaged: column `status`: `fine` is none of ",
            "it has no plan.csv",
            "it has no experiment.toml",
        ];
        assert_eq!(why.len(), begins.len());
        for (why, begin) in why.iter().zip(begins) {
            assert!(why.starts_with(begin), "{why}");
        }
        // Without a manifest the name tells the start, and the folder above the machine.
        assert_eq!(list[0].started_unix_ms, Some(START_MS + 1_000));
        assert_eq!(list[0].machine, results.machine.id());
    }

    #[test]
    fn a_label_takes_the_place_of_the_machine_s_identity() {
        let results = Results::new();
        drop(results.begin("x", 1, &[]));
        let id = results.machine.id();
        assert_eq!((results.list()[0].machine_name(), &results.list()[0].label), (&*id, &None));
        let file = results.dir.path().join(&id).join(MACHINE);
        let named = Machine { label: "lab".to_owned(), ..results.machine.clone() };
        fs::write(&file, named.to_toml()).expect("a file");
        // A later recording leaves it alone.
        drop(results.begin("x", 2, &[]));
        assert_eq!(results.list().iter().map(Listed::machine_name).collect::<Vec<_>>(), ["lab"; 2]);
        fs::write(&file, "label = ").expect("a file");
        assert_eq!(results.list()[0].machine_name(), id);
    }

    #[test]
    fn without_a_folder_there_is_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(list(&dir.path().join("none")).expect("a list"), []);
    }
}
