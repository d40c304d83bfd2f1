//! The programs of a plan: whether they are there, and which they are.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::child::{kill, prepare};
use crate::machine::without_folders;
use crate::plan::Plan;
use crate::record::ProgramFacts;
use crate::strategy::Program;
use crate::units::{hex, lines_of_code};

/// Time that a program has to tell its version: an interpreter that reads its libraries from a cold
/// disk takes seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes that are read of what it says.
const MOST: u64 = 64 * 1024;

/// Looks for every program of a plan.
pub fn found(plan: &Plan) -> Vec<ProgramFacts> {
    plan.programs().into_iter().map(facts).collect()
}

/// Finds out all that a recording keeps of a program.
pub fn facts(program: &Program) -> ProgramFacts {
    let facts = ProgramFacts {
        name: program.name.clone(),
        run: program.run.clone(),
        index_by: program.index_by,
        ..ProgramFacts::default()
    };
    let missing = |why: String| {
        let install = program.install.as_ref();
        let install = install.map_or(String::new(), |with| format!("; install it with `{with}`"));
        let name = &program.name;
        Some(format!("the program `{name}` is not here: {}{install}", without_folders(&why)))
    };
    let files = match files(program) {
        Ok(files) => files,
        Err(why) => return ProgramFacts { missing: missing(why), ..facts },
    };
    let known = |text: String| (!program.files.is_empty()).then_some(text);
    let facts = ProgramFacts {
        digest: known(files.digest),
        lines: (!program.files.is_empty()).then_some(files.lines),
        ..facts
    };
    let there = match program.version_command() {
        Some(command) => said(command).map(Some),
        None => is_there(program).map(|()| None),
    };
    match there {
        Ok(version) => ProgramFacts { version, ..facts },
        Err(why) => ProgramFacts { missing: missing(why), ..facts },
    }
}

struct Files {
    digest: String,
    lines: u64,
}

fn files(program: &Program) -> Result<Files, String> {
    let mut hash = Sha256::new();
    let mut lines = 0;
    for name in &program.files {
        let bytes = std::fs::read(program.path_of(name)).map_err(|e| format!("`{name}`: {e}"))?;
        hash.update(format!("{name} {}\n", bytes.len()));
        hash.update(&bytes);
        lines += lines_of_code(&String::from_utf8_lossy(&bytes));
    }
    Ok(Files { digest: hex(&hash.finalize()[..8]), lines })
}

/// Whether its command can be found, as far as that is known without running it.
fn is_there(program: &Program) -> Result<(), String> {
    let Some(first) = program.run.first() else { return Err("it has no command".to_owned()) };
    if first.contains('{') {
        return Ok(());
    }
    let found = match first.contains('/') {
        true => program.path_of(first).exists(),
        false => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).any(|folder| folder.join(first).is_file())
        }
    };
    if found { Ok(()) } else { Err(format!("there is no `{}`", Path::new(first).display())) }
}

/// The first line that a command prints. It has to end with success.
fn said(mut command: Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    prepare(&mut command);
    let mut child = command.spawn().map_err(|e| format!("`{name}` does not start: {e}"))?;
    let (send, receive) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|out| Box::new(out) as Box<dyn Read + Send>),
        child.stderr.take().map(|err| Box::new(err) as Box<dyn Read + Send>),
    ];
    for (number, stream) in streams.into_iter().enumerate() {
        let send = send.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(stream) = stream {
                // What was read before an error is what it said.
                let _ = stream.take(MOST).read_to_end(&mut bytes);
            }
            // Nobody waits for it any more if it took too long.
            let _ = send.send((number, String::from_utf8_lossy(&bytes).into_owned()));
        });
    }
    let mut words = [String::new(), String::new()];
    for _ in 0..2 {
        match receive.recv_timeout(PATIENCE) {
            Ok((number, text)) => words[number] = text,
            Err(_) => {
                kill(&mut child);
                return Err(format!("`{name}` did not tell its version within {PATIENCE:?}"));
            }
        }
    }
    let ended = child.wait().map_err(|e| e.to_string())?;
    let line = |text: &str, last: bool| {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        if last { lines.next_back() } else { lines.next() }.map(str::to_owned)
    };
    if ended.success() {
        let said = line(&words[0], false).or_else(|| line(&words[1], false));
        return said.ok_or_else(|| format!("`{name}` tells no version"));
    }
    let last = line(&words[1], true).or_else(|| line(&words[0], true));
    Err(format!(
        "`{name}` ended with {ended}: {}",
        last.unwrap_or_else(|| "it said nothing".to_owned())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Result<String, String> {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        said(command)
    }

    #[test]
    fn a_version_is_the_first_line() {
        assert_eq!(shell("echo; echo 1.2; echo more").as_deref(), Ok("1.2"));
        assert_eq!(shell("echo 3.4 >&2").as_deref(), Ok("3.4"));
        let failed =
            shell("echo Traceback >&2; echo No module >&2; exit 1").expect_err("it failed");
        assert!(failed.contains("exit status: 1") && failed.ends_with(": No module"), "{failed}");
        assert!(shell("exit 0").is_err());
    }
}
