//! `inflight diff`, as typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::known::Known;
use crate::spec::{Factor, Gate, Metric, Selector};

/// The word of `--by` for a recording of several builds.
pub const BUILD: &str = "build";

/// `inflight diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight diff @latest~1 @latest                   the last two recordings
  inflight diff before=1a2b3c4 after=5d6e7f8        two commits, under names of one's own
  inflight diff BASE NEW --metric wall,p99,memory   more than wall time
  inflight diff BASE NEW --only 'label=async;limit=10,100'   some cells; all are judged
  inflight diff BASE NEW --gate p99=10%:label=async --strict --github
  inflight diff @latest --by client                 within one recording, block by block
  inflight diff base/trials.csv new/trials.csv      rows without their recordings

A side is a recording's folder, the beginning of its name, an experiment's name, @latest, @latest~1,
a commit, or the path of a trials.csv; LABEL=SIDE names it. `inflight runs` lists what there is.

The verdict of a cell comes from the 95 % interval of the ratio new ÷ base: slower or faster if all
of it is beyond the margin and the noise of both runs, equivalent if all of it is within the margin.
Recordings of two machines are compared by the ratios of their cells to the baseline only.

Exit codes: 0 nothing is worse, 1 something is worse or failing more often (with gates: a gate failed),
3 not comparable, 4 something is undecided (only under --strict).")]
pub struct Diff {
    /// Recording to compare with.
    #[arg(value_name = "BASE")]
    pub base: String,
    /// Recordings in question; each is compared with BASE. Needed without --by.
    #[arg(value_name = "NEW", conflicts_with = "by")]
    pub new: Vec<String>,
    /// Compare the values of a factor within BASE, such as client or limit; `build` in a recording
    /// of `inflight ab`.
    #[arg(
        long,
        value_name = "FACTOR",
        value_parser = Known(known_factors),
        hide_possible_values = true
    )]
    pub by: Option<String>,
    /// Show only these cells, as in label=async or 'model=threads;limit=10,100'; repeatable, all must hold.
    /// All cells are judged: verdicts, gates, counts and the exit code stay the same.
    #[arg(long, value_name = "FACTOR=VALUE[,VALUE…][;…]", value_parser = crate::diff::parse_selector)]
    pub only: Vec<Selector>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub judging: Judging,
    /// Divide every cell by the baseline of its scenario first.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Machines, conflicts_with = "by")]
    pub relative: When,
    /// Give verdicts on what is not comparable, and mark them.
    #[arg(long)]
    pub force: bool,
    /// Folder of the records.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// Metrics, margins, gates and order of a comparison.
#[derive(Debug, Clone, Args)]
pub struct Judging {
    #[arg(
        long,
        value_name = "METRIC",
        value_delimiter = ',',
        value_parser = Known(known_metrics),
        hide_possible_values = true,
        help = metrics()
    )]
    #[expect(missing_docs, reason = "clap would print them")]
    pub metric: Vec<String>,
    /// Margin of equivalence, as in 2%, or in p99=5% for one metric; the experiment's own margin if
    /// absent. Repeatable.
    #[arg(long, value_name = "[METRIC=]PERCENT", value_parser = margin)]
    pub margin: Vec<(Option<Metric>, f64)>,
    /// Let no cell get worse by more than this, as in wall=5% or p99=10%:label=async;limit=10,100.
    /// Repeatable; added to those of the experiment.
    #[arg(long, value_name = "METRIC=PERCENT[:CELLS]", value_parser = crate::diff::parse_gate)]
    pub gate: Vec<Gate>,
    /// The order of the cells.
    #[arg(long, value_enum, default_value_t = Sort::Verdict)]
    pub sort: Sort,
    /// A table of its own for each verdict.
    #[arg(long)]
    pub split: bool,
    /// Write the ratios as a chart, an SVG; or a PNG, in a build with `--features png`.
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
    /// Exit with 4 if nothing is worse but something is undecided.
    #[arg(long)]
    pub strict: bool,
    /// For a GitHub job: print annotations, and append to the job's summary.
    #[arg(long)]
    pub github: bool,
}

/// Choice of whether cells are divided by their baseline before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Between recordings of two machines.
    Machines,
    /// Between any.
    Always,
    /// Never; recordings of two machines are then not comparable.
    Never,
}

/// The order of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Worst news first.
    Verdict,
    /// Largest ratio first.
    Ratio,
    /// By name.
    Name,
    /// As planned.
    Plan,
}

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For a pull request.
    Markdown,
    /// For a spreadsheet.
    Csv,
    /// For a program.
    Json,
}

/// The words of `--metric`.
fn known_metrics() -> Vec<&'static str> {
    Metric::ALL.into_iter().map(Metric::name).chain(["all"]).collect()
}

fn known_factors() -> Vec<&'static str> {
    Factor::ALL.into_iter().map(Factor::name).chain([BUILD]).collect()
}

fn margin(text: &str) -> Result<(Option<Metric>, f64), String> {
    let (metric, percent) = match text.split_once('=') {
        Some((metric, percent)) => (Some(crate::diff::parse_metric(metric.trim())?), percent),
        None => (None, text),
    };
    Ok((metric, crate::diff::parse_margin(percent)?))
}

/// The help of `--metric`, from the table of metrics.
fn metrics() -> String {
    let names = |of_every_trial: bool| {
        let metrics = Metric::ALL.into_iter().filter(|metric| {
            Metric::of_every_trial().any(|of_every| of_every == *metric) == of_every_trial
        });
        metrics.map(Metric::name).collect::<Vec<_>>().join(", ")
    };
    format!(
        "What to compare: {}, or all of these; of recordings that have it also {}",
        names(true),
        names(false)
    )
}
