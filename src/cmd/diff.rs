//! `inflight diff`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use super::{Failure, print, say};
use crate::chart::Draw;
use crate::cli::{self, BUILD, Format, Judging, Sort, When};
use crate::diff::{self, Contest, Diff, Options, Order, Relative, Side};
use crate::exit::Exit;
use crate::record::{Listed, Recording, find, list};
use crate::spec::{Factor, Metric, Selector};

pub(super) fn run(args: &cli::Diff) -> Result<Exit, Failure> {
    check(&args.judging)?;
    if args.new.is_empty() && args.by.is_none() {
        return Err(one_side(args));
    }
    let options = Options {
        relative: match args.relative {
            When::Machines => Relative::AcrossMachines,
            When::Always => Relative::Always,
            When::Never => Relative::Never,
        },
        force: args.force,
        only: Selector { terms: args.only.iter().flat_map(|only| only.terms.clone()).collect() },
        ..options(&args.judging)?
    };
    let diffs = diff::compare(&contests(args)?, &options);
    check_only(&diffs, &options.only)?;
    print(&rendered(&diffs, args.format, &args.judging))?;
    let for_program = matches!(args.format, Format::Csv | Format::Json);
    published(&diffs, &args.judging, for_program)?;
    Ok(diff::exit(&diffs, args.judging.strict))
}

/// Explains what is missing where one side is named, with what there is to compare it with.
fn one_side(args: &cli::Diff) -> Failure {
    let what = format!(
        "`{}` is one side: NEW is missing; name what to compare it with, or a factor within it with `--by \
         FACTOR`",
        args.base
    );
    let hint = || -> Option<String> {
        let dir = find(&args.out, &args.base).ok()?.dir.canonicalize().ok()?;
        let all = list(&args.out).ok()?;
        let is_this = |listed: &&Listed| listed.dir.canonicalize().is_ok_and(|other| other == dir);
        let this = all.iter().find(is_this)?;
        let before = all.iter().take_while(|listed| !is_this(listed)).filter(|listed| {
            listed.experiment == this.experiment
                && listed.machine == this.machine
                && listed.copy_of.is_none()
        });
        let experiment = this.experiment.as_deref()?;
        Some(match before.last() {
            Some(before) => format!(
                "\nit is {}; the one before it of `{experiment}` on this machine:\n  inflight diff {} {}",
                this.run, before.run, this.run
            ),
            None => format!(
                "\nit is {}; there is none before it of `{experiment}` on this machine: record it again, or see \
                 `inflight runs`",
                this.run
            ),
        })
    };
    Failure::Usage(what + &hint().unwrap_or_default())
}

/// Refuses to show nothing for a name that is spelt wrong.
fn check_only(diffs: &[Diff], only: &Selector) -> Result<(), Failure> {
    let cells = || diffs.iter().flat_map(|diff| &diff.cells);
    if cells().next().is_none() || diffs.iter().any(|diff| diff.shown().next().is_some()) {
        return Ok(());
    }
    let known = |factor: Factor| {
        let values = cells().flat_map(|cell| &cell.factors).filter(|(f, _)| *f == factor);
        let values: BTreeSet<&str> = values.map(|(_, value)| value.as_str()).collect();
        format!("{} {}", factor.name(), values.into_iter().collect::<Vec<_>>().join(", "))
    };
    let known: Vec<String> = only.terms.iter().map(|(factor, _)| known(*factor)).collect();
    Err(Failure::Usage(format!(
        "--only: no compared cell is like this; there are {}",
        known.join("; ")
    )))
}

/// Compares the builds of one recording.
pub(super) fn builds(recording: &Recording, judging: &Judging) -> Result<Vec<Diff>, Failure> {
    Ok(diff::compare(&Contest::by_build(recording)?, &options(judging)?))
}

pub(super) fn rendered(diffs: &[Diff], format: Format, judging: &Judging) -> String {
    match format {
        Format::Text => diff::text(diffs, super::screen(), judging.split),
        Format::Markdown => diff::markdown(diffs),
        Format::Csv => diff::csv(diffs),
        Format::Json => diff::json(diffs),
    }
}

/// Finds what is wrong with the options before time is spent on a recording.
pub(super) fn check(judging: &Judging) -> Result<(), Failure> {
    options(judging)?;
    if let Some(file) = &judging.chart {
        picture(file)?;
    }
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

/// A form of a chart's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    Svg,
    #[cfg(feature = "png")]
    Png,
}

/// The form that the ending of a file asks for; SVG without one.
fn picture(file: &Path) -> Result<Picture, Failure> {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        None | Some("svg") => Ok(Picture::Svg),
        #[cfg(feature = "png")]
        Some("png") => Ok(Picture::Png),
        #[cfg(not(feature = "png"))]
        Some("png") => Err(Failure::Usage(format!(
            "--chart {}: {}, or name a file that ends with .svg",
            file.display(),
            super::WITHOUT_PNG
        ))),
        Some(other) => Err(Failure::Usage(format!(
            "--chart {}: a chart is an SVG or a PNG, and no .{other}",
            file.display()
        ))),
    }
}

/// One chart for each comparison: `FILE`, and with several `FILE-2` and so on.
fn write_charts(diffs: &[Diff], file: &Path) -> Result<(), Failure> {
    let picture = picture(file)?;
    for (n, diff) in (1..).zip(diffs) {
        let path = match n {
            1 => file.to_owned(),
            n => {
                let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                let ending = file.extension().unwrap_or(OsStr::new("svg")).to_string_lossy();
                file.with_file_name(format!("{stem}-{n}.{ending}"))
            }
        };
        let chart = diff::chart(diff);
        let bytes = match picture {
            Picture::Svg => chart.svg().into_bytes(),
            #[cfg(feature = "png")]
            Picture::Png => chart.draw().png(crate::chart::Mode::Light, 2.0),
        };
        fs_err::write(path, bytes)?;
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
