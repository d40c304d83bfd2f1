//! Every cell against the baseline: ratios, intervals, verdicts.

use crate::analyse::{Compared, Levels, Verdict};

use super::super::facts::Facts;
use super::super::numbers::{and, counted, intervals_of, percent};
use super::coverage::{coverage, joined};
use super::parts::{grouped, name_of, shown};
use crate::chart::Frame;
use crate::chart::aa::{Ratios, Row, Tone};
use crate::page::{Block, Figure, term, under, words};
use crate::record::RecordError;

pub(in crate::report) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let compared = |s: usize| -> Vec<usize> {
        let cells = facts.cells_of(s).into_iter();
        cells.filter(|&c| facts.analysed(c).over_baseline.is_some()).collect()
    };
    let mut figures = Vec::new();
    for (cells, groups) in grouped(facts, compared, |c| row(facts, c)) {
        let margin = facts.analysis.margin.relative();
        let mut scenarios: Vec<usize> = cells.iter().map(|&c| facts.cell(c).scenario).collect();
        scenarios.dedup();
        let control = match scenarios.as_slice() {
            // One band stands for one scenario only.
            [one] => facts.analysis.controls[*one].interval().map(|i| (i.low, i.high)),
            _ => None,
        };
        let ratios = cells.iter().filter_map(|&c| facts.analysed(c).over_baseline.as_ref());
        let ratios = ratios.filter_map(|c| c.ratio.as_ref().ok()).map(|r| &r.ratio);
        let achieved = Levels::of(intervals_of(ratios))
            .map_or_else(String::new, |levels| format!(" ({levels})"));
        let footer = joined(&[
            &format!(
                "Hodges–Lehmann estimates of the ratio within blocks; 95 % signed-rank \
                 intervals{achieved}; verdicts after Holm's adjustment."
            ),
            &coverage(facts, &cells),
        ]);
        let chart = Ratios {
            frame: Frame {
                title: title(facts, &cells, &scenarios),
                subtitle: "Wall time ÷ wall time of the baseline, paired by block".to_owned(),
                footer: footer.clone(),
                description: format!(
                    "Ratios of {} to their baseline.",
                    counted(cells.len(), "cell")
                ),
                ..Frame::default()
            },
            margin: (1.0 / (1.0 + margin), 1.0 + margin),
            control,
            less: "faster than the baseline".to_owned(),
            more: "slower".to_owned(),
            groups,
        };
        let caption = words!(
            (term("Faster")) " and " (term("slower")) " need the whole interval beyond the margin of "
            (percent(margin)) " and beyond what the A/A control differs by."
        );
        figures.push(Figure::new(chart, [caption, footer.into()]));
    }
    Ok(under(2, "Against the baseline", shown(figures, "More scenarios")))
}

fn row(facts: &Facts, cell: usize) -> Row {
    let compared = facts.analysed(cell).over_baseline.as_ref();
    let ratio = compared.and_then(|c| c.ratio.as_ref().ok()).map(|r| &r.ratio);
    let (tone, verdict) = compared.map_or((Tone::Open, String::new()), verdict);
    let verdict = if facts.wall_ns(cell).is_none() { facts.why_unmeasured(cell) } else { verdict };
    Row {
        label: facts.label(cell),
        ratio: ratio.map(|r| r.value),
        interval: ratio.and_then(|r| r.interval.as_ref().ok()).map(|i| (i.low, i.high)),
        bound: None,
        tone,
        verdict,
    }
}

fn verdict(compared: &Compared) -> (Tone, String) {
    match &compared.judged.verdict {
        Ok(verdict) => {
            let tone = match verdict {
                Verdict::Faster => Tone::Good,
                Verdict::Slower => Tone::Bad,
                Verdict::Equivalent => Tone::Same,
                Verdict::Inconclusive { .. } => Tone::Open,
            };
            let word = match verdict {
                // How many more blocks stands in the table.
                Verdict::Inconclusive { .. } => "inconclusive".to_owned(),
                verdict => verdict.to_string(),
            };
            (tone, word)
        }
        Err(_) => (Tone::Open, "not comparable".to_owned()),
    }
}

/// Title: the number of cells by verdict.
fn title(facts: &Facts, cells: &[usize], scenarios: &[usize]) -> String {
    let of = |test: fn(&Verdict) -> bool| {
        let verdicts = cells.iter().filter_map(|&c| facts.analysed(c).over_baseline.as_ref());
        verdicts.filter(|c| c.judged.verdict.as_ref().is_ok_and(test)).count()
    };
    let counts = [
        (of(|v| *v == Verdict::Faster), "faster"),
        (of(|v| *v == Verdict::Slower), "slower"),
        (of(|v| *v == Verdict::Equivalent), "equivalent"),
        (of(|v| matches!(v, Verdict::Inconclusive { .. })), "not told apart"),
    ];
    let parts: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let baseline = match scenarios {
        [one] => name_of(facts, facts.plan().scenarios[*one].baseline),
        _ => "the baseline".to_owned(),
    };
    let has_intervals = cells
        .iter()
        .filter_map(|&c| facts.analysed(c).over_baseline.as_ref())
        .any(|c| c.ratio.as_ref().is_ok_and(|r| r.ratio.interval.is_ok()));
    if !parts.is_empty() && !has_intervals {
        return format!("Too few blocks to tell any cell from {baseline}");
    }
    match (parts.as_slice(), cells) {
        ([], _) => format!("Nothing can be compared with {baseline}"),
        ([_], [cell]) => {
            let word = counts.iter().find(|(n, _)| *n > 0).map_or("", |(_, word)| word);
            match word {
                "equivalent" => format!("{} and {baseline} are equivalent", name_of(facts, *cell)),
                "not told apart" => {
                    format!("{} and {baseline} are not told apart", name_of(facts, *cell))
                }
                word => format!("{} is {word} than {baseline}", name_of(facts, *cell)),
            }
        }
        _ => format!("Against {baseline}: {}", and(&parts)),
    }
}
