//! Laws of reading: of every file of a record, whatever happens to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use fs_err as fs;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::synthetic::recording;
use super::*;
use crate::machine::Machine;
use crate::spec::{Experiment, Source};

const TEXT: &str = r#"
title = "t"
question = "q?"

[workload]
requests = 4
delay = { trace = "delays.csv" }

[[strategy]]
label = "true"
model = "sequential"

[[strategy]]
label = "Fäden"
model = "threads"
limit = 2

[blocks]
count = 2
warmup = 0
"#;

/// A small finished recording with every kind of file.
struct Small {
    _folder: tempfile::TempDir,
    dir: PathBuf,
    /// Relative to the folder of the machine.
    files: BTreeMap<String, Vec<u8>>,
    read: Everything,
}

/// All that is read of a record, as text, by the name of the file that it is from.
#[derive(Debug, Clone, PartialEq)]
struct Everything(BTreeMap<String, String>);

thread_local! {
    /// The recording of a test: it takes longer to write than to read, and every case leaves it as it was.
    static SMALL: Rc<Small> = Rc::new(Small::new());
}

/// A file that gets its content back when this is dropped.
struct Changed<'s>(PathBuf, &'s [u8]);

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        fs::write(&self.0, self.1).expect("a file");
    }
}

impl Small {
    /// The recording of the test that this thread runs.
    fn of_this_test() -> Rc<Small> {
        SMALL.with(Rc::clone)
    }

    fn new() -> Small {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("delays.csv"), "delay_ns\n1000000\n3000000\n")
            .expect("a file");
        let source =
            Source { name: "small.toml".to_owned(), text: TEXT.to_owned(), overrides: Vec::new() };
        let experiment = Experiment::parse(&source, folder.path()).expect("an experiment");
        let made = recording(experiment, |_, _, row| {
            row.build = Build::this().short();
            row.started_unix_ms = 1_767_225_600_000;
        });
        let machine = Machine::this();
        let prediction =
            PredictionRow { cell: "c".into(), bound: "CPU".into(), ..Default::default() };
        let new = NewRun {
            results: &folder.path().join("results"),
            experiment: TEXT,
            traces: vec![("delays.csv".to_owned(), b"delay_ns\n1000000\n3000000\n".to_vec())],
            plan: &made.plan,
            predictions: RunPredictions {
                predictions: &[prediction],
                earlier: &[EarlierRow::default()],
            },
            manifest: Manifest::of(&made.plan, &machine),
            machine: &machine,
            start: jiff::Timestamp::UNIX_EPOCH,
        };
        let mut writer = new.create().expect("a run");
        writer.note(Happening::Started, jiff::Timestamp::UNIX_EPOCH).expect("a note");
        for row in &made.all_trials {
            if row.position == 0 {
                let env = EnvRow { block: row.block, attempt: 1, ..EnvRow::default() };
                writer.append_env(&EnvRow { load_1min: Some(0.5), ..env }).expect("a row");
            }
            let requests = (0..2).map(|index| RequestRow {
                index,
                pool_ns: (index > 0).then_some(700),
                end_ns: 1_000,
                chunk_ns: Numbers(vec![5, 6]),
                error: (index == 0).then(|| "timeout".to_owned()),
                ..RequestRow::default()
            });
            let connection = ConnectionRow {
                connection: 0,
                started_by: Some(0),
                start_ns: 5,
                dns_ns: None,
                dns: None,
                connect_ns: Some(30),
                tls_ns: None,
                tls: None,
                protocol: Some(crate::vocabulary::Protocol::Http1),
                local_port: Some(4_000),
                ready_ns: Some(40),
                requests: 2,
                closed_ns: None,
                fate: Fate::Used,
                error: None,
                errno: None,
                error_chain: None,
            };
            let create = |path: PathBuf| fs::File::create(path).expect("a file");
            write_compressed(create(writer.requests_path(&row.trial)), requests).expect("rows");
            write_compressed(create(writer.connections_path(&row.trial)), [connection])
                .expect("rows");
            let sample = TimelineRow { at_ns: 7, rss_bytes: Some(9), ..TimelineRow::default() };
            let timeline = lines::line(&sample, true).expect("a line");
            fs::write(writer.timeline_path(&row.trial), timeline).expect("a file");
            writer.append_trial(row, &[(1_000, 3), (2_000, 1)]).expect("a row");
        }
        writer.note(Happening::Finished, jiff::Timestamp::UNIX_EPOCH).expect("a note");
        let dir = writer.dir().to_owned();
        let machine_dir = dir.parent().expect("a machine");
        let run = dir.file_name().expect("a name").to_string_lossy().into_owned();
        let mut files = BTreeMap::new();
        let mut add = |name: String| {
            let content = fs::read(machine_dir.join(&name)).expect("a file");
            files.insert(name, content);
        };
        add(MACHINE.to_owned());
        for folder in ["", REQUESTS, CONNECTIONS, TIMELINE] {
            for entry in fs::read_dir(dir.join(folder)).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_file() {
                    let name = path.strip_prefix(&dir).expect("inside").display().to_string();
                    add(format!("{run}/{name}"));
                }
            }
        }
        let read = everything(&dir).expect("a readable record");
        Small { _folder: folder, dir, files, read }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.parent().expect("a machine").join(file)
    }

    /// Reads the record with another content of a file.
    fn with(&self, file: &str, content: &[u8]) -> Result<Everything, String> {
        let path = self.path(file);
        fs::write(&path, content).expect("a file");
        let _changed = Changed(path, &self.files[file]);
        everything(&self.dir)
    }

    fn file(&self, index: prop::sample::Index) -> (&str, &[u8]) {
        let (name, content) = index.get(&self.files.iter().collect::<Vec<_>>()).to_owned();
        (name, content)
    }

    /// A table, as its header and its rows.
    fn table(&self, index: prop::sample::Index) -> (&str, Vec<Vec<String>>) {
        let tables: Vec<&str> =
            self.files.keys().map(String::as_str).filter(|name| is_table(name)).collect();
        let name = tables[index.index(tables.len())];
        let bytes = match name.ends_with(".zst") {
            true => zstd::decode_all(&self.files[name][..]).expect("a stream"),
            false => self.files[name].clone(),
        };
        let text = String::from_utf8(bytes).expect("text");
        let fields = |line: &str| line.split(',').map(str::to_owned).collect();
        (name, text.lines().map(fields).collect())
    }

    /// Reads the record with another content of a table.
    fn with_table(
        &self,
        name: &str,
        rows: &[Vec<String>],
        end: &str,
    ) -> Result<Everything, String> {
        let text: String = rows.iter().map(|row| row.join(",") + end).collect();
        match name.ends_with(".zst") {
            true => self.with(name, &zstd::encode_all(text.as_bytes(), 1).expect("a stream")),
            false => self.with(name, text.as_bytes()),
        }
    }
}

