//! `inflight diff`.

use std::path::Path;

use super::{Failure, print, say};
use crate::chart::Draw;
use crate::cli::{self, Format, Judging, Sort, When};
use crate::diff::{self, Contest, Diff, Options, Order, Relative, Side};
use crate::exit::Exit;
use crate::record::{Recording, find};
use crate::spec::{Factor, Metric};

/// The word of `--by` for a recording of several builds.
const BUILD: &str = "build";

pub(super) fn run(args: &cli::Diff) -> Result<Exit, Failure> {
    let options = Options {
        relative: match args.relative {
            When::Machines => Relative::AcrossMachines,
            When::Always => Relative::Always,
            When::Never => Relative::Never,
        },
        force: args.force,
        ..options(&args.judging)?
    };
    let diffs = diff::compare(&contests(args)?, &options);
    print(&rendered(&diffs, args.format, &args.judging))?;
    let for_program = matches!(args.format, Format::Csv | Format::Json);
    published(&diffs, &args.judging, for_program)?;
    Ok(diff::exit(&diffs, args.judging.strict))
}

/// Compares the builds of one recording.
pub(super) fn builds(recording: &Recording, judging: &Judging) -> Result<Vec<Diff>, Failure> {
    Ok(diff::compare(&Contest::by_build(recording)?, &options(judging)?))
}

pub(super) fn rendered(diffs: &[Diff], format: Format, judging: &Judging) -> String {
    match format {
        // The stream takes colours away where they are not wanted.
        Format::Text => diff::text(diffs, true, judging.split),
        Format::Markdown => diff::markdown(diffs),
        Format::Csv => diff::csv(diffs),
        Format::Json => diff::json(diffs),
    }
}

/// Finds what is wrong with the options before time is spent on a recording.
pub(super) fn check(judging: &Judging) -> Result<(), Failure> {
    options(judging)?;
    let folder = judging.chart.as_deref().and_then(Path::parent);
    match folder.filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        Some(folder) => {
            Err(Failure::Usage(format!("--chart: there is no folder {}", folder.display())))
        }
        None => Ok(()),
    }
}

/// Everything that is written besides what is printed. Annotations stand on standard output, unless a
/// program reads it.
pub(super) fn published(
    diffs: &[Diff],
    judging: &Judging,
    for_program: bool,
) -> Result<(), Failure> {
    if let Some(file) = &judging.chart {
        write_charts(diffs, file)?;
    }
    if judging.github {
        let annotations = diff::annotations(diffs);
        if annotations.is_empty() {
            // Nothing is worse or unknown.
        } else if for_program {
            say(annotations.trim_end());
        } else {
            print(&annotations)?;
        }
        summarise(diffs)?;
    }
    Ok(())
}

fn contests(args: &cli::Diff) -> Result<Vec<Contest>, Failure> {
    if let Some(by) = &args.by {
        let found = find(&args.out, &args.base)?;
        if found.dir.is_file() {
            let what = "--by needs a recording: a trials.csv alone has no plan";
            return Err(Failure::Usage(what.to_owned()));
        }
        let recording = Recording::read(&found.dir)?;
        return Ok(match by.as_str() {
            BUILD => Contest::by_build(&recording)?,
            name => Contest::by_factor(&recording, factor(name)?)?,
        });
    }
    let several = args.new.len() > 1;
    let base = side(&args.out, &args.base, "base")?;
    let news = args.new.iter().zip(1..).map(|(text, n)| {
        let label = if several { format!("new {n}") } else { "new".to_owned() };
        Ok(Contest::between(base.clone(), side(&args.out, text, &label)?))
    });
    news.collect()
}

fn side(results: &Path, text: &str, label: &str) -> Result<Side, Failure> {
    let found = find(results, text)?;
    let label = found.label.as_deref().unwrap_or(label);
    if found.dir.is_file() {
        return Ok(Side::of_trials(&found.dir, label)?);
    }
    Ok(Side::of(&Recording::read(&found.dir)?, label))
}

fn factor(name: &str) -> Result<Factor, Failure> {
    Factor::ALL.into_iter().find(|f| f.name() == name).ok_or_else(|| {
        let known = Factor::ALL.map(Factor::name).join(", ");
        Failure::Usage(format!("--by {name}: there is no such factor; known are {known}, {BUILD}"))
    })
}

fn options(judging: &Judging) -> Result<Options, Failure> {
    let mut metrics = Vec::new();
    for name in &judging.metric {
        match name.as_str() {
            "all" => metrics.extend(Metric::of_every_trial()),
            name => metrics.push(
                diff::parse_metric(name).map_err(|e| Failure::Usage(format!("--metric: {e}")))?,
            ),
        }
    }
    // The last of several counts.
    let margins = || judging.margin.iter().rev();
    Ok(Options {
        metrics,
        margin: margins().find(|(metric, _)| metric.is_none()).map(|(_, margin)| *margin),
        margins: margins().filter_map(|(metric, margin)| Some(((*metric)?, *margin))).collect(),
        gates: judging.gate.clone(),
        order: match judging.sort {
            Sort::Verdict => Order::Verdict,
            Sort::Ratio => Order::Ratio,
            Sort::Name => Order::Name,
            Sort::Plan => Order::Plan,
        },
        ..Options::default()
    })
}

/// One chart for each comparison: `FILE`, and with several `FILE-2` and so on.
fn write_charts(diffs: &[Diff], file: &Path) -> Result<(), Failure> {
    for (n, diff) in (1..).zip(diffs) {
        let path = match n {
            1 => file.to_owned(),
            n => {
                let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                file.with_file_name(format!("{stem}-{n}.svg"))
            }
        };
        fs_err::write(path, diff::chart(diff).svg())?;
    }
    Ok(())
}

/// Appends to the summary of the job.
fn summarise(diffs: &[Diff]) -> Result<(), Failure> {
    use std::io::Write;

    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY") else {
        say("--github: GITHUB_STEP_SUMMARY is not set, so there is no summary to write");
        return Ok(());
    };
    let mut file = fs_err::OpenOptions::new()
        .append(true)
        .create(true)
        .open(std::path::PathBuf::from(file))?;
    file.write_all(diff::step_summary(diffs).as_bytes())?;
    Ok(())
}
