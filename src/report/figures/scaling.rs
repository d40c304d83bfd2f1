//! Wall time against the limit of requests in flight.

use super::super::facts::Facts;
use super::super::numbers::{count, ns, percent};
use super::coverage::{coverage, intervals, joined};
use super::parts::{name_of, shown};
use super::representatives::not_measured;
use crate::chart::Frame;
use crate::chart::scaling::{Limit, Point, Quantity, Reference, Scaling, Series};
use crate::page::{Block, Figure, Words, under, words};
use crate::record::RecordError;
use crate::vocabulary::Flavour;

/// Curves that can be told apart; beyond them, cells with a single limit are left out.
const MOST_SERIES: usize = 8;

/// More scenarios than this are not drawn: each is a chart of its own.
const MOST_CHARTS: usize = 6;

/// Cells that differ in nothing but label and limit, by ascending limit.
struct Family {
    key: String,
    cells: Vec<(Limit, usize)>,
}

impl Family {
    fn limits(&self) -> usize {
        let mut limits: Vec<Limit> = self.cells.iter().map(|&(limit, _)| limit).collect();
        limits.dedup();
        limits.len()
    }

    fn members(&self) -> Vec<usize> {
        self.cells.iter().map(|&(_, cell)| cell).collect()
    }
}

pub(in crate::report) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let scenarios = facts.scenarios();
    let figures = scenarios.filter_map(|(scenario, _)| figure(facts, scenario)).take(MOST_CHARTS);
    Ok(under(2, "Scaling", shown(figures.collect(), "The other scenarios")))
}

fn figure(facts: &Facts, scenario: usize) -> Option<Figure> {
    let mut families = families(facts, scenario);
    if families.iter().all(|f| f.limits() < 2) {
        return None;
    }
    let mut left_out = Vec::new();
    if families.len() > MOST_SERIES {
        let (many, single) = families.into_iter().partition(|f| f.limits() > 1);
        families = many;
        left_out = single;
    }
    let cells: Vec<usize> = families.iter().flat_map(|f| &f.cells).map(|&(_, c)| c).collect();
    let scene = &facts.plan().scenarios[scenario];
    let place = if scene.name.is_empty() { String::new() } else { format!("{} · ", scene.name) };
    let footer = joined(&[&coverage(facts, &cells), &intervals(facts, &cells)]);
    let longest = scene.longest_delay_ns as f64;
    let chart = Scaling {
        frame: Frame {
            title: title(facts, &families),
            subtitle: format!("{place}median wall time against the limit of requests in flight"),
            footer: footer.clone(),
            description: "Median wall time over the limit, one curve for each family of cells, \
                          with the ideal."
                .to_owned(),
            ..Frame::default()
        },
        quantity: Quantity::WallTime,
        series: families.iter().map(|f| series(facts, f)).collect(),
        reference: (longest > 0.0).then(|| Reference {
            value: longest / 1e9,
            label: format!("longest delay {}", ns(longest)),
        }),
        line: None,
    };
    let hidden: Vec<usize> = left_out.iter().flat_map(|f| &f.cells).map(|&(_, c)| c).collect();
    let hidden = match hidden.as_slice() {
        [] => Words::default(),
        cells => words!("Not shown: " (facts.codes(cells, 6)) ", each with one limit only."),
    };
    let dashed = match cells.iter().any(|&cell| facts.cell(cell).ideal.wall_ns > 0) {
        true => "Dashed is the ideal for the same limit. ",
        false => "",
    };
    let legend = format!(
        "{dashed}Sequential cells stand at limit 1, cells without a limit at the right end."
    );
    let unmeasured = not_measured(facts, &[scenario]);
    Some(Figure::new(chart, [legend.into(), footer.into(), hidden, unmeasured]))
}

fn families(facts: &Facts, scenario: usize) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for cell in facts.cells_of(scenario) {
        let (key, at) = (facts.family(cell), (limit(facts, cell), cell));
        match families.iter_mut().find(|f| f.key == key) {
            Some(family) => family.cells.push(at),
            None => families.push(Family { key, cells: vec![at] }),
        }
    }
    for family in &mut families {
        family.cells.sort_by_key(|&(limit, _)| limit);
    }
    families
}

/// The limit of a cell; one that has none is bounded by its model, or by nothing.
fn limit(facts: &Facts, cell: usize) -> Limit {
    let strategy = &facts.cell(cell).strategy;
    match (strategy.limit, strategy.flavour()) {
        (Some(limit), _) => Limit::Bounded(u64::from(limit.get())),
        (None, Flavour::Blocking) => Limit::Bounded(1),
        (None, Flavour::Async) => Limit::Unbounded,
    }
}

