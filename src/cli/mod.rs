//! The command line, as typed.

mod ab;
mod app;
mod check;
mod diff;
mod history;
mod init;
mod known;
mod machine;
mod plan;
mod report;
mod run;
mod runs;
mod serve;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use self::{
    ab::Ab,
    app::App,
    check::Check,
    diff::{BUILD, Diff, Format, Judging, Sort, When},
    history::History,
    init::Init,
    machine::{Machine, MachineCommand},
    plan::Plan,
    report::{AnswerFormat, Report},
    run::Run,
    runs::{ListFormat, Remove, RunState, Runs, RunsCommand},
    serve::Serve,
};

/// Which way of issuing many HTTP requests should my program use, what does it cost, and what
/// breaks first?
#[derive(Debug, Parser)]
#[command(
    name = "inflight",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  inflight init                                     write a first experiment
  inflight run experiments/quickstart.toml          record, then write the report
  inflight plan experiments/sync-vs-async.toml      what it would do, and how long it takes
  inflight plan experiments/efficiency.toml --from @latest --requests 1e6
                                                    how long a million requests would take
  inflight report results/*/*                       write the reports again from their records
  inflight diff @latest~1 @latest                   what got slower, and how sure that is
  inflight history quickstart                       how its cells changed from recording to recording
  inflight ab experiments/quickstart.toml           what the uncommitted changes of inflight do
  inflight runs --state interrupted                 which recordings there are
  inflight serve --delay 10ms                       the delay server by hand

Exit codes: 0 fine, 1 something is worse, a report differs or a claim is refuted (--strict-claims),
3 not comparable, 4 inconclusive (--strict), 5 trials failed or were invalid, or none could
be run, 64 usage, 65 bad experiment or record, 70 a bug, 74 input or output, 130 interrupted."
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first experiment, from three answers or a shipped one.
    Init(Init),
    /// Record an experiment, then write its report.
    Run(Run),
    /// Show cells, order, ideal times, duration and what it could detect; run nothing.
    Plan(Plan),
    /// Write reports from records, or check that they are what the records give.
    Report(Report),
    /// Compare recordings, or the values of a factor within one.
    Diff(Diff),
    /// Show an experiment over its recordings, each against the one before.
    History(History),
    /// Record two builds of inflight in one interleaved run.
    Ab(Ab),
    /// List the recordings: what, where, how far, how large; or remove some.
    Runs(Runs),
    /// List the machines that recorded, or give one a label.
    Machine(Machine),
    /// Check a program against the contract of docs/programs.md.
    Check(Check),
    /// Start a delay server by hand; it prints its address first.
    Serve(Serve),
    /// Start a web application by hand, which calls a backend for each request.
    App(App),
    /// Print the JSON Schema of experiment files.
    Schema,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write a manual page for each command into a folder.
    #[command(hide = true)]
    Man {
        /// The folder; it is made if there is none.
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// A trial's delay server: a JSON document in, one out.
    #[command(name = crate::child::SERVER_COMMAND, hide = true)]
    Server,
    /// A trial's client: a JSON document in, one out.
    #[command(name = crate::child::CLIENT_COMMAND, hide = true)]
    Client,
    /// A trial's network: a JSON document in, one when it is ready, one at the end.
    #[command(name = crate::child::RELAY_COMMAND, hide = true)]
    Relay,
    /// A trial's service: a JSON document in, one when it answers, one at the end.
    #[command(name = crate::child::SERVICE_COMMAND, hide = true)]
    Service,
    /// Facts about this binary: a JSON document out.
    #[command(name = crate::ab::HELLO_COMMAND, hide = true)]
    Hello,
}

/// Part and changes of an experiment, without editing its file.
#[derive(Debug, Clone, Default, Args)]
pub struct Selection {
    /// Only cells with these words in their name, or with FACTOR=VALUE[,VALUE…]; repeatable, all
    /// must hold.
    #[arg(long, value_name = "TERM")]
    pub only: Vec<String>,
    /// Measured blocks; short for --set blocks.count=N.
    #[arg(long, value_name = "N")]
    pub blocks: Option<u32>,
    /// Ask this service in place of the delay server: a URL of this machine, as in
    /// http://127.0.0.1:8000/path, or the name of a service of the file; short for --set server.service=SERVICE.
    #[arg(long, value_name = "SERVICE")]
    pub target: Option<String>,
    /// Override a value of the file, as in workload.requests=1000; repeatable.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Selection {
    /// All overrides, in the form of `--set`.
    pub fn overrides(&self) -> Vec<String> {
        let blocks = self.blocks.map(|n| format!("blocks.count={n}"));
        // As TOML: quoted.
        let target = self.target.as_ref().map(|to| format!("server.service={to:?}"));
        self.set.iter().cloned().chain(target).chain(blocks).collect()
    }
}

/// Output verbosity.
#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// Print nothing but errors.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Print one JSON document a line for every event, on standard output.
    #[arg(long)]
    pub json: bool,
}

impl Output {
    /// Whether progress and results are printed as text.
    pub fn prints_text(self) -> bool {
        !self.quiet && !self.json
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
