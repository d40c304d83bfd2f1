//! Laws that hold for every file.

use proptest::prelude::*;

use super::{BASE, changed, good, parse};
use crate::spec::key::{AnyKey, TableForm};
use crate::spec::{Experiment, Factor, keys};
use crate::units::is_above_zero;

/// A file with about everything in it, to be damaged.
const RICH: &str = include_str!("../../../tests/fixtures/spec/rich.toml");

#[test]
fn the_rich_file_is_good() {
    let e = good(RICH, &[]);
    assert!(!e.excludes.is_empty() && e.control.is_some() && e.claims.len() > 2);
}

/// Keys that take a number, a duration, a size or a share, and their paths in the small experiment.
fn numeric() -> Vec<(String, &'static dyn AnyKey)> {
    let path = |title: &str| match title {
        "the experiment" => Some(String::new()),
        "[workload]" | "[server]" | "[blocks]" => Some(format!("{}.", &title[1..title.len() - 1])),
        "[blocks.until]" => Some("blocks.until.".to_owned()),
        "[[strategy]]" => Some("strategy.1.".to_owned()),
        "[[claim]]" => Some("claim.0.".to_owned()),
        // Its keys are those of the tables above.
        "[[exclude]]" => None,
        "[[gate]]" => None,
        // Words, all of them; its one duration is of a form that other keys have.
        "[[program]]" | "[[service]]" => None,
        other => panic!("a table that nobody has thought of: {other}"),
    };
    let takes_number = |key: &dyn AnyKey| {
        key.example().trim_start_matches('"').starts_with(|c: char| c.is_ascii_digit())
    };
    let of = |table: &'static TableForm| {
        let path = path(table.title)?;
        let keys = table.keys().filter(move |key| takes_number(*key));
        Some(keys.map(move |key| (format!("{path}{}", key.name()), key)))
    };
    keys::tables().into_iter().filter_map(of).flatten().collect()
}

/// The small experiment, with a rule to stop by if the key is one of it.
fn with_place_for(path: &str) -> String {
    match path.starts_with("blocks.until.") {
        true => changed(&[("count = 15", "until = { half_width = \"2%\", min = 8, max = 50 }")]),
        false => BASE.to_owned(),
    }
}

/// The value that a key was read as, as text; nothing is asked of the other strategies and
/// scenarios.
fn read_as(path: &str, name: &str, e: &Experiment) -> String {
    match path {
        "margin" => e.margin.to_string(),
        "deadline" => e.deadline_ns.expect("a deadline").to_string(),
        "blocks.count" => e.blocks.count.to_string(),
        "blocks.warmup" => e.blocks.warmup.to_string(),
        "blocks.repeat_invalid" => e.blocks.repeat_invalid.to_string(),
        "blocks.seed" => e.blocks.seed.to_string(),
        "claim.0.at_least" => format!("{:?}", e.claims[0].at_least),
        "claim.0.at_most" => format!("{:?}", e.claims[0].at_most),
        "blocks.until.half_width" => e.blocks.until.expect("a rule").half_width.to_string(),
        "blocks.until.min" | "blocks.until.max" => format!("{:?}", e.blocks.until),
        _ => {
            let factor = Factor::ALL.into_iter().find(|f| f.name() == name).expect("a factor");
            let strategy = e.strategies.last().expect("a strategy");
            factor.value(&e.scenarios[0], strategy)
        }
    }
}

/// Whether the reference says that a value may be zero.
fn may_be_zero(expected: &str) -> bool {
    ["from 0 ", "of at least 0", "its unit, at most "].iter().any(|words| expected.contains(words))
}

#[test]
fn zero_is_taken_where_the_reference_says_so() {
    let zeros = ["0", "0.0", "\"0s\"", "\"0B\"", "\"0%\"", "\"0/s\""];
    let mut taken = Vec::new();
    for (path, key) in numeric() {
        let set = |zero: &&str| parse(&with_place_for(&path), &[&format!("{path}={zero}")]).is_ok();
        let is_taken = zeros.iter().any(set);
        assert_eq!(is_taken, may_be_zero(&key.expected()), "{path}: {}", key.expected());
        taken.extend(is_taken.then_some(path));
    }
    for none in ["workload.requests", "workload.targets", "strategy.1.limit", "blocks.count"] {
        assert!(!taken.iter().any(|path| path == none), "{none} takes zero");
    }
}

fn list(prefix: &str, suffix: &str, n: usize) -> String {
    let items: Vec<String> = (0..n).map(|i| format!("{prefix}{}{suffix}", i + 16)).collect();
    format!("[{}]", items.join(", "))
}