fn series(facts: &Facts, family: &Family) -> Series {
    let point = |&(limit, cell): &(Limit, usize)| {
        let wall = facts.analysed(cell).wall.as_ref().ok()?;
        let interval = wall.interval.as_ref().ok().map(|i| (i.low / 1e9, i.high / 1e9));
        Some(Point { limit, value: wall.value / 1e9, interval })
    };
    let mut ideal: Vec<(Limit, f64)> = family
        .cells
        .iter()
        .filter(|&&(_, cell)| facts.cell(cell).ideal.wall_ns > 0)
        .map(|&(limit, cell)| (limit, facts.cell(cell).ideal.wall_ns as f64 / 1e9))
        .collect();
    ideal.dedup();
    Series {
        label: label(facts, &family.members()),
        series: facts.hue(family.cells[0].1),
        points: family.cells.iter().filter_map(point).collect(),
        ideal,
        fit: Vec::new(),
        knee: None,
    }
}

/// The cell's own name where it is alone, else what the members have in common: the label if it
/// is the same, or model, client and reuse.
pub(super) fn label(facts: &Facts, cells: &[usize]) -> String {
    let first = cells[0];
    if cells.len() == 1 {
        return facts.name(first).to_owned();
    }
    let key = facts.family(first);
    let strategy = |c: usize| &facts.cell(c).strategy;
    let label = &strategy(first).label;
    let alone = facts
        .cells_of(facts.cell(first).scenario)
        .into_iter()
        .filter(|&c| strategy(c).label == *label)
        .all(|c| facts.family(c) == key);
    let same = cells.iter().all(|&c| strategy(c).label == *label);
    if same && alone {
        return label.clone();
    }
    let s = strategy(first);
    let mut words = format!("{} {} {}", s.model.name(), s.library.name(), s.reuse);
    if let Some(runtime) = s.runtime {
        words += &format!(" {runtime}");
    }
    words
}

/// Title: the limit at which the longest curve stops to fall, if the intervals show it.
fn title(facts: &Facts, families: &[Family]) -> String {
    let plain = || "Wall time against the limit of requests in flight".to_owned();
    // Of equals the first: `max_by_key` takes the last.
    let Some(family) = families.iter().rev().max_by_key(|f| f.limits()) else {
        return plain();
    };
    let name = label(facts, &family.members());
    let bounded: Vec<(u64, usize)> = family
        .cells
        .iter()
        .filter_map(|&(limit, cell)| match limit {
            Limit::Bounded(n) => Some((n, cell)),
            Limit::Unbounded => None,
        })
        .collect();
    let interval = |cell: usize| facts.analysed(cell).wall.as_ref().ok()?.interval.clone().ok();
    let all: Option<Vec<_>> =
        bounded.iter().map(|&(limit, cell)| Some((limit, cell, interval(cell)?))).collect();
    let Some(all) = all.filter(|all| all.len() > 1) else {
        return plain();
    };
    let margin = 1.0 + facts.analysis.margin.relative();
    // The first limit that no higher one beats by more than the margin.
    let enough = all.iter().enumerate().find(|(i, (_, _, here))| {
        all[i + 1..].iter().all(|(_, _, later)| later.high * margin >= here.low)
    });
    let (first, last) = (&all[0], &all[all.len() - 1]);
    match enough {
        Some((i, (limit, cell, _))) if i + 1 < all.len() && i > 0 => format!(
            "{name}: more than {} in flight is not shown to help; {} there",
            count(*limit),
            facts.wall_ns(*cell).map_or_else(String::new, ns)
        ),
        Some((0, _)) => format!("{name}: a higher limit than {} is not shown to help", first.0),
        _ => match (facts.wall_ns(first.1), facts.wall_ns(last.1)) {
            (Some(from), Some(to)) if to < from => {
                let steady = all.windows(2).all(|w| w[1].2.high < w[0].2.low);
                let less = percent(1.0 - to / from);
                let (first, last) = (count(first.0), count(last.0));
                if steady {
                    format!(
                        "{name}: every step up to a limit of {last} helps, {less} less time in all"
                    )
                } else {
                    format!(
                        "{name} takes {less} less time with a limit of {last} than with {first}"
                    )
                }
            }
            _ => format!("{}: wall time against the limit", name_of(facts, first.1)),
        },
    }
}
