//! Subcommands: each calls the library and prints. The only place that prints results.

mod ab;
mod app;
mod cautions;
mod check;
mod describe;
mod diff;
mod history;
mod init;
mod machine;
mod man;
mod plan;
mod predict;
mod remove;
mod report;
mod run;
mod runs;
mod serve;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use clap::CommandFactory;

use crate::ab::{AbError, Hello};
use crate::child::ChildError;
use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::page::terminal::Screen;
use crate::record::{RecordError, SelectError};
use crate::spec::{SpecError, SpecErrors};

/// Why a command ended without doing its work. The text is for a person, the exit code for a
/// script.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The experiment file is wrong.
    #[error("{0}")]
    Spec(#[from] SpecErrors),
    /// The experiment file cannot be read.
    #[error("{0}")]
    Source(#[from] SpecError),
    /// The experiment cannot end in any time that can be counted.
    #[error("{0}")]
    TooLong(String),
    /// A record is wrong or cannot be written.
    #[error("{0}")]
    Record(#[from] RecordError),
    /// It is not clear which recording is meant.
    #[error("{0}")]
    Select(SelectError),
    /// A recording cannot be split into sides.
    #[error("{0}")]
    Split(#[from] crate::diff::NoSplit),
    /// The system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The command line is wrong in a way that its parser cannot know.
    #[error("{0}")]
    Usage(String),
    /// There are no two builds to compare. Boxed to keep every failure small.
    #[error("{0}")]
    Ab(Box<AbError>),
    /// A server, a client or a relay could not do its part.
    #[error("{0}")]
    Child(#[from] ChildError),
}

impl Failure {
    /// The whole text for standard error.
    pub fn report(&self) -> String {
        match self {
            // Each error of a file stands under a heading of its own.
            Failure::Spec(errors) => errors.to_string(),
            Failure::Source(error) => error.to_string(),
            other => format!("error: {other}"),
        }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Spec(_) | Failure::Source(_) | Failure::TooLong(_) => Exit::BadInput,
            Failure::Record(RecordError::Io(_) | RecordError::Locked(_)) | Failure::Io(_) => {
                Exit::Io
            }
            Failure::Record(_) => Exit::BadInput,
            Failure::Select(_) | Failure::Split(_) | Failure::Usage(_) => Exit::Usage,
            Failure::Ab(error) => error.exit(),
            Failure::Child(_) => Exit::Io,
        }
    }
}

impl From<AbError> for Failure {
    fn from(error: AbError) -> Failure {
        Failure::Ab(Box::new(error))
    }
}

impl From<SelectError> for Failure {
    fn from(error: SelectError) -> Failure {
        match error {
            SelectError::Record(error) => Failure::Record(error),
            other => Failure::Select(other),
        }
    }
}

/// Does what was asked.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::History(args) => history::run(&args),
        Command::Ab(args) => ab::run(&args),
        Command::Runs(args) => runs::run(&args),
        Command::Machine(args) => machine::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::App(args) => app::run(&args),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&crate::spec::schema());
            print(&format!("{}\n", schema.expect("a schema is plain data")))?;
            Ok(Exit::Fine)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "inflight", &mut script);
            print(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Fine)
        }
        Command::Man { dir } => man::run(&dir),
        Command::Server => {
            crate::server::run_child(io::BufReader::new(io::stdin()), io::stdout())?;
            Ok(Exit::Fine)
        }
        Command::Client => {
            crate::client::run_child(io::stdin().lock(), io::stdout().lock())?;
            Ok(Exit::Fine)
        }
        Command::Relay => {
            crate::network::run_child(io::stdin().lock(), io::stdout().lock())?;
            Ok(Exit::Fine)
        }
        Command::Service => {
            crate::service::run_child(io::BufReader::new(io::stdin()), io::stdout().lock())?;
            Ok(Exit::Fine)
        }
        Command::Hello => {
            let hello = serde_json::to_string(&Hello::this()).expect("a greeting is plain data");
            print(&format!("{hello}\n"))?;
            Ok(Exit::Fine)
        }
    }
}

/// Why there is no PNG, and what to do.
const WITHOUT_PNG: &str = "this inflight was built without PNG; build it with `--features png`";

/// The error where there is no recording at all.
fn no_recording(out: &Path) -> String {
    format!("there is no recording under {}; make one with `inflight run FILE`", out.display())
}

/// Standard output as a screen. `COLUMNS` says how wide it is where it is no terminal, or is to be taken for
/// a narrower one. The stream takes colours away where they are not wanted.
fn screen() -> Screen {
    /// Narrower than this, single words no longer fit.
    const NARROWEST: usize = 20;
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || {
        let size = console::Term::stdout().size_checked();
        size.filter(|_| io::stdout().is_terminal()).map(|(_, columns)| usize::from(columns))
    };
    let width = asked.filter(|&columns| columns > 0).or_else(terminal);
    Screen { width: width.map(|width: usize| width.max(NARROWEST)), color: true }
}

/// Writes to standard output, where data goes. A reader that has had enough (`| head`) is no
/// failure.
fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to standard error, where everything else goes.
fn say(line: &str) {
    // There is nobody to tell that standard error is gone.
    let _ = writeln!(anstream::stderr(), "{line}");
}
