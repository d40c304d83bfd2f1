//! `inflight runs`.

use serde::Serialize;

use super::{Failure, print, say};
use crate::cli::{self, ListFormat, RunState, RunsCommand};
use crate::exit::Exit;
use crate::page::terminal::Screen;
use crate::page::{Table, cells};
use crate::record::{Build, Listed, State, list};
use crate::units::{ReadableBytes, counted};

/// Version of the JSON document. Raised when a reader of the version before would misread it;
/// fields may be added without.
const SCHEMA: u32 = 1;

pub(super) fn run(args: &cli::Runs) -> Result<Exit, Failure> {
    if let Some(RunsCommand::Rm(rm)) = &args.command {
        return super::remove::run(&args.out, rm);
    }
    let mut all = list(&args.out)?;
    let found = all.len();
    all.retain(|listed| fits(args, listed));
    if all.is_empty() {
        // A list of nothing is a list: standard output stays what a program expects.
        say(&match found {
            0 => super::no_recording(&args.out),
            n => format!(
                "none of the {} under {} matches",
                counted(n, "recording"),
                args.out.display()
            ),
        });
    }
    match args.format {
        ListFormat::Text if all.is_empty() => {}
        ListFormat::Text => print(&text(&all, super::screen()))?,
        ListFormat::Csv => print(&csv(&all))?,
        ListFormat::Json => print(&json(&all))?,
    }
    Ok(Exit::Fine)
}

fn fits(args: &cli::Runs, listed: &Listed) -> bool {
    let experiment = args.experiment.as_ref();
    let machine = args.machine.as_ref();
    let wanted = args.commit.as_ref().map(|prefix| prefix.to_ascii_lowercase());
    let state = matches!(
        (args.state, &listed.state),
        (None, _)
            | (Some(RunState::Finished), State::Finished)
            | (Some(RunState::Running), State::Running)
            | (Some(RunState::Interrupted), State::Interrupted)
            | (Some(RunState::Damaged), State::Damaged(_))
    );
    let since =
        args.since.is_none_or(|since| listed.started().is_some_and(|started| started >= since));
    experiment.is_none_or(|name| listed.experiment.as_ref() == Some(name))
        && machine.is_none_or(|name| *name == listed.machine || *name == listed.machine_name())
        && wanted
            .is_none_or(|prefix| commit(listed).is_some_and(|commit| commit.starts_with(&prefix)))
        && state
        && since
}

/// The commit of the build, whole.
fn commit(listed: &Listed) -> Option<&str> {
    listed.build.as_ref()?.commit.as_deref()
}

const UNKNOWN: &str = "–";

fn text(all: &[Listed], screen: Screen) -> String {
    let mut table = Table::new(["started (UTC)", "experiment", "commit", "machine"])
        .numbers(["blocks"])
        .text(["state"])
        .numbers(["size"])
        .text(["run"])
        .led_by(2);
    for listed in all {
        let unknown = || UNKNOWN.to_owned();
        let started = listed.started().map(|at| at.strftime("%Y-%m-%d %H:%M").to_string());
        let blocks = listed.blocks.map(|(done, planned)| format!("{done} of {planned}"));
        table.row(cells![
            started.unwrap_or_else(unknown),
            listed.experiment.clone().unwrap_or_else(unknown),
            listed.build.as_ref().map_or_else(unknown, Build::short),
            listed.machine_name(),
            blocks.unwrap_or_else(unknown),
            listed.state.name(),
            ReadableBytes(listed.bytes as f64),
            match &listed.copy_of {
                Some(original) => format!("{} (copy of {original})", listed.run),
                None => listed.run.clone(),
            },
        ]);
    }
    let mut out = format!("{}\n", screen.table(&table));
    for listed in all {
        if let State::Damaged(why) = &listed.state {
            let (dir, why) = (listed.dir.display().to_string(), why.trim_end());
            // Most errors name the file themselves.
            let named = if why.starts_with(&dir) { String::new() } else { format!("{dir}: ") };
            out += &format!("\n{}\n", screen.wrapped(&format!("{named}{why}")));
        }
    }
    out
}

/// A recording for a spreadsheet or a program; what is unknown is empty or `null`.
///
/// * `run`: name of the folder, `path` to it
/// * `experiment`
/// * `machine`: the identity; `label`: what people call it, the identity if nothing else
/// * `commit`: whole; `dirty`: whether the build had changes against it
/// * `blocks`, `planned_blocks`: measured blocks that are complete, and that were to be recorded
/// * `state`: `finished`, `running`, `interrupted` or `damaged`, this with a `reason`
/// * `bytes` of all files
/// * `started`: RFC 3339 in UTC; `started_unix_ms`
/// * `id`: what a recording has in common with its copies; `copy_of`: the `run` that this is a copy of
#[derive(Serialize)]
struct Row<'a> {
    run: &'a str,
    path: String,
    experiment: Option<&'a str>,
    machine: &'a str,
    label: &'a str,
    commit: Option<&'a str>,
    dirty: Option<bool>,
    blocks: Option<u32>,
    planned_blocks: Option<u32>,
    state: &'static str,
    reason: Option<&'a str>,
    bytes: u64,
    started: Option<String>,
    started_unix_ms: Option<u64>,
    id: Option<String>,
    copy_of: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(listed: &'a Listed) -> Row<'a> {
        Row {
            run: &listed.run,
            path: listed.dir.display().to_string(),
            experiment: listed.experiment.as_deref(),
            machine: &listed.machine,
            label: listed.machine_name(),
            commit: commit(listed),
            dirty: listed.build.as_ref().map(|build| build.dirty.is_some()),
            blocks: listed.blocks.map(|(done, _)| done),
            planned_blocks: listed.blocks.map(|(_, planned)| planned),
            state: listed.state.name(),
            reason: match &listed.state {
                State::Damaged(why) => Some(why.trim_end()),
                _ => None,
            },
            bytes: listed.bytes,
            started: listed.started().map(|at| at.to_string()),
            started_unix_ms: listed.started_unix_ms,
            id: listed.id.as_ref().map(ToString::to_string),
            copy_of: listed.copy_of.as_deref(),
        }
    }
}