/// Rows of a record; the trace is none.
fn is_table(name: &str) -> bool {
    (name.ends_with(".csv") || name.ends_with(".csv.zst")) && !name.ends_with("delays.csv")
}

fn everything(dir: &Path) -> Result<Everything, String> {
    let recording = Recording::read(dir).map_err(|e| e.to_string())?;
    let errors = recording.check_files();
    if !errors.is_empty() {
        return Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    }
    let mut all = BTreeMap::new();
    let mut add = |name: &str, what: String| all.insert(name.to_owned(), what);
    add(MANIFEST, format!("{:?}", recording.manifest));
    add(MACHINE, format!("{:?}", recording.machine));
    add(EXPERIMENT, recording.experiment_text.clone());
    add(PLAN, format!("{:?} {:?}", recording.plan.trials, recording.plan.digest()));
    add(TRIALS, format!("{:?}", recording.all_trials));
    add(ENV, format!("{:?}", recording.env));
    let latencies: BTreeMap<_, _> = recording.latencies().expect("checked").into_iter().collect();
    add(LATENCY, format!("{latencies:?}"));
    add(prediction::PREDICTIONS, format!("{:?}", recording.predictions().expect("checked")));
    add(prediction::EARLIER, format!("{:?}", recording.earlier_predictions().expect("checked")));
    for TrialRow { trial, .. } in &recording.all_trials {
        let mut scan = recording.requests(trial).expect("checked").expect("rows");
        let mut rows = Vec::new();
        while let Some(row) = scan.next_row().expect("checked") {
            rows.push(row.row().expect("checked"));
        }
        add(&format!("{REQUESTS}/{trial}.csv.zst"), format!("{rows:?}"));
        let connections = recording.connections(trial).expect("checked");
        add(&format!("{CONNECTIONS}/{trial}.csv.zst"), format!("{connections:?}"));
        let samples = recording.timeline(trial).expect("checked");
        add(&format!("{TIMELINE}/{trial}.csv"), format!("{samples:?}"));
    }
    Ok(Everything(all))
}

/// Checks that nothing but what is from this file was read as something else.
fn only_from(file: &str, before: &Everything, after: &Everything) -> Result<(), TestCaseError> {
    for (name, was) in &before.0 {
        if !file.ends_with(name.as_str()) {
            prop_assert_eq!(
                after.0.get(name),
                Some(was),
                "{} was changed, and {} differs",
                file,
                name
            );
        }
    }
    Ok(())
}

/// The file's name as errors have it: with its folder in the record.
fn shown(file: &str) -> &str {
    file.split_once('/').map_or(file, |(_, name)| name)
}

