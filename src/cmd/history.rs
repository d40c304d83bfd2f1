//! `inflight history`.

use super::{Failure, print, say};
use crate::cli::{self, Format};
use crate::diff::{self, History, Options, Point, Side};
use crate::exit::Exit;
use crate::page::markdown;
use crate::record::{Build, Listed, Recording, State, list};

pub(super) fn run(args: &cli::History) -> Result<Exit, Failure> {
    let metrics = args.metric.iter().map(|name| diff::parse_metric(name));
    let metrics =
        metrics.collect::<Result<_, _>>().map_err(|e| Failure::Usage(format!("--metric: {e}")))?;
    let options = Options { metrics, ..Options::default() };
    let all = list(&args.out)?;
    let is_one = |listed: &&Listed| {
        let named = args.machine.as_deref();
        listed.experiment.as_deref() == Some(&args.experiment)
            && named
                .is_none_or(|name| [listed.machine.as_str(), listed.machine_name()].contains(&name))
            && listed.copy_of.is_none()
    };
    // Of one that has no readable manifest, not even the experiment is known.
    for listed in &all {
        if let State::Damaged(why) = &listed.state {
            say(&format!("{}: damaged, left out: {}", listed.run, why.trim_end()));
        }
    }
    let is_whole = |listed: &&Listed| !matches!(listed.state, State::Damaged(_));
    let found: Vec<&Listed> = all.iter().filter(is_one).filter(is_whole).collect();
    let mut machines: Vec<&str> = found.iter().map(|listed| listed.machine_name()).collect();
    machines.sort_unstable();
    machines.dedup();
    let mut histories = Vec::new();
    for machine in machines {
        let here = found.iter().filter(|listed| listed.machine_name() == machine);
        let recordings: Vec<Option<(Point, Side)>> =
            here.map(|listed| point(listed)).collect::<Result<_, Failure>>()?;
        histories.push(History::of(machine, recordings.into_iter().flatten().collect(), &options));
    }
    histories.retain(|history| !history.points.is_empty());
    if histories.is_empty() {
        let mut names: Vec<&str> = all.iter().filter_map(|l| l.experiment.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        let known = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        return Err(Failure::Usage(format!(
            "there is no recording of `{}` under {}; recorded are {known}",
            args.experiment,
            args.out.display()
        )));
    }
    let diffs: Vec<_> = histories.iter().flat_map(History::diffs).collect();
    let blocks: Vec<_> = histories.iter().flat_map(History::blocks).collect();
    print(&match args.format {
        Format::Text => format!("{}\n", super::screen().text(&blocks)),
        Format::Markdown => format!("{}\n", markdown::text(&blocks)),
        Format::Csv => diff::csv(&diffs),
        Format::Json => diff::json(&diffs),
    })?;
    Ok(Exit::Fine)
}

/// A recording of one build; `None`, and a word of it, for one of several.
fn point(listed: &Listed) -> Result<Option<(Point, Side)>, Failure> {
    let recording = Recording::read(&listed.dir)?;
    if !recording.builds().is_empty() {
        say(&format!("{}: of several builds, left out", listed.run));
        return Ok(None);
    }
    let started = listed.started().map(|at| at.strftime("%Y-%m-%d %H:%M").to_string());
    let started = started.unwrap_or_else(|| listed.run.clone());
    let build = listed.build.as_ref().map(Build::short).unwrap_or_default();
    let side = Side::of(&recording, &listed.run);
    Ok(Some((Point { recording: listed.run.clone(), started, build }, side)))
}