/// The columns of the CSV, for a list without rows.
const COLUMNS: [&str; 16] = [
    "run",
    "path",
    "experiment",
    "machine",
    "label",
    "commit",
    "dirty",
    "blocks",
    "planned_blocks",
    "state",
    "reason",
    "bytes",
    "started",
    "started_unix_ms",
    "id",
    "copy_of",
];

fn csv(all: &[Listed]) -> String {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("memory takes every write");
    for listed in all {
        writer.serialize(Row::of(listed)).expect("a row of plain values is a line");
    }
    let bytes = writer.into_inner().expect("memory takes every write");
    String::from_utf8(bytes).expect("fields are text")
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    recordings: Vec<Row<'a>>,
}

fn json(all: &[Listed]) -> String {
    let document = Document { schema: SCHEMA, recordings: all.iter().map(Row::of).collect() };
    serde_json::to_string_pretty(&document).expect("the document is plain") + "\n"
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn listed() -> Vec<Listed> {
        let whole = Listed {
            dir: PathBuf::from("results/m-1/20260101T000000Z-quick-abcdef01"),
            run: "20260101T000000Z-quick-abcdef01".to_owned(),
            experiment: Some("quick".to_owned()),
            machine: "m-1".to_owned(),
            label: Some("lab".to_owned()),
            build: Some(Build {
                commit: Some("abcdef0123456789".to_owned()),
                dirty: Some("00".to_owned()),
                ..Build::this()
            }),
            blocks: Some((12, 15)),
            state: State::Interrupted,
            bytes: 1_234_567,
            started_unix_ms: Some(1_767_225_600_000),
            id: None,
            copy_of: Some("20260101T000000Z-quick".to_owned()),
        };
        let broken = Listed {
            dir: PathBuf::from("results/m-1/x"),
            run: "x".to_owned(),
            experiment: None,
            label: None,
            build: None,
            blocks: None,
            state: State::Damaged("it has no manifest.json".to_owned()),
            bytes: 0,
            started_unix_ms: None,
            copy_of: None,
            ..whole.clone()
        };
        vec![broken, whole]
    }

    #[test]
    fn a_list_has_three_forms() {
        insta::assert_snapshot!("text", text(&listed(), Screen::default()));
        let narrow = Screen { width: Some(60), color: false };
        insta::assert_snapshot!("text_in_60_columns", text(&listed(), narrow));
        insta::assert_snapshot!("csv", csv(&listed()));
        insta::assert_snapshot!("json", json(&listed()));
        assert_eq!(csv(&[]), COLUMNS.join(",") + "\n");
        assert_eq!(json(&[]), "{\n  \"schema\": 1,\n  \"recordings\": []\n}\n");
    }

    #[test]
    fn the_columns_of_the_csv_are_the_fields_of_the_json() {
        let all = listed();
        let row = serde_json::to_value(Row::of(&all[0])).expect("plain data");
        let mut fields: Vec<&String> = row.as_object().expect("an object").keys().collect();
        let mut columns = COLUMNS.to_vec();
        fields.sort();
        columns.sort_unstable();
        assert_eq!(fields, columns);
    }

    #[test]
    fn filters_are_all_to_hold() {
        use clap::Parser;

        let all = listed();
        let left = |options: &str| -> Vec<usize> {
            let line = ["inflight", "runs"].into_iter().chain(options.split_whitespace());
            let cli::Command::Runs(args) = cli::Cli::parse_from(line).command else {
                panic!("another command")
            };
            all.iter().filter(|l| fits(&args, l)).map(|l| l.run.len()).collect()
        };
        let (broken, whole) = (all[0].run.len(), all[1].run.len());
        assert_eq!(left(""), [broken, whole]);
        assert_eq!(left("--experiment quick"), [whole]);
        assert_eq!(left("--experiment qui"), [0; 0]);
        assert_eq!(left("--machine m-1"), [broken, whole]);
        assert_eq!(left("--machine lab"), [whole]);
        assert_eq!(left("--commit ABCDEF"), [whole]);
        assert_eq!(left("--state damaged"), [broken]);
        assert_eq!(left("--state interrupted --since 2026-01-01"), [whole]);
        assert_eq!(left("--since 2026-01-02"), [0; 0]);
        assert_eq!(left("--state finished"), [0; 0]);
    }
}