proptest! {
    #[test]
    fn lists_multiply(
        requests in 1usize..4, delays in 1usize..4, seeds in 1usize..3, backlogs in 1usize..3,
        limits in 1usize..5, timeouts in 1usize..4, files in 1usize..3,
    ) {
        let text = changed(&[
            ("question", &format!("seed = {}\nquestion", list("", "", seeds))),
            ("requests = 100", &format!("requests = {}", list("", "", requests))),
            (r#"{ choice = ["0s", "1s"] }"#, &list("\"", "ms\"", delays)),
            ("[baseline]", &format!("[server]\nbacklog = {}\n\n[baseline]", list("", "", backlogs))),
            ("[10, 100]", &format!(
                "{}\ntimeout = {}\nnofile = {}",
                list("", "", limits), list("\"", "s\"", timeouts), list("", "", files),
            )),
        ]);
        let e = good(&text, &[]);
        prop_assert_eq!(e.scenarios.len(), requests * delays * seeds * backlogs);
        prop_assert_eq!(e.strategies.len(), 2 + limits * timeouts * files);
        for (i, a) in e.strategies.iter().enumerate() {
            prop_assert!(!e.strategies[..i].contains(a));
        }
        for (i, a) in e.scenarios.iter().enumerate() {
            prop_assert!(!e.scenarios[..i].contains(a));
        }
    }

    #[test]
    fn a_damaged_file_is_an_experiment_or_an_error(
        damage in prop::collection::vec((0u8..5, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<char>()), 1..6),
        rich in any::<bool>(),
    ) {
        let mut text = if rich { RICH.to_owned() } else { BASE.to_owned() };
        for (kind, here, there, letter) in damage {
            text = damaged(&text, kind, here, there, letter);
        }
        if let Err(errors) = parse(&text, &[]) {
            let shown = errors.to_string();
            prop_assert!(shown.starts_with("error: "), "{}", shown);
            prop_assert!(shown.contains("experiments/x.toml:"), "{}", shown);
        }
    }

    /// A value is read as zero only if it is written as zero; or it is an error that names the key
    /// and a way out.
    #[test]
    fn only_zero_is_read_as_zero(
        key in any::<prop::sample::Index>(),
        number in "0|0\\.[0-9]{1,12}|[01]e-400|1e-[1-9]",
        unit in prop::sample::select(vec!["", "ns", "us", "ms", "s", "B", "kB", "MiB", "%", "/s", "/min"]),
    ) {
        let numeric = numeric();
        let (path, key) = &numeric[key.index(numeric.len())];
        let name = key.name();
        let value = if unit.is_empty() { number.clone() } else { format!("\"{number}{unit}\"") };
        let mantissa = number.split('e').next().expect("a part");
        let is_zero = !is_above_zero(mantissa);
        match parse(&with_place_for(path), &[&format!("{path}={value}")]) {
            Ok(e) => {
                let read = read_as(path, name, &e);
                prop_assert_eq!(is_above_zero(&read), !is_zero, "{} = {}: {}", path, value, read);
            }
            Err(errors) => {
                let shown = errors.to_string();
                prop_assert!(shown.contains(&format!("`{name}`")), "{path} = {value}: {shown}");
                prop_assert!(shown.contains("= help: "), "{path} = {value}: {shown}");
            }
        }
    }

    #[test]
    fn any_override_is_applied_or_an_error(path in "[a-z_.\"0-9]{0,24}", value in "\\PC{0,12}") {
        let _ = parse(BASE, &[&format!("{path}={value}")]);
        let _ = parse(BASE, &[&format!("workload.{path}{value}")]);
        let _ = parse(BASE, &[&format!("strategy.0.{path}={value}")]).map_err(|e| e.to_string());
        let known = ["title", "workload.delay", "claim.0.of", "strategy", "blocks", "exclude"];
        for key in known {
            let _ = parse(BASE, &[&format!("{key}={value}")]).map_err(|e| e.to_string());
        }
    }

    #[test]
    fn a_cell_is_selected_by_its_own_values(cell in any::<prop::sample::Index>()) {
        let text = changed(&[
            ("requests = 100", "requests = [100, 200]\nbody = [\"4kB\", \"1MiB\"]\ntime_scale = [0.1, 1]"),
            (r#"{ choice = ["0s", "1s"] }"#, r#"["1500ms", "20us"]"#),
            ("limit = [10, 100]", "limit = [10, 100]\ntimeout = [\"1min\", \"90s\"]"),
        ]);
        let e = good(&text, &[]);
        let cells: Vec<_> =
            e.scenarios.iter().flat_map(|sc| e.strategies.iter().map(move |st| (sc, st))).collect();
        let (scenario, strategy) = cells[cell.index(cells.len())];
        let terms = Factor::ALL.map(|factor| {
            let value = factor.value(scenario, strategy);
            let plain = value.parse::<f64>().is_ok() || value.parse::<bool>().is_ok();
            format!("{} = {}", factor.name(), if plain { value } else { format!("{value:?}") })
        });
        let of = format!("of = {{ {} }}", terms.join(", "));
        let e = good(&text.replace("of = { label = \"async\" }", &of), &[]);
        let picked: Vec<_> =
            cells.iter().filter(|(sc, st)| e.claims[0].of.matches(sc, st)).collect();
        prop_assert_eq!(picked, [&(scenario, strategy)]);
    }

    #[test]
    fn an_override_is_worth_the_same_in_the_file(requests in 1u32..1000, limit in 1u32..1000) {
        let written = changed(&[
            ("requests = 100", &format!("requests = {requests}")),
            ("[10, 100]", &limit.to_string()),
        ]);
        let set = [format!("workload.requests={requests}"), format!("strategy.1.limit={limit}")];
        prop_assert_eq!(good(&written, &[]), good(BASE, &[&set[0], &set[1]]));
    }
}

fn damaged(
    text: &str,
    kind: u8,
    here: prop::sample::Index,
    there: prop::sample::Index,
    letter: char,
) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() || lines.is_empty() {
        return letter.to_string();
    }
    let (line, other) = (here.index(lines.len()), there.index(lines.len()));
    let at = here.index(chars.len());
    let mut lines_changed = lines.clone();
    let mut chars_changed = chars.clone();
    match kind {
        0 => {
            lines_changed.remove(line);
        }
        1 => lines_changed.swap(line, other),
        2 => lines_changed.insert(line, lines[other]),
        3 => {
            chars_changed.remove(at);
            return chars_changed.into_iter().collect();
        }
        _ => {
            // A letter of the file itself damages more subtly than any other.
            let own = chars[there.index(chars.len())];
            chars_changed[at] = if letter.is_ascii() { own } else { letter };
            return chars_changed.into_iter().collect();
        }
    }
    lines_changed.join("\n")
}
