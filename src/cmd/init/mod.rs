//! `inflight init`.

mod starter;

use std::io::{self, BufRead, IsTerminal, Write};

use super::{Failure, plan, print, say};
use crate::cli::{self, Selection};
use crate::exit::Exit;
use crate::units::parse_count;
use starter::{AnswerTime, MOST_HOSTS, MOST_REQUESTS, SHIPPED, Starter, shipped};

pub(super) fn run(args: &cli::Init) -> Result<Exit, Failure> {
    let text = match &args.from {
        Some(name) => shipped(name).ok_or_else(|| {
            let names = SHIPPED.map(|(name, _)| name).join(", ");
            Failure::Usage(format!("there is no shipped experiment `{name}`; there are {names}"))
        })?,
        None if io::stdin().is_terminal() => {
            starter(args, &mut io::stdin().lock(), &mut io::stderr())?.experiment()
        }
        None => starter(args, &mut io::empty(), &mut io::sink())?.experiment(),
    };
    let name = args.file.display();
    // As one step, so that a file that appears meanwhile is left alone too.
    let created = fs_err::OpenOptions::new().write(true).create_new(true).open(&args.file);
    match created {
        Ok(mut file) => file.write_all(text.as_bytes())?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Failure::Usage(format!(
                "{name} is there already, and is left alone; name another file"
            )));
        }
        Err(error) => return Err(error.into()),
    }
    // What it would do, from the file as anyone reads it.
    let (_, plan) = plan::read(&args.file, &Selection::default())?;
    print(&format!("{}\n", super::describe::summary(&plan)))?;
    say(&format!("wrote {name}; `inflight run {name}` records it"));
    Ok(Exit::Fine)
}

/// Takes what is given, asks for the rest, and takes the usual where nothing is answered.
fn starter(
    args: &cli::Init,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<Starter, Failure> {
    let mut ask = Asking { input, output };
    let requests = |text: &str| count(text, MOST_REQUESTS);
    let delay = |text: &str| text.parse::<AnswerTime>().map_err(|error| error.to_string());
    let hosts = |text: &str| count(text, MOST_HOSTS);
    let how_long = "How long does an answer take? (20ms, 5ms to 25ms, or 20ms, 1% 2s)";
    Ok(Starter {
        requests: ask.one(
            args.requests.as_deref(),
            "How many requests does one job make?",
            "100",
            requests,
        )?,
        answer: ask.one(args.delay.as_deref(), how_long, "20ms", delay)?,
        hosts: ask.one(args.hosts.as_deref(), "To how many hosts do they go?", "1", hosts)?,
    })
}

/// A number from 1.
fn count(text: &str, most: u32) -> Result<u32, String> {
    let number = parse_count(text.trim())?;
    let fitting = u32::try_from(number).ok().filter(|number| (1..=most).contains(number));
    fitting.ok_or_else(|| format!("`{text}` is not from 1 to {most}"))
}

struct Asking<'a, R, W> {
    input: &'a mut R,
    output: &'a mut W,
}

impl<R: BufRead, W: Write> Asking<'_, R, W> {
    /// What was given; else what is answered, asked again until it can be read; at the end of the input, or
    /// for an empty line, the usual.
    fn one<T>(
        &mut self,
        given: Option<&str>,
        question: &str,
        usual: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        if let Some(given) = given {
            return read(given).map_err(Failure::Usage);
        }
        loop {
            write!(self.output, "{question} [{usual}] ")?;
            self.output.flush()?;
            let mut line = String::new();
            let ended = self.input.read_line(&mut line)? == 0;
            let answer = if line.trim().is_empty() { usual } else { line.trim() };
            match read(answer) {
                Ok(value) => return Ok(value),
                Err(why) if ended => return Err(Failure::Usage(why)),
                Err(why) => writeln!(self.output, "{why}")?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// What is made of an answer to each question.
    fn answered(args: &[&str], lines: &str) -> (Result<Starter, Failure>, String) {
        let cli = cli::Cli::parse_from([&["inflight", "init"], args].concat());
        let cli::Command::Init(args) = cli.command else { panic!("init") };
        let mut asked = Vec::new();
        let starter = starter(&args, &mut lines.as_bytes(), &mut asked);
        (starter, String::from_utf8(asked).expect("text"))
    }

    #[test]
    fn what_is_not_given_is_asked_and_asked_again() {
        let (starter, asked) = answered(&["--hosts", "8"], "many\n500\n20ms, 1% 2s\n");
        let answer = "20ms, 1% 2s".parse().expect("a time");
        assert_eq!(starter.expect("answers"), Starter { requests: 500, answer, hosts: 8 });
        assert_eq!(asked.matches("How many requests").count(), 2, "{asked}");
        assert!(asked.contains("`many`") && !asked.contains("hosts"), "{asked}");
    }

    #[test]
    fn the_usual_is_taken_where_nothing_is_answered() {
        let usual = Starter { requests: 100, answer: "20ms".parse().expect("a time"), hosts: 1 };
        for lines in ["", "\n", "\n\n\n"] {
            assert_eq!(answered(&[], lines).0.expect("answers"), usual);
        }
    }

    #[test]
    fn what_is_given_and_cannot_be_read_is_an_error() {
        for (option, value) in
            [("--requests", "0"), ("--requests", "1e9"), ("--delay", "soon"), ("--hosts", "-")]
        {
            let (starter, _) = answered(&[&format!("{option}={value}")], "");
            assert!(matches!(starter, Err(Failure::Usage(_))), "{option} {value}");
        }
    }
}
