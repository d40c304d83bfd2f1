//! `inflight check`.

use std::path::Path;

use super::{Failure, print};
use crate::cli;
use crate::exit::Exit;
use crate::run::contract::{self, Verdict};
use crate::run::programs;
use crate::spec::{Source, programs_of};
use crate::strategy::{Program, Settings};

pub(super) fn run(args: &cli::Check) -> Result<Exit, Failure> {
    let source = Source::read(&args.file, Vec::new()).map_err(Failure::Source)?;
    let folder = args.file.parent().unwrap_or(Path::new(""));
    let programs = programs_of(&source, folder).map_err(Failure::Spec)?;
    let Some(program) = programs.iter().find(|program| program.name == args.program) else {
        let names: Vec<&str> = programs.iter().map(|program| program.name.as_str()).collect();
        let (name, file) = (&args.program, args.file.display());
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(Failure::Usage(format!("{file} has no program `{name}`; it has: {known}")));
    };
    let settings = settings(program, &args.set)?;
    let facts = programs::facts(program);
    if let Some(why) = facts.missing {
        return Err(Failure::Usage(why));
    }
    let version = facts.version.as_deref().unwrap_or("version not told");
    let with = if settings.0.is_empty() { String::new() } else { format!(", {settings}") };
    print(&format!("{} ({version}{with}): {}\n", program.name, program.run.join(" ")))?;
    let findings = contract::check(program, &settings);
    for finding in &findings {
        let verdict = match finding.verdict {
            Verdict::Kept => "ok      ",
            Verdict::LeftOut => "left out",
            Verdict::Broken => "BROKEN  ",
        };
        print(&format!("{verdict}  {}: {}\n", finding.case, finding.seen))?;
    }
    let broken = findings.iter().filter(|finding| finding.verdict == Verdict::Broken).count();
    if broken == 0 {
        print("It keeps the contract.\n")?;
        return Ok(Exit::Fine);
    }
    print(&format!("It breaks the contract in {broken} places; see docs/programs.md.\n"))?;
    Ok(Exit::Worse)
}

/// The values that were given, and the first that the program allows of each other setting.
fn settings(program: &Program, given: &[String]) -> Result<Settings, Failure> {
    let first = |(name, values): (&String, &Vec<String>)| (name.clone(), values[0].clone());
    let mut settings = Settings(program.settings.iter().map(first).collect());
    for text in given {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        match program.settings.get(name) {
            Some(values) if values.iter().any(|known| known == value) => {
                settings.0.insert(name.to_owned(), value.to_owned());
            }
            Some(values) => {
                let known = values.join(", ");
                return Err(Failure::Usage(format!("--set {text}: `{name}` can be {known}")));
            }
            None => {
                let known: Vec<&str> = program.settings.keys().map(String::as_str).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Failure::Usage(format!("--set {text}: its settings are: {known}")));
            }
        }
    }
    Ok(settings)
}