/// Whether a cut leaves whole rows, with or without the last one's newline.
fn ends_a_row(table: &[u8], cut: usize) -> bool {
    table[cut] == b'\n' || cut.checked_sub(1).is_some_and(|last| table[last] == b'\n')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A changed byte of any file is an error that names the file and its record, or changes nothing but
    /// what that file says. Where there are checksums, it is never another number.
    #[test]
    fn a_changed_byte_is_told_or_stays_in_its_file(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..=255u8), 8),
    ) {
        let small = Small::of_this_test();
        for (file, place, change) in changes {
            let (name, content) = small.file(file);
            let mut changed = content.to_vec();
            let place = place.index(changed.len());
            changed[place] ^= change;
            match small.with(name, &changed) {
                Ok(read) if name.ends_with(".zst") => prop_assert_eq!(&read, &small.read),
                Ok(read) => only_from(name, &small.read, &read)?,
                Err(error) => {
                    let run = small.dir.file_name().expect("a name").to_string_lossy();
                    let names = error.contains(shown(name)) && (error.contains(&*run) || name == MACHINE);
                    prop_assert!(names, "byte {} of {}: {}", place, name, error);
                }
            }
        }
    }

    /// A file that is cut anywhere is an error that names it: the recording is finished. A plain table has
    /// no mark at its end, so one that is cut between two rows has lost rows, and nothing else changes.
    #[test]
    fn a_cut_file_is_told(file in any::<prop::sample::Index>(), place in any::<prop::sample::Index>()) {
        let small = Small::of_this_test();
        let (name, content) = small.file(file);
        let cut = place.index(content.len());
        match small.with(name, &content[..cut]) {
            // Keys and sections of TOML, and a last newline, may be left out.
            Ok(read) if name.ends_with(".toml") => only_from(name, &small.read, &read)?,
            Ok(read) if name.ends_with(".csv") && ends_a_row(content, cut) => only_from(name, &small.read, &read)?,
            Ok(read) => prop_assert_eq!(&read, &small.read, "{} cut at {}", name, cut),
            Err(error) => prop_assert!(error.contains(shown(name)), "{} cut at {}: {}", name, cut, error),
        }
    }

    /// A field of any table that is no value of its column is an error with file, line, column and value.
    #[test]
    fn a_wrong_field_is_told_with_its_column(
        changes in prop::collection::vec(
            (
                any::<prop::sample::Index>(),
                any::<prop::sample::Index>(),
                any::<prop::sample::Index>(),
                prop::sample::select(vec!["x1", "-1", "5.5", "nan", "1e99", "", "é", " 7", "99999999999999999999"]),
            ),
            8,
        ),
    ) {
        let small = Small::of_this_test();
        for (table, row, column, value) in changes {
            let (name, mut rows) = small.table(table);
            let row = 1 + row.index(rows.len() - 1);
            let column = column.index(rows[0].len());
            let title = rows[0][column].clone();
            value.clone_into(&mut rows[row][column]);
            match small.with_table(name, &rows, "\n") {
                Ok(read) => only_from(name, &small.read, &read)?,
                // The trial that has lost its histogram is told instead.
                Err(error) if name.ends_with(LATENCY) && title == "trial" => {
                    prop_assert!(error.contains(LATENCY), "{}", error);
                }
                Err(error) => {
                    let line = format!("{}:{}: ", shown(name), row + 1);
                    let tells = error.contains(&line) && error.contains(title.as_str());
                    prop_assert!(tells, "{} `{}` in {}: {}", title, value, name, error);
                }
            }
        }
    }

    /// The order of the columns never changes what is read.
    #[test]
    fn the_order_of_columns_means_nothing(table in any::<prop::sample::Index>(), turn in any::<prop::sample::Index>()) {
        let small = Small::of_this_test();
        let (name, mut rows) = small.table(table);
        let by = turn.index(rows[0].len());
        for row in &mut rows {
            row.rotate_left(by);
            row.reverse();
        }
        prop_assert_eq!(small.with_table(name, &rows, "\n"), Ok(small.read.clone()));
    }

    /// A table that a data frame has read and written back, on any system, says the same.
    #[test]
    fn what_a_data_frame_writes_back_says_the_same(table in any::<prop::sample::Index>(), end in prop::sample::select(vec!["\n", "\r\n"])) {
        let small = Small::of_this_test();
        let (name, mut rows) = small.table(table);
        for column in 0..rows[0].len() {
            let values: Vec<&str> = rows[1..].iter().map(|row| row[column].as_str()).collect();
            let some_empty = values.contains(&"");
            let all = |test: &dyn Fn(&str) -> bool| values.iter().all(|value| value.is_empty() || test(value));
            let whole = all(&|value| value.bytes().all(|digit| digit.is_ascii_digit()) && !value.starts_with('0'));
            let truth = all(&|value| ["true", "false"].contains(&value));
            for row in &mut rows[1..] {
                let value = &mut row[column];
                *value = match value.as_str() {
                    "" => String::new(),
                    "true" if truth => "True".to_owned(),
                    "false" if truth => "False".to_owned(),
                    digits if whole && some_empty => format!("{digits}.0"),
                    other => other.to_owned(),
                };
            }
        }
        let read = small.with_table(name, &rows, end).map_err(TestCaseError::fail)?;
        // The label is a word that is told apart from `True` by its plan only.
        let same = |text: &str| text.replace("label: \"True\"", "label: \"true\"");
        for (file, was) in &small.read.0 {
            prop_assert_eq!(&same(&read.0[file]), was, "{} of {}", file, name);
        }
    }
}
