//! The command line, as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::spec::{Gate, Metric};

/// Which way of issuing many HTTP requests should my program use, what does it cost, and what
/// breaks first?
#[derive(Debug, Parser)]
#[command(
    name = "inflight",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  inflight run experiments/quickstart.toml          record, then write the report
  inflight plan experiments/sync-vs-async.toml      what it would do, and how long it takes
  inflight plan experiments/efficiency.toml --from @latest --requests 1e6
                                                    how long a million requests would take
  inflight report results/*/*                       write the reports again from their records
  inflight diff @latest~1 @latest                   what got slower, and how sure that is
  inflight ab experiments/quickstart.toml           what the uncommitted changes of inflight do
  inflight runs --state interrupted                 which recordings there are
  inflight serve --delay 10ms                       the delay server by hand

Exit codes: 0 fine, 1 something is worse, a report differs or a claim is refuted (--strict-claims),
3 not comparable, 4 inconclusive (--strict), 5 trials failed or were invalid, or none could
be run, 64 usage, 65 bad experiment or record, 70 a bug, 74 input or output, 130 interrupted."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Record an experiment, then write its report.
    Run(Run),
    /// Show cells, order, ideal times, duration and what it could detect; run nothing.
    Plan(Plan),
    /// Write reports from records, or check that they are what the records give.
    Report(Report),
    /// Compare recordings, or the values of a factor within one.
    Diff(Diff),
    /// Record two builds of inflight in one interleaved run.
    Ab(Ab),
    /// List the recordings: what, where, how far, how large.
    Runs(Runs),
    /// List the machines that recorded, or give one a label.
    Machine(Machine),
    /// Start a delay server by hand; it prints its address first.
    Serve(Serve),
    /// Print the JSON Schema of experiment files.
    Schema,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// A trial's delay server: a JSON document in, one out.
    #[command(name = crate::run::child::SERVER_COMMAND, hide = true)]
    Server,
    /// A trial's client: a JSON document in, one out.
    #[command(name = crate::run::child::CLIENT_COMMAND, hide = true)]
    Client,
    /// A trial's network: a JSON document in, one when it is ready, one at the end.
    #[command(name = crate::link::RELAY_COMMAND, hide = true)]
    Relay,
    /// What this binary is: a JSON document out.
    #[command(name = crate::ab::HELLO_COMMAND, hide = true)]
    Hello,
}

/// What of an experiment is meant, without editing its file.
#[derive(Debug, Clone, Args)]
pub struct Selection {
    /// Only cells with these words in their name, or with FACTOR=VALUE[,VALUE…]; repeatable, all
    /// must hold.
    #[arg(long, value_name = "TERM")]
    pub only: Vec<String>,
    /// Measured blocks; short for --set blocks.count=N.
    #[arg(long, value_name = "N")]
    pub blocks: Option<u32>,
    /// Override a value of the file, as in workload.requests=1000; repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Selection {
    /// All overrides, in the form of `--set`.
    pub fn overrides(&self) -> Vec<String> {
        let blocks = self.blocks.map(|n| format!("blocks.count={n}"));
        self.set.iter().cloned().chain(blocks).collect()
    }
}

/// Where records and reports stand.
#[derive(Debug, Clone, Args)]
pub struct Folders {
    /// Folder of the records.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Folder of the reports.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
}

impl Folders {
    /// Whether a folder is the one that is used if none is named.
    pub fn is_usual(&self, folder: &std::path::Path) -> bool {
        ["results", "reports"].iter().any(|usual| folder == std::path::Path::new(usual))
    }
}

/// `inflight run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight run experiments/quickstart.toml
  inflight run experiments/sync-vs-async.toml --blocks 20 --set workload.time_scale=0.2
  inflight run experiments/semaphore-limit.toml --only limit=10,100
  inflight run --resume results/MACHINE/RUN         go on after an interruption
  inflight run million.toml --predict-from @latest  say first how long it will take, then measure

Ctrl-C ends the run safely: every finished trial is on disk, and the last line says how to go on.")]
pub struct Run {
    /// Experiment files.
    #[arg(value_name = "FILE", required_unless_present = "resume", conflicts_with = "resume")]
    pub files: Vec<PathBuf>,
    /// Go on with an interrupted recording: its folder, the beginning of its name, or @latest.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["only", "blocks", "set"])]
    pub resume: Option<String>,
    /// Predict every cell from this recording before the first trial; the report then says how far
    /// off that was. Named as in `inflight plan --from`.
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    pub predict_from: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub selection: Selection,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub folders: Folders,
    /// Print nothing but errors.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Print one JSON document a line for every event, on standard output.
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 if a claim of the experiment is refuted.
    #[arg(long)]
    pub strict_claims: bool,
    /// How the builds are compared, where there are several.
    #[arg(skip)]
    pub judging: Option<Judging>,
}

/// `inflight plan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight plan experiments/quickstart.toml                   cells, order, ideal times, duration
  inflight plan million.toml --from @latest                   wall, CPU and memory of each cell
  inflight plan million.toml --from small --requests 1e6      of a million requests of each
  inflight plan million.toml --from small --requests 1e9 --machines 100 --json

A prediction simulates the schedule of a cell with what a request cost in a recording. It needs a
recorded cell of the same strategy and server settings; requests, delay, time_scale and seed may
differ. Record two sizes, both with more requests than the limit: one alone does not tell what
starting costs from what requests cost, nor how memory grows. Without --from it is the newest
recording of the experiment.")]
pub struct Plan {
    /// Experiment file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Predict from this recording: its folder, the beginning of its name, its experiment or
    /// commit, or @latest.
    #[arg(long, value_name = "RUN")]
    pub from: Option<String>,
    /// Predict this many requests of each cell, as in 1_000_000 or 1e9.
    #[arg(long, value_name = "N", value_parser = crate::units::parse_count)]
    pub requests: Option<u64>,
    /// Share the requests evenly among this many machines like that of the recording.
    #[arg(long, value_name = "N", value_parser = crate::units::parse_count)]
    pub machines: Option<u64>,
    /// Print the prediction as a JSON document.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub selection: Selection,
    /// Folder of the records.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

impl Plan {
    /// Whether a prediction is asked for.
    pub fn predicts(&self) -> bool {
        self.from.is_some() || self.requests.is_some() || self.machines.is_some() || self.json
    }
}

/// `inflight report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight report results/MACHINE/RUN               one report
  inflight report @latest                           that of the newest recording
  inflight report                                   every report, and their index
  inflight report --check                           exit 1 if a report is not what its record gives")]
pub struct Report {
    /// Recordings, by folder, beginning of the name, experiment, commit or @latest; all under
    /// --out, if none is named.
    #[arg(value_name = "RUN")]
    pub runs: Vec<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub folders: Folders,
    /// Compare the reports with what the records give, byte for byte; write nothing.
    #[arg(long)]
    pub check: bool,
    /// Write PNG copies of the charts too.
    #[cfg(feature = "png")]
    #[arg(long, conflicts_with = "check")]
    pub png: bool,
}

/// `inflight diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight diff @latest~1 @latest                   the last two recordings
  inflight diff before=1a2b3c4 after=5d6e7f8        two commits, under names of one's own
  inflight diff BASE NEW --metric wall,p99,memory   more than wall time
  inflight diff BASE NEW --gate p99=10%:label=async --strict --github
  inflight diff @latest --by client                 within one recording, block by block
  inflight diff base/trials.csv new/trials.csv      rows without their recordings

A side is a recording's folder, the beginning of its name, an experiment's name, @latest, @latest~1,
a commit, or the path of a trials.csv; LABEL=SIDE names it. `inflight runs` lists what there is.

The verdict of a cell comes from the 95 % interval of the ratio new ÷ base: slower or faster if all
of it is beyond the margin and the noise of both runs, equivalent if all of it is within the margin.
Recordings of two machines are compared by the ratios of their cells to the baseline only.

Exit codes: 0 nothing is worse, 1 something is worse or newly failing (with gates: a gate failed),
3 not comparable, 4 something is undecided (only under --strict).")]
pub struct Diff {
    /// What to compare with.
    #[arg(value_name = "BASE")]
    pub base: String,
    /// What is in question; several are all compared with BASE.
    #[arg(value_name = "NEW", required_unless_present = "by", conflicts_with = "by")]
    pub new: Vec<String>,
    /// Compare the values of a factor within BASE, such as client or limit; `build` in a recording
    /// of `inflight ab`.
    #[arg(long, value_name = "FACTOR")]
    pub by: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub judging: Judging,
    /// Divide every cell by the baseline of its scenario first.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Machines, conflicts_with = "by")]
    pub relative: When,
    /// Give verdicts on what is not comparable, and mark them.
    #[arg(long)]
    pub force: bool,
    /// Folder of the records.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// What is compared, what is let through, and how it is shown.
#[derive(Debug, Clone, Args)]
pub struct Judging {
    /// What to compare: wall, throughput, efficiency, p50, p99, cpu, memory, connections, errors, or
    /// all of these; of recordings that have it also connect, unused-connections, dns-queries,
    /// dns-hits, tls-full, tls-resumed, and phase-PHASE.
    #[arg(long, value_name = "METRIC", value_delimiter = ',')]
    pub metric: Vec<String>,
    /// A difference within this is none, as in 2%, or in p99=5% for one metric; the experiment's own
    /// margin if absent. Repeatable.
    #[arg(long, value_name = "[METRIC=]PERCENT", value_parser = margin)]
    pub margin: Vec<(Option<Metric>, f64)>,
    /// Let no cell get worse by more than this, as in wall=5% or p99=10%:label=async;limit=10,100.
    /// Repeatable; added to those of the experiment.
    #[arg(long, value_name = "METRIC=PERCENT[:CELLS]", value_parser = crate::diff::parse_gate)]
    pub gate: Vec<Gate>,
    /// The order of the cells.
    #[arg(long, value_enum, default_value_t = Sort::Verdict)]
    pub sort: Sort,
    /// A table of its own for each verdict.
    #[arg(long)]
    pub split: bool,
    /// Write the ratios as a chart, an SVG.
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
    /// Exit with 4 if nothing is worse but something is undecided.
    #[arg(long)]
    pub strict: bool,
    /// For a GitHub job: print annotations, and append to the job's summary.
    #[arg(long)]
    pub github: bool,
}

/// Whether cells are divided by their baseline before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Between recordings of two machines.
    Machines,
    /// Between any.
    Always,
    /// Never; recordings of two machines are then not comparable.
    Never,
}

/// The order of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Worst news first.
    Verdict,
    /// Largest ratio first.
    Ratio,
    /// By name.
    Name,
    /// As planned.
    Plan,
}

/// `inflight ab`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight ab experiments/quickstart.toml                  what the uncommitted changes do
  inflight ab --base main --new my-branch experiments/quickstart.toml --blocks 20
  inflight ab --base-bin old/inflight --new-bin new/inflight experiments/quickstart.toml
  inflight ab --resume results/MACHINE/RUN                 go on after an interruption

Every block holds every cell once for each build, in one random order, so that what drifts is on
both sides. Only the client of a trial is of the build that is compared; the delay server is always
that of this inflight. A build takes some minutes; --target-dir makes the second one quick, --keep
saves it for next time.")]
pub struct Ab {
    /// Experiment file.
    #[arg(value_name = "FILE", required_unless_present = "resume", conflicts_with = "resume")]
    pub file: Option<PathBuf>,
    /// Commit to compare with [default: HEAD].
    #[arg(long, value_name = "REV", conflicts_with_all = ["base_bin", "resume"])]
    pub base: Option<String>,
    /// Commit in question [default: the working tree as it stands].
    #[arg(long, value_name = "REV", conflicts_with_all = ["new_bin", "resume"])]
    pub new: Option<String>,
    /// Binary to compare with, instead of building one.
    #[arg(long, value_name = "PATH")]
    pub base_bin: Option<PathBuf>,
    /// Binary in question, instead of building one.
    #[arg(long, value_name = "PATH")]
    pub new_bin: Option<PathBuf>,
    /// Build here, and leave there what is compiled; each build has a temporary folder otherwise.
    #[arg(long, value_name = "DIR")]
    pub target_dir: Option<PathBuf>,
    /// Save both binaries here, for --base-bin and --new-bin.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub judging: Judging,
    /// Go on with an interrupted recording of two builds; what was built is built again.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["only", "blocks", "set"])]
    pub resume: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub selection: Selection,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub folders: Folders,
    /// Print nothing but errors.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Print one JSON document a line for every event, on standard output.
    #[arg(long)]
    pub json: bool,
}

/// `inflight runs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight runs                                     every recording, the newest last
  inflight runs --experiment quickstart --since 7d  those of the last week
  inflight runs --state interrupted                 what `inflight run --resume` can go on with
  inflight runs --machine \"lab box\" --format csv    for a spreadsheet
  inflight runs --commit 0c29fda --format json      for a program

States: finished; running (a process writes it); interrupted (stopped or killed); damaged (the
reason stands below the table). Only what a list needs is read: `inflight report --check` reads all.

Other commands take a recording by its folder, the beginning of its name, its experiment or commit,
or as @latest, @latest~1, @latest:EXPERIMENT.")]
pub struct Runs {
    /// Folder of the records.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Only recordings of this experiment.
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,
    /// Only those of this machine, by its identity or label.
    #[arg(long, value_name = "ID-OR-LABEL")]
    pub machine: Option<String>,
    /// Only those of a commit that begins like this.
    #[arg(long, value_name = "PREFIX")]
    pub commit: Option<String>,
    /// Only those in this state.
    #[arg(long, value_enum)]
    pub state: Option<RunState>,
    /// Only those begun since: a date (UTC), or as long ago as 36h or 7d.
    #[arg(long, value_name = "DATE-OR-DURATION", value_parser = since)]
    pub since: Option<jiff::Timestamp>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// The state of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunState {
    /// Nothing is left to run.
    Finished,
    /// A process writes it.
    Running,
    /// It was stopped or killed.
    Interrupted,
    /// It cannot be read.
    Damaged,
}

/// A form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For a terminal.
    Text,
    /// For a spreadsheet.
    Csv,
    /// For a program.
    Json,
}

fn since(text: &str) -> Result<jiff::Timestamp, String> {
    since_at(text, jiff::Timestamp::now())
}

fn since_at(text: &str, now: jiff::Timestamp) -> Result<jiff::Timestamp, String> {
    let midnight = text.parse::<jiff::civil::Date>();
    let in_utc = |date: jiff::civil::Date| date.to_zoned(jiff::tz::TimeZone::UTC);
    if let Ok(date) = midnight.and_then(in_utc) {
        return Ok(date.timestamp());
    }
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    let ago = text.parse::<jiff::Span>().and_then(|ago| ago.to_duration(days));
    ago.and_then(|ago| now.checked_sub(ago.abs())).map_err(|_| {
        "write a date, as in 2026-01-31 or 2026-01-31T12:00Z, or a duration, as in 36h or 7d"
            .to_owned()
    })
}

/// `inflight machine`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight machine                                  identity, label and hardware of each
  inflight machine label linux-x86_64-2cpu-24gib-a603 \"lab box\"

A label takes the place of the identity in lists and reports; reports that exist are written anew by
`inflight report`. It stands in results/<machine>/machine.toml and may be edited there as well.")]
pub struct Machine {
    /// What to do; list them, if nothing is said.
    #[command(subcommand)]
    pub command: Option<MachineCommand>,
    /// Folder of the records.
    #[arg(long, global = true, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// What to do with a machine.
#[derive(Debug, Subcommand)]
pub enum MachineCommand {
    /// Give a machine a name for people.
    Label {
        /// Its identity, or the label that it has.
        #[arg(value_name = "MACHINE")]
        which: String,
        /// The new label: one line of text.
        #[arg(value_name = "LABEL")]
        label: String,
    },
}

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For a pull request.
    Markdown,
    /// For a spreadsheet.
    Csv,
    /// For a program.
    Json,
}

fn margin(text: &str) -> Result<(Option<Metric>, f64), String> {
    let (metric, percent) = match text.split_once('=') {
        Some((metric, percent)) => (Some(crate::diff::parse_metric(metric.trim())?), percent),
        None => (None, text),
    };
    Ok((metric, crate::diff::parse_margin(percent)?))
}

/// `inflight serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight serve --delay 10ms
  inflight serve experiments/sync-vs-async.toml --port 8080
  curl -i http://127.0.0.1:8080/17                  request 17, with its seeded delay
  curl -i -H 'Inflight-Delay: 1s' http://127.0.0.1:8080/17
  curl -iL http://127.0.0.1:8080/17?redirects=2     two redirects before the answer
  inflight serve --tls cert.pem --port 8443         HTTP/1.1 and HTTP/2, by ALPN
  curl -i --cacert cert.pem https://127.0.0.1:8443/17
  inflight serve --body 1MB --chunks 10 --chunk-delay 50ms

Ctrl-C stops it; it then prints what it saw as JSON.")]
pub struct Serve {
    /// Take delays, body, seed and all else from the first scenario of this experiment.
    #[arg(value_name = "FILE", conflicts_with = "delay")]
    pub file: Option<PathBuf>,
    /// The same delay for every request.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = crate::units::parse_duration)]
    pub delay: u64,
    /// Size of the body of an answer.
    #[arg(long, value_name = "SIZE", default_value = "0B", value_parser = crate::units::parse_size, conflicts_with = "file")]
    pub body: u64,
    /// Pieces that a body is sent in.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "file")]
    pub chunks: u32,
    /// Pause between two pieces.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = crate::units::parse_duration, conflicts_with = "file")]
    pub chunk_delay: u64,
    /// Encrypt connections, and write the certificate here.
    #[arg(long, value_name = "CERT.pem")]
    pub tls: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Stop after this long.
    #[arg(long, value_name = "DURATION", value_parser = crate::units::parse_duration)]
    pub stop_after: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_moment_or_a_distance() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a moment");
        let now = at("2026-03-10T12:00:00Z");
        let since = |text: &str| since_at(text, now);
        assert_eq!(since("2026-03-01"), Ok(at("2026-03-01T00:00:00Z")));
        assert_eq!(since("2026-03-01T10:30Z"), Ok(at("2026-03-01T10:30:00Z")));
        assert_eq!(since("36h"), Ok(at("2026-03-09T00:00:00Z")));
        assert_eq!(since("7d"), Ok(at("2026-03-03T12:00:00Z")));
        assert_eq!(since("2w"), Ok(at("2026-02-24T12:00:00Z")));
        for bad in ["", "yesterday", "2026-13-01", "7", "99999999d"] {
            assert!(since(bad).is_err_and(|e| e.contains("36h or 7d")), "{bad}");
        }
    }
}
