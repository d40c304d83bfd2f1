//! `inflight init`.

mod starter;

use std::io::{self, BufRead, IsTerminal, Write};

use super::{Failure, plan, print, say};
use crate::cli::{self, Selection};
use crate::exit::Exit;
use crate::strategy::service::Service;
use crate::units::parse_count;
use starter::{AnswerTime, MOST_HOSTS, MOST_REQUESTS, SHIPPED, Starter, of_a_service, shipped};

pub(super) fn run(args: &cli::Init) -> Result<Exit, Failure> {
    let text = match &args.from {
        Some(name) => shipped(name).ok_or_else(|| {
            let names = SHIPPED.map(|(name, _)| name).join(", ");
            Failure::Usage(format!("there is no shipped experiment `{name}`; there are {names}"))
        })?,
        None if io::stdin().is_terminal() => {
            written(args, &mut io::stdin().lock(), &mut io::stderr())?
        }
        None => written(args, &mut io::empty(), &mut io::sink())?,
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

/// An experiment of what is given and answered.
fn written(
    args: &cli::Init,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<String, Failure> {
    match &args.target {
        None => Ok(starter(args, input, output)?.experiment()),
        Some(url) => {
            let service = Service::at_url(url)
                .map_err(|error| Failure::Usage(format!("--target {url}: {error}")))?;
            Ok(of_a_service(&service.name, requests(args, &mut Asking { input, output })?))
        }
    }
}

fn requests(
    args: &cli::Init,
    ask: &mut Asking<'_, impl BufRead, impl Write>,
) -> Result<u32, Failure> {
    let read = |text: &str| count(text, MOST_REQUESTS);
    ask.one(args.requests.as_deref(), "How many requests does one job make?", "100", read)
}

/// Takes what is given, asks for the rest, and takes the usual where nothing is answered.
fn starter(
    args: &cli::Init,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<Starter, Failure> {
    let mut ask = Asking { input, output };
    let delay = |text: &str| text.parse::<AnswerTime>().map_err(|error| error.to_string());
    let hosts = |text: &str| count(text, MOST_HOSTS);
    let how_long = "How long does an answer take? (20ms, 5ms to 25ms, or 20ms, 1% 2s)";
    Ok(Starter {
        requests: requests(args, &mut ask)?,
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
    /// Reads a value that was given, or asks for it until it can be read; the usual at the end of the input and
    /// for an empty line.
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

    /// Answers to the questions, read.
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
    fn a_service_is_asked_at_once_and_nothing_is_asked_about_delays() {
        let cli = ["inflight", "init", "--target", "http://127.0.0.1:8000/a"];
        let cli::Command::Init(args) = cli::Cli::parse_from(cli).command else { panic!("init") };
        let mut asked = Vec::new();
        let text = written(&args, &mut "400\n".as_bytes(), &mut asked).expect("an experiment");
        assert!(text.contains("requests = 400\n") && !text.contains("delay ="), "{text}");
        assert_eq!(String::from_utf8_lossy(&asked).matches('?').count(), 1);

        let other = ["inflight", "init", "--target", "http://example.org/"];
        let cli::Command::Init(args) = cli::Cli::parse_from(other).command else { panic!("init") };
        let error = written(&args, &mut io::empty(), &mut io::sink()).expect_err("elsewhere");
        assert!(error.to_string().contains("example.org"), "{error}");
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
