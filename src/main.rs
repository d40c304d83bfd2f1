//! The `inflight` binary: parse, call, exit code.

use std::process::ExitCode;

use clap::Parser;
use inflight::cli::Cli;
use inflight::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is a mistake in the command line.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Fine };
            let _ = error.print();
            return exit.into();
        }
    };
    match std::panic::catch_unwind(|| inflight::cmd::run(cli)) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            eprintln!("{}", failure.report().trim_end());
            failure.exit().into()
        }
        // The panic's own message stands on standard error already.
        Err(_) => Exit::Bug.into(),
    }
}
